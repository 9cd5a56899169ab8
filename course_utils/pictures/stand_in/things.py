"""Things behind and in front of the object."""

from __future__ import annotations

import random

from PIL import Image, ImageDraw

from course_utils.pictures.stand_in.colours import BRIGHT, FUR, GLASS, PAINT, scaled, vary
from course_utils.pictures.stand_in.sizes import CANVAS


def _tree(draw: ImageDraw.ImageDraw, rng: random.Random, x: float, y: float, size: float) -> None:
    leaf = vary(rng, rng.choice([(60, 100, 50), (90, 120, 60), (150, 110, 50), (40, 70, 50)]))
    draw.rectangle((x - size * 0.08, y - size * 0.6, x + size * 0.08, y), vary(rng, (90, 66, 48)))
    if rng.random() < 0.5:
        draw.polygon(
            (x - size * 0.4, y - size * 0.3, x, y - size * 1.4, x + size * 0.4, y - size * 0.3), leaf
        )
    else:
        draw.ellipse((x - size * 0.5, y - size * 1.3, x + size * 0.5, y - size * 0.35), leaf)


def _house(draw: ImageDraw.ImageDraw, rng: random.Random, x: float, y: float, size: float) -> None:
    wall = vary(rng, rng.choice(PAINT), 40)
    half, tall = size * rng.uniform(0.3, 0.6), size * rng.uniform(0.5, 1.2)
    draw.rectangle((x - half, y - tall, x + half, y), wall)
    if rng.random() < 0.5:
        draw.polygon(
            (x - half * 1.2, y - tall, x, y - tall - half, x + half * 1.2, y - tall), scaled(wall, 0.6)
        )
    for dx in (-0.5, 0.3):
        draw.rectangle((x + half * dx, y - tall * 0.7, x + half * (dx + 0.3), y - tall * 0.4), GLASS)


def _cloud(draw: ImageDraw.ImageDraw, rng: random.Random, x: float, y: float, size: float) -> None:
    colour = vary(rng, (226, 230, 234), 16)
    for dx, height in ((-0.5, 0.3), (0, 0.5), (0.5, 0.3)):
        left, top = x + (dx - 0.4) * size, y - height * size * 0.6
        draw.ellipse((left, top, left + size * 0.8, y + size * 0.15), colour)


def _rock(draw: ImageDraw.ImageDraw, rng: random.Random, x: float, y: float, size: float) -> None:
    colour = vary(rng, rng.choice(FUR + BRIGHT + PAINT), 30)
    wide, tall = size * rng.uniform(0.3, 0.6), size * rng.uniform(0.2, 0.6)
    draw.ellipse((x - wide, y - tall, x + wide, y + tall), colour)


def _pole(draw: ImageDraw.ImageDraw, rng: random.Random, x: float, y: float, size: float) -> None:
    wide = size * rng.uniform(0.04, 0.12)
    draw.rectangle((x - wide, y - size * 2, x + wide, y), vary(rng, rng.choice(FUR + PAINT), 30))


def _frame(draw: ImageDraw.ImageDraw, rng: random.Random, x: float, y: float, size: float) -> None:
    half, tall = size * rng.uniform(0.2, 0.6), size * rng.uniform(0.2, 0.6)
    colour = vary(rng, rng.choice(PAINT + BRIGHT), 40)
    draw.rectangle((x - half, y - tall, x + half, y + tall), colour, scaled(colour, 0.6), 3)


THINGS = {"tree": _tree, "house": _house, "cloud": _cloud, "rock": _rock, "pole": _pole, "frame": _frame}


# how far below the horizon a thing stands, as parts of the picture
PLACES = {
    "tree": (-0.05, 0.15),
    "house": (-0.05, 0.1),
    "cloud": (-0.6, -0.1),
    "rock": (0.0, 0.3),
    "pole": (0.0, 0.2),
    "frame": (-0.5, -0.1),
}


def occlude(image: Image.Image, rng: random.Random) -> None:
    """A thing in front: blades of grass, a post, a branch or a wall at the border."""
    draw = ImageDraw.Draw(image)
    kind = rng.choice(("grass", "post", "branch", "border"))
    if kind == "grass":
        colour = vary(rng, rng.choice([(70, 110, 50), (150, 140, 80), (40, 70, 40)]))
        for _ in range(14):
            x, tall = rng.uniform(0, CANVAS), CANVAS * rng.uniform(0.1, 0.35)
            draw.polygon((x - 3, CANVAS, x + rng.uniform(-10, 10), CANVAS - tall, x + 3, CANVAS), colour)
    elif kind == "post":
        x, wide = rng.uniform(0.1, 0.9) * CANVAS, rng.uniform(2, 6)
        draw.rectangle((x - wide, 0, x + wide, CANVAS), vary(rng, rng.choice(FUR), 30))
    elif kind == "branch":
        y, end = rng.uniform(0, 1) * CANVAS, rng.uniform(0, 1) * CANVAS
        draw.line((0, y, CANVAS, end), vary(rng, (90, 70, 50), 30), rng.randint(3, 9))
    else:
        wide = CANVAS * rng.uniform(0.08, 0.25)
        left = 0 if rng.random() < 0.5 else CANVAS - wide
        draw.rectangle((left, 0, left + wide, CANVAS), vary(rng, rng.choice(PAINT + FUR), 30))
