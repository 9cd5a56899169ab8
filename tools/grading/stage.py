"""What a sandbox sees of the course: the package without its judges, the public data, and nothing else."""

from __future__ import annotations

import compileall
import copy
import py_compile
import shutil
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.system.paths import PROJECT

NEVER = shutil.ignore_patterns("judges", "__pycache__", "*.pyc", ".*")
HERE = Path(__file__).resolve().parent
Stage = dict[Path, str]  # what a sandbox is given to read: folder or file of this machine -> place inside


def make_stage(folder: Path, *, private: Path | None = None) -> Stage:
    """Copy what may be seen.

    Args:
        folder: an empty one that others may not look into, to hold the copies.
        private: an instructor's folder; of it, ``givens/`` alone is copied.

    Raises:
        CourseError: the private folder is none.
    """
    open_folder = folder / "stage"
    shutil.copytree(PROJECT / "course_utils", open_folder / "course" / "course_utils", ignore=NEVER)
    mounts = {open_folder / "course": "/course", PROJECT / "data" / "weights": "/course/data/weights"}
    (open_folder / "course" / "data" / "weights").mkdir(parents=True)
    if private is not None:
        mounts |= _private_givens(private, open_folder)
    shutil.copy(HERE / "inside.py", open_folder / "inside.py")
    mounts[open_folder / "inside.py"] = "/grading/inside.py"
    fonts = _font_list(open_folder)
    mounts[fonts] = f"/tmp/home/matplotlib/{fonts.name}"
    # Compiled once; inside, nothing can be written beside the sources.
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    places = {"stripdir": str(open_folder), "prependdir": "/"}
    compileall.compile_dir(open_folder, quiet=2, invalidation_mode=mode, **places)
    # The stranger that a notebook runs as reads these copies; the folder above keeps others out.
    for path in [open_folder, *open_folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    return mounts


def _private_givens(private: Path, open_folder: Path) -> dict[Path, str]:
    if not private.is_dir():
        raise CourseError(
            f"There is no private folder {private}.",
            cause="PRIVATE names a folder with givens/ and judges/.",
            next_step="correct the path, or leave PRIVATE out.",
        )
    target = open_folder / "private" / "givens"
    if (private / "givens").is_dir():
        shutil.copytree(private / "givens", target, ignore=NEVER)
    target.mkdir(parents=True, exist_ok=True)
    return {target: "/private/givens"}


def _font_list(folder: Path) -> Path:
    """Write what matplotlib knows of fonts, so that it looks for them once, not in each sandbox."""
    import matplotlib
    from matplotlib import font_manager

    manager = copy.copy(font_manager.fontManager)
    seen = (matplotlib.get_data_path(), "/usr/")  # others stay unknown, the names of their folders too
    manager.ttflist = [font for font in manager.ttflist if font.fname.startswith(seen)]
    manager.afmlist = [font for font in manager.afmlist if font.fname.startswith(seen)]
    path = folder / f"fontlist-v{manager.__version__}.json"
    font_manager.json_dump(manager, path)
    return path
