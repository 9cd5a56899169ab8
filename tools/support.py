"""Try the course with other Pythons, versions and backends, and write docs/SUPPORT.md: ``make matrix``.

Each row gets a fresh environment in build/support: quick lessons, then the unit tests. A row that was tried
is not tried again unless its folder is deleted; the page is written from all rows that are there.

    python -m tools.support [--only "3.13 lowest" …] [--colab FILE]
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from course_utils.system.paths import PROJECT
from course_utils.system.whole_file import write_whole

FOLDER = PROJECT / "build" / "support"
PAGE = PROJECT / "docs" / "SUPPORT.md"
COLAB_LIST = "https://raw.githubusercontent.com/googlecolab/backend-info/main/pip-freeze.txt"
FOR_MAINTAINERS = (PROJECT / "requirements-dev.txt").read_text().splitlines()
TESTERS = [line.split()[0] for line in FOR_MAINTAINERS if line.startswith("pytest")]
SHOWN = ("tensorflow", "keras", "numpy", "pandas", "scikit-learn", "matplotlib", "pillow", "jax", "torch")
# Of the project's own files and pins, not of the versions that a row tries.
NOT_ASKED = ("test_project.py", "test_hosted_files.py", "test_wheel.py", "tools")
COLUMNS = ("Python", "versions", "backend", "lessons that end", "unit tests", "date", "packages")


@dataclass(frozen=True)
class Row:
    """A Python, where its versions come from, and Keras' backend."""

    python: str
    versions: str  # lowest, constraints, newest, colab
    backend: str = "tensorflow"

    @property
    def name(self) -> str:
        """As ``--only`` takes it, for example ``"3.13 lowest"`` or ``"3.11 constraints jax"``."""
        return f"{self.python} {self.versions} {self.backend}".removesuffix(" tensorflow")

    @property
    def folder(self) -> Path:
        """Where its environment and its result lie."""
        return FOLDER / self.name.replace(" ", "-")

    @property
    def lessons(self) -> tuple[str, ...]:
        """All five; with another backend those that train."""
        return ("01", "02", "03", "04", "05") if self.backend == "tensorflow" else ("02", "03", "04")


ROWS = tuple(
    Row(python, versions)
    for versions in ("lowest", "constraints", "newest", "colab")
    for python in ("3.11", "3.13")
) + tuple(Row("3.11", "constraints", backend) for backend in ("jax", "torch"))


def installing(row: Row, colab: str) -> list[str]:
    """Return what uv is told to install for a row; wheels only, as students have no compiler.

    Args:
        row: what is tried.
        colab: file or address of Colab's list of packages.
    """
    what = {
        "lowest": ["--resolution", "lowest-direct"],
        "constraints": ["-c", "constraints.txt"],
        "newest": ["--upgrade"],
        "colab": ["-c", colab],
    }
    return ["--only-binary", ":all:", *what[row.versions], "-r", "requirements.txt", *TESTERS]


def attempt(row: Row, colab: str) -> dict:
    """Make the environment of a row, run lessons and tests in it, and return what came of it."""
    result = {"date": str(datetime.date.today()), "tests": "–", "packages": {}}
    result["lessons"] = "cannot be installed"
    shutil.rmtree(row.folder, ignore_errors=True)
    row.folder.mkdir(parents=True)
    python = str(row.folder / "env" / "bin" / "python")
    uv = [sys.executable, "-m", "uv"]
    steps = [
        [*uv, "venv", "--seed", "--python", row.python, str(row.folder / "env")],
        [*uv, "pip", "install", "--python", python, *installing(row, colab)],
    ]
    if row.backend != "tensorflow":  # by pip, which a machine may tell where to find a small build of torch
        steps.append([python, "-m", "pip", "install", row.backend])
    if any(_run(step, row, "install") for step in steps):
        return result
    result["packages"] = _versions(python)
    command = [python, "-m", "course_utils.runner", "--quick", "--out", str(row.folder / "course")]
    _run([*command, "--lessons", " ".join(row.lessons)], row, "lessons")
    there = [path.name for path in (row.folder / "course").glob("*.ipynb")]
    ended = {name[:2] for name in there if ".unfinished" not in name}  # that one stopped
    result["lessons"] = f"{len(ended & set(row.lessons))} of {len(row.lessons)}"
    if row.backend == "tensorflow":
        ignored = [f"--ignore=tests/unit/{name}" for name in NOT_ASKED]
        plugins = ["-p", "no:cacheprovider", "-n", "2", "--dist", "loadfile"]
        _run([python, "-m", "pytest", "-m", "not full", *plugins, *ignored, "tests/unit"], row, "tests")
        result["tests"] = last_words(row.folder / "tests.log")
    return result


def _run(command: list[str], row: Row, name: str) -> int:
    """Run a command from the project; what it says is added to a log of the row."""
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "KERAS_BACKEND": row.backend}
    environment["UV_CACHE_DIR"] = str(FOLDER / "uv-cache")
    with (row.folder / f"{name}.log").open("ab") as log:
        return subprocess.run(command, cwd=PROJECT, env=environment, stdout=log, stderr=log).returncode


def _versions(python: str) -> dict[str, str]:
    code = f"""import json
from importlib.metadata import version, PackageNotFoundError
found = {{}}
for name in {SHOWN!r}:
    try: found[name] = version(name)
    except PackageNotFoundError: pass
print(json.dumps(found))"""
    return json.loads(subprocess.run([python, "-c", code], capture_output=True, check=True).stdout)


def last_words(log: Path) -> str:
    """Return "120 passed, 2 failed" of a log of pytest; "not tried" without a log."""
    if not log.is_file():
        return "not tried"
    text = log.read_text(encoding="utf-8", errors="replace")
    found = re.findall(r"^(?:=+ )?((?:\d+ (?:failed|passed|skipped|error)s?,? ?)+)", text, re.MULTILINE)
    return found[-1].strip().rstrip(",") if found else "did not run"


def page(results: dict[str, dict]) -> str:
    """Return docs/SUPPORT.md.

    Args:
        results: name of a row -> what ``attempt`` returned.
    """
    lines = [COLUMNS, ("---",) * len(COLUMNS)]
    for row in ROWS:
        found = {"lessons": "not tried", "tests": "not tried", "date": "", "packages": {}}
        found |= results.get(row.name, {})
        packages = ", ".join(f"{name} {version}" for name, version in found["packages"].items())
        tried = (found["lessons"], found["tests"], found["date"], packages)
        lines.append((row.python, row.versions, row.backend, *tried))
    table = "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
    return Path(__file__).with_name("SUPPORT.md").read_text(encoding="utf-8").replace("{table}\n", table)


def main(arguments: list[str] | None = None) -> int:
    """Try rows, write the page; return 0, or 1 if a name is no row or, strictly, if a row failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[], metavar="ROW", help='for example "3.13 lowest"')
    parser.add_argument("--colab", default=COLAB_LIST, help="file or address of Colab's list of packages")
    parser.add_argument("--strict", action="store_true", help="end with 1 if anything failed")
    chosen = parser.parse_args(arguments)
    unknown = set(chosen.only) - {row.name for row in ROWS}
    if unknown:
        known = ", ".join(row.name for row in ROWS)
        print(f"No row: {', '.join(unknown)}.\nNext: name some of: {known}", file=sys.stderr)
        return 1
    for row in ROWS:
        file = row.folder / "result.json"
        if (not chosen.only or row.name in chosen.only) and not file.is_file():
            print(f"{row.name} …", flush=True)
            result = attempt(row, chosen.colab)
            file.write_text(json.dumps(result, indent=1), encoding="utf-8")
            shutil.rmtree(row.folder / "env", ignore_errors=True)  # a gigabyte each
            print(f"   lessons: {result['lessons']}; tests: {result['tests']}", flush=True)
    found = {row.name: row.folder / "result.json" for row in ROWS}
    results = {n: json.loads(f.read_text(encoding="utf-8")) for n, f in found.items() if f.is_file()}
    write_whole(PAGE, page(results))
    print(f"Written: {PAGE.relative_to(PROJECT)}")
    return int(
        chosen.strict and not all(_is_good(results[row.name], row) for row in ROWS if row.name in results)
    )


def _is_good(result: dict, row: Row) -> bool:
    tests = re.fullmatch(r"\d+ passed(, \d+ skipped)?", result["tests"]) or row.backend != "tensorflow"
    return result["lessons"] == "{0} of {0}".format(len(row.lessons)) and bool(tests)


if __name__ == "__main__":
    sys.exit(main())
