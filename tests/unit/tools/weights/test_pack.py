"""What is packed comes with a card of its training; what is not of this network is refused."""

from __future__ import annotations

import importlib
import json

import numpy as np
import pytest


@pytest.fixture(scope="module")
def pack():
    return importlib.import_module("tools.weights.pack")


def test_a_checkpoint_is_packed_with_its_history(pack, tmp_path, monkeypatch):
    monkeypatch.setattr(pack, "measure", lambda net, size, *rest: {"size_seen": size})
    arrays = {
        "a/kernel": np.ones((1, 1, 2, 3), "f4"),
        "head/kernel": np.ones((3, 2)),
        "head/bias": np.ones(2),
    }
    facts = {"network": "ResNet50", "input_size": 48, "epochs": 2, "step": 9, "settings": {}, "history": []}
    np.savez(tmp_path / "final.npz", facts=np.array(json.dumps(facts)), **arrays)
    words = ["--net", "ResNet50", "--checkpoint", tmp_path, "--out", tmp_path]
    pack.main([str(word) for word in words])
    written = json.loads((tmp_path / "ResNet50.json").read_text())
    assert written["measured"] == {"size": 48, "size_seen": 48}
    assert (written["epochs"], written["licence"]) == (2, pack.LICENCE)
    assert "step" not in written
    with pytest.raises(SystemExit, match="a checkpoint of ResNet50, not of MobileNetV2"):
        pack.main(["--net", "MobileNetV2", "--checkpoint", str(tmp_path), "--out", str(tmp_path)])


def in_order(path, net):
    """Store random weights of a network as ``get_weights()`` gives them."""
    import keras

    base = getattr(keras.applications, net)(include_top=False, weights=None, input_shape=(64, 64, 3))
    arrays = [array.astype("f2") if array.ndim > 1 else array for array in base.get_weights()]
    np.savez(path, **{f"w{place:03d}": array for place, array in enumerate(arrays)})
    return arrays


def test_weights_in_order_are_packed_with_their_head(pack, tmp_path, monkeypatch):
    arrays = in_order(tmp_path / "new.npz", "MobileNetV2")
    np.savez(tmp_path / "head.npz", kernel=np.ones((1280, 4)), bias=np.arange(4))
    seen = {}
    monkeypatch.setattr(pack, "measure", lambda net, size, arrays, head, args: seen.update(head=head) or {})
    words = ["--net", "MobileNetV2", "--weights", tmp_path / "new.npz", "--head", tmp_path / "head.npz"]
    pack.main([str(word) for word in (*words, "--out", tmp_path)])
    np.testing.assert_array_equal(seen["head"][1], np.arange(4))
    with np.load(tmp_path / "MobileNetV2.npz") as stored:
        np.testing.assert_allclose(
            stored["Conv1/kernel"] * stored["Conv1/kernel|scale"], arrays[0], atol=0.01
        )


def test_weights_of_the_other_network_are_not_packed(pack, tmp_path):
    in_order(tmp_path / "other.npz", "MobileNetV2")
    words = ["--net", "ResNet50", "--weights", tmp_path / "other.npz", "--out", tmp_path]
    with pytest.raises(SystemExit, match="These are no new weights of ResNet50"):
        pack.main([str(word) for word in words])
    assert not (tmp_path / "ResNet50.npz").exists()
