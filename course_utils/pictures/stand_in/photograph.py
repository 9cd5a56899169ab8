"""What a camera adds to finished pictures: light, colour cast, blur and noise."""

from __future__ import annotations

import random

import numpy as np
from numpy.typing import NDArray

from course_utils.pictures.stand_in.sizes import SIZE


def _weather(rng: random.Random) -> tuple[list[float], float, float, NDArray[np.float32]]:
    """Choose gain (3,), offset, blur 0–1 and noise (SIZE, SIZE, 3) of one picture."""
    light = rng.uniform(0.7, 1.25)
    gain = [light * rng.uniform(0.88, 1.12) for _ in range(3)]
    offset = rng.uniform(-18, 28)
    blur = max(0.0, rng.uniform(-0.8, 0.3))
    grain = np.random.default_rng(rng.getrandbits(64)).standard_normal((SIZE, SIZE, 3), np.float32)
    return gain, offset, blur, grain * np.float32(rng.uniform(1, 4))


def photograph(pictures: NDArray[np.uint8], rngs: list[random.Random]) -> NDArray[np.uint8]:
    """Light, colour cast, blur and noise on a batch (n, SIZE, SIZE, 3)."""
    gain, offset, blur, noise = (
        np.array(values, np.float32) for values in zip(*map(_weather, rngs), strict=True)
    )
    values = pictures.astype(np.float32)
    soft = np.pad(values, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    soft = (soft[:, :-2] + 2 * soft[:, 1:-1] + soft[:, 2:]) / 4
    soft = (soft[:, :, :-2] + 2 * soft[:, :, 1:-1] + soft[:, :, 2:]) / 4
    values += blur[:, None, None, None] * (soft - values)
    values = values * gain[:, None, None, :] + offset[:, None, None, None] + noise
    return np.clip(values, 0, 255).astype(np.uint8)
