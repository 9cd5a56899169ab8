"""A training that was cut off ends as one that was not; a finished one is not trained again."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from small_trainings import EPOCHS, LABELS, PICTURES, STEPS, is_same, small_model, train

from course_utils.errors import CourseError
from course_utils.resume import resumable
from course_utils.system import resumable as engine
from course_utils.system.checkpoints import Checkpoints

pytestmark = pytest.mark.usefixtures("deterministic")
VALIDATION = (PICTURES[:8], LABELS[:8])
STEP, EPOCH = 0.0, math.inf  # how often inside an epoch, in seconds


@pytest.mark.parametrize(
    ("every", "cuts", "told"),
    [
        (EPOCH, [2], ""),  # no epoch was over: it begins anew
        (EPOCH, [STEPS + 2], "Continuing at epoch 2, step 1.\n"),
        (STEP, [2], "Continuing at epoch 1, step 3.\n"),
        (STEP, [STEPS + 2, 1, STEPS], "Continuing at epoch 3, step 3.\n"),
    ],
)
def test_same_numbers_after_a_cut(
    tmp_path: Path,
    whole: tuple,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    every: float,
    cuts: list[int],
    told: str,
) -> None:
    monkeypatch.setattr(engine, "EVERY", every)
    for steps in cuts:
        assert train(small_model(), tmp_path, cut_after=steps) is None
    capsys.readouterr()
    assert is_same(train(small_model(), tmp_path), whole)
    assert capsys.readouterr().out == told


def test_same_numbers_when_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "EVERY", STEP)
    models = [small_model() for _ in range(3)]
    for model in models:
        model.run_eagerly = False
    wanted = train(models[0], tmp_path / "whole", epochs=2)
    assert train(models[1], tmp_path / "cut", epochs=2, cut_after=2) is None
    assert is_same(train(models[2], tmp_path / "cut", epochs=2), wanted)


@pytest.mark.parametrize("forgotten", ["optimizer", "metrics", "random state", "order"])
def test_nothing_may_be_forgotten(
    tmp_path: Path, whole: tuple, monkeypatch: pytest.MonkeyPatch, forgotten: str
) -> None:
    def forgetful(variables, arrays: dict, group: str) -> None:
        for variable, value in zip(variables, engine._list(arrays, group), strict=True):
            is_random = "seed" in variable.path
            if group != forgotten and not (is_random and forgotten == "random state"):
                variable.assign(value)

    monkeypatch.setattr(engine, "EVERY", STEP)
    train(small_model(), tmp_path, cut_after=STEPS + 2)
    monkeypatch.setattr(engine, "_assign", forgetful)
    if forgotten == "order":
        set_order = engine.Resumable._set_order
        monkeypatch.setattr(engine.Resumable, "_set_order", lambda self, epoch: set_order(self, epoch + 1))
    assert not is_same(train(small_model(), tmp_path), whole)


def test_finished_is_not_trained_again(
    tmp_path: Path, whole: tuple, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    train(small_model(), tmp_path)
    fit = resumable(small_model().fit, tmp_path, seed=0)
    monkeypatch.setattr(fit, "_fit", None)  # cannot be called
    history = fit(PICTURES, LABELS, epochs=EPOCHS, batch_size=8, verbose=0)
    assert is_same((history.history, fit._model.get_weights()), whole)
    assert history.epoch == [0, 1, 2]
    assert 0 < fit.seconds < 600
    assert fit.peak_bytes > 2**20
    assert capsys.readouterr().out == (
        f"Trained before: 3 epochs in {fit.seconds:.0f} s. FRESH = True trains anew.\n"
    )


def test_validation_split_takes_the_last_ones(tmp_path: Path) -> None:
    split = train(small_model(), tmp_path / "split", validation_split=1 / 3)
    last = {"validation_data": (PICTURES[16:], LABELS[16:])}
    parts = train(small_model(), tmp_path / "parts", x=PICTURES[:16], y=LABELS[:16], **last)
    assert is_same(split, parts)
    assert "val_loss" in split[0]


def test_a_trial_keeps_its_history_alone(tmp_path: Path, whole: tuple) -> None:
    for _ in range(2):
        model = small_model()
        start = model.get_weights()
        fit = resumable(model.fit, tmp_path, seed=0, keep_weights=False)
        history = fit(PICTURES, LABELS, epochs=EPOCHS, batch_size=8, verbose=0)
        assert history.history == whole[0]
    assert is_same(({}, model.get_weights()), ({}, start))
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 10_000


def test_a_cell_that_is_run_twice_keeps_the_trained_model(tmp_path: Path, whole: tuple) -> None:
    model = small_model()
    train(model, tmp_path)
    assert is_same(train(model, tmp_path), whole)


def test_a_cell_that_was_stopped_and_is_run_again_goes_on(tmp_path: Path, whole: tuple) -> None:
    model = small_model()
    train(model, tmp_path, cut_after=STEPS + 2)
    assert is_same(train(model, tmp_path), whole)


def test_fresh_trains_anew(tmp_path: Path, whole: tuple, capsys: pytest.CaptureFixture[str]) -> None:
    train(small_model(), tmp_path, seed=1)
    assert is_same(train(small_model(), tmp_path, fresh=True), whole)
    assert capsys.readouterr().out == ""


def test_early_stopping_remembers_its_best(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    def run(folder: str, cut_after: int = 0) -> tuple | None:
        early = keras.callbacks.EarlyStopping("val_loss", patience=1, restore_best_weights=True)
        model = small_model(rate=0.3)  # too large a rate: it gets worse soon
        more = {"epochs": 8, "callbacks": [early], "validation_data": VALIDATION}
        return train(model, tmp_path / folder, cut_after=cut_after, **more)

    wanted = run("whole")
    assert 2 <= len(wanted[0]["loss"]) < 8
    monkeypatch.setattr(engine, "EVERY", STEP)
    for steps in (STEPS + 2, 2):
        run("cut", steps)
    assert is_same(run("cut"), wanted)
    assert is_same(run("cut"), wanted)  # finished


def test_a_long_epoch_is_saved_within_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(np.arange(0.0, 1e6, 200.0))  # each look at the clock is 200 s later
    clock = SimpleNamespace(perf_counter=lambda: next(moments))  # threads of other tests look at the real one
    monkeypatch.setattr(engine, "time", clock)
    train(small_model(), tmp_path, cut_after=STEPS - 1)
    assert Checkpoints(tmp_path).load()[1]["step"] == STEPS - 1


def test_another_order_each_epoch() -> None:
    fit = resumable(small_model().fit, Path("nowhere"), seed=0)
    fit._x, fit._first, orders = PICTURES, 0, []
    fit._batches = engine._batches(PICTURES, LABELS, 8)
    for epoch in range(3):
        fit._set_order(epoch)
        orders.append(tuple(fit._batches.order))
    assert len(set(orders)) == 3
    assert all(sorted(order) == list(range(24)) for order in orders)


def test_other_errors_pass_through(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="shape"):
        train(small_model(), tmp_path, x=np.zeros((24, 9, 9, 3), "uint8"))
    with pytest.raises(CourseError, match="scaled already"):
        train(small_model(), tmp_path, x=PICTURES / 255)
