"""Measure what the bundled weights are worth on CIFAR-10, and write docs/WEIGHTS.md from the records.

    make weights-report DATA=/path/to/cifar10                 # measures what is missing, then writes
    make weights-report REPORT_ONLY=1                         # writes from the records alone
    python -m tools.weights.report --data PATH --only frozen-50 --limit 100      # a trial, in build/

Each figure is a row of the table in ``results/weights``, and is measured again only when the weights or its
settings have changed: a stopped run continues. What is measured: ``figures``. The control is the same network
with random weights. All of it on the test pictures, which decide nothing here: settings are fixed beforehand.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from course_utils.cifar10 import Cifar10, load_cifar10
from course_utils.errors import CourseError
from course_utils.features import cached_features
from course_utils.system.device import device_name, versions
from course_utils.system.paths import PROJECT
from course_utils.system.progress import clock
from course_utils.system.quiet import import_keras_quietly
from course_utils.system.tables import read_tables, write_tables
from course_utils.system.weight_files import NETWORKS, read_card
from course_utils.weights import weights_path
from tools.weights import document as weights_document
from tools.weights import pack

MADE_BY = "weights-report"
NETS = tuple(NETWORKS)
SEEDS = (0, 1, 2)
EPOCHS = 3
BATCH = 64
RATE = 1e-3  # peak, the same for both arms
MOMENTUM = 0.9  # of BatchNormalization: statistics that follow within so few steps, in both arms


@dataclass(frozen=True)
class Figure:
    """One number to be measured."""

    net: str
    kind: str  # frozen-50 | frozen-all | fine-tuned-500
    arm: str  # bundled | none (random weights)
    seed: int

    @property
    def is_fine_tuned(self) -> bool:
        """Whether the base moves."""
        return self.kind.startswith("fine-tuned")

    @property
    def key(self) -> dict[str, object]:
        """What its record says of itself."""
        return {"model": self.net, "figure": self.kind, "weights": self.arm, "seed": self.seed}


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
        cpuinfo = Path("/proc/cpuinfo")  # with AVX512_BF16 ResNet50 gains half again, MobileNetV2 loses
        has_bfloat16 = cpuinfo.exists() and "bf16" in cpuinfo.read_text()
        self.precision = "mixed_bfloat16" if net == "ResNet50" and has_bfloat16 else "float32"

    def settings(self, figure: Figure) -> str:
        """Return all that the value depends on, as one line: with it a record is still valid."""
        weights = self.card["content_sha256"][:12] if figure.arm == "bundled" else "random"
        pictures = f"{len(self.cifar.train_labels)}+{len(self.cifar.test_labels)} pictures"
        parts = [weights, f"{self.size} px", figure.kind, pictures, f"seed {figure.seed}"]
        if figure.is_fine_tuned:
            parts += [f"{EPOCHS} epochs", f"batch {BATCH}", f"rate {RATE:g}", self.precision]
        return ", ".join(parts)

    def measure(self, figure: Figure) -> tuple[float, int]:
        """Return test accuracy (0-1) and how many pictures were trained on."""
        chosen = self.chosen(figure)
        work = self.fine_tuned if figure.is_fine_tuned else self.frozen
        return work(figure, chosen), len(chosen)

    def chosen(self, figure: Figure) -> np.ndarray:
        """Return the places of the training pictures of a figure: so many of each class, or all."""
        labels = self.cifar.train_labels
        wanted = figure.kind.rsplit("-", 1)[1]
        if wanted == "all":
            return np.arange(len(labels))
        count = min(int(wanted), int(np.bincount(labels).min()))
        rng = np.random.default_rng(figure.seed)
        each = [rng.choice(np.flatnonzero(labels == label), count, replace=False) for label in range(10)]
        return np.concatenate(each)

    def frozen(self, figure: Figure, chosen: np.ndarray) -> float:
        """Return the accuracy of a linear classifier on pooled features of the frozen base."""
        extractor = pack.on_pictures(self.net, self._base(figure), 32)
        cifar = self.cifar
        if figure.arm == "bundled":  # all features once, for every seed
            train = cached_features(extractor, cifar.train_images)[0][chosen]
        else:
            train = cached_features(extractor, cifar.train_images[chosen])[0]
        test = cached_features(extractor, cifar.test_images)[0]
        return ridge_score(train, cifar.train_labels[chosen], test, cifar.test_labels)

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

        base = self._base(figure)
        for layer in base.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.momentum = MOMENTUM
        flip = keras.layers.RandomFlip("horizontal", seed=0, dtype="float32")
        shift = keras.layers.RandomTranslation(0.1, 0.1, "reflect", seed=0, dtype="float32")
        features = pack.on_pictures(self.net, base, 32, flip, shift)
        logits = keras.layers.Dense(10, dtype="float32")(features.output)
        model = keras.Model(features.input, logits)
        steps = EPOCHS * -(-pictures // BATCH)
        rate = keras.optimizers.schedules.CosineDecay(
            0.0, steps - steps // 10, warmup_target=RATE, warmup_steps=steps // 10
        )
        model.compile(
            keras.optimizers.AdamW(rate, weight_decay=0.02, global_clipnorm=1.0),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        return model

    def _base(self, figure: Figure):
        import keras

        keras.utils.set_random_seed(figure.seed)
        return pack.build(self.net, self.size, weights_path(self.net, source=figure.arm))


def ridge_score(
    train: np.ndarray, train_labels: np.ndarray, test: np.ndarray, test_labels: np.ndarray
) -> float:
    """Return the test accuracy (0-1) of a ridge classifier on features, float (n, features).

    Its penalty is chosen on the training part.
    """
    from sklearn.linear_model import RidgeClassifierCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    unit = train.std()  # a random network's features are so small that the scaler takes them for 0
    ridge = make_pipeline(StandardScaler(), RidgeClassifierCV(np.logspace(0, 5, 11)))
    ridge.fit(train / unit, train_labels)
    return float(ridge.score(test / unit, test_labels))


def write_record(folder: Path, figure: Figure, value: float, **more: object) -> None:
    """Store a figure in the table; an older record of the same figure is replaced."""
    entry = {"lesson": "weights", "metric": "accuracy", "value": value, "unit": "fraction", "split": "test"}
    entry |= {"made_by": MADE_BY, "profile": MADE_BY, "device": device_name(), "versions": versions()}
    stored = read_tables(folder)
    others = stored[~_is_of(stored, figure)]
    records = pd.concat([others, pd.DataFrame([entry | figure.key | more])], ignore_index=True)
    write_tables(records, folder)


def is_measured(folder: Path, figure: Figure, settings: str) -> bool:
    """Tell whether a record of this figure, with these weights and settings, is there."""
    stored = read_tables(folder)
    return settings in set(stored[_is_of(stored, figure)].get("settings", []))


def _is_of(records: pd.DataFrame, figure: Figure) -> pd.Series:
    return (records.reindex(columns=list(figure.key)) == pd.Series(figure.key)).all(axis=1)


def measure_all(wanted: list[Figure], cifar: Cifar10, folder: Path, data_name: str) -> None:
    """Measure what has no valid record yet."""
    import keras

    benches = {net: Bench(net, cifar) for net in dict.fromkeys(figure.net for figure in wanted)}
    missing = [f for f in wanted if not is_measured(folder, f, benches[f.net].settings(f))]
    print(f"{len(wanted) - len(missing)} of {len(wanted)} figures are measured already", flush=True)
    for figure in tqdm(missing, unit="figure"):
        start, bench = time.monotonic(), benches[figure.net]
        value, pictures = bench.measure(figure)
        seconds = time.monotonic() - start
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
            epochs=EPOCHS if figure.is_fine_tuned else None,
            content_sha256=bench.card["content_sha256"] if figure.arm == "bundled" else None,
            settings=bench.settings(figure),
        )
        tqdm.write(f"{' '.join(map(str, figure.key.values()))}: {value:.1%} in {clock(seconds)}")
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
            if args.data in (None, "drawn"):
                raise CourseError(
                    "The bundled weights are measured on photographs, and none were named.",
                    next_step="give DATA=/path/to/cifar10, or REPORT_ONLY=1 to write from the records.",
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
