"""Textures for surfaces and coats: made once from a fixed seed, then cut and coloured."""

from __future__ import annotations

import random
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from course_utils.pictures.stand_in.colours import Colour
from course_utils.pictures.stand_in.sizes import TEXTURE

TILE = 128


@lru_cache(maxsize=1)
def _tiles() -> dict[str, NDArray[np.float32]]:
    """Textures in 0–1 of shape (TILE, TILE) that wrap around, made from a fixed seed."""
    rng = np.random.default_rng(10)
    soft, rough = _noise(rng, 2.6), _noise(rng, 1.6)
    across = np.linspace(0, 2 * np.pi, TILE, endpoint=False)
    rows, columns = np.meshgrid(across, across, indexing="ij")
    tiles = {
        "soft": soft,
        "rough": rough,
        "grain": _noise(rng, 0.7),
        "streaks": _noise(rng, 1.5, stretch=5.0),
        "blotches": _contrast(_noise(rng, 1.8), 3.0),
        "patches": _contrast(_noise(rng, 2.6), 9.0),
        "spots": _contrast(_noise(rng, 1.9), 8.0, middle=0.66),
        "stripes": 0.5 + 0.5 * np.sin(9 * columns + 7 * soft),
        "boards": 0.6 * (np.sin(6 * rows) > -0.85) + 0.4 * _noise(rng, 1.5, stretch=6.0),
        "bricks": 0.7 * ((np.sin(10 * rows) > -0.8) & (np.sin(6 * columns) > -0.9)) + 0.3 * rough,
    }
    return {name: tile.astype(np.float32) for name, tile in tiles.items()}


def _noise(rng: np.random.Generator, power: float, stretch: float = 1.0) -> NDArray[np.float64]:
    """Noise whose amplitude falls as 1 / frequency**power, in 0–1; stretch widens it sideways."""
    down = np.fft.fftfreq(TILE)[:, None] * TILE
    right = np.fft.rfftfreq(TILE)[None, :] * TILE * stretch
    frequency = np.hypot(down, right)
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.standard_normal((TILE, TILE))) / frequency**power
    noise = np.fft.irfft2(spectrum, s=(TILE, TILE))
    return np.clip(0.5 + noise / (5 * noise.std()), 0, 1)


def _contrast(tile: NDArray[np.float64], gain: float, middle: float = 0.5) -> NDArray[np.float64]:
    return np.clip(0.5 + gain * (tile - middle), 0, 1)


def crop(rng: random.Random, name: str) -> NDArray[np.float32]:
    """A random (TEXTURE, TEXTURE) part of a tile, perhaps mirrored."""
    top, left = rng.randrange(TILE - TEXTURE), rng.randrange(TILE - TEXTURE)
    step = rng.choice((1, -1))
    return _tiles()[name][top : top + TEXTURE, left : left + TEXTURE][:, ::step]


def mix(
    low: Colour, high: Colour, share: NDArray[np.float32], light: NDArray[np.float32] | float = 1.0
) -> NDArray[np.uint8]:
    """Blend two colours by ``share`` in 0–1, times ``light``: uint8 (TEXTURE, TEXTURE, 3)."""
    start = np.asarray(low, np.float32)
    blend = start + share[..., None] * (np.asarray(high, np.float32) - start)
    if not isinstance(light, float):
        blend *= light[..., None]
    return np.minimum(blend, 255).astype(np.uint8)
