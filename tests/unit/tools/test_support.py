"""The table of what the course runs on: rows, what is installed for them, words of logs, the page."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from tools import support
from tools.support import ROWS, Row


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(support, "FOLDER", tmp_path / "support")
    monkeypatch.setattr(support, "PAGE", tmp_path / "SUPPORT.md")
    monkeypatch.setattr(support, "PROJECT", tmp_path)
    return tmp_path


def test_rows_cover_each_python_with_each_kind_of_versions():
    kinds = {(row.python, row.versions) for row in ROWS if row.backend == "tensorflow"}

    assert kinds == {(p, v) for p in ("3.11", "3.13") for v in ("lowest", "constraints", "newest", "colab")}
    assert {row.backend for row in ROWS} == {"tensorflow", "jax", "torch"}
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_what_is_installed_follows_the_kind():
    assert "lowest-direct" in support.installing(Row("3.11", "lowest"), "")
    assert "constraints.txt" in support.installing(Row("3.11", "constraints"), "")
    assert "list.txt" in support.installing(Row("3.13", "colab"), "list.txt")


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("....\n120 passed, 3 warnings in 4.2s\n", "120 passed"),
        ("== 2 failed, 118 passed, 1 skipped in 9s ==\n", "2 failed, 118 passed, 1 skipped"),
        ("ImportError\n", "did not run"),
        (None, "not tried"),
    ],
)
def test_last_words_of_a_log(tmp_path: Path, log: str | None, words: str):
    if log is not None:
        (tmp_path / "log").write_text(log, encoding="utf-8")

    assert support.last_words(tmp_path / "log") == words


@pytest.mark.parametrize(("code", "lessons"), [(0, "1 of 5"), (1, "cannot be installed")])
def test_a_row_is_tried_once_and_told(place: Path, monkeypatch, capsys, code: int, lessons: str):
    ran: list[list[str]] = []

    def run(command: list[str], **options: object) -> SimpleNamespace:
        ran.append(command)
        if "course_utils.runner" in command:
            (place / "support" / "3.13-colab" / "course").mkdir()
            for name in ("02_x.ipynb", "03_x.unfinished.ipynb"):
                (place / "support" / "3.13-colab" / "course" / name).touch()
        if "pytest" in command:
            options["stdout"].write(b"7 passed in 1s\n")
        return SimpleNamespace(returncode=code if "uv" in command else 0, stdout=b'{"keras": "3.13.2"}')

    monkeypatch.setattr(support.subprocess, "run", run)
    words = ["--only", "3.13 colab", "--colab", "list.txt"]

    assert support.main([*words, "--strict"]) == 1  # one lesson of five
    count = len(ran)
    assert support.main(words) == 0
    assert len(ran) == count
    page = (place / "SUPPORT.md").read_text(encoding="utf-8")
    assert f"| 3.13 | colab | tensorflow | {lessons} | " in page
    assert page.count("not tried") == 2 * (len(ROWS) - 1)
    assert f"lessons: {lessons}" in capsys.readouterr().out


def test_an_unknown_row_is_told(capsys: pytest.CaptureFixture):
    assert support.main(["--only", "2.7 colab"]) == 1
    assert "Next: name some of: 3.11 lowest" in capsys.readouterr().err


def test_the_page_of_the_project_is_complete_and_all_rows_are_good():
    text = support.PAGE.read_text(encoding="utf-8")
    assert "|\n\nWindows" in text  # else the sentence becomes a row of the table
    lines = text.splitlines()
    found = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("| 3.")]

    assert [cells[:3] for cells in found] == [[row.python, row.versions, row.backend] for row in ROWS]
    for row, (*_, lessons, tests, _, _) in zip(ROWS, found, strict=True):
        assert support._is_good({"lessons": lessons, "tests": tests}, row), f"{row.name}: {lessons}, {tests}"
