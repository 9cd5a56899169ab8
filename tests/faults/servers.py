"""A small HTTP server on 127.0.0.1 that goes wrong as a test wants. It ends with its ``with`` block.

with FaultyServer(body, [Cut(0.5), Status(503)]) as server:
    …  # the first request is cut at 50 %, the second gets 503, all others get what they ask for
"""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

BLOCK = 16 * 1024
LONGEST_LIFE = 60.0  # seconds that an answer lives at most, whatever a test forgets
LOGIN_PAGE = b"<!DOCTYPE html><html><title>Campus network</title><form>Name, password</form></html>"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What one answer does. ``body`` replaces the server's own from this request on."""

    ignores_range: bool = False
    body: bytes | None = None

    def answer(self, request: Request) -> None:
        request.send_file()

    def may_send(self, request: Request, at: int, size: int) -> int:
        """Return how many of the next bytes are sent; 0 ends the answer."""
        return size


@dataclass(frozen=True)
class Cut(Fault):
    """Close the connection when so much of the whole file has been sent."""

    part: float = 0.5

    def may_send(self, request: Request, at: int, size: int) -> int:
        return min(size, max(int(self.part * len(request.server.body)) - at, 0))


@dataclass(frozen=True)
class Stall(Cut):
    """Send no more when so much of the whole file has been sent, but keep the connection."""

    def may_send(self, request: Request, at: int, size: int) -> int:
        allowed = super().may_send(request, at, size)
        if not allowed:
            request.server.ends.wait(LONGEST_LIFE)
        return allowed


@dataclass(frozen=True)
class Throttle(Fault):
    """Send so many bytes a second."""

    speed: float = 55_000.0

    def may_send(self, request: Request, at: int, size: int) -> int:
        allowed = min(size, max(int(self.speed / 20), 1))
        return 0 if request.server.ends.wait(allowed / self.speed) else allowed


@dataclass(frozen=True)
class Status(Fault):
    """Answer with an error."""

    code: int = 503
    retry_after: str | None = None

    def answer(self, request: Request) -> None:
        request.send_response(self.code)
        if self.retry_after is not None:
            request.send_header("Retry-After", self.retry_after)
        request.send_header("Content-Length", "0")
        request.end_headers()


@dataclass(frozen=True)
class LoginPage(Fault):
    """Answer 200 with a web page."""

    kind: str = "text/html; charset=utf-8"

    def answer(self, request: Request) -> None:
        request.send_body(200, LOGIN_PAGE, {"Content-Type": self.kind})


@dataclass(frozen=True)
class Silent(Fault):
    """Take the connection and the question, and answer nothing."""

    def answer(self, request: Request) -> None:
        request.server.ends.wait(LONGEST_LIFE)


@dataclass(frozen=True)
class Redirect(Fault):
    """Send on to another address."""

    to: str = ""

    def answer(self, request: Request) -> None:
        request.send_body(302, b"", {"Location": self.to})


@dataclass(frozen=True)
class Custom(Fault):
    """Do what a function says."""

    act: Callable[[Request], None] = lambda request: None

    def answer(self, request: Request) -> None:
        self.act(request)


@dataclass
class Asked:
    """One request that came in."""

    path: str
    range: str | None
    sent: int = field(default=0)


class Request(http.server.BaseHTTPRequestHandler):
    """Answers one request by the next fault of the plan. http.server wants this name and this shape."""

    server: FaultyServer
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        self.asked = Asked(self.path, self.headers.get("Range"))
        self.fault = self.server.next_fault(self.asked)
        with contextlib.suppress(ConnectionError):
            self.fault.answer(self)

    def send_file(self) -> None:
        body = self.server.body
        continues = self.asked.range and not self.fault.ignores_range
        start = int(self.asked.range[6:-1]) if continues else 0
        if start and start >= len(body):
            said = {"Content-Range": f"bytes */{len(body)}", "Content-Type": "text/html"}
            self.send_body(416, b"<html>416 Range Not Satisfiable</html>", said)
            return
        said = {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"} if start else {}
        self.send_body(206 if start else 200, body[start:], said, start)

    def send_body(self, code: int, body: bytes, headers: dict[str, str], start: int = 0) -> None:
        self.send_response(code)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        at = 0
        while at < len(body):
            size = self.fault.may_send(self, start + at, min(BLOCK, len(body) - at))
            if not size:
                return
            if self.server.speed and self.server.ends.wait(size / self.server.speed):
                return
            self.asked.sent += size  # before it is sent, so that the count is never too low
            self.wfile.write(body[at : at + size])
            at += size

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


class FaultyServer(http.server.ThreadingHTTPServer):
    """Serves one body under every path.

    Args:
        body: the file.
        faults: one for each of the first requests. Later ones get what they ask for.
        always: instead of a good answer, after the faults.

    Attributes:
        asked: the requests, in their order.
        speed: bytes a second of every answer; None: as fast as it can.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, body: bytes, faults: Sequence[Fault] = (), *, always: Fault | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.body, self.always = body, always or Fault()
        self.plan = list(faults)
        self.asked: list[Asked] = []
        self.speed: float | None = None
        self.ends = threading.Event()
        self._order = threading.Lock()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    @property
    def address(self) -> str:
        return f"http://{self.host}/file.bin"

    @property
    def sent(self) -> int:
        """Bytes of bodies that were sent in all."""
        return sum(asked.sent for asked in self.asked)

    def next_fault(self, asked: Asked) -> Fault:
        with self._order:
            self.asked.append(asked)
            fault = self.plan.pop(0) if self.plan else self.always
            self.body = self.body if fault.body is None else fault.body
            return fault

    def __enter__(self) -> FaultyServer:
        os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ends.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """Clients that go away are part of the tests."""


@contextlib.contextmanager
def refused_address() -> Iterator[str]:
    """Give an address of this computer where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/file.bin"


@contextlib.contextmanager
def dropping_address() -> Iterator[str]:
    """Give an address whose connections never stand: its queue is full, and nobody takes from it."""
    with contextlib.ExitStack() as stack:
        taken = stack.enter_context(socket.socket())
        taken.bind(("127.0.0.1", 0))
        taken.listen(0)
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(taken.getsockname())
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/file.bin"


def sha256(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """The block takes less time than that."""
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds


def wait_until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until something is true, and fail if it takes too long."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not become true"
        time.sleep(0.005)
