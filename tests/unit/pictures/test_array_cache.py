from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from sources_files import small_pictures

from course_utils.pictures import array_cache
from course_utils.pictures.array_cache import cached, file_facts
from course_utils.pictures.structure import Pictures
from course_utils.system.paths import PROJECT

PICTURES = small_pictures().with_notes("a note")


class _Reader:
    """Counts how often it had to read."""

    def __init__(self, pictures: Pictures = PICTURES):
        self.pictures, self.count = pictures, 0

    def __call__(self) -> Pictures:
        self.count += 1
        return self.pictures


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    monkeypatch.setattr(array_cache, "WORTH_KEEPING_SECONDS", 0)
    return tmp_path / "arrays"


def test_the_second_time_nothing_is_read(cache: Path) -> None:
    read = _Reader()
    for _ in range(2):
        pictures = cached("a", ["fact"], read)
        assert np.array_equal(pictures.train_images, PICTURES.train_images)
        assert np.array_equal(pictures.test_labels, PICTURES.test_labels)
        assert pictures.notes == ("a note",)
        assert type(pictures.train_images) is np.ndarray
    assert read.count == 1


def test_a_missing_test_part_stays_missing() -> None:
    train_only = Pictures(PICTURES.train_images, PICTURES.train_labels)
    for _ in range(2):
        assert cached("a", [], _Reader(train_only)).test_images is None


def test_another_fact_is_read_again_and_replaces_the_old(cache: Path) -> None:
    read = _Reader()
    cached("a", ["then"], read)
    cached("b", ["then"], read)
    cached("a", ["now"], read)
    assert read.count == 3
    assert sorted(entry.name[:2] for entry in cache.iterdir()) == ["a-", "b-"]


def test_changed_code_of_any_source_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources, read = tmp_path / "sources", _Reader()
    cached("a", [], read)
    shutil.copytree(Path(array_cache.__file__).parent, sources)
    monkeypatch.setattr(array_cache, "__file__", str(sources / "array_cache.py"))
    cached("a", [], read)
    assert read.count == 1  # a copy at another place is the same code
    for file in ("formats/batches.py", "places/kaggle.py", "stand_in/draw.py"):
        (sources / file).write_text("changed")
        count = read.count
        for _ in range(2):
            cached("a", [], read)
        assert read.count == count + 1, file


def test_quick_reading_is_not_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(array_cache, "WORTH_KEEPING_SECONDS", 1)
    cached("a", [], _Reader())
    assert not cache.exists()


@pytest.mark.parametrize("damage", ["train_images.npy", "test_images.npy", "content.json"])
@pytest.mark.parametrize("cut", [None, 0, 50, 2000])
def test_a_damaged_entry_is_read_again(cache: Path, damage: str, cut: int | None) -> None:
    read = _Reader()
    cached("a", [], read)
    file = next(cache.iterdir()) / damage
    if cut is None:
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[: min(cut, file.stat().st_size - 1)])
    assert np.array_equal(cached("a", [], read).test_images, PICTURES.test_images)
    assert read.count == 2
    cached("a", [], read)
    assert read.count == 2


def test_an_interrupted_save_leaves_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        cached("a", [], _Reader())
    assert list(cache.iterdir()) == []


def test_a_full_disk_does_not_stop_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.warns(UserWarning, match="No space left"):
        assert cached("a", [], _Reader()).notes == ("a note",)


def test_an_entry_that_another_process_just_made_is_taken(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached("a", [], _Reader())
    entry = next(cache.iterdir())
    copy = cache / "copy"
    shutil.copytree(entry, copy)
    shutil.rmtree(entry)
    replace = os.replace

    def late(unfinished: Path, final: Path) -> None:
        replace(copy, final)  # the other process was faster
        replace(unfinished, final)

    monkeypatch.setattr(os, "replace", late)
    assert np.array_equal(cached("a", [], _Reader()).train_images, PICTURES.train_images)
    assert [made.name for made in cache.iterdir()] == [entry.name]


def test_facts_of_a_file_tell_size_and_time(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("one")
    before = file_facts(file)
    os.utime(file, ns=(5, 5))
    changed_time = file_facts(file)
    file.write_text("more")
    os.utime(file, ns=(5, 5))
    assert len({before, changed_time, file_facts(file)}) == 3


# Several processes


READER = """
import os, sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
from sources_files import small_pictures
from course_utils.pictures import array_cache

array_cache.WORTH_KEEPING_SECONDS = 0

def read():
    (Path({log!r}) / str(os.getpid())).touch()
    time.sleep({seconds})
    return small_pictures()

pictures = array_cache.cached("a", ["fact"], read)
print(len(pictures.train_images), int(pictures.train_images.sum()))
"""


def start(log: Path, seconds: float) -> subprocess.Popen:
    code = READER.format(tests=str(Path(__file__).parents[1]), log=str(log), seconds=seconds)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(PROJECT), *sys.path])}
    return subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)


def test_row_24_eight_processes_read_once(cache: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.mkdir()
    processes = [start(log, 2.0) for _ in range(8)]
    printed = [process.communicate(timeout=60)[0].splitlines() for process in processes]
    assert [process.returncode for process in processes] == [0] * 8
    assert {lines[-1] for lines in printed} == {f"60 {int(PICTURES.train_images.sum())}"}
    assert len(list(log.iterdir())) == 1
    waited = [lines[:-1] for lines in printed if len(lines) > 1]
    assert waited
    assert all(lines == ["Another notebook is reading the same pictures: waiting."] for lines in waited)
    assert len(list(cache.iterdir())) == 1


def test_a_reader_that_was_killed_holds_nobody_up(cache: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.mkdir()
    killed = start(log, 60.0)
    end = time.monotonic() + 30
    while not list(log.iterdir()) and time.monotonic() < end:
        time.sleep(0.02)
    (cache / ".unfinished-a-left").mkdir(parents=True)
    (cache / ".unfinished-b-of-a-running-process").mkdir()
    killed.kill()
    killed.wait()
    begun = time.monotonic()
    assert np.array_equal(cached("a", ["fact"], _Reader()).train_images, PICTURES.train_images)
    assert time.monotonic() - begun < 5
    names = [entry.name for entry in cache.iterdir()]
    assert ".unfinished-a-left" not in names
    assert ".unfinished-b-of-a-running-process" in names
    killed.stdout.close()


def test_without_locks_each_process_reads_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object, **__: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr("filelock.FileLock.acquire", none)
    read = _Reader()
    for _ in range(2):
        assert cached("a", [], read).notes == ("a note",)
    assert read.count == 1


def test_a_second_load_of_many_pictures_is_quick_and_maps_them() -> None:
    images = np.zeros((60_000, 32, 32, 3), np.uint8)
    many = Pictures(images, np.zeros(60_000, np.int64))
    cached("many", [], _Reader(many))
    start_seconds = time.process_time()  # the machine may be busy with other things
    again = cached("many", [], _Reader())
    assert time.process_time() - start_seconds < 0.5
    assert isinstance(again.train_images.base, np.memmap)
