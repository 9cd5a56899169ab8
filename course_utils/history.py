"""Training histories as tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from course_utils.errors import CourseError


def history_frame(*histories: object, phases: tuple[str, ...] = ("training",)) -> pd.DataFrame:
    """Join what one or more ``fit`` calls returned, one row an epoch.

    Args:
        *histories: ``keras.callbacks.History`` objects, in order.
        phases: a name for each, for example ``("head", "fine-tuning")``.

    Returns:
        Columns epoch (1, 2, …, counted on), phase, and Keras' metrics: loss, accuracy, val_loss …

    Raises:
        CourseError: there is no history, or not one name for each.
    """
    if not histories or len(histories) != len(phases):
        raise CourseError(
            "The training histories cannot be joined.",
            cause=f"Expected one name for each, found {len(histories)} histories and phases={phases!r}.",
            next_step='give for example phases=("head", "fine-tuning").',
        )
    frames = [pd.DataFrame(history.history) for history in histories]
    frame = pd.concat(frames, ignore_index=True)
    frame.insert(0, "phase", np.repeat(phases, [len(one) for one in frames]))
    frame.insert(0, "epoch", range(1, len(frame) + 1))
    return frame


def epochs_to_reach(history: pd.DataFrame, share: float = 0.9) -> int:
    """Return the first epoch whose validation accuracy is at least ``share`` of the best one.

    Args:
        history: a table of ``history_frame``.
        share: between 0 and 1.
    """
    enough = history["val_accuracy"] >= share * history["val_accuracy"].max()
    return int(history.loc[enough.idxmax(), "epoch"])
