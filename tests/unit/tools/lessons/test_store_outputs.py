"""Stored outputs and the frame: a lesson keeps its own cells, and shows no trace of the run."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools.lessons.frame import BADGE_START, bootstrap, stamp, write_notebook
from tools.lessons.outputs import with_outputs


def code(source: str, identity: str, *outputs: dict, **metadata: object) -> nbformat.NotebookNode:
    return new_code_cell(source, id=identity, outputs=list(outputs), metadata=metadata)


@pytest.fixture
def lesson() -> nbformat.NotebookNode:
    cells = [new_markdown_cell("# A title", id="title"), code("SEED = 0", "a", tags=["parameters"])]
    old = new_output("stream", text="old")
    return new_notebook(cells=[*cells, code("SEED", "b", old), code("", "empty"), code("print(1)", "c")])


@pytest.fixture
def executed() -> nbformat.NotebookNode:
    result = new_output("execute_result", data={"text/plain": "0"}, execution_count=7)
    figure = new_output("display_data", data={"image/png": ""}, metadata={"image/png": {"alt": "a bar"}})
    texts = [new_output("stream", name=name, text=name) for name in ("stdout", "stderr")]
    cells = [new_markdown_cell("# A title", id="title"), code("SEED = 0", "a", papermill={"x": 1})]
    cells += [code("SEED = 5", "injected", tags=["injected-parameters"])]
    cells += [code("SEED", "b", result, figure), code("", "empty"), code("print(1)", "c", *texts)]
    notebook = new_notebook(cells=cells, metadata={"papermill": {"start_time": "now"}})
    notebook.metadata["language_info"] = {"name": "python", "version": "3.11.7"}
    return notebook


def test_outputs_come_and_cells_stay(lesson: nbformat.NotebookNode, executed: nbformat.NotebookNode):
    stored = with_outputs(lesson, executed)

    nbformat.validate(stored)
    assert [cell.id for cell in stored.cells] == ["title", "a", "b", "empty", "c"]
    assert [cell.get("execution_count") for cell in stored.cells] == [None, 1, 2, None, 3]
    assert stored.cells[1].metadata == {"tags": ["parameters"]}
    assert stored.cells[2].outputs[0].execution_count == 2
    assert stored.cells[2].outputs[1].metadata == {"image/png": {"alt": "a bar"}}
    assert [output.text for output in stored.cells[4].outputs] == ["stdout"]
    assert set(stored.metadata) == {"kernelspec", "language_info"}
    assert stored.metadata.language_info == {"name": "python"}


def test_outputs_of_another_code_are_refused(lesson: nbformat.NotebookNode, executed: nbformat.NotebookNode):
    lesson.cells[2].source = "SEED + 1"

    with pytest.raises(ValueError, match="no cell b with the same code"):
        with_outputs(lesson, executed)


def test_storing_twice_changes_nothing(
    lesson: nbformat.NotebookNode, executed: nbformat.NotebookNode, tmp_path: Path
):
    paths = tmp_path / "1.ipynb", tmp_path / "2.ipynb"
    write_notebook(with_outputs(lesson, executed), paths[0])
    write_notebook(with_outputs(nbformat.read(paths[0], as_version=4), executed), paths[1])

    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert sorted(tmp_path.iterdir()) == sorted(paths)


def test_stamp_sets_and_takes_away_the_badges(lesson: nbformat.NotebookNode):
    lesson.cells[0].source = "# A title\n\nWhat you will do.\n\n**Time:** 1 minute."
    plain = lesson.cells[0].source
    lesson.cells.insert(1, code("# stamped", "boot", tags=["bootstrap"]))

    assert stamp(lesson, "01_a.ipynb", "owner/name", "v1")
    blocks = lesson.cells[0].source.split("\n\n")
    assert blocks[2].startswith(BADGE_START)
    for address in (
        "https://colab.research.google.com/github/owner/name/blob/v1/notebooks/01_a.ipynb",
        "https://mybinder.org/v2/gh/owner/name/v1?labpath=notebooks%2F01_a.ipynb",
        "https://codespaces.new/owner/name?quickstart=1",
    ):
        assert f"({address})" in blocks[2]
    assert lesson.cells[1].source == bootstrap("owner/name", "v1")
    assert lesson.cells[1].metadata["cellView"] == "form"
    assert lesson.cells[1].metadata["jupyter"] == {"source_hidden": True}
    assert not stamp(lesson, "01_a.ipynb", "owner/name", "v1")
    assert stamp(lesson, "01_a.ipynb", "", "v1")
    assert lesson.cells[0].source == plain
