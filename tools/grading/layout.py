"""Which folders, archives and files of a download belong to which student.

From the top down: what has a student's identity, or stands where students stand, is that student's with all
that it holds; nothing in it is asked who it is. Whether folders without an identity are students or hold
students is decided for all that lie side by side at once; where they differ, a person is told.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tools.grading.entries import LARGEST_INNER, Allowance, Entry
from tools.grading.identity import NAMES_ONLY, Identity, clean, identify

NUMBERED = {"class", "number"}
DEEPEST = 4  # folders and archives round those of students
ENDINGS = re.compile(
    r"(?:\.(?:ipynb|zip|json|txt|tar|gz|tgz|rar|7z|pdf|html?|py|url|docx?|keras|h5|pkl|npz|csv))+$", re.I
)
NOTEBOOK = re.compile(r"\.(?:ipynb|ipynb\.\w+|json)$", re.I)
GROUP = re.compile(r"sect|group|grupp|class|klasse|kurs|course|lab|tutor|seminar|team|exerc|assign|\d", re.I)


@dataclass
class Handed:
    """One thing that a student handed in: a folder, an archive or a file."""

    entry: Entry
    identity: Identity | None  # what its name tells; None: nothing
    container: str  # place of the folder or archive that it lies in


@dataclass
class Student:
    """One student, and all that was handed in."""

    name: str
    number: str  # the platform's, or empty
    place: str  # of the first thing that was handed in
    handed: list[Handed] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what a person should know about whose they are
    problems: list[str] = field(default_factory=list)  # why they cannot be used
    is_uncertain: bool = False  # only a name, or one archive, holds these things together


def find_students(entries: Sequence[Entry]) -> list[Student]:
    """Return the students of a folder, by its entries."""
    students: dict[tuple[str, str], Student] = {}
    _look(entries, "", students, 0, ())
    return list(students.values())


def _look(
    entries: Sequence[Entry], container: str, students: dict, depth: int, notes: tuple[str, ...]
) -> None:
    who = identify([entry.name for entry in entries])
    is_brightspace = any(identity and identity.key[0] == "Brightspace" for identity in who)
    plain = []
    for entry, identity in zip(entries, who, strict=True):
        if identity is not None:
            _add(Handed(entry, identity, container), students)
        elif not (is_brightspace and entry.name.lower() == "index.html"):
            plain.append(entry)
    kinds = {entry.place: _kind(entry, depth) for entry in plain}
    holders = _holders(plain, kinds)
    for entry in plain:
        name, kind = clean(entry.name), kinds[entry.place]
        if entry.place in holders:
            is_clear = len(holders) == 1 or kind in NUMBERED or GROUP.search(entry.name)
            doubt = f"{name} holds folders only, and was taken as a group of students"
            _look(_below(entry), entry.place, students, depth + 1, notes if is_clear else (*notes, doubt))
            continue
        student = _add(Handed(entry, None, container), students)
        student.notes += notes
        student.is_uncertain = len(entries) == 1 and entry.kind == "archive"  # of one, or of all?
        if kind == "class":
            student.handed.clear()
            student.problems.append(
                f"{name} holds what several students handed in, and lies beside what seems to "
                "be of single students: grade it alone, in a folder of its own"
            )
        elif kind == "number" or (kind in ("folders", "names") and "student" in kinds.values()):
            student.notes.append(f"{name} may hold several students' work; it was taken as one's")
        elif entry.kind == "file":
            student.notes.append(f"{name} has no name of a known form; it was taken as a student of its own")


def _holders(plain: Sequence[Entry], kinds: dict[str, str]) -> set[str]:
    """Return which of the entries side by side hold students, by their places."""
    groups = [entry for entry in plain if kinds[entry.place] != "file"]
    found = {kinds[entry.place] for entry in groups}
    if "student" in found:
        return set()
    if found & NUMBERED:
        holding = {"class"} if "either" in found else NUMBERED
        return {entry.place for entry in groups if kinds[entry.place] in holding}
    if not found & {"folders", "names"}:
        return set()
    names = [{one.name.casefold() for one in _below(entry) if one.below} for entry in groups]
    is_apart = len(set().union(*names)) == sum(map(len, names))  # students' own folders are called alike
    return {entry.place for entry in groups} if is_apart else set()


def _below(entry: Entry) -> list[Entry]:
    return entry.below(Allowance(LARGEST_INNER))


def _kind(entry: Entry, depth: int) -> str:
    """Say what an entry without an identity may be.

    Returns:
        ``"file"``; of a folder or an archive ``"class"``: it holds numbers of several students; ``"number"``:
        of one; ``"names"``: files that may begin with names of students; ``"folders"``: several folders or
        archives and no notebook; ``"either"``: one folder or archive alone; else ``"student"``.
    """
    if entry.below is None:
        return "file"
    if depth >= DEEPEST:
        return "student"
    try:
        entries = _below(entry)
        keys = [one.key for one in identify([one.name for one in entries]) if one]
        numbers = {key for key in keys if key[0] != NAMES_ONLY}
        if numbers:
            return "class" if len(numbers) > 1 else "number"
        if len(keys) > 1:
            return "names"
        groups = [one for one in entries if one.below is not None]
        if len(groups) == len(entries) == 1:
            inner = _kind(groups[0], depth + 1)
            return inner if inner in {*NUMBERED, "names", "folders"} else "either"
    except Exception:  # broken in any way: its own student's trouble, told when it is read
        return "student"
    has_notebook = any(NOTEBOOK.search(one.name) for one in entries if one.below is None)
    return "folders" if len(groups) > 1 and not has_notebook else "student"


def _add(handed: Handed, students: dict) -> Student:
    entry, identity = handed.entry, handed.identity
    if identity is None:
        stem = entry.name if entry.kind == "folder" else ENDINGS.sub("", entry.name) or entry.name
        key, student = ("", entry.place), Student(clean(stem), "", clean(entry.place))
    elif identity.key[0] == NAMES_ONLY:
        key = (NAMES_ONLY, f"{handed.container}/{identity.key[1]}")
        student = Student(identity.name, "", clean(entry.place), is_uncertain=True)
    else:
        key, student = identity.key, Student(identity.name, identity.number, clean(entry.place))
    student = students.setdefault(key, student)
    student.handed.append(handed)
    return student
