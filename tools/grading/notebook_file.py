"""Read a notebook that a stranger handed in: cells and their texts, nothing that could be run or shown."""

from __future__ import annotations

import contextlib
import gc
import json
from collections.abc import Iterator
from dataclasses import dataclass, field

LARGEST_NOTEBOOK = 20_000_000  # bytes
MOST_CELLS = 1000
LARGEST_CELL = 200_000  # characters of its source
LARGEST_SOURCES = 1_000_000  # characters of all sources together
SEARCHED = 2_000_000  # characters of all outputs together that are looked through


class UnreadableError(Exception):
    """It cannot be used. The text is a sentence for a person, with what to do."""


@dataclass
class Cell:
    """One cell of a notebook."""

    kind: str  # ``"code"``, ``"markdown"`` or ``"raw"``
    source: str
    names: tuple[str, ...] = ()  # its id, the one that Colab keeps in the metadata, nbgrader's grade_id
    outputs: str = ""  # their texts, to be searched for secrets only


@dataclass
class Notebook:
    """Cells of a notebook, what a person should know about the file, and the Python that it names."""

    cells: list[Cell]
    notes: list[str] = field(default_factory=list)
    python: str = ""


def read_notebook(content: bytes) -> Notebook:
    """Return the cells of a notebook.

    Args:
        content: of the file.

    Raises:
        UnreadableError: it is too large, no notebook, broken, of an old form, or not for Python.
    """
    if len(content) > LARGEST_NOTEBOOK:
        raise UnreadableError(
            f"The notebook has {len(content):,} bytes, which is too large: ask for it without outputs"
        )
    parsed = _parsed(content)
    cells = parsed.get("cells")
    if type(cells) is not list:
        old = type(parsed.get("worksheets")) is list
        why = "of an old form (nbformat 3)" if old else "without a list of cells"
        raise UnreadableError(f"The notebook is {why}: ask for it saved anew by Jupyter or Colab")
    if len(cells) > MOST_CELLS:
        raise UnreadableError(f"The notebook has {len(cells):,} cells, more than {MOST_CELLS:,}")
    _check_language(parsed.get("metadata"))
    left = [SEARCHED]
    read = [_cell(cell, left) for cell in cells]
    good = [cell for cell in read if cell is not None]
    if sum(len(cell.source) for cell in good) > LARGEST_SOURCES:
        raise UnreadableError(f"The cells hold more than {LARGEST_SOURCES:,} characters, which is too large")
    notes = [f"{len(read) - len(good)} cells were broken and left out"] if len(good) < len(read) else []
    return Notebook(good, notes, _text_of(parsed.get("metadata"), "language_info", "version")[:30])


def _parsed(content: bytes) -> dict:
    if not content.strip():
        raise UnreadableError("The file is empty: ask for it again")
    try:
        with _no_collection():
            parsed = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UnreadableError("The file is no text, so no notebook: ask for the .ipynb file") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise UnreadableError(
            f"The notebook's JSON breaks at {place}: ask for it again (File, Download)"
        ) from error
    except (RecursionError, ValueError) as error:
        raise UnreadableError("The notebook's JSON is not what Jupyter writes: ask for it again") from error
    if type(parsed) is not dict:
        raise UnreadableError("The file is JSON, but no notebook: ask for the .ipynb file")
    return parsed


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """Millions of lists hold no circles, and looking for some again and again takes most of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _check_language(metadata: object) -> None:
    for name in (_text_of(metadata, "kernelspec", "language"), _text_of(metadata, "language_info", "name")):
        if name and name.lower() not in ("python", "ipython", "python3"):
            raise UnreadableError(
                f"The notebook is for {name[:30]}, not for Python: set its kernel to Python 3"
            )


def _text_of(metadata: object, section: str, name: str) -> str:
    value = metadata.get(section) if type(metadata) is dict else ""
    value = value.get(name) if type(value) is dict else ""
    return value if type(value) is str else ""


def _cell(cell: object, left: list[int]) -> Cell | None:
    if type(cell) is not dict or cell.get("cell_type") not in ("code", "markdown", "raw"):
        return None
    source = _joined(cell.get("source", cell.get("input", "")))
    if source is None or len(source) > LARGEST_CELL:
        return None
    outputs = _outputs(cell.get("outputs"))[: left[0]]
    left[0] -= len(outputs)
    return Cell(cell["cell_type"], source, _names(cell), outputs)


def _joined(text: object) -> str | None:
    if type(text) is list and all(type(part) is str for part in text):
        return "".join(text)
    return text if type(text) is str else None


def _names(cell: dict) -> tuple[str, ...]:
    metadata = cell.get("metadata") if type(cell.get("metadata")) is dict else {}
    named = [cell.get("id"), metadata.get("id"), _text_of(metadata, "nbgrader", "grade_id")]
    return tuple(dict.fromkeys(name for name in named if type(name) is str and name))


def _outputs(outputs: object) -> str:
    found = []
    for output in outputs if type(outputs) is list else []:
        if type(output) is dict:
            data = output.get("data") if type(output.get("data")) is dict else {}
            found += [output.get("text"), output.get("traceback"), output.get("evalue"), *data.values()]
    return "\n".join(text for text in map(_joined, found) if text)
