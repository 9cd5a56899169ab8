"""check, given, kept answers and class words."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from course_utils.checks import check, checking, given, judges, start_exercises
from course_utils.checks.answers import keep, read_answers
from course_utils.checks.gaps import gap_message
from course_utils.checks.givens import given_for, make_given
from course_utils.checks.judges import LONGEST_TEXT, Hint, judge, judge_answer, quiz, read_by_person
from course_utils.checks.plain import to_plain
from course_utils.checks.show import _as_html
from course_utils.checks.variants import generator, normal_class_word
from course_utils.errors import CourseError
from course_utils.system.paths import PROJECT

SENTENCE = "The difference is smaller than the spread."
NUMBER = {"kind": "number", "type": "int", "value": 3}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A lesson 90 of our own, and a folder for its answers."""
    monkeypatch.setenv("COURSE_ANSWERS", str(tmp_path / "answers"))
    monkeypatch.delenv("COURSE_CLASS_WORD", raising=False)
    monkeypatch.delenv("COURSE_PRIVATE", raising=False)
    before = dict(judges._exercises)

    @given_for("90.1")
    def number(rng: np.random.Generator) -> dict:
        return {"number": int(rng.integers(10**6))}

    @judge("90.1", points=2, title="A number", hidden=True)
    def right_number(answer: dict, data: dict) -> str:
        if answer["value"] != data["number"]:
            raise Hint("Not the number that was given.")
        return "You can copy."

    @judge("90.2", points=1, title="A judge that fails")
    def failing(answer: dict, data: dict) -> None:
        raise ZeroDivisionError

    read_by_person("90.5", points=2, title="Sentences")
    quiz("90.q1", right="b", hints={"a": "no a", "c": "no c", "d": "no d"}, why="because")
    start_exercises("90")
    yield tmp_path / "answers"
    judges._exercises.clear()
    judges._exercises.update(before)
    start_exercises("90")


def said(capsys: pytest.CaptureFixture) -> str:
    return capsys.readouterr().out.split("see.\n")[-1]


def test_right_answer(capsys: pytest.CaptureFixture, folder: Path):
    check("90.1", given("90.1")["number"])

    assert said(capsys) == "✔ 90.1: right. You can copy.\n1 of 2 exercises right\n"
    assert read_answers(folder / "90.json")["90.1"]["value"] == given("90.1")["number"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("90.1", -1), "○ 90.1: not yet. Not the number that was given."),
        (("90.q1", "a"), "○ 90.q1: not yet. no a"),
        (("90.q1", " B "), "✔ 90.q1: right. because"),
        (("90.q1", 2), "○ 90.q1: not yet. Choose one option"),
        (("90.1", None), "○ 90.1: not yet. Your answer is None"),
        (("90.2", 3), "○ 90.2: not yet. The check could not read this answer (ZeroDivisionError)"),
        ((), "○ check() was called without an answer."),
        (("90.1",), "○ 90.1: check() was called without an answer."),
        ((3, "90.1"), "○ The first argument is 3"),
        (([], 3), "○ The first argument is of type list"),
        (("nonsense", 3), "○ nonsense: The first argument is 'nonsense'"),
        (("90.3", 3), "○ 90.3: There is no exercise 90.3.\nKnown: 90.1, 90.2, 90.5, 90.q1."),
        (("90.5", SENTENCE), "● 90.5: read by a person. It brings points when your instructor has read it."),
        (("90.5", ""), "○ 90.5: not yet. There is no sentence between the quotes yet."),
        (("90.5", "word " * 200), "○ 90.5: not yet. Your text has 1,000 characters, 600 are read."),
        (("90.5", 5), "○ 90.5: not yet. A text between quotes is expected."),
        (("77.1", 3), "● 77.1: kept for grading."),
        (("90.1", ...), "○ 90.1: The gap is still open"),
        (("90.1", NotImplementedError("x")), "○ 90.1: The gap is still open"),
        (("90.1", print), "○ 90.1: This answer is of the type builtin_function_or_method"),
    ],
)
def test_what_check_says(arguments: tuple, message: str, capsys: pytest.CaptureFixture):
    check(*arguments)
    text = said(capsys)

    assert text.startswith(message), text
    assert text.count("\n") <= 4


def no_place(kind: str, folder: Path) -> None:
    """Make it impossible to keep answers of lesson 90."""
    if kind == "a file in place of the folder":
        folder.write_text("")
    elif kind == "a folder in place of the file":
        (folder / "90.json").mkdir(parents=True)
    else:
        folder.mkdir()
        folder.chmod(0o500)


KINDS = ["a file in place of the folder", "a folder in place of the file", "a folder that is locked"]


@pytest.mark.parametrize("kind", KINDS)
def test_check_judges_even_if_nothing_can_be_kept(kind: str, folder: Path, capsys, monkeypatch):
    if kind == KINDS[2] and hasattr(os, "geteuid") and os.geteuid() == 0:
        monkeypatch.setattr(os, "replace", locked)  # nothing is locked for root
    no_place(kind, folder)
    check("90.q1", "b")
    text = said(capsys)

    assert text.startswith("✔ 90.q1: right.\nbecause\nThe answer could not be kept: ")
    assert f"{folder / '90.json'}.\nNext: " in text
    assert not list(folder.glob(".*"))


def locked(*_: object) -> None:
    raise PermissionError(13, "Permission denied")


def test_check_speaks_if_answers_can_only_be_kept_and_cannot(folder: Path, capsys, monkeypatch):
    monkeypatch.setattr(checking, "has_judges", lambda: False)
    no_place(KINDS[1], folder)
    check("90.q1", "b")
    text = said(capsys)

    assert text.startswith("○ 90.q1: The answer could not be kept: ")
    assert text.count("\n") <= 4


def python(code: str, folder: Path = PROJECT, **environment: str) -> str:
    """Run code in a process of its own, and return what it prints."""
    command, environment = [sys.executable, "-c", code], os.environ | environment
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def test_check_speaks_in_a_terminal_of_few_letters():
    code = "from course_utils.checks import check; check('01.q1', 'a')"
    shown = python(code, PYTHONIOENCODING="ascii", COURSE_ANSWERS=os.devnull + "/x")

    assert shown.startswith("? 01.q1: not yet.\nIn CIFAR-10")


def test_html_is_escaped():
    text = _as_html(("a", "b", "c"), "○", "<script>", "`x < 3` & more")

    assert "<script>" not in text
    assert "x &lt; 3</code> &amp; more" in text


def test_without_judges_answers_are_only_kept(tmp_path: Path, folder: Path):
    """As in the sandbox of grading: a copy of the package without right answers."""
    shutil.copytree(PROJECT / "course_utils", tmp_path / "course_utils")
    shutil.rmtree(tmp_path / "course_utils" / "checks" / "judges")
    code = "from course_utils.checks import check, given\n"
    code += "check('01.1', given('01.1')['cases'])\ncheck('01.1', len)"
    shown = python(code, tmp_path, PYTHONPATH=str(tmp_path), COURSE_CLASS_WORD="fox")

    assert shown.startswith("● 01.1: kept for grading.\n○ 01.1: This answer is of the type")
    assert read_answers(folder / "01.json")["01.1"] == to_plain(make_given("01.1", "fox")["cases"])


# Class words


def test_class_words_change_data_and_right_answers(capsys: pytest.CaptureFixture):
    public = given("90.1")["number"]
    start_exercises("90", class_word="  Autumn Fox ")
    fox = given("90.1")["number"]
    capsys.readouterr()
    check("90.1", public)
    check("90.1", fox)

    assert public != fox
    wrong, zero, right, one, *_ = capsys.readouterr().out.splitlines()
    assert wrong == "○ 90.1: not yet. Not the number that was given."
    assert right.startswith("✔ 90.1: right.")
    assert (zero[:6], one[:6]) == ("0 of 2", "1 of 2")
    assert make_given("90.1", "autumn fox")["number"] == fox


def test_each_part_has_its_own_data():
    numbers = [given("90.1"), given("90.1", hidden=True), given("90.1", example=True)]

    assert len({part["number"] for part in numbers}) == 3
    assert given("90.1") == given("90.1")


def test_examples_are_the_same_for_all():
    before = given("90.1", example=True)
    start_exercises("90", class_word="fox")

    assert given("90.1", example=True) == before


def test_the_word_of_grading_wins(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COURSE_CLASS_WORD", "grading")
    start_exercises("90", class_word="the student's own")

    assert given("90.1") == make_given("90.1", "grading")


def test_generators_stay_the_same():
    """Right answers of a running class must not change with a later version."""
    assert generator("01.1", "fox").integers(10**9) == 273_955_440
    assert generator("01.1", " FOX").integers(10**9) == generator("01.1", "fox").integers(10**9)


@pytest.mark.parametrize("word", [3, None, b"x", "x" * 201])
def test_class_words_that_are_no_words(word: object):
    with pytest.raises(CourseError, match="CLASS_WORD"):
        normal_class_word(word)


def test_unknown_data():
    with pytest.raises(CourseError, match=r"Exercise 90\.7 has no data"):
        given("90.7")


# Points


def test_points_of_parts():
    number = given("90.1", hidden=True)["number"]
    verdict = judge_answer("90.1h", to_plain(number))

    assert (verdict.is_right, verdict.points) == (True, 1.0)
    assert judge_answer("90.1", to_plain(number)).points == 0
    assert judges.find_exercise("90.1").parts == {"90.1": 1.0, "90.1h": 1.0}
    assert judges.find_exercise("90.q1").parts == {"90.q1": 1.0}


def test_a_failing_judge_goes_to_a_person():
    verdict = judge_answer("90.2", NUMBER)

    assert (verdict.is_right, verdict.is_broken, verdict.points) == (False, True, 0)


@pytest.mark.parametrize("hints", [{"a": "x", "c": "x"}, {"a": "x", "b": "x", "c": "x", "d": "x"}, {}])
def test_a_question_needs_a_hint_for_each_wrong_option(hints: dict):
    with pytest.raises(ValueError, match="needs a hint"):
        quiz("90.q2", right="b", hints=hints)


def test_a_private_folder_adds_and_replaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "judges").mkdir()
    (tmp_path / "givens").mkdir()
    (tmp_path / "judges" / "lesson_90.py").write_text(
        "from course_utils.checks.judges import judge, quiz\n"
        "quiz('90.q1', right='d', hints={'a': 'p', 'b': 'p', 'c': 'p'})\n"
        "@judge('90.8', points=1, title='Private')\n"
        "def private(answer, data):\n    assert data == {'secret': 8}\n"
    )
    (tmp_path / "givens" / "lesson_90.py").write_text(
        "from course_utils.checks.givens import given_for\n"
        "@given_for('90.8')\ndef private(rng):\n    return {'secret': 8}\n"
    )
    monkeypatch.setenv("COURSE_PRIVATE", str(tmp_path))

    assert judge_answer("90.q1", {"kind": "text", "value": "d"}).is_right
    assert judge_answer("90.8", NUMBER).is_right
    assert judge_answer("90.1", to_plain(given("90.1")["number"])).is_right


# Kept answers


def test_answers_are_kept_one_beside_the_other(folder: Path):
    keep("90.1", NUMBER, folder)
    keep("90.2", {"kind": "nothing"}, folder)
    keep("90.1", NUMBER | {"value": 4}, folder)

    assert read_answers(folder / "90.json") == {"90.1": NUMBER | {"value": 4}, "90.2": {"kind": "nothing"}}
    assert [path.name for path in folder.iterdir()] == ["90.json"]


@pytest.mark.parametrize("content", ["", "{", "3", "{}", '{"answers": 3}', "[" * 100_000], ids=range(6))
def test_a_broken_file_is_replaced(folder: Path, content: str):
    folder.mkdir()
    (folder / "90.json").write_text(content)
    keep("90.1", NUMBER, folder)

    assert read_answers(folder / "90.json") == {"90.1": NUMBER}


# Gaps


def test_gaps_get_one_line():
    gap = gap_message(NotImplementedError("Exercise 01.2: repeat."), "f()")
    name = gap_message(NameError("name 'x' is not defined", name="x"), 'check("01.2", x)')

    assert gap.startswith("Exercise 01.2: repeat.\nReplace the line")
    assert name.startswith("There is no `x` yet.\nFill the gap")
    assert gap_message(NameError("x", name="x"), "x + 1") == ""
    assert gap_message(NotImplementedError("of a library"), 'check("01.2", f())') == ""
    assert gap_message(UnboundLocalError("x is used before it has a value"), 'check("01.2", f())') == ""


NOTEBOOK = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(colors="nocolor")
shell.run_cell("from course_utils.checks import *; start_exercises('01')", store_history=True)
for code in {cells}:
    print("=====")
    error = shell.run_cell(code, store_history=True)
    print(type(error.error_in_exec or error.error_before_exec).__name__)
"""


def in_a_notebook(*cells: str) -> list[str]:
    """Run cells one after the other, and return what each shows, with the name of its error at the end."""
    return python(NOTEBOOK.format(cells=list(cells))).split("=====\n")[1:]


def test_gaps_in_a_notebook():
    gap, check_cell, division, other = in_a_notebook(
        'raise NotImplementedError("Exercise 01.1: count.")', 'check("01.1", missing)', "1 / 0", "other"
    )

    assert "Exercise 01.1: count.\nReplace the line" in gap
    assert "There is no `missing` yet.\nFill the gap" in check_cell
    assert "Traceback" not in gap + check_cell
    assert "Traceback" in division
    assert "Traceback" in other
    assert [shown.split()[-1] for shown in (gap, check_cell, division, other)] == [
        "NotImplementedError",
        "NameError",
        "ZeroDivisionError",
        "NameError",
    ]


def test_a_typo_in_a_function_is_shown_with_its_line_and_is_no_gap():
    function = "def half(number):\n    first = number\n    return frst / 2"
    _, shown = in_a_notebook(function, 'check("01.1", [half(n) for n in (2, 4)])')

    assert "There is no `frst`, in line 3 of the cell with `half`:\n    return frst / 2\n" in shown
    assert "Fill the gap" not in shown


def test_other_errors_in_a_function_keep_their_traceback_with_the_line():
    _, shown = in_a_notebook("def half(number):\n    return number / 0", 'check("01.1", half(2))')

    assert "ZeroDivisionError" in shown
    assert "return number / 0" in shown
    assert "Fill the gap" not in shown


def test_a_cell_that_stopped_is_no_gap():
    _, unreadable, _, stopped = in_a_notebook(
        "def half(number):\n    return number / (2",
        'check("01.1", half)',
        "whole = 1 / 0",
        'check("01.1", whole)',
    )

    _, gap = in_a_notebook(
        'raise NotImplementedError("Exercise 01.1: count.")\nwhole = 1', 'check("01.1", whole)'
    )
    assert "Fill the gap" in gap
    assert "Python cannot read its line 2 ('(' was never closed):\n    return number / (2\n" in unreadable
    assert "There is no `whole`: its cell ran, but it stopped with an error\n" in stopped
    assert "Fill the gap" not in unreadable + stopped


# Progress


def test_progress_counts_the_answers_that_are_kept_and_right(capsys: pytest.CaptureFixture, folder: Path):
    def last(exercise: str, answer: object) -> str:
        check(exercise, answer)
        return capsys.readouterr().out.splitlines()[-1]

    number = given("90.1")["number"]
    assert last("90.1", -1) == "0 of 2 exercises right"
    assert last("90.1", number) == "1 of 2 exercises right"
    hidden = given("90.1", hidden=True)["number"]
    assert last("90.1h", hidden) == "1 of 2 exercises right"  # no other exercise
    assert last("90.q1", "a") == "0 of 1 questions right"
    assert last("90.q1", "b") == "1 of 1 questions right"
    assert last("90.2", 5) == "1 of 2 exercises right"  # kept since
    assert last("90.1", -1) == "0 of 2 exercises right"  # what counts is the answer that grading will see
    assert last("90.1", number) == "1 of 2 exercises right"
    start_exercises("90", class_word="fox")
    assert last("90.q1", "a") == "0 of 1 questions right"
    assert last("90.2", 5) == "0 of 2 exercises right"  # right for other data


@pytest.mark.parametrize("content", ["[", "[]", "{}", '{"90.1": 3}'])
def test_odd_notes_of_progress_count_nothing(content: str, folder: Path, capsys: pytest.CaptureFixture):
    check("90.1", given("90.1")["number"])
    (folder / "right" / "90.json").write_text(content)
    check("90.2", 5)

    assert capsys.readouterr().out.splitlines()[-1] == "0 of 2 exercises right"
    assert set(read_answers(folder / "90.json")) == {"90.1", "90.2"}  # what is graded does not change


def test_what_a_person_reads_is_kept_and_brings_no_points(capsys: pytest.CaptureFixture, folder: Path):
    check("90.5", SENTENCE)
    check("90.1", given("90.1")["number"])
    verdict = judge_answer("90.5", to_plain(SENTENCE))

    assert said(capsys).endswith("1 of 2 exercises right\n")  # it is not among those that check finds right
    assert read_answers(folder / "90.json")["90.5"]["value"] == SENTENCE
    assert (verdict.is_right, verdict.points) == (True, 0.0)
    assert judge_answer("90.5", to_plain("x " * (LONGEST_TEXT // 2))).is_right


def test_under_nbgrader_a_text_for_a_person_fails_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")

    check("90.5", SENTENCE)
    with pytest.raises(AssertionError, match="no sentence"):
        check("90.5", "")
