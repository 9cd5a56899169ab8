"""Where the runs of a sweep are computed: in processes of this computer, or on a Dask cluster."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil

from course_utils.errors import CourseError
from course_utils.running.execution import LESSONS
from course_utils.running.sweep.attempt import end_all

DASK = "dask[distributed]>=2025.1,<2027"  # as in requirements-dev.txt
RUN_BYTES = 2.5e9  # memory for one run: lesson 03 was measured to take 2.0e9
ADDRESS = re.compile(r"((tcp|tls|ws|wss|ucx)://)?(\[[\da-fA-F:.]+\]|[^\s:/\[\]]+):\d{1,5}")
PATIENCE = 10  # seconds that a scheduler, and its first worker, may take to answer


@dataclass(frozen=True)
class Pool:
    """Where runs are computed: submit them to ``executor``, and ``capacity()`` of them run at a time now."""

    executor: Executor
    capacity: Callable[[], int]
    settings: Mapping[str, str]  # environment of each run


def usual_workers(threads: int) -> int:
    """Return how many runs at a time this computer can bear: by its cores, and by the free memory.

    Real cores are counted: two hyper-threads share what computes, and so would win little.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    cores = min(psutil.cpu_count(logical=False) or allowed, allowed)
    return max(1, min(cores // threads, int(psutil.virtual_memory().available // RUN_BYTES)))


def settings_of(threads: int) -> dict[str, str]:
    """Return the environment of a run: its threads, and what this person set for the course."""
    names = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    own = {name: value for name, value in os.environ.items() if name.startswith("COURSE_")}
    return own | dict.fromkeys(names, str(threads))


@contextlib.contextmanager
def processes(workers: int, threads: int) -> Iterator[Pool]:
    """Give a place on this computer. If it is left by an error, what still runs is ended.

    A thread waits for each process: the end of one process then touches no other run, which it would in a
    pool of processes.
    """
    with ThreadPoolExecutor(workers) as executor:
        try:
            yield Pool(executor, lambda: workers, settings_of(threads))
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            end_all()
            raise


@contextlib.contextmanager
def cluster(address: str, threads: int, out: Path, lessons: Path = LESSONS) -> Iterator[Pool]:
    """Give a place on a Dask cluster. If it is left by an error, runs that have begun go on to their end.

    Args:
        address: of the scheduler, for example ``"tcp://10.0.0.1:8786"``.
        threads: of TensorFlow in each run.
        out: folder of the sweep, which every worker must see.
        lessons: folder of the lessons, which every worker must see.

    Raises:
        CourseError: the address is none, Dask is not installed, the scheduler or a worker does not answer,
            or a worker lacks the project or a folder.
    """
    if not ADDRESS.fullmatch(address):  # of which Dask would tell after a while, with a traceback
        raise CourseError(
            f"{address!r} is not the address of a scheduler.",
            cause="Expected for example tcp://10.0.0.1:8786.",
            next_step="start one by the command dask scheduler, and give the address that it prints.",
        )
    try:
        from distributed import Client
    except ImportError as error:
        raise CourseError(
            f"The cluster {address} cannot be used: Dask is not installed.",
            cause=str(error),
            next_step=f'run pip install "{DASK}", here and where the workers are.',
        ) from error
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise CourseError(
            f"The scheduler {address} does not answer.",
            cause=f"{type(error).__name__}: {' '.join(str(error).split())[:200]}",
            next_step="start one by the command dask scheduler, and give the address that it prints.",
        ) from error
    with client:
        _check_workers(client, address, out, lessons)
        yield Pool(client.get_executor(pure=False), lambda: _threads_of(client), settings_of(threads))


def _check_workers(client, address: str, out: Path, lessons: Path) -> None:
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError as error:
        raise CourseError(
            f"The scheduler {address} has no workers.",
            cause=f"None came in {PATIENCE} seconds.",
            next_step=f"start some, for example: dask worker {address} --nthreads 1",
        ) from error
    with tempfile.NamedTemporaryFile(dir=out, prefix=".seen-") as file:
        answers = client.run(_unseen, {str(out): file.name, str(lessons): str(lessons)}, on_error="return")
    for worker, answer in answers.items():
        if isinstance(answer, BaseException):
            raise CourseError(
                f"The worker {worker} cannot run lessons.",
                cause=f"{type(answer).__name__}: {' '.join(str(answer).split())[:200]}",
                next_step="install the project there: pip install its folder.",
            )
        if answer:
            raise CourseError(
                f"The worker {worker} does not see the folder {answer[0]}.",
                cause="Lessons and results are passed on by files, so all workers need the same file system.",
                next_step="give --out a folder that all computers share, and keep the project in one.",
            )


def _threads_of(client) -> int:
    """Return how many runs the cluster computes at a time; workers come and go."""
    try:
        return sum(client.nthreads().values())
    except (OSError, RuntimeError):  # the scheduler ended, which the futures tell
        return 0


def _unseen(proofs: Mapping[str, str]) -> list[str]:
    """Return the folders of which this computer does not see what lies there. Runs on the workers."""
    return [folder for folder, proof in proofs.items() if not Path(proof).exists()]
