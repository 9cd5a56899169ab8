"""Find what Kaggle knows a person by: looks only, changes nothing, and imports nothing of Kaggle's.

The places and their order are those of Kaggle's own client; the secrets of Colab come last.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from course_utils.errors import CourseError

SETTINGS_PAGE = "https://www.kaggle.com/settings/api"
TOKEN_VARIABLE = "KAGGLE_API_TOKEN"
USER_VARIABLE, KEY_VARIABLE = "KAGGLE_USERNAME", "KAGGLE_KEY"
NEW_TOKEN = "KGAT_"  # how tokens of the new kind begin
_OLD_KEY = re.compile(r"[0-9a-f]{32}")
_FOR_HEADERS = re.compile(r"[!-~]+")  # printable ASCII without blanks: what an HTTP header can carry


@dataclass(frozen=True)
class Credentials:
    """What Kaggle knows a person by. Shown as text, it tells the place and never the secret.

    Attributes:
        where: the place in words, for messages.
        token: of the new kind. Empty: there is a user name with a key, or a refresh token.
        username, key: of the old kind.
        refresh_token: for a fresh token, after ``kaggle auth login``.
        file: the file that they were read from. None: a variable or a secret of Colab.
    """

    where: str
    token: str = field(default="", repr=False)
    username: str = field(default="", repr=False)
    key: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    file: Path | None = None

    @property
    def looks_old(self) -> bool:
        """True if the token is built like a key of the old kind, which goes with a user name."""
        return _OLD_KEY.fullmatch(self.token) is not None


def find_credentials() -> Credentials | None:
    """Return the first credentials that are found. None: there are none.

    Raises:
        CourseError: a file or variable is there, but cannot be used.
    """
    try:
        found = next(_all_places(), None)
        if found:
            _check_characters(found)
        return found
    except CourseError as error:
        problem = error.with_traceback(None)  # the calls that led to it hold the secret in their variables
    raise problem


def no_credentials() -> CourseError:
    """Say what to do when no credentials were found: two lines of how to."""
    half = [name for name in (USER_VARIABLE, KEY_VARIABLE) if os.environ.get(name, "").strip()]
    cause = f"Neither {TOKEN_VARIABLE}, nor {USER_VARIABLE} with {KEY_VARIABLE}, nor a file in ~/.kaggle."
    if half:
        missing = KEY_VARIABLE if half == [USER_VARIABLE] else USER_VARIABLE
        cause = f"The variable {half[0]} is set, but {missing} is not."
    if _in_colab():
        keep = f"Then add it to Colab's secrets (the key symbol at the left) as {TOKEN_VARIABLE}."
    else:
        keep = f"Then set the variable {TOKEN_VARIABLE} to it, or save it in the file ~/.kaggle/access_token."
    return CourseError(
        "Kaggle was not asked: no credentials were found.",
        cause=cause,
        next_step=f'make a token on {SETTINGS_PAGE} ("Generate New Token").\n{keep}',
    )


def warning_if_others_can_read(credentials: Credentials) -> str:
    """Return a warning with the exact fix if other users of the computer can read the file, else ""."""
    file = credentials.file
    if file is None or os.name == "nt" or not file.stat().st_mode & 0o044:
        return ""
    return (
        f"Warning: other users of this computer can read {file}.\n"
        "Whoever has it can act in your name on Kaggle.\n"
        f"Next: run  chmod 600 {shlex.quote(str(file))}"
    )


def _all_places() -> Iterator[Credentials]:
    yield from _token_of_variable()
    yield from _token_of_file()
    yield from _pair_of_variables()
    yield from _pair_of_file()
    yield from _login_of_file()
    yield from _secrets_of_colab()


def _token_of_variable() -> Iterator[Credentials]:
    value = os.environ.get(TOKEN_VARIABLE, "").strip()
    if value and os.path.isfile(value):  # Kaggle's client reads a file that the variable names
        file = Path(value)
        yield _token(f"the file {file} that {TOKEN_VARIABLE} names", _text_of(file).strip(), file)
    elif value:
        yield _token(f"the variable {TOKEN_VARIABLE}", value)


def _token_of_file() -> Iterator[Credentials]:
    in_kaggle_notebook = os.environ.get("KAGGLE_API_V1_TOKEN", "")
    folders = [os.environ.get("KAGGLE_CONFIG_DIR", ""), os.path.expanduser("~/.kaggle")]
    names = ("access_token", "access_token.txt")  # the second: Windows adds it unasked
    files = [Path(folder, name) for folder in folders if folder for name in names]
    for file in [Path(in_kaggle_notebook), *files] if in_kaggle_notebook else files:
        text = _text_of(file).strip() if file.is_file() else ""
        if text:
            yield _token(f"the file {file}", text, file)


def _pair_of_variables() -> Iterator[Credentials]:
    username, key = (os.environ.get(name, "").strip() for name in (USER_VARIABLE, KEY_VARIABLE))
    if username and key:
        yield _pair(f"the variables {USER_VARIABLE} and {KEY_VARIABLE}", username, key)


def _pair_of_file() -> Iterator[Credentials]:
    for folder in _config_folders():
        file = folder / "kaggle.json"
        if file.is_file():
            yield _read_kaggle_json(file)


def _config_folders() -> list[Path]:
    named = os.environ.get("KAGGLE_CONFIG_DIR", "")
    if named:
        return [Path(named)]
    settings = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return [Path(os.path.expanduser("~/.kaggle")), Path(settings, "kaggle")]


def _read_kaggle_json(file: Path) -> Credentials:
    content, why = _json_of(file)
    if not why:
        values = [str(content.get(name) or "").strip() for name in ("username", "key", "token")]
        username, key, token = values
        if token:
            return _token(f"the file {file}", token, file)
        if username and key:
            return _pair(f"the file {file}", username, key, file)
        lacking = [name for name, value in (("username", username), ("key", key)) if not value]
        why = f"it has no {' and no '.join(lacking)}"
    raise CourseError(
        f"{file} cannot be used.",
        cause=f'Expected {{"username": "…", "key": "…"}}; {why}.',
        next_step=f'put a new one there, from {SETTINGS_PAGE} ("Create Legacy API Key").',
    )


def _login_of_file() -> Iterator[Credentials]:
    file = Path(os.path.expanduser("~/.kaggle/credentials.json"))
    if not file.is_file():
        return
    content, why = _json_of(file)
    if not why and not content.get("refresh_token"):
        why = "it has no refresh_token"
    if why:
        raise CourseError(
            f"{file} cannot be used.",
            cause=f"Expected what `kaggle auth login` writes; {why}.",
            next_step="run  kaggle auth login  in a terminal, or delete the file.",
        )
    token = str(content.get("access_token") or "") if _is_fresh(content) else ""
    yield Credentials(f"the file {file}", token=token, refresh_token=str(content["refresh_token"]), file=file)


def _is_fresh(content: dict) -> bool:
    try:
        ends = datetime.fromisoformat(str(content.get("access_token_expiration") or ""))
    except ValueError:
        return False
    ends = ends if ends.tzinfo else ends.replace(tzinfo=UTC)
    return ends > datetime.now(UTC) + timedelta(minutes=10)


def _in_colab() -> bool:
    return "google.colab" in sys.modules


def _secrets_of_colab() -> Iterator[Credentials]:
    if not _in_colab():
        return
    token = _colab_secret(TOKEN_VARIABLE)
    if token:
        yield _token(f"Colab's secret {TOKEN_VARIABLE}", token)
    key = _colab_secret(KEY_VARIABLE)
    username = _colab_secret(USER_VARIABLE) if key else ""
    if username and key:
        yield _pair(f"Colab's secrets {USER_VARIABLE} and {KEY_VARIABLE}", username, key)


def _colab_secret(name: str) -> str:
    kind = ""
    try:
        from google.colab import userdata

        return str(userdata.get(name) or "").strip()
    except Exception as error:  # Colab has a kind of its own for each reason
        kind = type(error).__name__
    if kind == "NotebookAccessError":
        raise CourseError(
            f"Colab's secret {name} is there, but this notebook may not read it.",
            cause="Each notebook needs your leave once.",
            next_step='open the key symbol at the left, switch on "Notebook access", and run this again.',
        )
    return ""


def _token(where: str, token: str, file: Path | None = None) -> Credentials:
    return Credentials(where, token=token, file=file)


def _pair(where: str, username: str, key: str, file: Path | None = None) -> Credentials:
    """Kaggle refuses a token of the new kind that comes with a user name, so it goes alone."""
    if key.startswith(NEW_TOKEN):
        return Credentials(where, token=key, file=file)
    return Credentials(where, username=username, key=key, file=file)


def _json_of(file: Path) -> tuple[dict, str]:
    """Return the content, and what is wrong with it, without a word of the content itself."""
    text = _text_of(file)
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        why = f"line {error.lineno}, column {error.colno} is not JSON" if text.strip() else "it is empty"
        return {}, why
    except RecursionError:
        return {}, "it is not JSON"
    return (content, "") if isinstance(content, dict) else ({}, "it is no {…}")


def _text_of(file: Path) -> str:
    why = ""
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        why = error.strerror or type(error).__name__
    except UnicodeDecodeError:
        why = "it is no text in UTF-8"
    raise CourseError(
        f"{file} cannot be read.",
        cause=f"It should hold your credentials for Kaggle, but: {why}.",
        next_step=f"save it again as plain text, or make a new token on {SETTINGS_PAGE}.",
    )


def _check_characters(found: Credentials) -> None:
    for value in (found.token, found.username, found.key, found.refresh_token):
        if value and not _FOR_HEADERS.fullmatch(value):
            raise CourseError(
                f"Kaggle was not asked: what stands in {found.where} is no token or key.",
                cause="It has a blank, a line break or a letter outside ASCII in it (not shown here).",
                next_step="copy it again, without quotation marks and without what stands around it.",
            )
