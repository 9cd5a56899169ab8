"""Files of weights: the bundled compact form, and the HDF5 and .npz files that hold a network's arrays.

Compact: kernels as whole numbers of 8 bits with one scale for each output channel, everything else as it
was, and a card beside it. What Keras loads is HDF5 with the arrays in the order of ``get_weights()``.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from course_utils.errors import CourseError, first_line
from course_utils.system.disk import check_disk
from course_utils.system.paths import BUNDLED_WEIGHTS
from course_utils.system.whole_file import replacing

SCALE = "|scale"  # "Conv1/kernel|scale" holds the scales of the compact array "Conv1/kernel"
_RESTORE = "restore the folder data/weights (git checkout -- data/weights), or set WEIGHTS='none'."

Arrays = dict[str, np.ndarray]  # "layer/weight" -> float32 array, in the order of get_weights()


@dataclass(frozen=True)
class Network:
    """What every weight file of one network holds: how many arrays and numbers, of which shapes."""

    arrays: int
    numbers: int
    shapes: str  # digest of the sorted shapes


NETWORKS = {
    "MobileNetV2": Network(260, 2_257_984, "7655aab2756c41cb"),
    "ResNet50": Network(318, 23_587_712, "c6efd6a4392957ae"),
}


def read_card(name: str, folder: Path = BUNDLED_WEIGHTS) -> dict:
    """Return the card of bundled weights: data, recipe, accuracy, digests, as a plain dictionary.

    Raises:
        CourseError: the card is missing or is not JSON.
    """
    path = folder / f"{name}.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CourseError(
            f"The card of the bundled weights cannot be read: {path}.",
            cause=first_line(error),
            next_step=_RESTORE,
        ) from error


def compact_file(file: str, folder: Path) -> Path:
    """Return the bundled file, in its folder or beside the notebook: a notebook alone may not carry it.

    Raises:
        CourseError: it is in neither place.
    """
    for place in (folder, Path()):
        if (place / file).is_file():
            return place / file
    raise CourseError(
        f"The bundled weights are not here: {file}.",
        cause=f"Looked for it in {folder} and in {Path().absolute()}.",
        next_step=f"put {file} (data/weights in course.zip and in the project) beside this notebook, or set "
        "WEIGHTS to imagenet, which downloads.",
    )


def read_compact(path: Path, sha256: str) -> Arrays:
    """Return the float32 arrays of a compact file, in the order of ``get_weights()``.

    Args:
        path: ``.npz`` file; int8 array ``k`` times float32 array ``k|scale`` gives the kernel
            ``k``; arrays without a scale are stored as they are.
        sha256: digest that the file must have.

    Raises:
        CourseError: the file is missing, or its digest is another.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CourseError(
            f"The bundled weights cannot be read: {path}.",
            cause=error.strerror or str(error),
            next_step=_RESTORE,
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise CourseError(
            f"The bundled weights are damaged: {path}.",
            cause=f"Expected SHA-256 {sha256[:16]}…, found {found[:16]}… ({len(content):,} bytes).",
            next_step=_RESTORE,
        )
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        return restored(stored)


def restored(packed: Mapping[str, np.ndarray]) -> Arrays:
    """Return the float32 arrays that the compact arrays stand for."""
    return {
        key: array.astype(np.float32) * packed.get(key + SCALE, np.float32(1))
        for key, array in packed.items()
        if not key.endswith(SCALE)
    }


def write_weight_file(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write an HDF5 weight file that ``load_weights`` reads by order on every Keras 3.

    The file is written beside ``path`` and then renamed: it is whole, or it is not there.

    Args:
        path: where to; must end in ``.h5`` (not in ``.weights.h5``, which has another layout).
        arrays: "layer/weight" to array, in the order of ``get_weights()``; written as float32.

    Raises:
        CourseError: the disk is too full.
    """
    import h5py

    path.parent.mkdir(parents=True, exist_ok=True)
    need = sum(array.size for array in arrays.values()) * 4 + 2_000_000
    check_disk(path.parent, need, f"Unpacking the weights to {path}")
    try:
        with replacing(path) as part, h5py.File(part, "w") as file:
            file.attrs["keras_version"] = "3"
            _write_groups(file, arrays)
    except OSError as error:
        raise CourseError(
            f"The weight file cannot be written: {path}.",
            cause=first_line(error),
            next_step="free some disk, or name another cache folder by the variable COURSE_CACHE.",
        ) from error


def read_weight_file(path: Path) -> Arrays:
    """Return every array of an HDF5 weight file by its full name in the file; checked to be finite.

    Raises:
        CourseError: the file is no HDF5 file, is truncated, or holds NaN or infinite numbers.
    """
    import h5py

    arrays: Arrays = {}

    def collect(key: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            arrays[key] = item[()]

    try:
        with h5py.File(path, "r") as file:
            file.visititems(collect)  # does not follow links to other files
    except (OSError, RuntimeError, KeyError) as error:
        raise _damaged(path, first_line(error)) from error
    return {key: _finite(path, key, array) for key, array in arrays.items()}


def arrays_in_order(path: Path) -> Arrays:
    """Return the arrays w000, w001 … of an .npz file as float32."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {key: stored[key] for key in sorted(stored.files)}
    except Exception as error:  # zipfile and numpy pass on what a damaged file makes their parsers raise
        raise _damaged(path, first_line(error)) from error
    wrong = [
        key for place, key in enumerate(arrays) if key != f"w{place:03d}" or arrays[key].dtype.kind != "f"
    ]
    if wrong or not arrays:
        found = f"{wrong[0]!r}, {arrays[wrong[0]].dtype}" if wrong else "none"
        raise CourseError(
            f"This .npz file holds no weights in order: {path}.",
            cause=f"Expected arrays w000, w001 … of float16 or float32, found {found}.",
            next_step="store the list that get_weights() returns under these names.",
        )
    return {key: _finite(path, key, array.astype(np.float32)) for key, array in arrays.items()}


def check_ending(path: Path) -> None:
    """Refuse a file that was renamed: Keras decides by the ending how it reads a file."""
    import h5py

    with h5py.File(path, "r") as file:
        right = ".h5" if "layer_names" in file.attrs else ".weights.h5"
    if path.name.endswith(".weights.h5") != (right == ".weights.h5"):
        stem = path.name.removesuffix(path.suffix).removesuffix(".weights")
        raise CourseError(
            f"The weight file was renamed: {path}.",
            cause=f"Keras goes by the ending, and what is in this file belongs to the ending {right}.",
            next_step=f"rename it to {stem}{right}.",
        )


def content_of(path: Path) -> str:
    """Digest of an unpacked file's content; an empty text if the file cannot be read."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            layers = {layer: file[layer].attrs["weight_names"] for layer in file.attrs["layer_names"]}
            names = [(layer, str(key)) for layer, keys in layers.items() for key in keys]
            return content_digest({key: file[layer][key][()] for layer, key in names})
    except (OSError, RuntimeError, KeyError):
        return ""


def content_digest(arrays: Mapping[str, np.ndarray]) -> str:
    """Return the SHA-256 of all numbers as float32, in order, with the names of the arrays."""
    digest = hashlib.sha256()
    for key, array in arrays.items():
        digest.update(f"{key}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array, dtype="<f4").data)
    return digest.hexdigest()


def shapes_digest(shapes: list[tuple[int, ...]]) -> str:
    """Return the first 16 digits of the SHA-256 of a network's sorted shapes."""
    return hashlib.sha256(repr(sorted(shapes)).encode()).hexdigest()[:16]


def _write_groups(file, arrays: Mapping[str, np.ndarray]) -> None:
    """One group a layer, with the attributes by which Keras finds layers and weights in order."""
    layers: dict[str, list[str]] = {}
    for key in arrays:
        layers.setdefault(key.split("/")[0], []).append(key)
    file.attrs["layer_names"] = list(layers)
    for layer, keys in layers.items():
        group = file.create_group(layer)
        group.attrs["weight_names"] = keys
        for key in keys:
            group.create_dataset(key, data=arrays[key].astype("float32", copy=False))


def _finite(path: Path, key: str, array: np.ndarray) -> np.ndarray:
    if not np.isfinite(array).all():
        raise _damaged(path, f"The array {key} holds numbers that are not finite.")
    return array


def _damaged(path: Path, cause: str) -> CourseError:
    kind = "weight file is damaged" if path.suffix == ".npz" else "weight file is damaged or not an HDF5 file"
    return CourseError(
        f"The {kind}: {path} ({path.stat().st_size:,} bytes).",
        cause=cause,
        next_step="copy or download the file again, or set WEIGHTS to imagenet, bundled or none.",
    )
