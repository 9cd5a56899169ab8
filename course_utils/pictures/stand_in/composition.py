"""One picture: a scene, an object in a random pose and look, perhaps a thing in front.

All is drawn on a canvas of four times the size, and made smaller.
"""

from __future__ import annotations

import math
import random

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from course_utils.pictures.stand_in.colours import Colour, scaled, vary
from course_utils.pictures.stand_in.kinds import KINDS, Kind
from course_utils.pictures.stand_in.pen import Look, Pen
from course_utils.pictures.stand_in.scenes import SCENES, draw_scene
from course_utils.pictures.stand_in.sizes import CANVAS, SUPERSAMPLING, TEXTURE
from course_utils.pictures.stand_in.textures import crop, mix
from course_utils.pictures.stand_in.things import occlude

LIKED_SHARE = 0.7  # of the pictures show a scene that their class likes


def choose_scene(rng: random.Random, kind: Kind) -> str:
    """The name of a scene: often one that the class likes, else any one."""
    liked = rng.random() < LIKED_SHARE
    return rng.choice(kind.likes if liked else tuple(SCENES))


def _mean_colour(image: Image.Image) -> Colour:
    return image.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))


def _choose_look(rng: random.Random, kind: Kind, backdrop: Colour) -> Look:
    """Choose the colours and the pattern of an object that can be seen before its backdrop."""
    choices = [vary(rng, rng.choice(kind.colours)) for _ in range(3)]
    base = max(choices, key=lambda colour: math.dist(colour, backdrop))
    other = vary(rng, rng.choice(kind.colours))
    pattern = rng.choice(kind.patterns)
    strength = rng.uniform(0.1, 0.9)
    light = _shading(rng)
    pixels = mix(base, other, crop(rng, pattern) * np.float32(strength), light)
    coat = Image.fromarray(pixels).resize((CANVAS, CANVAS), Image.Resampling.BILINEAR)
    shade = Image.fromarray((pixels * np.float32(0.72)).astype(np.uint8)).resize((CANVAS, CANVAS))
    edge = scaled(base, rng.uniform(0.3, 0.7)) if rng.random() < 0.8 else None
    second = scaled(other, 1.15) if rng.random() < 0.6 else vary(rng, (216, 206, 190))
    dark = scaled(vary(rng, rng.choice(kind.colours)), 0.5)
    return Look(coat, shade, base, second, dark, edge)


def _shading(rng: random.Random) -> NDArray[np.float32]:
    """Light from above: a soft ramp over the picture, brighter at the top."""
    top, bottom = rng.uniform(1.0, 1.35), rng.uniform(0.55, 0.95)
    ramp = np.linspace(top, bottom, TEXTURE, dtype=np.float32)[:, None]
    return ramp * (0.8 + 0.4 * crop(rng, "soft"))


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


def draw_one(rng: random.Random, label: int) -> Image.Image:
    """One picture of SIZE x SIZE, before light and noise."""
    kind = KINDS[label]
    image = draw_scene(rng, SCENES[choose_scene(rng, kind)])
    pen = Pen(image, rng, *_pose(rng, kind.turn), _choose_look(rng, kind, _mean_colour(image)))
    rng.choice(kind.views)(pen)
    if rng.random() < 0.2:
        occlude(image, rng)
    return image.reduce(SUPERSAMPLING)
