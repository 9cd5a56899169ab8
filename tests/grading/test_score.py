"""From verdicts to points and flags; tables and pages that nothing can be smuggled into."""

from __future__ import annotations

import csv
import io
from html.parser import HTMLParser

import made_up
import nbformat
import pytest

from course_utils.checks.judges import exercises
from tools.grading import lesson_parts
from tools.grading.feedback import flagged, marked, overview, to_read, total, write_pages
from tools.grading.notebook_file import read_notebook
from tools.grading.restore import restore
from tools.grading.results import Graded, file_name, grades_csv, load_result, save_result
from tools.grading.sandbox import Limits, Result
from tools.grading.score import Score, Scorer, open_scores

EXERCISES = [
    {"name": "90.1", "title": "Twice", "points": 2, "parts": {"90.1": 1.0, "90.1h": 1.0}, "by_person": False},
    {"name": "90.2", "title": "The sum", "points": 1, "parts": {"90.2": 1.0}, "by_person": False},
]
RIGHT = {"is_right": True, "message": "Well done.", "points": 1.0, "is_broken": False}
NO_MEMORY = "a cell asked for more memory than it may have"
WRONG = {"is_right": False, "message": "Not twice.", "points": 0.0, "is_broken": False}


@pytest.fixture
def score(assignment):
    def run(verdicts, *, notebook=None, without=(), **result):
        notebook = notebook or made_up.filled(_1=made_up.TWICE, _2=made_up.TOTAL)
        notebook.cells = [cell for cell in notebook.cells if cell.id not in without]
        restored = restore(read_notebook(nbformat.writes(notebook).encode()), assignment, {})
        ended = Result(**{"end": "finished", **result})
        scorer = Scorer(assignment, restored, ended, verdicts, Limits())
        return {exercise["name"]: scorer.score(exercise) for exercise in EXERCISES}

    return run


def ran(*names: str, **more: object) -> dict[str, dict]:
    return {f"ex-90-{name}": {"id": f"ex-90-{name}", "ok": True, **more} for name in names}


BOTH = {"90.1": RIGHT, "90.1h": RIGHT}
CELL = "ex-90-2-solution"
UNCERTAIN = made_up.stripped(made_up.filled(_1=made_up.TWICE, _2="total = 5"))


def failed(error: str, text: str = "", cell: str = CELL) -> dict[str, dict]:
    return {cell: {"ok": False, "error": error, "text": text}}


@pytest.mark.parametrize(
    ("name", "verdicts", "more", "expected"),
    [
        ("90.1", BOTH, {}, (2.0, "", "Well done.")),
        ("90.1", {"90.1": RIGHT, "90.1h": WRONG}, {}, (1.0, "", "With other data: Not twice.")),
        ("90.1", {"90.1": WRONG, "90.1h": WRONG}, {}, (0.0, "", "Not twice.")),
        (
            "90.2",
            {"90.1": RIGHT},
            {"without": [CELL]},
            (None, "the cell of this exercise was not found in the notebook", "its cell was not found"),
        ),
        ("90.1", {}, {"notebook": made_up.empty()}, (0.0, "", "Not done yet.")),
        ("90.1", {"90.1": WRONG}, {"notebook": made_up.empty()}, (0.0, "", "Not done yet.")),  # as a question
        (
            "90.2",
            {},
            {"cells": failed("NameError", "name 'x' is not defined") | ran("2-check")},
            (0.0, "", "The cell stopped: NameError: name 'x' is not defined"),
        ),
        ("90.2", {}, {"cells": failed("MemoryError")}, (0.0, NO_MEMORY, "MemoryError")),
        ("90.2", {}, {"cells": failed("OSError", "Cannot allocate memory")}, (0.0, NO_MEMORY, "OSError")),
        (
            "90.2",
            {},
            {"cells": failed("KeyboardInterrupt", "too long")},
            (0.0, "a cell took longer than 120 s", "A cell took longer than 120 s, and was stopped."),
        ),
        # what was answered before the stop counts
        ("90.1", BOTH, {"end": "ended early", "running": CELL}, (2.0, "", "Well done.")),
        (
            "90.2",
            {},
            {"cells": ran("2-solution", "2-check")},
            (0.0, "the check ran and left no answer", "No answer was left."),
        ),
        (
            "90.2",
            {},
            {"cells": ran("2-solution", "2-check", shown="An answer of type Thing cannot be kept.")},
            (0.0, "", "An answer of type Thing cannot be kept."),
        ),
        (
            "90.2",
            {"90.2": {**WRONG, "is_broken": True}},
            {},
            (0.0, "the check could not read this answer", "Not twice."),
        ),
        # a cell that was found by place is looked at only if points are lost
        (
            "90.2",
            {"90.2": WRONG},
            {"notebook": UNCERTAIN},
            (0.0, "its cell was found by place or likeness only", "Not twice."),
        ),
        ("90.2", {"90.2": RIGHT}, {"notebook": UNCERTAIN}, (1.0, "", "Well done.")),
    ],
)
def test_points_flag_and_message(score, name, verdicts, more, expected):
    one = score(verdicts, **more)[name]

    points, flag, message = expected
    assert (one.points, one.flag) == (points, flag)
    assert message in one.message


@pytest.mark.parametrize("kind", ["ValueError", "secret 42 in a name", "print"])
def test_of_a_failed_check_only_the_kind_is_told(score, kind):
    """The text of its error may hold hidden tests and their data."""
    one = score({}, cells=ran("1-solution") | failed(kind, "secret 42", "ex-90-1-check"))["90.1"]

    expected = "ValueError" if kind == "ValueError" else "an error"
    assert (one.points, one.message) == (0.0, f"The check stopped: {expected}.")


@pytest.mark.parametrize(
    ("python", "points", "flag"),
    [
        ("3.99.1", None, "it was written with Python 3.99.1"),
        ("", 0.0, "the notebook does not say its own"),
        ("3.5", 0.0, ""),
    ],
)
def test_an_answer_of_a_newer_python_goes_to_a_person(score, python, points, flag):
    notebook = made_up.filled(_2="total = new syntax")
    notebook.metadata["language_info"] = {"name": "python", "version": python}
    one = score({}, notebook=notebook, cells=failed("SyntaxError", "invalid syntax"))["90.2"]

    assert one.points == points
    assert flag in one.flag
    assert bool(flag) == bool(one.flag)


@pytest.mark.parametrize(
    ("end", "why"),
    [
        ("time", "longer than 600 s"),
        ("memory", "more memory"),
        ("processes", f"more than {Limits().processes} processes"),
        ("printed", "wrote without end"),
        ("frames", "too large"),
        ("ended early", "ended Python"),
    ],
)
def test_who_stopped_the_notebook_gets_zero_and_what_did_not_run_goes_to_a_person(score, end, why):
    scores = score({}, end=end, running="ex-90-1-solution")

    assert scores["90.1"].points == 0.0
    assert why in scores["90.1"].flag
    assert scores["90.2"].points is None
    assert scores["90.2"].flag.startswith("did not run: the notebook was stopped in cell ex-90-1-solution")
    flag = score({}, end=end, running="forged")["90.2"].flag
    assert flag.startswith("did not run: the notebook was stopped: ")


READ = {**WRONG, "is_right": True, "text": "The difference is luck."}
FOR_A_PERSON = "for a person to read: open points 2"


@pytest.mark.parametrize(
    ("verdicts", "more", "expected"),
    [
        ({"90.1": READ}, {}, (None, FOR_A_PERSON, "Your instructor reads this.", READ["text"])),
        # too long: it is cut, and still a person decides
        ({"90.1": {**READ, "is_right": False}}, {}, (None, FOR_A_PERSON, "reads this.", READ["text"])),
        ({"90.1": {**WRONG, "text": ""}}, {}, (0.0, "", "Not twice.", "")),  # empty, or no text
        ({}, {"notebook": made_up.empty()}, (0.0, "", "Not done yet.", "")),
    ],
)
def test_sentences_bring_no_points_by_themselves(score, monkeypatch, verdicts, more, expected):
    monkeypatch.setitem(EXERCISES[0], "by_person", True)
    monkeypatch.setitem(EXERCISES[0], "parts", {"90.1": 2.0})
    one = score(verdicts, **more)["90.1"]

    points, flag, message, text = expected
    assert (one.points, one.flag, one.text, one.max_points) == (points, flag, text, 2)
    assert message in one.message


def test_pages_show_what_a_person_must_read_with_its_student(tmp_path):
    evil = "<b>luck</b> <script>alert(1)</script>\nsecond line"
    scores = [Score("90.1", "Say it", None, 2, FOR_A_PERSON, "Your instructor reads this.", evil)]
    graded = [Graded("ann", "90", [*scores, Score("90.2", "B", 1.0, 1)]), Graded("bob", "90", [])]
    write_pages(tmp_path, graded, {"90": "Made up"})

    summary = (tmp_path / "summary.html").read_text(encoding="utf-8")
    page = next((tmp_path / "feedback").glob("ann*.html")).read_text(encoding="utf-8")
    escaped = "&lt;b&gt;luck&lt;/b&gt; &lt;script&gt;alert(1)&lt;/script&gt;\nsecond line"
    assert escaped in page
    assert "open / 2" in page
    assert escaped in summary.split('id="read"')[1].split('id="look"')[0]
    assert FOR_A_PERSON in summary
    assert flagged(graded) == {}  # not once more among what went wrong
    assert to_read(graded) == {"90.1 Say it": [("ann", scores[0])]}
    assert f'"90.1","","2","{FOR_A_PERSON}"' in grades_csv(graded)


def test_table_holds_no_formulas_and_no_line_breaks():
    name = '=cmd|" /C calc"!A0'
    graded = [Graded(name, "90", [Score("90.1", "T", None, 2.0, "+a\nb")], ["@look"]), Graded("-x", "")]

    text = grades_csv(graded)
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))

    assert text.startswith("\ufeff")
    assert rows[1] == [f"'{name}", "90", "90.1", "", "2", "'+a b; '@look"]
    assert rows[2] == ["'-x", "", "", "", "", ""]
    assert not any(cell[:1] in "=+-@" for row in rows for cell in row if cell)
    assert all(line.count('","') == 5 and line[0] == line[-1] == '"' for line in text[1:].splitlines())


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
@pytest.mark.parametrize("between", ["", " ", '"', "' ", "\u3000", "\r", "\n"])
def test_whatever_separates_no_cell_begins_a_formula(separator, sign, between):
    evil = f'{between}{sign}1+1{separator}{between}{sign}2{separator}"{sign}3'
    text = grades_csv([Graded(evil, "90", [Score("90.1", evil, 1.0, 2.0, evil)], [evil])])

    for row in csv.reader(io.StringIO(text[1:]), delimiter=separator):
        for cell in row:
            assert cell.lstrip(' \u3000"')[:1] not in ("=", "+", "-", "@", *"\uff1d\uff0b\uff0d\uff20"), row


@pytest.mark.parametrize("separator", [",", ";", "|"])
def test_a_sign_behind_any_separator_is_made_harmless(separator):
    text = grades_csv([Graded(f"a{separator} =1+1", "")])

    assert f'"a{separator} \'=1+1"' in text


HOSTILE = (
    "</title><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7 * 7 }}&lt;\"'><svg/onload=x>\udcff"
)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}


def test_pages_show_hostile_text_as_text(tmp_path):
    score = Score("90.1", HOSTILE, 0.0, 2.0, HOSTILE, HOSTILE, HOSTILE)

    write_pages(tmp_path, [Graded(HOSTILE, "90", [score], [HOSTILE], HOSTILE)], {"90": HOSTILE})

    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) == 2
    for page in pages:
        text = page.read_text(encoding="utf-8")
        found = Tags()
        found.feed(text)
        assert not found.tags & {"script", "img", "svg", "iframe", "object", "embed", "form"}
        assert not [name for name in found.attributes if name.startswith("on")]
        assert "49" not in text
        assert "&lt;script&gt;" in text
        assert "default-src 'none'" in text


def test_code_in_a_message_is_set_as_code():
    assert marked("use `a < b`, `c") == "use <code>a &lt; b</code>, `c"


def test_names_of_files_are_safe_and_differ():
    names = ["../../etc/passwd", "ann", "Ann", "ann/lee", "ann lee", "", "..", "ä", "x" * 500, "\udcff"]

    files = [file_name(name) for name in names]

    assert len(set(files)) == len(names)
    assert all("/" not in file and len(file) < 80 and not file.startswith(".") for file in files)


def test_overview_counts_what_a_person_must_decide_apart():
    graded = [
        Graded("ann", "90", [Score("90.1", "A", 2.0, 2), Score("90.2", "B", 0.0, 1)]),
        Graded("bob", "90", [Score("90.1", "A", 1.0, 2), Score("90.2", "B", 0.0, 1)]),
        Graded("cem", "90", [Score("90.1", "A", 2.0, 2), Score("90.2", "B", None, 1)]),
        Graded("dan", "90", open_scores(EXERCISES, "no notebook")),
    ]

    view = overview("90", graded, "Made up")

    assert (view["students"], view["open"], view["mean"]) == (3, 2, pytest.approx(5 / 3))
    assert (view["missed"]["name"], view["missed"]["full"], view["missed"]["decided"]) == ("90.2", 0, 2)
    assert [b["count"] for b in view["bins"]] == [0, 0, 0, 1, 0, 0, 2, 0, 0, 0]


def test_a_result_is_kept_under_its_key(tmp_path):
    graded = Graded("../ann", "90", [Score("90.1", "T", None, 2.0, "flag", "text")], ["x"], "a.ipynb")

    save_result(tmp_path, graded, "key")

    assert load_result(tmp_path, "../ann", "90", "key") == graded
    assert load_result(tmp_path, "../ann", "90", "other") is None
    assert [path.parent.parent for path in tmp_path.rglob("*.json")] == [tmp_path]


def test_a_notebook_that_is_missing_is_one_line_for_the_person():
    graded = [
        Graded("ann", "90", open_scores(EXERCISES, "no notebook")),
        Graded("bob", "90", [Score("90.1", "A", None, 2, "why"), Score("90.2", "B", 1.0, 1)], ["note"]),
        Graded("cem", "90", [Score("90.1", "A", 2.0, 2), Score("90.2", "B", 1.0, 1)]),
    ]

    assert flagged(graded) == {"ann": [("90", "no notebook")], "bob": [("90", "note"), ("90.1", "why")]}


@pytest.mark.parametrize("lesson", sorted(lesson_parts.PARTS))
def test_each_exercise_names_a_part_that_its_lesson_has(lesson, monkeypatch):
    names = [one.name for one in exercises(lesson)]

    said = [str(lesson_parts.lesson_part(name)) for name in names]

    assert all(f"Lesson {int(lesson)}, part " in text and not text.endswith(": </small>") for text in said)
    assert sum(map(len, lesson_parts.PARTS[lesson])) == len(names)
    monkeypatch.setattr(lesson_parts, "_address", lambda: "https://example.org/course")
    assert '<a href="https://example.org/course/notebooks/' in lesson_parts.lesson_part(names[0])
    assert lesson_parts.lesson_part("90.1") == lesson_parts.lesson_part("") == ""


def test_pages_show_totals_ties_and_one_row_a_student(tmp_path):
    scores = [Score("90.1", "A", 1.0, 2, "why"), Score("90.2", "B", 0.0, 1, "because")]
    graded = [Graded("ann", "90", scores, ["x"]), Graded("ann", "91", [Score("91.1", "C", None, 3, "open")])]
    write_pages(tmp_path, graded, {"90": "Made up", "91": "Other"})

    page = next((tmp_path / "feedback").glob("*.html")).read_text(encoding="utf-8")
    summary = (tmp_path / "summary.html").read_text(encoding="utf-8")
    assert "<strong>1 of 6 points</strong> in all, and some" in page
    assert "<strong>90.1 A</strong>: 0 of 1 solved it in full; as often: <strong>90.2 B</strong>." in summary
    assert summary.index('id="students"') < summary.index('id="lesson-90"') < summary.index('id="look"')
    assert "For a person to look at (1)" in summary
    assert flagged(graded) == {"ann": [("90", "x"), ("90.1", "why"), ("90.2", "because"), ("91.1", "open")]}
    assert total(graded) == {"points": 1.0, "max_points": 6, "is_open": True}
