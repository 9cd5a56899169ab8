"""Cards and shapes of the bundled weights. What bad files do: test_weights.py and test_bundled_weights.py."""

from __future__ import annotations

import hashlib

import keras
import numpy as np
import pytest

from course_utils.system import weight_files
from course_utils.system.paths import BUNDLED_WEIGHTS

LIMIT = {"MobileNetV2": 5e6, "ResNet50": 26e6}


@pytest.mark.parametrize("name", LIMIT)
def test_card_and_size(name):
    card = weight_files.read_card(name)
    content = (BUNDLED_WEIGHTS / card["file"]).read_bytes()
    assert len(content) == card["bytes"] <= LIMIT[name]
    assert hashlib.sha256(content).hexdigest() == card["sha256"]
    for fact in ("data", "licence", "recipe", "epochs", "seconds", "device", "input_size"):
        assert card[fact], fact
    pairs = [entry for entry in card["measured"].values() if isinstance(entry, dict)]
    assert pairs
    for pair in pairs:
        assert pair["packed"] >= pair["before_packing"] - 0.3


@pytest.mark.parametrize("name", LIMIT)
def test_networks_table_is_that_of_keras(name):
    build = getattr(keras.applications, name)
    base = build(include_top=False, weights=None, input_shape=(64, 64, 3))
    shapes = [tuple(w.shape) for w in base.weights]
    network = weight_files.NETWORKS[name]
    assert len(shapes) == network.arrays
    assert sum(int(np.prod(shape)) for shape in shapes) == network.numbers
    assert weight_files.shapes_digest(shapes) == network.shapes
