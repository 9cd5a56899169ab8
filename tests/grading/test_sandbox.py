"""The sandbox itself: what it shows, what it holds, and that nothing lives on when its keeper is killed."""

from __future__ import annotations

import json
import os
import platform
import signal
import struct
import subprocess
import sys
import threading
import time
from dataclasses import replace

import made_up
import nbformat
import psutil
import pytest
from matplotlib import font_manager
from servers import wait_until

from course_utils.system.paths import PROJECT
from tools.grading import bubblewrap, sandbox
from tools.grading.sandbox import Limits, Result, _Frames, run_notebook
from tools.grading.seccomp import MACHINES, REFUSED, seccomp_filter
from tools.grading.stage import make_stage

QUICK = Limits(seconds=60, cell_seconds=10)


def run(stage, *sources: str, limits: Limits = QUICK, **more):
    cells = [{"id": f"c{number}", "source": source} for number, source in enumerate(sources)]
    return run_notebook(cells, "90", stage, limits=limits, **more)


def seen(stage, expression: str, **more) -> object:
    """Run an expression inside and bring its value out as an answer."""
    code = f"import os, json\nfrom course_utils.checks import check\ncheck('90.3', json.dumps({expression}))"
    result = run(stage, code, **more)
    assert result.cells["c0"].get("ok"), result
    return json.loads(json.loads(result.answers[0])["90.3"]["value"])


def test_only_the_course_without_judges_is_there(stage):
    files = seen(
        stage,
        "[os.path.join(top, name) for place in ('/course', '/private', '/grading')"
        " for top, _, names in os.walk(place) for name in names]",
    )

    assert "/course/course_utils/checks/checking.py" in files
    assert "/private/givens/lesson_90.py" in files
    assert [file for file in files if "judge" in file or file.endswith(".ipynb")] == []
    assert seen(stage, "os.listdir('/grading')") == ["inside.py"]


def test_fonts_of_the_grader_stay_unknown(tmp_path, monkeypatch):
    own = font_manager.FontEntry(fname="/home/ann/secret/x.ttf", name="X")
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [own, *font_manager.fontManager.ttflist])

    (path,) = [path for path in make_stage(tmp_path) if path.name.startswith("fontlist")]

    assert "DejaVuSans.ttf" in path.read_text()
    assert "ann" not in path.read_text()


def test_no_variable_of_the_grader_is_there(stage, monkeypatch):
    monkeypatch.setenv("SECRET", made_up.CANARY)

    variables = seen(stage, "dict(os.environ)", class_word="tulip")

    assert made_up.CANARY not in str(variables)
    assert variables["COURSE_CLASS_WORD"] == "tulip"
    own = {"ANSWERS", "CACHE", "CLASS_WORD", "OUT", "PRIVATE"}
    assert {name for name in variables if name.startswith("COURSE")} == {f"COURSE_{name}" for name in own}


def test_it_runs_as_a_stranger_without_rights(stage):
    status = seen(stage, "open('/proc/self/status').read()")
    lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)

    assert set(lines["Uid"].split()) == {str(bubblewrap.sandbox_uid(0))}
    assert lines["Groups"].split() in ([], ["65534"], [str(bubblewrap.sandbox_uid(0))])
    assert {int(lines[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {0}
    assert lines["NoNewPrivs"] == "1"
    if platform.machine() in MACHINES:
        assert lines["Seccomp"] == "2"


def test_only_folders_in_memory_can_be_written_to(stage):
    written = seen(
        stage,
        "[mount.split()[1] for mount in open('/proc/mounts')"
        " if mount.split()[3].split(',')[0] == 'rw' and not mount.startswith(('proc', 'dev'))]",
    )

    assert sorted(written) == ["/dev/shm", "/tmp"]


def test_cells_go_on_after_errors_and_slow_ones(stage):
    result = run(
        stage,
        "1 / 0",
        "this is no Python",
        "while True: pass",
        "%%nothing",
        "x = 1",
        "assert x == 1",
        limits=replace(QUICK, cell_seconds=3),
    )

    ok = [result.cells[f"c{n}"].get("ok") for n in range(6)]
    assert (result.end, ok) == ("finished", [False, False, False, False, True, True])
    assert result.cells["c0"]["error"] == "ZeroDivisionError"
    assert result.cells["c2"]["text"] == "too long"


def test_what_notebooks_use_works(stage):
    cells = [
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show()",
        "import pandas as pd\npd.DataFrame({'a': [1]})",
        "from IPython.display import display, HTML\ndisplay(HTML('<b>x</b>'))",
        "!echo hello\nfiles = !ls /course\nassert 'course_utils' in files",
        "%%time\n1 + 1",
        "import asyncio\nawait asyncio.sleep(0.01)",
        "from course_utils.system.paths import cache_folder\ncache_folder()",
        "import multiprocessing.pool as p\nassert p.ThreadPool(2).map(abs, [-1]) == [1]",
        "import tempfile, pathlib\npathlib.Path(tempfile.mkdtemp(), 'x').write_text('x')",
    ]
    result = run(stage, *cells, limits=replace(QUICK, cell_seconds=60, seconds=200))

    assert {name: cell for name, cell in result.cells.items() if not cell.get("ok")} == {}


def test_input_ends_a_cell_not_the_sandbox(stage):
    result = run(stage, "input('name?')", "import sys\nassert sys.stdin.read() == ''")

    assert result.cells["c0"]["error"] in ("EOFError", "StdinNotImplementedError")
    assert result.cells["c1"]["ok"]


def test_stop_ends_it_at_once(stage):
    stop = threading.Event()
    threading.Timer(2.0, stop.set).start()
    started = time.monotonic()

    result = run(stage, "import time\ntime.sleep(50)", stop=stop)

    assert result.end == "stopped"
    assert time.monotonic() - started < 30


def test_processors_are_dealt_out():
    count = len(os.sched_getaffinity(0))
    dealt = [sandbox._processors(slot, 2) for slot in range(2)]

    assert set(dealt[0]) | set(dealt[1]) == os.sched_getaffinity(0)
    assert all(dealt)
    assert count < 2 or not set(dealt[0]) & set(dealt[1])
    assert all(sandbox._processors(slot, 3 * count) for slot in range(3 * count))


@pytest.mark.parametrize(
    ("content", "answers"),
    [
        (b"A\xff\xff\xff\xff", []),
        (b"A\x00\x00\x00\x05abc", []),
        (b"?" * 3, []),
        (b"C\x00\x00\x00\x02[]", []),
        (b"C\x00\x00\x00\x01\xff", []),
        (b"A\x00\x00\x00\x02{}" * 3, [b"{}"] * 3),
    ],
)
def test_frames_come_in_pieces_have_a_limit_and_broken_ones_bring_nothing(content, answers):
    result = Result()
    frames = _Frames(result, 1000)

    for byte in content:
        frames.add(bytes([byte]))

    assert (result.answers, result.cells, result.end) == (answers, {}, "ended early")
    frames.add(b"x" * 2000)
    assert frames.too_much


@pytest.mark.parametrize("machine", sorted(MACHINES))
def test_filter_is_a_program_of_whole_steps(machine):
    program = seccomp_filter(machine)

    assert len(program) % 8 == 0
    assert 50 < len(program) / 8 < 200
    for number in (*range(425, 434), 438, 442, 447, REFUSED[0][MACHINES[machine][1]]):
        assert struct.pack("=HBBI", 0x15, 0, 1, number) in program
    assert seccomp_filter("riscv64") is None


GROW = """
import glob, os
for path in glob.glob("/proc/[0-9]*/fd/*"):
    try:
        if "memfd" in os.readlink(path):
            os.pwrite(os.open(path, os.O_RDWR), b"x", 10**6)
            raise SystemExit(f"{path} grew: memory that belongs to no process")
    except OSError:
        pass
"""


def test_a_user_namespace_serves_those_who_are_not_root(stage, monkeypatch):
    monkeypatch.setattr(bubblewrap.os, "geteuid", lambda: 1000)

    result = run(stage, "import os\nassert os.getuid() >= 10**9", "open('/course/x', 'w')", "1", GROW)

    assert [result.cells[f"c{n}"]["ok"] for n in range(4)] == [True, False, True, True]


SLEEPER = "import os, time\nif os.fork() == 0:\n    os.setsid()\ntime.sleep(300)"


@pytest.mark.full
@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9), (signal.SIGTERM, -15)])
def test_no_process_lives_on_when_the_grader_is_ended(stage, tmp_path, private, how, code):
    folder = tmp_path / "handed-in"
    for student in ("ann", "bob", "cem"):
        (folder / student).mkdir(parents=True)
        notebook = made_up.half() if student == "ann" else made_up.filled(_1=SLEEPER)
        nbformat.write(notebook, folder / student / "90.ipynb")
    out = tmp_path / "grades"
    command = [sys.executable, "-m", "tools.grading", str(folder), "--private", str(private)]
    command += ["--workers", "2", "--assignment", "90", "--out", str(out), "--class-word", "tulip"]
    process = subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 120
    while time.monotonic() < until and not list(out.rglob("90.json")):
        time.sleep(0.2)
    time.sleep(3)
    running = psutil.Process(process.pid).children(recursive=True)
    assert any(child.name() == "bwrap" for child in running)

    process.send_signal(how)
    process.wait(timeout=60)

    assert process.returncode == code
    until = time.monotonic() + 20
    alive = running
    while alive and time.monotonic() < until:
        alive = [child for child in alive if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
        time.sleep(0.1)
    assert alive == []
    assert [path.parent.name.split("-")[0] for path in out.rglob("90.json")] == ["ann"]
    assert not (out / "grades.csv").exists()
    assert "tulip" not in process.stderr.read()


def test_what_is_printed_is_not_kept(stage):
    code = "import time\nend = time.monotonic() + 3\nwhile time.monotonic() < end: print('x' * 1_000_000)"

    result = run(stage, code, limits=replace(QUICK, cell_seconds=30))

    assert result.cells["c0"]["ok"]
    assert result.memory < 300 * 2**20


def test_memory_that_processes_share_counts_once(stage):
    code = "import os, time\nheld = bytearray(os.urandom(1000)) * 200_000\n"
    code += "for _ in range(6):\n    if os.fork() == 0:\n        time.sleep(60)\ntime.sleep(3)"

    result = run(stage, code, limits=replace(QUICK, cell_seconds=30, memory=700 * 2**20))

    assert result.end == "finished"
    assert 200 * 2**20 < result.memory < 700 * 2**20


def test_while_it_looks_closely_what_it_looks_at_stands_still():
    ended = subprocess.Popen(["true"])
    living = subprocess.Popen(["sleep", "60"])
    family = [psutil.Process(process.pid) for process in (ended, living)]
    ended.wait()
    try:
        with sandbox._suspended(family):
            wait_until(lambda: family[1].status() == psutil.STATUS_STOPPED)
        wait_until(lambda: family[1].status() != psutil.STATUS_STOPPED)
    finally:
        living.kill()
        living.wait()
