"""Runs on disk: whole or not at all, without optimizer state, damaged ones named; histories as tables."""

from __future__ import annotations

import json
import os
import shutil
import warnings
import zipfile
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from packaging.version import Version

from course_utils import runs
from course_utils.errors import CourseError
from course_utils.inspection import parameter_counts
from course_utils.runs import FACTS, epochs_to_reach, history_frame, read_run, read_runs, runs_table, save_run

HISTORY = pd.DataFrame({"epoch": [1, 2], "phase": "training", "loss": [0.3, 0.1], "val_accuracy": [0.1, 0.2]})
FACTS_GIVEN = {"lesson": "02", "data": "drawn", "weights": "none", "profile": "offline", "seconds": 1.5}
LABELS = np.array([0, 1, 2, 3])
PROBABILITIES = np.eye(10, dtype="float32")[[0, 1, 2, 4]]


@pytest.fixture(scope="module")
def model():
    import keras

    keras.utils.set_random_seed(0)
    inputs = keras.Input((32, 32, 3), dtype="uint8")
    head = keras.Sequential([keras.Input((3,)), keras.layers.Dense(64), keras.layers.Dense(10)], name="head")
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(inputs))
    model = keras.Model(inputs, head(pooled), name="small")
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(np.zeros((4, 32, 32, 3), "uint8"), LABELS, verbose=0)
    head.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    head.fit(np.zeros((4, 3), "float32"), LABELS, verbose=0)  # its own optimizer, as in lesson 3
    return model


def save(out, model, name="CNN", **facts):
    predictions = {"val_labels": LABELS, "val_probabilities": PROBABILITIES}
    return save_run(out, name, model, HISTORY, **{"seed": 0} | predictions | FACTS_GIVEN | facts)


def test_what_is_saved_comes_back(tmp_path, model):
    run = save(tmp_path, model, "Stronger CNN", seed=3, train_pictures=5)
    again = read_run(tmp_path / "runs" / "stronger-cnn-3")
    for one in (run, again):
        assert (one.model_name, one.seed, one.folder.name) == ("Stronger CNN", 3, "stronger-cnn-3")
        pd.testing.assert_frame_equal(one.history, HISTORY)
        assert np.array_equal(one.val_labels, LABELS)
        assert np.array_equal(one.val_probabilities, PROBABILITIES)
        assert one.val_accuracy == 0.75
        assert one.facts | FACTS_GIVEN == one.facts
        assert one.facts["train_pictures"] == 5
        assert one.facts["parameters"] == model.count_params()
        assert one.facts["trainable_parameters"] == parameter_counts(model)["trainable"]
        assert one.facts["model_bytes"] == (one.folder / "model.keras").stat().st_size
    names = {"model.keras", "history.csv", "val_predictions.npz", "training.json"}
    assert {path.name for path in run.folder.iterdir()} == names
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_saved_model_answers_the_same_and_has_no_optimizer(tmp_path, model):
    import keras

    run = save(tmp_path, model)
    pictures = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), dtype="uint8")
    again = keras.models.load_model(run.folder / "model.keras")
    assert np.array_equal(again.predict(pictures, verbose=0), model.predict(pictures, verbose=0))
    with zipfile.ZipFile(run.folder / "model.keras") as file, file.open("model.weights.h5") as weights:
        assert b"optimizer" not in weights.read()
    assert getattr(again, "optimizer", None) is getattr(again.get_layer("head"), "optimizer", None) is None
    model.fit(pictures[:4], LABELS, verbose=0)  # in the lesson, both can go on
    model.get_layer("head").fit(np.zeros((4, 3), "float32"), LABELS, verbose=0)


def test_a_sequential_model_can_be_saved(tmp_path):
    """Lesson 02 saves such models; it is loaded, and called without a warning."""
    import keras

    layers = [keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(10)]
    sequential = keras.Sequential([keras.Input((32, 32, 3), dtype="uint8"), *layers])
    run = save(tmp_path, sequential)
    pictures = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), dtype="uint8")
    again = keras.models.load_model(run.folder / "model.keras")
    with warnings.catch_warnings():
        if Version(keras.__version__) >= Version("3.13"):  # Keras 3.10 warns of each model that was loaded
            warnings.simplefilter("error", UserWarning)
        assert np.array_equal(again(pictures), sequential(pictures))


def test_second_save_replaces_the_folder_as_a_whole(tmp_path, model):
    first = save(tmp_path, model, seconds=1)
    (first.folder / "stray.txt").write_text("of the first run")
    second = save(tmp_path, model, seconds=2)
    assert second.folder == first.folder
    assert read_run(first.folder).facts["seconds"] == 2
    assert not (first.folder / "stray.txt").exists()
    assert [path.name for path in tmp_path.rglob("*") if path.is_dir()] == ["runs", "cnn-0"]


def test_other_seed_has_another_folder(tmp_path, model):
    save(tmp_path, model, seed=0)
    save(tmp_path, model, seed=np.int64(1))
    assert [(run.model_name, run.seed) for run in read_runs(tmp_path)] == [("CNN", 0), ("CNN", 1)]


def test_failed_save_keeps_the_old_run_and_leaves_nothing_else(tmp_path, model, monkeypatch):
    save(tmp_path, model, seconds=1)
    monkeypatch.setattr(runs, "_not_compiled", lambda *_, **__: (_ for _ in ()).throw(OSError("no space")))
    with pytest.raises(OSError, match="no space"):
        save(tmp_path, model, seconds=2)
    assert [run.facts["seconds"] for run in read_runs(tmp_path)] == [1]
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


@pytest.mark.parametrize("fact", ["lesson", "data", "weights", "seconds"])
def test_facts_that_lesson_05_needs_are_demanded(tmp_path, model, monkeypatch, fact):
    monkeypatch.delitem(FACTS_GIVEN, fact)
    with pytest.raises(CourseError, match=fact):
        save(tmp_path, model)
    assert read_runs(tmp_path) == []


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"val_labels": LABELS[:, None]}, "'CNN' was not saved"),
        ({"val_labels": LABELS[:3]}, "'CNN' was not saved"),
        ({"val_probabilities": PROBABILITIES.argmax(1)}, "'CNN' was not saved"),
        *(({"note": value}, "'note'") for value in ([1], {"a": 1}, float("nan"))),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, model, given, told):
    with pytest.raises(CourseError, match=told):
        save(tmp_path, model, **given)
    assert not list(tmp_path.iterdir())


DAMAGE = [  # file, and what it holds instead; None: nothing, an int: so many of its bytes
    *((name, None) for name in ("training.json", "model.keras", "history.csv", "val_predictions.npz")),
    *((name, 40) for name in ("training.json", "val_predictions.npz")),
    *((name, b"") for name in ("history.csv", "val_predictions.npz")),
    ("val_predictions.npz", b"<html>"),
    ("training.json", b"[]"),
]


@pytest.fixture(scope="module")
def saved(tmp_path_factory, model):
    out = tmp_path_factory.mktemp("saved")
    save(out, model)
    return out


@pytest.fixture
def copied(tmp_path, saved):
    return shutil.copytree(saved, tmp_path / "out") / "runs" / "cnn-0"


def read_refused(folder) -> str:
    with pytest.raises(CourseError, match="cnn-0 cannot be read") as caught:
        read_runs(folder.parents[1])
    assert len(str(caught.value).splitlines()) == 3
    assert folder.is_dir()
    return str(caught.value)


@pytest.mark.parametrize(("name", "content"), DAMAGE)
def test_damaged_run_is_named(copied, name, content):
    whole = (copied / name).read_bytes()
    (copied / name).unlink()
    if content is not None:
        (copied / name).write_bytes(whole[:content] if isinstance(content, int) else content)
    read_refused(copied)


@pytest.mark.parametrize("fact", FACTS)
def test_run_without_a_fact_is_named(copied, fact):
    facts = json.loads((copied / "training.json").read_text())
    del facts[fact]
    (copied / "training.json").write_text(json.dumps(facts))
    assert fact in read_refused(copied)


def test_read_runs_sorts_and_filters(tmp_path, saved):
    def copy(name, seconds_ago, **facts):
        folder = tmp_path / "runs" / name
        shutil.copytree(saved / "runs" / "cnn-0", folder)
        path = folder / "training.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | facts))
        os.utime(path, (1e9 - seconds_ago, 1e9 - seconds_ago))

    copy("z", 1, model_name="ResNet50", lesson="04")
    copy("a", 2, model_name="CNN", data="path")
    copy("b", 3, model_name="MLP")
    copy("c", 4, model_name="MobileNetV2", lesson="03", data="path")
    names = [run.model_name for run in read_runs(tmp_path)]
    assert names == ["MLP", "CNN", "MobileNetV2", "ResNet50"]
    assert [run.model_name for run in read_runs(tmp_path, data="path")] == ["CNN", "MobileNetV2"]
    assert read_runs(tmp_path, data="published") == []
    assert read_runs(tmp_path, data="path", profile="laptop") == []  # other profiles are not compared


def test_no_runs_at_all_and_leftovers_of_a_killed_one(tmp_path, saved):
    assert read_runs(tmp_path) == []
    assert len(runs_table([])) == 0
    assert not list(tmp_path.iterdir())
    shutil.copytree(saved / "runs" / "cnn-0", tmp_path / "runs" / ".cnn-0.123")
    (tmp_path / "runs" / "notes.txt").write_text("mine")
    assert read_runs(tmp_path) == []


def test_runs_table(saved):
    row = {"model": "CNN", "seed": 0, "lesson": "02", "weights": "none", "epochs": 2, "seconds": 1.5}
    assert runs_table(read_runs(saved)).to_dict("records") == [row | {"validation accuracy": 0.75}]


def test_runs_can_be_collected(saved):
    """A lesson keeps runs in sets and as keys, and looks them up in lists."""
    first, second = read_runs(saved), read_runs(saved)
    assert len({*first, *second}) == 2
    assert first[0] in first


@pytest.mark.parametrize(
    "names", [["CNN", "CNN+", "cnn"], ["模型一", "模型二"], ["CNN α", "CNN β"], ["A 1", "A-1"]]
)
def test_runs_of_different_names_never_meet_on_the_disk(tmp_path, model, names):
    for _ in range(2):
        for name in names:
            save(tmp_path, model, name, seed=1)
    assert sorted(run.model_name for run in read_runs(tmp_path)) == sorted(names)


def fitted(*losses):
    """What ``fit`` returns: an object with a dictionary of lists."""
    return SimpleNamespace(history={"loss": list(losses), "val_accuracy": [1 - loss for loss in losses]})


def test_one_row_an_epoch_counted_on_over_phases():
    first = fitted(0.5, 0.4)
    frame = history_frame(first, fitted(0.3), phases=("head", "fine-tuning"))
    assert list(frame.columns) == ["epoch", "phase", "loss", "val_accuracy"]
    assert frame.epoch.tolist() == [1, 2, 3]
    assert frame.phase.tolist() == ["head", "head", "fine-tuning"]
    assert frame.loss.tolist() == [0.5, 0.4, 0.3]
    assert history_frame(first).phase.tolist() == ["training", "training"]
    assert set(first.history) == {"loss", "val_accuracy"}, "the histories stay as they are"


@pytest.mark.parametrize(("count", "phases"), [(2, ("training",)), (1, ("a", "b")), (0, ())])
def test_a_name_for_each(count, phases):
    with pytest.raises(CourseError, match=f"found {count} histories"):
        history_frame(*[fitted(0.5)] * count, phases=phases)


@pytest.mark.parametrize(
    ("accuracies", "share", "epoch"),
    [
        ([0.1, 0.89, 0.9, 1.0], 0.9, 3),
        ([0.1, 0.5, 0.4], 1.0, 2),
        ([0.8, 0.2, 0.8], 1.0, 1),
        ([0.5], 0.9, 1),
    ],
)
def test_epochs_to_reach(accuracies, share, epoch):
    frame = pd.DataFrame({"epoch": range(1, len(accuracies) + 1), "val_accuracy": accuracies})
    assert epochs_to_reach(frame, share) == epoch
    assert type(epochs_to_reach(frame, share)) is int
