"""Log lines of compiled libraries vanish; what Python says, and errors, stay."""

from __future__ import annotations

import os
import sys

import pytest

from course_utils.system import quiet


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
