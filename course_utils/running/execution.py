"""Run one lesson by papermill, and see to it that it really ran to its last cell."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.engines import NBClientEngine, papermill_engines

from course_utils.errors import CourseError
from course_utils.system.paths import PROJECT
from course_utils.system.progress import Progress

LESSONS = PROJECT / "notebooks"
KERNEL_SETTINGS = {
    "TF_CPP_MIN_LOG_LEVEL": "3",  # no log lines of TensorFlow: 2 still lets harmless errors through
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # no warning of the debugger either
    "JUPYTER_PREFER_ENV_PATH": "1",  # the kernel of this Python, not one of the person's others
}
KERNEL_ARGUMENTS = ["--IPKernelApp.log_level=CRITICAL"]  # its own log would break the progress line

logging.getLogger("papermill").addHandler(logging.NullHandler())  # its errors are raised, and told once


class LessonFailed(CourseError):
    """A lesson did not run to its end. ``str()`` says which cell, why, and where to look."""


class _Engine(NBClientEngine):
    """Papermill's own engine, which also says when a cell starts, and joins what a cell prints in pieces."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, *, on_cell, **kwargs):
        start = nb_man.cell_start

        def cell_start(cell, cell_index=None, **more):
            on_cell(cell)
            start(cell, cell_index, **more)

        nb_man.cell_start = cell_start
        return super().execute_managed_notebook(nb_man, kernel_name, coalesce_streams=True, **kwargs)


papermill_engines.register("course", _Engine)


def find_lessons(numbers: Sequence[str] = (), *, folder: Path = LESSONS) -> list[Path]:
    """Return the notebooks of the required lessons (01 to 09), or of the ones named, in order.

    Args:
        numbers: for example ``["01", "03"]``; ``"1"`` means ``"01"``. Empty: all required ones.
        folder: where the notebooks lie.

    Raises:
        CourseError: there is no lesson of that number, or there are several notebooks of it.
    """
    there: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("[0-9][0-9]_*.ipynb")):
        there.setdefault(lesson_number(path), []).append(path)
    wanted = [number.strip().zfill(2) for number in numbers] or [n for n in there if n < "10"]
    unknown = [number for number in wanted if number not in there]
    if unknown or not wanted:
        raise CourseError(
            f"There is no lesson {', '.join(unknown) or 'at all'}.",
            cause=f"In {folder} there are: {', '.join(there) or 'no lessons'}.",
            next_step='name lessons by number, for example LESSONS="01 03".',
        )
    for number in sorted(set(wanted)):
        if len(there[number]) > 1:
            raise CourseError(
                f"There are several notebooks of lesson {number}: "
                f"{', '.join(path.name for path in there[number])}.",
                cause=f"All of them lie in {folder}, and only one can be the lesson.",
                next_step="move the copies or notes to another folder.",
            )
    return [there[number][0] for number in sorted(set(wanted))]


def lesson_number(lesson: Path) -> str:
    """Return the number that a lesson's file name starts with, for example ``"03"``."""
    return lesson.stem.split("_")[0]


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """Return the code cells that hold code."""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def sentinel_text(lesson: Path) -> str:
    """Return what the last cell of a lesson prints."""
    return f"Lesson {lesson_number(lesson)}: finished"


def execute_lesson(
    lesson: Path,
    target: Path,
    parameters: Mapping[str, object],
    *,
    cell_timeout: int,
    progress: Progress,
) -> nbformat.NotebookNode:
    """Run a lesson from its first to its last cell, write the executed notebook and return it.

    Args:
        lesson: the notebook.
        target: where the executed notebook goes; written while it runs, so what ran is kept.
        parameters: for its parameters cell.
        cell_timeout: seconds that one cell may take.
        progress: told at each code cell its number (1, 2 …).

    Raises:
        LessonFailed: a cell failed, took too long, the kernel died, or the lesson stopped early.
    """
    position = _Position(target, progress)
    settings = {
        "engine_name": "course",
        "kernel_name": "python3",
        "progress_bar": False,
        "log_output": False,
        "cwd": str(PROJECT),
        "execution_timeout": cell_timeout,
        "extra_arguments": KERNEL_ARGUMENTS,
    }
    with kernel_settings():
        executed = _execute(lesson, target, parameters, position, settings)
    problem = why_incomplete(executed, lesson)
    if problem:
        raise position.failure(lesson, problem)
    return executed


def why_incomplete(executed: nbformat.NotebookNode, lesson: Path) -> str:
    """Return why an executed notebook is no complete lesson, as a sentence; an empty text if it is one."""
    cells = code_cells(executed)
    if not cells or cells[-1].execution_count is None:
        return "The lesson stopped before its last cell."
    printed = "".join(output.get("text", "") for output in cells[-1].outputs)
    if sentinel_text(lesson) not in printed:
        return f'The lesson stopped before its last cell printed "{sentinel_text(lesson)}".'
    if any(cell.execution_count is None for cell in cells):
        return "A code cell was not run."
    if any(output.output_type == "error" for cell in cells for output in cell.outputs):
        return "A code cell shows an error."
    return ""


@contextlib.contextmanager
def kernel_settings() -> Iterator[None]:
    """Give kernels that are started inside the settings of ``KERNEL_SETTINGS``, where the person set none."""
    added = {name: value for name, value in KERNEL_SETTINGS.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


class _Position:
    """Where a lesson is."""

    def __init__(self, target: Path, progress: Progress) -> None:
        self.target, self.progress = target, progress
        self.source = ""

    def at(self, cell: nbformat.NotebookNode) -> None:
        """Note that this cell starts."""
        if cell.cell_type == "code" and cell.source.strip():
            self.progress.cell += 1
            self.source = cell.source.strip()

    def failure(self, lesson: Path, cause: str, next_step: str = "") -> LessonFailed:
        progress = self.progress
        lines = [line.strip() for line in self.source.splitlines() if line.strip()]
        line = next((line for line in lines if not line.startswith("#")), "")[:60]
        return LessonFailed(
            f"Lesson {lesson.stem} stopped in code cell {progress.cell} of {progress.total}: {line}",
            cause=cause,
            next_step=next_step or f"open the notebook {self.target.name} and look at that cell.",
        )


def _execute(lesson, target, parameters, position, settings) -> nbformat.NotebookNode:
    for may_try_again in (True, False):
        try:
            return papermill.execute_notebook(
                str(lesson), str(target), dict(parameters), on_cell=position.at, **settings
            )
        except (papermill.PapermillExecutionError, CellTimeoutError, RuntimeError) as error:
            kernel_did_not_start = type(error) is RuntimeError and position.progress.cell == 0
            if not (kernel_did_not_start and may_try_again):
                raise position.failure(lesson, *_why(error, settings["execution_timeout"])) from error
    raise AssertionError("unreachable")


def _why(error: Exception, seconds: int) -> tuple[str, str]:
    """Return why a lesson stopped in one line, and the error's own next step where it gives one."""
    if isinstance(error, CellTimeoutError):
        return f"The cell took longer than {seconds} seconds.", ""
    if isinstance(error, DeadKernelError):
        return "The kernel died: the cell ended Python, crashed it, or the memory was not enough.", ""
    name, text = getattr(error, "ename", "RuntimeError"), getattr(error, "evalue", str(error))
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    steps = [line.removeprefix("Next:").strip() for line in lines if line.startswith("Next:")]
    said = [line for line in lines if not line.startswith("Next:")]
    kept = " ".join(said if steps else said[:1]) or "it came without a word"
    return f"{name}: {kept}"[:400], steps[0] if steps else ""
