"""Sweeps of a real lesson: on a Dask cluster of which a worker is killed, and how much two workers win."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sweep_lessons import write_grid

from course_utils.records import read_records
from course_utils.running.sweep.pools import settings_of

PROJECT = Path(__file__).resolve().parents[4]
pytestmark = [pytest.mark.full, pytest.mark.timeout(3600)]


@pytest.fixture
def sweep(tmp_path: Path) -> Callable[..., float]:
    """Return a function that sweeps ``grid.yaml`` quickly into a folder, and returns the seconds it took."""

    def run(out: str, *options: str) -> float:
        started = time.monotonic()
        command = [sys.executable, "-m", "course_utils.sweep", str(tmp_path / "grid.yaml"), "--quick"]
        command += ["--out", str(tmp_path / out), *options]
        with open(tmp_path / f"{out}.txt", "w") as said:
            subprocess.run(command, stdout=said, stderr=subprocess.STDOUT, cwd=PROJECT, check=True)
        return time.monotonic() - started

    return run


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen]]]:
    """The address of a scheduler on 127.0.0.1, and its two workers."""
    pytest.importorskip("distributed", reason="Dask is an extra requirement")
    file = tmp_path / "scheduler.json"
    common = ["--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(file)]
    worker = [*common, "--no-nanny", "--nthreads", "1", "--local-directory", str(tmp_path)]
    started = [_start("scheduler", [*common, "--port", "0"], tmp_path)]
    try:
        _until(lambda: file.exists() and json.loads(file.read_text() or "{}"))
        started += [_start("worker", worker, tmp_path) for _ in range(2)]
        yield json.loads(file.read_text())["address"], started[1:]
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_cluster_of_which_a_worker_is_killed_gives_what_processes_give(tmp_path, sweep, dask):
    write_grid(tmp_path / "grid.yaml", {"SEED": [0, 1], "OVERRIDES": {"limit_per_class": [10, 15]}}, "02")
    address, workers = dask
    other = subprocess.Popen(
        [sys.executable, "-c", _KILL, str(workers[0].pid)], stdout=subprocess.PIPE, text=True
    )

    sweep("cluster", "--scheduler", address)

    assert other.communicate(timeout=90)[0].strip() == "killed in the middle of a run"
    assert workers[0].poll() == -signal.SIGKILL
    assert workers[1].poll() is None
    sweep("here", "--workers", "2")
    assert len(values(tmp_path / "here")) == 4
    assert values(tmp_path / "cluster") == values(tmp_path / "here")
    assert (tmp_path / "cluster.txt").read_text().count(": done after ") == 4


@pytest.mark.alone
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="two workers need two cores")
def test_two_workers_are_faster_and_give_the_same(tmp_path, sweep):
    write_grid(tmp_path / "grid.yaml", {"SEED": 99, "OVERRIDES": {"limit_per_class": 10}}, "02")
    sweep("warm")  # what the cache keeps is then there for both
    parameters = {"SEED": [0, 1, 2, 3], "OVERRIDES": {"limit_per_class": [10, 15, 20]}}
    write_grid(tmp_path / "grid.yaml", parameters, "02")

    in_turn = sweep("one", "--workers", "1")
    side_by_side = sweep("two", "--workers", "2")

    print(f"{in_turn:.0f} s in turn, {side_by_side:.0f} s by two: {in_turn / side_by_side:.2f} times as fast")
    assert len(values(tmp_path / "one")) == 12
    assert values(tmp_path / "one") == values(tmp_path / "two")
    assert in_turn / side_by_side >= 1.4


def test_threads_reach_tensorflow():
    def started(threads: int) -> int:
        environment = {**os.environ, **settings_of(threads)}
        command = [sys.executable, "-c", _THREADS]
        said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return int(said.stdout)

    assert started(4) >= started(1) + 6  # three more that compute, three more that run operations


def values(out: Path) -> dict[str, list[tuple]]:
    """Return what each run of a sweep recorded, but for times."""
    found = {}
    for run in sorted(path for path in out.iterdir() if path.is_dir()):
        table = read_records(run / "records")
        table = table[table["unit"] != "s"]
        found[run.name] = list(table[["model", "metric", "split", "seed", "value"]].itertuples(index=False))
        assert found[run.name]
    return found


def _start(what: str, options: list[str], folder: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *options]
    with open(folder / f"{what}.log", "a") as log:
        installed = {**os.environ, "PYTHONPATH": str(PROJECT)}
        return subprocess.Popen(command, cwd=folder, env=installed, stdout=log, stderr=log)


def _until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


_KILL = """
import psutil, sys, time
worker = psutil.Process(int(sys.argv[1]))
while not any("ipykernel" in " ".join(p.cmdline()) for p in worker.children(recursive=True)):
    time.sleep(0.1)
time.sleep(5)
below = worker.children(recursive=True)
worker.kill()
alive = psutil.wait_procs(below, timeout=60)[1]
print(f"still alive: {alive}" if alive or not below else "killed in the middle of a run")
"""

_THREADS = """
import keras, numpy, psutil
model = keras.Sequential([keras.Input((9,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(numpy.ones((9, 9)), numpy.ones((9, 1)), verbose=0)
print(psutil.Process().num_threads())
"""
