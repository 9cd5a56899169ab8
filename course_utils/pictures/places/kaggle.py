"""CIFAR-10 from Kaggle: the competition's files, else the data set's python batches.

Signing in, transfer and resuming are the job of Kaggle's own client (``kaggle_client``). Here: is there
anything to sign in with, what the client's failures mean, and is it CIFAR-10 that came.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.pictures.by_path import ARCHIVE as PUBLISHED
from course_utils.pictures.by_path import read_path
from course_utils.pictures.formats.archives import check_unpacked_size
from course_utils.pictures.formats.batches import FILES as BATCHES
from course_utils.pictures.formats.kaggle_files import ARCHIVE, LABELS
from course_utils.system.disk import check_disk
from course_utils.system.download.pace import progress_bar
from course_utils.system.download.part_file import disk_error, only_one

COMPETITION, DATA_SET = "cifar-10", "pankrzysiu/cifar10-python"
TITLES = {COMPETITION: "Kaggle's competition cifar-10", DATA_SET: f"Kaggle's data set {DATA_SET}"}
FOLDERS = {COMPETITION: "competition", DATA_SET: "batches"}  # in the order of trying
WANTED = {COMPETITION: (LABELS, ARCHIVE), DATA_SET: ()}
TOKEN, USER, KEY = "KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY"
CLIENT = Path(__file__).with_name("kaggle_client.py")
STALL_SECONDS = 20.0  # without a byte
NEED = 400_000_000  # bytes of disk: the data set's zip and what is in it

RULES = "https://www.kaggle.com/competitions/cifar-10/rules"
SETTINGS = "https://www.kaggle.com/settings/api"
AGAIN = "check the connection and run this again, or use a copy by its path."
UNREACHABLE = "Kaggle (api.kaggle.com) cannot be reached."
# A status that Kaggle answered, or the kind of an error: a few words, the problem, its cause, the next step.
SENTENCES = {
    401: (
        "401: credentials not accepted",
        "Kaggle does not accept what stands in {where}.",
        "Kaggle answered 401: it is expired, withdrawn or mistyped.",
        f"make a new one on {SETTINGS}, or sign in again by  kaggle auth login.",
    ),
    403: (
        f"403: rules not accepted, see {RULES}",
        "{title} is closed to this account.",
        "Kaggle answered 403: its rules are not accepted yet, and that can be done in the browser only.",
        f"accept them on {RULES} and run this again.",
    ),
    404: (
        "404: not found",
        "{title} was not found.",
        "Kaggle answered 404: it was moved or taken away.",
        "use another source, and tell the maintainers of the course.",
    ),
    429: (
        "429: too many requests",
        "Kaggle does not answer this account for the moment.",
        "It answered 429: too many requests in a short time.",
        "run this again {later}, or use another source.",
    ),
    "ConnectionError": ("offline", UNREACHABLE, "There is no network, or it blocks Kaggle.", AGAIN),
    "ProxyError": ("proxy", UNREACHABLE, "The proxy of your settings does not lead to it.", AGAIN),
    "SSLError": (
        "certificate",
        UNREACHABLE,
        "Its certificate is not verified: does the network read along?",
        AGAIN,
    ),
    "silence": ("silent", UNREACHABLE, f"For {STALL_SECONDS:g} s nothing came. What arrived is kept.", AGAIN),
    "JSONDecodeError": (
        "a web page came instead",
        "{title} did not answer.",
        "A web page came instead, as in networks that want a login first.",
        "log in to the network in a browser, then run this again.",
    ),
    "damaged": (
        "damaged files",
        "{title} gave damaged files. They were thrown away.",
        "{why}",
        "run this again; if it fails again, use another source.",
    ),
}
OTHERWISE = ("{what}", "{title} could not be had.", "Its service ended with {what}.", "run this again later.")
OTHER_PLACE_MAY_HELP = (403, 404, "damaged")


class Failure(Exception):
    """Why one place on Kaggle gave nothing."""

    def __init__(self, what: int | str, slug: str, **known: str):
        sentence = OTHERWISE if (what, slug) == (403, DATA_SET) else SENTENCES.get(what, OTHERWISE)
        self.short, self.problem, self.cause, self.next_step = (
            part.format(what=what, title=TITLES[slug], **known) for part in sentence
        )
        self.ends_all = sentence is not OTHERWISE and what not in OTHER_PLACE_MAY_HELP


def has_credentials() -> bool:
    """Return whether credentials lie somewhere, usable or not: without importing or printing anything."""
    try:
        return next(_credentials(), None) is not None
    except CourseError:
        return True


def fetch_from_kaggle(folder: Path, *, on_step: Callable[[str, str], None] = lambda *_: None) -> Path:
    """Fetch CIFAR-10 from Kaggle unless an earlier call did. What arrived before a cut is kept.

    Args:
        folder: made if it is missing.
        on_step: called for each place that was tried, with its name and the outcome in a few words.

    Returns:
        A folder for ``by_path.read_path``, which has read it once.

    Raises:
        CourseError: no usable credentials, or what Kaggle answered, each in a sentence of its own.
    """
    folder = Path(folder).absolute()
    try:
        return _finished(folder) or _fetched(folder, on_step)
    except CourseError as error:
        raise error.with_traceback(None) from None  # deeper calls hold the token in their variables


def _fetched(folder: Path, on_step: Callable[[str, str], None]) -> Path:
    credentials = _usable_credentials()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with only_one(folder / "Kaggle", None, print):
            return _finished(folder) or _first_that_works(folder, *credentials, on_step)
    except OSError as error:
        raise disk_error(folder / "What Kaggle gives", error) from None
    except KeyboardInterrupt:
        print("Stopped. What arrived from Kaggle is kept: run this again to continue.")
        raise


def _finished(folder: Path) -> Path | None:
    """Return what an earlier call left, if it is CIFAR-10 still."""
    for name in FOLDERS.values():
        with contextlib.suppress(CourseError):
            if (folder / name).is_dir() and read_path(folder / name):
                return folder / name
    return None


def _first_that_works(
    folder: Path, where: str, known: dict[str, str], on_step: Callable[[str, str], None]
) -> Path:
    check_disk(folder, NEED, "What Kaggle gives")
    failures: list[Failure] = []
    for slug, name in FOLDERS.items():
        unfinished = folder / "unfinished" / name
        unfinished.mkdir(parents=True, exist_ok=True)
        try:
            _run_client(slug, unfinished, where, known)
            _check(slug, unfinished)
        except Failure as failure:
            on_step(TITLES[slug], failure.short)
            failures.append(failure)
            if failure.ends_all:
                break
        else:
            on_step(TITLES[slug], "complete")
            shutil.rmtree(folder / name, ignore_errors=True)
            os.replace(unfinished, folder / name)
            shutil.rmtree(folder / "unfinished", ignore_errors=True)
            return folder / name
    first, *others = failures
    also = f" {TITLES[DATA_SET]} did not help: {others[0].short}." if others else ""
    raise CourseError(first.problem, cause=first.cause + also, next_step=first.next_step)


def _run_client(slug: str, folder: Path, where: str, known: dict[str, str]) -> None:
    """Fetch the files of one place into a folder, or raise the ``Failure`` for what the client told."""
    # -P: without this folder on the path, where kaggle.py would be found in place of Kaggle's package.
    command = [sys.executable, "-P", CLIENT, slug, folder, *WANTED[slug]]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=os.environ | known, **pipes) as process:
        try:
            told = json.loads(_last_words(process, folder) or '{"kind": "no word"}')
        finally:
            process.kill()
    what = told.get("status") or told["kind"]
    if what == "OSError" and told["errno"]:
        raise OSError(told["errno"], os.strerror(told["errno"]))
    if what != 200:
        wait = str(told.get("wait"))
        raise Failure(what, slug, where=where, later=f"in {wait} s" if wait.isdigit() else "in some minutes")


def _last_words(process: subprocess.Popen, folder: Path) -> bytes:
    """Show how files grow until a process ends, and return what it said."""
    last = time.monotonic()
    with progress_bar("Kaggle", _size(folder), None) as bar:
        while process.poll() is None:
            time.sleep(0.1)
            arrived = _size(folder) - bar.n
            if arrived:
                last = time.monotonic()
                bar.update(arrived)
            if time.monotonic() - last > STALL_SECONDS:
                return b'{"kind": "silence"}'
    return process.stdout.read()


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def _check(slug: str, folder: Path) -> None:
    """Unpack what came as a zip and read it as the lessons will. If it is not CIFAR-10, throw it away."""
    what, why = "damaged", ""
    try:
        for file in list(folder.iterdir()):
            start = file.open("rb").read(4)
            if start.startswith(b"<"):
                what = "JSONDecodeError"
            if start == b"PK\3\4":
                _unpack(file)
        read_path(folder)
        return
    except CourseError as error:
        why = str(error).replace(f"{folder}{os.sep}", "").splitlines()[0]
    except Exception as error:  # zipfile passes on what its decoders raise
        why = f"The zip file cannot be unpacked ({type(error).__name__})."
    shutil.rmtree(folder)
    raise Failure(what, slug, why=why)


def _unpack(file: Path) -> None:
    """Take what the course reads out of a zip, to names of our own. Check sums are compared."""
    packed = file.rename(file.with_name("packed"))
    with zipfile.ZipFile(packed) as archive:
        members = {info.filename.rpartition("/")[2]: info for info in archive.infolist()}
        wanted = BATCHES if all(name in members for name in BATCHES) else (PUBLISHED, LABELS, ARCHIVE)
        for name in wanted:
            if name in members:
                check_unpacked_size(name, members[name].file_size)
                with archive.open(members[name]) as source, (file.parent / name).open("wb") as target:
                    shutil.copyfileobj(source, target)
    packed.unlink()


def _usable_credentials() -> tuple[str, dict[str, str]]:
    """Return the credentials if they and Kaggle's client can be used, and warn if others can read them."""
    where, known = next(_credentials(), ("", {}))
    if not where:
        raise _no_credentials()
    if not all(re.fullmatch("[!-~]+", value) or os.path.isfile(value) for value in known.values()):
        raise CourseError(
            f"Kaggle was not asked: what stands in {where} is no token or key.",
            cause="It has a blank, a line break or a letter outside ASCII in it (not shown here).",
            next_step="copy it again, without quotation marks and without what stands around it.",
        )
    version = ""
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        version = importlib.metadata.version("kaggle")
    if version.startswith(("0.", "1.")) or not version:
        raise CourseError(
            f"The package kaggle {f'{version} is too old' if version else 'is not installed'}.",
            cause="Tokens of the new kind (KGAT_…) need kaggle 2.0 or newer.",
            next_step='run  pip install "kaggle>=2.0,<3"  and run this again.',
        )
    file = Path(where.removeprefix("the file "))
    if os.name != "nt" and file.is_file() and file.stat().st_mode & 0o044:
        print(
            f"Warning: other users of this computer can read {file}.\n"
            "Whoever has it can act in your name on Kaggle.\n"
            f"Next: run  chmod 600 {shlex.quote(str(file))}"
        )
    return where, known


def _no_credentials() -> CourseError:
    cause = f"Neither {TOKEN}, nor {USER} with {KEY}, nor a file in ~/.kaggle."
    half = [name for name in (USER, KEY) if os.environ.get(name, "").strip()]
    if half:
        cause = f"The variable {half[0]} is set, but {({USER, KEY} - {*half}).pop()} is not."
    keep = f"Then set the variable {TOKEN} to it, or save it in the file ~/.kaggle/access_token."
    if "google.colab" in sys.modules:
        keep = f"Then add it to Colab's secrets (the key symbol at the left) as {TOKEN}."
    return CourseError(
        "Kaggle was not asked: no credentials were found.",
        cause=cause,
        next_step=f'make a token on {SETTINGS} ("Generate New Token").\n{keep}',
    )


def _credentials() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield where credentials lie, and the variables that hold them, in the order of Kaggle's client."""
    token, user, key = (os.environ.get(name, "").strip() for name in (TOKEN, USER, KEY))
    if token:
        yield f"the variable {TOKEN}", {TOKEN: token}
    home, settings = (Path(os.path.expanduser(name)) for name in ("~/.kaggle", "~/.config/kaggle"))
    for file in (home / "access_token", home / "access_token.txt"):
        text = file.read_text("utf-8-sig", "replace").strip() if file.is_file() else ""
        if text:
            yield f"the file {file}", {TOKEN: text}
    if user and key:
        yield f"the variables {USER} and {KEY}", _pair(user, key)
    for folder in (
        [Path(os.environ["KAGGLE_CONFIG_DIR"])] if "KAGGLE_CONFIG_DIR" in os.environ else [home, settings]
    ):
        if (folder / "kaggle.json").is_file():
            yield (
                f"the file {folder / 'kaggle.json'}",
                _pair(*_values(folder / "kaggle.json", "username", "key")),
            )
    if (home / "credentials.json").is_file() and _values(home / "credentials.json", "refresh_token"):
        yield f"the file {home / 'credentials.json'}", {}
    if "google.colab" in sys.modules:  # its secrets, which Kaggle's client does not know
        token, user, key = (_secret(name) for name in (TOKEN, USER, KEY))
        if token or (user and key):
            yield "Colab's secrets", {TOKEN: token} if token else _pair(user, key)


def _pair(user: str, key: str) -> dict[str, str]:
    """Kaggle refuses a token of the new kind that comes with a user name, so it goes alone."""
    return {TOKEN: key} if key.startswith("KGAT_") else {USER: user, KEY: key}


def _values(file: Path, *names: str) -> list[str]:
    """Read a file of credentials, which Kaggle's client passes over in silence if it is broken."""
    with contextlib.suppress(ValueError, TypeError, LookupError, AttributeError, RecursionError):
        content = json.loads(file.read_text("utf-8-sig"))
        values = [content[name].strip() for name in names]
        if all(values):
            return values
    raise CourseError(
        f"{file} cannot be used.",
        cause=f"Expected JSON with {' and '.join(names)}; it is broken, or one of them is missing.",
        next_step=f"make a new one on {SETTINGS}, or delete the file.",
    )


def _secret(name: str) -> str:
    from google.colab import userdata

    try:
        return str(userdata.get(name) or "").strip()
    except Exception as error:  # Colab has a kind of its own for each reason
        if type(error).__name__ != "NotebookAccessError":
            return ""
    raise CourseError(
        f"Colab's secret {name} is there, but this notebook may not read it.",
        cause="Each notebook needs your leave once.",
        next_step='open the key symbol at the left, switch on "Notebook access", and run this again.',
    )
