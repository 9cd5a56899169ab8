"""Results that nobody measured, and those of a friend, bring no points: judges compute them again."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
from exercise_runs import MASTERS, solved

from course_utils.checks.givens import has_given
from course_utils.checks.judges import judge_answer
from course_utils.checks.plain import to_plain

BY_LESSON = {path.name[:2]: path for path in MASTERS}


def answer(name: str) -> dict:
    """The right answer of an exercise, to be changed."""
    return copy.deepcopy(solved(BY_LESSON[name[:2]]).answers[name])


def verdict(name: str, plain: dict, word: str = ""):
    found = judge_answer(name, plain, word)
    assert not found.is_broken
    return found


def test_a_network_that_was_never_trained_knows_nothing():
    plain = answer("02.9")
    rng = np.random.default_rng(0)
    shapes = ((3072, 256), (256,), (256, 10), (10,))
    plain["items"][2] = to_plain([rng.normal(0, 0.05, shape).astype("float16") for shape in shapes])
    plain["items"][1] = {"kind": "history", "epochs": 60, "metrics": {"loss": [2.3] + [0.01] * 59}}

    assert "pictures are known at last" in verdict("02.9", plain).message


def test_an_answer_without_weights_is_refused():
    plain = answer("02.9")
    plain["items"][2] = to_plain(
        np.eye(10)[np.zeros(32, "int64")]
    )  # what the network answers, as it was once

    assert not verdict("02.9", plain).is_right


@pytest.mark.parametrize("accuracies", [[0.6, 0.2], [0.9, 0.1], [0.5, 0.25]])
def test_accuracies_that_were_not_measured_are_found_out(accuracies):
    plain = answer("03.8")
    for key, value in plain["items"]:
        if key["value"] == "accuracies":
            value.clear()
            value.update(to_plain(accuracies))
        elif key["value"] == "transferred":
            value["value"] = 100 * (accuracies[0] - accuracies[1])

    assert "Done again" in verdict("03.8", plain).message
    assert judge_answer("03.8", plain, thorough=False).is_right  # at once, in the notebook, it is believed


def with_report(plain: dict, change) -> dict:
    """The answer of 04.8 with other weights, and a report that agrees with them."""
    from course_utils.checks.judges import read
    from course_utils.checks.judges.lesson_04 import PLACES

    stages = [
        [read.array(one).astype("float64") for one in read.items(stage)]
        for stage in read.items(plain["items"][2])
    ]
    change(stages)
    table = plain["items"][0]
    report = read.table(table)
    for part, places in PLACES.items():
        flat = [np.concatenate([stage[place].ravel() for place in places]) for stage in stages]
        report[f"{part}_moved"] = [
            np.linalg.norm(flat[n + 1] - flat[n]) / np.linalg.norm(flat[n]) for n in (0, 1)
        ]
    return {**plain, "items": [to_plain(report), plain["items"][1], to_plain(stages)]}


def test_weights_that_moved_without_training_are_found_out():
    rng = np.random.default_rng(1)

    def at_random(stages) -> None:
        for place in (12, 13):
            stages[1][place] = stages[0][place] + 0.002 * rng.choice((-1, 1), stages[0][place].shape)
        for place, weights in enumerate(stages[1]):
            moves = place in (0, 1, 6, 7, 12, 13)
            stages[2][place] = weights + moves * 0.0002 * rng.choice((-1, 1), weights.shape)

    plain = with_report(answer("04.8"), lambda stages: None)
    assert verdict("04.8", plain).is_right
    plain = with_report(answer("04.8"), at_random)

    assert "not as training on these pictures moves it" in verdict("04.8", plain).message


def test_a_report_that_its_weights_do_not_bear_out_is_found_out():
    plain = answer("04.8")
    column = plain["items"][0]["columns"].index("head_moved")
    plain["items"][0]["values"][column] = to_plain(np.array([0.5, 0.1]))

    assert "its weights say" in verdict("04.8", plain).message


def test_numbers_of_a_friend_do_not_fit(master_path: Path):
    """With another class word, no answer that varies is right; an accuracy may agree once by chance."""
    answers = {name: plain for name, plain in solved(master_path).answers.items() if "q" not in name}
    varying = [name for name in answers if has_given(name.removesuffix("h"))]

    assert len(varying) >= len(answers) / 2
    for name in varying:
        fitting = [
            word for word in ("this year", "blue tulip") if verdict(name, answers[name], word).is_right
        ]
        assert len(fitting) <= 1, (name, fitting)
