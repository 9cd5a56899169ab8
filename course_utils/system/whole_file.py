"""Write files whole or not at all: the final name never stands for half a file."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

_NUMBERS = itertools.count()


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file, texts as UTF-8; see ``replacing``. Its folder is made if it is missing.

    Raises:
        OSError: it cannot be written. What was there before stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a new path beside ``path``; the file written there takes the place of ``path`` after the block.

    If the block fails, ``path`` stays as it was and the unfinished file is removed. A killed process leaves
    it: its name ends in ``.part``, so that no reader's ``*.json`` finds it and the cache counts it as
    unfinished. Give ``savefig`` a format and ``np.savez`` an open file: they go by the ending of the name.
    Several processes or threads may write the same file; the last one stays.

    Args:
        path: the final file. Its folder is there.

    Raises:
        OSError: the file cannot be put in its place, or nothing was written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}-{next(_NUMBERS)}.part")
    try:
        yield part
        os.replace(part, path)
    finally:
        with contextlib.suppress(OSError):  # most often it is gone: it is the final file now
            part.unlink()
