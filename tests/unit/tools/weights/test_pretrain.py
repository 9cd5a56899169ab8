"""The training script: the loss falls, a killed run goes on to the same numbers, its file can be packed."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from course_utils.system.paths import PROJECT
from tools.weights import pack

needs_jax = pytest.mark.skipif(
    importlib.util.find_spec("jax") is None, reason="training needs JAX, which is not installed: make setup"
)
SMALL = Path(__file__).with_name("small_network.py")


def run(photographs, out, *more, checkpoints=0):
    """Train; the process ends by SIGKILL after so many checkpoints (0: not at all)."""
    words = ["--net", "MobileNetV2", "--data", photographs, "--out", out, "--batch", 32, "--size", 16]
    command = [sys.executable, SMALL, checkpoints, *words, "--chunk", 4, "--save-every", 0, *more]
    settings = {"PYTHONPATH": str(PROJECT), "JAX_PLATFORMS": "cpu", "PATH": "/usr/bin:/bin"}
    settings["JAX_COMPILATION_CACHE_DIR"] = str(photographs / "compiled")  # the same steps each time
    settings["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    return subprocess.run([str(word) for word in command], env=settings, capture_output=True, text=True)


def final(out):
    with np.load(out / "final.npz") as stored:
        arrays = {key: stored[key] for key in stored.files}
    return json.loads(str(arrays.pop("facts"))), arrays


@needs_jax
def test_killed_run_ends_like_one_that_was_not(photographs, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert run(photographs, whole, "--epochs", 10, "--mixup", 0.2).returncode == 0
    assert run(photographs, killed, "--epochs", 10, "--mixup", 0.2, checkpoints=7).returncode == -9
    other = run(photographs, killed, "--epochs", 20, "--mixup", 0.2)
    assert other.returncode == 1
    assert "had other settings" in other.stderr
    assert "epochs was 10, now 20" in other.stderr
    went_on = run(photographs, killed, "--epochs", 10, "--mixup", 0.2)
    assert re.search(r"continuing at step 28\b", went_on.stdout)
    (facts, arrays), (_, resumed) = final(whole), final(killed)
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, resumed[name], err_msg=name)
    losses = [line["loss"] for line in facts["history"]]
    assert losses[-1] < losses[0] - 0.3
    assert facts[pack.TOP1] > 90
    assert "was done before" in run(photographs, whole, "--epochs", 10, "--mixup", 0.2).stdout

    pack.main(["--net", "MobileNetV2", "--checkpoint", str(whole), "--out", str(tmp_path)])
    card = json.loads((tmp_path / "MobileNetV2.json").read_text())
    assert card["history"] == facts["history"]
    assert card["start"] == "random weights"


@needs_jax
def test_minutes_end_a_run_and_a_loss_that_is_no_number_stops_it(photographs, tmp_path):
    assert run(photographs, tmp_path / "short", "--minutes", 0.001).returncode == 0
    facts, _ = final(tmp_path / "short")
    assert facts["seconds"] >= 0.06
    lost = run(photographs, tmp_path / "lost", "--epochs", 50, "--rate", 1e30)
    assert lost.returncode == 1
    assert re.search(r"The loss is not a finite number at step \d+, at a rate of", lost.stderr)
    assert "Next: give a smaller --rate" in lost.stderr


@needs_jax
def test_depthwise_convolution_equals_that_of_keras():
    code = """
import os; os.environ["KERAS_BACKEND"] = "jax"
import keras, numpy as np
from tools.weights.steps import depthwise_by_shifts as ours
rng = np.random.default_rng(0)
kernel = rng.normal(size=(3, 3, 5, 1)).astype("f4")
for side in (7, 8, 9):
    x = rng.normal(size=(2, side, side, 5)).astype("f4")
    for stride, padding in ((1, "same"), (1, "valid"), (2, "valid")):
        theirs = keras.ops.depthwise_conv(x, kernel, stride, padding)
        np.testing.assert_allclose(ours(x, kernel, stride, padding), theirs, atol=1e-5)
"""
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=True)


def test_batches_and_rates_are_functions_of_the_step():
    steps = pytest.importorskip("tools.weights.steps", reason="training needs JAX: make setup")
    all_at_once = steps.batches(3, 40, 8, 0, 10)
    np.testing.assert_array_equal(steps.batches(3, 40, 8, 6, 4), all_at_once[6:])
    for epoch in np.split(all_at_once, 2):
        np.testing.assert_array_equal(np.sort(epoch.ravel()), np.arange(40))
    assert not np.array_equal(all_at_once[:5], all_at_once[5:])
    rates = [steps.rate_at(p, 0.4, 0.1) for p in (0, 0.05, 0.1, 0.55, 1)]
    assert rates == pytest.approx([0.008, 0.208, 0.4, 0.2, 0], abs=1e-9)


def test_without_jax_the_script_says_what_to_do():
    code = "import sys; sys.modules['jax'] = None; import tools.weights.pretrain"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == "Training needs JAX, which is not installed.\nNext: make setup\n"
