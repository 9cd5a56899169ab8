"""Rows 25–27 of the faults: what a person sees when Kaggle does not give its files, and what must hold."""

from __future__ import annotations

import functools
import io
import json
import logging
import os
import socket
import stat
import subprocess
import sys
import traceback
import types
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import tqdm.auto
from kaggle_server import (
    GET_DATA_SET,
    GET_FILE,
    INTROSPECT,
    KEY,
    REFRESH_TOKEN,
    SECRETS,
    SIGNATURE,
    TOKEN,
    USERNAME,
    KaggleServer,
    kaggle_server,
    zipped,
)
from servers import wait_until
from sources_files import batches, small_pictures, write_archive

from course_utils.errors import CourseError
from course_utils.pictures.by_path import read_path
from course_utils.pictures.places import kaggle
from course_utils.pictures.places.kaggle import fetch_from_kaggle, fetched_before, has_credentials
from course_utils.system.paths import PROJECT

COMPETITION, DATA_SET = "Kaggle's competition cifar-10", "Kaggle's data set pankrzysiu/cifar10-python"
RULES = "https://www.kaggle.com/competitions/cifar-10/rules"
RULES_CAUSE = f"Kaggle answered 403: its rules are not accepted yet, see {RULES}."
NOT_HELPED = f"{DATA_SET} did not help:"
ZIP = "cifar10-python.zip"


@dataclass(repr=False)  # what the server answers may hold the token
class Person:
    """Somebody who fetches from the server: at first without any credentials."""

    folder: Path
    home: Path
    server: KaggleServer
    patch: pytest.MonkeyPatch
    printed: pytest.CaptureFixture[str]
    logged: pytest.LogCaptureFixture
    steps: list[tuple[str, str]] = field(default_factory=list)

    def fetch(self) -> Path:
        return fetch_from_kaggle(self.folder, on_step=lambda *step: self.steps.append(step))

    def is_told(self) -> str:
        """Fetch, expect an error, and return its text with names for folders. No secret may show anywhere."""
        with self.logged.at_level(logging.DEBUG), pytest.raises(CourseError) as caught:
            self.fetch()
        text = str(caught.value)
        assert len(text.splitlines()) <= 4
        error = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        assert self.printed.readouterr() == ("", "")
        assert_no_secret("".join(error.format()) + text + str(self.steps))
        assert_no_secret(self.logged.text.replace(SIGNATURE, ""))
        return text.replace(str(self.folder), "FOLDER").replace(str(self.home), "HOME")

    def keeps(self, name: str, text: str, mode: int = 0o600) -> Path:
        """Have a file in the folder .kaggle."""
        file = self.home / ".kaggle" / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text.encode(errors="surrogateescape"))
        file.chmod(mode)
        return file

    def has(self, **variables: str) -> None:
        for name, value in variables.items():
            self.patch.setenv(f"KAGGLE_{name}", value)

    def is_in_colab(self, **secrets: str) -> None:
        """Colab's module of secrets; it raises for one that is not there, or that may not be read."""
        for name in ("API_TOKEN", "USERNAME", "KEY"):
            self.has(**{name: ""})  # so that what is taken from the secrets is undone after the test
            self.patch.delenv(f"KAGGLE_{name}")
        google, colab = types.ModuleType("google"), types.ModuleType("google.colab")
        google.__path__ = list(__import__("google").__path__)  # protobuf lies there, too
        colab.userdata = types.SimpleNamespace(get={f"KAGGLE_{k}": v for k, v in secrets.items()}.__getitem__)
        google.colab = colab
        self.patch.setitem(sys.modules, "google.colab", colab)
        self.patch.setattr(sys.modules["google"], "colab", colab, raising=False)


@pytest.fixture
def person(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Iterator[Person]:
    home = tmp_path / "home"
    home.mkdir()
    for name in [name for name in os.environ if name.startswith(("KAGGLE_", "XDG_CONFIG"))]:
        monkeypatch.delenv(name)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    # On a busy computer a progress bar may come up, and is no output that the tests are about.
    monkeypatch.setattr(tqdm.auto, "tqdm", functools.partial(tqdm.auto.tqdm, disable=True))
    with kaggle_server() as server:
        server.point(monkeypatch, tmp_path / "site")
        yield Person(tmp_path / "kaggle", home, server, monkeypatch, capfd, caplog)


@pytest.fixture
def member(person: Person) -> Person:
    """A person with a token that Kaggle accepts."""
    person.has(API_TOKEN=TOKEN)
    return person


def assert_no_secret(text: str) -> None:
    assert [secret for secret in SECRETS if secret in text] == []


def state_of(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return {str(f): (f.read_bytes(), f.stat().st_mtime_ns, f.stat().st_mode) for f in files}


def legacy(key: str = KEY) -> str:
    return json.dumps({"username": USERNAME, "key": key})


def login(token: str, ends: str, refresh: str = REFRESH_TOKEN) -> str:
    known = {"refresh_token": refresh, "access_token": token, "access_token_expiration": ends}
    return json.dumps(known | {"username": USERNAME, "scopes": []})


# Row 25: no credentials.


def test_row_25_importing_and_looking_is_silent(person: Person) -> None:
    code = (
        "import sys, course_utils, course_utils.cifar10\n"
        "from course_utils.pictures.places.kaggle import has_credentials\n"
        "assert has_credentials() is False\n"
        "heavy = {'kaggle', 'kagglesdk', 'requests', 'tensorflow', 'keras', 'pandas', 'py7zr', 'tqdm'}\n"
        "assert not heavy & set(sys.modules)\n"
    )
    person.patch.delenv("PYTHONPATH")
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(person.home.iterdir()) == []


def test_row_25_no_credentials(person: Person) -> None:
    assert person.is_told() == (
        "Kaggle was not asked: no credentials were found.\n"
        "Neither KAGGLE_API_TOKEN, nor KAGGLE_USERNAME with KAGGLE_KEY, nor a file in ~/.kaggle.\n"
        'Next: make a token on https://www.kaggle.com/settings/api ("Generate New Token"). Then set the '
        "variable KAGGLE_API_TOKEN\nto it, or save it in the file ~/.kaggle/access_token; in Colab, add it "
        'to the secrets (the key symbol at the left) with "Notebook access".'
    )
    assert person.server.asked == []
    assert not person.folder.exists()
    assert "kaggle" not in sys.modules


@pytest.mark.parametrize(
    ("ending", "words"),
    [("SystemExit(1)", "does not accept"), ("NameError('exit')", "ended with NameError.")],
)
def test_row_25_a_client_that_ends_its_process_is_survived(member: Person, ending: str, words: str) -> None:
    client = member.folder.with_name("site") / "kaggle.py"
    client.write_text(f"print('15 lines', {TOKEN!r})\nraise {ending}\n")
    assert words in member.is_told()


# What works.


def test_the_competition_comes_first_once_and_no_secret_is_told_or_kept(member: Person) -> None:
    with member.logged.at_level(logging.DEBUG):
        folder = member.fetch()
        assert member.fetch() == folder
    for name in ("train.7z", "trainLabels.csv"):
        assert (folder / name).read_bytes() == member.server.files[name]
    kind, pictures = read_path(folder)
    assert kind == "Kaggle's files"
    assert len(pictures.train_images) + len(pictures.test_images) == 1000
    assert [at for at in member.server.asked if at != INTROSPECT] == [GET_FILE, GET_FILE]
    assert sorted(os.listdir(member.folder)) == [".Kaggle.lock", "competition"]
    assert member.steps == [(COMPETITION, "complete")]
    assert set(member.server.seen_by_storage) == {""}
    assert member.printed.readouterr() == ("", "")
    assert_no_secret(member.logged.text.replace(SIGNATURE, ""))
    for file in member.folder.rglob("*"):
        assert_no_secret(file.read_bytes().decode("latin1") if file.is_file() else file.name)


def test_rules_not_accepted_the_data_set_takes_over(member: Person) -> None:
    member.server.refuse(GET_FILE, 403)
    kind, pictures = read_path(member.fetch())
    assert kind == "python batches"
    assert (len(pictures.train_images), len(pictures.test_images)) == (1000, 200)
    assert member.steps == [(COMPETITION, RULES_CAUSE), (DATA_SET, "complete")]


def test_a_data_set_with_the_published_archive_in_it(member: Person, tmp_path: Path) -> None:
    member.server.refuse(GET_FILE, 404)
    archive = write_archive(tmp_path / "cifar-10-python.tar.gz", batches(small_pictures()))
    member.server.files[ZIP] = zipped({archive.name: archive.read_bytes()})
    assert os.listdir(member.fetch()) == ["cifar-10-python.tar.gz"]


CREDENTIALS: dict[str, Callable[[Person], object]] = {
    "token in a variable": lambda person: person.has(API_TOKEN=f" {TOKEN}\n"),
    "access_token": lambda person: person.keeps("access_token", f"{TOKEN}\n"),
    "pair of variables": lambda person: person.has(USERNAME=USERNAME, KEY=KEY),
    "kaggle.json": lambda person: person.keeps("kaggle.json", legacy()),
    "KAGGLE_CONFIG_DIR": lambda person: person.has(
        CONFIG_DIR=str(person.keeps("kaggle.json", legacy()).parent.rename(person.home / "own"))
    ),
    "new token in kaggle.json": lambda person: person.keeps("kaggle.json", legacy(TOKEN)),
    "new token as key": lambda person: person.has(USERNAME=USERNAME, KEY=TOKEN),
    "login, fresh": lambda person: person.keeps(
        "credentials.json", login(TOKEN, "2999-01-01T00:00:00+00:00")
    ),
    "Colab: token": lambda person: person.is_in_colab(API_TOKEN=TOKEN),
    "Colab: pair": lambda person: person.is_in_colab(USERNAME=USERNAME, KEY=KEY),
}


@pytest.mark.parametrize("kind", CREDENTIALS)
def test_each_kind_of_credentials_works_and_stays_as_it_was(kind: str, person: Person) -> None:
    CREDENTIALS[kind](person)
    before = state_of(person.home)
    assert has_credentials()
    assert person.fetch().name == "competition"
    assert state_of(person.home) == before
    assert person.printed.readouterr() == ("", "")


# Row 26: a sentence for each answer.

REFUSALS = {
    "401": (
        (401, 200),
        "Kaggle does not accept what stands in the variable KAGGLE_API_TOKEN.\n"
        "Kaggle answered 401: it is expired, withdrawn or mistyped.\n"
        "Next: make a new one on https://www.kaggle.com/settings/api and save it in ~/.kaggle/access_token, "
        "or run  kaggle auth login.",
    ),
    "403": (
        (403, 404),
        f"{COMPETITION} is closed to this account.\n{RULES_CAUSE} {NOT_HELPED} "
        "Kaggle answered 404: it was moved or taken away.\n"
        f"Next: accept them in the browser, on {RULES}, and run this again.",
    ),
    "404": (
        (404, 403),
        f"{COMPETITION} was not found.\n"
        f"Kaggle answered 404: it was moved or taken away. {NOT_HELPED} It ended with 403.\n"
        "Next: use another source, and tell the maintainers of the course.",
    ),
    "429": (
        (429, 200),
        "Kaggle does not answer this account for the moment.\n"
        "It answered 429: too many requests in a short time.\n"
        "Next: run this again in some minutes, or use another source.",
    ),
    "another": (
        (418, 501),
        f"{COMPETITION} could not be had.\n"
        f"It ended with 418. {NOT_HELPED} It ended with 501.\nNext: run this again later.",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_row_26_each_answer_has_a_sentence(member: Person, case: str) -> None:
    (first, second), expected = REFUSALS[case]
    member.server.refuse(GET_FILE, first, f"You must accept the rules. Bearer {TOKEN}")
    member.server.refuse(GET_DATA_SET, second)
    assert member.is_told() == expected
    assert member.server.asked.count(GET_FILE) == (3 if first == 429 else 1)
    assert member.steps[0] == (COMPETITION, expected.splitlines()[1].split(f" {NOT_HELPED}")[0])


@pytest.mark.parametrize("value", ["KGAT_expired", f"{TOKEN}\nexport X=1", f"“{TOKEN}”", f"Bearer {TOKEN}"])
def test_row_26_401_of_a_token(person: Person, value: str) -> None:
    person.has(API_TOKEN=value)
    assert person.is_told() == REFUSALS["401"][1]
    assert set(person.server.asked) <= {INTROSPECT}


@pytest.mark.parametrize(
    ("name", "content"), [("kaggle.json", legacy("expired")), ("credentials.json", login("", "", "gone"))]
)
def test_row_26_401_of_a_file_keeps_it(person: Person, name: str, content: str) -> None:
    person.keeps(name, content)
    before = state_of(person.home)
    told = person.is_told()
    assert told.splitlines()[0] == f"Kaggle does not accept what stands in the file HOME/.kaggle/{name}."
    assert state_of(person.home) == before


def test_row_26_short_trouble_passes(member: Person) -> None:
    member.server.refuse(GET_FILE, 503, times=1)
    assert member.fetch().name == "competition"


@pytest.mark.parametrize("what", ["ConnectionError", "ProxyError", "SSLError", "JSONDecodeError", "silence"])
def test_row_26_offline(member: Person, what: str) -> None:
    server, patch = member.server, member.patch
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}"
    if what == "ConnectionError":
        server.service = nobody
    if what == "SSLError":
        server.service = server.service.replace("http:", "https:")
    server.point(patch, member.folder.with_name("site"))
    if what == "ProxyError":
        patch.setenv("HTTP_PROXY", nobody)
        for name in ("NO_PROXY", "no_proxy"):
            patch.setenv(name, "example.org")
    if what == "JSONDecodeError":
        server.refuse(INTROSPECT, 200, body=b"<!DOCTYPE html><title>Campus login</title>")
    if what == "silence":
        patch.setattr(kaggle, "STALL_SECONDS", 0.3)
        server.silent = True
    cause = f"There is no network, or it blocks Kaggle, or it wants a login or a proxy first ({what})."
    assert member.is_told() == (
        f"Kaggle (api.kaggle.com) cannot be reached.\n{cause}\n"
        "Next: check the connection in a browser and run this again, or use a copy by its path."
    )
    assert member.steps == [(COMPETITION, cause)]


def test_row_26_a_storage_that_refuses_is_not_taken_for_the_rules(member: Person) -> None:
    member.server.refuse("trainLabels.csv", 403)
    member.server.refuse(ZIP, 403)
    ended = "It ended with 403 of its storage."
    assert member.is_told().splitlines()[1] == f"{ended} {NOT_HELPED} {ended}"


# Row 27: kaggle.json and clients.


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_row_27_of_kaggle_json_that_others_can_read_the_fix_is_printed_and_works(
    person: Person, mode: int
) -> None:
    odd = person.home / "my $own folder"
    person.keeps("kaggle.json", legacy(), mode).parent.rename(odd)
    person.has(CONFIG_DIR=str(odd))
    before = state_of(person.home)
    assert person.fetch().name == "competition"
    told = person.printed.readouterr().out
    assert told == (
        f"Warning: other users of this computer can read {odd}/kaggle.json.\n"
        "Whoever has it can act in your name on Kaggle.\n"
        f"Next: run  chmod 600 '{odd}/kaggle.json'\n"
    )
    assert state_of(person.home) == before
    subprocess.run(told.splitlines()[-1].removeprefix("Next: run  "), shell=True, check=True)
    assert stat.S_IMODE((odd / "kaggle.json").stat().st_mode) == 0o600


BROKEN = {
    "cut": '{"username": "student", "key": "' + KEY[:10],
    "a list": f'["{KEY}"]',
    "no key": '{"username": "student"}',
    "empty values": '{"username": "", "key": null}',
    "another encoding": "\udcff",
}


@pytest.mark.parametrize("case", BROKEN)
def test_row_27_broken_kaggle_json(person: Person, case: str) -> None:
    person.keeps("kaggle.json", BROKEN[case])
    before = state_of(person.home)
    assert has_credentials()
    assert person.is_told() == (
        "HOME/.kaggle/kaggle.json cannot be used.\n"
        "Expected JSON with username and key; it is broken, or one of them is missing.\n"
        "Next: make a new one on https://www.kaggle.com/settings/api, or delete the file."
    )
    assert state_of(person.home) == before
    assert person.server.asked == []


def test_row_27_broken_login(person: Person) -> None:
    person.keeps("credentials.json", '{"access_token": "' + TOKEN)
    assert person.is_told().splitlines()[0] == "HOME/.kaggle/credentials.json cannot be used."


@pytest.mark.parametrize("version", ["1.7.4.5", "0.9", ""])
def test_row_27_old_client_and_new_token(member: Person, version: str) -> None:
    def installed(_: str) -> str:
        if not version:
            raise kaggle.importlib.metadata.PackageNotFoundError
        return version

    member.patch.setattr(kaggle.importlib.metadata, "version", installed)
    assert member.is_told() == (
        f"The package kaggle {f'{version} is too old' if version else 'is not installed'}.\n"
        "Tokens of the new kind (KGAT_…) need kaggle 2.0 or newer.\n"
        'Next: run  pip install "kaggle>=2.0,<3"  and run this again.'
    )


# Files that arrive cut or wrong.


def test_a_killed_download_goes_on(member: Person) -> None:
    member.server.stall_after["train.7z"] = 2_500_000
    process = other_process(member.folder)
    part = member.folder / "competition" / "train.7z"
    wait_until(lambda: part.exists() and part.stat().st_size > 0, 30)
    client = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0]
    process.kill()
    process.wait()
    wait_until(lambda: not Path(f"/proc/{client}").exists(), 10)  # the client ends with its notebook
    assert fetched_before(member.folder) is None
    for raw, *_ in state_of(member.folder).values():
        assert_no_secret(raw.decode("latin1"))
    member.server.stall_after.clear()
    assert (member.fetch() / "train.7z").read_bytes() == member.server.files["train.7z"]
    starts = [header for name, header in member.server.given if name == "train.7z"]
    assert (starts[0], starts[-1] > "bytes=") == ("", True)


def other_process(folder: Path) -> subprocess.Popen:
    code = (
        "from course_utils.pictures.places.kaggle import fetch_from_kaggle\n"
        f"print(fetch_from_kaggle({str(folder)!r}).name)\n"
    )
    pipes = {"stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-u", "-c", code], cwd=PROJECT, **pipes)


def unzipped(raw: bytes) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def damaged(raw: bytes) -> bytes:
    return raw[:400_000] + bytes([raw[400_000] ^ 0x10]) + raw[400_001:]


WRONG: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "a flipped bit": ("train.7z", damaged),
    "another table": ("trainLabels.csv", lambda raw: raw.replace(b"id,label", b"id,class")),
    "a flipped bit in the zip": (ZIP, damaged),
    "no zip": (ZIP, lambda raw: bytes(1000)),
    "a file missing in the zip": (
        ZIP,
        lambda raw: zipped({name: data for name, data in unzipped(raw) if "batch_3" not in name}),
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_never_accepted(member: Person, case: str) -> None:
    name, damage = WRONG[case]
    member.server.files[name] = damage(member.server.files[name])
    member.server.refuse(GET_FILE if name == ZIP else GET_DATA_SET, 404)
    assert "It ended with damaged files, which were thrown away (" in member.is_told().splitlines()[1]
    assert [file for file in member.folder.rglob("*") if file.is_file()] == [member.folder / ".Kaggle.lock"]


def test_what_is_damaged_later_is_fetched_again(member: Person) -> None:
    (member.fetch() / "train.7z").write_bytes(b"half a file")
    assert (member.fetch() / "train.7z").read_bytes() == member.server.files["train.7z"]


def test_names_in_the_zip_never_become_paths(member: Person, tmp_path: Path) -> None:
    member.server.refuse(GET_FILE, 403)
    files = {f"../../{name}": raw for name, raw in unzipped(member.server.files[ZIP])}
    member.server.files[ZIP] = zipped(files | {"../../evil": b"x", f"{tmp_path}/evil": b"x"})
    inside = member.fetch()
    assert [evil for evil in tmp_path.rglob("evil") if inside not in evil.parents] == []


def test_a_table_that_comes_packed(member: Person) -> None:
    table = member.server.files["trainLabels.csv"]
    member.server.files["trainLabels.csv"] = zipped({"trainLabels.csv": table})
    assert (member.fetch() / "trainLabels.csv").read_bytes() == table


def test_too_little_space(member: Person) -> None:
    member.patch.setattr(kaggle, "NEED", 10**18)
    assert member.is_told().splitlines()[0] == "What Kaggle gives needs 1,000,000,000,000 MB of disk."
    assert member.server.asked == []


def test_a_folder_that_cannot_be_made(member: Person) -> None:
    member.folder.write_text("a file in its place")
    told = member.is_told().splitlines()
    assert told[:2] == ["What Kaggle gives cannot be written to FOLDER.", "File exists."]


def test_stopped_by_the_person(member: Person) -> None:
    def stop(*_: object) -> int:
        raise KeyboardInterrupt

    member.patch.setattr(kaggle, "_size", stop)
    with pytest.raises(KeyboardInterrupt):
        member.fetch()
    assert member.printed.readouterr().out == (
        "Stopped. What arrived from Kaggle is kept: run this again to continue.\n"
    )


def test_two_notebooks_at_once_download_once(member: Person) -> None:
    member.server.goes_on.clear()
    first = other_process(member.folder)
    wait_until(lambda: GET_FILE in member.server.asked, 60)
    second = other_process(member.folder)
    assert second.stdout.readline() == "Kaggle: another notebook is downloading: waiting\n"
    member.server.goes_on.set()
    assert [process.communicate()[0] for process in (first, second)] == ["competition\n"] * 2
    assert member.server.asked.count(GET_FILE) == 2  # the table and the pictures, once each
