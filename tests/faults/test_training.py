"""Rows 28–37 of the faults: trainings that are cut off, and memory that does not suffice. Whole messages.

Row 31, kills while a checkpoint is written, is in tests/soak/test_kills.py.
"""

from __future__ import annotations

import errno
import shutil
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import psutil
import pytest
from messages import message_of
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from small_trainings import EPOCHS, LABELS, PICTURES, STEPS, is_same, save_each_step, small_model, train

from course_utils.errors import CourseError
from course_utils.features import cached_features
from course_utils.system import checkpoints, resumable
from course_utils.system.checkpoints import Checkpoints
from course_utils.system.paths import PROJECT

pytestmark = pytest.mark.usefixtures("deterministic")
ASK = "Next: give this training another name, or set FRESH = True to forget the kept one."


@pytest.fixture(autouse=True)
def _each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resumable, "EVERY", resumable.EVERY)  # put back after the test
    save_each_step()


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_28_39_gb_are_refused_before_they_are_allocated(monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=12_000_000_000))
    inputs = keras.Input((32, 32, 3), dtype="uint8")
    upsampled = keras.Model(inputs, keras.layers.Resizing(256, 256)(inputs))
    pictures = np.broadcast_to(np.uint8(0), (50_000, 32, 32, 3))
    assert message_of(cached_features, upsampled, pictures) == (
        "50,000 features of shape (256, 256, 3) in float32 need 39,322 MB of memory.\n"
        "12,000 MB are free.\n"
        "Next: end the extractor with GlobalAveragePooling2D, or let layers inside the model resize each "
        "batch, as lesson 3 does, and give fit the small pictures."
    )


def small_memory(limit: int):
    """Return a model whose fit fails for larger batches as on a GPU, and a list of what it was given."""
    import tensorflow as tf

    model, sizes = small_model(), []
    fit = model.fit

    class Small(type(model)):
        def fit(self, batches, **arguments):
            sizes.append(batches.size)
            if batches.size > limit:
                raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
            return fit(batches, **arguments)

    model.__class__ = Small
    return model, sizes


def test_29_memory_of_the_gpu_halves_the_batch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, sizes = small_memory(limit=4)
    history, _ = train(model, tmp_path)
    assert sizes == [8, 4]
    assert len(history["loss"]) == EPOCHS
    assert capsys.readouterr().out == "The memory does not suffice for batches of 8; going on with 4.\n"


def test_29_twice_is_told(tmp_path: Path) -> None:
    model, sizes = small_memory(limit=2)
    assert message_of(train, model, tmp_path) == (
        "The memory does not suffice for batches of 4 inputs of shape (8, 8, 3).\n"
        "Twice as many were tried before.\n"
        "Next: restart the runtime, then take a smaller batch or input size."
    )
    assert sizes == [8, 4]


def test_30_a_killed_kernel_goes_on(tmp_path: Path, whole: tuple, capsys: pytest.CaptureFixture[str]) -> None:
    train(small_model(), tmp_path, cut_after=STEPS + 2)
    assert is_same(train(small_model(), tmp_path), whole)
    assert capsys.readouterr().out == "Continuing at epoch 2, step 3.\n"


def test_32_damaged_latest(tmp_path: Path, whole: tuple, capsys: pytest.CaptureFixture[str]) -> None:
    train(small_model(), tmp_path, cut_after=STEPS + 2)
    latest = max(tmp_path.glob("*.npz"))
    latest.write_bytes(latest.read_bytes()[:-100])
    assert is_same(train(small_model(), tmp_path), whole)
    assert capsys.readouterr().out == (
        "The latest checkpoint is damaged; going on from the one before it.\nContinuing at epoch 2, step 2.\n"
    )


def test_32_all_damaged(tmp_path: Path, whole: tuple, capsys: pytest.CaptureFixture[str]) -> None:
    train(small_model(), tmp_path, cut_after=STEPS + 2)
    for path in tmp_path.glob("*.npz"):
        path.write_bytes(b"")
    assert is_same(train(small_model(), tmp_path), whole)
    damaged = tmp_path / "damaged"
    told = f"The checkpoints are damaged and kept in {damaged}; training starts anew.\n"
    assert capsys.readouterr().out == told
    assert len(list(damaged.iterdir())) == 2


@pytest.mark.parametrize(
    ("made", "given", "difference"),
    [
        ({"units": 12}, {}, "layers: kept Dense(trainable=True, units=10, activation=linear, use_bias=True), "
         "asked Dense(trainable=True, units=12, activation=linear, use_bias=True)"),
        ({}, {"x": PICTURES[:16], "y": LABELS[:16]}, "training data: kept uint8 (24, 8, 8, 3), int64 (24,) "),
        ({}, {"batch_size": 4}, "batch size: kept 8, asked 4."),
        ({}, {"seed": 1}, "seed: kept 0, asked 1."),
        ({}, {"epochs": 5}, "epochs: kept 3, asked 5."),
        ({"rate": 0.1}, {}, "learning rate: kept CosineDecay(initial_learning_rate=0.01, decay_steps=9, "
         "alpha=0.0, warmup_target=None, warmup_steps=0), asked 0.1."),
        ({"seed": 1}, {}, "weights at the start: kept "),
        ({}, {"validation_data": (PICTURES[:8], LABELS[:8])}, "validation data: kept none, asked uint8 "),
    ],
    ids=["head", "data", "batch", "seed", "epochs", "rate", "start", "validation"],
)  # fmt: skip
def test_33_another_training(tmp_path: Path, made: dict, given: dict, difference: str) -> None:
    train(small_model(), tmp_path, cut_after=STEPS + 2)
    before = content(tmp_path)
    told = message_of(train, small_model(**made), tmp_path, **given).splitlines()
    assert told[0] == f"The training that was kept as {tmp_path.name!r} is another one than this."
    assert difference in told[1]
    assert told[2:] == [ASK]
    assert content(tmp_path) == before


def test_33_another_phase(tmp_path: Path) -> None:
    train(small_model(), tmp_path, cut_after=STEPS + 2)
    model = small_model()
    model.layers[4].trainable = False
    model.compile(model.optimizer, model.loss, metrics=["accuracy"])
    with pytest.raises(CourseError, match=r"kept Dense.trainable=True, .* asked Dense.trainable=False"):
        train(model, tmp_path)


def test_34_a_worse_epoch_does_not_replace_the_best(tmp_path: Path) -> None:
    import keras

    def run(cut_after: int = 0) -> object:
        best = keras.callbacks.ModelCheckpoint(
            tmp_path / "best.keras", "val_loss", save_best_only=True, save_weights_only=False
        )
        more = {"callbacks": [best], "validation_data": (PICTURES, LABELS), "epochs": 3}
        return train(small_model(rate=0.5), tmp_path / "kept", cut_after=cut_after, **more), best

    run(cut_after=STEPS + 1)
    facts = Checkpoints(tmp_path / "kept").load()[1]
    (remembered,) = facts["beside"]
    (history, _), best = run()
    assert remembered["best"] == history["val_loss"][0]
    assert best.best == min(history["val_loss"])


def test_35_a_drive_that_dies(
    tmp_path: Path, whole: tuple, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def gone(*_: object) -> None:
        raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")

    monkeypatch.setattr(checkpoints, "DRIVE", tmp_path / "drive")
    folder = tmp_path / "drive" / "MyDrive" / "cnn"
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", gone)
        train(small_model(), folder, cut_after=STEPS + 2)
    assert capsys.readouterr().out == (
        f"A checkpoint could not be written to {folder}: Transport endpoint is not connected.\n"
        "The training goes on, and the next checkpoint is tried again.\n"
    )
    assert is_same(train(small_model(), folder), whole)
    assert capsys.readouterr().out == "Continuing at epoch 2, step 3.\n"
    assert len(list(folder.glob("*.npz"))) == 1


def test_36_a_loss_that_is_no_number(tmp_path: Path) -> None:
    import keras

    class Break(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if len(list(tmp_path.glob("*.npz"))) == 2:
                self.model.layers[-1].kernel.assign(self.model.layers[-1].kernel * np.nan)

    assert message_of(train, small_model(rate=0.1), tmp_path, callbacks=[Break()]) == (
        "The loss is nan at epoch 1, step 3.\n"
        "The learning rate there is 0.1. The last checkpoint with a finite loss is kept.\n"
        "Next: compile with a tenth of it (0.01), and give this training another name."
    )
    arrays, facts = Checkpoints(tmp_path).load()
    assert facts["step"] == 2
    assert all(np.isfinite(array).all() for array in arrays.values())


def test_37_scaled_twice(tmp_path: Path) -> None:
    assert message_of(train, small_model(), tmp_path, x=(PICTURES / 255).astype("float32")) == (
        "The pictures were scaled already, and the model scales them again.\n"
        "It takes uint8 numbers from 0 to 255; found float32 from 0 to 1.\n"
        "Next: give the pictures as they were loaded, or run the cell that splits them again."
    )


def shown(cells: list[str]) -> str:
    """Run cells in a kernel, and return what the last one shows as its error."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    with pytest.raises(CellExecutionError):
        NotebookClient(notebook, resources={"metadata": {"path": str(PROJECT)}}).execute()
    (output,) = [out for out in notebook.cells[-1].outputs if out.output_type == "error"]
    return "\n".join(output.traceback)


def test_37_cells_out_of_order() -> None:
    start = "from course_utils.system.missing_steps import tell_missing_steps\ntell_missing_steps('04')"
    assert shown([start, "print(base_model)"]) == (
        "There is no `base_model` yet.\n"
        'Next: run section "1. The base: ResNet50" first, then this cell again.'
    )
