"""Typical wrong answers of lesson 05: code for the gap, and a part of the hint that it must get."""

from __future__ import annotations

BINS = """
confidence, predicted = probabilities.max(axis=1), probabilities.argmax(axis=1)
rows = pd.DataFrame({"confidence": confidence, "accuracy": predicted == labels})
groups = rows.groupby(np.ceil(confidence * bins))
table = groups.mean().assign(pictures=groups.size())
"""

LOSSES = """
losses = []
for temperature in temperatures:
    chances = probabilities(logits / temperature)
    losses.append(-np.log(chances[np.arange(len(labels)), labels]).mean())
best = np.argmin(losses)
"""

WRONG = {
    "05.1": [
        (
            'rows = records[(records["data"] == data) & (records["metric"] == "accuracy")]\n'
            'return rows.groupby("model")["value"].agg(["mean", "std"])',
            "look at `split`",
        ),
        (
            'rows = records[(records["data"] == data) & (records["split"] == "test")]\n'
            'return rows.groupby("model")["value"].agg(["mean", "std"])',
            "look at the column `metric`",
        ),
        (
            'rows = records[(records["metric"] == "accuracy") & (records["split"] == "test")]\n'
            'return rows.groupby("model")["value"].agg(["mean", "std"])',
            "look at the column `data`",
        ),
        (
            'rows = records[(records["data"] == data) & (records["metric"] == "accuracy")]\n'
            'rows = rows[rows["split"] == "test"]\n'
            'groups = rows.groupby("model")["value"]\n'
            'return groups.mean().to_frame("mean").assign(std=groups.std(ddof=0))',
            "divides by n;",
        ),
        (
            'rows = records[(records["data"] == data) & (records["metric"] == "accuracy")]\n'
            'rows = rows[rows["split"] == "val"]\n'
            'return rows.groupby("model")["value"].agg(["mean", "std"])',
            "These are validation accuracies",
        ),
        (
            'rows = records[(records["data"] == data) & (records["metric"] == "accuracy")]\n'
            'rows = rows[rows["split"] == "test"]\n'
            'return 100 * rows.groupby("model")["value"].agg(["mean", "std"])',
            "These are per cent",
        ),
        ('return records.groupby("split")["value"].agg(["mean", "std"])', "One row a model"),
    ],
    "05.2": [
        (
            "epoch = (val_accuracy >= share * val_accuracy[-1]).argmax() + 1\n"
            "return epoch, seconds[:epoch].sum()",
            "compare with the last accuracy",
        ),
        (
            "epoch = (val_accuracy >= share * val_accuracy.max()).argmax()\n"
            "return epoch, seconds[:epoch].sum()",
            "count from 0, epochs from 1",
        ),
        (
            "epoch = (val_accuracy >= share).argmax() + 1\nreturn epoch, seconds[:epoch].sum()",
            "not an accuracy",
        ),
        (
            "epoch = (val_accuracy >= share * val_accuracy.max()).argmax() + 1\n"
            "return epoch, seconds[epoch - 1]",
            "took alone",
        ),
        (
            "epoch = (val_accuracy >= share * val_accuracy.max()).argmax() + 1\n"
            "return epoch, seconds[:epoch - 1].sum()",
            "ends one epoch too early",
        ),
        (
            "epoch = (val_accuracy >= share * val_accuracy.max()).argmax() + 1\n"
            "return epoch, epoch * seconds.mean()",
            "mean of all epochs",
        ),
        (
            "epoch = val_accuracy.argmax() + 1\nreturn epoch, seconds[:epoch].sum()",
            "epoch of the best accuracy",
        ),
        (
            "below = np.flatnonzero(val_accuracy < share * val_accuracy.max())\n"
            "epoch = below[-1] + 2\n"
            "return epoch, seconds[:epoch].sum()",
            "on the curve stays above",
        ),
    ],
    "05.3": [
        ('return np.asarray(ImageOps.fit(image.convert("RGB"), (32, 32)))', "on white first"),
        (
            'image = image.convert("RGBA")\n'
            'white = Image.new("RGBA", image.size, "white")\n'
            'image = Image.alpha_composite(white, image).convert("RGB")\n'
            "return np.asarray(image.resize((32, 32)))",
            "is squeezed",
        ),
        ('return np.asarray(ImageOps.fit(image.convert("RGBA"), (32, 32)))', "four channels"),
        (
            'image = image.convert("RGBA")\n'
            'white = Image.new("RGBA", image.size, "white")\n'
            'image = Image.alpha_composite(white, image).convert("RGB")\n'
            "return np.asarray(ImageOps.fit(image, (32, 32))) / 255",
            "its own scaling",
        ),
        (
            'image = image.convert("RGBA")\n'
            'white = Image.new("RGBA", image.size, "white")\n'
            'image = Image.alpha_composite(white, image).convert("RGB")\n'
            "return np.asarray(ImageOps.pad(image, (32, 32)))",
            "has borders",
        ),
        (
            'image = image.convert("RGBA")\n'
            'white = Image.new("RGBA", image.size, "white")\n'
            'image = Image.alpha_composite(white, image).convert("L")\n'
            "return np.asarray(ImageOps.fit(image, (32, 32)))",
            "has the shape (32, 32).",
        ),
    ],
    "05.4": [
        ("return outputs.mean(axis=0).argmax(axis=1)", "You average logits"),
        (
            "labels = outputs.argmax(axis=2)\n"
            "return np.array([np.bincount(votes, minlength=10).argmax() for votes in labels.T])",
            "votes of the majority",
        ),
        ("return outputs.argmax(axis=2).mean(axis=0)", "You average labels"),
        (
            "chances = np.array([probabilities(logits) for logits in outputs])\n"
            "return chances.max(axis=0).argmax(axis=1)",
            "one model that is most sure",
        ),
        ("return outputs.argmax(axis=2)", "labels of each model"),
        (
            "chances = np.array([probabilities(logits) for logits in outputs])\nreturn chances.mean(axis=0)",
            "ten numbers a picture",
        ),
        ("return outputs[1].argmax(axis=1)", "model 1 alone"),
    ],
    "05.5": [
        (
            BINS + 'gaps = (table["confidence"] - table["accuracy"]).abs()\nreturn table, gaps.mean()',
            "plain mean over bins",
        ),
        (
            "rows = pd.DataFrame({\n"
            '    "confidence": probabilities[np.arange(len(labels)), labels],\n'
            '    "accuracy": probabilities.argmax(axis=1) == labels,\n'
            "})\n"
            'groups = rows.groupby(np.ceil(rows["confidence"] * bins))\n'
            "return groups.mean().assign(pictures=groups.size()), 0.1",
            "probability of the true class",
        ),
        (
            BINS + 'gaps = (table["confidence"] - table["accuracy"]).abs()\n'
            'return table, 100 * np.average(gaps, weights=table["pictures"])',
            "in per cent",
        ),
        (
            BINS + 'gaps = (table["confidence"] - table["accuracy"]).abs()\nreturn table, gaps.max()',
            "largest gap of a bin",
        ),
        (
            BINS + 'gaps = (table["confidence"] - table["accuracy"]).abs()\n'
            'return table, (gaps * table["pictures"]).sum()',
            "multiplied by pictures",
        ),
        (
            "confidence = probabilities.max(axis=1)\n"
            'rows = pd.DataFrame({"confidence": confidence,\n'
            '                     "accuracy": probabilities.argmax(axis=1) == labels})\n'
            "groups = rows.groupby(pd.qcut(confidence, bins), observed=True)\n"
            "return groups.mean().assign(pictures=groups.size()).reset_index(drop=True), 0.1",
            "same number of pictures each",
        ),
    ],
    "05.6": [
        (
            LOSSES.replace("logits / temperature", "logits * temperature")
            + "return temperatures[best], losses[best]",
            "You multiply by the temperature",
        ),
        (LOSSES + "return best, losses[best]", "Is this a position"),
        (
            LOSSES.replace("argmin", "argmax") + "return temperatures[best], losses[best]",
            "A loss is better if it is lower",
        ),
        (LOSSES + "return temperatures[best], -losses[best]", "Your loss is negative"),
        (LOSSES + "return temperatures[best], losses[best] * len(labels)", "Your loss is a sum"),
        (
            "sure = [probabilities(logits / t).max(axis=1).mean() for t in temperatures]\n"
            "return temperatures[np.argmin(sure)], min(sure)",
            "Least sure is not best",
        ),
        (
            LOSSES + "return temperatures[best], losses[temperatures.index(1.0)]",
            "loss without a temperature",
        ),
    ],
    "05.7": [
        (
            'sees_test = log["pictures"].str.contains("test")\n'
            'return np.flatnonzero((log["action"] != "report") & sees_test)',
            "after the first report",
        ),
        ('return np.flatnonzero(log["pictures"].str.contains("test"))', "Some only reported"),
        (
            'is_report = log["action"] == "report"\n'
            'opened = (is_report & (log["pictures"] == "test")).argmax()\n'
            "is_late = np.arange(len(log)) > opened\n"
            'return np.flatnonzero(~is_report & ((log["pictures"] == "test") | is_late))',
            "finds only the text `test`",
        ),
        (
            'is_report = log["action"] == "report"\n'
            'opened = (is_report & (log["pictures"] == "test")).argmax()\n'
            "return np.flatnonzero(~is_report & (np.arange(len(log)) > opened))",
            "came too late",
        ),
        (
            'sees_test = log["pictures"].str.contains("test")\n'
            'is_report = log["action"] == "report"\n'
            "is_late = np.arange(len(log)) > (is_report & sees_test).argmax()\n"
            'return np.flatnonzero((log["action"] == "choose") & (sees_test | is_late))',
            "Fitting learns from pictures too",
        ),
        ("return np.array([])", "You found none"),
        ('return (log["action"] == "fit").to_numpy()', "mask of True and False"),
    ],
}
