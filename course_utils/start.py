"""The first step of each notebook: do this Python and these packages run the course?

The first cell of a notebook finds the course and calls ``start``. Here, only the standard library may be
imported: the packages of the course may still be missing.
"""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from course_utils.errors import CourseError

HOME = Path(__file__).resolve().parents[1]
PYTHONS = (3, 11), (3, 13)
PACKAGES = (  # what notebooks import, by themselves or by course_utils; a test compares
    *("tensorflow", "keras", "numpy", "pandas", "scikit-learn", "matplotlib", "pillow"),
    *("tqdm", "requests", "urllib3", "platformdirs", "filelock", "psutil", "pyyaml"),
)
RESTART = "then restart the runtime (menu Runtime or Kernel), and run all cells."


@dataclass(frozen=True)
class Package:
    """A package that notebooks need: its range, and the version that is there, or an empty text."""

    name: str
    needed: str
    found: str

    @property
    def fits(self) -> bool:
        """Whether the version that is there lies in the range."""
        try:
            from packaging.specifiers import SpecifierSet
        except ImportError:  # matplotlib brings it: something is missing, and is installed first
            return bool(self.found)
        return bool(self.found) and SpecifierSet(self.needed).contains(self.found, prereleases=True)


def start(*more: str) -> None:
    """Check Python and packages; in Colab, and for a notebook that came alone, install what is missing.

    Nothing that is there is replaced. Says in one line what it installed, else nothing.

    Args:
        *more: packages of requirements-extra.txt that an optional lesson needs too.

    Raises:
        CourseError: this Python, or a package, does not fit; the text says what to type.
    """
    _check_python()
    names = (*PACKAGES, *more)
    wrong = [package for package in _packages(names) if not package.fits]
    missing = [package for package in wrong if not package.found]
    if missing and missing == wrong and _may_install():
        _install(missing, names)
    elif wrong:
        raise _not_ready(wrong)


def _check_python() -> None:
    lowest, highest = (".".join(map(str, python)) for python in PYTHONS)
    if not PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        raise CourseError(
            f"The course needs Python {lowest} to {highest}, and this is {sys.version.split()[0]}.",
            cause=f"Its packages are not made for this one, which lies at {sys.executable}.",
            next_step=f"choose a kernel with Python {highest}, or install that Python.",
        )


def _packages(names: tuple[str, ...] = PACKAGES) -> list[Package]:
    """Return what notebooks need, with the ranges of the files of requirements."""
    # Installed as a package, the course has no such files: pip has seen to what it needs.
    files = [HOME / name for name in ("requirements.txt", "requirements-extra.txt")]
    text = "".join(file.read_text(encoding="utf-8") for file in files if file.is_file())
    ranges = dict(re.findall(r"^([\w-]+)([<>=][^ #\n]*)", text, re.MULTILINE))
    return [Package(name, ranges[name], _version(name)) for name in names if name in ranges]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _may_install() -> bool:
    """Whether this is Colab, or the first cell has brought the course; a checkout has its own .venv."""
    return "google.colab" in sys.modules or HOME.parent == Path.cwd()


def _install(missing: list[Package], needed: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    named = [f"{package.name}{package.needed}" for package in missing]
    print(f"Installing {', '.join(package.name for package in missing)} …", flush=True)
    done = subprocess.run([*command, *named], capture_output=True, text=True, check=False)
    importlib.invalidate_caches()
    wrong = [package for package in _packages(needed) if not package.fits]
    if done.returncode or wrong:
        raise _not_ready(wrong, done.stderr)


def _not_ready(wrong: list[Package], told: str = "") -> CourseError:
    rows = [("package", "needed", "found"), *((p.name, p.needed, p.found or "none") for p in wrong)]
    table = "\n".join(f"  {name:<14} {needed:<16} {found}" for name, needed, found in rows)
    reason = f"\npip said: {told.strip().splitlines()[-1]}" if told.strip() else ""
    names = " ".join(f'"{package.name}{package.needed}"' for package in wrong)
    return CourseError(
        f"Packages are missing or do not fit:\n{table}{reason}",
        cause=f"This notebook runs with the Python at {sys.executable}.",
        next_step=f"choose the kernel in .venv if you ran make setup; else type\n"
        f"  {sys.executable} -m pip install {names}\n{RESTART}",
    )
