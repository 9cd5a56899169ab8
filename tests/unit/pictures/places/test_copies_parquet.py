"""The parquet copy as a source: listed, downloaded, kept. How the files are read: test_sources_parquet.py."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sources_files import both_sets, small_pictures
from sources_places import as_in_a_new_process, served

from course_utils.cifar10 import load_cifar10
from course_utils.errors import CourseError
from course_utils.pictures import array_cache
from course_utils.pictures.formats import parquet
from course_utils.pictures.places import drawn
from course_utils.pictures.structure import Pictures
from course_utils.system.download import mirrors
from course_utils.system.download.transfer import RemoteFile

FILES = {"train": b"train " * 500, "test": b"test " * 500}
PICTURES = small_pictures()


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A repository of two files, whose reader gives small pictures; and an archive that nobody has."""
    (tmp_path / "hub").mkdir()
    for part, body in FILES.items():
        (tmp_path / "hub" / f"{part}.parquet").write_bytes(body)
    with served(tmp_path / "hub") as address:
        digests = {part: f"sha256:{hashlib.sha256(body).hexdigest()}" for part, body in FILES.items()}
        tables = [
            RemoteFile(f"{part}.parquet", (f"{address}/{part}.parquet",), digests[part], len(body))
            for part, body in FILES.items()
        ]
        archive = dataclasses.replace(mirrors.ARCHIVE, addresses=(f"{address}/{mirrors.ARCHIVE.name}",))
        as_in_a_new_process(monkeypatch, tmp_path / "cache")
        monkeypatch.setattr(mirrors, "PARQUET", tuple(tables))
        monkeypatch.setattr(mirrors, "ARCHIVE", archive)
        monkeypatch.setattr(drawn, "TRAIN_PER_CLASS", 3)
        monkeypatch.setattr(drawn, "TEST_PER_CLASS", 2)
        monkeypatch.setattr(array_cache, "WORTH_KEEPING_SECONDS", 0)
        yield tmp_path / "hub"


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pictures in place of what real files hold."""

    def read(train: Path, test: Path) -> Pictures:
        assert (train.read_bytes(), test.read_bytes()) == (FILES["train"], FILES["test"])
        return PICTURES

    monkeypatch.setattr(parquet, "read_parquet", read)


def test_both_files_are_fetched_and_read(hub: Path) -> None:
    host = mirrors.ARCHIVE.addresses[0].split("/")[2]
    loaded = load_cifar10("parquet")
    assert both_sets(loaded) == both_sets(PICTURES)
    assert loaded.source == "path"
    assert "the parquet copy uoft-cs/cifar10" in loaded.description
    assert loaded.steps == ((host, "complete"), (host, "complete"))


def test_auto_takes_it_where_nobody_has_the_archive(hub: Path, capsys: pytest.CaptureFixture) -> None:
    host = mirrors.ARCHIVE.addresses[0].split("/")[2]
    loaded = load_cifar10("auto")
    assert loaded.source == "path"
    assert loaded.steps == (
        ("cache", "does not hold it"),
        (host, "answered 404 File not found"),
        (host, "complete"),
        (host, "complete"),
    )
    assert capsys.readouterr().out.endswith(f"  {host}  complete\n" * 2)
    shutil.rmtree(hub)
    for file in (hub.parent / "cache").glob("*.parquet"):
        file.unlink()  # the pictures that were read are kept
    again = load_cifar10("auto")  # asks nobody
    assert (again.source, again.steps) == ("path", (("cache", "used"),))
    assert capsys.readouterr().out == ""


def test_files_that_hold_something_else_are_a_step_and_no_end(
    hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Path) -> None:
        raise CourseError("train.parquet holds 9 classes.", cause="Expected ten.", next_step="try again.")

    monkeypatch.setattr(parquet, "read_parquet", refuse)
    loaded = load_cifar10("auto")
    assert loaded.source == "drawn"
    assert ("parquet", "train.parquet holds 9 classes. Expected ten.") in loaded.steps
    with pytest.raises(CourseError, match="9 classes"):
        load_cifar10("parquet")
