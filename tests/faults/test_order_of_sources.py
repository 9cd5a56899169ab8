"""Rows 1, 12, 22, 23: no network, no weights, no home, no disk. Messages are compared as a whole."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from messages import message_of
from servers import FaultyServer, Silent, refused_address, within
from sources_places import as_in_a_new_process

from course_utils import weights
from course_utils.cifar10 import load_cifar10
from course_utils.errors import CourseError
from course_utils.pictures.places import drawn
from course_utils.pictures.structure import Pictures
from course_utils.records import read_records
from course_utils.running.parameters import QUICK
from course_utils.running.runner import run_course
from course_utils.system.download import mirrors
from course_utils.system.download.transfer import RemoteFile
from course_utils.system.paths import NAME, PROJECT


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_in_a_new_process(monkeypatch, tmp_path / "cache")


def serve_from(monkeypatch: pytest.MonkeyPatch, hosts: Sequence[str], hub: str) -> None:
    """Let the archive and the parquet copy come from these hosts."""
    addresses = tuple(f"http://{host}/{mirrors.ARCHIVE.name}" for host in hosts)
    monkeypatch.setattr(mirrors, "ARCHIVE", dataclasses.replace(mirrors.ARCHIVE, addresses=addresses))
    tables = [dataclasses.replace(file, addresses=(f"http://{hub}/{file.name}",)) for file in mirrors.PARQUET]
    monkeypatch.setattr(mirrors, "PARQUET", tuple(tables))


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every host refuses: two for the archive, one for the parquet copy."""
    with contextlib.ExitStack() as stack:
        hosts = [stack.enter_context(refused_address()).split("/")[2] for _ in range(3)]
        serve_from(monkeypatch, hosts[:2], hosts[2])
        yield hosts


LONGEST = 30  # drawing, in times of counting: 8 s where counting takes 0.27 s


def processor_seconds(work: Callable[[], object]) -> tuple[object, float]:
    begun = time.process_time()
    return work(), time.process_time() - begun


def count() -> int:
    """A known piece of work, which tells how fast this machine is just now, beside other things."""
    total = 0
    for number in range(10_000_000):
        total += number
    return total


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """How long the decision for the stand-in took, and how long its drawing."""
    draw, measured = drawn.read_drawn, {}
    start = time.monotonic()

    def timed(**given: int | None) -> Pictures:
        measured["decision"] = time.monotonic() - start
        counting = processor_seconds(count)[1]
        pictures, measured["drawing"] = processor_seconds(lambda: draw(**given))
        measured["counting"] = (counting + processor_seconds(count)[1]) / 2
        return pictures

    monkeypatch.setattr(drawn, "read_drawn", timed)
    return measured


# Row 1: no network at all

OFFLINE = """\
*** Offline: using the drawn stand-in (not real CIFAR-10) ***
  cache            does not hold it
  {0}  refused the connection
  {1}  refused the connection
  {2}  refused the connection
  Kaggle           no credentials found
  drawn stand-in   used
A copy of CIFAR-10 can be used by its path: DATA in the lesson, or COURSE_DATA for all of them.
"""


def test_row_01_no_network_is_told_once_with_each_step(
    refused: list[str], seconds: dict[str, float], capsys: pytest.CaptureFixture
) -> None:
    loaded = load_cifar10("auto")
    told = capsys.readouterr().out
    assert told[told.index("***") :] == OFFLINE.format(*refused)
    assert seconds["decision"] < 10
    assert loaded.source == "drawn"
    assert (len(loaded.train_images), len(loaded.test_images)) == (2000, 500)
    assert seconds["drawing"] < LONGEST * seconds["counting"]
    assert "\n".join(f"  {place:<15}  {outcome}" for place, outcome in loaded.steps) in told
    load_cifar10("auto")
    assert "***" not in capsys.readouterr().out


def test_row_01_a_word_does_not_fall_back(refused: list[str]) -> None:
    with pytest.raises(CourseError, match=r"cifar-10-python.tar.gz could not be downloaded"):
        load_cifar10("published")


@pytest.mark.full
@pytest.mark.timeout(300)
def test_row_01_hosts_that_stall_are_left_within_two_minutes(
    monkeypatch: pytest.MonkeyPatch, seconds: dict[str, float], capsys: pytest.CaptureFixture
) -> None:
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(FaultyServer(b"", always=Silent())) for _ in range(5)]
        serve_from(monkeypatch, [server.host for server in servers[:4]], servers[4].host)
        assert load_cifar10("auto").source == "drawn"
    told = capsys.readouterr().out
    print(seconds)
    assert seconds["decision"] < 120
    assert seconds["drawing"] < LONGEST * seconds["counting"]
    assert "no data for 15 s" in told


@pytest.fixture
def no_way_out(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Kernels that this test starts reach nobody: the proxy that they are told to use refuses."""
    with refused_address() as nobody:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            monkeypatch.setenv(name, nobody.rpartition("/")[0])
        monkeypatch.setenv("KAGGLE_CONFIG_DIR", "/nowhere")
        yield


@pytest.mark.full
@pytest.mark.timeout(900)
def test_rows_01_and_12_lessons_run_to_the_last_cell_and_say_what_they_used(
    no_way_out: None, tmp_path: Path
) -> None:
    given = {"PROFILE": "offline", "DATA": "auto", "WEIGHTS": "imagenet", "OVERRIDES": QUICK}
    run_course(["01", "03"], given, tmp_path / "out")
    records = read_records(tmp_path / "out" / "records")
    assert set(records["data"]) == {"drawn"}
    assert set(records["weights"]) == {"none", "bundled"}
    lesson = (tmp_path / "out" / "03_frozen_mobilenetv2.ipynb").read_text(encoding="utf-8")
    assert lesson.count("*** ImageNet weights of MobileNetV2 cannot be had") == 1
    assert lesson.count("*** Offline: using the drawn stand-in") == 1
    assert "Drawn stand-in, not CIFAR-10 photographs; Bundled weights, not ImageNet's" in lesson


# Row 12: no host has the weights

NO_WEIGHTS = """\
*** ImageNet weights of MobileNetV2 cannot be had: using the bundled ones, which are weaker ***
Why: {0}: refused the connection; {1}: refused the connection.
The lesson goes on, and its records say "bundled", not "imagenet".
Next: for ImageNet's, run again with network, or with COURSE_MIRROR or a folder of make fetch.
"""


def test_row_12_without_imagenet_weights_the_bundled_ones_are_used_and_named(
    refused: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    file = mirrors.WEIGHTS["MobileNetV2"]
    addresses = tuple(f"http://{host}/{file.name}" for host in refused[:2])
    monkeypatch.setitem(mirrors.WEIGHTS, "MobileNetV2", dataclasses.replace(file, addresses=addresses))
    with within(10):
        path = weights.weights_path("MobileNetV2", source="imagenet")
    told = capsys.readouterr().out
    assert told[told.index("***") :] == NO_WEIGHTS.format(*refused)
    assert path == weights.weights_path("MobileNetV2", source="bundled")
    assert weights.weights_label(path) == "bundled"


# Row 22: a home that is missing or cannot be written to


def in_a_process(code: str, **variables: str) -> str:
    """Run code without COURSE_CACHE, and return what it printed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COURSE_", "XDG_"))}
    environment = kept | {"PYTHONPATH": os.pathsep.join([str(PROJECT), *sys.path])} | variables
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


LOAD = """
from course_utils.system import paths
paths.PROJECT = paths.Path({project!r})
from course_utils.cifar10 import load_cifar10
for _ in range(2):
    load_cifar10("drawn", limit_per_class=2)
print(paths.cache_folder())
"""


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A small file system in memory, where the tests may mount one."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"needs the right to mount a small file system: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


INSTEAD = """\
The cache folder {usual} cannot be used: {reason}.
Downloads and prepared files are kept in {instead} instead.
Next: nothing; or name a folder of your own by the variable COURSE_CACHE.
"""


@pytest.mark.parametrize("writable_project", [True, False])
@pytest.mark.parametrize("home", ["missing", "read-only"])
def test_row_22_without_a_home_it_tells_once_where_it_writes(
    tmp_path: Path, home: str, writable_project: bool
) -> None:
    project, temporary = tmp_path / "project", tmp_path / "temporary"
    temporary.mkdir()
    temporary.chmod(0o1777)
    if writable_project:
        project.mkdir()
    else:
        project.write_text("not a folder")
    folder = tmp_path / "home"
    with contextlib.ExitStack() as stack:
        if home == "read-only":
            stack.enter_context(mounted(folder, "ro,size=1m"))
        told = in_a_process(LOAD.format(project=str(project)), HOME=str(folder), TMPDIR=str(temporary))
    reason = "Read-only file system" if home == "read-only" else f"the home folder {folder} does not exist"
    instead = project / "build" / "cache" if writable_project else temporary / f"{NAME}-{os.geteuid()}"
    usual = folder / ".cache" / NAME
    assert told == INSTEAD.format(usual=usual, reason=reason, instead=instead) + f"{instead}\n"
    assert instead.stat().st_mode & 0o777 == 0o700
    assert home == "read-only" or not folder.exists()
    assert not (temporary / ".keras").exists()


# Row 23: too little disk

FREE_SOME = "Next: free some disk, or name another cache folder by the variable COURSE_CACHE."


def test_row_23_pictures_are_loaded_though_the_disk_is_too_full_to_keep_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("course_utils.pictures.array_cache.WORTH_KEEPING_SECONDS", 0)
    with mounted(tmp_path / "small", "size=1m,mode=755") as small:
        monkeypatch.setenv("COURSE_CACHE", str(small))
        with pytest.warns(UserWarning, match="could not be kept") as told:
            loaded = load_cifar10("drawn", limit_per_class=20)
        assert len(loaded.train_images) == 200
        assert str(told[0].message) == (
            "The decoded pictures could not be kept: Keeping the decoded pictures needs 2 MB of disk. "
            f"1 MB are free at {small / 'arrays'}. They will be read again next time."
        )
        assert list((small / "arrays").iterdir()) == []


def test_row_23_a_fetch_that_does_not_fit_is_not_begun(
    refused: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tools import fetch

    large = RemoteFile("a", (), f"md5:{0:032}", 5_000_000)
    monkeypatch.setattr(fetch, "needed", lambda: [large, mirrors.ARCHIVE])
    with mounted(tmp_path / "small", "size=2m,mode=755") as small:
        assert message_of(fetch.fetch, small) == (
            f"Fetching the files of the class needs 175 MB of disk.\n2 MB are free at {small}.\n{FREE_SOME}"
        )
        assert list(small.iterdir()) == []
