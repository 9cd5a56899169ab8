"""Log lines of compiled libraries vanish; what Python says, and errors, stay."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from course_utils.system import quiet
from course_utils.system.paths import PROJECT


def test_lines_of_compiled_code_vanish_and_the_next_ones_come(capfd):
    with quiet._stderr_shut():
        os.write(2, b"a line of compiled code\n")
    os.write(2, b"heard again\n")
    assert capfd.readouterr().err == "heard again\n"


def test_stderr_returns_after_an_error_and_nothing_stays_open(capfd):
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else None
    for _ in range(5):
        with pytest.raises(ZeroDivisionError), quiet._stderr_shut():
            raise ZeroDivisionError
    if before is not None:
        assert len(os.listdir("/proc/self/fd")) == before
    os.write(2, b"heard\n")
    assert capfd.readouterr().err == "heard\n"


def test_keras_is_imported_and_a_chosen_level_stays(monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "1")
    quiet.import_keras_quietly()
    assert "keras" in sys.modules
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "1"


def test_a_missing_keras_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(ImportError):
        quiet.import_keras_quietly()


def test_a_keras_json_of_another_time_changes_nothing(tmp_path):
    old = {"image_data_format": "channels_first", "floatx": "float16", "backend": "theano", "epsilon": 0.1}
    assert start_keras(tmp_path, json.dumps(old)) == "channels_last float32 tensorflow 1e-07\n"


def test_a_keras_json_that_keras_cannot_read_is_named(tmp_path):
    assert "Next: delete keras.json" in start_keras(tmp_path, '{"floatx": "bfloat16"}')


def start_keras(home, text: str) -> str:
    (home / ".keras").mkdir()
    (home / ".keras" / "keras.json").write_text(text)
    code = (
        "from course_utils.system import quiet\nquiet.import_keras_quietly()\n"
        "from keras import config as c\nprint(c.image_data_format(), c.floatx(), c.backend(), c.epsilon())"
    )
    settings = {key: value for key, value in os.environ.items() if not key.startswith("KERAS_")}
    settings |= {"HOME": str(home), "USERPROFILE": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=settings, cwd=PROJECT, capture_output=True, text=True
    )
    return done.stdout + done.stderr
