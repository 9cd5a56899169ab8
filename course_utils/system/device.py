"""What computes: the GPUs that Keras' backend finds, or the processor; and the versions of the libraries."""

from __future__ import annotations

import functools
import os
import platform
import re
from importlib import metadata
from pathlib import Path


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


@functools.cache
def device_name() -> str:
    """Return what computes, for example ``"AMD EPYC, 2 cores"`` or ``"NVIDIA T4"``."""
    found = gpus()
    if found:
        return found[0]
    return f"{_processor()}, {os.cpu_count()} cores"


@functools.cache
def versions() -> str:
    """Return the versions that a result depends on, as one line."""
    names = ("tensorflow", "keras", "numpy", "pillow")
    return "; ".join([f"python {platform.python_version()}", *(f"{name} {_version(name)}" for name in names)])


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:  # tensorflow has several names: tensorflow-cpu, tensorflow-macos
        return "unknown"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*:\s*(.+)", cpuinfo.read_text()) if cpuinfo.exists() else None
    return found.group(1).strip() if found else platform.processor() or platform.machine()
