"""What a lesson must keep to, as functions: each returns the problems that it found, as sentences.

The tests of the lessons expect none; the tests of these functions show that each can find one.
"""

from __future__ import annotations

import ast
import base64
import io
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import nbformat
import papermill
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from PIL import Image

from course_utils.lesson import REFERENCE, STAND_IN
from course_utils.running.execution import KERNEL_SETTINGS, code_cells, sentinel_text
from course_utils.running.parameters import check_parameters
from course_utils.system.paths import PROJECT
from tools.lessons.frame import BADGE_START, bootstrap, read_setting

LESSONS = sorted((PROJECT / "notebooks").glob("[0-9]*.ipynb"))
CHECKED = "nbval-check-output"
PARAMETERS = """\
PROFILE = "auto"
DATA = None
WEIGHTS = None
SEED = 0
OUT = "build/course"
OVERRIDES = {}"""
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|home|root|tmp|Users|var/folders)/[\w.-]+")
NO_SETTINGS = Path(__file__).with_name("nbval.ini")
MAX_BYTES = 2_000_000
GROWING = ("add", "append", "extend", "insert", "pop", "update")
MAX_WIDTH = 1000  # pixels of a figure: what fits beside the prompts


def tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def text_of(cell: NotebookNode) -> str:
    """Return all text that the outputs of a code cell show."""
    shown = []
    for output in cell.outputs:
        shown += [output.get("text", ""), *output.get("traceback", [])]
        shown += [value for kind, value in output.get("data", {}).items() if kind.startswith("text")]
    return "\n".join("".join(part) for part in shown)


# Cells


def cell_sizes(notebooks: Iterable[NotebookNode]) -> dict[str, float]:
    """Return median, 90th percentile and largest number of lines of the code cells."""
    cells = [cell for notebook in notebooks for cell in code_cells(notebook)]
    seen = [cell for cell in cells if "bootstrap" not in tags(cell)]  # that one is folded
    sizes = [len(cell.source.strip().splitlines()) for cell in seen]
    nine_of_ten = statistics.quantiles(sizes, n=10, method="inclusive")[8]
    return {"median": statistics.median(sizes), "90th percentile": nine_of_ten, "longest": max(sizes)}


def cell_size_problems(notebook: NotebookNode) -> list[str]:
    """Short cells: median at most 6 lines, 9 of 10 at most 15, none over 30."""
    limits = {"median": 6, "90th percentile": 15, "longest": 30}
    return [
        f"{name} of the code cells: {size:g} lines, {limits[name]} allowed"
        for name, size in cell_sizes([notebook]).items()
        if size > limits[name]
    ]


def rhythm_problems(notebook: NotebookNode) -> list[str]:
    """Text before code: 80 % of code cells right after text, never three code cells in a row."""
    kinds = [cell.cell_type for cell in notebook.cells if cell.source.strip()]
    before = ["", *kinds[:-1]]
    after_text = [last == "markdown" for last, kind in zip(before, kinds, strict=True) if kind == "code"]
    problems = []
    if statistics.mean(after_text) < 0.8:
        problems.append(f"only {statistics.mean(after_text):.0%} of the code cells come right after text")
    if any(kinds[i : i + 3] == ["code"] * 3 for i in range(len(kinds))):
        problems.append("three code cells stand in a row")
    return problems


def definition_problems(notebook: NotebookNode) -> list[str]:
    """At most one function, or one class with its methods, is defined in a lesson."""
    names = []
    for cell in code_cells(notebook):
        nodes = list(ast.walk(ast.parse(cell.source)))
        methods = [part for node in nodes if isinstance(node, ast.ClassDef) for part in node.body]
        for node in nodes:
            is_definition = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            if is_definition and node not in methods:
                names.append(node.name)
    return [f"more than one definition: {', '.join(names)}"] if len(names) > 1 else []


SHOWING = re.compile(r"\b(plotting|plt)\.|\blesson\.(show|table)|\b(display|profile\.table)\(")


def showing_share(notebooks: Iterable[NotebookNode]) -> float:
    """Return the share of the statements of code cells, blocks not counted, that only show something."""
    counted = [
        bool(SHOWING.search(ast.unparse(node)))
        for notebook in notebooks
        for cell in code_cells(notebook)
        if "bootstrap" not in tags(cell)
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.stmt) and not hasattr(node, "body")
    ]
    return statistics.mean(counted)


# Frame


def frame_problems(notebook: NotebookNode, lesson: Path) -> list[str]:
    """Title, time, needs, badges, bootstrap, parameters, sections and sentinel."""
    missing = [title for title in ("What you should see", "Summary") if not _has(notebook, title)]
    problems = [f"no section '{title}'" for title in missing] + _opening_problems(notebook)
    return problems + _cell_problems(notebook, lesson) + badge_problems(notebook)


def _opening_problems(notebook: NotebookNode) -> list[str]:
    first = notebook.cells[0]
    opening = "\n".join(cell.source for cell in notebook.cells[:3] if cell.cell_type == "markdown")
    titles = re.findall(r"^# .+", "\n".join(_texts(notebook)), re.MULTILINE)
    problems = []
    if first.cell_type != "markdown" or not first.source.startswith("# ") or len(titles) != 1:
        problems.append("the first cell is not the one title (# …) of the lesson")
    if "minute" not in opening:
        problems.append("the first cells do not say how many minutes the lesson takes")
    if not re.search(r"\bneeds\b", opening, re.IGNORECASE):
        problems.append("the first cells do not say which lessons are needed")
    return problems


def _cell_problems(notebook: NotebookNode, lesson: Path) -> list[str]:
    once = ("bootstrap", "parameters", "sentinel")
    by_tag = {tag: [cell for cell in notebook.cells if tag in tags(cell)] for tag in once}
    problems = [f"{len(cells)} cells tagged '{tag}'" for tag, cells in by_tag.items() if len(cells) != 1]
    expected = bootstrap(*read_setting())
    if any(cell.source != expected for cell in by_tag["bootstrap"]):
        problems.append("the bootstrap cell differs from the frame: run  python -m tools.lessons.frame")
    last = notebook.cells[-1]
    if not {"sentinel", CHECKED} <= set(tags(last)) or sentinel_text(lesson) not in last.source:
        problems.append(f"the last cell is not the sentinel that prints '{sentinel_text(lesson)}'")
    return problems


def badge_problems(notebook: NotebookNode) -> list[str]:
    """The badge stands there exactly if the repository is public."""
    has, should = BADGE_START in notebook.cells[0].source, bool(read_setting()[0])
    return [] if has == should else ["the Colab badge is wrong: run  python -m tools.lessons.frame"]


def _texts(notebook: NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def _has(notebook: NotebookNode, title: str) -> bool:
    return bool(re.search(rf"^#+ {title}", "\n".join(_texts(notebook)), re.MULTILINE | re.IGNORECASE))


# Stored outputs


def repeat_problems(notebook: NotebookNode) -> list[str]:
    """Cells that add to what an earlier cell made: run twice, they give something else."""
    problems = []
    for cell in code_cells(notebook):
        nodes = list(ast.walk(ast.parse(cell.source)))
        grown = [node.target for node in nodes if isinstance(node, ast.AugAssign)]
        stored = [node for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
        made = {node.id for node in stored if node not in grown}
        calls = [node.func for node in nodes if isinstance(node, ast.Call)]
        grown += [call.value for call in calls if isinstance(call, ast.Attribute) and call.attr in GROWING]
        for target in grown:
            owners = [node.id for node in ast.walk(target) if isinstance(node, ast.Name)]
            if owners and owners[0] not in made:
                problems.append(f"cell {cell.id} adds to {owners[0]}, which another cell made")
    return problems


def stored_problems(notebook: NotebookNode) -> list[str]:
    """All cells were run once from top to bottom, and what is to be compared is there to compare."""
    cells = code_cells(notebook)
    problems = []
    if [cell.execution_count for cell in cells] != list(range(1, len(cells) + 1)):
        problems.append("execution counts are not 1, 2, 3 …: run  make outputs")
    for cell in cells:
        if CHECKED in tags(cell) and (not cell.outputs or cell.execution_count is None):
            problems.append(f"cell {cell.id} is to be compared, but has no stored output: run  make outputs")
        if any(output.output_type == "error" for output in cell.outputs):
            problems.append(f"cell {cell.id} stores an error")
        problems += [f"cell {cell.id} shows the path {path}" for path in MACHINE_PATH.findall(text_of(cell))]
    return problems


def metadata_problems(notebook: NotebookNode) -> list[str]:
    """No trace of when and where a lesson was run."""
    problems = []
    language = notebook.metadata.get("language_info", {})
    if set(notebook.metadata) - {"kernelspec", "language_info"} or "version" in language:
        problems.append("the notebook's metadata are not normalised: run  make outputs")
    for cell in notebook.cells:
        if set(cell.metadata) - {"tags", "jupyter", "cellView"} or "injected-parameters" in tags(cell):
            problems.append(f"cell {cell.id} carries metadata of a run: run  make outputs")
    return problems


def figure_problems(notebook: NotebookNode) -> list[str]:
    """Each figure has a text alternative and fits beside the prompts."""
    problems = []
    for cell in code_cells(notebook):
        for output in cell.outputs:
            png = output.get("data", {}).get("image/png")
            if png is None:
                continue
            alt = output.metadata.get("image/png", {}).get("alt", "")
            if len(alt) < 10:
                problems.append(f"a figure of cell {cell.id} has no text alternative")
            width = Image.open(io.BytesIO(base64.b64decode(png))).width
            if width > MAX_WIDTH:
                problems.append(f"a figure of cell {cell.id} is {width} pixels wide, {MAX_WIDTH} allowed")
    return problems


LABELS = (STAND_IN, REFERENCE, "public project", "Drawn shapes")  # of a figure or table: what it is of


def label_problems(notebook: NotebookNode) -> list[str]:
    """Once pictures are loaded, each stored figure and table says: of a stand-in, reference, or published."""
    problems, loaded = [], False
    for cell in code_cells(notebook):
        loaded = loaded or "lesson.use(" in cell.source
        for output in cell.outputs:
            data = output.get("data", {})
            shown = "".join(data.get("text/plain", "")) + "".join(data.get("text/html", ""))
            alt = output.get("metadata", {}).get("image/png", {}).get("alt", "")
            is_labelled = any(label in shown + alt for label in LABELS)
            if loaded and {"image/png", "text/html"} & set(data) and not is_labelled:
                problems.append(f"a figure or table of cell {cell.id} does not say: {STAND_IN}")
    return problems


# Running


def compare_outputs(
    lesson: Path, folder: Path, parameters: dict[str, object], *, cell_timeout: int = 300
) -> subprocess.CompletedProcess[str]:
    """Prepare a lesson with parameters, run it by nbval, and compare its tagged cells with what is stored.

    Raises:
        CourseError: a parameter is unknown or missing.
        AssertionError: a tagged cell has nothing stored to compare with.
    """
    check_parameters(lesson, parameters)
    problems = stored_problems(nbformat.read(lesson, as_version=4))
    assert not problems, "\n".join(problems)
    copy = folder / lesson.name
    papermill.execute_notebook(str(lesson), str(copy), parameters, prepare_only=True, progress_bar=False)
    command = [sys.executable, "-m", "pytest", "-q", "--nbval-lax", "--nbval-current-env"]
    command += [f"--nbval-cell-timeout={cell_timeout}", "-p", "no:cacheprovider"]
    command += ["-p", "no:xdist", "-p", "no:timeout", "-c", str(NO_SETTINGS)]
    command += ["--rootdir", str(folder), str(copy)]
    environment = os.environ | KERNEL_SETTINGS | {"PYTHONPATH": str(PROJECT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=1800)


def passed(result: subprocess.CompletedProcess[str]) -> int:
    """Return how many cells passed; 0 where not all did."""
    found = re.search(r"^(\d+) passed(?:, \d+ warnings?)? in", result.stdout, re.MULTILINE)
    return int(found.group(1)) if found and result.returncode == 0 else 0


# Tiny lessons to try the checks on


def tiny_lesson(
    path: Path,
    cells: Iterable[str | NotebookNode] = ('print("ten classes")',),
    *,
    parameters: str = PARAMETERS,
) -> Path:
    """Write a small lesson with stored outputs; each text in ``cells`` is one code cell."""
    number = path.stem.split("_")[0]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(metadata={"kernelspec": kernel})
    notebook.cells = [
        new_markdown_cell("# A lesson"),
        new_code_cell(parameters, metadata={"tags": ["parameters"]}),
    ]
    notebook.cells += [new_code_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    notebook.cells.append(checked_cell(f'print("Lesson {number}: finished")', f"Lesson {number}: finished\n"))
    notebook.cells[-1].metadata["tags"].append("sentinel")
    for count, cell in enumerate(code_cells(notebook), start=1):
        cell.execution_count = count
    nbformat.write(notebook, path)
    return path


def checked_cell(source: str, stored: str) -> NotebookNode:
    """Return a code cell that is to be compared with a stored text; empty: nothing is stored."""
    outputs = [nbformat.v4.new_output("stream", name="stdout", text=stored)] if stored else []
    return new_code_cell(source, outputs=outputs, metadata={"tags": [CHECKED]})
