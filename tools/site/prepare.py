"""Prepare the folder that Sphinx reads: the project's own texts and notebooks, and the lists of pages."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_utils.running.execution import find_lessons
from course_utils.system.paths import PROJECT
from tools.lessons import standalone

TEXTS = ("*.md", "docs/*.md", "docs/*.png", "docs/examples/*", "data/README.md", "tests/README.md", "LICENSE")
NOTEBOOKS = ("notebooks/[0-9][0-9]_*.ipynb", "notebooks/exercises/student/[0-9][0-9]_*.ipynb")
STUDENT = "notebooks/exercises/student"
FOR_STUDENTS = ("docs/GLOSSARY", "docs/RESULTS", "docs/WEIGHTS")
FOR_TEACHERS = ("docs/TEACHING", "docs/AI", "docs/EXERCISES", "docs/THREATS")
COMMANDS = {"__init__", "runner", "sweep"}  # nothing to import
LEFT_OUT = {"bootstrap", "sentinel"}  # cells that only a run needs
BADGE = re.compile(r"\[!\[([^\]]*)\]\(https?://[^)]*\)\]")
README_LINK = re.compile(r"\]\((\.\./)*README\.md([#)])")


def prepare(source: Path) -> None:
    """Write all that Sphinx reads to a folder, which is emptied first.

    Args:
        source: the folder; files lie in it as in the project, so links between them hold.
    """
    shutil.rmtree(source, ignore_errors=True)
    standalone.write_all(source / "downloads", [])
    for path in _files(TEXTS):
        target = _target(source, path)
        if path.suffix == ".md":
            target.write_text(page(path.read_text(encoding="utf-8")), encoding="utf-8")
        else:
            shutil.copyfile(path, target)
    for path in _files(NOTEBOOKS):
        nbformat.write(notebook_page(nbformat.read(path, as_version=4), path), _target(source, path))
    modules = sorted(path.stem for path in PROJECT.glob("course_utils/*.py") if path.stem not in COMMANDS)
    for name in modules:
        title = f"course_utils.{name}"
        text = f"{title}\n{'=' * len(title)}\n\n.. automodule:: {title}\n   :members:\n"
        _target(source, PROJECT / "api" / f"{name}.rst").write_text(text, encoding="utf-8")
    _add_contents(source, modules)


def page(text: str) -> str:
    """Return a text as it stands on the site: README is its front page, and badges are plain links."""
    text = README_LINK.sub(lambda link: link[0].replace("README", "index"), BADGE.sub(r"[\1]", text))
    return text.replace(f"]({STUDENT})", f"]({STUDENT}/index.md)")


def notebook_page(notebook: NotebookNode, path: Path) -> NotebookNode:
    """Return a notebook as it stands on the site, changed in place.

    Args:
        notebook: with the outputs to show.
        path: where it lies in the project; the file to download has the same name.
    """
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = page(cell.source)
        elif LEFT_OUT & set(cell.metadata.get("tags", [])):
            cell.metadata.tags.append("remove-cell")
        for output in cell.get("outputs", []):
            alt = output.get("metadata", {}).get("image/png", {}).get("alt")
            if alt:
                cell.metadata["mystnb"] = {"image": {"alt": alt}}
    folder = "exercises/" if "exercises" in path.parts else ""
    words = "it carries what it needs, and runs alone in Colab or in any Jupyter."
    text = f"[Download this notebook](path:/downloads/{folder}{path.name}): {words}"
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell(text))
    return notebook


def _files(patterns: tuple[str, ...]) -> list[Path]:
    return [path for pattern in patterns for path in sorted(PROJECT.glob(pattern))]


def _target(source: Path, path: Path) -> Path:
    place = path.relative_to(PROJECT).as_posix()
    target = source / ("index.md" if place == "README.md" else place)
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _add_contents(source: Path, modules: list[str]) -> None:
    """Write the lists of pages that the site's menu shows."""
    lessons = [f"notebooks/{path.stem}" for path in find_lessons()]
    rest = [f"notebooks/{path.stem}" for path in _files(NOTEBOOKS[:1])]
    texts = [path.relative_to(source).with_suffix("").as_posix() for path in sorted(source.rglob("*.md"))]
    named = {"index", *FOR_STUDENTS, *FOR_TEACHERS}
    front = {
        "Lessons": lessons,
        "Optional lessons": [one for one in rest if one not in lessons],
        "For students": [f"{STUDENT}/index", *FOR_STUDENTS],
        "For teachers": [*FOR_TEACHERS],
        "The project": [*(one for one in texts if one not in named), "api/index"],
    }
    with (source / "index.md").open("a", encoding="utf-8") as file:
        file.writelines(_contents(pages, f":hidden:\n:caption: {title}") for title, pages in front.items())
    exercises = [path.stem for path in _files(NOTEBOOKS[1:])]
    for folder, title, pages in ((STUDENT, "Exercises", exercises), ("api", "Modules", modules)):
        (source / folder / "index.md").write_text(f"# {title}\n{_contents(pages, '')}", encoding="utf-8")


def _contents(pages: list[str], options: str) -> str:
    return "\n".join(["\n\n```{toctree}", ":maxdepth: 1", options, "", *pages, "```\n"])
