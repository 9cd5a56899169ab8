"""Find what each student handed in. Originals are only read; archives are never unpacked to disk."""

from __future__ import annotations

import hashlib
import io
import re
import time
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from course_utils.errors import CourseError
from tools.grading.notebook_file import LARGEST_NOTEBOOK, Notebook, UnreadableError, read_notebook
from tools.grading.secret_scan import find_secrets

MOST_MEMBERS = 2000  # of one archive
MOST_BYTES = 200_000_000  # unpacked, of one student
DEEPEST = 3  # archives in archives
MODELS = (".keras", ".h5", ".hdf5", ".pkl", ".pickle", ".npy", ".npz", ".pb")
LITTER = ("__MACOSX", ".ipynb_checkpoints", ".DS_Store")


@dataclass(frozen=True)
class File:
    """One notebook file that was found, in a folder or an archive."""

    name: str
    content: bytes
    changed: tuple[int, ...]  # when, to choose among several


@dataclass
class Submission:
    """One notebook of one student for one assignment.

    Attributes:
        student: the name of the folder.
        assignment: number of the lesson.
        name: of the file.
        notebook: its cells.
        digest: SHA-256 of the file.
        notes: what a person should know.
    """

    student: str
    assignment: str
    name: str
    notebook: Notebook
    digest: str
    notes: list[str] = field(default_factory=list)


@dataclass
class Collected:
    """What one student handed in: a notebook for each assignment, and what could not be used."""

    student: str
    submissions: dict[str, Submission] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def collect(folder: Path, assignments: list[str]) -> list[Collected]:
    """Read all submissions of a folder.

    Args:
        folder: with one folder for each student, and in it notebooks or archives, at any depth. Archives and
            notebooks that lie in it directly are taken apart by the names that learning platforms give.
        assignments: numbers of the lessons that can be graded.

    Returns:
        One entry a student, in order of names.

    Raises:
        CourseError: there is no such folder, or nothing in it.
    """
    if not folder.is_dir():
        raise CourseError(
            f"There is no folder {folder}.",
            cause="SUBMISSIONS names the folder that holds one folder a student.",
            next_step="correct the path: make grade SUBMISSIONS=folder.",
        )
    found: dict[str, tuple[list[File], list[str]]] = {}
    for entry in sorted(folder.iterdir()):
        for student, files, problems in _of_entry(entry):
            known = found.setdefault(student, ([], []))
            known[0].extend(files)
            known[1].extend(problems)
    if not found:
        raise CourseError(
            f"There are no submissions in {folder}.",
            cause="Expected one folder a student, with a notebook or an archive in it.",
            next_step="unpack the download of your learning platform there, or copy it there as it is.",
        )
    return [_sorted_out(student, *found[student], assignments) for student in sorted(found)]


def _of_entry(entry: Path) -> Iterator[tuple[str, list[File], list[str]]]:
    if entry.name.startswith(".") or entry.name in LITTER or entry.is_symlink():
        return
    budget, problems = [MOST_BYTES], []
    if entry.is_dir():
        yield entry.name, list(_in_folder(entry, budget, problems)), problems
    elif entry.suffix.lower() in (".zip", ".ipynb") and entry.is_file():
        yield from _by_student(entry, list(_in_file(entry, entry.parent, budget, problems)), problems)


def _by_student(
    entry: Path, files: list[File], problems: list[str]
) -> Iterator[tuple[str, list[File], list[str]]]:
    """Tell students apart by the folders of a platform's archive, or by the start of each file's name."""
    grouped: dict[str, list[File]] = {}
    for file in files:
        inner = PurePosixPath(file.name.split(".zip/", 1)[-1])
        name = inner.parts[0] if len(inner.parts) > 1 else inner.stem.split("_")[0]
        grouped.setdefault(re.sub(r"_\d+_assignsubmission_file_?$", "", name), []).append(file)
    for student, mine in grouped.items():
        yield student, mine, []
    if problems:
        yield entry.stem, [], problems


def _in_folder(folder: Path, budget: list[int], problems: list[str]) -> Iterator[File]:
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            problems.append(f"{_shown(path.name)} is a link and was not followed")
        elif not any(part in LITTER for part in path.parts) and path.is_file():
            yield from _in_file(path, folder, budget, problems)


def _in_file(path: Path, folder: Path, budget: list[int], problems: list[str]) -> Iterator[File]:
    if path.resolve() != folder.resolve() / path.relative_to(folder):
        problems.append(f"{_shown(path.name)} lies behind a link and was not followed")
        return
    kind, size = path.suffix.lower(), path.stat().st_size
    name = path.relative_to(folder).as_posix()
    if kind not in (".ipynb", ".zip"):
        problems.extend(_refused(name))
    elif size > MOST_BYTES or (kind == ".ipynb" and size > LARGEST_NOTEBOOK):
        problems.append(f"{_shown(name)} has {size:,} bytes, which is too large")
    elif kind == ".zip":
        yield from _in_archive(path.read_bytes(), name, 1, budget, problems)
    else:
        yield File(name, path.read_bytes(), (int(path.stat().st_mtime),))


def _refused(name: str) -> list[str]:
    if name.lower().endswith(MODELS):
        return [f"{_shown(name)} was not opened: models and data of strangers are never loaded"]
    return []


def _in_archive(
    content: bytes, name: str, depth: int, budget: list[int], problems: list[str]
) -> Iterator[File]:
    if depth > DEEPEST:
        problems.append(f"{_shown(name)} lies in more than {DEEPEST} archives and was not opened")
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > MOST_MEMBERS:
                problems.append(f"{_shown(name)} holds {len(members):,} files, which is too many")
                return
            for member in members:
                yield from _member(archive, member, name, depth, budget, problems)
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, EOFError) as error:
        problems.append(f"{_shown(name)} is a broken archive ({type(error).__name__}): ask for it again")


def _member(
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    name: str,
    depth: int,
    budget: list[int],
    problems: list[str],
) -> Iterator[File]:
    path = PurePosixPath(member.filename.replace("\\", "/"))
    inner = f"{name}/{path}"
    if member.is_dir() or any(part in LITTER or part.startswith("._") for part in path.parts):
        return
    is_link = (member.external_attr >> 16) & 0o170000 == 0o120000
    if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", str(path)) or is_link:
        problems.append(f"{_shown(inner)} points outside its archive and was not used")
    elif path.suffix.lower() not in (".ipynb", ".zip"):
        problems.extend(_refused(inner))
    elif member.flag_bits & 1:
        problems.append(f"{_shown(inner)} has a password: ask for it without")
    else:
        limit = LARGEST_NOTEBOOK if path.suffix.lower() == ".ipynb" else MOST_BYTES
        content = _unpacked(archive, member, inner, min(limit, budget[0]), budget, problems)
        if content is not None and path.suffix.lower() == ".zip":
            yield from _in_archive(content, inner, depth + 1, budget, problems)
        elif content is not None:
            yield File(inner, content, member.date_time)


def _unpacked(
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    inner: str,
    limit: int,
    budget: list[int],
    problems: list[str],
) -> bytes | None:
    """Return the content of a member, read no further than the limit, whatever its header says."""
    try:
        with archive.open(member) as file:
            content = file.read(limit + 1)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        problems.append(
            f"{_shown(inner)} is broken in its archive ({type(error).__name__}): ask for it again"
        )
        return None
    budget[0] -= len(content)
    if len(content) > limit:
        problems.append(f"{_shown(inner)} unpacks to more than {limit:,} bytes and was not used")
        return None
    return content


def _shown(name: str) -> str:
    """Return a file's name as it may stand in a table: printable, short."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in name)
    return clean if len(clean) <= 80 else f"{clean[:30]}…{clean[-40:]}"


def _sorted_out(student: str, files: list[File], problems: list[str], assignments: list[str]) -> Collected:
    collected = Collected(student, problems=list(dict.fromkeys(problems)))
    usual: dict[str, list[tuple[File, Notebook]]] = {}
    for file in files:
        try:
            notebook = read_notebook(file.content)
        except UnreadableError as error:
            collected.problems.append(f"{_shown(file.name)}: {error}")
            continue
        assignment = find_assignment(file.name, notebook, assignments)
        if assignment is None:
            collected.problems.append(f"{_shown(file.name)} belongs to no assignment that is known")
        else:
            usual.setdefault(assignment, []).append((file, notebook))
    for assignment, candidates in sorted(usual.items()):
        collected.submissions[assignment] = _newest(student, assignment, candidates)
    if not files and not collected.problems:
        collected.problems.append("no notebook was found in what was handed in")
    return collected


def _newest(student: str, assignment: str, candidates: list[tuple[File, Notebook]]) -> Submission:
    distinct = {file.content for file, _ in candidates}
    file, notebook = max(candidates, key=lambda one: (_when(one[0]), one[0].name))
    notes = list(notebook.notes)
    if len(distinct) > 1:
        notes.append(f"{len(distinct)} notebooks were handed in; the newest was graded: {_shown(file.name)}")
    notes += [f"there seems to be {secret}: it should be changed" for secret in find_secrets(notebook)]
    digest = hashlib.sha256(file.content).hexdigest()
    for cell in notebook.cells:
        cell.outputs = ""  # searched, and not needed again
    return Submission(student, assignment, _shown(file.name), notebook, digest, notes)


def _when(file: File) -> tuple[int, ...]:
    return file.changed if len(file.changed) > 1 else tuple(time.localtime(file.changed[0])[:6])


def find_assignment(name: str, notebook: Notebook, assignments: list[str]) -> str | None:
    """Return which assignment a notebook is for: by the ids of its cells and its checks, else by file name.

    Args:
        name: of the file.
        notebook: its cells.
        assignments: numbers of lessons to choose from.
    """
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
