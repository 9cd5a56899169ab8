"""Measure what the course says about time: cached features, drawing, loading, and the frozen base.

    python -m tools.bench [--data PATH] [--out build/bench.json]

Both ways of training a head see the same pictures in the same order and start from the same head, so they
must end with the same answers; only the time may differ. Before the clock of each starts, one batch prepares
the computation; that time is told beside. The cache of the run is new and empty.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from course_utils.cifar10 import Cifar10, Split, load_cifar10, stratified_split
from course_utils.errors import CourseError
from course_utils.features import cached_features
from course_utils.pictures.stand_in import draw_images
from course_utils.records import device_name, versions
from course_utils.system.paths import PROJECT
from course_utils.system.progress import clock
from course_utils.system.quiet import import_keras_quietly
from course_utils.system.whole_file import replacing
from course_utils.weights import weights_path

if TYPE_CHECKING:
    import keras

SEED = 0
SIZE = 96  # pixels that the base sees
EPOCHS = 20
BATCH = 128
PER_CLASS = 200  # pictures for the two ways of training: 160 to train, 40 to validate
VAL_FRACTION = 0.2
DRAWN = 1000
FORWARD = 10_000  # photographs sent through the base at most
CIFAR10 = 50_000
TARGET_RATIO = 12
TARGET_POINTS = 0.5

_started = time.monotonic()
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Row:
    """One measured number."""

    part: str
    what: str
    value: float
    unit: str


@dataclass(frozen=True)
class Time:
    """What some work took. Processor time says more where other programs run beside it."""

    seconds: float
    processor: float  # seconds of all cores together

    def __add__(self, other: Time) -> Time:
        return Time(self.seconds + other.seconds, self.processor + other.processor)


@dataclass(frozen=True)
class Arm:
    """One way of training a head: how long it took, and what the head answers to validation pictures."""

    preparation: Time  # of the first batch, before the clock starts
    time: Time
    logits: np.ndarray  # float (n, classes)

    def accuracy(self, labels: np.ndarray) -> float:
        """Return the part of right answers, 0–1."""
        return float((self.logits.argmax(axis=1) == labels).mean())


def say(text: str) -> None:
    """Print a line of progress with the time since the start."""
    print(f"[{clock(time.monotonic() - _started)}] {text}", flush=True)


def timed(work: Callable[[], Answer]) -> tuple[Answer, Time]:
    """Return what ``work`` returns, and how long it took."""
    start, processor_start = time.perf_counter(), time.process_time()
    answer = work()
    return answer, Time(time.perf_counter() - start, time.process_time() - processor_start)


def new_extractor(size: int = SIZE) -> keras.Model:
    """Return the frozen MobileNetV2 with the bundled weights: uint8 pictures in, pooled features out."""
    import keras

    base = keras.applications.MobileNetV2(
        include_top=False,
        weights=weights_path("MobileNetV2", source="bundled"),
        input_shape=(size, size, 3),
    )
    base.trainable = False
    inputs = keras.Input((32, 32, 3), dtype="uint8")
    resized = keras.layers.Resizing(size, size)(keras.ops.cast(inputs, "float32"))
    maps = base(keras.applications.mobilenet_v2.preprocess_input(resized))
    return keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(maps), name="extractor")


def new_head(features: int) -> keras.Model:
    """Return a linear head with the same random weights at each call."""
    import keras

    keras.utils.set_random_seed(SEED)
    return keras.Sequential([keras.Input((features,)), keras.layers.Dense(10)], name="head")


def fit(
    model: keras.Model, inputs: np.ndarray, labels: np.ndarray, epochs: int, name: str
) -> tuple[Time, Time]:
    """Train in the given order of pictures; return the time of a first batch, and of all epochs after it."""
    import keras

    def tell(epoch: int, logs: dict | None = None) -> None:
        if (epoch + 1) % 5 == 0:
            say(f"{name}: epoch {epoch + 1} of {epochs}")

    def run(pictures: slice, **more: object) -> None:
        model.fit(inputs[pictures], labels[pictures], batch_size=BATCH, shuffle=False, verbose=0, **more)

    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    told = keras.callbacks.LambdaCallback(on_epoch_end=tell)
    _, preparation = timed(lambda: run(slice(BATCH)))
    _, training = timed(lambda: run(slice(None), epochs=epochs, callbacks=[told]))
    return preparation, training


def through_base(extractor: keras.Model, split: Split, epochs: int = EPOCHS) -> Arm:
    """Train a head with the base before it: each epoch sends each picture through the base."""
    import keras

    model = keras.Model(extractor.input, new_head(extractor.output.shape[-1])(extractor.output))
    times = fit(model, split.train_images, split.train_labels, epochs, "through the base")
    return Arm(*times, model.predict(split.val_images, batch_size=BATCH, verbose=0))


def from_cache(extractor: keras.Model, split: Split, epochs: int = EPOCHS) -> tuple[Arm, Time]:
    """Compute the features once, train the same head on them; also return the time of the features."""
    _, first = timed(lambda: cached_features(extractor, split.train_images[:BATCH], batch_size=BATCH))
    (features, _), extraction = timed(
        lambda: cached_features(extractor, split.train_images, batch_size=BATCH)
    )
    say(f"features of {len(features):,} pictures: {extraction.seconds:.1f} s")
    head = new_head(features.shape[-1])
    second, training = fit(head, features, split.train_labels, epochs, "cached features")
    val_features, _ = cached_features(extractor, split.val_images, batch_size=BATCH)
    logits = head.predict(val_features, batch_size=BATCH, verbose=0)
    return Arm(first + second, extraction + training, logits), extraction


def caching_rows(extractor: keras.Model, split: Split, epochs: int = EPOCHS) -> list[Row]:
    """Compare both ways of training a head."""
    part = f"{epochs} epochs of a linear head, {len(split.train_labels):,} pictures"
    cached, extraction = from_cache(extractor, split, epochs)
    slow = through_base(extractor, split, epochs)
    labels = split.val_labels
    accuracies = [100 * arm.accuracy(labels) for arm in (slow, cached)]
    apart = abs(accuracies[0] - accuracies[1])
    other = int((slow.logits.argmax(axis=1) != cached.logits.argmax(axis=1)).sum())
    return [
        Row(part, "through the frozen base", slow.time.seconds, "s"),
        Row(part, "features once, then the head", cached.time.seconds, "s"),
        Row(part, "of that, the features", extraction.seconds, "s"),
        Row(part, f"ratio (target: at least {TARGET_RATIO})", slow.time.seconds / cached.time.seconds, "x"),
        Row(part, "ratio of processor times", slow.time.processor / cached.time.processor, "x"),
        Row(part, "preparing, through the base (not counted)", slow.preparation.seconds, "s"),
        Row(part, "preparing, cached features (not counted)", cached.preparation.seconds, "s"),
        Row(part, "validation accuracy through the base", accuracies[0], "%"),
        Row(part, "validation accuracy from the cache", accuracies[1], "%"),
        Row(part, f"difference (target: within {TARGET_POINTS})", apart, "points"),
        Row(part, f"other answers, of {len(labels):,}", other, "pictures"),
    ]


def drawing_rows(count: int = DRAWN) -> list[Row]:
    """Measure drawing, and loading the stand-in from an empty cache and again."""
    draw_images([0])  # makes the textures
    _, took = timed(lambda: draw_images(np.arange(count) % 10, seed=SEED))
    drawn, rows = loading_rows("drawn", "drawn stand-in")
    say(drawn.description)
    return [Row("drawn stand-in", "drawing", count / took.seconds, "pictures/s"), *rows]


def loading_rows(source: str, part: str) -> tuple[Cifar10, list[Row]]:
    """Load a source twice; return the pictures and both times."""
    pictures, first = timed(lambda: load_cifar10(source, seed=SEED))
    _, second = timed(lambda: load_cifar10(source, seed=SEED))
    say(f"{part}: first load {first.seconds:.2f} s, second {second.seconds:.2f} s")
    return pictures, [
        Row(part, "first load", first.seconds, "s"),
        Row(part, "second load", second.seconds, "s"),
    ]


def forward_rows(extractor: keras.Model, images: np.ndarray) -> list[Row]:
    """Measure the frozen base on photographs, in numbers a second and for all of CIFAR-10."""
    images = images[:FORWARD]
    extractor.predict(images[:256], batch_size=256, verbose=0)
    say(f"sending {len(images):,} photographs through the base")
    _, took = timed(lambda: extractor.predict(images, batch_size=256, verbose=0))
    rate = len(images) / took.seconds
    part = f"frozen MobileNetV2, {SIZE} x {SIZE} pixels"
    estimate = f"{CIFAR10:,} pictures, estimated from {len(images):,}"
    return [Row(part, "forward pass", rate, "pictures/s"), Row(part, estimate, CIFAR10 / rate, "s")]


def measure(data: str | None) -> tuple[str, list[Row]]:
    """Return which pictures the heads were trained on, and all numbers."""
    say("drawing and loading")
    rows = drawing_rows()
    if data:
        photographs, loading = loading_rows(data, "your pictures")
        say(photographs.description)
        rows += loading
    say("Keras starts")
    import_keras_quietly()
    extractor = new_extractor()
    chosen = load_cifar10(data or "drawn", limit_per_class=PER_CLASS, seed=SEED)
    split = stratified_split(chosen.train_images, chosen.train_labels, val_fraction=VAL_FRACTION, seed=SEED)
    rows = caching_rows(extractor, shuffled(split)) + rows
    if data:
        rows += forward_rows(extractor, photographs.train_images)
    return chosen.description, rows


def shuffled(split: Split) -> Split:
    """Mix the training pictures once: sources sorted by class would train badly in their own order."""
    order = np.random.default_rng(SEED).permutation(len(split.train_labels))
    return Split(split.train_images[order], split.train_labels[order], split.val_images, split.val_labels)


def table(rows: list[Row]) -> str:
    """Return the numbers as text, grouped by part."""
    width = max(len(row.what) for row in rows)
    lines: list[str] = []
    for before, row in zip([None, *rows], rows, strict=False):
        if before is None or before.part != row.part:
            lines.append(row.part)
        lines.append(f"  {row.what:<{width}}  {figure(row):>8} {row.unit}")
    return "\n".join(lines)


def figure(row: Row) -> str:
    """Return a number with as many digits as say something: short times need two."""
    if row.unit in ("pictures", "pictures/s"):
        return f"{row.value:,.0f}"
    return f"{row.value:.2f}" if row.unit == "s" and row.value < 10 else f"{row.value:.1f}"


def save(path: Path, content: dict) -> None:
    """Write JSON; the file appears complete or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        part.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def load_average() -> list[float]:
    """Return how many processes wanted a core in the last 1, 5 and 15 minutes; empty on Windows."""
    return [round(value, 2) for value in os.getloadavg()] if hasattr(os, "getloadavg") else []


def main(words: list[str] | None = None) -> int:
    """Measure, print and save; return 0, or 1 if the data cannot be loaded."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="your copy of CIFAR-10, to be measured too")
    parser.add_argument("--out", type=Path, default=PROJECT / "build" / "bench.json")
    options = parser.parse_args(words)
    load_before = load_average()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as cache:
        os.environ["COURSE_CACHE"] = cache
        try:
            data, rows = measure(options.data)
        except CourseError as error:
            print(f"\n{error}", file=sys.stderr)
            return 1
    content = {
        "device": device_name(),
        "versions": versions(),
        "load_average_before": load_before,
        "load_average_after": load_average(),
        "pictures_of_the_heads": data,
        "rows": [asdict(row) for row in rows],
    }
    save(options.out, content)
    print(f"\n{table(rows)}\n\n{content['device']}; {content['versions']}")
    print(f"Heads: {data}\nLoad before the run (1, 5, 15 minutes): {load_before}\nSaved: {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
