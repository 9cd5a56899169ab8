"""What is packed comes with a card of its training; what is not of this network is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tools.weights import pack


def test_a_checkpoint_is_packed_with_its_history_and_measured(tmp_path, photographs):
    arrays = pack.named_arrays(pack.build("MobileNetV2", 32))
    head = {"head/kernel": np.zeros((1280, 4)), "head/bias": np.eye(4)[2]}  # it takes all for cows
    facts = {"network": "MobileNetV2", "input_size": 32, "epochs": 2, "step": 9}
    facts |= {"settings": {}, "history": []}
    np.savez(tmp_path / "final.npz", facts=json.dumps(facts), **arrays, **head)
    words = ["--net", "MobileNetV2", "--checkpoint", tmp_path, "--out", tmp_path, "--tiny", photographs]
    pack.main([str(word) for word in words])
    written = json.loads((tmp_path / "MobileNetV2.json").read_text())
    assert written["measured"] == {"size": 32, pack.TOP1: {"before_packing": 25.0, "packed": 25.0}}
    assert (written["epochs"], written["licence"]) == (2, pack.LICENCE)
    assert "step" not in written
    with pytest.raises(SystemExit, match="a checkpoint of MobileNetV2, not of ResNet50"):
        pack.main(["--net", "ResNet50", "--checkpoint", str(tmp_path), "--out", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"holds no final\.npz"):
        pack.main(["--net", "ResNet50", "--checkpoint", str(photographs), "--out", str(tmp_path)])
    assert not (tmp_path / "ResNet50.npz").exists()
