"""However a notebook takes memory: it gets no more than the bound, and a person is told."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import made_up
import numpy as np
import psutil
import pytest

from course_utils.system.paths import PROJECT
from tools.grading import bubblewrap, memory_group, sandbox
from tools.grading.sandbox import Limits, run_notebook

MEGABYTE = 2**20
LIMITS = Limits(seconds=60, cell_seconds=20, memory=500 * MEGABYTE, scratch=100 * MEGABYTE)
BOUND = LIMITS.memory + LIMITS.scratch + 64 * MEGABYTE  # the last is /dev/shm
KINDS = {
    "private, in one process": """
        taken = []
        for _ in range(200):
            taken.append(bytearray(b"x" * 1_000) * 20_000)
    """,
    "private, in several processes": """
        import os, time
        for _ in range(5):
            if os.fork() == 0:
                taken = [bytearray(b"x" * 1_000) * 10_000 for _ in range(40)]
                time.sleep(30)
                os._exit(0)
        time.sleep(30)
        raise MemoryError
    """,
    "shared, without a file": """
        import mmap
        taken = []
        for _ in range(200):
            taken.append(mmap.mmap(-1, 20_000_000))
            taken[-1].write(b"x" * 20_000_000)
            taken[-1].madvise(mmap.MADV_DONTNEED)
    """,
    "shared, of /dev/zero": """
        import mmap, os
        taken = []
        for _ in range(200):
            taken.append(mmap.mmap(os.open("/dev/zero", os.O_RDWR), 20_000_000))
            taken[-1].write(b"x" * 20_000_000)
            taken[-1].madvise(mmap.MADV_DONTNEED)
    """,
    "System V": """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        libc.shmat.restype = ctypes.c_void_p
        for _ in range(200):
            number = libc.shmget(0, 20_000_000, 0o1600)
            if number < 0:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            place = libc.shmat(number, None, 0)
            ctypes.memset(place, 1, 20_000_000)
            libc.shmdt(ctypes.c_void_p(place))
    """,
    "memfd": """
        import os
        for _ in range(200):
            os.write(os.memfd_create("x"), b"x" * 20_000_000)
    """,
    "files": """
        for number in range(200):
            for folder in ("/tmp", "/dev/shm"):
                try:
                    with open(f"{folder}/{number}", "wb") as file:
                        file.write(b"x" * 20_000_000)
                except OSError:
                    pass
        raise MemoryError
    """,
    "empty files": """
        import time
        for number in range(2_000_000):
            open(f"/tmp/{number}", "w").close()
    """,
}


class Watch:
    """The most shared memory that the whole machine held meanwhile, above what it held before."""

    def __enter__(self) -> Watch:
        self.before, self.most, self.is_over = self.shared(), 0, threading.Event()
        self.thread = threading.Thread(target=self.look)
        self.thread.start()
        return self

    def look(self) -> None:
        while not self.is_over.wait(0.02):
            self.most = max(self.most, self.shared() - self.before)

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        self.thread.join()

    @staticmethod
    def shared() -> int:
        return psutil.virtual_memory().shared


def names(sample: set[str]) -> list:
    return [pytest.param(n, marks=[] if n in sample else [pytest.mark.full]) for n in KINDS]


@pytest.mark.parametrize("who", ["root", "an ordinary user"])
@pytest.mark.parametrize(
    "name", names({"private, in several processes", "shared, without a file", "System V"})
)
def test_no_kind_of_memory_passes_the_bound(hand_in, grade, ran, monkeypatch, name, who):
    if who == "root" and os.geteuid() != 0:
        pytest.skip("this is no root")
    if who != "root":  # as bubblewrap is started for one
        monkeypatch.setattr(bubblewrap.os, "geteuid", lambda: 1000)

    with Watch() as watch:
        graded = grade(hand_in(mallory=made_up.filled(_1=KINDS[name])), limits=LIMITS)

    taken = ran[0][1].memory + watch.most
    print(f"\n{name}, {who}: {taken / MEGABYTE:.0f} MB of {BOUND / MEGABYTE:.0f}")
    assert taken <= 1.1 * BOUND
    score = graded["mallory"].scores[0]
    assert not score.points
    if "/dev/zero" not in name:  # it is not there, so nothing was taken
        assert "memory" in score.flag or "files" in score.flag, score


def _open_python(folder: Path) -> str:
    """Return commands that let others read this Python in a closed home, in mounts of their own."""
    base = Path(sys.base_prefix)
    closed = [path for path in base.parents if not path.stat().st_mode & 0o001]
    if not closed:
        return ""
    (folder / "python").mkdir()
    return f"""mount --bind {base} {folder}/python
mount -t tmpfs -o mode=755 none {closed[-1]}
mkdir -p {base}
mount --bind {folder}/python {base}"""


@pytest.mark.full
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_an_ordinary_user_in_earnest(stage, tmp_path):
    """The counting of processes, memory and files works for one who is not root."""
    code = f"""
import sys; sys.path[:0] = [{str(PROJECT)!r}, {str(Path(__file__).parent)!r}]
from pathlib import Path
from tools.grading.sandbox import run_notebook, Limits
from test_memory import KINDS, LIMITS
import textwrap
stage = {{Path(k): v for k, v in {[(str(k), v) for k, v in stage.items()]!r}}}
for name in ("private, in several processes", "empty files"):
    result = run_notebook([{{"id": "a", "source": textwrap.dedent(KINDS[name])}}], "90", stage, limits=LIMITS)
    print(name, result.end, result.memory, result.tail[-300:])
"""
    (tmp_path / "run.py").write_text(code)
    for folder in [*tmp_path.parents, tmp_path, *(path.parent.parent for path in stage)]:
        if str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    become = f"setpriv --reuid 65534 --regid 65534 --clear-groups {sys.executable} -B {tmp_path}/run.py"
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-ec", f"{_open_python(tmp_path)}\nexec {become}"],
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
    )
    if "No permissions" in done.stdout or "Permission denied" in done.stderr:
        pytest.skip(f"no ordinary user can start a sandbox here: {done.stdout[-200:]}{done.stderr[-200:]}")
    lines = done.stdout.splitlines()
    assert any(line.startswith("private, in several processes memory") for line in lines), done
    assert any(line.startswith("empty files files") for line in lines), done


def test_where_the_machine_has_no_memory_left_the_largest_sandbox_is_stopped(stage, monkeypatch):
    memory = psutil.virtual_memory()
    monkeypatch.setattr(sandbox.psutil, "virtual_memory", lambda: memory._replace(available=100 * MEGABYTE))
    cell = [{"id": "a", "source": "import time\nx = bytearray(50_000_000)\ntime.sleep(20)"}]

    assert run_notebook(cell, "90", stage, limits=LIMITS).end == "host"

    monkeypatch.setattr(sandbox._Sandbox, "running", {1: 10 * LIMITS.memory})
    assert run_notebook(cell, "90", stage, limits=replace(LIMITS, seconds=3)).end == "time"


def test_processors_cannot_be_chosen_inside(stage):
    cells = [
        {"id": "a", "source": "import os\nassert len(os.sched_getaffinity(0)) == 1"},
        {"id": "b", "source": "os.sched_setaffinity(0, range(64))"},
        {"id": "c", "source": "assert len(os.sched_getaffinity(0)) == 1"},
        {"id": "d", "source": "assert os.system('taskset -p ffff $$ > /dev/null 2>&1') != 0"},
    ]
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one processor only")

    cells_ended = run_notebook(cells, "90", stage, limits=LIMITS, slot=1, slots=2).cells

    assert [cells_ended[name]["ok"] for name in "abcd"] == [True, False, True, True]
    assert cells_ended["b"]["error"] == "PermissionError"


@pytest.fixture
def fake_systemd(tmp_path, monkeypatch):
    """A systemd-run that notes what it is given, and runs it."""
    program = tmp_path / "systemd-run"
    note = tmp_path / "note"
    program.write_text(
        f'#!/bin/bash\necho "$@" >> {note}\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    memory_group._starter.cache_clear()
    yield note
    memory_group._starter.cache_clear()


def test_a_control_group_is_used_where_there_is_one(stage, fake_systemd):
    result = run_notebook([{"id": "a", "source": "1"}], "90", stage, limits=LIMITS)

    assert result.cells["a"]["ok"]
    said = fake_systemd.read_text().splitlines()[-1]
    assert f"MemoryMax={LIMITS.memory + LIMITS.scratch + 128 * MEGABYTE} -p MemorySwapMax=0 -- " in said
    assert "bwrap" in said


def test_without_a_control_group_the_watch_alone_holds(tmp_path, fake_systemd):
    (tmp_path / "systemd-run").write_text("#!/bin/sh\nexit 1\n")

    assert memory_group.memory_group(5) == []
    assert memory_group.group_settings() == {}


GREEDY = {
    "processes": "import os\nfor _ in range(12):\n    if os.fork() == 0: break\nwhile True: pass",
    "memory": "import numpy as np\na = np.ones(2**26)\nwhile True: a[::-1].copy().sum()",
    "files": "while True: open('/tmp/f', 'wb').write(bytes(2**27))",
}


@pytest.mark.full
@pytest.mark.alone
@pytest.mark.parametrize("greedy", GREEDY)
def test_a_greedy_neighbour_slows_nobody_down(stage, greedy):
    """An honest sandbox takes at most twice its time alone (the medians of three)."""
    work = [{"id": "a", "source": "x = 0\nfor n in range(30_000_000): x += n"}]
    limits = Limits(seconds=600, cell_seconds=600)

    def seconds() -> float:
        started = time.monotonic()
        assert run_notebook(work, "90", stage, limits=LIMITS, slot=0, slots=2).cells["a"]["ok"]
        return time.monotonic() - started

    alone, stop = np.median([seconds() for _ in range(3)]), threading.Event()
    beside = threading.Thread(
        target=run_notebook,
        args=([{"id": "a", "source": GREEDY[greedy]}], "90", stage),
        kwargs={"limits": limits, "slot": 1, "slots": 2, "stop": stop},
    )
    beside.start()
    time.sleep(2)
    together = np.median([seconds() for _ in range(3)])
    is_there = beside.is_alive()
    stop.set()
    beside.join()

    print(f"\nalone {alone:.1f} s, beside greedy {greedy} {together:.1f} s")
    assert is_there
    assert together <= 2 * alone
