"""Ask one http or https address for a file, and say in words why it did not give it."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import requests
from requests import exceptions as failures
from requests.utils import get_environ_proxies, select_proxy
from urllib3 import Retry
from urllib3.exceptions import HTTPError, TimeoutError

BUSY = (408, 429, 500, 502, 503, 504)
HEADERS = {"Accept-Encoding": "identity", "User-Agent": "transfer-learning-course"}
REDIRECTS = 5
CUT = "the connection was cut"
WEB_PAGE = "not the file (got a web page - campus login?)"


class SourceFailed(Exception):
    """An address did not give the file.

    Args:
        reason: in words that can follow the name of the host.
        again: the same address may be asked again before the others.
        wait: seconds until then, where that is known.
        for_good: asking it again in this run is of no use.
        speed: bytes a second, if it is left because it is slow.
    """

    def __init__(
        self,
        reason: str,
        *,
        again: bool = False,
        wait: float | None = None,
        for_good: bool = False,
        speed: float = 0.0,
    ) -> None:
        super().__init__(reason)
        self.again, self.wait, self.for_good, self.speed = again, wait, for_good, speed


@contextlib.contextmanager
def answer(
    address: str, headers: dict[str, str], *, connect: float, stall: float
) -> Iterator[requests.Response]:
    """Open an address and give its answer, whose body is read by ``read_block``.

    Args:
        address: http or https.
        headers: of the request, beside those that every request has.
        connect: seconds until the connection stands, looking up the name included.
        stall: seconds without any byte.

    Raises:
        SourceFailed: whatever goes wrong on the network, also while the body is read.
    """
    try:
        rest = _look_up(address, connect)
        with requests.Session() as session:
            session.max_redirects = REDIRECTS
            asked = HEADERS | headers
            with session.get(address, headers=asked, stream=True, timeout=(rest, stall)) as response:
                yield response
    except (requests.RequestException, HTTPError) as error:
        raise _in_words(error, connect, stall) from error


def read_block(response: requests.Response, size: int) -> bytes:
    """Return the next bytes as soon as there are some, as they were sent; none at the end of the body."""
    return response.raw.read1(size, decode_content=False)


def begins_at(response: requests.Response, longest_wait: float) -> tuple[int | None, int | None]:
    """Return at which byte of the file an answer begins, and how many bytes the file has. None: not said.

    Raises:
        SourceFailed: the answer is no file and no part of one; for good, if it asks for too long a wait.
    """
    if response.status_code in BUSY:
        raise _busy(response, longest_wait)
    if response.status_code == 200:
        length = response.headers.get("Content-Length", "")
        return 0, int(length) if length.isdigit() else None
    if response.status_code not in (206, 416):
        raise SourceFailed(f"answered {response.status_code} {response.reason}", for_good=True)
    said = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", response.headers.get("Content-Range", "").strip())
    start, total = said.groups() if said else (None, None)
    return int(start) if start else None, int(total) if total not in (None, "*") else None


def refuse_web_page(response: requests.Response, beginning: bytes) -> None:
    """Raise SourceFailed if the answer is a web page, as networks give that want a login first."""
    kind = response.headers.get("Content-Type", "").lower()
    looks_like_one = beginning.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html"))
    if looks_like_one or kind.startswith("text/html"):
        raise SourceFailed(WEB_PAGE, for_good=True)


def _busy(response: requests.Response, longest_wait: float) -> SourceFailed:
    reason = f"busy ({response.status_code} {response.reason})"
    asked = None
    with contextlib.suppress(HTTPError):  # neither a number nor a date
        asked = Retry().parse_retry_after(response.headers.get("Retry-After", ""))
    if asked is not None and asked > longest_wait:
        return SourceFailed(f"{reason}, asks to wait {asked:,.0f} s", for_good=True)
    return SourceFailed(reason, again=True, wait=asked)


def _look_up(address: str, seconds: float) -> float:
    """Look up the name of a host, which knows no time-out of its own. Returns the seconds that are left.

    A proxy looks up names itself.
    """
    start = time.monotonic()
    outcome: list[Exception | None] = []

    def work() -> None:
        parts = urlsplit(address)
        try:
            socket.getaddrinfo(parts.hostname, parts.port or parts.scheme, type=socket.SOCK_STREAM)
            outcome.append(None)
        except (OSError, ValueError) as error:
            outcome.append(error)

    if not select_proxy(address, get_environ_proxies(address)):
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(seconds)
        if not outcome:
            raise SourceFailed(f"no connection within {seconds:.3g} s")
        if outcome[0] is not None:
            raise SourceFailed("name not found (no network, or it blocks the host)", for_good=True)
    return max(seconds - (time.monotonic() - start), 0.1)


def _in_words(error: Exception, connect: float, stall: float) -> SourceFailed:
    causes = list(_chain(error))

    def caused_by(*wanted: type[BaseException]) -> bool:
        return any(isinstance(cause, wanted) for cause in causes)

    if caused_by(failures.ProxyError):
        return SourceFailed("the proxy did not let it through", for_good=True)
    if caused_by(ConnectionRefusedError):
        return SourceFailed("refused the connection", for_good=True)
    if caused_by(failures.SSLError):
        return SourceFailed("certificate not accepted (campus login, or a wrong clock?)", for_good=True)
    if caused_by(failures.ConnectTimeout):
        return SourceFailed(f"no connection within {connect:.3g} s")
    if caused_by(failures.Timeout, TimeoutError):
        return SourceFailed(f"no data for {stall:.3g} s")
    if caused_by(failures.ConnectionError, failures.ChunkedEncodingError, HTTPError):
        return SourceFailed(CUT, again=True)
    return SourceFailed(f"not to be reached ({error})", for_good=True)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Walk through an error and all that it wraps."""
    inner = [error.__cause__, error.__context__, getattr(error, "reason", None), *error.args]
    yield error
    for cause in inner:
        if isinstance(cause, BaseException):
            yield from _chain(cause)
