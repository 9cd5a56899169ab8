"""Exercises and their instant answers: ``check("03.2", answer)`` says right, or gives a specific hint.

``start_exercises`` comes first in a notebook, ``given`` hands out an exercise's data, ``check`` looks at an
answer: it reduces it to plain data (``plain``), keeps that for grading (``answers``), and judges the plain
data (``judges``). Importing this package does no work.
"""

from __future__ import annotations

from course_utils.checks.checking import check
from course_utils.checks.figures import show_figure
from course_utils.checks.session import given, start_exercises

__all__ = ["check", "given", "show_figure", "start_exercises"]
