"""Lesson 11: its networks are those that the course has weights for, and what it says holds elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from lesson_checks import LESSONS
from test_real_photographs import REAL_DATA, records_of_photographs

from course_utils.reference import mean_and_spread
from course_utils.running.execution import code_cells
from course_utils.system.download.mirrors import MORE_WEIGHTS
from course_utils.system.weight_files import NETWORKS

(LESSON,) = [path for path in LESSONS if path.stem.startswith("11")]


@pytest.fixture(scope="module")
def notebook() -> nbformat.NotebookNode:
    return nbformat.read(LESSON, as_version=4)


def test_its_networks_are_those_of_the_course_and_six_more(notebook: nbformat.NotebookNode):
    code = "\n".join(cell.source for cell in code_cells(notebook))

    named = re.findall(r'^    "(\w+)": keras\.applications\.', code, re.MULTILINE)

    assert named == [*NETWORKS, *MORE_WEIGHTS]


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not REAL_DATA.exists(), reason="the real photographs (../shared) are not on this machine")
def test_what_it_says_holds_on_real_photographs(tmp_path: Path):
    records = records_of_photographs(["11"], tmp_path).query("metric == 'accuracy'")

    assert set(records.groupby(["study", "model", "setting"])["seed"].nunique()) == {3}
    found = mean_and_spread(records, ["model", "setting"])["mean"]
    for name in NETWORKS:
        assert found[name, "its own"] > found[name, "the other's"]
        assert found[name, "its own"] > max(found["CNN", "whole"], found["ViT", "whole"])
    lost = {name: found[name, "its own"] - found[name, "the other's"] for name in NETWORKS}
    assert lost["ResNet50"] > lost["MobileNetV2"]
