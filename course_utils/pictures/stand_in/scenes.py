"""Backgrounds: two surfaces that meet at a horizon, and things in them."""

from __future__ import annotations

import random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from course_utils.pictures.stand_in.colours import Colour, vary
from course_utils.pictures.stand_in.sizes import CANVAS, TEXTURE
from course_utils.pictures.stand_in.textures import crop, mix
from course_utils.pictures.stand_in.things import PLACES, THINGS

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
    return mix(vary(rng, low), vary(rng, high), crop(rng, texture))


def draw_scene(rng: random.Random, scene: Scene) -> Image.Image:
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
        y = min(max(horizon, 0.2), 0.9) + rng.uniform(*PLACES[thing])
        size = CANVAS * rng.uniform(0.15, 0.5)
        THINGS[thing](draw, rng, rng.uniform(0, CANVAS), y * CANVAS, size)
    return image
