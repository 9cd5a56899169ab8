"""Settings of all tests: no log lines, a cache of their own, and Ctrl-C that works."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

NO_SANDBOX = "no sandbox here"  # how grading's tests begin the reason when they are skipped
FIRST = ("test_outputs.py", "test_pretrain.py", "test_solutions.py")  # files that take a minute or more
LAST = "test_memory.py"  # it looks every moment how much a process has taken: nothing heavy may run beside it
PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["JUPYTER_PLATFORM_DIRS"] = "1"  # the other choice warns in each subprocess
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # tests were started in the background: what they
    signal.signal(signal.SIGINT, signal.default_int_handler)  # start would inherit that Ctrl-C is ignored


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A worker that took a long file last would end alone, with nothing for the other."""
    items.sort(key=lambda item: (item.path.name == LAST, item.path.name not in FIRST))


@pytest.fixture(autouse=True, scope="session")
def _own_cache() -> Iterator[None]:
    """Tests neither use nor change what the person's cache holds; what they leave is removed."""
    os.environ.pop("COURSE_DATA", None)
    os.environ.pop("COURSE_OUT", None)
    with tempfile.TemporaryDirectory(prefix="course-cache-", ignore_cleanup_errors=True) as cache:
        os.environ["COURSE_CACHE"] = cache
        yield


@pytest.fixture
def known_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """Records name a device that is not asked for, which takes seconds."""
    monkeypatch.setattr("course_utils.records.device_name", lambda: "a computer")


@pytest.fixture(scope="module")
def deterministic() -> None:
    """TensorFlow gives the same numbers each time, to the last bit."""
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()


@pytest.fixture(scope="module")
def whole(deterministic: None, tmp_path_factory: pytest.TempPathFactory) -> tuple:
    """History and weights of a small training that nothing cut off."""
    from small_trainings import small_model, train

    return train(small_model(), tmp_path_factory.mktemp("whole"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell in one line what a machine without a sandbox left out; it would pass unseen among dots."""
    skipped = [report.longrepr[2] for report in terminalreporter.stats.get("skipped", [])]
    reasons = [reason for reason in skipped if NO_SANDBOX in reason]
    if reasons:
        why = reasons[0].split(f"{NO_SANDBOX}: ")[-1].splitlines()[0]
        terminalreporter.write_line(
            f"Skipped: {len(reasons)} tests of grading, which need a sandbox. {why} "
            "Next: sudo apt-get install bubblewrap, or see docs/THREATS.md."
        )
