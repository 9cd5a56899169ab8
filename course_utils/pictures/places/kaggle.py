"""CIFAR-10 from Kaggle: the competition's files, else the data set's python batches.

Signing in, transfer and resuming are the job of Kaggle's own client (``kaggle_client``). Here: is there
anything to sign in with, what the client's failures mean, and is it CIFAR-10 that came.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from course_utils.errors import CourseError, first_line
from course_utils.pictures.by_path import read_path
from course_utils.pictures.formats.archives import check_unpacked_size
from course_utils.pictures.formats.kaggle_files import LABELS, PACKED
from course_utils.system.disk import check_disk, disk_error
from course_utils.system.download.pace import progress_bar
from course_utils.system.lock import only_one

COMPETITION, DATA_SET = "cifar-10", "pankrzysiu/cifar10-python"
TITLES = {COMPETITION: "Kaggle's competition cifar-10", DATA_SET: f"Kaggle's data set {DATA_SET}"}
FOLDERS = {COMPETITION: "competition", DATA_SET: "batches"}  # in the order of trying
WANTED = {COMPETITION: (LABELS, PACKED), DATA_SET: ()}
TOKEN, USER, KEY = "KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY"
CLIENT = Path(__file__).with_name("kaggle_client.py")
STALL_SECONDS = 20.0  # without a byte
NEED = 400_000_000  # bytes of disk: the data set's zip and what is in it

RULES = "https://www.kaggle.com/competitions/cifar-10/rules"
SETTINGS = "https://www.kaggle.com/settings/api"
UNREACHABLE = (
    "Kaggle (api.kaggle.com) cannot be reached.",
    "There is no network, or it blocks Kaggle, or it wants a login or a proxy first ({what}).",
    "check the connection in a browser and run this again, or use a copy by its path.",
)
# What Kaggle answered, or how its client ended: the problem, its cause, the next step.
SENTENCES = {
    401: (
        "Kaggle does not accept what stands in {where}.",
        "Kaggle answered 401: it is expired, withdrawn or mistyped.",
        f"make a new one on {SETTINGS} and save it in ~/.kaggle/access_token, or run  kaggle auth login.",
    ),
    403: (
        "{title} is closed to this account.",
        f"Kaggle answered 403: its rules are not accepted yet, see {RULES}.",
        f"accept them in the browser, on {RULES}, and run this again.",
    ),
    404: (
        "{title} was not found.",
        "Kaggle answered 404: it was moved or taken away.",
        "use another source, and tell the maintainers of the course.",
    ),
    429: (
        "Kaggle does not answer this account for the moment.",
        "It answered 429: too many requests in a short time.",
        "run this again in some minutes, or use another source.",
    ),
    **dict.fromkeys(("ConnectionError", "ProxyError", "SSLError", "JSONDecodeError", "silence"), UNREACHABLE),
}
OTHERWISE = ("{title} could not be had.", "It ended with {what}.", "run this again later.")
OTHER_PLACE_MAY_HELP = (403, 404)  # and what is not in SENTENCES


def fetch_from_kaggle(folder: Path, *, on_step: Callable[[str, str], None] = lambda *_: None) -> Path:
    """Fetch CIFAR-10 from Kaggle unless an earlier call did. What arrived before a cut is kept.

    Args:
        folder: made if it is missing.
        on_step: called for each place that was tried, with its name and the outcome in words.

    Returns:
        A folder for ``by_path.read_path``, which has read it once.

    Raises:
        CourseError: no usable credentials, or what Kaggle answered, each in a sentence of its own.
    """
    folder = Path(folder).absolute()
    found = fetched_before(folder)
    if found:
        return found
    where = _usable_credentials()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with only_one(folder / ".Kaggle.lock", "Kaggle: another notebook is downloading: waiting"):
            return fetched_before(folder) or _first_that_works(folder, where, on_step)
    except OSError as error:
        raise disk_error(folder / "What Kaggle gives", error) from None
    except KeyboardInterrupt:
        print("Stopped. What arrived from Kaggle is kept: run this again to continue.")
        raise


def fetched_before(folder: Path) -> Path | None:
    """Return what an earlier call left in the folder, if it is complete and CIFAR-10 still."""
    for name in FOLDERS.values():
        with contextlib.suppress(CourseError, OSError):  # another notebook may just be at it
            if (folder / name).is_dir() and read_path(folder / name):
                return folder / name
    return None


def has_credentials() -> bool:
    """Return whether credentials lie somewhere, usable or not: without importing or printing anything."""
    return bool(_credentials())


def _first_that_works(folder: Path, where: str, on_step: Callable[[str, str], None]) -> Path:
    check_disk(folder, NEED, "What Kaggle gives")
    failures: list[tuple[str, str, str]] = []
    for slug, name in FOLDERS.items():
        place = folder / name
        place.mkdir(exist_ok=True)
        what = _run_client(slug, place) or _damage(place)
        if not what:
            on_step(TITLES[slug], "complete")
            return place
        sentence = OTHERWISE if (what, slug) == (403, DATA_SET) else SENTENCES.get(what, OTHERWISE)
        failures.append(tuple(part.format(what=what, title=TITLES[slug], where=where) for part in sentence))
        on_step(TITLES[slug], failures[-1][1])
        if what in SENTENCES and what not in OTHER_PLACE_MAY_HELP:
            break
    (problem, cause, next_step), *others = failures
    also = f" {TITLES[DATA_SET]} did not help: {others[0][1]}" if others else ""
    raise CourseError(problem, cause=cause + also, next_step=next_step)


def _run_client(slug: str, folder: Path) -> int | str:
    """Fetch the files of one place into a folder, and return what went wrong, if anything."""
    # -P: without this folder on the path, where kaggle.py would be found in place of Kaggle's package.
    command = [sys.executable, "-P", CLIENT, slug, folder, *WANTED[slug]]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    given = os.environ | {TOKEN: os.environ.get(TOKEN, "").strip()}  # it is often copied with a line break
    with subprocess.Popen(command, env=given, **pipes) as process:
        try:
            told = json.loads(_last_words(process, folder) or '{"kind": "no word"}')
        finally:
            process.kill()
    if told.get("kind") == "OSError" and told["errno"]:
        raise OSError(told["errno"], os.strerror(told["errno"]))
    return told.get("status") or told["kind"]


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


def _damage(folder: Path) -> str:
    """Unpack what came as a zip and read it as the lessons will. If it is not CIFAR-10, throw it away."""
    try:
        for file in filter(zipfile.is_zipfile, list(folder.iterdir())):
            packed = file.rename(folder / "packed")
            with zipfile.ZipFile(packed) as archive:
                check_unpacked_size(file.name, sum(member.file_size for member in archive.infolist()))
                archive.extractall(folder)
            packed.unlink()
        read_path(folder)
        return ""
    except Exception as error:  # zipfile passes on what its decoders raise
        shutil.rmtree(folder)
        why = first_line(error).replace(f"{folder}{os.sep}", "")
        return f"damaged files, which were thrown away ({why})"


def _usable_credentials() -> str:
    """Return where credentials lie if they and Kaggle's client can be used; warn if others can read them."""
    where = _credentials()
    if not where:
        raise CourseError(
            "Kaggle was not asked: no credentials were found.",
            cause=f"Neither {TOKEN}, nor {USER} with {KEY}, nor a file in ~/.kaggle.",
            next_step=f'make a token on {SETTINGS} ("Generate New Token"). Then set the variable {TOKEN}\n'
            "to it, or save it in the file ~/.kaggle/access_token; in Colab, add it to the secrets (the key "
            'symbol at the left) with "Notebook access".',
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
    if file.suffix == ".json":
        _check_json(file)
    if os.name != "nt" and file.is_file() and file.stat().st_mode & 0o044:
        print(
            f"Warning: other users of this computer can read {file}.\n"
            "Whoever has it can act in your name on Kaggle.\n"
            f"Next: run  chmod 600 {shlex.quote(str(file))}"
        )
    return where


def _credentials() -> str:
    """Return where credentials lie, in the order of Kaggle's client. Empty: nowhere."""
    if "google.colab" in sys.modules:
        _take_secrets_of_colab()
    home, settings = Path("~/.kaggle").expanduser(), Path("~/.config/kaggle").expanduser()
    own = os.environ.get("KAGGLE_CONFIG_DIR")
    folders = [Path(own)] if own else [home, settings]
    token, user, key = (os.environ.get(name, "").strip() != "" for name in (TOKEN, USER, KEY))
    places = {
        f"the variable {TOKEN}": token,
        **{f"the file {file}": file.is_file() for file in (home / "access_token", home / "access_token.txt")},
        f"the variables {USER} and {KEY}": user and key,
        **{f"the file {folder / 'kaggle.json'}": (folder / "kaggle.json").is_file() for folder in folders},
        f"the file {home / 'credentials.json'}": (home / "credentials.json").is_file(),
    }
    return next((place for place, is_there in places.items() if is_there), "")


def _take_secrets_of_colab() -> None:
    """Give Kaggle's client what Colab keeps for this notebook, as variables."""
    from google.colab import userdata

    for name in (TOKEN, USER, KEY):
        with contextlib.suppress(Exception):  # Colab has a kind of its own for each reason
            os.environ.setdefault(name, (userdata.get(name) or "").strip())


def _check_json(file: Path) -> None:
    """Refuse a file of credentials that Kaggle's client would pass over in silence."""
    names = ["username", "key"] if file.name == "kaggle.json" else ["refresh_token"]
    if not _holds(file, names):
        raise CourseError(
            f"{file} cannot be used.",
            cause=f"Expected JSON with {' and '.join(names)}; it is broken, or one of them is missing.",
            next_step=f"make a new one on {SETTINGS}, or delete the file.",
        )


def _holds(file: Path, names: list[str]) -> bool:
    # A function of its own: what a frame holds when an error is raised can be shown with the error.
    with contextlib.suppress(ValueError):
        content = json.loads(file.read_text("utf-8"))
        return isinstance(content, dict) and all(content.get(name) for name in names)
    return False
