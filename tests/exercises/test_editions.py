"""The editions: the student's equals a fresh build, and nothing of a solution is left in it."""

from __future__ import annotations

import ast
import copy
import re
from pathlib import Path

import nbformat
import pytest
import yaml
from exercise_runs import GAP, HIDDEN, MASTERS, builder, everything, leaks, part_of, read_master
from nbformat import NotebookNode

import course_utils.checks.judges as judges

JUDGES = Path(judges.__file__).parent
STUB = re.compile(r'raise NotImplementedError\(\s*"Exercise (\d\d\.\d+): \w')


def solution_lines(master: NotebookNode) -> set[str]:
    """Return what the gaps hold, line by line, without what is given elsewhere in the notebook."""
    inside, given = set(), set()
    for cell in master.cells:
        for gap in GAP.finditer(cell.source):
            inside |= {line.strip() for line in gap["solution"].splitlines()}
        outside = GAP.sub("", HIDDEN.sub("", cell.source))
        if part_of(cell)[1] != "example":  # its code is not shown to students
            given |= {line.strip() for line in outside.splitlines()}
    return {line for line in inside - given if len(line) >= 8}


def hidden_lines(master: NotebookNode) -> set[str]:
    found = [match["hidden"] for cell in master.cells for match in HIDDEN.finditer(cell.source)]
    given = {line.strip() for cell in master.cells for line in HIDDEN.sub("", cell.source).splitlines()}
    return {line.strip() for text in found for line in text.splitlines()} - given - {""}


def judge_texts(lesson: str) -> set[str]:
    """Return all sentences of a lesson's judges but titles, pieces of formatted ones included."""
    module = JUDGES / f"lesson_{lesson}.py"
    tree = ast.parse(module.read_text(encoding="utf-8"))
    constants = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    texts = {value for value in constants if type(value) is str}
    for question in yaml.safe_load(module.with_suffix(".yaml").read_text(encoding="utf-8")).values():
        texts |= {*question["hints"].values(), question["why"]}
    titles = {exercise.title for exercise in judges.exercises(lesson)}
    return {text for text in texts - titles if len(text) >= 25 and " " in text}


@pytest.fixture
def student(master: NotebookNode, master_path: Path) -> NotebookNode:
    return builder.student_edition(master, master_path.name)


@pytest.fixture
def instructor(master: NotebookNode, master_path: Path) -> NotebookNode:
    return builder.instructor_edition(master, master_path.name)


def test_stored_student_edition_is_fresh(tmp_path: Path):
    builder.build(tmp_path, MASTERS)
    fresh = {path.name: path.read_bytes() for path in (tmp_path / "student").iterdir()}
    folder = builder.student_folder(builder.MASTERS)
    stored = {path.name: path.read_bytes() for path in folder.glob("*.ipynb")}

    assert sorted(stored) == sorted(fresh)
    assert [name for name in fresh if stored[name] != fresh[name]] == [], "run  make exercises"


def test_editions_have_the_cells_of_the_master(
    master: NotebookNode, student: NotebookNode, instructor: NotebookNode
):
    ids = [cell.id for cell in master.cells]

    assert [cell.id for cell in student.cells] == ids
    assert [cell.id for cell in instructor.cells] == ids
    nbformat.validate(student)
    nbformat.validate(instructor)


def test_student_edition_holds_no_secret(lesson: str, master: NotebookNode, student: NotebookNode):
    solution, hidden, texts = solution_lines(master), hidden_lines(master), judge_texts(lesson)
    marks = {"BEGIN SOLUTION", "END SOLUTION", "HIDDEN TESTS", "hidden=True"}

    assert len(solution) >= 8
    assert hidden
    assert len(texts) >= 20
    assert leaks(student, solution | hidden | texts | marks) == []
    assert not re.search(r'"\d\d\.\d+h"', everything(student))


def test_students_can_write_in_gaps_and_parameters_only(student: NotebookNode):
    codes = [cell for cell in student.cells if cell.cell_type == "code"]
    can_be_edited = {cell.id for cell in codes if cell.metadata.get("editable", True)}
    expected = {cell.id for cell in codes if part_of(cell)[1] in ("solution", "answer")}

    assert can_be_edited == expected | {cell.id for cell in codes if cell.id.endswith("-parameters")}


def test_search_for_leaks_finds_them(lesson: str, master: NotebookNode, student: NotebookNode):
    for lines in (solution_lines(master), hidden_lines(master)):
        assert leaks(master, lines) == sorted(lines)
    secret = sorted(judge_texts(lesson))[0]
    for place in ("source", "metadata", "outputs"):
        broken = copy.deepcopy(student)
        cell = next(cell for cell in broken.cells if cell.cell_type == "code")
        cell[place] = {"source": secret, "metadata": {"note": secret}, "outputs": [secret]}[place]
        assert leaks(broken, {secret}) == [secret]


def test_student_edition_is_clean(student: NotebookNode):
    codes = [cell for cell in student.cells if cell.cell_type == "code"]

    assert not any(cell.outputs or cell.execution_count for cell in codes)
    assert "aintainers" not in everything(student)
    assert student.metadata["generated"]["from"].startswith("exercises/0")
    gaps = [cell for cell in codes if part_of(cell)[1] == "solution"]
    named = [STUB.search(cell.source) for cell in gaps]
    assert [found and found[1] for found in named] == [builder.exercise_of(cell.id) for cell in gaps]
    answers = [cell.source for cell in codes if part_of(cell)[1] == "answer"]
    assert {re.search(r"^answer = .*", source, re.M)[0] for source in answers} == {builder.QUIZ_STUB}


def test_outputs_of_a_run_do_not_reach_students(master: NotebookNode, master_path: Path):
    for cell in master.cells:
        if cell.cell_type == "code" and not cell.outputs:
            cell.outputs, cell.execution_count = [nbformat.v4.new_output("stream", text="leaked output")], 7
    edition = builder.student_edition(master, master_path.name)

    assert leaks(edition, {"leaked output", '"execution_count": 7'}) == []


def test_expected_outputs_became_text(master: NotebookNode, student: NotebookNode):
    shown = [cell for cell in student.cells if part_of(cell)[1] == "example"]
    outputs = [output for cell in master.cells for output in cell.get("outputs", [])]
    has_figure = any("image/png" in output.get("data", {}) for output in outputs)

    assert all(cell.cell_type == "markdown" and cell.source.startswith(builder.SEEN) for cell in shown)
    assert all(len(cell.source) > len(builder.SEEN) + 10 for cell in shown)
    assert has_figure == any("](data:image/png;base64," in cell.source for cell in shown)


def test_instructor_edition_is_complete(master: NotebookNode, instructor: NotebookNode):
    for before, after in zip(master.cells[1:], instructor.cells[1:], strict=True):
        assert after.source == before.source
        assert after.get("outputs") == before.get("outputs")


def test_badge_opens_the_student_edition(master: NotebookNode, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(builder.frame, "read_setting", lambda: ("jo/course", "v1"))
    edition = builder.student_edition(master, "01_x.ipynb")

    assert "jo/course/blob/v1/notebooks/exercises/student/01_x.ipynb)" in edition.cells[0].source
    assert '= "https://github.com/jo/course", "v1", "", ""' in edition.cells[1].source


def test_a_new_repository_reaches_the_masters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / MASTERS[0].name
    path.write_bytes(MASTERS[0].read_bytes())
    builder.stamp_master(path)
    assert path.read_bytes() == MASTERS[0].read_bytes()

    monkeypatch.setattr(builder.frame, "read_setting", lambda: ("jo/course", "v1"))
    builder.stamp_master(path)

    pairs = zip(read_master(path).cells, read_master(MASTERS[0]).cells, strict=True)
    assert [cell.id for cell, old in pairs if cell != old] == ["ex-01-bootstrap"]
    assert '"https://github.com/jo/course", "v1"' in path.read_text(encoding="utf-8").replace('\\"', '"')


def test_private_masters_get_editions_of_their_own(tmp_path: Path, capsys, monkeypatch):
    monkeypatch.setattr(builder.frame, "read_setting", lambda: ("jo/course", "v1"))
    (tmp_path / "private" / "exercises").mkdir(parents=True)
    name = MASTERS[0].name.replace("01", "91", 1)
    text = MASTERS[0].read_text(encoding="utf-8").replace("ex-01-", "ex-91-")
    (tmp_path / "private" / "exercises" / name).write_text(text, encoding="utf-8")
    command = ["--private", str(tmp_path / "private"), "--out", str(tmp_path / "out")]

    assert builder.main(command) == 0
    assert builder.main([*command, "--lessons", "92"]) == 1
    assert "No exercises for 92 in" in capsys.readouterr().err
    editions = [tmp_path / "out" / "student" / name, tmp_path / "private" / "exercises" / "student" / name]
    texts = {path.read_text(encoding="utf-8") for path in editions}
    (text,) = texts
    assert "BEGIN SOLUTION" not in text
    assert builder.frame.BADGE_START not in text  # Colab cannot open what is not public
    assert [path.name for path in (tmp_path / "out" / "instructor").iterdir()] == [name]


@pytest.mark.parametrize("repeats", [1, 12])
@pytest.mark.parametrize(
    "task", ['say "cat"', "don't say 'cat'", 'don\'t say "cat"', r"count \n and \ ", "a\rb\u2028c"]
)
def test_stubs_say_the_task_whatever_signs_it_holds(task: str, repeats: int):
    task = " ".join([task] * repeats)
    code = builder.stub("ex-01-2-solution", task, 8)

    assert ast.parse(code).body[0].exc.args[0].value == f"Exercise 01.2: {' '.join(task.split())}."
    assert max(map(len, code.splitlines())) <= builder.WIDTH - 8


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda cell: cell.update(source=re.sub("(BEGIN SOLUTION).*", r"\1", cell.source)), "say the task"),
        (lambda cell: cell.update(source=GAP.sub("", cell.source)), "no line ### BEGIN SOLUTION"),
        (lambda cell: cell.update(source=cell.source.replace("### END SOLUTION", "")), "no end solution"),
        (lambda cell: cell.metadata.nbgrader.update(solution=False), "non-solution cell"),
        (lambda cell: cell.metadata.nbgrader.update(grade_id=""), "validate"),
    ],
)
def test_a_master_out_of_form_is_refused(change, message: str):
    master = read_master(MASTERS[0])
    cell = next(cell for cell in master.cells if cell.id == "ex-01-1-solution")
    change(cell)

    with pytest.raises(Exception, match=message):
        builder.student_edition(master, "01_x.ipynb")


def test_an_example_without_output_is_refused():
    master = read_master(MASTERS[0])
    next(cell for cell in master.cells if part_of(cell)[1] == "example").outputs = []

    with pytest.raises(ValueError, match=r"tools.lessons.editions --run"):
        builder.student_edition(master, "01_x.ipynb")
