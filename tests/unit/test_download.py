from __future__ import annotations

import hashlib
import http.server
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sources_files import assert_says

from course_utils.download import download, file_digest
from course_utils.errors import CourseError

BODY = os.urandom(3_000_000)
SHA256 = hashlib.sha256(BODY).hexdigest()
Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


class _Server:
    """Answers on 127.0.0.1 as a test wants. Counts what it was asked."""

    def __init__(self) -> None:
        self.answer: Answer = whole
        self.requests = 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests += 1
                outer.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/file.bin"
        self.stopping = threading.Event()
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self.stopping.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def server() -> Iterator[_Server]:
    made = _Server()
    yield made
    made.stop()


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Path]:
    """Where the file shall go. Whatever happens, nothing else may lie there afterwards."""
    path = tmp_path / "new" / "file.bin"
    yield path
    assert [file.name for file in path.parent.glob("*")] in ([], ["file.bin"])


def head(handler: http.server.BaseHTTPRequestHandler, kind: str = "application/gzip") -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(BODY)))
    handler.end_headers()


def whole(handler: http.server.BaseHTTPRequestHandler) -> None:
    head(handler)
    handler.wfile.write(BODY)


def test_a_file_arrives_under_its_name(server: _Server, target: Path) -> None:
    assert download(server.url, target, sha256=SHA256.upper()) == target
    assert target.read_bytes() == BODY


def test_a_file_that_is_there_is_not_asked_for(server: _Server, target: Path) -> None:
    for _ in range(2):
        download(server.url, target, sha256=SHA256)
    assert server.requests == 1


def test_a_damaged_file_is_replaced(server: _Server, target: Path) -> None:
    target.parent.mkdir()
    target.write_bytes(BODY[:-1])
    download(server.url, target, sha256=SHA256)
    assert file_digest(target) == SHA256


def test_wrong_bytes_are_thrown_away(server: _Server, target: Path) -> None:
    with pytest.raises(CourseError) as error:
        download(server.url, target, sha256="0" * 64)
    assert_says(error, server.url, "0" * 64, SHA256)
    assert not target.exists()


def test_wrong_bytes_leave_the_old_file(server: _Server, target: Path) -> None:
    target.parent.mkdir()
    target.write_bytes(b"before")
    with pytest.raises(CourseError):
        download(server.url, target, sha256="0" * 64)
    assert target.read_bytes() == b"before"


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><title>Log in</title>", b"\n <html>", b"Please log in"])
def test_a_login_page_is_recognised(server: _Server, target: Path, page: bytes) -> None:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html" if b"Please" in page else "application/gzip")
        handler.end_headers()
        handler.wfile.write(page)

    server.answer = answer
    with pytest.raises(CourseError) as error:
        download(server.url, target, sha256=SHA256)
    assert_says(error, server.url, "web page", "log in")


def test_a_cut_connection_is_told(server: _Server, target: Path) -> None:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        head(handler)
        handler.wfile.write(BODY[:1_000_000])

    server.answer = answer
    with pytest.raises(CourseError) as error:
        download(server.url, target, sha256=SHA256)
    assert_says(error, server.url, "cut after 1,000,000 of 3,000,000 bytes")


def test_an_error_of_the_server_is_told(server: _Server, target: Path) -> None:
    server.answer = lambda handler: handler.send_error(503)
    with pytest.raises(CourseError) as error:
        download(server.url, target, sha256=SHA256)
    assert_says(error, server.url, "503 Service Unavailable")


def test_a_stall_ends(server: _Server, target: Path) -> None:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        head(handler)
        handler.wfile.write(BODY[:1000])
        handler.wfile.flush()
        server.stopping.wait(20)

    server.answer = answer
    start = time.monotonic()
    with pytest.raises(CourseError) as error:
        download(server.url, target, sha256=SHA256, stall_timeout=0.4)
    assert time.monotonic() - start < 5
    assert_says(error, server.url, "silent too long")


def test_a_server_that_never_answers_is_given_up(server: _Server, target: Path) -> None:
    server.answer = lambda handler: server.stopping.wait(20)
    start = time.monotonic()
    with pytest.raises(CourseError) as error:
        download(server.url, target, sha256=SHA256, connect_timeout=0.4)
    assert time.monotonic() - start < 5
    assert_says(error, server.url, "no answer within 0.4 s")


def test_a_name_that_is_looked_up_for_long_is_given_up(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(10))
    start = time.monotonic()
    with pytest.raises(CourseError) as error:
        download("http://example.invalid/a", target, sha256=SHA256, connect_timeout=0.3)
    assert time.monotonic() - start < 5
    assert_says(error, "no answer within 0.3 s")


def test_a_slow_server_is_left_as_soon_as_its_speed_is_known(server: _Server, target: Path) -> None:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        head(handler)
        for at in range(0, len(BODY), 1000):
            handler.wfile.write(BODY[at : at + 1000])
            if server.stopping.wait(0.05):
                return

    server.answer = answer
    start = time.monotonic()
    with pytest.raises(CourseError) as error:
        download(server.url, target, sha256=SHA256, patience=4)
    assert time.monotonic() - start < 3.5
    assert_says(error, server.url, "kB/s it would take", "minutes")


def test_patience_ends_without_a_known_length(server: _Server, target: Path) -> None:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not server.stopping.wait(0.05):
            handler.wfile.write(b"more")

    server.answer = answer
    with pytest.raises(CourseError) as error:
        download(server.url, target, sha256=SHA256, patience=0.5)
    assert_says(error, "not complete after 0.5 s")


def test_a_refused_connection_is_told(target: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        with pytest.raises(CourseError) as error:
            download(f"http://127.0.0.1:{taken.getsockname()[1]}/a", target, sha256=SHA256)
    assert_says(error, "refused the connection")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "no address", ""])
def test_other_addresses_are_refused(target: Path, url: str) -> None:
    with pytest.raises(CourseError) as error:
        download(url, target, sha256=SHA256)
    assert_says(error, "http://")


def test_an_interrupt_leaves_nothing_behind(
    server: _Server, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("course_utils.download._check_patience", interrupted)
    with pytest.raises(KeyboardInterrupt):
        download(server.url, target, sha256=SHA256)
    assert not target.exists()


def test_a_target_that_cannot_be_written_is_told(server: _Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(CourseError) as error:
        download(server.url, tmp_path / "file" / "file.bin", sha256=SHA256)
    assert_says(error, server.url)
