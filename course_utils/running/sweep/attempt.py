"""Run one run of a sweep in a process of its own, which ends when this process does."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from os import environ

from course_utils.running.sweep.run import Run
from course_utils.system.paths import PROJECT

LOG = "log.txt"

_alive: set[subprocess.Popen] = set()


@dataclass(frozen=True)
class Outcome:
    """How a run ended: ``error`` is empty if it ran to its end."""

    error: str
    seconds: float


def attempt(run: Run, settings: Mapping[str, str]) -> Outcome:
    """Run a run, and say how it ended. What it prints goes to ``log.txt`` in its folder.

    Args:
        run: what to run.
        settings: environment variables for the process, beside those of this one. What is set here for
            the course does not count: on a cluster, it is what another person set.
    """
    started = time.monotonic()
    inherited = {name: value for name, value in environ.items() if not name.startswith("COURSE_")}
    run.out.mkdir(parents=True, exist_ok=True)
    with open(run.out / LOG, "a", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "course_utils.running.sweep.child", run.to_json()],
            stdin=subprocess.PIPE,  # a lifeline: the child ends when it is closed
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=PROJECT,
            env={**inherited, **settings},
            start_new_session=True,  # Ctrl-C is for the sweep, which then cuts the lifelines
        )
    _alive.add(process)
    try:
        answer = process.stdout.read()
        code = process.wait()
    finally:
        _alive.discard(process)
        process.stdout.close()
        process.stdin.close()
    error = json.loads(answer)["error"] if answer else _ended(run, code)
    return Outcome(error, time.monotonic() - started)


def end_all() -> None:
    """End all runs that this process has started."""
    for process in list(_alive):
        process.stdin.close()


def _ended(run: Run, code: int) -> str:
    how = f"by signal {-code}" if code < 0 else f"with code {code}"
    return (
        f"The process of the run ended {how}, without an answer.\n"
        "It was ended from outside, or the memory was not enough.\n"
        f"Next: look at the end of {run.out / LOG}, and give --workers a smaller number."
    )
