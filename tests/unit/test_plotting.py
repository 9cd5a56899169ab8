"""Each plot: a figure with the expected parts, and no trace left in matplotlib's settings."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from course_utils import plotting
from course_utils.cifar10 import CLASS_NAMES

RANDOM = np.random.default_rng(0)
PICTURES = RANDOM.integers(0, 256, (10, 32, 32, 3), dtype="uint8")
HISTORY = pd.DataFrame(
    {
        "epoch": [1, 2, 3],
        "phase": ["head", "head", "fine-tuning"],
        "loss": [3.0, 2.0, 1.0],
        "accuracy": [0.1, 0.2, 0.3],
        "val_loss": [3.5, 2.5, 1.5],
        "val_accuracy": [0.1, 0.2, 0.25],
    }
)
TABLE = np.diag(range(10, 110, 10))
NAMED = {"xlabel": "x", "title": "t"}

LABELS, CHANCES = np.arange(10), np.eye(10)
POINTS = {name: RANDOM.normal(size=(10, 2)) for name in ("before", "after")}
MAPS = {"x": RANDOM.normal(size=(4, 4, 3))}
TRIALS = pd.DataFrame(
    {"rate": [1e-4, 1e-1, 1e-2], "flip": ["none", "mirror", "none"], "accuracy (%)": [0.1, 0.5, 0.3]}
)
NO_NUMBERS, NO_TABLE = pd.Series(dtype=float), pd.DataFrame()

CALLS = {  # name -> (call, content, empty content, axes that are drawn on)
    "image_rows": (plotting.image_rows, {"a": PICTURES[:3], "b": PICTURES[:2]}, {}, 5),
    "predictions": (
        lambda c: plotting.predictions(c, LABELS[: len(c)], CHANCES[: len(c)], CLASS_NAMES, columns=4),
        PICTURES,
        PICTURES[:0],
        10,
    ),
    "class_balance": (plotting.class_balance, pd.DataFrame({"train": [1, 2]}, ["cat", "dog"]), NO_TABLE, 1),
    "value_histograms": (plotting.value_histograms, {"a": PICTURES, "b": PICTURES / 255}, {}, 2),
    "learning_curves": (plotting.learning_curves, {"CNN": HISTORY, "MLP": HISTORY[:2]}, {}, 2),
    "bars": (lambda c: plotting.bars(c, **NAMED), pd.Series({"a": 0.25, "b": 5}), NO_NUMBERS, 1),
    "lines": (lambda c: plotting.lines(c, **NAMED), pd.DataFrame({"a": [0.1, 0.2]}, [32, 64]), NO_TABLE, 1),
    "parallel": (lambda c: plotting.parallel(c, title="t"), TRIALS, NO_TABLE, 1),
    "confusion_matrices": (
        lambda c: plotting.confusion_matrices(c, CLASS_NAMES),
        dict.fromkeys("abc", TABLE),
        {},
        3,
    ),
    "feature_maps": (lambda c: plotting.feature_maps(c, MAPS, columns=2), PICTURES[0], PICTURES[0][:0], 3),
    "heat_overlays": (
        lambda c: plotting.heat_overlays(c, np.ones((len(c), 4, 4)), ["t"] * len(c)),
        PICTURES[:3],
        PICTURES[:0],
        6,
    ),
    "projections": (lambda c: plotting.projections(c, np.arange(10), CLASS_NAMES), POINTS, {}, 2),
    "transfer_diagram": (plotting.transfer_diagram, {"source": "abc", "target": "def"}, {}, 0),
}


@pytest.fixture(autouse=True)
def _no_trace():
    before = dict(mpl.rcParams)
    yield
    assert dict(mpl.rcParams) == before
    assert pyplot.get_fignums() == []


def drawn(figure: Figure) -> list:
    """Return the axes that hold something."""
    return [ax for ax in figure.axes if ax.axison and (ax.lines or ax.images or ax.patches or ax.collections)]


@pytest.mark.parametrize("name", list(CALLS))
def test_each_plot(name):
    call, content, empty, expected = CALLS[name]
    figure = call(content)
    assert isinstance(figure, Figure)
    assert len(drawn(figure)) == expected
    assert figure.get_dpi() == 100
    assert figure.get_figwidth() <= plotting.WIDTH
    figure.canvas.draw()

    nothing = call(empty)
    assert nothing.axes == []
    assert [text.get_text()[:15] for text in nothing.texts] == ["Nothing to plot"]


def test_every_plot_is_tested():
    public = {name for name, item in vars(plotting).items() if hasattr(item, "__wrapped__")}
    assert public == set(CALLS)


def test_settings_of_the_reader_stay_after_an_error():
    with pytest.raises(KeyError):
        plotting.learning_curves({"CNN": pd.DataFrame({"epoch": [1]})})  # _no_trace looks at the rest


def test_image_rows_have_names_titles_and_pictures_of_any_size():
    figure = plotting.image_rows({"first": PICTURES[:2], "second": PICTURES[:1]}, titles=["a", "b"])
    assert [ax.get_ylabel() for ax in figure.axes] == ["first", "", "second", ""]
    assert [ax.get_title() for ax in figure.axes] == ["a", "b", "", ""]
    assert np.array_equal(figure.axes[1].images[0].get_array(), PICTURES[1])
    figure = plotting.image_rows({"sizes": [PICTURES[0], PICTURES[1][:16, :16]]})
    assert [ax.images[0].get_array().shape for ax in figure.axes] == [(32, 32, 3), (16, 16, 3)]


def test_predictions_are_in_reading_order_and_red_where_they_are_wrong():
    y_prob = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]])
    figure = plotting.predictions(PICTURES[:3], np.array([0, 0, 1]), y_prob, ["cat", "dog"], columns=2)
    assert [ax.get_title() for ax in figure.axes] == ["cat 90%\n", "dog 80%\n(cat)", "dog 70%\n", ""]
    right, wrong, last = (to_hex(ax.title.get_color()) for ax in figure.axes[:3])
    assert right == last != wrong == "#b3261e"
    assert np.array_equal(figure.axes[2].images[0].get_array(), PICTURES[2])


def test_class_balance_has_a_bar_for_each_class_and_part():
    counts = pd.DataFrame({"train": [30, 40], "val": [3, 4]}, index=["cat", "dog"])
    (ax,) = plotting.class_balance(counts).axes
    assert [bar.get_height() for bar in ax.patches] == [30, 40, 3, 4]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["cat", "dog"]


def test_learning_curves_hold_the_numbers():
    figure = plotting.learning_curves({"CNN": HISTORY})
    for ax, metric in zip(figure.axes, ("loss", "accuracy"), strict=True):
        training, validation, start = ax.lines
        assert training.get_ydata().tolist() == HISTORY[metric].tolist()
        assert validation.get_ydata().tolist() == HISTORY[f"val_{metric}"].tolist()
        assert (training.get_linestyle(), validation.get_linestyle()) == ("--", "-")
        assert list(start.get_xdata()) == [2.5, 2.5]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["CNN"]


def test_parallel_draws_a_line_a_trial_the_best_on_top_and_marks_the_values():
    (ax,) = plotting.parallel(TRIALS, log=["rate"], title="t").axes
    worst, middle, best = (line.get_ydata().tolist() for line in ax.lines[:3])
    assert worst == [0, 1, 0]
    assert np.allclose(middle, [2 / 3, 1, 0.5])
    assert best == [1, 0, 1]
    assert len({to_hex(line.get_color()) for line in ax.lines[:3]}) == 3
    assert [label.get_text() for label in ax.get_xticklabels()] == list(TRIALS)
    marks = {text.get_text() for text in ax.texts}
    assert marks == {"0.0001", "0.01", "0.1", "none", "mirror", "10", "30", "50"}

    many = pd.DataFrame({"rate": [0.5, 1.0, 2.0, 3.0, 4.0], "accuracy (%)": [0.5] * 5})
    (ax,) = plotting.parallel(many, title="t").axes
    assert [text.get_text() for text in ax.texts] == ["0.5", "4", "50"]
    assert {line.get_ydata()[1] for line in ax.lines[:5]} == {0}


def test_colours_differ_and_repeat_after_the_last():
    figure = plotting.learning_curves({str(number): HISTORY for number in range(8)})
    colors = [line.get_color() for line in figure.axes[0].lines if line.get_linestyle() == "-"]
    assert len(set(colors[:7])) == 7
    assert colors[7] == colors[0]
    single = plotting.learning_curves({"CNN": HISTORY[:1]})
    assert [line.get_marker() for line in single.axes[0].lines] == ["o", "o"], "an epoch can be seen"


def test_bars_in_per_cent_and_with_spread():
    table = pd.DataFrame({"mean": [0.255, 0.5], "std": [0, 0.01], "count": 3}, ["a", "b"])
    (ax,) = plotting.bars(table, title="t").axes
    assert ax.get_xlabel() == "validation accuracy (%)"
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([25.5, 50])
    assert [text.get_text() for text in ax.texts] == ["25.5", "50.0"]
    (line,) = ax.collections  # of b; a has no spread
    assert line.get_segments()[0][:, 0].tolist() == pytest.approx([49, 51])
    assert ax.yaxis_inverted()


def test_lines_in_per_cent_with_a_tick_at_each_value():
    frame = pd.DataFrame({"base": [0.1, 0.2], "CNN": [0.3, 0.4]}, index=[10, 1000])
    (ax,) = plotting.lines(frame, logx=True, **NAMED).axes
    assert [line.get_ydata().tolist() for line in ax.lines] == [[10, 20], [30, 40]]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["10", "1000"]
    assert ax.get_xscale() == "log"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["base", "CNN"]


def test_lines_with_spread_as_a_band():
    frame = pd.DataFrame({"base": [0.1, 0.2], "CNN": [0.3, 0.4]}, index=[5, 10])
    spread = pd.DataFrame({"CNN": [0.01, 0.05], "base": [0.02, 0.0]}, index=[5, 10])
    (ax,) = plotting.lines(pd.concat({"mean": frame, "std": spread}, axis=1), **NAMED).axes
    edges = [
        [sorted({round(y, 6) for at, y in band.get_paths()[0].vertices if at == x}) for x in frame.index]
        for band in ax.collections
    ]
    assert edges == [[[8, 12], [20]], [[29, 31], [35, 45]]]
    colors = [to_hex(line.get_color()) for line in ax.lines]
    assert [to_hex(band.get_facecolor()[0]) for band in ax.collections] == colors
    (plain,) = plotting.lines(frame, ylabel="y", **NAMED).axes
    assert plain.collections[:] == []
    assert plain.lines[0].get_ydata().tolist() == [0.1, 0.2]


def test_confusion_matrices_show_shares_of_the_true_class():
    table = np.zeros((10, 10), int)
    table[3, 3], table[3, 5] = 3, 1
    (ax,) = plotting.confusion_matrices({"CNN": table}, CLASS_NAMES).axes
    texts = {tuple(text.get_position()): text.get_text() for text in ax.texts}
    assert texts == {(3, 3): "75", (5, 3): "25"}  # (x: predicted, y: true)
    assert [label.get_text() for label in ax.get_yticklabels()] == list(CLASS_NAMES)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")


def test_feature_maps_shows_the_channels_with_most_variance():
    maps = np.zeros((4, 4, 3))
    maps[..., 2] = RANDOM.normal(size=(4, 4))
    maps[..., 0] = 0.1 * maps[..., 2]
    figure = plotting.feature_maps(PICTURES[0], {"layer": maps}, columns=2)
    shown = [np.asarray(ax.images[0].get_array()) for ax in figure.axes[2:]]
    assert np.array_equal(shown[0], maps[..., 2])
    assert np.array_equal(shown[1], maps[..., 0])
    assert figure.axes[2].get_ylabel() == "layer\n4×4×3"


def test_each_picture_stands_over_its_heat_map():
    heat = RANDOM.random((1, 4, 4))
    top, bottom = plotting.heat_overlays(PICTURES[:1], heat, ["cat"]).axes
    assert top.get_title() == "cat"
    assert np.array_equal(top.images[0].get_array(), PICTURES[0])
    assert np.array_equal(bottom.images[0].get_array(), plotting.overlay(PICTURES[0], heat[0]))


def test_projections_colour_by_class():
    points = RANDOM.normal(size=(20, 2))
    labels = np.repeat([0, 1], 10)
    figure = plotting.projections({"before": points}, labels, ["cat", "dog"])
    cat, dog = figure.axes[0].collections
    assert np.allclose(cat.get_offsets(), points[:10])
    assert np.allclose(dog.get_offsets(), points[10:])
    assert not np.array_equal(cat.get_facecolor(), dog.get_facecolor())


def test_a_base_moves_from_the_first_task_to_the_second():
    tasks = {"source": ["photographs", "base", "old head"], "target": ["pictures", "same base", "new head"]}
    (axes,) = plotting.transfer_diagram(tasks).axes
    places = {text.get_text(): text.get_position() for text in axes.texts if text.get_text()}
    assert {"source", "target", *tasks["source"], *tasks["target"]} <= set(places)
    assert places["base"][0] == places["same base"][0] == places["copy the weights"][0] - 0.15
    assert places["base"][1] > places["copy the weights"][1] > places["same base"][1]


def colors_of(figure) -> list[str]:
    (axes,) = figure.axes
    colors = [bar.get_facecolor() for bar in axes.patches] or [line.get_color() for line in axes.lines]
    return list(map(to_hex, colors))


def test_a_model_has_the_same_colour_in_bars_and_lines():
    names = ["MLP", "CNN", "Stronger CNN", "Frozen MobileNetV2", "Fine-tuned ResNet50"]
    bars = plotting.bars(pd.Series(0.5, names), title="t")
    lines = plotting.lines(pd.DataFrame(0.5, index=[1, 2], columns=names), xlabel="x", title="t")
    assert colors_of(bars) == colors_of(lines)
    assert len(set(colors_of(bars))) == len(names)
    other = plotting.bars(pd.Series(0.5, ["CNN from scratch", "frozen base", "fine-tuned base"]), title="t")
    assert colors_of(other) == [colors_of(bars)[place] for place in (1, 3, 4)]


def test_bars_of_one_quantity_have_one_colour_and_lines_each_their_own():
    names = ["32 px", "64 px", "96 px"]
    (color,) = set(colors_of(plotting.bars(pd.Series(0.5, names), title="t")))
    assert color not in plotting.MEANINGS.values()
    sizes, heads = (
        plotting.lines(pd.DataFrame(0.5, index=[1, 2], columns=columns), **NAMED)
        for columns in (names, ["frozen, a", "frozen, b"])
    )
    assert [len(set(colors_of(figure))) for figure in (sizes, heads)] == [3, 2]


def test_the_overlay_is_warm_where_the_heat_is():
    heat = np.array([[1.0, 0.0], [0.0, 0.0]])
    result = np.asarray(plotting.overlay(np.full((32, 32, 3), 100, np.uint8), heat, size=64)).astype(int)

    assert result.shape == (64, 64, 3)
    assert result[5, 5].sum() > result[60, 60].sum() + 200
