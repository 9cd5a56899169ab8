"""Cats and dogs, view by view."""

from __future__ import annotations

from course_utils.pictures.stand_in.animal_parts import Build, ear, eye, face_eyes, legs, torso
from course_utils.pictures.stand_in.colours import BLACK, PINK, WHITE
from course_utils.pictures.stand_in.curves import at
from course_utils.pictures.stand_in.pen import Pen

CAT = Build(0.5, 0.19, 0.36, 0.065)
DOG = Build(0.5, 0.2, 0.46, 0.07)


def _cat_head(pen: Pen) -> None:
    for x, fill in ((-0.1, pen.look.shade), (0.1, pen.look.coat)):
        ear(pen, x, -0.14, x * 1.5, 0.24, 0.42, fill)
    pen.ellipse(0, 0, 0.23, 0.2, pen.look.coat)
    pen.ellipse(0.16, 0.07, 0.1, 0.08, pen.look.second)
    pen.ellipse(0.22, 0.04, 0.03, 0.03, PINK)
    eye(pen, 0.08, -0.04, 0.05, (170, 200, 90))


def _dog_head(pen: Pen) -> None:
    floppy = pen.rng.random() < 0.65
    if not floppy:
        ear(pen, -0.08, -0.14, -0.2, 0.26, 0.35, pen.look.shade)
    pen.ellipse(0, 0, 0.2, 0.19, pen.look.coat)
    pen.tube([(0.05, 0.04), (0.4, 0.1)], [0.15, 0.1], pen.look.coat)
    pen.ellipse(0.47, 0.05, 0.06, 0.05, BLACK)
    pen.line([(0.22, 0.15), (0.44, 0.17)], 0.03, BLACK)
    eye(pen, 0.1, -0.06, 0.04)
    if floppy:
        pen.tube([(-0.06, -0.12), (-0.14, 0.05), (-0.1, 0.24)], [0.07, 0.1, 0.08], pen.look.shade)
    else:
        ear(pen, 0.0, -0.14, 0.0, 0.26, 0.35, pen.look.coat)


def cat_side(pen: Pen) -> None:
    """A cat that walks or stands."""
    look, rng = pen.look, pen.rng
    lift = rng.uniform(-0.6, 0.3)
    pen.tube(
        [(-0.48, -0.08), (-0.8, -0.1 + lift * 0.4), (-0.9, lift), (-0.78, lift - 0.12)],
        [0.06, 0.055, 0.05, 0.04],
        look.coat,
    )
    legs(pen, CAT)
    torso(pen, CAT, 0.1)
    _cat_head(pen.moved(0.62, -0.22 + rng.uniform(-0.08, 0.15), rng.uniform(-0.2, 0.3), 1.15))


def cat_sitting(pen: Pen) -> None:
    """A cat that sits, seen from the front."""
    look, rng = pen.look, pen.rng
    way = rng.choice((-1, 1))
    pen.tube([(way * 0.25, 0.75), (way * 0.65, 0.72), (way * 0.75, 0.4)], [0.08, 0.07, 0.05], look.coat)
    pen.blob(at("-0.2,-0.25 0.2,-0.25 0.36,0.3 0.4,0.8 -0.4,0.8 -0.36,0.3"), look.coat)
    pen.ellipse(0, 0.1, 0.14, 0.24, look.second)
    for x in (-0.13, 0.13):
        pen.tube([(x, 0.25), (x, 0.78)], [0.09, 0.09], look.coat)
    cat_face(pen.moved(0, -0.42, rng.uniform(-0.25, 0.25), 0.5))


def cat_lying(pen: Pen) -> None:
    """A cat that lies, its head at one end."""
    look = pen.look
    pen.tube([(-0.7, 0.3), (-0.95, 0.42), (-0.6, 0.52), (-0.1, 0.5)], [0.06, 0.06, 0.06, 0.05], look.shade)
    pen.blob(at("-0.85,0.3 -0.7,-0.15 -0.1,-0.22 0.5,-0.05 0.6,0.42 0,0.46 -0.6,0.46"), look.coat)
    pen.tube([(0.4, 0.34), (0.88, 0.42)], [0.09, 0.08], look.coat)
    cat_face(pen.moved(0.5, -0.12, pen.rng.uniform(-0.2, 0.35), 0.42))


def cat_face(pen: Pen) -> None:
    """A cat's face: pointed ears, slit eyes, whiskers."""
    look, rng = pen.look, pen.rng
    for x in (-1, 1):
        ear(pen, x * 0.46, -0.42, x * 0.35, 0.62, 0.5, look.coat)
        ear(pen, x * 0.47, -0.42, x * 0.35, 0.4, 0.4, PINK)
    pen.ellipse(0, 0, 0.78, 0.68, look.coat)
    pen.ellipse(0, 0.3, 0.34, 0.24, look.second)
    iris = rng.choice([(200, 190, 70), (130, 180, 90), (120, 170, 200)])
    for x in (-0.32, 0.32):
        pen.ellipse(x, -0.1, 0.17, 0.14, iris)
        pen.ellipse(x, -0.1, 0.06, 0.13, BLACK)
    pen.polygon([(-0.1, 0.16), (0.1, 0.16), (0, 0.28)], PINK)
    pen.line(at("-0.16,0.42 0,0.34 0,0.26 0,0.34 0.16,0.42"), 0.04, BLACK)
    for x in (-1, 1):
        pen.line([(x * 0.2, 0.3), (x * 0.95, 0.2)], 0.025, WHITE)
        pen.line([(x * 0.2, 0.36), (x * 0.9, 0.44)], 0.025, WHITE)


def dog_side(pen: Pen) -> None:
    """A dog that walks or stands."""
    look, rng = pen.look, pen.rng
    lift = rng.uniform(-0.5, 0.2)
    pen.tube([(-0.48, -0.1), (-0.72, lift * 0.7), (-0.85, lift - 0.1)], [0.07, 0.05, 0.035], look.coat)
    legs(pen, DOG)
    torso(pen, DOG, 0.25)
    nod = rng.uniform(-0.15, 0.2)
    pen.tube([(0.4, -0.06), (0.6, -0.3 + nod)], [0.16, 0.13], look.coat)
    _dog_head(pen.moved(0.62, -0.36 + nod, rng.uniform(-0.25, 0.35), 1.1))


def dog_sitting(pen: Pen) -> None:
    """A dog that sits, from the front or the side."""
    look, rng = pen.look, pen.rng
    if rng.random() < 0.5:
        pen.blob(at("-0.22,-0.2 0.22,-0.2 0.3,0.3 0.42,0.8 -0.42,0.8 -0.3,0.3"), look.coat)
        pen.ellipse(0, 0.05, 0.15, 0.22, look.second)
        for x in (-0.15, 0.15):
            pen.tube([(x, 0.2), (x, 0.8)], [0.1, 0.1], look.coat)
        dog_face(pen.moved(0, -0.4, rng.uniform(-0.3, 0.3), 0.5))
        return
    pen.tube([(-0.4, 0.65), (-0.7, 0.72), (-0.85, 0.5)], [0.07, 0.06, 0.04], look.shade)
    pen.blob(at("0.05,-0.3 0.35,-0.1 0.36,0.4 0,0.8 -0.5,0.78 -0.45,0.35 -0.15,0"), look.coat)
    pen.tube([(0.24, 0.1), (0.28, 0.78), (0.38, 0.8)], [0.1, 0.07, 0.06], look.coat)
    pen.ellipse(-0.2, 0.6, 0.26, 0.2, look.shade)
    _dog_head(pen.moved(0.2, -0.4, rng.uniform(-0.3, 0.2), 1.35))


def dog_face(pen: Pen) -> None:
    """A dog's face: muzzle, big nose, floppy or pricked ears."""
    look, rng = pen.look, pen.rng
    floppy = rng.random() < 0.65
    if not floppy:
        for x in (-1, 1):
            ear(pen, x * 0.42, -0.45, x * 0.2, 0.6, 0.42, look.shade)
    pen.blob(at("-0.5,-0.6 0.5,-0.6 0.68,-0.05 0.4,0.6 0,0.75 -0.4,0.6 -0.68,-0.05"), look.coat)
    if rng.random() < 0.4:
        pen.tube([(0, -0.6), (0, 0.2)], [0.12, 0.16], look.second)
    pen.ellipse(0, 0.36, 0.36, 0.32, look.second)
    pen.ellipse(0, 0.2, 0.18, 0.13, BLACK)
    if rng.random() < 0.4:
        pen.ellipse(0, 0.66, 0.13, 0.2, (214, 100, 110))
    pen.line(at("-0.25,0.5 0,0.44 0,0.3 0,0.44 0.25,0.5"), 0.05, BLACK)
    face_eyes(pen, 0.3, -0.14, 0.1, (90, 56, 30))
    if floppy:
        for x in (-1, 1):
            pen.tube([(x * 0.5, -0.5), (x * 0.78, -0.1), (x * 0.72, 0.4)], [0.14, 0.2, 0.15], look.shade)


CAT_VIEWS = (cat_side, cat_sitting, cat_lying, cat_face)
DOG_VIEWS = (dog_side, dog_sitting, dog_face)
