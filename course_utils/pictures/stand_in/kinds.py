"""The ten classes: how each is drawn, and where."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from course_utils.pictures.stand_in import birds_frogs, cats_dogs, deer_horses, vehicles
from course_utils.pictures.stand_in.colours import BRIGHT, FUR, PAINT, Colour
from course_utils.pictures.stand_in.pen import Pen


class Kind(NamedTuple):
    """How a class is drawn: its views, its colours, its turn and the scenes it likes."""

    views: tuple[Callable[[Pen], None], ...]
    colours: list[Colour]
    patterns: tuple[str, ...]
    turn: float  # greatest turn in radians
    likes: tuple[str, ...]


_ANIMAL = ("soft", "rough", "grain", "patches", "spots", "stripes")
_VEHICLE = ("soft", "soft", "rough", "patches")

# in the order of CIFAR-10's classes
KINDS = (
    Kind(vehicles.AIRPLANE_VIEWS, PAINT, _VEHICLE, 0.3, ("air", "air", "road")),
    Kind(vehicles.AUTOMOBILE_VIEWS, PAINT, _VEHICLE, 0.12, ("road", "city")),
    Kind(birds_frogs.BIRD_VIEWS, FUR + BRIGHT, _ANIMAL, 0.2, ("air", "ground")),
    Kind(cats_dogs.CAT_VIEWS, FUR, _ANIMAL, 0.2, ("room", "room")),
    Kind(deer_horses.DEER_VIEWS, FUR, _ANIMAL, 0.15, ("meadow", "forest")),
    Kind(cats_dogs.DOG_VIEWS, FUR, _ANIMAL, 0.2, ("room", "meadow")),
    Kind(birds_frogs.FROG_VIEWS, FUR + BRIGHT, _ANIMAL, 0.3, ("ground", "water")),
    Kind(deer_horses.HORSE_VIEWS, FUR, _ANIMAL, 0.12, ("meadow", "beach")),
    Kind(vehicles.SHIP_VIEWS, PAINT, _VEHICLE, 0.1, ("water", "water")),
    Kind(vehicles.TRUCK_VIEWS, PAINT, _VEHICLE, 0.1, ("road", "city")),
)
