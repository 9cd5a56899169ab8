from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from messages import is_refused
from sources_files import small_pictures, write_parquet

from course_utils.pictures.formats import parquet
from course_utils.pictures.formats.parquet import ANY, Contents, read_parquet
from course_utils.pictures.structure import CLASS_NAMES, IMAGE_SHAPE

pyarrow = pytest.importorskip("pyarrow")
PICTURES = small_pictures()
X, Y = PICTURES.train_images, PICTURES.train_labels
MEANS = tuple((X / 255).mean(axis=(0, 1, 2)))
DEVIATIONS = tuple((X / 255).std(axis=(0, 1, 2)))
SMALL = Contents(6, 2, MEANS, DEVIATIONS)


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Path, Path]:
    test = write_parquet(tmp_path / "test.parquet", PICTURES.test_images, PICTURES.test_labels)
    return write_parquet(tmp_path / "train.parquet", X, Y), test


def test_the_pictures_come_in_the_order_of_the_tables(tables: tuple[Path, Path]) -> None:
    read = read_parquet(*tables, contents=SMALL)
    for name in ("train_images", "train_labels", "test_images", "test_labels"):
        assert np.array_equal(getattr(read, name), getattr(PICTURES, name)), name
    assert read.train_images.dtype == np.uint8
    assert read.train_labels.dtype == np.int64
    assert read.train_images.shape[1:] == IMAGE_SHAPE


def test_several_row_groups_and_batches_are_joined(
    tables: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "_BATCH", 7)
    assert np.array_equal(read_parquet(*tables, contents=SMALL).train_images, X)


def test_the_published_contents_are_demanded_by_default(tables: tuple[Path, Path]) -> None:
    with is_refused("train.parquet", "[6, 6, 6, 6, 6, 6, 6, 6, 6, 6] pictures, not 5,000 each"):
        read_parquet(*tables)


@pytest.mark.parametrize("what", ["means", "deviations"])
def test_other_colours_are_refused(tables: tuple[Path, Path], what: str) -> None:
    changed = (getattr(SMALL, what)[0], getattr(SMALL, what)[1] + 2e-4, getattr(SMALL, what)[2])
    with is_refused("train.parquet does not hold what CIFAR-10 holds", "means or deviations"):
        read_parquet(*tables, contents=SMALL._replace(**{what: changed}))


WRONG = {
    "JPEG": ({"kind": "JPEG"}, ["Picture 0 of bad.parquet", "no PNG file"]),
    "another size": ({"images": np.zeros((60, 28, 28, 3), np.uint8)}, ["Picture 0", "28×28"]),
    "grey": ({"images": X[..., 0]}, ["Picture 0 of bad.parquet", "no PNG file of 8-bit RGB"]),
    "label 10": ({"labels": np.where(Y == 3, 10, Y)}, ["label of bad.parquet", "outside 0–9"]),
    "other order of names": ({"names": CLASS_NAMES[::-1]}, ["metadata of bad.parquet", "0 is 'truck'"]),
    "no names": ({"names": ()}, ["metadata of bad.parquet", "0 names, not 10"]),
    "empty": ({"images": X[:0], "labels": Y[:0]}, ["bad.parquet", "its rows 0"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_table_is_refused(tmp_path: Path, tables: tuple[Path, Path], case: str) -> None:
    changed, expected = WRONG[case]
    arguments = {"images": X, "labels": Y, **changed}
    path = write_parquet(tmp_path / "bad.parquet", **arguments)
    with is_refused(*expected):
        read_parquet(path, tables[1], contents=ANY)


def test_other_columns_are_refused(tmp_path: Path, tables: tuple[Path, Path]) -> None:
    pyarrow.parquet.write_table(pyarrow.table({"text": ["a"], "label": [1]}), tmp_path / "bad.parquet")
    with is_refused("bad.parquet does not hold", "'text': 'string', 'label': 'int64'"):
        read_parquet(tmp_path / "bad.parquet", tables[1], contents=ANY)


@pytest.mark.parametrize("keep", [0, 0.999])
def test_a_truncated_table_is_refused(tables: tuple[Path, Path], keep: float) -> None:
    raw = tables[0].read_bytes()
    tables[0].write_bytes(raw[: int(keep * len(raw))])
    with is_refused("train.parquet cannot be read as a parquet file", "damaged"):
        read_parquet(*tables, contents=SMALL)


def test_a_table_that_is_too_large_is_not_unpacked(
    tables: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "LARGEST_UNPACKED", 100_000)
    monkeypatch.setattr(parquet, "_decoded", lambda *_: pytest.fail("unpacked"))
    with is_refused("train.parquet is too large"):
        read_parquet(*tables, contents=SMALL)
