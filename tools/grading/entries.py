"""What lies in a folder of submissions: folders, archives and files, looked at alike and only read."""

from __future__ import annotations

import contextlib
import io
import os
import re
import stat
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO

MOST_MEMBERS = 2000  # of one archive
MOST_FOLDERS = 30  # in one another
LARGEST_LIST = 1_000_000  # bytes of an archive's list of its files
LITTER = ("__macosx", ".ipynb_checkpoints", "__pycache__", "thumbs.db", "desktop.ini")


class UnusableError(Exception):
    """It cannot be used. The text goes behind a file's name, in a sentence for a person."""


@dataclass(frozen=True)
class Entry:
    """A folder, an archive or a file, on disk or in an archive.

    Attributes:
        name: its last part.
        place: where it lies, below the folder of submissions.
        kind: ``"folder"``, ``"archive"``, ``"file"``; ``"refused"``: never opened.
        why: it is refused.
        size: of a file on disk or in an archive, as its list says.
        changed: when, seconds since 1970 or the time that an archive gives.
        opened: opens a file.
        below: what a folder or an archive holds; of an archive in an archive, only so many bytes are read.
        is_inner: it is such an archive.
    """

    name: str
    place: str
    kind: str
    why: str = ""
    size: int = 0
    changed: tuple[float, ...] = (0.0,)
    opened: Callable[[], BinaryIO] | None = None
    below: Callable[[int], list[Entry]] | None = None
    is_inner: bool = False

    def read(self, limit: int) -> bytes:
        """Return the content of a file.

        Raises:
            UnusableError: it holds more than the limit, whatever a list says about it.
        """
        with self.opened() as file:
            content = file.read(limit + 1)
        if len(content) > limit:
            raise UnusableError(f"is too large: it holds or unpacks to more than {limit:,} bytes")
        return content


def is_litter(name: str) -> bool:
    """True for what systems and Jupyter leave behind."""
    return name.lower() in LITTER or name.startswith((".", "~$"))


def in_folder(folder: Path, place: str = "") -> list[Entry]:
    """Return what a folder on disk holds, in order of names."""
    names = sorted(os.listdir(folder))
    return [_on_disk(folder / name, f"{place}{name}") for name in names if not is_litter(name)]


def _on_disk(path: Path, place: str) -> Entry:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return Entry(path.name, place, "refused", "is a link and was not followed")
    if stat.S_ISDIR(status.st_mode):
        return Entry(path.name, place, "folder", below=lambda _: in_folder(path, f"{place}/"))
    if not stat.S_ISREG(status.st_mode):
        return Entry(path.name, place, "refused", "is no plain file and was not opened")
    kind, below = "file", None
    if path.name.lower().endswith(".zip"):
        kind, below = "archive", lambda _: in_archive(path, place)
    when = (status.st_mtime,)
    return Entry(path.name, place, kind, "", status.st_size, when, lambda: path.open("rb"), below)


def in_archive(file: Path | BinaryIO, place: str) -> list[Entry]:
    """Return what the top of a zip archive holds; the archive stays open as long as its entries live.

    Raises:
        UnusableError: too many files.
        Exception: whatever a broken archive makes ``zipfile`` raise.
    """
    _check_list(file)
    archive = zipfile.ZipFile(file)
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise UnusableError(f"holds {len(members):,} files, which is too many")
    tree: dict[tuple[str, object], object] = {}
    for number, member in enumerate(members):
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if any(is_litter(part) for part in path.parts if part != "..") or not path.parts:
            continue
        why = _refused(member, path)
        branch = tree
        for part in path.parts[:-1] if not why else ():
            branch = branch.setdefault((part, "folder"), {})
        if why:
            branch[path.name, number] = Entry(path.name, f"{place}/{path}", "refused", why)
        elif member.is_dir():
            branch.setdefault((path.name, "folder"), {})
        else:  # a list may hold one name several times: none of them is lost
            branch[path.name, number] = _member(archive, member, path.name, f"{place}/{path}")
    return _entries(tree, f"{place}/")


def _entries(tree: dict, place: str) -> list[Entry]:
    found = []
    for name, branch in tree.items():
        if type(branch) is dict:
            own = f"{place}{name[0]}"
            found.append(Entry(name[0], own, "folder", below=_later(branch, f"{own}/")))
        else:
            found.append(branch)
    return sorted(found, key=lambda entry: entry.name)


def _later(branch: dict, place: str) -> Callable[[int], list[Entry]]:
    return lambda _: _entries(branch, place)


def _check_list(source: Path | BinaryIO) -> None:
    """Refuse an archive whose list of files is huge, before it is read."""
    with source.open("rb") if isinstance(source, Path) else contextlib.nullcontext(source) as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - 66_000))
        tail = file.read()
    place = tail.rfind(b"PK\x05\x06")
    if 0 <= place <= len(tail) - 22 and struct.unpack_from("<I", tail, place + 12)[0] > LARGEST_LIST:
        raise UnusableError("holds a list of too many files")


def _refused(member: zipfile.ZipInfo, path: PurePosixPath) -> str:
    is_link = (member.external_attr >> 16) & 0o170000 == 0o120000
    if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", str(path)) or is_link:
        return "points outside its archive and was not used"
    if len(path.parts) > MOST_FOLDERS:
        return f"lies in more than {MOST_FOLDERS} folders and was not used"
    return "has a password: ask for it without" if member.flag_bits & 1 else ""


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, place: str) -> Entry:
    when = tuple(map(float, member.date_time))
    entry = Entry(name, place, "file", "", member.file_size, when, lambda: archive.open(member))
    if not name.lower().endswith(".zip"):
        return entry
    below = lambda limit: in_archive(io.BytesIO(entry.read(limit)), place)  # noqa: E731
    return replace(entry, kind="archive", below=below, is_inner=True)
