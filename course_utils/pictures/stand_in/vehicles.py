"""Airplanes, automobiles, ships and trucks, view by view."""

from __future__ import annotations

import numpy as np

from course_utils.pictures.stand_in.colours import GLASS, PAINT, WHITE, Colour, scaled, vary
from course_utils.pictures.stand_in.curves import at
from course_utils.pictures.stand_in.pen import Pen

TYRE: Colour = (30, 30, 34)


def _wheel(pen: Pen, x: float, y: float, size: float) -> None:
    pen.ellipse(x, y, size, size, TYRE)
    pen.ellipse(x, y, size * 0.52, size * 0.52, (150, 152, 156))
    pen.ellipse(x, y, size * 0.2, size * 0.2, (60, 60, 64))


def _lamps(pen: Pen, half: float, y: float, size: float, colour: Colour) -> None:
    for x in (-half, half):
        pen.ellipse(x, y, size, size * 0.8, colour)


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
    pen.blob(at("-0.7,0.05 -0.6,-0.1 0.6,-0.1 0.7,0.05 0.7,0.4 0.5,0.46 -0.5,0.46 -0.7,0.4"), look.coat)
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
        at("-0.95,0.2 -0.95,-0.08 -0.5,-0.14 0.3,-0.12 0.85,-0.02 0.96,0.12 0.94,0.36 0.4,0.44 -0.2,0.32"),
        look.coat,
    )
    pen.polygon([(0.36, 0.2), (0.94, 0.12), (0.94, 0.36), (0.4, 0.44)], look.shade)
    pen.ellipse(0.48, 0.18, 0.1, 0.08, (250, 244, 210))
    pen.ellipse(0.9, 0.12, 0.05, 0.07, (250, 244, 210))
    pen.line([(0.58, 0.26), (0.86, 0.23)], 0.07, look.dark)
    for x, y in ((-0.6, 0.28), (0.24, 0.36)):
        pen.ellipse(x, y, 0.11, 0.18, TYRE)
        pen.ellipse(x, y, 0.06, 0.1, (150, 152, 156))


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
            pen.box(x, -0.02 - rng.choice((0.1, 0.2)), x + 0.16, 0.1, vary(rng, rng.choice(PAINT)))
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
        lean.polygon([(mast + 0.05, -0.8), (mast + 0.55, 0.26), (mast + 0.05, 0.26)], scaled(sail, 0.85))
    lean.blob(at("-0.72,0.4 0,0.42 0.82,0.34 0.5,0.66 -0.5,0.68"), look.coat)
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
    pen.blob(at("-0.56,-0.06 0.6,-0.06 0.42,0.4 0.22,0.62 0.02,0.66 -0.3,0.5"), look.coat)
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


def truck_fire_engine(pen: Pen) -> None:
    """A fire engine from the side: one tall body, shutters, a ladder on the roof."""
    look, rng = pen.look, pen.rng
    roof = rng.uniform(-0.42, -0.3)
    pen.box(-0.95, roof, 0.96, 0.28, look.coat)
    pen.polygon([(0.5, 0.0), (0.5, roof + 0.1), (0.96, roof + 0.1), (0.96, 0.0)], GLASS)
    for x in (-0.85, -0.45, -0.05):
        pen.box(x, roof + 0.1, x + 0.32, 0.05, look.second)
    pen.line([(-0.95, 0.12), (0.96, 0.12)], 0.07, WHITE)
    for y in (roof - 0.2, roof - 0.08):
        pen.line([(-0.98, y), (0.55, y)], 0.05, look.dark)
    for x in np.arange(-0.9, 0.5, 0.2):
        pen.line([(x, roof - 0.2), (x, roof - 0.08)], 0.04, look.dark)
    pen.box(0.62, roof - 0.12, 0.8, roof, (90, 140, 235))
    for x in (-0.6, 0.6):
        _wheel(pen, x, 0.32, 0.19)


# A view that stands twice is drawn twice as often.
AIRPLANE_VIEWS = (airplane_side, airplane_above, airplane_propeller)
AUTOMOBILE_VIEWS = (automobile_side, automobile_front, automobile_quarter)
SHIP_VIEWS = (ship_side, ship_side, ship_sailing, ship_front)
TRUCK_VIEWS = (truck_side, truck_front, truck_fire_engine)
