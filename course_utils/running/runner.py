"""Run the lessons from the command line: ``python -m course_utils.runner`` (what ``make course`` calls)."""

from __future__ import annotations

import argparse
import datetime
import json
import logging
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import nbconvert
import nbformat

from course_utils.errors import CourseError
from course_utils.running.execution import (
    LESSONS,
    LessonFailed,
    code_cells,
    execute_lesson,
    find_lessons,
    lesson_number,
)
from course_utils.running.parameters import check_parameters, check_values, from_words
from course_utils.running.report import Results, read_run_facts, write_report
from course_utils.system import run_folder
from course_utils.system.device import versions
from course_utils.system.disk import check_disk
from course_utils.system.paths import PROJECT, out_folder
from course_utils.system.progress import Progress, clock
from course_utils.system.quiet import print_in_any_encoding
from course_utils.system.whole_file import write_whole

BUDGETS = {"offline": {"01": 30, "02": 90, "03": 85, "04": 180, "05": 45}}  # seconds
LEAST_DISK = 20_000_000  # bytes that must be free for notebooks, models and figures
CELL_TIMEOUTS = {"offline": 600, "laptop": 4 * 3600}  # seconds; any other profile: a day
SCRIPT_HEAD = "from IPython.display import display  # noqa: F401  (a notebook has it by itself)\n\n"


def run_course(
    lessons: Sequence[str] = (),
    parameters: Mapping[str, object] | None = None,
    out: str | Path | None = None,
    *,
    folder: Path = LESSONS,
    cell_timeout: int | None = None,
) -> Path:
    """Run lessons one after the other, and return the report page.

    Executed lessons, plain scripts, ``run.json`` and ``report.html`` go to ``out``, beside what the
    lessons write there themselves. What lies there of other lessons stays.

    Args:
        lessons: numbers, for example ``["01", "03"]``; empty: all required ones.
        parameters: for every lesson: PROFILE, DATA, WEIGHTS, SEED, OVERRIDES …
        out: folder of the run; None: see ``paths.out_folder``.
        folder: where the lessons lie.
        cell_timeout: seconds that one cell may take; None: by profile.

    Raises:
        CourseError: a parameter is wrong; nothing was run or written.
        LessonFailed: a lesson did not run to its end. What ran is kept, and the report tells it.
    """
    chosen = find_lessons(lessons, folder=folder)
    given = dict(parameters or {})
    check_values(given)
    out = out_folder(out)
    given["OUT"] = _short(out)
    for lesson in chosen:
        check_parameters(lesson, given)
    profile = str(given.get("PROFILE", "auto"))
    timeout = cell_timeout or CELL_TIMEOUTS.get(profile, 24 * 3600)
    _check_out(out)
    facts = {"parameters": given, "started": _now(), "versions": versions()}
    _write_run(out, {"lessons": {}} | read_run_facts(out) | facts)
    try:
        for lesson in chosen:
            _run_lesson(lesson, given, out, profile, timeout)
    finally:
        report = write_report(out)
    return report


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line says; return 0, or 1 after a failure (2: the command line is wrong)."""
    print_in_any_encoding()
    options = _parser().parse_args(arguments)
    started = time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: what ran is kept and reported
    try:
        parameters = _parameters(options)
        out = out_folder(options.out)
        report = run_course(
            options.lessons.replace(",", " ").split(),
            parameters,
            out,
            folder=options.notebooks,
            cell_timeout=options.cell_timeout,
        )
    except CourseError as error:
        print(f"\n{error}", file=sys.stderr)
        if isinstance(error, LessonFailed):
            print(f"What ran so far is kept, and told in {run_folder.report(out)}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"\nThe results cannot be written: {error}", file=sys.stderr)
        print("Next: give another folder by OUT=…, or make room on the disk.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        logging.getLogger("asyncio").disabled = True  # the cell that was cut off is no news
        print(f"\nStopped. What ran so far is kept: {out}", file=sys.stderr)
        return 130
    print(f"\n{_summary(out)}\nReport: {report}\nDone in {clock(time.monotonic() - started)}.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m course_utils.runner", description=__doc__)
    parser.add_argument("--profile", default="offline", help="offline (default), laptop, gpu or auto")
    parser.add_argument("--data", help="drawn, published, kaggle, auto or a path; default: by profile")
    parser.add_argument("--weights", help="imagenet, bundled, none or a file; default: by profile")
    parser.add_argument("--seed", help="a whole number, 0 or more")
    parser.add_argument("--out", help="folder to write to, default: build/course")
    parser.add_argument("--lessons", default="", help='numbers, for example "01 03"; default: 01 to 05')
    parser.add_argument("--quick", action="store_true", help="cut epochs and repeats, as tests do")
    parser.add_argument(
        "-p", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"), help="any other parameter"
    )
    parser.add_argument("--notebooks", type=Path, default=LESSONS, help=argparse.SUPPRESS)
    parser.add_argument("--cell-timeout", type=int, help="seconds that one cell may take")
    return parser


def _parameters(options: argparse.Namespace) -> dict[str, object]:
    named = {name: getattr(options, name.lower()) for name in ("PROFILE", "DATA", "WEIGHTS", "SEED")}
    return from_words(named, options.p, quick=options.quick)


def _run_lesson(lesson: Path, given: dict, out: Path, profile: str, timeout: int) -> None:
    unfinished = run_folder.unfinished(out, lesson.stem)
    before = _results_of(lesson, out)
    run = read_run_facts(out)
    total = len(code_cells(nbformat.read(lesson, as_version=4))) + 1  # papermill's, with the parameters
    facts = {"status": "failed", "profile": profile, "code_cells": total}
    facts |= {"parameters": given, "error": "stopped from outside", "run": run["started"]}
    last = run["lessons"].get(lesson.stem, {})
    expected = _expected(lesson, given, last)
    _forget_trainings(lesson, given, out, last)
    progress = Progress(lesson.stem, total, expected, sys.stdout)
    try:
        with progress:
            execute_lesson(lesson, unfinished, given, cell_timeout=timeout, progress=progress)
        os.replace(unfinished, out / lesson.name)
        _write_script(out / lesson.name, run_folder.script(out, lesson.stem))
        _remove_old(before)
        facts |= {"status": "finished", "error": None}
    except CourseError as error:
        facts["error"] = str(error)
        raise
    finally:
        facts |= {"seconds": round(progress.seconds, 1), "peak_bytes": progress.peak_bytes}
        facts["finished"] = _now()
        run["lessons"][lesson.stem] = facts
        _write_run(out, run)


def _forget_trainings(lesson: Path, given: dict, out: Path, last: Mapping[str, object]) -> None:
    """Let a lesson train anew, unless it goes on with the same run that was cut off."""
    if last.get("status") == "finished" or last.get("parameters") != given:
        shutil.rmtree(run_folder.checkpoints(out, lesson_number(lesson)), ignore_errors=True)


def _results_of(lesson: Path, out: Path) -> dict[Path, int]:
    """Return the files that an earlier run of this lesson left, each with the time that it was written."""
    number = lesson_number(lesson)
    told = [*run_folder.record_files(out), *run_folder.training_files(out)]
    found = run_folder.figures_of(out, number) + [path for path in told if _lesson_in(path) == number]
    return {path: path.stat().st_mtime_ns for path in found}


def _remove_old(before: Mapping[Path, int]) -> None:
    """Remove what the earlier run left and this one did not write again."""
    for path, written in before.items():
        if path.exists() and path.stat().st_mtime_ns == written:
            if path.name == run_folder.TRAINING:
                shutil.rmtree(path.parent)
            else:
                path.unlink()


def _lesson_in(path: Path) -> str | None:
    try:
        return json.loads(path.read_text(encoding="utf-8")).get("lesson")
    except (OSError, ValueError, AttributeError):
        return None


def _write_script(notebook: Path, target: Path) -> None:
    exporter = nbconvert.PythonExporter(exclude_input_prompt=True)
    body, _ = exporter.from_filename(str(notebook))
    marker = "# coding: utf-8\n"
    write_whole(target, body.replace(marker, f"{marker}\n{SCRIPT_HEAD}", 1))


def _expected(lesson: Path, given: Mapping[str, object], before: Mapping[str, object]) -> str:
    """Return how long a lesson will take: as long as before with the same parameters, else its budget."""
    if before.get("status") == "finished" and _kind_of_run(before["parameters"]) == _kind_of_run(given):
        return f"about {clock(before['seconds'])}"
    if given.get("OVERRIDES"):
        return ""
    profile = given.get("PROFILE", "auto")
    if profile == "laptop":
        return "up to 15:00"
    budget = BUDGETS.get(str(profile), {}).get(lesson_number(lesson))
    return f"about {clock(budget)}" if budget else ""


def _kind_of_run(given: Mapping[str, object]) -> dict[str, object]:
    """Return the parameters that say how long a run takes."""
    return {name: value for name, value in given.items() if name not in ("SEED", "OUT")}


def _check_out(out: Path) -> None:
    """Refuse a folder that a lesson could not write to at its end."""
    check_disk(out, LEAST_DISK, "A run of the lessons")
    for folder in run_folder.folders(out):
        try:
            folder.mkdir(exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise CourseError(
                f"The results cannot be written to {folder}.",
                cause=f"{error.strerror or type(error).__name__}.",
                next_step="give another folder by OUT=…, or correct this one.",
            ) from error


def _now() -> str:
    return datetime.datetime.now().astimezone().isoformat(timespec="seconds")


def _short(out: Path) -> str:
    """Relative to the project where it lies inside: a lesson then shows no path of this machine."""
    return str(out.relative_to(PROJECT)) if out.is_relative_to(PROJECT) else str(out)


def _write_run(out: Path, run: dict) -> None:
    write_whole(run_folder.run_facts(out), json.dumps(run, indent=1, default=str) + "\n")


def _summary(out: Path) -> str:
    run = read_run_facts(out)
    lessons = {name: f for name, f in run["lessons"].items() if f.get("run") == run["started"]}
    peak = max((facts["peak_bytes"] for facts in lessons.values()), default=0)
    seconds = sum(facts["seconds"] for facts in lessons.values())
    ran = f"Lessons: {', '.join(sorted(lessons))}; {clock(seconds)} in all, {peak / 1e9:.1f} GB at most."
    return f"{Results(out).summary()}\n{ran}"
