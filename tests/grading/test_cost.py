"""What grading costs on top of running the notebooks: little, and in line with their number."""

from __future__ import annotations

import time

import made_up
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from tools.grading.collect import collect
from tools.grading.restore import restore

pytestmark = [pytest.mark.full, pytest.mark.alone]
OVERHEAD = 3.0  # seconds for one notebook


def test_sixty_cost_four_times_what_fifteen_cost(hand_in, grade, tmp_path):
    seconds = {}
    for count in (15, 60):
        folder = hand_in(**{f"s{count}-{n}": made_up.half() for n in range(count)})
        started = time.monotonic()
        grade(folder, results=tmp_path / f"results-{count}", workers=2)
        seconds[count] = time.monotonic() - started

    print(f"\n15 and 60 (with the first 15) notebooks: {seconds[15]:.1f} s and {seconds[60]:.1f} s")
    assert seconds[60] < 2 * 5 * seconds[15]  # 75 notebooks; twice, as other work may run beside it


def test_overhead_of_one_notebook(hand_in, grade, private, assignment, tmp_path, monkeypatch):
    folder = hand_in(ann=made_up.master())
    notebook = collect(folder, ["90"])[0].submissions["90"].notebook
    cells = restore(notebook, assignment, {"CLASS_WORD": "tulip", "OUT": str(tmp_path / "out")}).cells
    monkeypatch.setenv("COURSE_PRIVATE", str(private))
    monkeypatch.setenv("COURSE_ANSWERS", str(tmp_path / "answers"))
    differences = []
    for run in range(5):
        plain = new_notebook(cells=[new_code_cell(cell["source"]) for cell in cells])
        started = time.monotonic()
        NotebookClient(plain, timeout=300, kernel_name="python3").execute()
        alone = time.monotonic() - started
        started = time.monotonic()
        grade(folder, results=tmp_path / f"results-{run}")
        differences.append(time.monotonic() - started - alone)

    print(f"\nGrading less running, in seconds: {sorted(round(one, 2) for one in differences)}")
    assert sorted(differences)[1] <= OVERHEAD
