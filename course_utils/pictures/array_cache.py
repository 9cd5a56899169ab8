"""Keep decoded pictures as .npy files, so that slow reading happens once.

An entry is a folder ``arrays/<source>-<key>`` in the cache; it appears complete or not at all. Its arrays are
memory-mapped. One process at a time reads a source, and the others wait for what it keeps.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import os
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from course_utils.errors import CourseError
from course_utils.pictures.structure import Pictures
from course_utils.system.disk import check_disk
from course_utils.system.lock import only_one
from course_utils.system.paths import cache_folder

WORTH_KEEPING_SECONDS = 1.0
WAIT_SECONDS = 600.0  # for another process that reads the same source; then it is read here too
_ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")


def cached(source: str, facts: Iterable[object], read: Callable[[], Pictures]) -> Pictures:
    """Return the kept pictures, or read them, and keep them if that took longer than a second.

    Args:
        source: which source, in a form that can be part of a file name. The newest entry of each is kept.
        facts: all that decides what ``read`` returns. Versions of numpy and Pillow, and the code of the
            sources, are added.
        read: reads or draws the pictures.

    Returns:
        The pictures; arrays are read-only.
    """
    entry = _entry(source, facts)
    found = _load(entry)
    if found is not None:
        return found
    with contextlib.ExitStack() as stack:
        # Without locks, or if the other process takes too long, the source is read here too.
        with contextlib.suppress(OSError, NotImplementedError):
            locks, arrays = cache_folder() / "locks", cache_folder() / "arrays"
            locks.mkdir(exist_ok=True)
            waiting = "Another notebook is reading the same pictures: waiting."
            stack.enter_context(only_one(locks / f"arrays-{source}.lock", waiting, patience=WAIT_SECONDS))
            _remove(arrays, f".unfinished-{source}-*")  # of processes that died
        return _load(entry) or _read_and_keep(source, entry, read)


def kept(source: str, facts: Iterable[object]) -> Pictures | None:
    """Return the kept pictures, or None. The arguments are those of ``cached``."""
    return _load(_entry(source, facts))


def _read_and_keep(source: str, entry: str, read: Callable[[], Pictures]) -> Pictures:
    start = time.perf_counter()
    pictures = read()
    if time.perf_counter() - start < WORTH_KEEPING_SECONDS:
        return pictures
    try:
        _save(source, entry, pictures)
    except (OSError, CourseError) as error:
        reason = " ".join(str(error).splitlines()[:2])
        warnings.warn(
            f"The decoded pictures could not be kept: {reason} They will be read again next time.",
            stacklevel=2,
        )
        return pictures
    return _load(entry) or pictures


def file_facts(path: Path | os.DirEntry) -> str:
    """Return name, size and time of change of a file: what shows that it changed."""
    stat = path.stat()
    return f"{path.name}|{stat.st_size}|{stat.st_mtime_ns}"


def listing_facts(folder: Path) -> list[str]:
    """Return what shows that anything in a folder changed; of a link that leads nowhere, its name."""
    with os.scandir(folder) as entries:
        return sorted(file_facts(entry) if os.path.exists(entry) else f"{entry.name}|" for entry in entries)


def path_name(path: Path) -> str:
    """Return a short name for a path, to be part of a cache entry's name."""
    return f"path-{_digest([path.resolve()])[:10]}"


def _load(entry: str) -> Pictures | None:
    try:
        folder = cache_folder() / "arrays" / entry
        content = json.loads((folder / "content.json").read_text(encoding="utf-8"))
        arrays = {
            # As plain arrays: what is computed from a memmap would otherwise claim to be one.
            name: np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r"))
            for name in content["arrays"]
        }
        return Pictures(**arrays, notes=tuple(content["notes"]))
    except (OSError, EOFError, ValueError, TypeError, KeyError):
        return None  # not kept yet, or damaged: it is read again


def _save(source: str, entry: str, pictures: Pictures) -> None:
    folder = cache_folder() / "arrays"
    folder.mkdir(exist_ok=True)
    arrays = {name: getattr(pictures, name) for name in _ARRAYS if getattr(pictures, name) is not None}
    need = sum(array.nbytes for array in arrays.values()) + 1_000_000
    check_disk(folder, need, "Keeping the decoded pictures")
    unfinished = Path(tempfile.mkdtemp(prefix=f".unfinished-{source}-", dir=folder))
    try:
        for name, array in arrays.items():
            _write(unfinished / f"{name}.npy", lambda file, array=array: np.save(file, array))
        content = json.dumps({"arrays": list(arrays), "notes": pictures.notes}).encode()
        _write(unfinished / "content.json", lambda file: file.write(content))
        _remove(folder, f"{source}-*")
        # Fails if another process has just put the same entry there, which is as good.
        with contextlib.suppress(OSError):
            os.replace(unfinished, folder / entry)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _write(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file that is on the disk before the entry gets its name."""
    with path.open("wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())


def _remove(folder: Path, pattern: str) -> None:
    for old in folder.glob(pattern):
        shutil.rmtree(old, ignore_errors=True)


def _entry(source: str, facts: Iterable[object]) -> str:
    code = [
        hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(Path(__file__).parent.rglob("*.py"))
    ]
    versions = [np.__version__, importlib.metadata.version("pillow"), *code]
    return f"{source}-{_digest([*versions, *facts])}"


def _digest(facts: Iterable[object]) -> str:
    digest = hashlib.sha256()
    for fact in facts:
        digest.update(f"{fact}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()[:24]
