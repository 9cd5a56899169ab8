from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import soak

PROJECT = Path(__file__).resolve().parents[2]


def test_20_runs_accept_no_wrong_byte() -> None:
    command = [sys.executable, str(PROJECT / "tests" / "soak" / "soak.py"), "--runs", "20", "--seed", "5"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.startswith("20 runs in ")
    assert "wrong bytes accepted: 0 (" in ended.stdout
    assert "complete once the servers were good again: 20 of 20" in ended.stdout
    assert " 0 kills" not in ended.stdout


def test_a_download_that_checks_nothing_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("course_utils.system.download.transfer._digest_like", lambda path, digest: digest)
    count = soak.Count()
    for number in range(20):
        soak.run(0, number, count, killing=False)
    assert len(count.wrong) >= 3
    assert not count.is_good
    assert f"wrong bytes accepted: {len(count.wrong)} (runs [" in soak.summary(count, 1)


def test_a_fault_that_blocks_a_file_for_ever_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("course_utils.system.download.transfer._Download._discard", lambda self: None)
    count = soak.Count()
    for number in range(12):
        soak.run(0, number, count, killing=False)
    assert count.wrong == []
    assert count.recovered < 12
    assert not count.is_good


def test_another_error_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise KeyError("odd")

    monkeypatch.setattr("course_utils.system.download.transfer._Download._write", fails)
    count = soak.Count()
    soak.run(0, 0, count, killing=False)
    assert not count.is_good
    assert "ERROR run 0: KeyError: 'odd'" in soak.summary(count, 1)
