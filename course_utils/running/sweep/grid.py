"""The grid of a sweep: a YAML file, made into one run for each combination of its values."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import yaml

from course_utils.errors import CourseError
from course_utils.running.execution import LESSONS, find_lessons, lesson_number
from course_utils.running.parameters import QUICK, check_parameters, check_values, found_from_here
from course_utils.running.sweep.run import Run
from course_utils.system.run_folder import slug

KEYS = ("lessons", "parameters")
INSIDE = "OVERRIDES."  # begins the name of an axis inside OVERRIDES
LONGEST_NAME = 120  # characters; a folder's name may have 255
EXAMPLE = "look at docs/examples/grid.yaml."


class _Loader(yaml.SafeLoader):
    """YAML as people expect it. PyYAML alone takes 1e-3 for a word, and of a key's two values the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        """Refuse a key that is named twice."""
        seen = set()
        for key, _ in node.value:
            if isinstance(key.value, str) and key.value in seen:
                twice = f"{key.value} is named twice"
                raise yaml.constructor.ConstructorError(problem=twice, problem_mark=key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
)


def read_grid(path: Path, out: Path, *, folder: Path = LESSONS, quick: bool = False) -> list[Run]:
    """Return the runs of a grid file, in the order in which the file names the values.

    Args:
        path: YAML with ``lessons`` and ``parameters``. A list is an axis, a list in a list is one value.
        out: folder of the sweep, absolute; each run gets a folder in it.
        folder: where the lessons lie.
        quick: cut epochs and repeats, as tests do, where the grid does not name them.

    Raises:
        CourseError: the file or a value in it is wrong. Nothing was written.
    """
    content = _read(path)
    axes = _axes(content, path, folder)
    combinations = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
    varied = [name for name, values in axes.items() if len(values) > 1]
    runs = []
    for chosen in combinations:
        parameters = _parameters(chosen, quick)
        differing = {axis: chosen[axis] for axis in varied}
        lessons = tuple(chosen["lessons"].split())
        runs.append(Run(lessons, parameters, differing, out / _name(chosen, quick), folder.resolve()))
    _check(runs)
    return runs


def _read(path: Path) -> dict:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except OSError as error:
        cause = f"It cannot be read: {error.strerror}."
        raise _wrong(path, cause, "give the path of a grid file.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise _wrong(path, f"It is not YAML: {' '.join(str(error).split())[:300]}", EXAMPLE) from error
    if not isinstance(content, dict):
        found = "an empty file" if content is None else f"a {type(content).__name__}"
        raise _wrong(path, f"Expected the keys {' and '.join(KEYS)}, found {found}.", EXAMPLE)
    unknown = [str(key) for key in content if key not in KEYS]
    if unknown:
        cause = f"Unknown: {', '.join(unknown)}. The keys are {' and '.join(KEYS)}."
        raise _wrong(path, cause, "correct the key; all that a lesson takes goes below parameters.")
    return content


def _axes(content: dict, path: Path, folder: Path) -> dict[str, list]:
    """Return the values of each axis; what is the same in all runs is an axis of one value."""
    parameters = content.get("parameters") or {}
    inside = parameters.get("OVERRIDES") or {} if isinstance(parameters, dict) else None
    if not isinstance(parameters, dict) or not isinstance(inside, dict):
        raise _wrong(path, "Expected names with values below parameters and below OVERRIDES.", EXAMPLE)
    if "OUT" in parameters:
        raise _wrong(path, "It sets OUT, but each run has a folder of its own.", "give --out instead.")
    named = {"PROFILE": "offline"} | {k: v for k, v in parameters.items() if k != "OVERRIDES"}
    named |= {f"{INSIDE}{name}": value for name, value in inside.items()}
    axes = {"lessons": [_lessons(v, path, folder) for v in _values("lessons", content.get("lessons"), path)]}
    axes |= {str(name): _values(str(name), value, path) for name, value in named.items()}
    for name in ("DATA", "WEIGHTS"):
        if name in axes:
            axes[name] = [found_from_here(name, value) for value in axes[name]]
    for name, values in axes.items():
        twice = [text for text, count in Counter(map(json.dumps, values)).items() if count > 1]
        if twice:
            raise _wrong(path, f"{name} names {twice[0]} twice.", "name each value once.")
    return axes


def _values(name: str, written: object, path: Path) -> list:
    values = written if isinstance(written, list) else [written]
    if not values or (name == "lessons" and written is None):
        raise _wrong(path, f"{name} has no value.", f"give {name} a value, or a list of values.")
    for value in values:
        if not _is_plain(value):
            cause = f"{name} has the value {value!r}. Expected a word, a number, true, false, null or a list."
            raise _wrong(path, cause, "write one plain value; lists in a list are values, too.")
    return values


def _is_plain(value: object) -> bool:
    if isinstance(value, list):
        return all(map(_is_plain, value))
    is_finite = not isinstance(value, float) or math.isfinite(value)
    return value is None or (isinstance(value, bool | int | float | str) and is_finite)


def _lessons(value: object, path: Path, folder: Path) -> str:
    """Return the numbers of the lessons of one run as ``"02 03"``."""
    numbers = str(value).replace(",", " ").split()
    if not numbers or not all(number.isdigit() for number in numbers):
        cause = f"lessons has the value {value!r}. Expected numbers of lessons."
        raise _wrong(path, cause, 'write for example lessons: ["02", "03"]; one run of both is "02 03".')
    return " ".join(lesson_number(lesson) for lesson in find_lessons(numbers, folder=folder))


def _parameters(chosen: Mapping[str, object], quick: bool) -> dict[str, object]:
    parameters = {k: v for k, v in chosen.items() if k != "lessons" and not k.startswith(INSIDE)}
    overrides = {k.removeprefix(INSIDE): v for k, v in chosen.items() if k.startswith(INSIDE)}
    overrides = (QUICK if quick else {}) | overrides
    return parameters | ({"OVERRIDES": overrides} if overrides else {})


def _name(chosen: Mapping[str, object], quick: bool) -> str:
    """Return the name of a run's folder, which depends on the run alone: a grid may grow or shrink.

    Two values can look the same in its readable part; the digest at its end tells them apart.
    """
    told = {**chosen, "--quick": True} if quick else chosen
    parts = [f"{name.removeprefix(INSIDE)} {chosen[name]}" for name in sorted(chosen) if name != "lessons"]
    readable = "_".join(slug(part) for part in [chosen["lessons"], *parts, *(["quick"] if quick else [])])
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:8]
    return f"{readable[:LONGEST_NAME]}_{digest}"


def _check(runs: list[Run]) -> None:
    for lesson in {lesson for run in runs for lesson in run.notebooks()}:
        check_parameters(lesson, runs[0].parameters)
    for run in runs:
        check_values(run.parameters)


def _wrong(path: Path, cause: str, next_step: str) -> CourseError:
    return CourseError(f"The grid {path} cannot be used.", cause=cause, next_step=next_step)
