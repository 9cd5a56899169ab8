"""One page that shows what a run measured: comparison, figures, learning curves as tables, costs."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import jinja2
import nbformat
import pandas as pd

from course_utils.errors import CourseError
from course_utils.lesson import STAND_IN
from course_utils.records import read_record
from course_utils.reference import FOLDER as REFERENCE
from course_utils.reference import NUMBERS as RECIPE_NUMBERS
from course_utils.reference import percent, recipe_records, recipes_table
from course_utils.running.claims import claims_table
from course_utils.running.execution import find_lessons, lesson_number
from course_utils.runs import Training, read_run
from course_utils.system import run_folder
from course_utils.system.progress import clock
from course_utils.system.tables import FIELDS, read_table, table_files
from course_utils.system.whole_file import write_whole

TEMPLATE = Path(__file__).with_name("report.html.j2")
MAIN_FIGURES = ("model_comparison.png", "accuracy_comparison.png", "sample_predictions.png")
CONTENTS = {  # sections of the page, in order: this run stands before what was measured elsewhere
    "comparison": "Comparison",
    "run": "This run",
    "figures": "Figures of the lessons",
    "epochs": "Epoch by epoch",
    "claims": "What others claim",
}
DATA_WORDS = {
    "drawn": f"drawn ({STAND_IN})",
    "published": "published (CIFAR-10 photographs)",
    "kaggle": "kaggle (CIFAR-10 photographs)",
    "path": "path (pictures of your own folder)",
}
NUMBERS = ("validation", "test", "parameters", "trainable", "MB", "training s", "seeds")


def write_report(out: Path, *, reference: Path = REFERENCE) -> Path:
    """Write ``report.html`` of a run folder and return it. Any subset of lessons makes a page.

    Args:
        out: folder of the run. What cannot be read is named on the page and left out.
        reference: folder of the reference records, which the recipes are shown with; may be empty.
    """
    from course_utils.plotting import meant_color  # late: matplotlib takes a second to import

    results = Results(out)
    recipes = _recipes(results, reference)
    run = read_run_facts(out)
    unnumbered = sorted(run_folder.figures(out).glob("[!0-9]*.png"))  # that say no lesson in their name
    told = run_folder.run_facts(out)
    if told.exists() and not run:
        results.unreadable.append(told.name)
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    page = environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        title="Transfer learning course: what this run measured",
        stand_in=STAND_IN if "drawn" in results.told("data") else "",
        failures=[facts["error"] for facts in run.get("lessons", {}).values() if facts.get("error")],
        unreadable=results.unreadable,
        finding=results.finding(),
        facts=_run_facts(run, results),
        comparison=results.comparison().to_dict("records"),
        color_of=meant_color,
        numbers=NUMBERS,
        main_figures=_figures(run_folder.figures(out) / name for name in MAIN_FIGURES),
        recipes=recipes_table(recipes).reset_index().to_dict("records"),
        recipe_numbers=RECIPE_NUMBERS,
        claims=claims_table(recipes).to_dict("records") if len(recipes) else [],
        histories=[
            {
                "name": f"{run.model_name}, seed {run.seed}",
                "table": run.history.to_html(index=False, border=0, float_format="{:.4f}".format),
            }
            for run in results.runs
        ],
        lessons=_lessons(out, run),
        other_figures=_figures(path for path in unnumbered if path.name not in MAIN_FIGURES),
        contents=CONTENTS,
    )
    path = run_folder.report(out)
    write_whole(path, page)
    return path


def read_run_facts(out: Path) -> dict:
    """Return what ``run.json`` tells about the runs in this folder; empty if it cannot be read."""
    try:
        facts = json.loads(run_folder.run_facts(out).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) and isinstance(facts.get("lessons"), dict) else {}


class Results:
    """The records and the trainings in the folder of a run, as far as they can be read."""

    def __init__(self, out: Path) -> None:
        self.unreadable: list[str] = []
        self.records = self.read(run_folder.record_files(out), read_record)
        self.runs: list[Training] = self.read(run_folder.trainings(out), read_run)
        self.runs.sort(key=lambda run: (run.facts["parameters"], run.model_name, run.seed))

    def read(self, paths: list[Path], reader: Callable) -> list:
        """Return what a reader makes of the files that it can read, and note the others."""
        entries = []
        for path in paths:
            try:
                entries.append(reader(path))
            except CourseError:
                self.unreadable.append(f"{path.parent.name}/{path.name}")
        return entries

    def told(self, field: str) -> list[str]:
        """Return what records and trainings say in a field, sorted."""
        return sorted({str(e[field]) for e in [*self.records, *(run.facts for run in self.runs)]})

    def summary(self) -> str:
        """Return the comparison and where it comes from as plain text, for a terminal."""
        weights = ", ".join(self.told("weights")) or "none yet"
        return f"{self._comparison_text()}\nData: {self.data_words()}. Weights: {weights}."

    def data_words(self) -> str:
        """Return which pictures the results are of."""
        return ", ".join(DATA_WORDS.get(data, data) for data in self.told("data")) or "none yet"

    def comparison(self) -> pd.DataFrame:
        """Return one row a model, the best first; texts, ready to be shown.

        The best is the one with the highest test accuracy. Models without one follow, by validation accuracy.
        Accuracies are in per cent, as mean ± standard deviation over seeds where there are several: on the
        validation pictures of the trainings, on the test pictures of the records. Sizes and seconds are those
        of the training of the smallest seed.
        """
        tested = [e for e in self.records if (e["metric"], e["split"]) == ("accuracy", "test")]
        names = dict.fromkeys([run.model_name for run in self.runs] + [e["model"] for e in tested])
        rows = [self._row(name, [e for e in tested if e["model"] == name]) for name in names]
        rows.sort(key=lambda row: (_leading(row["test"]), _leading(row["validation"])), reverse=True)
        return pd.DataFrame(rows, columns=["model", *NUMBERS, "weights", "data"])

    def finding(self) -> str:
        """Return in one sentence which trained model is first on the test pictures, and by how much."""
        names = {run.model_name for run in self.runs}
        tested = [e for e in self.records if (e["metric"], e["split"]) == ("accuracy", "test")]
        means = pd.DataFrame(
            [e for e in tested if e["model"] in names], columns=["model", "weights", "value"]
        )
        means = means.groupby(["model", "weights"])["value"].mean().sort_values()
        if means.empty:
            return ""
        model, weights = means.index[-1]
        right = f"right for {100 * means.iloc[-1]:.1f} % of the test pictures"
        sentence = f"Of the trained models, {model} comes first: {right}"
        scratch = means[means.index.get_level_values("weights") == "none"]
        if weights == "none" or scratch.empty:
            return f"{sentence}."
        lead = 100 * (means.iloc[-1] - scratch.iloc[-1])
        return (
            f"{sentence}, {lead:.1f} points more than the best network from scratch ({scratch.index[-1][0]})."
        )

    def _row(self, model: str, tested: list[dict]) -> dict[str, str]:
        runs = [run for run in self.runs if run.model_name == model]
        first = runs[0].facts if runs else tested[0]
        val = {run.seed: run.val_accuracy for run in runs}
        test = {e["seed"]: e["value"] for e in tested if e["weights"] == first["weights"]}
        row = {"model": model, "validation": _percent(val), "test": _percent(test)}
        if runs:
            row |= {
                "parameters": f"{first['parameters']:,}",
                "trainable": f"{first['trainable_parameters']:,}",
                "MB": f"{first['model_bytes'] / 1e6:.1f}",
                "training s": f"{first['seconds']:.1f}",
            }
        row |= {"seeds": str(max(len(val), len(test))), "weights": first["weights"], "data": first["data"]}
        return dict.fromkeys(NUMBERS, "") | row

    def _comparison_text(self) -> str:
        """Return the accuracy measured last, and its cost."""
        frame = self.comparison()
        if frame.empty:
            return "No model was trained yet: there is nothing to compare."
        chosen = "test" if (frame["test"] != "").any() else "validation"
        shown = frame[["model", chosen, "parameters", "training s", "weights"]]
        return shown.rename(columns={chosen: f"{chosen} accuracy"}).to_string(index=False)


def _recipes(results: Results, reference: Path) -> pd.DataFrame:
    """Return the records of recipes: those of the course, then those of this run, which replace them."""
    tables = results.read(table_files(reference), read_table)
    rows = [row for table in tables for row in table.to_dict("records")] + results.records
    return recipe_records(pd.DataFrame(rows, columns=None if rows else list(FIELDS)))


def _percent(by_seed: dict[int, float]) -> str:
    return percent(pd.Series(by_seed)) if by_seed else ""


def _leading(text: str) -> float:
    """Return the number that a text begins with: 55.0 of "55.0 ± 7.1 %"; -1 of an empty text."""
    return float(text.split()[0]) if text else -1.0


def _run_facts(run: dict, results: Results) -> dict[str, str]:
    def distinct(field: str) -> str:
        return ", ".join(sorted({str(e[field]) for e in results.records})) or "none yet"

    facts = {"Data": results.data_words(), "Weights": distinct("weights")}
    facts |= {"Profile": distinct("profile"), "Seed": distinct("seed")}
    facts |= {"Computer": distinct("device"), "Versions": run.get("versions", distinct("versions"))}
    if run.get("parameters"):
        facts["Parameters"] = ", ".join(f"{name} = {value!r}" for name, value in run["parameters"].items())
    if run.get("started"):
        facts["Last run"] = run["started"].replace("T", " ")
    return facts


def _lessons(out: Path, run: dict) -> list[dict[str, object]]:
    """Return the required lessons, and the others that were run, with what each left."""
    required: dict[str, Path] = {}
    with contextlib.suppress(CourseError):  # there are no lessons beside an installed package
        required = {path.stem: path for path in find_lessons()}
    told = run.get("lessons", {})
    lessons = []
    for name in sorted({*required, *told}):
        facts = told.get(name, {})
        executed = out / f"{name}.ipynb"
        unfinished = run_folder.unfinished(out, name)
        script = run_folder.script(out, name)
        cells = _cells(executed if executed.exists() else required.get(name))
        shown = [words for cell in cells for words in _shown(cell)]
        lessons.append(
            {
                "name": name,
                "title": _title(cells) or name,
                "status": facts.get("status", "not run"),
                "seconds": clock(facts["seconds"]) if "seconds" in facts else "",
                "memory": f"{facts['peak_bytes'] / 1e9:.1f} GB" if "peak_bytes" in facts else "",
                "link": executed.name if executed.exists() else "",
                "unfinished": unfinished.name if unfinished.exists() else "",
                "script": script.relative_to(out).as_posix() if script.exists() else "",
                "figures": _in_order(
                    _figures(run_folder.figures_of(out, lesson_number(executed), ".png")), shown
                ),
            }
        )
    return lessons


def _cells(notebook: Path | None) -> list[nbformat.NotebookNode]:
    try:
        return nbformat.read(notebook, as_version=4).cells if notebook else []
    except (OSError, ValueError):  # no notebook, or a damaged one: its file name and its files will do
        return []


def _title(cells: list[nbformat.NotebookNode]) -> str:
    for cell in cells:
        for line in cell.source.splitlines():
            if cell.cell_type == "markdown" and line.startswith("# "):
                return line[2:].strip()
    return ""


def _shown(cell: nbformat.NotebookNode) -> list[str]:
    """Return the text alternatives of the figures that a cell showed."""
    outputs = cell.get("outputs", [])
    return [output.get("metadata", {}).get("image/png", {}).get("alt", "") for output in outputs]


def _in_order(figures: list[dict[str, str]], shown: list[str]) -> list[dict[str, str]]:
    """Return figures in the order in which the lesson showed them; the others behind, by name."""
    return sorted(figures, key=lambda item: shown.index(item["alt"]) if item["alt"] in shown else len(shown))


def _figures(paths: Iterable[Path]) -> list[dict[str, str]]:
    return [_figure(path) for path in paths if path.exists()]


def _figure(path: Path) -> dict[str, str]:
    words = path.with_suffix(".txt")
    alt = words.read_text(encoding="utf-8").strip() if words.exists() else path.stem.replace("_", " ")
    return {"alt": alt, "name": path.name, "data": base64.b64encode(path.read_bytes()).decode()}
