"""The unpacked weight file gives the same features on every backend of Keras, at every input size."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from course_utils.system.weight_files import NETWORKS
from course_utils.weights import weights_path

SIZES = (32, 64, 96, 224)
CHILD = """
import sys
import keras
import numpy as np
pictures = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3)).astype("float32")
answers = {}
modules = {"MobileNetV2": "mobilenet_v2", "ResNet50": "resnet50"}
for (name, module), path in zip(modules.items(), sys.argv[2:], strict=True):
    preprocess = getattr(keras.applications, module).preprocess_input
    for size in (32, 64, 96, 224):
        base = getattr(keras.applications, name)(
            include_top=False, weights=path, pooling="avg", input_shape=(size, size, 3)
        )
        answer = base(preprocess(pictures[:, :size, :size].copy()), training=False)
        answers[f"{name}-{size}"] = keras.ops.convert_to_numpy(answer)
np.savez(sys.argv[1], **answers)
print(keras.backend.backend())
"""


def features(backend: str, folder: Path) -> dict[str, np.ndarray]:
    """Return pooled features by network and size, computed in a process of its own."""
    paths = [weights_path(name, source="bundled") for name in ("MobileNetV2", "ResNet50")]
    target = folder / f"{backend}.npz"
    environment = os.environ | {"KERAS_BACKEND": backend}
    command = [sys.executable, "-c", CHILD, str(target), *paths]
    child = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert child.returncode == 0, child.stderr[-2000:]
    assert child.stdout.split() == [backend]
    with np.load(target) as stored:
        return dict(stored)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    return features("tensorflow", tmp_path_factory.mktemp("expected"))


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_same_features_on_another_backend(backend: str, request: pytest.FixtureRequest, tmp_path: Path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed: pip install {backend}")
    found, wanted = features(backend, tmp_path), request.getfixturevalue("expected")
    assert set(found) == {f"{name}-{size}" for name in NETWORKS for size in SIZES}
    for key, value in wanted.items():
        difference = np.abs(found[key] - value).max() / np.abs(value).max()
        assert difference < 1e-3, f"{key}: {difference:.1e}"
