"""Write each lesson and each exercise notebook as one file that runs alone: ``make standalone``.

Its first cell carries the code of the course, compressed, and unpacks it beside the notebook. A course.zip
with all bundled weights is written, too: put into the same folder, or into a Drive, it serves notebooks that
carry nothing.

    python -m tools.lessons.standalone [--out FOLDER] [--lessons "01 03"] [--with-weights]
"""

from __future__ import annotations

import argparse
import io
import json
import re
import sys
import zipfile
from base64 import b85encode
from hashlib import sha256
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_utils.system.paths import PROJECT
from course_utils.system.whole_file import write_whole
from tools.lessons import frame

CODE = (
    "course_utils/**/*",
    "requirements.txt",
    "requirements-extra.txt",
    "results/reference/*.csv",
    "results/weights/*.csv",
    "data/weights/*.json",
    "docs/GLOSSARY.md",
    "LICENSE",
)
NOT_FOR_STUDENTS = ("course_utils/running/", "course_utils/runner.py", "course_utils/sweep.py")
SMALL_WEIGHTS = ("data/weights/MobileNetV2.npz",)
ALL_WEIGHTS = ("data/weights/*.npz",)
SOURCES = (PROJECT / "notebooks", PROJECT / "notebooks" / "exercises" / "student")
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:|#|data:)([^)]+)\)")
EARLIEST = (1980, 1, 1, 0, 0, 0)  # of a zip: the same files give the same bytes, and the same digest


def zipped(patterns: tuple[str, ...]) -> bytes:
    """Return a zip of the project's files, the same bytes for the same files.

    Args:
        patterns: as for ``Path.glob``, relative to the project.
    """
    files = {path for pattern in patterns for path in PROJECT.glob(pattern) if path.is_file()}
    names = sorted(path.relative_to(PROJECT).as_posix() for path in files)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in names:
            if "__pycache__" not in name and not name.startswith(NOT_FOR_STUDENTS):
                _add(archive, name, (PROJECT / name).read_bytes())
    return content.getvalue()


def with_file(code: bytes, name: str, text: str) -> bytes:
    """Return the zip with one file more."""
    content = io.BytesIO(code)
    with zipfile.ZipFile(content, "a", compresslevel=9) as archive:
        _add(archive, name, text)
    return content.getvalue()


def _add(archive: zipfile.ZipFile, name: str, content: bytes | str) -> None:
    entry = zipfile.ZipInfo(name, EARLIEST)
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)


def steps_of(notebook: NotebookNode) -> str:
    """Return a notebook's titles and code, from which ``missing_steps`` says what to run first."""
    cells = [{"cell_type": cell.cell_type, "source": cell.source} for cell in notebook.cells]
    for cell in cells:
        if cell["cell_type"] == "markdown":
            cell["source"] = "\n".join(line for line in cell["source"].splitlines() if line[:3] == "## ")
    return json.dumps({"cells": cells})


def standalone(notebook: NotebookNode, folder: Path, code: bytes) -> NotebookNode:
    """Return a notebook that carries the course, without outputs.

    Args:
        notebook: a lesson or an exercise notebook; changed in place.
        folder: in which it lies in the project.
        code: what it carries, of ``zipped``.
    """
    digest, (repository, tag) = sha256(code).hexdigest(), frame.read_setting()
    frame.set_bootstrap(notebook, frame.bootstrap(repository, tag, digest, b85encode(code).decode()))
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = LINK.sub(lambda link: _link(link, folder, repository, tag), cell.source)
        else:
            cell.outputs, cell.execution_count = [], None
    return notebook


def _link(link: re.Match, folder: Path, repository: str, tag: str) -> str:
    """Return a link that holds outside the project: an address, else the words alone."""
    words, target = link.groups()
    if not repository:
        return words
    path, _, part = target.partition("#")
    place = (folder / path).resolve().relative_to(PROJECT).as_posix()
    return f"[{words}](https://github.com/{repository}/blob/{tag}/{place}{'#' + part if part else ''})"


def write_all(out: Path, lessons: list[str], *, with_weights: bool = False) -> list[Path]:
    """Write the notebooks and course.zip, and return what was written.

    Args:
        out: folder; exercises go to its folder ``exercises``.
        lessons: numbers, for example ``["01"]``; empty: all.
        with_weights: carry MobileNetV2's bundled weights, too (3 MB in each file).
    """
    code = zipped(CODE + (SMALL_WEIGHTS if with_weights else ()))
    written = []
    for folder, target in zip(SOURCES, (out, out / "exercises"), strict=True):
        for path in sorted(folder.glob("[0-9][0-9]_*.ipynb")):
            if not lessons or path.name[:2] in lessons:
                notebook = nbformat.read(path, as_version=4)
                standalone(notebook, folder, with_file(code, f"notebooks/{path.name}", steps_of(notebook)))
                target.mkdir(parents=True, exist_ok=True)
                frame.write_notebook(notebook, target / path.name)
                written.append(target / path.name)
    if written:
        write_whole(out / "course.zip", zipped(CODE + ALL_WEIGHTS))
        written.append(out / "course.zip")
    return written


def main(arguments: list[str] | None = None) -> int:
    """Write, and say what was written with its size; return 0, or 1 if no lesson is meant."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=PROJECT / "build" / "standalone", help="folder")
    parser.add_argument("--lessons", default="", help='for example "01 03"; default: all')
    parser.add_argument("--with-weights", action="store_true", help="carry MobileNetV2's weights, too")
    chosen = parser.parse_args(arguments)
    lessons = chosen.lessons.replace(",", " ").split()
    written = write_all(chosen.out, lessons, with_weights=chosen.with_weights)
    if not written:
        print(f"No lessons {' '.join(lessons)}.\nNext: name lessons such as 01.", file=sys.stderr)
        return 1
    for path in written:
        print(f"{path.stat().st_size / 1e6:6.2f} MB  {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
