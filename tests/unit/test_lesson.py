"""The bookkeeping of a lesson: parameters checked, results labelled, the stand-in marked where it shows."""

from __future__ import annotations

import base64
import re
from types import SimpleNamespace

import IPython.display
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from messages import message_of
from PIL import Image

from course_utils import plotting, weights
from course_utils.cifar10 import CLASS_NAMES
from course_utils.errors import CourseError
from course_utils.lesson import BUNDLED_INSTEAD, REFERENCE, STAND_IN, Lesson, start_lesson
from course_utils.profiles import PROFILES, load_profile
from course_utils.records import read_records
from course_utils.runs import read_runs
from course_utils.system import weight_files
from course_utils.system.download import mirrors

pytestmark = pytest.mark.usefixtures("known_device")


@pytest.fixture
def shown(monkeypatch):
    """Return what a notebook would have displayed: pairs of data and metadata."""
    calls = []

    def display(data, *, metadata=None, raw):
        assert raw
        calls.append((data, metadata))

    monkeypatch.setattr(IPython.display, "display", display)
    return calls


def lesson(out, source="drawn", **more) -> Lesson:
    settings = {"data": "drawn", "weights": "bundled", "seed": 3} | more
    begun = Lesson("02", load_profile("offline"), out=out, **settings)
    if source:
        pictures = {"train_labels": np.tile(np.arange(10), 30), "description": f"pictures: {source}"}
        begun.use(SimpleNamespace(source=source, **pictures))
    return begun


# start_lesson


def test_start_tells_what_was_chosen(tmp_path, capsys):
    begun = start_lesson("02", profile="offline", seed=7, out=tmp_path, overrides={"cnn_epochs": 3})
    assert (begun.number, begun.seed, begun.out, begun.source) == ("02", 7, tmp_path, None)
    assert (begun.data, begun.weights, begun.profile.cnn_epochs) == ("drawn", "bundled", 3)
    said = capsys.readouterr().out
    for word in ("Profile offline", "runs everywhere", "Data: drawn", "Weights: bundled", "Seed: 7"):
        assert word in said
    assert start_lesson("02", profile="offline", out=tmp_path, overrides={}).profile.cnn_epochs


def test_data_and_weights_go_before_the_profile(tmp_path, monkeypatch):
    monkeypatch.setattr(mirrors, "_named", [])
    begun = start_lesson("02", profile="laptop", data=tmp_path, weights="none", out=tmp_path)
    assert (begun.data, begun.weights) == (str(tmp_path), "none")
    assert mirrors.locations() == (None, [tmp_path]), "a folder of data is looked at for weights too"
    (tmp_path / "a.h5").write_text("x")
    begun = start_lesson("02", profile="offline", weights=tmp_path / "a.h5", out=tmp_path)
    assert begun.weights == str(tmp_path / "a.h5")


def test_offline_is_deterministic(tmp_path, monkeypatch):
    import tensorflow as tf

    calls = []
    monkeypatch.setattr(tf.config.experimental, "enable_op_determinism", lambda: calls.append(1))
    start_lesson("02", profile="offline", out=tmp_path)
    assert calls == [1]
    start_lesson("02", profile="offline", out=tmp_path, overrides={"deterministic": False})
    assert calls == [1]


OVERRIDES = [{"epochs": 3}, {"cnn_epochs": "3"}, {"name": "gpu"}, {3: 4}, ["cnn_epochs"], "cnn_epochs=3"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        *(({"seed": seed}, f"SEED is {seed!r}") for seed in (-1, 1.0, "0", None, True, 2**31)),
        *(({"profile": profile}, f"Profile {profile!r}") for profile in ("ofline", "", None, 3)),
        *(({"weights": weights}, repr(str(weights))) for weights in ("imagnet", "ImageNet", 3)),
        ({"weights": "absent/weights.h5"}, "does not exist"),
        *(({"overrides": overrides}, "OVERRIDES") for overrides in (*OVERRIDES, {"weights": 3})),
    ],
    ids=str,
)
def test_what_cannot_be_used_is_told_in_the_first_cell(tmp_path, given, told):
    usual = {"profile": "offline", "out": tmp_path / "new"}
    assert told in message_of(start_lesson, "02", **usual | given)


# results


def test_the_stand_in_in_place_of_photographs_brings_the_profile_that_fits(tmp_path, capsys):
    pictures = SimpleNamespace(source="drawn", description="drawn", train_labels=np.arange(1000) % 10)
    asked = start_lesson("02", profile="laptop", data="auto", out=tmp_path, overrides={"mlp_epochs": 2})
    chosen = start_lesson("02", profile="laptop", data="drawn", out=tmp_path)

    profile = asked.use(pictures)

    assert profile is asked.profile
    assert (profile.name, profile.mlp_epochs) == ("offline", 2)
    assert profile.study_labels == PROFILES["offline"].study_labels
    assert "from here on, the profile offline says how much is trained" in capsys.readouterr().out
    asked.record("CNN", "accuracy", 0.5, unit="fraction", split="val")
    assert read_records(tmp_path / "records")["profile"].tolist() == ["offline"]
    assert chosen.use(pictures).name == "laptop"  # who asks for the stand-in keeps the profile


def test_use_labels_what_follows(tmp_path, capsys):
    begun = lesson(tmp_path, "path")
    assert "pictures: path" in capsys.readouterr().out
    begun.record("CNN", "accuracy", np.float32(0.5), unit="fraction", split="val", size=96)
    begun.record("CNN", "accuracy", 0.4, unit="fraction", split="val", seed=9, weights="bundled")
    entries = read_records(tmp_path / "records").sort_values("seed").to_dict("records")
    expected = {"lesson": "02", "model": "CNN", "data": "path", "profile": "offline"}
    own = ({"value": 0.5, "weights": "none", "seed": 3, "size": 96}, {"weights": "bundled", "seed": 9})
    for entry, told in zip(entries, own, strict=True):
        assert entry | expected | told == entry


def save_run(begun, **facts):
    import keras

    layers = [keras.layers.Flatten(), keras.layers.Dense(10)]
    model = keras.Sequential([keras.Input((4, 4, 3), dtype="uint8"), *layers])
    history = pd.DataFrame({"epoch": [1], "phase": "training", "val_accuracy": [0.5]})
    chances = np.eye(10, dtype="float32")[[0, 2]]
    predictions = {"val_labels": np.array([0, 1]), "val_probabilities": chances}
    cost = {"seconds": 1.23456, "train_pictures": 7}
    return begun.save_run("CNN", model, history, **predictions, **cost, **facts)


@pytest.mark.parametrize("own", [{}, {"seed": 9, "weights": "bundled"}])
def test_save_run_leaves_a_run_with_its_costs_and_one_record(tmp_path, own):
    run = save_run(lesson(tmp_path), **own)
    assert [one.facts for one in read_runs(tmp_path, data="drawn")] == [run.facts]
    context = {"lesson": "02", "data": "drawn", "weights": "none", "profile": "offline", "seed": 3} | own
    costs = {"seconds": 1.235, "train_pictures": 7, "parameters": 490}
    assert run.facts | context | costs == run.facts
    (entry,) = read_records(tmp_path / "records").to_dict("records")
    told = {"metric": "accuracy", "value": 0.5, "unit": "fraction", "split": "val", "seconds": 1.235}
    assert entry | context | told == entry


def test_nothing_is_recorded_before_the_pictures_are_known(tmp_path):
    begun = lesson(tmp_path, source=None)
    with pytest.raises(CourseError, match=r"lesson\.use"):
        begun.record("CNN", "accuracy", 0.5, unit="fraction", split="val")
    with pytest.raises(CourseError, match=r"lesson\.use"):
        save_run(begun)
    assert not list(tmp_path.iterdir())


# figures


def figure() -> Figure:
    made = Figure(figsize=(3, 2), dpi=100)
    made.subplots().plot([1, 2])
    return made


@pytest.mark.parametrize(("source", "marked"), [("drawn", True), ("published", False), ("path", False)])
def test_show_writes_and_displays_and_marks_drawn_pictures(tmp_path, shown, source, marked):
    made = figure()
    lesson(tmp_path, source).show(made, "A line that rises.", save="line.png")
    ((data, metadata),) = shown
    alt = f"A line that rises. ({STAND_IN}.)" if marked else "A line that rises."
    assert [text.get_text() for text in made.texts] == ([STAND_IN] if marked else [])
    assert data["text/plain"] == metadata["image/png"]["alt"] == alt
    folder = tmp_path / "figures"
    assert sorted(path.name for path in folder.iterdir()) == ["line.png", "line.txt"]
    assert (folder / "line.txt").read_text() == f"{alt}\n"
    assert Image.open(folder / "line.png").format == "PNG"
    assert base64.b64decode(data["image/png"]) == (folder / "line.png").read_bytes()


def test_the_mark_is_inside_the_picture(tmp_path, shown):
    sizes = {}
    for source in ("drawn", "path"):
        lesson(tmp_path, source).show(figure(), "A line.", save=f"{source}.png")
        pixels = np.asarray(Image.open(tmp_path / f"figures/{source}.png").convert("RGB")).astype(int)
        sizes[source] = pixels.shape[0]
        reddish = (pixels[..., 0] > 120) & (pixels[..., 1] < 110) & (pixels[..., 2] < 110)
        assert bool(reddish.sum() > 50) is (source == "drawn")
    assert sizes["drawn"] > sizes["path"]


def test_figures_are_not_wider_than_a_notebook(tmp_path, shown):
    metrics = {"loss": 0.1, "accuracy": 0.2, "val_loss": 0.1, "val_accuracy": 0.2}
    history = pd.DataFrame({"epoch": [1, 2], "phase": "training", **metrics})
    pictures = np.zeros((16, 32, 32, 3), "uint8")
    made = [
        plotting.learning_curves({"A model with a long name, seed 0": history}),
        plotting.predictions(pictures, np.zeros(16, int), np.eye(10)[np.ones(16, int)], CLASS_NAMES),
        plotting.image_rows({"a row with a rather long name": pictures[:10]}),
        plotting.bars(pd.Series({"last block, 1 epoch at 1e-4": 0.5}), title="t"),
    ]
    for number, one in enumerate(made):
        lesson(tmp_path).show(one, "Alt.", save=f"{number}.png")
        assert 600 < Image.open(tmp_path / f"figures/{number}.png").width <= 1000


def test_size_does_not_depend_on_the_readers_settings(tmp_path, shown):
    import matplotlib as mpl

    with mpl.rc_context({"savefig.dpi": 300}):
        lesson(tmp_path, "path").show(figure(), "A line.", save="line.png")
    assert Image.open(tmp_path / "figures/line.png").width <= 330


def test_names_of_figures_tell_lesson_and_content(tmp_path, shown):
    alts = [
        "Bars: accuracy of the frozen base and after one epoch at three rates.",
        "Bars: accuracy of the frozen base, the last block, the whole base.",
    ]
    for alt in [*alts, *alts]:  # a cell that runs twice writes the same file
        lesson(tmp_path).show(figure(), alt)
    names = sorted(path.name for path in tmp_path.glob("figures/*.png"))
    assert names == [
        "02-bars-accuracy-of-the-frozen-base-and-after-one-epoch-at-three-rates.png",
        "02-bars-accuracy-of-the-frozen-base-the-last-block-the-whole-base.png",
    ]
    lesson(tmp_path).show(figure(), "word " * 100)
    assert max(len(path.name) for path in tmp_path.glob("figures/*")) < 100


# figures of reference results


def reference(data="path", weights=("bundled", "none"), seeds=(2, 0, 1)) -> pd.DataFrame:
    rows = [{"data": data, "weights": word, "seed": seed} for word in weights for seed in seeds]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("source", "given", "said"),
    [
        ("drawn", {}, "weights: bundled; seeds: 0, 1, 2"),
        ("path", {"weights": ("none",), "seeds": (4,)}, "weights: none; seeds: 4"),
    ],
)
def test_reference_results_say_what_they_were_measured_on(tmp_path, shown, source, given, said):
    made, note = figure(), f"{REFERENCE}; {said}"
    begun = lesson(tmp_path, source)
    begun.show_reference(made, "A line.", reference(**given))
    accuracy = pd.DataFrame({"accuracy": [0.5]}, index=["CNN"])
    begun.show_reference_table(accuracy, reference(**given), "Recipes")
    assert [text.get_text() for text in made.texts] == [note]
    (data, metadata), (table, _) = shown
    assert data["text/plain"] == metadata["image/png"]["alt"] == f"A line. ({note}.)"
    assert (tmp_path / "figures/02-a-line.txt").read_text() == f"A line. ({note}.)\n"
    assert Image.open(tmp_path / "figures/02-a-line.png").format == "PNG"
    for kind in ("text/html", "text/plain"):
        assert f"Recipes ({note})" in table[kind]
        assert STAND_IN not in table[kind]


def test_drawn_results_are_no_reference(tmp_path, shown):
    mixed = pd.concat([reference(), reference("drawn")])
    with pytest.raises(CourseError, match="drawn stand-in"):
        lesson(tmp_path).show_reference(figure(), "A line.", mixed)
    with pytest.raises(CourseError, match="drawn stand-in"):
        lesson(tmp_path).show_reference_table(pd.DataFrame(), mixed)
    assert not shown


# tables


@pytest.mark.parametrize("caption", ["Results", ""])
@pytest.mark.parametrize(("source", "marked"), [("drawn", True), ("kaggle", False)])
def test_table_is_marked_in_html_and_text(tmp_path, shown, source, marked, caption):
    lesson(tmp_path, source).table(pd.DataFrame({"accuracy": [0.123456]}, index=["CNN"]), caption)
    ((data, _),) = shown
    for kind in ("text/html", "text/plain"):
        assert (STAND_IN in data[kind]) is marked
        assert caption in data[kind]
        assert "CNN" in data[kind]
    assert "0.123" in data["text/html"]
    assert "0.1235" not in data["text/html"]


def test_table_of_nothing_and_of_odd_texts(tmp_path, shown):
    begun = lesson(tmp_path, "path")
    begun.table(pd.DataFrame(columns=["model", "seed"]), "Saved runs")
    begun.table(pd.DataFrame({"note": ["a < b & c"]}))
    assert "Saved runs" in shown[0][0]["text/html"]
    assert re.search(r"a &lt; b &amp; c", shown[1][0]["text/html"])
    assert "a < b & c" in shown[1][0]["text/plain"]


# ImageNet's weights that could not be had


def test_after_falling_back_record_figure_and_table_say_bundled(tmp_path, shown):
    bundled = weights.weights_path("MobileNetV2", source="bundled")
    asked_for = lesson(tmp_path, "published", weights="bundled")
    asked_for.use_weights(bundled)
    asked_for.table(pd.DataFrame({"accuracy": [0.5]}))
    assert BUNDLED_INSTEAD not in shown.pop()[0]["text/plain"]
    begun = lesson(tmp_path, "published", weights="imagenet")
    label = begun.use_weights(bundled)
    begun.record("base", "accuracy", 0.5, unit="fraction", split="val", weights=label)
    begun.show(Figure(), "An empty figure.")
    begun.table(pd.DataFrame({"accuracy": [0.5]}), "Results")
    assert read_records(tmp_path / "records")["weights"].tolist() == ["bundled"]
    (figure, _), (table, _) = shown
    assert figure["text/plain"] == f"An empty figure. ({BUNDLED_INSTEAD}.)"
    assert table["text/plain"].startswith(f"Results ({BUNDLED_INSTEAD})")


def test_records_of_a_copy_say_imagenet_with_a_note(tmp_path, shown, monkeypatch):
    """A file serves one network; of each network, records say what it started from."""
    copy = weights.weights_path("MobileNetV2", source="bundled")
    monkeypatch.setattr(
        weights, "COPIES", {weight_files.read_card("MobileNetV2")["content_sha256"]: "8-bit copy"}
    )
    begun = lesson(tmp_path, "published", weights=copy)
    paths = {name: weights.weights_path(name, source=begun.weights) for name in weight_files.NETWORKS}
    for name, path in paths.items():
        label = begun.use_weights(path)
        begun.record(name, "accuracy", 0.5, unit="fraction", split="val", weights=label)
    begun.record("CNN", "accuracy", 0.5, unit="fraction", split="val")
    table = read_records(tmp_path / "records").set_index("model")
    told = table[["weights", "note"]].fillna("").T.to_dict("list")
    assert told == {
        "MobileNetV2": ["imagenet", "8-bit copy"],
        "ResNet50": ["bundled", ""],
        "CNN": ["none", ""],
    }
    begun.show_reference(Figure(), "An empty figure.", table.reset_index())
    assert "weights: bundled, imagenet (8-bit copy); seeds" in shown[0][0]["text/plain"]
    begun.table(pd.DataFrame({"accuracy": [0.5]}))
    assert BUNDLED_INSTEAD not in shown[1][0]["text/plain"]


@pytest.mark.parametrize(
    ("number", "per_class", "classes", "needed"),
    [("01", 4, 10, 50), ("02", 5, 2, 50), ("04", 24, 10, 250), ("04", 50, 2, 155), ("01", 1, 100, 500)],
)
def test_too_few_pictures_are_told_with_the_number_that_is_needed(
    tmp_path, number, per_class, classes, needed
):
    begun = lesson(tmp_path, source=None)
    begun.number = number
    labels = np.tile(np.arange(classes), per_class)
    with pytest.raises(CourseError, match=f"Lesson {number} needs {needed} pictures to train"):
        begun.use(SimpleNamespace(source="path", description="", train_labels=labels))
    enough = np.resize(np.arange(classes), needed)
    begun.use(SimpleNamespace(source="path", description="", train_labels=enough))


def test_a_class_with_one_picture_is_told(tmp_path):
    labels = np.append(np.zeros(100, int), 1)
    with pytest.raises(CourseError, match="and two of each class at least"):
        lesson(tmp_path, source=None).use(SimpleNamespace(source="path", train_labels=labels))
