"""Download one file: verified by its digest, and under its final name only when it is complete."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import socket
import threading
import time
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from course_utils.errors import CourseError

CHUNK = 1024**2
CONNECT_SECONDS = 5.0
STALL_SECONDS = 15.0
SPEED_KNOWN_SECONDS = 10.0  # after so long, the measured speed says how long the rest will take


def download(
    url: str,
    target: str | Path,
    *,
    sha256: str,
    connect_timeout: float = CONNECT_SECONDS,
    stall_timeout: float = STALL_SECONDS,
    patience: float | None = None,
) -> Path:
    """Download a file unless it is there already with the right digest.

    The bytes go to ``<target>.<process>.part``, which is removed on any failure, and gets the final name only
    when its digest is right.

    Args:
        url: http or https address.
        target: final path; its folder is made if it is missing.
        sha256: of the whole file, in hexadecimal digits.
        connect_timeout: seconds until the server must have answered, looking up its name included.
        stall_timeout: seconds without any new byte until the download is given up.
        patience: seconds for all of it; given up early when the measured speed says that they will not do.
            None: no limit, as long as bytes arrive.

    Returns:
        The final path.

    Raises:
        CourseError: the address cannot be reached, answers with an error or a web page, is too slow or
            stalls, or the bytes are not the expected ones. The message names address, cause and next step.
    """
    target = Path(target)
    if not url.startswith(("http://", "https://")):
        raise _failed(url, "the address does not begin with http:// or https://")
    if target.is_file() and file_digest(target) == sha256.lower():
        return target
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _opened(url, connect_timeout, stall_timeout) as response:
            found = _receive(response, part, url, patience)
        _check_digest(url, sha256.lower(), found)
        os.replace(part, target)
    except (OSError, HTTPException) as error:
        raise _failed(url, _in_words(error)) from error
    finally:
        with contextlib.suppress(OSError):  # there may be nothing to remove
            part.unlink()
    return target


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file in lower case hexadecimal digits."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _opened(url: str, connect_timeout: float, stall_timeout: float) -> HTTPResponse:
    """Open the address in a thread of its own, because looking up a name knows no time-out."""
    outcome: list[HTTPResponse | Exception] = []

    def connect() -> None:
        try:
            outcome.append(urllib.request.urlopen(url, timeout=stall_timeout))
        except Exception as error:
            outcome.append(error)

    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(connect_timeout)
    if not outcome:
        raise TimeoutError(f"no answer within {connect_timeout:g} s")
    if isinstance(outcome[0], Exception):
        raise outcome[0]
    return outcome[0]


def _receive(response: HTTPResponse, part: Path, url: str, patience: float | None) -> str:
    """Write the body to a file, and return its SHA-256."""
    from tqdm.auto import tqdm

    total = int(response.headers.get("Content-Length") or 0)
    digest, received, start = hashlib.sha256(), 0, time.monotonic()
    name = url.rpartition("/")[2]
    bar = tqdm(total=total or None, desc=name, unit="B", unit_scale=True, delay=1, leave=False)
    with bar, part.open("wb") as handle:
        while block := response.read1(CHUNK):
            if received == 0:
                _refuse_web_page(url, response, block)
            handle.write(block)
            digest.update(block)
            received += len(block)
            bar.update(len(block))
            _check_patience(url, time.monotonic() - start, received, total, patience)
    if total and received != total:
        raise _failed(url, f"the connection was cut after {received:,} of {total:,} bytes")
    return digest.hexdigest()


def _refuse_web_page(url: str, response: HTTPResponse, beginning: bytes) -> None:
    looks_like_html = beginning.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html"))
    if looks_like_html or response.headers.get_content_type() == "text/html":
        raise CourseError(
            f"{url} did not give the file.",
            cause="It answered with a web page, as networks do that want a login first.",
            next_step="log in to the network in a browser, then run this again; or use a copy by its path.",
        )


def _check_patience(url: str, elapsed: float, received: int, total: int, patience: float | None) -> None:
    if patience is None:
        return
    if elapsed > patience:
        raise _failed(url, f"it was not complete after {patience:g} s")
    expected = elapsed * total / received
    if elapsed > min(SPEED_KNOWN_SECONDS, patience / 4) and expected > patience:
        speed = received / elapsed / 1000
        raise _failed(url, f"at {speed:,.0f} kB/s it would take {expected / 60:,.0f} minutes")


def _check_digest(url: str, expected: str, found: str) -> None:
    if found != expected:
        raise CourseError(
            f"{url} gave another file than expected.",
            cause=f"Expected the SHA-256 {expected}, found {found}. The file was thrown away.",
            next_step="run this again; if it fails again, get the file from another place and use its path.",
        )


def _failed(url: str, why: str) -> CourseError:
    return CourseError(
        f"{url} could not be downloaded.",
        cause=f"{why[:1].upper()}{why[1:]}.",
        next_step="check the connection and run this again, or use a copy by its path.",
    )


def _in_words(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answered {error.code} {error.reason}"
    reason = getattr(error, "reason", error)
    if isinstance(reason, socket.gaierror):
        return "the name of the server was not found: there is no network, or it blocks the server"
    if isinstance(reason, ConnectionRefusedError):
        return "the server refused the connection"
    if isinstance(reason, TimeoutError):
        return f"the server was silent too long ({reason})"
    if getattr(reason, "errno", None) == errno.ENOSPC:
        return "the disk is full"
    return f"{type(reason).__name__}: {reason}"
