"""The process of the judges: trusts nothing, is ended when it hangs, starts again when it died."""

from __future__ import annotations

import json

import made_up
import pytest

from course_utils.errors import CourseError
from tools.grading.judge_process import read_frames
from tools.grading.judging import Judges, JudgesFailedError

NUMBER = {"kind": "number", "type": "int", "value": 5}
DEEP = '{"90.2": ' + "[" * 100_000 + "]" * 100_000 + "}"


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "null",
        "[]",
        "5",
        "not JSON",
        DEEP,
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
    assert read_frames("90", [frame])[0] == {}


@pytest.mark.parametrize(
    "plain",
    [
        None,
        5,
        [],
        {},
        {"kind": "magic"},
        {"kind": ["number"]},
        {"kind": "number", "type": "int", "value": "5"},
        {"kind": "number", "type": "int", "value": 10**305},
        {"kind": "number", "type": "int", "value": 1e999},
        {"kind": "array", "shape": [10**9, 10**9], "dtype": "float64", "data": ""},
        {"kind": "array", "shape": [2], "dtype": "object", "data": "AAAA"},
        {"kind": "text", "value": "x" * 100_000},
    ],
)
def test_answers_out_of_form_are_left_out(plain):
    answers, left_out = read_frames("90", [json.dumps({"90.2": plain})])

    assert answers == {}
    assert "90.2" in left_out or plain == {"kind": "number", "type": "int", "value": 1e999}


def test_the_last_answer_counts():
    frames = [json.dumps({"90.2": {**NUMBER, "value": value}}) for value in (1, 2)]

    assert read_frames("90", frames)[0]["90.2"]["value"] == 2


def test_the_number_of_answers_is_limited():
    answers, _ = read_frames("90", [json.dumps({f"90.{n}": NUMBER for n in range(100)})] * 50)

    assert len(answers) <= 201


@pytest.fixture
def private(tmp_path):
    return made_up.write_private_folder(tmp_path / "private")


def with_judge(private, body):
    path = private / "judges" / "lesson_90.py"
    path.write_text(
        path.read_text(encoding="utf-8").replace(
            "if read.number(answer)", f"{body}\n    if read.number(answer)"
        )
    )


def test_nothing_is_left_in_the_instructors_folder(private, monkeypatch):
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    before = sorted(private.rglob("*"))
    judges = Judges(private)
    judges.judge("90", "", [json.dumps({"90.2": NUMBER, "90.2h": NUMBER}).encode()])
    judges.close()

    assert sorted(private.rglob("*")) == before


def test_a_judge_that_fails_is_told_and_the_others_go_on(private):
    with_judge(private, "raise RuntimeError('oops')")
    judges = Judges(private)
    word = {"kind": "text", "value": f"{made_up.CANARY}-answer"}

    verdicts = judges.judge("90", "", [json.dumps({"90.2": NUMBER, "90.3": word}).encode()])
    judges.close()

    assert verdicts["90.2"]["is_broken"]
    assert verdicts["90.2"]["points"] == 0
    assert verdicts["90.3"]["is_right"]


def test_a_judge_that_prints_does_not_disturb(private):
    with_judge(private, "print('{}')")
    judges = Judges(private)

    verdicts = judges.judge("90", "", [json.dumps({"90.2": NUMBER}).encode()])
    judges.close()

    assert not verdicts["90.2"]["is_right"]


@pytest.mark.parametrize("body", ["while True: pass", "import os; os._exit(3)"])
def test_a_judge_that_hangs_or_dies_is_replaced(private, body):
    with_judge(private, body)
    judges = Judges(private, seconds=20)
    answer = json.dumps({"90.2": NUMBER}).encode()

    with pytest.raises(JudgesFailedError, match=r"judges (took longer|stopped)"):
        judges.judge("90", "", [answer])

    assert judges.judge("90", "", []) == {}
    judges.close()


def test_judges_with_a_mistake_are_named(private):
    (private / "judges" / "lesson_90.py").write_text("this is no Python", encoding="utf-8")
    judges = Judges(private)

    with pytest.raises(CourseError, match="SyntaxError"):
        judges.exercises("90")
    judges.close()


def test_large_answers_pass_through(private):
    text = {"kind": "text", "value": "x" * 19_000}
    frames = [json.dumps({"90.3": text}).encode()] * 500
    judges = Judges(private)

    verdicts = judges.judge("90", "", frames)
    judges.close()

    assert verdicts["90.3"]["message"] == "Another word."
