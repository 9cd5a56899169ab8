"""Checkpoints on disk: each is whole or not there, and the one before is kept in case it was damaged.

A checkpoint is one file, ``<number>-<SHA-256 of its bytes>.npz``, of arrays and of facts as JSON text; no
pickle. It is written beside its place, brought to the disk (fsync) and only then renamed.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np

from course_utils.system.paths import cache_folder
from course_utils.system.run_folder import CHECKPOINTS

DRIVE = Path("/content/drive")  # where Colab mounts Google Drive
FACTS = "facts"  # the member of the file that holds the JSON text


class Checkpoints:
    """The checkpoints of one training.

    A disk that is full, or a Drive that is gone, stops no training: it is told once, and each save tries
    again. A folder on a mounted Drive gets copies of what is first written to the cache folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._places = [folder]  # the first is written to, the others get copies
        if folder.is_relative_to(DRIVE):
            name = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
            self._places.insert(0, cache_folder() / CHECKPOINTS / name)
        self._is_told = False

    def load(self) -> tuple[dict[str, np.ndarray], dict] | None:
        """Return arrays and facts of the newest whole checkpoint; None: there is none.

        A damaged one is put into ``damaged/`` and told; then the one before is taken.
        """
        found, damaged = None, 0
        for path in sorted(self._files(), key=_number, reverse=True):
            found = found or _read(path)
            if found is None:
                damaged += 1
                _put_aside(path)
        if damaged and found:
            print("The latest checkpoint is damaged; going on from the one before it.")
        elif damaged:
            print(f"The checkpoints are damaged and kept in {self.folder / 'damaged'}; training starts anew.")
        return found

    def save(self, arrays: dict[str, np.ndarray], facts: dict, *, keep: int = 2) -> None:
        """Write a checkpoint, then remove all but the newest ones.

        Args:
            arrays: under any names but ``facts``.
            facts: plain values, as JSON has them.
            keep: how many stay.
        """
        number = max(map(_number, self._files()), default=0) + 1
        text = np.array(json.dumps(facts))
        try:
            first, *copies = self._places
            path = _write(first, number, {FACTS: text} | arrays)
            for place in copies:
                _copy(path, place)
        except OSError as error:
            self._tell(error)
        for place in self._places:
            for old in sorted(_listed(place), key=_number)[:-keep]:
                _remove(old)

    def clear(self) -> None:
        """Remove all checkpoints of this training."""
        for place in self._places:
            shutil.rmtree(place, ignore_errors=True)

    def _files(self) -> list[Path]:
        return [path for place in self._places for path in _listed(place)]

    def _tell(self, error: OSError) -> None:
        if not self._is_told:
            what = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
            print(
                f"A checkpoint could not be written to {self.folder}: {what}.\n"
                "The training goes on, and the next checkpoint is tried again."
            )
        self._is_told = True


def _write(folder: Path, number: int, arrays: dict[str, np.ndarray]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(".*.part"):  # of a process that was killed
        _remove(left)
    part = folder / f".{number:08d}-{os.getpid()}.part"
    try:
        with part.open("wb+") as file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        path = folder / f"{number:08d}-{digest}.npz"
        os.replace(part, path)
    finally:
        _remove(part)
    return path


def _copy(path: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{path.name}.part"
    try:
        shutil.copyfile(path, part)
        if part.stat().st_size != path.stat().st_size:  # a Drive that is full or gone may say nothing
            raise OSError(errno.EIO, f"{part.stat().st_size} of {path.stat().st_size} bytes were copied")
        os.replace(part, folder / path.name)
    finally:
        _remove(part)


def _read(path: Path) -> tuple[dict[str, np.ndarray], dict] | None:
    try:
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != path.stem.partition("-")[2]:
                return None
        with np.load(path, allow_pickle=False) as members:
            arrays = {name: members[name] for name in members.files}
        return arrays, json.loads(str(arrays.pop(FACTS)))
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
        return None


def _listed(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.glob("*-*.npz") if path.name.partition("-")[0].isdigit()]
    except OSError:  # a Drive that is gone
        return []


def _number(path: Path) -> int:
    return int(path.name.partition("-")[0])


def _put_aside(path: Path) -> None:
    with contextlib.suppress(OSError):
        (path.parent / "damaged").mkdir(exist_ok=True)
        os.replace(path, path.parent / "damaged" / path.name)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
