"""Train a backbone from photographs: the script that makes the bundled weights.

    python tools/pretrain.py --net MobileNetV2 --data tiny-imagenet.npz --out FOLDER --minutes 90
    python tools/pretrain.py --net ResNet50 --data FOLDER_OF_CLASS_FOLDERS --out FOLDER --epochs 60

DATA is an ``.npz`` (x_train, y_train, x_val, y_val; uint8 RGB), a folder with ``train/<class>/`` and
``val/<class>/``, or a folder with ``tiny-imagenet-*.tar.gz``. Any backend of Keras will do.

The same command continues a run that was killed. With ``--epochs`` the learning rate follows the
steps, and a killed run ends with the very same numbers as one that was not (CPU). With
``--minutes`` it follows the time spent on training: pauses do not count, and the rate is zero at the
end of the budget, however slow the machine was. FOLDER gets ``checkpoint.npz`` (and the one before
it), ``log.jsonl`` (a line an epoch) and in the end ``final.npz`` for ``tools/pack_weights.py``.
"""

from __future__ import annotations

import argparse
import functools
import io
import json
import math
import os
import platform
import signal
import sys
import tarfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import pack_weights

from course_utils.records import device_name

PREPROCESSING = {"MobileNetV2": "mobilenet_v2", "ResNet50": "resnet50"}
SHRINK = 7 / 8  # pictures for a small input are cut from these, or from the originals
SHIFT = 4  # pixels; at full size pictures are shifted by at most this
FIXED = ("net", "batch", "seed", "optimizer", "smoothing", "mixup", "weight_decay", "precision")


# --- data ---------------------------------------------------------------------------------------


def load_data(path: Path) -> dict[str, np.ndarray]:
    """Return x_train, y_train, x_val, y_val: uint8 (n, s, s, 3) and integer labels (n,)."""
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as stored:
            return {key: stored[key] for key in ("x_train", "y_train", "x_val", "y_val")}
    data, names = {}, {}
    for split in ("train", "val"):
        pictures, labels = [], []
        for name, raw in _files(path, split):
            pictures.append(np.asarray(Image.open(io.BytesIO(raw)).convert("RGB")))
            labels.append(names.setdefault(name, len(names)))
        if not pictures:
            raise SystemExit(f"{path}: no {split}/<class>/ folders and no tiny-imagenet-*.tar.gz")
        data[f"x_{split}"], data[f"y_{split}"] = np.stack(pictures), np.array(labels)
    return data


def _files(path: Path, split: str) -> Iterator[tuple[str, bytes]]:
    for archive in sorted(path.glob(f"tiny-imagenet-{split}*.tar.gz")):
        with tarfile.open(archive) as tar:
            for member in tar:
                if member.isfile():
                    yield member.name.split("/")[-2], tar.extractfile(member).read()
    for folder in sorted((path / split).glob("*/")):
        for file in sorted(folder.rglob("*.[jJpP]*[gG]")):
            yield folder.name, file.read_bytes()


def shrunk(images: np.ndarray, size: int) -> np.ndarray:
    """Return uint8 pictures resized to ``size`` (area average)."""
    result = np.empty((len(images), size, size, 3), np.uint8)
    for i, image in enumerate(images):
        result[i] = Image.fromarray(image).resize((size, size), Image.Resampling.BOX)
    return result


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
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as stored:
            if "facts" in stored.files:
                return {k: stored[k] for k in stored.files if "/" in k and "optimizer/" not in k}
    return pack_weights.read_source(net, path)


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
    with part.open("wb") as file:
        np.savez(file, facts=np.array(json.dumps(facts)), **arrays)
        file.flush()
        os.fsync(file.fileno())
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
            if time.monotonic() - shown_at > 30:
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

    def end_epoch(self, rate: float, loss: float) -> None:
        top1, val_loss = self.validate()
        entry = {
            "epoch": round(self.step / self.feed.steps_per_epoch, 2),
            "size": self.size,
            "rate": round(rate, 5),
            "loss": round(loss, 4),
            "val_top1": round(top1, 4),
            "val_loss": round(val_loss, 4),
            "seconds": round(self.seconds),
        }
        self.history.append(entry)
        text = json.dumps({**entry, "step": self.step, "at": time.strftime("%Y-%m-%d %H:%M:%S")})
        with (self.args.out / "log.jsonl").open("a") as file:
            file.write(text + "\n")
        print(text, flush=True)
        self.model.reset_metrics()

    def finish(self) -> None:
        if (self.args.out / "final.npz").exists():
            print(f"was done before: {self.args.out / 'final.npz'}")
            return
        if self.step % self.feed.steps_per_epoch:
            self.end_epoch(0.0, float("nan"))
            self.history[-1]["loss"] = None
        self.save()
        save_npz(self.args.out / "final.npz", named(self.base, self.model), self.facts())
        print(f"done: {self.args.out / 'final.npz'}", flush=True)


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
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    add = parser.add_argument
    add("--net", choices=list(PREPROCESSING), required=True)
    add("--data", type=Path, required=True)
    add("--data-name", default="Tiny ImageNet, 64x64", help="how the card calls the data")
    add("--out", type=Path, required=True)
    add("--start", type=Path, help="weight file, starter .npz or checkpoint to start from")
    add("--start-name", default="", help="how the card calls the start")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--epochs", type=float, help="schedule by steps: exact resume")
    length.add_argument("--minutes", type=float, help="schedule by time, pauses left out")
    add("--sizes", default="0:64", help="input size by progress, such as 0:48,0.55:64")
    add("--batch", type=int, default=128)
    add("--optimizer", choices=["sgd", "adamw"], default="sgd")
    add("--rate", type=float, default=0.1, help="peak learning rate")
    add("--warmup", type=float, default=0.03, help="share of the schedule")
    add("--weight-decay", type=float, default=4e-5, help="times the learning rate, each step")
    add("--clip", type=float, default=0.0, help="limit of the gradient's norm; 0: none")
    add("--smoothing", type=float, default=0.1, help="label smoothing")
    add("--mixup", type=float, default=0.0, help="alpha of mixup; 0: none")
    add("--precision", default="auto", help="auto, float32 or mixed_bfloat16")
    add("--threads", type=int, default=0, help="threads of TensorFlow; 0: all")
    add("--seed", type=int, default=0)
    add("--every", type=float, default=240, help="seconds between checkpoints")
    args = parser.parse_args(argv)
    pairs = [pair.split(":") for pair in args.sizes.split(",")]
    args.sizes = [(float(start), int(size)) for start, size in pairs]
    if args.start and not args.start_name:
        args.start_name = args.start.name
    return args


def main(argv: list[str] | None = None) -> None:
    args = parse(argv)
    import keras

    if keras.backend.backend() == "tensorflow" and args.threads:
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(args.threads)
        tf.config.threading.set_inter_op_parallelism_threads(args.threads)
    if args.precision == "auto":
        # On a CPU with AVX512_BF16 ResNet50 gains half again, MobileNetV2 loses a third.
        pays = args.net == "ResNet50" or on_accelerator()
        args.precision = "mixed_bfloat16" if pays else "float32"
    keras.utils.set_random_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    run = Run(args, load_data(args.data))
    run.begin()
    run.train()


if __name__ == "__main__":
    main()
