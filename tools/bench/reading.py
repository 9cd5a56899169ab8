"""Measure how long each kind of source takes to read, and how much memory at its peak.

    .venv/bin/python -m tools.bench.reading FOLDER [kaggle batches npz folder parquet …]

FOLDER holds a folder for each kind: kaggle/ (train.7z, trainLabels.csv), toronto/ (cifar-10-python.tar.gz),
npz/ (cifar10.npz), folder/ (train/ and test/ with class folders) and parquet/ (train.parquet, test.parquet).
Each reading happens in a process of its own. "Extra" is the process' peak memory, Python and its packages
included, less the size of the uint8 arrays. For kaggle, py7zr alone and Pillow alone are measured in the same
run.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from course_utils.system.paths import PROJECT

KINDS = ("kaggle", "batches", "npz", "folder", "parquet")


def peak_megabytes() -> float:
    """Return the most memory that this process has held, in MB of 10⁶ bytes. Linux only."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6


def read_kind(kind: str, folder: Path) -> dict[str, float]:
    """Read one kind in this process.

    Returns:
        seconds, cpu_s (of the whole process), pictures, arrays_mb, extra_mb.
    """
    from course_utils.pictures import by_path

    paths = {"kaggle": "kaggle", "batches": "toronto/cifar-10-python.tar.gz", "npz": "npz/cifar10.npz"}
    start = time.perf_counter()
    if kind == "parquet":
        from course_utils.pictures.formats.parquet import ANY, read_parquet

        parquet = folder / "parquet"
        pictures = read_parquet(parquet / "train.parquet", parquet / "test.parquet", contents=ANY)
    else:
        found = by_path._found_in_folder if kind in ("kaggle", "folder") else by_path._found_in_file
        pictures = by_path._in_two_parts(found(folder / paths.get(kind, kind)))
    seconds = time.perf_counter() - start
    arrays = (pictures.train_images.nbytes + pictures.test_images.nbytes) / 1e6
    return {
        "seconds": seconds,
        "cpu_s": time.process_time(),
        "pictures": len(pictures.train_images) + len(pictures.test_images),
        "arrays_mb": arrays,
        "extra_mb": peak_megabytes() - arrays,
    }


def unpack_alone(_: str, folder: Path) -> dict[str, float]:
    """Unpack train.7z to the disk with py7zr, then decode the files with Pillow, both as simply as can be."""
    import numpy as np
    import py7zr
    from PIL import Image

    with tempfile.TemporaryDirectory() as there:
        start = time.perf_counter()
        with py7zr.SevenZipFile(folder / "kaggle" / "train.7z") as archive:
            archive.extractall(there)
        unpacked = time.perf_counter()
        files = list(Path(there, "train").iterdir())
        images = np.empty((len(files), 32, 32, 3), np.uint8)
        for at, file in enumerate(files):
            images[at] = np.asarray(Image.open(file).convert("RGB"))
        decoded = time.perf_counter()
    return {
        "seconds": decoded - start,
        "cpu_s": time.process_time(),
        "unpack_s": unpacked - start,
        "decode_s": decoded - unpacked,
        "pictures": len(files),
        "arrays_mb": images.nbytes / 1e6,
        "extra_mb": peak_megabytes() - images.nbytes / 1e6,
    }


def in_own_process(function: Callable[[str, Path], dict], kind: str, folder: Path) -> dict[str, float]:
    """Call a function of this file in a fresh process and return what it returned."""
    code = (
        "import json, pathlib, sys\nfrom tools.bench import reading\n"
        "function, kind, folder = sys.argv[1:]\n"
        "print(json.dumps(getattr(reading, function)(kind, pathlib.Path(folder))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, function.__name__, kind, str(folder)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def measure(kinds: list[str], folder: Path) -> dict[str, dict[str, float]]:
    """Measure kinds one after another; kaggle also with py7zr and Pillow alone."""
    rows: dict[str, dict[str, float]] = {}
    for kind in kinds:
        rows[kind] = in_own_process(read_kind, kind, folder)
        if kind == "kaggle":
            rows["py7zr + Pillow"] = in_own_process(unpack_alone, kind, folder)
    return rows


def table(rows: dict[str, dict[str, float]]) -> str:
    """Return the figures as a small table."""
    lines = ["source          pictures  seconds  CPU s pictures/s arrays MB extra MB"]
    lines += [
        f"{name:<15} {row['pictures']:>8,.0f} {row['seconds']:>8.1f} {row['cpu_s']:>6.1f}"
        f" {row['pictures'] / row['seconds']:>10,.0f} {row['arrays_mb']:>9.0f} {row['extra_mb']:>8.0f}"
        for name, row in rows.items()
    ]
    if "py7zr + Pillow" in rows:
        alone = rows["py7zr + Pillow"]
        ratio = rows["kaggle"]["seconds"] / alone["seconds"]
        lines.append(
            f"kaggle: {ratio:.2f} × py7zr + Pillow alone"
            f" ({alone['unpack_s']:.1f} s to unpack, {alone['decode_s']:.1f} s to decode)"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure what the command line names, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help="default: all that are there")
    arguments = parser.parse_intermixed_args()
    unknown = [kind for kind in arguments.kinds if kind not in KINDS]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(KINDS)}")
    folder = arguments.folder.resolve()
    there = [kind for kind in KINDS if (folder / {"batches": "toronto"}.get(kind, kind)).is_dir()]
    print(table(measure(arguments.kinds or there, folder)))


if __name__ == "__main__":
    main()
