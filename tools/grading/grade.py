"""Grade a folder of submissions: several sandboxes at a time, each result kept as soon as it is there."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import queue
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.system.paths import PROJECT
from tools.grading.assignments import Assignment
from tools.grading.collect import Collected, Submission
from tools.grading.judging import Judges, JudgesFailedError
from tools.grading.restore import restore
from tools.grading.results import Graded, load_result, save_result
from tools.grading.sandbox import Limits, run_notebook
from tools.grading.score import open_scores, score_notebook
from tools.grading.stage import Stage

NOT_HANDED_IN = "no notebook for this assignment was found"
NOT_USABLE = "no notebook for this assignment could be used: see the row without an exercise"


@dataclass
class Class:
    """All that grading one class needs.

    Attributes:
        assignments: by number.
        exercises: what the judges know of each lesson, by number.
        stage: what a sandbox sees.
        results: folder for kept results.
        class_word: of the class.
        private: the instructor's folder, or None.
        limits: of a sandbox.
        workers: sandboxes at a time.
        trusted: digest of all that results depend on but the submission.
    """

    assignments: dict[str, Assignment]
    exercises: dict[str, list[dict]]
    stage: Stage
    results: Path
    class_word: str = ""
    private: Path | None = None
    limits: Limits = field(default_factory=Limits)
    workers: int = 1
    trusted: str = ""

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


def grade_all(
    course: Class,
    collected: list[Collected],
    *,
    on_done: Callable[[int, int, int], None],
    stop: threading.Event,
) -> list[Graded]:
    """Grade what was collected; what was graded before in the same way is taken from the kept results.

    Args:
        course: the class.
        collected: of each student.
        on_done: told after each notebook how many are done, how many of them were kept from before, and how
            many there are.
        stop: once it is set, running sandboxes are ended and no other one starts.

    Returns:
        The results in order of students and assignments. Incomplete only if ``stop`` was set.
    """
    tasks = [one.submissions[number] for one in collected for number in sorted(one.submissions)]
    done: dict[tuple[str, str], Graded] = {}
    for task in tasks:
        kept = load_result(course.results, task.student, task.assignment, course.key(task))
        if kept:
            done[task.student, task.assignment] = kept
    from_before = len(done)
    on_done(len(done), from_before, len(tasks))
    todo = [task for task in tasks if (task.student, task.assignment) not in done]
    with _Workers(course, stop) as workers:
        for graded in workers.grade(todo):
            done[graded.student, graded.assignment] = graded
            on_done(len(done), from_before, len(tasks))
    return _in_order(course, collected, done)


def _in_order(course: Class, collected: list[Collected], done: dict) -> list[Graded]:
    expected = sorted({number for one in collected for number in one.submissions})
    graded = []
    for one in collected:
        for number in expected:
            if number in one.submissions:
                if (one.student, number) in done:
                    graded.append(done[one.student, number])
            else:
                scores = open_scores(course.exercises[number], NOT_USABLE if one.problems else NOT_HANDED_IN)
                graded.append(Graded(one.student, number, scores))
        if one.problems:
            graded.append(Graded(one.student, "", flags=one.problems))
    return graded


class _Workers:
    """Threads, each with processors, a user number and judges of its own."""

    def __init__(self, course: Class, stop: threading.Event) -> None:
        self.course, self.stop = course, stop
        self.slots: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.judges = [Judges(course.private) for _ in range(course.workers)]
        for slot in range(course.workers):
            self.slots.put(slot)
        self.pool = ThreadPoolExecutor(course.workers)

    def __enter__(self) -> _Workers:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind:
            self.stop.set()
        self.pool.shutdown(wait=True, cancel_futures=True)
        for judges in self.judges:
            judges.close()

    def grade(self, tasks: list[Submission]):
        """Yield results as they come."""
        waiting = {self.pool.submit(self._grade, task) for task in tasks}
        while waiting:
            ready, waiting = wait(waiting, timeout=1.0, return_when=FIRST_COMPLETED)
            for future in ready:
                graded = future.result()
                if graded is not None:
                    yield graded

    def _grade(self, task: Submission) -> Graded | None:
        if self.stop.is_set():
            return None
        slot = self.slots.get()
        try:
            return grade_one(self.course, task, self.judges[slot], slot, self.stop)
        finally:
            self.slots.put(slot)


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
    started = time.monotonic()
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
        scores = score_notebook(exercises, assignment, restored, result, verdicts, course.limits)
    except JudgesFailedError as error:
        scores = open_scores(exercises, f"not judged: {error}")
    seconds = time.monotonic() - started
    return Graded(task.student, task.assignment, scores, flags, task.name, seconds)
