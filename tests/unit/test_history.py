"""Training histories as tables."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from course_utils.errors import CourseError
from course_utils.history import epochs_to_reach, history_frame


def fitted(*losses):
    """What ``fit`` returns: an object with a dictionary of lists."""
    return SimpleNamespace(history={"loss": list(losses), "val_accuracy": [1 - loss for loss in losses]})


def test_one_row_an_epoch_counted_on_over_phases():
    first = fitted(0.5, 0.4)
    frame = history_frame(first, fitted(0.3), phases=("head", "fine-tuning"))
    assert list(frame.columns) == ["epoch", "phase", "loss", "val_accuracy"]
    assert frame.epoch.tolist() == [1, 2, 3]
    assert frame.phase.tolist() == ["head", "head", "fine-tuning"]
    assert frame.loss.tolist() == [0.5, 0.4, 0.3]
    assert history_frame(first).phase.tolist() == ["training", "training"]
    assert set(first.history) == {"loss", "val_accuracy"}, "the histories stay as they are"


@pytest.mark.parametrize(("count", "phases"), [(2, ("training",)), (1, ("a", "b")), (0, ())])
def test_a_name_for_each(count, phases):
    with pytest.raises(CourseError, match=f"found {count} histories"):
        history_frame(*[fitted(0.5)] * count, phases=phases)


@pytest.mark.parametrize(
    ("accuracies", "share", "epoch"),
    [
        ([0.1, 0.89, 0.9, 1.0], 0.9, 3),
        ([0.1, 0.5, 0.4], 1.0, 2),
        ([0.8, 0.2, 0.8], 1.0, 1),
        ([0.5], 0.9, 1),
    ],
)
def test_epochs_to_reach(accuracies, share, epoch):
    frame = pd.DataFrame({"epoch": range(1, len(accuracies) + 1), "val_accuracy": accuracies})
    assert epochs_to_reach(frame, share) == epoch
    assert type(epochs_to_reach(frame, share)) is int
