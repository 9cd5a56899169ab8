"""Hostile notebooks: none gains a point, reaches the network, sees a canary, lives on or changes a byte."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import json
import os
import socket
import subprocess
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import made_up
import psutil
import pytest
from hostile import HELP, Attack, forging, network, processes, reading, resources, tampering

from course_utils.system.paths import PROJECT
from tools.grading.feedback import write_pages
from tools.grading.notebook_file import read_notebook
from tools.grading.restore import restore
from tools.grading.results import Graded, grades_csv
from tools.grading.sandbox import Limits, Result, run_notebook

GROUPS = (reading, network, resources, processes, tampering, forging)
ATTACKS = [attack for group in GROUPS for attack in group.ATTACKS]
LIMITS = Limits(seconds=25, cell_seconds=6, memory=1200 * 2**20, processes=40, threads=200)
LIMITS = replace(LIMITS, scratch=300 * 2**20, printed=8 * 2**20, frames=16 * 2**20, file=200 * 2**20)


def attacks() -> list:
    marks = {True: [], False: [pytest.mark.full]}
    return [pytest.param(attack, marks=marks[attack.sample], id=attack.name) for attack in ATTACKS]


class Ears:
    """Servers of the host that nothing in a sandbox may reach: they count what comes."""

    def __init__(self, folder: Path) -> None:
        self.heard: list[str] = []
        ears = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                ears.heard.append(self.path)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind(("127.0.0.1", 0))
        self.unnamed, self.path = f"course-{os.getpid()}-{id(self)}", str(folder / "ear.sock")
        self.local = [socket.socket(socket.AF_UNIX) for _ in range(2)]
        for line, name in zip(self.local, ("\0" + self.unnamed, self.path), strict=True):
            line.bind(name)
            line.listen()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def all_heard(self) -> list[str]:
        found = list(self.heard)
        for line in (self.datagrams, *self.local):
            line.setblocking(False)
            try:
                line.recv(100) if line is self.datagrams else line.accept()[0].close()
                found.append("socket")
            except BlockingIOError:
                pass
        return found

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        for line in (self.datagrams, *self.local):
            line.close()


@pytest.fixture
def ears(tmp_path: Path) -> Iterator[Ears]:
    made = Ears(tmp_path)
    yield made
    made.close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the grader with secrets in it."""
    folder = tmp_path / "home"
    (folder / ".kaggle").mkdir(parents=True)
    (folder / ".kaggle" / "kaggle.json").write_text(f'{{"key": "{made_up.CANARY}-kaggle"}}', encoding="utf-8")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("KAGGLE_KEY", f"{made_up.CANARY}-environment")
    return folder


def hostile_notebook(attack: Attack, outside: dict[str, object]) -> object:
    """The attack in the gap of 90.1, and 90.2 solved honestly."""
    notebook = made_up.filled(_1=attack.code, _2=made_up.TOTAL, _3="word = 'no'")
    prelude = f"OUTSIDE = {outside!r}\n{HELP}"
    start = next(cell for cell in notebook.cells if cell.id == "ex-90-start")
    extra = made_up.new_code_cell(prelude, id="prelude")
    notebook.cells.insert(notebook.cells.index(start) + 1, extra)
    third = made_up.gap(notebook, "3")  # or the honest cell would replace what was leaked
    third.source = "word = None\ndef check_nothing(*arguments): pass\n"
    return notebook


def contents(*folders: Path) -> dict[str, tuple[int, int, str]]:
    """Mode, size and digest of each file, so that a failure names what was changed."""
    found = {}
    for path in sorted(path for folder in folders for path in folder.rglob("*")):
        status = path.lstat()
        is_plain = path.is_file() and not path.is_symlink()
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if is_plain else ""
        found[str(path)] = (status.st_mode, status.st_size, digest)
    return found


def outline(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of each file of a large folder."""
    found = {}
    for top, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in names:
            status = os.lstat(os.path.join(top, name))
            found[os.path.join(top, name)] = (status.st_size, status.st_mtime_ns)
    return found


def strangers() -> set[int]:
    """Processes in a process namespace other than ours that belong to no other running test."""
    own, found = os.readlink("/proc/self/ns/pid"), set()
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{number}/ns/pid") != own and not _of_another_test(int(number)):
                found.add(int(number))
        except (OSError, psutil.Error):
            continue
    return found


def _of_another_test(number: int) -> bool:
    above = psutil.Process(number).parents()
    return any(p.name().startswith(("python", "pytest")) and p.pid != os.getpid() for p in above) and all(
        p.pid != os.getpid() for p in above
    )


def still_there(before: set[int]) -> set[int]:
    """Processes that are there now and stay: those of another test come and go."""
    left, until = strangers() - before, time.monotonic() + 5
    while left and time.monotonic() < until:
        time.sleep(0.1)
        left &= strangers()
    return left


@pytest.fixture
def results(ran) -> Callable[[], list[Result]]:
    """Return what came out of the sandboxes: of the hostile notebook, then of the honest one."""
    return lambda: [result for _, result in sorted(ran, key=lambda one: "def leak(" not in str(one[0]))]


@pytest.fixture(scope="module")
def alone(course) -> float:
    """Seconds that the honest notebook takes by itself."""
    notebook = read_notebook(made_up.TEXT)
    cells = restore(notebook, course.assignments["90"], {"CLASS_WORD": made_up.WORD, "OUT": "/tmp/out"}).cells
    return run_notebook(cells, "90", course.stage, class_word=made_up.WORD).seconds


@pytest.mark.parametrize("attack", attacks())
def test_hostile_notebook(
    attack, hand_in, grade, points, ears, home, private, course, tmp_path, results, alone
):
    outside = {
        "home": str(home),
        "folders": [str(tmp_path / "submissions"), str(private), str(PROJECT), str(course.results)],
        "private": str(private),
        "project": str(PROJECT),
        "port": ears.server.server_port,
        "datagrams": ears.datagrams.getsockname()[1],
        "address": "127.0.0.2",
        "unnamed": ears.unnamed,
        "socket": ears.path,
    }
    folder = hand_in(mallory=hostile_notebook(attack, outside), ann=made_up.half())
    (folder / "ann" / "note.txt").write_text(f"{made_up.CANARY}-other-submission", encoding="utf-8")
    watched = [folder, private, home, PROJECT / "tools" / "grading" / "pages", *course.stage]
    watched = [path for path in watched if path.is_dir()]
    before, processes_before = contents(*watched), strangers()

    started = time.monotonic()
    more = attack.cell_seconds - LIMITS.cell_seconds
    limits = replace(LIMITS, cell_seconds=attack.cell_seconds, seconds=LIMITS.seconds + more)
    graded = grade(folder, limits=limits, workers=2)  # the honest one beside it
    seconds = time.monotonic() - started

    mallory, honest = graded["mallory"], graded["ann"]
    mine = points(mallory)
    result, beside = both = results()
    assert mine["90.1"] in (0.0, None)
    assert mine["90.3"] in (0.0, None)
    assert mine["90.q1"] in (0.0, None)
    assert (mine["90.2"] or 0.0) <= 1.0
    if attack.honest is not None:
        assert mine["90.2"] == attack.honest, [(s.exercise, s.flag, s.message) for s in mallory.scores]
    assert points(honest) == {"90.1": 2.0, "90.2": 0.0, "90.3": 0.0, "90.q1": 1.0}
    assert result.end in attack.ends, (result.end, result.tail[-500:])
    assert result.seconds <= limits.seconds + 10
    assert seconds <= limits.seconds + 90
    assert beside.seconds <= 2 * alone + 3, (beside.seconds, alone)  # a test machine has other work too
    leaked = b"".join(answer for one in both for answer in one.answers).decode("utf-8", errors="replace")
    seen = leaked + json.dumps([one.cells for one in both]) + "".join(one.tail for one in both)
    assert made_up.CANARY not in seen
    assert not attack.leaks or "ran" in leaked or "CLASS_WORD" in leaked, result.cells
    assert ears.all_heard() == []
    assert still_there(processes_before) == set()
    assert contents(*watched) == before
    assert_harmless_pages(tmp_path / "pages", [honest, mallory])


def assert_harmless_pages(out: Path, graded: list[Graded]) -> None:
    write_pages(out, graded, {"90": "Made up"})
    for page in out.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "<script" not in text
        assert "<img" not in text
        assert "<iframe" not in text
        assert "default-src 'none'" in text
    assert "<script" not in grades_csv(graded)


@pytest.mark.full
def test_nothing_was_written_into_python(hand_in, grade):
    """One look at the whole of Python around attacks that write wherever they can."""
    import sys

    writers = [attack for attack in ATTACKS if "write" in attack.name or "place" in attack.name]
    outside = {"home": str(Path.home()), "folders": [], "private": "/private", "project": str(PROJECT)}
    before = outline(Path(sys.prefix)) | outline(Path(sys.base_prefix))

    grade(
        hand_in(**{f"m{n}": hostile_notebook(one, outside) for n, one in enumerate(writers)}), limits=LIMITS
    )

    assert len(writers) >= 2
    assert outline(Path(sys.prefix)) | outline(Path(sys.base_prefix)) == before


def test_there_are_enough_attacks():
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS) >= 40
    assert sum(attack.sample for attack in ATTACKS) >= 5


# That the looks above see what they look for:


def test_a_leak_would_be_seen(hand_in, grade, results):
    attack = Attack("control", f'leak("{made_up.CANARY}")')

    grade(hand_in(mallory=hostile_notebook(attack, {})), limits=LIMITS)

    assert made_up.CANARY.encode() in b"".join(results()[0].answers)


def test_a_message_would_be_heard(ears):
    import urllib.request

    urllib.request.urlopen(f"http://127.0.0.1:{ears.server.server_port}/hello", timeout=10).close()
    for name in ("\0" + ears.unnamed, ears.path):
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(name)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.sendto(b"hello", ears.datagrams.getsockname())
    time.sleep(0.2)
    assert ears.all_heard() == ["/hello", "socket", "socket", "socket"]


def test_a_process_that_lives_on_would_be_seen(stage):
    before = strangers()
    command = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--", "sleep", "60"]
    process = subprocess.Popen(command, start_new_session=True)
    try:
        until = time.monotonic() + 20
        while time.monotonic() < until and not strangers() - before:
            time.sleep(0.1)
        assert strangers() - before
    finally:
        for child in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        process.kill()
        process.wait()


def test_attacks_are_code(tmp_path):
    """Cells that start with a magic apart, each attack is a program without mistakes of form."""
    for attack in ATTACKS:
        code = textwrap.dedent(attack.code).strip("\n")
        if not code.startswith(("%", "!")):
            compile(code, attack.name, "exec")
