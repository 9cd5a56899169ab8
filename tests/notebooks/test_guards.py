"""Each guard of the lessons is tried on a tiny lesson that breaks its rule, and turns red."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import lesson_checks as checks
import nbformat
import pytest
from lesson_checks import PARAMETERS, checked_cell, compare_outputs, passed, tiny_lesson
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from course_utils.errors import CourseError
from course_utils.lesson import REFERENCE, STAND_IN
from course_utils.running.runner import main

GIVEN = {"PROFILE": "offline", "SEED": 1}


@pytest.fixture
def lessons(tmp_path: Path) -> Path:
    folder = tmp_path / "notebooks"
    folder.mkdir()
    return folder


def run(lessons: Path, *arguments: str) -> int:
    return main(["--notebooks", str(lessons), "--out", str(lessons.parent / "out"), *arguments])


# What `make course` calls


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import sys; sys.exit(0)", "stopped before its last cell"),
        ("import os; os._exit(0)", "The kernel died"),
    ],
)
def test_broken_lesson_stops_the_run(lessons: Path, capsys: pytest.CaptureFixture[str], code: str, told: str):
    tiny_lesson(lessons / "01_good.ipynb")
    tiny_lesson(lessons / "02_broken.ipynb", ["x = 1", f"# why it fails\n{code}"])
    tiny_lesson(lessons / "03_never.ipynb")

    assert run(lessons) == 1

    said, out = capsys.readouterr().err, lessons.parent / "out"
    assert told in said
    assert f"Lesson 02_broken stopped in code cell 4 of 5: {code}" in said
    assert (out / "01_good.ipynb").exists()
    assert (out / "02_broken.unfinished.ipynb").exists()
    assert not (out / "02_broken.ipynb").exists()
    assert not (out / "03_never.ipynb").exists()
    assert "Lesson 02_broken stopped" in (out / "report.html").read_text()


def test_dead_or_endless_cell_ends_with_its_time(lessons: Path, capsys: pytest.CaptureFixture[str]):
    tiny_lesson(lessons / "01_slow.ipynb", ["import time; time.sleep(300)"])

    assert run(lessons, "--cell-timeout", "2") == 1

    assert "took longer than 2 seconds" in capsys.readouterr().err


@pytest.mark.parametrize("parameters", [PARAMETERS.replace("SEED", "SEDE"), ""])
def test_missing_parameter_is_red_before_anything_runs(
    lessons: Path, capsys: pytest.CaptureFixture[str], parameters: str
):
    tiny_lesson(lessons / "01_good.ipynb")
    tiny_lesson(lessons / "02_lacks.ipynb", parameters=parameters)

    assert run(lessons) == 1

    assert "02_lacks.ipynb lacks the parameters" in capsys.readouterr().err
    assert not (lessons.parent / "out" / "01_good.ipynb").exists()


# What `make test` calls: nbval


def test_same_output_is_green(lessons: Path):
    lesson = tiny_lesson(lessons / "01_good.ipynb", [checked_cell("print('seed', SEED)", "seed 1\n")])

    result = compare_outputs(lesson, lessons.parent, GIVEN)

    assert passed(result) == 4, result.stdout


def test_drift_error_and_early_exit_are_red(lessons: Path):
    drift = checked_cell("print('nine classes')", "ten classes\n")
    lesson = tiny_lesson(lessons / "01_bad.ipynb", [drift, "1 / 0", "import sys; sys.exit(0)"])

    result = compare_outputs(lesson, lessons.parent, GIVEN)

    assert "3 failed" in result.stdout
    for told in ("nine classes", "ZeroDivisionError", "SystemExit"):
        assert told in result.stdout
    assert passed(result) == 0


def test_kernel_that_died_is_red_after_its_time(lessons: Path):
    lesson = tiny_lesson(lessons / "01_dead.ipynb", ["import os; os._exit(0)"])

    result = compare_outputs(lesson, lessons.parent, GIVEN, cell_timeout=4)

    assert result.returncode == 1, result.stdout
    assert passed(result) == 0


@pytest.mark.parametrize("given", [{"SEDE": 1}, {"EPOCHZ": 3}])
def test_unknown_parameter_is_red_for_nbval_too(lessons: Path, given: dict[str, int]):
    lesson = tiny_lesson(lessons / "01_good.ipynb")

    with pytest.raises(CourseError, match="has no parameter"):
        compare_outputs(lesson, lessons.parent, given)


@pytest.mark.parametrize(("stored", "has_count"), [("", True), ("ten classes\n", False)])
def test_tagged_cell_without_stored_output_or_count_is_red(lessons: Path, stored: str, has_count: bool):
    lesson = tiny_lesson(lessons / "01_bare.ipynb", [checked_cell("print('ten classes')", stored)])
    content = json.loads(lesson.read_text())
    content["cells"][2]["execution_count"] = 2 if has_count else None
    lesson.write_text(json.dumps(content))

    with pytest.raises(AssertionError, match="has no stored output"):
        compare_outputs(lesson, lessons.parent, GIVEN)


# The checks of style


def notebook_of(*cells: nbformat.NotebookNode) -> nbformat.NotebookNode:
    copies = [nbformat.from_dict({**cell, "id": f"cell-{number}"}) for number, cell in enumerate(cells)]
    return new_notebook(cells=copies)


def code(
    source: str, *outputs: nbformat.NotebookNode, count: int = 1, **metadata: object
) -> nbformat.NotebookNode:
    return new_code_cell(source, outputs=list(outputs), execution_count=count, metadata=metadata)


def figure(width: int, alt: str) -> nbformat.NotebookNode:
    buffer = io.BytesIO()
    Image.new("L", (width, 2)).save(buffer, "png")
    data = {"image/png": base64.b64encode(buffer.getvalue()).decode()}
    return new_output("display_data", data=data, metadata={"image/png": {"alt": alt}})


def lines(*sizes: int) -> list[nbformat.NotebookNode]:
    return [code("x = 1\n" * size) for size in sizes]


TEXT = new_markdown_cell("text")
FRAME = new_markdown_cell("# Title\n\n**Time:** 1 minute. **Needs:** nothing.")
ONE, USE = code("1"), "lesson.use(c)"
CLASS = "class A:\n    def f(self): pass"
RELATIVE, ABSOLUTE = (new_output("stream", text=text) for text in ("a/b 1/2 build/course", "in /home/ann/x"))
ERROR = new_output("error", ename="E", evalue="", traceback=[])
BAR = "a bar chart"


@pytest.mark.parametrize(
    ("check", "good", "bad", "told"),
    [
        ("cell_size", lines(*[6] * 9), lines(*[7] * 9), "median"),
        ("cell_size", lines(*[1] * 19), lines(*[1] * 16, 16, 16, 16), "90th"),
        ("cell_size", lines(*[1] * 40, 30), lines(*[1] * 40, 31), "longest"),
        ("rhythm", [TEXT, ONE] * 3, [ONE, ONE, TEXT, ONE], "right after text"),
        ("rhythm", [TEXT, ONE] * 9, [TEXT, ONE] * 9 + [ONE, ONE], "in a row"),
        ("repeat", [code("a = []\na.append(1)")], [code("a.append(1)")], "adds to a"),
        ("repeat", [code("a = {}\na['x'] += 1")], [code("a['x'] += 1")], "adds to a"),
        ("repeat", [code("n = 0\nn += 1")], [code("n += 1")], "adds to n"),
        ("definition", [code("def f(): pass")], [code("def f(): pass"), code("class A: pass")], "f, A"),
        ("definition", [code(CLASS)], [code(CLASS), code("def g(): pass")], "A, g"),
        ("stored", [ONE], [code("1", count=2)], "execution counts"),
        ("stored", [code("1", RELATIVE)], [code("1", ABSOLUTE)], "/home/ann"),
        ("stored", [ONE], [code("1", ERROR)], "error"),
        ("metadata", [code("1", tags=["x"])], [code("1", papermill={})], "metadata"),
        ("metadata", [ONE], [code("1", tags=["injected-parameters"])], "metadata"),
        ("figure", [code("1", figure(1000, BAR))], [code("1", figure(1001, BAR))], "1001"),
        ("figure", [code("1", figure(10, BAR))], [code("1", figure(10, ""))], "text alternative"),
        ("label", [code(USE, figure(10, STAND_IN))], [code(USE, figure(10, BAR))], "does not say"),
        ("label", [code(USE, figure(10, f"{BAR} ({REFERENCE})"))], [code(USE, figure(10, BAR))], "does not"),
        ("badge", [FRAME], [new_markdown_cell("# A\n\n[![Open in Colab](a)](b)")], "badge"),
    ],
)
def test_check_of_style_finds_what_it_is_for(check: str, good: list, bad: list, told: str):
    find = getattr(checks, f"{check}_problems")

    assert find(notebook_of(*good)) == []
    assert told in "\n".join(find(notebook_of(*bad)))


def test_share_counts_what_only_shows():
    cells = ["from course_utils import plotting", "for x in y:\n    fit(x)", "a = plotting.bars(x)"]
    cells += ['lesson.show(figure, "Bars.")', "lesson.table(x)", "profile.table()"]
    cells += ["display(x)", "plt.plot(x)"]

    assert checks.showing_share([notebook_of(*map(code, cells))]) == 6 / 8


def test_frame_names_each_part_that_is_missing(tmp_path: Path):
    problems = "\n".join(checks.frame_problems(notebook_of(TEXT, code("1")), tmp_path / "01_bare.ipynb"))

    for part in ("What you should see", "Summary", "title", "minutes", "needed", "bootstrap", "parameters"):
        assert part in problems
    assert "Lesson 01: finished" in problems


def test_frame_sees_another_bootstrap(tmp_path: Path):
    notebook = notebook_of(FRAME, code("import os", tags=["bootstrap"]))
    problems = checks.frame_problems(notebook, tmp_path / "01_a.ipynb")

    assert any("tools.lessons.frame" in problem for problem in problems)
