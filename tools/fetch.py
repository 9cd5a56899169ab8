"""Get every file that a class needs into one folder, verified: ``make fetch OUT=folder``.

The folder serves from disk (``DATA=folder`` or ``COURSE_MIRROR=folder``) or from a plain HTTP server in the
class room (``python -m http.server``, then ``COURSE_MIRROR=http://host:8000``). ``SHA256SUMS`` is its index,
to be checked without the course by ``sha256sum -c SHA256SUMS``. Run again, it continues where it stopped.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.system.disk import check_disk
from course_utils.system.download.mirrors import ARCHIVE, WEIGHTS, locations, with_mirror
from course_utils.system.download.transfer import (
    DownloadStopped,
    RemoteFile,
    download,
    file_digest,
    is_complete,
    part_path,
)
from course_utils.system.paths import out_folder
from course_utils.system.whole_file import write_whole

INDEX = "SHA256SUMS"


def needed() -> list[RemoteFile]:
    """The files of a class: pictures and ImageNet's weights."""
    return [ARCHIVE, *WEIGHTS.values()]


def fetch(folder: Path) -> list[str]:
    """Download what is missing, write the index, and return a sentence for each file that could not be had.

    Raises:
        CourseError: the folder cannot be made, or the disk is too full for all of it.
    """
    address, _ = locations()
    out_folder(folder)
    missing = [file for file in needed() if not is_complete(folder / file.name, file)]
    check_disk(folder, sum(_rest(folder, file) for file in missing), "Fetching the files of the class")
    failures = []
    for number, file in enumerate(missing, 1):
        print(f"{number} of {len(missing)}: {file.name}, {(file.size or 0) / 1e6:,.0f} MB")
        try:
            download(with_mirror(file, address), folder)
        except CourseError as error:
            failures.append(f"{file.name} is missing: {' '.join(str(error).splitlines()[1:2])}")
    write_index(folder)
    return failures


def write_index(folder: Path) -> None:
    """Write the digest of each verified file, in the form of ``sha256sum``."""
    complete = [file.name for file in needed() if is_complete(folder / file.name, file)]
    text = "".join(f"{file_digest(folder / name)}  {name}\n" for name in complete)
    write_whole(folder / INDEX, text)


def main(arguments: list[str] | None = None) -> int:
    """Get what is missing into the folder; return 0, or 1 after a failure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="made if it is missing")
    folder = parser.parse_args(arguments).folder.expanduser().absolute()
    try:
        failures = fetch(folder)
    except CourseError as error:
        print(error, file=sys.stderr)
        return 1
    except DownloadStopped as stopped:
        print(stopped, file=sys.stderr)
        return 130
    print((folder / INDEX).read_text(encoding="utf-8"), end="")
    if failures:
        print("\n".join([*failures, "Next: run this again; what has arrived is kept."]), file=sys.stderr)
        return 1
    print(f"Complete: {folder}. Use it as DATA={folder} or COURSE_MIRROR={folder}, or serve it:")
    print(f"  python -m http.server 8000 --directory {folder}    then COURSE_MIRROR=http://HOST:8000")
    return 0


def _rest(folder: Path, file: RemoteFile) -> int:
    """Bytes that have not arrived yet."""
    part = part_path(folder / file.name)
    return (file.size or 0) - (part.stat().st_size if part.exists() else 0)


if __name__ == "__main__":
    sys.exit(main())
