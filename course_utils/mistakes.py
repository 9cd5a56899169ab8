"""What a mistake costs: its wrong and its right form side by side, recorded (lesson 10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from course_utils.errors import CourseError
from course_utils.reference import percent, standard_error, with_spread

if TYPE_CHECKING:
    from course_utils.lesson import Lesson

LOST, CLAIMED = "lost", "claimed too much"  # what the points of a mistake are
CLEAR = 2  # standard errors from which a damage is more than luck


def compare(
    lesson: Lesson,
    mistake: str,
    *,
    wrong: Mapping[int, float],
    right: Mapping[int, float],
    claim: bool = False,
    **context: object,
) -> None:
    """Record both forms of a mistake for each seed, and print in one line what it costs.

    Args:
        lesson: of ``start_lesson``.
        mistake: its name; a second call of the same name replaces the first one's records.
        wrong: seed -> accuracy that the wrong form shows, a fraction.
        right: the same of the right form.
        claim: the mistake spoils no model, but shows a number that is too high.
        **context: what both share, at least ``weights``: see ``records.record``.

    Raises:
        CourseError: the forms were measured with different seeds.
    """
    if set(wrong) != set(right):
        raise CourseError(
            f"The two forms of {mistake!r} cannot be compared.",
            cause=f"Expected the same seeds, found {sorted(wrong)} (wrong) and {sorted(right)} (right).",
            next_step="run the cells from the top.",
        )
    kind = CLAIMED if claim else LOST
    for form, values in {"wrong": wrong, "right": right}.items():
        for seed, value in values.items():
            told = {"unit": "fraction", "split": "val", "form": form, "kind": kind, "seed": seed}
            lesson.record(mistake, "accuracy", value, **told, **context)
    right_mean, wrong_mean = (100 * pd.Series(values).mean() for values in (right, wrong))
    points = _damage(wrong_mean, right_mean, kind)
    print(f"right {right_mean:.1f} %, wrong {wrong_mean:.1f} %: {points:.1f} points {kind}")


def damage_table(records: pd.DataFrame) -> pd.DataFrame:
    """Return what each mistake costs, the worst first: texts, ready to be shown; index: mistake.

    Args:
        records: what ``compare`` recorded, of one lesson; see ``records.record`` for the columns.

    Returns:
        Both forms and the points between them as mean ± standard deviation over the seeds; the points are
        paired by seed. They are more than luck from ``CLEAR`` standard errors on.
    """
    rows = {}
    for (mistake, kind), group in records.groupby(["model", "kind"], sort=False):
        forms = group.pivot(index="seed", columns="form", values="value")
        points = 100 * _damage(forms["wrong"], forms["right"], kind)
        rows[mistake] = {
            "wrong": percent(forms["wrong"]),
            "right": percent(forms["right"]),
            "points": with_spread(points),
            "which are": kind,
            "more than luck?": "yes" if abs(points.mean()) > CLEAR * standard_error(points) else "no",
            "order": -points.mean(),
        }
    table = pd.DataFrame(rows).T.sort_values("order", kind="stable").drop(columns="order")
    return table.rename_axis("mistake")


def _damage(wrong: float | pd.Series, right: float | pd.Series, kind: str) -> float | pd.Series:
    return wrong - right if kind == CLAIMED else right - wrong
