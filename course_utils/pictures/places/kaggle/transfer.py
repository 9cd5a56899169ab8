"""Receive one file from Kaggle's storage: with time-outs, and going on after cuts."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from course_utils.pictures.places.kaggle.failures import Failure, Place, web_page
from course_utils.system.download.pace import progress_bar
from course_utils.system.download.part_file import PartFile

CONNECT_SECONDS, STALL_SECONDS = 5.0, 15.0
ATTEMPTS = 4  # at one file, each going on where the last one ended
BLOCK = 64 * 1024  # what is lost at most by a cut
SPARE_BYTES = 50 * 1024**2  # that must be left on the disk


class _Expired(Exception):
    """The storage does not give the file at this address: the service can give a new one."""


def receive(place: Place, target: Path, size: int, locate: Callable[[], Any]) -> PartFile:
    """Receive a file as ``<target>.part``. What arrived before a cut stays there for the next call.

    Args:
        place: for messages.
        target: final path; nothing is written to it.
        size: as the service lists it, in bytes. A part that was begun for another size is thrown away.
        locate: asks the service for the request that gives the file; again when that is good no longer.

    Returns:
        The complete part. Its bytes are as many as the storage said, and otherwise not checked.

    Raises:
        Failure: cut or silent in all attempts, a web page came, or too little space on the disk.
    """
    part = PartFile(target, f"{size} bytes")
    request, why = None, ""
    for _ in range(ATTEMPTS):
        request = request or locate()
        try:
            why = _transfer(place, request, part)
        except _Expired as refused:
            request, why = None, str(refused)
        if not why:
            return part
    raise Failure(
        f"{place.title} did not give all of {target.name}.",
        f"{why}; {part.size():,} bytes arrived and are kept.",
        "check the connection and run this again: it goes on from there.",
        short=f"{target.name} was cut off",
        ends_all=True,
    )


def _transfer(place: Place, request: Any, part: PartFile) -> str:
    """Receive what is missing. Return why it is not complete, or ""."""
    import requests

    name = f"{place.slug}/{part.target.name}"  # instead of the real address, which is as good as a password
    request = request.copy()
    request.headers["Accept-Encoding"] = "identity"
    condition = part.condition(name)
    if part.size() and condition:
        request.headers.update({"Range": f"bytes={part.size()}-", "If-Range": condition})
    try:
        with requests.Session() as session:
            settings = session.merge_environment_settings(request.url, {}, True, None, None)
            limits = (CONNECT_SECONDS, STALL_SECONDS)
            with session.send(request, timeout=limits, **settings) as response:
                return _write_body(place, name, response, part)
    except requests.RequestException as error:
        return _in_words(error)


def _in_words(error: Exception) -> str:
    import requests

    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return f"No data came for {STALL_SECONDS:g} s"
    return "The connection was cut"


def _write_body(place: Place, name: str, response: Any, part: PartFile) -> str:
    goes_on = response.status_code == 206 and _range_start(response) == part.size()
    if not goes_on:
        part.restart()
    if not goes_on and response.status_code != 200:
        raise _Expired(f"The storage answered {response.status_code}")
    if response.headers.get("Content-Type", "").startswith("text/html"):
        part.discard()
        raise web_page(place.title)
    part.comes_from(name, response.headers)
    missing = int(response.headers.get("Content-Length") or 0)
    start = part.size()
    _check_space(part.path.parent, missing)
    with progress_bar(part.target.name, start, start + missing or None) as bar, part.opened() as handle:
        for block in response.iter_content(BLOCK):
            handle.write(block)
            handle.flush()
            bar.update(len(block))
    cut = "Content-Length" in response.headers and part.size() != start + missing
    return "The connection was cut" if cut else ""


def _range_start(response: Any) -> int:
    match = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(match[1]) if match else -1


def _check_space(folder: Path, missing: int) -> None:
    needed, free = missing + SPARE_BYTES, shutil.disk_usage(folder).free
    if free < needed:
        raise Failure(
            f"There is too little space in {folder}.",
            f"Kaggle's file needs {needed / 1e6:,.0f} MB; {free / 1e6:,.0f} MB are free.",
            "delete something there, or name another cache folder by the variable COURSE_CACHE.",
            short="too little space on the disk",
            ends_all=True,
        )
