"""CourseError: short, with a next step, and shown in a notebook without the calls that led to it."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys

import pytest

from course_utils.errors import CourseError, first_line
from course_utils.system.paths import PROJECT


@pytest.mark.parametrize(
    ("more", "lines"),
    [
        ({}, ["It broke."]),
        ({"cause": "Too old."}, ["It broke.", "Too old."]),
        ({"next_step": "buy one."}, ["It broke.", "Next: buy one."]),
        ({"cause": "Too old.", "next_step": "buy one."}, ["It broke.", "Too old.", "Next: buy one."]),
    ],
)
def test_message_has_a_line_for_each_part(more, lines):
    assert str(CourseError("It broke.", **more)).splitlines() == lines


def test_is_a_value_error_and_crosses_processes():
    error = CourseError("It broke.", cause="Too old.", next_step="buy one.")
    assert isinstance(error, ValueError)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_notebook_shows_no_traceback(tmp_path):
    code = (
        "from course_utils.errors import CourseError\n"
        "def inner_call():\n    raise CourseError('It broke.', next_step='buy one.')\n"
        "inner_call()"
    )
    shown = subprocess.run(
        [sys.executable, "-m", "IPython", "--colors=NoColor", "-c", code],
        cwd=PROJECT,
        env=os.environ | {"IPYTHONDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    text = shown.stdout + shown.stderr
    assert "CourseError: It broke.\nNext: buy one." in text
    assert "inner_call" not in text
    assert "Traceback" not in text
    assert shown.returncode != 0


@pytest.mark.parametrize(
    ("text", "line"), [("one\ntwo", "one"), ("", "OSError"), ("\n \nthree", "three"), ("a\tb", "a\\tb")]
)
def test_the_first_line_of_an_error_is_never_empty(text, line):
    assert first_line(OSError(text)) == line


def test_names_in_another_encoding_can_be_printed():
    str(CourseError("caf\udce9 is missing.")).encode()
