"""Bundled weights that are missing, damaged or another network's: a message, never random weights."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from messages import message_of

from course_utils import weights
from course_utils.system import weight_files
from course_utils.system.paths import BUNDLED_WEIGHTS

RESTORE = "Next: restore the folder data/weights (git checkout -- data/weights), or set WEIGHTS='none'."
COPY = "Next: copy or download the file again, or set WEIGHTS to imagenet, bundled or none."


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "weights"


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of both networks' bundled files, to be damaged."""
    folder = shutil.copytree(BUNDLED_WEIGHTS, tmp_path / "bundle")
    monkeypatch.setattr(weights, "BUNDLED_WEIGHTS", folder)
    return folder


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole weight file of MobileNetV2."""
    path = tmp_path_factory.mktemp("unpacked") / "MobileNetV2.h5"
    card = weight_files.read_card("MobileNetV2")
    weight_files.write_weight_file(
        path, weight_files.read_compact(BUNDLED_WEIGHTS / card["file"], card["sha256"])
    )
    return path


def refusal(source: str | Path, name: str = "MobileNetV2") -> str:
    """Return the message; no path and no None comes back, so nothing goes on with random weights."""
    message = message_of(weights.weights_path, name, source=source)
    return re.sub(r"\b[0-9a-f]{16}…", "<digest>", message)


def test_missing_file(bundle: Path, cache: Path):
    (bundle / "MobileNetV2.npz").unlink()
    assert refusal("bundled") == (
        "The bundled weights are not here: MobileNetV2.npz.\n"
        f"Looked for it in {bundle} and in {Path.cwd()}.\n"
        "Next: put MobileNetV2.npz (data/weights in course.zip and in the project) beside this notebook, "
        "or set WEIGHTS to imagenet, which downloads."
    )
    assert not cache.exists()


def test_a_file_beside_the_notebook_takes_its_place(bundle: Path, cache: Path, tmp_path: Path, monkeypatch):
    (tmp_path / "alone").mkdir()
    (bundle / "MobileNetV2.npz").rename(tmp_path / "alone" / "MobileNetV2.npz")
    monkeypatch.chdir(tmp_path / "alone")

    assert weights.weights_label(weights.weights_path("MobileNetV2", source="bundled")) == "bundled"


def test_missing_and_broken_card(bundle: Path):
    path = bundle / "MobileNetV2.json"
    path.write_text("{")
    assert refusal("bundled") == (
        f"The card of the bundled weights cannot be read: {path}.\n"
        "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)\n"
        f"{RESTORE}"
    )
    path.unlink()
    assert refusal("bundled") == (
        f"The card of the bundled weights cannot be read: {path}.\n"
        f"[Errno 2] No such file or directory: '{path}'\n"
        f"{RESTORE}"
    )


@pytest.mark.parametrize("damage", ["cut off", "altered", "empty"])
def test_damaged_file(bundle: Path, cache: Path, damage: str):
    path = bundle / "MobileNetV2.npz"
    content = bytearray(path.read_bytes())
    content[5000] ^= 1
    damaged = {"cut off": content[:4000], "altered": content, "empty": b""}[damage]
    path.write_bytes(damaged)
    assert refusal("bundled") == (
        f"The bundled weights are damaged: {path}.\n"
        f"Expected SHA-256 <digest>, found <digest> ({len(damaged):,} bytes).\n"
        f"{RESTORE}"
    )
    assert not cache.exists()


def test_missing_weight_file(tmp_path: Path):
    path = tmp_path / "mine.h5"
    assert refusal(path) == (
        f"The weight file does not exist: {path}.\n"
        f"Looked for a file at {path}.\n"
        "Next: correct the path, or set WEIGHTS to imagenet, bundled or none."
    )


def test_cut_off_weight_file(unpacked: Path, tmp_path: Path):
    path = tmp_path / "mine.h5"
    path.write_bytes(unpacked.read_bytes()[:1_000_000])
    first, cause, last = refusal(path).splitlines()
    assert first == f"The weight file is damaged or not an HDF5 file: {path} (1,000,000 bytes)."
    assert re.fullmatch(r"Unable to .*truncated file: eof = 1000000.*", cause)  # the words of h5py
    assert last == COPY


def test_weight_file_with_numbers_that_are_none(unpacked: Path, tmp_path: Path):
    path = tmp_path / "mine.h5"
    arrays = weight_files.read_weight_file(unpacked)
    key = next(iter(arrays))
    arrays[key] = np.full_like(arrays[key], np.nan)
    weight_files.write_weight_file(path, {name.split("/", 1)[1]: array for name, array in arrays.items()})
    size = path.stat().st_size
    assert refusal(path) == (
        f"The weight file is damaged or not an HDF5 file: {path} ({size:,} bytes).\n"
        f"The array {key} holds numbers that are not finite.\n"
        f"{COPY}"
    )


def test_weight_file_of_neither_network(tmp_path: Path):
    path = tmp_path / "VGG16.h5"
    weight_files.write_weight_file(path, {"block1_conv1/kernel": np.ones((3, 3, 3, 64))})
    assert refusal(path, "ResNet50") == (
        f"The weight file is not of ResNet50 without classifier: {path}.\n"
        "Expected 318 arrays with 23,587,712 numbers, found 1 with 1,728, or of other shapes.\n"
        "Next: give a file of ResNet50(include_top=False), or another source of weights."
    )


def test_too_little_disk(cache: Path, monkeypatch: pytest.MonkeyPatch):
    usage = shutil.disk_usage("/")._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    first, second, last = refusal("bundled").splitlines()
    assert re.fullmatch(
        rf"Unpacking the weights to {cache}/MobileNetV2-\w+\.h5 needs \d+ MB of disk\.", first
    )
    assert second == f"1 MB are free at {cache}."
    assert last.startswith("Next: ")
    assert list(cache.iterdir()) == []
