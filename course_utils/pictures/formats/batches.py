"""CIFAR-10's python batches, as a folder or as the published .tar.gz. Nothing in them is executed."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import pickletools
import re
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from course_utils.errors import CourseError, first_line, shown
from course_utils.pictures.formats.archives import (
    LARGEST_UNPACKED,
    BoundedReads,
    check_unpacked_size,
    lies_outside,
    refused,
)
from course_utils.pictures.structure import (
    IMAGE_SHAPE,
    ROW_LENGTH,
    Pictures,
    check_class_order,
    check_labels,
    check_pixel_order,
    shortened,
)

TRAIN_BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))
TEST_BATCH = "test_batch"
META = "batches.meta"
FILES = (*TRAIN_BATCHES, TEST_BATCH, META)
INNER_FOLDER = "cifar-10-batches-py"
OTHER_VERSIONS = {
    "data_batch_1.bin": "the binary version of CIFAR-10",
    "data_batch_1.mat": "the MATLAB version of CIFAR-10",
    "train.bin": "the binary version of CIFAR-100",
    "train.mat": "the MATLAB version of CIFAR-100",
    "meta": "CIFAR-100",
}
README = "readme.html"  # stands in the published archive
LARGEST_FILE = 64 * 1024**2  # twice a published batch
LARGEST_HEADER = 4 * 1024  # of one member of a tar file; reading a long one can take seconds or fill memory
LARGEST_HEADERS = 128 * 1024
MOST_PIECES = 500_000  # of a pickle; a published batch has 60,000
LARGEST_PADDING = 1024**2  # behind the last member; tar itself writes some 10,000 bytes
_GZIP = b"\x1f\x8b"


def batches_folder(path: Path) -> Path | None:
    """Return the folder that holds the batches: the path itself or the published folder in it."""
    for folder in (path, path / INNER_FOLDER):
        if any((folder / name).is_file() for name in FILES):
            return folder
    return None


def refuse_other_version(name: str, files: Iterable[str]) -> None:
    """Refuse the other data sets and versions that their authors publish, by the names of their files.

    Raises:
        CourseError: it is one of these, and is named.
    """
    others = [other for file, other in OTHER_VERSIONS.items() if file in files]
    if others:
        raise CourseError(
            f"{shown(name)} is {others[0]}, which the course does not read.",
            cause=f"Expected the python version of CIFAR-10: {', '.join(FILES)}.",
            next_step="download cifar-10-python.tar.gz, or give it by its path.",
        )


def read_batches_folder(folder: Path) -> Pictures:
    """Read data_batch_1 … data_batch_5, test_batch and batches.meta of a folder.

    Raises:
        CourseError: a file is missing, too large, not a plain CIFAR-10 batch, or lists other classes.
    """
    return _assembled(folder.name, _files_of(folder))


def read_batches_archive(path: Path) -> Pictures:
    """Read the batches from a .tar or .tar.gz: nothing goes to the disk, and no member's name becomes a path.

    Raises:
        CourseError: the archive is damaged, cut off or too large, or holds what no honest copy holds;
            otherwise as ``read_batches_folder``.
    """
    return _assembled(path.name, _members_of(path))


def _files_of(folder: Path) -> Iterator[tuple[str, bytes | None]]:
    """Yield the names of all files of a folder, each with its bytes if it is one of ``FILES``."""
    for name in sorted(os.listdir(folder)):
        file = folder / name
        is_wanted = name in FILES and file.is_file()
        if is_wanted:
            check_unpacked_size(name, file.stat().st_size, LARGEST_FILE)
        yield name, file.read_bytes() if is_wanted else None


def _members_of(path: Path) -> Iterator[tuple[str, bytes | None]]:
    """Yield the names of all files of an archive, each with its bytes if it is one of ``FILES``."""
    total, place = 0, "its beginning"
    try:
        with path.open("rb") as packed:
            file = gzip.GzipFile(fileobj=packed) if packed.peek(2).startswith(_GZIP) else packed
            headers = BoundedReads(file, path.name, each=LARGEST_HEADER, total=LARGEST_HEADERS)
            for member in tarfile.TarFile(fileobj=headers):
                _check_member(path, member)
                place = shown(member.name)
                total += member.size
                check_unpacked_size(path.name, total, LARGEST_UNPACKED)
                folder, _, name = member.name.removeprefix("./").rpartition("/")
                if member.isreg() and name in FILES and folder in ("", INNER_FOLDER):
                    check_unpacked_size(name, member.size, LARGEST_FILE)
                    file.seek(member.offset_data)
                    yield name, _whole(file, member.size)
                elif member.isreg():
                    yield name, None
            place = "its end"
            # The check sum of a .gz stands at its very end, behind what tar reads.
            if len(file.read(LARGEST_PADDING + 1)) > LARGEST_PADDING:
                raise CourseError(
                    f"Archive {path.name} refused: there is something behind its last member.",
                    cause=f"Expected nothing, or at most {LARGEST_PADDING / 1e6:.0f} MB of zeros.",
                    next_step="check that this is the right file.",
                )
    except (CourseError, PermissionError):
        raise
    except Exception as error:  # tarfile passes on what its parser and its decoders raise, of many kinds
        raise CourseError(
            f"{path} cannot be read to its end.",
            cause=f"The archive is damaged or was cut off, at {place} ({first_line(error)}).",
            next_step="copy or download it again.",
        ) from error


def _whole(file: BinaryIO, size: int) -> bytes:
    raw = file.read(size)
    if len(raw) < size:
        raise EOFError("the file ends too early")
    return raw


def _check_member(path: Path, member: tarfile.TarInfo) -> None:
    """Refuse an archive with a member that no copy of the published archive has."""
    if lies_outside(member.name):
        raise refused(path, member.name, "lies outside its folder")
    if member.issym():
        raise refused(path, member.name, "is a symbolic link")
    if member.islnk():
        raise refused(path, member.name, "is a hard link")
    if not (member.isdir() or member.isreg()) or member.issparse() or member.size < 0:
        raise refused(path, member.name, "is neither a file nor a folder")


def _assembled(name: str, files: Iterable[tuple[str, bytes | None]]) -> Pictures:
    batches: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    seen: set[str] = set()
    others: list[str] = []
    for file, raw in files:
        if raw is None:
            others.append(file)
            continue
        seen.add(file)
        content = _plain_dictionary(f"{file} of {name}", raw)
        if file == META:
            _check_meta(f"{META} of {name}", content)
        else:
            batches[file] = _images_and_labels(f"{file} of {name}", content)
    if not seen:
        refuse_other_version(name, others)
    unknown = [shown(other) for other in others if other != README and not other.startswith(".")]
    _check_complete(name, seen, unknown)
    images, labels = (np.concatenate([batches[file][at] for file in TRAIN_BATCHES]) for at in (0, 1))
    notes = (f"not read: {shortened(unknown, 'files')}",) if unknown else ()
    return Pictures(images, labels, *batches[TEST_BATCH], notes=notes)


def _check_complete(name: str, seen: set[str], unknown: list[str]) -> None:
    missing = [file for file in FILES if file not in seen]
    if not missing:
        return
    found = f" Found also {shortened(unknown, 'files')}." if unknown else ""
    raise CourseError(
        f"{name} lacks {', '.join(missing)}.",
        cause=f"Expected {', '.join(FILES)}.{found}",
        next_step="copy or download the data set again, all files of it.",
    )


def _check_meta(name: str, content: dict) -> None:
    names = content.get("label_names")
    if not isinstance(names, list):
        raise _not_plain(name, "it has no list label_names")
    if not all(isinstance(entry, str | bytes) for entry in names):
        raise _not_plain(name, "its label_names are no texts")
    check_class_order(name, [_text(entry) for entry in names])


def _images_and_labels(name: str, content: dict) -> tuple[np.ndarray, np.ndarray]:
    missing = [key for key in ("data", "labels") if key not in content]
    if missing:
        there = shortened([shown(key) for key in content], "entries")
        raise _not_plain(name, f"it has no {' and no '.join(missing)}, but {there}")
    rows = _as_array(name, content["data"])
    if rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != ROW_LENGTH:
        raise CourseError(
            f"{name} holds {rows.dtype} pixels of shape {rows.shape}.",
            cause=f"Expected uint8 of shape (n, {ROW_LENGTH}): a row for each picture, red, green, blue.",
            next_step="use the files of CIFAR-10 as they were published.",
        )
    check_pixel_order(name, rows, colours_together=False)
    labels = _as_array(name, content["labels"])
    images = rows.reshape(-1, 3, *IMAGE_SHAPE[:2]).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), check_labels(f"labels in {name}", labels, len(rows))


def _as_array(name: str, value: object) -> np.ndarray:
    if isinstance(value, list) and all(type(entry) is int for entry in value):
        return np.array(value)
    if not isinstance(value, _Kept):
        raise _not_plain(name, f"a {type(value).__name__} stands where numbers were expected")
    try:
        return value.array()
    except Exception as error:  # what a pickle says about an array can be wrong in any way
        raise _not_plain(name, f"it holds no array of numbers ({type(error).__name__})") from error


def _plain_dictionary(name: str, raw: bytes) -> dict:
    """Read a pickle that holds nothing but a dictionary of numbers, texts, lists and arrays."""
    try:
        _check_pieces(raw)
        content = _PlainUnpickler(io.BytesIO(raw), encoding="bytes").load()
    except _Forbidden as forbidden:
        raise _not_plain(name, f"it asks for {shown(str(forbidden))}") from forbidden
    except Exception as error:  # a broken pickle can fail in any way
        raise _not_plain(name, f"it is damaged or cut off ({type(error).__name__})") from error
    if not isinstance(content, dict):
        raise _not_plain(name, f"it holds a {type(content).__name__}, not a dictionary")
    if not all(isinstance(key, str | bytes) for key in content):
        raise _not_plain(name, "its keys are no texts")
    return {_text(key): value for key, value in content.items()}


def _check_pieces(raw: bytes) -> None:
    """Refuse a pickle that would fill the memory: Python's reader makes room for any number of a piece."""
    for count, (piece, argument, _) in enumerate(pickletools.genops(raw)):
        if count >= MOST_PIECES:
            raise _Forbidden(f"more than {MOST_PIECES:,} pieces")
        if piece.name in _NUMBERED and argument > count:
            raise _Forbidden(f"room for {argument:,} pieces")


def _not_plain(name: str, why: str) -> CourseError:
    return CourseError(
        f"{name} was refused: it is not plain CIFAR-10 data.",
        cause=f"Expected a dictionary with numbers and names only; {why}. Nothing was executed.",
        next_step="use the files of CIFAR-10 as they were published.",
    )


def _text(value: object) -> str:
    return value.decode("latin1") if isinstance(value, bytes) else str(value)


class _Forbidden(Exception):
    """The pickle asks for something that plain data does not need."""


class _Kept:
    """What a pickle says about an array or its dtype. It is kept as it is: numpy never sees it unchecked."""

    def __init__(self, *given: object):
        self._given, self._state = given, ()

    def __setstate__(self, state: tuple) -> None:
        self._state = state

    def array(self) -> np.ndarray:
        """Return the array, or raise any error if it is not one of plain numbers."""
        if self._state:
            _, shape, kind, is_fortran, raw = self._state
        else:  # numpy's newer form
            raw, kind, shape, order = self._given
            is_fortran = order == "F"
        code, order = _text(kind._given[0]), _text(kind._state[1])
        if not re.fullmatch(r"([iuf][1248]|b1)[<>=|]", code + order):
            raise ValueError
        return np.frombuffer(raw, np.dtype(code).newbyteorder(order)).reshape(shape, order="CF"[is_fortran])


class _PlainUnpickler(pickle.Unpickler):
    """Keeps what a pickle says about arrays, and refuses every other name."""

    def find_class(self, module: str, name: str) -> object:
        full_name = f"{module.replace('numpy._core', 'numpy.core')}.{name}"
        if full_name == "_codecs.encode":  # bytes in old protocols
            return lambda text, encoding: text.encode("latin1")
        if full_name not in _KEPT:
            raise _Forbidden(f"{module}.{name}")
        return lambda *given: _Kept(*given)

    def persistent_load(self, pid: object) -> object:
        raise _Forbidden("an object outside the file")


_NUMBERED = ("PUT", "BINPUT", "LONG_BINPUT")
_KEPT = (
    "numpy.core.multiarray._reconstruct",
    "numpy.core.numeric._frombuffer",
    "numpy.ndarray",
    "numpy.dtype",
)
