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
import tarfile
import traceback
import types
import zipfile
from collections.abc import Callable, Iterator
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

from course_utils.errors import CourseError
from course_utils.pictures.by_path import read_path
from course_utils.pictures.places import kaggle
from course_utils.pictures.places.kaggle import fetch_from_kaggle, fetched_before, has_credentials

PROJECT = Path(__file__).resolve().parent.parent.parent
RULES = "https://www.kaggle.com/competitions/cifar-10/rules"
RULES_CAUSE = f"Kaggle answered 403: its rules are not accepted yet, see {RULES}."
RULES_MESSAGE = "You must accept this competition's rules before you'll be able to download files."
NOT_HELPED = "Kaggle's data set pankrzysiu/cifar10-python did not help:"
STEPS: list[tuple[str, str]] = []

pytest.importorskip("kagglesdk")
pytest.importorskip("py7zr")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person without any credentials; no progress bars."""
    for name in [name for name in os.environ if name.startswith(("KAGGLE_", "XDG_CONFIG"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    # On a busy computer a progress bar may come up, and is no output that the tests are about.
    monkeypatch.setattr(tqdm.auto, "tqdm", functools.partial(tqdm.auto.tqdm, disable=True))
    STEPS.clear()
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[KaggleServer]:
    with kaggle_server() as running:
        running.point(monkeypatch, tmp_path / "site")
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


# Row 25: no credentials.


def test_row_25_importing_and_looking_is_silent(home: Path) -> None:
    code = (
        "import sys, course_utils, course_utils.cifar10\n"
        "from course_utils.pictures.places.kaggle import has_credentials\n"
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
        'Next: make a token on https://www.kaggle.com/settings/api ("Generate New Token"). Then set the '
        "variable KAGGLE_API_TOKEN\nto it, or save it in the file ~/.kaggle/access_token; in Colab, add it "
        'to the secrets (the key symbol at the left) with "Notebook access".'
    )
    assert server.asked == []
    assert not (tmp_path / "kaggle").exists()
    assert "kaggle" not in sys.modules


@pytest.mark.parametrize("ending", ["SystemExit(1)", "NameError('exit')"])
def test_row_25_a_client_that_ends_its_process_is_survived(
    said: Callable[[], str], server: KaggleServer, token: str, tmp_path: Path, ending: str
) -> None:
    (tmp_path / "site" / "kaggle.py").write_text(f"print('15 lines', {TOKEN!r})\nraise {ending}\n")
    expected = "does not accept" if "System" in ending else "It ended with NameError."
    assert expected in said()


# What works.


def test_the_competition_comes_first_once_and_no_secret_is_told_or_kept(
    fetch: Callable[[], Path],
    server: KaggleServer,
    token: str,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG):
        folder = fetch()
        assert fetch() == folder
    for name in ("train.7z", "trainLabels.csv"):
        assert (folder / name).read_bytes() == server.files[name]
    kind, pictures = read_path(folder)
    assert kind == "Kaggle's files"
    assert len(pictures.train_images) + len(pictures.test_images) == 1000
    assert [at for at in server.asked if at != INTROSPECT] == [GET_FILE, GET_FILE]
    assert sorted(os.listdir(folder.parent)) == [".Kaggle.lock", "competition"]
    assert STEPS == [("Kaggle's competition cifar-10", "complete")]
    assert set(server.seen_by_storage) == {""}
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
    assert (len(pictures.train_images), len(pictures.test_images)) == (1000, 200)
    assert [
        ("Kaggle's competition cifar-10", RULES_CAUSE),
        ("Kaggle's data set pankrzysiu/cifar10-python", "complete"),
    ] == STEPS


def test_a_data_set_with_the_published_archive_in_it(
    fetch: Callable[[], Path], server: KaggleServer, token: str
) -> None:
    server.refuse(GET_FILE, 404)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, raw in unzipped(server.files["cifar10-python.zip"]):
            member = tarfile.TarInfo(name)
            member.size = len(raw)
            archive.addfile(member, io.BytesIO(raw))
    server.files["cifar10-python.zip"] = zipped({"cifar-10-python.tar.gz": packed.getvalue()})
    assert os.listdir(fetch()) == ["cifar-10-python.tar.gz"]


CREDENTIALS: dict[str, Callable[[Path, pytest.MonkeyPatch], object]] = {
    "token in a variable": lambda home, patch: patch.setenv("KAGGLE_API_TOKEN", f" {TOKEN}\n"),
    "variable names a file": lambda home, patch: patch.setenv(
        "KAGGLE_API_TOKEN", str(in_kaggle_folder(home, "mine", TOKEN))
    ),
    "access_token": lambda home, patch: in_kaggle_folder(home, "access_token", f"{TOKEN}\n"),
    "access_token.txt": lambda home, patch: in_kaggle_folder(home, "access_token.txt", f"{TOKEN}\r\n"),
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
    "login, fresh": lambda home, patch: in_kaggle_folder(
        home, "credentials.json", login(TOKEN, "2999-01-01T00:00:00+00:00")
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


def put_into_colab(patch: pytest.MonkeyPatch, secrets: dict[str, str]) -> None:
    """Colab's module of secrets; it raises for one that is not there, or that the notebook may not read."""
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY"):
        patch.setenv(name, "")  # so that what is taken from the secrets is undone after the test
        patch.delenv(name)

    google, colab = types.ModuleType("google"), types.ModuleType("google.colab")
    google.__path__ = list(__import__("google").__path__)  # protobuf lies there, too
    colab.userdata = types.SimpleNamespace(get=secrets.__getitem__)
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


def answered(server: KaggleServer, first: int, second: int = 200) -> None:
    """Let the competition and the data set be refused."""
    server.refuse(GET_FILE, first, f"{RULES_MESSAGE} Bearer {TOKEN}")
    server.refuse(GET_DATA_SET, second)


REFUSALS = {
    "401": (
        (401,),
        "Kaggle does not accept what stands in the variable KAGGLE_API_TOKEN.\n"
        "Kaggle answered 401: it is expired, withdrawn or mistyped.\n"
        "Next: make a new one on https://www.kaggle.com/settings/api and save it in ~/.kaggle/access_token, "
        "or run  kaggle auth login.",
    ),
    "403": (
        (403, 404),
        f"Kaggle's competition cifar-10 is closed to this account.\n{RULES_CAUSE} {NOT_HELPED} "
        "Kaggle answered 404: it was moved or taken away.\n"
        f"Next: accept them in the browser, on {RULES}, and run this again.",
    ),
    "404": (
        (404, 403),
        "Kaggle's competition cifar-10 was not found.\n"
        f"Kaggle answered 404: it was moved or taken away. {NOT_HELPED} It ended with 403.\n"
        "Next: use another source, and tell the maintainers of the course.",
    ),
    "429": (
        (429,),
        "Kaggle does not answer this account for the moment.\n"
        "It answered 429: too many requests in a short time.\n"
        "Next: run this again in some minutes, or use another source.",
    ),
    "another": (
        (418, 501),
        "Kaggle's competition cifar-10 could not be had.\n"
        f"It ended with 418. {NOT_HELPED} It ended with 501.\nNext: run this again later.",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_row_26_each_answer_has_a_sentence(
    said: Callable[[], str], server: KaggleServer, token: str, case: str
) -> None:
    statuses, expected = REFUSALS[case]
    answered(server, *statuses)
    assert said() == expected
    assert server.asked.count(GET_FILE) == (3 if 429 in statuses else 1)
    assert STEPS[0][0] == "Kaggle's competition cifar-10"


@pytest.mark.parametrize("value", ["KGAT_expired", f"{TOKEN}\nexport X=1", f"“{TOKEN}”", f"Bearer {TOKEN}"])
def test_row_26_401_of_a_token(
    said: Callable[[], str], server: KaggleServer, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", value)
    assert said() == REFUSALS["401"][1]
    assert set(server.asked) <= {INTROSPECT}


@pytest.mark.parametrize("name", ["kaggle.json", "credentials.json"])
def test_row_26_401_of_a_file_keeps_it(
    said: Callable[[], str], server: KaggleServer, home: Path, name: str
) -> None:
    content = legacy("expired") if name == "kaggle.json" else login("", "").replace(REFRESH_TOKEN, "gone")
    in_kaggle_folder(home, name, content)
    before = state_of(home)
    assert said().splitlines()[0] == f"Kaggle does not accept what stands in the file HOME/.kaggle/{name}."
    assert state_of(home) == before


def test_row_26_short_trouble_passes(fetch: Callable[[], Path], server: KaggleServer, token: str) -> None:
    server.refuse(GET_FILE, 503, times=1)
    assert fetch().name == "competition"


@pytest.mark.parametrize("what", ["ConnectionError", "ProxyError", "SSLError", "JSONDecodeError", "silence"])
def test_row_26_offline(
    said: Callable[[], str],
    server: KaggleServer,
    token: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    what: str,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}"
    if what == "ConnectionError":
        server.service = nobody
    if what == "SSLError":
        server.service = server.service.replace("http:", "https:")
    server.point(monkeypatch, tmp_path / "site")
    if what == "ProxyError":
        monkeypatch.setenv("HTTP_PROXY", nobody)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, "example.org")
    if what == "JSONDecodeError":
        server.refuse(INTROSPECT, 200, body=b"<!DOCTYPE html><title>Campus login</title>")
    if what == "silence":
        monkeypatch.setattr(kaggle, "STALL_SECONDS", 0.3)
        server.silent = True
    cause = f"There is no network, or it blocks Kaggle, or it wants a login or a proxy first ({what})."
    assert said() == (
        f"Kaggle (api.kaggle.com) cannot be reached.\n{cause}\n"
        "Next: check the connection in a browser and run this again, or use a copy by its path."
    )
    assert [("Kaggle's competition cifar-10", cause)] == STEPS


def test_row_26_a_storage_that_refuses_is_not_taken_for_the_rules(
    said: Callable[[], str], server: KaggleServer, token: str
) -> None:
    server.refuse("trainLabels.csv", 403)
    server.refuse("cifar10-python.zip", 403)
    ended = "It ended with 403 of its storage."
    assert said().splitlines()[1] == f"{ended} {NOT_HELPED} {ended}"


# Row 27: kaggle.json and clients.


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_row_27_of_kaggle_json_that_others_can_read_the_fix_is_printed_and_works(
    fetch: Callable[[], Path],
    server: KaggleServer,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    mode: int,
) -> None:
    odd = home / "my $own folder"
    in_kaggle_folder(home, "kaggle.json", legacy(), mode).parent.rename(odd)
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(odd))
    before = state_of(home)
    assert fetch().name == "competition"
    told = capfd.readouterr().out
    assert told == (
        f"Warning: other users of this computer can read {odd}/kaggle.json.\n"
        "Whoever has it can act in your name on Kaggle.\n"
        f"Next: run  chmod 600 '{odd}/kaggle.json'\n"
    )
    assert state_of(home) == before
    subprocess.run(told.splitlines()[-1].removeprefix("Next: run  "), shell=True, check=True)
    assert stat.S_IMODE((odd / "kaggle.json").stat().st_mode) == 0o600


BROKEN = {
    "cut": '{"username": "student", "key": "' + KEY[:10],
    "a token": TOKEN,
    "empty": "",
    "a list": f'["{KEY}"]',
    "no key": '{"username": "student"}',
    "empty values": '{"username": "", "key": null}',
    "another encoding": "\udcff",
}


@pytest.mark.parametrize("case", BROKEN)
def test_row_27_broken_kaggle_json(
    said: Callable[[], str], server: KaggleServer, home: Path, case: str
) -> None:
    file = in_kaggle_folder(home, "kaggle.json", "")
    file.write_bytes(BROKEN[case].encode(errors="surrogateescape"))
    before = state_of(home)
    assert has_credentials()
    assert said() == (
        "HOME/.kaggle/kaggle.json cannot be used.\n"
        "Expected JSON with username and key; it is broken, or one of them is missing.\n"
        "Next: make a new one on https://www.kaggle.com/settings/api, or delete the file."
    )
    assert state_of(home) == before
    assert server.asked == []


def test_row_27_broken_login(said: Callable[[], str], home: Path) -> None:
    in_kaggle_folder(home, "credentials.json", '{"access_token": "' + TOKEN)
    assert said().splitlines()[0] == "HOME/.kaggle/credentials.json cannot be used."


@pytest.mark.parametrize("version", ["1.7.4.5", "0.9", ""])
def test_row_27_old_client_and_new_token(
    said: Callable[[], str], token: str, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    def installed(_: str) -> str:
        if not version:
            raise kaggle.importlib.metadata.PackageNotFoundError
        return version

    monkeypatch.setattr(kaggle.importlib.metadata, "version", installed)
    assert said() == (
        f"The package kaggle {f'{version} is too old' if version else 'is not installed'}.\n"
        "Tokens of the new kind (KGAT_…) need kaggle 2.0 or newer.\n"
        'Next: run  pip install "kaggle>=2.0,<3"  and run this again.'
    )


# Files that arrive cut or wrong.


def test_a_killed_download_goes_on(
    fetch: Callable[[], Path], server: KaggleServer, token: str, tmp_path: Path
) -> None:
    server.stall_after["train.7z"] = 2_500_000
    process = other_process(tmp_path / "kaggle")
    part = tmp_path / "kaggle" / "competition" / "train.7z"
    wait_until(lambda: part.exists() and part.stat().st_size > 0, 30)
    client = next(int(pid) for pid in children(process.pid))
    process.kill()
    process.wait()
    wait_until(lambda: not Path(f"/proc/{client}").exists(), 10)  # the client ends with its notebook
    assert fetched_before(tmp_path / "kaggle") is None
    for raw, *_ in state_of(tmp_path / "kaggle").values():
        assert_no_secret(raw.decode("latin1"))
    server.stall_after.clear()
    assert (fetch() / "train.7z").read_bytes() == server.files["train.7z"]
    starts = [header for name, header in server.given if name == "train.7z"]
    assert (starts[0], starts[-1] > "bytes=") == ("", True)


def other_process(folder: Path) -> subprocess.Popen:
    code = (
        "from course_utils.pictures.places.kaggle import fetch_from_kaggle\n"
        f"print(fetch_from_kaggle({str(folder)!r}).name)\n"
    )
    pipes = {"stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-u", "-c", code], cwd=PROJECT, **pipes)


def children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def damaged(raw: bytes) -> bytes:
    return raw[:400_000] + bytes([raw[400_000] ^ 0x10]) + raw[400_001:]


WRONG: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "a flipped bit": ("train.7z", damaged),
    "another table": ("trainLabels.csv", lambda raw: raw.replace(b"id,label", b"id,class")),
}
WRONG_ZIPS: dict[str, Callable[[bytes], bytes]] = {
    "a flipped bit": damaged,
    "no zip": lambda raw: bytes(1000),
    "a file missing": lambda raw: zipped(
        {name: data for name, data in unzipped(raw) if "batch_3" not in name}
    ),
}


def unzipped(raw: bytes) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_never_accepted(
    said: Callable[[], str], server: KaggleServer, token: str, tmp_path: Path, case: str
) -> None:
    name, damage = WRONG[case]
    server.files[name] = damage(server.files[name])
    server.refuse(GET_DATA_SET, 404)
    cause = said().splitlines()[1]
    assert cause.startswith("It ended with damaged files, which were thrown away (")
    assert list((tmp_path / "kaggle" / "competition").glob("*")) == []


@pytest.mark.parametrize("case", WRONG_ZIPS)
def test_a_wrong_data_set_is_never_accepted(
    said: Callable[[], str], server: KaggleServer, token: str, tmp_path: Path, case: str
) -> None:
    server.refuse(GET_FILE, 403)
    server.files["cifar10-python.zip"] = WRONG_ZIPS[case](server.files["cifar10-python.zip"])
    assert f"{NOT_HELPED} It ended with damaged files, which were thrown away (" in said()
    assert list((tmp_path / "kaggle" / "batches").glob("*")) == []


def test_what_is_damaged_later_is_fetched_again(
    fetch: Callable[[], Path], server: KaggleServer, token: str
) -> None:
    (fetch() / "train.7z").write_bytes(b"half a file")
    assert (fetch() / "train.7z").read_bytes() == server.files["train.7z"]


def test_names_in_the_zip_never_become_paths(
    fetch: Callable[[], Path], server: KaggleServer, token: str, tmp_path: Path
) -> None:
    server.refuse(GET_FILE, 403)
    files = {f"../../{name}": raw for name, raw in unzipped(server.files["cifar10-python.zip"])}
    server.files["cifar10-python.zip"] = zipped(files | {"../../evil": b"x", "/tmp/evil": b"x"})
    inside = fetch()
    assert [evil for evil in tmp_path.rglob("evil") if inside not in evil.parents] == []
    assert not Path("/tmp/evil").exists()


def test_a_table_that_comes_packed(fetch: Callable[[], Path], server: KaggleServer, token: str) -> None:
    table = server.files["trainLabels.csv"]
    server.files["trainLabels.csv"] = zipped({"trainLabels.csv": table})
    assert (fetch() / "trainLabels.csv").read_bytes() == table


def test_too_little_space(
    said: Callable[[], str], server: KaggleServer, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kaggle, "NEED", 10**18)
    assert said().splitlines()[0] == "What Kaggle gives needs 1,000,000,000,000 MB of disk."
    assert server.asked == []


def test_a_folder_that_cannot_be_made(said: Callable[[], str], token: str, tmp_path: Path) -> None:
    (tmp_path / "kaggle").write_text("a file in its place")
    assert said().splitlines()[:2] == ["What Kaggle gives cannot be written to FOLDER.", "File exists."]


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
        patch.setattr(kaggle, "_size", stop)
        with pytest.raises(KeyboardInterrupt):
            fetch()
    assert capfd.readouterr().out == (
        "Stopped. What arrived from Kaggle is kept: run this again to continue.\n"
    )


def test_two_notebooks_at_once_download_once(server: KaggleServer, token: str, tmp_path: Path) -> None:
    server.goes_on.clear()
    first = other_process(tmp_path / "kaggle")
    wait_until(lambda: GET_FILE in server.asked, 60)
    second = other_process(tmp_path / "kaggle")
    assert second.stdout.readline() == "Kaggle: another notebook is downloading: waiting\n"
    server.goes_on.set()
    assert [process.communicate()[0] for process in (first, second)] == ["competition\n"] * 2
    assert server.asked.count(GET_FILE) == 2  # the table and the pictures, once each
