"""What computes: the GPUs that Keras' backend finds."""

from __future__ import annotations


def gpus() -> list[str]:
    """Return the names of the GPUs, for example ``["Tesla T4"]``; empty if only the processor computes."""
    import keras

    return {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}[keras.backend.backend()]()


def _tensorflow() -> list[str]:
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    return [tf.config.experimental.get_device_details(gpu).get("device_name", "GPU") for gpu in found]


def _jax() -> list[str]:
    import jax

    return [device.device_kind for device in jax.devices() if device.platform == "gpu"]


def _torch() -> list[str]:
    import torch

    return [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
