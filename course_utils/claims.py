"""What the public projects R1–R5 claim, and what the records of this course say to each claim.

A claim carries its conditions and a rule. ``claims_table`` looks for records that meet the conditions and
lets the rule judge them. Nobody types a verdict.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from course_utils.reference_tables import (
    NOT_MEASURED,
    condition_groups,
    conditions_text,
    percent,
    recipe_records,
    with_spread,
)

HOLDS, DOES_NOT_HOLD, NOT_TRIED = "holds", "does not hold", "not tried here"
POINT = 0.01  # how far an accuracy may miss what was published; more where the seeds spread more
ALL_LABELS = 3_600  # training pictures a class in R2, after both of its splits: the fewest of R1–R5
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
    return bool(values.mean() > 2 * _standard_error(values))


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
        return "ImageNet's weights" if self.weights == ("imagenet",) else "pre-trained weights"

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
    rule: Rule
    cause: str  # one sentence
    command: str  # that measures it under its own conditions
    split: str = "val"
    conditions: str = ""  # in which it was made, beside ``needs``
    show: Callable[[Values], str] = percent
    minus: str = ""  # model whose value is subtracted, seed by seed
    convert: Callable[[Values], Values] | None = None  # from the record's unit to the published one's


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
    return pd.DataFrame([_row(claim, groups) for claim in CLAIMS], columns=COLUMNS)


def _row(claim: Claim, groups: list[pd.DataFrame]) -> dict[str, str]:
    found = _closest(claim, groups)
    told = claim.recipe, claim.words, _joined(claim.needs.text(), claim.conditions)
    said = _judged(claim, *found) if found else _not_tried(claim, "Not measured yet", NOT_MEASURED)
    return dict(zip(COLUMNS, (*told, *said), strict=True))


def _judged(claim: Claim, group: pd.DataFrame, values: Values) -> tuple[str, str, str, str]:
    """Return what was measured, our conditions, the verdict and the cause."""
    ours = conditions_text(group) if claim.needs.photographs else claim.conditions
    missing = claim.needs.missing(group)
    if missing:
        return _not_tried(claim, f"Needs {', '.join(missing)}", claim.show(values), ours)
    verdict = HOLDS if claim.rule(values, *claim.published) else DOES_NOT_HOLD
    return claim.show(values), ours, verdict, claim.cause


def _not_tried(claim: Claim, why: str, measured: str, ours: str = NOT_MEASURED) -> tuple[str, str, str, str]:
    return measured, ours, NOT_TRIED, f"{why}. {claim.cause} To try it: {claim.command}"


def _closest(claim: Claim, groups: list[pd.DataFrame]) -> tuple[pd.DataFrame, Values] | None:
    """Return the group, and what it says, that is photographs, meets most conditions, has most seeds."""
    found = []
    for group in groups:
        values = _values(claim, group, groups)
        if len(values):
            found.append((group[group["seed"].isin(values.index)], values))
    return max(found, key=lambda pair: _closeness(claim, *pair), default=None)


def _closeness(claim: Claim, group: pd.DataFrame, values: Values) -> tuple:
    is_photographs = group["data"].iloc[0] != "drawn"
    return is_photographs, -len(claim.needs.missing(group)), len(values)


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _values(claim: Claim, group: pd.DataFrame, groups: list[pd.DataFrame]) -> Values:
    """Return what a group says to a claim; empty if nothing."""
    values = _by_seed(claim, claim.model, group)
    if claim.minus:
        values = (values - _subtrahend(claim, group, groups)).dropna()
    return claim.convert(values) if claim.convert else values


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


def _standard_error(values: Values) -> float:
    return values.std() / math.sqrt(len(values)) if len(values) > 1 else 0.0


def _slack(values: Values) -> float:
    return max(POINT, 2 * _standard_error(values))


def _points(values: Values) -> str:
    return f"{'+' if values.mean() >= 0 else ''}{with_spread(100 * values)} points"


def _seconds(values: Values) -> str:
    return f"{with_spread(values, ',.0f')} s"


def _millions(values: Values) -> str:
    return f"{values.mean() / 1e6:.1f} M"


def _megabytes(values: Values) -> str:
    return f"{values.mean():.2f} MB"


def _loss(values: Values) -> str:
    return with_spread(values, ".4f")


PRETRAINED = ("imagenet", "bundled")
R1_NEEDS = Needs(weights=("imagenet",), size=256, labels=ALL_LABELS, epochs=10)  # R2's are the same
R3_NEEDS = Needs(weights=("imagenet",), size=224, labels=ALL_LABELS, epochs=4)
R4_NEEDS = Needs(weights=PRETRAINED, size=32, labels=ALL_LABELS, seeds=3)  # with few, averages lag: lesson 14
R5_NEEDS = Needs(weights=("imagenet",), size=32, labels=ALL_LABELS, epochs=20)
WITH_GPU = dataclasses.replace(R1_NEEDS, gpu=True)
R2_EPOCH = 36_000  # training pictures of an epoch of R2
FLOAT = 4  # bytes

WHOLE_BASE = "The whole base is trained, so it can adapt to pixels in [0,1] instead of those it was made for."
BASE_ALONE = "The number is the base's: the head is left out, and its first layer sees 8×8×2048 numbers."

_r1 = functools.partial(
    Claim,
    recipe="R1",
    model="R1 published",
    needs=R1_NEEDS,
    rule=at_least,
    cause=WHOLE_BASE,
    command="make course LESSONS=14 PROFILE=gpu",
)
_r2 = functools.partial(
    Claim,
    recipe="R2",
    model="R2 published",
    needs=R1_NEEDS,
    rule=at_least,
    command='python -m course_utils.runner --lessons 14 --profile gpu -p RECIPE "R2"',
)
_r5 = functools.partial(
    Claim,
    recipe="R5",
    needs=R5_NEEDS,
    metric="accuracy",
    split="test",
    rule=at_least,
    command="make course LESSONS=17 PROFILE=gpu",
)

CLAIMS = (
    _r1(words="validation accuracy 81.12 % after epoch 1", metric="accuracy_epoch_1", published=(0.8112,)),
    _r1(words="validation accuracy 94.50 % after epoch 5", metric="accuracy_epoch_5", published=(0.9450,)),
    _r1(
        words="validation accuracy 95.28 % after epoch 10",
        metric="accuracy",
        published=(0.9528,),
        cause="One run, no seed: one training says nothing about its spread.",
    ),
    _r1(words="training accuracy 97.87 %", metric="accuracy", split="train", published=(0.9787,)),
    _r1(
        words="trained in about 4,000 s",
        needs=WITH_GPU,
        metric="seconds",
        split="train",
        published=(4000.0,),
        rule=about,
        show=_seconds,
        cause="At 256 px a picture has 64 times the pixels, and costs about as many times the work.",
    ),
    _r1(
        words="23.5 M parameters",
        conditions="the network at 256 px",
        needs=Needs(photographs=False),
        metric="parameters_own_size",
        split="train",
        published=(23.5e6,),
        rule=same,
        show=_millions,
        cause=BASE_ALONE,
    ),
    _r1(
        words="size 89.98 MB",
        conditions="the network at 256 px; MB is 2²⁰ bytes",
        needs=Needs(photographs=False),
        metric="parameters_own_size",
        split="train",
        convert=lambda parameters: parameters * FLOAT / 2**20,
        published=(89.98,),
        rule=same,
        show=_megabytes,
        cause=BASE_ALONE,
    ),
    _r2(
        words="validation accuracy 94.05 %",
        metric="accuracy",
        published=(0.9405,),
        cause=WHOLE_BASE,
    ),
    _r2(
        words="test accuracy 93.66 %",
        conditions="on 10,000 pictures of the training archive; ours is the real test set",
        metric="accuracy",
        split="test",
        published=(0.9366,),
        cause="The test pictures were kept apart from the validation pictures, as it should be.",
    ),
    _r2(
        words="test loss 0.2323",
        metric="loss",
        split="test",
        published=(0.2323,),
        rule=at_most,
        show=_loss,
        cause="The loss also counts how sure the network is of its mistakes.",
    ),
    _r2(
        words="445 s an epoch",
        conditions="36,000 pictures an epoch; ours is scaled up to as many",
        needs=WITH_GPU,
        metric="images_per_second",
        split="train",
        convert=lambda rate: R2_EPOCH / rate,
        published=(445.0,),
        rule=about,
        show=_seconds,
        cause="The network is R1's: the time goes into pictures that are enlarged to 256 px.",
    ),
    _r2(
        words="an MLP reaches validation accuracy 35.5 %",
        conditions="64-64-10 units",
        needs=Needs(labels=ALL_LABELS),
        model="R2 MLP",
        metric="accuracy",
        published=(0.355, 0.355),
        rule=between,
        cause="One run, no seed. Both ends count: a baseline shown too weak makes the lead look too large.",
    ),
    Claim(
        recipe="R3",
        words="validation accuracy about 94.5 % in 4 epochs",
        conditions="the test set is the validation set",
        needs=R3_NEEDS,
        model="R3 published",
        metric="accuracy",
        published=(0.945,),
        rule=at_least,
        cause="The base is called fixed, but all of it trains; pixels and size are those it was made for.",
        command="make course LESSONS=15 PROFILE=gpu",
    ),
    Claim(
        recipe="R4",
        words="a significant jump when the base is unfrozen",
        conditions="no number given",
        needs=R4_NEEDS,
        model="R4 published",
        metric="gain_unfreezing",
        published=(),
        rule=significant,
        show=_points,
        cause="The base was not made for 32 px; unfrozen, it can adapt to them.",
        command="make sweep GRID=docs/examples/recipe_r4.yaml WORKERS=1",
    ),
    _r5(
        words="accuracy 85–90 %",
        model="R5 published",
        published=(0.85,),
        cause="The base stays frozen and gets 32 px in [0,1]; it was made for larger pictures in [-1,1].",
    ),
    _r5(
        words="the CNN from scratch reaches 60–70 %",
        needs=Needs(labels=ALL_LABELS, epochs=20),
        model="R5 CNN",
        published=(0.60, 0.70),
        rule=between,
        cause="A small network from scratch lives on its labels: with few of them it stays far below.",
    ),
    _r5(
        words="15–25 points ahead of the CNN",
        model="R5 published",
        minus="R5 CNN",
        published=(0.15,),
        show=_points,
        cause="The lead depends on what 32 px in [0,1] leave of the base's knowledge, and on the labels.",
    ),
)
