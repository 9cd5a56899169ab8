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
TASK = re.compile(r"^#+ .*\b(?:Exercise|Question) \d", re.MULTILINE)
CLASS_WORD = re.compile(r"""^CLASS_WORD\s*=\s*["']([^"'\n]*)["']""", re.MULTILINE)


@dataclass
class Restored:
    """What is run, and how each gap was filled: a gap that is not in ``found`` is missing."""

    cells: list[dict] = field(default_factory=list)  # for the sandbox, with id and source
    found: dict[str, str] = field(default_factory=dict)  # gap -> "id", "text", "place", "likeness"
    sources: dict[str, str] = field(default_factory=dict)  # gap -> the student's text in it
    owners: dict[str, str] = field(default_factory=dict)  # cell that is run -> its exercise
    notes: dict[str, list[str]] = field(default_factory=dict)  # exercise, or "" -> what to know
    python: str = ""  # the version that the notebook names, or an empty text

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
        self.owner: dict[int, str] = {}  # place of a student's cell -> id of the master's
        self.taken: dict[str, int] = {}  # and the other way round
        self.result = Restored(python=notebook.python)

    def free(self) -> list[int]:
        return [place for place in self.code if place not in self.owner and self.cells[place].source.strip()]

    def open_gaps(self) -> list[MasterCell]:
        return [cell for cell in self.assignment.cells if cell.is_gap and cell.name not in self.taken]

    def take(self, place: int, master: MasterCell, how: str) -> None:
        self.owner[place], self.taken[master.name] = master.name, place
        if master.is_gap:
            self.result.found[master.name] = how

    def by_id(self) -> None:
        masters = {cell.name: cell for cell in self.assignment.cells}
        claims: dict[str, list[int]] = {}
        for place in self.code:
            name = next((name for name in self.cells[place].names if name in masters), None)
            if name:
                claims.setdefault(name, []).append(place)
        for name, places in claims.items():
            master = masters[name]
            best = self._best(places, master)
            if not master.is_gap:
                self.owner |= dict.fromkeys(places, name)  # a copy of a locked cell is not run again
                self.take(best, master, "id")
                continue
            if len({_plain(self.cells[place].source) for place in places}) > 1:
                self.result.note(master.exercise, f"{len(places)} different cells have the id of this answer")
            checked = set(CHECKED.findall(self.cells[best].source))
            if not checked or master.exercise in checked:  # another exercise's check speaks against its id
                self.take(best, master, "id")

    def _best(self, places: list[int], master: MasterCell) -> int:
        """Return the place of the cell that is filled in and most like the stub, the last of several."""

        def fit(place: int) -> tuple[bool, float, int]:
            source = self.cells[place].source
            is_filled = bool(source.strip()) and _plain(source) != _plain(master.stub)
            return is_filled, _likeness(source, master.stub), place

        return max(places, key=fit)

    def locked_by_text(self) -> None:
        texts = {}
        for cell in self.assignment.cells:
            if not cell.is_gap:
                texts |= {_plain(cell.source): cell, _plain(cell.stub): cell}
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
                self.take(self._best(places, master), master, "text")

    def _is_own(self, place: int, master: MasterCell) -> bool:
        """Say whether a cell can be the gap, and is not its check cell with something added."""
        if CHECKED.search(master.stub):  # a question's answer stands in the cell of its check
            return True
        return not CHECKED.search(self.cells[place].source) or self._defines(place, master)

    def _defines(self, place: int, master: MasterCell) -> bool:
        names = _defined(master.stub)
        return bool(names and names & _defined(self.cells[place].source))

    def gaps_by_place(self) -> None:
        """Fill a gap by the cell that stands between its task and its check."""
        for master in self.open_gaps():
            start, end = self._region(master)
            places = [place for place in self.free() if start < place < end]
            if places and start >= 0:
                self.take(self._best(places, master), master, "place")

    def _region(self, master: MasterCell) -> tuple[int, int]:
        title = re.compile(rf"^#+ .*\bExercise {re.escape(master.exercise or '-')}(?!\d)", re.MULTILINE)
        texts = [(n, cell.source) for n, cell in enumerate(self.cells) if cell.kind == "markdown"]
        start = next((n for n, source in texts if title.search(source)), -1)
        for place in range(start + 1, len(self.cells)):
            cell = self.cells[place]
            is_next = cell.kind == "markdown" and TASK.search(cell.source)
            is_check = cell.kind == "code" and CHECKED.search(cell.source) and place in self.owner
            if is_next or is_check:
                return start, place
        return start, len(self.cells)

    def gaps_by_likeness(self, least: float, how: str) -> None:
        for master in self.open_gaps():
            likes = [(self._gap_likeness(place, master), place) for place in self.free()]
            likes = [(likeness, place) for likeness, place in likes if likeness >= least]
            if likes:
                self.take(max(likes)[1], master, how)
            if len(likes) > 1:
                sentence = f"{len(likes)} cells look like this answer; the best was taken"
                self.result.note(master.exercise, sentence)

    def _gap_likeness(self, place: int, master: MasterCell) -> float:
        if self._defines(place, master):
            return 1.0
        if _defined(master.stub):
            return 0.0
        kept = [line for line in _lines(master.stub) if "NotImplementedError" not in line]
        there = set(_lines(self.cells[place].source))
        is_telling = any(line in there and self.stub_lines[line] == 1 for line in kept)
        return sum(line in there for line in kept) / len(kept) if is_telling else 0.0

    @functools.cached_property
    def stub_lines(self) -> Counter[str]:
        """In how many of the master's cells each line stands."""
        return Counter(line for cell in self.assignment.cells for line in set(_lines(cell.stub)))

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
    result.cells = extras.get("", [])
    for master in matching.assignment.cells:
        place = matching.taken.get(master.name)
        cells = extras.get(master.name, [])
        if master.name in result.found:
            source = result.sources[master.name] = matching.cells[place].source
            cells.insert(0, {"id": master.name, "source": _with_check(source, master)})
        elif master.is_run and not master.is_gap:
            lines = [f"{name} = {value!r}" for name, value in values.items()] if master.is_parameters else []
            cells.insert(0, {"id": master.name, "source": "\n".join([master.source, *lines])})
            if place is not None and master.exercise and not _is_as_given(matching.cells[place], master):
                result.note(master.exercise, f"the locked cell {master.name} was changed; it was put back")
        result.cells += cells
        if master.exercise:
            result.owners |= dict.fromkeys((cell["id"] for cell in cells), master.exercise)
    _note_word(matching, values)
    return result


def _extra_cells(matching: _Matching) -> dict[str, list[dict]]:
    """Return the student's own cells by the master's cell that they follow."""
    extras: dict[str, list[dict]] = {}
    before = ""
    for place in matching.code:
        source = matching.cells[place].source
        if place in matching.owner:
            before = matching.owner[place]
        elif source.strip():
            extras.setdefault(before, []).append({"id": f"extra-{place + 1}", "source": source})
    return extras


def _with_check(source: str, master: MasterCell) -> str:
    """Put back the check that stands in the same cell as a gap, where the student took it out."""
    wanted = [line for line in master.source.splitlines() if CHECKED.search(line)]
    there = set(CHECKED.findall(source))
    return "\n".join([source, *(line for line in wanted if CHECKED.search(line)[1] not in there)])


def _is_as_given(cell: Cell, master: MasterCell) -> bool:
    return _plain(cell.source) in (_plain(master.source), _plain(master.stub))


def _note_word(matching: _Matching, values: dict[str, str]) -> None:
    graded = values.get("CLASS_WORD", "").strip().casefold()
    words = [CLASS_WORD.search(matching.cells[place].source) for place in matching.code]
    named = {word[1].strip().casefold() for word in words if word}
    if named - {"", graded}:
        matching.result.note(None, "the notebook has another class word than it was graded with")


def _defined(source: str) -> set[str]:
    """Return the functions and classes that a cell defines."""
    return set(re.findall(r"^(?:def|class) (\w+)", source, re.MULTILINE))


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
