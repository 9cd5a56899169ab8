"""The parameters of lessons: from words of a command line or of a grid, checked before anything runs."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from pathlib import Path

import papermill

from course_utils.cifar10 import check_source
from course_utils.errors import CourseError
from course_utils.profiles import check_overrides, check_seed, load_profile
from course_utils.weights import check_weights

REQUIRED = ("PROFILE", "DATA", "WEIGHTS", "SEED", "OUT", "OVERRIDES")
# Quick is how tests run a lesson: epochs and repeats are cut; counts and shapes stay.
QUICK = {
    **dict.fromkeys(("mlp_epochs", "cnn_epochs", "strong_cnn_epochs", "fine_tune_epochs", "repeats"), 1),
    "head_epochs": 3,
    "recipe_epoch_divisor": 100,
}


def quick_parameters() -> dict[str, object]:
    """Return the parameters with which tests run a lesson."""
    return {"PROFILE": "offline", "DATA": "drawn", "OVERRIDES": dict(QUICK)}


def from_words(
    named: Mapping[str, str | None], others: Iterable[tuple[str, str]] = (), *, quick: bool = False
) -> dict[str, object]:
    """Return the papermill parameters; what the command line does not name is left to the lesson.

    Args:
        named: PROFILE, DATA, WEIGHTS and SEED; None or empty: not given.
        others: any other parameter by its name, written as Python or as a plain word.
        quick: cut epochs and repeats, as tests do.

    Raises:
        CourseError: OVERRIDES holds no values under names.
    """
    parameters = {name: _literal(value) for name, value in others}
    if quick:
        check_overrides(parameters.get("OVERRIDES"))
        parameters["OVERRIDES"] = QUICK | (parameters.get("OVERRIDES") or {})
    given = {name: value for name, value in named.items() if value not in (None, "")}
    if "SEED" in given:
        given["SEED"] = _literal(given["SEED"])
    return parameters | {name: found_from_here(name, value) for name, value in given.items()}


def found_from_here(name: str, value: object) -> object:
    """Lessons run in the project's folder, so a path that is relative to another one is made absolute."""
    is_path = name in ("DATA", "WEIGHTS") and isinstance(value, str) and Path(value).expanduser().exists()
    return str(Path(value).expanduser().resolve()) if is_path and value else value


def check_values(given: Mapping[str, object]) -> None:
    """Refuse wrong values before anything runs, rather than in the first cell of a lesson."""
    check_overrides(given.get("OVERRIDES"))
    name = str(given.get("PROFILE", "auto"))
    profile = load_profile("laptop" if name == "auto" else name, **(given.get("OVERRIDES") or {}))
    check_source(str(given.get("DATA") or profile.data))
    check_weights(str(given.get("WEIGHTS") or profile.weights))
    check_seed(given.get("SEED", 0))


def check_parameters(lesson: Path, given: Mapping[str, object]) -> None:
    """See to it that papermill can set what is given, which it would only warn about.

    Raises:
        CourseError: the lesson lacks a parameter that every lesson has, or does not know one of ``given``.
    """
    known = papermill.inspect_notebook(str(lesson))
    missing = [name for name in REQUIRED if name not in known]
    if missing:
        raise CourseError(
            f"Lesson {lesson.name} lacks the parameters {', '.join(missing)}.",
            cause=f"Its cell tagged 'parameters' sets: {', '.join(known) or 'nothing'}.",
            next_step="add the missing names to that cell.",
        )
    unknown = [name for name in given if name not in known]
    if unknown:
        raise CourseError(
            f"Lesson {lesson.name} has no parameter {', '.join(unknown)}.",
            cause=f"Its parameters are: {', '.join(known)}.",
            next_step="correct the name; values of a profile go into OVERRIDES.",
        )


def _literal(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
