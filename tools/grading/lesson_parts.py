"""Where a lesson teaches what an exercise asks, so that a feedback page can say where to read again."""

from __future__ import annotations

import functools
import json
import re

import markupsafe

from course_utils.system.paths import PROJECT
from tools.lessons.frame import read_setting

PARTS = {  # lesson -> part of that lesson for each exercise, then for each question
    "01": ((5, 7, 6, 3, 6, 4, 4, 9), (2, 4, 3, 5, 6, 8)),
    "02": ((1, 1, 1, 2, 4, 5, 2, 2, 2), (1, 2, 4, 4, 2, 2)),
    "03": ((2, 5, 3, 7, 7, 5, 10, 10, 11), (3, 10, 8, 6, 9, 10)),
    "04": ((6, 1, 3, 7, 4, 2, 3, 5), (3, 6, 2, 4, 2, 7)),
    "05": ((2, 1, 10, 5, 6, 6, 3), (9, 3, 6, 7, 5, 4)),
}


def lesson_part(exercise: str) -> markupsafe.Markup:
    """Return where to read about an exercise, as a link where the course has an address; empty: unknown."""
    lesson, _, number = exercise.partition(".")
    numbers = PARTS.get(lesson, ((), ()))["q" in number]
    place = int(number.lstrip("q") or 0) - 1 if number.lstrip("q").isdigit() else -1
    if not 0 <= place < len(numbers):
        return markupsafe.Markup("")
    name, headings = _lesson(lesson)
    text = f"Lesson {int(lesson)}, part {numbers[place]}: {headings.get(numbers[place], '')}"
    address = _address()
    if not address:
        return markupsafe.Markup("<small>{}</small>").format(text)
    return markupsafe.Markup('<small><a href="{}/notebooks/{}">{}</a></small>').format(address, name, text)


@functools.cache
def _lesson(number: str) -> tuple[str, dict[int, str]]:
    """Return the file of a lesson, and the titles of its parts by number."""
    path = next((PROJECT / "notebooks").glob(f"{number}_*.ipynb"))
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    found = re.findall(r"^## (\d+)\. (.+)$", text, re.MULTILINE)
    return path.name, {int(part): title.replace("`", "") for part, title in found}


@functools.cache
def _address() -> str:
    repository, tag = read_setting()
    return f"https://github.com/{repository}/blob/{tag}" if repository else ""
