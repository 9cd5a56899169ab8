"""Where things lie: the project, the cache and the folder of a run."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from course_utils.errors import CourseError

PROJECT = Path(__file__).resolve().parent.parent
BUNDLED_WEIGHTS = PROJECT / "data" / "weights"
DEFAULT_OUT = PROJECT / "build" / "course"


def cache_folder() -> Path:
    """Return the folder for downloads, unpacked weights and features, made if it is missing.

    ``COURSE_CACHE`` names another one, absolute or relative to the project; the default is the platform's
    own cache folder.

    Raises:
        CourseError: the folder cannot be made.
    """
    folder = os.environ.get("COURSE_CACHE") or platformdirs.user_cache_dir("transfer-learning-course")
    return _made(folder, "name another cache folder by the variable COURSE_CACHE.")


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
