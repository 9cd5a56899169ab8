"""Run the lessons with the profile offline, and store their outputs in notebooks/.

The lessons keep their own cells, ids and parameters; only outputs and execution counts come from
the run. The cache of the run is new and empty, so stored times are those of a first run.

    python -m tools.lessons.outputs [NUMBER ...]
"""

from __future__ import annotations

import copy
import os
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat

from course_utils.errors import CourseError
from course_utils.running.execution import code_cells, find_lessons
from course_utils.running.runner import run_course
from course_utils.system import run_folder
from course_utils.system.paths import PROJECT
from tools.lessons.frame import stamp_lessons, write_notebook

OUT = "build/outputs"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def with_outputs(lesson: nbformat.NotebookNode, executed: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return the lesson with the outputs of its executed copy, counted 1, 2, 3 …

    Raises:
        ValueError: the executed copy has other code cells than the lesson.
    """
    stored = nbformat.from_dict({**lesson, "metadata": METADATA})
    answers = {cell.id: cell for cell in copy.deepcopy(executed.cells)}
    for cell in stored.cells:
        if cell.cell_type == "code":
            cell.execution_count, cell.outputs = None, []
    for count, cell in enumerate(code_cells(stored), start=1):
        answer = answers.get(cell.id)
        if answer is None or answer.source != cell.source:
            raise ValueError(f"the executed lesson has no cell {cell.id} with the same code")
        cell.execution_count = count
        cell.outputs = normalised(answer.outputs, count)
    return stored


def normalised(outputs: list, count: int | None) -> list:
    """Drop log lines, and leave no trace of when and where it ran."""
    kept = [output for output in outputs if output.get("name") != "stderr"]
    for output in kept:
        if output.output_type == "execute_result":
            output.execution_count = count
    return kept


def main(numbers: list[str]) -> int:
    """Run and store; return 0, or 1 after a failure."""
    changed = stamp_lessons()
    print(f"Stamped: {', '.join(path.name for path in changed) or 'nothing to change'}")
    with tempfile.TemporaryDirectory() as cache:
        os.environ["COURSE_CACHE"] = cache
        try:
            lessons = find_lessons(numbers)
            # no output tells of a cut
            shutil.rmtree(run_folder.checkpoints(PROJECT / OUT), ignore_errors=True)
            run_course(numbers, {"PROFILE": "offline"}, OUT)
        except CourseError as error:
            print(f"\n{error}\nNo outputs were stored.", file=sys.stderr)
            return 1
    for path in lessons:
        lesson = nbformat.read(path, as_version=4)
        executed = nbformat.read(PROJECT / OUT / path.name, as_version=4)
        write_notebook(with_outputs(lesson, executed), path)
        print(f"Stored: {path.relative_to(PROJECT)}, {Path(path).stat().st_size / 1e3:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
