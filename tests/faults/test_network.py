"""Faults of the network while a file is downloaded: the rows 1–11 and 24 of the table of faults."""

from __future__ import annotations

import itertools
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from messages import message_of
from servers import (
    LOGIN_PAGE,
    Custom,
    Cut,
    Fault,
    FaultyServer,
    LoginPage,
    Redirect,
    Request,
    Silent,
    Stall,
    Status,
    Throttle,
    dropping_address,
    refused_address,
    sha256,
    wait_until,
    within,
)

from course_utils.system.download import transfer as module
from course_utils.system.download.transfer import (
    DownloadFailed,
    DownloadStopped,
    RemoteFile,
    Timeouts,
    download,
)

PROJECT = Path(__file__).resolve().parents[2]
NAME = "file.bin"
BODY = random.Random(0).randbytes(1_000_000)
OTHER = random.Random(1).randbytes(1_000_000)
QUICK = Timeouts(
    connect=0.5, stall=0.4, slow_after=0.3, slow_rest=2.0, retry_wait=0.01, longest_wait=0.5, progress=10_000
)
KEPT = [f"{NAME}.part"]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUTS", QUICK)


def remote(*places: FaultyServer | str, body: bytes = BODY, size: int | None = len(BODY)) -> RemoteFile:
    addresses = [place if isinstance(place, str) else place.address for place in places]
    return RemoteFile(NAME, tuple(addresses), sha256(body), size)


def without_size(pieces: Callable[[], Iterable[bytes]]) -> Custom:
    """An answer that does not say how long it is."""

    def act(request: Request) -> None:
        request.send_response(200)
        request.end_headers()
        for piece in pieces():
            request.wfile.write(piece)

    return Custom(act)


def files(folder: Path) -> list[str]:
    """What lies in a folder, but the lock."""
    return sorted(file.name for file in folder.iterdir() if not file.name.endswith(".lock"))


def golden(text: str, *places: FaultyServer | str) -> list[str]:
    """The lines of a message with A, B, … in place of the hosts."""
    for letter, place in zip("ABCDEF", places, strict=False):
        host = place.host if isinstance(place, FaultyServer) else place.split("/")[2]
        text = text.replace(host, letter)
    return text.splitlines()


def failure(file: RemoteFile, folder: Path, **options: object) -> str:
    with pytest.raises(DownloadFailed) as error:
        download(file, folder, **options)
    assert len(str(error.value).splitlines()) <= 4
    return str(error.value)


def not_downloaded(cause: str, kept: object = None, first: str = "check the connection") -> list[str]:
    """The lines of a message; how many per cent are kept, if any are, and what a person does first."""
    goes_on = "" if kept is None else f"; it continues at {kept} %"
    next_step = f"Next: {first} and run this again{goes_on}. Or use a copy of the file by its path."
    return ["file.bin could not be downloaded.", cause, next_step]


def ranges(server: FaultyServer) -> list[str | None]:
    return [asked.range for asked in server.asked]


# Row 1: no network


def test_row_01_every_host_refuses(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    steps = []
    with refused_address() as one, refused_address() as two:
        with within(10):
            text = failure(remote(one, two), tmp_path, patience=120, on_step=lambda *step: steps.append(step))
        assert golden(text, one, two) == not_downloaded(
            "A: refused the connection; B: refused the connection."
        )
        assert golden(capsys.readouterr().out, one, two) == [
            "file.bin: A: refused the connection, trying mirror 2 of 2"
        ]
        hosts = [one.split("/")[2], two.split("/")[2]]
        assert steps == [(host, "refused the connection") for host in hosts]
    assert files(tmp_path) == []


def test_row_01_a_name_that_is_not_known(tmp_path: Path) -> None:
    text = failure(remote("http://no-such-host.invalid/file.bin"), tmp_path)
    assert text.splitlines()[1] in (
        "no-such-host.invalid: name not found (no network, or it blocks the host).",
        "no-such-host.invalid: no connection within 0.5 s.",  # no answer to the question for the name
    )


@pytest.mark.parametrize("no_proxy", ["", "127.0.0.1"])
def test_row_01_a_name_that_is_looked_up_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_proxy: str
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, no_proxy)
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: time.sleep(10))
    with within(5):
        text = failure(remote("http://slow.invalid/file.bin"), tmp_path)
    assert text.splitlines()[1] == "slow.invalid: no connection within 0.5 s."


def test_row_01_a_proxy_looks_up_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultyServer(BODY) as proxy:
        monkeypatch.setenv("http_proxy", f"http://{proxy.host}")
        file = remote("http://known-to-the-proxy.invalid/file.bin")
        assert download(file, tmp_path).read_bytes() == BODY
        assert [asked.path for asked in proxy.asked] == ["http://known-to-the-proxy.invalid/file.bin"]


def test_row_01_a_connection_that_never_stands(tmp_path: Path) -> None:
    with dropping_address() as address:
        with within(5):
            text = failure(remote(address), tmp_path)
        assert golden(text, address)[1] == "A: no connection within 0.5 s."


# Row 2: stalls


def test_row_02_a_stall_is_left_for_the_next_mirror(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    with FaultyServer(BODY, [Stall(0.4)]) as one, FaultyServer(BODY) as two:
        steps = []
        path = download(remote(one, two), tmp_path, on_step=lambda *step: steps.append(step))
        assert path == tmp_path / NAME
        assert path.read_bytes() == BODY
        assert ranges(two) == ["bytes=400000-"]
        assert golden(capsys.readouterr().out, one, two) == [
            "file.bin: A: no data for 0.4 s, trying mirror 2 of 2",
            "file.bin: resumed from 40 % at B",
        ]
        assert steps == [(one.host, "no data for 0.4 s"), (two.host, "complete")]
    assert files(tmp_path) == [NAME]


def test_row_02_every_mirror_stalls(tmp_path: Path) -> None:
    with FaultyServer(BODY, always=Silent()) as one, FaultyServer(BODY, always=Stall(0.3)) as two:
        with within(6):
            text = failure(remote(one, two), tmp_path, patience=3)
        assert golden(text, one, two) == not_downloaded("A: no data for 0.4 s; B: no data for 0.4 s.", 30)
    assert files(tmp_path) == KEPT
    assert (tmp_path / KEPT[0]).read_bytes() == BODY[:300_000]


def test_row_02_the_patience_is_shared(tmp_path: Path) -> None:
    servers = [FaultyServer(BODY, always=Silent()) for _ in range(5)]
    with servers[0], servers[1], servers[2], servers[3], servers[4], within(2.5):
        text = failure(remote(*servers), tmp_path, patience=1)
    asked = [server for server in servers if server.asked]
    assert len(asked) == 3
    assert golden(text, *servers)[1].endswith("; given up after 1 s without progress.")


def test_row_02_bytes_that_only_trickle_are_no_progress(tmp_path: Path) -> None:
    with FaultyServer(BODY, always=Throttle(2_000)) as server:
        text = failure(remote(server, size=None), tmp_path, patience=0.5)
        assert re.fullmatch(r"A: slow \(2 kB/s, \d min to go\)\.", golden(text, server)[1])


def test_row_02_bytes_that_only_trickle_in_an_unknown_number_end_too(tmp_path: Path) -> None:
    def trickle() -> Iterator[bytes]:
        while not server.ends.wait(0.05):
            yield b"more"

    with FaultyServer(BODY, always=without_size(trickle)) as server:
        text = failure(remote(server, size=None), tmp_path, patience=0.5)
        assert golden(text, server)[1] == (
            "A: less than 10 kB in 0.5 s; given up after 0.5 s without progress."
        )


# Row 3: throttled


def test_row_03_a_slow_mirror_is_left_for_a_faster_one(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    with FaultyServer(BODY, always=Throttle(55_000)) as one, FaultyServer(BODY) as two:
        assert download(remote(one, two), tmp_path).read_bytes() == BODY
        told = golden(capsys.readouterr().out, one, two)
    assert re.fullmatch(r"file.bin: A: slow \(\d+ kB/s, \d+ s to go\), trying mirror 2 of 2", told[0])
    assert re.fullmatch(r"file.bin: resumed from \d+ % at B", told[1])
    assert len(told) == 2
    assert one.sent + two.sent < len(BODY) + 50_000


def test_row_03_if_all_are_slow_the_fastest_is_gone_back_to_once(tmp_path: Path) -> None:
    small = BODY[:200_000]
    with (
        FaultyServer(small, always=Throttle(50_000)) as one,
        FaultyServer(small, always=Throttle(20_000)) as two,
    ):
        assert download(remote(one, two, body=small, size=None), tmp_path).read_bytes() == small
        assert len(one.asked) == 2
        assert len(two.asked) == 1


def test_row_03_with_patience_slow_mirrors_are_given_up(tmp_path: Path) -> None:
    with (
        FaultyServer(BODY, always=Throttle(55_000)) as one,
        FaultyServer(BODY, always=Throttle(40_000)) as two,
    ):
        with within(5):
            text = failure(remote(one, two), tmp_path, patience=120)
        told = [re.sub(r"\d+", "N", line) for line in golden(text, one, two)]
        assert told == not_downloaded("A: slow (N kB/s, N s to go); B: slow (N kB/s, N s to go).", "N")
    assert files(tmp_path) == KEPT


def test_row_03_the_only_address_may_be_slow_but_it_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    small = BODY[:60_000]
    with FaultyServer(small, always=Throttle(20_000)) as server:
        assert download(remote(server, body=small, size=len(small)), tmp_path).read_bytes() == small
    assert re.fullmatch(r"file.bin: slow \(\d+ kB/s, \d+ s to go\)\n", capsys.readouterr().out)


# Row 4: cut


def test_row_04_a_cut_download_is_continued(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    with FaultyServer(BODY, [Cut(0.5)]) as server:
        assert download(remote(server), tmp_path).read_bytes() == BODY
        assert ranges(server) == [None, "bytes=500000-"]
        assert server.sent == len(BODY)
        assert golden(capsys.readouterr().out, server) == [
            "file.bin: A: the connection was cut, trying again in 0.01 s",
            "file.bin: resumed from 50 % at A",
        ]


@pytest.mark.parametrize("size", [None, len(BODY)])
def test_row_04_many_cuts_are_fine_as_long_as_bytes_arrive(tmp_path: Path, size: int | None) -> None:
    with FaultyServer(BODY, [Cut(number / 20) for number in range(1, 20)]) as server:
        assert download(remote(server, size=size), tmp_path).read_bytes() == BODY
        assert len(server.asked) == 20
        assert server.sent == len(BODY)


def test_row_04_cuts_without_progress_end(tmp_path: Path) -> None:
    with FaultyServer(BODY, always=Cut(0.5)) as server:
        text = failure(remote(server), tmp_path)
        assert golden(text, server) == not_downloaded("A: the connection was cut.", 50)
        assert 3 <= len(server.asked) <= 12
    assert files(tmp_path) == KEPT


@pytest.mark.full
def test_row_04_at_most_1_mb_is_sent_again_after_a_cut_of_a_large_file(tmp_path: Path) -> None:
    large = random.Random(2).randbytes(50_000_000)
    with FaultyServer(large, [Cut(0.25), Cut(0.5), Cut(0.75)]) as server:
        download(remote(server, body=large, size=None), tmp_path)
        assert server.sent - len(large) <= 1_000_000


# Row 5: Range ignored


def test_row_05_a_server_that_ignores_range_restarts(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    with FaultyServer(BODY, [Cut(0.5), Fault(ignores_range=True)]) as server:
        assert download(remote(server), tmp_path).read_bytes() == BODY
        assert server.sent == 1.5 * len(BODY)
        assert golden(capsys.readouterr().out, server)[1:] == [
            "file.bin: A: gives the whole file only, starting again"
        ]


def test_row_05_a_part_other_than_asked_for_is_not_put_in(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    def odd(request: Request) -> None:
        said = {"Content-Range": f"bytes 400000-999999/{len(BODY)}"}
        request.send_body(206, BODY[400_000:], said)

    with FaultyServer(BODY, [Cut(0.5), Custom(odd)]) as server:
        assert download(remote(server), tmp_path).read_bytes() == BODY
        assert ranges(server) == [None, "bytes=500000-", None]
        assert "what is there does not fit to what has arrived" in capsys.readouterr().out


def test_row_05_the_end_of_the_file_was_reached_before(tmp_path: Path) -> None:
    """The size is not known, and the process was killed between the last byte and the final name."""
    with FaultyServer(BODY, always=Cut(0.5)) as server:
        failure(remote(server, size=None), tmp_path)
        (tmp_path / KEPT[0]).write_bytes(BODY)
        server.always = Fault()
        assert download(remote(server, size=None), tmp_path).read_bytes() == BODY


def test_row_05_a_mirror_with_a_shorter_file_does_not_cost_what_has_arrived(tmp_path: Path) -> None:
    with FaultyServer(BODY, [Stall(0.5)]) as one, FaultyServer(OTHER[:1000]) as short:
        assert download(remote(one, short), tmp_path).read_bytes() == BODY
        assert one.sent == len(BODY)


def test_row_05_no_size_at_all(tmp_path: Path) -> None:
    with FaultyServer(BODY, always=without_size(lambda: [BODY])) as server:
        assert download(remote(server, size=None), tmp_path).read_bytes() == BODY


# Row 6: the file changes


def test_row_06_a_changed_file_is_fetched_anew(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    with FaultyServer(OTHER, [Cut(0.5), Fault(body=BODY)]) as server:
        assert download(remote(server), tmp_path).read_bytes() == BODY
        assert ranges(server) == [None, "bytes=500000-", None]
        assert golden(capsys.readouterr().out, server)[1:] == [
            "file.bin: resumed from 50 % at A",
            "file.bin: what was continued is not the file, fetching all of it once more",
        ]


# Row 7: busy


def test_row_07_two_503_and_then_the_file(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    with FaultyServer(BODY, [Status(503), Status(503)]) as server:
        assert download(remote(server), tmp_path).read_bytes() == BODY
        assert golden(capsys.readouterr().out, server) == [
            "file.bin: A: busy (503 Service Unavailable), trying again in 0.01 s",
            "file.bin: A: busy (503 Service Unavailable), trying again in 0.02 s",
        ]


@pytest.mark.parametrize("form", ["number", "date"])
def test_row_07_retry_after_is_obeyed(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    from email.utils import formatdate

    monkeypatch.setattr(module, "TIMEOUTS", Timeouts(retry_wait=0.01, longest_wait=4.0))
    asked = "1" if form == "number" else formatdate(time.time() + 2, usegmt=True)
    with FaultyServer(BODY, [Status(429, asked)]) as server:
        start = time.monotonic()
        download(remote(server), tmp_path)
        assert 0.5 < time.monotonic() - start < 10
        told = golden(capsys.readouterr().out, server)
    assert told[0].startswith("file.bin: A: busy (429 Too Many Requests), trying again in ")
    assert form == "date" or told[0].endswith(" in 1 s")


def test_row_07_nobody_waits_long(tmp_path: Path) -> None:
    with FaultyServer(BODY, always=Status(429, "3600")) as one, FaultyServer(BODY, always=Status(503)) as two:
        with within(5):
            text = failure(remote(one, two), tmp_path)
        assert len(two.asked) == 4
        assert golden(text, one, two)[1] == (
            "A: busy (429 Too Many Requests), asks to wait 3,600 s; B: busy (503 Service Unavailable)."
        )


@pytest.mark.parametrize(("code", "words"), [(404, "404 Not Found"), (403, "403 Forbidden")])
def test_row_07_other_errors_are_not_tried_again(tmp_path: Path, code: int, words: str) -> None:
    with FaultyServer(BODY, always=Status(code)) as server:
        assert golden(failure(remote(server), tmp_path), server)[1] == f"A: answered {words}."
        assert len(server.asked) == 1


# Row 8: login page


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/gzip"])
@pytest.mark.parametrize("part", [False, True])
def test_row_08_a_login_page_is_no_file(tmp_path: Path, kind: str, part: bool) -> None:
    page = LoginPage(kind)
    with FaultyServer(BODY, [Cut(0.5)] if part else [], always=page) as server:
        text = failure(remote(server), tmp_path)
        cause, first = (
            "A: not the file (got a web page - campus login?).",
            "log in to the network in a browser",
        )
        assert golden(text, server) == not_downloaded(cause, 50 if part else None, first)
    assert files(tmp_path) == (KEPT if part else [])
    assert not part or (tmp_path / KEPT[0]).read_bytes() == BODY[:500_000]


def test_row_08_a_redirect_to_a_login_page(tmp_path: Path) -> None:
    with FaultyServer(BODY, always=LoginPage()) as login, FaultyServer(BODY) as server:
        server.always = Redirect(f"http://{login.host}/login")
        assert "got a web page" in failure(remote(server, size=len(LOGIN_PAGE)), tmp_path)
    assert files(tmp_path) == []


# Row 9: wrong bytes


def test_row_09_wrong_bytes_are_thrown_away(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"before")
    with FaultyServer(OTHER) as server:
        assert golden(failure(remote(server), tmp_path), server) == [
            "file.bin could not be downloaded.",
            f"A: another file than expected ({sha256(BODY)}), found {sha256(OTHER)}.",
            "Next: run this again later. Or use a copy of the file by its path.",
        ]
    assert files(tmp_path) == [NAME]
    assert (tmp_path / NAME).read_bytes() == b"before"


@pytest.mark.parametrize(("other", "words"), [(OTHER[:-1], "999,999"), (OTHER + b"x", "1,000,001")])
def test_row_09_another_size_is_not_even_received(tmp_path: Path, other: bytes, words: str) -> None:
    with FaultyServer(other) as server:
        text = golden(failure(remote(server), tmp_path), server)
    assert text[1] == f"A: another file than expected (1,000,000 bytes), found {words}."


def test_row_09_more_bytes_than_expected_are_not_stored(tmp_path: Path) -> None:
    with FaultyServer(BODY, always=without_size(lambda: itertools.repeat(OTHER))) as server:
        text = golden(failure(remote(server), tmp_path), server)
    assert text[1] == "A: another file than expected (1,000,000 bytes), found more."
    assert files(tmp_path) == []


# Rows 10 and 11: interrupted and killed

DOWNLOAD = """
import os, sys
sys.path.insert(0, sys.argv[1])
from course_utils.system.download import transfer as module
from course_utils.system.download.transfer import DownloadStopped, Timeouts, RemoteFile, download
module.TIMEOUTS = Timeouts(stall=60, retry_wait=0.01)
address, digest, folder = sys.argv[2:5]
try:
    download(RemoteFile("file.bin", (address,), digest, 1_000_000), folder)
except DownloadStopped as stopped:
    print(stopped)
"""


def started(server: FaultyServer, folder: Path, code: str = DOWNLOAD, *more: str) -> subprocess.Popen:
    given = [str(PROJECT), server.address, sha256(server.body), str(folder), *more]
    command = [sys.executable, "-c", code, *given]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def started_and_received(server: FaultyServer, folder: Path, size: int) -> subprocess.Popen:
    """Start a download, and return its process once so many bytes are there."""
    process, part = started(server, folder), folder / KEPT[0]
    wait_until(lambda: part.exists() and part.stat().st_size == size)
    return process


def stopped_at_43(server: FaultyServer, folder: Path, kind: signal.Signals) -> str:
    """Send a signal to a process that has received 43 %. Returns what it printed."""
    process = started_and_received(server, folder, 430_000)
    process.send_signal(kind)
    out, _ = process.communicate(timeout=20)
    return out


def test_row_10_an_interrupt_tells_how_far_it_was(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    with FaultyServer(BODY, [Stall(0.43)]) as server:
        out = stopped_at_43(server, tmp_path, signal.SIGINT)
        assert out == "file.bin: stopped at 43 %, run again to continue\n"
        assert files(tmp_path) == KEPT
        assert download(remote(server), tmp_path).read_bytes() == BODY
        assert golden(capsys.readouterr().out, server) == ["file.bin: resumed from 43 % at A"]
        assert server.sent == len(BODY)


def test_row_10_a_notebook_shows_the_message_alone() -> None:
    pytest.importorskip("IPython")
    stopped = DownloadStopped("file.bin: stopped at 43 %, run again to continue")
    assert isinstance(stopped, KeyboardInterrupt)
    assert stopped._render_traceback_() == ["file.bin: stopped at 43 %, run again to continue"]


def test_row_11_a_killed_download_is_continued(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / NAME).write_bytes(b"former file")
    with FaultyServer(BODY, [Stall(0.43)]) as server:
        stopped_at_43(server, tmp_path, signal.SIGKILL)
        assert files(tmp_path) == [NAME, *KEPT]
        assert (tmp_path / NAME).read_bytes() == b"former file"
        assert download(remote(server), tmp_path).read_bytes() == BODY
        assert golden(capsys.readouterr().out, server) == ["file.bin: resumed from 43 % at A"]
        assert server.sent == len(BODY)


def test_row_11_even_the_last_few_bytes_survive_a_kill(tmp_path: Path) -> None:
    with FaultyServer(BODY, [Stall(0.003)]) as server:
        process = started_and_received(server, tmp_path, 3000)
        process.kill()
        process.communicate(timeout=20)
        assert (tmp_path / KEPT[0]).read_bytes() == BODY[:3000]


def test_row_11_a_complete_part_is_checked_and_not_asked_for(tmp_path: Path) -> None:
    with FaultyServer(BODY, always=Cut(0.5)) as server:
        failure(remote(server), tmp_path)
        (tmp_path / KEPT[0]).write_bytes(BODY)
        server.asked.clear()
        assert download(remote(server), tmp_path).read_bytes() == BODY
        assert server.asked == []
    assert files(tmp_path) == [NAME]


# Row 23: the disk


def test_row_23_too_little_space_is_told_before_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil._ntuple_diskusage(10**9, 10**9, 400_000)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    (tmp_path / NAME).write_bytes(b"before")
    with FaultyServer(BODY) as server:
        told = message_of(download, remote(server), tmp_path)
    assert told.replace(str(tmp_path), "FOLDER").splitlines() == [
        "file.bin needs 1 MB of disk.",
        "400 kB are free at FOLDER.",
        "Next: free some disk, or name another cache folder by the variable COURSE_CACHE.",
    ]
    assert files(tmp_path) == [NAME]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_row_23_a_disk_that_gets_full_keeps_the_former_file(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"before")
    (tmp_path / KEPT[0]).symlink_to("/dev/full")
    with FaultyServer(BODY) as server:
        told = message_of(download, remote(server), tmp_path)
    assert told.replace(str(tmp_path), "FOLDER").splitlines() == [
        "file.bin cannot be written to FOLDER.",
        "The disk is full.",
        "Next: free some space, or name another folder by COURSE_CACHE.",
    ]
    assert (tmp_path / NAME).read_bytes() == b"before"


# Row 24: several notebooks share a cache

SHARED = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from course_utils.system.download import transfer as module
from course_utils.system.download.transfer import Timeouts, RemoteFile, download
module.TIMEOUTS = Timeouts(stall=100)
address, digest, folder, reads, replaces, other, other_digest = sys.argv[2:9]
target = Path(folder) / "file.bin"
known, first, second = {digest, other_digest}, (address, digest), (other, other_digest)
if reads == "0":
    download(RemoteFile("file.bin", (address,), digest), folder)
short = 0
for number in range(int(reads)):
    if replaces and number % 25 == 0:
        for place, wanted in (second, first):
            download(RemoteFile("file.bin", (place,), wanted), folder)
    short += f"sha256:{hashlib.sha256(target.read_bytes()).hexdigest()}" not in known
print("read", reads, "short", short)
"""


def check_shared_cache(folder: Path, processes: int, reads: int) -> None:
    """Let processes fill one cold cache; then let them read while one replaces the file again and again."""
    all_wait = threading.Event()

    def held(request: Request) -> None:
        all_wait.wait(90)
        request.send_file()

    with FaultyServer(BODY[:200_000], [Custom(held)]) as server, FaultyServer(OTHER[:200_000]) as other:
        versions = other.address, sha256(other.body)
        cold = [started(server, folder, SHARED, "0", "", *versions)]
        wait_until(lambda: bool(server.asked), 60)
        cold += [started(server, folder, SHARED, "0", "", *versions) for _ in range(processes - 1)]
        told = [process.stdout.readline() for process in cold[1:]]
        assert told == ["file.bin: another notebook is downloading: waiting\n"] * (processes - 1)
        all_wait.set()
        ended = [process.communicate(timeout=60)[0] for process in cold]
        assert ended == ["read 0 short 0\n"] * processes
        assert len(server.asked) == 1
        assert files(folder) == [NAME]

        each = str(reads // processes)
        readers = [
            started(server, folder, SHARED, each, "" if number else "replaces", *versions)
            for number in range(processes)
        ]
        ended = [process.communicate(timeout=550)[0].splitlines()[-1:] for process in readers]
        assert ended == [[f"read {each} short 0"]] * processes
        assert len(other.asked) == -(-int(each) // 25)
        assert (folder / NAME).read_bytes() == server.body


def test_row_24_four_processes_share_a_cold_cache(tmp_path: Path) -> None:
    check_shared_cache(tmp_path, processes=4, reads=400)


@pytest.mark.full
def test_row_24_eight_processes_and_50_000_reads(tmp_path: Path) -> None:
    check_shared_cache(tmp_path, processes=8, reads=50_000)


def test_row_24_the_lock_of_a_killed_process_is_free(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    with FaultyServer(BODY, [Stall(0.43)]) as server:
        holder = started_and_received(server, tmp_path, 430_000)
        threading.Timer(1.0, lambda: os.kill(holder.pid, signal.SIGKILL)).start()
        assert download(remote(server), tmp_path).read_bytes() == BODY
        holder.communicate(timeout=20)
        assert golden(capsys.readouterr().out, server) == [
            "file.bin: another notebook is downloading: waiting",
            "file.bin: resumed from 43 % at A",
        ]


def test_row_24_waiting_ends_when_the_other_one_receives_nothing(tmp_path: Path) -> None:
    with FaultyServer(BODY, [Stall(0.43)]) as server:
        holder = started_and_received(server, tmp_path, 430_000)
        told = message_of(download, remote(server), tmp_path, patience=0.5)
        holder.kill()
        holder.communicate(timeout=20)
    assert told.splitlines() == [
        "file.bin could not be downloaded.",
        "Another notebook is downloading it, and has received nothing for 0.5 s.",
        "Next: stop the other notebook, then run this again.",
    ]


def test_nothing_is_printed_and_asked_for_what_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    with FaultyServer(BODY) as server:
        for _ in range(2):
            download(remote(server), tmp_path / "new")
        assert len(server.asked) == 1
    assert capsys.readouterr().out == ""
