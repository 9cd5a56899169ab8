"""How a download moves on: its patience over all addresses, the speed of the one that sends, and its bar."""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tqdm import tqdm


class Pace:
    """The clock of one download.

    Args:
        patience: seconds without progress until it is over. None: no limit.
        progress: bytes that count as progress.
        window: seconds over which the speed is measured.
    """

    def __init__(self, patience: float | None, *, progress: int, window: float) -> None:
        self.patience, self.progress, self.window = patience, progress, window
        self._last_progress = time.monotonic()
        self.begin()

    def patience_left(self) -> float:
        """Return seconds; 0 or less if the patience is at its end."""
        if self.patience is None:
            return float("inf")
        return self._last_progress + self.patience - time.monotonic()

    def at_most(self, seconds: float) -> float:
        """Return a time-out in seconds that ends with the patience."""
        return max(min(seconds, self.patience_left()), 0.05)

    def begin(self) -> None:
        """An address begins to send."""
        self._window_start, self._window_bytes, self._unmarked = time.monotonic(), 0, 0

    def add(self, size: int) -> float | None:
        """Count bytes that arrived. Returns bytes a second when a window is over, else None."""
        now = time.monotonic()
        self._window_bytes += size
        self._unmarked += size
        if self._unmarked >= self.progress:
            self._unmarked, self._last_progress = 0, now
        elapsed = now - self._window_start
        if elapsed < self.window:
            return None
        speed = self._window_bytes / elapsed
        self._window_start, self._window_bytes = now, 0
        return speed


def progress_bar(name: str, start: int, total: int | None) -> tqdm:
    """Return the bar of a download that lasts longer than a second, with speed and remaining time."""
    with warnings.catch_warnings():  # a notebook without widgets gets a bar of text, and needs no warning
        warnings.simplefilter("ignore")
        from tqdm.auto import tqdm
    return tqdm(initial=start, total=total, desc=name, unit="B", unit_scale=True, delay=1, leave=False)
