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
        text = "\n".join(line for line in lines if line)
        # Names of files in another encoding than the system's cannot be printed as they are.
        super().__init__(text.encode(errors="backslashreplace").decode())

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: the message, without the calls that led to it."""
        return [f"{type(self).__name__}: {self}"]


def first_line(error: Exception) -> str:
    """Return the beginning of another library's message, or its kind if it has none."""
    lines = (line for line in str(error).splitlines() if line.strip())
    return shown(next(lines, type(error).__name__), limit=400)


def shown(text: str, limit: int = 60) -> str:
    """Return a text from a stranger's file as a message may hold it: one line, short, no control codes."""
    plain = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text[: limit + 1])
    return plain if len(plain) <= limit else f"{plain[: limit - 1]}…"
