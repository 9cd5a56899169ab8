"""make grade: read the options, grade, write grades.csv, feedback and summary, and say what was found."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from course_utils.checks.variants import normal_class_word
from course_utils.errors import CourseError
from course_utils.system.paths import PROJECT
from tools.grading.assignments import load_assignments
from tools.grading.bubblewrap import python_folders
from tools.grading.collect import collect
from tools.grading.decided import decide, read_decided
from tools.grading.feedback import flagged, write_pages
from tools.grading.grade import Class, grade_all, trusted_digest
from tools.grading.gradebook import Gradebook
from tools.grading.judging import Judges
from tools.grading.results import Graded, grades_csv, write_whole
from tools.grading.sandbox import check_sandbox
from tools.grading.stage import make_stage


def main(arguments: list[str] | None = None) -> int:
    """Grade; return 0, 1 after a failure, 130 after an interruption."""
    options = _parser().parse_args(arguments)
    try:
        _grade(options)
        return 0
    except KeyboardInterrupt:
        print("\nStopped. What was graded is kept: run the same command again to go on.", file=sys.stderr)
        return 130
    except CourseError as error:
        print(error, file=sys.stderr)
    except OSError as error:
        cause = f"It was about {error.filename or 'a file or a process'}. What was graded is kept."
        next_step = "mend that, then run the same command again to go on."
        print(_refused("The system refused something", error, cause, next_step), file=sys.stderr)
    return 1


def _refused(problem: str, error: OSError, cause: str, next_step: str) -> CourseError:
    """Return what the system refused, in words."""
    why = error.strerror or type(error).__name__
    return CourseError(f"{problem}: {why}.", cause=cause, next_step=next_step)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make grade", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("submissions", type=Path, help="folder with one folder a student")
    parser.add_argument("--assignment", default="", help='numbers of lessons, for example "03"; default: all')
    parser.add_argument("--out", type=Path, default=PROJECT / "build" / "grades", help="folder for grades")
    parser.add_argument("--class-word", default="", help="the word that the class was given")
    parser.add_argument("--workers", type=int, default=0, help="notebooks at a time; default: cores")
    parser.add_argument("--private", type=Path, help="the instructor's folder with judges/ and givens/")
    parser.add_argument("--points", type=Path, help="a copy of grades.csv with points that a person decided")
    parser.add_argument("--roster", type=Path, help="the gradebook of Canvas or Moodle, to be filled in")
    return parser


def _grade(options: argparse.Namespace) -> None:
    _check_options(options)
    _check_out(options.out)
    decided = read_decided(options.points) if options.points else None
    private = options.private.resolve() if options.private else None
    assignments = {one.lesson: one for one in load_assignments(options.assignment.split(), private=private)}
    with _own_folder() as folder:
        stage = make_stage(folder, private=private)
        check_sandbox(stage)
        with Judges(private) as judges:
            exercises = {lesson: judges.exercises(lesson) for lesson in assignments}
        course = Class(
            assignments=assignments,
            exercises=exercises,
            stage=stage,
            results=options.out / "results",
            class_word=normal_class_word(options.class_word),
            private=private,
            workers=options.workers or len(os.sched_getaffinity(0)),
            trusted=trusted_digest(private),
        )
        collected = collect(options.submissions, list(assignments))
        numbers = {number for one in collected for number in one.submissions}
        # before all that takes time
        gradebook = Gradebook(options.roster, numbers) if options.roster else None
        graded = grade_all(course, collected)
    if decided is not None:
        print("\n".join(decide(graded, decided)))
    write_whole(options.out / "grades.csv", grades_csv(graded))
    write_pages(options.out, graded, {number: one.title for number, one in assignments.items()})
    _tell(options.out, graded)
    if gradebook:
        keys = {one.student: one.key for one in collected}
        print("\n".join(gradebook.write(options.out, graded, keys)))


def _check_options(options: argparse.Namespace) -> None:
    submissions, out = options.submissions.resolve(), options.out.resolve()
    if out == submissions or submissions in out.parents:
        raise CourseError(
            "OUT lies in SUBMISSIONS.",
            cause="What was handed in must stay as it is.",
            next_step="name another folder, for example OUT=build/grades.",
        )
    if not 0 <= options.workers <= 256:
        raise CourseError(
            "A number is out of range.",
            cause="WORKERS is 1 to 256 (0: as many as cores).",
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


def _check_out(out: Path) -> None:
    """See to it that results can be kept, before anything is run."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out) as file:
            file.write(b"x" * 100_000)
    except OSError as error:
        cause = f"It is {out}, where grades, pages and what was graded before are kept."
        next_step = "make room there, or name another folder: OUT=build/grades."
        raise _refused("OUT cannot be written to", error, cause, next_step) from error


@contextlib.contextmanager
def _own_folder() -> Iterator[Path]:
    """Yield a new folder; another process removes it as soon as this one ends, even if it is killed."""
    folder = ""
    try:
        folder = tempfile.mkdtemp(prefix="grade-")
        code = "import shutil, sys; sys.stdin.read(); shutil.rmtree(sys.argv[1], ignore_errors=True)"
        command = [sys.executable, "-I", "-S", "-c", code, folder]
        with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True):
            yield Path(folder)
    except (OSError, shutil.Error) as error:
        if not any(folder in str(part) for part in (error.filename, error.filename2, *error.args)):
            raise
        cause = "Grading needs some 10 MB there for a copy of the course that a sandbox may see."
        next_step = "make room, or name another folder: TMPDIR=/path/to/folder make grade ..."
        raise _refused("The folder for temporary files cannot be used", error, cause, next_step) from error


def _tell(out: Path, graded: list[Graded]) -> None:
    look = sum(len(flags) for flags in flagged(graded).values())
    students = len({one.student for one in graded})
    print(f"{students} students. Grades: {out / 'grades.csv'}")
    print(f"Summary: {out / 'summary.html'}; a page for each student: {out / 'feedback'}")
    if look:
        print(f"{look} entries need a person: column flag, or the end of the summary.")
