"""docs/WEIGHTS.md agrees with records and cards; a figure with the same settings is measured once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from course_utils.cifar10 import Cifar10
from course_utils.system.paths import PROJECT
from course_utils.system.tables import read_tables
from tools.weights import document as writer
from tools.weights import report

RENEW = "docs/WEIGHTS.md is stale: run make weights-report REPORT_ONLY=1"
TOP1 = "tiny_imagenet_val_top1_percent"


def test_document_and_plot_agree_with_records_and_cards():
    told = writer.read_all(PROJECT / "results" / "weights")
    text = (PROJECT / "docs" / writer.DOCUMENT).read_text(encoding="utf-8")
    assert text == writer.document(*told), RENEW
    with Image.open(PROJECT / "docs" / writer.PLOT) as picture:
        assert picture.text["Description"] == writer.digest(*told), RENEW


def card(name, **more):
    line = {"epoch": 1.0, "seconds": 1800, "loss": 0.5, "val_top1": 0.3}
    return {
        "network": name,
        "bytes": 2_000_000,
        "content_sha256": "a" * 64,
        "data": "photographs",
        "start": "random weights",
        "recipe": "SGD",
        "device": "a core",
        "epochs": 2,
        "seconds": 3600,
        "input_size": 48,
        "history": [line, line | {"epoch": 2.0, "val_top1": 0.4}, {"epoch": 2.0, "loss": 0.25}],
        "measured": {TOP1: {"before_packing": 40.0, "packed": 39.9}},
        **more,
    }


@pytest.fixture
def cards():
    return {name: card(name) for name in ("MobileNetV2", "ResNet50")}


def entry(arm, seed, value, kind="frozen-50"):
    place = {"model": "MobileNetV2", "figure": kind, "weights": arm, "seed": seed, "value": value}
    counts = {"data_name": "CIFAR-10 (JPEG copy)", "train_pictures": 500, "test_pictures": 5000}
    return place | counts | {"epochs": None, "seconds": 7.0, "device": "a core", "versions": "keras 3"}


def test_document_computes_what_it_says(cards):
    entries = [entry("bundled", seed, 0.5 + seed / 100) for seed in range(3)]
    entries += [entry("none", seed, 0.2 - seed / 100) for seed in range(3)]
    text = writer.document(cards, pd.DataFrame(entries))
    frozen = "| frozen, linear classifier, 50 labels a class:"
    assert f"{frozen} bundled weights | 51.0 ± 1.0 | not measured" in text
    assert f"{frozen} lead, points | 32.0 ± 2.0 |" in text
    assert "- **ResNet50**: after 2 epochs the loss on the photographs it trained on was 0.25; of new" in text
    assert "| MobileNetV2 | random weights | 2 | 60 | a core | 48 px | 39.9 % |" in text
    assert "| 40.00 % | 39.90 % | -0.10 points |" in text
    assert "500 to train, 5,000 to test | 0, 1, 2 | 7, 7, 7 | a core | keras 3 |" in text


def test_plot_shows_what_was_judged_and_the_end(cards):
    left, right = writer.plot(cards, pd.DataFrame([entry("bundled", 0, 0.5), entry("none", 0, 0.2)])).axes
    assert [line.get_xydata().tolist() for line in left.lines] == [[[1, 30], [2, 40]], [[2, 39.9]]] * 2
    assert [bar.get_width() for bar in right.patches] == [50, 20]


def test_records_of_other_weights_are_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "read_card", card)
    more = {"data": "path", "size": 48, "test_pictures": 10, "train_pictures": 10, "seconds": 1.0}
    values = {"bundled": "a" * 64, "none": None}
    for seed, (arm, digest) in enumerate([*values.items(), ("bundled", "b" * 64)]):
        figure = report.Figure("MobileNetV2", "frozen-50", arm, seed)
        report.write_record(tmp_path, figure, 0.5, content_sha256=digest, settings="s", **more)
    _, records = writer.read_all(tmp_path)
    assert sorted(zip(records["weights"], records["seed"], strict=True)) == [("bundled", 0), ("none", 1)]
    monkeypatch.setattr(writer, "read_card", lambda name: card(name, input_size=64))
    assert writer.read_all(tmp_path)[1].empty


@pytest.fixture
def cifar():
    labels = np.repeat(np.arange(10), 6)
    images = np.random.default_rng(0).integers(0, 99, (60, 32, 32, 3)) + 15 * labels[:, None, None, None]
    parts = images.astype("uint8"), labels
    return Cifar10(*parts, *parts, source="path", description="")


def test_a_measured_figure_is_not_measured_again(tmp_path, cifar, monkeypatch, capsys):
    calls = []
    monkeypatch.setattr(report.Bench, "measure", lambda self, figure: calls.append(figure.arm) or (0.5, 60))
    wanted = report.figures(["ResNet50"], ["frozen-50", "frozen-all"], [0, 1])

    def measured_again(**facts) -> list[str]:
        calls.clear()
        monkeypatch.setattr(report, "read_card", lambda net: card(net, **facts))
        report.measure_all(wanted, cifar, tmp_path, "photographs")
        return calls

    monkeypatch.setattr(report, "read_card", card)
    report.measure_all(wanted[:3], cifar, tmp_path, "photographs")
    assert calls == ["bundled", "none", "bundled"]
    assert measured_again() == ["none", "bundled", "none"]
    assert "3 of 6 figures are measured already" in capsys.readouterr().out
    assert measured_again() == []
    assert measured_again(content_sha256="b" * 64) == ["bundled"] * 3  # the control has other weights
    assert len(measured_again(content_sha256="b" * 64, input_size=32)) == 6
    stored = read_tables(tmp_path).query("figure == 'frozen-all' and weights == 'bundled'").iloc[0]
    assert (stored["content_sha256"], stored["size"], stored["data_name"]) == ("b" * 64, 32, "photographs")
    assert len(read_tables(tmp_path)) == 6


def test_words_that_say_nothing_are_refused(tmp_path):
    for words in ([], ["--data", "drawn"]):
        with pytest.raises(SystemExit, match="measured on photographs, and none were named"):
            report.main([*words, "--out", str(tmp_path)])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.full
@pytest.mark.parametrize("kind", ["frozen-50", "frozen-all", "fine-tuned-500"])
@pytest.mark.parametrize("arm", ["bundled", "none"])
def test_figures_are_measured(cifar, monkeypatch, kind, arm):
    import keras

    monkeypatch.setattr(report, "EPOCHS", 1)
    monkeypatch.setattr(report, "read_card", lambda net: card(net, input_size=32))
    bench = report.Bench("MobileNetV2", cifar)
    value, pictures = bench.measure(report.Figure("MobileNetV2", kind, arm, 0))
    assert pictures == 60
    assert keras.mixed_precision.global_policy().name == "float32"
    assert value > 0.4 if kind.startswith("frozen") else 0 <= value <= 1  # brightness tells the class
