"""Finding what belongs to a lesson: the public module, then an instructor's private one.

``COURSE_PRIVATE`` names a folder with ``givens/lesson_NN.py`` and ``judges/lesson_NN.py`` in the form of the
public ones. What they register replaces the public data and judges of the same exercise, or adds to them.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from pathlib import Path

_loaded: set[tuple[str, str]] = set()


def load_lesson(kind: str, lesson: str) -> None:
    """Import what registers a lesson's exercises; a second call does nothing.

    Args:
        kind: ``"givens"`` or ``"judges"``.
        lesson: its number, two digits.
    """
    public = f"course_utils.checks.{kind}.lesson_{lesson}"
    if ("", public) not in _loaded and importlib.util.find_spec(public):
        importlib.import_module(public)
    _loaded.add(("", public))
    folder = os.environ.get("COURSE_PRIVATE", "")
    if folder and (folder, public) not in _loaded:
        path = Path(folder) / kind / f"lesson_{lesson}.py"
        if path.is_file():
            spec = importlib.util.spec_from_file_location(f"course_private_{kind}_{lesson}", path)
            spec.loader.exec_module(importlib.util.module_from_spec(spec))
        _loaded.add((folder, public))


def has_judges() -> bool:
    """True where right answers are at hand. The sandbox of grading has none: there, answers are only kept."""
    return importlib.util.find_spec("course_utils.checks.judges") is not None
