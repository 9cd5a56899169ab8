"""The one lock of the course: one process at a time does what several notebooks could do at once."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock


@contextlib.contextmanager
def only_one(
    path: Path, waiting: str, *, patience: float | None = None, sign: Callable[[], object] = lambda: None
) -> Iterator[None]:
    """Hold a lock, or wait for it. The system frees it when the process that holds it dies.

    Args:
        path: of the lock file; its folder is there.
        waiting: line that is printed if another process holds the lock.
        patience: seconds to wait while the sign stays the same. None: no limit.
        sign: of life; called again and again for a value that changes as the other process gets on.

    Raises:
        TimeoutError: the patience is at its end.
        OSError, NotImplementedError: the file system has no locks, or is read-only.
    """
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except TimeoutError:
        print(waiting, flush=True)
        _wait_for(lock, patience, sign)
    try:
        yield
    finally:
        lock.release()


def _wait_for(lock: FileLock, patience: float | None, sign: Callable[[], object]) -> None:
    seen, since = sign(), time.monotonic()
    while True:
        with contextlib.suppress(TimeoutError):
            lock.acquire(timeout=1, poll_interval=0.1)
            return
        if sign() != seen:
            seen, since = sign(), time.monotonic()
        if patience is not None and time.monotonic() - since > patience:
            raise TimeoutError
