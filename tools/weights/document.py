"""Write docs/WEIGHTS.md and its plot from the cards of the bundled weights and the records of their transfer.

No number stands here or in the template ``WEIGHTS.md.j2``: they come from the cards and the records alone.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
import pandas as pd

from course_utils.reference import with_spread
from course_utils.system.tables import read_tables
from course_utils.system.weight_files import NETWORKS, read_card
from course_utils.system.whole_file import replacing, write_whole
from tools.weights.pack import TOP1

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    Cards = dict[str, dict]  # network -> what data/weights/<network>.json holds

DOCUMENT, PLOT = "WEIGHTS.md", "weights.png"
KINDS = {
    "frozen-50": "frozen, linear classifier, 50 labels a class",
    "frozen-all": "frozen, linear classifier, all labels",
    "fine-tuned-500": "fine-tuned, 500 labels a class",
}
ARMS = {"bundled": "bundled weights", "none": "random weights", "lead": "lead, points"}
MISSING = "not measured for these weights yet"
SHOWN = ["model", "figure", "weights", "seed", "value"]  # columns of a record that the plot shows
TOLD = ["data_name", "train_pictures", "test_pictures", "epochs", "seconds", "device", "versions"]


def read_all(folder: Path) -> tuple[Cards, pd.DataFrame]:
    """Return the cards by network, and the records of these very weights and of random ones."""
    cards = {name: read_card(name) for name in NETWORKS}
    records = read_tables(folder).reindex(columns=[*SHOWN, *TOLD, "size", "content_sha256"])
    kept = [_belongs(record, cards) for record in records.to_dict("records")]
    return cards, records[pd.Series(kept, records.index, dtype=bool)]


def _belongs(record: dict, cards: Cards) -> bool:
    card = cards.get(record["model"])
    if card is None or record["figure"] not in KINDS or record["size"] != card["input_size"]:
        return False
    return record["weights"] == "none" or record["content_sha256"] == card["content_sha256"]


def write(records: Path, docs: Path) -> list[Path]:
    """Write the document and its plot, each whole or not at all; return both paths."""
    told = read_all(records)
    docs.mkdir(parents=True, exist_ok=True)
    with replacing(docs / PLOT) as part:
        plot(*told).savefig(part, format="png", metadata={"Description": digest(*told)})
    write_whole(docs / DOCUMENT, document(*told))
    return [docs / DOCUMENT, docs / PLOT]


def digest(cards: Cards, records: pd.DataFrame) -> str:
    """Return a digest of all that the plot shows; it is kept inside the picture."""
    trained = {name: [curve(card), top1(card)] for name, card in cards.items()}
    shown = json.dumps([trained, sorted(records[SHOWN].to_numpy().tolist())], sort_keys=True)
    return hashlib.sha256(shown.encode()).hexdigest()


def top1(card: dict) -> float:
    """Return the accuracy on all validation photographs of Tiny ImageNet, after packing, in per cent."""
    return card["measured"][TOP1]["packed"]


def curve(card: dict) -> list[tuple[float, float]]:
    """Return (epoch, top-1 in per cent) of those lines of the history that were judged."""
    return [(line["epoch"], 100 * line["val_top1"]) for line in card["history"] if "val_top1" in line]


# --- the document -------------------------------------------------------------------------------


def document(cards: Cards, records: pd.DataFrame) -> str:
    """Return docs/WEIGHTS.md as text."""
    form = {"trim_blocks": True, "keep_trailing_newline": True}
    environment = jinja2.Environment(**form, undefined=jinja2.StrictUndefined)
    template = environment.from_string(Path(__file__).with_name(f"{DOCUMENT}.j2").read_text("utf-8"))
    tuned = records.loc[records["figure"] == "fine-tuned-500", "epochs"]
    return template.render(
        cards=cards,
        top1=top1,
        trainings=[_training_row(name, card) for name, card in cards.items()],
        packings=[row for name, card in cards.items() for row in _packing_rows(name, card)],
        data=" and ".join(sorted(set(records["data_name"]))) or "CIFAR-10",
        epochs=" or ".join(sorted({f"{epochs:.0f}" for epochs in tuned})) or "the same number of",
        transfer_head=["", *(f"{name}, {card['input_size']} px" for name, card in cards.items())],
        transfers=[
            [f"{label}: {ARMS[arm]}", *(_cell(records, name, kind, arm) for name in cards)]
            for kind, label in KINDS.items()
            for arm in ARMS
        ],
        alt=_alt(cards, records),
        plot=PLOT,
        sources=_source_rows(records),
        missing=MISSING,
    )


def _training_row(name: str, card: dict) -> list[str]:
    effort = [card["start"], f"{card['epochs']:g}", f"{card['seconds'] / 60:.0f}", card["device"]]
    return [name, *effort, f"{card['input_size']} px", f"{top1(card):.1f} %"]


def _packing_rows(name: str, card: dict) -> list[list[str]]:
    rows = []
    for key, pair in card["measured"].items():
        if isinstance(pair, dict):
            cost = pair["packed"] - pair["before_packing"]
            figure = "Tiny ImageNet, top-1" if key == TOP1 else "CIFAR-10, frozen, 50 labels a class"
            values = [f"{pair['before_packing']:.2f} %", f"{pair['packed']:.2f} %", f"{cost:+.2f} points"]
            rows.append([name, f"{card['bytes'] / 1e6:.1f} MB", figure, *values])
    return rows


def _values(records: pd.DataFrame, name: str, kind: str, arm: str) -> pd.Series:
    """Return per cent by seed; the lead is taken seed by seed."""
    if arm == "lead":
        ours, control = (_values(records, name, kind, each) for each in ("bundled", "none"))
        return (ours - control).dropna()
    fits = (records[["model", "figure", "weights"]] == [name, kind, arm]).all(axis=1)
    return 100 * records[fits].set_index("seed")["value"].astype(float)


def _cell(records: pd.DataFrame, name: str, kind: str, arm: str) -> str:
    found = _values(records, name, kind, arm)
    return with_spread(found) if len(found) else MISSING


def _source_rows(records: pd.DataFrame) -> list[list[str]]:
    order = records.assign(place=records["figure"].map(list(KINDS).index))
    told = ["place", "model", "weights", "device", "versions"]
    groups = order.sort_values([*told[:3], "seed"], kind="stable").groupby(told, sort=False)
    return [_source_row(*key, found) for key, found in groups]


def _source_row(
    place: int, name: str, arm: str, device: str, versions: str, found: pd.DataFrame
) -> list[str]:
    counts = zip(found["train_pictures"], found["test_pictures"], strict=True)
    pictures = {f"{train:,.0f} to train, {test:,.0f} to test" for train, test in counts}
    seeds = ", ".join(map(str, found["seed"]))
    seconds = ", ".join(f"{each:.0f}" for each in found["seconds"])
    data = " or ".join(sorted(set(found["data_name"])))
    what = [list(KINDS.values())[place], name, ARMS[arm], data]
    return [*what, " or ".join(sorted(pictures)), seeds, seconds, device, versions]


# --- the plot -----------------------------------------------------------------------------------


def _alt(cards: Cards, records: pd.DataFrame) -> str:
    ends = "; ".join(f"{name} ends at {top1(card):.1f} %" for name, card in cards.items())
    bars = "; ".join(
        f"{name}, {KINDS[kind]}: {_cell(records, name, kind, 'bundled')} against "
        f"{_cell(records, name, kind, 'none')} with random weights"
        for name in cards
        for kind in KINDS
        if len(_values(records, name, kind, "lead"))
    )
    transfer = f"transfer to CIFAR-10. {bars}." if bars else f"transfer, {MISSING}."
    return f"Left: accuracy on Tiny ImageNet against epochs of training. {ends}. Right: {transfer}"


def plot(cards: Cards, records: pd.DataFrame) -> Figure:
    """Return the plot: accuracy against epochs, and bars of transfer with the control beside."""
    import matplotlib.figure
    import matplotlib.style

    from course_utils.plotting import STYLE, WIDTH

    with matplotlib.style.context(STYLE):
        figure = matplotlib.figure.Figure(figsize=(WIDTH, 3.8), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=[1, 1.15])
        cycle = matplotlib.rcParams["axes.prop_cycle"].by_key()["color"]
        colors = dict(zip(cards, cycle, strict=False))
        _draw_training(left, cards, colors)
        _draw_transfer(right, colors, records)
        return figure


def _draw_training(axes, cards: Cards, colors: dict[str, str]) -> None:
    for name, card in cards.items():
        axes.plot(*zip(*curve(card), strict=True), color=colors[name], alpha=0.75, linewidth=1.6)
        label = f"{name}, {card['input_size']} px"
        axes.plot(card["epochs"], top1(card), "o", color=colors[name], label=label)
    axes.set(xlabel="epochs", ylabel="top-1 (%)", title="Tiny ImageNet (dot: the end, all photographs)")
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.legend(loc="lower right")


def _draw_transfer(axes, colors: dict[str, str], records: pd.DataFrame) -> None:
    places = [(name, kind) for kind in KINDS for name in colors]
    for place, (name, kind) in enumerate(places):
        for offset, arm, color in ((-0.2, "bundled", colors[name]), (0.2, "none", "#b5b5b5")):
            found = _values(records, name, kind, arm)
            if found.empty:
                continue
            spread = found.std() if len(found) > 1 else 0
            options = {"height": 0.38, "color": color, "xerr": spread, "ecolor": "#444444"}
            bar = axes.barh(place + offset, found.mean(), **options)
            axes.bar_label(bar, fmt="{:.1f}", padding=4, fontsize=9)
    short = {"frozen-50": "frozen, 50", "frozen-all": "frozen, all", "fine-tuned-500": "fine-tuned, 500"}
    axes.set_yticks(range(len(places)), [f"{name}\n{short[kind]}" for name, kind in places], fontsize=8.5)
    axes.set_ylim(len(places) - 0.5, -0.5)
    axes.margins(x=0.15)
    axes.grid(axis="y", visible=False)
    if records.empty:
        axes.set_xlim(0, 100)
        axes.text(50, (len(places) - 1) / 2, MISSING, ha="center", color="#666666")
    axes.set(xlabel="test accuracy (%); grey: random weights", title="CIFAR-10, labels a class")
