"""The stand-in shows the order of the methods, whatever the seed: an MLP, a CNN, then transfer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from course_utils.records import read_records
from course_utils.running.runner import run_course

SEEDS = (0, 1, 2)
TRANSFER = ("Frozen MobileNetV2", "Fine-tuned ResNet50")
LEAD = 0.05  # of transfer over the CNN from scratch, on the mean of the seeds

# What the order does not depend on is cut: repeats with other seeds, and the stronger CNN.
CUT = {"repeats": 1, "strong_cnn_epochs": 1}


def validation_accuracy(lessons: list[str], out: Path, seed: int) -> pd.Series:
    """Run lessons with all epochs that count here, and return accuracy by model, as fractions."""
    parameters = {"PROFILE": "offline", "DATA": "drawn", "SEED": seed, "OVERRIDES": CUT}
    run_course(lessons, parameters, out)
    records = read_records(out / "records")
    chosen = records[(records.metric == "accuracy") & (records.split == "val") & (records.seed == seed)]
    return chosen.drop_duplicates("model", keep=False).set_index("model")["value"]


@pytest.fixture(scope="module")
def accuracy(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Validation accuracy: one row a seed, one column a model."""
    out = tmp_path_factory.mktemp("order")
    rows = {seed: validation_accuracy(["02", "03", "04"], out / str(seed), seed) for seed in SEEDS}
    table = pd.DataFrame(rows).T
    print(table[["MLP", "CNN", *TRANSFER]].to_string())
    return table


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_cnn_beats_mlp_on_the_stand_in(accuracy: pd.DataFrame):
    lead = accuracy["CNN"] - accuracy["MLP"]
    error = lead.std(ddof=1) / np.sqrt(len(lead))  # of the mean, from the spread over seeds

    print(f"lead: {lead.mean():.3f} ± {error:.3f}")
    assert lead.mean() > 2 * error
    assert (lead > 0).all()


@pytest.mark.full
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("model", TRANSFER)
def test_bundled_weights_beat_the_cnn_on_the_stand_in(accuracy: pd.DataFrame, model: str):
    lead = accuracy[model] - accuracy["CNN"]

    print(f"{model}, lead: {lead.mean():.3f}, by seed {lead.round(3).tolist()}")
    assert lead.mean() >= LEAD
