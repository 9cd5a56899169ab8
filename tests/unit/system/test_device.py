"""GPUs as each backend of Keras names them, with the backend's own module replaced."""

from __future__ import annotations

import sys
from importlib import metadata
from types import SimpleNamespace as Fake

import keras
import pytest

from course_utils.profiles import load_profile
from course_utils.system import device

CARD = "Tesla T4"


def tensorflow(count: int) -> Fake:
    details = Fake(get_device_details=lambda gpu: {"device_name": CARD})
    return Fake(config=Fake(list_physical_devices=lambda kind: [kind] * count, experimental=details))


def jax(count: int) -> Fake:
    processor = Fake(platform="cpu", device_kind="cpu")
    return Fake(devices=lambda: [Fake(platform="gpu", device_kind=CARD)] * count or [processor])


def torch(count: int) -> Fake:
    return Fake(cuda=Fake(device_count=lambda: count, get_device_name=lambda number: CARD))


@pytest.mark.parametrize("count", [0, 1, 2])
@pytest.mark.parametrize("make", [tensorflow, jax, torch])
def test_each_backend_names_its_gpus_and_auto_follows(monkeypatch, make, count: int):
    monkeypatch.setattr(keras.backend, "backend", lambda: make.__name__)
    monkeypatch.setitem(sys.modules, make.__name__, make(count))

    assert device.gpus() == [CARD] * count
    profile = load_profile("auto")
    assert profile.name == ("gpu" if count else "laptop")
    assert (CARD in profile.reason) is bool(count)


def test_versions_name_what_a_result_depends_on(monkeypatch):
    for name in ("python", "keras", "numpy", "pillow"):
        assert f"{name} " in device.versions()

    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert "tensorflow unknown" in device.versions.__wrapped__()


def test_device_name_is_told():
    assert device.device_name().strip()
