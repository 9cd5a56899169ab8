"""Photographs to train on: both forms of DATA, and what cannot be used."""

from __future__ import annotations

import shutil
import tarfile

import numpy as np
import pytest
from messages import message_of
from PIL import Image

from tools.weights.photographs import load_data


@pytest.mark.parametrize("form", ["folders", "archives"])
def test_photographs_are_read_by_class(photographs, tmp_path, form):
    if form == "archives":
        for split in ("train", "val"):
            with tarfile.open(tmp_path / f"tiny-imagenet-{split}-1-of-1.tar.gz", "w:gz") as tar:
                tar.add(photographs / split, split)
        photographs = tmp_path
    data = load_data(photographs)
    assert data["x_train"].shape == (256, 16, 16, 3)
    assert data["y_val"].dtype == np.int64
    for split in ("train", "val"):
        levels = [data[f"x_{split}"][data[f"y_{split}"] == label].mean() for label in range(4)]
        assert levels == pytest.approx([60, 100, 140, 180], abs=2)
    only = load_data(photographs, ["val"])
    assert sorted(only) == ["x_val", "y_val"]
    np.testing.assert_array_equal(only["y_val"], data["y_val"])


def test_photographs_that_do_not_fit_are_told(photographs, tmp_path):
    first, cause, _ = message_of(load_data, tmp_path / "absent").splitlines()
    assert first == f"There are no train photographs of several classes in {tmp_path}/absent."
    assert cause.startswith("Expected")
    shutil.copytree(photographs, tmp_path, dirs_exist_ok=True)
    shutil.rmtree(tmp_path / "train" / "cow")
    assert "1 of 4 classes, the first: cow." in message_of(load_data, tmp_path)
    Image.new("RGB", (8, 9)).save(tmp_path / "train" / "dog" / "odd.png")
    told = message_of(load_data, tmp_path)
    assert "The photographs of train are not squares of one size" in told
    assert "Found 9×8, 16×16." in told


def test_damaged_archive_and_photograph_are_named(tmp_path):
    folder = tmp_path / "train" / "ant"
    folder.mkdir(parents=True)
    (folder / "1.png").write_bytes(b"no picture")
    assert "train/ant/1.png (10 bytes)" in message_of(load_data, tmp_path)
    archive = tmp_path / "tiny-imagenet-train-1-of-1.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder / "1.png", "train/ant/1.png")
    assert "of-1.tar.gz, train/ant/1.png" in message_of(load_data, tmp_path)
    archive.write_bytes(archive.read_bytes()[:40])
    assert "The archive is damaged or cut off" in message_of(load_data, tmp_path)
