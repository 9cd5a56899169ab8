"""Notebooks that mean harm, as code: each stands in the gap of exercise 90.1, and 90.2 is solved honestly.

In them, ``leak(x)`` hands out what was found, as the answer of exercise 90.3: the test looks for canaries
in it. ``OUTSIDE`` is a dict with what an attacker may have guessed about the grader's machine.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Attack:
    """One hostile notebook.

    Attributes:
        name: of the attack.
        code: what stands in the gap.
        ends: how its sandbox may end.
        honest: points that exercise 90.2 must still bring; None: at most what it brings.
        leaks: it hands out something harmless, which shows that it ran.
        sample: runs in ``make test`` too.
        cell_seconds: that one cell may take.
    """

    name: str
    code: str
    ends: tuple[str, ...] = ("finished",)
    honest: float | None = 1.0
    leaks: bool = False
    sample: bool = False
    cell_seconds: float = 6.0
