"""The pen: draws shapes given in an object's own frame onto the canvas."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw

from course_utils.pictures.stand_in.colours import Colour
from course_utils.pictures.stand_in.curves import closed_curve, open_curve

Fill = Colour | Image.Image
Points = list[tuple[float, float]]

_TURN = np.linspace(0, 2 * np.pi, 20, endpoint=False)
_CIRCLE = np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1)
_HALF_TURN = np.linspace(-np.pi / 2, np.pi / 2, 7)[1:-1]
_CAP = np.stack([np.cos(_HALF_TURN), np.sin(_HALF_TURN)], axis=1)


class Look(NamedTuple):
    """What an object is painted with."""

    coat: Image.Image  # main colour with pattern and shading
    shade: Image.Image  # the same in shadow, for far legs and wings
    base: Colour  # main colour
    second: Colour  # belly, stripe, cargo
    dark: Colour  # mane, hooves, trim
    edge: Colour | None  # outline


@dataclass(eq=False)  # arrays have no single answer to "equal?"
class Pen:
    """Draws shapes given in the object's own frame: x to the right, y down, about -1 to 1."""

    image: Image.Image
    rng: random.Random
    matrix: NDArray[np.float64]
    origin: NDArray[np.float64]
    look: Look

    def __post_init__(self) -> None:
        self._draw = ImageDraw.Draw(self.image)

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
        self.polygon(closed_curve(len(points)) @ np.asarray(points, float), fill)

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
        curve = open_curve(len(path))
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
