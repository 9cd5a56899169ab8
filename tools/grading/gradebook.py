"""The gradebook of Canvas or Moodle, filled in: the platform's own file in, a file to import out.

Whose points they are is told by a number or a login, never by a name. Only cells of points and feedback are
written; all others, names too, go back as they came, or an import would not know them.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pandas as pd

from course_utils.errors import CourseError
from tools.grading.cells import read_cells
from tools.grading.results import Graded, harmless, write_whole

NUMBERS = {"Canvas": "ID", "Moodle": "Identifier"}  # column of the number that stands in names of downloads
LOGINS = ("SIS User ID", "SIS Login ID", "Username", "ID number", "Email address")
CANVAS = ("Student", "LastName", "SIS User ID", "SIS Login ID", "Section")  # any of them: it is Canvas's
WORKSHEET = ("Identifier", "Grade", "Last modified (grade)")  # of one assignment of Moodle
PEOPLE = ("First name", "Last name", "Surname", "Full name", *LOGINS)
FEEDBACK = "Feedback comments"
NEXT = "export it again, in English, and change no column: docs/TEACHING.md says where."


class Gradebook:
    """A platform's file of a class, and the columns that points go to.

    Attributes:
        platform: ``"Canvas"`` or ``"Moodle"``.
        table: its cells, all of them texts.
        columns: for each assignment the name of its column.
    """

    def __init__(self, path: Path, numbers: set[str]) -> None:
        """Read the file, and find the columns.

        Args:
            path: CSV in UTF-8, with or without byte order mark, separated by ``,``, ``;`` or tabs.
            numbers: of the assignments that will be filled in, for example ``{"03"}``.

        Raises:
            CourseError: it cannot be read, or a column is missing or not the only one.
        """
        self.path, self.table = path, read_cells(path, "roster", NEXT)
        names = set(self.table.columns)
        self.platform = "Canvas" if names & set(CANVAS) else "Moodle"
        self.is_worksheet = self.platform == "Moodle" and "Identifier" in names
        needed = ("ID", "Section") if self.platform == "Canvas" else WORKSHEET if self.is_worksheet else ()
        missing = [name for name in needed if name not in names]
        if not names & {*NUMBERS.values(), *LOGINS}:
            missing = ["SIS Login ID, Identifier, Email address, ID number or Username"]
        if missing:
            raise self._refused(f"has no column {missing[0]}", f"Its columns are: {', '.join(sorted(names))}")
        if self.platform == "Moodle" and len(numbers) > 1:
            why = f"There are notebooks for {', '.join(sorted(numbers))}, and an empty cell deletes points"
            raise self._refused("takes one assignment at a time", why, "name it, such as ASSIGNMENT=03.")
        self.columns = {number: self._column(number) for number in sorted(numbers)}

    def _refused(self, problem: str, cause: str, next_step: str = NEXT) -> CourseError:
        return CourseError(f"The roster {self.path.name} {problem}.", cause=f"{cause}.", next_step=next_step)

    def _column(self, number: str) -> str:
        """Return the column for points of an assignment; Moodle asks at import which one a new one is."""
        if self.platform == "Moodle":
            return "Grade" if self.is_worksheet else f"Exercises {number}"
        named = re.compile(rf"(?<!\d)0?{int(number)}(?!\d).*\(\d+\)$")
        found = [name for name in self.table.columns if named.search(name)]
        if len(found) != 1:
            rename = f'call the assignment in Canvas for example "Exercises {number}", and export again.'
            found_words = f"Found: {', '.join(found) or 'none that has this number in its name'}"
            count = "several columns" if found else "no column"
            raise self._refused(f"has {count} for assignment {number}", found_words, rename)
        return found[0]

    def write(self, out: Path, graded: list[Graded], keys: dict[str, tuple[str, str]]) -> list[str]:
        """Write OUT/canvas.csv or OUT/moodle.csv, and return in words what a person should know.

        Args:
            out: folder.
            graded: all results; who has no points for an assignment keeps the cell of the roster.
            keys: for each student of the results, platform and number, or ``""`` and a login.
        """
        rows = {student: self._rows(*keys[student]) for student in sorted({one.student for one in graded})}
        taken = Counter(row for found in rows.values() for row in found)
        table, words, filled = self.table.copy(), [], set()
        for one in graded:
            found = rows[one.student]
            if len(found) != 1 or taken[found[0]] > 1:
                words.append(f"{one.student}: {_why(found, keys[one.student][1])}; not filled in")
            elif one.is_open:
                words.append(f"{one.student}, {one.assignment}: some points wait for you; not filled in")
            elif one.scores:
                table.loc[found[0], self.columns[one.assignment]] = f"{one.points:g}"
                if self.platform == "Moodle":
                    parts = [f"{s.exercise}: {s.points:g} of {s.max_points:g}" for s in one.scores]
                    table.loc[found[0], FEEDBACK] = harmless("; ".join(parts))
                filled.add(found[0])
        path = out / f"{self.platform.lower()}.csv"
        write_whole(path, self._to_import(table, sorted(filled)).to_csv(index=False, lineterminator="\n"))
        done = f"{path}: {len(filled)} students filled in."
        return [done, *self._other_points(graded), *dict.fromkeys(words)]

    def _rows(self, platform: str, key: str) -> list[int]:
        """Return the rows that have this number or login; a number means nothing to another platform."""
        wanted = (NUMBERS[platform] if platform == self.platform else "",) if platform in NUMBERS else LOGINS
        cells = self.table[[name for name in self.table.columns if name in wanted]]
        same = cells.apply(lambda column: column.str.strip().str.casefold().str.removeprefix("participant "))
        is_same = (same == key.strip().casefold()) & (same != "")
        return same.index[is_same.any(axis="columns")].tolist()

    def _to_import(self, table: pd.DataFrame, filled: list[int]) -> pd.DataFrame:
        """Return what is imported: an empty cell can delete points, so only what is needed."""
        if self.is_worksheet:
            return table
        if self.platform == "Canvas":
            people = table.columns[: table.columns.get_loc("Section") + 1]
            return table[[*people, *self.columns.values()]]
        return table.loc[filled, [n for n in table if n in (*PEOPLE, *self.columns.values(), FEEDBACK)]]

    def _other_points(self, graded: list[Graded]) -> list[str]:
        """Say where Canvas counts with other points than the exercises bring."""
        told, words = self.table[self.table.iloc[:, 0].str.contains("Points Possible")], []
        for number, points in {one.assignment: one.max_points for one in graded if one.scores}.items():
            theirs = told.get(self.columns[number], pd.Series(dtype=str))
            if (pd.to_numeric(theirs.str.replace(",", "."), errors="coerce") != points).any():
                words.append(f"{number}: Points Possible is {theirs.iloc[0]}, the exercises bring {points:g}")
        return words


def _why(found: list[int], key: str) -> str:
    if not found:
        return f"no row of the roster has the number or login {key}"
    rows = " and ".join(str(row + 2) for row in found)
    return f"rows {rows} of the roster could be meant" if len(found) > 1 else f"row {rows} fits others, too"
