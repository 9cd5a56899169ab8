"""What goes wrong round grading is told in words, and a killed run leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import made_up
import pytest

from course_utils.system.paths import PROJECT
from tools.grading.cli import main

IS_ROOT = os.geteuid() == 0


@pytest.fixture
def small_disk(tmp_path: Path):
    """A file system of 200 KB."""
    place = tmp_path / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=200k,mode=777", "none", str(place)]
    if not IS_ROOT or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("only root can mount a small file system")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def told(capsys: pytest.CaptureFixture, code: int) -> str:
    message = capsys.readouterr().err.strip()
    assert code == 1
    assert "Traceback" not in message
    assert len(message.splitlines()) <= 4, message
    return message


def command(folder: Path, private: Path, out: Path) -> list[str]:
    return [str(folder), "--assignment", "90", "--private", str(private), "--out", str(out)]


def test_out_is_a_file(hand_in, private, tmp_path, capsys):
    (tmp_path / "out").write_text("x")

    code = main(command(hand_in(ann=made_up.half()), private, tmp_path / "out"))

    assert "OUT cannot be written to: File exists" in told(capsys, code)


@pytest.mark.parametrize("why", ["No space left", "Read-only file system"])
def test_out_is_full_or_read_only(hand_in, private, small_disk, capsys, why):
    (small_disk / "x").write_bytes(b"x" * 150_000)
    if why == "Read-only file system":
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)

    code = main(command(hand_in(ann=made_up.half()), private, small_disk / "out"))

    assert f"OUT cannot be written to: {why}" in told(capsys, code)


def test_the_folder_for_temporary_files_is_full(hand_in, private, tmp_path, small_disk, monkeypatch, capsys):
    (small_disk / "x").write_bytes(b"x" * 150_000)
    monkeypatch.setattr("tempfile.tempdir", str(small_disk))

    code = main(command(hand_in(ann=made_up.half()), private, tmp_path / "out"))

    assert "temporary files cannot be used" in told(capsys, code)
    assert [path.name for path in small_disk.iterdir()] == ["x"]


def test_grades_cannot_be_replaced(hand_in, private, stage, tmp_path, capsys):
    (tmp_path / "out" / "grades.csv").mkdir(parents=True)

    code = main(command(hand_in(ann=made_up.half()), private, tmp_path / "out"))

    message = capsys.readouterr().err  # behind what tells how far grading is
    assert code == 1
    assert "grades.csv could not be written: Is a directory" in message
    assert "Traceback" not in message


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_ended_leaves_nothing_in_the_folder_for_temporary_files(
    hand_in, private, stage, tmp_path, how
):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    folder = hand_in(ann=made_up.filled(_1="import time\ntime.sleep(100)"))
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.grading", *command(folder, private, tmp_path / "out")],
        cwd=PROJECT,
        env=os.environ | {"TMPDIR": str(temporary)},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    until = time.monotonic() + 60
    while time.monotonic() < until and not list(temporary.glob("grade-*/stage/inside.py")):
        time.sleep(0.1)
    assert list(temporary.iterdir())
    time.sleep(1)

    process.send_signal(how)
    process.wait(timeout=60)

    until = time.monotonic() + 20
    while time.monotonic() < until and list(temporary.iterdir()):
        time.sleep(0.1)
    assert list(temporary.iterdir()) == []


def test_what_breaks_for_one_student_is_that_students_row(hand_in, grade, points, monkeypatch):
    import tools.grading.grade as module

    real = module.restore
    monkeypatch.setattr(
        module, "restore", lambda notebook, *rest: 1 / 0 if len(notebook.cells) < 3 else real(notebook, *rest)
    )
    broken = made_up.half()
    broken.cells = broken.cells[:2]

    graded = grade(hand_in(ann=made_up.half(), bob=broken))

    assert points(graded["ann"])["90.1"] == 2.0
    assert set(points(graded["bob"]).values()) == {None}
    assert "ZeroDivisionError" in graded["bob"].scores[0].flag
