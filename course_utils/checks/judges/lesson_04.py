"""Right answers of lesson 04."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from course_utils.checks.judges import Hint, judge, questions_of, read

MEAN = np.array([103.939, 116.779, 123.68])  # of ImageNet: blue, green, red


@judge("04.1", points=1, title="Warm up, then cool down", hidden=True)
def schedule(answer: dict, data: dict) -> str:
    """Learning rates at the steps ``at``."""
    at, steps, warmup, start, peak = (data[name] for name in ("at", "steps", "warmup", "start", "peak"))
    found = read.numbers(answer, shape=(len(at),))
    is_warm = at >= warmup
    part = (at - warmup) / (steps - warmup)
    rising = start + (peak - start) * at / warmup
    falling = _half_wave(peak, np.pi * part)
    right = np.where(is_warm, falling, rising)
    if read.close(found, right):
        return "`CosineDecay` with `warmup_target` gives the same numbers."
    late = _half_wave(peak, np.pi * at / steps)
    falls = {
        "The warm-up is right. The cosine starts at step 0; it should start where the warm-up ends.": late,
        "You fall along a straight line. The task asks for a cosine.": peak * (1 - part),
        "The cosine goes below zero: it must go from 1 to 0, not from 1 to -1.": peak * np.cos(np.pi * part),
        "A quarter of a wave is not the curve of the lesson: it leaves the top slowly, but arrives fast. "
        "Half a wave is flat at both ends.": peak * np.cos(np.pi / 2 * part),
        "`np.cos` counts in radians: half a wave is π, not 180.": _half_wave(peak, 180 * part),
        "The rate rises well, then stays. It must fall to 0.": np.full(len(at), peak),
    }
    from_zero = np.where(is_warm, falling, peak * at / warmup)
    mistakes = {
        "There is no warm-up: look at the first steps.": late,
        "The fall is right. The warm-up starts at 0, not at `start`.": from_zero,
        "The fall is right. The warm-up is missing: before its end the rate rises.": falling,
    }
    read.tell_mistake(found, {hint: np.where(is_warm, fall, rising) for hint, fall in falls.items()})
    read.tell_mistake(found, mistakes)
    first = int(np.argmax(~np.isclose(found, right, rtol=0, atol=1e-4 * peak)))
    phase = "the fall" if is_warm[first] else "the warm-up"
    raise Hint(f"At step {at[first]}, in {phase}, your rate is {found[first]:.3g}. Draw your schedule.")


def _half_wave(peak: float, angle: np.ndarray) -> np.ndarray:
    return peak * (1 + np.cos(angle)) / 2


@judge("04.2", points=1, title="Pixels for ResNet50", hidden=True)
def pixels(answer: dict, data: dict) -> str:
    """Pictures as float32: blue, green, red, minus the mean of ImageNet."""
    images = data["images"].astype("float64")
    found = read.numbers(answer, shape=images.shape)
    turned = images[..., ::-1]
    right = turned - MEAN
    if read.close(found, right, tolerance=1e-5):
        if found.dtype != "float32":
            raise Hint(f"The values are right, but of the dtype {found.dtype}. The network takes float32.")
        return "Compare with MobileNetV2: other order, other middle, other range. Each base has its own."
    both = "The colours are turned round, the means too: each colour lost the mean of another one."
    of_mobilenet = "These are the pixels of MobileNetV2, from -1 to 1. ResNet50 learned from others."
    fractions = "Your values go from 0 to 1. ResNet50 keeps the size of 0 to 255, around another middle."
    mirrored = "You turned the picture from left to right. Colours stand on the last axis."
    mistakes = {
        "The mean is taken off, but the colours still stand in the order red to blue.": images - MEAN,
        "Colours and means are both red, green, blue. ResNet50 wants blue first.": images - MEAN[::-1],
        both: turned - MEAN[::-1],
        "The colours are turned round. The mean is still in there.": turned,
        of_mobilenet: images / 127.5 - 1,
        fractions: images / 255,
        mirrored: images[:, :, ::-1] - MEAN,
        "The order is right, but you divided by 255 too. Only the mean is taken off.": right / 255,
    }
    read.tell_mistake(found, mistakes, tolerance=1e-3)
    raise Hint(
        f"Your values go from {found.min():.1f} to {found.max():.1f}. They can go from {-MEAN.max():.1f} to "
        f"{255 - MEAN.min():.1f}. (`uint8` cannot be negative: it wraps around.)"
    )


@judge("04.3", points=1, title="How many parameters train?", hidden=True)
def trainable_parameters(answer: dict, data: dict) -> str:
    """Trainable parameters of head and unfrozen blocks, for each phase."""
    phases, table = data["phases"], data["layers"]
    found = read.labels(answer, len(phases))
    sizes, names = table["parameters"], table["layer"].str
    is_norm = table["type"] == "BatchNormalization"
    is_open = [names.startswith(("head", *blocks)) for blocks in phases]
    right = np.array([sizes[mask & ~is_norm].sum() for mask in is_open])
    if np.array_equal(found, right):
        return f"From {right[0]:,} to {right[-1]:,}: print this number before each training."
    norms = np.array([sizes[mask & is_norm].sum() for mask in is_open])
    head, whole = sizes[names.startswith("head")].sum(), sizes.sum()
    mistakes = {
        "You count BatchNormalization in unfrozen blocks. It stays still.": right + norms,
        "You count half of BatchNormalization, scale and shift. All of it stays still.": right + norms // 2,
        "The head is missing: it trains in each phase.": right - head,
        "The head is missing, and BatchNormalization is counted.": right - head + norms,
        "These are the frozen ones.": whole - right,
        "These are all parameters, whatever is frozen.": np.full(len(phases), whole),
    }
    read.tell_mistake(found, mistakes, within=0)
    wrong = read.first_difference(found, right)
    raise Hint(
        f"For blocks={phases[wrong]} you count {found[wrong]:,}. Which layers train then? The head, and of "
        "these blocks everything but one type."
    )


@judge("04.4", points=2, title="Which block moved?", hidden=True)
def movement(answer: dict, data: dict) -> str:
    """Block -> length of the change over length before."""
    before, after = data["before"], data["after"]
    blocks = list(dict.fromkeys(name.split("_")[0] for name in before))
    values = read.mapping(answer)
    if set(values) == set(before):
        raise Hint("You have one number a layer. Put the layers of a block together: conv1, conv2 …")
    if set(values) != set(blocks):
        raise Hint(f"Your names are {', '.join(map(str, values))[:150]}. Expected: {', '.join(blocks)}.")
    found = np.array([read.number(values[block], what=f"the number of {block}") for block in blocks])
    layers = pd.DataFrame(
        {
            "block": name.split("_")[0],
            "change": np.linalg.norm(after[name].astype("float64") - before[name]),
            "before": np.linalg.norm(before[name].astype("float64")),
            "after": np.linalg.norm(after[name].astype("float64")),
        }
        for name in before
    ).set_index("block")
    ratios, grouped = layers["change"] / layers["before"], layers.groupby("block", sort=False)
    lengths = (layers**2).groupby("block", sort=False).sum() ** 0.5
    right = (lengths["change"] / lengths["before"]).to_numpy()
    if read.close(found, right, tolerance=1e-3):
        return f"{blocks[int(right.argmax())]} moved most, by {right.max():.0%} of its length."
    of_lengths = (
        "You compare lengths: a kernel can turn without becoming longer. Take the length of the difference."
    )
    no_ratio = (
        "These are lengths of changes. A block with large weights moves more: divide by the length before."
    )
    sums = "You add up the ratios of the layers. Take all numbers of a block as one long list."
    roots = "You add up roots. Add the squares of all layers of a block first, then take one root."
    mistakes = {
        "You average over the layers of a block. Take all numbers of a block as one long list: "
        "add the squares, then one root.": ratios.groupby("block", sort=False).mean(),
        "You divide by the length after. Divide by the length before.": lengths["change"] / lengths["after"],
        of_lengths: lengths["after"] / lengths["before"] - 1,
        no_ratio: lengths["change"],
        "These are squares: the root is missing.": right**2,
        "These are per cent. Keep fractions.": 100 * right,
        sums: ratios.groupby("block", sort=False).sum(),
        roots: grouped["change"].sum() / grouped["before"].sum(),
        "You keep the last layer of each block only. Add up over its layers.": (
            ratios.groupby("block", sort=False).last()
        ),
    }
    read.tell_mistake(found, mistakes, tolerance=1e-3)
    worst = int(np.abs(found - right).argmax())
    raise Hint(
        f"For {blocks[worst]} you get {found[worst]:.3g}. Take the root of a ratio: squares of changes in "
        "the block, added up, divided by the squares of all its weights before."
    )


def _look_at_base(description: dict, filters: list[int]) -> None:
    layers = read.all_layers(description)
    found = [layer["config"].get("filters") for layer in layers if layer["class"] == "Conv2D"]
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
    weighted = [layer for layer in layers if layer["parameters"]]
    opened = [layer for layer in weighted if layer["trainable"]]
    norms = [layer for layer in layers if layer["class"] == "BatchNormalization"]
    open_norms = [layer["name"] for layer in norms if layer["trainable"]]
    early = [layer["name"] for layer in layers[:-count] if layer in opened]
    closed = [
        layer["name"] for layer in layers[-count:] if layer in weighted and layer not in [*opened, *norms]
    ]
    if not opened:
        raise Hint("All layers of the base are still frozen.")
    if not base["trainable_parameters"]:
        raise Hint(
            "The flags of the layers are set, but the base as a whole is still frozen: "
            "no parameter trains. Open the base first, then set each layer."
        )
    if len(opened) == len(weighted):
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
    predictions, again, answers, others = (
        read.numbers(part, shape=shape, what=name) for part, name in zip(rest, names, strict=True)
    )
    _look_at_base(model, data["filters"])
    _look_at_augmentation(model["layers"])
    if not read.close(predictions, again, tolerance=1e-3):
        raise Hint(
            "Two predictions for the same pictures differ: something random acts when the model predicts. "
            "Call the augmentation layers without `training`."
        )
    if read.close(answers, others, tolerance=1e-3):
        raise Hint(
            "In training the model answers the same twice: the augmentation never acts. "
            "Do its layers stand on the way from input to output?"
        )
    if read.last_activation(model) != "linear":
        raise Hint(f"The last layer has the activation {read.last_activation(model)}. Logits have none.")
    return "Nobody has to remember to switch it off: the model does."


def _look_at_augmentation(layers: list[dict]) -> None:
    flips, shifts = (
        [layer["config"] for layer in layers if layer["class"] == name]
        for name in ("RandomFlip", "RandomTranslation")
    )
    if not flips:
        raise Hint("There is no layer RandomFlip in the model. Augmentation outside does not travel with it.")
    if any(flip.get("mode") != "horizontal" for flip in flips):
        raise Hint(
            f"RandomFlip works {flips[0].get('mode', 'horizontal_and_vertical')!r}: "
            "ships would stand on their masts. Flip from left to right only."
        )
    if not shifts:
        raise Hint("The flip is there. There is no layer RandomTranslation yet.")
    for key in ("height_factor", "width_factor"):
        factor = shifts[0].get(key)
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
        fault = _fault(report)
        if said != fault:
            raise Hint(f"Report {number}: {_why_not(said, fault, report)}")
    return "All of this is visible after one epoch, if you print it."


def _fault(report: pd.DataFrame) -> int:
    rates, moved = report["learning_rate"], report["base_moved"]
    if report["norm_moved"].max() > 0:
        return NORM
    if moved[0] > 0:
        return EARLY
    if moved[1] == 0:
        return NO_COMPILE
    return RATE if rates[1] >= rates[0] else HEALTHY


def _why_not(said: int, fault: int, report: pd.DataFrame) -> str:
    rates, moved = report["learning_rate"], report["base_moved"]
    healthy = {
        NORM: "you call it healthy, but something moved that must stay still.",
        EARLY: "you call it healthy. What was frozen in phase 1?",
        NO_COMPILE: "you call it healthy. The base was opened in phase 2; did it move?",
        RATE: "you call it healthy. Compare the two learning rates.",
        HEALTHY: "",
    }
    return {
        HEALTHY: healthy[fault],
        NORM: "BatchNormalization did not move in either phase: see `norm_moved`.",
        EARLY: f"in phase 1 the base moved by {moved[0]:g}. Which phase is the early one?",
        NO_COMPILE: f"phase 2 moved the base by {moved[1]:g}. Without compile it would not move.",
        RATE: (
            f"phase 2 has the rate {rates[1]:g}, phase 1 had {rates[0]:g}. "
            "Is that too high? An accuracy can fall for other reasons, or by chance."
        ),
    }[said]


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
    _look_at_weights(_stages(weights, data["filters"]), report, data)
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


def _stages(weights: dict, filters: list[int]) -> list[list[np.ndarray]]:
    """Return the weights of the small model before, between and after the phases."""
    first, second = filters
    shapes = [(3, 3, 3, first), *[(first,)] * 5, (3, 3, first, second), *[(second,)] * 5, (second, 10), (10,)]
    stages = read.items(weights, 3, what="the weights of the three stages")
    return [read.weights(stage, shapes, what="a list of weights", finite=True) for stage in stages]


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
    """True if these weights moved to a lower loss than steps of the same size in random directions do.

    A phase is one step on all pictures, against the sign of every gradient, so no other signs do better.
    With several batches the steps partly undo each other, and honest answers fail.
    """
    rng = np.random.default_rng(0)

    def loss(signs: list[np.ndarray]) -> float:
        mixed = list(before)
        for place, sign in zip(places, signs, strict=True):
            mixed[place] = before[place] + sign * (after[place] - before[place])
        return read.cross_entropy(_answers(mixed, data["images"]), data["labels"])

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


questions_of(__file__)
