"""What a notebook's first step says about Python and packages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from course_utils import start as module
from course_utils.errors import CourseError
from course_utils.start import PACKAGES, start


@pytest.fixture
def versions(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What is installed, to be changed by a test."""
    found = {package.name: package.found for package in module._packages()}
    monkeypatch.setattr(module, "_version", lambda name: found[name])
    return found


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch, versions: dict[str, str]) -> list[list[str]]:
    """The packages that pip was asked for; it installs them."""
    asked: list[list[str]] = []

    def run(command: list[str], **_: object) -> SimpleNamespace:
        asked.append(command[command.index("--disable-pip-version-check") + 1 :])
        versions.update({"filelock": "3.20", "tqdm": "4.67"})
        return SimpleNamespace(returncode=0, stderr="")

    monkeypatch.setattr(subprocess, "run", run)
    return asked


def brought(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(module.HOME.parent)


def test_a_whole_installation_says_nothing(capsys: pytest.CaptureFixture):
    start()

    assert capsys.readouterr().out == ""
    assert [package.name for package in module._packages()] == list(PACKAGES)


def test_what_is_missing_is_installed_by_its_range_and_nothing_else(versions, pip, monkeypatch, capsys):
    brought(monkeypatch)
    versions |= {"filelock": "", "tqdm": ""}

    start()

    assert pip == [["tqdm>=4.66,<5", "filelock>=3.12,<4"]]
    assert capsys.readouterr().out == "Installing tqdm, filelock …\n"


def test_an_optional_lesson_asks_for_its_own_package(versions, pip, monkeypatch):
    brought(monkeypatch)
    versions |= {"optuna": "", "tqdm": ""}
    monkeypatch.setattr(module, "_version", lambda name: versions.get(name, ""))

    with pytest.raises(CourseError, match=r"optuna +>=4\.2,<6 +none"):  # this pip does not bring it
        start("optuna")

    assert pip == [["tqdm>=4.66,<5", "optuna>=4.2,<6"]]


def test_colab_installs_for_a_clone_too(versions, pip, monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", sys)
    versions["tqdm"] = ""

    start()

    assert pip == [["tqdm>=4.66,<5"]]


def test_a_checkout_with_the_wrong_kernel_is_told_and_left_alone(versions, pip):
    versions["tqdm"] = ""

    with pytest.raises(CourseError) as caught:
        start()

    assert pip == []
    assert str(caught.value) == (
        "Packages are missing or do not fit:\n"
        "  package        needed           found\n"
        "  tqdm           >=4.66,<5        none\n"
        f"This notebook runs with the Python at {sys.executable}.\n"
        "Next: choose the kernel in .venv if you ran make setup; else type\n"
        f'  {sys.executable} -m pip install "tqdm>=4.66,<5"\n'
        "then restart the runtime (menu Runtime or Kernel), and run all cells."
    )


@pytest.mark.parametrize(
    ("name", "old"), [("keras", "3.3.3"), ("tensorflow", "2.15.0"), ("numpy", "1.26.4"), ("numpy", "3.0.0")]
)
def test_another_version_is_never_replaced(versions, pip, monkeypatch, name: str, old: str):
    brought(monkeypatch)
    versions |= {name: old, "tqdm": ""}

    with pytest.raises(CourseError, match=f"{name} .* {old}"):
        start()

    assert pip == []


def test_no_network_names_what_is_missing_and_why(versions, monkeypatch):
    brought(monkeypatch)
    versions["tqdm"] = ""
    failed = SimpleNamespace(returncode=1, stderr="WARNING: retrying\nERROR: No matching distribution\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)

    with pytest.raises(CourseError, match=r"tqdm .*none\npip said: ERROR: No matching distribution\n"):
        start()


@pytest.mark.parametrize("python", [(3, 10, 2), (3, 14, 0)])
def test_another_python_is_told_in_a_sentence(monkeypatch, python: tuple[int, int, int]):
    monkeypatch.setattr(sys, "version_info", python)

    with pytest.raises(CourseError, match=r"The course needs Python 3\.11 to 3\.13, and this is"):
        start()


def test_the_range_is_the_projects():
    import tomllib

    text = (module.HOME / "pyproject.toml").read_text(encoding="utf-8")
    lowest, highest = (".".join(map(str, python)) for python in module.PYTHONS)
    above = f"3.{module.PYTHONS[1][1] + 1}"

    assert tomllib.loads(text)["project"]["requires-python"] == f">={lowest},<{above}"
    assert highest == "3.13"


def test_start_needs_the_standard_library_only(tmp_path: Path):
    """In Colab, before anything is installed: no package of the course may be imported."""
    code = f"import sys; sys.path.insert(0, {str(module.HOME)!r})\n"
    code += "from course_utils.start import start; start()"
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=tmp_path, capture_output=True, text=True)

    assert "tensorflow     >=2.19,<2.23     none" in done.stderr
    assert "course_utils.errors.CourseError" in done.stderr
