"""The unfinished part of a download: it survives a killed process, and one process at a time writes it."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from course_utils.errors import CourseError
from course_utils.system.disk import means_full

if TYPE_CHECKING:
    from filelock import FileLock

VALIDATORS = ("ETag", "Last-Modified")


class PartFile:
    """``<name>.part`` beside the final file, and a note on where its bytes came from.

    The note is written before the first byte, and replaced as a whole. So whenever the process ends, the part
    is a true beginning of what the note names.

    Args:
        target: final path.
        digest: of the whole file, or what else tells it from others. A part of another file is thrown away.
    """

    def __init__(self, target: Path, digest: str) -> None:
        self.target, self.digest = target, digest
        self.path = part_path(target)
        self.note_path = target.with_name(f"{target.name}.part.json")
        self.note = self._read_note()
        if self.note.get("digest") != digest:
            self.discard()

    def size(self) -> int:
        """Return how many bytes have arrived."""
        return _size(self.path)

    def restart(self) -> None:
        """Throw the bytes away, so that the file can be received from its beginning."""
        self.path.write_bytes(b"")

    def comes_from(self, address: str, headers: Mapping[str, str]) -> None:
        """Note the address that the next bytes come from, and how its server names this state of the file."""
        known = {name: headers[name] for name in VALIDATORS if name in headers}
        self.note = {"digest": self.digest, "address": address, **known}
        fresh = self.note_path.with_name(f"{self.note_path.name}.new")
        fresh.write_text(json.dumps(self.note), encoding="utf-8")
        os.replace(fresh, self.note_path)

    def condition(self, address: str) -> str | None:
        """Return what If-Range shall ask for, if the bytes came from the same address, else None.

        A weak ETag does not promise equal bytes, so it is not used.
        """
        if self.note.get("address") != address:
            return None
        etag = self.note.get("ETag", "")
        return etag if etag.startswith('"') else self.note.get("Last-Modified")

    def is_of_another_state(self, address: str, headers: Mapping[str, str]) -> bool:
        """True if the server names another state of the file than the one that the bytes came from."""
        if self.note.get("address") != address:
            return False
        return any(
            name in self.note and name in headers and self.note[name] != headers[name] for name in VALIDATORS
        )

    def opened(self) -> BinaryIO:
        """Open the part to write behind its last byte. Flush each block, so that none is lost to a kill."""
        return self.path.open("ab")

    def finish(self) -> None:
        """Give the part its final name, in one step, after its bytes have reached the disk."""
        with self.path.open("rb+") as handle:
            os.fsync(handle.fileno())
        os.replace(self.path, self.target)
        self.note_path.unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove part and note."""
        self.path.unlink(missing_ok=True)
        self.note_path.unlink(missing_ok=True)
        self.note = {}

    def _read_note(self) -> dict[str, str]:
        try:
            note = json.loads(self.note_path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        is_ours = isinstance(note, dict) and all(isinstance(value, str) for value in note.values())
        return note if is_ours else {}


@contextlib.contextmanager
def only_one(target: Path, patience: float | None, tell: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of a file while it is downloaded. The system frees it when the process dies.

    Args:
        target: final path.
        patience: seconds to wait for a process that holds the lock and receives nothing. None: no limit.
        tell: called with one line if there is something to wait for.

    Raises:
        CourseError: the patience is at its end.
    """
    from filelock import FileLock

    lock = FileLock(target.with_name(f".{target.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except TimeoutError:
        tell(f"{target.name}: another notebook is downloading: waiting")
        _wait_for(lock, target, patience)
    try:
        yield
    finally:
        lock.release()


def disk_error(target: Path, error: OSError) -> CourseError:
    """Return what to say when the disk fails in the middle."""
    is_full = means_full(error)
    return CourseError(
        f"{target.name} cannot be written to {target.parent}.",
        cause="The disk is full." if is_full else f"{error.strerror or error}.",
        next_step=f"{'free some space, or ' if is_full else ''}name another folder by COURSE_CACHE.",
    )


def part_path(target: Path) -> Path:
    """Return where the part of a file lies, given its final path."""
    return target.with_name(f"{target.name}.part")


def _wait_for(lock: FileLock, target: Path, patience: float | None) -> None:
    size, since = -1, time.monotonic()
    while True:
        with contextlib.suppress(TimeoutError):
            lock.acquire(timeout=1, poll_interval=0.1)
            return
        if size != _size(part_path(target)):
            size, since = _size(part_path(target)), time.monotonic()
        if patience is not None and time.monotonic() - since > patience:
            raise CourseError(
                f"{target.name} could not be downloaded.",
                cause=f"Another notebook is downloading it, and has received nothing for {patience:g} s.",
                next_step="stop the other notebook, then run this again.",
            )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
