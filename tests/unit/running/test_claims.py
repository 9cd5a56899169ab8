"""Verdicts come from records: made-up ones turn each claim either way."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from made_up_recipes import GPU, LESSONS, PUBLISHED, entries, table

from course_utils.running import claims, runner
from course_utils.running.claims import (
    COLUMNS,
    DOES_NOT_HOLD,
    HOLDS,
    NOT_TRIED,
    Claim,
    claims_table,
    read_claims,
)
from course_utils.running.execution import find_lessons, lesson_number
from course_utils.running.parameters import check_parameters
from course_utils.running.sweep.grid import read_grid

PROJECT = Path(__file__).resolve().parents[3]
OWN_SIZE = 40_899_018  # R1's network at 256 px


def verdict_on(words: str, *lists: list[dict]) -> pd.Series:
    frame = claims_table(table(*lists))
    return frame[frame["published claim"].str.contains(words, regex=False)].iloc[0]


def test_without_records_nothing_is_judged():
    frame = claims_table(table())

    assert list(frame.columns) == list(COLUMNS)
    assert set(frame["recipe"]) == {"R1", "R2", "R3", "R4", "R5"}
    assert len(frame) == len(read_claims())
    assert set(frame["verdict"]) == {NOT_TRIED}
    assert frame["cause"].str.startswith("Not measured yet. ").all()
    assert not frame.isna().any(axis=None)


@pytest.mark.parametrize(
    "published",
    [
        *("81.12", "94.50", "95.28", "97.87", "4,000 s", "23.5 M", "89.98 MB"),  # R1
        *("94.05", "93.66", "0.2323", "445 s", "35.5"),  # R2
        *("94.5 %", "significant jump", "85–90", "60–70", "15–25"),  # R3, R4, R5
    ],
)
def test_every_published_number_has_its_claim(published: str):
    assert any(published in claim.words for claim in read_claims())


@pytest.mark.parametrize("claim", read_claims(), ids=lambda claim: f"{claim.recipe}: {claim.words}")
def test_words_of_the_file_name_what_the_module_has(claim: Claim):
    assert claim.rule in claims.RULES
    assert claim.show in claims.SHOWN
    assert not claim.convert or claim.convert in claims.CONVERTED
    assert set(claim.needs.weights) <= {"imagenet", "bundled"}


def test_affordable_records_show_what_was_measured_and_judge_nothing():
    row = verdict_on("95.28", entries("R1 published", [0.60, 0.62], split="val"))

    assert row["measured"] == "61.0 ± 1.4 %"
    assert row["our conditions"] == "photographs, bundled weights, 64 px, 200 labels a class, CPU, 2 seeds"
    assert row["verdict"] == NOT_TRIED
    assert row["cause"].startswith("Needs ImageNet's weights, 256 px, all labels. ")
    assert row["cause"].endswith("minutes of a GPU like R1's): make course LESSONS=14 PROFILE=gpu")
    assert row["its conditions"] == "ImageNet's weights, 256 px, all labels, 10 epochs"


@pytest.mark.parametrize(("words", "minutes"), [("95.28", 67), ("94.5 % in 4", 20), ("significant jump", 6)])
def test_what_was_not_tried_tells_how_long_it_takes(words, minutes):
    assert f"about {minutes} minutes of a GPU like R1's" in verdict_on(words)["cause"]


@pytest.mark.parametrize(("value", "verdict"), [(0.96, HOLDS), (0.9435, HOLDS), (0.90, DOES_NOT_HOLD)])
def test_records_of_a_large_run_turn_it_into_a_verdict(value: float, verdict: str):
    small = entries("R1 published", [0.60] * 3, split="val")
    large = entries("R1 published", [value], split="val", size=256, **PUBLISHED)
    row = verdict_on("95.28", small, large)

    assert row["verdict"] == verdict
    assert row["measured"] == f"{100 * value:.1f} %"
    assert "Needs" not in row["cause"]


@pytest.mark.parametrize(
    ("lacking", "words"),
    [
        ({"weights": "bundled"}, "Needs ImageNet's weights."),
        ({"size": 224}, "Needs 256 px."),
        ({"labels_per_class": 500}, "Needs all labels."),
        ({"data": "drawn"}, "Needs photographs."),
        ({"epochs": 1}, "Needs 10 epochs."),
    ],
)
def test_each_condition_counts(lacking: dict, words: str):
    context = {"size": 256, "epochs": 10} | PUBLISHED
    full = entries("R1 published", [0.96], split="val", **context)
    short = entries("R1 published", [0.96], split="val", **context | lacking)

    assert verdict_on("95.28", full)["verdict"] == HOLDS
    assert verdict_on("95.28", short)["verdict"] == NOT_TRIED
    assert verdict_on("95.28", short)["cause"].startswith(words)


def test_no_number_of_labels_means_all_of_them():
    context = PUBLISHED | {"labels_per_class": None, "size": 224}

    assert verdict_on("94.5 %", entries("R3 published", [0.95], split="val", **context))["verdict"] == HOLDS


def test_photographs_are_shown_before_drawings():
    drawn = entries("R5 published", [0.9] * 3, data="drawn", weights="imagenet", labels_per_class=None)

    assert verdict_on("85–90", drawn, entries("R5 published", [0.4]))["measured"] == "40.0 %"
    assert verdict_on("85–90", drawn)["our conditions"].startswith("drawn pictures")


@pytest.mark.parametrize(("device", "verdict"), [(GPU, HOLDS), ("AMD EPYC, 2 cores", NOT_TRIED)])
def test_seconds_are_judged_on_a_gpu_only(device: str, verdict: str):
    context = PUBLISHED | {"size": 256, "device": device, "metric": "seconds", "split": "train"}

    assert verdict_on("4,000 s", entries("R1 published", [3000], **context))["verdict"] == verdict


@pytest.mark.parametrize(
    ("rate", "measured", "verdict"), [(360.0, "100 s", DOES_NOT_HOLD), (80.0, "450 s", HOLDS)]
)
def test_seconds_of_an_epoch_come_from_the_rate(rate: float, measured: str, verdict: str):
    context = PUBLISHED | {"size": 256, "metric": "images_per_second", "split": "train"}
    row = verdict_on("445 s", entries("R2 published", [rate], **context))

    assert (row["measured"], row["verdict"]) == (measured, verdict)


def test_the_size_of_the_base_is_not_that_of_the_model():
    own_size = {"metric": "parameters_own_size", "split": "train", "data": "drawn", "weights": "none"}
    wrong = entries("R1 published", [OWN_SIZE], **own_size)
    base = entries("R1 published", [23_587_712], **own_size)

    assert verdict_on("23.5 M", wrong)[["measured", "verdict"]].tolist() == ["40.9 M", DOES_NOT_HOLD]
    assert verdict_on("89.98", wrong)[["measured", "verdict"]].tolist() == ["156.02 MB", DOES_NOT_HOLD]
    assert verdict_on("23.5 M", base)["verdict"] == HOLDS
    assert verdict_on("89.98", base)[["measured", "verdict"]].tolist() == ["89.98 MB", HOLDS]
    assert verdict_on("23.5 M", wrong)["our conditions"] == "the network at 256 px"


@pytest.mark.parametrize(
    ("gains", "measured", "verdict"),
    [
        ([0.10, 0.12, 0.08], "+10.0 ± 2.0 points", HOLDS),
        ([0.10, -0.08, 0.02], "+1.3 ± 9.0 points", DOES_NOT_HOLD),
        ([-0.10, -0.11, -0.12], "-11.0 ± 1.0 points", DOES_NOT_HOLD),
        ([0.10, 0.12], "+11.0 ± 1.4 points", NOT_TRIED),  # two seeds are too few
    ],
)
def test_a_jump_is_significant_beyond_two_standard_errors(gains: list[float], measured: str, verdict: str):
    told = {"metric": "gain_unfreezing", "split": "val", "size": 32}

    row = verdict_on("significant jump", entries("R4 published", gains, **told, labels_per_class=5000))
    assert row["verdict"] == verdict
    assert row["measured"] == measured
    with_few_labels = entries("R4 published", gains, **told)
    assert verdict_on("significant jump", with_few_labels)["verdict"] == NOT_TRIED


def test_the_lead_is_paired_by_seed():
    context = PUBLISHED | {"size": 32}
    published = entries("R5 published", [0.70, 0.90, 0.80], **context)
    cnn = entries("R5 CNN", [0.50, 0.70], **context | {"weights": "none"})
    other_labels = entries("R5 CNN", [0.1] * 3, size=32, weights="none")
    row = verdict_on("15–25", published, other_labels, cnn)

    assert row["measured"] == "+20.0 ± 0.0 points"
    assert row["our conditions"].endswith("2 seeds")
    assert row["verdict"] == HOLDS
    assert verdict_on("15–25", published)["measured"] == "–"


def test_the_lead_is_not_over_a_baseline_that_was_hardly_trained():
    context = PUBLISHED | {"size": 32}
    published = entries("R5 published", [0.80] * 2, **context, epochs=20)
    hardly = entries("R5 CNN", [0.30] * 2, **context | {"weights": "none"}, epochs=1)
    trained = entries("R5 CNN", [0.75] * 2, **context | {"weights": "none"}, epochs=20)
    row = verdict_on("15–25", published, hardly, trained)

    assert (row["measured"], row["verdict"]) == ("+5.0 ± 0.0 points", DOES_NOT_HOLD)
    assert verdict_on("15–25", published, hardly)[["measured", "verdict"]].tolist() == ["–", NOT_TRIED]


@pytest.mark.parametrize("turned", [False, True])
def test_the_lead_of_a_short_run_is_over_the_baseline_that_is_most_like_it(turned: bool):
    published = entries("R5 published", [0.50] * 2, size=32, epochs=10)
    others = [
        entries("R5 CNN", [value] * 2, size=32, weights="none", epochs=epochs)
        for epochs, value in ((1, 0.2), (10, 0.4))
    ]
    row = verdict_on("15–25", published, *(others[::-1] if turned else others))

    assert (row["measured"], row["verdict"]) == ("+10.0 ± 0.0 points", NOT_TRIED)


@pytest.mark.parametrize(
    ("words", "model", "value", "verdict"),
    [
        *(("85–90", "R5 published", *told) for told in ((0.93, HOLDS), (0.50, DOES_NOT_HOLD))),
        *(
            ("60–70", "R5 CNN", *told)
            for told in ((0.595, HOLDS), (0.75, DOES_NOT_HOLD), (0.5, DOES_NOT_HOLD))
        ),
    ],
)
def test_more_than_claimed_holds_but_a_baseline_has_two_sides(
    words: str, model: str, value: float, verdict: str
):
    assert verdict_on(words, entries(model, [value], **PUBLISHED | {"size": 32}))["verdict"] == verdict


@pytest.mark.parametrize(
    ("rule", "values", "published", "fits"),
    [
        ("at_least", [0.90, 0.90, 0.90], 0.93, False),
        ("at_least", [0.85, 0.90, 0.95], 0.93, True),  # seeds that spread widen the slack
        *(("at_most", [loss], 0.2323, fits) for loss, fits in ((0.25, True), (0.26, False))),
        *(
            ("same", [n], 100, fits)
            for n, fits in ((99.1, True), (100.9, True), (98.9, False), (101.1, False))
        ),
        *(("about", [n], 100, fits) for n, fits in ((49, False), (50, True), (200, True), (201, False))),
    ],
)
def test_rules(rule: str, values: list[float], published: float, fits: bool):
    assert claims.RULES[rule](pd.Series(values), published) is fits


@pytest.mark.parametrize("claim", read_claims(), ids=lambda claim: f"{claim.recipe}: {claim.words}")
def test_command_can_be_run_and_gives_the_seeds_that_are_needed(claim: Claim, tmp_path: Path):
    lessons, profile, seeds = run_by(shlex.split(claim.command), tmp_path)

    assert lessons == {LESSONS[claim.recipe]}
    assert profile == "gpu"
    assert seeds >= claim.needs.seeds


def run_by(words: list[str], out: Path) -> tuple[set[str], str, int]:
    """Return what a command would run, without running it: lessons, profile, and how many seeds."""
    if words[:3] == ["python", "-m", "course_utils.runner"]:
        options = runner._parser().parse_args(words[3:])
        given = runner._parameters(options)
        return checked(options.lessons, given)
    make, target, *settings = words
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    named = dict(setting.split("=") for setting in settings)
    assert make == "make"
    assert re.search(rf"^{target}: ", makefile, re.MULTILINE)
    assert all(re.search(rf"\b{name}\b", makefile) for name in named)
    if target == "course":
        return checked(named["LESSONS"], {"PROFILE": named["PROFILE"]})
    assert target == "sweep"
    runs = read_grid(PROJECT / named["GRID"], out)
    (profile,) = {run.parameters["PROFILE"] for run in runs}
    seeds = {run.parameters["SEED"] for run in runs}
    return {lesson for run in runs for lesson in run.lessons}, profile, len(seeds)


def checked(numbers: str, given: dict) -> tuple[set[str], str, int]:
    lessons = find_lessons(numbers.split())
    for lesson in lessons:
        check_parameters(lesson, given)
    return set(map(lesson_number, lessons)), given["PROFILE"], 1


def test_each_project_claims_what_is_judged():
    """Lesson 1 names the projects, and no number that they did not claim."""
    lesson = nbformat.read(PROJECT / "notebooks" / "01_data_loading.ipynb", as_version=4)
    (text,) = (cell.source for cell in lesson.cells if cell.id == "first-end")
    lines = [line.replace("\n", " ") for line in text.split("\n- ")[1:]]
    named = [(set(re.findall(r"R\d", line)), line.partition(")")[2]) for line in lines]
    for recipes, told in named:
        claimed = " ".join(claim.words for claim in read_claims() if claim.recipe in recipes)
        assert set(re.findall(r"[\d.–]*\d", told)) - {"50", "2"} <= set(re.findall(r"[\d.–]*\d", claimed))
    assert set.union(*(recipes for recipes, _ in named)) == {claim.recipe for claim in read_claims()}
