"""docs/RESULTS.md, its figures and the table in README.md agree with the records."""

from __future__ import annotations

import pandas as pd
import pytest
from PIL import Image

from course_utils.reference import reference_records
from course_utils.system.paths import PROJECT
from tools.results import documents as writer

RENEW = "stale: run make docs"


# what is stored


def test_page_agrees_with_the_records():
    stored = (PROJECT / "docs" / "RESULTS.md").read_text(encoding="utf-8")
    assert stored == writer.document(reference_records()), RENEW


def test_readme_agrees_with_the_records():
    stored = writer.README.read_text(encoding="utf-8")
    assert stored == writer.with_block(stored, writer.readme_block(reference_records())), RENEW


def test_the_finding_at_the_head_of_readme_is_what_the_records_say():
    means = writer.models_table(reference_records())["mean"].unstack()
    frozen, fine_tuned = means["Frozen MobileNetV2"], means["Fine-tuned ResNet50"]
    from_scratch = means[["MLP", "CNN", "Stronger CNN"]].max(axis="columns")
    finding = writer.README.read_text(encoding="utf-8").split("\n\n")[1]

    assert "with 50 labels of each class, both pre-trained models lead" in finding
    assert min(frozen[50], fine_tuned[50]) > from_scratch[50]
    assert "With 500,\nfine-tuning still leads, and the stronger CNN has passed the frozen base" in finding
    assert fine_tuned[500] > means["Stronger CNN"][500] > frozen[500]
    assert "With all 5,000 it is close behind fine-tuning" in finding
    assert fine_tuned[5000] - 0.05 < means["Stronger CNN"][5000] < fine_tuned[5000]


def test_all_figures_of_the_page_are_there():
    text = (PROJECT / "docs" / "RESULTS.md").read_text(encoding="utf-8")
    names = {name for name in writer.figures(reference_records())}
    assert {f"results-{name}.png" for name in ("recipes", "models", *writer.STUDIES)} == names
    for name in names:
        assert f"({name})" in text
        assert Image.open(PROJECT / "docs" / name).width > 400


# how it is made


def test_models_stand_in_the_order_of_the_course_with_their_spread():
    rows = [
        {"lesson": "05", "metric": "accuracy", "split": "test", "model": model, "labels_per_class": labels}
        | {"seed": seed, "value": 0.5 + seed / 100}
        for model in reversed(writer.MODELS)
        for labels, seeds in ((500, 1), (50, 3))
        for seed in range(seeds)
    ]
    text = writer.models_text(pd.DataFrame(rows))
    assert text.index.tolist() == list(writer.MODELS)
    assert [name.split(", ")[1][:3] for name in text] == ["50 ", "500"]
    assert set(map(tuple, text.to_numpy())) == {("51.0 ± 1.0 %", "50.0 %")}
    assert writer.models_text(pd.DataFrame(rows).assign(lesson="17")).empty


def records(
    published=(0.4, 0.5, 0.6),
    corrected=(0.5, 0.6, 0.7),
    seconds=(100.0, 50.0),
    weights="bundled",
    labels=80.0,
) -> pd.DataFrame:
    rows = []
    for form, values, time in (("published", published, seconds[0]), ("corrected", corrected, seconds[1])):
        for seed, value in enumerate(values):
            row = {"model": f"R3 {form}", "weights": weights, "labels_per_class": labels, "seed": seed}
            rows.append(row | {"metric": "accuracy", "split": "test", "value": value})
            rows.append(row | {"metric": "seconds", "split": "train", "value": time})
    return pd.DataFrame(rows)


def test_gain_is_paired_by_seed():
    row = writer.gains(records()).loc["R3 corrected"]
    assert row["gain (points)"] == "+10.0 ± 0.0"
    assert row["is it more than chance?"] == "yes"
    assert row["time, against published"] == "0.50"


def test_gains_of_other_weights_and_labels_are_rows_of_their_own():
    other = records(published=(0.2,), corrected=(0.7,), weights="imagenet", labels=float("nan"))

    table = writer.gains(pd.concat([records(), other]))

    assert table["conditions"].tolist() == [
        "bundled weights, 80 labels of each class",
        "ImageNet's weights, all labels",
    ]
    assert table["gain (points)"].tolist() == ["+10.0 ± 0.0", "+50.0"]
    assert writer._shortfalls(table) == []


def test_models_of_all_labels_are_told_as_such():
    row = {"lesson": "05", "metric": "accuracy", "split": "test", "model": "MLP", "seed": 0, "value": 0.5}
    rows = [row | {"labels_per_class": count} for count in (50, float("nan"))]
    text = writer.models_text(pd.DataFrame(rows))
    assert text.columns.tolist() == ["photographs, 50 labels of each class", "photographs, all labels"]


@pytest.mark.parametrize(
    ("corrected", "answer"),
    [((0.1, 0.2, 0.3), "yes, worse"), ((0.3, 0.55, 0.7), "no"), ((0.41, 0.52, 0.6), "no")],
)
def test_a_gain_within_chance_or_below_zero_is_said_to_be_so(corrected, answer):
    assert writer.gains(records(corrected=corrected)).loc["R3 corrected", "is it more than chance?"] == answer


def test_one_seed_says_nothing_about_chance():
    row = writer.gains(records(published=(0.5,), corrected=(0.501,))).loc["R3 corrected"]
    assert row["gain (points)"] == "+0.1"
    assert row["is it more than chance?"] == "one seed"


def test_a_page_of_studies_alone_can_be_written():
    assert "## Studies" in writer.document(reference_records(lesson="18"))


@pytest.fixture
def readme(tmp_path, monkeypatch):
    """A README of its own, in the folder that the page is written to."""
    path = tmp_path / "README.md"
    path.write_text(f"before\n{writer.START}\nold\n{writer.END}\nafter", encoding="utf-8")
    monkeypatch.setattr(writer, "README", path)
    monkeypatch.setattr(writer, "DOCS", tmp_path)
    return path


def test_all_is_written(readme, tmp_path):
    assert writer.main() == 0

    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"README.md", "RESULTS.md", *writer.figures(reference_records())}
    assert readme.read_text(encoding="utf-8").startswith(f"before\n{writer.START}\n| model |")


def test_forms_at_chance_are_named_with_what_re_estimated_statistics_bring_to_light():
    made = records(published=(0.10, 0.10, 0.10))
    re_estimated = made[(made["model"] == "R3 published") & (made["metric"] == "accuracy")]
    name = "R3 published, BatchNorm statistics re-estimated"
    re_estimated = re_estimated.assign(model=name, value=[0.3, 0.31, 0.32])

    assert writer._at_chance(records()) == []
    (text,) = writer._at_chance(pd.concat([made, re_estimated]))
    assert "**At chance: R3 published.**" in text
    assert "Then: R3 published 31.0 ± 1.0 %." in text
    (text,) = writer._at_chance(made)
    assert "Then: not measured." in text


@pytest.mark.parametrize(
    ("made", "told"),
    [(records(), 0), (records(corrected=(0.1, 0.2, 0.3)), 1), (records(seconds=(10.0, 20.0)), 1)],
)
def test_a_recipe_without_a_better_form_for_the_price_is_named(made, told):
    lines = writer._shortfalls(writer.gains(made))
    start = "**R3, bundled weights, 80 labels of each class: no corrected form"
    assert [line[: len(start)] for line in lines] == [start] * told


def test_only_what_stands_between_the_marks_is_replaced():
    old, new = (f"before\n{writer.START}\n{block}\n{writer.END}\nafter" for block in ("old", r"new \1"))
    assert writer.with_block(old, r"new \1") == new


def test_a_bar_in_a_cell_does_not_break_the_table():
    frame = pd.DataFrame({"a": ["x|y"]}, index=pd.Index(["r"], name="name"))
    assert writer.to_markdown(frame) == "| name | a |\n| --- | --- |\n| r | x\\|y |"
