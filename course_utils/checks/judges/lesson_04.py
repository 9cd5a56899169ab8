"""Right answers of lesson 04."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from course_utils.checks.judges import Hint, judge, quiz, read

MEAN = np.array([103.939, 116.779, 123.68])  # of ImageNet: blue, green, red


def _compare(found: object, mistakes: dict[str, object], *, tolerance: float = 1e-4) -> None:
    """Raise the hint of the mistake that gives what was found."""
    for hint, result in mistakes.items():
        if read.close(found, result, tolerance=tolerance):
            raise Hint(hint)


@judge("04.1", points=1, title="Warm up, then cool down", hidden=True)
def schedule(answer: dict, data: dict) -> str:
    """Learning rates at the steps ``at``."""
    at, steps, warmup, start, peak = (data[name] for name in ("at", "steps", "warmup", "start", "peak"))
    found = read.finite(read.array(answer, shape=(len(at),)))
    rising = start + (peak - start) * at / warmup
    part = (at - warmup) / (steps - warmup)
    is_warm = at >= warmup
    falling = peak * (1 + np.cos(np.pi * part)) / 2
    if read.close(found, np.where(is_warm, falling, rising)):
        return "`CosineDecay` with `warmup_target` gives the same numbers."
    late = peak * (1 + np.cos(np.pi * at / steps)) / 2
    from_zero = peak * at / warmup
    _compare(
        found,
        {
            "The warm-up is right. The cosine starts at step 0; it should start where the warm-up "
            "ends.": np.where(is_warm, late, rising),
            "There is no warm-up: look at the first steps.": late,
            "The fall is right. The warm-up starts at 0, not at `start`.": (
                np.where(is_warm, falling, from_zero)
            ),
            "You fall along a straight line. The task asks for a cosine.": (
                np.where(is_warm, peak * (1 - part), rising)
            ),
            "The cosine goes below zero: it must go from 1 to 0, not from 1 to -1.": (
                np.where(is_warm, peak * np.cos(np.pi * part), rising)
            ),
            "A quarter of a wave is not the curve of the lesson: it leaves the top slowly, but arrives fast. "
            "Half a wave is flat at both ends.": np.where(is_warm, peak * np.cos(np.pi / 2 * part), rising),
            "`np.cos` counts in radians: half a wave is π, not 180.": (
                np.where(is_warm, peak * (1 + np.cos(180 * part)) / 2, rising)
            ),
            "The fall is right. The warm-up is missing: before its end the rate rises.": falling,
            "The rate rises well, then stays. It must fall to 0.": np.where(is_warm, peak, rising),
        },
    )
    right = np.where(is_warm, falling, rising)
    first = int(np.argmax(~np.isclose(found, right, rtol=0, atol=1e-4 * peak)))
    phase = "the fall" if is_warm[first] else "the warm-up"
    raise Hint(f"At step {at[first]}, in {phase}, your rate is {found[first]:.3g}. Draw your schedule.")


@judge("04.2", points=1, title="Pixels for ResNet50", hidden=True)
def pixels(answer: dict, data: dict) -> str:
    """Pictures as float32: blue, green, red, minus the mean of ImageNet."""
    images = data["images"].astype("float64")
    found = read.finite(read.array(answer, shape=images.shape))
    right = images[..., ::-1] - MEAN
    if read.close(found, right, tolerance=1e-5):
        if found.dtype != "float32":
            raise Hint(f"The values are right, but of the dtype {found.dtype}. The network takes float32.")
        return "Compare with MobileNetV2: other order, other middle, other range. Each base has its own."
    _compare(
        found,
        {
            "The mean is taken off, but the colours still stand in the order red to blue.": images - MEAN,
            "Colours and means are both red, green, blue. ResNet50 wants blue first.": images - MEAN[::-1],
            "The colours are turned round, the means too: each colour lost the mean of another one.": (
                images[..., ::-1] - MEAN[::-1]
            ),
            "The colours are turned round. The mean is still in there.": images[..., ::-1],
            "These are the pixels of MobileNetV2, from -1 to 1. ResNet50 learned from others.": (
                images / 127.5 - 1
            ),
            "Your values go from 0 to 1. ResNet50 keeps the size of 0 to 255, around another middle.": (
                images / 255
            ),
            "You turned the picture from left to right. Colours stand on the last axis.": (
                images[:, :, ::-1] - MEAN
            ),
            "The order is right, but you divided by 255 too. Only the mean is taken off.": right / 255,
        },
        tolerance=1e-3,
    )
    low, high = found.min(), found.max()
    raise Hint(
        f"Your values go from {low:.1f} to {high:.1f}. They can go from {-MEAN.max():.1f} to "
        f"{255 - MEAN.min():.1f}. (`uint8` cannot be negative: it wraps around.)"
    )


@judge("04.3", points=1, title="How many parameters train?", hidden=True)
def trainable_parameters(answer: dict, data: dict) -> str:
    """Trainable parameters of head and unfrozen blocks, for each phase."""
    phases = data["phases"]
    found = read.labels(answer, len(phases))
    right = _counts(data)
    if np.array_equal(found, right):
        return f"From {right[0]:,} to {right[-1]:,}: print this number before each training."
    table = data["layers"]
    head = table.loc[_is_head(table), "parameters"].sum()
    norms = _counts(data, norm=1.0) - right
    _compare(
        found,
        {
            "You count BatchNormalization in unfrozen blocks. It stays still.": right + norms,
            "You count half of BatchNormalization, scale and shift. All of it stays still.": right
            + norms // 2,
            "The head is missing: it trains in each phase.": right - head,
            "The head is missing, and BatchNormalization is counted.": right - head + norms,
            "These are the frozen ones.": table["parameters"].sum() - right,
            "These are all parameters, whatever is frozen.": np.full(len(phases), table["parameters"].sum()),
        },
        tolerance=1e-9,
    )
    wrong = int(np.flatnonzero(found != right)[0])
    raise Hint(
        f"For blocks={phases[wrong]} you count {found[wrong]:,}. Which layers train then? The head, and of "
        "these blocks everything but one type."
    )


def _is_head(table: pd.DataFrame) -> pd.Series:
    return table["layer"].str.startswith("head")


def _counts(data: dict, *, norm: float = 0.0) -> np.ndarray:
    table = data["layers"]
    weight = np.where(table["type"] == "BatchNormalization", norm, 1.0) * table["parameters"]
    return np.array(
        [
            int(weight[_is_head(table) | table["layer"].map(lambda name, b=blocks: name.startswith(b))].sum())
            for blocks in data["phases"]
        ]
    )


@judge("04.4", points=2, title="Which block moved?", hidden=True)
def movement(answer: dict, data: dict) -> str:
    """Block -> length of the change over length before."""
    before, after = (
        {name: kernel.astype("float64") for name, kernel in data[part].items()}
        for part in ("before", "after")
    )
    blocks = list(dict.fromkeys(name.split("_")[0] for name in before))
    values = read.mapping(answer)
    if set(values) == set(before):
        raise Hint("You have one number a layer. Put the layers of a block together: conv1, conv2 …")
    if set(values) != set(blocks):
        raise Hint(f"Your names are {', '.join(map(str, values))[:150]}. Expected: {', '.join(blocks)}.")
    found = np.array([read.number(values[block], what=f"the number of {block}") for block in blocks])
    change = {name: after[name] - before[name] for name in before}

    def by_block(rule) -> np.ndarray:
        return np.array([rule([name for name in before if name.split("_")[0] == b]) for b in blocks])

    def length(kernels: dict, names: list[str]) -> float:
        return float(np.sqrt(sum((kernels[name] ** 2).sum() for name in names)))

    right = by_block(lambda names: length(change, names) / length(before, names))
    if read.close(found, right, tolerance=1e-3):
        return f"{blocks[int(right.argmax())]} moved most, by {right.max():.0%} of its length."
    _compare(
        found,
        {
            "You average over the layers of a block. Take all numbers of a block as one long list: "
            "add the squares, then one root.": by_block(
                lambda names: np.mean([length(change, [n]) / length(before, [n]) for n in names])
            ),
            "You divide by the length after. Divide by the length before.": by_block(
                lambda names: length(change, names) / length(after, names)
            ),
            "You compare lengths: a kernel can turn without becoming longer. Take the length of the "
            "difference.": by_block(lambda names: length(after, names) / length(before, names) - 1),
            "These are lengths of changes. A block with large weights moves more: divide by the length "
            "before.": by_block(lambda names: length(change, names)),
            "These are squares: the root is missing.": right**2,
            "These are per cent. Keep fractions.": 100 * right,
            "You add up the ratios of the layers. Take all numbers of a block as one long list.": by_block(
                lambda names: sum(length(change, [n]) / length(before, [n]) for n in names)
            ),
            "You add up roots. Add the squares of all layers of a block first, then take one root.": by_block(
                lambda names: (
                    sum(length(change, [n]) for n in names) / sum(length(before, [n]) for n in names)
                )
            ),
            "You keep the last layer of each block only. Add up over its layers.": by_block(
                lambda names: length(change, names[-1:]) / length(before, names[-1:])
            ),
        },
        tolerance=1e-3,
    )
    worst = int(np.abs(found - right).argmax())
    raise Hint(
        f"For {blocks[worst]} you get {found[worst]:.3g}. Take the root of a ratio: squares of changes in "
        "the block, added up, divided by the squares of all its weights before."
    )


def _look_at_base(description: dict, filters: list[int]) -> None:
    found = [
        layer["config"].get("filters") for layer in read.all_layers(description) if layer["class"] == "Conv2D"
    ]
    if found != filters:
        raise Hint(
            f"The convolutions in your model have {found} filters; those of the base that was given have "
            f"{filters}. Hand in that base."
        )


@judge("04.5", points=2, title="Unfreeze the last layers", hidden=True)
def unfreeze(answer: dict, data: dict) -> str:
    """A base whose last layers are trainable, BatchNormalization never."""
    base = read.model(answer)
    _look_at_base(base, data["filters"])
    layers, count = base["layers"], data["count"]
    last, first = layers[-count:], layers[:-count]
    norms = [layer for layer in layers if layer["class"] == "BatchNormalization"]
    open_norms = [layer["name"] for layer in norms if layer["trainable"]]
    has_weights = [layer for layer in last if layer["parameters"] and layer not in norms]
    opened = [layer for layer in layers if layer["trainable"] and layer["parameters"]]
    if not opened:
        raise Hint("All layers of the base are still frozen.")
    early = [layer["name"] for layer in first if layer["trainable"] and layer["parameters"]]
    if not base["trainable_parameters"]:
        raise Hint(
            "The flags of the layers are set, but the base as a whole is still frozen: "
            "no parameter trains. Open the base first, then set each layer."
        )
    closed = [layer["name"] for layer in has_weights if not layer["trainable"]]
    if len(opened) == sum(bool(layer["parameters"]) for layer in layers):
        raise Hint("All layers are trainable now. Opening the base opens each layer: set layers after it.")
    if early and closed:
        raise Hint(f"{early[0]!r} is trainable and {closed[0]!r} is frozen. Which end is the last?")
    if open_norms:
        raise Hint(
            f"{len(open_norms)} BatchNormalization layers are trainable, such as {open_norms[0]!r}. "
            "Their mean and variance would be overwritten."
        )
    if early:
        raise Hint(f"{early[-1]!r} is trainable, but it is none of the last {count} layers.")
    if closed:
        raise Hint(
            f"{closed[0]!r} is one of the last {count} layers, and frozen. Layers without weights, such as "
            "ReLU, count too: they are in `base.layers`."
        )
    return f"{base['trainable_parameters']:,} parameters of the base train. Now compile!"


@judge("04.6", points=2, title="Augmentation inside the model", hidden=True)
def augmentation(answer: dict, data: dict) -> str:
    """The model, its answers twice when predicting, twice when training."""
    first, *rest = read.items(answer, 5)
    model = read.model(first)
    names = ("the first prediction", "the second prediction", "the first training answer", "the second one")
    shape = (len(data["images"]), 10)
    answers = [
        read.finite(read.array(part, shape=shape, what=name), what=name)
        for part, name in zip(rest, names, strict=True)
    ]
    _look_at_base(model, data["filters"])
    _look_at_augmentation(model)
    if not read.close(answers[0], answers[1], tolerance=1e-3):
        raise Hint(
            "Two predictions for the same pictures differ: something random acts when the model predicts. "
            "Call the augmentation layers without `training`."
        )
    if read.close(answers[2], answers[3], tolerance=1e-3):
        raise Hint(
            "In training the model answers the same twice: the augmentation never acts. "
            "Do its layers stand on the way from input to output?"
        )
    if read.last_activation(model) != "linear":
        raise Hint(f"The last layer has the activation {read.last_activation(model)}. Logits have none.")
    return "Nobody has to remember to switch it off: the model does."


def _look_at_augmentation(model: dict) -> None:
    layers = model["layers"]
    flips = [layer for layer in layers if layer["class"] == "RandomFlip"]
    if not flips:
        raise Hint("There is no layer RandomFlip in the model. Augmentation outside does not travel with it.")
    if any(layer["config"].get("mode") != "horizontal" for layer in flips):
        raise Hint(
            f"RandomFlip works {flips[0]['config'].get('mode', 'horizontal_and_vertical')!r}: "
            "ships would stand on their masts. Flip from left to right only."
        )
    shifts = [layer for layer in layers if layer["class"] == "RandomTranslation"]
    if not shifts:
        raise Hint("The flip is there. There is no layer RandomTranslation yet.")
    for key in ("height_factor", "width_factor"):
        factor = shifts[0]["config"].get(key)
        if not read.close(np.max(np.abs(np.array(factor, "float64"))), 0.1, tolerance=1e-3):
            raise Hint(f"RandomTranslation has {key}={factor}. The task asks for a tenth.")


HEALTHY, NORM, EARLY, NO_COMPILE, RATE = range(5)


@judge("04.7", points=2, title="Find the fault in the report", hidden=True)
def reports(answer: dict, data: dict) -> str:
    """One number a report."""
    found = read.labels(answer, len(data["reports"]))
    for number, (said, report) in enumerate(zip(found.tolist(), data["reports"], strict=True)):
        if said not in range(5):
            raise Hint(f"Report {number}: {said} is none of the five numbers, 0 to 4.")
        if said != _fault(report):
            raise Hint(f"Report {number}: {_why_not(said, report)}")
    return "All of this is visible after one epoch, if you print it."


def _fault(report: pd.DataFrame) -> int:
    first, second = (report.iloc[row] for row in (0, 1))
    if report["norm_moved"].max() > 0:
        return NORM
    if first["base_moved"] > 0:
        return EARLY
    if second["base_moved"] == 0:
        return NO_COMPILE
    return RATE if second["learning_rate"] >= first["learning_rate"] else HEALTHY


def _why_not(said: int, report: pd.DataFrame) -> str:
    first, second = (report.iloc[row] for row in (0, 1))
    if said == RATE:
        return (
            f"phase 2 has the rate {second['learning_rate']:g}, phase 1 had {first['learning_rate']:g}. "
            "Is that too high? An accuracy can fall for other reasons, or by chance."
        )
    if said == NO_COMPILE:
        return f"phase 2 moved the base by {second['base_moved']:g}. Without compile it would not move."
    if said == NORM:
        return "BatchNormalization did not move in either phase: see `norm_moved`."
    if said == EARLY:
        return f"in phase 1 the base moved by {first['base_moved']:g}. Which phase is the early one?"
    return {
        NORM: "you call it healthy, but something moved that must stay still.",
        EARLY: "you call it healthy. What was frozen in phase 1?",
        NO_COMPILE: "you call it healthy. The base was opened in phase 2; did it move?",
        RATE: "you call it healthy. Compare the two learning rates.",
    }[_fault(report)]


@judge("04.8", points=3, title="Two phases in the right order")
def two_phases(answer: dict, data: dict) -> str:
    """The report of both phases, the model at the end, and its weights before, between and after them."""
    table, model, weights = read.items(answer, 3)
    columns = ("learning_rate", "base_moved", "norm_moved", "head_moved")
    report = read.table(table, columns, what="the report")
    description = read.model(model, what="the model")
    _look_at_base(description, data["filters"])
    if len(report) != 2 or any(report[name].dtype.kind not in "fiu" for name in columns):
        raise Hint("The report has two rows of numbers, one a phase: hand it in as `two_phases` returns it.")
    first, second = report.iloc[0], report.iloc[1]
    if not read.takes_logits(description):
        raise Hint("The last layer gives logits, but the loss takes them for probabilities: `from_logits`.")
    if report["norm_moved"].max() > 0:
        phase = 1 if first["norm_moved"] > 0 else 2
        raise Hint(
            f"In phase {phase} BatchNormalization moved by {report['norm_moved'].max():.2g} of its length. "
            "It stays frozen in both phases, also where the base is open."
        )
    if first["base_moved"] > 0:
        raise Hint(
            f"In phase 1 the base moved by {first['base_moved']:.2g} of its length. The head is still "
            "random: what should the base do meanwhile?"
        )
    if not first["head_moved"] > 0:
        raise Hint("In phase 1 the head did not move. Freeze the base, not the whole model.")
    _look_at_second(first, second, description)
    stages = read.items(weights, 3, what="the weights of the three stages")
    _look_at_weights([_stage(one, data["filters"]) for one in stages], report, data)
    return "Head first, then open, compile again, small steps: this is R4's recipe, done with care."


def _look_at_second(first: pd.Series, second: pd.Series, description: dict) -> None:
    if not second["base_moved"] > 0:
        if any(layer["trainable_parameters"] for layer in description["layers"][:1]):
            raise Hint(
                "In phase 2 the base is open, but it did not move. `compile` decides what trains: "
                "is it called after `trainable` was set, in each phase?"
            )
        raise Hint("In phase 2 the base is still frozen. Look at what depends on `phase`.")
    if not second["head_moved"] > 0:
        raise Hint("In phase 2 the head did not move. Head and base train together.")
    low, high = (float(row["learning_rate"]) for row in (second, first))
    if low >= high:
        raise Hint(f"Phase 1 learns at {high:g}, phase 2 at {low:g}. In which one must the steps be small?")
    if low * 5 > high:
        raise Hint(f"{low:g} is smaller than {high:g}, but not clearly: most often five to a hundred times.")
    if high > 0.01 + 1e-9 or low < 1e-7:
        raise Hint(f"Your rates are {high:g} and {low:g}. Take those of the lesson, or some close to them.")


# Which weights of the small model, in the order of `get_weights`, belong to which part.
PLACES = {"base": (0, 1, 6, 7), "norm": (2, 3, 4, 5, 8, 9, 10, 11), "head": (12, 13)}
TRIALS = 40  # of steps in random directions


def _stage(weights: dict, filters: list[int]) -> list[np.ndarray]:
    """Return the weights of the small model at one time."""
    first, second = filters
    shapes = [(3, 3, 3, first), *[(first,)] * 5, (3, 3, first, second), *[(second,)] * 5, (second, 10), (10,)]
    what = "a list of weights"
    return [
        read.finite(read.array(one, shape=shape, what=what), what=what).astype("float64")
        for one, shape in zip(read.items(weights, len(shapes), what=what), shapes, strict=True)
    ]


def _look_at_weights(stages: list[list[np.ndarray]], report: pd.DataFrame, data: dict) -> None:
    """Compare the report with the weights, and see to it that they learned from these pictures."""
    for phase, (before, after) in enumerate(pairwise(stages)):
        for part, places in PLACES.items():
            old, new = (np.concatenate([one[place].ravel() for place in places]) for one in (before, after))
            moved = np.linalg.norm(new - old) / np.linalg.norm(old)
            said = report[f"{part}_moved"][phase]
            if abs(moved - said) > 0.01 * moved + 1e-9:
                raise Hint(
                    f"In phase {phase + 1} the report says that {part} moved by {said:.2g}, but its weights "
                    f"say {moved:.2g}. Hand in what `two_phases` returns."
                )
            if moved and not _learned(before, after, places, data):
                raise Hint(
                    f"In phase {phase + 1} {part} moved, but not as training on these pictures moves it. "
                    "Hand in what `two_phases` returns."
                )


def _learned(before: list, after: list, places: tuple[int, ...], data: dict) -> bool:
    """True if these weights moved to a lower loss than steps of the same size in random directions do."""
    rng = np.random.default_rng(0)

    def loss(signs: list[np.ndarray]) -> float:
        mixed = list(before)
        for place, sign in zip(places, signs, strict=True):
            mixed[place] = before[place] + sign * (after[place] - before[place])
        return _loss(_answers(mixed, data["images"]), data["labels"])

    random = [[rng.choice((-1, 1), size=before[place].shape) for place in places] for _ in range(TRIALS)]
    return loss([np.ones(()) for _ in places]) < min(map(loss, random))


def _answers(weights: list[np.ndarray], images: np.ndarray) -> np.ndarray:
    """Return the logits of the small model."""
    x = images / 127.5 - 1
    for start in (0, 6):
        kernel, bias, gamma, beta, mean, variance = weights[start : start + 6]
        padded = np.pad(x, ((0, 0), (0, 1), (0, 1), (0, 0)))  # as "same" does with a stride of 2
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))[:, ::2, ::2]
        x = np.tensordot(windows, kernel, ((4, 5, 3), (0, 1, 2))) + bias
        x = np.maximum((x - mean) / np.sqrt(np.maximum(variance, 0) + 1e-3) * gamma + beta, 0)
    return x.mean(axis=(1, 2)) @ weights[12] + weights[13]


def _loss(logits: np.ndarray, labels: np.ndarray) -> float:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]))


quiz(
    "04.q1",
    right="b",
    title="Unfrozen, not compiled",
    hints={
        "a": "Keras says nothing. That is what makes this mistake so common.",
        "c": "What trains was decided by the last `compile`. What was frozen then?",
        "d": "The head was trainable at the last `compile`. Why should it stop?",
    },
    why="So: change `trainable`, then compile; then print how much trains.",
)
quiz(
    "04.q2",
    right="c",
    title="After a disconnect",
    hints={
        "a": "Adam's memory and the place in the schedule would be lost: the rate would warm up again.",
        "b": "Curves tell what happened. Can a training go on from a curve?",
        "d": "The network can be built again from code. What cannot?",
    },
    why="`ModelCheckpoint` saves a whole model; `BackupAndRestore` does all of this.",
)
quiz(
    "04.q3",
    right="a",
    title="Why the head first",
    hints={
        "b": "It is often cheaper too. But would it be right to train all at once if time did not matter?",
        "c": "A frozen layer stays in memory, and works in each step.",
        "d": "Any layers can be trained together. The question is what happens to good weights then.",
    },
    why="What a random head tells the base to do is random.",
)
quiz(
    "04.q4",
    right="d",
    title="Why BatchNormalization stays still",
    hints={
        "a": "It has parameters: scale and shift, and stored mean and variance.",
        "b": "Time is not the reason: they are a tiny part of the computing.",
        "c": "They can be trained. What would be lost?",
    },
    why="They come from many thousand photographs.",
)
quiz(
    "04.q5",
    right="c",
    title="Augmentation and cached features",
    hints={
        "a": "How often does each picture pass through the augmentation, if features are computed once?",
        "b": "Nothing raises an error here. Look at when the augmentation layers act.",
        "d": "In which mode does `predict` run the model?",
    },
    why="It starts to act when whole pictures go through the model in `fit`.",
)
quiz(
    "04.q6",
    right="b",
    title="A hot spot on the water",
    hints={
        "a": "A high accuracy says that ships are found, not why.",
        "c": "The map shows what the model looks at. It can be right about a wrong habit.",
        "d": "The maps are coarse. But nearly all of them point to the same kind of place.",
    },
    why="Test pictures that break the habit tell more than further accuracy.",
)
