"""Write docs/WEIGHTS.md and its plot from the cards of the bundled weights and the records of their transfer.

No number stands here: what is written comes from the cards and the records alone.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from course_utils.reference import read_tables
from course_utils.reference_tables import with_spread
from course_utils.system.whole_file import replacing
from course_utils.weights import NETWORKS, read_card

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TOP1 = "tiny_imagenet_val_top1_percent"
DOCUMENT, PLOT = "WEIGHTS.md", "weights.png"
KINDS = {
    "frozen-50": "frozen, linear classifier, 50 labels a class",
    "frozen-all": "frozen, linear classifier, all labels",
    "fine-tuned-500": "fine-tuned, 500 labels a class",
}
ARMS = {"bundled": "bundled weights", "none": "random weights", "lead": "lead, points"}
MISSING = "not measured for these weights yet"


def read_all(folder: Path) -> tuple[dict[str, dict], list[dict]]:
    """Return the cards by network, and the records of these very weights and of random ones."""
    cards = {name: read_card(name) for name in NETWORKS}
    entries = read_tables(folder).to_dict("records")
    return cards, [entry for entry in entries if _belongs(entry, cards)]


def _belongs(entry: dict, cards: dict[str, dict]) -> bool:
    card = cards.get(entry["model"])
    if card is None or entry.get("figure") not in KINDS or entry["weights"] not in ("bundled", "none"):
        return False
    of_these = entry["weights"] == "none" or entry.get("content_sha256") == card["content_sha256"]
    return of_these and entry["size"] == card["input_size"]


def write(records: Path, docs: Path) -> list[Path]:
    """Write the document and its plot, each whole or not at all; return both paths."""
    cards, entries = read_all(records)
    docs.mkdir(parents=True, exist_ok=True)
    description = {"Description": digest(cards, entries)}
    with replacing(docs / PLOT) as part:
        plot(cards, entries).savefig(part, format="png", metadata=description)
    with replacing(docs / DOCUMENT) as part:
        part.write_text(document(cards, entries), encoding="utf-8")
    return [docs / DOCUMENT, docs / PLOT]


def digest(cards: dict[str, dict], entries: list[dict]) -> str:
    """Return a digest of all that the plot shows; it is kept inside the picture."""
    shown = [
        {name: [curve(card), top1(card)] for name, card in cards.items()},
        sorted([e["model"], e["figure"], e["weights"], e["seed"], e["value"]] for e in entries),
    ]
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()


# --- what the cards say about training ----------------------------------------------------------


def top1(card: dict) -> float:
    """Return the accuracy on all validation photographs of Tiny ImageNet, after packing, in per cent."""
    return card["measured"][TOP1]["packed"]


def curve(card: dict) -> list[tuple[float, float]]:
    """Return (epoch, top-1 in per cent) of those lines of the history that were judged."""
    return [(line["epoch"], 100 * line["val_top1"]) for line in card["history"] if "val_top1" in line]


def _outlook(name: str, card: dict) -> str:
    return (
        f"- **{name}**: after {card['epochs']:g} epochs the loss on the photographs it trained on was "
        f"{card['history'][-1]['loss']:.2f}; of new ones it names {top1(card):.1f} % rightly."
    )


# --- the document -------------------------------------------------------------------------------


def document(cards: dict[str, dict], entries: list[dict]) -> str:
    """Return docs/WEIGHTS.md as text."""
    parts = [
        "# Bundled weights",
        "*Written by `make weights-report` from the cards in `data/weights` and the records in "
        "`results/weights`. Do not edit; after a change: `make weights-report REPORT_ONLY=1`.*",
        "## What they are, and what not",
        _what(cards),
        "## Training",
        _table(TRAINING_HEAD, [_training_row(name, card) for name, card in cards.items()]),
        "Recipes:\n\n" + "\n".join(f"- {name}: {card['recipe']}." for name, card in cards.items()),
        "## The compact form",
        "Kernels are stored as whole numbers of 8 bits with one scale for each output channel, all else as "
        "32-bit floats. The table shows what this costs.",
        _table(COMPACT_HEAD, [row for name, card in cards.items() for row in _compact_rows(name, card)]),
        "## Transfer to CIFAR-10",
        _transfer_text(cards, entries),
        _table(
            ["", *(f"{name}, {cards[name]['input_size']} px" for name in cards)],
            [[label, *(_cell(entries, name, kind, arm) for name in cards)] for label, kind, arm in ROWS],
        ),
        f"![{_alt(cards, entries)}]({PLOT})",
        "## What would take more",
        "Both runs were as long as they were meant to be. What holds them back is not time:",
        "\n".join(_outlook(name, card) for name, card in cards.items()),
        "A low loss beside such an accuracy means photographs learned by heart. Against that: all 100,000 "
        "photographs, and mixtures of two pictures (mixup). It takes one GPU and the minutes of the table "
        "above: `python -m tools.weights.pretrain --net ResNet50 --data TINY_IMAGENET --mixup 0.2 "
        "--minutes 10`. This was not tried yet.",
        "## Where each figure comes from",
        _table(SOURCE_HEAD, _source_rows(entries)) if entries else f"Transfer: {MISSING}.",
    ]
    return "\n\n".join(parts) + "\n"


TRAINING_HEAD = ["network", "started from", "epochs", "minutes", "device", "input", "top-1"]
COMPACT_HEAD = ["network", "file", "figure", "before packing", "packed", "difference"]
SOURCE_HEAD = ["figure", "network", "weights", "data", "pictures", "seeds", "seconds", "device", "versions"]
ROWS = [(f"{label}: {ARMS[arm]}", kind, arm) for kind, label in KINDS.items() for arm in ARMS]


def _what(cards: dict[str, dict]) -> str:
    files = " and ".join(
        f"{name} ({card['bytes'] / 1e6:.1f} MB; {card['epochs']:g} epochs in "
        f"{card['seconds'] / 60:.0f} minutes)"
        for name, card in cards.items()
    )
    data = "; ".join(dict.fromkeys(card["data"] for card in cards.values()))
    return "\n".join(
        [
            f"Two networks without their classifiers: {files}. They were trained by this project on "
            f"Tiny ImageNet, a small part of ImageNet ({data}).",
            "They make transfer learning real where there is no network: a base that has learned from "
            "photographs is tried on pictures that it never saw.",
            "",
            "- They are **not ImageNet's weights**. Those come from more than a million photographs of a "
            "thousand classes, with many more pixels, and are much stronger.",
            "- The figures below hold at the input size of the card. Other sizes load too, and differ.",
            "- Tiny ImageNet and CIFAR-10 share everyday things (dogs, cars, ships): a friendly case.",
            "- The photographs behind them are for research and teaching only.",
        ]
    )


def _training_row(name: str, card: dict) -> list[str]:
    effort = [card["start"], f"{card['epochs']:g}", f"{card['seconds'] / 60:.0f}", card["device"]]
    return [name, *effort, f"{card['input_size']} px", f"{top1(card):.1f} %"]


def _compact_rows(name: str, card: dict) -> list[list[str]]:
    rows = []
    for key, pair in card["measured"].items():
        if isinstance(pair, dict):
            cost = pair["packed"] - pair["before_packing"]
            figure = "Tiny ImageNet, top-1" if key == TOP1 else "CIFAR-10, frozen, 50 labels a class"
            values = [f"{pair['before_packing']:.2f} %", f"{pair['packed']:.2f} %", f"{cost:+.2f} points"]
            rows.append([name, f"{card['bytes'] / 1e6:.1f} MB", figure, *values])
    return rows


def _transfer_text(cards: dict[str, dict], entries: list[dict]) -> str:
    tuned = [entry for entry in entries if entry["figure"] == "fine-tuned-500"]
    epochs = " or ".join(sorted({f"{entry['epochs']:.0f}" for entry in tuned})) or "the same number of"
    names = " and ".join(sorted({entry["data_name"] for entry in entries})) or "CIFAR-10"
    return (
        f"Accuracy on the test photographs of {names}, in per cent: mean ± standard deviation over seeds. A "
        "seed chooses the labels, the random weights and the order; with all labels and the bundled weights "
        "nothing is left to chance. Frozen: pooled features and a ridge classifier; the base does not move. "
        f"Fine-tuned: the whole network, {epochs} epochs, flips and shifts, one recipe for both arms. "
        "Random weights are the control: the same network, never trained on Tiny ImageNet."
    )


def _values(entries: list[dict], name: str, kind: str, arm: str) -> pd.Series:
    """Return per cent by seed; the lead is taken seed by seed."""
    if arm == "lead":
        ours, control = (_values(entries, name, kind, each) for each in ("bundled", "none"))
        return (ours - control).dropna()
    found = {
        entry["seed"]: 100 * entry["value"]
        for entry in entries
        if (entry["model"], entry["figure"], entry["weights"]) == (name, kind, arm)
    }
    return pd.Series(found, dtype=float)


def _cell(entries: list[dict], name: str, kind: str, arm: str) -> str:
    found = _values(entries, name, kind, arm)
    return with_spread(found) if len(found) else MISSING


def _source_rows(entries: list[dict]) -> list[list[str]]:
    groups: dict[tuple, list[dict]] = {}
    for entry in sorted(entries, key=lambda e: (list(KINDS).index(e["figure"]), e["model"], e["weights"])):
        key = (entry["figure"], entry["model"], entry["weights"], entry["device"], entry["versions"])
        groups.setdefault(key, []).append(entry)
    return [_source_row(*key, found) for key, found in groups.items()]


def _source_row(kind: str, name: str, arm: str, device: str, versions: str, found: list[dict]) -> list[str]:
    pictures = " or ".join(
        sorted({f"{e['train_pictures']:,.0f} to train, {e['test_pictures']:,.0f} to test" for e in found})
    )
    seeds = ", ".join(str(seed) for seed in sorted(e["seed"] for e in found))
    seconds = ", ".join(f"{e['seconds']:.0f}" for e in sorted(found, key=lambda e: e["seed"]))
    data = " or ".join(sorted({e["data_name"] for e in found}))
    return [KINDS[kind], name, ARMS[arm], data, pictures, seeds, seconds, device, versions]


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


# --- the plot -----------------------------------------------------------------------------------


def _alt(cards: dict[str, dict], entries: list[dict]) -> str:
    ends = "; ".join(f"{name} ends at {top1(card):.1f} %" for name, card in cards.items())
    bars = "; ".join(
        f"{name}, {KINDS[kind]}: {_cell(entries, name, kind, 'bundled')} against "
        f"{_cell(entries, name, kind, 'none')} with random weights"
        for name in cards
        for kind in KINDS
        if len(_values(entries, name, kind, "lead"))
    )
    transfer = f"transfer to CIFAR-10. {bars}." if bars else f"transfer, {MISSING}."
    return f"Left: accuracy on Tiny ImageNet against epochs of training. {ends}. Right: {transfer}"


def plot(cards: dict[str, dict], entries: list[dict]) -> Figure:
    """Return the plot: accuracy against epochs, and bars of transfer with the control beside."""
    import matplotlib.figure
    import matplotlib.style

    from course_utils.plotting import STYLE, WIDTH

    with matplotlib.style.context(STYLE):
        figure = matplotlib.figure.Figure(figsize=(WIDTH, 3.8), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=[1, 1.15])
        _draw_training(left, cards)
        _draw_transfer(right, cards, entries)
        return figure


def _colors() -> list[str]:
    import matplotlib

    return matplotlib.rcParams["axes.prop_cycle"].by_key()["color"]


def _draw_training(axes, cards: dict[str, dict]) -> None:
    for color, (name, card) in zip(_colors(), cards.items(), strict=False):
        axes.plot(*zip(*curve(card), strict=True), color=color, alpha=0.75, linewidth=1.6)
        label = f"{name}, {card['input_size']} px"
        axes.plot(card["epochs"], top1(card), "o", color=color, label=label)
    axes.set(xlabel="epochs", ylabel="top-1 (%)", title="Tiny ImageNet (dot: the end, all photographs)")
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.legend(loc="lower right")


def _draw_transfer(axes, cards: dict[str, dict], entries: list[dict]) -> None:
    colors = dict(zip(cards, _colors(), strict=False))
    places = [(name, kind) for kind in KINDS for name in cards]
    for place, (name, kind) in enumerate(places):
        for offset, arm in ((-0.2, "bundled"), (0.2, "none")):
            found = _values(entries, name, kind, arm)
            if found.empty:
                continue
            spread = found.std() if len(found) > 1 else 0
            color = colors[name] if arm == "bundled" else "#b5b5b5"
            options = {"height": 0.38, "color": color, "xerr": spread, "ecolor": "#444444"}
            bar = axes.barh(place + offset, found.mean(), **options)
            axes.bar_label(bar, fmt="{:.1f}", padding=4, fontsize=9)
    short = {"frozen-50": "frozen, 50", "frozen-all": "frozen, all", "fine-tuned-500": "fine-tuned, 500"}
    axes.set_yticks(range(len(places)), [f"{name}\n{short[kind]}" for name, kind in places], fontsize=8.5)
    axes.set_ylim(len(places) - 0.5, -0.5)
    axes.margins(x=0.15)
    axes.grid(axis="y", visible=False)
    if not entries:
        axes.set_xlim(0, 100)
        axes.text(50, (len(places) - 1) / 2, MISSING, ha="center", color="#666666")
    axes.set(xlabel="test accuracy (%); grey: random weights", title="CIFAR-10, labels a class")
