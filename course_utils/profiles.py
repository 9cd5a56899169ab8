"""Profiles: one word says how much a run may cost."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from course_utils.errors import CourseError
from course_utils.system.device import gpus


@dataclass(frozen=True)
class Profile:
    """What a run uses and how much work it does. The comment of a field is its unit or its choices."""

    name: str
    reason: str  # why this profile was chosen
    data: str  # source of pictures: see load_cifar10
    weights: str  # source of pre-trained weights: see weights_path
    limit_per_class: int | None  # pictures of each class in lessons 01-03 and 05; None: all
    val_fraction: float  # share of the training pictures that is kept for validation
    train_per_class: int | None  # training pictures of each class in lessons 02 and 03; None: all
    fine_tune_per_class: int | None  # training pictures of each class in lesson 04; None: all
    mlp_epochs: int
    cnn_epochs: int
    strong_cnn_epochs: int
    repeats: int  # trainings with different seeds, for the run-to-run spread
    frozen_size: int  # input size of the frozen base, pixels
    frozen_sizes: tuple[int, ...]  # input sizes that lesson 03 compares, pixels
    head_epochs: int
    labels_per_class: tuple[int, ...]  # label counts that lesson 03 compares
    recipe_per_class: int | None  # pictures of each class in lessons 14-17; None: all
    recipe_size: int | None  # largest input size of a published recipe, pixels; None: its own (32, 224, 256)
    recipe_epoch_divisor: int  # the published numbers of epochs are divided by it
    study_labels: tuple[int, ...]  # label counts that lesson 18 compares
    study_sizes: tuple[int, ...]  # input sizes that lesson 18 compares, pixels
    study_per_class: int  # training pictures of each class in lessons 10-12 and 19, and most studies of 18
    study_val_per_class: int  # validation pictures of each class that lessons 10-12, 18, 19 use, at most
    study_steps: int  # batches of a fine-tuning in lessons 10, 11, 18; of a head or CNN ten times as many
    fine_tune_size: int  # input size of the fine-tuned base, pixels
    fine_tune_epochs: int
    precision: str  # Keras dtype policy of lesson 04: float32 | mixed_bfloat16 | mixed_float16
    deterministic: bool  # the same seed gives the same weights (switches XLA off on a GPU)

    def table(self) -> pd.DataFrame:
        """Return what the profile means, in words: one row a subject."""
        scratch = (self.mlp_epochs, self.cnn_epochs, self.strong_cnn_epochs)
        rows = {
            "pictures": f"{self.data}: {_count(self.limit_per_class)} of each class",
            "pre-trained weights": self.weights,
            "labels for fine-tuning": f"{_count(self.fine_tune_per_class)} of each class",
            "epochs of MLP, CNN, stronger CNN": ", ".join(map(str, scratch)),
            "epochs of a head, of fine-tuning": f"{self.head_epochs}, {self.fine_tune_epochs}",
            "input of frozen and fine-tuned base": f"{self.frozen_size} and {self.fine_tune_size} pixels",
        }
        return pd.DataFrame({"this run": rows.values()}, index=list(rows))


def _count(number: int | None) -> str:
    return "all" if number is None else f"{number:,}"


_OFFLINE = Profile(
    name="offline",
    reason="runs everywhere in minutes: drawn pictures, bundled weights",
    data="drawn",
    weights="bundled",
    limit_per_class=200,
    val_fraction=0.2,
    train_per_class=160,
    fine_tune_per_class=160,
    mlp_epochs=15,
    cnn_epochs=10,
    strong_cnn_epochs=10,
    repeats=3,
    frozen_size=96,
    frozen_sizes=(32, 64, 96),
    head_epochs=20,
    labels_per_class=(10, 100),
    recipe_per_class=40,
    recipe_size=64,
    recipe_epoch_divisor=2,
    study_labels=(5, 100),
    study_sizes=(32, 64),
    study_per_class=20,
    study_val_per_class=40,
    study_steps=10,
    fine_tune_size=48,
    fine_tune_epochs=3,
    precision="float32",
    deterministic=True,
)

_LAPTOP = dataclasses.replace(
    _OFFLINE,
    name="laptop",
    reason="real photographs on a computer without GPU",
    data="auto",
    weights="imagenet",
    limit_per_class=None,
    val_fraction=0.1,
    train_per_class=None,
    fine_tune_per_class=500,
    mlp_epochs=10,
    cnn_epochs=6,
    strong_cnn_epochs=8,
    repeats=2,
    head_epochs=10,
    labels_per_class=(50, 500),
    recipe_per_class=200,
    recipe_epoch_divisor=1,
    study_labels=(5, 10, 50, 100, 500),
    study_sizes=(32, 48, 64, 96),
    study_per_class=100,
    study_val_per_class=200,
    study_steps=60,
    fine_tune_size=64,
    fine_tune_epochs=4,
)

_GPU = dataclasses.replace(
    _LAPTOP,
    name="gpu",
    reason="real photographs on a computer with a GPU",
    fine_tune_per_class=None,
    recipe_per_class=None,
    recipe_size=None,
    study_labels=(5, 10, 50, 100, 500, 4500),
    study_sizes=(32, 48, 64, 96, 128, 160, 224),
    study_val_per_class=500,
    study_steps=300,
    strong_cnn_epochs=30,
    frozen_size=128,  # at which ImageNet's weights do best: lesson 18
    fine_tune_size=160,
    fine_tune_epochs=10,
    precision="mixed_float16",
    deterministic=False,
)

MAY_BE_NONE = [field.name for field in dataclasses.fields(Profile) if field.type.endswith("None")]
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
PROFILES = {profile.name: profile for profile in (_OFFLINE, _LAPTOP, _GPU)}


def load_profile(name: str = "auto", **overrides: object) -> Profile:
    """Return the profile of that name, with single values replaced.

    Args:
        name: ``offline``, ``laptop``, ``gpu``, or ``auto``: ``gpu`` where TensorFlow finds one,
            else ``laptop``.
        **overrides: fields of Profile with the values to use instead; None values count as given.

    Raises:
        CourseError: the profile or a field is unknown, or a value has another type than the field, or lies
            outside of what the field takes.
    """
    if name == "auto":
        found = gpus()
        reason = f"auto: found {len(found)} GPU ({found[0]})" if found else "auto: found no GPU"
        profile = dataclasses.replace(_GPU if found else _LAPTOP, reason=reason)
    elif isinstance(name, str) and name in PROFILES:
        profile = PROFILES[name]
    else:
        raise CourseError(
            f"Profile {name!r} is unknown.",
            cause=f"The profiles are: {', '.join([*PROFILES, 'auto'])}.{_closest(name, [*PROFILES, 'auto'])}",
            next_step="set PROFILE to one of them.",
        )
    for field, value in overrides.items():
        _check_override(profile, field, value)
    fixed = {field: tuple(v) if isinstance(v, list) else v for field, v in overrides.items()}
    return dataclasses.replace(profile, **fixed)


def check_seed(seed: object) -> None:
    """Refuse a seed that is no whole number from 0 to 2,147,483,647, by a CourseError."""
    if type(seed) is not int or not 0 <= seed < 2**31:
        raise CourseError(
            f"SEED is {seed!r}.",
            cause="Expected a whole number from 0 to 2,147,483,647.",
            next_step="set SEED = 0.",
        )


def check_overrides(overrides: object) -> None:
    """Refuse what holds no values under names of the profile's values, by a CourseError."""
    is_dict = overrides is None or isinstance(overrides, dict)
    if not is_dict or not all(isinstance(key, str) and key != "name" for key in overrides or {}):
        raise CourseError(
            f"OVERRIDES cannot be used: {overrides!r}.",
            cause="Expected values of the profile under their names; the profile's own name is PROFILE.",
            next_step='set for example OVERRIDES = {"cnn_epochs": 3}.',
        )


def _check_override(profile: Profile, field: str, value: object) -> None:
    fields = [f.name for f in dataclasses.fields(Profile) if f.name not in ("name", "reason")]
    if field not in fields:
        raise CourseError(
            f"The profile has no value {field!r}.{_closest(field, fields)}",
            cause=f"Values that can be overridden: {', '.join(fields)}.",
            next_step="correct the name in OVERRIDES.",
        )
    expected = _kind(getattr(PROFILES["offline"], field))
    may_be_none = field in MAY_BE_NONE
    if _kind(value) != expected and not (value is None and may_be_none):
        raise CourseError(
            f"The value of {field!r} in OVERRIDES does not fit: {value!r}.",
            cause=f"Expected {expected}{' or None' if may_be_none else ''}, found {_kind(value)}.",
            next_step=f"give {field!r} a value like {getattr(PROFILES['offline'], field)!r}.",
        )
    if field == "val_fraction" and not 0 < value < 1:
        raise CourseError(
            f"The value of {field!r} in OVERRIDES does not fit: {value!r}.",
            cause="Expected a part of the training pictures: a number above 0 and below 1.",
            next_step="give for example 0.1.",
        )
    if field == "precision" and value not in PRECISIONS:
        raise CourseError(
            f"The value of {field!r} in OVERRIDES is unknown: {value!r}.{_closest(value, PRECISIONS)}",
            cause=f"Expected one of: {', '.join(PRECISIONS)}.",
            next_step="correct the word.",
        )
    numbers = value if isinstance(value, list | tuple) else [value]
    if any(isinstance(number, int) and not isinstance(number, bool) and number < 1 for number in numbers):
        raise CourseError(
            f"The value of {field!r} in OVERRIDES is too small: {value!r}.",
            cause="Counts, epochs and sizes start at 1.",
            next_step="give a positive number.",
        )


def _kind(value: object) -> str:
    if isinstance(value, list | tuple):
        return "a list of whole numbers" if all(type(v) is int for v in value) and value else "a list"
    return {bool: "True or False", int: "a whole number", float: "a number", str: "a word"}.get(
        type(value), type(value).__name__
    )


def _closest(word: str, choices: Sequence[str]) -> str:
    close = difflib.get_close_matches(str(word), choices, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
