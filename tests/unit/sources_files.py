"""Small files in every format that the course reads, all with the same pictures."""

from __future__ import annotations

import io
import json
import pickle
import struct
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from course_utils.pictures.structure import CLASS_NAMES, Pictures


def small_pictures(train_per_class: int = 6, test_per_class: int = 2, seed: int = 0) -> Pictures:
    """Noise pictures, in an order that is not sorted by class."""
    rng = np.random.default_rng(seed)
    parts = []
    for per_class in (train_per_class, test_per_class):
        labels = rng.permutation(np.repeat(np.arange(10), per_class))
        parts += [rng.integers(0, 256, (len(labels), 32, 32, 3), dtype=np.uint8), labels.astype(np.int64)]
    return Pictures(*parts)


def encoded(image: np.ndarray, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, kind)
    return buffer.getvalue()


def png_of(side: int, packed: bytes) -> bytes:
    """A PNG file of a square in colours, whose packed pixels are given."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    )


def write_folder(root: Path, pictures: Pictures, *, parts: bool = True) -> Path:
    """Class folders with PNG files. parts=False: the train part only, without train/."""
    for part in ("train", "test") if parts else ("train",):
        images, labels = part_of(pictures, part)
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            file = root / (part if parts else ".") / CLASS_NAMES[label] / f"{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(encoded(image))
    return root


def write_npz(path: Path, pictures: Pictures, **changed: object) -> Path:
    """A .npz file. changed: other arrays, or None to leave one out."""
    arrays: dict[str, object] = {}
    for part in ("train", "test"):
        arrays[f"x_{part}"], arrays[f"y_{part}"] = part_of(pictures, part)
    arrays |= changed
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return path


def batches(pictures: Pictures) -> dict[str, dict]:
    """The content of the seven files of the python batches, with text keys."""
    both = pictures.train_images, pictures.test_images
    train, test = (images.transpose(0, 3, 1, 2).reshape(-1, 3072) for images in both)
    content = {"batches.meta": {"label_names": list(CLASS_NAMES), "num_vis": 3072}}
    for number, at in enumerate(np.array_split(np.arange(len(train)), 5), start=1):
        labels = pictures.train_labels[at].tolist()
        content[f"data_batch_{number}"] = {"data": train[at], "labels": labels}
    content["test_batch"] = {"data": test, "labels": pictures.test_labels.tolist()}
    return content


def write_batches(folder: Path, content: dict[str, dict], *, protocol: int = 4) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in content.items():
        raw = value if isinstance(value, bytes) else pickle.dumps(value, protocol=protocol)
        (folder / name).write_bytes(raw)
    return folder


def write_archive(path: Path, content: dict[str, dict], *members: tarfile.TarInfo) -> Path:
    """The python batches as .tar.gz, and more members at its end."""
    with tarfile.open(path, "w:gz") as archive:
        for name, value in content.items():
            raw = value if isinstance(value, bytes) else pickle.dumps(value, protocol=4)
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(raw)
            archive.addfile(member, io.BytesIO(raw))
        for member in members:
            archive.addfile(member, io.BytesIO(b"evil") if member.isreg() else None)
    return path


class Evil:
    """Pickles as a call of a function."""

    def __init__(self, function: Callable, *arguments: object):
        self.call = function, arguments

    def __reduce__(self) -> tuple:
        return self.call


def write_kaggle(folder: Path, pictures: Pictures, *, packed: bool, compressed: bool = True) -> Path:
    """Kaggle's files with the train part only. packed: train.7z instead of train/."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {f"train/{number}.png": encoded(image) for number, image in enumerate(pictures.train_images, 1)}
    if packed:
        py7zr = pytest.importorskip("py7zr")
        how = None if compressed else [{"id": py7zr.FILTER_COPY}]
        with py7zr.SevenZipFile(folder / "train.7z", "w", filters=how) as archive:
            for name, raw in files.items():
                archive.writestr(raw, name)
    else:
        (folder / "train").mkdir()
        for name, raw in files.items():
            (folder / name).write_bytes(raw)
    write_table(folder, table_rows(pictures))
    return folder


def table_rows(pictures: Pictures) -> list[str]:
    return [f"{number},{CLASS_NAMES[label]}" for number, label in enumerate(pictures.train_labels, 1)]


def write_table(folder: Path, rows: list[str], header: str = "id,label") -> None:
    (folder / "trainLabels.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def write_parquet(
    path: Path,
    images: np.ndarray,
    labels: np.ndarray,
    *,
    names: tuple[str, ...] = CLASS_NAMES,
    kind: str = "PNG",
) -> Path:
    """A table of the form of the public parquet copy."""
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    features = {"img": {"_type": "Image"}, "label": {"names": list(names), "_type": "ClassLabel"}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    img = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
    schema = pyarrow.schema([("img", img), ("label", pyarrow.int64())], metadata=metadata)
    with parquet.ParquetWriter(path, schema) as writer:
        for start in range(0, len(images), 1000):
            rows = slice(start, start + 1000)
            files = [{"bytes": encoded(image, kind), "path": None} for image in images[rows]]
            writer.write_table(pyarrow.table([files, labels[rows].astype(int).tolist()], schema=schema))
    return path


def part_of(pictures: Pictures, part: str) -> tuple[np.ndarray, np.ndarray]:
    return getattr(pictures, f"{part}_images"), getattr(pictures, f"{part}_labels")


def both_sets(pictures: Pictures) -> tuple[list[tuple[int, bytes]], list[tuple[int, bytes]]]:
    """Train and test as lists in an order of their own."""
    train, test = (same_set(*part_of(pictures, part)) for part in ("train", "test"))
    return train, test


def same_set(images: np.ndarray, labels: np.ndarray) -> list[tuple[int, bytes]]:
    """Pictures with their labels, in an order of their own: equal for equal sets."""
    return sorted((int(label), image.tobytes()) for image, label in zip(images, labels, strict=True))
