"""The parts of a download, each for itself. What a whole download does is in ``faults/test_network.py``."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from messages import is_refused

from course_utils.system.download import http_answer, pace
from course_utils.system.download.http_answer import begins_at
from course_utils.system.download.pace import Pace
from course_utils.system.download.transfer import TIMEOUTS, RemoteFile, download

DIGEST = f"sha256:{'0' * 64}"
HERE = "http://here.invalid/a"


def given(status: int, url: str = HERE, **headers: str) -> requests.Response:
    made = requests.Response()
    made.status_code, made.url, made.reason = status, url, "Words"
    made.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return made


def test_the_time_outs_keep_what_the_course_promises() -> None:
    assert TIMEOUTS.connect + TIMEOUTS.stall <= 30  # seconds until a server that gives nothing is left
    assert TIMEOUTS.slow_after <= 30
    assert TIMEOUTS.slow_rest <= 600
    assert TIMEOUTS.retries * TIMEOUTS.longest_wait <= 30
    assert TIMEOUTS.progress == 1024**2  # what a cut may cost: faults/test_network.py


# What is downloaded


def test_no_address_is_told(tmp_path: Path) -> None:
    with is_refused("a could not be downloaded", "no address is known"):
        download(RemoteFile("a", (), DIGEST), tmp_path)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with is_refused("a cannot be written to", "COURSE_CACHE"):
        download(RemoteFile("a", (HERE,), DIGEST), tmp_path / "file" / "cache")


# Answers


@pytest.mark.parametrize(
    ("answer", "begin"),
    [
        (given(200, Content_Length="12"), (0, 12)),
        (given(200), (0, None)),
        (given(206, Content_Range="bytes 5-11/12"), (5, 12)),
        (given(206, Content_Range="bytes 5-11/*"), (5, None)),
        (given(206), (None, None)),
        (given(206, Content_Range="lines 5-11/12"), (None, None)),
        (given(416, Content_Range="bytes */12"), (None, 12)),
    ],
)
def test_where_an_answer_begins(answer: requests.Response, begin: tuple[int | None, int | None]) -> None:
    assert begins_at(answer, 10) == begin


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (requests.exceptions.SSLError("bad"), "certificate not accepted (campus login, or a wrong clock?)"),
        (requests.exceptions.ProxyError("bad"), "the proxy did not let it through"),
        (requests.exceptions.ConnectionError(ConnectionResetError()), "the connection was cut"),
        (requests.exceptions.InvalidURL("odd"), "not to be reached (odd)"),
    ],
)
def test_errors_are_put_in_words(error: Exception, reason: str) -> None:
    assert str(http_answer._in_words(error, 5, 15)) == reason


# The pace


class _Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(pace.time, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    return _Clock(monkeypatch)


def test_progress_renews_the_patience(clock: _Clock) -> None:
    watched = Pace(120, progress=1000, window=30)
    watched.begin()
    clock.now = 100
    watched.add(999)
    assert watched.patience_left() == 20
    assert watched.at_most(15) == 15
    watched.add(1)
    assert watched.patience_left() == 120
    clock.now = 215
    watched.begin()
    assert watched.at_most(15) == 5
    clock.now = 221
    assert watched.patience_left() < 0
    assert 0 < watched.at_most(15) < 0.1


def test_the_speed_is_that_of_each_half_minute(clock: _Clock) -> None:
    watched = Pace(None, progress=1000, window=30)
    watched.begin()
    clock.now = 29
    assert watched.add(290_000) is None
    clock.now = 30
    assert watched.add(10_000) == 10_000
    clock.now = 60
    assert watched.add(30_000) == 1000
    assert watched.patience_left() == float("inf")
