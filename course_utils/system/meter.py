"""Seconds and memory of a block of code."""

from __future__ import annotations

import threading
import time

import psutil

TICK = 0.05  # seconds between two looks at the memory


class Meter:
    """Measure what happens inside a ``with`` block.

    Attributes:
        seconds: wall-clock time of the block, up to the last look.
        peak_bytes: the most memory that this process held in the block, all of it: libraries and data too.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.peak_bytes = 0
        self._process = psutil.Process()

    def __enter__(self) -> Meter:
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._started = time.perf_counter()
        self.look()
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.look()
        self._ended.set()
        self._watcher.join()

    def look(self) -> None:
        """Bring both numbers up to now, inside the block."""
        self.peak_bytes = max(self.peak_bytes, self._process.memory_info().rss)
        self.seconds = time.perf_counter() - self._started

    def _watch(self) -> None:
        while not self._ended.wait(TICK):
            self.look()
