"""Find what each student handed in. Originals are only read; archives are never unpacked to disk.

Whatever is wrong with one student's files is that student's problem, told in words; the others go on. What is
read of one student has a limit, and nothing but the texts of cells is kept.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from course_utils.errors import CourseError
from tools.grading.entries import MOST_MEMBERS, Allowance, Entry, UnusableError, in_folder
from tools.grading.identity import NOBODY, attempt_of_file, clean, labels
from tools.grading.layout import NOTEBOOK, Handed, Student, find_students
from tools.grading.notebook_file import LARGEST_NOTEBOOK, Notebook, UnreadableError, read_notebook
from tools.grading.secret_scan import find_secrets

MOST_BYTES = 100_000_000  # read and unpacked, of one student
MOST_PROBLEMS = 20  # told of one student; the others are counted
DEEPEST = 3  # archives in archives
MODELS = (".keras", ".h5", ".hdf5", ".pkl", ".pickle", ".npy", ".npz", ".pb")


@dataclass
class Submission:
    """One notebook of one student for one assignment."""

    student: str  # how grades and pages call the student
    assignment: str  # number of the lesson
    name: str  # of the file
    notebook: Notebook
    digest: str  # SHA-256 of the file
    notes: list[str] = field(default_factory=list)  # what a person should know


@dataclass
class Collected:
    """What one student handed in: a notebook for each assignment, and what could not be used."""

    student: str
    submissions: dict[str, Submission] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    key: tuple[str, str] = ("", "")  # platform, and number or login there; without one, the name


def collect(folder: Path, assignments: list[str]) -> list[Collected]:
    """Read all submissions of a folder.

    Args:
        folder: what was handed in: a folder or an archive for each student, or downloads of learning
            platforms, packed or unpacked. See ``identity`` and ``layout``.
        assignments: numbers of the lessons that can be graded.

    Returns:
        One entry a student, in order of names.

    Raises:
        CourseError: there is no such folder, it cannot be read, or nothing is in it.
    """
    if not folder.is_dir():
        raise CourseError(
            f"There is no folder {folder}.",
            cause="SUBMISSIONS names the folder that holds one folder a student.",
            next_step="correct the path: make grade SUBMISSIONS=folder.",
        )
    try:
        students = find_students(in_folder(folder))
    except OSError as error:
        raise CourseError(
            f"The folder {folder} cannot be read.",
            cause=f"{error.strerror or type(error).__name__}.",
            next_step="see to it that you may read it, then run the command again.",
        ) from error
    if not students:
        raise CourseError(
            f"There are no submissions in {folder}.",
            cause="Expected one folder a student, with a notebook or an archive in it.",
            next_step="unpack the download of your learning platform there, or copy it there as it is.",
        )
    read = [one for student in students for one in _read(student, assignments)]
    named = labels([(one.student.name, one.student.number, one.student.place) for one in read])
    found = [one.collected(label) for one, label in zip(read, named, strict=True)]
    return sorted(found, key=lambda one: one.student)


@dataclass
class _Found:
    """A notebook that was found, without its file's content: names, what tells when, and its cells."""

    handed: Handed
    name: str
    shown: str
    changed: tuple[int, ...]
    assignment: str
    notebook: Notebook
    digest: str
    secrets: list[str]

    def order(self) -> tuple:
        """Return what tells which of several is the latest: attempt, time, and number in the name."""
        identity = self.handed.identity
        return identity.attempt if identity else (), self.changed, attempt_of_file(self.name)


def _read(student: Student, assignments: list[str]) -> list[_Reading]:
    """Read what a student handed in; one person only where nothing speaks against it."""
    reading = _Reading(student, assignments)
    several = any(len({one.digest for one in found}) > 1 for found in reading.by_assignment().values())
    handed = _parts(student) if student.is_uncertain and several else []
    if len(handed) < 2:
        return [reading]
    note = f"no number tells whose these {len(handed)} files are: {student.name}; they were kept apart"
    notes = [*student.notes, note]
    parts = [Student(student.name, "", clean(one.entry.place), [one], [*notes]) for one in handed]
    return [_Reading(part, assignments) for part in parts]


def _parts(student: Student) -> list[Handed]:
    """Return what a student handed in, an archive and folders round all of it taken apart."""
    handed = student.handed
    while len(handed) == 1 and handed[0].entry.below is not None:
        outer = handed[0].entry
        handed = [Handed(entry, None, outer.place) for entry in outer.below(Allowance(MOST_BYTES))]
    return handed


class _Reading:
    """Reads what one student handed in, up to the limits."""

    def __init__(self, student: Student, assignments: list[str]) -> None:
        self.student, self.assignments = student, assignments
        self.allowance, self.files = Allowance(MOST_BYTES), 0
        self.found: list[_Found] = []
        self.others: list[str] = []
        self.problems = list(student.problems)
        for handed in student.handed:
            self._look(handed.entry, handed, 1)

    def _look(self, entry: Entry, handed: Handed, archives: int) -> None:
        """Look at an entry; no error of it leaves this function."""
        self.files += 1
        if self.files > MOST_MEMBERS:
            self.problems.append(
                f"more than {MOST_MEMBERS:,} files were handed in; the rest was not looked at"
            )
            return
        outer = handed.entry.place if handed.entry.kind == "folder" else handed.container
        shown = clean(entry.place.removeprefix(f"{outer}/"))  # as seen from the student's own folder
        try:
            for below in self._open(entry, shown, handed, archives):
                self._look(below, handed, archives + (entry.kind == "archive"))
        except UnreadableError as error:
            self.problems.append(f"{shown}: {error}")
        except UnusableError as error:
            self.problems.append(f"{shown} {error}")
        except Exception as error:
            what = "a broken archive" if entry.kind == "archive" else "broken"
            why = f"is {what} or cannot be read ({type(error).__name__}): ask for it again"
            self.problems.append(f"{shown} {why}")

    def _open(self, entry: Entry, shown: str, handed: Handed, archives: int) -> Iterable[Entry]:
        """Read a notebook, or return what lies in an entry."""
        if entry.kind == "refused":
            raise UnusableError(entry.why)
        if entry.kind == "archive" and archives > DEEPEST:
            raise UnusableError(f"lies in more than {DEEPEST} archives and was not opened")
        if entry.below is not None:
            return entry.below(self.allowance)
        if entry.name.lower().endswith(MODELS):
            raise UnusableError("was not opened: models and data of strangers are never loaded")
        if NOTEBOOK.search(entry.name):
            self.found.append(self._notebook(entry, shown, handed))
        else:
            self.others.append(shown)
        return ()

    def _notebook(self, entry: Entry, shown: str, handed: Handed) -> _Found:
        content = entry.read(self.allowance, LARGEST_NOTEBOOK)
        digest = hashlib.sha256(content).hexdigest()
        notebook = read_notebook(content)
        assignment = find_assignment(entry.name, notebook, self.assignments)
        if assignment is None:
            raise UnusableError("belongs to no assignment that is known")
        secrets = find_secrets(notebook)
        for cell in notebook.cells:
            cell.outputs = ""  # searched, and not needed again
        return _Found(handed, entry.name, shown, entry.changed, assignment, notebook, digest, secrets)

    def by_assignment(self) -> dict[str, list[_Found]]:
        """Return the notebooks of each assignment."""
        found: dict[str, list[_Found]] = {}
        for one in self.found:
            found.setdefault(one.assignment, []).append(one)
        return found

    def collected(self, label: str) -> Collected:
        """Return what was found, under a label that no other student has."""
        identity = self.student.handed[0].identity if self.student.handed else None
        platform = identity.key[0] if identity and self.student.number else ""
        collected = Collected(label, key=(platform, self.student.number or self.student.name))
        notes = list(self.student.notes)
        if label not in (self.student.name, NOBODY):
            notes.append(f"several are called {self.student.name}; they were told apart by number or place")
        for assignment, found in sorted(self.by_assignment().items()):
            chosen = self._chosen(assignment, found)
            if chosen is not None:
                collected.submissions[assignment] = _submission(label, chosen, found, notes)
        if not self.found and not self.problems:
            which = f": {', '.join(self.others[:5])}" if self.others else ""
            more = f" and {len(self.others) - 5:,} more" if len(self.others) > 5 else ""
            self.problems.append(f"no notebook was found in what was handed in{which}{more}")
        problems = list(dict.fromkeys(self.problems))
        collected.problems = problems[:MOST_PROBLEMS]
        if len(problems) > MOST_PROBLEMS:
            collected.problems.append(f"and {len(problems) - MOST_PROBLEMS:,} more problems")
        if not collected.submissions:
            collected.problems += notes
        return collected

    def _chosen(self, assignment: str, found: list[_Found]) -> _Found | None:
        """Return the latest; None where two downloads hold different ones under one number."""
        places = sorted({clean(one.handed.container) for one in found if one.handed.identity})
        if len(places) > 1 and len({one.digest for one in found}) > 1:
            self.problems.append(
                f"different notebooks for {assignment} came with {places[0]} and with {places[1]}: "
                "grade these one at a time"
            )
            return None
        return max(found, key=lambda one: (one.order(), one.name))


def _submission(label: str, chosen: _Found, found: list[_Found], notes: list[str]) -> Submission:
    notes = [*chosen.notebook.notes, *notes]
    if len({one.digest for one in found}) > 1:
        notes.append(_choice(chosen, found))
    if chosen.handed.identity and chosen.handed.identity.is_late:
        notes.append("it was handed in late, as its platform says")
    notes += [f"there seems to be {secret}: it should be changed" for secret in chosen.secrets]
    return Submission(label, chosen.assignment, chosen.shown, chosen.notebook, chosen.digest, notes)


def _choice(chosen: _Found, found: list[_Found]) -> str:
    """Say truly why this one of several was graded."""
    others = [one.order() for one in found if one.digest != chosen.digest]
    latest = chosen.order()
    count = len({one.digest for one in found})
    if all(other[0] != latest[0] for other in others):
        why = "the latest attempt was graded"
    elif all(other[:2] != latest[:2] for other in others):
        return f"{count} notebooks were handed in; the newest was graded: {chosen.shown}"
    elif latest not in others:
        why = "of the same time, the highest number in a name was graded"
    else:
        why = "they have the same time and no number, so look which one counts; graded was"
    return f"{count} different notebooks were handed in; {why}: {chosen.shown}"


def find_assignment(name: str, notebook: Notebook, assignments: list[str]) -> str | None:
    """Return which assignment a notebook is for: by ids of its cells and its checks, else by file name."""
    votes = dict.fromkeys(assignments, 0)
    for cell in notebook.cells:
        named = [match[1] for text in cell.names if (match := re.match(r"ex-(\d\d)-", text))]
        named += re.findall(r"""check\(\s*["'](\d\d)\.""", cell.source)
        named += re.findall(r"\bExercise (\d\d)\.\d", cell.source)
        for number in named:
            if number in votes:
                votes[number] += 1
    best = max(votes, key=votes.get, default=None)
    if best is not None and votes[best]:
        return best
    starts = re.search(r"(?:^|[^\d])(\d\d)[_ -]", PurePosixPath(name).name)
    return starts[1] if starts and starts[1] in votes else None
