"""Where nbgrader runs a notebook, a wrong answer fails; JupyterLab shows no button that says otherwise."""

from __future__ import annotations

import subprocess
import sys

import pytest

from course_utils.checks import check
from course_utils.system.paths import PROJECT


@pytest.mark.parametrize("name", ["NBGRADER_EXECUTION", "NBGRADER_VALIDATING"])
@pytest.mark.parametrize("answer", [("01.q1", "z"), ("01.q1", ...), ("01.2", object()), ("01", 1)])
def test_what_is_not_right_fails_under_nbgrader(monkeypatch, name, answer):
    check(*answer)  # in a notebook, nothing is raised
    monkeypatch.setenv(name, "validate")

    with pytest.raises(AssertionError):
        check(*answer)


def test_what_is_right_passes_under_nbgrader(monkeypatch, capsys):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    failed = 0
    for option in "abcd":
        try:
            check("01.q1", option)
        except AssertionError:
            failed += 1

    assert failed == 3
    assert "01.q1: right" in capsys.readouterr().out


def test_make_lab_switches_the_extensions_of_nbgrader_off():
    done = subprocess.run(["make", "-n", "lab"], cwd=PROJECT, capture_output=True, text=True, check=True)
    switch, start = [line for line in done.stdout.splitlines() if "jupyter" in line][-2:]
    assert "-m jupyterlab " in start

    subprocess.run(switch, shell=True, cwd=PROJECT, check=True)

    command = [sys.executable, "-m", "jupyterlab.labextensions", "list"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    lines = [line for line in (done.stdout + done.stderr).splitlines() if "@jupyter/nbgrader v" in line]
    assert lines
    assert all("disabled" in line for line in lines)
