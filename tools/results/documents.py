"""Write docs/RESULTS.md, its figures and the table in README.md from the records in results/reference.

No number stands here: what is written comes from the records alone.

    python -m tools.results.documents
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pandas as pd

from course_utils import plotting
from course_utils.errors import CourseError
from course_utils.mistakes import CLEAR, damage_table
from course_utils.reference import (
    ALL_LABELS,
    WEIGHTS_WORDS,
    is_all,
    mean_and_spread,
    percent,
    recipes_table,
    reference_records,
    standard_error,
    weights_words,
    with_spread,
)
from course_utils.running.claims import claims_table
from course_utils.system.paths import PROJECT
from course_utils.system.whole_file import replacing, write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOCS = PROJECT / "docs"
README = PROJECT / "README.md"
START, END = "<!-- reference results: written by make docs -->", "<!-- end of reference results -->"
MODELS_TITLE = "The five models of the course on photographs"
CHANCE = 0.1  # accuracy of guessing one of ten classes
SAME_PRICE = 1.1  # ratio of times up to which two forms cost the same
GAINS = ("form", "conditions", "gain (points)", "is it more than chance?", "time, against published", "seeds")
PAIRED = ["weights", "labels_per_class"]  # two forms compare where these are equal, seed by seed
RE_ESTIMATED = ", BatchNorm statistics re-estimated"  # end of the name of a form, in lessons 14 and 16
MODELS = ("MLP", "CNN", "Stronger CNN", "Frozen MobileNetV2", "Fine-tuned ResNet50")  # of lessons 02-04
STUDIES = {
    "labels": ("labels_per_class", "labels of each class", "Accuracy with few and with many labels"),
    "size": ("size", "input size (pixels)", "The same pictures, scaled up"),
    "preprocessing": ("preprocessing", "", "The same base, pixels scaled in different ways"),
    "depth": ("depth", "", "How much of the base was unfrozen"),
    "rate": ("learning_rate", "", "Fine-tuning the whole base at several learning rates"),
}
ORDER = {  # of words; numbers are sorted
    "preprocessing": ["right", "[0, 1]", "scaled twice"],
    "depth": ["none", "last block", "last 30 layers", "all"],
}


def main() -> int:
    """Write all; return 0, or 1 if the records do not serve."""
    try:
        records = reference_records()
        texts = {
            DOCS / "RESULTS.md": document(records),
            README: with_block(README.read_text(encoding="utf-8"), readme_block(records)),
        }
    except CourseError as error:
        print(error, file=sys.stderr)
        return 1
    for name, figure in figures(records).items():
        with replacing(DOCS / name) as part:
            figure.savefig(part, format="png")
    for path, text in texts.items():
        write_whole(path, text)
    print("Written: docs/RESULTS.md with its figures, and the table in README.md")
    return 0


def document(records: pd.DataFrame) -> str:
    """Return docs/RESULTS.md as text."""
    gained = gains(records)
    parts = [
        "# Reference results",
        "*Written by `make docs` from the records in `results/reference`. Do not edit.*",
        _conditions(records),
        *_models(records),
        "## Recipes R1–R5, as published and corrected",
        "Each row is one training of lessons 14–17; means over the seeds, with the standard deviation of "
        "the accuracy. What was changed and why stands in the lessons. *Random* is the control: the same "
        "network without pre-trained weights.",
        to_markdown(recipes_table(records)),
        *_at_chance(records),
        "![Bars: test accuracy of each recipe, as published and corrected](results-recipes.png)",
        "### Corrected against published",
        "The difference is paired by seed. Time is that of training, features included, as the median of the "
        "ratios; all forms of a recipe ran one after the other in one process. *Head* is the corrected form "
        "before fine-tuning: the base is still frozen.",
        to_markdown(gained),
        *_shortfalls(gained),
        "## What the projects claim",
        "Verdicts come from the records by the rules in `course_utils/running/claims.py`.",
        to_markdown(claims_table(records), index=False),
        "## Studies",
        "One choice is varied, all else stays: lesson 18. A line names the base and its weights. Bands and "
        "thin lines are one standard deviation over the seeds.",
        *[part for study in STUDIES for part in _study(records, study)],
        *_mistakes(records),
        "## To repeat them",
        "`make reference DATA=/path/to/cifar10` runs the grids in `results/reference` again, goes on after "
        "an interruption, and compares each accuracy with what is stored here. `ARGS=--store` stores the "
        "new records, and `make docs` writes this page.",
    ]
    return "\n\n".join(parts) + "\n"


def gains(records: pd.DataFrame) -> pd.DataFrame:
    """Return one row a corrected form: points of test accuracy over the published one, and ratio of times."""
    rows = []
    for model in sorted(name for name in set(records["model"]) if " corrected" in name):
        published, corrected = (_by_seed(records, name) for name in (f"{model[:2]} published", model))
        points = (100 * (corrected["accuracy"] - published["accuracy"])).dropna()
        ratios = corrected["seconds"] / published["seconds"]
        for pair, of_pair in points.groupby(level=PAIRED):
            row = {
                "form": model,
                "conditions": _pair_words(*pair),
                "gain (points)": with_spread(of_pair, "+.1f").replace("± +", "± "),
                "is it more than chance?": _is_clear(of_pair),
                "time, against published": f"{ratios[of_pair.index].median():.2f}",
                "seeds": len(of_pair),
            }
            rows.append(row)
    return pd.DataFrame(rows, columns=GAINS).set_index("form")


def figures(records: pd.DataFrame) -> dict[str, Figure]:
    """Return all figures of the page by file name."""
    found = {"results-recipes.png": _recipes_figure(records)}
    if not (models := models_table(records)).empty:
        by_labels = models.unstack("model").reindex(columns=MODELS, level="model")
        words = {"xlabel": "labels of each class", "ylabel": "test accuracy (%)", "title": MODELS_TITLE}
        found["results-models.png"] = plotting.lines(by_labels, logx=True, **words)
    for study in STUDIES:
        if study in set(records.get("study", [])):
            found[f"results-{study}.png"] = study_figure(records[records["study"] == study], study)
    return found


def models_table(records: pd.DataFrame) -> pd.DataFrame:
    """Return mean, spread and number of seeds of the models of lessons 02-04 on the test set, by labels."""
    table = mean_and_spread(_of_models(records), ["labels_per_class", "model"])
    return table.sort_index(level="labels_per_class", sort_remaining=False).reindex(MODELS, level="model")


def study_figure(records: pd.DataFrame, study: str) -> Figure:
    """Return the figure of one study."""
    _, xlabel, title = STUDIES[study]
    table = _study_table(records, study)
    if xlabel:
        words = {"xlabel": xlabel, "ylabel": "validation accuracy (%)", "title": title}
        return plotting.lines(table.unstack("line"), logx=study == "labels", **words)
    form = "{:g}" if study == "rate" else "{}"
    table.index = [f"{line}: {form.format(value)}" for value, line in table.index]
    words = {"xlabel": "validation accuracy (%)", "title": title}
    return plotting.bars(table, **words)


def readme_block(records: pd.DataFrame) -> str:
    """Return the short tables of README.md: the models of the course, and the recipes in both forms."""
    columns = ["test accuracy", "seconds", "GFLOP a picture", "conditions"]
    table = recipes_table(records)
    is_plain = [name.split(" ", 1)[1] in ("published", "corrected") for name in table.index]
    recipes = to_markdown(table.loc[is_plain, columns])
    return "\n\n".join([to_markdown(models_text(records)), recipes, _conditions(records)])


def with_block(text: str, block: str) -> str:
    """Return the text with what stands between the two marks replaced."""
    before, _, rest = text.partition(START)
    return f"{before}{START}\n{block}\n{END}{rest.partition(END)[2]}"


def to_markdown(table: pd.DataFrame, *, index: bool = True) -> str:
    """Return a table of texts and numbers in Markdown."""
    table = table.reset_index() if index else table
    rows = [list(map(str, table.columns)), ["---"] * len(table.columns)]
    rows += [[str(value).replace("|", "\\|") for value in row] for row in table.to_numpy().tolist()]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _conditions(records: pd.DataFrame) -> str:
    weights = ", ".join(weights_words(records))
    devices = ", ".join(sorted(set(records["device"])))
    data = ", ".join(sorted(set(records["data"])))
    seeds = ", ".join(str(seed) for seed in sorted(set(records["seed"])))
    return (
        f"Measured on photographs of CIFAR-10 (DATA: {data}), with {weights} weights, seeds {seeds}, on: "
        f"{devices}. On a CPU the recipes run with few labels and small inputs, as the conditions say: these "
        "numbers compare forms of a recipe with one another, and not with what a GPU would reach."
    )


def _by_seed(records: pd.DataFrame, model: str) -> pd.DataFrame:
    mine = _with_labels(records[records["model"] == model]).set_index([*PAIRED, "seed"])
    accuracy = mine.loc[(mine["metric"] == "accuracy") & (mine["split"] == "test"), "value"]
    return pd.DataFrame({"accuracy": accuracy, "seconds": mine.loc[mine["metric"] == "seconds", "value"]})


def _with_labels(records: pd.DataFrame) -> pd.DataFrame:
    labels = records.get("labels_per_class", pd.Series(index=records.index, dtype=float))
    return records.assign(labels_per_class=labels.fillna(ALL_LABELS))


def _bar_words(model: str, weights: str, labels: float) -> str:
    return model if weights == "bundled" else f"{model}, {_pair_words(weights, labels)}"


def _pair_words(weights: str, labels: float) -> str:
    return f"{WEIGHTS_WORDS.get(weights, weights)}, {_labels_words(labels)}"


def _labels_words(labels: float) -> str:
    return "all labels" if is_all(labels) else f"{labels:,.0f} labels of each class"


def _is_clear(points: pd.Series) -> str:
    if len(points) == 1:
        return "one seed"
    if abs(points.mean()) <= CLEAR * standard_error(points):
        return "no"
    return "yes" if points.mean() > 0 else "yes, worse"


def _at_chance(records: pd.DataFrame) -> list[str]:
    """Name the forms that only guess although BatchNormalization trains in them, and say why."""
    tested = records[(records["metric"] == "accuracy") & (records["split"] == "test")]
    means = tested.groupby(["model", "weights"])["value"].mean()
    guessing = means[means < CHANCE + 0.02].index.unique("model")
    names = [name for name in guessing if name.endswith((" published", " random"))]
    if not names:
        return []
    re_estimated = tested[tested["model"].str.endswith(RE_ESTIMATED)]
    by_form = re_estimated.groupby("model")["value"]
    told = [f"{name.removesuffix(RE_ESTIMATED)} {percent(found)}" for name, found in by_form]
    return [
        f"**At chance: {', '.join(names)}.** The BatchNormalization layers of these forms train. For "
        "predictions they use running averages, which begin with the statistics of other pixels and need "
        "more steps than a budget of few pictures has. Lessons 14 and 16 re-estimate these BatchNorm "
        "statistics: the training pictures pass once more, and no weight is trained. Then: "
        f"{'; '.join(told) or 'not measured'}. Where this is far from chance, the statistics hid what was "
        "learned. With all pictures there are steps enough, so this speaks against no claim."
    ]


def _shortfalls(table: pd.DataFrame) -> list[str]:
    """Name the recipes of which no corrected form is better for the same price."""
    table = table[table["seeds"] > 1]
    is_better = table["is it more than chance?"] == "yes"
    is_as_cheap = table["time, against published"].astype(float) <= SAME_PRICE
    served = (is_better & is_as_cheap).groupby([table.index.str[:2], table["conditions"]]).any()
    return [
        f"**{recipe}, {conditions}: no corrected form is clearly better for the same price here.** See the "
        "rows above."
        for recipe, conditions in served.index[~served]
    ]


def _models(records: pd.DataFrame) -> list[str]:
    shown = models_text(records)
    if shown.empty:
        return []
    return [
        "## The models of the course on photographs",
        "Test accuracy of what lessons 02 to 04 train, as lesson 05 measures it. Epochs and input sizes "
        "stand in `results/reference/photographs_*.yaml`: fewer labels are more epochs. "
        "A number without ± is of one seed.",
        to_markdown(shown),
        f"![{MODELS_TITLE}](results-models.png)",
    ]


def _of_models(records: pd.DataFrame) -> pd.DataFrame:
    is_tested = (records["metric"] == "accuracy") & (records["split"] == "test")
    chosen = records[is_tested & (records.get("lesson") == "05") & records["model"].isin(MODELS)]
    return _with_labels(chosen)[["labels_per_class", "model", "value"]]


def models_text(records: pd.DataFrame) -> pd.DataFrame:
    """Return ``models_table`` in words: one row a model, one column a number of labels."""
    texts = _of_models(records).groupby(["model", "labels_per_class"])["value"].agg(percent)
    shown = texts.unstack("labels_per_class").reindex(MODELS if len(texts) else []).fillna("–")
    shown.columns = [f"photographs, {_labels_words(labels)}" for labels in shown]
    return shown


def _recipes_figure(records: pd.DataFrame) -> Figure:
    chosen = records[(records["metric"] == "accuracy") & (records["split"] == "test")]
    forms = ["published", "corrected", "corrected, fine-tuned"]
    chosen = chosen[chosen["model"].str[3:].isin(forms)]
    keys = _with_labels(chosen)[["model", *PAIRED]].to_numpy()
    place = chosen["model"].str[3:].map(forms.index)
    chosen = chosen.assign(
        recipe=chosen["model"].str[:2], place=place, bar=[_bar_words(*key) for key in keys]
    )
    table = mean_and_spread(chosen.sort_values(["recipe", "weights", "place"]), "bar")
    words = {"xlabel": "test accuracy (%)", "title": "Recipes as published and corrected"}
    return plotting.bars(table, **words)


def _mistakes(records: pd.DataFrame) -> list[str]:
    mine = records[records["lesson"] == "10"]
    if mine.empty:
        return []
    first = mine.iloc[0]
    return [
        "## What classic mistakes cost",
        "Wrong and right form of each case of lesson 10, validation accuracy, the worst first. MobileNetV2, "
        f"{first['size']:.0f} px, {_pair_words(first['weights'], first['labels_per_class'])}. Points are "
        "paired by seed; each seed chooses training pictures and first weights of its own.",
        to_markdown(damage_table(mine)),
    ]


def _study(records: pd.DataFrame, study: str) -> list[str]:
    mine = records[records["study"] == study] if "study" in records else records[:0]
    if mine.empty:
        return []
    _, _, title = STUDIES[study]
    table = _study_table(mine, study)
    texts = _with_lines(mine, study).groupby(table.index.names)["value"].agg(percent)
    shown = pd.DataFrame({"accuracy": texts.reindex(table.index), "seeds": table["count"]})
    return [f"### {title}", f"![{title}](results-{study}.png)", to_markdown(shown)]


def _study_table(records: pd.DataFrame, study: str) -> pd.DataFrame:
    """Return mean, spread and number of seeds by what the study varies, and by line: a base or a model."""
    table = mean_and_spread(_with_lines(records, study), [STUDIES[study][0], "line"]).sort_index()
    if study in ORDER:
        table = table.reindex([word for word in ORDER[study] if word in table.index.levels[0]], level=0)
    return table if STUDIES[study][1] else table.sort_index(level="line", sort_remaining=False)


def _with_lines(records: pd.DataFrame, study: str) -> pd.DataFrame:
    base = records["network"] + ", " + records["weights"]
    lines = records.assign(line=records["model"] if study == "labels" else base)
    return lines[lines["metric"] == "accuracy"]


if __name__ == "__main__":
    sys.exit(main())
