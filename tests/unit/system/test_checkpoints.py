"""Checkpoints by themselves; all damaged, and a Drive that is gone: tests/faults/test_training.py."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from course_utils.system import checkpoints
from course_utils.system.checkpoints import Checkpoints

ARRAYS = {"weights 0": np.arange(6.0).reshape(2, 3), "seed 0": np.array([1, 2], "uint32")}
GOING_ON = "The latest checkpoint is damaged; going on from the one before it.\n"


def save(folder: Path, *epochs: int) -> None:
    for epoch in epochs:
        Checkpoints(folder).save(ARRAYS, {"epoch": epoch})


def epoch_of(folder: Path) -> int | None:
    found = Checkpoints(folder).load()
    return found and found[1]["epoch"]


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.npz"))


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    save(tmp_path, 1)
    arrays, facts = Checkpoints(tmp_path).load()
    assert facts == {"epoch": 1}
    assert all(np.array_equal(arrays[name], value) for name, value in ARRAYS.items())
    assert {name: value.dtype for name, value in arrays.items()} == {n: v.dtype for n, v in ARRAYS.items()}


def test_the_last_two_stay(tmp_path: Path) -> None:
    save(tmp_path, 1, 2, 3)
    assert len(files(tmp_path)) == 2
    assert epoch_of(tmp_path) == 3


def test_numbers_are_compared_as_numbers(tmp_path: Path) -> None:
    save(tmp_path, *range(1, 12))
    assert epoch_of(tmp_path) == 11


@pytest.mark.parametrize("damage", ["truncated", "empty", "one bit", "no npz"])
def test_damaged_latest(tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: str) -> None:
    save(tmp_path, 1, 2)
    latest = files(tmp_path)[-1]
    content = latest.read_bytes()
    flipped = content[:500] + bytes([content[500] ^ 1]) + content[501:]
    latest.write_bytes({"truncated": content[:-9], "one bit": flipped, "no npz": b"<html>"}.get(damage, b""))
    assert epoch_of(tmp_path) == 1
    assert capsys.readouterr().out == GOING_ON
    assert (tmp_path / "damaged" / latest.name).exists()
    assert epoch_of(tmp_path) == 1
    assert capsys.readouterr().out == ""  # told once


def test_missing_facts_are_damage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(tmp_path, 1)
    checkpoints._write(tmp_path, 2, ARRAYS)
    assert epoch_of(tmp_path) == 1
    assert capsys.readouterr().out == GOING_ON


def test_pickles_are_not_loaded(tmp_path: Path) -> None:
    checkpoints._write(tmp_path, 2, {"facts": np.array("{}"), "evil": np.array([{}], dtype=object)})
    assert epoch_of(tmp_path) is None


def test_a_write_that_was_killed_leaves_what_was_there(tmp_path: Path) -> None:
    save(tmp_path, 1)
    (tmp_path / ".00000002-77.part").write_bytes(b"half")
    assert epoch_of(tmp_path) == 1
    save(tmp_path, 2)
    assert not list(tmp_path.glob(".*.part"))


def test_full_disk_is_told_once_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    kept = Checkpoints(tmp_path)
    kept.save(ARRAYS, {"epoch": 1})
    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", full)
        kept.save(ARRAYS, {"epoch": 2})
        kept.save(ARRAYS, {"epoch": 3})
    assert capsys.readouterr().out == (
        f"A checkpoint could not be written to {tmp_path}: the disk is full.\n"
        "The training goes on, and the next checkpoint is tried again.\n"
    )
    assert epoch_of(tmp_path) == 1
    assert not list(tmp_path.glob(".*.part"))
    kept.save(ARRAYS, {"epoch": 4})
    assert epoch_of(tmp_path) == 4


@pytest.fixture
def drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(checkpoints, "DRIVE", tmp_path / "drive")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "drive" / "MyDrive" / "cnn"


def test_a_folder_on_a_drive_gets_copies(drive: Path, tmp_path: Path) -> None:
    save(drive, 1, 2, 3)
    assert len(files(drive)) == 2
    shutil.rmtree(tmp_path / "cache")  # another session, on another machine
    assert epoch_of(drive) == 3


def test_a_copy_of_0_bytes_is_no_copy(
    drive: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "copyfile", lambda _, target: Path(target).touch())
    save(drive, 1)
    assert "0 of " in capsys.readouterr().out
    assert files(drive) == []
    assert epoch_of(drive) == 1


def test_a_mount_that_fails_to_be_listed_is_passed_over(drive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(drive, 1)

    def scandir(path: object = ".") -> object:
        if str(path).startswith(str(drive)):
            raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")
        return real(path)

    real = os.scandir
    monkeypatch.setattr(os, "scandir", scandir)
    assert epoch_of(drive) == 1


def test_clear(drive: Path) -> None:
    save(drive, 1)
    Checkpoints(drive).clear()
    assert epoch_of(drive) is None
