"""Deer and horses, view by view."""

from __future__ import annotations

from course_utils.pictures.stand_in.animal_parts import Build, ear, eye, face_eyes, legs, torso
from course_utils.pictures.stand_in.colours import BLACK, PAINT, PINK, WHITE, Colour, vary
from course_utils.pictures.stand_in.curves import at
from course_utils.pictures.stand_in.pen import Pen

DEER = Build(0.46, 0.18, 0.66, 0.05)
HORSE = Build(0.54, 0.23, 0.62, 0.065)


def _antlers(pen: Pen, size: float, fill: Colour, spread: float) -> None:
    """Two branched antlers that grow up from the origin."""
    for way in (-1, 1):
        antler = pen.moved(0, 0, way * spread, size)
        antler.tube([(way * 0.05, 0), (way * 0.3, -0.5), (way * 0.15, -1)], [0.07, 0.05, 0.04], fill)
        antler.tube([(way * 0.2, -0.3), (way * 0.55, -0.6)], [0.05, 0.03], fill)
        antler.tube([(way * 0.28, -0.6), (way * 0.6, -0.95)], [0.05, 0.03], fill)


def _horse_head(pen: Pen) -> None:
    ear(pen, -0.06, -0.1, -0.1, 0.2, 0.3, pen.look.coat)
    ear(pen, 0.02, -0.12, 0.1, 0.2, 0.3, pen.look.coat)
    pen.tube([(0, 0), (0.25, 0.03), (0.52, 0.02)], [0.17, 0.13, 0.11], pen.look.coat)
    pen.ellipse(0.56, 0.03, 0.09, 0.1, pen.look.dark)
    eye(pen, 0.1, -0.05, 0.035, BLACK)


def _deer_head(pen: Pen, antlers: bool) -> None:
    if antlers:
        _antlers(pen.moved(-0.02, -0.1, -0.25), 0.62, (150, 116, 78), 0.25)
    pen.ellipse(-0.16, -0.1, 0.16, 0.07, pen.look.shade, 0.5)
    pen.tube([(0, 0), (0.2, 0.03), (0.38, 0.04)], [0.13, 0.1, 0.065], pen.look.coat)
    pen.ellipse(0.42, 0.03, 0.05, 0.05, BLACK)
    pen.ellipse(-0.12, -0.02, 0.15, 0.06, pen.look.coat, -0.4)
    eye(pen, 0.1, -0.03, 0.035, BLACK)


def deer_side(pen: Pen) -> None:
    """A deer that stands, walks or grazes."""
    look, rng = pen.look, pen.rng
    body = pen.moved(-0.08, 0.12)
    legs(body, DEER, look.dark)
    body.ellipse(-0.5, -0.06, 0.07, 0.1, WHITE)
    torso(body, DEER)
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
    pen.blob(at("-0.22,-0.3 0.22,-0.3 0.27,-0.02 0.13,0.42 -0.13,0.42 -0.27,-0.02"), look.coat)
    pen.ellipse(0, 0.36, 0.13, 0.11, look.second)
    pen.ellipse(0, 0.33, 0.08, 0.06, BLACK)
    face_eyes(pen, 0.2, -0.06, 0.06, BLACK)


def deer_lying(pen: Pen) -> None:
    """A fawn or doe that rests."""
    look, rng = pen.look, pen.rng
    pen.blob(at("-0.8,0.35 -0.65,-0.05 0,-0.1 0.45,0.02 0.5,0.42 -0.1,0.46"), look.coat)
    pen.tube([(0.3, 0.36), (0.75, 0.45)], [0.07, 0.05], look.coat)
    pen.tube([(-0.5, 0.4), (-0.05, 0.47)], [0.08, 0.05], look.shade)
    pen.tube([(0.34, 0.08), (0.5, -0.2), (0.52, -0.42)], [0.14, 0.09, 0.08], look.coat)
    _deer_head(pen.moved(0.52, -0.48, rng.uniform(-0.1, 0.3), 1.1), rng.random() < 0.4)


def horse_side(pen: Pen) -> None:
    """A horse that stands, trots or grazes; sometimes with a rider."""
    look, rng = pen.look, pen.rng
    body = pen.moved(-0.08, 0.12)
    body.tube([(-0.52, -0.1), (-0.72, 0.02), (-0.74, 0.42)], [0.06, 0.09, 0.04], look.dark)
    legs(body, HORSE, look.dark)
    torso(body, HORSE, 0.12)
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
    jacket = vary(pen.rng, pen.rng.choice(PAINT))
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
        ear(pen, way * 0.2, -0.5, way * 0.2, 0.38, 0.32, look.coat)
    pen.blob(
        at("-0.28,-0.5 0.28,-0.5 0.32,-0.2 0.2,0.4 0.22,0.65 0,0.76 -0.22,0.65 -0.2,0.4 -0.32,-0.2"),
        look.coat,
    )
    if rng.random() < 0.6:
        pen.tube([(0, -0.3), (0, 0.4)], [0.08, 0.07], WHITE)
    pen.tube([(-0.1, -0.62), (0.05, -0.4), (0, -0.2)], [0.12, 0.1, 0.05], look.dark)
    pen.ellipse(0, 0.6, 0.2, 0.16, look.dark)
    for way in (-1, 1):
        pen.ellipse(way * 0.1, 0.58, 0.04, 0.06, BLACK)
    face_eyes(pen, 0.27, -0.22, 0.06, BLACK)


# A view that stands twice is drawn twice as often.
DEER_VIEWS = (deer_side, deer_side, deer_face, deer_lying)
HORSE_VIEWS = (horse_side, horse_side, horse_head, horse_front)
