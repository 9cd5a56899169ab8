"""Real files of each format, laid out by the tool beside the shared photographs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sources_files import same_set

from course_utils.cifar10 import load_cifar10
from course_utils.system.paths import PROJECT

TOOL = PROJECT.parent / "shared" / "tools" / "real_data.py"
PER_CLASS = 20

pytestmark = pytest.mark.skipif(
    not TOOL.exists() or not (TOOL.parent.parent / "data" / "cifar10-train.tar.gz").exists(),
    reason="needs the photographs of ../shared/data and ../shared/tools/real_data.py, which are not here",
)

FORMS = {
    "folder": (["folder"], ""),
    "batches": (["toronto"], "cifar-10-python.tar.gz"),
    "npz": (["npz"], "cifar10.npz"),
}


RARER = {"png folder": (["folder", "--png"], ""), "modern batches": (["toronto", "--modern-pickle"], "")}


@pytest.fixture(scope="session")
def laid_out(tmp_path_factory: pytest.TempPathFactory):
    """Return a function that lays out a format once and returns its folder."""
    made: dict[str, Path] = {}

    def lay_out(*arguments: str) -> Path:
        name = "".join(arguments)
        if name not in made:
            made[name] = tmp_path_factory.mktemp("real")
            form, *options = arguments
            words = [form, str(made[name]), "--per-class", str(PER_CLASS), *options]
            subprocess.run([sys.executable, str(TOOL), *words], check=True)
        return made[name]

    return lay_out


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))


@pytest.fixture(scope="session")
def expected(laid_out):
    """What numpy alone reads from the .npz."""
    with np.load(laid_out("npz") / "cifar10.npz") as arrays:
        return dict(arrays)


@pytest.mark.parametrize("form", [*FORMS, *(pytest.param(form, marks=pytest.mark.full) for form in RARER)])
def test_every_format_gives_the_same_photographs(laid_out, expected: dict, form: str) -> None:
    arguments, file = (FORMS | RARER)[form]
    loaded = load_cifar10(laid_out(*arguments) / file)
    assert loaded.source == "path"
    assert loaded.train_images.shape == (10 * PER_CLASS, 32, 32, 3)
    assert loaded.test_images.shape == (5000, 32, 32, 3)
    for part in ("train", "test"):
        found = same_set(getattr(loaded, f"{part}_images"), getattr(loaded, f"{part}_labels"))
        assert found == same_set(expected[f"x_{part}"], expected[f"y_{part}"])


@pytest.mark.parametrize("file", ["", "train.7z"])
def test_kaggles_files_give_the_same_photographs(laid_out, expected: dict, file: str) -> None:
    pytest.importorskip("py7zr")
    loaded = load_cifar10(laid_out("kaggle") / file)
    found = same_set(
        np.concatenate([loaded.train_images, loaded.test_images]),
        np.concatenate([loaded.train_labels, loaded.test_labels]),
    )
    assert found == same_set(expected["x_train"], expected["y_train"])
    assert np.bincount(loaded.test_labels).tolist() == [3] * 10
