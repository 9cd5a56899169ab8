"""What a camera adds to finished pictures: light, colour cast, blur and noise."""

from __future__ import annotations

import random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from course_utils.pictures.stand_in.sizes import SIZE


class _Weather(NamedTuple):
    """Light, cast, blur and noise of each picture of a batch."""

    gain: NDArray[np.float32]  # (n, 1, 1, 3)
    offset: NDArray[np.float32]  # (n, 1, 1, 1)
    blur: NDArray[np.float32]  # (n, 1, 1, 1), 0–1
    noise: NDArray[np.float32]  # (n, SIZE, SIZE, 3)


def _weather(rngs: list[random.Random]) -> _Weather:
    shape = (SIZE, SIZE, 3)
    light = [rng.uniform(0.7, 1.25) for rng in rngs]
    gain = [[one * rng.uniform(0.88, 1.12) for _ in range(3)] for one, rng in zip(light, rngs, strict=True)]
    offset = [rng.uniform(-18, 28) for rng in rngs]
    blur = [max(0.0, rng.uniform(-0.8, 0.3)) for rng in rngs]
    noise = [
        np.random.default_rng(rng.getrandbits(64)).standard_normal(shape, np.float32)
        * np.float32(rng.uniform(1, 4))
        for rng in rngs
    ]
    return _Weather(
        np.array(gain, np.float32)[:, None, None, :],
        np.array(offset, np.float32)[:, None, None, None],
        np.array(blur, np.float32)[:, None, None, None],
        np.stack(noise),
    )


def photograph(pictures: NDArray[np.uint8], rngs: list[random.Random]) -> NDArray[np.uint8]:
    """Light, colour cast, blur and noise on a batch (n, SIZE, SIZE, 3)."""
    weather = _weather(rngs)
    values = pictures.astype(np.float32)
    soft = np.pad(values, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    soft = (soft[:, :-2] + 2 * soft[:, 1:-1] + soft[:, 2:]) / 4
    soft = (soft[:, :, :-2] + 2 * soft[:, :, 1:-1] + soft[:, :, 2:]) / 4
    values += weather.blur * (soft - values)
    values = values * weather.gain + weather.offset + weather.noise
    return np.clip(values, 0, 255).astype(np.uint8)
