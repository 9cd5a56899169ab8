"""docs/THREATS.md says what is so: its numbers are those of the code, the tests that it names are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from course_utils.system.paths import PROJECT
from tools.grading import bubblewrap, collect, entries, notebook_file, sandbox, stage

HERE = Path(__file__).parent
TEXT = " ".join((PROJECT / "docs" / "THREATS.md").read_text(encoding="utf-8").split())
LIMITS = sandbox.Limits()


@pytest.mark.parametrize(
    "said",
    [
        f"{LIMITS.memory / 2**30:.0f} GB of private memory",
        f"{LIMITS.scratch / 2**30:.0f} GB and 64 MB, {LIMITS.inodes:,} files",
        f"less than {sandbox.HOST_RESERVE / 2**20:.0f} MB left",
        f"{LIMITS.processes} processes, {LIMITS.threads} threads and {sandbox.THREADS_A_PROCESSOR} more",
        f"at most {collect.MOST_BYTES / 1e6:.0f} MB are read",
        f"{entries.MOST_MEMBERS:,} files looked at",
        f"a tar unpacks to at most {entries.LARGEST_TAR / 1e6:.0f} MB",
        f"notebooks of {notebook_file.LARGEST_NOTEBOOK / 1e6:.0f} MB with a million characters",
        f"{collect.MOST_PROBLEMS} problems told",
    ],
)
def test_numbers_are_those_of_the_code(said):
    assert said in TEXT
    assert notebook_file.LARGEST_SOURCES == 1_000_000
    assert collect.DEEPEST == 3


def test_each_row_names_tests_that_are_there():
    rows = [row.split("|") for row in (PROJECT / "docs" / "THREATS.md").read_text("utf-8").splitlines()]
    _, *rows = (row[3] for row in rows if len(row) == 5 and "---" not in row[1])
    named = [re.findall(r"`([\w/.]+\.py)`", row) for row in rows]

    assert len(named) >= 10
    assert all(named)
    assert [name for row in named for name in row if not (HERE / name).is_file()] == []
    others = re.findall(r"`((?:tests/[\w/]*)?test_\w+\.py)`", TEXT)
    assert [name for name in others if not ((HERE / name).is_file() or (PROJECT / name).is_file())] == []


def test_files_of_settings_are_four_and_judges_stay_outside():
    assert len(bubblewrap.SETTINGS) == 4
    assert "judges" in stage.NEVER("", ["judges", "plain.py"])
