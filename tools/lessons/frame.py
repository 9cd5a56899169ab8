"""Stamp what all notebooks share: their first cell and their badges.

Both come from one setting, [tool.course] in pyproject.toml. While no repository is named there, badges are
left out, and the first cell knows no address to copy the course from. ``make publish`` changes the setting.

    python -m tools.lessons.frame
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from urllib.parse import quote

import nbformat

from course_utils.system.paths import PROJECT
from course_utils.system.whole_file import replacing

BADGE_START = "[![Open in Colab]"
FIRST_CELL = Path(__file__).with_name("first_cell.py")
FOLDED = {"cellView": "form", "jupyter": {"source_hidden": True}}  # in Colab, and in JupyterLab


def read_setting() -> tuple[str, str]:
    """Return the repository ("owner/name", may be empty) and the tag that lessons pin."""
    course = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["course"]
    return course["repository"], course["tag"]


def bootstrap(repository: str, tag: str, digest: str = "", carried: str = "") -> str:
    """Return the code of the first cell: ``first_cell.py`` with its values.

    Args:
        repository: "owner/name", or empty.
        tag: of the repository.
        digest: SHA-256 of what ``carried`` holds, or empty.
        carried: a zip of the course in base 85, or empty.
    """
    address = f"https://github.com/{repository}" if repository else ""
    values = ", ".join(json.dumps(value) for value in (address, tag, digest, carried))
    line = f"REPOSITORY, TAG, DIGEST, CARRIED = {values}"
    text = FIRST_CELL.read_text(encoding="utf-8").rstrip("\n").replace("  # noqa: E402", "")
    return re.sub(r"^REPOSITORY, .*$", lambda _: line, text, flags=re.MULTILINE)


def badges(repository: str, tag: str, path: str) -> str:
    """Return the line of badges that open a notebook; empty while there is no repository.

    Args:
        repository: "owner/name", or empty.
        tag: of the repository.
        path: of the notebook in the project.
    """
    if not repository:
        return ""
    colab = "https://colab.research.google.com"
    places = {
        BADGE_START: (f"{colab}/assets/colab-badge.svg", f"{colab}/github/{repository}/blob/{tag}/{path}"),
        "[![Open in Binder]": (
            "https://mybinder.org/badge_logo.svg",
            f"https://mybinder.org/v2/gh/{repository}/{tag}?labpath={quote(path, safe='')}",
        ),
        "[![Open in Codespaces]": (
            "https://github.com/codespaces/badge.svg",
            f"https://codespaces.new/{repository}?quickstart=1",
        ),
    }
    return " ".join(f"{start}({image})]({page})" for start, (image, page) in places.items())


def stamp(notebook: nbformat.NotebookNode, name: str, repository: str, tag: str) -> bool:
    """Set first cell and badges of a lesson; say whether anything changed.

    Args:
        notebook: changed in place. Its first cell is the title, one cell carries the tag "bootstrap".
        name: file name of the lesson.
        repository: "owner/name", or empty.
        tag: that the lesson pins.
    """
    title = notebook.cells[0]
    before, blocks = title.source, blocks_but_badges(title.source)
    line = badges(repository, tag, f"notebooks/{name}")
    title.source = "\n\n".join([*blocks[:2], *([line] if line else []), *blocks[2:]])
    return set_bootstrap(notebook, bootstrap(repository, tag)) or title.source != before


def blocks_but_badges(text: str) -> list[str]:
    """Return the paragraphs of a title cell without the badges."""
    return [block for block in text.split("\n\n") if not block.startswith(BADGE_START)]


def set_bootstrap(notebook: nbformat.NotebookNode, code: str) -> bool:
    """Set the code of the cell tagged "bootstrap", folded; say whether it changed."""
    cells = [cell for cell in notebook.cells if "bootstrap" in cell.metadata.get("tags", [])]
    changed = [cell for cell in cells if cell.source != code or not FOLDED.items() <= cell.metadata.items()]
    for cell in changed:
        cell.source = code
        cell.metadata.update(FOLDED)
    return bool(changed)


def stamp_lessons() -> list[Path]:
    """Stamp all lessons, and return those that changed."""
    changed = []
    for path in sorted((PROJECT / "notebooks").glob("[0-9]*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        if stamp(notebook, path.name, *read_setting()):
            write_notebook(notebook, path)
            changed.append(path)
    return changed


def write_notebook(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write a notebook whole or not at all."""
    with replacing(path) as part:
        nbformat.write(notebook, part)


if __name__ == "__main__":
    print(f"Stamped: {', '.join(path.name for path in stamp_lessons()) or 'nothing to change'}")
