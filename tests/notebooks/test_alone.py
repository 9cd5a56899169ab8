"""Lesson 05 where no other lesson has run."""

from __future__ import annotations

from pathlib import Path

import pytest

from course_utils.running.runner import main
from course_utils.runs import read_runs


@pytest.mark.full
def test_lesson_05_without_runs_trains_small_ones_and_ends(tmp_path: Path):
    assert main(["--quick", "--lessons", "05", "--out", str(tmp_path)]) == 0

    assert [run.model_name for run in read_runs(tmp_path)] == ["Linear classifier", "Small CNN"]
    text = (tmp_path / "05_comparison.ipynb").read_text(encoding="utf-8")
    assert "two small networks are trained instead" in text
    assert "Lesson 05: finished" in text
