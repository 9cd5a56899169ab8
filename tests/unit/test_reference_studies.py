"""What lessons 3 and 4 say below the figures of the studies holds in the reference records."""

from __future__ import annotations

import numpy as np
import pandas as pd

from course_utils.reference import FOLDER, RUNS, mean_and_spread, reference_records

STUDIES = {  # name -> the columns that tell its points apart
    "size": ["size"],
    "preprocessing": ["preprocessing"],
    "depth": ["depth"],
    "rate": ["learning_rate"],
    "labels": ["labels_per_class", "model"],
}
LITTLE, FAR = 0.02, 0.05  # fractions: what the lessons call "hardly" or "a little", and "by far"
CHANCE = 0.1


def points(study: str) -> pd.DataFrame:
    table = mean_and_spread(reference_records(lesson="18", study=study), STUDIES[study])
    return table.unstack() if study == "labels" else table


def test_each_point_was_measured_on_photographs_with_three_seeds():
    for study in STUDIES:
        records = reference_records(lesson="18", study=study)
        assert set(records["seed"]) == {0, 1, 2}
        counts = points(study)["count"].to_numpy().ravel()
        assert set(counts[~np.isnan(counts)]) == {3}  # NaN: fine-tuning with all labels is too slow here
        assert set(records["weights"]) <= {"bundled", "none"}
        assert set(records["data"]) <= {"path", "published"}
        assert (set(records["metric"]), set(records["split"])) == ({"accuracy"}, {"val"})


def test_the_studies_meet_in_one_point():
    """The same setting, reached by several studies, has the same accuracy but for the order of sums."""
    center = reference_records(lesson="18", study="preprocessing", preprocessing="right").iloc[0]
    right = points("preprocessing")["mean"]["right"]
    same = [
        points("size")["mean"][center["size"]],
        points("depth")["mean"]["none"],
        points("rate")["mean"][0.0],
        points("labels")["mean"].loc[center["labels_per_class"], "frozen base"],
    ]
    assert max(abs(value - right) for value in same) < 0.005
    assert abs(points("depth")["mean"]["all"] - points("rate")["mean"][1e-4]) < 0.005


def test_records_name_no_path_of_a_machine():
    for name in ("18.csv", RUNS):
        assert "/" not in (FOLDER / name).read_text(encoding="utf-8")


def test_size():
    mean, spread = points("size")["mean"], points("size")["std"]
    assert mean[48] - mean[32] > 2 * (spread[48] + spread[32])
    assert abs(mean[64] - mean[48]) < LITTLE
    assert mean[96] < mean[64] - spread[64]


def test_preprocessing():
    mean = points("preprocessing")["mean"]
    assert 0.5 * mean["right"] < mean["[0, 1]"] < mean["right"] - LITTLE
    assert abs(mean["scaled twice"] - CHANCE) < LITTLE


def test_labels():
    mean = points("labels")["mean"]
    lead = mean["frozen base"] - mean["CNN from scratch"]
    assert (lead[[5, 10]] > 2 * FAR).all()
    assert lead[500] < lead[lead.index < 500].max()
    assert (lead[lead.index <= 500] > FAR).all()
    assert abs(lead[4500]) < LITTLE  # with all labels the CNN has caught up
    gain = (mean["fine-tuned base"] - mean["frozen base"]).dropna()
    assert (gain > 0).all()
    assert gain.idxmax() == gain.index.max()


def test_depth():
    mean = points("depth")["mean"]
    assert (abs(mean[["last block", "last 30 layers"]] - mean["none"]) < LITTLE).all()
    assert 0 < mean["all"] - mean["none"] < 2 * LITTLE


def test_rate():
    mean = points("rate")["mean"]
    assert (mean[[1e-5, 1e-4]] > mean[0.0]).all()
    assert (mean[[1e-5, 1e-4]] - mean[0.0] < 2 * LITTLE).all()
    assert mean[1e-3] < mean[0.0] - LITTLE
    assert abs(mean[1e-2] - CHANCE) < LITTLE
