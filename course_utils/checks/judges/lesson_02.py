"""Right answers of lesson 02."""

from __future__ import annotations

import numpy as np

from course_utils.checks.judges import Hint, judge, questions_of, read
from course_utils.cifar10 import CLASS_NAMES


@judge("02.1", points=1, title="Count the parameters", hidden=True)
def parameters(answer: dict, data: dict) -> str:
    """Whole numbers, one for each layer."""
    layers = data["layers"]
    found = read.labels(answer, len(layers))
    inputs, outputs, side, bias = (
        np.array([layer[name] for layer in layers]) for name in ("inputs", "outputs", "filter_side", "bias")
    )
    weights = side**2 * inputs * outputs
    right = weights + bias * outputs
    if np.array_equal(found, right):
        return "Whenever `model.summary()` shows a number that you did not expect, count like this."
    always = "You count a bias for each layer. But two of these layers have none: look at `bias`."
    mistakes = {
        "The weights are right, the biases are missing. See `bias`: there is one for each output.": weights,
        always: weights + outputs,
        "You add one bias a layer. There is one for each output.": weights + bias,
        "You add one bias for each input. There is one for each output.": weights + bias * inputs,
        "A filter has rows and columns: 3×3 places, not 3.": (side * inputs + bias) * outputs,
        "Your filters are flat. Each filter looks at all channels that come in.": (side**2 + bias) * outputs,
        "You count as if all layers were Dense. What does `filter_side` add?": (inputs + bias) * outputs,
        "These are bytes. The task asks for the number of parameters.": right * 4,
    }
    read.tell_mistake(found, mistakes, within=0)
    first = read.first_difference(found, right)
    raise Hint(
        f"Layer {first} is wrong: {layers[first]}. How many weights has one of its outputs? "
        "Is there a bias on top? How many outputs are there?"
    )


@judge("02.2", points=1, title="Is the first loss what it should be?", hidden=True)
def first_loss(answer: dict, data: dict) -> str:
    """Positions of networks whose first loss is more than 0.5 away from ln(classes)."""
    classes, losses = data["classes"], data["losses"]
    none = "You found none. Some of these networks have a loss that cannot be."
    outside = f"There is no network {{}}: positions go from 0 to {len(classes) - 1}."
    found = read.positions(answer, len(classes), none=none, outside=outside)
    gaps = losses - np.log(classes)
    right = np.flatnonzero(np.abs(gaps) > 0.5)
    if np.array_equal(found, right):
        return "The check takes a second, and finds wrong pixel ranges, wrong losses and wrong labels."
    every = "You found all of them. What does your formula give for ten classes? It should be 2.3."
    mistakes = {
        "You compare all with ln 10. These networks have other numbers of classes.": losses - np.log(10),
        "The losses that are too high are found. A loss can be too low as well: "
        "a network that knows nothing cannot be good.": np.maximum(gaps, 0),
        "These are the healthy ones. The task asks for the others.": np.abs(gaps) <= 0.5,
        every: np.ones_like(losses),
    }
    for name, log in (("np.log2", np.log2), ("np.log10", np.log10)):
        hint = f"`{name}` gives {log(10):.1f} for ten classes. It should be 2.3: a natural logarithm."
        mistakes[hint] = losses - log(classes)
    read.tell_mistake(found, {hint: np.flatnonzero(np.abs(off) > 0.5) for hint, off in mistakes.items()})
    wrong = np.setdiff1d(found, right)
    if len(wrong):
        raise Hint(
            f"Network {wrong[0]} is healthy: {classes[wrong[0]]} classes, first loss {losses[wrong[0]]:.2f}. "
            "What does the loss of a network have to be if each class gets the same probability?"
        )
    raise Hint(f"What you found is right, but {len(right) - len(found)} more networks are suspicious.")


@judge("02.3", points=1, title="The best model of the world has 10 %", hidden=True)
def column_of_labels(answer: dict, data: dict) -> str:
    """Accuracy with labels as a column, and with the same labels flat."""
    names = ("the accuracy with labels (n, 1)", "the accuracy with labels (n,)")
    column, flat = both = read.each(read.number, answer, names)
    labels, predicted = data["labels"], data["probabilities"].argmax(axis=1)
    right = float((labels[:, 0] == predicted).mean())
    broadcast = float((labels == predicted).mean())
    if read.close(column, broadcast) and not read.close(flat, broadcast):
        raise Hint(
            f"With labels (n, 1) you still get {column:.1%}. `labels == predicted` compares each label with "
            "each prediction: print the shape of that comparison."
        )
    if read.close(column, right) and not read.close(flat, right):
        raise Hint(
            f"With labels (n, 1) it works now. With labels (n,) you get {flat:.1%}: "
            "your line must work for both shapes."
        )
    number = "This is the number of right predictions. Divide by the number of pictures."
    mistakes = {
        "These are per cent. The task asks for a fraction from 0 to 1.": [100 * right] * 2,
        number: [right * len(labels)] * 2,
        "This is the share of wrong predictions.": [1 - right] * 2,
        "Now predictions are a column, and labels too? Then each is compared with each again: "
        "both must have the shape (n,).": [broadcast] * 2,
    }
    read.tell_mistake(both, mistakes)
    if not read.close(both, [right, right]):
        raise Hint(
            f"You get {column:.1%} and {flat:.1%}. Take the most probable class of each row, "
            "bring the labels to the shape (n,), and compare."
        )
    return "keras.datasets gives labels as a column. `load_cifar10` makes them flat, and so should you."


@judge("02.4", points=2, title="Build a CNN to a specification", hidden=True)
def specification(answer: dict, data: dict) -> str:
    """A CNN: Rescaling, twice Conv2D and MaxPooling2D, Flatten, Dense, Dense."""
    model = read.model(answer)
    side, classes = data["side"], data["classes"]
    if model["input_shape"] != [None, side, side, 3]:
        raise Hint(f"Your model takes pictures {_shape(model['input_shape'])}; expected: {side}×{side}×3.")
    if model["output_shape"] != [None, classes]:
        raise Hint(f"Your model answers {_shape(model['output_shape'])}; expected: {classes} logits.")
    if read.last_activation(model) != "linear":
        raise Hint(
            f"The last layer has the activation {read.last_activation(model)}. "
            "Logits are plain numbers of any size: leave it out."
        )
    low, high = read.input_range(model)
    if not read.close([low, high], [0, 1], tolerance=1e-3):
        raise Hint(
            f"Pixels reach the first filters from {low:g} to {high:g}. The specification says 0 to 1: "
            "add a Rescaling layer, or look at its scale."
        )
    layers = read.all_layers(model)
    _look_at_convolutions([layer["config"] for layer in layers if layer["class"] == "Conv2D"], data)
    _look_at_rest(layers, data)
    right = _parameters_of(data)
    if model["parameters"] != right:
        raise Hint(
            f"Your model has {model['parameters']:,} parameters. The specification gives {right:,}. "
            "Go through it line by line: is each layer there once, and in this order?"
        )
    return "A summary that agrees with your own counting is the cheapest test of a network."


def _shape(shape: list | None) -> str:
    return "nothing known" if shape is None else "×".join(str(size) for size in shape[1:])


def _look_at_convolutions(convolutions: list[dict], data: dict) -> None:
    filters = [settings.get("filters") for settings in convolutions]
    if filters == data["filters"][::-1]:
        raise Hint("The convolutions stand in the wrong order: see `filters`.")
    if filters != data["filters"]:
        raise Hint(f"Your convolutions have {filters} filters; the specification says {data['filters']}.")
    for number, settings in enumerate(convolutions, start=1):
        if settings.get("kernel_size") != [3, 3]:
            raise Hint(f"Convolution {number} has filters of {settings.get('kernel_size')}, not 3×3.")
        if settings.get("padding") != "same":
            raise Hint(
                f"Convolution {number} loses a border of one pixel. Look at `padding`, and at its default."
            )


def _look_at_rest(layers: list[dict], data: dict) -> None:
    classes = [layer["class"] for layer in layers]
    poolings = classes.count("MaxPooling2D")
    if poolings != 2:
        raise Hint(f"There are {poolings} layers MaxPooling2D; each Conv2D has one behind it.")
    if "Flatten" not in classes:
        raise Hint("There is no Flatten. The maps must become one row of numbers before the Dense layers.")
    dense = [layer["config"].get("units") for layer in layers if layer["class"] == "Dense"]
    if dense != [data["units"], data["classes"]]:
        raise Hint(f"Your Dense layers have {dense} units; expected: [{data['units']}, {data['classes']}].")
    hidden = [layer for layer in layers if layer["parameters"]][:-1]
    extra = classes.count("ReLU") + classes.count("Activation")
    linear = [layer["name"] for layer in hidden if layer["config"].get("activation", "linear") == "linear"]
    if len(linear) > extra:
        raise Hint(
            f"The layer {linear[0]!r} has no activation. Without ReLU between them, "
            "two layers can do no more than one."
        )


def _parameters_of(data: dict) -> int:
    first, second = data["filters"]
    flat = (data["side"] // 4) ** 2 * second
    convolutions = (9 * 3 + 1) * first + (9 * first + 1) * second
    return convolutions + (flat + 1) * data["units"] + (data["units"] + 1) * data["classes"]


@judge("02.5", points=2, title="Read a learning curve", hidden=True)
def learning_curve(answer: dict, data: dict) -> str:
    """The epoch of the lowest validation loss, and the gap in accuracy there, in points."""
    history = data["history"]
    parts = read.mapping(answer, ("best_epoch", "gap"))
    epoch = read.whole_number(parts["best_epoch"], what="best_epoch")
    gap = read.number(parts["gap"], what="gap")
    best = int(history["val_loss"].argmin())
    if epoch != best + 1:
        _tell_epoch(epoch, history, best)
    gaps = 100 * (history["accuracy"] - history["val_accuracy"]).to_numpy()
    if abs(gap - gaps[best]) < 0.02:
        return f"{len(history) - best - 1} more epochs made the training loss smaller, and the model worse."
    of_losses = 100 * float(history["val_loss"][best] - history["loss"][best])
    mistakes = {
        "The gap is a fraction. The task asks for points: 0.25 is 25 points.": gaps[best] / 100,
        "The gap is negative. It is training minus validation.": -gaps[best],
        "This is the gap in the last epoch. The task asks for the gap in the best one.": gaps[-1],
        "This is the gap one epoch later. Rows are counted from 0, epochs from 1.": gaps[best + 1],
        "This is a gap of losses. The task asks for the gap of accuracies.": of_losses,
    }
    read.tell_mistake(gap, mistakes, within=0.02)
    read.tell_mistake(100 * gap, mistakes, within=0.02)
    raise Hint(f"best_epoch is right, but the gap is not {gap:.2f} points. Take both accuracies of that row.")


def _tell_epoch(epoch: int, history: object, best: int) -> None:
    if not 1 <= epoch <= len(history):
        raise Hint(f"There is no epoch {epoch}: the history has {len(history)}.")
    highest, lowest = (
        {name: int(getattr(history[name], find)()) + 1 for name in history.columns.drop("phase")}
        for find in ("argmax", "argmin")
    )
    hints = {
        highest["val_loss"]: "This epoch has the highest validation loss. A loss is better if it is lower.",
        best: "best_epoch is one too low: rows are counted from 0, epochs from 1. See the column `epoch`.",
        highest["val_accuracy"]: (
            "This epoch has the highest validation accuracy. The task asks for the lowest validation loss, "
            "which notices earlier that the model becomes too sure of its mistakes."
        ),
        lowest["loss"]: (
            "This epoch has the lowest training loss. That one falls to the end: which loss tells about "
            "pictures that the model has not seen?"
        ),
        highest["accuracy"]: (
            "This epoch has the highest training accuracy. Ask pictures that the model has not seen."
        ),
    }
    raise Hint(hints.get(epoch, f"In epoch {epoch} the validation loss is not the lowest. Look at val_loss."))


@judge("02.6", points=2, title="Which classes are mixed up?", hidden=True)
def confusions(answer: dict, data: dict) -> str:
    """Recall of each class, and the pair (true, predicted) of the largest share."""
    recall, pair = read.items(answer, 2)
    table = data["table"]
    _look_at_recall(read.numbers(recall, shape=(10,), what="recall"), table)
    names = tuple(read.texts(pair, what="the pair"))
    if len(names) != 2 or not set(names) <= set(CLASS_NAMES):
        raise Hint(f"The pair is {names}. Two class names are expected: (true, predicted).")
    mistakes = table - np.diag(np.diag(table))
    shares = mistakes / table.sum(axis=1, keepdims=True)
    right, of_counts, of_columns = map(_pair, (shares, mistakes, mistakes / table.sum(axis=0)))
    if names == right:
        return f"{shares.max():.0%} of all {names[0]} pictures are called {names[1]}."
    if names == right[::-1]:
        raise Hint("These are the right two classes, but turned round. Rows are true classes.")
    if names[0] == names[1]:
        raise Hint(f"{names[0]} called {names[1]} is right, not mixed up. Leave the diagonal out.")
    if names == of_counts:
        raise Hint(
            "This pair has the largest number of pictures. But the classes have different sizes: "
            "the task asks for the share of the true class."
        )
    if names in (of_columns, of_columns[::-1]):
        raise Hint("You divided by the sums of columns. A share of the true class needs the sums of rows.")
    share = shares[CLASS_NAMES.index(names[0]), CLASS_NAMES.index(names[1])]
    raise Hint(f"{share:.1%} of {names[0]} are called {names[1]}. There is a pair with a larger share.")


def _look_at_recall(recall: np.ndarray, table: np.ndarray) -> None:
    sizes, found = table.sum(axis=1), np.diag(table)
    right = found / sizes
    if read.close(recall, right, tolerance=1e-3):
        return
    of_all = "You divided by all pictures. Each class has its own number: the sum of its row."
    mistakes = {
        "This is precision: you divided by how often a class was predicted. Recall divides by how often "
        "it is true. Rows are true classes.": found / table.sum(axis=0),
        "These are per cent. The task asks for fractions from 0 to 1.": 100 * right,
        "This is the share that was missed. Recall is the share that was found.": 1 - right,
        of_all: found / table.sum(),
        "These are the numbers of right predictions. Divide them by the size of each class.": found,
    }
    read.tell_mistake(recall, mistakes, tolerance=1e-3)
    worst = int(np.abs(recall - right).argmax())
    raise Hint(
        f"The recall of {CLASS_NAMES[worst]} is not {recall[worst]:.3f}. Of all {sizes[worst]} pictures of "
        f"that class, how many were found?"
    )


def _pair(values: np.ndarray) -> tuple[str, str]:
    true, predicted = np.unravel_index(values.argmax(), values.shape)
    return CLASS_NAMES[true], CLASS_NAMES[predicted]


@judge("02.7", points=2, title="Better, or only luck?", hidden=True)
def seeds(answer: dict, data: dict) -> str:
    """For each pair of models: difference, spread, uncertainty (all in points), is_real."""
    cases = data["cases"]
    found = [_read_case(part, number) for number, part in enumerate(read.items(answer, len(cases)))]
    *numbers, verdicts = zip(*found, strict=True)
    first, second = ([case[name] for case in cases] for name in ("first", "second"))
    means = np.array([[values.mean() for values in pair] for pair in (first, second)])
    p = means.mean(axis=0)
    uncertainty = 100 * np.sqrt(p * (1 - p) / [case["pictures"] for case in cases])
    difference = 100 * (means[1] - means[0])
    _look_at_differences(numbers[0], difference)
    spread = _look_at_spreads(numbers[1], first, second)
    _look_at_uncertainties(numbers[2], uncertainty)
    _look_at_verdicts(np.array(verdicts), difference, spread, uncertainty)
    return "One run and one number would have told none of this."


def _read_case(part: dict, number: int) -> tuple[float, float, float, bool]:
    *numbers, verdict = read.items(part, 4, what=f"the result of pair {number}")
    names = ("difference", "spread", "uncertainty")
    values = (read.number(one, what=name) for one, name in zip(numbers, names, strict=True))
    return (*values, read.flag(verdict, what="is_real"))


def _look_at_differences(found: tuple[float, ...], right: np.ndarray) -> None:
    if read.close(found, right, tolerance=1e-3):
        return
    mistakes = {
        "difference is a fraction. The task asks for points: 0.02 is 2 points.": right / 100,
        "difference has the wrong sign: it is positive where the second model is better.": -right,
        "difference has lost its sign. Take the absolute value later, where you compare.": np.abs(right),
    }
    read.tell_mistake(found, mistakes, tolerance=1e-3)
    raise Hint(f"difference is not {found[0]:.2f} points for pair 0. It is mean minus mean, times 100.")


def _look_at_spreads(found: tuple[float, ...], *runs: list[np.ndarray]) -> np.ndarray:
    """Return the right spreads: of each pair, the larger one."""
    spreads = 100 * np.array([[values.std(ddof=1) for values in model] for model in runs])
    by_n = 100 * np.array([[values.std() for values in model] for model in runs])
    together = [100 * np.concatenate(pair).std(ddof=1) for pair in zip(*runs, strict=True)]
    right = spreads.max(axis=0)
    if read.close(found, right, tolerance=1e-3):
        return right
    larger = "The task asks for the larger of the two."
    mistakes = {
        "spread is a fraction. The task asks for points.": right / 100,
        "spread divides by n. A sample of a few runs needs n - 1: `ddof=1`.": by_n.max(axis=0),
        f"You took the spread of the first model. {larger}": spreads[0],
        f"You took the spread of the second model. {larger}": spreads[1],
        f"You took the smaller spread. {larger}": spreads.min(axis=0),
        f"You took the mean of both spreads. {larger}": spreads.mean(axis=0),
        "You put the runs of both models together: then their difference counts as spread.": together,
    }
    read.tell_mistake(found, mistakes, tolerance=1e-3)
    raise Hint(f"spread is not {found[0]:.2f} points for pair 0. It is a standard deviation over the seeds.")


def _look_at_uncertainties(found: tuple[float, ...], right: np.ndarray) -> None:
    if read.close(found, right, tolerance=5e-3):
        return
    mistakes = {
        "uncertainty is a fraction. The task asks for points.": right / 100,
        "uncertainty is twice too large: the factor 2 belongs into the comparison.": 2 * right,
    }
    read.tell_mistake(found, mistakes, tolerance=5e-3)
    raise Hint(
        f"uncertainty is not {found[0]:.2f} points for pair 0. Look at the formula in the task: "
        "is the root over all of it? Is p a fraction?"
    )


def _look_at_verdicts(
    found: np.ndarray, difference: np.ndarray, spread: np.ndarray, uncertainty: np.ndarray
) -> None:
    size = np.abs(difference)
    is_far, is_clear = size > spread, size > 2 * uncertainty
    right = is_far & is_clear
    if np.array_equal(found, right):
        return
    signed = "A model can also be really worse. Compare the size of the difference, without its sign."
    alone = "You compare with the {} alone. {} are a source of luck too."
    once = "You compare with the uncertainty. The rule says: twice the uncertainty."
    mistakes = {
        signed: right & (difference > 0),
        alone.format("spread", "Few validation pictures"): is_far,
        alone.format("uncertainty", "The seeds"): is_clear,
        "One of the two conditions is enough for you. Both must hold.": is_far | is_clear,
        once: is_far & (size > uncertainty),
        "It is just the other way round: True means that the difference is real.": ~right,
    }
    read.tell_mistake(found, mistakes)
    wrong = read.first_difference(found, right)
    raise Hint(f"The numbers are right, the verdict on pair {wrong} is not. Hold both conditions against it.")


@judge("02.8", points=2, title="The best of twenty", hidden=True)
def best_of_twenty(answer: dict, data: dict) -> str:
    """Position of the chosen model, its honest score, and by how many points the other way is too good."""
    val, test = data["val"], data["test"]
    parts = read.items(answer, 3)
    chosen = read.whole_number(parts[0], what="chosen")
    score, too_good = (read.number(parts[i], what=name) for i, name in ((1, "score"), (2, "too_good")))
    best = int(val.argmax())
    if chosen == int(test.argmax()):
        raise Hint("You still choose on the test set. Then its score is the luckiest of twenty.")
    if chosen != best:
        note = " Positions are counted from 0." if abs(chosen - best) == 1 else ""
        raise Hint(f"Model {chosen} is not the one with the best validation accuracy.{note}")
    if not read.close(score, test[best]):
        mistakes = {
            "score is the accuracy by which you have chosen. That is too good as well: "
            "which set had no part in the choice?": val[best],
            "score is the best of the test set, not the one of the chosen model.": test.max(),
            "score is in per cent. The task asks for a fraction.": 100 * test[best],
            "score is the mean of all models. Report the chosen one.": test.mean(),
        }
        read.tell_mistake(score, mistakes)
        raise Hint(f"The choice is right, but score is not {score:.3f}. Which set had no part in the choice?")
    right = 100 * (test.max() - test[best])
    if not read.close(too_good, right, tolerance=1e-3):
        mistakes = {
            "too_good is a fraction. The task asks for points.": right / 100,
            "too_good is negative. It says how much the other way reports too much.": -right,
            "too_good compares validation and test. Compare what the two ways report: "
            "both take a number of the test set.": 100 * (val.max() - test[best]),
        }
        read.tell_mistake(too_good, mistakes, tolerance=1e-3)
        raise Hint(f"too_good is not {too_good:.2f}. What does the colleague report, and what do you?")
    return "All twenty are equally good: these points are nothing but luck."


@judge("02.9", points=3, title="Thirty-two pictures by heart")
def by_heart(answer: dict, data: dict) -> str:
    """The corrected model, its history, and its weights: what it knows is computed here, and not believed."""
    described, curve, weights = read.items(answer, 3)
    model, losses = read.model(described), read.history(curve).get("loss", [])
    if not losses:
        raise Hint("The history holds no loss. Leave the line with `fit` as it is.")
    low, high = read.input_range(model)
    if high - low > 10:
        raise Hint(
            f"The first loss was {losses[0]:,.0f}. Ten classes should give 2.3. "
            f"Which numbers reach the first Dense layer? They go from {low:,.0f} to {high:,.0f}."
        )
    activation, logits = read.last_activation(model), read.takes_logits(model)
    if activation == "softmax" and logits:
        raise Hint(
            f"The loss stops at {losses[-1]:.2f}. The last layer makes probabilities, "
            "but the loss is told that logits come. One of the two must change."
        )
    if activation == "linear" and not logits:
        raise Hint("The last layer gives logits now, but the loss expects probabilities: see `from_logits`.")
    if activation not in ("linear", "softmax"):
        raise Hint(f"The last layer has the activation {activation}. Which range must logits have?")
    logits = _logits(data["images"], weights, low, high)
    known = float((logits.argmax(axis=1) == data["labels"]).mean())
    is_known = known >= 31 / 32 and read.cross_entropy(logits, data["labels"]) < 0.8
    if not is_known:  # nan is smaller than nothing
        _tell_what_slows(model, losses, known)
    return f"From {losses[0]:.2f} to {losses[-1]:.3f}: it can learn. Now it may see all pictures."


def _logits(images: np.ndarray, weights: dict, low: float, high: float) -> np.ndarray:
    """Return what the network answers before any softmax: a hidden layer with ReLU, and the last one."""
    shapes = ((3072, 256), (256,), (256, 10), (10,))
    first, bias, last, last_bias = read.weights(weights, shapes, what="the list of weights")
    with np.errstate(all="ignore"):  # a network that learned too fast may hold huge numbers
        pixels = low + (high - low) / 255 * images.reshape(len(images), -1)
        return np.maximum(pixels @ first + bias, 0) @ last + last_bias


def _tell_what_slows(model: dict, losses: list[float], known: float) -> None:
    rate = read.compiled(model)["learning_rate"]
    if isinstance(rate, float) and rate > 0.02:
        raise Hint(
            f"Range and loss are right now. But the loss went from {losses[0]:.2f} to {max(losses):,.1f} on "
            f"its way: each step is too large. Look at the number that says how large."
        )
    if isinstance(rate, float) and rate < 2e-4:
        raise Hint(f"The steps are so small now that {len(losses)} epochs are not enough.")
    if not any(layer["config"].get("activation") == "relu" for layer in read.all_layers(model)):
        raise Hint("There is no ReLU left. Keep the other layers; only what is wrong changes.")
    raise Hint(f"{known:.0%} of the 32 pictures are known at last, and the loss is {losses[-1]:.2f}.")


questions_of(__file__)
