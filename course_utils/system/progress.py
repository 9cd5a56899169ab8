"""One line that tells how far a lesson is, and the memory that it took."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path
from typing import TextIO

import psutil

TICK = 0.5  # seconds between two looks at the clock and at the memory
HEARTBEAT = 30.0  # seconds between two lines where there is no terminal


class Progress:
    """Show how far one lesson is, in a line that a terminal rewrites. Used as a context manager.

    Where the stream is no terminal (a log), it writes a line at the start, one at the end, and in
    between one each half minute at most.

    Args:
        name: of the lesson, shown at the left.
        total: code cells to run.
        expected: what to say about the time, for example ``"about 01:20"``; may be empty.
        stream: where to write.
    """

    def __init__(self, name: str, total: int, expected: str, stream: TextIO) -> None:
        self.name, self.total, self.expected, self.stream = name, total, expected, stream
        self.cell = 0
        self.peak_bytes = 0
        self.started = time.monotonic()
        self._live = stream.isatty()
        self._last_line = self.started
        self._stop = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    @property
    def seconds(self) -> float:
        """Seconds since the lesson began."""
        return time.monotonic() - self.started

    def __enter__(self) -> Progress:
        start = f"{self.name}: starts, {self.expected or 'not timed on this computer yet'}"
        self._write(self._line() if self._live else start)
        self._ticker.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._stop.set()
        self._ticker.join()
        self._watch_memory()
        outcome = f"cell {self.cell}/{self.total}: stopped" if kind else f"{self.total} cells"
        self._write(f"{self.name}: {outcome} after {clock(self.seconds)}, {self.peak_bytes / 1e9:.1f} GB")
        if self._live:
            self.stream.write("\n")

    def _tick(self) -> None:
        while not self._stop.wait(TICK):
            self._watch_memory()
            if self._live or time.monotonic() - self._last_line >= HEARTBEAT:
                self._write(self._line())

    def _watch_memory(self) -> None:
        self.peak_bytes = max(self.peak_bytes, children_peak_bytes())

    def _line(self) -> str:
        expected = f" of {self.expected}" if self.expected else ""
        return f"{self.name}: cell {self.cell}/{self.total}, {clock(self.seconds)}{expected}"

    def _write(self, text: str) -> None:
        self._last_line = time.monotonic()
        self.stream.write(f"\r\033[K{text}" if self._live else f"{text}\n")
        self.stream.flush()


def clock(seconds: float) -> str:
    """Return seconds as minutes and seconds, for example ``"01:20"``."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes:02d}:{rest:02d}"


def children_peak_bytes() -> int:
    """Return the memory that the processes started by this one took together at their peaks, in bytes.

    Where the system keeps no peak, it is the memory of this moment. What those start themselves is left
    out: a program begins as a copy of who starts it, shares all memory, and would count twice.
    """
    return sum(_peak_bytes(child) for child in psutil.Process().children())


def _peak_bytes(process: psutil.Process) -> int:
    try:
        status = Path(f"/proc/{process.pid}/status")
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
        return int(found.group(1)) * 1024 if found else process.memory_info().rss
    except (psutil.Error, OSError):
        return 0  # it ended in between
