from __future__ import annotations

import time
from pathlib import Path

import pytest

from course_utils.system.lock import only_one


def test_a_process_that_gets_on_is_waited_for(tmp_path: Path) -> None:
    times = iter(range(3))  # the sign changes three times, then it stays
    with only_one(tmp_path / "lock", "waiting"):
        start = time.monotonic()
        with (
            pytest.raises(TimeoutError),
            only_one(tmp_path / "lock", "waiting", patience=0.2, sign=lambda: next(times, 3)),
        ):
            pytest.fail("two at a time")
        assert time.monotonic() - start > 2
