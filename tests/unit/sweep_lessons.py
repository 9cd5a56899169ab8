"""Tiny lessons that the tests of sweeps run: they record a number, and can fail or wait."""

from __future__ import annotations

from pathlib import Path

import nbformat
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

PARAMETERS = (
    'PROFILE = "auto"\nDATA = None\nWEIGHTS = None\nSEED = 0\nOUT = "x"\nOVERRIDES = {}\n'
    'RECIPE = "R1"\nFAIL = False\nWAIT = 0.0'
)
RECORD = """
import json, time
from pathlib import Path
time.sleep(WAIT)
value = (SEED + OVERRIDES.get("limit_per_class", 1)) / 100
entry = {"lesson": "%s", "model": RECIPE, "metric": "accuracy", "value": value, "unit": "fraction"}
entry |= {"split": "val", "data": "drawn", "weights": "none", "profile": PROFILE, "seed": SEED}
entry |= {"device": "none", "seconds": 1.0, "versions": "none"}
Path(OUT, "records").mkdir(exist_ok=True)
Path(OUT, "records", "accuracy.json").write_text(json.dumps(entry))
"""  # by hand: records.record would load TensorFlow, which takes seconds
BREAK = 'assert not (FAIL and SEED == 1), "seed 1 cannot be trained"'


def write_lesson(path: Path, *cells: str) -> Path:
    """Write a lesson: it records (SEED + limit_per_class) / 100, fails if FAIL and SEED is 1."""
    return write_cells(path, RECORD % path.name[:2], BREAK, *cells)


def write_cells(path: Path, *cells: str) -> Path:
    """Write a lesson of these cells, with a title and parameters before and the last line behind."""
    kernel = {"name": "python3", "display_name": "", "language": "python"}
    first = new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
    last = new_code_cell(f'print("Lesson {path.name[:2]}: finished")')
    notebook = new_notebook(metadata={"kernelspec": kernel})
    notebook.cells = [new_markdown_cell("# A title"), first, *map(new_code_cell, cells), last]
    path.parent.mkdir(exist_ok=True)
    nbformat.write(notebook, path)
    return path


def write_grid(path: Path, parameters: dict, lessons: object = "01") -> Path:
    """Write a grid file."""
    path.write_text(yaml.safe_dump({"lessons": lessons, "parameters": parameters}), encoding="utf-8")
    return path
