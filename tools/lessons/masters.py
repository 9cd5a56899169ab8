"""Where the exercises lie: masters with solutions, and the student edition made of them."""

from __future__ import annotations

from pathlib import Path

from course_utils.system.paths import PROJECT

MASTERS = PROJECT / "exercises"


def student_folder(masters: Path) -> Path:
    """Return the folder of the student edition; an instructor's own masters have it beside them."""
    return PROJECT / "notebooks" / "exercises" / "student" if masters == MASTERS else masters / "student"
