"""Run a notebook of a stranger where it can harm nobody: behind a wall, with limits, watched from outside.

Only frames of data leave a sandbox, through one pipe; all of them can be forged.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import re
import selectors
import shutil
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import psutil

from course_utils.errors import CourseError
from tools.grading import bubblewrap
from tools.grading.bubblewrap import MEBIBYTE
from tools.grading.stage import Stage

GRACE = 5.0  # seconds that the kernel is given to end a sandbox's processes
TICK = 0.25  # seconds between two looks at memory and processes, at most
SHORTEST_TICK = 0.005  # at least: a look takes 0.002
FASTEST = 8 * 2**30  # bytes a second that processes can take: the less is left, the sooner the next look
HOST_RESERVE = 500 * MEBIBYTE  # of memory that the machine keeps: below, the largest sandbox is stopped
ALL = ("status", ("RssAnon:", "VmSwap:"))  # what a process holds, swapped out or not
SHARE = ("smaps_rollup", ("Pss_Anon:", "SwapPss:"))  # the same, but its share of what it holds with others
THREADS_A_PROCESSOR = 24  # TensorFlow's and XLA's own (17 were seen)


@dataclass(frozen=True)
class Limits:
    """What one notebook may use."""

    seconds: float = 600.0  # for the whole notebook, by the clock on the wall
    cell_seconds: float = 120.0  # for one cell; then it is interrupted, and the next one runs
    memory: int = 4096 * MEBIBYTE  # bytes of all processes together
    processes: int = 16  # of one notebook; Keras needs one, and shells and pools some more
    threads: int = 128  # of all processes together, and ``THREADS_A_PROCESSOR`` more for each processor
    file: int = 512 * MEBIBYTE  # bytes of one file
    scratch: int = 1024 * MEBIBYTE  # bytes in all files, which lie in memory
    inodes: int = 100_000  # files and folders at a time
    printed: int = 32 * MEBIBYTE  # bytes that may be written past the notebook to the terminal
    frames: int = 64 * MEBIBYTE  # bytes of answers and reports that may leave

    def resources(self, processors: int) -> dict[str, int]:
        """Return what the kernel holds each process to.

        Args:
            processors: that the sandbox may use.
        """
        return {
            "RLIMIT_AS": self.memory + 6144 * MEBIBYTE,  # TensorFlow reserves more than it uses
            "RLIMIT_DATA": self.memory,
            "RLIMIT_CPU": round(self.seconds * processors) + 5,
            "RLIMIT_FSIZE": self.file,
            "RLIMIT_NPROC": self.threads + THREADS_A_PROCESSOR * processors,
            "RLIMIT_NOFILE": 1024,
            "RLIMIT_CORE": 0,
            "RLIMIT_MEMLOCK": 64 * 1024,
            "RLIMIT_MSGQUEUE": 0,
        }


@dataclass
class Result:
    """What came out of a sandbox. All but ``end``, ``seconds`` and ``memory`` was written by the stranger."""

    end: str = "ended early"  # or "finished", "stopped", or the limit that it met: see ``score.STOPS``
    cells: dict[str, dict] = field(default_factory=dict)  # how each cell ended, by its id
    running: str | None = None  # id of the cell that was running when it ended, or None
    answers: list[bytes] = field(default_factory=list)  # frames of answers as they came, unread
    seconds: float = 0.0  # that it ran
    memory: int = 0  # bytes at the most that was seen
    tail: str = ""  # the end of what it wrote past the notebook


def run_notebook(
    cells: list[dict],
    lesson: str,
    stage: Stage,
    *,
    class_word: str = "",
    limits: Limits | None = None,
    slot: int = 0,
    slots: int = 1,
    stop: threading.Event | None = None,
) -> Result:
    """Run cells in a new sandbox.

    Args:
        cells: with ``id`` and ``source``.
        lesson: number of the lesson, whose answers are brought out.
        stage: what the sandbox sees of the course.
        class_word: of the class.
        limits: None: the usual ones.
        slot: which of the sandboxes that run at a time, from 0 on; it has processors and a user of its own.
        slots: how many run at a time.
        stop: once it is set, the sandbox is ended.

    Returns:
        The result. No process of the sandbox is left.

    Raises:
        CourseError: the sandbox could not be started, or did not die.
    """
    limits = limits or Limits()
    processors = _processors(slot, slots)
    job = {
        "cells": cells,
        "lesson": lesson,
        "cell_seconds": limits.cell_seconds,
        "resources": limits.resources(len(processors)),
    }
    started = time.monotonic()
    process, frames = bubblewrap.start(
        json.dumps(job).encode(),
        stage,
        class_word=class_word,
        memory=limits.memory,
        scratch=limits.scratch,
        slot=slot,
        processors=processors,
    )
    sandbox = _Sandbox(process, frames, limits, stop or threading.Event())
    try:
        sandbox.watch()
    finally:
        sandbox.close()
    sandbox.result.seconds = time.monotonic() - started
    return sandbox.result


def check_sandbox(stage: Stage) -> None:
    """See to it that a sandbox can be had, by running one.

    Raises:
        CourseError: it cannot; says why, and how to correct it.
    """
    if platform.system() != "Linux":
        raise CourseError(
            "Grading needs a sandbox, and this system has none.",
            cause=f"bubblewrap runs on Linux, and this is {platform.system()}.",
            next_step="grade on a Linux machine, a virtual one or WSL 2 included.",
        )
    if shutil.which("bwrap") is None:
        raise CourseError(
            "Grading needs a sandbox, and bubblewrap is not installed.",
            cause="There is no program bwrap.",
            next_step="install it: sudo apt install bubblewrap (or dnf, pacman; the package has this name).",
        )
    result = run_notebook([{"id": "a", "source": "1 + 1"}], "00", stage, limits=Limits(seconds=120.0))
    if result.end != "finished" or not result.cells.get("a", {}).get("ok"):
        raise _no_sandbox(result)


def _no_sandbox(result: Result) -> CourseError:
    said = " ".join(result.tail.split())[-200:] or f"the trial ended: {result.end}"
    if re.search(r"uid map|namespace|RTM_NEWADDR|Operation not permitted|Permission denied.*clone", said):
        cause = f"This system forbids user namespaces ({said})."
        next_step = (
            "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu 24.04 on, "
            "or an AppArmor profile for bwrap), or grade outside of a container; see docs/THREATS.md."
        )
    elif "nknown option" in said:
        cause, next_step = f"It is too old ({said}).", "install bubblewrap 0.6 or later."
    else:
        cause = f"It said: {said}"
        next_step = "see docs/THREATS.md; as root, others must be able to read .venv (chmod -R o+rX .venv)."
    return CourseError(
        "Grading needs a sandbox, and bubblewrap could not make one.", cause=cause, next_step=next_step
    )


class _Sandbox:
    """One running sandbox."""

    running: ClassVar[dict[int, int]] = {}  # process id of each sandbox of this process -> bytes held

    def __init__(self, process: subprocess.Popen, frames: int, limits: Limits, stop: threading.Event) -> None:
        self.process, self.frames_pipe, self.limits, self.stop = process, frames, limits, stop
        self.result = Result()
        self.deadline = time.monotonic() + limits.seconds
        self.frames = _Frames(self.result, limits.frames)
        self.printed = self.held = 0
        self.init: psutil.Process | None = None
        self.running[process.pid] = 0
        self.pipes = {frames: self.frames.add, process.stdout.fileno(): self._take_printed}

    def close(self) -> None:
        """End the sandbox, if it has not ended."""
        self.running.pop(self.process.pid, None)
        self._kill()
        os.close(self.frames_pipe)
        self.process.stdout.close()

    def watch(self) -> None:
        """Read what comes out until the sandbox ends or meets a limit."""
        look = time.monotonic()
        with selectors.DefaultSelector() as selector:
            for pipe in self.pipes:
                os.set_blocking(pipe, False)
                selector.register(pipe, selectors.EVENT_READ)
            while self.process.poll() is None and not self._broken():
                for key, _ in selector.select(self._tick() / 2):
                    if not self._take(key.fd):
                        selector.unregister(key.fd)
                if not selector.get_map():
                    time.sleep(self._tick() / 2)
                if time.monotonic() >= look:
                    self._look()
                    look = time.monotonic() + self._tick()
        self._kill()
        for pipe in self.pipes:
            while self._take(pipe) and not self.frames.too_much and self.printed <= self.limits.printed:
                pass

    def _broken(self) -> bool:
        reached = {
            "time": time.monotonic() > self.deadline,
            "memory": self.result.memory > self.limits.memory,
            "printed": self.printed > self.limits.printed,
            "frames": self.frames.too_much,
            "stopped": self.stop.is_set(),
        }
        for limit, is_reached in reached.items():
            if is_reached:
                self.result.end = limit
        return any(reached.values()) or self.result.end in ("processes", "files", "host")

    def _take(self, pipe: int) -> bool:
        try:
            content = os.read(pipe, 2**16)
        except BlockingIOError:
            return self.process.returncode is None
        self.pipes[pipe](content)
        return bool(content)

    def _take_printed(self, content: bytes) -> None:
        self.printed += len(content)
        self.result.tail = (self.result.tail + content.decode(errors="replace"))[-2000:]

    def _look(self) -> None:
        """Look at the processes of the sandbox and at what they hold in memory."""
        with contextlib.suppress(psutil.Error):
            if self.init is None:
                children = psutil.Process(self.process.pid).children()
                self.init = children[0] if children else None
                return
            family = self.init.children(recursive=True)
            held = sum(_held(process, *ALL) for process in family)
            if held > self.limits.memory:  # what processes share was counted for each: look closer
                with _suspended(family):
                    held = sum(_held(process, *SHARE) or _held(process, *ALL) for process in family)
            self.held = self.running[self.process.pid] = held
            self.result.memory = max(self.result.memory, held)
            if len(family) > self.limits.processes:
                self.result.end = "processes"
            if _inodes(self.init.pid) > self.limits.inodes:
                self.result.end = "files"
            is_largest = held >= max(self.running.values())
            if is_largest and psutil.virtual_memory().available < HOST_RESERVE:
                self.result.end = "host"

    def _tick(self) -> float:
        """Return how soon to look again: before what is left of the memory can be taken."""
        if self.init is None:
            return 0.02
        return min(TICK, max(SHORTEST_TICK, (self.limits.memory - self.held) / FASTEST))

    def _kill(self) -> None:
        """End all processes of the sandbox: its first one dies with its parent, and the others with it."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        until = time.monotonic() + GRACE
        while _is_alive(self.init):
            if time.monotonic() > until:
                raise CourseError(
                    "A sandbox did not end.",
                    cause=f"Process {self.init.pid} is still there {GRACE:g} seconds after it was killed.",
                    next_step="look at that process, then run the command again; it goes on where it was.",
                )
            time.sleep(0.01)


def _is_alive(process: psutil.Process | None) -> bool:
    try:
        return process is not None and process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


@contextlib.contextmanager
def _suspended(family: list[psutil.Process]) -> Iterator[None]:
    """Let processes stand still: a close look takes so long that they could grow past the limit meanwhile."""
    for process in family:
        with contextlib.suppress(psutil.Error):
            process.suspend()
    try:
        yield
    finally:
        for process in family:
            with contextlib.suppress(psutil.Error):
                process.resume()


def _held(process: psutil.Process, file: str, names: tuple[str, ...]) -> int:
    """Return the bytes that a process holds, as some lines of a file of /proc tell."""
    try:
        lines = Path(f"/proc/{process.pid}/{file}").read_text().splitlines()
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(names))
    except (OSError, IndexError, ValueError):
        return 0  # it ended in between


def _inodes(init: int) -> int:
    """Return how many files lie in the folders that a sandbox may write to."""
    found = 0
    for folder in ("tmp", "dev/shm"):
        with contextlib.suppress(OSError):
            status = os.statvfs(f"/proc/{init}/root/{folder}")
            found += status.f_files - status.f_ffree
    return found


class _Frames:
    """Takes frames apart as they come. Believes none of them."""

    HEAD = struct.calcsize(">cI")

    def __init__(self, result: Result, limit: int) -> None:
        self.result, self.limit = result, limit
        self.waiting = bytearray()
        self.total = 0
        self.too_much = False

    def add(self, content: bytes) -> None:
        self.total += len(content)
        self.waiting += content
        self.too_much = self.total > self.limit
        while not self.too_much and len(self.waiting) >= self.HEAD:
            kind, length = struct.unpack_from(">cI", self.waiting)
            end = self.HEAD + length
            if len(self.waiting) < end:
                return
            self._take(kind, bytes(self.waiting[self.HEAD : end]))
            del self.waiting[:end]

    def _take(self, kind: bytes, payload: bytes) -> None:
        if kind == b"A":
            self.result.answers.append(payload)
            return
        report = _small_report(payload)
        if kind == b"B":
            self.result.running = report.get("id")
        elif kind == b"C" and report.get("id") and len(self.result.cells) < 2000:
            self.result.cells[report["id"]] = report
            self.result.running = None
        elif kind == b"E":
            self.result.end, self.result.running = "finished", None


def _small_report(payload: bytes) -> dict:
    """Return what is in form in a report on a cell."""
    if len(payload) > 20_000:
        return {}
    try:
        report = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    forms = {"id": str, "ok": bool, "error": str, "text": str, "shown": str}
    return {k: v for k, v in report.items() if type(v) is forms.get(k)} if type(report) is dict else {}


def _processors(slot: int, slots: int) -> list[int]:
    """Return the processors of a slot: all are dealt out in turn."""
    mine = sorted(os.sched_getaffinity(0))
    return mine[slot::slots] or [mine[slot % len(mine)]]
