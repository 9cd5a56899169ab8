"""Train a network from photographs: the script that makes the bundled weights.

    make pretrain NET=MobileNetV2 DATA=../shared/data
    python -m tools.weights.pretrain --net ResNet50 --data ../shared/data --minutes 90

Without further words each network gets a recipe that is known to work (``RECIPES``); every part of it can
be set. DATA is an ``.npz`` (x_train, y_train, x_val, y_val; uint8 RGB), a folder with ``train/<class>/``
and ``val/<class>/``, or a folder with ``tiny-imagenet-*.tar.gz``. Any backend of Keras will do.

The same command continues a run that was killed. With ``--epochs`` the learning rate follows the
steps, and a killed run ends with the very same numbers as one that was not (CPU). With
``--minutes`` it follows the time spent on training: pauses do not count, and the rate is zero at the
end of the budget, however slow the machine was. The folder gets ``checkpoint.npz`` (and the one before
it), ``log.jsonl`` (a line an epoch) and in the end ``final.npz`` for ``tools/weights/pack.py``.
"""

from __future__ import annotations

import argparse
import functools
import json
import math
import os
import platform
import signal
import time
import zipfile
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

import numpy as np

from course_utils.errors import CourseError
from course_utils.records import device_name
from course_utils.system.paths import PROJECT
from course_utils.system.quiet import import_keras_quietly
from tools.weights import pack as pack_weights
from tools.weights.photographs import GIVE, load_data, shrunk

PREPROCESSING = {"MobileNetV2": "mobilenet_v2", "ResNet50": "resnet50"}
SHRINK = 7 / 8  # pictures for a small input are cut from these, or from the originals
SHIFT = 4  # pixels; at full size pictures are shifted by at most this
LOG_SECONDS = 30  # between two lines of progress
OUT = PROJECT / "build" / "pretrain"

# What the bundled weights were trained with, on one or two cores and in some hours. Small pictures come
# first: their epochs are short. On a GPU take --sizes 0:64 or larger ones for both.
RECIPES = {
    "MobileNetV2": {
        "optimizer": "sgd",
        "rate": 0.1,
        "clip": 0.0,
        "weight_decay": 4e-5,
        "smoothing": 0.05,
        "sizes": "0:48,0.6:64",
    },
    "ResNet50": {
        "optimizer": "adamw",
        "rate": 8e-4,
        "clip": 1.0,
        "weight_decay": 0.02,
        "smoothing": 0.05,
        "sizes": "0:32,0.8:48",
    },
}
MINUTES = 90.0  # where neither --minutes nor --epochs is given
FIXED = ("net", "batch", "seed", "optimizer", "smoothing", "mixup", "weight_decay", "precision")


# --- data ---------------------------------------------------------------------------------------


class Feed:
    """Batches as a pure function of the step, made ahead of time by a thread.

    Because order and augmentation depend on seed and step alone, a resumed run sees the same batches.
    """

    def __init__(self, images, labels, *, classes, batch, seed, mixup=0.0, ahead=4) -> None:
        self.images, self.classes, self.batch = images, classes, batch
        self.labels, self.seed, self.mixup, self.ahead = labels, seed, mixup, ahead
        self.steps_per_epoch = len(labels) // batch
        self._pool = ThreadPoolExecutor(1)
        self._waiting: dict[tuple[int, int], Future] = {}
        self._sources = functools.lru_cache(1)(self._make_sources)
        self._order = functools.lru_cache(2)(
            lambda epoch: np.random.default_rng([seed, epoch]).permutation(len(labels))
        )

    def __call__(self, step: int, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Return uint8 pictures (batch, size, size, 3) and targets (batch, classes) of a step."""
        for s in range(step, step + self.ahead):
            if (s, size) not in self._waiting:
                self._waiting[s, size] = self._pool.submit(self.make, s, size)
        result = self._waiting[step, size].result()
        self._waiting = {k: v for k, v in self._waiting.items() if k[0] > step and k[1] == size}
        return result

    def make(self, step: int, size: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng([self.seed, 1, step])
        epoch, place = divmod(step, self.steps_per_epoch)
        picked = self._order(epoch)[place * self.batch : (place + 1) * self.batch]
        sources = self._sources(size)
        pictures = augment(sources[rng.integers(len(sources))][picked], size, rng)
        targets = np.eye(self.classes, dtype=np.float32)[self.labels[picked]]
        if self.mixup:
            share = np.float32(rng.beta(self.mixup, self.mixup))
            pictures = (pictures * share + pictures[::-1] * (1 - share)).astype(np.uint8)
            targets = targets * share + targets[::-1] * (1 - share)
        return pictures, targets

    def _make_sources(self, size: int) -> list[np.ndarray]:
        full = self.images.shape[1]
        if size >= full:
            return [self.images]
        return [self.images, shrunk(self.images, max(size, round(full * SHRINK)))]


def augment(images: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Return each picture cut to ``size`` at a random place, half of them mirrored.

    Pictures that are not larger than ``size`` are first given a mirrored border.
    """
    if images.shape[1] <= size:
        border = (size - images.shape[1] + 1) // 2 + SHIFT
        images = np.pad(images, ((0, 0), (border, border), (border, border), (0, 0)), "reflect")
    room = images.shape[1] - size + 1
    result = np.empty((len(images), size, size, 3), np.uint8)
    places = rng.integers(room, size=(len(images), 2))
    for i, ((top, left), mirror) in enumerate(zip(places, rng.random(len(images)), strict=True)):
        cut = images[i, top : top + size, left : left + size]
        result[i] = cut[:, ::-1] if mirror < 0.5 else cut
    return result


# --- model --------------------------------------------------------------------------------------


def build(args, size: int, classes: int):
    """Return (base, compiled model): uint8 pictures -> the backbone's preprocessing -> logits."""
    import keras

    keras.mixed_precision.set_global_policy(args.precision)
    base = pack_weights.build(args.net, size)
    for layer in base.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.99  # statistics that follow within an epoch
    inputs = keras.Input((size, size, 3), dtype="uint8")
    preprocess = getattr(keras.applications, PREPROCESSING[args.net]).preprocess_input
    x = base(preprocess(keras.ops.cast(inputs, "float32")))
    head = keras.layers.Dense(classes, kernel_initializer="zeros", dtype="float32", name="head")
    model = keras.Model(inputs, head(x))
    common = {"learning_rate": args.rate, "weight_decay": args.weight_decay}
    common["global_clipnorm"] = args.clip or None
    if args.optimizer == "sgd":
        optimizer = keras.optimizers.SGD(momentum=0.9, nesterov=True, **common)
    else:
        optimizer = keras.optimizers.AdamW(**common)
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=args.smoothing)
    # On a CPU, TensorFlow's compiled depthwise convolutions are many times slower.
    slow = keras.backend.backend() == "tensorflow" and not on_accelerator()
    model.compile(optimizer, loss, jit_compile=False if slow else "auto")
    optimizer.build(model.trainable_variables)
    return base, model


def on_accelerator() -> bool:
    """Tell whether the backend computes on something else than a CPU."""
    import keras

    name = keras.backend.backend()
    if name == "tensorflow":
        import tensorflow as tf

        return bool(tf.config.list_physical_devices("GPU"))
    if name == "jax":
        import jax

        return jax.default_backend() != "cpu"
    import torch

    return torch.cuda.is_available()


def named(base, model) -> dict[str, np.ndarray]:
    """Return "layer/weight" -> array of the base, then "head/kernel" and "head/bias"."""
    arrays = {
        f"{layer.name}/{weight.name}": value
        for layer in base.layers
        for weight, value in zip(layer.weights, layer.get_weights(), strict=True)
    }
    head = model.get_layer("head").get_weights()
    return {**arrays, "head/kernel": head[0], "head/bias": head[1]}


def set_named(base, model, arrays: dict[str, np.ndarray]) -> None:
    """Set what ``named`` returned; a head of another number of classes is left out."""
    base.set_weights([value for key, value in arrays.items() if not key.startswith("head/")])
    head = model.get_layer("head")
    if arrays.get("head/kernel", np.empty(0)).shape == tuple(head.kernel.shape):
        head.set_weights([arrays["head/kernel"], arrays["head/bias"]])


def quiet_residuals(base) -> None:
    """Let each block of a fresh ResNet start as the identity: last gamma of each block at zero.

    Goyal et al. 2017, "Accurate, Large Minibatch SGD", section 5.1.
    """
    for layer in base.layers:
        if layer.name.endswith("_3_bn"):
            layer.gamma.assign(np.zeros(layer.gamma.shape, "float32"))


def read_start(net: str, path: Path) -> dict[str, np.ndarray]:
    """Return named arrays of a weight file, of a starter ``.npz`` or of a checkpoint."""
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as stored:
                if "facts" in stored.files:
                    _check_network(net, path, json.loads(str(stored["facts"])).get("network"))
                    return {k: stored[k] for k in stored.files if "/" in k and "optimizer/" not in k}
        return pack_weights.read_source(net, path)
    except CourseError:
        raise
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise CourseError(
            f"The weights to start from cannot be read: {path}.",
            cause=str(error).splitlines()[0] if str(error) else type(error).__name__,
            next_step=f"give --start a weight file, starter .npz or checkpoint of {net}.",
        ) from error


def _check_network(net: str, path: Path, found: str | None) -> None:
    if found != net:
        raise CourseError(
            f"The weights to start from are of another network: {path}.",
            cause=f"Expected {net}, found {found}.",
            next_step="correct --net or --start.",
        )


# --- schedule -----------------------------------------------------------------------------------


def rate_at(progress: float, peak: float, warmup: float) -> float:
    """Return the learning rate: a straight warm-up, then half a cosine down to zero."""
    if progress < warmup:
        return peak * (progress + 1e-4) / warmup
    part = min(1.0, (progress - warmup) / (1 - warmup))
    return peak * 0.5 * (1 + math.cos(math.pi * part))


def size_at(progress: float, sizes: list[tuple[float, int]]) -> int:
    """Return the input size: ``sizes`` holds (progress from which it is used, size)."""
    return [size for start, size in sizes if progress >= start][-1]


class Clock:
    """Counts the seconds of training without pauses.

    A step that takes far longer than usual (a stopped process, a sleeping laptop) counts as a few.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self._typical: float | None = None
        self._last = time.monotonic()

    def tick(self, *, usual: bool = True) -> float:
        """Count the time since the last tick; return all counted seconds.

        Args:
            usual: False after work that is no step (validation): it counts in full.
        """
        now = time.monotonic()
        passed, self._last = now - self._last, now
        if not usual:
            self.seconds += passed
            return self.seconds
        if self._typical is None:
            self._typical = passed
        counted = min(passed, 4 * self._typical + 2)
        self._typical += 0.05 * (counted - self._typical)
        self.seconds += counted
        return self.seconds


# --- checkpoints --------------------------------------------------------------------------------


def save_npz(path: Path, arrays: dict[str, np.ndarray], facts: dict) -> None:
    """Write arrays and facts so that a kill at any moment leaves a whole file under ``path``."""
    part = path.with_suffix(".part")
    try:
        with part.open("wb") as file:
            np.savez(file, facts=np.array(json.dumps(facts)), **arrays)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        part.unlink(missing_ok=True)
        need = sum(array.nbytes for array in arrays.values())
        raise CourseError(
            f"The checkpoint cannot be written: {path}.",
            cause=f"{error.strerror or error}; it needs {need / 1e6:.0f} MB.",
            next_step="free some disk; the same command continues from the last checkpoint.",
        ) from error
    if path.exists():
        os.replace(path, path.with_name(f"previous-{path.name}"))
    os.replace(part, path)


def load_npz(path: Path) -> tuple[dict[str, np.ndarray], dict] | None:
    """Return (arrays, facts) of the newest readable checkpoint, or None where there is none."""
    for candidate in (path, path.with_name(f"previous-{path.name}")):
        try:
            with np.load(candidate, allow_pickle=False) as stored:
                arrays = {key: stored[key] for key in stored.files}
            return arrays, json.loads(str(arrays.pop("facts")))
        except FileNotFoundError:
            continue
        except Exception as error:  # zipfile, zlib and numpy raise many kinds for a cut-off file
            print(f"{candidate} is damaged ({error}); trying the one before it")
    return None


# --- training -----------------------------------------------------------------------------------


class Run:
    """One training run: its state, and how it is saved, continued and measured."""

    def __init__(self, args, data: dict[str, np.ndarray]) -> None:
        self.args, self.data = args, data
        if len(data["y_train"]) < args.batch:
            raise CourseError(
                f"There are fewer photographs to train than one batch holds: {args.data}.",
                cause=f"Found {len(data['y_train']):,}, a batch is {args.batch}.",
                next_step="give more photographs, or a smaller --batch.",
            )
        self.classes = int(data["y_train"].max()) + 1
        self.feed = Feed(
            data["x_train"],
            data["y_train"],
            classes=self.classes,
            batch=args.batch,
            seed=args.seed,
            mixup=args.mixup,
        )
        self.step, self.seconds, self.size, self.history = 0, 0.0, 0, []
        self.base = self.model = self.judge = None
        self.file = args.out / "checkpoint.npz"

    @property
    def progress(self) -> float:
        if self.args.minutes:
            return self.seconds / (60 * self.args.minutes)
        return self.step / round(self.args.epochs * self.feed.steps_per_epoch)

    def begin(self) -> None:
        """Continue from the checkpoint if there is one; else start as ``--start`` says."""
        saved = load_npz(self.file)
        facts = saved[1] if saved else {}
        settings = self.settings()
        other = [k for k in FIXED if saved and facts["settings"][k] != settings[k]]
        if other:
            raise SystemExit(
                f"{self.file} is of a run with another {', '.join(other)}: choose another --out, "
                "or give the same settings to continue."
            )
        self.step, self.seconds = facts.get("step", 0), facts.get("seconds", 0.0)
        self.history = facts.get("history", [])
        self.resize(size_at(self.progress, self.args.sizes))
        if saved:
            self.restore(saved[0])
            print(f"continuing at step {self.step} ({self.progress:.1%})", flush=True)
        elif self.args.start:
            set_named(self.base, self.model, read_start(self.args.net, self.args.start))
        elif self.args.net == "ResNet50":
            quiet_residuals(self.base)

    def resize(self, size: int) -> None:
        """Build the model for another input size; weights and optimizer stay."""
        kept = self.state() if self.model else None
        self.base, self.model = build(self.args, size, self.classes)
        self.size = size
        if kept:
            self.restore(kept)

    def state(self) -> dict[str, np.ndarray]:
        from keras import ops

        variables = self.model.optimizer.variables
        optimizer = {f"optimizer/{i:04d}": ops.convert_to_numpy(v) for i, v in enumerate(variables)}
        return {**named(self.base, self.model), **optimizer}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        weights = {k: v for k, v in arrays.items() if not k.startswith("optimizer/")}
        set_named(self.base, self.model, weights)
        for i, variable in enumerate(self.model.optimizer.variables):
            variable.assign(arrays[f"optimizer/{i:04d}"])

    def save(self) -> None:
        save_npz(self.file, self.state(), self.facts())

    def settings(self) -> dict:
        plain = (str, int, float, list, type(None))
        return {
            k: v if isinstance(v, plain) else str(v)
            for k, v in vars(self.args).items()
            if k not in ("data", "out", "start", "every")
        }

    def facts(self) -> dict:
        """What the card beside the packed weights will say, and what a resumed run needs."""
        args = self.args
        last = self.history[-1] if self.history else {}
        return {
            "network": args.net,
            "data": f"{len(self.data['y_train']):,} training photographs of {self.classes} classes, "
            f"{len(self.data['y_val']):,} for validation ({args.data_name})",
            "input_size": args.sizes[-1][1],
            "preprocessing": f"keras.applications.{PREPROCESSING[args.net]}.preprocess_input",
            "start": args.start_name or "random weights",
            "recipe": recipe(args),
            "epochs": round(self.step / self.feed.steps_per_epoch, 2),
            "seconds": round(self.seconds),
            "device": device(),
            "versions": versions(),
            "tiny_imagenet_val_top1_percent": round(100 * last.get("val_top1", 0.0), 2),
            "step": self.step,
            "settings": self.settings(),
            "history": self.history,
        }

    def validate(self) -> tuple[float, float]:
        """Return top-1 (0-1) and mean cross-entropy on the validation pictures at the last size."""
        size = self.args.sizes[-1][1]
        model = self.model
        if size != self.size:
            self.judge = self.judge or build(self.args, size, self.classes)
            set_named(*self.judge, named(self.base, self.model))
            model = self.judge[1]
        images = self.data["x_val"]
        if images.shape[1] != size:
            images = shrunk(images, size)
        logits = model.predict(images, batch_size=250, verbose=0).astype(np.float64)
        labels = self.data["y_val"]
        logits -= logits.max(1, keepdims=True)
        loss = np.log(np.exp(logits).sum(1)) - logits[np.arange(len(labels)), labels]
        return float((logits.argmax(1) == labels).mean()), float(loss.mean())

    def train(self) -> None:
        """Train to the end of the schedule, or until SIGTERM; both leave a checkpoint."""
        stopping: list[int] = []
        before = signal.signal(signal.SIGTERM, lambda *_: stopping.append(1))
        try:
            self._steps(stopping)
        finally:
            signal.signal(signal.SIGTERM, before)
        if stopping:
            self.save()
            raise SystemExit("stopped; the same command continues")
        self.finish()

    def _steps(self, stopping: list[int]) -> None:
        clock, saved_at, shown_at = Clock(self.seconds), time.monotonic(), time.monotonic()
        marker = (self.step, self.seconds)
        while self.progress < 1 and not stopping:
            size = size_at(self.progress, self.args.sizes)
            if size != self.size:
                self.resize(size)
            rate = rate_at(self.progress, self.args.rate, self.args.warmup)
            self.model.optimizer.learning_rate = rate
            loss = self.model.train_on_batch(*self.feed(self.step, size), return_dict=True)["loss"]
            if not math.isfinite(float(loss)):
                raise SystemExit(f"step {self.step}: the loss is {loss}; try a smaller --rate")
            self.step += 1
            self.seconds = clock.tick()
            if time.monotonic() - shown_at > LOG_SECONDS:
                shown_at = time.monotonic()
                print(self.line(rate, float(loss), marker), flush=True)
                marker = (self.step, self.seconds)
            if self.step % self.feed.steps_per_epoch == 0:
                self.end_epoch(rate, float(loss))
                self.seconds = clock.tick(usual=False)
            if time.monotonic() - saved_at > self.args.every:
                self.save()
                saved_at = time.monotonic()

    def line(self, rate: float, loss: float, marker: tuple[int, float]) -> str:
        spent = max(1e-9, self.seconds - marker[1])
        speed = (self.step - marker[0]) * self.args.batch / spent
        left = self.seconds * (1 / max(self.progress, 1e-6) - 1)
        if self.args.minutes:
            left = 60 * self.args.minutes - self.seconds
        return (
            f"{self.progress:6.1%}  epoch {self.step / self.feed.steps_per_epoch:6.2f}  "
            f"{self.size} px  rate {rate:.4f}  loss {loss:.3f}  {speed:.0f} pictures/s  "
            f"{left / 60:.0f} min left"
        )

    def end_epoch(self, rate: float, loss: float | None) -> None:
        """Judge, and add a line to the log; no loss where the schedule ended inside an epoch."""
        top1, val_loss = self.validate()
        entry = {
            "epoch": round(self.step / self.feed.steps_per_epoch, 2),
            "size": self.size,
            "rate": round(rate, 5),
            "loss": finite(loss),
            "val_top1": round(top1, 4),
            "val_loss": finite(val_loss),
            "seconds": round(self.seconds),
        }
        self.history.append(entry)
        at = time.strftime("%Y-%m-%d %H:%M:%S")
        text = json.dumps({**entry, "step": self.step, "at": at}, allow_nan=False)
        with (self.args.out / "log.jsonl").open("a") as file:
            file.write(text + "\n")
        print(text, flush=True)
        self.model.reset_metrics()

    def finish(self) -> None:
        if (self.args.out / "final.npz").exists():
            print(f"was done before: {self.args.out / 'final.npz'}")
            return
        if self.step % self.feed.steps_per_epoch:
            self.end_epoch(0.0, None)
        self.save()
        save_npz(self.args.out / "final.npz", named(self.base, self.model), self.facts())
        print(f"done: {self.args.out / 'final.npz'}", flush=True)


def finite(value: float | None) -> float | None:
    """Return a number to four digits, or None (JSON's null) for what JSON cannot hold."""
    return None if value is None or not math.isfinite(value) else round(value, 4)


def recipe(args) -> str:
    """Return the recipe in one sentence, for the card."""
    sizes = ", ".join(f"{size} px from {start:.0%}" for start, size in args.sizes)
    kind = "SGD, Nesterov momentum 0.9" if args.optimizer == "sgd" else "AdamW"
    return (
        f"{kind}, batch {args.batch}, peak rate {args.rate}, warm-up {args.warmup:.0%}, cosine to 0, "
        f"weight decay {args.weight_decay}, gradient norm limit {args.clip or 'none'}, label "
        f"smoothing {args.smoothing}, mixup {args.mixup}, flips, random cuts, input {sizes}, "
        f"{args.precision}"
    )


def versions() -> str:
    """Return the versions that the result depends on, as one line; the backend's among them."""
    import keras

    packages = ("keras", keras.backend.backend(), "numpy")
    found = [f"{package} {metadata.version(package)}" for package in packages]
    return "; ".join([f"python {platform.python_version()}", *found])


def device() -> str:
    """Return what computed: the GPU's name, or the processor and how many cores of it."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        if jax.default_backend() != "cpu":
            return jax.devices()[0].device_kind
    if keras.backend.backend() == "torch":
        import torch

        if torch.cuda.is_available():
            return torch.cuda.get_device_name()
    if hasattr(os, "sched_getaffinity") and not on_accelerator():
        return f"{device_name().rsplit(',', 1)[0]}, {len(os.sched_getaffinity(0))} core(s)"
    return device_name()


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """Return the settings of a run; what is not given comes from the network's recipe.

    Raises:
        CourseError: network or data are not named, or a setting is not to be understood.
    """
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n")[0],
        usage="pretrain.py --net NET --data DATA [--minutes M | --epochs E] [more: see --help]",
    )
    add = parser.add_argument
    add("--net", help=" or ".join(RECIPES))
    add("--data", type=Path)
    add("--data-name", default="Tiny ImageNet, 64x64", help="how the card calls the data")
    add("--out", type=Path, help="folder of the run; default build/pretrain/NET")
    add("--start", type=Path, help="weight file, starter .npz or checkpoint to start from")
    add("--start-name", default="", help="how the card calls the start")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--epochs", type=float, help="schedule by steps: exact resume")
    length.add_argument("--minutes", type=float, help=f"schedule by time, default {MINUTES:g}; no pauses")
    add("--sizes", help="input size by progress, such as 0:48,0.55:64")
    add("--batch", type=int, default=128)
    add("--optimizer", choices=["sgd", "adamw"])
    add("--rate", type=float, help="peak learning rate")
    add("--warmup", type=float, default=0.03, help="share of the schedule")
    add("--weight-decay", type=float, help="times the learning rate, each step")
    add("--clip", type=float, help="limit of the gradient's norm; 0: none")
    add("--smoothing", type=float, help="label smoothing")
    add("--mixup", type=float, default=0.0, help="alpha of mixup; 0: none")
    add("--precision", default="auto", help="auto, float32 or mixed_bfloat16")
    add("--threads", type=int, default=0, help="threads of TensorFlow; 0: all")
    add("--seed", type=int, default=0)
    add("--every", type=float, default=240, help="seconds between checkpoints")
    return completed(parser.parse_args(argv))


def completed(args: argparse.Namespace) -> argparse.Namespace:
    """Fill in the recipe of the network, and make the sizes numbers."""
    if args.net not in RECIPES:
        raise CourseError(
            f"There is no recipe for the network {args.net!r}." if args.net else "No network was named.",
            cause=f"Expected one of: {', '.join(RECIPES)}.",
            next_step="for example: make pretrain NET=MobileNetV2 DATA=../shared/data",
        )
    if args.data is None:
        raise CourseError("No photographs were named.", next_step=GIVE)
    for name, value in RECIPES[args.net].items():
        if getattr(args, name) is None:
            setattr(args, name, value)
    if args.epochs is None and args.minutes is None:
        args.minutes = MINUTES
    args.out = args.out or OUT / args.net
    args.sizes = read_sizes(args.sizes)
    if args.start and not args.start_name:
        args.start_name = args.start.name
    return args


def read_sizes(text: str) -> list[tuple[float, int]]:
    """Return (progress from which it is used, input size in pixels) from text like ``0:48,0.6:64``."""
    try:
        sizes = [(float(start), int(size)) for start, size in (pair.split(":") for pair in text.split(","))]
    except ValueError:
        sizes = []
    starts = [start for start, _ in sizes]
    if not sizes or starts[0] != 0 or starts != sorted(starts) or min(size for _, size in sizes) < 8:
        raise CourseError(
            f"The input sizes are not to be understood: {text!r}.",
            cause="Expected progress:pixels, from progress 0 on, rising.",
            next_step="for example: --sizes 0:48,0.6:64",
        )
    return sizes


def precision_for(net: str) -> str:
    """Return the number format that is fastest: half precision where the machine computes in it.

    On a CPU with AVX512_BF16 ResNet50 gains half again, MobileNetV2 loses a third.
    """
    if on_accelerator():
        return "mixed_bfloat16"
    cpuinfo = Path("/proc/cpuinfo")
    has_bfloat16 = cpuinfo.exists() and "bf16" in cpuinfo.read_text()
    return "mixed_bfloat16" if net == "ResNet50" and has_bfloat16 else "float32"


def main(argv: list[str] | None = None) -> None:
    try:
        args = parse(argv)
        data = load_data(args.data)
        import_keras_quietly()
        train(args, data)
    except CourseError as error:
        raise SystemExit(str(error)) from error


def train(args: argparse.Namespace, data: dict[str, np.ndarray]) -> None:
    """Begin or continue the run that the settings name, and train it to its end."""
    import keras

    if keras.backend.backend() == "tensorflow" and args.threads:
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(args.threads)
        tf.config.threading.set_inter_op_parallelism_threads(args.threads)
    if args.precision == "auto":
        args.precision = precision_for(args.net)
    keras.utils.set_random_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    run = Run(args, data)
    run.begin()
    run.train()


if __name__ == "__main__":
    main()
