from __future__ import annotations

import functools
import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sources_files import assert_says, batches, small_pictures, write_archive

from course_utils.cifar10 import load_cifar10
from course_utils.errors import CourseError
from course_utils.sources import array_cache, published
from course_utils.sources.published import archive_url, read_published

PICTURES = small_pictures()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A small archive behind a server, expected by its digest and its counts."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    path = write_archive(folder / "cifar-10-python.tar.gz", batches(PICTURES))
    handler = functools.partial(_Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    monkeypatch.setenv("COURSE_MIRROR", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(published, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    monkeypatch.setattr(published, "TRAIN_PICTURES", 60)
    monkeypatch.setattr(published, "TEST_PICTURES", 20)
    yield path
    server.shutdown()
    server.server_close()


def test_the_address_is_the_official_one_unless_a_mirror_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COURSE_MIRROR", raising=False)
    assert archive_url() == "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
    monkeypatch.setenv("COURSE_MIRROR", "http://127.0.0.1:1/files/")
    assert archive_url() == "http://127.0.0.1:1/files/cifar-10-python.tar.gz"


def test_the_archive_is_downloaded_and_read(mirror: Path) -> None:
    loaded = load_cifar10("published")
    assert loaded.source == "published"
    assert not loaded.is_stand_in
    assert np.array_equal(loaded.train_images, PICTURES.train_images)
    assert np.array_equal(loaded.test_labels, PICTURES.test_labels)


def test_auto_takes_the_archive(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COURSE_DATA", raising=False)
    assert load_cifar10("auto").source == "published"


@pytest.mark.parametrize("keep_seconds", [0, 60])
def test_the_second_time_needs_no_server(
    mirror: Path, monkeypatch: pytest.MonkeyPatch, keep_seconds: int
) -> None:
    monkeypatch.setattr(array_cache, "WORTH_KEEPING_SECONDS", keep_seconds)
    read_published()
    mirror.unlink()
    assert len(read_published().train_images) == 60


def test_another_file_is_refused(mirror: Path, tmp_path: Path) -> None:
    write_archive(mirror, batches(small_pictures(seed=1)))
    with pytest.raises(CourseError) as error:
        load_cifar10("published")
    assert_says(error, "another file than expected", published.SHA256)
    assert not (tmp_path / "cache" / "cifar-10-python.tar.gz").exists()


def test_every_picture_has_to_be_there(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "TEST_PICTURES", 10_000)
    with pytest.raises(CourseError) as error:
        load_cifar10("published")
    assert_says(error, "holds 60 and 20 pictures", "10,000 to test")
