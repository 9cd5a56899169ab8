"""What lessons 3 to 5 say below their figures of photographs holds in the reference records."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml

from course_utils.reference import FOLDER, WEIGHTS_FOLDER, mean_and_spread, reference_records

STUDIES = {  # name -> the columns that tell its points apart
    "size": ["size"],
    "preprocessing": ["preprocessing"],
    "depth": ["depth"],
    "rate": ["learning_rate"],
    "labels": ["labels_per_class", "model"],
}
BUNDLED = {"weights": "bundled", "network": "MobileNetV2"}
LARGE = {"weights": "bundled", "network": "ResNet50"}
IMAGENET = {"weights": "imagenet", "network": "MobileNetV2"}
LITTLE, FAR = 0.02, 0.05  # fractions: what the lessons call "a little" or "about", and "by far"
CHANCE = 0.1


def points(study: str, base: dict) -> pd.DataFrame:
    if study == "labels":  # the CNN began with no weights
        base = {"network": base["network"]}
    table = mean_and_spread(reference_records(lesson="18", study=study, **base), STUDIES[study])
    return table.unstack() if study == "labels" else table


@pytest.mark.parametrize("study", STUDIES)
def test_each_point_was_measured_on_photographs_with_three_seeds(study: str):
    records = reference_records(lesson="18", study=study)
    told = ["network", "weights", "model", *set(STUDIES[study]) - {"model"}]
    assert set(records.groupby(told)["seed"].agg(frozenset)) == {frozenset({0, 1, 2})}
    assert set(records["data"]) <= {"path", "published"}
    assert (set(records["metric"]), set(records["split"])) == ({"accuracy"}, {"val"})


@pytest.mark.parametrize("base", [BUNDLED, LARGE, IMAGENET])
def test_the_studies_meet_in_one_point(base: dict):
    """The same setting, reached by several studies, has the same accuracy but for the order of sums."""
    center = reference_records(lesson="18", study="preprocessing", preprocessing="right", **base).iloc[0]
    right = points("preprocessing", base)["mean"]["right"]
    same = [points("size", base)["mean"][center["size"]]]
    if base != IMAGENET:
        same += [points("depth", base)["mean"]["none"], points("rate", base)["mean"][0.0]]
        all_open = points("depth", base)["mean"]["all"]
        assert abs(all_open - points("rate", base)["mean"][1e-4]) < 0.005
    if base == BUNDLED:
        labels = center["labels_per_class"]
        same += [points("labels", base)["mean"].loc[labels, "frozen base"]]
    assert max(abs(value - right) for value in same) < 0.005


# lesson 3


def test_each_base_has_its_own_best_size():
    imagenet, small, large = (points("size", base) for base in (IMAGENET, BUNDLED, LARGE))
    assert imagenet["mean"].idxmax() == 128
    assert 2.5 * imagenet["mean"][32] < imagenet["mean"][128] < 3 * imagenet["mean"][32]
    assert imagenet["mean"][224] < imagenet["mean"][128] - LITTLE
    assert small["mean"].idxmax() in (48, 64)
    assert large["mean"].idxmax() == 96
    assert large["mean"][96] - large["mean"][64] > large["std"][64]


def test_the_worse_mistake_depends_on_the_base():
    small, large = (points("preprocessing", base)["mean"] for base in (BUNDLED, LARGE))
    assert 0.5 * small["right"] < small["[0, 1]"] < small["right"] - LITTLE
    assert abs(small["scaled twice"] - CHANCE) < LITTLE
    assert abs(large["[0, 1]"] - CHANCE) < LITTLE
    assert large["right"] - LITTLE > large["scaled twice"] > 0.5 * large["right"]


def test_ten_labels_of_the_frozen_base_are_worth_more_than_a_hundred_of_the_cnn():
    mean = points("labels", BUNDLED)["mean"]
    frozen, cnn = mean["frozen base"], mean["CNN from scratch"]
    assert frozen[10] > cnn[100] + FAR
    assert frozen[100] > cnn[500] + FAR
    assert (frozen - cnn).idxmin() == 500
    gain = mean["fine-tuned base"] - frozen
    assert gain.idxmax() == 500
    assert gain.drop(500).max() < 0.5 * FAR < gain[500]


# lesson 4


def test_with_few_labels_no_depth_is_clearly_better():
    table = points("depth", LARGE)
    gain = table["mean"].drop("none") - table["mean"]["none"]
    assert (abs(gain) < 2 * table["std"].max()).all()


def test_the_base_breaks_above_a_small_rate():
    mean = points("rate", LARGE)["mean"]
    assert 0 < mean[1e-5] - mean[0.0] < 2 * LITTLE
    assert abs(mean[1e-4] - mean[0.0]) < LITTLE
    assert mean[1e-3] < 0.5 * mean[0.0]
    assert abs(mean[1e-2] - CHANCE) < LITTLE


# lesson 5


def test_random_weights_lose_about_thirty_points():
    records = reference_records(folder=WEIGHTS_FOLDER, figure="fine-tuned-500")
    mean = mean_and_spread(records, ["model", "weights"])["mean"].unstack()
    assert (mean["bundled"] - mean["none"]).round(2).min() >= 0.3


def test_order_of_the_models_on_photographs():
    records = reference_records(lesson="05", metric="accuracy", split="test", labels_per_class=50)
    table = mean_and_spread(records, "model")
    order = ["MLP", "CNN", "Stronger CNN", "Frozen MobileNetV2", "Fine-tuned ResNet50"]
    assert (table["count"][order] == 3).all()
    leads = pd.Series(np.diff(table["mean"][order]), order[1:])
    assert (leads > FAR).all()
    assert (abs(leads[["Frozen MobileNetV2", "Fine-tuned ResNet50"]] - 0.1) < 0.5 * LITTLE).all()


def test_with_ten_times_the_labels_the_stronger_cnn_passes_the_frozen_base():
    records = reference_records(lesson="05", metric="accuracy", split="test")
    by_labels = records.groupby("labels_per_class")
    tables = {count: mean_and_spread(by_labels.get_group(count), "model") for count in (50, 500)}
    models = ["MLP", "CNN", "Stronger CNN", "Frozen MobileNetV2", "Fine-tuned ResNet50"]
    few, many = (tables[count]["mean"][models] for count in (50, 500))
    assert (tables[500]["count"][models] == 3).all()
    assert (many - few).idxmax() == "Stronger CNN"
    assert many["Stronger CNN"] > many["Frozen MobileNetV2"] + LITTLE
    assert many["Fine-tuned ResNet50"] > many["Stronger CNN"] + FAR


@pytest.mark.parametrize("labels", ["50", "500", "all"])
def test_pixels_of_resnet50_on_photographs(labels: str):
    grid = yaml.safe_load((FOLDER / f"photographs_{labels}.yaml").read_text(encoding="utf-8"))
    assert grid["parameters"]["OVERRIDES"]["fine_tune_size"] == 96


def test_the_lead_of_the_fine_tuned_base_melts_with_the_labels():
    records = reference_records(lesson="05", metric="accuracy", split="test")
    means = mean_and_spread(records, ["labels_per_class", "model"])["mean"].unstack()
    leads = 100 * (means["Fine-tuned ResNet50"] - means["Stronger CNN"])
    assert leads.round().tolist() == [20, 8, 2]
    mean = means.loc[5000]
    assert abs(mean["CNN"] - mean["Frozen MobileNetV2"]) < LITTLE


def test_small_pictures_make_the_transfer_negative():
    frozen = points("size", IMAGENET)
    labels = reference_records(lesson="18", study="size", **IMAGENET)["labels_per_class"].unique()
    scratch = points("labels", BUNDLED)["mean"].loc[labels.item(), "CNN from scratch"]
    assert frozen["mean"][32] < scratch - 2 * FAR
    assert frozen["mean"][128] > scratch


def recipe_means(lesson: str, labels_per_class: int) -> tuple[pd.Series, pd.Series]:
    """Return test accuracy and seconds by model."""
    records = reference_records(lesson=lesson, labels_per_class=labels_per_class)
    tested = records[(records["metric"] == "accuracy") & (records["split"] == "test")]
    seconds = records[records["metric"] == "seconds"]
    return mean_and_spread(tested, "model")["mean"], mean_and_spread(seconds, "model")["mean"]


@pytest.mark.parametrize("recipe", ["R1", "R2"])
def test_what_lesson_14_says_of_its_recipes(recipe):
    mean, seconds = (
        means.filter(like=recipe).rename(lambda name: name[3:]) for means in recipe_means("14", 80)
    )
    re_estimated = mean["published, BatchNorm statistics re-estimated"]
    assert mean["published"] < 0.12
    assert re_estimated > mean["published"] + 2 * FAR
    assert mean["corrected"] > re_estimated + 4 * FAR
    assert mean["corrected, head"] - mean["published"] > 0.5 * (mean["corrected"] - mean["published"])
    assert seconds["corrected, head"] < 0.2 * seconds["corrected"]


def test_what_lesson_15_says_of_recipe_r3():
    mean, seconds = recipe_means("15", 80)
    assert abs(mean["R3 corrected"] - mean["R3 published"]) < LITTLE
    assert seconds["R3 corrected"] < seconds["R3 published"]
    assert 0 < mean["R3 published"] - mean["R3 published, frozen"] < FAR
    assert seconds["R3 published"] > 2 * seconds["R3 published, frozen"]


def test_what_lesson_16_says_of_recipe_r4():
    mean, seconds = recipe_means("16", 80)
    re_estimated = mean["R4 published, BatchNorm statistics re-estimated"]
    assert mean["R4 published"] < 0.12
    assert re_estimated > mean["R4 published"] + 2 * FAR
    assert mean["R4 corrected"] > re_estimated + 4 * FAR
    assert seconds["R4 corrected"] < seconds["R4 published"]
    assert mean["R4 corrected, head"] - mean["R4 published"] > 0.5 * (
        mean["R4 corrected"] - mean["R4 published"]
    )
    assert mean["R4 random"] < mean["R4 corrected"] - 4 * FAR


def test_what_lesson_17_says_of_recipe_r5():
    mean, seconds = recipe_means("17", 300)
    assert mean["R5 published"] > mean["R5 CNN"] + FAR
    assert mean["R5 corrected"] > mean["R5 published"] + FAR
    assert seconds["R5 corrected"] < seconds["R5 published"] < seconds["R5 corrected, fine-tuned"]
    assert mean["R5 corrected, fine-tuned"] > mean["R5 corrected"]
    assert mean["R5 random, fine-tuned"] < mean["R5 corrected"] - 4 * FAR
    assert mean["R5 published, 30 layers"] < mean["R5 published"]


def test_what_lesson_17_says_of_imagenets_weights_and_all_labels():
    mean, _ = recipe_means("17", 5000)
    assert mean["R5 published"] < mean["R5 CNN"] - 4 * FAR
    assert mean["R5 published, 30 layers"] < mean["R5 published"]
    assert mean["R5 corrected"] > mean["R5 CNN"] + FAR
    assert 0.85 <= mean["R5 corrected, fine-tuned"] <= 0.90


def test_the_advice_of_lesson_5_by_number_of_labels():
    mean = points("labels", BUNDLED)["mean"]
    gain = mean["fine-tuned base"] - mean["frozen base"]
    lead = mean["frozen base"] - mean["CNN from scratch"]
    assert (lead.loc[[5, 10, 50, 100]] > 2 * FAR).all()
    assert (gain.loc[[5, 10]] < 1.5 * LITTLE).all()
    assert gain.loc[500] > 1.5 * LITTLE
    records = reference_records(lesson="05", metric="accuracy", labels_per_class=50)
    large = mean_and_spread(records, "model")["mean"]
    assert large["Fine-tuned ResNet50"] > large["Frozen MobileNetV2"] + FAR
