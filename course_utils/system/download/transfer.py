"""Download one file: from any of its addresses, continued where it broke, verified by its digest."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from course_utils.errors import CourseError
from course_utils.system.disk import check_disk, disk_error, in_words
from course_utils.system.download.http_answer import (
    CUT,
    WEB_PAGE,
    SourceFailed,
    answer,
    begins_at,
    read_block,
    refuse_web_page,
)
from course_utils.system.download.pace import Pace, progress_bar
from course_utils.system.lock import only_one

if TYPE_CHECKING:
    import requests

BLOCK = 1024**2
TELL_AGAIN_SECONDS = 300.0
OTHER = "another file than expected"

OnStep = Callable[[str, str], None]  # takes a place that was tried, and the outcome in words


@dataclass(frozen=True)
class Timeouts:
    """How long a download waits for what, in seconds if not said otherwise."""

    connect: float = 5.0  # until the connection stands, looking up the name included
    stall: float = 15.0  # without a new byte
    slow_after: float = 30.0  # after so long, the measured speed says how long the rest will take
    slow_rest: float = 600.0  # a rest that takes longer is too slow
    retries: int = 3  # of one address in a row that bring no progress
    retry_wait: float = 1.0  # doubled from one to the next
    longest_wait: float = 10.0  # that a server may ask for
    progress: int = 1024**2  # bytes that are worth another try


TIMEOUTS = Timeouts()


@dataclass(frozen=True)
class RemoteFile:
    """A file, and where byte-identical copies of it lie.

    Attributes:
        name: of the file in its folder.
        addresses: http or https, in the order of trying.
        digest: ``"sha256:…"`` or ``"md5:…"`` in hexadecimal digits of lower case.
        size: bytes, if known.
    """

    name: str
    addresses: tuple[str, ...]
    digest: str
    size: int | None = None


class DownloadFailed(CourseError):
    """No address gave the file."""


class DownloadStopped(KeyboardInterrupt):
    """The person stopped the download. A notebook shows the message alone."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def download(
    file: RemoteFile, folder: str | Path, *, patience: float | None = None, on_step: OnStep | None = None
) -> Path:
    """Return the complete, verified file; download it unless the folder has it already.

    What arrives lies in ``<name>.part`` until the digest is right. The next try, address or run continues it.
    One process at a time downloads, and the others wait for it.

    Args:
        file: what to download.
        folder: made if it is missing.
        patience: None: any speed will do as long as bytes arrive, but a slow address is left once for the
            others. Else seconds without 1 MB of progress, over all addresses, until the download is given
            up. It is also given up when the rest would take more than 10 minutes from every address.
        on_step: called once for each address that was tried, with its host and the outcome in words.

    Raises:
        DownloadFailed: no address gave the file. What has arrived is kept.
        CourseError: the disk is too full, the folder cannot be written to, or another process downloads the
            file and receives nothing.
        DownloadStopped: interrupted by the person. What has arrived is kept.
    """
    target = Path(folder) / file.name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if is_complete(target, file):
            return target
        waiting = f"{file.name}: another notebook is downloading: waiting"
        lock, part = target.with_name(f".{file.name}.lock"), part_path(target)
        with only_one(lock, waiting, patience=patience, sign=lambda: _size(part)):
            if not is_complete(target, file):
                _Download(file, target, patience).run(on_step)
    except TimeoutError as error:
        raise CourseError(
            f"{file.name} could not be downloaded.",
            cause=f"Another notebook is downloading it, and has received nothing for {patience:g} s.",
            next_step="stop the other notebook, then run this again.",
        ) from error
    except OSError as error:
        raise disk_error(target, error) from error
    return target


def is_complete(path: Path, file: RemoteFile) -> bool:
    """True if the file at the path is the one that the digest names."""
    return path.is_file() and _digest_like(path, file.digest) == file.digest


def part_path(target: Path) -> Path:
    """Return where what has arrived of a file lies, given its final path."""
    return target.with_name(f"{target.name}.part")


def file_digest(path: str | Path, kind: str = "sha256") -> str:
    """Return the digest of a file in lower case hexadecimal digits. kind: ``"sha256"`` or ``"md5"``."""
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, lambda: hashlib.new(kind, usedforsecurity=False)).hexdigest()


class _Download:
    """One download of one file, by the process that holds its lock."""

    def __init__(self, file: RemoteFile, target: Path, patience: float | None) -> None:
        self.file, self.target, self.patience = file, target, patience
        self.part = part_path(target)
        self.total = file.size  # for words only: a server may be wrong about it
        self.furthest = _size(self.part)  # where the part has ever been
        self.round_began_at = self.furthest
        self.left: dict[str, SourceFailed] = {}  # in this round
        self.slow_will_do = patience is None and len(file.addresses) == 1
        self.fetched_whole: set[str] = set()
        self.outcomes: dict[str, str] = {}  # of each address that was tried
        self.pace = Pace(patience, progress=TIMEOUTS.progress, window=TIMEOUTS.slow_after)
        self.last_told = float("-inf")

    def run(self, on_step: OnStep | None) -> None:
        try:
            self._try_addresses()
        except KeyboardInterrupt:
            text = f"{self.file.name}: stopped at {self._how_far()}, run again to continue"
            raise DownloadStopped(text) from None
        finally:
            for address, outcome in self.outcomes.items() if on_step else ():
                on_step(_host(address), outcome)

    def _try_addresses(self) -> None:
        waiting = list(self.file.addresses)
        while waiting and self.pace.patience_left() > 0:
            address = waiting.pop(0)
            try:
                return self._fetch(address)
            except SourceFailed as reason:
                self.left[address] = reason
                self.outcomes[address] = str(reason)
            waiting = waiting or self._another_round()
            if waiting and self.pace.patience_left() > 0:
                self._tell(f"{_host(address)}: {self.outcomes[address]}, {self._next(address, waiting[0])}")
        raise self._failed()

    def _another_round(self) -> list[str]:
        """Return the addresses that are worth another try, when all have been tried."""
        useful = {address: reason for address, reason in self.left.items() if not reason.for_good}
        moved = self.furthest - self.round_began_at
        self.left, self.round_began_at = {}, self.furthest
        if not self.slow_will_do and any(reason.speed for reason in useful.values()):
            self.slow_will_do = True
            return sorted(useful, key=lambda address: -useful[address].speed)
        return list(useful) if moved >= TIMEOUTS.progress else []

    def _fetch(self, address: str) -> None:
        """Receive and verify the file from one address, in a few tries."""
        failures = 0
        while True:
            before = self.furthest
            try:
                start = self._receive(address)
            except SourceFailed as reason:
                failures = 1 if self.furthest - before >= TIMEOUTS.progress else failures + 1
                if not reason.again or failures > TIMEOUTS.retries:
                    raise
                self._wait(address, reason, TIMEOUTS.retry_wait * 2 ** (failures - 1))
                continue
            if self._is_verified(address, is_whole=start == 0):
                return

    def _wait(self, address: str, reason: SourceFailed, usual: float) -> None:
        seconds = min(usual if reason.wait is None else reason.wait, TIMEOUTS.longest_wait)
        if seconds >= self.pace.patience_left():
            raise reason
        if seconds:
            self._tell(f"{_host(address)}: {reason}, trying again in {seconds:.3g} s")
            time.sleep(seconds)

    def _is_verified(self, address: str, *, is_whole: bool) -> bool:
        """Give the file its final name, or throw it away. False: this address may give all of it once."""
        found = _digest_like(self.part, self.file.digest)
        if found == self.file.digest:
            with self.part.open("rb+") as handle:
                os.fsync(handle.fileno())
            os.replace(self.part, self.target)
            self.outcomes[address] = "complete"
            return True
        self._discard()
        self.furthest = 0
        if is_whole or address in self.fetched_whole:
            raise SourceFailed(f"{OTHER} ({self.file.digest}), found {found}", for_good=True)
        self.fetched_whole.add(address)
        self._tell("what was continued is not the file, fetching all of it once more")
        return False

    def _receive(self, address: str) -> int:
        """Receive what is missing. Returns where the answer began: 0 if this address gave all bytes."""
        offset = _size(self.part)
        if self.file.size is not None and offset >= self.file.size > 0:
            return offset
        connect, stall = self.pace.at_most(TIMEOUTS.connect), self.pace.at_most(TIMEOUTS.stall)
        missing = {"Range": f"bytes={offset}-"} if offset else {}
        with answer(address, missing, connect=connect, stall=stall) as response:
            start, total = begins_at(response, TIMEOUTS.longest_wait)
            if start != 0:
                self._size_of_all(total)
            if start not in (0, offset):
                self._discard()
                raise SourceFailed("what is there does not fit to what has arrived", again=True)
            block = read_block(response, BLOCK)
            refuse_web_page(response, block)
            total = self._size_of_all(total)
            check_disk(self.target.parent, (total or start) - start, self.target.name)
            if start:
                self._tell(f"resumed from {self._how_far()} at {_host(address)}")
            elif offset:
                self._tell(f"{_host(address)}: gives the whole file only, starting again")
            self._write(response, block, start, total)
        return start

    def _size_of_all(self, told: int | None) -> int | None:
        """Return the size of the whole file, if it is known. It is not what any server says."""
        self.total = self.file.size or told
        if told not in (None, self.total):
            raise SourceFailed(f"{OTHER} ({self.total:,} bytes), found {told:,}", for_good=True)
        return self.total

    def _write(self, response: requests.Response, block: bytes, start: int, total: int | None) -> None:
        at = start
        self.pace.begin()
        with (
            progress_bar(self.file.name, start, total) as bar,
            self.part.open("ab" if start else "wb") as handle,
        ):
            while block and (total is None or at <= total):
                handle.write(block)
                handle.flush()  # so that nothing is lost if the process is killed
                bar.update(len(block))
                at += len(block)
                self.furthest = max(self.furthest, at)
                self._leave_if_slow(self.pace.add(len(block)), (total or at) - at)
                block = read_block(response, BLOCK)
        if total is not None and at < total:
            raise SourceFailed(CUT, again=True)
        if total is not None and at > total:
            self._discard()
            raise SourceFailed(f"{OTHER} ({total:,} bytes), found more", for_good=True)

    def _discard(self) -> None:
        self.part.unlink(missing_ok=True)

    def _leave_if_slow(self, speed: float | None, missing: int) -> None:
        if self.pace.patience_left() <= 0:
            raise SourceFailed(
                f"less than {in_words(TIMEOUTS.progress)} in {self.patience:g} s", for_good=True
            )
        if speed is None or missing <= TIMEOUTS.slow_rest * speed:
            return
        words = f"slow ({in_words(speed)}/s, {_time_in_words(missing / speed)} to go)"
        if not self.slow_will_do:
            raise SourceFailed(words, for_good=self.patience is not None, speed=speed)
        if time.monotonic() - self.last_told > TELL_AGAIN_SECONDS:
            self.last_told = time.monotonic()
            self._tell(words)

    def _how_far(self) -> str:
        size = _size(self.part)
        return f"{100 * size // self.total} %" if self.total else in_words(size)

    def _next(self, address: str, following: str) -> str:
        if following == address:
            return "trying again"
        return f"trying mirror {self.file.addresses.index(following) + 1} of {len(self.file.addresses)}"

    def _tell(self, text: str) -> None:
        print(f"{self.file.name}: {text}", flush=True)

    def _failed(self) -> DownloadFailed:
        reasons = [f"{_host(address)}: {outcome}" for address, outcome in self.outcomes.items()]
        if reasons and self.pace.patience_left() <= 0:
            reasons.append(f"given up after {self.patience:g} s without progress")
        again = "check the connection and run this again"
        if any(WEB_PAGE in reason for reason in reasons):
            again = "log in to the network in a browser and run this again"
        elif all(OTHER in reason for reason in reasons):
            again = "run this again later"
        kept = f"; it continues at {self._how_far()}" if _size(self.part) else ""
        return DownloadFailed(
            f"{self.file.name} could not be downloaded.",
            cause=f"{'; '.join(reasons) or 'no address is known'}.",
            next_step=f"{again}{kept}. Or use a copy of the file by its path.",
        )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _digest_like(path: Path, digest: str) -> str:
    kind = digest.partition(":")[0]
    return f"{kind}:{file_digest(path, kind)}"


def _host(address: str) -> str:
    """Return host and port of an address, without a name and password that may stand before them."""
    return urlsplit(address).netloc.rpartition("@")[2]


def _time_in_words(seconds: float) -> str:
    return f"{seconds / 60:,.0f} min" if seconds >= 60 else f"{seconds:.0f} s"
