"""Photographs to train on, made up: brightness tells the class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="session")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of four classes, 16 px: 64 photographs of each to train, 16 to validate."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("photographs")
    for split, count in (("train", 64), ("val", 16)):
        for label, name in enumerate(("ant", "bee", "cow", "dog")):
            (folder / split / name).mkdir(parents=True)
            for number, noise in enumerate(rng.integers(0, 120, (count, 16, 16, 3))):
                path = folder / split / name / f"{number}.png"
                Image.fromarray((noise + 40 * label).astype("u1")).save(path)
    return folder
