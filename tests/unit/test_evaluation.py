"""Scores against cases worked out by hand; arguments come as (y_true, y_pred)."""

from __future__ import annotations

import numpy as np
import pytest

from course_utils.cifar10 import CLASS_NAMES
from course_utils.evaluation import (
    class_report,
    confident_mistakes,
    confusion_table,
    expected_calibration_error,
    most_confused,
    negative_log_likelihood,
    probabilities,
    reliability,
    with_temperature,
)

# Four cats (3): two right, one called dog (5), one called airplane (0). One dog, right. One truck called cat.
Y_TRUE = np.array([3, 3, 3, 3, 5, 9])
Y_PRED = np.array([3, 3, 5, 0, 5, 3])


def test_probabilities_by_hand():
    answer = probabilities(np.log([[1.0, 3.0], [4.0, 1.0]]))
    assert np.allclose(answer, [[0.25, 0.75], [0.8, 0.2]])
    assert answer.dtype == "float32"


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_probabilities_of_huge_logits_and_of_half_precision(dtype):
    answer = probabilities(np.array([[6e4, -6e4, 0], [-6e4, -6e4, -6e4]], dtype=dtype))
    assert np.allclose(answer, [[1, 0, 0], [1 / 3] * 3])
    logits = np.random.default_rng(0).normal(size=(100, 10)).astype(dtype)
    assert np.allclose(probabilities(logits).sum(1), 1, atol=1e-6)


def test_confusion_table_rows_are_true_classes():
    table = confusion_table(Y_TRUE, Y_PRED)
    expected = np.zeros((10, 10), int)
    expected[3, 3], expected[3, 5], expected[3, 0], expected[5, 5], expected[9, 3] = 2, 1, 1, 1, 1
    assert np.array_equal(table, expected)


def test_class_report_by_hand():
    report = class_report(Y_TRUE, Y_PRED)
    assert sorted(report.index) == sorted(CLASS_NAMES)
    assert report.loc["cat"].tolist() == pytest.approx([2 / 3, 2 / 4, 4 / 7, 4])
    assert report.loc["dog"].tolist() == pytest.approx([1 / 2, 1, 2 / 3, 1])
    assert report.loc["truck"].tolist() == [0, 0, 0, 1]
    assert report.f1.is_monotonic_increasing
    assert report.index[-1] == "dog"


def test_most_confused_by_hand():
    y_true = np.array([3] * 10 + [5] * 4)
    y_pred = np.array([5] * 3 + [3] * 7 + [3] * 2 + [5] * 2)
    frame = most_confused(y_true, y_pred)
    assert frame.to_dict("records") == [
        {"true": "cat", "predicted": "dog", "pictures": 3, "share": 0.3},
        {"true": "dog", "predicted": "cat", "pictures": 2, "share": 0.5},
    ]
    assert len(most_confused(y_true, y_pred, count=1)) == 1
    without_mistake = most_confused(Y_TRUE, Y_TRUE)
    assert (len(without_mistake), list(without_mistake.columns)) == (0, list(frame.columns))


def test_confident_mistakes_by_hand():
    y_prob = np.full((4, 10), 0.01)
    y_prob[0, 1] = 0.6  # wrong
    y_prob[1, 2] = 0.99  # right
    y_prob[2, 3] = 0.9  # wrong, surest
    y_prob[3, 4] = 0.5  # wrong, least sure
    y_true = np.array([0, 2, 0, 0])
    assert confident_mistakes(y_true, y_prob).tolist() == [2, 0, 3]
    assert confident_mistakes(y_true, y_prob, count=1).tolist() == [2]
    assert confident_mistakes(y_prob.argmax(1), y_prob).tolist() == []


def sure(*confidences: float) -> np.ndarray:
    """Predictions of class 0 with these probabilities; the rest is class 1's."""
    return np.array([[confidence, 1 - confidence] for confidence in confidences])


def test_temperature_by_hand():
    y_prob = np.array([[0.8, 0.2]])  # odds of 4: their square root is 2

    assert np.allclose(with_temperature(y_prob, 2.0), [[2 / 3, 1 / 3]])
    assert np.allclose(with_temperature(y_prob, 0.5), [[16 / 17, 1 / 17]])
    certain = with_temperature(np.array([[1.0, 0.0, 0.0]], dtype="float32"), 2.0)
    assert np.isfinite(certain).all()
    assert certain[0, 0] > 0.999


def test_temperature_keeps_the_order_and_the_sum():
    y_prob = probabilities(np.random.default_rng(0).normal(scale=5, size=(200, 10)))
    for temperature in (0.2, 1.0, 7.0):
        answer = with_temperature(y_prob, temperature)
        assert np.allclose(answer.sum(1), 1, atol=1e-6)
        assert np.array_equal(answer.argmax(1), y_prob.argmax(1))
    assert np.allclose(with_temperature(y_prob, 1.0), y_prob, atol=1e-6)


def test_negative_log_likelihood_by_hand():
    assert negative_log_likelihood(np.array([0, 1]), sure(0.5, 0.75)) == pytest.approx(np.log(8) / 2)
    assert np.isfinite(negative_log_likelihood(np.array([1]), sure(1.0)))


def test_the_best_temperature_is_the_one_that_made_the_probabilities_wrong():
    generator = np.random.default_rng(0)
    honest = probabilities(generator.normal(scale=2, size=(4000, 10)))
    labels = np.array([generator.choice(10, p=row / row.sum()) for row in honest.astype("float64")])
    too_sure = with_temperature(honest, 1 / 2.5)
    temperatures = np.geomspace(0.2, 10, 101)
    losses = [negative_log_likelihood(labels, with_temperature(too_sure, t)) for t in temperatures]
    best = temperatures[np.argmin(losses)]

    assert best == pytest.approx(2.5, rel=0.1)
    assert expected_calibration_error(labels, with_temperature(too_sure, best)) < 0.02
    assert expected_calibration_error(labels, too_sure) > 0.15


def test_reliability_by_hand():
    y_true = np.array([0, 1, 0, 0])
    table = reliability(y_true, sure(0.9, 0.9, 0.8, 0.55))  # an edge belongs to the lower bin

    assert table.index.tolist() == pytest.approx([0.05 + 0.1 * i for i in range(10)])
    assert table["pictures"].tolist() == [0, 0, 0, 0, 0, 1, 0, 1, 2, 0]
    assert table["accuracy"].dropna().tolist() == [1.0, 1.0, 0.5]
    assert table["confidence"].dropna().tolist() == pytest.approx([0.55, 0.8, 0.9])
    assert reliability(np.array([0]), sure(1.0))["pictures"].iloc[-1] == 1


def test_expected_calibration_error_by_hand():
    y_true = np.array([0, 1, 0, 0])  # bins: 0.9 twice with one right, 0.6 twice with both right

    error = expected_calibration_error(y_true, sure(0.9, 0.9, 0.6, 0.6), bins=10)
    assert error == pytest.approx((2 * 0.4 + 2 * 0.4) / 4)
    assert expected_calibration_error(np.array([0, 0]), sure(1.0, 1.0)) == 0
