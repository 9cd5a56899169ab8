"""One page that shows what a run measured: comparison, figures, learning curves as tables, costs."""

from __future__ import annotations

import base64
import json
import statistics
from collections.abc import Callable, Iterable
from pathlib import Path

import jinja2
import nbformat
import pandas as pd

from course_utils.claims import claims_table
from course_utils.lesson import STAND_IN
from course_utils.records import FIELDS, read_record
from course_utils.reference import FOLDER as REFERENCE
from course_utils.reference_tables import NUMBERS as RECIPE_NUMBERS
from course_utils.reference_tables import recipe_records, recipes_table
from course_utils.running.execution import find_lessons, lesson_number
from course_utils.system import run_folder
from course_utils.system.progress import clock
from course_utils.system.whole_file import replacing

TEMPLATE = Path(__file__).with_name("report.html.j2")
MAIN_FIGURES = ("model_comparison.png", "accuracy_comparison.png", "sample_predictions.png")
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
        out: folder of the run. Files that cannot be read are named on the page and left out.
        reference: folder of the reference records, which the recipes are shown with; may be empty.
    """
    entries = _Entries(out)
    recipes = _recipes(entries, reference)
    run = read_run_facts(out)
    told = run_folder.run_facts(out)
    if told.exists() and not run:
        entries.unreadable.append(told.name)
    page = _template().render(
        title="Transfer learning course: what this run measured",
        stand_in=STAND_IN if any(e["data"] == "drawn" for e in entries.all) else "",
        failures=[facts["error"] for facts in run.get("lessons", {}).values() if facts.get("error")],
        unreadable=entries.unreadable,
        facts=_run_facts(run, entries),
        comparison=comparison(out).to_dict("records"),
        numbers=NUMBERS,
        main_figures=_figures(run_folder.figures(out) / name for name in MAIN_FIGURES),
        recipes=recipes_table(recipes).reset_index().to_dict("records"),
        recipe_numbers=RECIPE_NUMBERS,
        claims=claims_table(recipes).to_dict("records") if len(recipes) else [],
        histories=_histories(entries),
        lessons=_lessons(out, run),
        other_figures=_figures(_unnumbered(out)),
    )
    path = run_folder.report(out)
    with replacing(path) as part:
        part.write_text(page, encoding="utf-8")
    return path


def comparison(out: Path) -> pd.DataFrame:
    """Return one row a model, the one with fewest parameters first; texts, ready to be shown.

    Accuracies come from the result records, in per cent, as mean ± standard deviation over seeds
    where there are several; sizes and seconds from the run of the smallest seed.

    Args:
        out: folder of the run.
    """
    entries = _Entries(out)
    names = list(dict.fromkeys(e["model_name"] for e in entries.runs))
    only_tested = [e["model"] for e in entries.accuracies("test") if e["model"] not in names]
    rows = [_row(name, entries) for name in [*names, *dict.fromkeys(only_tested)]]
    return pd.DataFrame(rows, columns=["model", *NUMBERS, "weights", "data"])


def comparison_text(out: Path) -> str:
    """Return the comparison as plain text for a terminal: the accuracy measured last, and its cost."""
    frame = comparison(out)
    if frame.empty:
        return "No model was trained yet: there is nothing to compare."
    chosen = "test" if (frame["test"] != "").any() else "validation"
    shown = frame[["model", chosen, "parameters", "training s", "weights"]]
    return shown.rename(columns={chosen: f"{chosen} accuracy"}).to_string(index=False)


def data_labels(out: Path) -> dict[str, str]:
    """Return the labels of data and of weights that the results of a run carry, in words."""
    entries = _Entries(out)
    weights = sorted({str(e["weights"]) for e in entries.all})
    return {"data": _data_words(entries), "weights": ", ".join(weights) or "none yet"}


def read_run_facts(out: Path) -> dict:
    """Return what ``run.json`` tells about the runs in this folder; empty if it cannot be read."""
    facts = _json(run_folder.run_facts(out)) or {}
    return facts if _is_told(facts) else {}


class _Entries:
    """The records and the facts of the runs in a folder, as far as they can be read."""

    def __init__(self, out: Path) -> None:
        self.unreadable: list[str] = []
        self.records = self.read(run_folder.record_files(out), read_record)
        self.runs = self.read(run_folder.training_files(out), _read_run)
        self.runs.sort(key=lambda e: (e["parameters"], e["model_name"], e["seed"]))
        self.all = [*self.records, *self.runs]

    def read(self, paths: list[Path], reader: Callable[[Path], dict]) -> list[dict]:
        entries = []
        for path in paths:
            try:
                entries.append(reader(path) | {"folder": path.parent})
            except ValueError:
                self.unreadable.append(f"{path.parent.name}/{path.name}")
        return entries

    def accuracies(self, split: str) -> list[dict]:
        return [e for e in self.records if e["metric"] == "accuracy" and e["split"] == split]


def _recipes(entries: _Entries, reference: Path) -> pd.DataFrame:
    """Return the records of recipes: those of the course, then those of this run, which replace them."""
    found = entries.read(sorted(reference.glob("*.json")), read_record) + entries.records
    return recipe_records(pd.DataFrame(found, columns=None if found else list(FIELDS)))


def _row(model: str, entries: _Entries) -> dict[str, str]:
    runs = [e for e in entries.runs if e["model_name"] == model]
    first = runs[0] if runs else {}
    tested = [e for e in entries.accuracies("test") if e["model"] == model]
    validated = [e for e in entries.accuracies("val") if e["model"] == model and _is_of_run(e, runs)]
    trained = first or (tested[0] if tested else {})
    val, test = _by_seed(validated, runs), _by_seed(tested, runs)
    return {
        "model": model,
        "validation": _percent(val),
        "test": _percent(test),
        "parameters": _count(first.get("parameters")),
        "trainable": _count(first.get("trainable_parameters")),
        "MB": f"{first['model_bytes'] / 1e6:.1f}" if first.get("model_bytes") else "",
        "training s": f"{first['seconds']:.1f}" if first.get("seconds") is not None else "",
        "seeds": str(max(len(val), len(test))),
        "weights": str(trained.get("weights", "")),
        "data": str(trained.get("data", "")),
    }


def _is_of_run(entry: dict, runs: list[dict]) -> bool:
    """Tell the accuracy of a finished model from the accuracies of trials that carry more context."""
    extra = {key for key, value in entry.items() if key not in FIELDS and value is not None}
    return any(extra <= set(run) and entry["weights"] == run["weights"] for run in runs)


def _by_seed(entries: list[dict], runs: list[dict]) -> dict[object, float]:
    """Return seed -> accuracy. Where a seed has several, the one with the context of its run counts."""
    facts = {run["seed"]: run for run in runs}
    values: dict[object, tuple[int, float]] = {}
    for entry in entries:
        run = facts.get(entry["seed"], {})
        agreeing = sum(entry[key] == run.get(key) for key in entry if key not in ("value", "versions"))
        if entry["seed"] not in values or agreeing > values[entry["seed"]][0]:
            values[entry["seed"]] = agreeing, entry["value"]
    return {seed: value for seed, (_, value) in values.items()}


def _percent(by_seed: dict[object, float]) -> str:
    values = [100 * value for value in by_seed.values()]
    if not values:
        return ""
    spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{statistics.fmean(values):.1f}{spread} %"


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _run_facts(run: dict, entries: _Entries) -> dict[str, str]:
    def distinct(field: str) -> str:
        return ", ".join(sorted({str(e[field]) for e in entries.records})) or "none yet"

    facts = {"Data": _data_words(entries), "Weights": distinct("weights")}
    facts |= {"Profile": distinct("profile"), "Seed": distinct("seed")}
    facts |= {"Computer": distinct("device"), "Versions": run.get("versions", distinct("versions"))}
    if run.get("parameters"):
        facts["Parameters"] = ", ".join(f"{name} = {value!r}" for name, value in run["parameters"].items())
    if run.get("started"):
        facts["Last run"] = run["started"].replace("T", " ")
    return facts


def _data_words(entries: _Entries) -> str:
    return ", ".join(sorted({DATA_WORDS.get(e["data"], e["data"]) for e in entries.all})) or "none yet"


def _histories(entries: _Entries) -> list[dict[str, str]]:
    histories = []
    for run in entries.runs:
        path = run["folder"] / run_folder.HISTORY
        try:
            frame = pd.read_csv(path)
        except (OSError, ValueError):
            entries.unreadable.append(f"{path.parent.name}/{path.name}")
            continue
        table = frame.to_html(index=False, border=0, float_format="{:.4f}".format)
        histories.append({"name": f"{run['model_name']}, seed {run['seed']}", "table": table})
    return histories


def _lessons(out: Path, run: dict) -> list[dict[str, object]]:
    """Return the required lessons, and the others that were run, with what each left."""
    required = {path.stem: path for path in _required()}
    told = run.get("lessons", {})
    lessons = []
    for name in sorted({*required, *told}):
        facts = told.get(name, {})
        executed = out / f"{name}.ipynb"
        unfinished = run_folder.unfinished(out, name)
        script = run_folder.script(out, name)
        lessons.append(
            {
                "name": name,
                "title": _title(executed if executed.exists() else required.get(name)) or name,
                "status": facts.get("status", "not run"),
                "seconds": clock(facts["seconds"]) if "seconds" in facts else "",
                "memory": f"{facts['peak_bytes'] / 1e9:.1f} GB" if "peak_bytes" in facts else "",
                "link": executed.name if executed.exists() else "",
                "unfinished": unfinished.name if unfinished.exists() else "",
                "script": script.relative_to(out).as_posix() if script.exists() else "",
                "figures": _figures(run_folder.figures_of(out, lesson_number(executed), ".png")),
            }
        )
    return lessons


def _required() -> list[Path]:
    try:
        return find_lessons()
    except ValueError:  # there are no lessons beside an installed package
        return []


def _title(notebook: Path | None) -> str:
    try:
        cells = nbformat.read(notebook, as_version=4).cells if notebook else []
    except (OSError, ValueError):  # no notebook, or a damaged one: its file name will do
        cells = []
    for cell in cells:
        for line in cell.source.splitlines():
            if cell.cell_type == "markdown" and line.startswith("# "):
                return line[2:].strip()
    return ""


def _figures(paths: Iterable[Path]) -> list[dict[str, str]]:
    return [_figure(path) for path in paths if path.exists()]


def _unnumbered(out: Path) -> list[Path]:
    """Return the figures that say no lesson in their name, but for the main ones."""
    return [
        path for path in sorted(run_folder.figures(out).glob("[!0-9]*.png")) if path.name not in MAIN_FIGURES
    ]


def _figure(path: Path) -> dict[str, str]:
    words = path.with_suffix(".txt")
    alt = words.read_text(encoding="utf-8").strip() if words.exists() else path.stem.replace("_", " ")
    return {"alt": alt, "name": path.name, "data": base64.b64encode(path.read_bytes()).decode()}


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))


def _json(path: Path) -> dict | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _read_run(path: Path) -> dict:
    entry = _json(path) or {}
    words, numbers = ("model_name", "data", "weights"), ("seed", "parameters")
    costs = [entry[name] for name in ("model_bytes", "seconds", "trainable_parameters") if name in entry]
    if (
        not all(isinstance(entry.get(name), str) for name in words)
        or not all(isinstance(entry.get(name), int) for name in numbers)
        or not all(cost is None or isinstance(cost, int | float) for cost in costs)
    ):
        raise ValueError(f"{path} does not tell of a run")
    return entry


def _is_told(facts: dict) -> bool:
    """Say whether what ``run.json`` holds has the form that the runner gives it."""
    lessons, parameters = facts.get("lessons", {}), facts.get("parameters", {})
    if not isinstance(lessons, dict) or not all(isinstance(lesson, dict) for lesson in lessons.values()):
        return False
    costs = [
        lesson[name] for lesson in lessons.values() for name in ("seconds", "peak_bytes") if name in lesson
    ]
    are_numbers = all(isinstance(cost, int | float) for cost in costs)
    return are_numbers and isinstance(parameters, dict) and isinstance(facts.get("started", ""), str)
