"""A ``fit`` that survives: it keeps checkpoints, and goes on from them as if nothing had happened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from course_utils.system.resumable import Resumable


def resumable(
    fit: Callable, folder: Path, *, seed: int, fresh: bool = False, keep_weights: bool = True
) -> Resumable:
    """Return ``fit`` with a memory: the same arguments, and what it did is not lost.

    Each epoch, and every five minutes within one, it writes down all that the next step depends on: weights,
    what the optimizer remembers (with it the place in a schedule), random states of augmentation and Dropout,
    epoch, step and running metrics, the history, and what other callbacks remember (the best value and
    weights so far). The order of the pictures follows from seed and epoch. So the next run of the same cell
    goes on there, and on a CPU it ends with the very numbers of a training that was never cut off. A finished
    training is not trained again.

    ``keras.callbacks.BackupAndRestore`` loses the running epoch, and the best that other callbacks remember.
    A kill while it writes can leave a backup that nothing can read.

    Args:
        fit: of a compiled model whose input size is known, for example ``cnn.fit``.
        folder: for the checkpoints of this training alone; see ``Lesson.checkpoint``.
        seed: of the order of the pictures, 0 or more.
        fresh: forget the checkpoints, and train anew.
        keep_weights: of a finished training. False: only its history stays, which is enough for a trial.
    """
    return Resumable(fit, folder, seed, fresh, keep_weights)
