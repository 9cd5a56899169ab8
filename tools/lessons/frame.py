"""Stamp what all lessons share: the bootstrap cell and the Colab badge.

Both come from one setting, [tool.course] in pyproject.toml. While no repository is named there,
the badge is left out and the bootstrap does nothing in Colab.

    python -m tools.lessons.frame
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import nbformat

from course_utils.system.paths import PROJECT
from course_utils.system.whole_file import replacing

BADGE_START = "[![Open in Colab]"


def read_setting() -> tuple[str, str]:
    """Return the repository ("owner/name", may be empty) and the tag that lessons pin."""
    course = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["course"]
    return course["repository"], course["tag"]


def bootstrap(repository: str, tag: str) -> str:
    """Return the code of the bootstrap cell."""
    address = f"https://github.com/{repository}" if repository else ""
    return "\n".join(
        [
            "import sys",
            "from subprocess import check_call",
            "",
            f'REPOSITORY, TAG = "{address}", "{tag}"',
            'if REPOSITORY and "google.colab" in sys.modules:',
            '    clone = f"test -d course || git clone -q --depth 1 -b {TAG} {REPOSITORY} course"',
            '    check_call(f"{clone} && pip install -q -r course/requirements.txt", shell=True)',
            'sys.path[:0] = ["course", "..", "."]',
        ]
    )


def badge(repository: str, tag: str, name: str) -> str:
    """Return the badge that opens a lesson in Colab; empty while there is no repository."""
    if not repository:
        return ""
    image = "https://colab.research.google.com/assets/colab-badge.svg"
    page = f"https://colab.research.google.com/github/{repository}/blob/{tag}/notebooks/{name}"
    return f"{BADGE_START}({image})]({page})"


def stamp(notebook: nbformat.NotebookNode, name: str, repository: str, tag: str) -> bool:
    """Set bootstrap cell and badge of a lesson; say whether anything changed.

    Args:
        notebook: changed in place. Its first cell is the title, one cell carries the tag "bootstrap".
        name: file name of the lesson.
        repository: "owner/name", or empty.
        tag: that the lesson pins.
    """
    title = notebook.cells[0]
    before, blocks = title.source, blocks_but_badge(title.source)
    button = badge(repository, tag, name)
    title.source = "\n\n".join([*blocks[:2], *([button] if button else []), *blocks[2:]])
    return set_bootstrap(notebook, bootstrap(repository, tag)) or title.source != before


def blocks_but_badge(text: str) -> list[str]:
    """Return the paragraphs of a title cell without the badge."""
    return [block for block in text.split("\n\n") if not block.startswith(BADGE_START)]


def set_bootstrap(notebook: nbformat.NotebookNode, code: str) -> bool:
    """Set the code of the cell tagged "bootstrap"; say whether it changed."""
    cells = [cell for cell in notebook.cells if "bootstrap" in cell.metadata.get("tags", [])]
    changed = [cell for cell in cells if cell.source != code]
    for cell in changed:
        cell.source = code
    return bool(changed)


def stamp_lessons(folder: Path = PROJECT / "notebooks") -> list[Path]:
    """Stamp all lessons of a folder, and return those that changed."""
    changed = []
    for path in sorted(folder.glob("[0-9]*.ipynb")):
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
