"""Imports point one way, lazy ones too; the rule is shown to find what it is for.

tools > course_utils.running | course_utils.checks > the hall > course_utils.pictures > course_utils.system
> course_utils.errors. Each may import what stands right of it; running and checks do not know each other.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
HALL = "course_utils"
ENTRIES = {"course_utils.runner", "course_utils.sweep"}  # the commands of course_utils.running
ORDER = (
    {"tools"},
    {"course_utils.running", "course_utils.checks"},
    {HALL},
    {"course_utils.pictures"},
    {"course_utils.system"},
    {"course_utils.errors"},
)
ROOMS = set().union(*ORDER)
MODULES = sorted(path for top in ("course_utils", "tools") for path in (PROJECT / top).rglob("*.py"))


def room_of(name: str) -> str | None:
    """Return the room of a module; None for a library."""
    parts = name.split(".")
    if parts[0] in ("tools", "tests"):
        return parts[0]
    if parts[0] != HALL:
        return None
    room = ".".join(parts[:2])
    if room in ENTRIES:
        return "course_utils.running"
    return room if room in ROOMS else HALL


def imported(tree: ast.Module, shared: set[str]) -> list[str]:
    """Return the modules that code imports anywhere; ``from a import b`` is a.b, which may be a module.

    Args:
        tree: of the code.
        shared: names of modules that only tests can import.
    """
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += ["." * node.level] if node.level else [f"{node.module}.{a.name}" for a in node.names]
    return [f"tests.{name}" if name.split(".")[0] in shared else name for name in found]


def wrong_imports(module: str, code: str) -> list[str]:
    """Return what a module imports against the rule."""
    room = room_of(module)
    (level,) = (at for at, rooms in enumerate(ORDER) if room in rooms)
    allowed = {None, room}.union(*ORDER[level + 1 :])
    shared = {path.stem for path in (PROJECT / "tests").rglob("*.py")} - {"__init__"}
    names = imported(ast.parse(code), shared)
    return [name for name in names if name.startswith(".") or room_of(name) not in allowed]


def name_of(path: Path) -> str:
    """Return the dotted name of a module."""
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_every_import_points_down() -> None:
    wrong = {name_of(path): wrong_imports(name_of(path), path.read_text("utf-8")) for path in MODULES}
    assert len(wrong) > 100
    assert {name: names for name, names in wrong.items() if names} == {}


@pytest.mark.parametrize(
    ("module", "code"),
    [
        ("course_utils.errors", "from course_utils.system.paths import PROJECT"),
        ("course_utils.system.cache", "def f():\n    from course_utils.pictures.formats.npz import read_npz"),
        ("course_utils.system.cache", "from course_utils import pictures"),
        ("course_utils.pictures.order", "import course_utils.cifar10"),
        ("course_utils.lesson", "from course_utils.running import report"),
        ("course_utils.lesson", "from course_utils.checks import check"),
        ("course_utils.running.report", "import course_utils.checks.judges"),
        ("course_utils.checks.show", "from course_utils.runner import main"),
        ("course_utils.running.report", "from tools import fetch"),
        ("course_utils.records", "from . import runs"),
        ("tools.fetch", "from tests.unit import sources_files"),
        ("tools.fetch", "import sources_files"),
    ],
)
def test_rule_finds(module: str, code: str) -> None:
    assert len(wrong_imports(module, code)) == 1


@pytest.mark.parametrize(
    ("module", "code"),
    [
        ("course_utils.runner", "from course_utils.running.runner import main"),
        ("tools.fetch", "import json\nfrom course_utils.checks.judges import judge"),
        ("course_utils.checks.show", "from course_utils.system.paths import PROJECT"),
        ("course_utils.system.cache", "from course_utils.errors import CourseError"),
    ],
)
def test_rule_lets_pass(module: str, code: str) -> None:
    assert wrong_imports(module, code) == []
