"""The one error of the course: it speaks to the person, and tells the next step."""

from __future__ import annotations


class CourseError(ValueError):
    """Something that the reader can correct.

    Args:
        problem: one sentence that names the object and what is wrong with it.
        cause: why it is so, or what was expected and what was found.
        next_step: what to do now.
    """

    def __init__(self, problem: str, *, cause: str = "", next_step: str = "") -> None:
        lines = [problem, cause, f"Next: {next_step}" if next_step else ""]
        super().__init__("\n".join(line for line in lines if line))

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: the message, without the calls that led to it."""
        return [f"{type(self).__name__}: {self}"]
