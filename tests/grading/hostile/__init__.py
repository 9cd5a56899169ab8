"""Notebooks that mean harm, as code: each stands in the gap of exercise 90.1, and 90.2 is solved honestly.

In them, ``leak(x)`` hands out what was found, as the answer of exercise 90.3: the test looks for canaries
in it. ``nothing_works(acts)`` tries calls and hands out "ran" if all of them failed, as they must.
``OUTSIDE`` is a dict with what an attacker may have guessed about the grader's machine.
"""

from __future__ import annotations

from dataclasses import dataclass

HELP = """
def leak(found):
    check("90.3", repr(found)[:19_000])


def what_works(acts):
    found = []
    for act, *arguments in acts:
        try:
            result = act(*arguments)
        except (OSError, ValueError):
            continue
        if not (isinstance(result, int) and result == -1):  # as functions of C tell that they failed
            found.append((arguments, result))
    return found


def nothing_works(acts):
    leak(what_works(acts) or "ran")
"""


@dataclass(frozen=True)
class Attack:
    """One hostile notebook.

    Attributes:
        name: of the attack.
        code: what stands in the gap.
        ends: how its sandbox may end.
        honest: points that exercise 90.2 must still bring; None: at most what it brings.
        sample: runs in ``make test`` too.
        cell_seconds: that one cell may take.
    """

    name: str
    code: str
    ends: tuple[str, ...] = ("finished",)
    honest: float | None = 1.0
    sample: bool = False
    cell_seconds: float = 6.0

    @property
    def leaks(self) -> bool:
        """It runs to its end and hands out something harmless, which shows that it ran."""
        return self.ends == ("finished",) and ("leak(" in self.code or "nothing_works(" in self.code)
