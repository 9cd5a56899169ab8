"""Run the training script on a network of four layers: N WORDS…; it dies by SIGKILL after N checkpoints."""

import os
import signal
import sys

from tools.weights import pack


def build(net, size):
    """Return a network that trains within seconds, in the place of MobileNetV2."""
    import keras

    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((size, size, 3)),
            layers.Conv2D(8, 3, use_bias=False, name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.DepthwiseConv2D(3, padding="same", name="depth"),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
        ]
    )


pack.build = build

from tools.weights import pretrain  # noqa: E402

left, write = int(sys.argv[1]), pretrain.save


def save(path, *rest):
    """Write, and die where it was the last one allowed."""
    global left
    write(path, *rest)
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)


pretrain.save = save
pretrain.main(sys.argv[2:])
