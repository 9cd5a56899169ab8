"""Where things lie: the project, the cache and the folder of a run."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import platformdirs

from course_utils.errors import CourseError

PROJECT = Path(__file__).resolve().parents[2]
BUNDLED_WEIGHTS = PROJECT / "data" / "weights"
DEFAULT_OUT = PROJECT / "build" / "course"
NAME = "transfer-learning-course"

_instead: dict[str, Path] = {}  # a cache folder that cannot be used -> the one that this process uses
_writable: set[Path] = set()


def cache_folder() -> Path:
    """Return the folder for downloads, unpacked weights and features, made if it is missing.

    ``COURSE_CACHE`` names another one, absolute or relative to the project; the default is the platform's
    own cache folder. Where that one cannot be written to, ``build/cache`` in the project takes its place,
    else a private folder among the temporary files; this is told once. No folder that every user of the
    machine may write to is used: in a shared one such as ``/tmp``, a private folder is made.

    Raises:
        CourseError: the folder that ``COURSE_CACHE`` names cannot be made or written to, or everyone may
            change what lies in it.
    """
    named = os.environ.get("COURSE_CACHE", "").strip()
    if named:
        folder = _made(named, "name another cache folder by the variable COURSE_CACHE.")
        return _protected(folder)
    usual = platformdirs.user_cache_dir(NAME)
    if usual not in _instead:
        _instead[usual] = _first_usable(Path(usual))
    _instead[usual].mkdir(mode=0o700, parents=True, exist_ok=True)  # someone may have cleared it
    return _instead[usual]


def out_folder(out: str | Path | None = None) -> Path:
    """Return the folder that a run writes to, made if it is missing.

    Args:
        out: absolute, or relative to the project. None: ``COURSE_OUT``, else ``build/course``.

    Raises:
        CourseError: the folder cannot be made.
    """
    chosen = out or os.environ.get("COURSE_OUT") or DEFAULT_OUT
    return _made(chosen, "give OUT the name of a folder that you may write to.")


def _made(folder: str | Path, next_step: str) -> Path:
    path = (PROJECT / Path(folder).expanduser()).resolve()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CourseError(
            f"The folder {path} cannot be made.",
            cause=error.strerror or str(error),
            next_step=next_step,
        ) from error
    return path


def _first_usable(usual: Path) -> Path:
    """Return the usual cache folder, or what takes its place, which is told."""
    reasons = []
    for candidate in (usual, PROJECT / "build" / "cache"):
        try:
            folder = _private(candidate)
            break
        except OSError as error:
            reasons.append(error.strerror or str(error))
    else:
        folder = _own_in(Path(tempfile.gettempdir()))
    if reasons:
        print(
            f"The cache folder {usual} cannot be used: {reasons[0]}.\n"
            f"Downloads and prepared files are kept in {folder} instead.\n"
            "Next: nothing; or name a folder of your own by the variable COURSE_CACHE."
        )
    return folder


def _private(folder: Path) -> Path:
    """Make a folder that only this user may write to, and try to write there.

    Raises:
        OSError: that is not possible.
    """
    home = Path.home()
    if folder.is_relative_to(home) and not home.is_dir():
        raise FileNotFoundError(2, f"the home folder {home} does not exist")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = folder.resolve()
    if _open_to_everyone(folder):
        raise PermissionError(13, "every user of this machine may change what lies in it")
    _try_to_write(folder)
    return folder


def _protected(folder: Path) -> Path:
    """Return the folder that ``COURSE_CACHE`` names, or a private one in it if it is shared like ``/tmp``."""
    if _open_to_everyone(folder):
        if not folder.stat().st_mode & stat.S_ISVTX:  # without this bit, others can replace what is ours
            raise CourseError(
                f"The cache folder {folder} is not safe.",
                cause="Every user of this machine may change what lies in it.",
                next_step="run chmod o-w on it, or name another folder by the variable COURSE_CACHE.",
            )
        folder = _own_in(folder)
    try:
        _try_to_write(folder)
    except OSError as error:
        raise CourseError(
            f"The cache folder {folder} cannot be written to.",
            cause=error.strerror or str(error),
            next_step="name another cache folder by the variable COURSE_CACHE.",
        ) from error
    return folder


def _own_in(shared: Path) -> Path:
    """Return a private folder in a shared one. One that another user has put there is not touched."""
    if os.name != "posix":  # temporary files are private there
        folder = shared / NAME
        folder.mkdir(exist_ok=True)
        return folder
    folder = shared / f"{NAME}-{os.geteuid()}"
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()  # of a link: the link's own
        is_ours = found.st_uid == os.geteuid() and not found.st_mode & 0o077
        if not (stat.S_ISDIR(found.st_mode) and is_ours):
            if str(folder) not in _instead:
                _instead[str(folder)] = Path(tempfile.mkdtemp(prefix=f"{NAME}-", dir=shared))
            return _instead[str(folder)]
    return folder


def _open_to_everyone(folder: Path) -> bool:
    return os.name == "posix" and bool(folder.stat().st_mode & stat.S_IWOTH)


def _try_to_write(folder: Path) -> None:
    if folder not in _writable:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".writable-"):
            _writable.add(folder)
