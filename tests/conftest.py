"""Settings of all tests: no log lines, a cache of their own, and Ctrl-C that works."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["JUPYTER_PLATFORM_DIRS"] = "1"  # the other choice warns in each subprocess
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # tests were started in the background: what they
    signal.signal(signal.SIGINT, signal.default_int_handler)  # start would inherit that Ctrl-C is ignored


@pytest.fixture(autouse=True, scope="session")
def _own_cache() -> Iterator[None]:
    """Tests neither use nor change what the person's cache holds; what they leave is removed."""
    os.environ.pop("COURSE_DATA", None)
    os.environ.pop("COURSE_OUT", None)
    with tempfile.TemporaryDirectory(prefix="course-cache-", ignore_cleanup_errors=True) as cache:
        os.environ["COURSE_CACHE"] = cache
        yield
