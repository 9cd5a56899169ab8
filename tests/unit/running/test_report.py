"""The report page shows what lies in the folder of a run, whatever subset that is."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from made_up_recipes import entries
from PIL import Image

from course_utils import records
from course_utils.lesson import STAND_IN
from course_utils.plotting import meant_color
from course_utils.records import record
from course_utils.running.report import Results, read_run_facts, write_report
from course_utils.system.tables import write_tables

pytestmark = pytest.mark.usefixtures("known_device")
CONTEXT = {"data": "drawn", "weights": "none", "profile": "offline", "seconds": 3.0}


def add_run(out: Path, model: str, seed: int, val: float, **facts: object) -> None:
    facts = CONTEXT | {"lesson": "02", "parameters": 1000, "trainable_parameters": 1000} | facts
    facts |= {"model_name": model, "seed": seed, "model_bytes": 2_500_000}
    folder = out / "runs" / f"{model.lower()}-{seed}"
    folder.mkdir(parents=True)
    (folder / "model.keras").touch()
    (folder / "training.json").write_text(json.dumps(facts))
    curve = {"epoch": [1, 2], "phase": ["training"] * 2, "loss": [2.3, 1.9], "val_accuracy": [0.1, val]}
    pd.DataFrame(curve).to_csv(folder / "history.csv", index=False)
    labels = (np.arange(100) >= 100 * val).astype(int)
    np.savez(folder / "val_predictions.npz", labels=labels, probabilities=np.tile([1.0, 0.0], (100, 1)))
    context = {key: facts[key] for key in CONTEXT} | {"seed": seed}
    record("02", model, "accuracy", val, unit="fraction", split="val", out=out, **context)


def add_test(out: Path, model: str, value: float, lesson: str = "05", **more: object) -> None:
    facts = CONTEXT | {"seed": 0} | more
    record(lesson, model, "accuracy", value, unit="fraction", split="test", out=out, **facts)


def add_figure(out: Path, name: str, alt: str) -> None:
    (out / "figures").mkdir(exist_ok=True)
    Image.new("RGB", (4, 3)).save(out / "figures" / name)
    (out / "figures" / name).with_suffix(".txt").write_text(alt + "\n")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    add_run(tmp_path, "CNN", 0, 0.50, parameters=545_098)
    add_run(tmp_path, "CNN", 1, 0.60, parameters=545_098)
    add_run(tmp_path, "MLP", 0, 0.30, parameters=201_482, trainable_parameters=1_234)
    add_test(tmp_path, "MLP", 0.25)
    return tmp_path


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    """Stored reference results of one recipe."""
    made_up = entries("R3 published", [0.61, 0.63], split="val", size=64)
    write_tables(pd.DataFrame(made_up).assign(made_by="grid", versions="1"), tmp_path / "reference")
    return tmp_path / "reference"


class Page(HTMLParser):
    """Counts tags, and refuses tags that do not close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text, self.open, self.tags, self.images = text, [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append(tag)
        if tag == "img":
            self.images.append(dict(attrs))
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def page_of(out: Path, reference: Path | None = None) -> Page:
    reference = reference or out / "no reference results"
    return Page(write_report(out, reference=reference).read_text(encoding="utf-8"))


def write_records(folder: Path, found: list[dict]) -> None:
    folder.mkdir(exist_ok=True)
    for entry in found:
        complete = dict.fromkeys(records.FIELDS) | entry
        (folder / f"{entry['model']}-{entry['metric']}-{entry['seed']}.json").write_text(json.dumps(complete))


def test_comparison_has_a_row_a_model_with_mean_and_spread(out):
    trial = CONTEXT | {"seed": 0, "learning_rate": 1.0}
    record("02", "CNN", "accuracy", 0.99, unit="fraction", split="val", out=out, **trial)
    add_test(out, "CNN", 0.9, weights="of an earlier run")
    add_test(out, "R1 published", 0.9, lesson="14")
    rows = Results(out).comparison().set_index("model").T.to_dict()

    assert list(rows) == ["R1 published", "MLP", "CNN"]  # by test accuracy; without one, last
    trained = {"MB": "2.5", "training s": "3.0", "weights": "none", "data": "drawn"}
    assert rows["MLP"] == trained | {
        "validation": "30.0 %",
        "test": "25.0 %",
        "parameters": "201,482",
        "trainable": "1,234",
        "seeds": "1",
    }
    assert rows["CNN"] == trained | {
        "validation": "55.0 ± 7.1 %",
        "test": "",
        "parameters": "545,098",
        "trainable": "1,000",
        "seeds": "2",
    }
    told = {name: text for name, text in rows["R1 published"].items() if text}
    assert told == {"test": "90.0 %", "seeds": "1", "weights": "none", "data": "drawn"}


def test_finding_names_the_first_model_and_its_lead_over_the_best_from_scratch(out):
    first = "Of the trained models, MLP comes first: right for 25.0 % of the test pictures."
    assert Results(out).finding() == first
    add_run(out, "Frozen", 0, 0.7, weights="bundled")
    tested = (("CNN", 0.4, "none"), ("Frozen", 0.7, "bundled"), ("Soft vote", 0.9, "none"))
    for model, value, weights in tested:
        add_test(out, model, value, weights=weights)
    sentence = (
        "Of the trained models, Frozen comes first: right for 70.0 % of the test pictures, "
        "30.0 points more than the best network"
    )
    assert Results(out).finding() == f"{sentence} from scratch (CNN)."
    assert f"<strong>{sentence}" in write_report(out).read_text(encoding="utf-8")


def test_text_for_the_terminal_prefers_the_test_set_and_names_the_stand_in(out):
    said = Results(out).summary()
    assert "test accuracy" in said
    assert said.endswith(f"Data: drawn ({STAND_IN}). Weights: none.")
    for path in (out / "records").glob("05*"):
        path.unlink()
    assert "validation accuracy" in Results(out).summary()


def test_empty_folder_makes_a_page(tmp_path):
    page = page_of(tmp_path)

    assert page.text.count("ot run") >= 5
    assert STAND_IN not in page.text
    said = Results(tmp_path).summary()
    assert said.startswith("No model was trained")
    assert said.endswith("Data: none yet. Weights: none yet.")


def test_page_holds_everything_in_one_file(out):
    add_figure(out, "model_comparison.png", "Curves of all models.")
    add_figure(out, "02-loss.png", "Loss of the MLP.")
    page = page_of(out)

    assert len(page.images) == 2
    assert [image["alt"] for image in page.images] == ["Curves of all models.", "Loss of the MLP."]
    assert all(image["src"].startswith("data:image/png;base64,") for image in page.images)
    assert not re.search(r"(?:src|href)=\"https?:|<script|@import|url\(", page.text)
    assert page.tags.count("details") == 3


def test_banner_stands_there_for_drawn_data_only(tmp_path):
    add_run(tmp_path, "CNN", 0, 0.5, data="path")
    assert STAND_IN not in page_of(tmp_path).text
    add_run(tmp_path, "MLP", 0, 0.5, data="drawn")
    assert STAND_IN in page_of(tmp_path).text


def test_everything_is_escaped(out):
    add_run(out, "<script>alert(1)</script>", 5, 0.1)
    add_figure(out, "02-x.png", 'a "quoted" <b>alt</b>')
    facts = {"lessons": {"02_<i>": {"error": "<u>bad</u>", "status": "failed"}}}
    (out / "run.json").write_text(json.dumps(facts))
    page = page_of(out)

    assert not {"script", "i", "b", "u"} & set(page.tags)
    assert page.images[0]["alt"] == 'a "quoted" <b>alt</b>'
    assert "&lt;u&gt;bad&lt;/u&gt;" in page.text


@pytest.mark.parametrize("content", ["[", "[]", '{"lessons": []}'])
def test_damaged_files_are_named_and_left_out(out, content):
    good = next((out / "records").glob("02-cnn*.json"))
    (out / "records" / "zz.json").write_text(json.dumps(json.loads(good.read_text()) | {"data": None}))
    (out / "runs" / "cnn-1" / "history.csv").unlink()
    (out / "run.json").write_text(content)
    page = page_of(out)

    assert "left out: records/zz.json, runs/cnn-1, run.json." in page.text
    assert page.tags.count("details") == 2
    assert read_run_facts(out) == {}


def test_reference_results_make_the_claims_table(out, reference):
    text = page_of(out, reference).text

    assert "validation accuracy about 94.5 % in 4 epochs" in text
    assert "62.0 ± 1.4 %" in text
    assert text.count("not tried here") == 17
    assert "Not run: lessons 14 to 17" not in text


def test_a_run_of_a_recipe_is_judged_on_its_own_page(out):
    context = {"weights": "imagenet", "size": 224, "labels_per_class": 5000, "data": "published"}
    write_records(out / "records", entries("R3 published", [0.95], split="val", **context))
    page = page_of(out)

    assert '<span class="status holds">holds</span>' in page.text
    assert '<th scope="row">R3 published</th>' in page.text


def test_no_recipe_no_claims(out):
    page = page_of(out)

    assert "Not run: lessons 14 to 17" in page.text
    assert "not tried here" not in page.text


def test_a_damaged_reference_table_is_named(out, reference):
    (reference / "torn.csv").write_text("model\nR1")

    assert "reference/torn.csv" in page_of(out, reference).text


SECTIONS = ["comparison", "run", "figures", "epochs", "claims"]


def test_contents_lead_to_every_section_and_this_run_stands_before_what_others_claim(out):
    add_figure(out, "02-loss.png", "Loss of the MLP.")
    page = page_of(out).text
    ids = re.findall(r'id="([\w-]+)"', page)
    links = re.findall(r'href="#([\w-]+)"', page)

    assert [name for name in ids if name in SECTIONS] == SECTIONS
    assert len(set(ids)) == len(ids)
    assert set(links) <= set(ids)
    assert [name for name in dict.fromkeys(links) if name in SECTIONS] == SECTIONS
    assert "lesson-2" in links
    assert page.index("<h1>") < page.index('class="finding"') < page.index("<nav") < page.index("<section")


def test_models_stand_best_first_by_test_then_by_validation(out):
    add_run(out, "Frozen", 0, 0.10)
    add_test(out, "Frozen", 0.9)
    add_run(out, "Untested", 0, 0.99)

    assert list(Results(out).comparison()["model"]) == ["Frozen", "MLP", "Untested", "CNN"]
    assert "The best model stands first" in page_of(out).text


def test_figures_come_in_the_order_in_which_the_lesson_showed_them(out):
    for name, alt in (("02-a.png", "A later figure."), ("02-b.png", "A first figure."), ("02-0.png", "Old.")):
        add_figure(out, name, alt)
    told = [{"image/png": {"alt": alt}} for alt in ("A first figure.", "A later figure.")]
    shown = [nbformat.v4.new_output("display_data", {"image/png": ""}, metadata=alt) for alt in told]
    cells = [nbformat.v4.new_code_cell("show()", outputs=[output]) for output in shown]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), out / "02_baseline_mlp_cnn.ipynb")

    alts = [image["alt"] for image in page_of(out).images]
    assert alts == ["A first figure.", "A later figure.", "Old."]


def test_a_model_has_its_colour_of_the_figures(out):
    add_run(out, "Frozen MobileNetV2", 0, 0.7)
    page = page_of(out).text

    for name in ("Frozen MobileNetV2", "CNN", "MLP"):
        assert f'style="background:{meant_color(name)}"></span>{name}</th>' in page


def test_every_table_is_whole_in_its_own_box_on_a_screen_and_on_paper(out, reference):
    page = page_of(out, reference).text
    tables = re.findall(
        r'(<div class="wide"[^>]*>)?<table[^>]*?(class="facts")?>(.*?)</table>', page, re.DOTALL
    )

    assert len(tables) == 8  # comparison, facts, lessons, three trainings, claims, recipes
    for box, facts, table in tables:
        assert bool(box) != bool(facts)
        assert not box or 'tabindex="0"' in box  # a keyboard can scroll it
        rows = re.findall(r"<tr.*?</tr>", table, re.DOTALL)
        assert len({len(re.findall(r"<t[hd][ >]", row)) for row in rows}) == 1
    on_paper = page[page.index("@media print") :]
    assert "overflow: visible" in on_paper
    assert "@page across { size: landscape; }" in on_paper
    assert "@media screen and (prefers-color-scheme: dark)" in page  # paper stays white
