"""Show what the cache holds, and clear it: ``python -m course_utils.system.cache [--clear WHAT]``."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.system.disk import in_words
from course_utils.system.paths import cache_folder

# What the cache holds, by kind: where it lies, and what it is.
KINDS = {
    "downloads": "the archive and the parquet copy",
    "unfinished": "parts of downloads that were stopped, and leftovers of processes that died",
    "arrays": "pictures, ready to be loaded",
    "weights": "weight files, downloaded or unpacked",
    "features": "features of frozen bases",
    "checkpoints": "trainings on a mounted Drive, to be continued",
    "kaggle": "what Kaggle's service gave",
    "other": "small notes",
}
_FOLDERS = ("arrays", "weights", "features", "checkpoints", "kaggle")
_DOWNLOADS = (".gz", ".parquet")


@dataclass(frozen=True)
class Entry:
    """One file or folder of the cache."""

    kind: str
    path: Path
    size: int  # bytes


def entries() -> list[Entry]:
    """Return what the cache holds, by kind and name. Nothing is changed."""
    folder = cache_folder()
    found = [Entry(_kind(path, folder), path, _size(path)) for path in _paths(folder)]
    order = list(KINDS)
    return sorted(found, key=lambda entry: (order.index(entry.kind), entry.path.name))


def clear(what: str) -> tuple[int, int]:
    """Remove one kind of entries, or ``"all"`` of them. Links are removed, never followed.

    Returns:
        How many entries were removed, and how many bytes they had.

    Raises:
        CourseError: an unknown kind, or an entry that cannot be removed.
    """
    if what not in (*KINDS, "all"):
        raise CourseError(
            f"The cache has no kind {what!r}.",
            cause=f"The kinds are: {', '.join(KINDS)}, and all.",
            next_step="name one of them, for example: make cache CLEAR=unfinished.",
        )
    chosen = [entry for entry in entries() if what in (entry.kind, "all")]
    for entry in chosen:
        _remove(entry.path)
    return len(chosen), sum(entry.size for entry in chosen)


def table() -> str:
    """Return the cache as text: a line for each kind that is there, with its entries below."""
    found = entries()
    lines = [f"Cache: {cache_folder()}, {in_words(sum(entry.size for entry in found))}"]
    for kind, meaning in KINDS.items():
        of_kind = [entry for entry in found if entry.kind == kind]
        if of_kind:
            size = in_words(sum(entry.size for entry in of_kind))
            lines.append(f"{kind:<11} {size:>10}  {meaning}")
            lines += [f"{'':11} {in_words(e.size):>10}    {e.path.name}" for e in of_kind[:10]]
            lines += [f"{'':11} {'':>10}    … and {len(of_kind) - 10} more"] if len(of_kind) > 10 else []
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Run the command. Returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m course_utils.system.cache", description=__doc__)
    parser.add_argument("--clear", metavar="WHAT", help=f"{', '.join(KINDS)}, or all")
    given = parser.parse_args(arguments)
    try:
        if given.clear:
            count, size = clear(given.clear)
            print(f"Removed {count} {'entry' if count == 1 else 'entries'}, {in_words(size)}.")
        print(table())
    except CourseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _paths(folder: Path) -> Iterator[Path]:
    """Locks are left out: without them, two notebooks could write the same file."""
    for path in folder.iterdir():
        if path.name == "locks" or path.name.endswith(".lock"):
            continue
        if path.name in _FOLDERS and path.is_dir() and not path.is_symlink():
            yield from (entry for entry in path.iterdir() if not entry.name.endswith(".lock"))
        else:
            yield path


def _kind(path: Path, folder: Path) -> str:
    if path.name.startswith(".unfinished-") or ".part" in path.name:
        return "unfinished"
    if path.parent != folder:
        return path.parent.name
    return "downloads" if path.suffix in _DOWNLOADS else "other"


def _size(path: Path) -> int:
    """Bytes of a file, or of all that lies in a folder."""
    files = [path]
    if path.is_dir() and not path.is_symlink():
        files = [Path(where, name) for where, _, names in os.walk(path) for name in names]
    size = 0
    for file in files:
        with contextlib.suppress(FileNotFoundError):  # another process has just removed it
            size += file.lstat().st_size
    return size


def _remove(path: Path) -> None:
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise CourseError(
            f"{path} cannot be removed.",
            cause=error.strerror or str(error),
            next_step="stop the notebooks that use it, then run this again.",
        ) from error


if __name__ == "__main__":
    sys.exit(main())
