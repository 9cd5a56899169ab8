"""Put together what is run: the master's own cells, the student's answers in their gaps, and extra cells.

Students' tools lose ids and metadata, students rename, move, copy and delete cells. So the master gives the
skeleton, and each gap takes the student's cell that belongs there: by its id, else by what it says, else by
where it stands, else by likeness. Locked cells are always the master's. A gap that nothing fits is told to a
person.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from dataclasses import dataclass, field

from tools.grading.assignments import CHECKED, Assignment, MasterCell
from tools.grading.notebook_file import Cell, Notebook

LIKE_LOCKED = 0.9
LIKE_CHECK = 0.75  # of a cell that calls the same check
LIKE_GAP = 0.6
CLASS_WORD = re.compile(r"""^CLASS_WORD\s*=\s*["']([^"'\n]*)["']""", re.MULTILINE)


@dataclass
class Restored:
    """What is run, and how each gap was filled.

    Attributes:
        cells: for the sandbox, with id and source.
        found: id of a gap -> ``"id"``, ``"text"``, ``"place"``, ``"likeness"``; not there: missing.
        sources: id of a gap -> the student's text in it.
        owners: id of a cell that is run -> the exercise it belongs to.
        notes: what a person should know, exercise (or "" for the notebook) -> sentences.
        python: the version that the notebook names, or an empty text.
    """

    cells: list[dict] = field(default_factory=list)
    found: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    python: str = ""

    def note(self, exercise: str | None, sentence: str) -> None:
        """Remember a sentence for a person."""
        self.notes.setdefault(exercise or "", []).append(sentence)


def restore(notebook: Notebook, assignment: Assignment, values: dict[str, str]) -> Restored:
    """Return what is run of a notebook.

    Args:
        notebook: as the student handed it in.
        assignment: its master.
        values: for names of the parameters cell.
    """
    matching = _Matching(notebook, assignment)
    matching.by_id()
    matching.locked_by_text()
    matching.gaps_by_text()
    matching.gaps_by_likeness(1.0, "text")
    matching.gaps_by_place()
    matching.gaps_by_likeness(LIKE_GAP, "likeness")
    matching.locked_by_likeness()
    return _put_together(matching, values)


class _Matching:
    """Which of the student's cells belongs to which of the master's."""

    def __init__(self, notebook: Notebook, assignment: Assignment) -> None:
        self.cells = notebook.cells
        self.code = [place for place, cell in enumerate(notebook.cells) if cell.kind == "code"]
        self.assignment = assignment
        self.masters = {cell.name: cell for cell in assignment.cells}
        self.owner: dict[int, str] = {}  # place of a student's cell -> id of the master's
        self.taken: dict[str, int] = {}  # and the other way round
        self.how: dict[str, str] = {}
        self.lines: dict[str, set[str]] = {}
        self.result = Restored(python=notebook.python)

    def free(self) -> list[int]:
        return [place for place in self.code if place not in self.owner and self.cells[place].source.strip()]

    def open_gaps(self) -> list[MasterCell]:
        return [cell for cell in self.assignment.cells if cell.is_gap and cell.name not in self.taken]

    def take(self, place: int, master: MasterCell, how: str) -> None:
        self.owner[place], self.taken[master.name], self.how[master.name] = master.name, place, how

    def by_id(self) -> None:
        claims: dict[str, list[int]] = {}
        for place in self.code:
            name = next((name for name in self.cells[place].names if name in self.masters), None)
            if name:
                claims.setdefault(name, []).append(place)
        for name, places in claims.items():
            master = self.masters[name]
            best = max(places, key=lambda place: self._fit(place, master))
            if len({_plain(self.cells[place].source) for place in places}) > 1 and master.is_gap:
                self.result.note(master.exercise, f"{len(places)} different cells have the id of this answer")
            if master.is_gap and not self._fits_by_id(best, master):
                continue
            self.take(best, master, "id")
            for place in places:
                if place != best and not master.is_gap:
                    self.owner[place] = name  # a copy of a locked cell is not run again

    def _fits_by_id(self, place: int, master: MasterCell) -> bool:
        """Say whether a cell may be what its id says: the check of another exercise speaks against it."""
        checked = set(CHECKED.findall(self.cells[place].source))
        return not checked or master.exercise in checked

    def _fit(self, place: int, master: MasterCell) -> tuple[bool, float, int]:
        source = self.cells[place].source
        is_filled = bool(source.strip()) and _plain(source) != _plain(master.stub)
        return is_filled, _likeness(source, master.stub), place

    def locked_by_text(self) -> None:
        texts = {}
        for cell in self.assignment.cells:
            if not cell.is_gap:
                texts |= {_plain(cell.source): cell, _plain(cell.stub): cell}
        texts.pop("", None)
        for place in self.free():
            master = texts.get(_plain(self.cells[place].source))
            if master:
                self.owner[place] = master.name
                self.taken.setdefault(master.name, place)

    def gaps_by_text(self) -> None:
        for master in self.open_gaps():
            number = re.escape(master.exercise or "-")
            said = re.compile(rf"""\bExercise {number}(?!\d)|\b(?:check|given)\(\s*["']{number}["']""")
            places = [place for place in self.free() if said.search(self.cells[place].source)]
            places = [place for place in places if self._is_own(place, master)]
            if places:
                self.take(max(places, key=lambda place: self._fit(place, master)), master, "text")

    def _is_own(self, place: int, master: MasterCell) -> bool:
        """Say whether a cell can be the gap, and is not its check cell with something added."""
        if CHECKED.search(master.stub):  # a question's answer stands in the cell of its check
            return True
        return not CHECKED.search(self.cells[place].source) or self._defines(place, master)

    def _defines(self, place: int, master: MasterCell) -> bool:
        names = re.findall(r"^(?:def|class) (\w+)", master.stub, re.MULTILINE)
        return any(
            re.search(rf"^(?:def|class) {name}\b", self.cells[place].source, re.MULTILINE) for name in names
        )

    def gaps_by_place(self) -> None:
        """Fill a gap by the cell that stands between its task and its check."""
        for master in self.open_gaps():
            start, end = self._region(master)
            places = [place for place in self.free() if start < place < end]
            if places and start >= 0:
                self.take(max(places, key=lambda place: self._fit(place, master)), master, "place")

    def _region(self, master: MasterCell) -> tuple[int, int]:
        title = re.compile(rf"^#+ .*\bExercise {re.escape(master.exercise or '-')}(?!\d)", re.MULTILINE)
        start = next(
            (n for n, cell in enumerate(self.cells) if _is_text(cell) and title.search(cell.source)), -1
        )
        for place in range(start + 1, len(self.cells)):
            cell = self.cells[place]
            if _is_text(cell) and re.search(r"^#+ .*\b(?:Exercise|Question) \d", cell.source, re.MULTILINE):
                return start, place
            if cell.kind == "code" and CHECKED.search(cell.source) and place in self.owner:
                return start, place
        return start, len(self.cells)

    def gaps_by_likeness(self, least: float, how: str) -> None:
        for master in self.open_gaps():
            likes = [(self._gap_likeness(place, master), place) for place in self.free()]
            likes = [(likeness, place) for likeness, place in likes if likeness >= least]
            if likes:
                self.take(max(likes)[1], master, how)
            if len(likes) > 1:
                self.result.note(
                    master.exercise, f"{len(likes)} cells look like this answer; the best was taken"
                )

    def _gap_likeness(self, place: int, master: MasterCell) -> float:
        if self._defines(place, master):
            return 1.0
        if re.search(r"^(?:def|class) ", master.stub, re.MULTILINE):
            return 0.0
        others = self._other_lines(master)
        kept = [line for line in _lines(master.stub) if "NotImplementedError" not in line]
        there = set(_lines(self.cells[place].source))
        is_telling = any(line in there and line not in others for line in kept)
        return sum(line in there for line in kept) / len(kept) if is_telling else 0.0

    def _other_lines(self, master: MasterCell) -> set[str]:
        """Return the lines of all cells but one; made once for each."""
        if master.name not in self.lines:
            others = (cell for cell in self.assignment.cells if cell is not master)
            self.lines[master.name] = {line for cell in others for line in _lines(cell.stub)}
        return self.lines[master.name]

    def locked_by_likeness(self) -> None:
        locked = [cell for cell in self.assignment.cells if not cell.is_gap]
        for place in self.free():
            source = self.cells[place].source
            checked = set(CHECKED.findall(source))
            for master in locked:
                is_check = checked == {master.exercise} and CHECKED.search(master.source)
                if _likeness(source, master.stub) >= (LIKE_CHECK if is_check else LIKE_LOCKED):
                    self.owner[place] = master.name
                    self.taken.setdefault(master.name, place)
                    break


def _put_together(matching: _Matching, values: dict[str, str]) -> Restored:
    result = matching.result
    extras = _extra_cells(matching)
    for cell in extras.get("", []):
        result.cells.append(cell)
    for master in matching.assignment.cells:
        place = matching.taken.get(master.name)
        if master.is_gap and place is not None:
            result.found[master.name] = matching.how[master.name]
            result.sources[master.name] = matching.cells[place].source
            result.cells.append(
                {"id": master.name, "source": _with_check(result.sources[master.name], master)}
            )
        elif master.is_run and not master.is_gap:
            source = _with_values(master.source, values) if master.is_parameters else master.source
            result.cells.append({"id": master.name, "source": source})
            _note_changes(matching, master, place)
        result.cells += extras.get(master.name, [])
        for cell in [{"id": master.name}, *extras.get(master.name, [])]:
            if master.exercise:
                result.owners[cell["id"]] = master.exercise
    _note_word(matching, values)
    return result


def _extra_cells(matching: _Matching) -> dict[str, list[dict]]:
    """Return the student's own cells by the master's cell that they follow."""
    extras: dict[str, list[dict]] = {}
    before = ""
    for place in matching.code:
        name = matching.owner.get(place)
        if name is not None:
            before = name
        elif matching.cells[place].source.strip():
            cell = {"id": f"extra-{place + 1}", "source": matching.cells[place].source}
            extras.setdefault(before, []).append(cell)
    return extras


def _with_check(source: str, master: MasterCell) -> str:
    """Put back the check that stands in the same cell as a gap, where the student took it out."""
    wanted = [line for line in master.source.splitlines() if CHECKED.search(line)]
    there = set(CHECKED.findall(source))
    return "\n".join([source, *(line for line in wanted if CHECKED.search(line)[1] not in there)])


def _with_values(source: str, values: dict[str, str]) -> str:
    return "\n".join([source, *(f"{name} = {value!r}" for name, value in values.items())])


def _note_changes(matching: _Matching, master: MasterCell, place: int | None) -> None:
    """Tell about answers in a locked cell, which was put back."""
    if place is None or not master.exercise:
        return
    source = matching.cells[place].source
    if _plain(source) not in (_plain(master.source), _plain(master.stub)):
        matching.result.note(master.exercise, f"the locked cell {master.name} was changed; it was put back")


def _note_word(matching: _Matching, values: dict[str, str]) -> None:
    for place in matching.code:
        word = CLASS_WORD.search(matching.cells[place].source)
        graded = values.get("CLASS_WORD", "")
        if word and word[1].strip().casefold() != graded.strip().casefold() and word[1].strip():
            matching.result.note(None, "the notebook has another class word than it was graded with")
            return


def _is_text(cell: Cell) -> bool:
    return cell.kind == "markdown"


def _lines(source: str) -> list[str]:
    return [line.strip() for line in source.splitlines() if line.strip()]


def _plain(source: str) -> str:
    return "\n".join(_lines(source))


def _likeness(one: str, other: str) -> float:
    """Return the share of words and signs that two texts have in common: 0 to 1, in linear time."""
    short, long = sorted((_words(one), _words(other)), key=len)
    total = short.total() + long.total()
    return 2 * (short & long).total() / total if short and long else 0.0


@functools.lru_cache(maxsize=256)
def _words(text: str) -> Counter:
    return Counter(re.findall(r"\w+|\S", text))
