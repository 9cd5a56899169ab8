"""The parquet copy as a source: listed, downloaded, kept. How the files are read: test_sources_parquet.py."""

from __future__ import annotations

import dataclasses
import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sources_files import both_sets, small_pictures
from sources_places import as_in_a_new_process

from course_utils.cifar10 import load_cifar10
from course_utils.errors import CourseError
from course_utils.pictures import array_cache
from course_utils.pictures.formats import parquet
from course_utils.pictures.places import drawn
from course_utils.pictures.structure import Pictures
from course_utils.system.download import mirrors

FILES = {"train": b"train " * 500, "test": b"test " * 500}
PICTURES = small_pictures()


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """A repository of two files, whose reader gives small pictures; and an archive that nobody has."""
    bodies = {f"/{part}.parquet": body for part, body in FILES.items()}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = bodies.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    tables = [
        parquet.RemoteTable(
            f"{part}.parquet",
            f"{address}/{part}.parquet",
            f"sha256:{hashlib.sha256(body).hexdigest()}",
            len(body),
        )
        for part, body in FILES.items()
    ]
    monkeypatch.setattr(parquet, "FILES", tuple(tables))
    archive = dataclasses.replace(mirrors.ARCHIVE, addresses=(f"{address}/{mirrors.ARCHIVE.name}",))
    monkeypatch.setattr(mirrors, "ARCHIVE", archive)
    as_in_a_new_process(monkeypatch, tmp_path / "cache")
    monkeypatch.setattr(drawn, "TRAIN_PER_CLASS", 3)
    monkeypatch.setattr(drawn, "TEST_PER_CLASS", 2)
    monkeypatch.setattr(array_cache, "WORTH_KEEPING_SECONDS", 0)
    yield bodies
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pictures in place of what real files hold."""

    def read(train: Path, test: Path) -> Pictures:
        assert (train.read_bytes(), test.read_bytes()) == (FILES["train"], FILES["test"])
        return PICTURES

    monkeypatch.setattr(parquet, "read_parquet", read)


def test_both_files_are_fetched_and_read(hub: dict[str, bytes]) -> None:
    host = mirrors.ARCHIVE.addresses[0].split("/")[2]
    loaded = load_cifar10("parquet")
    assert both_sets(loaded) == both_sets(PICTURES)
    assert loaded.source == "path"
    assert "the parquet copy uoft-cs/cifar10" in loaded.description
    assert loaded.steps == ((host, "complete"), (host, "complete"))


def test_auto_takes_it_where_nobody_has_the_archive(
    hub: dict[str, bytes], capsys: pytest.CaptureFixture
) -> None:
    host = mirrors.ARCHIVE.addresses[0].split("/")[2]
    loaded = load_cifar10("auto")
    assert loaded.source == "path"
    assert loaded.steps == (
        ("cache", "does not hold it"),
        (host, "answered 404 Not Found"),
        (host, "complete"),
        (host, "complete"),
    )
    assert capsys.readouterr().out.endswith(f"  {host}  complete\n" * 2)
    hub.clear()
    again = load_cifar10("auto")  # asks nobody
    assert (again.source, again.steps) == ("path", (("cache", "used"),))
    assert capsys.readouterr().out == ""


def test_files_that_hold_something_else_are_a_step_and_no_end(
    hub: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Path) -> None:
        raise CourseError("train.parquet holds 9 classes.", cause="Expected ten.", next_step="try again.")

    monkeypatch.setattr(parquet, "read_parquet", refuse)
    loaded = load_cifar10("auto")
    assert loaded.is_stand_in
    assert ("parquet", "train.parquet holds 9 classes. Expected ten.") in loaded.steps
    with pytest.raises(CourseError, match="9 classes"):
        load_cifar10("parquet")


def test_a_file_with_other_bytes_than_listed_is_refused(hub: dict[str, bytes]) -> None:
    for path in hub:
        if "test" in path:
            hub[path] = FILES["test"][:-1] + b"!"
    with pytest.raises(CourseError, match="another file than expected"):
        load_cifar10("parquet")
