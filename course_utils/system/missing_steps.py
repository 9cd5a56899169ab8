"""A name that an earlier cell of the lesson makes: say which section to run, rather than ``NameError``."""

from __future__ import annotations

import ast
import json
from pathlib import Path

from course_utils.system.paths import PROJECT
from course_utils.system.shell import running_shell, show_instead

NOTEBOOKS = PROJECT / "notebooks"


def tell_missing_steps(number: str) -> None:
    """Let the notebook name the section that was left out, where a cell needs a name that is not there yet.

    Where something else speaks for errors already, as in the exercises, nothing changes.

    Args:
        number: of the lesson, for example ``"04"``.
    """
    shell = running_shell()
    if shell is not None and not shell.custom_exceptions:
        show_instead((NameError,), lambda shell, error: missing_step(number, error.name))


def missing_step(number: str, name: str | None) -> str:
    """Return what to run first; an empty text if no cell of the lesson makes the name.

    Args:
        number: of the lesson.
        name: that is missing.
    """
    where = ""
    for cell in _cells(number):
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            titles = [line for line in source.splitlines() if line.startswith("## ")]
            where = titles[-1][3:] if titles else where
        elif name in _made(source):
            section = f'section "{where}"' if where else "the cells before section 1"
            return f"There is no `{name}` yet.\nNext: run {section} first, then this cell again."
    return ""


def _cells(number: str) -> list[dict]:
    try:
        (path,) = Path(NOTEBOOKS).glob(f"{number}_*.ipynb")
        return json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError):  # the course was installed without its notebooks
        return []


def _made(source: str) -> set[str]:
    """Return the names that code makes at its top: variables, imports and functions."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except SyntaxError:
        return set()
    names = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    names |= {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    aliases = [a for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for a in node.names]
    return names | {alias.asname or alias.name.partition(".")[0] for alias in aliases}
