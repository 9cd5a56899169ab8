"""Sweeps of tiny lessons: what is run, kept, told and summed up. Real lessons: test_sweep_full.py."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pandas as pd
import psutil
import pytest
from filelock import FileLock
from messages import message_of
from sweep_lessons import write_grid, write_lesson

from course_utils.running.sweep import pools
from course_utils.running.sweep.attempt import Outcome, attempt
from course_utils.running.sweep.child import LOCK
from course_utils.running.sweep.cli import main
from course_utils.running.sweep.follow import _outcome
from course_utils.running.sweep.grid import read_grid
from course_utils.running.sweep.pools import cluster, settings_of, usual_workers
from course_utils.running.sweep.run import Run, is_finished
from course_utils.running.sweep.summary import summarize, summary_text

PROJECT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A sweep of four runs, of which the two with seed 1 failed: its folder, and what it told."""
    folder = tmp_path_factory.mktemp("sweep")
    write_lesson(folder / "notebooks" / "01_a.ipynb")
    parameters = {"SEED": [0, 1], "FAIL": True, "OVERRIDES": {"limit_per_class": [10, 20]}}
    write_grid(folder / "grid.yaml", parameters)
    ran = subprocess.run(command(folder), capture_output=True, text=True, cwd=PROJECT)
    assert ran.returncode == 1, ran.stderr
    return folder, ran.stdout, ran.stderr


def command(folder: Path, *more: str) -> list[str]:
    options = ["--out", str(folder / "out"), "--notebooks", str(folder / "notebooks"), "--workers", "2"]
    return [sys.executable, "-m", "course_utils.sweep", str(folder / "grid.yaml"), *options, *more]


def runs_of(folder: Path) -> list[Run]:
    return read_grid(folder / "grid.yaml", folder / "out", folder=folder / "notebooks")


# One failed run


def test_failed_run_keeps_the_others_and_is_told_at_the_end(swept):
    folder, said, failures = swept

    assert [is_finished(run) for run in runs_of(folder)] == [True, True, False, False]
    assert failures.count("Failed: 01_fail-true_limit-per-class-") == 2
    assert "AssertionError: seed 1 cannot be trained" in failures
    assert "4 runs, 0 of them finished already." in said
    assert "2 of 4 runs are done" in said
    ended = [line for line in said.splitlines() if " ended, " in line]
    assert len(ended) == 4
    assert ended[3].endswith("; 4 of 4 ended, 2 failed, about 00:00 left")


def test_summary_holds_what_ran_and_the_log_what_was_printed(swept):
    folder, said, _ = swept
    table = pd.read_csv(folder / "out" / "summary.csv", dtype={"lesson": str})

    assert table["OVERRIDES.limit_per_class"].tolist() == [10, 20]
    assert table["mean"].tolist() == [0.1, 0.2]
    assert table["seeds"].tolist() == [1, 1]
    assert table["spread"].isna().all()
    assert "data drawn" in said
    assert "cells after" not in said
    assert "01_a: 5 cells after" in (runs_of(folder)[0].out / "log.txt").read_text(encoding="utf-8")


# What counts as finished


def test_same_run_again_runs_nothing(swept, capsys):
    folder = swept[0]
    write_grid(folder / "half.yaml", {"SEED": 0, "FAIL": True, "OVERRIDES": {"limit_per_class": [10, 20]}})
    before = {path: path.stat().st_mtime_ns for path in (folder / "out").rglob("run.json")}
    options = command(folder)[4:]

    assert main([str(folder / "half.yaml"), *options]) == 0

    assert "2 runs, 2 of them finished already." in capsys.readouterr().out
    assert before == {path: path.stat().st_mtime_ns for path in (folder / "out").rglob("run.json")}


def test_dry_run_tells_what_is_left(swept, capsys):
    assert main(command(swept[0], "--dry-run")[3:]) == 0

    told = [line.split(": ")[1] for line in capsys.readouterr().out.splitlines()]
    assert told == ["finished", "finished", "to run", "to run"]


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("run.json", lambda text: text.replace('"finished",', '"failed",')),
        ("run.json", lambda text: text.replace('"SEED": 0', '"SEED": 1')),
        ("run.json", lambda text: text.replace('"started": "20', '"started": "21')),  # a later one broke off
        ("run.json", lambda text: text.replace('"started": "20', '"started": "x20')),
        ("run.json", lambda text: text.replace('"finished": "20', '"finished": "x20')),
        ("run.json", lambda text: '{"lessons": []}'),
        ("run.json", lambda text: "[]"),
        ("run.json", lambda text: "{"),
        ("01_a.ipynb", lambda text: text.replace("import json", "import  json")),
        ("01_a.ipynb", lambda text: ""),
        ("records/accuracy.json", lambda text: text[:40]),
        ("records/accuracy.json", lambda text: None),
    ],
)
def test_changed_damaged_or_lost_results_do_not_count(swept, file, change):
    run = runs_of(swept[0])[0]
    path = run.out / file
    before = path.read_text(encoding="utf-8")
    assert is_finished(run)
    changed = change(before)
    assert changed != before
    try:
        path.unlink() if changed is None else path.write_text(changed, encoding="utf-8")
        assert not is_finished(run)
    finally:
        path.write_text(before, encoding="utf-8")


def test_new_code_in_a_lesson_counts_and_new_text_does_not(swept):
    run = runs_of(swept[0])[0]
    lesson = run.folder / "01_a.ipynb"
    notebook, before = nbformat.read(lesson, as_version=4), lesson.read_bytes()
    try:
        notebook.cells[0].source = "# Another title"
        nbformat.write(notebook, lesson)
        assert is_finished(run)
        notebook.cells[2].source += "\nx = 1"
        nbformat.write(notebook, lesson)
        assert not is_finished(run)
    finally:
        lesson.write_bytes(before)


# Processes that end


@pytest.fixture
def waiting(tmp_path: Path) -> Path:
    """A folder with a sweep of one run that would take a minute."""
    write_lesson(tmp_path / "notebooks" / "01_a.ipynb")
    write_grid(tmp_path / "grid.yaml", {"WAIT": 60.0})
    return tmp_path


def start(folder: Path) -> tuple[subprocess.Popen, list[psutil.Process]]:
    """Start a sweep, wait until its kernel runs, and return it with all processes below it."""
    sweep = subprocess.Popen(
        command(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=PROJECT
    )
    end = time.monotonic() + 240
    while time.monotonic() < end:
        below = psutil.Process(sweep.pid).children(recursive=True)
        if any("ipykernel" in " ".join(p.cmdline()) for p in below if p.is_running()):
            return sweep, below
        time.sleep(0.2)
    sweep.kill()
    raise AssertionError("no kernel was started")


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX systems")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_end_of_the_sweep_ends_all_below_it(waiting, number, code):
    sweep, below = start(waiting)

    sweep.send_signal(number)

    _, said = sweep.communicate(timeout=120)
    assert sweep.returncode == code
    assert psutil.wait_procs(below, timeout=60)[1] == []
    assert ("Stopped. Finished runs are kept" in said) == (number == signal.SIGINT)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX systems")
def test_killed_process_of_a_run_is_told(waiting):
    sweep, below = start(waiting)
    child = next(p for p in below if "course_utils.running.sweep.child" in p.cmdline())

    child.kill()

    _, said = sweep.communicate(timeout=120)
    assert sweep.returncode == 1
    assert "ended by signal 9, without an answer" in said
    assert "Next: look at the end of" in said


# Threads and workers


@pytest.mark.parametrize(
    ("cores", "threads", "gigabytes", "workers"), [(8, 1, 64, 8), (8, 3, 64, 2), (8, 1, 6, 2), (1, 4, 1, 1)]
)
def test_usual_workers_fit_cores_and_memory(monkeypatch, cores, threads, gigabytes, workers):
    memory = type("Memory", (), {"available": gigabytes * 1e9})
    monkeypatch.setattr(psutil, "cpu_count", lambda logical: cores)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(2 * cores), raising=False)

    assert usual_workers(threads) == workers


# A cluster that is not there


def test_missing_dask_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    said = message_of(cluster("tcp://a:1", 1, tmp_path).__enter__)

    assert "Dask is not installed" in said
    assert 'pip install "dask[distributed]' in said


@pytest.mark.parametrize(
    ("address", "is_one"),
    [
        *((address, False) for address in ("nonsense", "ftp://127.0.0.1:8786", "tcp://127.0.0.1:no", "")),
        *((address, False) for address in ("tcp://127.0.0.1", "tcp://127.0.0.1:")),
        *((address, True) for address in ("tcp://10.0.0.1:8786", "localhost:8786", "tls://[::1]:8786")),
        ("tcp://node-3.uni.example:1", True),
    ],
)
def test_address_that_is_none_is_told_at_once(tmp_path, monkeypatch, address, is_one):
    def refuses(*_: object, **__: object) -> None:
        raise OSError("nobody there")

    monkeypatch.setitem(sys.modules, "distributed", SimpleNamespace(Client=refuses))
    said = message_of(cluster(address, 1, tmp_path).__enter__)

    assert (f"{address!r} is not the address of a scheduler." in said) is not is_one
    assert (f"The scheduler {address} does not answer.\nOSError: nobody there" in said) is is_one
    assert "give the address that it prints" in said


def test_scheduler_that_does_not_answer_is_told_before_anything_runs(waiting, monkeypatch, capsys):
    pytest.importorskip("distributed", reason="Dask is an extra requirement")
    monkeypatch.setattr(pools, "PATIENCE", 1)
    options = ["--out", str(waiting / "out"), "--notebooks", str(waiting / "notebooks")]

    assert main([str(waiting / "grid.yaml"), *options, "--scheduler", "tcp://127.0.0.1:1"]) == 1

    assert "The scheduler tcp://127.0.0.1:1 does not answer." in capsys.readouterr().err
    assert list((waiting / "out").iterdir()) == []


# A cluster that does not fit


class Client:
    """Stands for Dask's: has one worker, or none, which answers by ``answer`` or sees what is here."""

    def __init__(self, workers: int = 1, answer: object = None) -> None:
        self.workers, self.answer = workers, answer

    def wait_for_workers(self, number: int, timeout: float) -> None:
        if self.workers < number:
            raise TimeoutError(f"Only {self.workers}/{number} workers arrived after {timeout} s")

    def run(self, function, *arguments: object, on_error: str) -> dict[str, object]:
        assert on_error == "return"
        return {"tcp://a:2": function(*arguments) if self.answer is None else self.answer}


def test_cluster_that_sees_all_is_taken(waiting):
    pools._check_workers(Client(), "tcp://a:1", waiting, waiting / "notebooks")

    assert not list(waiting.glob(".seen-*"))


@pytest.mark.parametrize(
    ("client", "told"),
    [
        (Client(workers=0), "The scheduler tcp://a:1 has no workers."),
        (
            Client(answer=ModuleNotFoundError("No module named 'course_utils'")),
            "The worker tcp://a:2 cannot run lessons.\nModuleNotFoundError: No module",
        ),
    ],
)
def test_cluster_that_cannot_run_lessons_is_told(waiting, client, told):
    assert told in message_of(pools._check_workers, client, "tcp://a:1", waiting, waiting / "notebooks")


@pytest.mark.parametrize("lacking", ["out", "notebooks"])
def test_worker_that_lacks_a_folder_is_told(waiting, monkeypatch, lacking):
    (waiting / "out").mkdir()
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path: lacking not in path.parts and exists(path))

    folders = waiting / "out", waiting / "notebooks"
    said = message_of(pools._check_workers, Client(), "tcp://a:1", *folders)

    assert f"The worker tcp://a:2 does not see the folder {waiting / lacking}." in said


def test_run_gets_its_threads_and_the_settings_of_who_started_it(waiting, monkeypatch):
    (run,) = runs_of(waiting)
    for name in [name for name in os.environ if name.startswith("COURSE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COURSE_CACHE", "of the starter")
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    settings = settings_of(2)
    monkeypatch.setenv("COURSE_CACHE", "of the worker")
    monkeypatch.setenv("COURSE_DATA", "of the worker")
    started = {}

    def popen(*_: object, env: dict[str, str], **__: object) -> None:
        started.update(env)
        raise OSError("started nothing")

    monkeypatch.setattr(subprocess, "Popen", popen)
    with pytest.raises(OSError, match="started nothing"):
        attempt(run, settings)

    given = {name: value for name, value in started.items() if name.startswith("COURSE_")}
    assert given == {"COURSE_CACHE": "of the starter"}
    assert {v for k, v in started.items() if k.endswith(("OP_THREADS", "NUM_THREADS"))} == {"2"}
    assert "TF_NUM_INTRAOP_THREADS" in started
    assert started["PATH"] == os.environ["PATH"]


def test_results_that_are_not_here_are_told(waiting):
    """What a worker with another file system answers."""
    (run,) = runs_of(waiting)
    future: Future = Future()
    future.set_result(Outcome("", 1.0))

    assert "its results are not in" in _outcome(future, run).error


# Summary


def write_records(run: Run, values: list[tuple[int, float]], **more: object) -> None:
    (run.out / "records").mkdir(parents=True, exist_ok=True)
    for seed, value in values:
        entry = dict.fromkeys(("unit", "split", "data", "weights", "profile", "device", "seconds"), "x")
        entry |= {"lesson": "01", "model": "CNN", "metric": "accuracy", "value": value, "seed": seed}
        text = json.dumps(entry | {"versions": "x"} | more)
        (run.out / "records" / f"{seed}-{'-'.join(map(str, more.values()))}.json").write_text(text)


def run_of(folder: Path, **axes: object) -> Run:
    name = "-".join(f"{key}{value}" for key, value in axes.items())
    return Run(("01",), dict(axes), axes, folder / name, folder)


def test_mean_and_spread_are_over_seeds_and_repeats_count_once(tmp_path):
    runs = [run_of(tmp_path, SEED=seed, limit=limit) for seed in (0, 1) for limit in (10, 20)]
    write_records(runs[0], [(0, 0.1), (1, 0.3)])  # two repeats: 0.2
    write_records(runs[1], [(0, 0.5)])
    write_records(runs[2], [(1, 0.4), (2, 0.4)])
    write_records(runs[3], [(1, 0.7)])

    table = summarize(runs)

    assert table["limit"].tolist() == [10, 20]
    assert table["mean"].tolist() == pytest.approx([0.3, 0.6])
    assert table["spread"].tolist() == pytest.approx([0.1 * 2**0.5] * 2)
    assert table["seeds"].tolist() == [2, 2]
    assert not {"SEED", "seed", "run", "value"} & set(table.columns)


def test_numbers_under_other_conditions_are_not_mixed(tmp_path):
    run = run_of(tmp_path, SEED=0)
    for value, condition in ((0.1, {"labels": 10}), (0.9, {"labels": 100}), (0.5, {})):
        write_records(run, [(0, value)], **condition)

    found = summarize([run]).fillna({"labels": 0}).set_index("labels")["mean"]

    assert found.to_dict() == {0: 0.5, 10: 0.1, 100: 0.9}


def test_text_shows_accuracies_and_says_what_is_the_same(tmp_path):
    run = run_of(tmp_path, SEED=0, sizes=[32, 64])
    write_records(run, [(0, 0.25)])
    write_records(run, [(0, 99.0)], metric="fit_seconds")

    text = summary_text(summarize([run]))

    assert "0.250" in text
    assert "fit_seconds" not in text
    assert "sizes [32, 64]" in text
    assert "lesson 01" in text


def test_nothing_recorded_makes_an_empty_summary(tmp_path):
    table = summarize([run_of(tmp_path, SEED=0)])

    assert table.empty
    assert summary_text(table) == "The runs recorded no numbers."


# Two at the same run


def test_run_that_another_worker_is_at_is_waited_for_and_not_run_twice(waiting):
    write_grid(waiting / "grid.yaml", {"WAIT": 0.0})
    (run,) = runs_of(waiting)
    run.out.mkdir(parents=True)
    answers: list[Outcome] = []
    with FileLock(run.out / LOCK):
        other = threading.Thread(target=lambda: answers.append(attempt(run, settings_of(1))))
        other.start()
        other.join(5)
        assert other.is_alive()
        assert not (run.out / "run.json").exists()
    other.join(300)
    ran = (run.out / "run.json").stat().st_mtime_ns

    assert [outcome.error for outcome in answers] == [""]
    assert attempt(run, settings_of(1)).error == ""
    assert (run.out / "run.json").stat().st_mtime_ns == ran
