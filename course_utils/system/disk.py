"""Room on the disk: how much is needed, whether it is there, and how to say it."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from course_utils.errors import CourseError


def in_words(count: float, digits: int = 1) -> str:
    """Return bytes as MB, or as kB if there are few, for example ``"170.5 MB"``."""
    return f"{count / 1e6:,.{digits}f} MB" if count >= 1e6 else f"{count / 1e3:,.0f} kB"


def check_disk(folder: Path, need: int, what: str) -> None:
    """Refuse to begin what does not fit on the disk.

    Args:
        folder: that exists, where the bytes will be written.
        need: bytes.
        what: begins the message, for example ``"Unpacking the weights"``.

    Raises:
        CourseError: too little disk is free.
    """
    free = shutil.disk_usage(folder).free
    if free < need:
        raise CourseError(
            f"{what} needs {in_words(need, 0)} of disk.",
            cause=f"{in_words(free, 0)} are free at {folder}.",
            next_step="free some disk, or name another cache folder by the variable COURSE_CACHE.",
        )


def disk_error(target: Path, error: OSError) -> CourseError:
    """Return what to say when the disk fails while a file is written."""
    is_full = error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
    return CourseError(
        f"{target.name} cannot be written to {target.parent}.",
        cause="The disk is full." if is_full else f"{error.strerror or error}.",
        next_step=f"{'free some space, or ' if is_full else ''}name another folder by COURSE_CACHE.",
    )
