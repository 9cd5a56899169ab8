"""Weights that a backbone starts from: ImageNet's, those bundled with the course, a file, or none.

ImageNet's are downloaded and checked by their digest. Where they cannot be had, the bundled ones take their
place, which is told. Which weights a path holds is known by its content: ``weights_label``.

The bundled weights lie in ``data/weights`` in a compact form: kernels as whole numbers of 8 bits
with one scale for each output channel, everything else as it was. They are unpacked once, into the
cache, as an HDF5 weight file that ``keras.applications`` loads on any Keras 3.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from course_utils.errors import CourseError, first_line
from course_utils.system.disk import check_disk
from course_utils.system.paths import BUNDLED_WEIGHTS, PROJECT, cache_folder
from course_utils.system.whole_file import replacing

if TYPE_CHECKING:
    from keras import KerasTensor

WORDS = ("imagenet", "bundled", "none")
ENDINGS = (".h5", ".hdf5", ".npz")
PATIENCE_SECONDS = 60.0  # without progress, until the bundled weights take the place of ImageNet's
FALLBACK_BANNER = "*** ImageNet weights of {name} cannot be had: using the bundled ones, which are weaker ***"
SCALE = "|scale"  # "Conv1/kernel|scale" holds the scales of the compact array "Conv1/kernel"

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

# Content of known copies of ImageNet's weights -> what records note of it.
COPIES = {"4bf2da1e5898505b3932f69ff8a49906691cd3593b2af01d71a04028d7d77122": "8-bit copy"}

# Of ImageNet's pixels, as in the file of EfficientNetB0: 255 times the mean, root of the standard deviation.
EFFICIENTNET_MEAN = 255 * np.array([0.485, 0.456, 0.406], "float32")
EFFICIENTNET_SPREAD = np.sqrt(np.array([0.229, 0.224, 0.225], "float32"))

_instead: dict[str, str] = {}  # network -> bundled file: a process tries ImageNet's once, and mixes nothing


def weights_path(name: str, *, source: str | Path) -> str | None:
    """Return what ``keras.applications.<name>(include_top=False, weights=…)`` is to be given.

    Args:
        name: ``"MobileNetV2"`` or ``"ResNet50"``; or one of ``mirrors.MORE_WEIGHTS``, for which there are
            ImageNet's weights only, by ``"imagenet"``.
        source: ``"imagenet"`` (downloaded once, checked by their digest at each use),
            ``"bundled"`` (come with the course), ``"none"`` (random start), or the path of a
            weight file without its classifier: ``.h5``, ``.weights.h5``, or ``.npz`` with arrays
            ``w000``, ``w001`` … in the order of ``get_weights()``. A relative path is looked for in
            the current folder, then in the project. A file serves one network: for the other one,
            the bundled weights are returned, which is told.

    Returns:
        The path of a checked file, or None for ``"none"``. If ImageNet's weights cannot be had,
        the path of the bundled ones, with a banner; all of this process then uses those.
        For MobileNetV2, ImageNet's are those trained at 224 pixels, for every input size, so that
        sizes are compared on the same weights (Keras itself changes the file with the size).

    Raises:
        CourseError: unknown name or word; a file that is missing, damaged, or of neither network. For a
            network without bundled weights also: any source but ``"none"`` and ``"imagenet"``, and
            ImageNet's weights that cannot be had.
    """
    if name not in NETWORKS:
        return _more_weights(name, source)
    if _names_file(source):
        return _checked_file(name, Path(source))
    if str(source) == "bundled":
        return _unpacked(name)
    return _imagenet(name) if str(source) == "imagenet" else None


def weights_label(path: str | Path | None) -> str:
    """Return the word that records use: ``"imagenet"``, ``"bundled"``, ``"none"`` or ``"file"``.

    The content of the file decides, not its name. ``path`` is what ``weights_path`` returned.
    """
    from course_utils.system.download import mirrors
    from course_utils.system.download.transfer import is_complete

    if path is None:
        return "none"
    path = Path(path)
    content, size = _content_of(path), path.stat().st_size
    originals = [file for file in mirrors.WEIGHTS.values() if file.size == size]
    originals += [file for file in mirrors.MORE_WEIGHTS.values() if file.name == path.name]  # of unknown size
    if content in COPIES or any(is_complete(path, file) for file in originals):
        return "imagenet"
    is_bundled = any(content == read_card(name, BUNDLED_WEIGHTS)["content_sha256"] for name in NETWORKS)
    return "bundled" if is_bundled else "file"


def weights_note(path: str | Path | None) -> str:
    """Return what records note beside the label, for example ``"8-bit copy"``; most often nothing."""
    return COPIES.get(_content_of(Path(path)), "") if path else ""


def efficientnet_pixels(pixels: KerasTensor) -> KerasTensor:
    """Return the pixels that EfficientNetB0 is to be given if its weights come from a file.

    Told ``weights="imagenet"``, Keras divides the normalised pixels once more, by the root of the standard
    deviation. Told the path of the same file, it leaves this out, and all pictures have half of their
    contrast. Here they get it before.

    Args:
        pixels: float (n, height, width, 3), 0-255, an array or a tensor of Keras.

    Returns:
        The same shape; below 0 and above 255, too.
    """
    return (pixels - EFFICIENTNET_MEAN) / EFFICIENTNET_SPREAD + EFFICIENTNET_MEAN


def check_weights(source: str | Path) -> None:
    """Refuse a source for ``weights_path`` that is no known word, and a weight file that is not there.

    Raises:
        CourseError: the source is unknown. What the file holds is not looked at.
    """
    if _names_file(source):
        _weight_file(Path(source))


def _names_file(source: str | Path) -> bool:
    text = str(source)
    if text in WORDS:
        return False
    if isinstance(source, Path) or "/" in text or "\\" in text or Path(text).suffix:
        return True
    raise CourseError(
        f"Unknown source of weights: {text!r}.",
        cause=f"Expected one of: {', '.join(WORDS)}, or the path of a weight file (.h5, .npz).",
        next_step="correct WEIGHTS in the parameters cell or on the command line.",
    )


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
        keys = [key for key in stored.files if not key.endswith(SCALE)]
        return {key: _restored(stored, key) for key in keys}


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


_RESTORE = "restore the folder data/weights (git checkout -- data/weights), or set WEIGHTS='none'."


def _imagenet(name: str) -> str:
    """Return a checked file of ImageNet's weights, or of the bundled ones if there is none to be had."""
    from course_utils.system.download import mirrors

    if name in _instead:
        return _instead[name]
    mirrors.locations()  # a wrong COURSE_MIRROR is to be corrected, not fallen back from
    steps: list[tuple[str, str]] = []
    try:
        path = mirrors.fetch(
            mirrors.WEIGHTS[name],
            mirrors.weights_folder(),
            patience=PATIENCE_SECONDS,
            on_step=lambda place, outcome: steps.append((place, outcome)),
        )
    except CourseError as error:
        _instead[name] = _unpacked(name)
        print(_fallback_message(name, steps, error))
        return _instead[name]
    return str(path)


def _more_weights(name: str, source: str | Path) -> str | None:
    """Return a checked file of ImageNet's weights of a network that has no bundled ones."""
    from course_utils.system.download import mirrors

    if name not in mirrors.MORE_WEIGHTS:
        raise CourseError(
            f"There are no weights for the network {name!r}.",
            cause=f"Expected one of: {', '.join([*NETWORKS, *mirrors.MORE_WEIGHTS])}.",
            next_step="correct the name, capitals included.",
        )
    if _names_file(source) or str(source) == "bundled":
        raise CourseError(
            f"There are no bundled weights of {name}.",
            cause=f"The course carries those of {' and '.join(NETWORKS)}.",
            next_step="set WEIGHTS to imagenet, which downloads, or take one of these two networks.",
        )
    if str(source) == "none":
        return None
    file, folder = mirrors.MORE_WEIGHTS[name], mirrors.weights_folder()
    return str(mirrors.fetch(file, folder, patience=PATIENCE_SECONDS))


def _fallback_message(name: str, steps: list[tuple[str, str]], error: CourseError) -> str:
    tried = "; ".join(f"{place}: {outcome}" for place, outcome in steps if place != "cache")
    return "\n".join(
        [
            FALLBACK_BANNER.format(name=name),
            f"Why: {tried or ' '.join(str(error).splitlines()[:2]).rstrip('.')}.",
            'The lesson goes on, and its records say "bundled", not "imagenet".',
            "Next: for ImageNet's, run again with network, or with COURSE_MIRROR or a folder of make fetch.",
        ]
    )


def _unpacked(name: str) -> str:
    """Return the unpacked file of bundled weights."""
    card = read_card(name, BUNDLED_WEIGHTS)
    return _kept(name, card["content_sha256"], lambda: _bundled(card))


def _bundled(card: dict) -> Arrays:
    return read_compact(_compact_file(card["file"]), card["sha256"])


def _compact_file(file: str) -> Path:
    """Return the bundled file, of the course or beside the notebook: a notebook alone may not carry it.

    Raises:
        CourseError: it is in neither place.
    """
    for place in (BUNDLED_WEIGHTS, Path()):
        if (place / file).is_file():
            return place / file
    raise CourseError(
        f"The bundled weights are not here: {file}.",
        cause=f"Looked for it in {BUNDLED_WEIGHTS} and in {Path().absolute()}.",
        next_step=f"put {file} (data/weights in course.zip and in the project) beside this notebook, or set "
        "WEIGHTS to imagenet, which downloads.",
    )


def _kept(name: str, digest: str, make: Callable[[], Arrays]) -> str:
    """Return the file of the cache with this content; made, or made again if it is damaged, which is told."""
    path = cache_folder() / "weights" / f"{name}-{digest[:12]}.h5"
    is_there = path.exists()
    if not is_there or _content_of(path) != digest:
        if is_there:
            print(f"The unpacked weights were damaged and are made again: {path}")
        write_weight_file(path, make())
    return str(path)


def _content_of(path: Path) -> str:
    """Digest of an unpacked file's content; an empty text if the file cannot be read."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            layers = {layer: file[layer].attrs["weight_names"] for layer in file.attrs["layer_names"]}
            names = [(layer, str(key)) for layer, keys in layers.items() for key in keys]
            return content_digest({key: file[layer][key][()] for layer, key in names})
    except (OSError, RuntimeError, KeyError):
        return ""


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


def _restored(stored, key: str) -> np.ndarray:
    array = stored[key].astype(np.float32)
    return array * stored[key + SCALE] if key + SCALE in stored.files else array


def _weight_file(source: Path) -> Path:
    wanted = source.expanduser()
    path = next((place for place in (wanted.absolute(), PROJECT / wanted) if place.is_file()), None)
    if path is None:
        raise CourseError(
            f"The weight file does not exist: {wanted}.",
            cause=f"Looked for a file at {wanted.absolute()}.",
            next_step="correct the path, or set WEIGHTS to imagenet, bundled or none.",
        )
    if path.suffix not in ENDINGS:
        raise CourseError(
            f"This is not a weight file: {path}.",
            cause=f"Expected a file that ends in .h5, .weights.h5 or .npz, found {path.name!r}.",
            next_step="save the base by base.save_weights('name.weights.h5') and give that file.",
        )
    return path


def _checked_file(name: str, source: Path) -> str:
    path = _weight_file(source)
    arrays = _arrays_in_order(path) if path.suffix == ".npz" else read_weight_file(path)
    shapes = [array.shape for array in arrays.values()]
    digest = shapes_digest(shapes)
    owner = next((network for network, known in NETWORKS.items() if known.shapes == digest), None)
    if owner not in (None, name):
        print(f"WEIGHTS is a file of {owner}, so {name} starts from the bundled weights: {path.name}")
        return _unpacked(name)
    if owner is None:
        numbers = sum(int(np.prod(shape)) for shape in shapes)
        raise CourseError(
            f"The weight file is not of {name} without classifier: {path}.",
            cause=f"Expected {NETWORKS[name].arrays} arrays with {NETWORKS[name].numbers:,} numbers, "
            f"found {len(shapes)} with {numbers:,}, or of other shapes.",
            next_step=f"give a file of {name}(include_top=False), or another source of weights.",
        )
    if path.suffix == ".npz":
        return _named_and_kept(name, path, list(arrays.values()))
    _check_ending(path)
    return str(path)


def _arrays_in_order(path: Path) -> Arrays:
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


def _named_and_kept(name: str, path: Path, in_order: list[np.ndarray]) -> str:
    """Return a file of the cache that holds arrays in order under the names of the bundled weights."""
    expected = _bundled(read_card(name, BUNDLED_WEIGHTS))
    for place, (key, array) in enumerate(expected.items()):
        if in_order[place].shape != array.shape:
            raise CourseError(
                f"The arrays of the weight file are not in the order of {name}'s get_weights(): {path}.",
                cause=f"Expected {key} {array.shape} at w{place:03d}, found {in_order[place].shape}.",
                next_step=f"store the list that {name}(include_top=False).get_weights() returns.",
            )
    arrays = dict(zip(expected, in_order, strict=True))
    return _kept(name, content_digest(arrays), lambda: arrays)


def _check_ending(path: Path) -> None:
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
