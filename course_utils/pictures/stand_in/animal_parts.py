"""Parts that several animals share: eyes, ears, legs, body."""

from __future__ import annotations

from typing import NamedTuple

from course_utils.pictures.stand_in.colours import BLACK, WHITE, Colour
from course_utils.pictures.stand_in.pen import Fill, Pen


def eye(pen: Pen, x: float, y: float, size: float, ring: Colour = WHITE) -> None:
    """A round eye."""
    pen.ellipse(x, y, size, size, ring)
    pen.ellipse(x, y, size * 0.65, size * 0.65, BLACK)


class Build(NamedTuple):
    """The measures of a four-legged animal, seen from the side."""

    length: float  # half the length of the body
    depth: float  # half the depth of the body
    leg: float
    leg_width: float


def legs(pen: Pen, build: Build, hoof: Colour | None = None) -> None:
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


def torso(pen: Pen, build: Build, tuck: float = 0.2) -> None:
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


def ear(pen: Pen, x: float, y: float, angle: float, size: float, width: float, fill: Fill) -> None:
    """A pointed ear; angle 0 points up."""
    pen.moved(x, y, angle, size).polygon([(-width, 0.1), (0, -1), (width, 0.1)], fill)


def face_eyes(pen: Pen, half: float, y: float, size: float, ring: Colour) -> None:
    """Two eyes, seen from the front."""
    for x in (-half, half):
        eye(pen, x, y, size, ring)
