"""Every plot of the course. Each function returns a figure; ``lesson.show`` displays it."""

from __future__ import annotations

import base64
import functools
import io
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import matplotlib
import matplotlib.style
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

STYLE = Path(__file__).with_name("course.mplstyle")
MEANINGS = {  # words in a name -> its colour in every figure; the first that fits counts
    r"guess|chance|random|control|shuffled": "#7f7f7f",
    r"fine-tun|block|layers|whole base|\ball$": "#009e73",
    r"frozen|transfer|\bhead\b|none$": "#d55e00",
    r"stronger": "#003f6b",
    r"\bmlp\b": "#56b4e9",
    r"cnn|scratch": "#0072b2",
    r"published": "#7f7f7f",
    r"corrected|vote": "#cc79a7",
}
NO_MEANING = "#e69f00"  # of bars that are neither trained from scratch, nor frozen, nor fine-tuned
PERCENT = "(%)"  # end of a label: the values are fractions, and are shown in per cent
READABLE = {"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1}  # behind words on lines
WIDTH = 9.0  # inches at 100 dots an inch: readable at notebook width


def show_png(figure: Figure, alt: str, *, note: str = "", color: str = "#b03a2e") -> tuple[bytes, str]:
    """Show a figure in a notebook, and return its PNG and its text alternative.

    Args:
        figure: to show.
        alt: one sentence that tells a person who cannot see the figure what it shows.
        note: what figure and text must say of themselves, for example that the pictures are drawn.
        color: of the note.
    """
    from IPython.display import display

    if note:
        figure.text(1, 1.01, note, ha="right", va="bottom", fontsize=8, color=color)
        alt = f"{alt} ({note}.)"
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi="figure", bbox_inches="tight", pad_inches=0.12)
    png = base64.b64encode(buffer.getvalue()).decode()
    display({"image/png": png, "text/plain": alt}, metadata={"image/png": {"alt": alt}}, raw=True)
    return buffer.getvalue(), alt


def _styled(plot: Callable[..., Figure]) -> Callable[..., Figure]:
    @functools.wraps(plot)
    def wrapper(content: object, *args: object, **kwargs: object) -> Figure:
        with matplotlib.style.context(STYLE):
            if len(content):
                return plot(content, *args, **kwargs)
            figure = Figure(figsize=(WIDTH, 0.8))
            figure.text(0.5, 0.5, "Nothing to plot yet: run lessons 2 to 4 first.", ha="center", va="center")
            return figure

    return wrapper


def _figure(height: float, rows: int = 1, columns: int = 1, **options: object) -> tuple[Figure, np.ndarray]:
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def _cycle(count: int) -> list[str]:
    """Looked up while the style is on: a name such as "C1" would be looked up after it is off."""
    colors = matplotlib.rcParams["axes.prop_cycle"].by_key()["color"]
    return [colors[index % len(colors)] for index in range(count)]


def meant_color(name: str) -> str | None:
    """Return the colour that a model has in every figure; None: its name means none."""
    return next((color for word, color in MEANINGS.items() if re.search(word, name.lower())), None)


def _line_colors(names: Sequence[object]) -> list[str]:
    """Return the meant colours, if they tell the lines apart."""
    meant = [meant_color(str(name)) for name in names]
    return _cycle(len(names)) if None in meant or len(set(meant)) < len(meant) else meant


def _numbers_and_errors(
    values: pd.Series | pd.DataFrame, label: str
) -> tuple[pd.Series | pd.DataFrame, pd.Series | pd.DataFrame]:
    """Return numbers and their standard deviations (0 where there are none), as the label wants them."""
    factor = 100 if label.endswith(PERCENT) else 1
    is_table = isinstance(values, pd.DataFrame) and "mean" in values.columns
    means, spreads = (values["mean"], values["std"]) if is_table else (values, 0 * values)
    return factor * means, factor * spreads


def _draw_image(axes: matplotlib.axes.Axes, image: np.ndarray, title: str = "", **options: object) -> None:
    axes.axis("on")
    axes.imshow(image, interpolation="nearest", **options)
    axes.set_title(title, fontsize=9, fontweight="normal", loc="center")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


@_styled
def image_rows(
    rows: Mapping[str, np.ndarray], *, titles: Sequence[str] | None = None, size: float = 0.95
) -> Figure:
    """Plot rows of pictures, each with its name at the left.

    Args:
        rows: name -> uint8 (n, height, width, 3), or a list of pictures of different sizes; numbers of one
            channel, (height, width), go from dark to bright.
        titles: one above each column.
        size: of a picture, inches.
    """
    columns = max(len(images) for images in rows.values())
    figure, axes = _figure(size * len(rows) + (0.3 if titles else 0.05), len(rows), columns)
    for row, (line, (name, images)) in enumerate(zip(axes, rows.items(), strict=True)):
        for ax in line:
            ax.axis("off")
        for column, (ax, image) in enumerate(zip(line, images, strict=False)):
            _draw_image(ax, image, titles[column] if titles and row == 0 else "")
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9.5)
    return figure


@_styled
def predictions(
    images: np.ndarray,
    y_true: np.ndarray,
    y_prob: np.ndarray,
    class_names: Sequence[str],
    *,
    columns: int = 8,
) -> Figure:
    """Plot pictures in reading order, each under what a model says of it.

    The title is green where the prediction is right. A red one has the true class in brackets, too.

    Args:
        images: uint8 (n, height, width, 3).
        y_true: int (n,).
        y_prob: float (n, classes), rows sum to 1.
        class_names: in label order.
        columns: pictures in a row.
    """
    rows = -(-len(images) // columns)
    figure, axes = _figure(rows * (WIDTH / columns + 0.36), rows, columns)
    for ax in axes.flat:
        ax.axis("off")
    for ax, image, true, chances in zip(axes.flat, images, y_true, y_prob, strict=False):
        predicted = chances.argmax()
        is_right = predicted == true
        second_line = "" if is_right else f"({class_names[true]})"
        _draw_image(ax, image, f"{class_names[predicted]} {chances[predicted]:.0%}\n{second_line}")
        color = "#1e7d32" if is_right else "#b3261e"
        ax.title.set(color=color, fontsize=8)  # the longest, "automobile 100%", just fits
    return figure


@_styled
def class_balance(counts: pd.DataFrame) -> Figure:
    """Plot how many pictures each class has.

    Args:
        counts: one row a class, one column a part (training, validation …).
    """
    figure, ((ax,),) = _figure(2.6)
    counts.plot.bar(ax=ax, width=0.8, rot=20)
    ax.set(ylabel="pictures", title="Pictures of each class")
    ax.legend(ncols=len(counts.columns), loc="upper center", bbox_to_anchor=(0.5, -0.22))
    ax.grid(axis="x", visible=False)
    return figure


@_styled
def value_histograms(arrays: Mapping[str, np.ndarray]) -> Figure:
    """Plot the distribution of numbers, one panel an array.

    Args:
        arrays: name -> array of any shape; its last axis of length 3 is drawn as red, green, blue.
    """
    figure, axes = _figure(2.4, 1, len(arrays))
    for ax, (name, array) in zip(axes.flat, arrays.items(), strict=True):
        for channel, color in enumerate(("#c0392b", "#27ae60", "#2980b9")):
            values = array[..., channel].ravel()
            ax.hist(values, bins=64, density=True, histtype="step", color=color, linewidth=1.4)
        ax.set_title(name, fontsize=10)
        ax.set_yticks([])
    axes[0, 0].set_ylabel("share of pixels")
    return figure


@_styled
def learning_curves(histories: Mapping[str, pd.DataFrame]) -> Figure:
    """Plot loss and accuracy over epochs: training dashed, validation solid; dotted where a phase begins.

    Args:
        histories: name -> table of ``runs.history_frame``.
    """
    figure, axes = _figure(3.3, 1, 2)
    for ax, metric in zip(axes.flat, ("loss", "accuracy"), strict=True):
        for (name, frame), color in zip(histories.items(), _line_colors(list(histories)), strict=True):
            look = {"color": color, "marker": "o" if len(frame) < 3 else ""}
            ax.plot(frame.epoch, frame[metric], **look, linestyle="--", alpha=0.6, linewidth=1.4)
            ax.plot(frame.epoch, frame[f"val_{metric}"], **look, label=name)
            for start in frame.epoch[frame.phase != frame.phase.shift()].iloc[1:]:
                ax.axvline(start - 0.5, color=color, linestyle=":", linewidth=1.2)
        ax.set(title=f"{metric.capitalize()} (dashed: training, solid: validation)", xlabel="epoch")
        ax.xaxis.get_major_locator().set_params(integer=True)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


@_styled
def bars(values: pd.Series | pd.DataFrame, *, xlabel: str = "validation accuracy (%)", title: str) -> Figure:
    """Plot one horizontal bar a value, with the value written at its end.

    Args:
        values: name -> number; or a table of ``reference.mean_and_spread``: the standard deviation is drawn
            as a thin line where it is above 0. Fractions 0-1 if the label ends in "(%)".
        xlabel: what the numbers are, with their unit.
        title: of the plot.
    """
    values, errors = _numbers_and_errors(values, xlabel)
    figure, ((ax,),) = _figure(0.7 + 0.36 * len(values))
    look = {"height": 0.65, "ecolor": "#444444", "capsize": 3}
    for name, value in values.items():
        color = meant_color(str(name)) or NO_MEANING
        error = errors[name] if errors[name] > 0 else None  # not a line of length 0
        drawn = ax.barh(name, value, xerr=error, color=color, **look)
        ax.bar_label(drawn, fmt="{:.1f}" if xlabel.endswith(PERCENT) else "{:,.3g}", padding=6)
    ax.margins(x=0.12)
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.set(xlabel=xlabel, title=title)
    return figure


@_styled
def lines(
    frame: pd.DataFrame,
    *,
    xlabel: str,
    ylabel: str = "validation accuracy (%)",
    title: str,
    logx: bool = False,
) -> Figure:
    """Plot one line a column over the table's index.

    Args:
        frame: index: x values; columns: names of the lines; or a table of ``reference.mean_and_spread``,
            unstacked: the standard deviation is drawn as a band. Fractions 0-1 if the label ends in "(%)".
        xlabel: what the index is, with its unit.
        ylabel: what the columns are, with their unit.
        title: of the plot.
        logx: logarithmic x axis, with a tick at each x value.
    """
    figure, ((ax,),) = _figure(3.2)
    few_points = len(frame) <= 12
    frame, bands = _numbers_and_errors(frame, ylabel)
    for name, color in zip(frame, _line_colors(list(frame)), strict=True):
        ax.plot(frame.index, frame[name], marker="o" if few_points else "", color=color, label=name)
        if bands[name].any():
            edges = frame[name] - bands[name], frame[name] + bands[name]
            ax.fill_between(frame.index, *edges, color=color, alpha=0.2, linewidth=0)
    if logx:
        ax.set_xscale("log")
    if few_points:
        ax.set_xticks(frame.index, [f"{x:g}" for x in frame.index])
        ax.minorticks_off()
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    beside = {"loc": "center left", "bbox_to_anchor": (1, 0.5)}
    ax.legend(**beside if len(frame.columns) > 4 else {})
    return figure


@_styled
def parallel(trials: pd.DataFrame, *, log: Sequence[str] = (), title: str) -> Figure:
    """Plot one line a trial across one axis a column, coloured by the last column; the best lie on top.

    Args:
        trials: one row a trial; columns: settings, as numbers or words, then what was reached.
            Fractions 0-1 if the last column's name ends in "(%)".
        log: columns of numbers above 0 that are drawn on a logarithmic axis.
        title: of the plot.
    """
    reached = trials.columns[-1]
    trials = trials.sort_values(reached)
    places = pd.DataFrame({name: _places(trials[name], is_log=name in log) for name in trials})
    figure, ((ax,),) = _figure(3.6)
    for row in places.to_numpy():
        ax.plot(row, color=matplotlib.colormaps["viridis_r"](row[-1]), linewidth=1.3, alpha=0.8)
    for column, name in enumerate(trials):
        ax.axvline(column, color="#444444", linewidth=1.0)
        factor = 100 if name == reached and name.endswith(PERCENT) else 1
        for row in _marked(trials[name]):
            value = trials.loc[row, name]
            text = value if isinstance(value, str) else f"{factor * value:.3g}"
            ax.text(column + 0.03, places.loc[row, name], text, va="center", fontsize=9, bbox=READABLE)
    ax.set_xticks(range(len(trials.columns)), trials.columns)
    ax.set(yticks=[], ylim=(-0.06, 1.06), xlim=(-0.05, len(trials.columns) - 0.75), title=title)
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.grid(visible=False)
    return figure


def _places(column: pd.Series, *, is_log: bool) -> pd.Series:
    """Return where the values lie on an axis, 0-1; words lie at equal distances, in the order of letters."""
    numbers = column if pd.api.types.is_numeric_dtype(column) else column.map(sorted(set(column)).index)
    numbers = np.log(numbers) if is_log else numbers
    return (numbers - numbers.min()) / ((numbers.max() - numbers.min()) or 1)


def _marked(column: pd.Series) -> list:
    """Return the rows whose values are written beside the axis: each value if they are few, else the ends."""
    different = column.drop_duplicates()
    return list(different.index) if len(different) <= 4 else [column.idxmin(), column.idxmax()]


@_styled
def confusion_matrices(tables: Mapping[str, np.ndarray], class_names: Sequence[str]) -> Figure:
    """Plot confusion matrices side by side, two in a row: shares of each true class in per cent.

    Args:
        tables: name -> int (classes, classes); rows are true classes, columns predicted ones.
        class_names: in label order.
    """
    columns = min(2, len(tables))
    rows = -(-len(tables) // columns)
    figure, axes = _figure(4.6 * rows, rows, columns)
    figure.set_figwidth(WIDTH * columns / 2)
    for ax in axes.flat[len(tables) :]:
        ax.axis("off")
    for ax, (name, table) in zip(axes.flat, tables.items(), strict=False):
        share = 100 * table / np.maximum(table.sum(1, keepdims=True), 1)
        ax.imshow(share, cmap="Blues", vmin=0, vmax=100)
        for (true, predicted), value in np.ndenumerate(share):
            if value >= 0.5:
                color = "white" if value > 55 else "#333333"
                ax.text(predicted, true, f"{value:.0f}", ha="center", va="center", color=color, fontsize=8)
        ticks = range(len(class_names))
        ax.set_xticks(ticks, class_names, rotation=60, ha="right", fontsize=8.5)
        ax.set_yticks(ticks, class_names, fontsize=8.5)
        ax.grid(visible=False)
        ax.set(title=name, xlabel="predicted class", ylabel="true class")
    return figure


@_styled
def feature_maps(image: np.ndarray, maps: Mapping[str, np.ndarray], *, columns: int = 8) -> Figure:
    """Plot a picture, and below it some channels of what each layer makes of it.

    Args:
        image: uint8 (height, width, 3).
        maps: layer name -> float (height, width, channels); the channels with most variance are drawn.
        columns: channels drawn of each layer.
    """
    figure, axes = _figure(1.12 * (len(maps) + 1), len(maps) + 1, columns)
    for ax in axes.flat:
        ax.axis("off")
    _draw_image(axes[0, 0], image, "input")
    for line, (name, activations) in zip(axes[1:], maps.items(), strict=True):
        strongest = np.argsort(activations.var(axis=(0, 1)))[::-1][:columns]
        for ax, channel in zip(line, strongest, strict=False):
            _draw_image(ax, activations[..., channel], cmap="viridis")
        shape = "×".join(map(str, activations.shape))
        line[0].set_ylabel(f"{name}\n{shape}", rotation=0, ha="right", va="center", fontsize=8.5)
    return figure


def overlay(image: np.ndarray, heat: np.ndarray, *, size: int = 320) -> Image.Image:
    """Lay a heat map over a picture.

    Args:
        image: uint8 (height, width, 3).
        heat: float (rows, columns), 0-1.
        size: of the result, pixels.
    """
    place = (size, size)
    colors = (matplotlib.colormaps["inferno"](heat)[..., :3] * 255).astype("uint8")
    warm = Image.fromarray(colors).resize(place, Image.Resampling.BICUBIC)
    grey = Image.fromarray(image).convert("L").convert("RGB").resize(place, Image.Resampling.BICUBIC)
    return Image.blend(grey, warm, 0.55)


@_styled
def heat_overlays(images: np.ndarray, heats: np.ndarray, titles: Sequence[str]) -> Figure:
    """Plot pictures, and below each the same picture under its heat map.

    Args:
        images: uint8 (n, height, width, 3).
        heats: float (n, h, w), 0-1, scaled up smoothly to the picture.
        titles: n texts.
    """
    figure, axes = _figure(2.9, 2, len(images))
    for column, title in enumerate(titles):
        _draw_image(axes[0, column], images[column], title)
        _draw_image(axes[1, column], overlay(images[column], heats[column]))
    return figure


@_styled
def projections(panels: Mapping[str, np.ndarray], labels: np.ndarray, class_names: Sequence[str]) -> Figure:
    """Plot pictures as points in two dimensions, coloured by class, one panel a set of features.

    Args:
        panels: name -> float (n, 2).
        labels: int (n,).
        class_names: in label order.
    """
    figure, axes = _figure(4.1, 1, len(panels))
    for ax, (name, points) in zip(axes.flat, panels.items(), strict=True):
        for label, class_name in enumerate(class_names):
            look = {"color": matplotlib.colormaps["tab10"](label), "s": 10, "alpha": 0.8}
            ax.scatter(*points[labels == label].T, label=class_name, **look)
        ax.set(title=name, xticks=[], yticks=[])
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=5, markerscale=1.8
    )
    return figure


@_styled
def transfer_diagram(rows: Mapping[str, Sequence[str]]) -> Figure:
    """Draw how a base moves from one task to another: a row of boxes a task, and an arrow between the bases.

    Args:
        rows: two tasks, each name with the texts of its boxes: pictures, base, head.
    """
    figure, ((axes,),) = _figure(2.9)
    axes.set(xlim=(0, 10), ylim=(0, 4))
    axes.axis("off")
    arrow = {"arrowstyle": "-|>", "color": "#444444", "linewidth": 1.6, "shrinkA": 0, "shrinkB": 0}
    boxes = {"boxstyle": "round,pad=0.5", "edgecolor": "#444444"}
    for y, (task, texts) in zip((3.1, 0.9), rows.items(), strict=True):
        axes.text(0, y + 0.75, task, weight="bold", va="center")
        for x, text, color in zip((1.3, 5.0, 8.7), texts, ("#f2f2f2", "#cfe3f1", "#f8dcc6"), strict=True):
            axes.text(x, y, text, ha="center", va="center", bbox=boxes | {"facecolor": color})
        for start, end in ((2.5, 3.6), (6.4, 7.5)):
            axes.annotate("", (end, y), (start, y), arrowprops=arrow)
    axes.annotate("", (5.0, 1.45), (5.0, 2.55), arrowprops=arrow)
    axes.text(5.15, 2.0, "copy the weights", va="center")
    return figure
