"""What lies where in the folder of a run (OUT). No other module of the course spells these names.

OUT/NN_name.ipynb               an executed lesson; NN_name.unfinished.ipynb while it runs, or if it failed
OUT/run.json                    what was run, with which parameters, and how it ended
OUT/report.html                 the page that shows it all
OUT/records/*.json              one file a measured number
OUT/figures/NN-*.png, *.txt     figures with their text alternative
OUT/scripts/NN_name.py          the code of a lesson
OUT/runs/<model>-<seed>/        one training: training.json and the files named below
OUT/served.keras, served.json   the model of lesson 13, and its card
OUT/checkpoints/NN/<name>/      what a training of a lesson goes on from; see system/checkpoints.py
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

TRAINING = "training.json"  # the files in the folder of one training
MODEL = "model.keras"
HISTORY = "history.csv"
PREDICTIONS = "val_predictions.npz"
CHECKPOINTS = "checkpoints"  # also their folder in the cache
UNFINISHED = ".unfinished.ipynb"


def run_facts(out: Path) -> Path:
    """Return the file that tells what was run in the folder."""
    return out / "run.json"


def report(out: Path) -> Path:
    """Return the page that shows what the run measured."""
    return out / "report.html"


def records(out: Path) -> Path:
    """Return the folder of the records."""
    return out / "records"


def folders(out: Path) -> list[Path]:
    """Return the folders that lessons write to."""
    return [records(out), figures(out), out / "runs", out / "scripts", checkpoints(out)]


def record_files(out: Path) -> list[Path]:
    """Return the records, sorted by name."""
    return sorted(records(out).glob("*.json"))


def figures(out: Path) -> Path:
    """Return the folder of the figures."""
    return out / "figures"


def figures_of(out: Path, number: str, kind: str = "") -> list[Path]:
    """Return the files of a lesson's figures, sorted by name.

    Args:
        out: folder of the run.
        number: of the lesson, for example ``"03"``.
        kind: end of the names, for example ``".png"``; empty: pictures and texts.
    """
    return sorted(figures(out).glob(f"{number}-*{kind}"))


def script(out: Path, lesson: str) -> Path:
    """Return the plain code of a lesson, named without its end."""
    return out / "scripts" / f"{lesson}.py"


def unfinished(out: Path, lesson: str) -> Path:
    """Return the notebook of a lesson that did not come to its end, or has not yet."""
    return out / f"{lesson}{UNFINISHED}"


def training(out: Path, name: str) -> Path:
    """Return the folder of one training."""
    return out / "runs" / name


def checkpoints(out: Path, number: str = "") -> Path:
    """Return the folder of a lesson's checkpoints, a folder for each training; without number, of all."""
    return out / CHECKPOINTS / number


def served(out: Path) -> Path:
    """Return the file of the model that is served; its card has the same name, ending in .json."""
    return out / "served.keras"


def trainings(out: Path) -> list[Path]:
    """Return the folders of all trainings, sorted by name; one that is being written begins with a dot."""
    return [path for path in sorted((out / "runs").glob("[!.]*")) if path.is_dir()]


def training_files(out: Path) -> list[Path]:
    """Return the files that tell of trainings."""
    return [path for folder in trainings(out) if (path := folder / TRAINING).exists()]


def slug(text: str) -> str:
    """Return a file name for a text: lower case, words joined by ``-``."""
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-")


def own_path(folder: Path, name: str, ending: str, same: dict[str, object], *, facts: str) -> Path:
    """Return where results of this name lie: its slug, with a digest where another name has taken that.

    Names such as "CNN" and "CNN+", or names in other scripts, have the same slug.

    Args:
        folder: where results lie.
        name: of these results.
        ending: of the path.
        same: what results of the same name say of themselves.
        facts: the file inside the path that says it; empty: the path itself.
    """
    digest = hashlib.blake2b(name.encode(), digest_size=4).hexdigest()
    path = folder / f"{slug(name) or digest}{ending}"
    try:
        there = json.loads((path / facts if facts else path).read_text(encoding="utf-8"))
        is_taken = any(there[key] != value for key, value in same.items())
    except (OSError, ValueError, TypeError, KeyError):  # nothing there, or nothing that can be kept
        is_taken = False
    return folder / f"{slug(name)}-{digest}{ending}" if is_taken else path
