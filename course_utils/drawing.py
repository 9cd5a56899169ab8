"""The drawn stand-in for CIFAR-10: ten classes drawn by code, for a run without any download.

The pictures have the shape and the class names of CIFAR-10, and they were designed to show the order
of the methods. They are no photographs: a score on them says nothing about CIFAR-10.

How a picture is made: a scene (two surfaces, things behind), the object in a random view, pose, size,
place and colour, sometimes a thing in front; all on a canvas of four times the size, made smaller;
then light, colour cast, blur and noise.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw

from course_utils.errors import CourseError

SIZE = 32
SUPERSAMPLING = 4
CANVAS = SIZE * SUPERSAMPLING
TEXTURE = 64  # surfaces and coats are computed at this size and enlarged to the canvas
TILE = 128
BATCH = 256

Colour = tuple[int, int, int]
Fill = Colour | Image.Image
Points = list[tuple[float, float]]

BLACK: Colour = (24, 22, 24)
WHITE: Colour = (240, 240, 236)
GLASS: Colour = (70, 90, 110)
TYRE: Colour = (30, 30, 34)
PINK: Colour = (214, 140, 140)

FUR = [
    (122, 84, 52), (168, 120, 74), (92, 62, 44), (196, 160, 112), (60, 52, 50), (220, 212, 200),
    (134, 130, 128), (190, 118, 60), (150, 98, 70), (84, 80, 84),
]  # fmt: skip
BRIGHT = [
    (70, 130, 60), (120, 160, 60), (60, 100, 160), (190, 60, 50), (210, 170, 60), (90, 90, 96),
    (230, 226, 220), (130, 90, 60), (50, 60, 80), (210, 120, 60), (100, 120, 84), (150, 140, 120),
]  # fmt: skip
PAINT = [
    (196, 44, 44), (48, 86, 170), (232, 232, 230), (56, 58, 64), (150, 156, 164), (214, 180, 60),
    (60, 120, 80), (220, 120, 50), (110, 60, 50), (130, 180, 210), (170, 160, 130), (90, 100, 120),
]  # fmt: skip


# ---------------------------------------------------------------- textures, made once


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


def _crop(rng: random.Random, name: str) -> NDArray[np.float32]:
    """A random (TEXTURE, TEXTURE) part of a tile, perhaps mirrored."""
    top, left = rng.randrange(TILE - TEXTURE), rng.randrange(TILE - TEXTURE)
    step = rng.choice((1, -1))
    return _tiles()[name][top : top + TEXTURE, left : left + TEXTURE][:, ::step]


def _mix(
    low: Colour, high: Colour, share: NDArray[np.float32], light: NDArray[np.float32] | float = 1.0
) -> NDArray[np.uint8]:
    """Blend two colours by ``share`` in 0–1, times ``light``: uint8 (TEXTURE, TEXTURE, 3)."""
    start = np.asarray(low, np.float32)
    blend = start + share[..., None] * (np.asarray(high, np.float32) - start)
    if not isinstance(light, float):
        blend *= light[..., None]
    return np.minimum(blend, 255).astype(np.uint8)


def _vary(rng: random.Random, colour: Colour, spread: int = 24) -> Colour:
    """The colour with its brightness and each channel moved a little."""
    shift = rng.randint(-spread, spread)
    red, green, blue = (
        min(255, max(0, channel + shift + rng.randint(-spread // 2, spread // 2))) for channel in colour
    )
    return red, green, blue


def _scaled(colour: Colour, factor: float) -> Colour:
    red, green, blue = (min(255, int(channel * factor)) for channel in colour)
    return red, green, blue


# ---------------------------------------------------------------- the pen


@lru_cache(maxsize=64)
def _closed_curve(count: int, samples: int = 5) -> NDArray[np.float64]:
    """Matrix (count * samples, count) that turns corners into a closed Catmull-Rom curve."""
    matrix = np.zeros((count * samples, count))
    for corner in range(count):
        for step in range(samples):
            row = corner * samples + step
            for offset, weight in enumerate(_catmull_rom(step / samples)):
                matrix[row, (corner + offset - 1) % count] += weight
    return matrix


@lru_cache(maxsize=64)
def _open_curve(count: int, samples: int = 4) -> NDArray[np.float64]:
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


_TURN = np.linspace(0, 2 * np.pi, 20, endpoint=False)
_CIRCLE = np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1)
_CAP = np.linspace(-np.pi / 2, np.pi / 2, 7)[1:-1]
_CAP = np.stack([np.cos(_CAP), np.sin(_CAP)], axis=1)


@lru_cache(maxsize=256)
def _at(text: str) -> NDArray[np.float64]:
    """Points written as in SVG: "x,y x,y …"."""
    return np.array([pair.split(",") for pair in text.split()], np.float64)


class Look(NamedTuple):
    """What an object is painted with."""

    coat: Image.Image  # main colour with pattern and shading
    shade: Image.Image  # the same in shadow, for far legs and wings
    base: Colour  # main colour
    second: Colour  # belly, stripe, cargo
    dark: Colour  # mane, hooves, trim
    edge: Colour | None  # outline


class Pen:
    """Draws shapes given in the object's own frame: x to the right, y down, about -1 to 1."""

    def __init__(
        self,
        image: Image.Image,
        rng: random.Random,
        matrix: NDArray[np.float64],
        origin: NDArray[np.float64],
        look: Look,
    ) -> None:
        self.image = image
        self.rng = rng
        self.matrix = matrix
        self.origin = origin
        self.look = look
        self._draw = ImageDraw.Draw(image)

    def moved(self, x: float, y: float, angle: float = 0.0, scale: float = 1.0) -> Pen:
        """A pen whose frame lies at (x, y), turned by ``angle`` radians and scaled."""
        cos, sin = math.cos(angle) * scale, math.sin(angle) * scale
        turn = np.array([[cos, sin], [-sin, cos]])
        origin = np.array([x, y]) @ self.matrix + self.origin
        return Pen(self.image, self.rng, turn @ self.matrix, origin, self.look)

    def polygon(self, points: ArrayLike, fill: Fill) -> None:
        """Fill a shape with straight sides; a coat also gets the outline."""
        corners = (np.asarray(points, float) @ self.matrix + self.origin).ravel().tolist()
        if isinstance(fill, tuple):
            self._draw.polygon(corners, fill)
            return
        mask = Image.new("L", self.image.size)
        ImageDraw.Draw(mask).polygon(corners, 255)
        self.image.paste(fill, None, mask)
        if self.look.edge:
            self._draw.line(corners + corners[:2], self.look.edge, 2)

    def blob(self, points: ArrayLike, fill: Fill) -> None:
        """Fill a shape with a smooth outline through the points."""
        self.polygon(_closed_curve(len(points)) @ np.asarray(points, float), fill)

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: Fill, angle: float = 0.0) -> None:
        """Fill an ellipse."""
        points = _CIRCLE * (rx, ry)
        if angle:
            cos, sin = math.cos(angle), math.sin(angle)
            points = points @ np.array([[cos, sin], [-sin, cos]])
        self.polygon(points + np.array([x, y]), fill)

    def box(self, left: float, top: float, right: float, bottom: float, fill: Fill) -> None:
        """Fill a rectangle."""
        self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], fill)

    def tube(self, path: Points, widths: list[float], fill: Fill) -> None:
        """Fill a smooth limb along the path; ``widths`` holds half the width at each point."""
        curve = _open_curve(len(path))
        centre = curve @ np.asarray(path, float)
        width = (curve @ np.asarray(widths, float))[:, None]
        along = np.empty_like(centre)
        along[1:-1] = centre[2:] - centre[:-2]
        along[0], along[-1] = centre[1] - centre[0], centre[-1] - centre[-2]
        along /= np.hypot(along[:, 0], along[:, 1])[:, None] + 1e-9
        side = np.stack([-along[:, 1], along[:, 0]], axis=1)
        end = centre[-1] + width[-1] * (_CAP @ np.stack([along[-1], side[-1]]))
        start = centre[0] + width[0] * (_CAP @ np.stack([-along[0], -side[0]]))
        left, right = centre - width * side, (centre + width * side)[::-1]
        self.polygon(np.concatenate([left, end, right, start]), fill)

    def line(self, points: Points, width: float, fill: Colour) -> None:
        """Draw a thin line; ``width`` in units of the frame."""
        corners = (np.asarray(points, float) @ self.matrix + self.origin).ravel().tolist()
        size = math.sqrt(abs(np.linalg.det(self.matrix)))
        self._draw.line(corners, fill, max(1, round(width * size)))


# ---------------------------------------------------------------- parts that classes share


def _eye(pen: Pen, x: float, y: float, size: float, ring: Colour = WHITE) -> None:
    pen.ellipse(x, y, size, size, ring)
    pen.ellipse(x, y, size * 0.65, size * 0.65, BLACK)


def _wheel(pen: Pen, x: float, y: float, size: float) -> None:
    pen.ellipse(x, y, size, size, TYRE)
    pen.ellipse(x, y, size * 0.52, size * 0.52, (150, 152, 156))
    pen.ellipse(x, y, size * 0.2, size * 0.2, (60, 60, 64))


def _lamps(pen: Pen, half: float, y: float, size: float, colour: Colour) -> None:
    for x in (-half, half):
        pen.ellipse(x, y, size, size * 0.8, colour)


class Build(NamedTuple):
    """The measures of a four-legged animal, seen from the side."""

    length: float  # half the length of the body
    depth: float  # half the depth of the body
    leg: float
    leg_width: float


def _legs(pen: Pen, build: Build, hoof: Colour | None = None) -> None:
    """Far legs in shadow, near legs in the coat."""
    stride = pen.rng.uniform(-0.3, 0.3)
    for fill, swing, shift in ((pen.look.shade, -stride, 0.07), (pen.look.coat, stride, -0.02)):
        for x, way in ((-build.length * 0.82 + shift, 1), (build.length * 0.78 + shift, -1)):
            foot = x + swing * way * build.leg
            knee = (x + foot) / 2 + 0.05 * way
            bottom = build.depth * 0.5 + build.leg
            w = build.leg_width
            path = [(x, build.depth * 0.2), (knee, bottom * 0.55), (foot, bottom)]
            pen.tube(path, [w * 1.7, w, w * 0.8], fill)
            if hoof:
                pen.ellipse(foot, bottom, w, w * 0.9, hoof)


def _torso(pen: Pen, build: Build, tuck: float = 0.2) -> None:
    """The body from rump (left) to chest (right); tuck lifts the belly."""
    long, deep = build.length, build.depth
    pen.blob(
        [
            (-long * 1.05, -deep * 0.35),
            (-long * 0.6, -deep * 0.95),
            (0, -deep * 0.8),
            (long * 0.7, -deep),
            (long * 1.08, -deep * 0.3),
            (long * 0.85, deep * 0.85),
            (0, deep * (0.95 - tuck)),
            (-long * 0.65, deep * (0.85 - tuck * 0.5)),
            (-long * 1.05, deep * 0.3),
        ],
        pen.look.coat,
    )


def _ear(pen: Pen, x: float, y: float, angle: float, size: float, width: float, fill: Fill) -> None:
    """A pointed ear; angle 0 points up."""
    ear = pen.moved(x, y, angle, size)
    ear.polygon([(-width, 0.1), (0, -1), (width, 0.1)], fill)


def _antlers(pen: Pen, size: float, fill: Colour, spread: float) -> None:
    """Two branched antlers that grow up from the origin."""
    for way in (-1, 1):
        antler = pen.moved(0, 0, way * spread, size)
        antler.tube([(way * 0.05, 0), (way * 0.3, -0.5), (way * 0.15, -1)], [0.07, 0.05, 0.04], fill)
        antler.tube([(way * 0.2, -0.3), (way * 0.55, -0.6)], [0.05, 0.03], fill)
        antler.tube([(way * 0.28, -0.6), (way * 0.6, -0.95)], [0.05, 0.03], fill)


def _cat_head(pen: Pen) -> None:
    for x, fill in ((-0.1, pen.look.shade), (0.1, pen.look.coat)):
        _ear(pen, x, -0.14, x * 1.5, 0.24, 0.42, fill)
    pen.ellipse(0, 0, 0.23, 0.2, pen.look.coat)
    pen.ellipse(0.16, 0.07, 0.1, 0.08, pen.look.second)
    pen.ellipse(0.22, 0.04, 0.03, 0.03, PINK)
    _eye(pen, 0.08, -0.04, 0.05, (170, 200, 90))


def _dog_head(pen: Pen) -> None:
    floppy = pen.rng.random() < 0.65
    if not floppy:
        _ear(pen, -0.08, -0.14, -0.2, 0.26, 0.35, pen.look.shade)
    pen.ellipse(0, 0, 0.2, 0.19, pen.look.coat)
    pen.tube([(0.05, 0.04), (0.4, 0.1)], [0.15, 0.1], pen.look.coat)
    pen.ellipse(0.47, 0.05, 0.06, 0.05, BLACK)
    pen.line([(0.22, 0.15), (0.44, 0.17)], 0.03, BLACK)
    _eye(pen, 0.1, -0.06, 0.04)
    if floppy:
        pen.tube([(-0.06, -0.12), (-0.14, 0.05), (-0.1, 0.24)], [0.07, 0.1, 0.08], pen.look.shade)
    else:
        _ear(pen, 0.0, -0.14, 0.0, 0.26, 0.35, pen.look.coat)


def _horse_head(pen: Pen) -> None:
    _ear(pen, -0.06, -0.1, -0.1, 0.2, 0.3, pen.look.coat)
    _ear(pen, 0.02, -0.12, 0.1, 0.2, 0.3, pen.look.coat)
    pen.tube([(0, 0), (0.25, 0.03), (0.52, 0.02)], [0.17, 0.13, 0.11], pen.look.coat)
    pen.ellipse(0.56, 0.03, 0.09, 0.1, pen.look.dark)
    _eye(pen, 0.1, -0.05, 0.035, BLACK)


def _deer_head(pen: Pen, antlers: bool) -> None:
    if antlers:
        _antlers(pen.moved(-0.02, -0.1, -0.25), 0.62, (150, 116, 78), 0.25)
    pen.ellipse(-0.16, -0.1, 0.16, 0.07, pen.look.shade, 0.5)
    pen.tube([(0, 0), (0.2, 0.03), (0.38, 0.04)], [0.13, 0.1, 0.065], pen.look.coat)
    pen.ellipse(0.42, 0.03, 0.05, 0.05, BLACK)
    pen.ellipse(-0.12, -0.02, 0.15, 0.06, pen.look.coat, -0.4)
    _eye(pen, 0.1, -0.03, 0.035, BLACK)


def _face_eyes(pen: Pen, half: float, y: float, size: float, ring: Colour) -> None:
    for x in (-half, half):
        _eye(pen, x, y, size, ring)


# ---------------------------------------------------------------- the classes, view by view


def airplane_side(pen: Pen) -> None:
    """An airliner from the side."""
    look, thick = pen.look, pen.rng.uniform(0.12, 0.19)
    pen.polygon([(0.1, -0.02), (-0.35, -0.42), (-0.5, -0.42), (-0.2, 0)], look.shade)
    pen.polygon([(-0.62, -0.05), (-0.98, -0.55), (-0.8, -0.55), (-0.4, -0.05)], look.dark)
    pen.tube([(-0.95, -0.1), (-0.5, 0), (0.6, 0), (0.92, 0.05)], [0.04, thick, thick, 0.06], look.coat)
    if pen.rng.random() < 0.6:
        pen.line([(-0.85, 0.02), (0.85, 0.05)], 0.06, look.second)
    for x in np.arange(-0.5, 0.62, 0.16):
        pen.ellipse(x, -0.05, 0.035, 0.04, GLASS)
    pen.polygon([(0.72, -0.08), (0.84, -0.02), (0.7, 0)], GLASS)
    pen.polygon([(0.2, 0.06), (-0.35, 0.5), (-0.52, 0.5), (-0.2, 0.06)], look.coat)
    pen.ellipse(0.02, 0.24, 0.13, 0.07, look.shade)
    pen.polygon([(-0.7, -0.02), (-1, 0.14), (-1.05, 0.14), (-0.9, -0.04)], look.coat)


def airplane_above(pen: Pen) -> None:
    """A jet seen from above or below: fuselage, swept wings, tail."""
    look, sweep = pen.look, pen.rng.uniform(-0.05, 0.5)
    for way in (-1, 1):
        pen.polygon(
            [(0.25, way * 0.1), (0.12 - sweep, way * 0.98), (-0.08 - sweep, way * 0.98), (-0.15, way * 0.1)],
            look.coat if way > 0 else look.shade,
        )
        pen.polygon([(-0.68, 0), (-0.85, way * 0.36), (-0.98, way * 0.36), (-0.88, 0)], look.dark)
        pen.ellipse(0.12 - sweep * 0.4, way * 0.4, 0.14, 0.06, look.shade)
    pen.tube([(-0.95, 0), (0, 0), (0.7, 0), (0.95, 0)], [0.05, 0.13, 0.12, 0.04], look.coat)
    pen.line([(-0.98, 0), (-0.65, 0)], 0.07, look.dark)
    pen.ellipse(0.74, 0, 0.08, 0.07, GLASS)


def airplane_propeller(pen: Pen) -> None:
    """A small plane with a propeller, from the side or front quarter."""
    look = pen.look
    pen.polygon([(-0.7, -0.05), (-0.95, -0.42), (-0.75, -0.42), (-0.5, -0.05)], look.second)
    pen.tube([(-0.9, -0.08), (-0.2, 0), (0.35, 0.02), (0.72, 0.04)], [0.05, 0.16, 0.2, 0.13], look.coat)
    pen.polygon([(-0.1, -0.14), (0, -0.32), (0.25, -0.32), (0.4, -0.15)], GLASS)
    if pen.rng.random() < 0.5:
        pen.tube([(-0.3, -0.36), (0.5, -0.36)], [0.05, 0.06], look.shade)
        pen.line([(0.1, -0.33), (0.1, 0.14)], 0.03, look.dark)
    pen.tube([(-0.35, 0.12), (0.5, 0.14)], [0.05, 0.07], look.second)
    pen.ellipse(0.78, 0.04, 0.03, pen.rng.uniform(0.2, 0.42), look.dark)
    pen.line([(0.3, 0.14), (0.34, 0.36)], 0.04, look.dark)
    pen.ellipse(0.35, 0.4, 0.08, 0.08, TYRE)
    pen.box(-0.95, -0.12, -0.7, -0.06, look.coat)


def automobile_side(pen: Pen) -> None:
    """A car from the side: saloon, hatchback or coupe by its measures."""
    look, rng = pen.look, pen.rng
    roof, rear = rng.uniform(-0.5, -0.36), rng.uniform(-0.85, -0.5)
    front, belt = rng.uniform(0.3, 0.5), rng.uniform(-0.14, -0.06)
    pen.blob([(rear - 0.1, belt), (rear + 0.25, roof), (0.1, roof - 0.02), (front + 0.05, belt)], look.coat)
    pen.polygon([(rear + 0.06, belt), (rear + 0.3, roof + 0.08), (-0.1, roof + 0.06), (-0.1, belt)], GLASS)
    pen.polygon([(-0.04, belt), (-0.04, roof + 0.06), (0.12, roof + 0.08), (front - 0.04, belt)], GLASS)
    pen.blob(
        [(-0.95, 0.2), (-0.96, -0.05), (-0.7, belt - 0.04), (0.2, belt - 0.03), (0.8, 0.0), (0.97, 0.1),
         (0.95, 0.25), (0, 0.28)],
        look.coat,
    )  # fmt: skip
    pen.line([(-0.06, belt), (-0.06, 0.2)], 0.02, look.dark)
    pen.line([(-0.92, 0.22), (0.92, 0.22)], 0.05, look.dark)
    pen.ellipse(0.88, 0.05, 0.06, 0.05, (250, 240, 190))
    pen.ellipse(-0.92, 0.03, 0.04, 0.06, (190, 40, 40))
    size = rng.uniform(0.17, 0.22)
    _wheel(pen, -0.56, 0.26, size)
    _wheel(pen, 0.56, 0.26, size)


def automobile_front(pen: Pen) -> None:
    """A car from the front or the back."""
    look, rng = pen.look, pen.rng
    roof = rng.uniform(-0.62, -0.45)
    back = rng.random() < 0.35
    for x in (-0.55, 0.55):
        pen.box(x - 0.12, 0.2, x + 0.12, 0.56, TYRE)
    pen.polygon([(-0.6, -0.05), (-0.42, roof), (0.42, roof), (0.6, -0.05)], look.coat)
    pen.polygon([(-0.5, -0.07), (-0.36, roof + 0.08), (0.36, roof + 0.08), (0.5, -0.07)], GLASS)
    pen.blob(_at("-0.7,0.05 -0.6,-0.1 0.6,-0.1 0.7,0.05 0.7,0.4 0.5,0.46 -0.5,0.46 -0.7,0.4"), look.coat)
    pen.box(-0.66, 0.32, 0.66, 0.42, look.shade)
    lamp = (200, 40, 40) if back else (250, 244, 210)
    _lamps(pen, 0.52, 0.12, 0.12, lamp)
    if back:
        pen.box(-0.18, 0.16, 0.18, 0.28, WHITE)
    else:
        pen.box(-0.3, 0.1, 0.3, 0.22, look.dark)
        pen.line([(-0.3, 0.16), (0.3, 0.16)], 0.02, WHITE)


def automobile_quarter(pen: Pen) -> None:
    """A car from front and side at once."""
    look = pen.look
    for x, y in ((-0.62, 0.3), (0.28, 0.4)):
        pen.ellipse(x, y, 0.13, 0.2, TYRE)
    pen.polygon([(-0.85, -0.1), (-0.55, -0.5), (0.15, -0.52), (0.45, -0.1)], look.coat)
    pen.polygon([(-0.75, -0.1), (-0.52, -0.43), (-0.12, -0.45), (-0.05, -0.08)], GLASS)
    pen.polygon([(0.02, -0.08), (-0.04, -0.45), (0.14, -0.46), (0.66, -0.1)], GLASS)
    pen.blob(
        _at("-0.95,0.2 -0.95,-0.08 -0.5,-0.14 0.3,-0.12 0.85,-0.02 0.96,0.12 0.94,0.36 0.4,0.44 -0.2,0.32"),
        look.coat,
    )
    pen.polygon([(0.36, 0.2), (0.94, 0.12), (0.94, 0.36), (0.4, 0.44)], look.shade)
    pen.ellipse(0.48, 0.18, 0.1, 0.08, (250, 244, 210))
    pen.ellipse(0.9, 0.12, 0.05, 0.07, (250, 244, 210))
    pen.line([(0.58, 0.26), (0.86, 0.23)], 0.07, look.dark)
    for x, y in ((-0.6, 0.28), (0.24, 0.36)):
        pen.ellipse(x, y, 0.11, 0.18, TYRE)
        pen.ellipse(x, y, 0.06, 0.1, (150, 152, 156))


def bird_perched(pen: Pen) -> None:
    """A songbird on its legs."""
    look, rng = pen.look, pen.rng
    lean = rng.uniform(-0.5, 0.1)
    for x in (-0.05, 0.12):
        pen.line([(x, 0.3), (x + 0.05, 0.72)], 0.035, (190, 130, 60))
        pen.line([(x - 0.06, 0.74), (x + 0.16, 0.74)], 0.035, (190, 130, 60))
    body = pen.moved(0, 0, lean)
    body.polygon([(-0.3, -0.05), (-0.98, 0.0), (-0.95, 0.2), (-0.3, 0.2)], look.shade)
    body.blob(_at("-0.55,0.05 -0.2,-0.26 0.25,-0.3 0.48,0 0.25,0.36 -0.2,0.34"), look.coat)
    body.ellipse(0.2, 0.14, 0.24, 0.18, look.second)
    body.blob(_at("-0.7,0.12 -0.2,-0.16 0.18,-0.1 0.1,0.12 -0.25,0.22"), look.shade)
    head = pen.moved(*_turned(0.42, -0.3, lean), rng.uniform(-0.3, 0.3))
    _bird_head(head, rng.uniform(0.15, 0.35))


def _turned(x: float, y: float, angle: float) -> tuple[float, float]:
    cos, sin = math.cos(angle), math.sin(angle)
    return x * cos - y * sin, x * sin + y * cos


def _bird_head(pen: Pen, beak: float) -> None:
    pen.polygon([(0.14, -0.07), (0.2 + beak, 0.02), (0.14, 0.09)], (220, 160, 50))
    pen.ellipse(0, 0, 0.22, 0.2, pen.look.coat)
    _eye(pen, 0.07, -0.04, 0.045)


def bird_flying(pen: Pen) -> None:
    """A bird in the air, wings up or down."""
    look, rng = pen.look, pen.rng
    up = rng.uniform(-1.0, 0.75)
    far = [(-0.12, 0), (-0.15, up * 0.5), (-0.05, up * 0.95), (0.12, up * 0.6), (0.22, 0)]
    pen.blob([(x + 0.16, y - 0.05) for x, y in far], look.shade)
    pen.polygon([(-0.35, -0.06), (-0.92, -0.18), (-0.98, 0.12), (-0.35, 0.1)], look.shade)
    pen.tube([(-0.5, 0.02), (0, 0.03), (0.45, -0.02)], [0.1, 0.19, 0.13], look.coat)
    pen.ellipse(0.1, 0.1, 0.28, 0.1, look.second)
    _bird_head(pen.moved(0.55, -0.08, 0, 0.75), rng.uniform(0.15, 0.4))
    near = [(-0.25, 0), (-0.45, up * 0.6), (-0.5, up * 1.05), (-0.1, up * 0.85), (0.22, 0)]
    pen.blob(near, look.coat)
    for x in (-0.42, -0.3, -0.16):
        pen.line([(x, up * 0.85), (x + 0.14, up * 0.4)], 0.03, look.dark)


def bird_wading(pen: Pen) -> None:
    """A tall bird with long legs and neck, or an ostrich."""
    look, rng = pen.look, pen.rng
    bend = rng.uniform(-0.15, 0.25)
    for x in (-0.08, 0.1):
        pen.line([(x, 0.15), (x + 0.06, 0.5), (x - 0.02, 0.95)], 0.045, (150, 120, 90))
    pen.polygon([(-0.3, -0.08), (-0.75, 0.1), (-0.6, 0.22), (-0.2, 0.14)], look.dark)
    pen.blob(_at("-0.5,0.05 -0.2,-0.2 0.2,-0.18 0.36,0.02 0.15,0.24 -0.25,0.22"), look.coat)
    pen.tube(
        [(0.25, 0), (0.42 + bend, -0.3), (0.3 + bend, -0.55), (0.4, -0.78)],
        [0.1, 0.06, 0.05, 0.06],
        look.coat,
    )
    head = pen.moved(0.42, -0.82, rng.uniform(-0.2, 0.4), 0.55)
    _bird_head(head, rng.uniform(0.3, 0.7))


def bird_swimming(pen: Pen) -> None:
    """A duck or swan on water."""
    look, rng = pen.look, pen.rng
    neck = rng.uniform(0.2, 0.7)
    pen.blob(_at("-0.92,-0.08 -0.6,0.02 0.1,-0.12 0.55,0.02 0.5,0.34 -0.1,0.46 -0.65,0.32"), look.coat)
    pen.blob(_at("-0.75,0.06 -0.2,-0.06 0.2,0.1 -0.1,0.28 -0.5,0.24"), look.shade)
    pen.tube([(0.42, 0.14), (0.55, -neck * 0.5), (0.5, -neck)], [0.17, 0.11, 0.11], look.coat)
    _bird_head(pen.moved(0.54, -neck - 0.05), 0.28)
    pen.line([(-0.9, 0.44), (0.75, 0.44)], 0.05, (190, 205, 215))


CAT = Build(0.5, 0.19, 0.36, 0.065)
DOG = Build(0.5, 0.2, 0.46, 0.07)
DEER = Build(0.46, 0.18, 0.66, 0.05)
HORSE = Build(0.54, 0.23, 0.62, 0.065)


def cat_side(pen: Pen) -> None:
    """A cat that walks or stands."""
    look, rng = pen.look, pen.rng
    lift = rng.uniform(-0.6, 0.3)
    pen.tube(
        [(-0.48, -0.08), (-0.8, -0.1 + lift * 0.4), (-0.9, lift), (-0.78, lift - 0.12)],
        [0.06, 0.055, 0.05, 0.04],
        look.coat,
    )
    _legs(pen, CAT)
    _torso(pen, CAT, 0.1)
    _cat_head(pen.moved(0.62, -0.22 + rng.uniform(-0.08, 0.15), rng.uniform(-0.2, 0.3), 1.15))


def cat_sitting(pen: Pen) -> None:
    """A cat that sits, seen from the front."""
    look, rng = pen.look, pen.rng
    way = rng.choice((-1, 1))
    pen.tube([(way * 0.25, 0.75), (way * 0.65, 0.72), (way * 0.75, 0.4)], [0.08, 0.07, 0.05], look.coat)
    pen.blob(_at("-0.2,-0.25 0.2,-0.25 0.36,0.3 0.4,0.8 -0.4,0.8 -0.36,0.3"), look.coat)
    pen.ellipse(0, 0.1, 0.14, 0.24, look.second)
    for x in (-0.13, 0.13):
        pen.tube([(x, 0.25), (x, 0.78)], [0.09, 0.09], look.coat)
    cat_face(pen.moved(0, -0.42, rng.uniform(-0.25, 0.25), 0.5))


def cat_lying(pen: Pen) -> None:
    """A cat that lies, its head at one end."""
    look = pen.look
    pen.tube([(-0.7, 0.3), (-0.95, 0.42), (-0.6, 0.52), (-0.1, 0.5)], [0.06, 0.06, 0.06, 0.05], look.shade)
    pen.blob(_at("-0.85,0.3 -0.7,-0.15 -0.1,-0.22 0.5,-0.05 0.6,0.42 0,0.46 -0.6,0.46"), look.coat)
    pen.tube([(0.4, 0.34), (0.88, 0.42)], [0.09, 0.08], look.coat)
    cat_face(pen.moved(0.5, -0.12, pen.rng.uniform(-0.2, 0.35), 0.42))


def cat_face(pen: Pen) -> None:
    """A cat's face: pointed ears, slit eyes, whiskers."""
    look, rng = pen.look, pen.rng
    for x in (-1, 1):
        _ear(pen, x * 0.46, -0.42, x * 0.35, 0.62, 0.5, look.coat)
        _ear(pen, x * 0.47, -0.42, x * 0.35, 0.4, 0.4, PINK)
    pen.ellipse(0, 0, 0.78, 0.68, look.coat)
    pen.ellipse(0, 0.3, 0.34, 0.24, look.second)
    iris = rng.choice([(200, 190, 70), (130, 180, 90), (120, 170, 200)])
    for x in (-0.32, 0.32):
        pen.ellipse(x, -0.1, 0.17, 0.14, iris)
        pen.ellipse(x, -0.1, 0.06, 0.13, BLACK)
    pen.polygon([(-0.1, 0.16), (0.1, 0.16), (0, 0.28)], PINK)
    pen.line(_at("-0.16,0.42 0,0.34 0,0.26 0,0.34 0.16,0.42"), 0.04, BLACK)
    for x in (-1, 1):
        pen.line([(x * 0.2, 0.3), (x * 0.95, 0.2)], 0.025, WHITE)
        pen.line([(x * 0.2, 0.36), (x * 0.9, 0.44)], 0.025, WHITE)


def deer_side(pen: Pen) -> None:
    """A deer that stands, walks or grazes."""
    look, rng = pen.look, pen.rng
    body = pen.moved(-0.08, 0.12)
    _legs(body, DEER, look.dark)
    body.ellipse(-0.5, -0.06, 0.07, 0.1, WHITE)
    _torso(body, DEER)
    grazes = rng.random() < 0.2
    end = (0.78, 0.42) if grazes else (rng.uniform(0.55, 0.75), rng.uniform(-0.62, -0.45))
    body.tube([(0.36, -0.02), (0.52, (end[1] - 0.1) / 2), end], [0.14, 0.09, 0.08], look.coat)
    _deer_head(body.moved(*end, 0.9 if grazes else rng.uniform(-0.1, 0.35)), rng.random() < 0.65)


def deer_face(pen: Pen) -> None:
    """A deer that looks at us: narrow face, wide ears, antlers."""
    look, rng = pen.look, pen.rng
    if rng.random() < 0.7:
        _antlers(pen.moved(0, -0.3), 0.75, (156, 122, 84), rng.uniform(0.2, 0.5))
    pen.tube([(0, 0.2), (0, 0.95)], [0.2, 0.36], look.shade)
    for way in (-1, 1):
        pen.ellipse(way * 0.42, -0.24, 0.24, 0.1, look.coat, way * -0.4)
        pen.ellipse(way * 0.42, -0.23, 0.15, 0.05, PINK, way * -0.4)
    pen.blob(_at("-0.22,-0.3 0.22,-0.3 0.27,-0.02 0.13,0.42 -0.13,0.42 -0.27,-0.02"), look.coat)
    pen.ellipse(0, 0.36, 0.13, 0.11, look.second)
    pen.ellipse(0, 0.33, 0.08, 0.06, BLACK)
    _face_eyes(pen, 0.2, -0.06, 0.06, BLACK)


def deer_lying(pen: Pen) -> None:
    """A fawn or doe that rests."""
    look, rng = pen.look, pen.rng
    pen.blob(_at("-0.8,0.35 -0.65,-0.05 0,-0.1 0.45,0.02 0.5,0.42 -0.1,0.46"), look.coat)
    pen.tube([(0.3, 0.36), (0.75, 0.45)], [0.07, 0.05], look.coat)
    pen.tube([(-0.5, 0.4), (-0.05, 0.47)], [0.08, 0.05], look.shade)
    pen.tube([(0.34, 0.08), (0.5, -0.2), (0.52, -0.42)], [0.14, 0.09, 0.08], look.coat)
    _deer_head(pen.moved(0.52, -0.48, rng.uniform(-0.1, 0.3), 1.1), rng.random() < 0.4)


def dog_side(pen: Pen) -> None:
    """A dog that walks or stands."""
    look, rng = pen.look, pen.rng
    lift = rng.uniform(-0.5, 0.2)
    pen.tube([(-0.48, -0.1), (-0.72, lift * 0.7), (-0.85, lift - 0.1)], [0.07, 0.05, 0.035], look.coat)
    _legs(pen, DOG)
    _torso(pen, DOG, 0.25)
    nod = rng.uniform(-0.15, 0.2)
    pen.tube([(0.4, -0.06), (0.6, -0.3 + nod)], [0.16, 0.13], look.coat)
    _dog_head(pen.moved(0.62, -0.36 + nod, rng.uniform(-0.25, 0.35), 1.1))


def dog_sitting(pen: Pen) -> None:
    """A dog that sits, from the front or the side."""
    look, rng = pen.look, pen.rng
    if rng.random() < 0.5:
        pen.blob(_at("-0.22,-0.2 0.22,-0.2 0.3,0.3 0.42,0.8 -0.42,0.8 -0.3,0.3"), look.coat)
        pen.ellipse(0, 0.05, 0.15, 0.22, look.second)
        for x in (-0.15, 0.15):
            pen.tube([(x, 0.2), (x, 0.8)], [0.1, 0.1], look.coat)
        dog_face(pen.moved(0, -0.4, rng.uniform(-0.3, 0.3), 0.5))
        return
    pen.tube([(-0.4, 0.65), (-0.7, 0.72), (-0.85, 0.5)], [0.07, 0.06, 0.04], look.shade)
    pen.blob(_at("0.05,-0.3 0.35,-0.1 0.36,0.4 0,0.8 -0.5,0.78 -0.45,0.35 -0.15,0"), look.coat)
    pen.tube([(0.24, 0.1), (0.28, 0.78), (0.38, 0.8)], [0.1, 0.07, 0.06], look.coat)
    pen.ellipse(-0.2, 0.6, 0.26, 0.2, look.shade)
    _dog_head(pen.moved(0.2, -0.4, rng.uniform(-0.3, 0.2), 1.35))


def dog_face(pen: Pen) -> None:
    """A dog's face: muzzle, big nose, floppy or pricked ears."""
    look, rng = pen.look, pen.rng
    floppy = rng.random() < 0.65
    if not floppy:
        for x in (-1, 1):
            _ear(pen, x * 0.42, -0.45, x * 0.2, 0.6, 0.42, look.shade)
    pen.blob(_at("-0.5,-0.6 0.5,-0.6 0.68,-0.05 0.4,0.6 0,0.75 -0.4,0.6 -0.68,-0.05"), look.coat)
    if rng.random() < 0.4:
        pen.tube([(0, -0.6), (0, 0.2)], [0.12, 0.16], look.second)
    pen.ellipse(0, 0.36, 0.36, 0.32, look.second)
    pen.ellipse(0, 0.2, 0.18, 0.13, BLACK)
    if rng.random() < 0.4:
        pen.ellipse(0, 0.66, 0.13, 0.2, (214, 100, 110))
    pen.line(_at("-0.25,0.5 0,0.44 0,0.3 0,0.44 0.25,0.5"), 0.05, BLACK)
    _face_eyes(pen, 0.3, -0.14, 0.1, (90, 56, 30))
    if floppy:
        for x in (-1, 1):
            pen.tube([(x * 0.5, -0.5), (x * 0.78, -0.1), (x * 0.72, 0.4)], [0.14, 0.2, 0.15], look.shade)


def frog_side(pen: Pen) -> None:
    """A frog that crouches."""
    look = pen.look
    pen.tube([(-0.35, 0.3), (-0.85, 0.02), (-0.45, 0.5), (-0.85, 0.56)], [0.2, 0.12, 0.09, 0.06], look.shade)
    pen.blob(_at("-0.75,0.38 -0.5,-0.02 0,-0.28 0.4,-0.36 0.82,-0.12 0.7,0.15 0.2,0.42 -0.4,0.5"), look.coat)
    pen.blob(_at("0.78,-0.02 0.7,0.14 0.3,0.4 0,0.42 0.3,0.12"), look.second)
    pen.tube([(-0.3, 0.35), (-0.78, 0.08), (-0.3, 0.52), (-0.15, 0.56)], [0.2, 0.13, 0.09, 0.07], look.coat)
    pen.tube([(0.32, 0.2), (0.42, 0.45), (0.62, 0.56)], [0.11, 0.08, 0.06], look.coat)
    pen.line([(0.84, -0.06), (0.55, 0.04), (0.4, -0.02)], 0.03, look.dark)
    pen.ellipse(0.42, -0.34, 0.17, 0.16, look.coat)
    _eye(pen, 0.45, -0.36, 0.11, (230, 190, 70))


def frog_above(pen: Pen) -> None:
    """A frog from above, legs spread."""
    look, rng = pen.look, pen.rng
    out = rng.uniform(0.6, 0.95)
    for way in (-1, 1):
        pen.tube(
            [(-0.3, way * 0.2), (0.0, way * out * 0.8), (-0.5, way * out), (-0.8, way * out * 0.9)],
            [0.15, 0.12, 0.08, 0.06],
            look.coat,
        )
        pen.tube([(0.25, way * 0.25), (0.4, way * 0.6), (0.68, way * 0.62)], [0.1, 0.07, 0.06], look.coat)
        for toe in (-0.18, 0, 0.18):
            pen.line([(-0.78, way * out * 0.9), (-1.0, way * out * 0.9 + toe)], 0.05, look.base)
            pen.line([(0.66, way * 0.62), (0.86, way * 0.62 + toe)], 0.05, look.base)
    pen.blob(_at("-0.6,0 -0.35,-0.34 0.2,-0.38 0.6,-0.24 0.74,0 0.6,0.24 0.2,0.38 -0.35,0.34"), look.coat)
    pen.line([(-0.5, 0), (0.5, 0)], 0.06, look.second)
    for way in (-1, 1):
        _eye(pen, 0.42, way * 0.26, 0.12, (230, 190, 70))


def frog_face(pen: Pen) -> None:
    """A frog from the front: wide mouth, eyes on top."""
    look = pen.look
    for way in (-1, 1):
        pen.ellipse(way * 0.66, 0.34, 0.26, 0.34, look.shade, way * 0.3)
        pen.tube([(way * 0.35, 0.3), (way * 0.42, 0.62), (way * 0.6, 0.74)], [0.12, 0.09, 0.08], look.coat)
    pen.blob(_at("-0.72,0.05 -0.4,-0.35 0.4,-0.35 0.72,0.05 0.5,0.6 -0.5,0.6"), look.coat)
    pen.blob(_at("-0.6,0.14 0,0.24 0.6,0.14 0.4,0.56 -0.4,0.56"), look.second)
    pen.line([(-0.66, 0.08), (-0.3, 0.18), (0.3, 0.18), (0.66, 0.08)], 0.045, look.dark)
    for way in (-1, 1):
        pen.ellipse(way * 0.42, -0.38, 0.22, 0.22, look.coat)
        _eye(pen, way * 0.43, -0.4, 0.15, (230, 190, 70))


def horse_side(pen: Pen) -> None:
    """A horse that stands, trots or grazes; sometimes with a rider."""
    look, rng = pen.look, pen.rng
    body = pen.moved(-0.08, 0.12)
    body.tube([(-0.52, -0.1), (-0.72, 0.02), (-0.74, 0.42)], [0.06, 0.09, 0.04], look.dark)
    _legs(body, HORSE, look.dark)
    _torso(body, HORSE, 0.12)
    grazes = rng.random() < 0.2
    end = (0.84, 0.4) if grazes else (rng.uniform(0.66, 0.8), rng.uniform(-0.56, -0.4))
    middle = (0.6, (end[1] - 0.12) / 2)
    back = 0 if grazes else -0.08
    body.tube(
        [(0.32 + back, -0.16), (middle[0] + back, middle[1] - 0.08), (end[0] + back, end[1] - 0.08)],
        [0.12, 0.11, 0.09],
        look.dark,
    )
    body.tube([(0.4, -0.02), middle, end], [0.22, 0.16, 0.13], look.coat)
    _horse_head(body.moved(*end, 1.0 if grazes else rng.uniform(0.35, 0.95), 0.95))
    if rng.random() < 0.2:
        _rider(body)


def _rider(pen: Pen) -> None:
    jacket = _vary(pen.rng, pen.rng.choice(PAINT))
    pen.tube([(0, -0.24), (0.08, 0.02), (0.02, 0.3)], [0.09, 0.08, 0.06], (60, 60, 80))
    pen.tube([(0, -0.28), (0.02, -0.62)], [0.13, 0.1], jacket)
    pen.tube([(0.02, -0.55), (0.26, -0.34)], [0.05, 0.04], jacket)
    pen.ellipse(0.04, -0.8, 0.11, 0.12, (206, 160, 130))


def horse_head(pen: Pen) -> None:
    """The head and neck of a horse, close."""
    look, rng = pen.look, pen.rng
    pen.tube([(-0.75, 0.9), (-0.55, 0.1), (-0.15, -0.55)], [0.2, 0.2, 0.16], look.dark)
    pen.tube([(-0.5, 0.95), (-0.35, 0.25), (-0.02, -0.3)], [0.45, 0.32, 0.24], look.coat)
    _horse_head(pen.moved(0, -0.38, rng.uniform(0.4, 0.9), 1.7))
    if rng.random() < 0.4:
        pen.line([(-0.2, -0.1), (0.45, 0.2), (0.5, -0.1), (0.1, -0.45)], 0.04, look.dark)


def horse_front(pen: Pen) -> None:
    """A horse's face from the front: long, with a blaze."""
    look, rng = pen.look, pen.rng
    pen.tube([(0.1, 0), (0.15, 0.95)], [0.3, 0.45], look.shade)
    for way in (-1, 1):
        _ear(pen, way * 0.2, -0.5, way * 0.2, 0.38, 0.32, look.coat)
    pen.blob(
        _at("-0.28,-0.5 0.28,-0.5 0.32,-0.2 0.2,0.4 0.22,0.65 0,0.76 -0.22,0.65 -0.2,0.4 -0.32,-0.2"),
        look.coat,
    )
    if rng.random() < 0.6:
        pen.tube([(0, -0.3), (0, 0.4)], [0.08, 0.07], WHITE)
    pen.tube([(-0.1, -0.62), (0.05, -0.4), (0, -0.2)], [0.12, 0.1, 0.05], look.dark)
    pen.ellipse(0, 0.6, 0.2, 0.16, look.dark)
    for way in (-1, 1):
        pen.ellipse(way * 0.1, 0.58, 0.04, 0.06, BLACK)
    _face_eyes(pen, 0.27, -0.22, 0.06, BLACK)


def ship_side(pen: Pen) -> None:
    """A liner, ferry, tug or freighter."""
    look, rng = pen.look, pen.rng
    bottom = 0.42
    decks = rng.randint(1, 3)
    left = rng.uniform(-0.7, -0.5)
    right = rng.uniform(-0.1, 0.55)
    for deck in range(decks):
        inset = 0.1 * deck
        top = -0.12 - 0.18 * deck
        pen.box(left + inset, top, right - inset, top + 0.2, WHITE if rng.random() < 0.8 else look.second)
        pen.line([(left + inset + 0.06, top + 0.09), (right - inset - 0.06, top + 0.09)], 0.06, GLASS)
    top = -0.12 - 0.18 * (decks - 1)
    for _ in range(rng.randint(1, 2)):
        x = rng.uniform(left + 0.25, right - 0.2)
        pen.polygon(
            [(x - 0.1, top), (x - 0.12, top - 0.34), (x + 0.04, top - 0.34), (x + 0.08, top)], look.dark
        )
        pen.line([(x - 0.11, top - 0.22), (x + 0.05, top - 0.22)], 0.08, look.second)
    if rng.random() < 0.5:
        for x in np.arange(right + 0.06, 0.75, 0.18):
            pen.box(x, -0.02 - rng.choice((0.1, 0.2)), x + 0.16, 0.1, _vary(rng, rng.choice(PAINT)))
    pen.line([(right + 0.1, 0.1), (right + 0.1, -0.6)], 0.03, look.dark)
    _hull(pen, bottom)


def _hull(pen: Pen, bottom: float) -> None:
    look = pen.look
    pen.polygon([(-0.92, 0.06), (0.98, 0.0), (0.78, bottom), (-0.8, bottom)], look.coat)
    pen.polygon([(-0.83, bottom - 0.1), (0.83, bottom - 0.1), (0.78, bottom), (-0.8, bottom)], look.second)
    pen.line([(-0.98, bottom), (0.95, bottom)], 0.05, (205, 216, 224))


def ship_sailing(pen: Pen) -> None:
    """A sailing boat with one or two sails."""
    look, rng = pen.look, pen.rng
    lean = pen.moved(0, 0.4, rng.uniform(-0.2, 0.2)).moved(0, -0.4)
    mast = rng.uniform(-0.15, 0.1)
    lean.line([(mast, 0.4), (mast, -0.95)], 0.045, look.dark)
    sail = WHITE if rng.random() < 0.6 else look.second
    lean.blob([(mast - 0.04, -0.9), (mast - 0.25, -0.3), (mast - 0.62, 0.26), (mast - 0.04, 0.28)], sail)
    if rng.random() < 0.75:
        lean.polygon([(mast + 0.05, -0.8), (mast + 0.55, 0.26), (mast + 0.05, 0.26)], _scaled(sail, 0.85))
    lean.blob(_at("-0.72,0.4 0,0.42 0.82,0.34 0.5,0.66 -0.5,0.68"), look.coat)
    pen.line([(-0.85, 0.7), (0.85, 0.7)], 0.05, (205, 216, 224))


def ship_front(pen: Pen) -> None:
    """A ship that comes towards us."""
    look, rng = pen.look, pen.rng
    height = rng.uniform(0.25, 0.5)
    pen.box(-0.34, -height, 0.4, 0.0, WHITE)
    pen.box(-0.2, -height - 0.22, 0.26, -height + 0.02, look.second)
    for y in (-height - 0.12, -height + 0.12):
        pen.line([(-0.16, y), (0.22, y)], 0.08, GLASS)
    pen.line([(0.03, -height - 0.2), (0.03, -0.95)], 0.04, look.dark)
    pen.line([(-0.2, -0.72), (0.26, -0.72)], 0.04, look.dark)
    pen.blob(_at("-0.56,-0.06 0.6,-0.06 0.42,0.4 0.22,0.62 0.02,0.66 -0.3,0.5"), look.coat)
    pen.polygon([(0.06, -0.05), (0.62, -0.08), (0.44, 0.4), (0.08, 0.66)], look.shade)
    pen.line([(-0.6, 0.64), (0.7, 0.64)], 0.07, (205, 216, 224))


def truck_side(pen: Pen) -> None:
    """A lorry with a box, tank, open bed or load."""
    look, rng = pen.look, pen.rng
    cab = rng.uniform(0.3, 0.45)
    roof = rng.uniform(-0.4, -0.25)
    pen.box(-0.95, 0.2, 0.9, 0.3, look.dark)
    _cargo(pen, cab - 0.05)
    pen.blob(
        [(cab, 0.28), (cab, roof), (cab + 0.3, roof + 0.02), (0.86, -0.02), (0.97, 0.04), (0.97, 0.28)],
        look.coat,
    )
    pen.polygon([(cab + 0.14, -0.02), (cab + 0.14, roof + 0.1), (cab + 0.3, roof + 0.1), (0.8, -0.02)], GLASS)
    pen.ellipse(0.93, 0.14, 0.04, 0.06, (250, 240, 190))
    for x in (-0.72, -0.42, 0.68) if rng.random() < 0.6 else (-0.6, 0.66):
        _wheel(pen, x, 0.34, 0.16)


def _cargo(pen: Pen, end: float) -> None:
    look, rng = pen.look, pen.rng
    kind = rng.choice(("box", "box", "tank", "bed", "load"))
    top = rng.uniform(-0.62, -0.4)
    if kind == "box":
        pen.box(-0.97, top, end, 0.22, look.shade if rng.random() < 0.4 else look.second)
        pen.line([(-0.9, (top + 0.2) / 2), (end - 0.08, (top + 0.2) / 2)], 0.1, look.base)
    elif kind == "tank":
        pen.tube([(-0.75, -0.08), (end - 0.24, -0.08)], [0.27, 0.27], look.shade)
    elif kind == "bed":
        pen.box(-0.97, -0.06, end, 0.22, look.coat)
    else:
        for x in np.arange(-0.93, end - 0.2, 0.3):
            pen.ellipse(x + 0.14, -0.12, 0.16, 0.2, look.second)
        pen.box(-0.97, -0.02, end, 0.22, look.shade)


def truck_front(pen: Pen) -> None:
    """A lorry from the front: tall, flat, mirrors out."""
    look, rng = pen.look, pen.rng
    roof = rng.uniform(-0.92, -0.75)
    for x in (-0.45, 0.45):
        pen.box(x - 0.13, 0.4, x + 0.13, 0.85, TYRE)
    if rng.random() < 0.6:
        pen.box(-0.62, roof - 0.05, 0.62, 0.3, look.second)
    pen.polygon(
        [(-0.56, 0.62), (-0.56, -0.1), (-0.48, roof + 0.12), (0.48, roof + 0.12), (0.56, -0.1), (0.56, 0.62)],
        look.coat,
    )
    pen.polygon([(-0.46, -0.12), (-0.42, roof + 0.24), (0.42, roof + 0.24), (0.46, -0.12)], GLASS)
    for way in (-1, 1):
        pen.box(way * 0.68 - 0.06, -0.45, way * 0.68 + 0.06, -0.12, look.dark)
    pen.box(-0.34, 0.02, 0.34, 0.34, look.dark)
    for y in (0.08, 0.17, 0.26):
        pen.line([(-0.3, y), (0.3, y)], 0.025, (180, 184, 190))
    pen.box(-0.58, 0.44, 0.58, 0.6, look.shade)
    _lamps(pen, 0.44, 0.4, 0.08, (250, 244, 210))


def truck_pickup(pen: Pen) -> None:
    """A pick-up or fire engine from the side."""
    look, rng = pen.look, pen.rng
    roof = rng.uniform(-0.48, -0.36)
    pen.box(-0.96, -0.1, 0.1, 0.25, look.coat)
    pen.polygon([(-0.1, 0.2), (-0.1, roof), (0.32, roof), (0.52, -0.08), (0.6, 0.2)], look.coat)
    pen.polygon([(-0.02, -0.08), (-0.02, roof + 0.08), (0.28, roof + 0.08), (0.42, -0.08)], GLASS)
    pen.blob(_at("0.3,0.28 0.3,-0.1 0.85,-0.08 0.97,0.05 0.97,0.28"), look.coat)
    pen.line([(-0.96, -0.1), (-0.12, -0.1)], 0.06, look.dark)
    if rng.random() < 0.4:
        for x in (-0.8, -0.5, -0.25):
            pen.box(x - 0.12, -0.34, x + 0.1, -0.1, look.second)
    pen.line([(-0.96, 0.22), (0.96, 0.22)], 0.06, look.dark)
    pen.ellipse(0.92, 0.06, 0.05, 0.06, (250, 240, 190))
    _wheel(pen, -0.6, 0.3, 0.21)
    _wheel(pen, 0.6, 0.3, 0.21)


class Kind(NamedTuple):
    """How a class is drawn: its views, its colours, its turn and the scenes it likes."""

    views: tuple[Callable[[Pen], None], ...]
    colours: list[Colour]
    patterns: tuple[str, ...]
    turn: float  # greatest turn in radians
    likes: tuple[str, ...]


_ANIMAL = ("soft", "rough", "grain", "patches", "spots", "stripes")
_VEHICLE = ("soft", "soft", "rough", "patches")

KINDS = (
    Kind((airplane_side, airplane_above, airplane_propeller), PAINT, _VEHICLE, 0.3, ("air", "air", "road")),
    Kind((automobile_side, automobile_front, automobile_quarter), PAINT, _VEHICLE, 0.12, ("road", "city")),
    Kind(
        (bird_perched, bird_flying, bird_wading, bird_swimming), FUR + BRIGHT, _ANIMAL, 0.2, ("air", "ground")
    ),
    Kind((cat_side, cat_sitting, cat_lying, cat_face), FUR, _ANIMAL, 0.2, ("room", "room")),
    Kind((deer_side, deer_side, deer_face, deer_lying), FUR, _ANIMAL, 0.15, ("meadow", "forest")),
    Kind((dog_side, dog_sitting, dog_face), FUR, _ANIMAL, 0.2, ("room", "meadow")),
    Kind((frog_side, frog_above, frog_face), FUR + BRIGHT, _ANIMAL, 0.3, ("ground", "water")),
    Kind((horse_side, horse_side, horse_head, horse_front), FUR, _ANIMAL, 0.12, ("meadow", "beach")),
    Kind((ship_side, ship_side, ship_sailing, ship_front), PAINT, _VEHICLE, 0.1, ("water", "water")),
    Kind((truck_side, truck_front, truck_pickup), PAINT, _VEHICLE, 0.1, ("road", "city")),
)


# ---------------------------------------------------------------- scenes

SURFACES: dict[str, tuple[str, list[tuple[Colour, Colour]]]] = {
    "sky": ("soft", [((96, 150, 214), (214, 228, 242)), ((150, 160, 170), (216, 220, 224)),
                     ((214, 150, 110), (244, 214, 170)), ((60, 84, 130), (140, 160, 190)),
                     ((120, 176, 230), (160, 204, 240))]),
    "grass": ("grain", [((50, 96, 36), (140, 176, 80)), ((120, 116, 54), (196, 186, 110)),
                        ((36, 76, 40), (92, 130, 66))]),
    "water": ("streaks", [((28, 70, 110), (120, 164, 190)), ((50, 90, 96), (130, 160, 156)),
                          ((90, 100, 112), (176, 186, 194)), ((20, 110, 150), (130, 200, 214))]),
    "asphalt": ("grain", [((70, 72, 76), (140, 142, 146)), ((110, 106, 100), (172, 168, 160))]),
    "sand": ("grain", [((170, 140, 96), (226, 204, 160)), ((140, 104, 76), (196, 164, 128))]),
    "snow": ("rough", [((190, 200, 214), (248, 250, 252)), ((170, 176, 190), (230, 232, 240))]),
    "forest": ("blotches", [((20, 44, 24), (96, 130, 64)), ((60, 40, 24), (170, 120, 60)),
                            ((30, 50, 50), (110, 140, 120))]),
    "wall": ("soft", [((190, 176, 150), (226, 216, 196)), ((120, 140, 160), (170, 184, 196)),
                      ((170, 110, 96), (206, 150, 130)), ((130, 150, 120), (176, 190, 166))]),
    "floor": ("boards", [((96, 62, 38), (178, 126, 80)), ((130, 120, 110), (196, 186, 176)),
                         ((60, 46, 44), (120, 92, 84))]),
    "bricks": ("bricks", [((110, 100, 96), (176, 92, 70)), ((100, 100, 104), (176, 170, 160))]),
}  # fmt: skip


class Scene(NamedTuple):
    """A background: its two surfaces, the range of the horizon (0 top, 1 bottom), things in it."""

    above: tuple[str, ...]
    below: tuple[str, ...]
    horizon: tuple[float, float]
    things: tuple[str, ...]


SCENES = {
    "air": Scene(("sky",), ("sky", "forest"), (0.8, 1.3), ("cloud",)),
    "meadow": Scene(("sky", "forest"), ("grass",), (0.1, 0.7), ("tree", "rock", "house", "pole")),
    "water": Scene(("sky", "sky", "forest"), ("water",), (0.1, 0.7), ("rock", "cloud")),
    "road": Scene(("sky", "forest"), ("asphalt",), (0.3, 0.75), ("tree", "house", "pole")),
    "beach": Scene(("sky", "water"), ("sand",), (0.2, 0.7), ("rock", "cloud", "pole")),
    "room": Scene(("wall", "wall", "bricks"), ("floor", "sand"), (0.4, 0.95), ("frame", "rock")),
    "snow": Scene(("sky", "forest"), ("snow",), (0.1, 0.7), ("tree", "house", "rock")),
    "forest": Scene(("forest",), ("forest", "grass"), (0.4, 0.9), ("tree", "rock", "pole")),
    "ground": Scene(("grass", "sand", "forest"), ("grass", "floor", "asphalt"), (-0.3, 1.3), ("rock",)),
    "city": Scene(("bricks", "wall"), ("asphalt", "snow"), (0.4, 0.8), ("frame", "pole", "house")),
}


def _surface(rng: random.Random, name: str) -> NDArray[np.uint8]:
    texture, pairs = SURFACES[name]
    low, high = rng.choice(pairs)
    return _mix(_vary(rng, low), _vary(rng, high), _crop(rng, texture))


def _scene(rng: random.Random, scene: Scene) -> Image.Image:
    """The background with the things in it, of canvas size."""
    horizon = rng.uniform(*scene.horizon)
    picture = _surface(rng, rng.choice(scene.above))
    row = min(max(int(horizon * TEXTURE), 0), TEXTURE)
    if row < TEXTURE:
        picture[row:] = _surface(rng, rng.choice(scene.below))[row:]
    image = Image.fromarray(picture).resize((CANVAS, CANVAS), Image.Resampling.BILINEAR)
    draw = ImageDraw.Draw(image)
    for _ in range(rng.choice((0, 0, 1, 2, 3))):
        thing = rng.choice(scene.things)
        y = min(max(horizon, 0.2), 0.9) + rng.uniform(*_PLACES[thing])
        size = CANVAS * rng.uniform(0.15, 0.5)
        _THINGS[thing](draw, rng, rng.uniform(0, CANVAS), y * CANVAS, size)
    return image


def _tree(draw: ImageDraw.ImageDraw, rng: random.Random, x: float, y: float, size: float) -> None:
    leaf = _vary(rng, rng.choice([(60, 100, 50), (90, 120, 60), (150, 110, 50), (40, 70, 50)]))
    draw.rectangle((x - size * 0.08, y - size * 0.6, x + size * 0.08, y), _vary(rng, (90, 66, 48)))
    if rng.random() < 0.5:
        draw.polygon(
            (x - size * 0.4, y - size * 0.3, x, y - size * 1.4, x + size * 0.4, y - size * 0.3), leaf
        )
    else:
        draw.ellipse((x - size * 0.5, y - size * 1.3, x + size * 0.5, y - size * 0.35), leaf)


def _house(draw: ImageDraw.ImageDraw, rng: random.Random, x: float, y: float, size: float) -> None:
    wall = _vary(rng, rng.choice(PAINT), 40)
    half, tall = size * rng.uniform(0.3, 0.6), size * rng.uniform(0.5, 1.2)
    draw.rectangle((x - half, y - tall, x + half, y), wall)
    if rng.random() < 0.5:
        draw.polygon(
            (x - half * 1.2, y - tall, x, y - tall - half, x + half * 1.2, y - tall), _scaled(wall, 0.6)
        )
    for dx in (-0.5, 0.3):
        draw.rectangle((x + half * dx, y - tall * 0.7, x + half * (dx + 0.3), y - tall * 0.4), GLASS)


def _cloud(draw: ImageDraw.ImageDraw, rng: random.Random, x: float, y: float, size: float) -> None:
    colour = _vary(rng, (226, 230, 234), 16)
    for dx, height in ((-0.5, 0.3), (0, 0.5), (0.5, 0.3)):
        left, top = x + (dx - 0.4) * size, y - height * size * 0.6
        draw.ellipse((left, top, left + size * 0.8, y + size * 0.15), colour)


def _rock(draw: ImageDraw.ImageDraw, rng: random.Random, x: float, y: float, size: float) -> None:
    colour = _vary(rng, rng.choice(FUR + BRIGHT + PAINT), 30)
    wide, tall = size * rng.uniform(0.3, 0.6), size * rng.uniform(0.2, 0.6)
    draw.ellipse((x - wide, y - tall, x + wide, y + tall), colour)


def _pole(draw: ImageDraw.ImageDraw, rng: random.Random, x: float, y: float, size: float) -> None:
    wide = size * rng.uniform(0.04, 0.12)
    draw.rectangle((x - wide, y - size * 2, x + wide, y), _vary(rng, rng.choice(FUR + PAINT), 30))


def _frame(draw: ImageDraw.ImageDraw, rng: random.Random, x: float, y: float, size: float) -> None:
    half, tall = size * rng.uniform(0.2, 0.6), size * rng.uniform(0.2, 0.6)
    colour = _vary(rng, rng.choice(PAINT + BRIGHT), 40)
    draw.rectangle((x - half, y - tall, x + half, y + tall), colour, _scaled(colour, 0.6), 3)


_THINGS = {"tree": _tree, "house": _house, "cloud": _cloud, "rock": _rock, "pole": _pole, "frame": _frame}
# how far below the horizon a thing stands, as parts of the picture
_PLACES = {
    "tree": (-0.05, 0.15),
    "house": (-0.05, 0.1),
    "cloud": (-0.6, -0.1),
    "rock": (0.0, 0.3),
    "pole": (0.0, 0.2),
    "frame": (-0.5, -0.1),
}


def _occlude(image: Image.Image, rng: random.Random) -> None:
    """A thing in front: blades of grass, a post, a branch or a wall at the border."""
    draw = ImageDraw.Draw(image)
    kind = rng.choice(("grass", "post", "branch", "border"))
    if kind == "grass":
        colour = _vary(rng, rng.choice([(70, 110, 50), (150, 140, 80), (40, 70, 40)]))
        for _ in range(14):
            x, tall = rng.uniform(0, CANVAS), CANVAS * rng.uniform(0.1, 0.35)
            draw.polygon((x - 3, CANVAS, x + rng.uniform(-10, 10), CANVAS - tall, x + 3, CANVAS), colour)
    elif kind == "post":
        x, wide = rng.uniform(0.1, 0.9) * CANVAS, rng.uniform(2, 6)
        draw.rectangle((x - wide, 0, x + wide, CANVAS), _vary(rng, rng.choice(FUR), 30))
    elif kind == "branch":
        y, end = rng.uniform(0, 1) * CANVAS, rng.uniform(0, 1) * CANVAS
        draw.line((0, y, CANVAS, end), _vary(rng, (90, 70, 50), 30), rng.randint(3, 9))
    else:
        wide = CANVAS * rng.uniform(0.08, 0.25)
        left = 0 if rng.random() < 0.5 else CANVAS - wide
        draw.rectangle((left, 0, left + wide, CANVAS), _vary(rng, rng.choice(PAINT + FUR), 30))


# ---------------------------------------------------------------- one picture


def _mean_colour(image: Image.Image) -> Colour:
    return image.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))


def _look(rng: random.Random, kind: Kind, backdrop: Colour) -> Look:
    """Choose the colours and the pattern of an object that can be seen before its backdrop."""
    choices = [_vary(rng, rng.choice(kind.colours)) for _ in range(3)]
    base = max(choices, key=lambda colour: math.dist(colour, backdrop))
    other = _vary(rng, rng.choice(kind.colours))
    pattern = rng.choice(kind.patterns)
    strength = rng.uniform(0.1, 0.9)
    light = _shading(rng)
    pixels = _mix(base, other, _crop(rng, pattern) * np.float32(strength), light)
    coat = Image.fromarray(pixels).resize((CANVAS, CANVAS), Image.Resampling.BILINEAR)
    shade = Image.fromarray((pixels * np.float32(0.72)).astype(np.uint8)).resize((CANVAS, CANVAS))
    edge = _scaled(base, rng.uniform(0.3, 0.7)) if rng.random() < 0.8 else None
    second = _scaled(other, 1.15) if rng.random() < 0.6 else _vary(rng, (216, 206, 190))
    dark = _scaled(_vary(rng, rng.choice(kind.colours)), 0.5)
    return Look(coat, shade, base, second, dark, edge)


def _shading(rng: random.Random) -> NDArray[np.float32]:
    """Light from above: a soft ramp over the picture, brighter at the top."""
    top, bottom = rng.uniform(1.0, 1.35), rng.uniform(0.55, 0.95)
    ramp = np.linspace(top, bottom, TEXTURE, dtype=np.float32)[:, None]
    return ramp * (0.8 + 0.4 * _crop(rng, "soft"))


def _pose(rng: random.Random, turn: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Size, stretch, turn, mirror and place, as a matrix and an origin on the canvas."""
    size = CANVAS * rng.uniform(0.44, 0.58)
    wide, tall = size * rng.uniform(0.82, 1.12), size * rng.uniform(0.82, 1.12)
    angle = rng.uniform(-turn, turn)
    slant = rng.uniform(-0.15, 0.15)
    cos, sin = math.cos(angle), math.sin(angle)
    matrix = np.array([[wide, 0], [slant * size, tall]]) @ np.array([[cos, sin], [-sin, cos]])
    if rng.random() < 0.5:
        matrix[:, 0] *= -1
    origin = CANVAS * np.array([rng.uniform(0.3, 0.7), rng.uniform(0.3, 0.7)])
    return matrix, origin


def _draw_one(rng: random.Random, label: int) -> Image.Image:
    """One picture of SIZE x SIZE, before light and noise."""
    kind = KINDS[label]
    liked = rng.random() < 0.7
    image = _scene(rng, SCENES[rng.choice(kind.likes if liked else tuple(SCENES))])
    pen = Pen(image, rng, *_pose(rng, kind.turn), _look(rng, kind, _mean_colour(image)))
    rng.choice(kind.views)(pen)
    if rng.random() < 0.2:
        _occlude(image, rng)
    return image.reduce(SUPERSAMPLING)


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


def _photograph(pictures: NDArray[np.uint8], rngs: list[random.Random]) -> NDArray[np.uint8]:
    """Light, colour cast, blur and noise on a batch (n, SIZE, SIZE, 3)."""
    weather = _weather(rngs)
    values = pictures.astype(np.float32)
    soft = np.pad(values, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    soft = (soft[:, :-2] + 2 * soft[:, 1:-1] + soft[:, 2:]) / 4
    soft = (soft[:, :, :-2] + 2 * soft[:, :, 1:-1] + soft[:, :, 2:]) / 4
    values += weather.blur * (soft - values)
    values = values * weather.gain + weather.offset + weather.noise
    return np.clip(values, 0, 255).astype(np.uint8)


# ---------------------------------------------------------------- what others call


def draw_images(labels: ArrayLike, *, seed: int = 0) -> NDArray[np.uint8]:
    """Draw one picture for each label.

    Picture i depends only on ``seed``, i and its label, so that the same call gives the same pictures.

    Args:
        labels: whole numbers 0–9 of shape (n,), in the order of CIFAR-10's classes.
        seed: any whole number.

    Returns:
        uint8 array (n, 32, 32, 3), RGB, 0–255.

    Raises:
        CourseError: labels of another shape or kind, or outside 0–9.
    """
    return _draw_stream(_checked(labels), f"{seed}/train")


def draw_cifar10(
    *, train_per_class: int = 200, test_per_class: int = 50, seed: int = 0
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]:
    """Draw a whole stand-in with the same number of pictures for each class, in random order.

    Args:
        train_per_class: pictures of each class to train with, at least 1.
        test_per_class: pictures of each class to test with, at least 1; other pictures.
        seed: any whole number.

    Returns:
        train_images uint8 (10 * train_per_class, 32, 32, 3), train_labels int64, then the same for test.

    Raises:
        CourseError: a count below 1.
    """
    parts: list[NDArray] = []
    for part, count in (("train", train_per_class), ("test", test_per_class)):
        if count < 1:
            raise CourseError(
                f"{part}_per_class is {count}.",
                cause="Each class needs at least one picture.",
                next_step=f"give {part}_per_class a whole number from 1 on.",
            )
        order = random.Random(f"{seed}/{part}/order")
        labels = [label for label in range(len(KINDS)) for _ in range(count)]
        order.shuffle(labels)
        parts += [_draw_stream(labels, f"{seed}/{part}"), np.array(labels, np.int64)]
    train_images, train_labels, test_images, test_labels = parts
    return train_images, train_labels, test_images, test_labels


def _checked(labels: ArrayLike) -> list[int]:
    array = np.asarray(labels)
    if array.ndim != 1 or (array.size and not np.issubdtype(array.dtype, np.integer)):
        raise CourseError(
            "labels cannot be drawn.",
            cause=f"Expected whole numbers of shape (n,), found {array.dtype} of shape {array.shape}.",
            next_step="pass a list or array of whole numbers 0–9.",
        )
    wrong = array[(array < 0) | (array >= len(KINDS))]
    if wrong.size:
        raise CourseError(
            f"labels holds {wrong[0]}.",
            cause=f"The classes are 0 to {len(KINDS) - 1}; {wrong.size} labels lie outside.",
            next_step="check the labels; course_utils.cifar10.CLASS_NAMES names the classes.",
        )
    return array.tolist()


def _draw_stream(labels: list[int], stream: str) -> NDArray[np.uint8]:
    """Draw the labels; the stream's name and the index seed each picture."""
    images = np.empty((len(labels), SIZE, SIZE, 3), np.uint8)
    for start in range(0, len(labels), BATCH):
        batch = labels[start : start + BATCH]
        rngs = [random.Random(f"{stream}/{start + i}/{label}") for i, label in enumerate(batch)]
        drawn = np.stack([np.asarray(_draw_one(rng, one)) for rng, one in zip(rngs, batch, strict=True)])
        images[start : start + len(batch)] = _photograph(drawn, rngs)
    return images
