"""The bookkeeping of a lesson: its profile, its labels, its records, figures and tables."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from course_utils.errors import CourseError
from course_utils.profiles import Profile, check_overrides, check_seed, load_profile
from course_utils.records import record
from course_utils.reference import weights_words
from course_utils.runs import Training, save_run
from course_utils.system import run_folder
from course_utils.system.missing_steps import tell_missing_steps
from course_utils.system.paths import out_folder
from course_utils.system.quiet import import_keras_quietly
from course_utils.system.whole_file import write_whole
from course_utils.weights import check_weights, weights_label, weights_note

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure

    from course_utils.cifar10 import Cifar10

STAND_IN = "Drawn stand-in, not CIFAR-10 photographs"
BUNDLED_INSTEAD = "Bundled weights, not ImageNet's"
REFERENCE = "Reference results on CIFAR-10 photographs"


@dataclass
class Lesson:
    """One run of one lesson. Made by ``start_lesson``."""

    number: str
    profile: Profile
    data: str  # what to give load_cifar10
    weights: str  # what to give weights_path
    seed: int
    out: Path
    overrides: dict = field(default_factory=dict)  # values of the profile that were replaced
    source: str | None = None  # data label of records and figures, known once pictures are loaded
    used_weights: dict[str, str] = field(default_factory=dict)  # label of records -> note of records

    def use(self, cifar10: Cifar10) -> Profile:
        """Say where the pictures come from, label all that follows, and return the profile to work by.

        That is the lesson's own, but where the drawn stand-in took the place of photographs: it has fewer
        pictures than other profiles count on, so ``offline`` takes over. This is told.
        """
        fell_back = cifar10.source == "drawn" != self.data and self.profile.name != "offline"
        if fell_back:
            self.profile = load_profile("offline", **self.overrides)
        self._check_enough(cifar10.train_labels)
        self.source = cifar10.source
        print(cifar10.description)
        if fell_back:
            print("These are fewer pictures: from here on, the profile offline says how much is trained.")
        return self.profile

    def use_weights(self, path: str | None) -> str:
        """Say which weights a base starts from, and return the word that records use for them.

        Figures and tables that follow say so where ImageNet's were asked for and could not be had.

        Args:
            path: what ``weights_path`` returned.
        """
        label = weights_label(path)
        self.used_weights[label] = weights_note(path)
        return label

    def _check_enough(self, labels: np.ndarray) -> None:
        """Refuse, before any training, fewer pictures than the lesson's own cells can work with."""
        _, counts = np.unique(labels, return_counts=True)
        # Lesson 04 projects the validation pictures from 30 numbers, and asks their neighbours in five parts.
        to_validate = max(31, 5 * len(counts)) if self.number == "04" else max(10, len(counts))
        needed = math.ceil(to_validate / self.profile.val_fraction)
        if len(labels) < needed or counts.min() < 2:
            raise CourseError(
                f"Lesson {self.number} needs {needed:,} pictures to train, and two of each class at least.",
                cause=f"There are {len(labels):,}, and {counts.min():,} of the rarest class.",
                next_step="give more pictures by DATA; without a folder test, a sixth of them is set aside.",
            )

    def checkpoint(self, name: str) -> Path:
        """Return the folder for the checkpoints of a training; see ``resume.resumable``.

        Args:
            name: of the training; each of a lesson has its own.
        """
        return run_folder.checkpoints(self.out, self.number) / run_folder.slug(name)

    def record(
        self, model: str, metric: str, value: float, *, unit: str, split: str, **context: object
    ) -> None:
        """Record a number with this lesson's context. See ``records.record``."""
        context = self._context(context)
        record(self.number, model, metric, value, unit=unit, split=split, out=self.out, **context)

    def save_run(
        self,
        model_name: str,
        model: keras.Model,
        history: pd.DataFrame,
        *,
        val_labels: np.ndarray,
        val_probabilities: np.ndarray,
        seconds: float,
        train_pictures: int,
        seed: int | None = None,
        weights: str = "none",
    ) -> Training:
        """Save a training for lesson 05 with what it cost, and record its accuracy.

        Args:
            model_name: name as shown, for example ``"CNN"``.
            model: takes uint8 (n, 32, 32, 3), answers logits (n, 10).
            history: a table of ``runs.history_frame``.
            val_labels: int (n,).
            val_probabilities: float (n, 10), rows sum to 1.
            seconds: that the training took, computing features included.
            train_pictures: how many pictures it was trained on.
            seed: of this training; None: the lesson's.
            weights: that the base started from, as records call them (see ``use_weights``).
        """
        seed = self.seed if seed is None else seed
        told = {"seconds": round(seconds, 3), "weights": weights, "seed": seed}
        predictions = {"val_labels": val_labels, "val_probabilities": val_probabilities}
        facts = {"lesson": self.number, "train_pictures": train_pictures} | self._context(told)
        run = save_run(self.out, model_name, model, history, **predictions, **facts)
        self.record(model_name, "accuracy", run.val_accuracy, unit="fraction", split="val", **told)
        return run

    def show(self, figure: Figure, alt: str, *, save: str | None = None) -> None:
        """Show a figure with its text alternative, labelled where it shows the stand-in or fallback weights.

        Args:
            figure: what a function of ``plotting`` returned.
            alt: one sentence that tells a person who cannot see the figure what it shows.
            save: file name under ``figures/`` of the run; None: made from lesson and alt.
        """
        self._show(figure, alt, self._warning(), "#b03a2e", save)

    def show_reference(self, figure: Figure, alt: str, records: pd.DataFrame) -> None:
        """As ``show``, but the figure says what the reference results were measured on, not this lesson.

        Raises:
            CourseError: some of ``records`` (see ``reference.reference_records``) are of drawn pictures.
        """
        self._show(figure, alt, _measured_on(records), "#555555")

    def _show(self, figure: Figure, alt: str, note: str, color: str, save: str | None = None) -> None:
        from course_utils.plotting import show_png

        name = save or f"{self.number}-{run_folder.slug(alt)[:80].strip('-.')}.png"
        path = run_folder.figures(self.out) / name
        png, alt = show_png(figure, alt, note=note, color=color)
        write_whole(path, png)
        write_whole(path.with_suffix(".txt"), f"{alt}\n")

    def table(self, frame: pd.DataFrame, caption: str = "") -> None:
        """Show a table under its caption, labelled where it speaks of the stand-in or fallback weights."""
        self._table(frame, caption, self._warning())

    def show_reference_table(self, frame: pd.DataFrame, records: pd.DataFrame, caption: str = "") -> None:
        """As ``table``, but it says what the reference results were measured on, not this lesson.

        Raises:
            CourseError: some of ``records`` (see ``reference.reference_records``) are of drawn pictures.
        """
        self._table(frame, caption, _measured_on(records))

    def _table(self, frame: pd.DataFrame, caption: str, note: str) -> None:
        from IPython.display import display

        if note:
            caption = f"{caption} ({note})" if caption else note
        text = f"{caption}\n{frame.to_string()}".lstrip("\n")
        styler = frame.style.format(precision=3, thousands=" ", escape="html").set_caption(caption)
        display({"text/html": styler.to_html(exclude_styles=True), "text/plain": text}, raw=True)

    def _warning(self) -> str:
        """What each figure and table must say: pictures or weights are not what their names promise."""
        fell_back = self.weights == "imagenet" and "bundled" in self.used_weights
        stand_in = [STAND_IN] if self.source == "drawn" else []
        return "; ".join(stand_in + ([BUNDLED_INSTEAD] if fell_back else []))

    def _context(self, more: dict) -> dict:
        if self.source is None:
            raise CourseError(
                "The lesson does not know yet where its pictures come from.",
                cause="lesson.use(cifar10) was not called before a result was recorded.",
                next_step="run the cells from the top.",
            )
        context = {"data": self.source, "weights": "none", "profile": self.profile.name}
        context |= {"seed": self.seed} | more
        note = self.used_weights.get(context["weights"])
        return context | ({"note": note} if note else {})


def start_lesson(
    number: str,
    profile: str = "auto",
    data: str | Path | None = None,
    weights: str | Path | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    overrides: dict | None = None,
) -> Lesson:
    """Begin a lesson: choose its profile, print what was chosen and why, and return its bookkeeper.

    Args:
        number: of the lesson, for example ``"02"``.
        profile: see ``profiles.load_profile``.
        data: see ``cifar10.load_cifar10``; None: what the profile says.
        weights: see ``weights.weights_path``; None: what the profile says.
        seed: of every random choice, a whole number from 0 to 2,147,483,647.
        out: folder for figures, records and runs; None: ``build/course``.
        overrides: values of the profile to replace, for example ``{"cnn_epochs": 3}``.

    Raises:
        CourseError: a parameter is unknown or does not fit.
    """
    check_seed(seed)
    check_overrides(overrides)
    tell_missing_steps(number)
    import_keras_quietly()
    import keras

    chosen = load_profile(profile, **(overrides or {}))
    words = str(data or chosen.data), str(weights or chosen.weights)
    lesson = Lesson(number, chosen, *words, seed, out_folder(out), overrides or {})
    if chosen.deterministic and keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    check_weights(lesson.weights)  # an unknown word, or a file that is not there, fails in the first cell
    if data:
        from course_utils.system.download.mirrors import add_search_folder

        add_search_folder(data)  # a folder made by make fetch holds weights, too
    print(
        f"Profile {chosen.name}: {chosen.reason}. "
        f"Data: {lesson.data}. Weights: {lesson.weights}. Seed: {seed}."
    )
    return lesson


def _measured_on(records: pd.DataFrame) -> str:
    if "drawn" in set(records["data"]):
        raise CourseError(
            "These records cannot be shown as reference results.",
            cause="Some of them were measured on the drawn stand-in.",
            next_step="take records of real photographs: see reference.reference_records.",
        )
    weights = ", ".join(weights_words(records)) or "none"
    seeds = ", ".join(map(str, sorted(set(records["seed"]))))
    return f"{REFERENCE}; weights: {weights}; seeds: {seeds}"
