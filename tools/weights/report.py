"""Measure what the bundled weights are worth on CIFAR-10, and write docs/WEIGHTS.md from the records.

    make weights-report DATA=/path/to/cifar10                 # measures what is missing, then writes
    make weights-report REPORT_ONLY=1                         # writes from the records alone
    python -m tools.weights.report --data PATH --only frozen-50 --limit 100      # a trial, in build/

Each figure is a row of the table in ``results/weights``, and is measured again only when the weights or its
settings have changed: a stopped run continues. What is measured: ``FIGURES``. The control is the same network
with random weights. All of it on the test pictures, which decide nothing here: settings are fixed beforehand.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from course_utils.cifar10 import Cifar10, load_cifar10
from course_utils.errors import CourseError
from course_utils.features import cached_features
from course_utils.records import plain, read_record, record
from course_utils.reference import read_tables, write_tables
from course_utils.system.paths import PROJECT
from course_utils.system.progress import clock
from course_utils.system.quiet import import_keras_quietly
from course_utils.weights import NETWORKS, read_card, weights_path
from tools.weights import document as weights_document
from tools.weights import pack as pack_weights

MADE_BY = "weights-report"
NETS = tuple(NETWORKS)
SEEDS = (0, 1, 2)
EPOCHS = 3
BATCH = 64
RATE = 1e-3  # peak, the same for both arms
MOMENTUM = 0.9  # of BatchNormalization: statistics that follow within so few steps, in both arms

# Expected seconds of one figure on two idle cores, for the time left until one was measured.
EXPECTED = {
    ("frozen-50", "MobileNetV2"): 15,
    ("frozen-50", "ResNet50"): 35,
    ("frozen-all", "MobileNetV2"): 70,
    ("frozen-all", "ResNet50"): 200,
    ("fine-tuned-500", "MobileNetV2"): 60,
    ("fine-tuned-500", "ResNet50"): 130,
}


@dataclass(frozen=True)
class Figure:
    """One number to be measured."""

    net: str
    kind: str  # frozen-50 | frozen-all | fine-tuned-500
    arm: str  # bundled | none (random weights)
    seed: int

    @property
    def name(self) -> str:
        """How progress calls it."""
        return f"{self.net.lower()}-{self.kind}-{self.arm}-{self.seed}"

    @property
    def labels_per_class(self) -> int | None:
        """How many training pictures of each class it uses; None: all."""
        last = self.kind.rsplit("-", 1)[1]
        return None if last == "all" else int(last)


def figures(nets: Sequence[str], kinds: Sequence[str], seeds: Sequence[int]) -> list[Figure]:
    """Return what is to be measured, quick things first.

    A ridge classifier on all pictures with the bundled weights has no random part: one seed is all there is.
    """
    return [
        Figure(net, kind, arm, seed)
        for kind in kinds
        for net in nets
        for seed in seeds
        for arm in ("bundled", "none")
        if kind != "frozen-all" or seed == seeds[0]
    ]


class Bench:
    """Measures figures of one network at the input size of its card."""

    def __init__(self, net: str, cifar: Cifar10) -> None:
        self.net, self.cifar = net, cifar
        self.card = read_card(net)
        self.size = self.card["input_size"]

    @cached_property
    def precision(self) -> str:
        """Number format of fine-tuning: with AVX512_BF16 ResNet50 gains half again, MobileNetV2 loses."""
        cpuinfo = Path("/proc/cpuinfo")
        has_bfloat16 = cpuinfo.exists() and "bf16" in cpuinfo.read_text()
        return "mixed_bfloat16" if self.net == "ResNet50" and has_bfloat16 else "float32"

    def settings(self, figure: Figure) -> str:
        """Return all that the value depends on, as one line: with it a record is still valid."""
        weights = self.card["content_sha256"][:12] if figure.arm == "bundled" else "random"
        pictures = f"{len(self.cifar.train_labels)}+{len(self.cifar.test_labels)} pictures"
        parts = [weights, f"{self.size} px", figure.kind, pictures, f"seed {figure.seed}"]
        if figure.kind.startswith("fine-tuned"):
            parts += [f"{EPOCHS} epochs", f"batch {BATCH}", f"rate {RATE:g}", self.precision]
        return ", ".join(parts)

    def measure(self, figure: Figure) -> tuple[float, int]:
        """Return test accuracy (0-1) and how many pictures were trained on."""
        chosen = self.chosen(figure)
        work = self.fine_tuned if figure.kind.startswith("fine-tuned") else self.frozen
        return work(figure, chosen), len(chosen)

    def chosen(self, figure: Figure) -> np.ndarray:
        """Return the places of the training pictures of a figure."""
        labels = self.cifar.train_labels
        if figure.labels_per_class is None:
            return np.arange(len(labels))
        count = min(figure.labels_per_class, int(np.bincount(labels).min()))
        return pack_weights.pick(labels, count, figure.seed)

    def frozen(self, figure: Figure, chosen: np.ndarray) -> float:
        """Return the accuracy of a linear classifier on pooled features of the frozen base."""
        import keras

        inputs, prepared = self._inputs(augment=False)
        extractor = keras.Model(inputs, self._base(figure)(prepared))
        cifar = self.cifar
        if figure.arm == "bundled":  # all features once, for every seed
            train = cached_features(extractor, cifar.train_images)[0][chosen]
        else:
            train = cached_features(extractor, cifar.train_images[chosen])[0]
        test = cached_features(extractor, cifar.test_images)[0]
        return pack_weights.ridge_score(train, cifar.train_labels[chosen], test, cifar.test_labels)

    def fine_tuned(self, figure: Figure, chosen: np.ndarray) -> float:
        """Return the accuracy after training the whole network; both arms are treated alike."""
        import keras

        keras.mixed_precision.set_global_policy(self.precision)
        try:
            model = self._trainable(figure, len(chosen))
            images, labels = self.cifar.train_images[chosen], self.cifar.train_labels[chosen]
            model.fit(images, labels, batch_size=BATCH, epochs=EPOCHS, verbose=0)
            logits = model.predict(self.cifar.test_images, batch_size=250, verbose=0)
        finally:
            keras.mixed_precision.set_global_policy("float32")
        return float((logits.argmax(1) == self.cifar.test_labels).mean())

    def _trainable(self, figure: Figure, pictures: int):
        import keras

        inputs, prepared = self._inputs(augment=True)
        base = self._base(figure)
        for layer in base.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.momentum = MOMENTUM
        logits = keras.layers.Dense(10, dtype="float32")(base(prepared))
        model = keras.Model(inputs, logits)
        steps = EPOCHS * -(-pictures // BATCH)
        rate = keras.optimizers.schedules.CosineDecay(
            0.0, steps - steps // 10, warmup_target=RATE, warmup_steps=steps // 10
        )
        model.compile(
            keras.optimizers.AdamW(rate, weight_decay=0.02, global_clipnorm=1.0),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        return model

    def _inputs(self, *, augment: bool):
        """Return the input (uint8 pictures) and what the base is given: preprocessed as the card says."""
        import keras

        inputs = keras.Input((32, 32, 3), dtype="uint8")
        x = keras.ops.cast(inputs, "float32")
        if augment:
            x = keras.layers.RandomFlip("horizontal", seed=0, dtype="float32")(x)
            x = keras.layers.RandomTranslation(0.1, 0.1, "reflect", seed=0, dtype="float32")(x)
        x = keras.layers.Resizing(self.size, self.size, dtype="float32")(x)
        module, function = self.card["preprocessing"].split(".")[-2:]
        return inputs, getattr(getattr(keras.applications, module), function)(x)

    def _base(self, figure: Figure):
        import keras

        keras.utils.set_random_seed(figure.seed)
        return getattr(keras.applications, self.net)(
            include_top=False,
            weights=weights_path(self.net, source=figure.arm),
            pooling="avg",
            input_shape=(self.size, self.size, 3),
        )


def write_record(folder: Path, figure: Figure, value: float, *, data: str, **more: object) -> None:
    """Store a figure in the table; an older record of the same figure is replaced."""
    context = {"weights": figure.arm, "profile": MADE_BY, "seed": figure.seed, "data": data}
    with tempfile.TemporaryDirectory() as scratch:
        path = record(
            "weights", figure.net, "accuracy", value, unit="fraction", split="test", out=scratch, **context
        )
        entry = read_record(path) | plain({"figure": figure.kind, "made_by": MADE_BY, **more})
    stored = read_tables(folder)
    others = stored[~_is_of(stored, figure)]
    write_tables(pd.concat([others, pd.DataFrame([entry])], ignore_index=True), folder)


def is_measured(folder: Path, figure: Figure, settings: str) -> bool:
    """Tell whether a record of this figure, with these weights and settings, is there."""
    stored = read_tables(folder)
    return settings in set(stored[_is_of(stored, figure)].get("settings", []))


def _is_of(records: pd.DataFrame, figure: Figure) -> pd.Series:
    named = {"model": figure.net, "figure": figure.kind, "weights": figure.arm, "seed": figure.seed}
    return (records.reindex(columns=list(named)) == pd.Series(named)).all(axis=1)


def measure_all(wanted: list[Figure], cifar: Cifar10, folder: Path, data_name: str) -> None:
    """Measure what has no valid record yet, with the time that is left after each."""
    import keras

    benches = {net: Bench(net, cifar) for net in dict.fromkeys(figure.net for figure in wanted)}
    missing = [f for f in wanted if not is_measured(folder, f, benches[f.net].settings(f))]
    print(f"{len(wanted) - len(missing)} of {len(wanted)} figures are measured already", flush=True)
    took = dict(EXPECTED)
    for number, figure in enumerate(missing, 1):
        left = sum(took.get((f.kind, f.net), 60) for f in missing[number - 1 :])
        print(f"{number}/{len(missing)} {figure.name}: about {clock(left)} left in all", flush=True)
        start, bench = time.monotonic(), benches[figure.net]
        value, pictures = bench.measure(figure)
        seconds = time.monotonic() - start
        took[figure.kind, figure.net] = seconds
        fine_tuned = figure.kind.startswith("fine-tuned")
        write_record(
            folder,
            figure,
            value,
            data=cifar.source,
            data_name=data_name,
            seconds=round(seconds, 1),
            train_pictures=pictures,
            test_pictures=len(cifar.test_labels),
            size=bench.size,
            epochs=EPOCHS if fine_tuned else None,
            content_sha256=bench.card["content_sha256"] if figure.arm == "bundled" else None,
            settings=bench.settings(figure),
        )
        print(f"    {value:.1%} in {clock(seconds)}", flush=True)
        keras.backend.clear_session()


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    add = parser.add_argument
    add("--data", help="CIFAR-10: a path, or a word of load_cifar10")
    add("--data-name", default="CIFAR-10", help="how the document calls the data")
    add("--report-only", action="store_true", help="write from the records that are there")
    add("--nets", nargs="+", choices=NETS, default=NETS)
    add("--only", nargs="+", choices=weights_document.KINDS, default=list(weights_document.KINDS))
    add("--seeds", nargs="+", type=int, default=SEEDS)
    add("--limit", type=int, help="pictures of each class at most: a trial, which writes to build/ only")
    add("--out", type=Path, help="folder of records and document; default: the project's own")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Measure unless told not to, and write the document."""
    args = parse(argv)
    out = args.out or (PROJECT / "build" / "weights-trial" if args.limit else PROJECT)
    folder = out / "results" / "weights"
    try:
        if not args.report_only:
            if not args.data:
                raise CourseError(
                    "No photographs were named.",
                    next_step="give DATA=/path/to/cifar10, or REPORT_ONLY=1 to write from the records.",
                )
            if args.data == "drawn":
                raise CourseError(
                    "The drawn stand-in says nothing about the bundled weights.",
                    next_step="give DATA=/path/to/cifar10.",
                )
            import_keras_quietly()
            cifar = load_cifar10(args.data, limit_per_class=args.limit)
            measure_all(figures(args.nets, args.only, args.seeds), cifar, folder, args.data_name)
        written = weights_document.write(folder, out / "docs")
    except CourseError as error:
        raise SystemExit(str(error)) from error
    print("wrote " + " and ".join(str(path) for path in written))


if __name__ == "__main__":
    main()
