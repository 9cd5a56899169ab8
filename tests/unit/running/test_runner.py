"""The runner: what it accepts, keeps, replaces and tells. Whole runs: tests/notebooks/test_guards.py."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from sweep_lessons import write_cells

from course_utils.errors import CourseError
from course_utils.running import execution, runner
from course_utils.running.execution import find_lessons, why_incomplete
from course_utils.running.parameters import QUICK
from course_utils.running.runner import main, read_run_facts, run_course
from course_utils.system import progress
from course_utils.system.paths import PROJECT
from course_utils.system.progress import Progress, clock
from course_utils.system.tables import FIELDS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "notebooks").mkdir()
    return tmp_path / "notebooks"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def run_by_command(folder: Path, out: Path, *more: str) -> int:
    return main(["--notebooks", str(folder), "--out", str(out), *more])


# Which lessons, which parameters


def test_lessons_are_found_in_order_and_copies_beside_them_named(folder):
    for name in ("03_c", "01_a", "10_optional"):
        write_cells(folder / f"{name}.ipynb")

    assert [path.stem for path in find_lessons(folder=folder)] == ["01_a", "03_c"]
    assert [path.stem for path in find_lessons(["10", "3"], folder=folder)] == ["03_c", "10_optional"]

    for name in ("01_a-Copy1", "01_notes"):
        write_cells(folder / f"{name}.ipynb")
    with pytest.raises(CourseError, match=r"01_a-Copy1\.ipynb, 01_a\.ipynb, 01_notes\.ipynb"):
        find_lessons(["1"], folder=folder)
    assert [path.stem for path in find_lessons(["03"], folder=folder)] == ["03_c"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--lessons", "07"], "There is no lesson 07"),
        (["--profile", "offlin"], "Profile 'offlin' is unknown"),
        (["--seed", "-1"], "SEED is -1"),
        (["--seed", "one"], "SEED is 'one'"),
        (["--weights", "imagnet"], "imagnet"),
        (["-p", "OVERRIDES", "{'epochs': 3}"], "no value 'epochs'"),
        (["-p", "OVERRIDES", "{'name': 'x'}"], "OVERRIDES cannot be used: {'name': 'x'}"),
        (["-p", "OVERRIDES", "{1: 2}"], "OVERRIDES cannot be used: {1: 2}"),
        (["-p", "OVERRIDES", "3", "--quick"], "OVERRIDES cannot be used: 3"),
        (["-p", "OVERRIDES", "{'data': 'nonsense'}"], "The data source 'nonsense' is unknown"),
        (["--data", "/gone/cifar"], "Nothing lies at /gone/cifar"),
        (["--weights", "/gone/resnet.h5"], "The weight file does not exist: "),
        (["-p", "EPOCHS", "3"], "has no parameter EPOCHS"),
    ],
)
def test_wrong_input_is_told_before_anything_runs(folder, out, capsys, arguments, told):
    write_cells(folder / "01_a.ipynb")
    (out / "figures").mkdir(parents=True)
    (out / "01_a.ipynb").write_text("of an earlier run")

    assert run_by_command(folder, out, *arguments) == 1

    said = capsys.readouterr().err
    assert told in said
    assert "Next:" in said
    assert len(said.strip().splitlines()) <= 4
    assert (out / "01_a.ipynb").read_text() == "of an earlier run"
    assert not (out / "run.json").exists()


def test_full_disk_is_told(folder, out, capsys, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    write_cells(folder / "01_a.ipynb")
    monkeypatch.setattr(runner, "write_whole", full)

    assert run_by_command(folder, out) == 1

    assert "The results cannot be written: [Errno 28] No space left" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "given"),
    [
        (["--data", "my pictures", "--weights", ""], {"DATA": "my pictures"}),
        (["--seed", "7"], {"SEED": 7}),
        (
            ["--quick", "-p", "OVERRIDES", "{'repeats': 2, 'frozen_size': 64}"],
            {"OVERRIDES": QUICK | {"repeats": 2, "frozen_size": 64}},
        ),
    ],
)
def test_what_is_given_is_passed_on_and_paths_become_absolute(tmp_path, monkeypatch, words, given):
    (tmp_path / "my pictures").mkdir()
    monkeypatch.chdir(tmp_path)
    if "DATA" in given:
        given = {"DATA": str(tmp_path / given["DATA"])}

    assert runner._parameters(runner._parser().parse_args(words)) == {"PROFILE": "offline", **given}


# A whole run


def test_run_leaves_lesson_script_report_and_facts(folder, out):
    prints = "import time\nfor n in range(4):\n    print(n, flush=True)\n    time.sleep(0.3)"
    tells = "import os, sys\n(SEED, os.environ['TF_CPP_MIN_LOG_LEVEL'], sys.prefix, os.getcwd())"
    write_cells(folder / "01_a.ipynb", prints, tells)

    report = run_course([], {"PROFILE": "offline", "SEED": 3}, out, folder=folder)

    assert report == out / "report.html"
    assert report.exists()
    facts = read_run_facts(out)["lessons"]["01_a"]
    assert (facts["status"], facts["error"], facts["code_cells"]) == ("finished", None, 5)
    assert facts["peak_bytes"] > 10e6
    assert facts["seconds"] > 0
    assert not list(out.glob("*.unfinished.ipynb"))
    answers = [c.outputs for c in nbformat.read(out / "01_a.ipynb", as_version=4).cells if c.get("outputs")]
    assert [(output.name, output.text) for output in answers[0]] == [("stdout", "0\n1\n2\n3\n")]
    told = ast.literal_eval(answers[1][0].data["text/plain"])
    assert told == (3, "3", sys.prefix, str(PROJECT)), "the kernel is this Python's, and works in the project"
    script = [sys.executable, out / "scripts" / "01_a.py"]
    printed = subprocess.run(script, capture_output=True, text=True, check=True, env=os.environ).stdout
    assert printed == "0\n1\n2\n3\nLesson 01: finished\n"


def test_results_of_an_earlier_run_are_replaced_and_others_stay(folder, out):
    names = ("01-old.png", "01-again.png", "02-other.png", "model_comparison.png")
    for name in (*(f"figures/{name}" for name in names), "notes.txt"):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text("old")
    for lesson, run in (("01", "cnn-0"), ("02", "mlp-0")):
        for path in (out / "runs" / run / "training.json", out / "records" / f"{run}.json"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"lesson": lesson}))
    draw = "for name in ('new', 'again'):\n    Path(OUT, f'figures/01-{name}.png').write_text('new')"
    write_cells(folder / "01_a.ipynb", "from pathlib import Path", draw)

    run_course([], {}, out, folder=folder)

    figures = sorted(path.name for path in out.glob("figures/*"))
    assert figures == ["01-again.png", "01-new.png", "02-other.png", "model_comparison.png"]
    assert [path.name for path in out.glob("runs/*")] == ["mlp-0"]
    assert [path.name for path in out.glob("records/*")] == ["mlp-0.json"]
    assert (out / "notes.txt").exists()


def test_only_the_same_run_that_was_cut_off_goes_on_from_its_checkpoints(folder, out):
    lesson, given = folder / "01_a.ipynb", {"SEED": 1}
    mine, other = out / "checkpoints" / "01" / "cnn", out / "checkpoints" / "02" / "cnn"
    left = []
    for last in (
        {"status": "failed", "parameters": given},
        {"status": "failed", "parameters": {"SEED": 2}},
        {"status": "finished", "parameters": given},
        {},
    ):
        for path in (mine, other):
            path.mkdir(parents=True, exist_ok=True)
        runner._forget_trainings(lesson, given, out, last)
        left.append(mine.exists())
    assert left == [True, False, False, False]
    assert other.exists()


def test_failed_lesson_keeps_what_an_earlier_run_left(folder, out, capsys):
    (out / "figures").mkdir(parents=True)
    (out / "figures" / "01-old.png").write_text("old")
    (out / "01_a.ipynb").write_text("of an earlier run")
    cell = "from course_utils.profiles import load_profile\nload_profile('fast')"
    write_cells(folder / "01_a.ipynb", cell)

    assert run_by_command(folder, out) == 1

    said = capsys.readouterr().err
    assert "code cell 3 of 4: from course_utils.profiles import load_profile" in said
    assert "CourseError: Profile 'fast' is unknown." in said
    assert "Next: set PROFILE to one of them." in said
    assert len(said.strip().splitlines()) == 4
    assert (out / "01_a.ipynb").read_text() == "of an earlier run"
    assert (out / "figures" / "01-old.png").exists()
    assert read_run_facts(out)["lessons"]["01_a"]["status"] == "failed"


def test_damaged_results_do_not_hide_why_a_lesson_failed(folder, out, capsys):
    (out / "records").mkdir(parents=True)
    entry = dict.fromkeys(FIELDS, "x") | {"data": None, "value": None}
    (out / "records" / "02-bad.json").write_text(json.dumps(entry))
    (out / "run.json").write_text('{"lessons": []}')
    write_cells(folder / "01_a.ipynb", "assert 1 > 2")

    assert run_by_command(folder, out) == 1

    assert "AssertionError: it came without a word" in capsys.readouterr().err
    assert "records/02-bad.json" in (out / "report.html").read_text(encoding="utf-8")


def test_kernel_that_does_not_start_is_tried_once_more(folder, out, monkeypatch):
    write_cells(folder / "01_a.ipynb")
    execute, calls = execution.papermill.execute_notebook, []

    def fail_once(*arguments: object, **settings: object) -> nbformat.NotebookNode:
        calls.append(arguments)
        if len(calls) == 1:
            raise RuntimeError("Kernel died before replying to kernel_info")
        return execute(*arguments, **settings)

    monkeypatch.setattr(execution.papermill, "execute_notebook", fail_once)
    run_course([], {}, out, folder=folder)

    assert len(calls) == 2


@pytest.mark.parametrize(
    ("number", "change", "told"),
    [
        (-1, {"execution_count": None}, "before its last cell"),
        (-1, {"outputs": []}, 'printed "Lesson 01: finished"'),
        (0, {"execution_count": None}, "was not run"),
        (0, {"outputs": [nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])]}, "an error"),
    ],
)
def test_incomplete_lesson_is_noticed(tmp_path, number, change, told):
    lesson = write_cells(tmp_path / "01_a.ipynb", "x = 1")
    notebook = nbformat.read(lesson, as_version=4)
    cells = execution.code_cells(notebook)
    for count, cell in enumerate(cells, start=1):
        cell.execution_count = count
    cells[-1].outputs = [nbformat.v4.new_output("stream", text="Lesson 01: finished\n")]
    assert why_incomplete(notebook, lesson) == ""

    cells[number].update(change)

    assert told in why_incomplete(notebook, lesson)


# Time


def test_expected_time_is_the_budget_then_what_was_measured():
    lesson, given = Path("02_x.ipynb"), {"PROFILE": "offline", "SEED": 0, "OUT": "a"}
    before = {"status": "finished", "seconds": 42.4, "parameters": given}
    budget = f"about {clock(runner.BUDGETS['offline']['02'])}"

    assert runner._expected(lesson, given, {}) == budget
    assert runner._expected(lesson, given, before | {"status": "failed"}) == budget
    assert runner._expected(lesson, given | {"SEED": 9, "OUT": "b"}, before) == "about 00:42"
    for profile in ("offline", "laptop"):
        changed = given | {"PROFILE": profile, "OVERRIDES": {"repeats": 1}}
        assert runner._expected(lesson, changed, before) == ""


def lines_of_progress(
    monkeypatch: pytest.MonkeyPatch, *, terminal: bool = False, heartbeat: float = 30, error: bool = False
) -> list[str]:
    monkeypatch.setattr(progress, "TICK", 0.02)
    monkeypatch.setattr(progress, "HEARTBEAT", heartbeat)
    stream = io.StringIO()
    stream.isatty = lambda: terminal
    with contextlib.suppress(CourseError), Progress("01_a", 9, "about 00:20", stream) as shown:
        shown.cell = 4
        time.sleep(0.3)
        if error:
            raise CourseError("no")
    assert stream.getvalue().endswith("\n")
    return stream.getvalue()[:-1].split("\n")


def test_terminal_gets_one_line_that_is_rewritten(monkeypatch):
    (line,) = lines_of_progress(monkeypatch, terminal=True)
    assert "01_a: cell 4/9, 00:00 of about 00:20" in line


def test_log_gets_a_line_at_start_and_end_and_a_rare_heartbeat(monkeypatch):
    assert len(lines_of_progress(monkeypatch)) == 2
    assert 3 <= len(lines_of_progress(monkeypatch, heartbeat=0.1)) <= 5
    assert "01_a: cell 4/9: stopped after 00:00" in lines_of_progress(monkeypatch, error=True)[-1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are no copies here")
def test_memory_that_a_lesson_shares_with_a_copy_of_itself_counts_once():
    held = 150_000_000
    lesson = f"""
import os, sys
block = b"x" * {held}
if os.fork() == 0:
    print("copied", flush=True)
    sys.stdin.read()
else:
    os.wait()
"""
    before = progress.children_peak_bytes()
    with subprocess.Popen(
        [sys.executable, "-c", lesson], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        process.stdout.readline()
        taken = progress.children_peak_bytes() - before
        process.stdin.close()

    assert held < taken < 1.8 * held


def test_clock():
    assert [clock(seconds) for seconds in (0, 59.6, 61, 3600)] == ["00:00", "01:00", "01:01", "60:00"]


# What must not end a good run, nor hide what a stopped one did


def test_a_console_of_any_encoding_ends_a_good_run_well(folder, tmp_path):
    write_cells(folder / "01_a.ipynb")
    command = [sys.executable, "-m", "course_utils.runner", "--notebooks", folder, "--out", tmp_path / "Łódź"]
    settings = {"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}

    done = subprocess.run(command, env=os.environ | settings, cwd=PROJECT, capture_output=True)

    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\u0141\xf3d" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_a_run_that_is_told_to_end_writes_its_report_and_leaves_no_kernel(folder, out):
    write_cells(folder / "01_a.ipynb", "import time; time.sleep(100)")
    command = [sys.executable, "-m", "course_utils.runner", "--notebooks", folder, "--out", out]
    with subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE, text=True) as process:
        kernels = []
        end = time.monotonic() + 60
        while not kernels or not (out / "01_a.unfinished.ipynb").exists():
            kernels = psutil.Process(process.pid).children(recursive=True)
            assert time.monotonic() < end
            time.sleep(0.1)
        time.sleep(1)
        process.terminate()
        said = process.communicate(timeout=60)[1]

    assert process.returncode == 130
    assert "Stopped. What ran so far is kept" in said
    assert "stopped from outside" in (out / "report.html").read_text(encoding="utf-8")
    assert psutil.wait_procs(kernels, timeout=30)[1] == []


def test_a_clock_that_is_set_back_leaves_the_summary_right(folder, out, monkeypatch):
    write_cells(folder / "01_a.ipynb")
    write_cells(folder / "02_b.ipynb")
    run_course(["02"], {}, out, folder=folder)
    times = iter(["2026-01-01T12:00:00+00:00", "2026-01-01T11:00:00+00:00"])
    monkeypatch.setattr(runner, "_now", lambda: next(times))

    run_course(["01"], {}, out, folder=folder)

    assert "Lessons: 01_a; " in runner._summary(out)


@pytest.mark.parametrize("name", ["records", "runs", "figures", "scripts"])
def test_a_folder_that_cannot_take_the_results_is_told_before_the_start(folder, out, capsys, name):
    write_cells(folder / "01_a.ipynb", "this is not run")
    out.mkdir()
    (out / name).write_text("a file")

    assert run_by_command(folder, out) == 1

    assert capsys.readouterr().err.strip().splitlines() == [
        f"The results cannot be written to {out / name}.",
        "File exists.",
        "Next: give another folder by OUT=…, or correct this one.",
    ]
