"""Stamping a public place into a copy of the project, and links that lead nowhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from course_utils.system.paths import PROJECT
from tools.lessons import publish

GIT = ["git", "-c", "user.name=Jo", "-c", "user.email=jo@example.org"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what publish reads and writes, under git."""
    copy = tmp_path / "project"
    ignored = shutil.ignore_patterns(
        ".git", ".venv", "build", "__pycache__", "*.npz", "wrong_answers", "hostile"
    )
    shutil.copytree(PROJECT, copy, ignore=ignored)
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"]):
        subprocess.run([*GIT, *words], cwd=copy, check=True)
    return copy


def published(project: Path, *words: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "tools.lessons.publish", *words]
    environment = {**os.environ, "PYTHONPATH": str(project)}
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=120)


def changed(project: Path) -> list[str]:
    return subprocess.run(
        ["git", "diff", "--name-only"], cwd=project, capture_output=True, text=True, check=True
    ).stdout.split()


def test_a_repository_is_stamped_everywhere_and_taken_away_again(project: Path):
    done = published(project, "--repository", "jo/course", "--tag", "v9")

    assert done.returncode == 0, done.stdout + done.stderr
    lessons = len(list((project / "notebooks").glob("[0-9]*.ipynb")))
    assert f"github.com/jo/course, tag v9: {lessons} lessons changed" in done.stdout
    for name in (
        "README.md",
        "notebooks/02_baseline_mlp_cnn.ipynb",
        "notebooks/exercises/student/05_comparison.ipynb",
    ):
        text = (project / name).read_text(encoding="utf-8")
        assert "colab.research.google.com/github/jo/course/blob/v9/notebooks/" in text
        assert "mybinder.org/v2/gh/jo/course/v9" in text
        assert "codespaces.new/jo/course" in text

    published(project, "--repository", "jo/course")  # the same again
    subprocess.run([*GIT, "commit", "-qam", "public"], cwd=project, check=True)
    assert changed(project) == []
    subprocess.run([*GIT, "revert", "-n", "HEAD"], cwd=project, check=True)
    subprocess.run([*GIT, "commit", "-qm", "private"], cwd=project, check=True)
    assert "no public repository: 0 lessons changed" in published(project).stdout
    assert changed(project) == []


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("https://github.com/jo/course.git", "jo/course"),
        ("git@github.com:jo/my.course.git", "jo/my.course"),
        ("https://example.org/jo/course", ""),
    ],
)
def test_the_remote_says_the_repository(tmp_path: Path, address: str, found: str):
    for words in (["init", "-q"], ["remote", "add", "origin", address]):
        subprocess.run([*GIT, *words], cwd=tmp_path, check=True)

    assert publish.origin(tmp_path) == found


@pytest.mark.parametrize("words", [["--repository", "course"], ["--repository", 'jo/co"x'], ["--tag", "v 1"]])
def test_bad_names_change_nothing(words: list[str], capsys: pytest.CaptureFixture):
    before = (PROJECT / "pyproject.toml").read_bytes()

    assert publish.main(words) == 1
    assert 'Next: name them as make publish REPOSITORY="owner/name" TAG="v1.0"' in capsys.readouterr().err
    assert (PROJECT / "pyproject.toml").read_bytes() == before


def test_every_link_inside_the_project_holds():
    assert publish.broken_links() == []


def test_links_that_lead_nowhere_are_told(tmp_path: Path):
    (tmp_path / "a.md").write_text(
        "# One title\n[x](b.md) [y](a.md#one-title) [z](#two) [w](https://example.org/none)", encoding="utf-8"
    )
    for words in (["init", "-q"], ["add", "a.md"]):
        subprocess.run([*GIT, *words], cwd=tmp_path, check=True)

    assert publish.broken_links(tmp_path) == ["a.md: b.md", "a.md: #two"]
