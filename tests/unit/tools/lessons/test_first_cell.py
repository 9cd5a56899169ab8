"""The first cell of a notebook that lies alone in a folder, run by a Python that has no course."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from base64 import b85encode
from hashlib import sha256
from pathlib import Path

import pytest

from tools.lessons.frame import bootstrap

DRIVE = "/content/drive/MyDrive"


def course(said: str) -> dict[str, str]:
    """Files of a course that only says where it came from."""
    return {
        "course_utils/__init__.py": "",
        "course_utils/start.py": f"def start():\n    print({said!r}, __file__)\n",
    }


def zip_of(said: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in course(said).items():
            archive.writestr(name, text)
    return content.getvalue()


def carrying(said: str, repository: str = "") -> str:
    code = zip_of(said)
    return bootstrap(repository, "v1", sha256(code).hexdigest(), b85encode(code).decode())


def put(folder: Path, said: str) -> Path:
    for name, text in course(said).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The empty folder of a notebook, deep enough for the places above it."""
    folder = tmp_path / "a" / "b" / "c" / "d"
    folder.mkdir(parents=True)
    return folder


def run(place: Path, cell: str) -> subprocess.CompletedProcess:
    """Run the cell without site packages, so that no course is installed."""
    (place / "drive").mkdir(exist_ok=True)
    cell = cell.replace(DRIVE, str(place / "drive"))
    return subprocess.run(
        [sys.executable, "-S", "-c", cell], cwd=place, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("above", ["..", "../../..", "."])
def test_a_checkout_comes_first(place: Path, above: str):
    put(place / above, "the checkout")
    (place / "course.zip").write_bytes(zip_of("the zip"))

    done = run(place, carrying("the cell"))

    assert done.stdout.startswith("the checkout"), done.stderr
    assert [path.name for path in place.iterdir() if path.name.startswith("course-")] == []


def test_carried_code_comes_before_a_zip_and_is_unpacked_once(place: Path):
    (place / "course.zip").write_bytes(zip_of("the zip"))
    cell = carrying("the cell")

    first = run(place, cell)
    (unpacked,) = (path for path in place.iterdir() if path.is_dir() and path.name.startswith("course"))
    times = {path: path.stat().st_mtime_ns for path in unpacked.rglob("*.py")}
    second = run(place, cell)

    assert first.stdout.startswith("the cell"), first.stderr
    assert second.stdout == first.stdout
    assert {path: path.stat().st_mtime_ns for path in unpacked.rglob("*.py")} == times


def test_another_version_does_not_use_the_code_of_the_old_one(place: Path):
    run(place, carrying("version 1"))

    assert run(place, carrying("version 2")).stdout.startswith("version 2")


@pytest.mark.parametrize("where", ["course.zip", "drive/course.zip"])
def test_a_zip_beside_the_notebook_or_in_a_drive(place: Path, where: str):
    (place / where).parent.mkdir(exist_ok=True)
    (place / where).write_bytes(zip_of("the zip"))

    done = run(place, bootstrap("", "v1"))

    assert done.stdout.startswith("the zip"), done.stderr
    assert run(place, bootstrap("", "v1")).stdout == done.stdout


def test_else_the_repository_is_copied(place: Path, tmp_path: Path):
    source = put(tmp_path / "source", "the repository")
    git = ["git", "-c", "user.name=Jo", "-c", "user.email=jo@example.org", "-C", str(source)]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"], ["tag", "v1"]):
        subprocess.run([*git, *words], check=True)
    cell = bootstrap("jo/course", "v1").replace("https://github.com/jo/course", source.as_uri())

    assert run(place, cell).stdout.startswith("the repository")


def test_nothing_there_says_what_to_do(place: Path):
    done = run(place, bootstrap("", "v1"))

    assert "The course is not here: put course.zip beside this notebook." in done.stderr
    assert done.returncode == 1


def test_no_network_says_so(place: Path):
    cell = bootstrap("jo/course", "v1").replace("https://github.com/jo/course", "file:///nowhere/course")

    done = run(place, cell)

    assert "file:///nowhere/course could not be copied: is there a network?" in done.stderr
    assert not (place / "course").exists()


def test_changed_code_is_refused_before_anything_is_unpacked(place: Path):
    good = carrying("the cell")
    code = b85encode(zip_of("the cell")).decode()
    at = len(code) // 2
    changed = code[:at] + ("1" if code[at] != "1" else "2") + code[at + 1 :]

    done = run(place, good.replace(code, changed))

    assert "This file was changed on its way: get it again." in done.stderr
    assert list(place.glob("course*")) == []


@pytest.mark.parametrize("damage", ["half", "byte", "page"])
def test_a_damaged_zip_leaves_nothing_half_unpacked(place: Path, damage: str):
    whole = zip_of("the zip")
    at = whole.index(b"start.py") + len("start.py") + 4
    damaged = {"half": whole[: len(whole) // 2], "page": b"<html>Please log in</html>"}
    damaged["byte"] = whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :]
    (place / "course.zip").write_bytes(damaged[damage])

    done = run(place, bootstrap("", "v1"))

    assert done.returncode == 1
    assert not (place / "course").exists()
    if damage != "byte":
        assert "course.zip is damaged: get it again." in done.stderr


def test_the_cell_is_folded_under_one_sentence_and_not_long():
    lines = bootstrap("jo/course", "v1").splitlines()

    assert lines[0].startswith("# @title ")
    assert len(lines) <= 30
    assert max(map(len, lines)) <= 100
