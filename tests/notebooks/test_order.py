"""The stand-in shows the order of the methods: a CNN beats an MLP, whatever the seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from course_utils.records import read_records
from course_utils.runner import run_course

SEEDS = (0, 1, 2)


def validation_accuracy(out: Path, seed: int) -> pd.Series:
    """Run lesson 02 with all its epochs, and return accuracy by model, as fractions."""
    parameters = {"PROFILE": "offline", "DATA": "drawn", "SEED": seed, "OVERRIDES": {"repeats": 1}}
    run_course(["02"], parameters, out)
    records = read_records(out / "records")
    chosen = records[(records.metric == "accuracy") & (records.split == "val") & (records.seed == seed)]
    return chosen.set_index("model")["value"]


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_cnn_beats_mlp_on_the_stand_in(tmp_path: Path):
    accuracy = pd.DataFrame({seed: validation_accuracy(tmp_path / str(seed), seed) for seed in SEEDS}).T
    lead = accuracy["CNN"] - accuracy["MLP"]
    error = lead.std(ddof=1) / np.sqrt(len(lead))  # of the mean, from the spread over seeds

    print(accuracy.to_string(), f"\nlead: {lead.mean():.3f} ± {error:.3f}")
    assert lead.mean() > 2 * error
    assert (lead > 0).all()
