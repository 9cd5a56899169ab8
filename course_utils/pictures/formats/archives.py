"""What every archive has to pass before anything in it is read: plain files, small lists, a bounded size."""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO

from course_utils.errors import CourseError, shown

# CIFAR-10 has 184 MB of pixels: what is much larger is something else, or made to fill memory.
LARGEST_UNPACKED = 256 * 1024**2
_DRIVE = re.compile(r"[A-Za-z]:")


class BoundedReads:
    """A file for a library that would otherwise believe every size that an archive claims.

    Args:
        file: to read from; it has to be seekable.
        name: of the file, for messages.
        each: bytes that one read may ask for.
        total: bytes that all reads together may return. None: no bound.
    """

    def __init__(self, file: BinaryIO, name: str, *, each: int, total: int | None = None):
        self._file, self._name, self._each, self._total, self._left = file, name, each, total, total
        self.seek, self.tell, self.close = file.seek, file.tell, file.close

    def read(self, size: int = -1) -> bytes:
        """Read as the file does, or raise ``CourseError`` if more is asked for than allowed."""
        if size > self._each:
            raise _header_too_large(self._name, self._each)
        raw = self._file.read(self._each + 1 if size < 0 else size)
        if self._left is not None:
            self._left -= len(raw)
        if len(raw) > self._each or (self._left is not None and self._left < 0):
            raise _header_too_large(self._name, self._each if len(raw) > self._each else self._total)
        return raw

    def seekable(self) -> bool:
        """Always true: asked for by zipfile."""
        return True


def check_unpacked_size(name: str, size: int, limit: int = LARGEST_UNPACKED) -> None:
    """Refuse what would unpack to more than the limit, before it is unpacked.

    Raises:
        CourseError: above the limit, or below zero.
    """
    if 0 <= size <= limit:
        return
    raise CourseError(
        f"{name} is too large for CIFAR-10.",
        cause=f"It would unpack to {min(size, 10**12) / 1e6:,.0f} MB or more; "
        f"the limit is {limit / 1e6:,.0f} MB.",
        next_step="check that this is the right file.",
    )


def lies_outside(member: str) -> bool:
    """Say whether a member's name leads out of the folder that it would be unpacked into."""
    parts = member.replace("\\", "/").split("/")
    return ".." in parts or member.startswith(("/", "\\")) or bool(_DRIVE.match(member)) or "\0" in member


def refused(archive: Path, member: str, why: str) -> CourseError:
    """Return the error for a member that no honest copy of CIFAR-10 holds."""
    return CourseError(
        f"Archive {archive.name} refused: member {shown(member)} {why}.",
        cause="CIFAR-10's archives hold plain files in one folder. Nothing was unpacked.",
        next_step="download it again, from a place that you trust.",
    )


def _header_too_large(name: str, limit: int) -> CourseError:
    return CourseError(
        f"{name} refused: a header in it is too large.",
        cause=f"Reading it needs more than {limit:,} bytes, which CIFAR-10's never does.",
        next_step="check that this is the right file.",
    )
