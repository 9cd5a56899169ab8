"""Where things lie: the project, the cache and the folder of a run."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

PROJECT = Path(__file__).resolve().parent.parent
BUNDLED_WEIGHTS = PROJECT / "data" / "weights"
DEFAULT_OUT = PROJECT / "build" / "course"


def cache_folder() -> Path:
    """Return the folder for downloads, unpacked weights and features, made if it is missing.

    ``COURSE_CACHE`` names another one; the default is the platform's own cache folder.
    """
    folder = os.environ.get("COURSE_CACHE") or platformdirs.user_cache_dir("transfer-learning-course")
    path = Path(folder).expanduser().resolve()
    path.mkdir(parents=True, exist_ok=True)
    return path


def out_folder(out: str | Path | None = None) -> Path:
    """Return the folder that a run writes to, made if it is missing.

    Args:
        out: absolute, or relative to the project. None: ``COURSE_OUT``, else ``build/course``.
    """
    chosen = out or os.environ.get("COURSE_OUT") or DEFAULT_OUT
    path = (PROJECT / Path(chosen).expanduser()).resolve()
    path.mkdir(parents=True, exist_ok=True)
    return path
