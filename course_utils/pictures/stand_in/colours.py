"""Colours that the drawing starts from, and small changes of a colour."""

from __future__ import annotations

import random

Colour = tuple[int, int, int]

BLACK: Colour = (24, 22, 24)
WHITE: Colour = (240, 240, 236)
GLASS: Colour = (70, 90, 110)
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


def vary(rng: random.Random, colour: Colour, spread: int = 24) -> Colour:
    """The colour with its brightness and each channel moved a little."""
    shift = rng.randint(-spread, spread)
    red, green, blue = (
        min(255, max(0, channel + shift + rng.randint(-spread // 2, spread // 2))) for channel in colour
    )
    return red, green, blue


def scaled(colour: Colour, factor: float) -> Colour:
    """The colour times ``factor``, at most 255."""
    red, green, blue = (min(255, int(channel * factor)) for channel in colour)
    return red, green, blue
