from __future__ import annotations

import io
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from messages import is_refused
from sources_files import batches, small_pictures, write_archive, write_batches

from course_utils.pictures.formats.batches import batches_folder, read_batches_archive, read_batches_folder
from course_utils.pictures.structure import CLASS_NAMES

PICTURES = small_pictures()
CONTENT = batches(PICTURES)


def _assert_read(read: object) -> None:
    for name in ("train_images", "train_labels", "test_images", "test_labels"):
        assert np.array_equal(getattr(read, name), getattr(PICTURES, name)), name
    assert read.train_images.dtype == np.uint8
    assert read.train_labels.dtype == np.int64


@pytest.mark.parametrize("protocol", range(6))
def test_every_pickle_protocol_is_read(tmp_path: Path, protocol: int) -> None:
    _assert_read(read_batches_folder(write_batches(tmp_path / "b", CONTENT, protocol=protocol)))


def test_byte_keys_are_read(tmp_path: Path) -> None:
    content = {name: {key.encode(): value for key, value in inner.items()} for name, inner in CONTENT.items()}
    content["batches.meta"][b"label_names"] = [name.encode() for name in CLASS_NAMES]
    _assert_read(read_batches_folder(write_batches(tmp_path / "b", content)))


def test_the_form_of_python_2_is_read(tmp_path: Path) -> None:
    content = {name: _python_2(inner) for name, inner in CONTENT.items()}
    assert b"numpy.core.multiarray" in content["data_batch_1"]
    _assert_read(read_batches_folder(write_batches(tmp_path / "b", content)))


def test_the_folder_is_found_from_above(tmp_path: Path) -> None:
    write_batches(tmp_path / "cifar-10-batches-py", CONTENT)
    assert batches_folder(tmp_path) == tmp_path / "cifar-10-batches-py"
    assert batches_folder(tmp_path / "cifar-10-batches-py") == tmp_path / "cifar-10-batches-py"
    assert batches_folder(tmp_path / "nowhere") is None


@pytest.mark.parametrize("name", ["data_batch_3", "test_batch", "batches.meta"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    content = {key: value for key, value in CONTENT.items() if key != name}
    with is_refused(f"b lacks {name}"):
        read_batches_folder(write_batches(tmp_path / "b", content))
    with is_refused(f"c.tar.gz lacks {name}"):
        read_batches_archive(write_archive(tmp_path / "c.tar.gz", content))


ROWS = CONTENT["data_batch_2"]["data"]
LABELS = CONTENT["data_batch_2"]["labels"]
WRONG = {
    "huge label": ({"labels": [*LABELS[:-1], 10**30]}, ["object values", "whole numbers 0–9"]),
    "text labels": ({"labels": ["cat"] * 12}, ["a list stands where numbers were expected"]),
    "no labels": ({"labels": None, "fine_labels": LABELS}, ["NoneType stands where numbers"]),
    "objects": ({"data": np.array([[None] * 3072] * 12)}, ["refused"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_batch_is_refused_and_named(tmp_path: Path, case: str) -> None:
    changed, expected = WRONG[case]
    content = CONTENT | {"data_batch_2": CONTENT["data_batch_2"] | changed}
    with is_refused("data_batch_2", *expected):
        read_batches_folder(write_batches(tmp_path / "b", content))


def test_missing_keys_are_named(tmp_path: Path) -> None:
    content = CONTENT | {"data_batch_2": {"data": ROWS, "fine_labels": LABELS}}
    with is_refused("data_batch_2", "no labels, but data, fine_labels"):
        read_batches_folder(write_batches(tmp_path / "b", content))


@pytest.mark.parametrize(
    "name", ["builtins eval", "os system", "numpy.core.multiarray fromfile", "numpy load"]
)
def test_only_what_arrays_need_can_be_asked_for(tmp_path: Path, name: str) -> None:
    module_name, function = name.split()
    raw = f"c{module_name}\n{function}\n(S'1'\ntR.".encode()
    with is_refused("data_batch_1", f"{module_name}.{function}"):
        read_batches_folder(write_batches(tmp_path / "b", CONTENT | {"data_batch_1": raw}))


# Each of these tries to change what the reader hands out, or to make it claim memory.
ODD = {
    "attribute of a stand-in": b"cnumpy\nndarray\n}X\x01\x00\x00\x00ai\x01sb.",
    "array without content": b"}X\x04\x00\x00\x00datacnumpy.core.multiarray\n_reconstruct\n)Rs.",
    "huge shape": b"cnumpy\nndarray\n(J\xff\xff\xff\x7ftR.",
    "dtype as data": b"}(X\x04\x00\x00\x00datacnumpy\ndtype\n(X\x01\x00\x00\x00OtR"
    b"X\x06\x00\x00\x00labels](K\x01eu.",
    "an array of structures": pickle.dumps({"data": np.zeros((2, 3072), "i1,i1"), "labels": [0, 1]}),
    "cut off": pickle.dumps(CONTENT["data_batch_1"])[:-100],
    "empty": b"",
    "text": b"<html>log in</html>",
    "a list": pickle.dumps([1, 2]),
}


@pytest.mark.parametrize("case", ODD)
def test_odd_pickles_are_refused(tmp_path: Path, case: str) -> None:
    with is_refused("data_batch_1", "refused"):
        read_batches_folder(write_batches(tmp_path / "b", CONTENT | {"data_batch_1": ODD[case]}))


def test_other_files_in_the_archive_are_not_read_but_named(tmp_path: Path) -> None:
    content = {"readme.html": b"hello", "notes.txt": b"mine", "._data_batch_1": b"\0"}
    path = write_archive(tmp_path / "c.tar.gz", content | CONTENT)
    assert read_batches_archive(path).notes == ("not read: notes.txt",)


class _Python2Pickler(pickle._Pickler):
    """Writes byte strings for text and numpy's old names, as Python 2 did in the published archive."""

    dispatch = pickle._Pickler.dispatch.copy()

    def save_text(self, text: str | bytes) -> None:
        raw = text.encode("latin1") if isinstance(text, str) else text
        short = len(raw) < 256
        long_form = pickle.BINSTRING + struct.pack("<i", len(raw))
        self.write(pickle.SHORT_BINSTRING + bytes([len(raw)]) if short else long_form)
        self.write(raw)
        self.memoize(text)

    def save_global(self, obj: object, name: str | None = None) -> None:
        if getattr(obj, "__name__", "") == "_reconstruct":
            self.write(pickle.GLOBAL + b"numpy.core.multiarray\n_reconstruct\n")
            self.memoize(obj)
        else:
            super().save_global(obj, name)

    dispatch[bytes] = dispatch[str] = save_text
    dispatch[type(len)] = dispatch[type(struct.pack)] = dispatch[type] = dispatch[type(_assert_read)] = (
        save_global
    )


def _python_2(content: dict) -> bytes:
    buffer = io.BytesIO()
    _Python2Pickler(buffer, protocol=2).dump(content)
    return buffer.getvalue()
