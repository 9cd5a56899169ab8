"""Train a network from photographs: the script that makes bundled weights, for a GPU and, slowly, a CPU.

    make pretrain NET=MobileNetV2 DATA=../shared/data
    python -m tools.weights.pretrain --net ResNet50 --data ../shared/data --minutes 9

Keras on JAX. All pictures lie on the device as uint8; they are cut, mirrored and coloured there, and many
steps run in one ``jax.lax.scan``. With --epochs the learning rate follows the steps, with --minutes the time
spent on training, so that a run ends on time on any machine. The same command continues a killed run: --out
holds ``checkpoint.npz`` and in the end ``final.npz`` for ``tools.weights.pack``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from importlib import metadata
from pathlib import Path

import numpy as np

from course_utils.errors import CourseError
from course_utils.system.paths import PROJECT
from course_utils.system.quiet import import_keras_quietly
from course_utils.system.whole_file import replacing
from tools.weights import pack
from tools.weights.photographs import load_data

os.environ["KERAS_BACKEND"] = "jax"
try:
    import jax
except ModuleNotFoundError as error:
    raise SystemExit("Training needs JAX, which is not installed.\nNext: make setup") from error
import jax.numpy as jnp

import_keras_quietly()
import keras  # noqa: E402

from tools.weights.steps import batches, cut, depthwise_by_shifts, rate_at  # noqa: E402

RECIPES = {"MobileNetV2": {"decay": 1.5e-4, "low": 0.35}, "ResNet50": {"decay": 5e-4, "low": 0.25}}
MOMENTUM, NORM_MOMENTUM = 0.9, 0.98  # of SGD; of BatchNormalization, whose averages follow soon
FREE = ("out", "data", "save_every")  # settings that may differ when a run is continued


def build(net: str, size: int, classes: int) -> tuple[keras.Model, keras.Model]:
    """Return the base, and the complete model: float pictures 0-255 to logits of so many classes."""
    base = pack.build(net, size)
    for layer in base.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = NORM_MOMENTUM
            if layer.name.endswith("_3_bn"):  # ResNet50's blocks begin as their short cuts alone
                layer.gamma.assign(jnp.zeros(layer.gamma.shape))
    preprocess_input = getattr(keras.applications, pack.MODULES[net]).preprocess_input
    inputs = keras.Input((size, size, 3))
    head = keras.layers.Dense(classes, kernel_initializer="zeros", dtype="float32", name="head")
    return base, keras.Model(inputs, head(base(preprocess_input(inputs))))


def make_chunk(model: keras.Model, args: argparse.Namespace):
    """Return a function that makes ``args.chunk`` steps of SGD (Nesterov): new state and mean loss."""
    decays = [args.decay if len(v.shape) > 1 else 0.0 for v in model.trainable_variables]  # kernels only

    def loss_of(weights, others, x, y):
        logits, others = model.stateless_call(weights, others, x, training=True)
        return -(y * jax.nn.log_softmax(logits.astype(jnp.float32))).sum(-1).mean(), others

    def chunk(state, images, labels, picked, key, rate):
        def step(state, now):
            weights, others, velocity = state
            places, key = now
            key_cut, key_mix = jax.random.split(key)
            x = jax.vmap(lambda i, k: cut(i, k, args.size, args.low))(
                images[places], jax.random.split(key_cut, args.batch)
            )
            y = jax.nn.one_hot(labels[places], model.output_shape[-1])
            if args.mixup:
                share = jax.random.beta(key_mix, args.mixup, args.mixup)
                x, y = (share * z + (1 - share) * z[::-1] for z in (x, y))
            (loss, others), slopes = jax.value_and_grad(loss_of, has_aux=True)(weights, others, x, y)
            slopes = [g + d * w for g, d, w in zip(slopes, decays, weights, strict=True)]
            velocity = [MOMENTUM * v + g for v, g in zip(velocity, slopes, strict=True)]
            moves = [g + MOMENTUM * v for g, v in zip(slopes, velocity, strict=True)]
            weights = [w - rate * m for w, m in zip(weights, moves, strict=True)]
            return (weights, others, velocity), loss

        state, losses = jax.lax.scan(step, state, (picked, jax.random.split(key, args.chunk)))
        return state, losses.mean()

    return jax.jit(chunk, donate_argnums=0)


def make_judge(model: keras.Model, size: int, images: np.ndarray, labels: np.ndarray):
    """Return a function of a state: the share of these pictures that the model gets right with it."""

    @jax.jit
    def answer(weights, others, x):
        x = jax.image.resize(x.astype(jnp.float32), (len(x), size, size, 3), "linear")
        return model.stateless_call(weights, others, x, training=False)[0].argmax(-1)

    def judge(state) -> float:
        parts = [np.asarray(answer(*state[:2], images[i : i + 1000])) for i in range(0, len(images), 1000)]
        return float((np.concatenate(parts) == labels).mean())

    return judge


def save(path: Path, arrays: dict[str, np.ndarray], facts: dict) -> None:
    """Write arrays and facts, whole or not at all."""
    with replacing(path) as part, part.open("wb") as file:
        np.savez(file, facts=json.dumps(facts, allow_nan=False), **arrays)


def resumed(path: Path, state, facts: dict) -> tuple[list, dict]:
    """Return state and facts of a checkpoint, or what was given if there is none."""
    if not path.exists():
        return state, facts
    with np.load(path, allow_pickle=False) as stored:
        old, now = json.loads(str(stored["facts"])), facts["settings"]
        other = [f"{k} was {v}, now {now[k]}" for k, v in old["settings"].items() if v != now[k]]
        if other:
            raise CourseError(
                f"The run in {path.parent} had other settings.",
                cause="; ".join(other) + ".",
                next_step="give the same settings to continue it, or another --out to begin anew.",
            )
        leaves = [jnp.asarray(stored[f"{i:04d}"]) for i in range(len(jax.tree.leaves(state)))]
    print(f"continuing at step {old['step']:,}", flush=True)
    return jax.tree.unflatten(jax.tree.structure(state), leaves), old


def train(args: argparse.Namespace, data: dict[str, np.ndarray]) -> None:
    """Begin or continue a run, train it to its end, and write ``final.npz``."""
    keras.mixed_precision.set_global_policy(args.precision)
    keras.utils.set_random_seed(args.seed)
    count, settings = len(data["y_train"]), {k: str(v) for k, v in vars(args).items() if k not in FREE}
    batch = args.batch = min(args.batch, count)
    base, model = build(args.net, args.size, int(data["y_train"].max()) + 1)
    groups = model.trainable_variables, model.non_trainable_variables
    weights, others = ([jnp.array(v.value) for v in group] for group in groups)
    state = (weights, others, [jnp.zeros_like(w) for w in weights])
    facts = {"network": args.net, "settings": settings, "step": 0, "seconds": 0.0, "history": []}
    state, facts = resumed(args.out / "checkpoint.npz", state, facts)

    chunk, judge = make_chunk(model, args), make_judge(model, args.size, data["x_val"], data["y_val"])
    images, labels = jnp.asarray(data["x_train"]), jnp.asarray(data["y_train"])
    steps = -(-args.epochs * (count // batch) // args.chunk) * args.chunk if args.epochs else 0
    key, saved, compiled = jax.random.key(args.seed), time.monotonic(), False
    while (progress := facts["step"] / steps if steps else facts["seconds"] / (60 * args.minutes)) < 1:
        start, step, rate = time.monotonic(), facts["step"], rate_at(progress, args.rate, args.warmup)
        picked = batches(args.seed, count, batch, step, args.chunk)
        state, loss = chunk(state, images, labels, picked, jax.random.fold_in(key, step), rate)
        if not np.isfinite(loss):
            raise CourseError(
                f"The loss is not a finite number at step {step:,}, at a rate of {rate:.3g}.",
                cause="The learning rate is too large for this network and batch.",
                next_step="give a smaller --rate and another --out; the last checkpoint is kept.",
            )
        facts["step"] += args.chunk
        facts["epochs"] = round(facts["step"] * batch / count, 2)
        facts["seconds"] += time.monotonic() - start if compiled else 0.0
        compiled = True  # the first chunk of a process compiles, and its time does not count
        if time.monotonic() - saved >= args.save_every:
            line = {"epoch": facts["epochs"], "seconds": round(facts["seconds"]), "size": args.size}
            line |= {"rate": round(rate, 5), "loss": round(float(loss), 4), "val_top1": judge(state)}
            facts["history"].append(line)
            leaves = enumerate(jax.tree.leaves(state))
            save(args.out / "checkpoint.npz", {f"{i:04d}": np.asarray(v) for i, v in leaves}, facts)
            saved = time.monotonic()
            print(f"{progress:.0%} {line}", flush=True)

    for group, values in zip(groups, state[:2], strict=True):
        for variable, value in zip(group, values, strict=True):
            variable.assign(value)
    head = dict(zip(("head/kernel", "head/bias"), model.get_layer("head").get_weights(), strict=True))
    facts = card_facts(args, facts, data) | {pack.TOP1: round(100 * judge(state), 2)}
    save(args.out / "final.npz", pack.named_arrays(base) | head, facts)
    print(f"done: {facts[pack.TOP1]} % of the validation photographs right", flush=True)


def card_facts(args: argparse.Namespace, facts: dict, data: dict) -> dict:
    """Return the facts of a run, and what a card tells beside them."""
    versions = [f"{package} {metadata.version(package)}" for package in ("keras", "jax", "numpy")]
    classes = int(data["y_train"].max()) + 1
    return facts | {
        "start": "random weights",
        "data": f"{len(data['y_train']):,} training photographs of {classes} classes, "
        f"{len(data['y_val']):,} for validation",
        "recipe": f"SGD, Nesterov momentum {MOMENTUM}, batch {args.batch}, peak rate {args.rate}, warm-up "
        f"{args.warmup:.0%}, cosine to 0, weight decay {args.decay}, mixup {args.mixup}, random parts from "
        f"{args.low:.0%} of the area, mirrored, colours changed, input {args.size} px, {args.precision}",
        "device": jax.devices()[0].device_kind,
        "versions": "; ".join([f"python {platform.python_version()}", *versions]),
        "input_size": args.size,
    }


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Return the settings of the command line, completed by the network's recipe."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--net", choices=RECIPES, required=True)
    add("--data", type=Path, required=True, help="photographs: see tools/weights/photographs.py")
    add("--out", type=Path, help="default: build/pretrain/<net>")
    add("--epochs", type=int, default=120, help="the rate follows the steps")
    add("--minutes", type=float, help="instead: the rate follows the time spent")
    add("--batch", type=int, default=512)
    add("--size", type=int, default=64, help="input, pixels")
    add("--chunk", type=int, default=20, help="steps in one call of the device")
    add("--rate", type=float, default=0.4, help="peak learning rate")
    add("--warmup", type=float, default=0.05, help="share of the run in which the rate rises")
    add("--decay", type=float, help="of kernels; default: the network's recipe")
    add("--low", type=float, help="smallest share of the area that is cut; default: the network's recipe")
    add("--mixup", type=float, default=0.0, help="parameter of the beta distribution; 0: off")
    add("--seed", type=int, default=0)
    add("--save-every", type=float, default=60, help="seconds between checkpoints")
    on_cpu = jax.default_backend() == "cpu"
    add("--precision", default="float32" if on_cpu else "mixed_bfloat16")
    args = parser.parse_args(argv)
    args.epochs = None if args.minutes else args.epochs
    args.out = args.out or PROJECT / "build" / "pretrain" / args.net
    for name, value in RECIPES[args.net].items():
        if getattr(args, name) is None:
            setattr(args, name, value)
    return args


def main(argv: list[str] | None = None) -> None:
    """Train what the command line says, or say in words why not."""
    args = parse(argv)
    keras.src.backend.nn.depthwise_conv = depthwise_by_shifts
    args.out.mkdir(parents=True, exist_ok=True)
    if (args.out / "final.npz").exists():
        return print(f"was done before: {args.out / 'final.npz'}")
    try:
        train(args, load_data(args.data))
    except CourseError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
