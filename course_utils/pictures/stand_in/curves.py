"""Points of shapes: read from text, turned, and joined by smooth curves."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


@lru_cache(maxsize=64)
def closed_curve(count: int, samples: int = 5) -> NDArray[np.float64]:
    """Matrix (count * samples, count) that turns corners into a closed Catmull-Rom curve."""
    matrix = np.zeros((count * samples, count))
    for corner in range(count):
        for step in range(samples):
            row = corner * samples + step
            for offset, weight in enumerate(_catmull_rom(step / samples)):
                matrix[row, (corner + offset - 1) % count] += weight
    return matrix


@lru_cache(maxsize=64)
def open_curve(count: int, samples: int = 4) -> NDArray[np.float64]:
    """Matrix that turns the points of a path into a smooth path through them."""
    matrix = np.zeros(((count - 1) * samples + 1, count))
    for row in range(len(matrix)):
        corner = min(row // samples, count - 2)
        for offset, weight in enumerate(_catmull_rom(row / samples - corner)):
            matrix[row, min(max(corner + offset - 1, 0), count - 1)] += weight
    return matrix


def _catmull_rom(t: float) -> tuple[float, float, float, float]:
    """Weights of the four points around a place t in 0–1 between the middle two."""
    return (
        0.5 * (-(t**3) + 2 * t**2 - t),
        0.5 * (3 * t**3 - 5 * t**2 + 2),
        0.5 * (-3 * t**3 + 4 * t**2 + t),
        0.5 * (t**3 - t**2),
    )


@lru_cache(maxsize=256)
def at(text: str) -> NDArray[np.float64]:
    """Points written as in SVG: "x,y x,y …"."""
    return np.array([pair.split(",") for pair in text.split()], np.float64)


def turned(x: float, y: float, angle: float) -> tuple[float, float]:
    """The point turned around the origin by ``angle`` radians."""
    cos, sin = math.cos(angle), math.sin(angle)
    return x * cos - y * sin, x * sin + y * cos
