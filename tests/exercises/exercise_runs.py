"""Running notebooks of exercises inside the test's own process, cell by cell, and reading what check said."""

from __future__ import annotations

import contextlib
import copy
import functools
import importlib
import io
import json
import re
import tempfile
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib
import nbformat
import pytest
from nbformat import NotebookNode

from course_utils.checks import start_exercises
from course_utils.checks.answers import read_answers
from course_utils.checks.validation import checked_plain
from tools.lessons import editions as builder

MASTERS = builder.masters()
GAP = re.compile(r"^( *)### BEGIN SOLUTION.*\n(?P<solution>[\s\S]*?)^ *### END SOLUTION\n?", re.MULTILINE)
HIDDEN = re.compile(r"^ *### BEGIN HIDDEN TESTS\n(?P<hidden>[\s\S]*?)^ *### END HIDDEN TESTS", re.MULTILINE)
SAID = re.compile(r"^(?P<sign>[✔○●]) (?P<exercise>\d\d\.q?\d+)(?P<hidden>, hidden part)?: ", re.MULTILINE)
PART = re.compile(r"ex-\d\d-(?P<number>q?\d+)-(?P<role>task|solution|example|check|answer)")


@dataclass
class Run:
    """What the cells of one notebook did."""

    printed: str = ""
    errors: dict[str, BaseException] = field(default_factory=dict)  # cell id -> what it raised
    answers: dict[str, dict] = field(default_factory=dict)  # what was kept, as grading reads it

    def signs(self) -> dict[str, str]:
        """Return what check said about each exercise: its last sign."""
        said = SAID.finditer(self.printed)
        return {f"{m['exercise']}{'h' if m['hidden'] else ''}": m["sign"] for m in said}


def read_master(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def part_of(cell: NotebookNode) -> tuple[str, str]:
    """Return number and role of an exercise's cell, for example ("4", "check"); empty texts for others."""
    found = PART.fullmatch(cell.id)
    return (found["number"], found["role"]) if found else ("", "")


def exercise_numbers(notebook: NotebookNode) -> list[str]:
    """Return the numbers of exercises and questions in order: "1", "2" … "q1" …"""
    return list(dict.fromkeys(number for cell in notebook.cells if (number := part_of(cell)[0])))


@functools.cache
def wrong_answers(lesson: str) -> dict[str, list[tuple[str, str]]]:
    """Return the wrong answers of a lesson: exercise -> (code for the gap, part of its hint).

    In the table of a lesson each is ``(part of the hint, old, new, old, new …)``: the solution with all old
    replaced by new; or ``(part of the hint, code)``: other code.
    """
    (path,) = (path for path in MASTERS if path.name.startswith(lesson))
    master = read_master(path)
    found = {}
    for name, answers in importlib.import_module(f"wrong_answers.lesson_{lesson}").WRONG.items():
        gap = GAP.search(exercise_cells(master, name[3:])["solution"].source)
        solution = textwrap.dedent(gap["solution"])
        found[name] = [(_changed(solution, *edits), hint) for hint, *edits in answers]
    return found


def _changed(solution: str, *edits: str) -> str:
    if len(edits) == 1:
        return edits[0]
    for old, new in zip(edits[::2], edits[1::2], strict=True):
        assert old in solution, f"{old!r} is not in the solution:\n{solution}"
        solution = solution.replace(old, new)
    return solution


def with_gap_filled(cell: NotebookNode, code: str) -> NotebookNode:
    """Return a cell with other code in place of the solution."""
    filled = copy.deepcopy(cell)
    gap = GAP.search(cell.source)
    code = textwrap.indent(textwrap.dedent(code).strip("\n"), gap[1])
    filled.source = f"{cell.source[: gap.start()]}{code}\n{cell.source[gap.end() :]}"
    return filled


def run_cells(cells: list[NotebookNode], namespace: dict[str, object], *, class_word: str = "") -> Run:
    """Run the code of cells in a namespace; an error ends its cell, not the run."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_ANSWERS", folder)
        run = _run_cells(cells, namespace, class_word)
        for path in Path(folder).glob("*.json"):
            run.answers |= {name: checked_plain(plain) for name, plain in read_answers(path).items()}
    return run


def _run_cells(cells: list[NotebookNode], namespace: dict[str, object], class_word: str) -> Run:
    run, printed = Run(), io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()):
        start_exercises("00", class_word=class_word)  # not the word of an earlier run in this process
    for cell in cells:
        if cell.cell_type != "code":
            continue
        source = cell.source
        if "parameters" in cell.metadata.get("tags", []):
            source += f"\nCLASS_WORD = {class_word!r}"
        try:
            with contextlib.redirect_stdout(printed):
                exec(compile(source, cell.id, "exec"), namespace)
        except Exception as error:
            run.errors[cell.id] = error
    run.printed = printed.getvalue()
    return run


def frame_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the cells that belong to no exercise: bootstrap, parameters, start, shared data."""
    return [cell for cell in notebook.cells if not part_of(cell)[0]]


def exercise_cells(notebook: NotebookNode, number: str) -> dict[str, NotebookNode]:
    """Return the cells of an exercise by role."""
    return {part_of(cell)[1]: cell for cell in notebook.cells if part_of(cell)[0] == number}


def everything(notebook: NotebookNode) -> str:
    """Return all text of a notebook, metadata and outputs included, but pictures left out."""
    texts = [json.dumps(notebook.metadata)]
    for cell in notebook.cells:
        others = {key: cell[key] for key in cell if key != "source"}
        texts += [cell.source, json.dumps(others, ensure_ascii=False)]
    return re.sub(r"data:image/png;base64,[\w+/=]+", "", "\n".join(texts))


def leaks(edition: NotebookNode, secrets: set[str]) -> list[str]:
    text = everything(edition)
    return sorted(secret for secret in secrets if secret in text or json.dumps(secret)[1:-1] in text)


def solved(path: Path, class_word: str = "") -> Run:
    """Run a whole instructor edition, once for all tests of a process."""
    return _solved(path, class_word)


@functools.cache
def _solved(path: Path, class_word: str) -> Run:
    edition = builder.instructor_edition(read_master(path), path.name)
    return run_cells(edition.cells, {}, class_word=class_word)


@functools.lru_cache(maxsize=1)
def _frame(path: Path, class_word: str) -> dict[str, object]:
    namespace: dict[str, object] = {}
    run = run_cells(frame_cells(read_master(path)), namespace, class_word=class_word)
    assert run.errors == {}
    return namespace


def run_behind_frame(path: Path, cells: list[NotebookNode], *, class_word: str = "") -> Run:
    """Run cells of one exercise in a copy of what the frame of the notebook has defined."""
    return run_cells(cells, dict(_frame(path, class_word)), class_word=class_word)


@contextlib.contextmanager
def quiet_figures() -> Iterator[None]:
    """No window, wherever the tests run."""
    before = matplotlib.get_backend()
    matplotlib.use("agg")
    try:
        yield
    finally:
        matplotlib.use(before)
