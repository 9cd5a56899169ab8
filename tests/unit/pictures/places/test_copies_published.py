from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sources_files import batches, small_pictures, write_archive
from sources_places import as_in_a_new_process, served

from course_utils.cifar10 import load_cifar10
from course_utils.pictures import array_cache
from course_utils.pictures.places.copies import read_copy
from course_utils.system.download import mirrors
from course_utils.system.download.transfer import RemoteFile

PICTURES = small_pictures()


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A small archive behind a server, expected by its digest and its counts."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    path = write_archive(folder / "cifar-10-python.tar.gz", batches(PICTURES))
    as_in_a_new_process(monkeypatch, tmp_path / "cache")
    digest = f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    small = RemoteFile(path.name, (), digest, path.stat().st_size)
    monkeypatch.setattr(mirrors, "ARCHIVE", small)
    with served(folder) as address:
        monkeypatch.setenv("COURSE_MIRROR", f"{address}/")
        yield path


def test_the_archive_is_downloaded_and_read(mirror: Path) -> None:
    loaded = load_cifar10("published")
    assert loaded.source == "published"
    assert np.array_equal(loaded.train_images, PICTURES.train_images)
    assert np.array_equal(loaded.test_labels, PICTURES.test_labels)


@pytest.mark.parametrize("keep_seconds", [0, 60])
def test_the_second_time_needs_no_server(
    mirror: Path, monkeypatch: pytest.MonkeyPatch, keep_seconds: int
) -> None:
    monkeypatch.setattr(array_cache, "WORTH_KEEPING_SECONDS", keep_seconds)
    read_copy("published")
    mirror.unlink()
    assert len(read_copy("published").train_images) == 60


# The archive on disk, as in a folder of make fetch


@pytest.mark.parametrize("given", ["folder", "file"])
def test_the_published_archive_at_a_path_is_called_published(mirror: Path, given: str) -> None:
    loaded = load_cifar10(mirror.parent if given == "folder" else mirror)
    assert loaded.source == "published"
    assert "the published archive, from" in loaded.description
    assert [step.outcome for step in loaded.steps] == ["used"]


def test_another_archive_at_a_path_is_a_path(mirror: Path) -> None:
    write_archive(mirror, batches(small_pictures(seed=1)))
    assert load_cifar10(mirror.parent).source == "path"


def test_an_altered_archive_of_the_same_size_is_a_path(mirror: Path) -> None:
    content = bytearray(mirror.read_bytes())
    content[5] ^= 1  # the time in the header, which changes no picture
    mirror.write_bytes(content)
    assert load_cifar10(mirror.parent).source == "path"


def test_steps_tell_who_gave_the_archive(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = mirrors.locations()[0].removeprefix("http://")
    first = load_cifar10("published")
    assert [tuple(step) for step in first.steps] == [("cache", "does not hold it"), (host, "complete")]
    monkeypatch.setattr(array_cache, "WORTH_KEEPING_SECONDS", 0)
    for _ in range(2):  # from the archive, then from its arrays
        assert [tuple(step) for step in load_cifar10("auto").steps] == [("cache", "used")]
