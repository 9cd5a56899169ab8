"""Files are written whole or not at all, and nothing is left beside them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from course_utils.system import cache
from course_utils.system.whole_file import replacing, write_whole


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "table.json"
    path.write_text("old")
    return path


def beside(path: Path) -> list[str]:
    return [other.name for other in path.parent.iterdir() if other != path]


def test_the_file_is_replaced_at_the_end_of_the_block(path: Path):
    with replacing(path) as part:
        part.write_text("new")
        assert part.parent == path.parent  # another disk could not be renamed to
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert beside(path) == []


def test_a_new_file_appears_at_the_end_with_the_usual_rights(tmp_path: Path):
    plain, path = tmp_path / "plain.json", tmp_path / "new.json"
    plain.touch()
    with replacing(path) as part:
        part.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert path.stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_in_the_block_leaves_the_old_file_and_nothing_beside_it(path: Path, failure: BaseException):
    def stopped() -> None:
        with replacing(path) as part:
            part.write_text("ne")
            raise failure

    with pytest.raises(type(failure)) as raised:
        stopped()
    assert raised.value is failure
    assert path.read_text() == "old"
    assert beside(path) == []


def test_a_file_that_cannot_be_replaced_stays(path: Path, monkeypatch: pytest.MonkeyPatch):
    def locked(*_: object) -> None:
        raise PermissionError("the file is open elsewhere")

    monkeypatch.setattr(os, "replace", locked)
    with pytest.raises(PermissionError, match="open elsewhere"):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert beside(path) == []


@pytest.mark.parametrize("content", ["Größe\n", b"\x89PNG\r\n"])
def test_texts_and_bytes_are_written_as_they_are_and_the_folder_is_made(tmp_path: Path, content: str | bytes):
    path = tmp_path / "new" / "folder" / "file"
    write_whole(path, content)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)


def test_writers_at_the_same_time_do_not_meet(path: Path):
    with replacing(path) as first:
        first.write_text("first")
        write_whole(path, "second")
        assert path.read_text() == "second"
        assert first.read_text() == "first"
    assert path.read_text() == "first"


def test_no_two_processes_share_a_name(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("course_utils.system.whole_file._NUMBERS", iter([0, 0]))  # each process counts from 0
    with replacing(path) as mine:
        mine.touch()
        monkeypatch.setattr(os, "getpid", lambda: 1)
        with replacing(path) as other:
            other.touch()
            assert mine != other


@pytest.mark.parametrize("name", ["a.json", "14-a.png", "run.csv", "14_a.ipynb", "key.npz"])
def test_an_unfinished_file_is_found_by_no_reader(tmp_path: Path, name: str):
    with replacing(tmp_path / name) as part:
        part.touch()
        assert list(tmp_path.iterdir()) == [part]
        for pattern in ("*.json", "*.png", "*.csv", "*.ipynb", "*.npz", "*.yaml", "[!0-9]*.png", "14-*"):
            assert not list(tmp_path.glob(pattern))
        (tmp_path / name).touch()


def test_what_a_killed_process_leaves_in_the_cache_counts_as_unfinished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    (tmp_path / "features").mkdir()
    for target in (tmp_path / "lesson-seconds.json", tmp_path / "features" / "key.npz"):
        with replacing(target) as part:
            part.touch()
            assert [entry.kind for entry in cache.entries() if entry.path == part] == ["unfinished"]
