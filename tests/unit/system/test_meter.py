"""Seconds and memory of a block."""

from __future__ import annotations

import subprocess
import sys

import pytest

from course_utils.system.meter import Meter

MEASURED = """
import time
import numpy as np
from course_utils.system.meter import Meter

with Meter() as empty:
    pass
with Meter() as meter:
    block = np.ones(100_000_000, dtype="uint8")  # touched, so that it is really held
    time.sleep(0.2)
print(meter.seconds, meter.peak_bytes - empty.peak_bytes)
"""


def test_meter_measures_seconds_and_memory():
    """In a process of its own: what other tests give back meanwhile would count against the block."""
    shown = subprocess.run(
        [sys.executable, "-c", MEASURED], capture_output=True, text=True, check=True
    ).stdout
    seconds, peak_bytes = map(float, shown.split())
    assert 0.2 <= seconds < 5
    assert 90_000_000 < peak_bytes < 200_000_000


def test_meter_measures_although_the_block_fails():
    meter = Meter()
    with pytest.raises(ZeroDivisionError), meter:
        1 / 0  # noqa: B018
    assert meter.seconds > 0
    assert not meter._watcher.is_alive()
