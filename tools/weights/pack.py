"""Pack what ``tools.weights.pretrain`` wrote into the compact form of data/weights, with a card beside it.

    python -m tools.weights.pack --net MobileNetV2 --checkpoint build/pretrain/MobileNetV2 --tiny PHOTOGRAPHS

``--tiny`` (see ``tools.weights.photographs``) measures top-1 before and after packing. The card keeps it,
with the facts of the training and the digests that ``course_utils.weights`` checks. What the packed weights
are worth on CIFAR-10 is measured by ``tools.weights.report``.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from course_utils.errors import CourseError
from course_utils.system.paths import BUNDLED_WEIGHTS
from course_utils.system.weight_files import SCALE, Arrays, content_digest, restored
from course_utils.system.whole_file import write_whole
from tools.weights.photographs import load_data, shrunk

if TYPE_CHECKING:
    import keras

MODULES = {"MobileNetV2": "mobilenet_v2", "ResNet50": "resnet50"}  # in keras.applications: preprocessing
LIMIT_MB = {"MobileNetV2": 5.0, "ResNet50": 26.0}
CLIPS = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7)  # of a channel's largest weight
TOP1 = "tiny_imagenet_val_top1_percent"
OF_A_RUN = ("step", "settings")  # facts that are needed to continue a training, and of no use in a card
LICENCE = (
    "Trained from random weights for this course; the network's code is Keras' (Apache 2.0). "
    "Tiny ImageNet's photographs come from ImageNet, for research and teaching only; "
    "no photograph is contained."
)


def quantise(kernel: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Return int8 values and float32 scales whose product is nearest to the kernel.

    Symmetric, one scale for each index of ``axis`` (the output channel): the one with the smallest squared
    error among a few clippings. The scales broadcast against the values.
    """
    others = tuple(i for i in range(kernel.ndim) if i != axis % kernel.ndim)
    largest = np.maximum(np.abs(kernel).max(axis=others, keepdims=True), 1e-12)
    best_error = np.inf
    best = best_scale = np.zeros(())
    for clip in CLIPS:
        scale = (largest * clip / 127).astype(np.float32)
        values = np.clip(np.rint(kernel / scale), -127, 127)
        error = ((values * scale - kernel) ** 2).sum(axis=others, keepdims=True)
        better = error < best_error
        best, best_scale = np.where(better, values, best), np.where(better, scale, best_scale)
        best_error = np.minimum(error, best_error)
    return best.astype(np.int8), best_scale.astype(np.float32)


def compact(arrays: Arrays) -> dict[str, np.ndarray]:
    """Return the arrays of the compact file: int8 and scales for kernels, the rest as float32.

    Depthwise kernels (height, width, channels, 1) have their output channels on the third axis.
    """
    packed: dict[str, np.ndarray] = {}
    for key, array in arrays.items():
        if array.ndim < 2:
            packed[key] = array.astype(np.float32)
            continue
        axis = 2 if array.ndim == 4 and array.shape[-1] == 1 else array.ndim - 1
        packed[key], packed[key + SCALE] = quantise(array.astype(np.float32), axis)
    return packed


def build(net: str, size: int, weights: str | None = None) -> keras.Model:
    """Return the pooled base of a network for square pictures, random or with the weights of a file."""
    import keras

    network = getattr(keras.applications, net)
    return network(include_top=False, weights=weights, pooling="avg", input_shape=(size, size, 3))


def on_pictures(net: str, base: keras.Model, side: int, *augmenting: keras.Layer) -> keras.Model:
    """Return a model of uint8 pictures (n, side, side, 3): resized, preprocessed, then the base."""
    import keras

    inputs = keras.Input((side, side, 3), dtype="uint8")
    x = keras.ops.cast(inputs, "float32")
    for layer in (*augmenting, keras.layers.Resizing(*base.input_shape[1:3], dtype="float32")):
        x = layer(x)
    preprocessed = getattr(keras.applications, MODULES[net]).preprocess_input(x)
    return keras.Model(inputs, base(preprocessed))


def named_arrays(base: keras.Model) -> Arrays:
    """Return "layer/weight" -> array of a network, in the order of ``get_weights()``."""
    return {
        f"{layer.name}/{weight.name}": value
        for layer in base.layers
        for weight, value in zip(layer.weights, layer.get_weights(), strict=True)
    }


def top1(net: str, size: int, arrays: Arrays, head: list[np.ndarray], tiny: dict) -> float:
    """Return which per cent of Tiny ImageNet's validation photographs base and head get right."""
    images = tiny["x_val"]
    images = images if images.shape[1] <= size else shrunk(images, size)  # as in training
    base = build(net, size)
    base.set_weights(list(arrays.values()))
    features = on_pictures(net, base, images.shape[1]).predict(images, batch_size=250, verbose=0)
    logits = features @ head[0] + head[1]
    return round(100 * float((logits.argmax(1) == tiny["y_val"]).mean()), 2)


def write(net: str, arrays: Arrays, facts: dict, folder: Path) -> dict:
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
        "content_sha256": content_digest(restored(packed)),
        "form": "int8 with one float32 scale per output channel for kernels, float32 for the rest",
        "licence": LICENCE,
        **facts,
    }
    write_whole(folder / card["file"], content)
    write_whole(folder / f"{net}.json", json.dumps(card, indent=2, allow_nan=False) + "\n")
    return card


def measure(net: str, size: int, arrays: Arrays, head: list[np.ndarray], tiny: Path) -> dict:
    """Return top-1 in per cent before and after packing."""
    photographs = load_data(tiny, ["val"])
    forms = {"before_packing": arrays, "packed": restored(compact(arrays))}
    return {TOP1: {form: top1(net, size, values, head, photographs) for form, values in forms.items()}}


def read_checkpoint(net: str, folder: Path) -> tuple[Arrays, list[np.ndarray], dict]:
    """Return base arrays, head (kernel, bias) and the facts of a folder of tools/weights/pretrain.py."""
    final = folder / "final.npz"
    if not final.exists():
        raise SystemExit(
            f"{folder} holds no final.npz.\nNext: let the training end; the same command continues it."
        )
    with np.load(final, allow_pickle=False) as stored:
        values = {key: stored[key] for key in stored.files if key != "facts"}
        facts = json.loads(str(stored["facts"]))
    if facts["network"] != net:
        raise SystemExit(f"{final} is a checkpoint of {facts['network']}, not of {net}")
    head = [values.pop("head/kernel"), values.pop("head/bias")]
    return values, head, {name: fact for name, fact in facts.items() if name not in OF_A_RUN}


def main(argv: list[str] | None = None) -> None:
    """Pack what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--net", choices=list(LIMIT_MB), required=True)
    parser.add_argument("--checkpoint", type=Path, required=True, help="folder of tools/weights/pretrain.py")
    parser.add_argument("--tiny", type=Path, help="Tiny ImageNet: a folder of photographs or of archives")
    parser.add_argument("--out", type=Path, default=BUNDLED_WEIGHTS)
    args = parser.parse_args(argv)
    arrays, head, facts = read_checkpoint(args.net, args.checkpoint)
    size = facts["input_size"]
    try:
        measured = measure(args.net, size, arrays, head, args.tiny) if args.tiny else {}
    except CourseError as error:
        raise SystemExit(str(error)) from error
    card = write(args.net, arrays, {**facts, "measured": {"size": size, **measured}}, args.out)
    short = {key: value for key, value in card.items() if key != "history"}
    print(json.dumps(short, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
