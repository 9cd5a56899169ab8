"""Pack a network's weights into the compact form of data/weights, with a card beside them.

    python -m tools.weights.pack --net MobileNetV2 --checkpoint build/pretrain/MobileNetV2 \
        --tiny ../shared/data --cifar cifar10.npz
    python -m tools.weights.pack --net MobileNetV2 --weights FILE --head FILE --facts facts.json

The first form packs what ``tools.weights.pretrain`` wrote, the second an ``.npz`` with arrays in the order of
``get_weights()`` (w000, w001 …) or a Keras weight file. ``--cifar`` (x_train, y_train, x_test, y_test)
measures transfer before and after packing, ``--tiny`` (see ``tools.weights.photographs``; needs the head,
of a checkpoint or by ``--head``) top-1. The card keeps it all, with what ``--facts`` says of the training,
and the digests that ``course_utils.weights`` checks.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from course_utils import weights as store
from course_utils.errors import CourseError
from course_utils.system.whole_file import replacing
from tools.weights.photographs import load_data, shrunk

if TYPE_CHECKING:
    import keras

MODULES = {"MobileNetV2": "mobilenet_v2", "ResNet50": "resnet50"}  # in keras.applications: preprocessing
LIMIT_MB = {"MobileNetV2": 5.0, "ResNet50": 26.0}
CLIPS = (
    1.0,
    0.95,
    0.9,
    0.85,
    0.8,
    0.75,
    0.7,
)  # of a channel's largest weight
TOP1 = "tiny_imagenet_val_top1_percent"
LICENCE = (
    "Trained from random weights for this course; the network's code is Keras' (Apache 2.0). "
    "Tiny ImageNet's photographs come from ImageNet, for research and teaching only; "
    "no photograph is contained."
)


def quantise(kernel: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Return int8 values and float32 scales whose product is nearest to the kernel.

    Symmetric, one scale for each index of ``axis`` (the output channel). For each channel the scale
    with the smallest squared error among a few clippings is taken.

    Args:
        kernel: float array of any rank.
        axis: the axis of output channels.

    Returns:
        int8 array of the kernel's shape; float32 scales that broadcast against it.
    """
    others = tuple(i for i in range(kernel.ndim) if i != axis % kernel.ndim)
    largest = np.maximum(np.abs(kernel).max(axis=others, keepdims=True), 1e-12)
    best = None
    for clip in CLIPS:
        scale = (largest * clip / 127).astype(np.float32)
        values = np.clip(np.rint(kernel / scale), -127, 127)
        error = ((values * scale - kernel) ** 2).sum(axis=others, keepdims=True)
        if best is None:
            best = [values, scale, error]
        better = error < best[2]
        new = (values, scale, error)
        best = [np.where(better, a, b) for a, b in zip(new, best, strict=True)]
    return best[0].astype(np.int8), best[1].astype(np.float32)


def compact(arrays: store.Arrays) -> dict[str, np.ndarray]:
    """Return the arrays of the compact file: int8 and scales for kernels, the rest as float32.

    Depthwise kernels (height, width, channels, 1) have their output channels on the third axis.
    """
    packed: dict[str, np.ndarray] = {}
    for key, array in arrays.items():
        if array.ndim < 2:
            packed[key] = array.astype(np.float32)
            continue
        axis = 2 if array.ndim == 4 and array.shape[-1] == 1 else array.ndim - 1
        packed[key], packed[key + store.SCALE] = quantise(array.astype(np.float32), axis)
    return packed


def restored(packed: dict[str, np.ndarray]) -> store.Arrays:
    """Return the float32 arrays that the compact arrays stand for."""
    scales = {key: value for key, value in packed.items() if key.endswith(store.SCALE)}
    return {
        key: value.astype(np.float32) * scales.get(key + store.SCALE, np.float32(1))
        for key, value in packed.items()
        if key not in scales
    }


def build(net: str, size: int, arrays: list[np.ndarray] | None = None) -> keras.Model:
    """Return the pooled base of a network for square pictures, with the given weights."""
    import keras

    base = getattr(keras.applications, net)(
        include_top=False, weights=None, pooling="avg", input_shape=(size, size, 3)
    )
    if arrays is not None:
        base.set_weights(arrays)
    return base


def read_source(net: str, source: str | Path) -> store.Arrays:
    """Return "layer/weight" -> float32 array of the word ``"bundled"``, or of a weight file (.h5 or .npz).

    Raises:
        CourseError: the file is missing, damaged, or of the other network.
    """
    path = store.weights_path(net, source=source)
    if str(source) != "bundled" and store.weights_label(path) == "bundled":
        raise CourseError(
            f"These are no new weights of {net}: {source}.",
            cause="The file is of the other network, or holds the bundled weights.",
            next_step="give a file of this network, or another --net.",
        )
    base = build(net, 64)
    base.load_weights(path)
    return named_arrays(base)


def named_arrays(base) -> store.Arrays:
    """Return "layer/weight" -> array of a network, in the order of ``get_weights()``."""
    return {
        f"{layer.name}/{weight.name}": value
        for layer in base.layers
        for weight, value in zip(layer.weights, layer.get_weights(), strict=True)
    }


def random_arrays(net: str) -> store.Arrays:
    """Return the weights of a fresh network, the same ones each time: the control of transfer."""
    import keras

    keras.utils.set_random_seed(0)
    return {f"{i:03d}": value for i, value in enumerate(build(net, 64).get_weights())}


def features(net: str, size: int, arrays: store.Arrays, images: np.ndarray) -> np.ndarray:
    """Return pooled float32 features (n, channels) of uint8 pictures, resized to ``size``."""
    import keras

    inputs = keras.Input(images.shape[1:], dtype="uint8")
    x = keras.layers.Resizing(size, size)(keras.ops.cast(inputs, "float32"))
    x = getattr(keras.applications, MODULES[net]).preprocess_input(x)
    model = keras.Model(inputs, build(net, size, list(arrays.values()))(x))
    return model.predict(images, batch_size=250, verbose=0)


def transfer(net: str, size: int, arrays: store.Arrays, cifar: dict) -> list[float]:
    """Return three test accuracies of a ridge classifier on frozen features, 50 labels a class."""
    picks = [pick(cifar["y_train"], 50, seed) for seed in range(3)]
    train = features(net, size, arrays, cifar["x_train"][np.concatenate(picks)])
    test = features(net, size, arrays, cifar["x_test"])
    return [
        ridge_score(part, cifar["y_train"][chosen], test, cifar["y_test"])
        for part, chosen in zip(np.split(train, 3), picks, strict=True)
    ]


def ridge_score(
    train: np.ndarray, train_labels: np.ndarray, test: np.ndarray, test_labels: np.ndarray
) -> float:
    """Return the test accuracy (0-1) of a ridge classifier; its penalty is chosen on the training part.

    Args:
        train: float (n, features).
        train_labels: int (n,).
        test: float (m, features).
        test_labels: int (m,).
    """
    from sklearn.linear_model import RidgeClassifierCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    unit = train.std()  # a random network's features are so small that the scaler takes them for 0
    ridge = make_pipeline(StandardScaler(), RidgeClassifierCV(np.logspace(0, 5, 11)))
    ridge.fit(train / unit, train_labels)
    return float(ridge.score(test / unit, test_labels))


def pick(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return the places of ``count`` pictures of each class, chosen by the seed."""
    rng = np.random.default_rng(seed)
    return np.concatenate(
        [rng.choice(np.flatnonzero(labels == label), count, replace=False) for label in range(10)]
    )


def top1(net: str, size: int, arrays: store.Arrays, head: list[np.ndarray], tiny: dict) -> float:
    """Return the share of Tiny ImageNet's validation photographs that base and head get right."""
    images = tiny["x_val"]
    images = images if images.shape[1] <= size else shrunk(images, size)  # as in training
    logits = features(net, size, arrays, images) @ head[0] + head[1]
    return float((logits.argmax(1) == tiny["y_val"]).mean())


def write(net: str, arrays: store.Arrays, facts: dict, folder: Path) -> dict:
    """Write the compact file and its card, each whole or not at all; return the card."""
    packed = compact(arrays)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **packed)
    content = buffer.getvalue()
    if len(content) > LIMIT_MB[net] * 1e6:
        raise SystemExit(f"{net}: {len(content) / 1e6:.1f} MB, the limit is {LIMIT_MB[net]} MB")
    card = {
        "network": net,
        "file": f"{net}.npz",
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "content_sha256": store.content_digest(restored(packed)),
        "form": "int8 with one float32 scale per output channel for kernels, float32 for the rest",
        "licence": LICENCE,
        **facts,
    }
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / card["file"], content)
    _replace(folder / f"{net}.json", (json.dumps(card, indent=2, allow_nan=False) + "\n").encode())
    return card


def _replace(path: Path, content: bytes) -> None:
    with replacing(path) as part:
        part.write_bytes(content)


def measure(
    net: str, size: int, arrays: store.Arrays, head: list[np.ndarray] | None, args: argparse.Namespace
) -> dict[str, dict]:
    """Return accuracies in per cent before and after packing, as far as data is given."""
    after = restored(compact(arrays))
    measured: dict[str, dict] = {}
    if args.tiny and head:
        tiny = load_data(args.tiny, ["val"])
        pair = [100 * top1(net, size, values, head, tiny) for values in (arrays, after)]
        measured[TOP1] = _pair(pair)
    if args.cifar:
        with np.load(args.cifar) as stored:
            cifar = {key: stored[key] for key in stored.files}
        before, packed, random = (
            100 * np.array(transfer(net, size, values, cifar))
            for values in (arrays, after, random_arrays(net))
        )
        measured["cifar10_frozen_50_labels_a_class_percent"] = {
            "what": "test photographs (JPEG copy), pooled features, ridge classifier, 3 seeds",
            **_pair([before.mean(), packed.mean()]),
            "sd": round(float(packed.std(ddof=1)), 2),
            "random_weights": round(float(random.mean()), 2),
        }
    return measured


def _pair(pair: list[float]) -> dict[str, float]:
    return {"before_packing": round(float(pair[0]), 2), "packed": round(float(pair[1]), 2)}


def pack(args: argparse.Namespace) -> dict:
    """Pack the weights that were named, measure what data allows, and return the card."""
    facts = json.loads(args.facts.read_text()) if args.facts else {}
    head = None
    if args.checkpoint:
        arrays, head, trained = read_checkpoint(args.net, args.checkpoint)
        facts = {**trained, **facts}
    else:
        arrays = read_source(args.net, args.weights)
    if args.head:
        with np.load(args.head, allow_pickle=False) as stored:
            head = [stored["kernel"], stored["bias"]]
    size = args.size or facts.get("input_size", 64)
    facts["measured"] = {"size": size, **measure(args.net, size, arrays, head, args)}
    return write(args.net, arrays, facts, args.out)


def main(argv: list[str] | None = None) -> None:
    """Pack what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--net", choices=list(LIMIT_MB), required=True)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--weights", type=Path, help=".npz in get_weights() order, or .h5")
    source.add_argument("--checkpoint", type=Path, help="folder written by tools/weights/pretrain.py")
    parser.add_argument("--head", type=Path, help=".npz with the classifier's kernel and bias, for top-1")
    parser.add_argument("--facts", type=Path, help="JSON object whose entries go into the card")
    parser.add_argument("--tiny", type=Path, help="Tiny ImageNet: .npz, folder, or folder of archives")
    parser.add_argument("--cifar", type=Path, help=".npz with x_train, y_train, x_test, y_test")
    parser.add_argument("--size", type=int, help="input size of the measurements; default: the card's")
    parser.add_argument("--out", type=Path, default=store.BUNDLED_WEIGHTS)
    args = parser.parse_args(argv)
    try:
        card = pack(args)
    except CourseError as error:
        raise SystemExit(str(error)) from error
    short = {key: value for key, value in card.items() if key != "history"}
    print(json.dumps(short, indent=2, ensure_ascii=False))


def read_checkpoint(net: str, folder: Path) -> tuple[store.Arrays, list[np.ndarray], dict]:
    """Return base arrays, head (kernel, bias) and the facts of a folder of tools/weights/pretrain.py."""
    final = folder / "final.npz"
    if not final.exists():
        final = folder / "checkpoint.npz"
        print(f"the run has not ended: packing {final}", file=sys.stderr)
    with np.load(final, allow_pickle=False) as stored:
        skipped = ("facts", "optimizer/")
        values = {key: stored[key] for key in stored.files if not key.startswith(skipped)}
        facts = json.loads(str(stored["facts"]))
    if facts["network"] != net:
        raise SystemExit(f"{final} is a checkpoint of {facts['network']}, not of {net}")
    for inner in ("step", "settings"):  # needed to continue a run, of no use in a card
        facts.pop(inner, None)
    head = [values.pop("head/kernel"), values.pop("head/bias")]
    return values, head, facts


if __name__ == "__main__":
    main()
