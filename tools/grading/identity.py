"""Who handed it in, by the names that learning platforms give to folders and files in a download.

A platform's own number or login is the student; a name alone is none, because two people may share it.
"""

from __future__ import annotations

import re
import time
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Identity:
    """What a name in a download tells."""

    key: tuple[str, str]  # platform, and number or login there: equal keys are one student
    name: str  # to be shown
    number: str = ""  # or login; empty: the platform gives none
    attempt: tuple[int, ...] = ()  # the greater, the later; empty: the platform tells nothing
    is_late: bool = False  # the platform says that it came late


DATE = r"(?P<date>\w{3,9} \d{1,2}, \d{4} \d{1,2}:?\d\d ?[AP]M)"
FORMS = {
    # Ann Lee_1001_assignsubmission_file_ (a folder), or ..._file_01.ipynb; anonymous: Participant_1001_...
    "Moodle": re.compile(r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_[a-z]+(?:[_.].*)?", re.I),
    # Exercises 1_alee_attempt_2026-11-21-10-00-00_01.ipynb, and the same with .txt: what was written online
    "Blackboard": re.compile(
        r"(?P<title>.+?)_attempt_(?P<date>\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d)(?:[_.].*)?", re.I
    ),
    # 1234-567 - Ann Lee - Nov 21, 2026 1000 AM (a folder), or the same with " - 01.ipynb" behind it
    "Brightspace": re.compile(rf"(?P<number>\d+-\d+) ?- ?(?P<name>.+?) ?- ?(?:{DATE}.*|.+\.\w+)"),
    # leeann_101_9001_01.ipynb, leeann_LATE_101_9001_01.ipynb, leeann_101_text.html, anon_x7Yz2_9001_01.ipynb
    "Canvas": re.compile(
        r"(?:(?P<anonymous>anon)|(?P<name>[^_]+))(?P<late>_LATE)?_(?P<number>(?(anonymous)\w{5}|\d+))"
        r"(?P<late_too>_LATE)?_(?:(?P<attempt>\d+)_.+|\w+\.html)",
        re.I,
    ),
    # Ann Lee - Copy of 01.ipynb: a name, and no number
    "Google Classroom": re.compile(r"(?P<name>[^\d_/]+?) - .+\.\w+"),
}
NAMES_ONLY = "Google Classroom"
NOBODY = "nobody"


def identify(names: Sequence[str]) -> list[Identity | None]:
    """Return who each of the names in one folder or archive tells; None: nobody.

    A name may have the form of several platforms, because students name their files as they like. So the
    form that most of the names have is tried first.
    """
    counts = Counter(platform for name in names for platform, form in FORMS.items() if form.fullmatch(name))
    order = sorted(FORMS, key=lambda platform: -counts[platform])
    return [
        next((_identity(p, match) for p in order if (match := FORMS[p].fullmatch(name))), None)
        for name in names
    ]


def _identity(platform: str, match: re.Match) -> Identity:
    found = match.groupdict()
    if platform == "Blackboard":
        number = _login(found["title"])
        name = number
    else:
        number, name = found.get("number") or "", found.get("name") or found.get("anonymous") or ""
    return Identity(
        (platform, number or _same(name)),
        clean(name),
        clean(number),
        _attempt(found.get("attempt"), found.get("date")),
        bool(found.get("late") or found.get("late_too")),
    )


def _login(title: str) -> str:
    """Return the login behind an assignment's title: all of it where underscores leave that open."""
    _, *rest = title.split("_")
    return rest[0] if len(rest) == 1 and rest[0] else title


def _attempt(number: str | None, date: str | None) -> tuple[int, ...]:
    if number:
        return (int(number[:18]),)
    date = re.sub(r" (\d)(\d\d ?[AP])", r" 0\1\2", (date or "").replace(":", ""))
    for form in ("%Y-%m-%d-%H-%M-%S", "%b %d, %Y %I%M %p", "%B %d, %Y %I%M %p"):
        try:
            return tuple(time.strptime(date, form)[:6])
        except ValueError:
            continue
    return ()


def attempt_of_file(name: str) -> int:
    """Return the number that a file's own name gives: 01-2.ipynb, "01 (2).ipynb", attempt_2; 0 without."""
    found = re.search(
        r"(?:attempt|version|versuch|v)[ _-]?(\d{1,6})|\((\d{1,6})\)|-(\d{1,6})\.\w+$", name, re.I
    )
    return int(next(filter(None, found.groups()))) if found else 0


def clean(name: str) -> str:
    """Return a name as it may stand in a table: printable, short."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    text = "".join(letter if letter.isprintable() else "?" for letter in text).strip()
    return text if len(text) <= 80 else f"{text[:30]}…{text[-40:]}"


def _same(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip()


def labels(people: Sequence[tuple[str, str, str]]) -> list[str]:
    """Return one label for each of them, no two alike.

    Args:
        people: name, number and place of each; what tells two of one name apart is put behind it.
    """
    found: list[str] = []
    twins = Counter(_alike(name) for name, _, _ in people)
    for name, number, place in people:
        label = name or NOBODY
        if twins[_alike(name)] > 1:
            label += f" ({number or place})"
        taken = {_alike(one) for one in found}
        tried, count = label, 2
        while _alike(tried) in taken:
            tried, count = f"{label} #{count}", count + 1
        found.append(tried)
    return found


def _alike(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()
