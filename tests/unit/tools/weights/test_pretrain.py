"""The pre-training script: batches, schedule, clock, checkpoints, and a resume that is exact."""

from __future__ import annotations

import importlib
import json

import numpy as np
import pytest

from course_utils.errors import CourseError
from course_utils.system.paths import PROJECT


@pytest.fixture(scope="module")
def pretrain():
    return importlib.import_module("tools.weights.pretrain")


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


@pytest.fixture
def small(pretrain, monkeypatch):
    """A network of three layers in the place of MobileNetV2."""
    import keras

    def build(net, size, arrays=None):
        layers = keras.layers
        return keras.Sequential(
            [
                keras.Input((size, size, 3)),
                layers.Conv2D(4, 3, name="conv"),
                layers.BatchNormalization(name="bn"),
                layers.GlobalAveragePooling2D(),
            ]
        )

    monkeypatch.setattr(pretrain.pack_weights, "build", build)
    yield
    keras.mixed_precision.set_global_policy("float32")


def command(data, out, *more):
    fixed = ["--net", "MobileNetV2", "--data", data, "--out", out, "--batch", 16, "--every", 0]
    sizes = ["--sizes", "0:12,0.5:16", "--precision", "float32"]
    return [str(word) for word in (*fixed, *sizes, *more)]


def final(out):
    with np.load(out / "final.npz") as stored:
        return {key: stored[key] for key in stored.files if key != "facts"}


class Killed(Exception):
    pass


@pytest.mark.parametrize("last_step", [1, 4, 7])
def test_killed_run_ends_like_one_that_was_not(pretrain, small, data, tmp_path, monkeypatch, last_step):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    pretrain.main(command(data, whole, "--epochs", 3))
    make = pretrain.rate_at
    calls = []

    def kill(*args):
        calls.append(1)
        if len(calls) > last_step:
            raise Killed
        return make(*args)

    monkeypatch.setattr(pretrain, "rate_at", kill)
    with pytest.raises(Killed):
        pretrain.main(command(data, cut, "--epochs", 3))
    monkeypatch.setattr(pretrain, "rate_at", make)
    pretrain.main(command(data, cut, "--epochs", 3))
    expected, found = final(whole), final(cut)
    assert list(expected) == list(found)
    assert "head/kernel" in found
    for key, value in expected.items():
        np.testing.assert_array_equal(found[key], value, err_msg=key)
    lines = [json.loads(line) for line in (cut / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [4, 8, 12]
    assert all(0 <= line["val_top1"] <= 1 for line in lines)


def test_start_and_other_settings(pretrain, small, data, tmp_path):
    pretrain.main(command(data, tmp_path / "a", "--epochs", 1))
    start = ["--start", tmp_path / "a" / "final.npz", "--rate", 1e-9]
    pretrain.main(command(data, tmp_path / "b", "--epochs", 1, *start))
    a, b = final(tmp_path / "a"), final(tmp_path / "b")
    np.testing.assert_allclose(a["head/kernel"], b["head/kernel"], atol=1e-6)
    np.testing.assert_allclose(a["conv/kernel"], b["conv/kernel"], atol=1e-6)
    with pytest.raises(SystemExit, match="another seed"):
        pretrain.main(command(data, tmp_path / "a", "--epochs", 1, "--seed", 1))


def test_damaged_checkpoint_gives_the_one_before(pretrain, tmp_path, capsys):
    path = tmp_path / "checkpoint.npz"
    assert pretrain.load_npz(path) is None
    for step in (1, 2):
        pretrain.save_npz(path, {"a/b": np.full(1000, step)}, {"step": step})
    assert pretrain.load_npz(path)[1] == {"step": 2}
    path.write_bytes(path.read_bytes()[:500])
    arrays, facts = pretrain.load_npz(path)
    assert facts == {"step": 1}
    assert (arrays["a/b"] == 1).all()
    assert "damaged" in capsys.readouterr().out


def test_schedule(pretrain):
    rates = [pretrain.rate_at(p / 1000, 0.1, 0.03) for p in range(1001)]
    assert max(rates) == pytest.approx(0.1, rel=0.01)
    assert rates.index(max(rates)) == pytest.approx(30, abs=1)
    assert 0 < rates[0] < 0.001
    assert rates[-1] == pytest.approx(0, abs=1e-9)
    sizes = [(0.0, 48), (0.5, 64)]
    assert [pretrain.size_at(p, sizes) for p in (0, 0.49, 0.5, 1.2)] == [48, 48, 64, 64]


def test_clock_leaves_pauses_out(pretrain, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(pretrain.time, "monotonic", lambda: now[0])
    clock = pretrain.Clock(100.0)
    for passed in (1.0, 1.0, 600.0, 1.0):
        now[0] += passed
        clock.tick()
    assert 103 < clock.seconds < 110
    now[0] += 50
    before = clock.seconds
    assert clock.tick(usual=False) == before + 50


def test_batches_are_a_function_of_the_step(pretrain):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (40, 16, 16, 3), dtype=np.uint8)
    labels = np.arange(40) % 4

    def feed(**more):
        return pretrain.Feed(images, labels, classes=4, batch=8, seed=3, **more)

    forward, later = feed(), feed()
    batches = [forward(step, 12) for step in range(7)]
    np.testing.assert_array_equal(later(6, 12)[0], batches[6][0])
    assert batches[0][0].shape == (8, 12, 12, 3)
    assert batches[0][0].dtype == np.uint8
    assert not np.array_equal(batches[0][0], batches[5][0])
    seen = np.concatenate([batches[step][1].argmax(1) for step in range(5)])
    np.testing.assert_array_equal(np.bincount(seen), np.bincount(labels))
    mixed = feed(mixup=0.5)(0, 16)[1]
    np.testing.assert_allclose(mixed.sum(1), 1, rtol=1e-6)
    assert (mixed.max(1) < 1).any()


def test_augment_cuts_and_mirrors(pretrain):
    image = np.arange(16 * 16 * 3, dtype=np.uint8).reshape(16, 16, 3)
    cuts = pretrain.augment(np.stack([image] * 50), 12, np.random.default_rng(0))
    windows = np.lib.stride_tricks.sliding_window_view(image, (12, 12), (0, 1))
    windows = windows.transpose(0, 1, 3, 4, 2).reshape(-1, 12, 12, 3)
    known = {w.tobytes() for w in windows} | {w[:, ::-1].tobytes() for w in windows}
    assert all(cut.tobytes() in known for cut in cuts)
    assert len({cut.tobytes() for cut in cuts}) > 20
    assert pretrain.augment(image[None], 16, np.random.default_rng(0)).shape == (1, 16, 16, 3)


def test_folder_is_read_by_class(pretrain, tmp_path):
    from PIL import Image

    for split in ("train", "val"):
        for value, name in ((10, "ant"), (200, "bee")):
            folder = tmp_path / split / name
            folder.mkdir(parents=True)
            Image.new("RGB", (8, 8), (value, 0, 0)).save(folder / "1.png")
    data = pretrain.load_data(tmp_path)
    assert data["x_train"].shape == (2, 8, 8, 3)
    for split in ("train", "val"):
        reds = data[f"x_{split}"][:, 0, 0, 0]
        assert dict(zip(reds, data[f"y_{split}"], strict=True)) == {10: 0, 200: 1}
    only = pretrain.load_data(tmp_path, ["val"])
    assert sorted(only) == ["x_val", "y_val"]
    np.testing.assert_array_equal(only["y_val"], data["y_val"])


def refused(pretrain, *command) -> str:
    """What a person sees: the whole message, at most four lines."""
    with pytest.raises(SystemExit) as caught:
        pretrain.main([str(word) for word in command])
    message = str(caught.value)
    assert len(message.splitlines()) <= 4
    return message


def test_network_and_data_must_be_named(pretrain, tmp_path):
    assert refused(pretrain, "--data", tmp_path) == (
        "No network was named.\n"
        "Expected one of: MobileNetV2, ResNet50.\n"
        "Next: for example: make pretrain NET=MobileNetV2 DATA=../shared/data"
    )
    assert "no recipe for the network 'VGG16'" in refused(pretrain, "--net", "VGG16", "--data", tmp_path)
    assert refused(pretrain, "--net", "ResNet50") == (
        "No photographs were named.\n"
        "Next: give DATA the path of the photographs, for example DATA=../shared/data."
    )


def test_each_network_has_a_recipe(pretrain, tmp_path):
    chosen = pretrain.parse(["--net", "ResNet50", "--data", "x", "--minutes", "90"])
    assert (chosen.optimizer, chosen.rate, chosen.clip, chosen.weight_decay) == ("adamw", 8e-4, 1.0, 0.02)
    assert chosen.sizes == [(0.0, 32), (0.8, 48)]
    assert chosen.out == PROJECT / "build" / "pretrain" / "ResNet50"
    chosen = pretrain.parse(["--net", "MobileNetV2", "--data", "x", "--rate", "0.05", "--epochs", "3"])
    assert (chosen.optimizer, chosen.rate, chosen.minutes) == ("sgd", 0.05, None)
    assert pretrain.parse(["--net", "MobileNetV2", "--data", "x"]).minutes == pretrain.MINUTES


@pytest.mark.parametrize("sizes", ["64", "0.5:64", "0:64,0.5:48,0.2:64", "0:x", "0:4", ""])
def test_sizes_that_say_nothing_are_refused(pretrain, sizes):
    message = refused(pretrain, "--net", "ResNet50", "--data", "x", "--sizes", sizes)
    assert message.startswith(f"The input sizes are not to be understood: {sizes!r}.")


def test_data_that_cannot_be_used(pretrain, data, tmp_path):
    def message(path):
        return refused(pretrain, "--net", "MobileNetV2", "--data", path, "--batch", 16)

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
    np.savez(other, **{key: value[:12] for key, value in arrays.items()})
    assert "Found 12, a batch is 16." in message(other)
    (tmp_path / "empty").mkdir()
    assert message(tmp_path / "empty").startswith(f"There are no photographs to train in {tmp_path}/empty.")


def test_damaged_archive_and_photograph_are_named(pretrain, tmp_path):
    import tarfile

    folder = tmp_path / "train" / "ant"
    folder.mkdir(parents=True)
    (folder / "1.png").write_bytes(b"no picture")
    with pytest.raises(CourseError, match=r"A photograph cannot be read: .*train/ant/1.png \(10 bytes\)"):
        pretrain.load_data(tmp_path)
    archive = tmp_path / "tiny-imagenet-train-1-of-1.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder / "1.png", "train/ant/1.png")
    with pytest.raises(CourseError, match=r"of-1.tar.gz, train/ant/1.png"):
        pretrain.load_data(tmp_path)
    archive.write_bytes(archive.read_bytes()[:40])
    with pytest.raises(CourseError, match="The archive is damaged or cut off"):
        pretrain.load_data(tmp_path)


def test_start_that_cannot_be_used(pretrain, small, data, tmp_path):
    pretrain.save_npz(tmp_path / "other.npz", {"a/b": np.zeros(3)}, {"network": "ResNet50"})
    (tmp_path / "cut.npz").write_bytes((tmp_path / "other.npz").read_bytes()[:100])
    expected = {
        "other.npz": "Expected MobileNetV2, found ResNet50.",
        "cut.npz": "The weights to start from cannot be read",
        "absent.npz": "No such file",
        "absent.h5": "The weight file does not exist",
    }
    for name, part in expected.items():
        start = ["--start", tmp_path / name, "--epochs", 1]
        assert part in refused(pretrain, *command(data, tmp_path / "out", *start))


def test_log_stays_json_where_the_schedule_ends_inside_an_epoch(pretrain, small, data, tmp_path):
    pretrain.main(command(data, tmp_path / "a", "--epochs", 1.5))

    def refuse(constant):
        raise AssertionError(constant)

    lines = (tmp_path / "a" / "log.jsonl").read_text().splitlines()
    entries = [json.loads(line, parse_constant=refuse) for line in lines]
    assert [entry["step"] for entry in entries] == [4, 6]
    assert entries[1]["loss"] is None
    assert pretrain.finite(float("inf")) is None


def test_full_disk_leaves_the_last_checkpoint(pretrain, tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.npz"
    pretrain.save_npz(path, {"a/b": np.zeros(10)}, {"step": 1})

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pretrain.np, "savez", full)
    with pytest.raises(CourseError, match="No space left on device; it needs 0 MB"):
        pretrain.save_npz(path, {"a/b": np.zeros(10)}, {"step": 2})
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.npz"]
    assert pretrain.load_npz(path)[1] == {"step": 1}
