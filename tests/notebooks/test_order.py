"""The main chart on the stand-in shows the order of the course, on the mean of three seeds."""

from __future__ import annotations

import itertools
from pathlib import Path

import pandas as pd
import pytest

from course_utils.records import read_records
from course_utils.running.runner import run_course

SEEDS = (0, 1, 2)
ORDER = ("MLP", "CNN", "Stronger CNN", "Frozen MobileNetV2", "Fine-tuned ResNet50")
LEAD = 0.02  # of each model over the one before


def measure(out: Path, seed: int) -> pd.Series:
    """Run the lessons of the chart offline, and return test accuracy by model, as fractions."""
    parameters = {"PROFILE": "offline", "DATA": "drawn", "SEED": seed, "OVERRIDES": {"repeats": 1}}
    run_course(["02", "03", "04", "05"], parameters, out)
    records = read_records(out / "records").query("metric == 'accuracy' and split == 'test'")
    return records.set_index("model")["value"]


@pytest.fixture(scope="module")
def accuracy(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Test accuracy: one row a seed, one column a model."""
    out = tmp_path_factory.mktemp("order")
    table = pd.DataFrame({seed: measure(out / str(seed), seed) for seed in SEEDS}).T[list(ORDER)]
    print(table.to_string())
    return table


@pytest.mark.full
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("weaker", "stronger"), list(itertools.pairwise(ORDER)))
def test_each_model_leads_the_one_before(accuracy: pd.DataFrame, weaker: str, stronger: str):
    lead = accuracy[stronger] - accuracy[weaker]

    print(f"{stronger}, lead: {lead.mean():.3f}, by seed {lead.round(3).tolist()}")
    assert lead.mean() >= LEAD
