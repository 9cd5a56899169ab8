"""Keep decoded pictures as .npy files, so that slow reading happens once.

An entry is a folder ``arrays/<source>-<key>`` in the cache; it appears complete or not at all. Its arrays are
memory-mapped.
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

import numpy as np

from course_utils.paths import cache_folder
from course_utils.sources.structure import Pictures

WORTH_KEEPING_SECONDS = 1.0
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
    key = _digest([*_versions(), *facts])
    entry = f"{source}-{key}"
    kept = _load(entry)
    if kept is not None:
        return kept
    start = time.perf_counter()
    pictures = read()
    if time.perf_counter() - start < WORTH_KEEPING_SECONDS:
        return pictures
    try:
        _save(source, entry, pictures)
    except OSError as error:
        warnings.warn(
            f"The decoded pictures could not be kept: {error}. They will be read again next time.",
            stacklevel=2,
        )
        return pictures
    return _load(entry) or pictures


def file_facts(path: Path | os.DirEntry) -> str:
    """Return name, size and time of change of a file: what shows that it changed."""
    stat = path.stat()
    return f"{path.name}|{stat.st_size}|{stat.st_mtime_ns}"


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
    unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=folder))
    try:
        names = [name for name in _ARRAYS if getattr(pictures, name) is not None]
        for name in names:
            np.save(unfinished / f"{name}.npy", getattr(pictures, name))
        content = {"arrays": names, "notes": pictures.notes}
        (unfinished / "content.json").write_text(json.dumps(content), encoding="utf-8")
        for old in folder.glob(f"{source}-*"):
            shutil.rmtree(old, ignore_errors=True)
        # Fails if another process has just put the same entry there, which is as good.
        with contextlib.suppress(OSError):
            os.replace(unfinished, folder / entry)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _versions() -> list[str]:
    here = Path(__file__).parent
    code = [hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(here.glob("*.py"))]
    return [np.__version__, importlib.metadata.version("pillow"), *code]


def _digest(facts: Iterable[object]) -> str:
    digest = hashlib.sha256()
    for fact in facts:
        digest.update(f"{fact}\0".encode())
    return digest.hexdigest()[:24]
