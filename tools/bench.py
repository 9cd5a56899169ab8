"""Measure what the course says about time: cached features, drawing, loading.

    python -m tools.bench [--out build/bench.json]

Both ways of training a head see the same pictures in the same order and start from the same head, so they
must end with the same answers; only the time may differ. Before the clock of each starts, one batch prepares
the computation. The cache of the run is new and empty.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd

from course_utils.cifar10 import Split, load_cifar10, stratified_split
from course_utils.features import cached_features
from course_utils.pictures.stand_in import draw_images
from course_utils.system.device import device_name, versions
from course_utils.system.paths import PROJECT
from course_utils.system.quiet import import_keras_quietly
from course_utils.system.whole_file import write_whole
from course_utils.weights import weights_path
from tools.weights import pack

if TYPE_CHECKING:
    import keras

SEED = 0
SIZE = 96  # pixels that the base sees
EPOCHS = 20
BATCH = 128
PER_CLASS = 200  # pictures for the two ways of training: 160 to train, 40 to validate
VAL_FRACTION = 0.2
DRAWN = 1000
TARGET_RATIO = 12
TARGET_POINTS = 0.5

Row = tuple[str, str, float, str]  # part, what was measured, value, unit
Answer = TypeVar("Answer")


def timed(work: Callable[[], Answer]) -> tuple[Answer, float]:
    """Return what ``work`` returns, and how many seconds it took."""
    start = time.perf_counter()
    return work(), time.perf_counter() - start


def fit(model: keras.Model, inputs: np.ndarray, labels: np.ndarray, epochs: int) -> float:
    """Train in the given order of pictures; return the seconds of all epochs after a first batch."""
    import keras

    def run(pictures: slice, epochs: int) -> None:
        chosen = inputs[pictures], labels[pictures]
        model.fit(*chosen, batch_size=BATCH, epochs=epochs, shuffle=False, verbose=0)

    model.compile(keras.optimizers.Adam(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    run(slice(BATCH), 1)
    _, seconds = timed(lambda: run(slice(None), epochs))
    return seconds


def new_head(features: int) -> keras.Model:
    """Return a linear head with the same random weights at each call."""
    import keras

    keras.utils.set_random_seed(SEED)
    return keras.Sequential([keras.Input((features,)), keras.layers.Dense(10)], name="head")


def through_base(extractor: keras.Model, split: Split, epochs: int = EPOCHS) -> tuple[np.ndarray, float]:
    """Train a head with the base before it; return its answers to the validation pictures, and the seconds.

    Each epoch sends each picture through the base.
    """
    import keras

    model = keras.Model(extractor.input, new_head(extractor.output.shape[-1])(extractor.output))
    seconds = fit(model, split.train_images, split.train_labels, epochs)
    return model.predict(split.val_images, batch_size=BATCH, verbose=0), seconds


def from_cache(extractor: keras.Model, split: Split, epochs: int = EPOCHS) -> tuple[np.ndarray, float, float]:
    """Compute the features once, train the same head on them: answers, seconds of features, of the head."""
    cached_features(extractor, split.train_images[:BATCH], batch_size=BATCH)
    extract = partial(cached_features, extractor, split.train_images, batch_size=BATCH)
    (features, _), extraction = timed(extract)
    head = new_head(features.shape[-1])
    training = fit(head, features, split.train_labels, epochs)
    val_features, _ = cached_features(extractor, split.val_images, batch_size=BATCH)
    return head.predict(val_features, batch_size=BATCH, verbose=0), extraction, training


def caching_rows(extractor: keras.Model, split: Split, epochs: int = EPOCHS) -> list[Row]:
    """Compare both ways of training a head."""
    part = f"{epochs} epochs of a linear head, {len(split.train_labels):,} pictures"
    cached, extraction, training = from_cache(extractor, split, epochs)
    slow, seconds = through_base(extractor, split, epochs)
    answers = [logits.argmax(axis=1) for logits in (slow, cached)]
    accuracies = [100 * float((answer == split.val_labels).mean()) for answer in answers]
    apart, other = abs(accuracies[0] - accuracies[1]), int((answers[0] != answers[1]).sum())
    return [
        (part, "through the frozen base", seconds, "s"),
        (part, "features once, then the head", extraction + training, "s"),
        (part, "of that, the features", extraction, "s"),
        (part, f"ratio (target: at least {TARGET_RATIO})", seconds / (extraction + training), "x"),
        (part, "validation accuracy through the base", accuracies[0], "%"),
        (part, "validation accuracy from the cache", accuracies[1], "%"),
        (part, f"difference (target: within {TARGET_POINTS})", apart, "points"),
        (part, f"other answers, of {len(split.val_labels):,}", other, "pictures"),
    ]


def drawing_rows() -> list[Row]:
    """Measure drawing, and loading the stand-in from an empty cache and again."""
    draw_images([0])  # makes the textures
    _, drawing = timed(lambda: draw_images(np.arange(DRAWN) % 10, seed=SEED))
    loading = [timed(lambda: load_cifar10("drawn", seed=SEED))[1] for _ in range(2)]
    part = "drawn stand-in"
    return [
        (part, "drawing", DRAWN / drawing, "pictures/s"),
        (part, "first load", loading[0], "s"),
        (part, "second load", loading[1], "s"),
    ]


def measure() -> list[Row]:
    """Return all numbers."""
    rows = drawing_rows()
    import_keras_quietly()
    base = pack.build("MobileNetV2", SIZE, weights_path("MobileNetV2", source="bundled"))
    base.trainable = False
    extractor = pack.on_pictures("MobileNetV2", base, 32)
    chosen = load_cifar10("drawn", limit_per_class=PER_CLASS, seed=SEED)
    split = stratified_split(chosen.train_images, chosen.train_labels, val_fraction=VAL_FRACTION, seed=SEED)
    return caching_rows(extractor, split) + rows


def main(words: list[str] | None = None) -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=PROJECT / "build" / "bench.json")
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as cache:
        os.environ["COURSE_CACHE"] = cache
        table = pd.DataFrame(measure(), columns=["part", "what", "value", "unit"])
    facts = {"device": device_name(), "versions": versions()}
    content = facts | {"rows": table.to_dict("records")}
    write_whole(options.out, json.dumps(content, indent=1) + "\n")
    print(table.set_index("part").to_string(float_format="{:,.2f}".format))
    print(f"{'; '.join(facts.values())}\nSaved: {options.out}")


if __name__ == "__main__":
    main()
