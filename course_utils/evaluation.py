"""What predictions are worth: shares, tables, mistakes. Arguments come as ``(y_true, y_pred)``."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn import metrics

from course_utils.cifar10 import CLASS_NAMES, NUM_CLASSES


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Return the softmax of logits.

    Args:
        logits: float (n, classes), any range.

    Returns:
        float32 (n, classes); each row lies in 0-1 and sums to 1.
    """
    logits = np.asarray(logits, dtype="float64")  # half precision would not sum to 1
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))  # the shift keeps exp() from overflowing
    return (shifted / shifted.sum(axis=1, keepdims=True)).astype("float32")


def confusion_table(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Count pictures by true class (row) and predicted class (column), int (10, 10).

    Args:
        y_true: int (n,).
        y_pred: int (n,).
    """
    return metrics.confusion_matrix(y_true, y_pred, labels=range(NUM_CLASSES))


def class_report(y_true: np.ndarray, y_pred: np.ndarray) -> pd.DataFrame:
    """Return precision, recall, F1 (0-1) and the number of pictures of each class, worst F1 first.

    Args:
        y_true: int (n,).
        y_pred: int (n,).
    """
    values = metrics.precision_recall_fscore_support(
        y_true, y_pred, labels=range(NUM_CLASSES), zero_division=0
    )
    columns = dict(zip(("precision", "recall", "f1", "pictures"), values, strict=True))
    return pd.DataFrame(columns, index=CLASS_NAMES).sort_values("f1", kind="stable")


def most_confused(y_true: np.ndarray, y_pred: np.ndarray, *, count: int = 5) -> pd.DataFrame:
    """Return the pairs of classes that are mixed up most often.

    Args:
        y_true: int (n,).
        y_pred: int (n,).
        count: rows at most.

    Returns:
        Columns true, predicted, pictures, share (of the true class, 0-1).
    """
    table = confusion_table(y_true, y_pred)
    totals = np.maximum(table.sum(1), 1)
    np.fill_diagonal(table, 0)
    order = np.argsort(table, axis=None, kind="stable")[::-1][:count]
    true, predicted = np.unravel_index(order, table.shape)
    names, pictures = np.array(CLASS_NAMES), table[true, predicted]
    columns = {"true": names[true], "predicted": names[predicted], "pictures": pictures}
    return pd.DataFrame(columns | {"share": pictures / totals[true]})[pictures > 0]


def confident_mistakes(y_true: np.ndarray, y_prob: np.ndarray, *, count: int = 8) -> np.ndarray:
    """Return the positions of wrong predictions, the most confident first.

    Args:
        y_true: int (n,).
        y_prob: float (n, 10), rows sum to 1.
        count: positions at most.
    """
    wrong = np.flatnonzero(y_prob.argmax(1) != y_true)
    return wrong[np.argsort(-y_prob[wrong].max(1), kind="stable")][:count]


def with_temperature(y_prob: np.ndarray, temperature: float) -> np.ndarray:
    """Divide the logits behind probabilities by a temperature: above 1 makes them less sure, below 1 surer.

    The order of the classes stays, and with it the accuracy. Temperature scaling: Guo et al., "On
    Calibration of Modern Neural Networks", 2017. They choose the temperature with the smallest negative
    log-likelihood on the validation set.

    Args:
        y_prob: float (n, classes), rows sum to 1. Their logarithms are logits: softmax gives them back.
        temperature: above 0; 1 changes nothing.

    Returns:
        float32 (n, classes), rows sum to 1.
    """
    smallest = np.finfo("float32").tiny  # the logarithm of 0 is no number
    return probabilities(np.log(np.maximum(y_prob, smallest, dtype="float64")) / temperature)


def negative_log_likelihood(y_true: np.ndarray, y_prob: np.ndarray) -> float:
    """Return the mean of -log(probability of the true class): the loss that training makes small.

    Args:
        y_true: int (n,).
        y_prob: float (n, classes), rows sum to 1.
    """
    chances = y_prob[np.arange(len(y_true)), y_true]
    return float(-np.log(np.maximum(chances, np.finfo("float32").tiny)).mean())


def reliability(y_true: np.ndarray, y_prob: np.ndarray, *, bins: int = 10) -> pd.DataFrame:
    """Sort predictions by confidence, the probability of the predicted class, into bins of equal width.

    Args:
        y_true: int (n,).
        y_prob: float (n, classes), rows sum to 1.
        bins: of 0-1.

    Returns:
        One row a bin; index: its middle; columns pictures, confidence (mean), accuracy (share that is
        right). The last two are NaN in an empty bin.
    """
    confidence = y_prob.max(axis=1).astype("float64")
    right = y_prob.argmax(axis=1) == y_true
    places = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)  # (0, 0.1] is the first bin
    pictures = np.bincount(places, minlength=bins)
    with np.errstate(invalid="ignore"):
        columns = {
            "pictures": pictures,
            "confidence": np.bincount(places, confidence, minlength=bins) / pictures,
            "accuracy": np.bincount(places, right, minlength=bins) / pictures,
        }
    return pd.DataFrame(columns, index=pd.Index((np.arange(bins) + 0.5) / bins, name="bin"))


def expected_calibration_error(y_true: np.ndarray, y_prob: np.ndarray, *, bins: int = 15) -> float:
    """Return the mean distance between confidence and accuracy over bins, weighted by their pictures, 0-1.

    Source: Guo et al., "On Calibration of Modern Neural Networks", 2017 (with 15 bins).

    Args:
        y_true: int (n,), n at least 1.
        y_prob: float (n, classes), rows sum to 1.
        bins: of 0-1.
    """
    table = reliability(y_true, y_prob, bins=bins)
    distance = (table["confidence"] - table["accuracy"]).abs()
    return float((distance * table["pictures"]).sum() / table["pictures"].sum())
