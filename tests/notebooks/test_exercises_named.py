"""Exercises stand where they can be solved: each is named once in its lesson, with a link to it."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import nbformat
import pytest

from course_utils.running.execution import find_lessons
from tools.lessons.masters import MASTERS, student_folder

LESSONS = find_lessons()
LINE = re.compile(
    r"^\*\*Exercise (?P<name>\d\d\.\d+)\*\* - (?P<task>.+) - \[open\]\((?P<link>[^)]+)\)$", re.MULTILINE
)
MAX_WORDS = 2200


def texts(path: Path) -> str:
    """Return all text of a notebook."""
    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


@pytest.fixture(params=LESSONS, ids=[path.name[:2] for path in LESSONS])
def lesson(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_each_exercise_is_named_once_in_its_lesson(lesson: Path):
    exercises = re.findall(r"^## Exercise (\d\d\.\d+)", texts(MASTERS / lesson.name), re.MULTILINE)
    named = [match["name"] for match in LINE.finditer(texts(lesson))]

    assert len(exercises) >= 7
    assert sorted(named) == sorted(exercises)
    assert texts(lesson).count("**Exercise ") == len(named)  # none in another form


def test_links_lead_to_the_exercises_of_the_lesson(lesson: Path):
    links = {match["link"] for match in LINE.finditer(texts(lesson))}

    assert [(lesson.parent / link).resolve() for link in links] == [student_folder(MASTERS) / lesson.name]
    assert (student_folder(MASTERS) / lesson.name).is_file()


def test_an_exercise_stands_at_the_end_of_a_section(lesson: Path):
    blocks = [block for block in texts(lesson).split("\n\n") if block.strip()]
    behind = [
        after
        for block, after in itertools.pairwise(blocks)
        if LINE.fullmatch(block.strip()) and not LINE.fullmatch(after.strip())
    ]

    assert behind
    assert all(after.startswith("#") for after in behind), behind


def test_a_lesson_is_short_enough_to_read(lesson: Path):
    assert len(texts(lesson).split()) <= MAX_WORDS
