"""A made-up lesson 90 in an instructor's private folder, and notebooks of students."""

from __future__ import annotations

import copy
import io
import tarfile
import textwrap
import zipfile
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

CANARY = "CANARY-7f3a"  # stands in all that a notebook must not see
WORD = "tulip"

GIVENS = """
from course_utils.checks.givens import given_for


@given_for("90.1")
def numbers(rng):
    return {"numbers": rng.integers(1, 1000, size=5).tolist()}


@given_for("90.2")
def more_numbers(rng):
    return {"numbers": rng.integers(1, 1000, size=50).tolist()}
"""

JUDGES = f"""
# {CANARY}-judge
from course_utils.checks.judges import Hint, judge, quiz, read


@judge("90.1", points=2, title="Twice as much", hidden=True)
def twice(answer, data):
    if read.array(answer).tolist() != [2 * number for number in data["numbers"]]:
        raise Hint("Not twice as much.")


@judge("90.2", points=1, title="The sum")
def total(answer, data):
    if read.number(answer) != sum(data["numbers"]):
        raise Hint("This is not the sum.")


@judge("90.3", points=1, title="A word")
def word(answer, data):
    if read.text(answer) != "{CANARY}-answer":
        raise Hint("Another word.")


quiz("90.q1", right="c", hints={{"a": "Not a.", "b": "Not b.", "d": "Not d."}})
"""

GAPS = {  # cell -> scaffold, solution, stub, check
    "1": (
        "def twice(numbers):\n    {}",
        "return [2 * number for number in numbers]",
        'raise NotImplementedError("Exercise 90.1: return twice each number.")',
        'check("90.1", twice(given("90.1")["numbers"]))',
        '# the hidden part\ncheck("90.1h", twice(given("90.1", hidden=True)["numbers"]))',
    ),
    "2": (
        'numbers = given("90.2")["numbers"]\n{}',
        "total = sum(numbers)",
        'raise NotImplementedError("Exercise 90.2: add the numbers.")',
        'check("90.2", total)',
        "",
    ),
    "3": (
        "# a word\n{}",
        f'word = "{CANARY}-answer"',
        'raise NotImplementedError("Exercise 90.3: find the word.")',
        'check("90.3", word)',
        "",
    ),
}
START = """from course_utils.checks import check, given, start_exercises

start_exercises("90", class_word=CLASS_WORD, out=OUT)"""
PARAMETERS = 'CLASS_WORD = ""  # your instructor\'s word\nOUT = "build/course"'


def write_private_folder(folder: Path) -> Path:
    """Write judges, givens, master and student edition of lesson 90, and return the folder."""
    files = {"givens/lesson_90.py": GIVENS, "judges/lesson_90.py": JUDGES}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "exercises" / "student").mkdir(parents=True)
    nbformat.write(master(), folder / "exercises" / "90_made_up.ipynb")
    nbformat.write(empty(), folder / "exercises" / "student" / "90_made_up.ipynb")
    return folder


def master() -> NotebookNode:
    """The instructor's notebook: solutions and hidden parts."""
    return _notebook(solved=True, hidden=True)


def empty() -> NotebookNode:
    """The student edition."""
    return _notebook(solved=False, hidden=False)


def _notebook(*, solved: bool, hidden: bool) -> NotebookNode:
    cells = [
        _text("title", "# Exercises 90 · Made up"),
        _code("parameters", PARAMETERS, tags=["parameters"]),
        _code("start", START),
    ]
    for number, (scaffold, solution, stub, check, more) in GAPS.items():
        marked = f"### BEGIN SOLUTION: do it\n    {solution}\n    ### END SOLUTION"
        gap = marked if number == "1" else solution
        cells += [
            _text(f"{number}-task", f"## Exercise 90.{number} · Made up"),
            _code(f"{number}-solution", scaffold.format(gap if solved else stub), solution=True),
            _code(f"{number}-check", "\n".join([check, *([more] if hidden and more else [])]), grade=True),
        ]
    answer = 'answer = "c"' if solved else 'answer = ""  # a, b, c or d'
    cells.append(_text("q1-task", "### Question 1\n\n- **a** · no"))
    cells.append(_code("q1-answer", f'{answer}\n\ncheck("90.q1", answer)', solution=True, grade=True))
    return new_notebook(
        cells=cells,
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )


def _text(name: str, source: str) -> NotebookNode:
    return new_markdown_cell(source, id=f"ex-90-{name}")


def _code(
    name: str, source: str, *, solution: bool = False, grade: bool = False, tags: list[str] | None = None
) -> NotebookNode:
    marks = {"grade_id": f"ex-90-{name}", "solution": solution, "grade": grade, "locked": not solution}
    metadata = {"nbgrader": {**marks, "schema_version": 3}} | ({"tags": tags} if tags else {})
    return new_code_cell(source, id=f"ex-90-{name}", metadata=metadata)


def gap(notebook: NotebookNode, number: str) -> NotebookNode:
    """Return the cell of a gap."""
    names = (f"ex-90-{number}-solution", f"ex-90-{number}-answer")
    return next(cell for cell in notebook.cells if cell.id in names)


def filled(**answers: str) -> NotebookNode:
    """The student edition with code in its gaps, for example ``_2="total = 1"``."""
    notebook = empty()
    for name, code in answers.items():
        gap(notebook, name.lstrip("_")).source = textwrap.dedent(code).strip("\n")
    return notebook


TWICE = "def twice(numbers):\n    return [2 * number for number in numbers]"
TOTAL = 'numbers = given("90.2")["numbers"]\ntotal = sum(numbers)'
Q1 = 'answer = "c"\n\ncheck("90.q1", answer)'


def half() -> NotebookNode:
    """Exercise 90.1 and the question are right, the rest is not done."""
    return filled(_1=TWICE, _q1=Q1)


def stripped(notebook: NotebookNode) -> NotebookNode:
    """As some tools leave it: ids made anew, metadata gone."""
    notebook = copy.deepcopy(notebook)
    for number, cell in enumerate(notebook.cells):
        cell.id, cell.metadata = f"new-{number}", {}
    notebook.metadata = {}
    return notebook


def as_colab(notebook: NotebookNode) -> dict:
    """As Colab downloads it: nbformat 4.0, ids in the metadata."""
    content = copy.deepcopy(dict(notebook))
    content["nbformat_minor"] = 0
    for cell in content["cells"]:
        cell["metadata"] = {"id": cell.pop("id")}
    return content


TEXT = nbformat.writes(half()).encode()


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return content.getvalue()


def tarred(members: dict[str, bytes], mode: str = "w:gz", **marks: object) -> bytes:
    """A tar archive; what is given by name stands in the header of each member."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode) as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            for mark, value in {"size": len(data), **marks}.items():
                setattr(member, mark, value)
            archive.addfile(member, io.BytesIO(data))
    return content.getvalue()


def put(folder: Path, files: dict[str, bytes]) -> Path:
    """Write files into a folder, and return it."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder
