"""Right answers of lesson 05."""

from __future__ import annotations

import numpy as np
import pandas as pd
from PIL import Image, ImageOps

from course_utils.checks.judges import Hint, judge, questions_of, read
from course_utils.evaluation import probabilities as softmax


@judge("05.1", points=1, title="Mean and spread from the records", hidden=True)
def records(answer: dict, data: dict) -> str:
    """A table: model -> mean and std of the test accuracy."""
    table = read.table(answer, ("mean", "std"))
    names = sorted(set(data["records"]["model"]))
    if sorted(map(str, table.index)) != names:
        raise Hint(
            f"The rows of your table are {list(table.index)[:6]}. One row a model is expected, "
            "with the model's name as index: `groupby` makes such a table."
        )
    found = table.loc[names, ["mean", "std"]].to_numpy()
    if found.dtype.kind not in "fiu":
        raise Hint("Your columns `mean` and `std` do not hold numbers.")
    right = _summary(data)
    if read.close(found, right):
        return "Every number in a report should be traceable like this: from records, by a rule."
    mistakes = {
        "Accuracies and losses are mixed: look at the column `metric`.": _summary(data, metric=None),
        "Validation and test accuracies are mixed: look at `split`.": _summary(data, split=None),
        "These are validation accuracies. Which split does a report show?": _summary(data, split="val"),
        "Drawn pictures and photographs are mixed: look at the column `data`.": _summary(data, data=None),
        "These are the losses.": _summary(data, metric="loss"),
        "These are per cent. Keep fractions, as the records do.": 100 * right,
    }
    read.tell_mistake(found, mistakes)
    if read.close(found[:, 0], right[:, 0]):
        mistakes = {
            "The means are right. Your spread divides by n; with few seeds divide by n - 1, "
            "as pandas does by itself (in numpy: `ddof=1`).": _summary(data, ddof=0)[:, 1],
            "The means are right. Your spread is the variance; `std` is its square root.": right[:, 1] ** 2,
        }
        read.tell_mistake(found[:, 1], mistakes)
        raise Hint("The means are right, the spread is not: take the standard deviation over the seeds.")
    raise Hint(
        f"For {names[0]} your mean is {found[0, 0]:.3f}. Select rows by `data`, `metric` and `split` first; "
        "how many rows are left for this model?"
    )


def _summary(given: dict, /, *, ddof: int = 1, **other: str | None) -> np.ndarray:
    """Return mean and std of each model, in order of name; a condition that is None is left out."""
    rows = given["records"]
    conditions = {"data": given["data"], "metric": "accuracy", "split": "test"} | other
    for column, value in conditions.items():
        rows = rows if value is None else rows[rows[column] == value]
    values = rows.groupby("model")["value"]
    return np.column_stack([values.mean(), values.std(ddof=ddof)])


@judge("05.2", points=1, title="How soon is it good enough?", hidden=True)
def soon_enough(answer: dict, data: dict) -> str:
    """The first epoch with that share of the best accuracy, and the seconds until its end."""
    parts = read.items(answer, 2)
    epoch = read.whole_number(parts[0], what="the epoch")
    spent = read.number(parts[1], what="the time")
    curve, seconds, share = (data[name] for name in ("val_accuracy", "seconds", "share"))
    right = _first(curve >= share * curve.max())
    if epoch != right:
        _tell_epoch(epoch, curve, share, right)
    if not abs(spent - seconds[:right].sum()) < 0.05:
        alone = "The epoch is right, but this is how long that epoch took alone. Add those before it."
        short = "The epoch is right. Your time ends one epoch too early: a slice leaves out its end."
        mean = "The epoch is right. You use the mean of all epochs; here the first one takes longer. Add up."
        mistakes = {
            alone: seconds[right - 1],
            "The epoch is right, but this is the time of the whole training.": seconds.sum(),
            short: seconds[: right - 1].sum(),
            "The epoch is right. Your time goes one epoch too far.": seconds[: right + 1].sum(),
            mean: right * seconds.mean(),
        }
        read.tell_mistake(spent, mistakes, within=0.05)
        raise Hint(f"The epoch is right, but {spent:.1f} s is not the sum of the seconds up to its end.")
    return f"The other {len(curve) - right} epochs bought the last {1 - share:.0%}."


def _first(enough: np.ndarray) -> int:
    return int(enough.argmax()) + 1


def _tell_epoch(epoch: int, curve: np.ndarray, share: float, right: int) -> None:
    hints = {
        right - 1: "Your epoch is one too early: positions in an array count from 0, epochs from 1.",
        right + 1: "Your epoch is one too late. Is the epoch that reaches it exactly counted?",
        _first(curve >= share * curve[-1]): "You compare with the last accuracy. Is the last one the best?",
        int(curve.argmax()) + 1: "This is the epoch of the best accuracy. Which one comes close to it first?",
        int(np.flatnonzero(curve < share * curve.max())[-1]) + 2: (
            "From this epoch on the curve stays above. The task asks for the first time that it gets there."
        ),
        1: f"Does epoch 1 reach it? `{share}` is a share of the best accuracy, not an accuracy.",
    }
    raise Hint(
        hints.get(epoch, f"Epoch {epoch} is not the first. What is {share:.0%} of the best accuracy here?")
    )


@judge("05.3", points=2, title="Any picture", hidden=True)
def any_picture(answer: dict, data: dict) -> str:
    """The pictures as uint8 (32, 32, 3)."""
    images = data["images"]
    for part, image in zip(read.items(answer, len(images)), images, strict=True):
        name = f"the result for the {image.mode} picture of {image.width}×{image.height}"
        found = read.numbers(part, what=name)
        wrong = _wrong_form(found) or _wrong_pixels(found.astype("float64"), image)
        if wrong:
            raise Hint(f"{read.start(name)} {wrong}")
    return "Four kinds of files, one kind of picture: now the model may look."


def _wrong_form(found: np.ndarray) -> str:
    if found.ndim == 2:
        return (
            f"has the shape {found.shape}. Three colours are expected: `convert` turns grey pictures "
            "and numbers of a palette into RGB."
        )
    if found.shape[-1] == 4:
        return "still has four channels. The fourth one says how opaque a pixel is."
    if found.shape != (32, 32, 3):
        return f"has the shape {found.shape}. The shape (32, 32, 3) is expected."
    if found.dtype != "uint8":
        return f"has the dtype {found.dtype}. The model contains its own scaling: give it uint8."
    return ""


def _wrong_pixels(found: np.ndarray, image: Image.Image) -> str:
    on_white, on_black = (_on(image, colour) for colour in ("white", "black"))
    right = ImageOps.fit(on_white, (32, 32))
    if _distance(found, right) < 6:
        return ""
    if _distance(found, on_white.resize((32, 32))) < 6:
        return "is squeezed: all of it is there, but no longer in proportion. Cut out a square."
    dark = [ImageOps.fit(one, (32, 32)) for one in (image.convert("RGB"), on_black)]
    if image.mode == "RGBA" and min(_distance(found, one) for one in dark) < 6:
        return (
            "is dark where it should be transparent. `convert` drops the transparency and "
            "shows the colours that were hidden. Put the picture on white first."
        )
    corner = on_white.crop((0, 0, min(image.size), min(image.size))).resize((32, 32))
    if _distance(found, corner) < 6:
        return "shows the beginning of the picture. Cut out the square in the middle."
    if _distance(found, ImageOps.pad(on_white, (32, 32))) < 9:
        return "has borders around it. Cut the middle out; do not pad."
    if _distance(found[..., ::-1], right) < 6:
        return "has red and blue swapped."
    return "looks different from what is expected. Show it beside the original."


def _on(image: Image.Image, colour: str) -> Image.Image:
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, colour), image).convert("RGB")


def _distance(found: np.ndarray, image: Image.Image) -> float:
    return float(np.abs(found - np.asarray(image, "float64")).mean())


@judge("05.4", points=2, title="Three models vote", hidden=True)
def soft_vote(answer: dict, data: dict) -> str:
    """Labels by the mean of the probabilities."""
    outputs = data["outputs"].astype("float64")
    values = read.array(answer)
    count = outputs.shape[1]
    if values.shape == (count, 10):
        raise Hint("These are ten numbers a picture. Which class has the largest?")
    if values.shape == outputs.shape[:2]:
        raise Hint("These are labels of each model, (3, n). The vote is one label a picture, (n,).")
    if values.shape == (3,):
        raise Hint("You have one number a model: the mean or argmax runs over the wrong axis.")
    averaged = "You average labels: a ship (8) and a bird (2) do not make a deer (5)."
    if values.ndim == 1 and not np.array_equal(values, np.round(values)):
        raise Hint(f"{averaged} Average before.")
    found = read.labels(answer, count)
    chances = np.stack([softmax(logits).astype("float64") for logits in outputs])
    right = chances.mean(axis=0).argmax(axis=1)
    if np.array_equal(found, right):
        return "Soft votes keep what hard votes throw away: how sure each model is."
    labels = chances.argmax(axis=2)
    votes = np.stack([(labels == label).sum(axis=0) for label in range(10)], axis=1)
    flat = np.exp(outputs - outputs.max())
    of_logits = (
        "You average logits, or multiply probabilities (both name the same class). One of these models has "
        "logits several times as large, so it decides alone. Average probabilities."
    )
    majority = (
        "These are the votes of the majority. How sure each model is was lost: average first, then choose."
    )
    axis = "Your softmax does not sum to 1 for each picture: look at its axis."
    mistakes = {
        of_logits: outputs.mean(axis=0).argmax(axis=1),
        majority: votes.argmax(axis=1),
        averaged: labels.mean(axis=0).round(),
        "You take the one model that is most sure. The task asks for the mean.": chances.max(0).argmax(1),
        axis: (flat / flat.sum((1, 2), keepdims=True)).mean(axis=0).argmax(axis=1),
        **{f"These are the labels of model {number} alone.": labels[number] for number in range(3)},
    }
    read.tell_mistake(found, mistakes)
    missed = int((found != right).sum())
    raise Hint(f"{missed} of {count} labels differ. Softmax for each model, mean over models, argmax.")


@judge("05.5", points=2, title="Does it know what it knows?", hidden=True)
def calibration(answer: dict, data: dict) -> str:
    """A table of bins, and the expected calibration error."""
    first, second = read.items(answer, 2)
    table = read.table(first, ("confidence", "accuracy", "pictures"), what="the table")
    error = read.number(second, what="the error")
    right = _bins(data["probabilities"], data["labels"], data["bins"])
    _look_at_bins(table, right, data)
    share = right["pictures"] / right["pictures"].sum()
    gaps = right["confidence"] - right["accuracy"]
    expected, signed = float((share * gaps.abs()).sum()), float((share * gaps).sum())
    if abs(error - expected) < 1e-4:
        return f"When this model says how sure it is, it is off by {100 * expected:.0f} points on average."
    mistakes = {
        "Your error is a plain mean over bins: a bin with many pictures counts more.": gaps.abs().mean(),
        "Your error is a sum over bins without weights: each bin counts by its share of pictures.": (
            gaps.abs().sum()
        ),
        "Your error is in per cent: keep a fraction.": 100 * expected,
        "Your error is multiplied by pictures, not by their share.": expected * right["pictures"].sum(),
        "This is the largest gap of a bin. The expected error is a weighted mean.": gaps.abs().max(),
        "Your error is a mean of squares: take sizes.": (share * gaps**2).sum(),
    }
    if abs(abs(signed) - expected) > 1e-4:
        mistakes["In your error, gaps up and down cancel out: take their size."] = signed
    mistakes = {f"The table is right. {hint}": value for hint, value in mistakes.items()}
    read.tell_mistake(error, mistakes, within=1e-4)
    raise Hint(f"The table is right, but the error is not {error:.4g}: weight each gap by its share.")


def _bins(chances: np.ndarray, labels: np.ndarray, bins: int, *, confidence: object = None) -> pd.DataFrame:
    sure = chances.max(axis=1) if confidence is None else confidence
    rows = pd.DataFrame({"confidence": sure, "accuracy": chances.argmax(axis=1) == labels})
    groups = rows.groupby(np.ceil(sure * bins))
    return groups.mean().assign(pictures=groups.size()).reset_index(drop=True)


def _look_at_bins(table: pd.DataFrame, right: pd.DataFrame, data: dict) -> None:
    columns = ["confidence", "accuracy", "pictures"]
    if any(table[name].dtype.kind not in "fiub" for name in columns):
        raise Hint("The table holds something that is no number.")
    found = table[columns].astype("float64")
    found = found[found["pictures"] > 0].sort_values("confidence")
    chances, labels, bins = (data[name] for name in ("probabilities", "labels", "bins"))
    if found["pictures"].sum() != len(labels):
        raise Hint(
            f"Your bins hold {found['pictures'].sum():.0f} pictures, there are {len(labels)}: "
            "each picture belongs to one bin."
        )
    if _agree(found, right):
        return
    of_truth = chances[np.arange(len(labels)), labels]
    if _agree(found, _bins(chances, labels, bins, confidence=of_truth)):
        raise Hint("Your confidence is the probability of the true class. A model does not know that one.")
    if len(found) > bins:
        raise Hint(f"Your table has {len(found)} rows; {bins} bins were asked for.")
    if np.ptp(found["pictures"]) <= 1:
        raise Hint("Your bins hold the same number of pictures each. Here all bins are equally wide.")
    if _agree(found[["confidence", "pictures"]], right):
        raise Hint("Bins and confidences are right, accuracies are not: the share of right labels in a bin.")
    if _agree(found[["accuracy", "pictures"]], right):
        raise Hint("Bins and accuracies are right. Confidence is a mean over the bin's pictures.")
    counts = ", ".join(f"{count:.0f}" for count in found["pictures"])
    raise Hint(
        f"Your bins hold {counts} pictures. Divide 0 to 1 into {bins} parts of equal width, and sort the "
        "pictures by their largest probability."
    )


def _agree(found: pd.DataFrame, right: pd.DataFrame) -> bool:
    return read.close(found.to_numpy(), right[found.columns].to_numpy("float64"))


@judge("05.6", points=2, title="Cool an over-confident model", hidden=True)
def temperature(answer: dict, data: dict) -> str:
    """The temperature with the lowest loss, and that loss."""
    found, loss = read.each(read.number, answer, ("the temperature", "the loss"))
    logits, labels, temperatures = (data[name] for name in ("logits", "labels", "temperatures"))
    losses = [read.cross_entropy(logits / value, labels) for value in temperatures]
    right = min(losses)
    if abs(found - temperatures[losses.index(right)]) > 1e-6:
        _tell_temperature(found, losses, data)
    if abs(loss - right) < 1e-3:
        return "Each label stayed as it was. Only the model's trust in itself changed."
    mistakes = {
        "This is the loss without a temperature.": read.cross_entropy(logits, labels),
        "Your loss is a sum. Take the mean over pictures.": right * len(labels),
        "Your loss is negative. It is minus the mean logarithm.": -right,
        "This is the mean logarithm to base 2. Losses use the natural one.": right / np.log(2),
    }
    mistakes = {f"The temperature is right. {hint}": value for hint, value in mistakes.items()}
    read.tell_mistake(loss, mistakes, tolerance=1e-3)
    raise Hint(f"The temperature is right, but the loss there is not {loss:.4g}.")


def _tell_temperature(found: float, losses: list[float], data: dict) -> None:
    logits, labels, temperatures = (data[name] for name in ("logits", "labels", "temperatures"))
    tried = min(range(len(temperatures)), key=lambda place: abs(temperatures[place] - found))
    if abs(found - temperatures[tried]) >= 1e-6:  # float32 has fewer digits
        raise Hint(f"{found:g} is none of the temperatures. Is this a position, or a loss?")
    if tried == np.argmin([read.cross_entropy(logits * value, labels) for value in temperatures]):
        raise Hint("You multiply by the temperature. Divide: hot means less sure.")
    if tried == len(temperatures) - 1:
        raise Hint("At this temperature the model is least sure. Least sure is not best: use the labels.")
    if losses[tried] == max(losses):
        raise Hint(
            "At this temperature the loss is highest. A loss is better if it is lower. (If you compared "
            "accuracies: no temperature changes which logit is the largest.)"
        )
    raise Hint(
        f"At {temperatures[tried]:g} the loss is {losses[tried]:.3f}; another temperature is better. "
        "Divide the logits, then softmax, then the loss of the true classes."
    )


@judge("05.7", points=3, title="Who opened the test set?", hidden=True)
def leaks(answer: dict, data: dict) -> str:
    """Positions of steps that leak."""
    log = data["log"]
    none = "You found none. There are several: look at who saw the test pictures, and when."
    outside = f"There is no step {{}}: positions go from 0 to {len(log) - 1}."
    found = read.positions(answer, len(log), none=none, outside=outside)
    is_report, is_choice = ((log["action"] == action).to_numpy() for action in ("report", "choose"))
    sees_test = log["pictures"].str.contains("test").to_numpy()
    is_late = np.arange(len(log)) > np.flatnonzero(is_report & sees_test)[0]
    leaking = ~is_report & (sees_test | is_late)
    right = np.flatnonzero(leaking)
    if np.array_equal(found, right):
        return "The second report on the test set looks like the first. It is worth less."
    reports = "Reports are allowed: that is what the test set is for. Which actions change a model?"
    touched = (
        "You name all who touched the test set. Some only reported; others came later and knew the result."
    )
    no_early = "You found those that came too late. Others had test pictures before the report."
    masks = {
        "You found who used test pictures. But what about those who changed a model after the first report "
        "on the test set? They knew its result.": ~is_report & sees_test,
        reports: sees_test | (~is_report & is_late),
        touched: sees_test,
        "You miss steps that used the test pictures together with others: `==` finds only the text `test` "
        "alone.": ~is_report & ((log["pictures"] == "test").to_numpy() | is_late),
        no_early: ~is_report & is_late,
        "You look at choices only. Fitting learns from pictures too.": is_choice & (sees_test | is_late),
        "These are the clean steps.": ~leaking,
    }
    read.tell_mistake(found, {hint: np.flatnonzero(mask) for hint, mask in masks.items()})
    wrong = np.setdiff1d(found, right)
    if len(wrong):
        step = log.iloc[wrong[0]]
        raise Hint(
            f"Step {wrong[0]} is clean: {step['action']} the {step['what']}, {step['pictures']} pictures. "
            "Did it learn anything about the test set?"
        )
    raise Hint(f"What you found is right, but {len(right) - len(found)} steps are missing.")


questions_of(__file__)
