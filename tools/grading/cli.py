"""make grade: read the options, grade, write grades.csv, feedback and summary, and say what was found."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

from course_utils.checks.variants import normal_class_word
from course_utils.errors import CourseError
from course_utils.system.paths import PROJECT
from course_utils.system.progress import clock
from tools.grading.assignments import load_assignments
from tools.grading.collect import collect
from tools.grading.feedback import flagged, write_pages
from tools.grading.grade import Class, grade_all, trusted_digest
from tools.grading.judging import Judges
from tools.grading.results import Graded, grades_csv, write_whole
from tools.grading.sandbox import Limits, check_sandbox, python_folders
from tools.grading.stage import make_stage

HEARTBEAT = 15.0  # seconds between two lines where there is no terminal


def main(arguments: list[str] | None = None) -> int:
    """Grade; return 0, 1 after a failure, 130 after an interruption."""
    options = _parser().parse_args(arguments)
    try:
        return _grade(options)
    except CourseError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. What was graded is kept: run the same command again to go on.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make grade", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("submissions", type=Path, help="folder with one folder a student")
    parser.add_argument("--assignment", default="", help='numbers of lessons, for example "03"; default: all')
    parser.add_argument(
        "--out", type=Path, default=PROJECT / "build" / "grades", help="folder for the grades"
    )
    parser.add_argument("--class-word", default="", help="the word that the class was given")
    parser.add_argument("--workers", type=int, default=0, help="notebooks at a time; default: cores")
    parser.add_argument("--private", type=Path, help="the instructor's folder with judges/ and givens/")
    parser.add_argument("--seconds", type=float, default=Limits.seconds, help="for one notebook")
    parser.add_argument("--cell-seconds", type=float, default=Limits.cell_seconds, help="for one cell")
    return parser


def _grade(options: argparse.Namespace) -> int:
    _check_options(options)
    private = options.private.resolve() if options.private else None
    assignments = {one.lesson: one for one in load_assignments(options.assignment.split(), private=private)}
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="grade-") as folder:
        stage = make_stage(Path(folder), private=private)
        check_sandbox(stage)
        course = Class(
            assignments=assignments,
            exercises=_exercises(list(assignments), private),
            stage=stage,
            results=options.out / "results",
            class_word=normal_class_word(options.class_word),
            private=private,
            limits=Limits(seconds=options.seconds, cell_seconds=options.cell_seconds),
            workers=options.workers or len(os.sched_getaffinity(0)),
            trusted=trusted_digest(private),
        )
        collected = collect(options.submissions, list(assignments))
        progress = _Progress(sys.stderr)
        graded = grade_all(course, collected, on_done=progress.show, stop=threading.Event())
        progress.end()
    write_whole(options.out / "grades.csv", grades_csv(graded))
    write_pages(options.out, graded, {number: one.title for number, one in assignments.items()})
    _tell(options.out, graded)
    return 0


def _exercises(lessons: list[str], private: Path | None) -> dict[str, list[dict]]:
    judges = Judges(private)
    try:
        return {lesson: judges.exercises(lesson) for lesson in lessons}
    finally:
        judges.close()


def _check_options(options: argparse.Namespace) -> None:
    submissions, out = options.submissions.resolve(), options.out.resolve()
    if out == submissions or submissions in out.parents:
        raise CourseError(
            "OUT lies in SUBMISSIONS.",
            cause="What was handed in must stay as it is.",
            next_step="name another folder, for example OUT=build/grades.",
        )
    if (
        not 0 <= options.workers <= 256
        or not 1 <= options.seconds <= 86400
        or not 1 <= options.cell_seconds <= 86400
    ):
        raise CourseError(
            "A number is out of range.",
            cause="WORKERS is 1 to 256 (0: as many as cores); times are from 1 to 86,400 seconds.",
            next_step="correct it, or leave it out.",
        )
    hidden = [submissions, *([options.private.resolve()] if options.private else []), PROJECT / "notebooks"]
    for seen in map(Path, python_folders()):
        within = [path for path in hidden if path == seen or seen in path.parents]
        if within:
            raise CourseError(
                f"{within[0]} lies in the folder of Python, which a sandbox can read.",
                cause=f"The sandbox sees {seen}.",
                next_step="move the folder, or grade with a Python that lies elsewhere.",
            )


class _Progress:
    """One line that tells how far grading is, and when it will be ready."""

    def __init__(self, stream) -> None:
        self.stream, self.live = stream, stream.isatty()
        self.started = self.last = time.monotonic()

    def show(self, done: int, from_before: int, total: int) -> None:
        now = time.monotonic()
        if not self.live and now - self.last < HEARTBEAT and done not in (from_before, total):
            return
        self.last = now
        text = f"{done}/{total} notebooks graded, {clock(now - self.started)}"
        if done > from_before and done < total:
            left = (now - self.started) / (done - from_before) * (total - done)
            text += f", about {clock(left)} left"
        elif done == from_before and from_before:
            text += f" ({from_before} were graded before)"
        self.stream.write(f"\r\033[K{text}" if self.live else f"{text}\n")
        self.stream.flush()

    def end(self) -> None:
        if self.live:
            self.stream.write("\n")


def _tell(out: Path, graded: list[Graded]) -> None:
    look = flagged(graded)
    students = len({one.student for one in graded})
    print(f"{students} students. Grades: {out / 'grades.csv'}")
    print(f"Summary: {out / 'summary.html'}; a page for each student: {out / 'feedback'}")
    if look:
        print(f"{len(look)} entries need a person: column flag, or the end of the summary.")
