"""Right answers of lesson 01."""

from __future__ import annotations

import numpy as np

from course_utils.checks.judges import Hint, judge, read


@judge("01.1", points=1, title="How much memory?", hidden=True)
def memory(answer: dict, data: dict) -> str:
    """A list of gigabytes, one for each set of pictures."""
    found = read.array(answer, shape=(len(data["cases"]),))
    right = np.array([n * side**2 * 3 * np.dtype(dtype).itemsize / 1e9 for n, side, dtype in data["cases"]])
    if read.close(found, right, tolerance=1e-3):
        return f"The largest of these sets needs {right.max():.0f} GB: scale pictures up in batches."
    factors = {
        1 / 3: "Your numbers are a third of what is needed. How many numbers describe one pixel?",
        1e9 / 2**30: "You divided by 2**30, which gives GiB. A gigabyte (GB) is 10**9 bytes.",
        1e9: "These are bytes. How many bytes make a gigabyte?",
        1e3: "These are megabytes. The task asks for gigabytes.",
    }
    for factor, hint in factors.items():
        if read.close(found, right * factor, tolerance=1e-3):
            raise Hint(hint)
    _look_at_parts(found, data["cases"])
    raise Hint("Multiply it out for one set by hand: pictures × rows × columns × colours × bytes a number.")


def _look_at_parts(found: np.ndarray, cases: list[tuple[int, int, str]]) -> None:
    pictures, sides, dtypes = zip(*cases, strict=True)
    itemsizes = np.array([np.dtype(dtype).itemsize for dtype in dtypes])
    numbers = np.array(pictures) * np.array(sides) ** 2 * 3 / 1e9
    if read.close(found, numbers * itemsizes / sides, tolerance=1e-3):
        raise Hint("A picture has `side` rows and `side` columns. Does your product count both?")
    if read.close(found, numbers * itemsizes * 8, tolerance=1e-3):
        raise Hint("You counted bits. A byte has eight of them, and `itemsize` counts bytes already.")
    for dtype in ("uint8", "float32", "float64"):
        if read.close(found, numbers * np.dtype(dtype).itemsize, tolerance=1e-3):
            raise Hint(
                f"You count as if each number were {dtype}. Each set has its own dtype."
            )
