"""All lessons run on real photographs, whatever form the data comes in, and their records say so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from course_utils.records import read_records
from course_utils.running.parameters import QUICK
from course_utils.running.runner import run_course
from course_utils.system.paths import PROJECT

REAL_DATA = PROJECT.parent / "shared" / "tools" / "real_data.py"
FORMATS = {"folder": ".", "toronto": "cifar-10-python.tar.gz", "kaggle": ".", "npz": "cifar10.npz"}


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not REAL_DATA.exists(), reason="the real photographs (../shared) are not on this machine")
@pytest.mark.parametrize("form", FORMATS)
def test_lessons_run_on_real_photographs(form: str, tmp_path: Path):
    data, out = tmp_path / "data", tmp_path / "out"
    subprocess.run([sys.executable, REAL_DATA, form, data, "--per-class", "60"], check=True)
    parameters = {"PROFILE": "laptop", "WEIGHTS": "bundled", "DATA": str(data / FORMATS[form])}
    run_course([], parameters | {"OVERRIDES": QUICK | {"fine_tune_size": 32}}, out)

    records = read_records(out / "records")
    assert set(records.data) == {"path"}
    assert set(records.lesson) == {"01", "02", "03", "04", "05"}
    assert set(records[records.lesson == "04"].weights) == {"bundled"}
    assert (records.loc[records.metric == "accuracy", "split"] == "test").any()


def records_of_photographs(lessons: list[str], folder: Path) -> pd.DataFrame:
    """Run lessons on some photographs with the profile offline, whose assertions then hold there, too."""
    data, out = folder / "data", folder / "out"
    subprocess.run([sys.executable, REAL_DATA, "npz", data, "--per-class", "200"], check=True)
    run_course(lessons, {"PROFILE": "offline", "DATA": str(data / FORMATS["npz"])}, out)
    records = read_records(out / "records")
    assert set(records["data"]) == {"path"}
    assert set(records["lesson"]) == set(lessons)
    return records


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not REAL_DATA.exists(), reason="the real photographs (../shared) are not on this machine")
@pytest.mark.parametrize("lessons", [["12"], ["13"], ["19", "20"]], ids=" ".join)
def test_what_optional_lessons_claim_holds_on_real_photographs(lessons: list[str], tmp_path: Path):
    records_of_photographs(lessons, tmp_path)
