"""What the public projects R1–R5 claim, and what the records of this course say to each claim.

The claims stand in ``claims.yaml``; each carries its conditions and names a rule of this module.
``claims_table`` looks for records that meet the conditions and lets the rule judge them. Nobody types a
verdict.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml

from course_utils.reference import (
    NOT_MEASURED,
    condition_groups,
    conditions_text,
    percent,
    recipe_records,
    standard_error,
    with_spread,
)

HOLDS, DOES_NOT_HOLD, NOT_TRIED = "holds", "does not hold", "not tried here"
POINT = 0.01  # how far an accuracy may miss what was published; more where the seeds spread more
R1_MINUTES = 4000 / 60  # what R1 tells of its own GPU: 10 epochs at 256 px
CLAIMS = Path(__file__).with_name("claims.yaml")
ALIKE = ("size", "epochs", "gpu")  # conditions that two models best share where one is subtracted
COLUMNS = ("recipe", "published claim", "its conditions", "measured", "our conditions", "verdict", "cause")

Values = pd.Series  # seed -> value
Rule = Callable[..., bool]  # (values, *published)


def at_least(values: Values, published: float) -> bool:
    """The mean of an accuracy reaches the published one, or misses it by no more than chance would."""
    return bool(values.mean() >= published - _slack(values))


def between(values: Values, low: float, high: float) -> bool:
    """The mean of an accuracy lies in the published range, or misses it by no more than chance would."""
    return bool(low - _slack(values) <= values.mean() <= high + _slack(values))


def at_most(values: Values, published: float) -> bool:
    """The mean of a loss is at most a tenth above the published one."""
    return bool(values.mean() <= 1.1 * published)


def same(values: Values, published: float) -> bool:
    """The mean of a count differs from the published one by less than 1 %."""
    return bool(abs(values.mean() / published - 1) < 0.01)


def about(values: Values, published: float) -> bool:
    """The mean of a duration lies between half and twice the published one."""
    return bool(published / 2 <= values.mean() <= 2 * published)


def significant(values: Values) -> bool:
    """The mean of a gain is more than two of its standard errors above zero."""
    return bool(values.mean() > 2 * standard_error(values))


@dataclass(frozen=True)
class Needs:
    """What records must meet to judge a claim. None: does not matter."""

    weights: tuple[str, ...] = ()  # any of these labels; empty: does not matter
    size: int | None = None  # input size, px
    labels: int | None = None  # training pictures a class, at least
    photographs: bool = True
    epochs: int = 0  # at least, where the records tell them
    gpu: bool = False
    seeds: int = 1

    def missing(self, group: pd.DataFrame) -> list[str]:
        """Return what a group of ``condition_groups`` does not meet, in words."""
        first, labels = group.iloc[0], group["labels_per_class"].iloc[0]
        checks = {
            "photographs": not self.photographs or first["data"] != "drawn",
            self.weights_words: not self.weights or first["weights"] in self.weights,
            f"{self.size} px": self.size is None or first["size"] == self.size,
            "all labels": self.labels is None or pd.isna(labels) or labels >= self.labels,
            f"{self.epochs} epochs": pd.isna(first["epochs"]) or first["epochs"] >= self.epochs,
            "a GPU": first["gpu"] or not self.gpu,
            f"{self.seeds} seeds": group["seed"].nunique() >= self.seeds,
        }
        return [words for words, met in checks.items() if not met]

    @property
    def weights_words(self) -> str:
        """Which weights are needed, in words."""
        return "ImageNet's weights" if list(self.weights) == ["imagenet"] else "pre-trained weights"

    @property
    def time(self) -> str:
        """What the published training takes, in words: R1's own time, by pixels, epochs and seeds."""
        if not (self.size and self.epochs):
            return ""
        minutes = R1_MINUTES * (self.size / 256) ** 2 * self.epochs / 10 * self.seeds
        return f" (as published, about {minutes:.0f} minutes of a GPU like R1's)"

    def text(self) -> str:
        """Return the conditions that stand in the table."""
        parts = [self.weights_words] if self.weights else []
        parts += [f"{self.size} px"] if self.size else []
        parts += ["all labels"] if self.labels else []
        parts += [f"{self.epochs} epochs"] if self.epochs else []
        return ", ".join(parts + (["GPU"] if self.gpu else []))


@dataclass(frozen=True)
class Claim:
    """One sentence of a public project, and how to judge it."""

    recipe: str
    words: str  # the claim
    needs: Needs
    model: str
    metric: str
    published: tuple[float, ...]  # what the rule compares with
    cause: str  # one sentence
    command: str  # that measures it under its own conditions
    rule: str = "at_least"  # of RULES
    split: str = "val"
    conditions: str = ""  # in which it was made, beside ``needs``
    show: str = "percent"  # of SHOWN
    minus: str = ""  # model whose value is subtracted, seed by seed
    convert: str = ""  # of CONVERTED, from the record's unit to the published one's


@functools.cache
def read_claims() -> tuple[Claim, ...]:
    """Return the claims of ``claims.yaml``, in its order."""
    entries = yaml.safe_load(CLAIMS.read_text(encoding="utf-8"))["claims"]
    return tuple(Claim(**entry | {"needs": Needs(**entry["needs"])}) for entry in entries)


def claims_table(records: pd.DataFrame) -> pd.DataFrame:
    """Return one row a claim: what was published, what was measured, and the verdict.

    Records that meet a claim's conditions are judged by its rule. Where there are none, the verdict is
    "not tried here", and what comes closest is shown beside it.

    Args:
        records: see ``records.record`` for the columns; of any lessons, also none.

    Returns:
        Texts, ready to be shown; columns: ``COLUMNS``.
    """
    groups = condition_groups(recipe_records(records))
    return pd.DataFrame([_row(claim, groups) for claim in read_claims()], columns=COLUMNS)


def _row(claim: Claim, groups: list[pd.DataFrame]) -> dict[str, str]:
    found = _closest(claim, groups)
    conditions = ", ".join(filter(None, (claim.needs.text(), claim.conditions)))
    told = claim.recipe, claim.words, conditions
    said = _judged(claim, *found) if found else _not_tried(claim, "Not measured yet", NOT_MEASURED)
    return dict(zip(COLUMNS, (*told, *said), strict=True))


def _judged(claim: Claim, group: pd.DataFrame, values: Values) -> tuple[str, str, str, str]:
    """Return what was measured, our conditions, the verdict and the cause."""
    ours = conditions_text(group) if claim.needs.photographs else claim.conditions
    missing = claim.needs.missing(group)
    if missing:
        return _not_tried(claim, f"Needs {', '.join(missing)}", SHOWN[claim.show](values), ours)
    verdict = HOLDS if RULES[claim.rule](values, *claim.published) else DOES_NOT_HOLD
    return SHOWN[claim.show](values), ours, verdict, claim.cause


def _not_tried(claim: Claim, why: str, measured: str, ours: str = NOT_MEASURED) -> tuple[str, str, str, str]:
    return measured, ours, NOT_TRIED, f"{why}. {claim.cause} To try it{claim.needs.time}: {claim.command}"


def _closest(claim: Claim, groups: list[pd.DataFrame]) -> tuple[pd.DataFrame, Values] | None:
    """Return the group, and what it says, that is photographs, meets most conditions, has most seeds."""
    found = []
    for group in groups:
        values = _values(claim, group, groups)
        if len(values):
            told = group[group["seed"].isin(values.index)]
            is_photographs = told["data"].iloc[0] != "drawn"
            found.append(((is_photographs, -len(claim.needs.missing(told)), len(values)), told, values))
    return max(found, key=lambda entry: entry[0])[1:] if found else None


def _values(claim: Claim, group: pd.DataFrame, groups: list[pd.DataFrame]) -> Values:
    """Return what a group says to a claim; empty if nothing."""
    values = _by_seed(claim, claim.model, group)
    if claim.minus:
        values = (values - _subtrahend(claim, group, groups)).dropna()
    return CONVERTED[claim.convert](values) if claim.convert else values


def _subtrahend(claim: Claim, group: pd.DataFrame, groups: list[pd.DataFrame]) -> Values:
    """Return what is subtracted from a group's values; empty if there is nothing that may be.

    The other model starts from its own weights, but a lead over one that was trained for less than the
    group itself says nothing: it must meet whatever the group meets. Of several, the one that meets most
    counts, then the one that is most like the group, then the one with most seeds.
    """
    needs = dataclasses.replace(claim.needs, weights=())
    missing = set(claim.needs.missing(group))
    found = []
    for other in groups:
        values, lacking = _by_seed(claim, claim.minus, other), set(needs.missing(other))
        if len(values) and _same_pictures(other, group) and lacking <= missing:
            alike = int((other[list(ALIKE)].iloc[0] == group[list(ALIKE)].iloc[0]).sum())
            found.append((-len(lacking), alike, len(values), values))
    return max(found, key=lambda entry: entry[:-1])[-1] if found else pd.Series(dtype=float)


def _by_seed(claim: Claim, model: str, group: pd.DataFrame) -> Values:
    fits = (group["model"] == model) & (group["metric"] == claim.metric) & (group["split"] == claim.split)
    return group[fits].set_index("seed")["value"]


def _same_pictures(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    columns = ["data", "labels_per_class"]
    return one[columns].iloc[0].equals(other[columns].iloc[0])


def _slack(values: Values) -> float:
    return max(POINT, 2 * standard_error(values))


def _points(values: Values) -> str:
    return f"{'+' if values.mean() >= 0 else ''}{with_spread(100 * values)} points"


_RULES = (at_least, between, at_most, same, about, significant)
RULES: dict[str, Rule] = {rule.__name__: rule for rule in _RULES}
SHOWN: dict[str, Callable[[Values], str]] = {
    "percent": percent,
    "points": _points,
    "seconds": lambda values: f"{with_spread(values, ',.0f')} s",
    "millions": lambda values: f"{values.mean() / 1e6:.1f} M",
    "megabytes": lambda values: f"{values.mean():.2f} MB",
    "loss": lambda values: with_spread(values, ".4f"),
}
CONVERTED: dict[str, Callable[[Values], Values]] = {
    "parameters to megabytes": lambda parameters: parameters * 4 / 2**20,  # 32-bit floats
    "rate to seconds an epoch": lambda rate: 36_000 / rate,  # training pictures of an epoch of R2
}
