"""Features of a base, and projections of them, computed once and kept."""

from __future__ import annotations

import hashlib
import math
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil

from course_utils.errors import CourseError
from course_utils.system.disk import in_words
from course_utils.system.paths import cache_folder
from course_utils.system.whole_file import replacing

if TYPE_CHECKING:
    import keras


def cached_features(
    extractor: keras.Model, images: np.ndarray, *, batch_size: int = 256
) -> tuple[np.ndarray, float]:
    """Return the features of pictures, from the cache where they were computed before.

    The key is a digest of the pictures and of what the extractor answers to two fixed pictures, so other
    weights, another input size or another preprocessing never find each other's features.

    Args:
        extractor: takes uint8 (n, height, width, 3), answers float (n, features).
        images: uint8 (n, height, width, 3).
        batch_size: pictures computed at once.

    Returns:
        float32 (n, features), and the seconds that computing them took, also where they came from the cache.
        A damaged file of the cache is computed and written again.

    Raises:
        CourseError: so many numbers do not fit into the memory.
    """
    path = cache_folder() / "features" / f"{_key(extractor, images)}.npz"
    kept = _kept(path)
    if kept is not None:
        return kept
    few = extractor.predict(images[:3], verbose=0)  # prepares the computation, which is not to be timed
    _check_memory((len(images), *few.shape[1:]))
    start = time.perf_counter()
    features = extractor.predict(images, batch_size=batch_size, verbose=0).astype("float32")
    seconds = time.perf_counter() - start
    _keep(path, features, seconds)
    return features, seconds


def cached_projection(steps: Sequence[object], values: np.ndarray) -> np.ndarray:
    """Return what estimators of scikit-learn make of values, one after the other, or what the cache holds.

    Args:
        steps: with ``fit_transform``, for example ``[PCA(30), TSNE()]``; their settings are part of the key.
        values: float (n, features).

    Returns:
        float (n, dimensions).
    """
    digest = hashlib.sha256(repr([*steps, values.dtype, values.shape]).encode())
    digest.update(np.ascontiguousarray(values))
    path = cache_folder() / "features" / f"{digest.hexdigest()[:32]}.npz"
    kept = _kept(path)
    if kept is not None:
        return kept[0]
    start = time.perf_counter()
    for step in steps:
        values = step.fit_transform(values)
    _keep(path, values, time.perf_counter() - start)
    return values


def _keep(path: Path, features: np.ndarray, seconds: float) -> None:
    path.parent.mkdir(exist_ok=True)
    with replacing(path) as part, part.open("wb") as file:
        np.savez(file, features=features, seconds=seconds)


def _check_memory(shape: tuple[int, ...]) -> None:
    """Refuse an array that is larger than the memory before it is made: the kernel would be killed."""
    need, free = 4 * math.prod(shape), psutil.virtual_memory().available
    if need > free:
        raise CourseError(
            f"{shape[0]:,} features of shape {shape[1:]} in float32 need {in_words(need, 0)} of memory.",
            cause=f"{in_words(free, 0)} are free.",
            next_step="end the extractor with GlobalAveragePooling2D, or let layers inside the model resize "
            "each batch, as lesson 3 does, and give fit the small pictures.",
        )


def _kept(path: Path) -> tuple[np.ndarray, float] | None:
    try:
        with np.load(path, allow_pickle=False) as kept:
            return kept["features"], float(kept["seconds"])
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
        return None


def _key(extractor: keras.Model, images: np.ndarray) -> str:
    import keras

    probe = np.random.default_rng(0).integers(0, 256, (2, *images.shape[1:]), dtype=np.uint8)
    # Called, not by predict, which would first prepare a computation that the cache may make needless.
    digest = hashlib.sha256(keras.ops.convert_to_numpy(extractor(probe, training=False)).tobytes())
    digest.update(repr(images.shape).encode())
    digest.update(np.ascontiguousarray(images))
    return digest.hexdigest()[:32]
