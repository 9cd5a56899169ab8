"""Read one kind of source, and print as JSON how long it took and how much memory: KIND FOLDER. Linux only.

FOLDER holds the photographs as test_files.py lays them out. "extra_mb" is the peak memory of the process,
Python and its packages included, less the size of the uint8 arrays.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import py7zr
from PIL import Image

from course_utils.pictures import by_path
from course_utils.pictures.formats.parquet import ANY, read_parquet

PATHS = {
    "kaggle": "kaggle",
    "batches": "toronto/cifar-10-python.tar.gz",
    "npz": "npz/cifar10.npz",
    "folder": "folder",
}
LIBRARIES = "py7zr + Pillow"


def arrays(kind: str, folder: Path) -> list[np.ndarray]:
    """Return the pictures to train and to test."""
    if kind == LIBRARIES:
        return [unpacked(folder / "kaggle" / "train.7z")]
    if kind == "parquet":
        files = folder / "parquet" / "train.parquet", folder / "parquet" / "test.parquet"
        pictures = read_parquet(*files, contents=ANY)
    else:
        by_path.cached = lambda name, facts, read: read()
        _, pictures = by_path.read_path(folder / PATHS[kind])
    return [pictures.train_images, pictures.test_images]


def unpacked(archive: Path) -> np.ndarray:
    """Unpack train.7z to the disk with py7zr, then decode the files with Pillow, both as simply as can be."""
    with tempfile.TemporaryDirectory() as there:
        with py7zr.SevenZipFile(archive) as opened:
            opened.extractall(there)
        files = list(Path(there, "train").iterdir())
        images = np.empty((len(files), 32, 32, 3), np.uint8)
        for at, file in enumerate(files):
            images[at] = np.asarray(Image.open(file).convert("RGB"))
    return images


def main(kind: str, folder: Path) -> None:
    """Measure one kind in this process."""
    start = time.perf_counter()
    found = arrays(kind, folder)
    seconds = time.perf_counter() - start
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))
    extra = peak * 1024 - sum(images.nbytes for images in found)
    print(json.dumps({"seconds": seconds, "extra_mb": extra / 1e6}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
