"""The package outside of the checkout: built, installed somewhere else, and used from there alone."""

from __future__ import annotations

import json
import os
import pkgutil
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sweep_lessons import write_lesson

import course_utils
from course_utils.running.sweep.run import Run
from course_utils.system.paths import PROJECT

SOURCES = ("course_utils", "pyproject.toml", "requirements.txt", "README.md", "LICENSE")
IMPORT_ALL = """
import importlib, json, pkgutil, sys
import course_utils, course_utils.cifar10
names = [module.name for module in pkgutil.walk_packages(course_utils.__path__, "course_utils.")]
for name in names: importlib.import_module(name)
places = [module.__file__ for name, module in sys.modules.items() if name.split(".")[0] == "course_utils"]
print(json.dumps([names, places]))
"""

ATTEMPT = """
import sys
from course_utils.running.sweep.attempt import attempt
from course_utils.running.sweep.run import from_json
print(f"error: {attempt(from_json(sys.argv[1]), {}).error!r}")
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the package and nothing else of the project; nothing is downloaded."""
    pytest.importorskip("setuptools")
    folder = tmp_path_factory.mktemp("wheel")
    (folder / "project").mkdir()  # a copy: building leaves files beside the sources
    for name in SOURCES:
        copy = shutil.copytree if (PROJECT / name).is_dir() else shutil.copy
        copy(PROJECT / name, folder / "project" / name)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    own = ["--no-deps", "--no-index"]
    built = ["--no-build-isolation", "-w", folder, folder / "project"]
    subprocess.run([*pip, "wheel", *own, *built], check=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*pip, "install", *own, "--target", folder / "there", wheel], check=True)
    return folder / "there"


def python(installed: Path, *words: str) -> str:
    """Run Python with the installed package alone, far from the checkout."""
    alone = {"cwd": installed.parent, "env": os.environ | {"PYTHONPATH": str(installed)}}
    pipes = {"stdin": subprocess.PIPE, "capture_output": True, "text": True}
    done = subprocess.run([sys.executable, *words], **alone, **pipes)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_wheel_holds_every_module_and_what_they_read(installed: Path) -> None:
    names, places = json.loads(python(installed, "-c", IMPORT_ALL))
    assert names == [m.name for m in pkgutil.walk_packages(course_utils.__path__, "course_utils.")]
    assert all(Path(place).is_relative_to(installed) for place in places)
    for kind in ("*.mplstyle", "*.yaml", "*.j2"):
        here, there = (
            {path.relative_to(top) for path in (top / "course_utils").rglob(kind)}
            for top in (PROJECT, installed)
        )
        assert here
        assert here == there


def test_a_worker_that_has_the_wheel_alone_runs_a_lesson(installed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "lessons"
    write_lesson(folder / "01_a.ipynb", "import course_utils\nprint(course_utils.__file__)")
    run = Run(("01",), {"PROFILE": "offline", "DATA": "drawn"}, {}, tmp_path / "out" / "01", folder)
    assert python(installed, "-c", ATTEMPT, run.to_json()) == "error: ''\n"
    executed = (run.out / "01_a.ipynb").read_text(encoding="utf-8")
    assert str(installed / "course_utils" / "__init__.py") in executed
    assert (run.out / "report.html").exists()
