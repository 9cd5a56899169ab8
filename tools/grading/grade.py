"""Grade a folder of submissions: several sandboxes at a time, each result kept as soon as it is there."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import queue
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tqdm import tqdm

from course_utils.errors import CourseError
from course_utils.system.paths import PROJECT
from tools.grading.assignments import Assignment
from tools.grading.collect import Collected, Submission
from tools.grading.judging import Judges, JudgesFailedError
from tools.grading.restore import restore
from tools.grading.results import Graded, load_result, save_result
from tools.grading.sandbox import Limits, run_notebook
from tools.grading.score import Scorer, open_scores
from tools.grading.stage import Stage

HEARTBEAT = 15.0  # seconds between two lines where there is no terminal
NOT_HANDED_IN = "no notebook for this assignment was found"
NOT_USABLE = "no notebook for this assignment could be used: see the row without an exercise"


@dataclass
class Class:
    """All that grading one class needs."""

    assignments: dict[str, Assignment]  # by number
    exercises: dict[str, list[dict]]  # what the judges know of each lesson, by number
    stage: Stage  # what a sandbox sees
    results: Path  # folder for kept results
    class_word: str = ""
    private: Path | None = None  # the instructor's folder
    limits: Limits = field(default_factory=Limits)
    workers: int = 1  # sandboxes at a time
    trusted: str = ""  # digest of all that results depend on but the submission

    def key(self, submission: Submission) -> str:
        """Return what a result depends on, as one digest."""
        parts = [
            submission.digest,
            self.assignments[submission.assignment].digest,
            json.dumps(submission.notes),
            self.class_word,
            json.dumps(asdict(self.limits), sort_keys=True),
            self.trusted,
        ]
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def trusted_digest(private: Path | None) -> str:
    """Return a digest of judges, givens, the course's package, this package, and the instructor's folder."""
    digest = hashlib.sha256(f"{platform.python_version()} {sys.prefix}".encode())
    folders = [PROJECT / "course_utils", Path(__file__).resolve().parent, *([private] if private else [])]
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix in (".py", ".ipynb", ".json"):
                digest.update(os.fsencode(path.relative_to(folder)) + b"\0" + path.read_bytes())
    for path in sorted((PROJECT / "data" / "weights").glob("*.json")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def grade_all(course: Class, collected: list[Collected]) -> list[Graded]:
    """Grade what was collected; what was graded before in the same way is taken from the kept results.

    Returns:
        The results in order of students and assignments.
    """
    tasks = [one.submissions[number] for one in collected for number in sorted(one.submissions)]
    kept = [load_result(course.results, one.student, one.assignment, course.key(one)) for one in tasks]
    done = {(one.student, one.assignment): one for one in kept if one}
    todo = [task for task in tasks if (task.student, task.assignment) not in done]
    stop = threading.Event()
    slots: queue.SimpleQueue[tuple[int, Judges]] = queue.SimpleQueue()
    with contextlib.ExitStack() as stack:
        for slot in range(course.workers):
            slots.put((slot, stack.enter_context(Judges(course.private))))
        pool = stack.enter_context(ThreadPoolExecutor(course.workers))
        stack.callback(stop.set)  # first of all at the end, so that the pool waits for nothing
        futures = [pool.submit(_grade_in_a_slot, course, task, slots, stop) for task in todo]
        for future in _told(as_completed(futures), len(done), len(tasks)):
            graded = future.result()
            done[graded.student, graded.assignment] = graded
    return _in_order(course, collected, done)


def _told(futures: Iterator[Future], before: int, total: int) -> Iterator[Future]:
    """Tell how far grading is, and when it will be ready."""
    return tqdm(
        futures,
        desc=f"Notebooks graded ({before} before)" if before else "Notebooks graded",
        initial=before,
        total=total,
        mininterval=0.1 if sys.stderr.isatty() else HEARTBEAT,
        unit="",
    )


def _in_order(course: Class, collected: list[Collected], done: dict) -> list[Graded]:
    expected = sorted({number for one in collected for number in one.submissions})
    graded = []
    for one in collected:
        for number in expected:
            if number in one.submissions:
                graded.append(done[one.student, number])
            else:
                scores = open_scores(course.exercises[number], NOT_USABLE if one.problems else NOT_HANDED_IN)
                graded.append(Graded(one.student, number, scores))
        if one.problems:
            graded.append(Graded(one.student, "", flags=one.problems))
    return graded


def _grade_in_a_slot(
    course: Class, task: Submission, slots: queue.SimpleQueue, stop: threading.Event
) -> Graded | None:
    """Grade with processors, a user number and judges that no other notebook has at this time."""
    if stop.is_set():
        return None
    slot, judges = slots.get()
    try:
        return grade_one(course, task, judges, slot, stop)
    finally:
        slots.put((slot, judges))


def grade_one(
    course: Class, task: Submission, judges: Judges, slot: int, stop: threading.Event
) -> Graded | None:
    """Grade one notebook and keep its result; what fails is told in it. Returns None if it was stopped."""
    try:
        graded = _graded(course, task, judges, slot, stop)
    except CourseError:  # the sandbox itself: nobody can be graded
        raise
    except Exception as error:
        why = f"it could not be graded ({type(error).__name__}): look at the notebook"
        graded = Graded(task.student, task.assignment, open_scores(course.exercises[task.assignment], why))
    if graded is not None:
        save_result(course.results, graded, course.key(task))
    return graded


def _graded(
    course: Class, task: Submission, judges: Judges, slot: int, stop: threading.Event
) -> Graded | None:
    assignment = course.assignments[task.assignment]
    exercises = course.exercises[task.assignment]
    restored = restore(task.notebook, assignment, {"CLASS_WORD": course.class_word, "OUT": "/tmp/out"})
    result = run_notebook(
        restored.cells,
        task.assignment,
        course.stage,
        class_word=course.class_word,
        limits=course.limits,
        slot=slot,
        slots=course.workers,
        stop=stop,
    )
    if stop.is_set():
        return None
    flags = [*task.notes, *restored.notes.get("", [])]
    try:
        verdicts = judges.judge(task.assignment, course.class_word, result.answers)
        scorer = Scorer(assignment, restored, result, verdicts, course.limits)
        scores = [scorer.score(exercise) for exercise in exercises]
    except JudgesFailedError as error:
        scores = open_scores(exercises, f"not judged: {error}")
    return Graded(task.student, task.assignment, scores, flags, task.name)
