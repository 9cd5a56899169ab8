"""Putting notebooks together again: by id, text, place and likeness; locked cells; missing cells."""

from __future__ import annotations

import copy
import json
import random
from dataclasses import replace

import made_up
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools.grading.notebook_file import read_notebook
from tools.grading.restore import restore

VALUES = {"CLASS_WORD": "tulip", "OUT": "/tmp/out"}


@pytest.fixture
def restored(assignment):
    def run(notebook):
        content = nbformat.writes(notebook) if hasattr(notebook, "nbformat") else json.dumps(notebook)
        return restore(read_notebook(content.encode()), assignment, VALUES)

    return run


def solved() -> nbformat.NotebookNode:
    return made_up.filled(_1=made_up.TWICE, _2=made_up.TOTAL, _3='# a word\nword = "x"', _q1=made_up.Q1)


def sources(result) -> dict[str, str]:
    return {cell["id"]: cell["source"] for cell in result.cells}


def without(notebook, *endings: str):
    notebook.cells = [cell for cell in notebook.cells if not cell.id.endswith(endings)]
    return notebook


def test_an_untouched_frame_comes_from_the_master(restored):
    result = restored(solved())

    assert set(result.found.values()) == {"id"}
    assert sources(result)["ex-90-1-solution"] == made_up.TWICE
    assert "# the hidden part" in sources(result)["ex-90-1-check"]
    assert sources(result)["ex-90-parameters"].endswith("CLASS_WORD = 'tulip'\nOUT = '/tmp/out'")
    assert result.notes == {}


@pytest.mark.parametrize("change", [made_up.stripped, made_up.as_colab])
def test_lost_ids_and_metadata(restored, change):
    result = restored(change(solved()))

    assert sources(result) == sources(restored(solved()))
    assert result.notes == {}


@pytest.mark.parametrize("seed", range(5))
def test_moved_cells(restored, seed):
    notebook = made_up.stripped(solved())
    random.Random(seed).shuffle(notebook.cells)

    result = restored(notebook)

    assert set(result.found) == set(restored(solved()).found)
    found = {k: v for k, v in sources(result).items() if not k.startswith("extra")}
    assert found == sources(restored(solved()))


@pytest.mark.parametrize("ids", [True, False])
@pytest.mark.parametrize("number", ["1", "2", "3", "q1"])
def test_a_deleted_gap_is_missing_and_the_others_are_not(restored, ids, number):
    name = f"ex-90-{number}-{'answer' if number == 'q1' else 'solution'}"
    notebook = without(solved(), name)

    result = restored(notebook if ids else made_up.stripped(notebook))

    assert set(restored(solved()).found) - set(result.found) == {name}


@pytest.mark.parametrize("ids", [True, False])
def test_deleted_locked_cells_are_put_back(restored, ids):
    notebook = without(solved(), "-check", "-task", "-start", "-parameters")

    result = restored(notebook if ids else made_up.stripped(notebook))

    found = {k: v for k, v in sources(result).items() if not k.startswith("extra")}
    if ids:
        assert found == sources(restored(solved()))
    else:
        assert {"ex-90-1-solution", "ex-90-2-solution"} <= set(result.found)


def test_a_changed_check_is_put_back_and_told(restored):
    notebook = solved()
    cell = next(cell for cell in notebook.cells if cell.id == "ex-90-2-check")
    cell.source = 'check = lambda *a: print("right")\ncheck("90.2", 5)'

    result = restored(notebook)

    assert sources(result)["ex-90-2-check"] == 'check("90.2", total)'
    assert result.notes == {"90.2": ["the locked cell ex-90-2-check was changed; it was put back"]}


def test_extra_cells_stay_in_their_place(restored):
    notebook = solved()
    place = notebook.cells.index(made_up.gap(notebook, "2"))
    notebook.cells.insert(place + 1, new_code_cell("helper = 1"))
    notebook.cells.insert(place, new_code_cell("before = 1"))
    notebook.cells.insert(0, new_code_cell("import os"))

    order = [cell["source"] for cell in restored(notebook).cells]

    assert order[0] == "import os"
    assert order.index("before = 1") + 1 == order.index(made_up.TOTAL)
    assert order.index(made_up.TOTAL) + 1 == order.index("helper = 1")


def test_an_extra_cell_that_calls_a_check_is_run(restored):
    notebook = solved()
    tries = 'for try_ in range(3):\n    total = try_\n    check("90.2", total)'
    notebook.cells.insert(4, new_code_cell(tries))

    assert any("try_" in cell["source"] for cell in restored(notebook).cells)


@pytest.mark.parametrize("ids", [True, False])
def test_copies_of_locked_cells_are_not_run_twice(restored, ids):
    notebook = json.loads(nbformat.writes(solved() if ids else made_up.stripped(solved())))
    start = next(cell for cell in notebook["cells"] if "start_exercises" in str(cell["source"]))
    more = [f'start_exercises("90")\nx = {n}' for n in range(2)] if ids else [start["source"]]
    notebook["cells"] += [{**start, "source": source} for source in more]

    runs = [cell for cell in restored(notebook).cells if "start_exercises" in cell["source"]]

    assert len(runs) == 1


def test_a_cell_that_checks_another_exercise_is_not_what_its_id_says(restored):
    notebook = solved()
    made_up.gap(notebook, "2").source = 'check("90.1", 5)'

    assert restored(notebook).found["ex-90-2-solution"] != "id"


def test_lines_that_several_cells_share_tell_nothing(assignment):
    imports = "import numpy as np\nimport pandas as pd"
    cells = [replace(cell, stub=imports) if cell.is_gap else cell for cell in assignment.cells]
    notebook = read_notebook(nbformat.writes(new_notebook(cells=[new_code_cell(imports)])).encode())

    assert restore(notebook, replace(assignment, cells=tuple(cells)), VALUES).found == {}


def test_of_two_cells_with_one_id_the_filled_one_counts_and_a_person_is_told(restored):
    notebook = json.loads(nbformat.writes(solved()))
    place = next(n for n, cell in enumerate(notebook["cells"]) if cell["id"] == "ex-90-2-solution")
    stub = copy.deepcopy(notebook["cells"][place])
    stub["source"] = made_up.gap(made_up.empty(), "2").source
    notebook["cells"].insert(place, stub)

    result = restored(notebook)

    assert result.sources["ex-90-2-solution"] == made_up.TOTAL
    assert result.notes == {"90.2": ["2 different cells have the id of this answer"]}


def test_an_answer_far_from_its_scaffold_is_found_by_its_place(restored):
    notebook = solved()
    made_up.gap(notebook, "2").source = "total = 12_345"

    result = restored(made_up.stripped(notebook))

    assert result.found["ex-90-2-solution"] == "place"


def test_a_function_is_found_by_its_name(restored):
    notebook = made_up.stripped(solved())
    moved = next(cell for cell in notebook.cells if cell.source == made_up.TWICE)
    notebook.cells.remove(moved)
    notebook.cells = [cell for cell in notebook.cells if "90.1" not in cell.source]
    notebook.cells.append(moved)

    assert restored(notebook).found["ex-90-1-solution"] == "text"


def test_a_gap_turned_into_text_is_missing(restored):
    notebook = solved()
    place = notebook.cells.index(made_up.gap(notebook, "2"))
    notebook.cells[place] = new_markdown_cell(made_up.TOTAL, id="ex-90-2-solution")

    assert "ex-90-2-solution" not in restored(notebook).found


def test_the_check_of_a_question_is_put_back(restored):
    notebook = solved()
    made_up.gap(notebook, "q1").source = 'answer = "c"'

    assert sources(restored(notebook))["ex-90-q1-answer"] == 'answer = "c"\ncheck("90.q1", answer)'


@pytest.mark.parametrize(("word", "told"), [("Tulip ", False), ("", False), ("rose", True)])
def test_another_class_word_is_told(restored, word, told):
    notebook = solved()
    cell = next(cell for cell in notebook.cells if cell.id == "ex-90-parameters")
    cell.source = cell.source.replace('CLASS_WORD = ""', f'CLASS_WORD = "{word}"')

    result = restored(notebook)

    assert bool(result.notes.get("")) is told
    assert "CLASS_WORD = 'tulip'" in sources(result)["ex-90-parameters"]


def test_empty_notebook(restored):
    result = restored({"cells": [], "metadata": {}})

    assert result.found == {}
    assert {cell["id"] for cell in result.cells} >= {"ex-90-start", "ex-90-1-check"}
