"""Birds and frogs, view by view."""

from __future__ import annotations

from course_utils.pictures.stand_in.animal_parts import eye
from course_utils.pictures.stand_in.curves import at, turned
from course_utils.pictures.stand_in.pen import Pen


def bird_perched(pen: Pen) -> None:
    """A songbird on its legs."""
    look, rng = pen.look, pen.rng
    lean = rng.uniform(-0.5, 0.1)
    for x in (-0.05, 0.12):
        pen.line([(x, 0.3), (x + 0.05, 0.72)], 0.035, (190, 130, 60))
        pen.line([(x - 0.06, 0.74), (x + 0.16, 0.74)], 0.035, (190, 130, 60))
    body = pen.moved(0, 0, lean)
    body.polygon([(-0.3, -0.05), (-0.98, 0.0), (-0.95, 0.2), (-0.3, 0.2)], look.shade)
    body.blob(at("-0.55,0.05 -0.2,-0.26 0.25,-0.3 0.48,0 0.25,0.36 -0.2,0.34"), look.coat)
    body.ellipse(0.2, 0.14, 0.24, 0.18, look.second)
    body.blob(at("-0.7,0.12 -0.2,-0.16 0.18,-0.1 0.1,0.12 -0.25,0.22"), look.shade)
    head = pen.moved(*turned(0.42, -0.3, lean), rng.uniform(-0.3, 0.3))
    _bird_head(head, rng.uniform(0.15, 0.35))


def _bird_head(pen: Pen, beak: float) -> None:
    pen.polygon([(0.14, -0.07), (0.2 + beak, 0.02), (0.14, 0.09)], (220, 160, 50))
    pen.ellipse(0, 0, 0.22, 0.2, pen.look.coat)
    eye(pen, 0.07, -0.04, 0.045)


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
    pen.blob(at("-0.5,0.05 -0.2,-0.2 0.2,-0.18 0.36,0.02 0.15,0.24 -0.25,0.22"), look.coat)
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
    pen.blob(at("-0.92,-0.08 -0.6,0.02 0.1,-0.12 0.55,0.02 0.5,0.34 -0.1,0.46 -0.65,0.32"), look.coat)
    pen.blob(at("-0.75,0.06 -0.2,-0.06 0.2,0.1 -0.1,0.28 -0.5,0.24"), look.shade)
    pen.tube([(0.42, 0.14), (0.55, -neck * 0.5), (0.5, -neck)], [0.17, 0.11, 0.11], look.coat)
    _bird_head(pen.moved(0.54, -neck - 0.05), 0.28)
    pen.line([(-0.9, 0.44), (0.75, 0.44)], 0.05, (190, 205, 215))


def frog_side(pen: Pen) -> None:
    """A frog that crouches."""
    look = pen.look
    pen.tube([(-0.35, 0.3), (-0.85, 0.02), (-0.45, 0.5), (-0.85, 0.56)], [0.2, 0.12, 0.09, 0.06], look.shade)
    pen.blob(at("-0.75,0.38 -0.5,-0.02 0,-0.28 0.4,-0.36 0.82,-0.12 0.7,0.15 0.2,0.42 -0.4,0.5"), look.coat)
    pen.blob(at("0.78,-0.02 0.7,0.14 0.3,0.4 0,0.42 0.3,0.12"), look.second)
    pen.tube([(-0.3, 0.35), (-0.78, 0.08), (-0.3, 0.52), (-0.15, 0.56)], [0.2, 0.13, 0.09, 0.07], look.coat)
    pen.tube([(0.32, 0.2), (0.42, 0.45), (0.62, 0.56)], [0.11, 0.08, 0.06], look.coat)
    pen.line([(0.84, -0.06), (0.55, 0.04), (0.4, -0.02)], 0.03, look.dark)
    pen.ellipse(0.42, -0.34, 0.17, 0.16, look.coat)
    eye(pen, 0.45, -0.36, 0.11, (230, 190, 70))


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
    pen.blob(at("-0.6,0 -0.35,-0.34 0.2,-0.38 0.6,-0.24 0.74,0 0.6,0.24 0.2,0.38 -0.35,0.34"), look.coat)
    pen.line([(-0.5, 0), (0.5, 0)], 0.06, look.second)
    for way in (-1, 1):
        eye(pen, 0.42, way * 0.26, 0.12, (230, 190, 70))


def frog_face(pen: Pen) -> None:
    """A frog from the front: wide mouth, eyes on top."""
    look = pen.look
    for way in (-1, 1):
        pen.ellipse(way * 0.66, 0.34, 0.26, 0.34, look.shade, way * 0.3)
        pen.tube([(way * 0.35, 0.3), (way * 0.42, 0.62), (way * 0.6, 0.74)], [0.12, 0.09, 0.08], look.coat)
    pen.blob(at("-0.72,0.05 -0.4,-0.35 0.4,-0.35 0.72,0.05 0.5,0.6 -0.5,0.6"), look.coat)
    pen.blob(at("-0.6,0.14 0,0.24 0.6,0.14 0.4,0.56 -0.4,0.56"), look.second)
    pen.line([(-0.66, 0.08), (-0.3, 0.18), (0.3, 0.18), (0.66, 0.08)], 0.045, look.dark)
    for way in (-1, 1):
        pen.ellipse(way * 0.42, -0.38, 0.22, 0.22, look.coat)
        eye(pen, way * 0.43, -0.4, 0.15, (230, 190, 70))


BIRD_VIEWS = (bird_perched, bird_flying, bird_wading, bird_swimming)
FROG_VIEWS = (frog_side, frog_above, frog_face)
