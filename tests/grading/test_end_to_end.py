"""Six made submissions from the folder to the points: perfect, half, empty, stripped, renamed, hostile."""

from __future__ import annotations

import csv
import io
import shutil

import made_up
import pytest
from messages import message_of

from tools.grading.cli import main
from tools.grading.results import COLUMNS

ALL = {"90.1": 2.0, "90.2": 1.0, "90.3": 1.0, "90.q1": 1.0}
HALF = {"90.1": 2.0, "90.2": 0.0, "90.3": 0.0, "90.q1": 1.0}
NOTHING = dict.fromkeys(ALL, 0.0)


def test_six_submissions(hand_in, grade, points):
    hostile = made_up.filled(
        _1="import os\nos.kill(os.getppid(), 9)\nopen('/dev/shm/x', 'w').write('x')",
        _2="class Total(int):\n    __eq__ = lambda *_: True\ntotal = Total(0)",
    )
    folder = hand_in(
        perfect=made_up.master(),
        half=made_up.half(),
        empty=made_up.empty(),
        stripped=made_up.stripped(made_up.half()),
        renamed=made_up.as_colab(made_up.half()),
        hostile=hostile,
    )
    (folder / "renamed" / "90_made_up.ipynb").rename(folder / "renamed" / "Kopie von Übung (1).ipynb")

    graded = grade(folder)

    assert {student: points(one) for student, one in graded.items()} == {
        "perfect": ALL,
        "half": HALF,
        "empty": NOTHING,
        "stripped": HALF,
        "renamed": HALF,
        "hostile": NOTHING,
    }
    assert [score.flag for one in graded.values() for score in one.scores if score.points] == [""] * 10
    assert {score.message for score in graded["empty"].scores} >= {"Not done yet."}


def test_command_writes_grades_feedback_and_summary(stage, hand_in, private, tmp_path, capsys):
    folder, out = hand_in(ann=made_up.half(), bob=made_up.empty()), tmp_path / "grades"
    command = [str(folder), "--assignment", "90", "--private", str(private), "--out", str(out)]

    assert main([*command, "--class-word", " Tulip "]) == 0

    rows = list(csv.DictReader(io.StringIO((out / "grades.csv").read_text(encoding="utf-8-sig"))))
    assert tuple(rows[0]) == COLUMNS
    assert [(row["student"], row["exercise"], row["points"], row["max_points"]) for row in rows][:4] == [
        ("ann", "90.1", "2", "2"),
        ("ann", "90.2", "0", "1"),
        ("ann", "90.3", "0", "1"),
        ("ann", "90.q1", "1", "1"),
    ]
    pages = sorted((out / "feedback").glob("*.html"))
    assert [page.name.split("-")[0] for page in pages] == ["ann", "bob"]
    assert "3 of 5 points" in pages[0].read_text(encoding="utf-8")
    summary = (out / "summary.html").read_text(encoding="utf-8")
    assert "Most often missed: <strong>90.2 The sum</strong>: 0 of 2" in summary
    told = capsys.readouterr()
    assert "2 students" in told.out
    assert "2/2" in told.err


@pytest.mark.parametrize(
    "change",
    [
        "submission",
        pytest.param("class word", marks=pytest.mark.full),
        pytest.param("trusted files", marks=pytest.mark.full),
        pytest.param("broken result", marks=pytest.mark.full),
    ],
)
def test_a_changed_submission_word_or_judge_is_run_again(hand_in, grade, tmp_path, ran, change):
    grade(hand_in(ann=made_up.half()))
    changes = {"class word": {"class_word": "rose"}, "trusted files": {"trusted": "other"}}
    if change == "submission":
        hand_in(ann=made_up.empty())
    elif change == "broken result":
        (result,) = (tmp_path / "results").rglob("*.json")
        result.write_text(result.read_text(encoding="utf-8")[:100], encoding="utf-8")

    grade(hand_in(), **changes.get(change, {}))

    assert len(ran) == 2


def test_goes_on_after_an_interruption(stage, hand_in, private, tmp_path, monkeypatch, capsys):
    import tools.grading.grade as module

    folder, out = hand_in(ann=made_up.half(), bob=made_up.empty()), tmp_path / "grades"
    command = [str(folder), "--assignment", "90", "--private", str(private), "--out", str(out)]
    command += ["--class-word", "tulip", "--workers", "1"]
    monkeypatch.setattr("tools.grading.cli.trusted_digest", lambda private: "the same")
    real, ran = module.grade_one, []

    def stops_at_the_second(course, task, *rest):
        ran.append(task.student)
        if len(ran) == 2:
            raise KeyboardInterrupt
        return real(course, task, *rest)

    monkeypatch.setattr(module, "grade_one", stops_at_the_second)
    assert main(command) == 130
    assert "run the same command again" in capsys.readouterr().err
    assert not (out / "grades.csv").exists()

    assert main(command) == 0

    assert ran == ["ann", "bob", "bob"]
    assert "graded (1 before)" in capsys.readouterr().err


def test_output_inside_the_submissions_is_refused(hand_in, private, capsys):
    folder = hand_in(ann=made_up.half())

    assert main([str(folder), "--private", str(private), "--out", str(folder / "grades")]) == 1
    assert "OUT lies in SUBMISSIONS" in capsys.readouterr().err
    assert not (folder / "grades").exists()


def test_without_bubblewrap_grading_refuses(hand_in, private, tmp_path, monkeypatch, capsys):
    folder = hand_in(ann=made_up.half())
    real = shutil.which
    monkeypatch.setattr("shutil.which", lambda name, **more: None if name == "bwrap" else real(name, **more))

    code = main([str(folder), "--private", str(private), "--out", str(tmp_path / "grades")])

    message = capsys.readouterr().err
    assert code == 1
    assert "bubblewrap is not installed" in message
    assert "apt install bubblewrap" in message
    assert len(message.strip().splitlines()) <= 4
    assert not (tmp_path / "grades" / "grades.csv").exists()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("bwrap: setting up uid map: Permission denied", "apparmor_restrict_unprivileged_userns=0"),
        ("bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted", "apparmor"),
        ("bwrap: No permissions to create new namespace", "forbids user namespaces"),
        ("bwrap: Unknown option --size", "0.6 or later"),
        ("setpriv: failed to execute python: Permission denied", "chmod"),
    ],
)
def test_a_sandbox_that_cannot_start_is_explained(stage, tmp_path, monkeypatch, said, expected):
    from tools.grading.sandbox import check_sandbox

    fake = tmp_path / "bwrap"
    fake.write_text(f'#!/bin/sh\necho "{said}" >&2\nexit 1\n', encoding="utf-8")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    assert expected in message_of(check_sandbox, stage)
