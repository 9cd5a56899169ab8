"""Kill a small training at random moments, over and over, and count what cannot be read or ends otherwise.

    python tests/soak/kills.py [--kills 200] [--seed 0]

A process trains and writes a checkpoint after each step. Half of the kills (SIGKILL) come at any moment, half
in a write. After each kill all checkpoints in the folder must be whole. The next process goes on; when one
comes to its end, the weights must be those of a training that nobody killed, to the last bit, and a new
training begins. The exit code is 1 if a checkpoint could not be read, or a training ended with other numbers.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

PROJECT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(PROJECT), str(PROJECT / "tests" / "unit")]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from small_trainings import is_same, save_each_step, small_model, train  # noqa: E402

from course_utils.system import checkpoints  # noqa: E402

PATIENCE = 120.0  # seconds until a process that began must have written a checkpoint
WRITE = 0.02  # seconds: kills in a write come within this time after its beginning
HIDDEN = 4096  # units, for a checkpoint of some megabytes
EPOCHS = 8
WORK = 0.6  # seconds: kills come within this time after a process's first checkpoint


@dataclass
class Count:
    """What happened in all trainings."""

    kills: int = 0
    unfinished_writes: int = 0  # kills in the middle of a write
    unreadable: int = 0
    ended: int = 0
    other_numbers: int = 0
    stuck: int = 0

    @property
    def is_good(self) -> bool:
        return self.ended > 0 and not (self.unreadable or self.other_numbers or self.stuck)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    started = time.monotonic()
    count = soak(options.kills, random.Random(options.seed))
    print(summary(count, time.monotonic() - started))
    return 0 if count.is_good else 1


def soak(kills: int, rng: random.Random) -> Count:
    """Kill so many times, and let each training that was begun come to its end."""
    multiprocessing.set_forkserver_preload(["keras", "small_trainings"])
    count = Count()
    with tempfile.TemporaryDirectory(prefix="course-kills-") as folder:
        wanted = _trained(Path(folder) / "whole", count, rng, kills=0)
        while count.kills < kills and not count.stuck:
            found = _trained(Path(folder) / str(count.ended), count, rng, kills=kills)
            count.ended += 1
            count.other_numbers += found is None or not is_same(wanted, found)
    return count


def _trained(folder: Path, count: Count, rng: random.Random, *, kills: int) -> tuple | None:
    """Train to the end; until all kills are done, each process is killed. Returns history and weights."""
    for _ in range(1000):
        process = multiprocessing.get_context("forkserver").Process(target=_train, args=(folder,))
        process.start()
        if count.kills < kills:
            _wait_for(_NewFile(folder), process)
            process.join(rng.random() * WORK)
            if rng.random() < 0.5:
                _wait_for(lambda: any(folder.glob(".*.part")), process)
                process.join(rng.random() * WRITE)
        else:
            process.join(PATIENCE)
        was_alive = process.is_alive()
        process.kill()
        process.join()
        count.kills += was_alive
        count.unfinished_writes += was_alive and any(folder.glob(".*.part"))
        read = [checkpoints._read(path) for path in checkpoints._listed(folder)]
        count.unreadable += sum(found is None for found in read)
        if (folder / "end.npz").exists():
            return _end(folder)
    count.stuck += 1
    return None


class _NewFile:
    """Says whether a checkpoint was written since this object was made."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._before = folder, set(checkpoints._listed(folder))

    def __call__(self) -> bool:
        return not set(checkpoints._listed(self._folder)) <= self._before


def _wait_for(happens: Callable[[], bool], process: multiprocessing.Process) -> None:
    end = time.monotonic() + PATIENCE
    while process.is_alive() and time.monotonic() < end and not happens():
        time.sleep(0.001)


def _train(folder: Path) -> None:
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
    save_each_step()
    model = small_model(hidden=HIDDEN)
    with contextlib.redirect_stdout(io.StringIO()):
        history, weights = train(model, folder, epochs=EPOCHS)
    losses = {f"history {name}": values for name, values in history.items()}
    np.savez(folder / "end.part.npz", *weights, **losses)
    os.replace(folder / "end.part.npz", folder / "end.npz")


def _end(folder: Path) -> tuple[dict, list]:
    with np.load(folder / "end.npz") as arrays:
        history = {name: arrays[name].tolist() for name in arrays.files if name.startswith("history")}
        return history, [arrays[name] for name in arrays.files if name.startswith("arr_")]


def summary(count: Count, seconds: float) -> str:
    """Return what happened, in a few lines."""
    bound = f"95 % bound: {3 / max(count.kills, 1):.1%} of the kills"
    lines = [
        f"{count.kills} kills in {seconds:,.0f} s, {count.unfinished_writes} of them during a write",
        f"unreadable checkpoints: {count.unreadable} ({bound})",
        f"trainings that ended: {count.ended}; other numbers than without kills: {count.other_numbers}",
        *(["ERROR: a training never came to its end"] if count.stuck else []),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
