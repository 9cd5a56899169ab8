"""Photographs to train on: every form of DATA, and what cannot be used."""

from __future__ import annotations

import numpy as np
import pytest

from course_utils.errors import CourseError
from tools.weights.photographs import load_data


@pytest.fixture
def data(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {}
    for split, count in (("train", 64), ("val", 16)):
        arrays[f"y_{split}"] = np.arange(count) % 4
        noise = rng.integers(0, 120, (count, 16, 16, 3))
        arrays[f"x_{split}"] = (noise + 40 * arrays[f"y_{split}"][:, None, None, None]).astype("u1")
    np.savez(tmp_path / "data.npz", **arrays)
    return tmp_path / "data.npz"


def test_folder_is_read_by_class(tmp_path):
    from PIL import Image

    for split in ("train", "val"):
        for value, name in ((10, "ant"), (200, "bee")):
            folder = tmp_path / split / name
            folder.mkdir(parents=True)
            Image.new("RGB", (8, 8), (value, 0, 0)).save(folder / "1.png")
    data = load_data(tmp_path)
    assert data["x_train"].shape == (2, 8, 8, 3)
    for split in ("train", "val"):
        reds = data[f"x_{split}"][:, 0, 0, 0]
        assert dict(zip(reds, data[f"y_{split}"], strict=True)) == {10: 0, 200: 1}
    only = load_data(tmp_path, ["val"])
    assert sorted(only) == ["x_val", "y_val"]
    np.testing.assert_array_equal(only["y_val"], data["y_val"])


def test_data_that_cannot_be_used(data, tmp_path):
    def message(path):
        with pytest.raises(CourseError) as caught:
            load_data(path)
        assert len(str(caught.value).splitlines()) <= 4
        return str(caught.value)

    absent, cut, other = tmp_path / "absent", tmp_path / "cut.npz", tmp_path / "other.npz"
    assert message(absent).startswith(f"The photographs are not there: {absent}.\nExpected an .npz")
    cut.write_bytes(data.read_bytes()[:5000])
    assert message(cut).startswith(f"The photographs cannot be read: {cut} (5,000 bytes).")
    np.savez(other, x_train=np.zeros((4, 8, 8, 3), "u1"), y_train=np.arange(4))
    assert "x_val is not a file in the archive" in message(other)
    with np.load(data) as stored:
        arrays = dict(stored)
    np.savez(other, **arrays | {"x_train": arrays["x_train"] / 255.0})
    assert "x_train float64 (64, 16, 16, 3), y_train int64 (64,)" in message(other)
    np.savez(other, **arrays | {"y_val": arrays["y_val"] + 3})
    assert "3 of 4 classes, the first: 4." in message(other)
    (tmp_path / "empty").mkdir()
    assert message(tmp_path / "empty").startswith(f"There are no photographs to train in {tmp_path}/empty.")


def test_damaged_archive_and_photograph_are_named(tmp_path):
    import tarfile

    folder = tmp_path / "train" / "ant"
    folder.mkdir(parents=True)
    (folder / "1.png").write_bytes(b"no picture")
    with pytest.raises(CourseError, match=r"A photograph cannot be read: .*train/ant/1.png \(10 bytes\)"):
        load_data(tmp_path)
    archive = tmp_path / "tiny-imagenet-train-1-of-1.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder / "1.png", "train/ant/1.png")
    with pytest.raises(CourseError, match=r"of-1.tar.gz, train/ant/1.png"):
        load_data(tmp_path)
    archive.write_bytes(archive.read_bytes()[:40])
    with pytest.raises(CourseError, match="The archive is damaged or cut off"):
        load_data(tmp_path)
