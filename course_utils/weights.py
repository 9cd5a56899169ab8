"""Weights that a backbone starts from: ImageNet's, those bundled with the course, a file, or none.

ImageNet's are downloaded and checked by their digest. Where they cannot be had, the bundled ones take their
place, which is told. Which weights a path holds is known by its content: ``weights_label``.

The bundled weights lie in ``data/weights`` in a compact form (``system.weight_files``). They are unpacked
once, into the cache, as a file that ``keras.applications`` loads on any Keras 3.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from course_utils.errors import CourseError
from course_utils.system.paths import BUNDLED_WEIGHTS, PROJECT, cache_folder
from course_utils.system.weight_files import (
    NETWORKS,
    Arrays,
    arrays_in_order,
    check_ending,
    compact_file,
    content_digest,
    content_of,
    read_card,
    read_compact,
    read_weight_file,
    shapes_digest,
    write_weight_file,
)

if TYPE_CHECKING:
    from keras import KerasTensor

WORDS = ("imagenet", "bundled", "none")
ENDINGS = (".h5", ".hdf5", ".npz")
PATIENCE_SECONDS = 60.0  # without progress, until the bundled weights take the place of ImageNet's
FALLBACK_BANNER = "*** ImageNet weights of {name} cannot be had: using the bundled ones, which are weaker ***"

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
    content, size = content_of(path), path.stat().st_size
    originals = [file for file in mirrors.WEIGHTS.values() if file.size == size]
    originals += [file for file in mirrors.MORE_WEIGHTS.values() if file.name == path.name]  # of unknown size
    if content in COPIES or any(is_complete(path, file) for file in originals):
        return "imagenet"
    is_bundled = any(content == read_card(name, BUNDLED_WEIGHTS)["content_sha256"] for name in NETWORKS)
    return "bundled" if is_bundled else "file"


def weights_note(path: str | Path | None) -> str:
    """Return what records note beside the label, for example ``"8-bit copy"``; most often nothing."""
    return COPIES.get(content_of(Path(path)), "") if path else ""


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
    return read_compact(compact_file(card["file"], BUNDLED_WEIGHTS), card["sha256"])


def _kept(name: str, digest: str, make: Callable[[], Arrays]) -> str:
    """Return the file of the cache with this content; made, or made again if it is damaged, which is told."""
    path = cache_folder() / "weights" / f"{name}-{digest[:12]}.h5"
    is_there = path.exists()
    if not is_there or content_of(path) != digest:
        if is_there:
            print(f"The unpacked weights were damaged and are made again: {path}")
        write_weight_file(path, make())
    return str(path)


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
    arrays = arrays_in_order(path) if path.suffix == ".npz" else read_weight_file(path)
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
    check_ending(path)
    return str(path)


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
