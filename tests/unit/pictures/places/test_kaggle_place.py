"""Kaggle without a server: where credentials are looked for, what is shown of them, how files are checked."""

from __future__ import annotations

import errno
import io
import json
import os
import stat
import types
import zipfile
from pathlib import Path

import pytest
from sources_files import small_pictures, write_kaggle

from course_utils.errors import CourseError
from course_utils.pictures.places.kaggle import checks, client, credentials, failures, transfer
from course_utils.pictures.places.kaggle.credentials import (
    Credentials,
    find_credentials,
    warning_if_others_can_read,
)
from course_utils.pictures.places.kaggle.failures import COMPETITION, Failure, UnsafeRedirect, explained
from course_utils.pictures.places.kaggle.service import fetch_from_kaggle, has_credentials
from course_utils.system.download.part_file import PartFile

TOKEN, KEY = "KGAT_secret", "secretsecretsecret"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith(("KAGGLE_", "XDG_CONFIG"))]:
        monkeypatch.delenv(name)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    (tmp_path / "home" / ".kaggle").mkdir(parents=True)
    return tmp_path / "home" / ".kaggle"


def answer(status: int, code: int | None = None, **headers: str) -> Exception:
    """An error as Kaggle's client raises it."""
    error = Exception(f"{TOKEN} in the text")
    error.response = types.SimpleNamespace(
        status_code=status, headers=headers, history=[], json=lambda: {"code": code}
    )
    return error


# Credentials.


def test_nothing_is_found_in_an_empty_home() -> None:
    assert find_credentials() is None
    assert not has_credentials()


def test_the_order_of_places_is_that_of_kaggles_client(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "credentials.json").write_text(json.dumps({"refresh_token": "r"}))
    assert find_credentials().where.endswith("credentials.json")
    (home / "kaggle.json").write_text(json.dumps({"username": "file", "key": KEY}))
    assert find_credentials().username == "file"
    monkeypatch.setenv("KAGGLE_USERNAME", "variable")
    monkeypatch.setenv("KAGGLE_KEY", KEY)
    assert find_credentials().username == "variable"
    (home / "access_token").write_text("file")
    assert find_credentials().token == "file"
    monkeypatch.setenv("KAGGLE_API_TOKEN", "variable")
    assert find_credentials().token == "variable"


@pytest.mark.parametrize("name", ["access_token", "access_token.txt", "kaggle.json"])
def test_a_config_folder_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / name).write_text(json.dumps({"username": "u", "key": KEY}) if "json" in name else TOKEN)
    assert find_credentials() is None
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(own))
    assert str(own / name) in find_credentials().where


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_token_file_is_passed_over(home: Path, text: str) -> None:
    (home / "access_token").write_text(text)
    assert find_credentials() is None


def test_the_token_that_kaggles_own_notebooks_have(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "given").write_text(TOKEN)
    monkeypatch.setenv("KAGGLE_API_V1_TOKEN", str(home / "given"))
    assert find_credentials().token == TOKEN


def test_a_login_is_refreshed_shortly_before_its_end(home: Path) -> None:
    for ends, token in (("2001-01-01T00:00:00", ""), ("2999-01-01T00:00:00+00:00", TOKEN), ("soon", "")):
        known = {"refresh_token": "r", "access_token": TOKEN, "access_token_expiration": ends}
        (home / "credentials.json").write_text(json.dumps(known))
        assert (find_credentials().token, find_credentials().refresh_token) == (token, "r")


def test_credentials_do_not_show_their_secrets() -> None:
    shown = repr(Credentials("here", token=TOKEN, username="me", key=KEY, refresh_token="fresh"))
    assert shown == "Credentials(where='here', file=None)"


def test_a_broken_file_counts_as_found_and_its_error_carries_no_calls(home: Path) -> None:
    (home / "kaggle.json").write_text('{"username": "u", "key": "' + KEY)
    assert has_credentials()
    with pytest.raises(CourseError) as error:
        find_credentials()
    deepest = error.traceback[-1]
    assert deepest.name == "find_credentials"  # deeper calls hold the content in their variables
    assert error.value.__context__ is None


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o700, False), (0o640, True), (0o604, True)])
def test_who_can_read_the_file(home: Path, mode: int, warned: bool) -> None:
    file = home / "kaggle.json"
    file.write_text(json.dumps({"username": "u", "key": KEY}))
    file.chmod(mode)
    assert bool(warning_if_others_can_read(find_credentials())) is warned
    assert stat.S_IMODE(file.stat().st_mode) == mode


@pytest.mark.parametrize(("value", "old"), [("0123456789abcdef" * 2, True), (TOKEN, False), ("", False)])
def test_a_key_is_told_from_a_token(value: str, old: bool) -> None:
    assert Credentials("here", token=value).looks_old is old


def test_outside_colab_its_secrets_are_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "_colab_secret", lambda name: pytest.fail("asked"))
    assert find_credentials() is None


# What the client's errors mean.


@pytest.mark.parametrize(
    ("error", "status"),
    [(answer(404), 404), (answer(200, 403), 403), (answer(200), 200), (ValueError(), 0), (SystemExit(1), 0)],
)
def test_the_status_of_an_error(error: BaseException, status: int) -> None:
    assert failures.http_status(error) == status


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (answer(503), 3.0),
        (answer(429), 3.0),
        (answer(429, **{"Retry-After": "7"}), 7.0),
        (answer(429, **{"Retry-After": "11"}), None),
        (answer(429, **{"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}), 3.0),
        (answer(403), None),
        (TimeoutError(), None),
    ],
)
def test_how_long_to_wait_before_asking_again(error: BaseException, wait: float | None) -> None:
    assert client._time_to_wait(error, 3.0) == wait
    assert client._time_to_wait(error, None) is None


def test_each_answer_has_a_sentence_of_its_own() -> None:
    import requests

    errors = [answer(status) for status in (401, 403, 404, 429, 500)]
    errors += [requests.ConnectionError(), TimeoutError(), ValueError(), UnsafeRedirect(), NameError()]
    found = [explained(error, COMPETITION, Credentials("here", token=TOKEN)) for error in errors]
    assert len({failure.cause for failure in found}) == len(errors)
    assert len({failure.short for failure in found}) == len(errors)
    for failure in found:
        assert TOKEN not in f"{failure.problem}{failure.cause}{failure.next_step}{failure.short}"


def test_a_way_from_https_to_http_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    first = types.SimpleNamespace(url="https://api.kaggle.com/v1/file")
    response = types.SimpleNamespace(
        url="http://storage/file", history=[first], request="", close=lambda: None
    )
    kaggle = client.Kaggle.__new__(client.Kaggle)
    monkeypatch.setattr(kaggle, "_credentials", Credentials("here"), raising=False)
    monkeypatch.setattr(kaggle, "_answer", lambda question: question(None), raising=False)
    with pytest.raises(Failure, match="led to http"):
        kaggle._located(COMPETITION, lambda _: response)
    response.url = "https://storage/file"
    assert kaggle._located(COMPETITION, lambda _: response) == ""


@pytest.mark.parametrize(("number", "words"), [(errno.ENOSPC, "disk is full"), (errno.EACCES, "denied")])
def test_errors_of_the_disk(number: int, words: str) -> None:
    failure = failures.disk_failure(Path("there"), OSError(number, os.strerror(number)))
    assert words in failure.cause


# Files that arrive.


@pytest.mark.parametrize(("length", "why"), [(10, "The connection was cut"), (5, "")])
def test_a_body_that_ends_early_is_noticed_by_its_length(tmp_path: Path, length: int, why: str) -> None:
    """Older versions of requests take such a body for complete."""
    part = PartFile(tmp_path / "train.7z", "5 bytes")
    response = types.SimpleNamespace(
        status_code=200, headers={"Content-Length": str(length)}, iter_content=lambda size: iter([b"12345"])
    )
    assert transfer._write_body(COMPETITION, "name", response, part) == why
    assert part.size() == 5


# Files that arrived.


@pytest.fixture
def arrived(tmp_path: Path) -> Path:
    return write_kaggle(tmp_path / "arrived", small_pictures(), packed=True)


@pytest.mark.parametrize("name", ["train.7z", "trainLabels.csv"])
def test_good_files_pass_and_stay_as_they_are(arrived: Path, name: str) -> None:
    check = checks.check_archive if name == "train.7z" else checks.check_table
    raw = (arrived / name).read_bytes()
    check(name, arrived / name, len(raw))
    check(name, arrived / name, 0)
    assert (arrived / name).read_bytes() == raw
    with pytest.raises(Failure) as failure:
        check(name, arrived / name, len(raw) + 1)
    assert failure.value.cause == (
        f"It has {len(raw):,} bytes, and Kaggle lists {len(raw) + 1:,}. It was thrown away."
    )


def test_what_is_no_7z_is_called_so(tmp_path: Path) -> None:
    (tmp_path / "page").write_text("not found")
    with pytest.raises(Failure) as failure:
        checks.check_archive("train.7z", tmp_path / "page", 0)
    assert failure.value.cause == "It is no 7z archive. It was thrown away."


def test_every_byte_of_the_pictures_counts(arrived: Path) -> None:
    path = arrived / "train.7z"
    good = path.read_bytes()
    for at in range(32, len(good) - 200, len(good) // 7):
        path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        with pytest.raises(Failure, match="is damaged"):
            checks.check_archive("train.7z", path, len(good))


def test_a_table_with_quotation_marks_and_a_mark_of_its_encoding(tmp_path: Path) -> None:
    path = tmp_path / "table"
    path.write_bytes('\ufeff"id","label"\r\n1,cat\r\n'.encode())
    checks.check_table("trainLabels.csv", path, 0)


def test_a_zip_that_would_fill_the_disk_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("trainLabels.csv", b"id,label\n" + bytes(100_000))
    path = tmp_path / "table"
    path.write_bytes(buffer.getvalue())
    monkeypatch.setattr(checks, "LARGEST_UNPACKED", 50_000)
    with pytest.raises(Failure, match="is damaged"):
        checks.check_table("trainLabels.csv", path, 0)
    assert sorted(os.listdir(tmp_path)) == ["home", "table"]
    assert path.read_bytes() == buffer.getvalue()


def test_what_was_fetched_before_needs_no_credentials(tmp_path: Path) -> None:
    (tmp_path / "batches").mkdir()
    assert fetch_from_kaggle(tmp_path) == tmp_path / "batches"
    (tmp_path / "competition").mkdir()
    assert fetch_from_kaggle(tmp_path) == tmp_path / "competition"
