"""Typical wrong answers of lesson 05; their form: see ``exercise_runs.wrong_answers``."""

from __future__ import annotations

POPULATION = '.agg(mean="mean", std=lambda values: values.std(ddof=0))'
MAJORITY = """
labels = outputs.argmax(axis=2)
return np.array([np.bincount(votes, minlength=10).argmax() for votes in labels.T])
"""
AVERAGE = 'np.average(gaps, weights=table["pictures"])'

WRONG = {
    "05.1": [
        ("look at `split`", ' & (rows["split"] == "test")', ""),
        ("look at the column `metric`", '(rows["metric"] == "accuracy") & ', ""),
        ("look at the column `data`", 'records[records["data"] == data]', "records"),
        ("divides by n;", '.agg(["mean", "std"])', POPULATION),
        ("These are validation accuracies", '"test"', '"val"'),
        ("These are per cent", "return rows", "return 100 * rows"),
        ("One row a model", '"model"', '"split"'),
    ],
    "05.2": [
        ("compare with the last accuracy", "val_accuracy.max()", "val_accuracy[-1]"),
        ("count from 0, epochs from 1", " + 1", ""),
        ("not an accuracy", " * val_accuracy.max()", ""),
        ("took alone", "seconds[:epoch].sum()", "seconds[epoch - 1]"),
        ("ends one epoch too early", "[:epoch]", "[: epoch - 1]"),
        ("mean of all epochs", "seconds[:epoch].sum()", "epoch * seconds.mean()"),
        ("epoch of the best accuracy", "enough.argmax", "val_accuracy.argmax"),
        ("on the curve stays above", "enough.argmax() + 1", "np.flatnonzero(~enough)[-1] + 2"),
    ],
    "05.3": [
        ("on white first", "Image.alpha_composite(white, image)", "image"),
        ("is squeezed", "ImageOps.fit(image, (32, 32))", "image.resize((32, 32))"),
        ("four channels", '.convert("RGB")', ""),
        ("its own scaling", "(32, 32)))", "(32, 32))) / 255"),
        ("has borders", "ImageOps.fit", "ImageOps.pad"),
        ("has the shape (32, 32).", '"RGB")', '"L")'),
    ],
    "05.4": [
        ("You average logits", "np.mean(chances", "np.mean(outputs"),
        ("votes of the majority", MAJORITY),
        ("You average labels", "return outputs.argmax(axis=2).mean(axis=0)"),
        ("one model that is most sure", "np.mean(", "np.max("),
        ("labels of each model", "return outputs.argmax(axis=2)"),
        ("ten numbers a picture", ".argmax(axis=1)", ""),
        ("model 1 alone", "return outputs[1].argmax(axis=1)"),
    ],
    "05.5": [
        ("plain mean over bins", AVERAGE, "gaps.mean()"),
        (
            "probability of the true class",
            "probabilities.max(axis=1)",
            "probabilities[np.arange(len(labels)), labels]",
        ),
        ("in per cent", "np.average", "100 * np.average"),
        ("largest gap of a bin", AVERAGE, "gaps.max()"),
        ("multiplied by pictures", AVERAGE, '(gaps * table["pictures"]).sum()'),
        (
            "same number of pictures each",
            "np.ceil(confidence * bins)",
            "pd.qcut(confidence, bins), observed=True",
            "groups.size())",
            "groups.size()).reset_index(drop=True)",
        ),
    ],
    "05.6": [
        ("You multiply by the temperature", "logits / temperature", "logits * temperature"),
        ("Is this a position", "temperatures[best]", "best"),
        ("A loss is better if it is lower", "argmin", "argmax"),
        ("Your loss is negative", ", losses[best]", ", -losses[best]"),
        ("Your loss is a sum", ", losses[best]", ", losses[best] * len(labels)"),
        ("Least sure is not best", "-np.log(chances[np.arange(len(labels)), labels])", "chances.max(axis=1)"),
        ("loss without a temperature", ", losses[best]", ", losses[temperatures.index(1.0)]"),
    ],
    "05.7": [
        ("after the first report", "(sees_test | is_late)", "sees_test"),
        ("Some only reported", "~is_report & (sees_test | is_late)", "sees_test"),
        ("finds only the text `test`", 'log["pictures"].str.contains("test")', '(log["pictures"] == "test")'),
        ("came too late", "(sees_test | is_late)", "is_late"),
        ("Fitting learns from pictures too", "~is_report &", '(log["action"] == "choose") &'),
        ("You found none", "return np.array([])"),
        ("mask of True and False", "np.flatnonzero(~is_report & (sees_test | is_late))", "~is_report"),
    ],
}
