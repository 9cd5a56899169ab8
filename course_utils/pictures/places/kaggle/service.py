"""Fetch CIFAR-10 from Kaggle: the competition's files, else the data set with the python batches."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.pictures.formats.kaggle_files import ARCHIVE, LABELS
from course_utils.pictures.places.kaggle.checks import check_archive, check_py7zr, check_table, unpack_batches
from course_utils.pictures.places.kaggle.client import Kaggle
from course_utils.pictures.places.kaggle.credentials import (
    Credentials,
    find_credentials,
    no_credentials,
    warning_if_others_can_read,
)
from course_utils.pictures.places.kaggle.failures import COMPETITION, DATA_SET, Failure, disk_failure
from course_utils.pictures.places.kaggle.transfer import receive

UNFINISHED = "unfinished"
FOLDERS = {COMPETITION: "competition", DATA_SET: "batches"}  # in the order of trying

OnStep = Callable[[str, str], None]


def has_credentials() -> bool:
    """Return whether credentials for Kaggle lie somewhere, be they usable or not.

    Looks at KAGGLE_API_TOKEN, access_token, KAGGLE_USERNAME with KAGGLE_KEY, kaggle.json (KAGGLE_CONFIG_DIR,
    ~/.kaggle, ~/.config/kaggle), what ``kaggle auth login`` saved, and in Colab at its secrets. Imports
    nothing of Kaggle's, asks no server, prints nothing.
    """
    try:
        return find_credentials() is not None
    except CourseError:
        return True


def fetch_from_kaggle(folder: Path, *, on_step: OnStep | None = None) -> Path:
    """Fetch CIFAR-10 from Kaggle unless an earlier call did.

    Files arrive in ``unfinished`` inside the folder, are verified there (sizes as Kaggle lists them, check
    sums inside the archives), and get their final place in one step. What arrived before a cut is kept, and
    the next call goes on from there.

    Args:
        folder: made if it is missing.
        on_step: called for each place that was tried, with its name and the outcome in a few words.

    Returns:
        A folder for ``by_path.read_path``: with the competition's train.7z and trainLabels.csv, else with the
        data set's python batches.

    Raises:
        CourseError: there are no usable credentials, or what Kaggle answered, each in a sentence of its own.
            Neither the error nor one behind it holds a token.
    """
    folder = Path(folder).absolute()
    done = _finished(folder)
    if done:
        return done
    credentials = find_credentials()
    if credentials is None:
        raise no_credentials()
    warning = warning_if_others_can_read(credentials)
    if warning:
        print(warning)
    outcome = _outcome(folder, credentials, on_step or (lambda name, words: None))
    if isinstance(outcome, CourseError):
        raise outcome
    return outcome


def _finished(folder: Path) -> Path | None:
    return next((folder / name for name in FOLDERS.values() if (folder / name).is_dir()), None)


def _outcome(folder: Path, credentials: Credentials, on_step: OnStep) -> Path | CourseError:
    """Return the error instead of raising it: so no error of the client, with its secrets, hangs behind."""
    failures: list[Failure] = []
    try:
        kaggle = Kaggle(credentials)
        folder.mkdir(parents=True, exist_ok=True)
        with _only_one(folder):
            # Another process may have fetched it while this one waited.
            done = _finished(folder) or _first_that_works(kaggle, folder, on_step, failures)
            shutil.rmtree(folder / UNFINISHED, ignore_errors=True)
            return done
    except Failure as failure:
        failures.append(failure)
    except OSError as error:
        failures.append(disk_failure(folder, error))
    except KeyboardInterrupt:
        print("Stopped. What arrived from Kaggle is kept: run this again to continue.")
        raise
    return _as_error(failures)


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Let one process at a time into the folder. The system frees the lock when a process dies."""
    from filelock import FileLock, Timeout

    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print("Another notebook is downloading from Kaggle: waiting.")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _first_that_works(kaggle: Kaggle, folder: Path, on_step: OnStep, failures: list[Failure]) -> Path:
    (folder / UNFINISHED).mkdir(exist_ok=True)
    for place, fetch in ((COMPETITION, _fetch_competition), (DATA_SET, _fetch_data_set)):
        try:
            complete = fetch(kaggle, folder / UNFINISHED)
            os.replace(complete, folder / FOLDERS[place])
        except Failure as failure:
            on_step(place.title, failure.short)
            if failure.ends_all or place is DATA_SET:
                raise
            failures.append(failure)
        else:
            on_step(place.title, "complete")
            break
    return folder / FOLDERS[place]


def _fetch_competition(kaggle: Kaggle, unfinished: Path) -> Path:
    check_py7zr()
    folder = unfinished / FOLDERS[COMPETITION]
    folder.mkdir(exist_ok=True)
    sizes = kaggle.competition_files()
    for name, check in ((LABELS, check_table), (ARCHIVE, check_archive)):
        if name not in sizes:
            raise _not_listed(name, sizes)
        if (folder / name).is_file():  # since an earlier call that was cut later
            continue
        part = receive(
            COMPETITION, folder / name, sizes[name], lambda name=name: kaggle.competition_file(name)
        )
        try:
            check(name, part.path, sizes[name])
        except Failure:
            part.discard()
            raise
        part.finish()
    return folder


def _fetch_data_set(kaggle: Kaggle, unfinished: Path) -> Path:
    sizes = kaggle.data_set_files()
    part = receive(DATA_SET, unfinished / "cifar10-python.zip", sum(sizes.values()), kaggle.data_set_zip)
    try:
        unpack_batches(part.path, sizes, unfinished / FOLDERS[DATA_SET])
    finally:
        part.discard()
    return unfinished / FOLDERS[DATA_SET]


def _not_listed(name: str, sizes: dict[str, int]) -> Failure:
    return Failure(
        f"{COMPETITION.title} does not list {name}.",
        f"It lists {', '.join(sorted(sizes)[:5]) or 'nothing'}.",
        "use another source, and tell the maintainers of the course.",
        short=f"{name} is not listed",
    )


def _as_error(failures: list[Failure]) -> CourseError:
    """Say what to correct at the first place, and that the second did not help either."""
    first, *others = failures
    also = f" {DATA_SET.title} did not help: {others[0].short}." if others else ""
    return CourseError(first.problem, cause=first.cause + also, next_step=first.next_step)
