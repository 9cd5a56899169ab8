"""The process of the judges: trusts nothing, is ended when it hangs, starts again when it died."""

from __future__ import annotations

import json
import time

import made_up
import pytest

from course_utils.errors import CourseError
from tools.grading.judge_process import judge_frames, read_frames
from tools.grading.judging import Judges, JudgesFailedError

NUMBER = {"kind": "number", "type": "int", "value": 5}
WORD = {"kind": "text", "value": f"{made_up.CANARY}-answer"}


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "null",
        "[]",
        "5",
        "not JSON",
        '{"90.2": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"90.2": {"kind": "number", "type": "int", "value": NaN}}',
        '{"90.2": {"kind": "number", "type": "int", "value": Infinity}}',
        '{"90.2": {"kind": "number", "type": "int", "value": ' + "9" * 5000 + "}}",
        '{"90.2": {"kind": "nothing"}, "90.2": {"kind": "nothing"}}',
        '{"90.2": {"kind": "flag", "value": true, "value": false}}',
        '{"91.2": {"kind": "nothing"}}',
        '{"90.2; rm": {"kind": "nothing"}}',
        '{"٩٠.2": {"kind": "nothing"}}',
    ],
)
def test_odd_frames_bring_no_answer(frame):
    assert read_frames("90", [frame]) == ({}, {})


def test_answers_out_of_form_are_left_out():
    """What is out of form: tests/unit/checks/test_plain.py."""
    answers, left_out = read_frames("90", [json.dumps({"90.2": {"kind": ["number"]}})])

    assert answers == {}
    assert "90.2" in left_out


def test_the_last_answer_counts_and_their_number_is_limited():
    frames = [json.dumps({"90.2": {**NUMBER, "value": value}}) for value in (1, 2)]
    many = [json.dumps({f"90.{n}": NUMBER for n in range(100)})] * 50

    assert read_frames("90", frames)[0]["90.2"]["value"] == 2
    assert len(read_frames("90", many)[0]) <= 201


@pytest.fixture
def private(tmp_path):
    return made_up.write_private_folder(tmp_path / "private")


@pytest.fixture
def judged(private):
    """Judge answers, after a line of the judge of 90.2 was put in."""

    def run(answers, line="pass"):
        path = private / "judges" / "lesson_90.py"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("if read.number(answer)", f"{line}\n    if read.number(answer)"))
        with Judges(private, seconds=10) as judges:
            try:
                return judges.judge("90", "", [json.dumps(answers).encode()])
            except JudgesFailedError as error:
                assert judges.judge("90", "", []) == {}  # it was replaced
                return str(error)

    return run


def test_nothing_is_left_in_the_instructors_folder(private, judged, monkeypatch):
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    before = sorted(private.rglob("*"))

    judged({"90.2": NUMBER, "90.2h": NUMBER})

    assert sorted(private.rglob("*")) == before


def test_a_judge_that_fails_is_told_and_the_others_go_on(judged):
    verdicts = judged({"90.2": NUMBER, "90.3": WORD}, "raise RuntimeError('oops')")

    assert verdicts["90.2"]["is_broken"]
    assert verdicts["90.2"]["points"] == 0
    assert verdicts["90.3"]["is_right"]


@pytest.mark.parametrize(
    ("plain", "text"),
    [
        (
            {"kind": "text", "value": " <b>It</b> is less than the spread.\n"},
            "<b>It</b> is less than the spread.",
        ),
        ({"kind": "text", "value": "x" * 700}, "x" * 600 + " … (cut: it has 700 characters)"),
        ({"kind": "text", "value": "  "}, ""),
        (NUMBER, ""),
    ],
)
def test_what_a_person_reads_leaves_the_judges_as_text(plain, text):
    verdict = judge_frames("03", "", [json.dumps({"03.9": plain})])["03.9"]

    assert (verdict["text"], verdict["points"]) == (text, 0.0)


def test_a_judge_that_prints_does_not_disturb(judged):
    assert not judged({"90.2": NUMBER}, "print('{}')")["90.2"]["is_right"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("import subprocess; subprocess.run(['sleep', '100'])", "took longer than 10 s"),
        ("import os; os._exit(3)", "the judges stopped"),
    ],
)
def test_a_judge_that_hangs_or_dies_is_replaced(judged, line, expected):
    started = time.monotonic()

    assert expected in judged({"90.2": NUMBER}, line)
    assert time.monotonic() - started < 60


def test_judges_with_a_mistake_are_named(private):
    (private / "judges" / "lesson_90.py").write_text("this is no Python", encoding="utf-8")

    with Judges(private) as judges, pytest.raises(CourseError, match="SyntaxError"):
        judges.exercises("90")


def test_large_answers_pass_through(private):
    frames = [json.dumps({"90.3": {"kind": "text", "value": "x" * 19_000}}).encode()] * 500

    with Judges(private) as judges:
        assert judges.judge("90", "", frames)["90.3"]["message"] == "Another word."
