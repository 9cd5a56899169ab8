"""Rows 13–21 of the faults: hostile, damaged and odd files. Whole messages are compared."""

from __future__ import annotations

import contextlib
import functools
import gzip
import io
import json
import os
import pickle
import re
import shutil
import stat
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import messages
import numpy as np
import pytest
from PIL import Image
from sources_files import (
    Evil,
    batches,
    encoded,
    png_of,
    small_pictures,
    table_rows,
    write_archive,
    write_batches,
    write_folder,
    write_kaggle,
    write_npz,
    write_parquet,
    write_table,
)

from course_utils.errors import CourseError
from course_utils.pictures.by_path import read_path
from course_utils.pictures.formats.batches import read_batches_archive, read_batches_folder
from course_utils.pictures.formats.class_folders import read_folder
from course_utils.pictures.formats.kaggle_files import read_kaggle
from course_utils.pictures.formats.npz import read_npz
from course_utils.pictures.formats.picture_files import Unreadable, decode
from course_utils.pictures.structure import Pictures
from course_utils.system.paths import PROJECT

PICTURES = small_pictures()
X, Y = PICTURES.train_images, PICTURES.train_labels
BATCHES = batches(PICTURES)
ROWS, LABELS = BATCHES["data_batch_2"]["data"], BATCHES["data_batch_2"]["labels"]
FILES = "data_batch_1, data_batch_2, data_batch_3, data_batch_4, data_batch_5, test_batch, batches.meta"
CLASSES = "airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck"
LARGE = 300_000_000
REFUSED = (
    "CIFAR-10's archives hold plain files in one folder. Nothing was unpacked.\n"
    "Next: download it again, from a place that you trust."
)
TOO_LARGE = "the limit is 268 MB.\nNext: check that this is the right file."
AS_PUBLISHED = "Next: use the files of CIFAR-10 as they were published."
FOLDER, BATCHES_FOLDER, ARCHIVE, NPZ, KAGGLE = "folder", "batches_folder", "batches_archive", "npz", "kaggle"
# A child reads one file and tells what it cost: processor time, because the machine may do other work too.
CHILD = """
import json, pathlib, sys, time
from course_utils.errors import CourseError
from course_utils.pictures.formats import batches, class_folders, kaggle_files, npz, seven_zip

def peak():
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1000

kind, path = sys.argv[1:]
modules = {"kaggle": kaggle_files, "npz": npz, "folder": class_folders}
read = getattr(modules.get(kind, batches), f"read_{kind}")
before, start = peak(), time.process_time()
try:
    read(pathlib.Path(path))
    message = "read without a complaint"
except CourseError as error:
    message = str(error)
print(json.dumps([message, time.process_time() - start, peak() - before]))
"""


def message_of(reader: Callable, path: Path, place: Path | None = None) -> str:
    """The whole message, with the place of the files replaced."""
    return messages.message_of(reader, path).replace(str(place or path), "<path>")


def quick_message_of(kind: str, path: Path, most_megabytes: float = 100) -> str:
    """The message of a reader in a process of its own, which takes little time and additional memory."""
    if not Path("/proc/self/status").exists():
        pytest.skip("memory is measured on Linux only")
    command = [sys.executable, "-c", CHILD, kind, str(path)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    message, seconds, megabytes = json.loads(done.stdout.splitlines()[-1])
    assert seconds < 2
    assert megabytes < most_megabytes
    return message.replace(str(path), "<path>")


def below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def tar_member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.size = kind, target, 4 * (kind == tarfile.REGTYPE)
    return member


def seven_zip_with(path: Path, name: str, mode: int = stat.S_IFREG) -> Path:
    """Kaggle's pictures as .7z, and one more member whose name and mode py7zr itself would not write."""
    write_kaggle(path.parent, PICTURES, packed=True)
    archive = pytest.importorskip("py7zr").SevenZipFile(path, "a")
    archive.writestr(b"/etc/passwd", "placeholder")
    member = archive.header.files_info.files[-1]
    member["filename"], member["attributes"] = name, 0x8000 | (mode | 0o644) << 16
    archive.close()
    return path


# Row 13: members that lead out of the target.

TAR_MEMBERS = {
    "above": (tar_member("../evil"), "../evil lies outside its folder"),
    "absolute": (tar_member("/tmp/evil"), "/tmp/evil lies outside its folder"),
    "above, hidden": (
        tar_member("cifar-10-batches-py/../../evil"),
        "<name>/../../evil lies outside its folder",
    ),
    "drive": (tar_member("C:\\evil"), "C:\\evil lies outside its folder"),
    "backslashes": (tar_member("..\\evil"), "..\\evil lies outside its folder"),
    "lines": (tar_member("a\n\n\n\n\x1b[31m/../b"), "a\\n\\n\\n\\n\\x1b[31m/../b lies outside its folder"),
    "symlink": (tar_member("evil", tarfile.SYMTYPE, "/etc/passwd"), "evil is a symbolic link"),
    "symlink up": (tar_member("evil", tarfile.SYMTYPE, "../.."), "evil is a symbolic link"),
    "hard link": (tar_member("evil", tarfile.LNKTYPE, "/etc/passwd"), "evil is a hard link"),
    "device": (tar_member("evil", tarfile.CHRTYPE), "evil is neither a file nor a folder"),
    "block device": (tar_member("evil", tarfile.BLKTYPE), "evil is neither a file nor a folder"),
    "pipe": (tar_member("evil", tarfile.FIFOTYPE), "evil is neither a file nor a folder"),
}


@pytest.mark.parametrize("case", TAR_MEMBERS)
def test_row_13_tar_members_that_lead_elsewhere(tmp_path: Path, case: str) -> None:
    member, why = TAR_MEMBERS[case]
    (tmp_path / "target").mkdir()
    path = write_archive(tmp_path / "target" / "c.tar.gz", BATCHES, member)
    why = why.replace("<name>", "cifar-10-batches-py")
    assert message_of(read_batches_archive, path) == f"Archive c.tar.gz refused: member {why}.\n{REFUSED}"
    assert below(tmp_path) == ["target", "target/c.tar.gz"]


SEVEN_ZIP_MEMBERS = {
    "above": ("../evil", stat.S_IFREG, "../evil lies outside its folder"),
    "above, hidden": ("train/../../evil", stat.S_IFREG, "train/../../evil lies outside its folder"),
    "absolute": ("/tmp/evil", stat.S_IFREG, "/tmp/evil lies outside its folder"),
    "drive": ("C:\\evil", stat.S_IFREG, "C:/evil lies outside its folder"),
    "symlink": ("train/61.png", stat.S_IFLNK, "train/61.png is a symbolic link"),
    "device": ("train/61.png", stat.S_IFCHR, "train/61.png is neither a file nor a folder"),
    "pipe": ("train/61.png", stat.S_IFIFO, "train/61.png is neither a file nor a folder"),
}


@pytest.mark.parametrize("case", SEVEN_ZIP_MEMBERS)
def test_row_13_7z_members_that_lead_elsewhere(tmp_path: Path, case: str) -> None:
    name, mode, why = SEVEN_ZIP_MEMBERS[case]
    seven_zip_with(tmp_path / "target" / "train.7z", name, mode)
    assert message_of(read_kaggle, tmp_path / "target") == (
        f"Archive train.7z refused: member {why}.\n{REFUSED}"
    )
    assert below(tmp_path) == ["target", "target/train.7z", "target/trainLabels.csv"]


# Row 14: bombs.


def tar_header(name: str, size: int, kind: bytes) -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.type = size, kind
    return member.tobuf(tarfile.GNU_FORMAT)


def gzipped(path: Path, *parts: bytes, zeros: int = 0) -> Path:
    """A .gz file of the parts and of zeros: what is compressed one after another is read as one."""
    ten_million = gzip.compress(bytes(10_000_000))
    path.write_bytes(gzip.compress(b"".join(parts)) + ten_million * (zeros // 10_000_000))
    return path


DIGITS = b"1" * 44_032
HEADER_REFUSED = (
    "{name} refused: a header in it is too large.\n"
    "Reading it needs more than {limit} bytes, which CIFAR-10's never does.\n"
    "Next: check that this is the right file."
)
OF_NO_KIND = (
    "<path> is of no kind that the course reads.\n"
    "Expected class folders, python batches (folder or .tar.gz), Kaggle's files (train.7z, trainLabels.csv) "
    "or .npz.\nNext: give one of these."
)
TAR_HEADER_REFUSED = HEADER_REFUSED.format(name="c.tar.gz", limit="4,096")
TAR_BOMBS: dict[str, tuple[list[bytes], int, str]] = {
    "a large member that is not wanted": (
        [tar_header("readme.html", LARGE, b"0")],
        LARGE,
        f"c.tar.gz is too large for CIFAR-10.\nIt would unpack to 300 MB or more; {TOO_LARGE}",
    ),
    "zeros behind the end": (
        [],
        LARGE,
        "Archive c.tar.gz refused: there is something behind its last member.\n"
        "Expected nothing, or at most 1 MB of zeros.\nNext: check that this is the right file.",
    ),
    "a large header": ([tar_header("x", LARGE, b"x")], LARGE, TAR_HEADER_REFUSED),
    "a large name": ([tar_header("x", LARGE, b"L")], LARGE, TAR_HEADER_REFUSED),
    "a header that takes n² steps": (
        [tar_header("x", len(DIGITS), b"x"), DIGITS, tar_header("a", 0, b"0")],
        0,
        TAR_HEADER_REFUSED,
    ),
    "many headers": (
        [tar_header("a", 0, b"0") * 100_000],
        0,
        HEADER_REFUSED.format(name="c.tar.gz", limit="131,072"),
    ),
    "headers of headers": (
        [(tar_header("x", 1, b"L") + b"a" + bytes(511)) * 3000],
        0,
        HEADER_REFUSED.format(name="c.tar.gz", limit="131,072"),
    ),
}


@pytest.mark.parametrize("case", TAR_BOMBS)
def test_row_14_tar_bombs(tmp_path: Path, case: str) -> None:
    parts, zeros, expected = TAR_BOMBS[case]
    path = gzipped(tmp_path / "c.tar.gz", *parts, zeros=zeros)
    assert quick_message_of(ARCHIVE, path) == expected
    assert below(tmp_path) == ["c.tar.gz"]


def test_row_14_sizes_that_lie(tmp_path: Path) -> None:
    for size, expected in (
        ("-512", f"Archive c.tar.gz refused: member a is neither a file nor a folder.\n{REFUSED}"),
        (
            "9" * 30,
            f"c.tar.gz is too large for CIFAR-10.\nIt would unpack to 1,000,000 MB or more; {TOO_LARGE}",
        ),
    ):
        record = f" size={size}\n"
        record = f"{len(record) + 2}{record}"
        header = tar_header("x", len(record), b"x") + record.encode().ljust(512, b"\0")
        path = gzipped(tmp_path / "c.tar.gz", header, tar_header("a", 0, b"0"), bytes(1024))
        assert message_of(read_batches_archive, path) == expected


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", ["a", "a.npz", "a.tar.gz"])
def test_row_14_a_pipe_is_not_waited_for(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    assert message_of(read_path, tmp_path / name) == OF_NO_KIND


@pytest.mark.full
def test_row_14_44_kb_that_unpack_to_300_mb(tmp_path: Path) -> None:
    py7zr = pytest.importorskip("py7zr")
    write_table(tmp_path, table_rows(PICTURES))
    with py7zr.SevenZipFile(tmp_path / "train.7z", "w") as archive:
        archive.writestr(bytes(LARGE), "train/1.png")
    assert (tmp_path / "train.7z").stat().st_size < 45_000
    assert quick_message_of(KAGGLE, tmp_path) == (
        f"train.7z is too large for CIFAR-10.\nIt would unpack to 300 MB or more; {TOO_LARGE}"
    )
    assert below(tmp_path) == ["train.7z", "trainLabels.csv"]


def seven_zip_with_header(path: Path, header: bytes) -> None:
    """An archive whose packed list of members is what is given."""
    py7zr = pytest.importorskip("py7zr")
    from py7zr import archiveinfo

    write = archiveinfo.Header.write

    def write_ours(self: object, file: object, after: int, encoded: bool = True, *_: object, **__: object):
        if encoded:
            return write(self, file, after, encoded)
        file.write(header)
        return 0, len(header), zlib.crc32(header)

    with pytest.MonkeyPatch.context() as patch, py7zr.SevenZipFile(path, "w") as archive:
        patch.setattr(archiveinfo.Header, "write", write_ours)
        archive.writestr(b"x", "a")


def number_7z(value: int) -> bytes:
    """A number as .7z writes it, in nine bytes."""
    return b"\xff" + struct.pack("<Q", value)


def endless_names(members: int, times: int) -> bytes:
    """A list of members that is sent back to the same names again and again."""
    header = b"\x01\x05" + number_7z(members) + b"\x19" + number_7z(2 * members)
    names = len(header)
    again = b"\x11" + number_7z(10) + b"\x01" + number_7z(names)
    return header + bytes(2 * members) + again * times + b"\0\0"


SEVEN_ZIP_HEADERS = {
    "300 MB": (lambda: b"\x01\x05" + bytes(LARGE), "decoded header size exceeds limit 16777216"),
    "millions of members": (
        lambda: b"\x01\x05" + number_7z(8_000_000) + bytes(12_000_000),
        "numfiles value 8000000 exceeds limit 131072",
    ),
    "n² steps": (lambda: endless_names(20_000, 3_000), "more than 131,072 members"),
}


@pytest.mark.parametrize(
    "case", [pytest.param("300 MB", marks=pytest.mark.full), "millions of members", "n² steps"]
)
def test_row_14_7z_headers(tmp_path: Path, case: str) -> None:
    make, why = SEVEN_ZIP_HEADERS[case]
    write_table(tmp_path, table_rows(PICTURES))
    seven_zip_with_header(tmp_path / "train.7z", make())
    assert (tmp_path / "train.7z").stat().st_size < 50_000
    assert quick_message_of(KAGGLE, tmp_path) == (
        "<path>/train.7z cannot be unpacked.\n"
        f"It is damaged, cut off, or no 7z archive ({why}, at its list of members).\n"
        "Next: download train.7z again."
    )


def npy_header(shape: tuple[int, ...], kind: str = "|u1") -> bytes:
    buffer = io.BytesIO()
    described = {"descr": kind, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, described)
    return buffer.getvalue()


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def zip_with(path: Path, members: dict[str, list[bytes]], *, kind: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", kind, compresslevel=1) as archive:
        for name, parts in members.items():
            with archive.open(name, "w", force_zip64=True) as file:
                for part in parts:
                    file.write(part)
    return path


ZEROS = [bytes(1_000_000)] * 300
NPZ_DAMAGED = "a.npz cannot be read as a .npz file.\nIt is damaged or not complete ({why}).\n"
NPZ_BOMBS = {
    "100,000 pictures": (
        {"x_train.npy": [npy_header((100_000, 32, 32, 3)), *ZEROS, bytes(7_200_000)]},
        "x_train of a.npz is too large for CIFAR-10.\nIt would unpack to 307 MB or more; " + TOO_LARGE,
    ),
    "a shape that lies": (
        {"x_train.npy": [npy_header((10**15, 32, 32, 3))]},
        "x_train of a.npz is too large for CIFAR-10.\nIt would unpack to 1,000,000 MB or more; " + TOO_LARGE,
    ),
    "more numbers than the shape says": (
        {"x_train.npy": [npy(X), *ZEROS]},
        NPZ_DAMAGED.format(why="x_train.npy has 300,184,448 bytes, which does not fit its header")
        + "Next: make or copy the file again.",
    ),
    "a large header": (
        {"x_train.npy": [b"\x93NUMPY\x02\x00" + struct.pack("<I", LARGE), *ZEROS]},
        HEADER_REFUSED.format(name="x_train of a.npz", limit="65,536"),
    ),
    "many members": (
        {f"{number:060}.npy": [] for number in range(15_000)},
        HEADER_REFUSED.format(name="a.npz", limit="1,048,576"),
    ),
}


@pytest.mark.parametrize("case", NPZ_BOMBS)
def test_row_14_npz_bombs(tmp_path: Path, case: str) -> None:
    members, expected = NPZ_BOMBS[case]
    path = zip_with(tmp_path / "a.npz", members | {"y_train.npy": [npy(Y)]})
    assert quick_message_of(NPZ, path) == expected


def test_row_14_an_array_that_is_not_wanted_is_not_unpacked(tmp_path: Path) -> None:
    path = zip_with(tmp_path / "a.npz", {"x_train.npy": [npy(X)], "y_train.npy": [npy(Y)], "bomb.npy": ZEROS})
    assert read_npz(path).notes == ("not read: bomb",)
    assert quick_message_of(NPZ, path) == "read without a complaint"


# Row 15: check sums.


def test_row_15_7z_names_the_member_whose_check_sum_is_wrong(tmp_path: Path) -> None:
    write_kaggle(tmp_path, PICTURES, packed=True, compressed=False)
    raw = bytearray((tmp_path / "train.7z").read_bytes())
    at = raw.index(encoded(X[29])) + 1000
    raw[at] ^= 1
    (tmp_path / "train.7z").write_bytes(raw)
    assert message_of(read_kaggle, tmp_path) == (
        "<path>/train.7z cannot be unpacked.\n"
        "The check sum of train/30.png in it is wrong.\n"
        "Next: download train.7z again."
    )
    assert below(tmp_path) == ["train.7z", "trainLabels.csv"]


def test_row_15_7z_names_the_member_where_it_is_damaged(tmp_path: Path) -> None:
    write_kaggle(tmp_path, PICTURES, packed=True)
    raw = bytearray((tmp_path / "train.7z").read_bytes())
    raw[len(raw) // 2 : len(raw) // 2 + 50] = bytes(50)
    (tmp_path / "train.7z").write_bytes(raw)
    message = re.sub(r"train/\d+\.png", "<member>", message_of(read_kaggle, tmp_path))
    assert message in (
        "<path>/train.7z cannot be unpacked.\n"
        "It is damaged, cut off, or no 7z archive (Corrupt input data, at <member>).\n"
        "Next: download train.7z again.",
        "<path>/train.7z cannot be unpacked.\n"
        "The check sum of <member> in it is wrong.\n"
        "Next: download train.7z again.",
    )


def test_row_15_tar_gz_with_one_other_pixel(tmp_path: Path) -> None:
    """The members are whole and plausible: only the check sum at the end of the file tells."""
    path = tmp_path / "c.tar.gz"
    write_archive(path, BATCHES)
    plain = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(plain, compresslevel=0))
    raw = bytearray(path.read_bytes())
    raw[raw.index(BATCHES["data_batch_3"]["data"].tobytes()[:100]) + 50] ^= 1
    path.write_bytes(raw)
    message = re.sub(r"0x[0-9a-f]+", "<sum>", message_of(read_batches_archive, path))
    assert message == (
        "<path> cannot be read to its end.\n"
        "The archive is damaged or was cut off, at its end (CRC check failed <sum> != <sum>).\n"
        "Next: copy or download it again."
    )


def test_row_15_tar_gz_names_the_member_where_it_ends(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "c.tar.gz", BATCHES)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    message = re.sub(r"data_batch_\d", "<member>", message_of(read_batches_archive, path))
    assert message == (
        "<path> cannot be read to its end.\n"
        "The archive is damaged or was cut off, at cifar-10-batches-py/<member> "
        "(Compressed file ended before the end-of-stream marker was reached).\n"
        "Next: copy or download it again."
    )
    assert below(tmp_path) == ["c.tar.gz"]


CUT: dict[str, tuple[Callable[[Path], Path], Callable[[Path], object], str]] = {
    "tar.gz": (lambda path: write_archive(path / "a.tar.gz", BATCHES), read_batches_archive, "cut off"),
    "npz": (lambda path: write_npz(path / "a.npz", PICTURES), read_npz, "damaged"),
    "7z": (lambda path: write_kaggle(path, PICTURES, packed=True) / "train.7z", read_path, "damaged"),
}


@pytest.mark.parametrize("kind", CUT)
@pytest.mark.parametrize("keep", [0, 0.6, 0.999])
def test_row_15_what_was_cut_off_is_named(tmp_path: Path, kind: str, keep: float) -> None:
    write, read, why = CUT[kind]
    path = write(tmp_path)
    path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
    with messages.is_refused(path.name, why):
        read(path)


def test_row_15_npz_names_the_array(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "a.npz", PICTURES)
    raw = bytearray(path.read_bytes())
    raw[raw.index(X[30].tobytes()) + 5] ^= 1
    path.write_bytes(raw)
    assert message_of(read_npz, path) == (
        NPZ_DAMAGED.format(why="Bad CRC-32 for file 'x_train.npy'") + "Next: make or copy the file again."
    )


def test_row_15_nothing_is_kept_of_a_damaged_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    path = write_archive(tmp_path / "c.tar.gz", BATCHES)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(CourseError):
        read_path(path)
    kept = [file for file in (tmp_path / "cache").rglob("*") if file.is_file() and file.suffix != ".lock"]
    assert kept == []


# Row 16: evil pickles.


def not_plain(why: str) -> str:
    return (
        "data_batch_1 of b was refused: it is not plain CIFAR-10 data.\n"
        f"Expected a dictionary with numbers and names only; {why}. Nothing was executed.\n{AS_PUBLISHED}"
    )


EVIL_PAYLOADS: dict[str, Callable[[Evil], object]] = {
    "whole": lambda evil: evil,
    "in data": lambda evil: {"data": evil, "labels": [0]},
    "in labels": lambda evil: {"data": ROWS, "labels": [evil]},
    "as key": lambda evil: {evil: 1, "data": ROWS, "labels": LABELS},
}


@pytest.mark.parametrize("where", EVIL_PAYLOADS)
@pytest.mark.parametrize("kind", ["folder", "archive"])
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_row_16_an_evil_pickle_is_not_executed(tmp_path: Path, where: str, kind: str, protocol: int) -> None:
    canary = tmp_path / "canary"
    payload = EVIL_PAYLOADS[where](Evil(os.system, f"touch {canary}"))
    content = BATCHES | {"data_batch_1": pickle.dumps(payload, protocol=protocol)}
    if kind == "folder":
        message = message_of(read_batches_folder, write_batches(tmp_path / "b", content))
    else:
        message = message_of(read_batches_archive, write_archive(tmp_path / "b", content))
    assert message.replace("nt.system", "posix.system") == not_plain("it asks for posix.system")
    assert not canary.exists()


PICKLE_BOMBS = {
    "room for 2³¹ pieces": (b"\x80\x02Nr\xff\xff\xff\x7f.", "it asks for room for 2,147,483,647 pieces"),
    "room for 10⁹ pieces, in text": (b"Np999999999\n.", "it asks for room for 999,999,999 pieces"),
    "2³⁴ bytes that are not there": (
        b"\x80\x05\x96" + struct.pack("<Q", 1 << 34) + b".",
        "it is damaged or cut off (ValueError)",
    ),
    "many pieces": (b"\x80\x02" + b"N0" * 5_000_000 + b"N.", "it asks for more than 500,000 pieces"),
    "a deep key": (b"\x80\x02}N" + b"\x85" * 100_000 + b"Ns.", "its keys are no texts"),
    "a name of many lines": (
        b"\x80\x04\x8c\x08os\n\n\n\n\nx\x8c\x06system\x93.",
        "it asks for os\\n\\n\\n\\n\\nx.system",
    ),
}


@pytest.mark.parametrize("case", PICKLE_BOMBS)
def test_row_16_pickles_that_fill_memory(tmp_path: Path, case: str) -> None:
    raw, why = PICKLE_BOMBS[case]
    folder = write_batches(tmp_path / "b", BATCHES | {"data_batch_1": raw})
    assert quick_message_of(BATCHES_FOLDER, folder) == not_plain(why)


# Row 17: arrays that are not CIFAR-10.

RAMP = np.linspace(0, 255, 32).astype(np.uint8)
PHOTOGRAPHS = np.repeat(RAMP[:, None], 32, axis=1)  # a pixel is like the next
SMOOTH = np.stack([np.stack([PHOTOGRAPHS, PHOTOGRAPHS // 2, 255 - PHOTOGRAPHS], axis=-1)] * 12)
WRONG_BATCHES = {
    "float pixels": (
        {"data": ROWS / 255},
        "data_batch_2 of b holds float64 pixels of shape (12, 3072).\n"
        f"Expected uint8 of shape (n, 3072): a row for each picture, red, green, blue.\n{AS_PUBLISHED}",
    ),
    "another width": (
        {"data": ROWS[:, :784]},
        "data_batch_2 of b holds uint8 pixels of shape (12, 784).\n"
        f"Expected uint8 of shape (n, 3072): a row for each picture, red, green, blue.\n{AS_PUBLISHED}",
    ),
    "colours together": (
        {"data": SMOOTH.reshape(12, 3072)},
        "data_batch_2 of b holds its numbers in another order.\n"
        "Expected all red numbers, then all green, all blue; found red, green and blue of one pixel after "
        "another.\nNext: write the rows as images.transpose(0, 3, 1, 2).reshape(-1, 3072).",
    ),
    "rows unlike labels": (
        {"labels": LABELS[:-1]},
        "labels in data_batch_2 of b has the shape (11,), but there are 12 pictures.\n"
        "Expected one label for each picture: (12,) or (12, 1).\n"
        "Next: check that pictures and labels were saved together.",
    ),
    "label 10": (
        {"labels": [10, *LABELS[1:]]},
        "labels in data_batch_2 of b holds labels outside 0–9.\n"
        "1 of 12; the first is 10 at row 0.\n"
        "Next: use the numbers of CLASS_NAMES: airplane is 0, truck is 9.",
    ),
}


@pytest.mark.parametrize("case", WRONG_BATCHES)
def test_row_17_batches(tmp_path: Path, case: str) -> None:
    changed, expected = WRONG_BATCHES[case]
    content = BATCHES | {"data_batch_2": BATCHES["data_batch_2"] | changed}
    assert message_of(read_batches_folder, write_batches(tmp_path / "b", content)) == expected


WRONG_ARRAYS = {
    "float pixels": (
        {"x_train": X / 255},
        "x_train of a.npz holds float64 numbers.\nExpected uint8 pixels, 0–255.\n"
        "Next: save them as uint8; pixels in 0–1 times 255, then rounded.",
    ),
    "channels first": (
        {"x_train": X.transpose(0, 3, 1, 2)},
        "x_train of a.npz has the shape (60, 3, 32, 32).\n"
        "Expected (n, 32, 32, 3): RGB pictures of 32×32 pixels. The channels come first here: "
        "images.transpose(0, 2, 3, 1) corrects it.\nNext: give CIFAR-10 pictures in that shape.",
    ),
    "channels first, reshaped": (
        {"x_train": np.repeat(SMOOTH, 5, axis=0).transpose(0, 3, 1, 2).reshape(60, 32, 32, 3)},
        "x_train of a.npz holds its numbers in another order.\n"
        "Expected red, green and blue of one pixel after another; found all red numbers, then all green, all "
        "blue.\nNext: images.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1) corrects it.",
    ),
    "another size": (
        {"x_train": np.zeros((60, 28, 28, 3), np.uint8)},
        "x_train of a.npz has the shape (60, 28, 28, 3).\n"
        "Expected (n, 32, 32, 3): RGB pictures of 32×32 pixels.\n"
        "Next: give CIFAR-10 pictures in that shape.",
    ),
    "rows unlike labels": (
        {"y_train": Y[:-1]},
        "y_train of a.npz has the shape (59,), but there are 60 pictures.\n"
        "Expected one label for each picture: (60,) or (60, 1).\n"
        "Next: check that pictures and labels were saved together.",
    ),
    "label 10": (
        {"y_train": np.where(np.arange(60) == 7, 10, Y)},
        "y_train of a.npz holds labels outside 0–9.\n1 of 60; the first is 10 at row 7.\n"
        "Next: use the numbers of CLASS_NAMES: airplane is 0, truck is 9.",
    ),
    "float labels": (
        {"y_train": Y.astype(float)},
        "y_train of a.npz holds float64 values.\nExpected whole numbers 0–9, one for each picture.\n"
        "Next: save the labels as integers.",
    ),
}


@pytest.mark.parametrize("case", WRONG_ARRAYS)
def test_row_17_arrays(tmp_path: Path, case: str) -> None:
    changed, expected = WRONG_ARRAYS[case]
    assert message_of(read_npz, write_npz(tmp_path / "a.npz", PICTURES, **changed)) == expected


def test_row_17_pictures_in_the_right_order_are_read(tmp_path: Path) -> None:
    smooth = np.repeat(SMOOTH, 5, axis=0)
    read = read_npz(write_npz(tmp_path / "a.npz", PICTURES, x_train=smooth))
    assert np.array_equal(read.train_images, smooth)


# Row 18: missing and additional files, other class names.


def test_row_18_a_missing_batch_and_additional_files(tmp_path: Path) -> None:
    content = {name: value for name, value in BATCHES.items() if name != "data_batch_3"}
    folder = write_batches(tmp_path / "b", content | {"data_batch_6": b"", "notes.txt": b""})
    assert message_of(read_batches_folder, folder) == (
        f"b lacks data_batch_3.\nExpected {FILES}. Found also data_batch_6, notes.txt.\n"
        "Next: copy or download the data set again, all files of it."
    )


def test_row_18_additional_files_are_told(tmp_path: Path) -> None:
    folder = write_batches(tmp_path / "b", BATCHES | {"data_batch_6": b"", "readme.html": b""})
    assert read_batches_folder(folder).notes == ("not read: data_batch_6",)


def test_row_18_another_order_of_classes(tmp_path: Path) -> None:
    names = list(BATCHES["batches.meta"]["label_names"])
    names[0], names[6] = names[6], names[0]
    folder = write_batches(tmp_path / "b", BATCHES | {"batches.meta": {"label_names": names}})
    assert message_of(read_batches_folder, folder) == (
        "batches.meta of b lists other classes than CIFAR-10.\n"
        f"0 is 'frog', not 'airplane', 6 is 'airplane', not 'frog'\n{AS_PUBLISHED}"
    )


TABLE = table_rows(PICTURES)
AGAIN = "Next: download trainLabels.csv of the competition cifar-10 again."
TABLES = {
    "numbers of a map made by hand": (
        ("id,label", [f"{number},{label}" for number, label in enumerate(Y, 1)]),
        f"In it, these are no classes: '{Y[0]}' in line 2, '{Y[1]}' in line 3, '{Y[2]}' in line 4, "
        f"… (60 lines in all). The classes are {CLASSES}.",
    ),
    "names of a map made by hand": (
        ("id,label", ["1,plane", "2,car", *TABLE[2:]]),
        "In it, these are no classes: 'plane' in line 2; did you mean airplane?, 'car' in line 3; did you "
        f"mean automobile?. The classes are {CLASSES}.",
    ),
    "other header": (
        ("label,id", TABLE),
        f"In it, its first line is 'label,id', expected 'id,label'. The classes are {CLASSES}.",
    ),
    "double id": (
        ("id,label", [*TABLE, TABLE[4]]),
        f"In it, the id 5 stands there twice, again in line 62. The classes are {CLASSES}.",
    ),
}


@pytest.mark.parametrize("case", TABLES)
def test_row_18_tables(tmp_path: Path, case: str) -> None:
    (header, rows), expected = TABLES[case]
    folder = write_kaggle(tmp_path, PICTURES, packed=False)
    write_table(folder, rows, header=header)
    assert message_of(read_kaggle, folder) == (
        f"<path>/trainLabels.csv is not Kaggle's table of labels.\n{expected}\n{AGAIN}"
    )


def test_row_18_missing_ids(tmp_path: Path) -> None:
    folder = write_kaggle(tmp_path, PICTURES, packed=True)
    write_table(folder, [*TABLE[3:], "61,cat"])
    assert message_of(read_kaggle, folder) == (
        "<path>/train.7z and trainLabels.csv do not fit together.\n"
        "ids of the table without a picture: 61; pictures without an id in the table: 1, 2, 3.\n"
        "Next: use both files of the competition cifar-10 as Kaggle gives them."
    )


def test_row_18_ids_are_read_by_number(tmp_path: Path) -> None:
    folder = write_kaggle(tmp_path, PICTURES, packed=True)
    write_table(folder, sorted(TABLE))  # 1, 10, 11, …
    assert np.array_equal(read_kaggle(folder).train_labels, Y)
    assert below(tmp_path) == ["train.7z", "trainLabels.csv"]  # unpacking writes nothing


# Row 19: folders of pictures.


def test_row_19_odd_files_are_counted_and_named(tmp_path: Path) -> None:
    cat = write_folder(tmp_path, PICTURES) / "train" / "cat"
    picture = encoded(X[0])
    (cat / "a zero.png").write_bytes(b"")
    (cat / "b cut.png").write_bytes(picture[:200])
    (cat / "c changed.png").write_bytes(picture[:900] + bytes([picture[900] ^ 1]) + picture[901:])
    (cat / "d page.jpg").write_text("<html>log in</html>")
    (cat / "e disguised.png").write_bytes(encoded(X[0], "GIF"))
    (cat / "f folder.png").mkdir()
    (cat / "g large.png").write_bytes(picture + bytes(2_000_000))
    (cat / "h moving.gif").write_bytes(encoded(X[0], "GIF"))
    for name in (".DS_Store", "Thumbs.db", "._1.png"):
        (cat / name).write_bytes(b"\0")
    (cat / "i list.txt").write_text("cats")
    (cat / "deeper").mkdir()
    (tmp_path / "train" / "loose.png").write_bytes(picture)
    read = read_folder(tmp_path)
    assert len(read.train_images) == len(X)
    assert read.notes == (
        "11 left out: train/loose.png (in no class folder), train/cat/deeper (a folder), "
        "train/cat/h moving.gif (neither JPEG nor PNG), train/cat/i list.txt (neither JPEG nor PNG), "
        "train/cat/a zero.png (empty), … (11 files in all)",
    )


@pytest.mark.parametrize(
    ("name", "raw", "why"),
    [
        ("zero.png", b"", "empty"),
        ("cut.png", encoded(X[0])[:200], "damaged"),
        ("changed.png", encoded(X[0]).replace(b"IDAT", b"IDAu"), "damaged"),
        ("page.jpg", b"<html>log in</html>", "neither JPEG nor PNG"),
        ("disguised.png", encoded(X[0], "GIF"), "neither JPEG nor PNG"),
        ("large.png", encoded(X[0]) + bytes(2_000_000), "larger than 1 MB"),
    ],
)
def test_row_19_each_reason(tmp_path: Path, name: str, raw: bytes, why: str) -> None:
    (write_folder(tmp_path, PICTURES) / "test" / "dog" / name).write_bytes(raw)
    read = read_folder(tmp_path)
    assert read.notes == (f"1 left out: test/dog/{name} ({why})",)
    assert len(read.test_images) == len(PICTURES.test_images)


def test_row_19_no_changed_byte_gives_other_pixels() -> None:
    """Pillow does not compare a PNG file's check sums, and lets some changes near the end pass."""
    rows = np.cumsum(np.random.default_rng(0).integers(-3, 4, (32, 32, 3)), axis=1) + 128
    image = rows.astype(np.uint8)
    raw = encoded(image)
    slipped_past_pillow = 0
    for at in range(len(raw) - 120, len(raw) - 12):
        for bit in (1, 16, 128):
            changed = raw[:at] + bytes([raw[at] ^ bit]) + raw[at + 1 :]
            with contextlib.suppress(Exception):
                slipped_past_pillow += not np.array_equal(Image.open(io.BytesIO(changed)), image)
            with contextlib.suppress(Unreadable):
                assert np.array_equal(decode(changed, "picture"), image), (at, bit)
    assert slipped_past_pillow, "Pillow checks by itself now: our own check can go"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes and no links in folders")
def test_row_19_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    cat = write_folder(tmp_path, PICTURES) / "train" / "cat"
    os.mkfifo(cat / "pipe.png")
    (cat / "nowhere.png").symlink_to("nothing")
    (cat / "endless.png").symlink_to("/dev/zero")
    (cat / "lines\n\n\n.png").write_bytes(b"")
    (note,) = read_folder(tmp_path).notes
    assert note == (
        "4 left out: train/cat/endless.png (no plain file), train/cat/lines\\n\\n\\n.png (empty), "
        "train/cat/nowhere.png (a link that leads nowhere), train/cat/pipe.png (no plain file)"
    )


def modes() -> Iterator[tuple[str, str, Image.Image]]:
    grey = Image.new("L", (32, 32), 200)
    for mode in ("L", "LA", "P", "RGB", "RGBA"):
        yield mode, "PNG", grey.convert(mode)
    yield "16 bit", "PNG", Image.fromarray(np.full((32, 32), 200 * 256, np.uint16))
    for mode in ("L", "RGB", "CMYK"):
        yield f"{mode} as JPEG", "JPEG", grey.convert(mode)


@pytest.mark.parametrize(("mode", "kind", "picture"), list(modes()))
def test_row_19_every_mode_becomes_rgb(tmp_path: Path, mode: str, kind: str, picture: Image.Image) -> None:
    write_folder(tmp_path, PICTURES)
    picture.save(tmp_path / "train" / "cat" / f"0.{'jpg' if kind == 'JPEG' else 'png'}", kind)
    read = read_folder(tmp_path)
    assert not read.notes, mode
    first = read.train_images[np.flatnonzero(read.train_labels == 3)[0]].astype(int)
    assert first.shape == (32, 32, 3)
    assert np.abs(first - 200).max() <= 3


FOLDERS = {
    "empty class folders": (
        [f"{part}/{name}" for part in ("train", "test") for name in ("cat", "dog")],
        "<path>/train holds no picture that can be read.\nThere is no file.\nNext: check the folder.",
    ),
    "no class folders": (
        ["train"],
        "<path>/train holds no class folders.\n"
        "Expected folders airplane … truck with JPEG or PNG files, or train/ and test/ with them.\n"
        "Next: give class folders, python batches, Kaggle's files or a .npz file.",
    ),
    "unknown classes": (
        ["train/cats", "train/dog"],
        "<path>/train holds folders that are no class of CIFAR-10: cats; did you mean cat?\n"
        f"The classes are {CLASSES}.\nNext: rename or move these folders.",
    ),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_row_19_folders_without_pictures(tmp_path: Path, case: str) -> None:
    folders, expected = FOLDERS[case]
    for name in folders:
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
    assert message_of(read_folder, tmp_path) == expected


def test_row_19_an_empty_folder(tmp_path: Path) -> None:
    assert message_of(read_path, tmp_path).splitlines()[0] == "<path> is empty."


def test_row_19_one_class(tmp_path: Path) -> None:
    write_folder(tmp_path, PICTURES, parts=False)
    for folder in tmp_path.iterdir():
        if folder.name != "frog":
            shutil.rmtree(folder)
    assert message_of(read_folder, tmp_path) == (
        f"<path> holds one class only: frog.\nExpected the ten classes {CLASSES}.\n"
        "Next: give the folder or file that holds all classes."
    )


# Row 20: huge pictures.


@functools.cache
def black_png(side: int) -> bytes:
    packer, row = zlib.compressobj(9), bytes(1 + 3 * side)
    return png_of(side, b"".join(packer.compress(row) for _ in range(side)) + packer.flush())


@pytest.mark.parametrize(
    ("side", "shown"), [(10_000, "10,000"), pytest.param(30_000, "30,000", marks=pytest.mark.full)]
)
@pytest.mark.parametrize("kind", [FOLDER, KAGGLE])
def test_row_20_huge_pictures_are_not_decoded(tmp_path: Path, side: int, shown: str, kind: str) -> None:
    if kind == FOLDER:
        name = "train/dog/huge.png"
        (write_folder(tmp_path, PICTURES) / name).write_bytes(black_png(side))
    else:
        name = "train/7.png"
        (write_kaggle(tmp_path, PICTURES, packed=False) / name).write_bytes(black_png(side))
    assert quick_message_of(kind, tmp_path, most_megabytes=50) == (
        f"{name} is not a CIFAR-10 picture.\n"
        f"Expected 32×32 pixels, found {shown}×{shown}. It was not decoded.\n"
        "Next: give pictures of 32×32 pixels, or scale them first."
    )


# Row 21: arrays of objects.


@pytest.mark.parametrize("key", ["x_train", "y_train"])
def test_row_21_object_arrays_are_refused(tmp_path: Path, key: str) -> None:
    canary = tmp_path / "canary"
    evil = np.array([Evil(Path.touch, canary)] * 60, dtype=object)
    path = write_npz(tmp_path / "a.npz", PICTURES, **{key: evil})
    refused = (
        f"{key} of a.npz holds Python objects.\n"
        "Only plain numbers are read, because objects can run code. Nothing was executed.\n"
        "Next: save x_train, x_test as uint8 and y_train, y_test as integers."
    )
    assert message_of(read_npz, path) == refused
    assert not canary.exists()


def test_row_21_a_single_array_of_objects_is_not_loaded(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    np.save(tmp_path / "a.npy", np.array([Evil(Path.touch, canary)], dtype=object))
    assert message_of(read_path, tmp_path / "a.npy") == OF_NO_KIND
    assert not canary.exists()


# The order of pictures is the same on every file system.


UNPACKED: dict[str, tuple[Callable[[Path], object], Callable[[Path], Pictures]]] = {
    "class folders": (lambda path: write_folder(path, PICTURES), read_folder),
    "Kaggle's folder": (lambda path: write_kaggle(path, PICTURES, packed=False), read_kaggle),
    "batches": (
        lambda path: write_batches(path, BATCHES | {"notes.txt": b"", "a.txt": b""}),
        read_batches_folder,
    ),
}


@pytest.mark.parametrize("kind", UNPACKED)
def test_the_order_does_not_depend_on_the_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    write, read = UNPACKED[kind]
    write(tmp_path)
    before, listdir = read(tmp_path), os.listdir
    monkeypatch.setattr(os, "listdir", lambda path: sorted(listdir(path), key=lambda name: name[::-1]))
    after = read(tmp_path)
    assert np.array_equal(before.train_images, after.train_images)
    assert np.array_equal(before.train_labels, after.train_labels)
    assert before.notes == after.notes


# How long reading takes, and how much memory: with all photographs.

REAL_DATA = PROJECT.parent / "shared" / "tools" / "real_data.py"


@pytest.mark.full
@pytest.mark.alone
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not REAL_DATA.exists(), reason="needs the photographs and the tool of ../shared")
def test_reading_all_photographs_is_fast_and_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import reading_speed

    forms = {"kaggle": "kaggle", "batches": "toronto", "npz": "npz", "folder": "folder"}
    for form in forms.values():
        subprocess.run([sys.executable, str(REAL_DATA), form, str(tmp_path / form)], check=True)
    (tmp_path / "parquet").mkdir()
    with np.load(tmp_path / "npz" / "cifar10.npz") as arrays:
        for part in ("train", "test"):
            path = tmp_path / "parquet" / f"{part}.parquet"
            write_parquet(path, arrays[f"x_{part}"], arrays[f"y_{part}"])
    rows = {}
    for kind in (reading_speed.LIBRARIES, *forms, "parquet"):
        command = [sys.executable, reading_speed.__file__, kind, str(tmp_path)]
        environment = os.environ | {"PYTHONPATH": str(PROJECT)}
        measured = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        rows[kind] = json.loads(measured.stdout)
    print(rows)
    assert rows["kaggle"]["seconds"] <= 1.5 * rows[reading_speed.LIBRARIES]["seconds"]
    for kind in (*forms, "parquet"):
        assert rows[kind]["extra_mb"] <= 400, kind
