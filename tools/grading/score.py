"""Points of one notebook: what the judges say about its answers, and what only a person can decide."""

from __future__ import annotations

import builtins
import platform
import re
from dataclasses import dataclass

from tools.grading.assignments import Assignment
from tools.grading.restore import Restored
from tools.grading.sandbox import Limits, Result

NOT_DONE = "Not done yet."
SYNTAX = {"SyntaxError", "IndentationError", "TabError"}
NO_MEMORY = ("MemoryError", "Cannot allocate memory", "Unable to allocate")
STOPS = {
    "time": "it took longer than {limits.seconds:g} s",
    "memory": "it needed more memory than {memory:g} GB",
    "processes": "it started more than {limits.processes} processes",
    "printed": "it wrote without end",
    "frames": "its answers are too large",
    "files": "it made more than {limits.inodes:,} files",
    "host": "the machine that grades had no memory left",
    "ended early": "it ended Python itself, or was killed because memory was full",
}


@dataclass
class Score:
    """Points of one student for one exercise."""

    exercise: str
    title: str
    points: float | None  # None where a person decides
    max_points: float  # that it can bring
    flag: str = ""  # empty, or why a person should look
    message: str = ""  # for the student
    text: str = ""  # of the student, which a person reads


@dataclass
class Scorer:
    """All that tells the points of one notebook."""

    assignment: Assignment
    restored: Restored
    result: Result
    verdicts: dict[str, dict]  # of the judges, by part of an exercise
    limits: Limits

    def score(self, exercise: dict) -> Score:
        """Return the score of an exercise, as the judges describe it."""
        name, worth = exercise["name"], exercise["points"]
        score = Score(name, exercise["title"], 0.0, worth)
        flags = list(self.restored.notes.get(name, []))
        gaps = self.assignment.gaps(name)
        if not gaps:
            score.points, flags = None, ["the master has no cell for this exercise"]
        elif any(gap.name not in self.restored.found for gap in gaps):
            score.points = None
            flags.insert(0, "the cell of this exercise was not found in the notebook")
            why = "its cell was not found in your notebook."
            score.message = f"Your instructor will look at this exercise: {why}"
        elif any(part in self.verdicts for part in exercise["parts"]):
            self._judged(exercise, score, flags)
        else:
            self._without_answer(name, score, flags)
        if score.points == worth:
            flags = []
        score.flag = "; ".join(dict.fromkeys(flags))
        return score

    def _judged(self, exercise: dict, score: Score, flags: list[str]) -> None:
        parts = {part: self.verdicts.get(part) for part in exercise["parts"]}
        score.text = parts[exercise["name"]]["text"] if exercise["by_person"] else ""
        if score.text:
            score.points, score.message = None, "Your instructor reads this."
            flags.insert(0, f"for a person to read: open points {exercise['points']}")
            flags += self._uncertain(exercise["name"])
            return
        score.points = sum(verdict["points"] for verdict in parts.values() if verdict)
        wrong = [(part, verdict) for part, verdict in parts.items() if not (verdict and verdict["is_right"])]
        if any(verdict and verdict["is_broken"] for verdict in parts.values()):
            flags.append("the check could not read this answer")
        if not wrong:
            score.message = parts[exercise["name"]]["message"] or "Right."
            return
        part, verdict = wrong[0]
        if self._is_untouched(exercise["name"]) and not score.points:  # a question: its gap does not raise
            score.message = NOT_DONE
            return
        said = verdict["message"] if verdict else self._reason(exercise["name"]) or "No answer was left."
        score.message = f"With other data: {said}" if part.endswith("h") else said
        if not verdict and self._was_stopped(exercise["name"]):
            flags.append(self._why_stopped())
        flags += self._uncertain(exercise["name"])

    def _without_answer(self, name: str, score: Score, flags: list[str]) -> None:
        if self._is_untouched(name):
            score.message = NOT_DONE
            return
        ran = [cell for cell in self.assignment.cells_of(name) if cell in self.result.cells]
        if not ran and self.result.end != "finished" and self._culprit() != name:
            score.points = None
            flags.insert(0, f"did not run: {self._why_stopped()}")
            score.message = "This exercise did not run, because the notebook was stopped before it."
            return
        score.message = self._reason(name) or "No answer was left."
        if self._was_stopped(name):
            flags.insert(0, self._why_stopped())
        elif any(report.get("error") in SYNTAX for _, report in self._reports(name)):
            self._look_at_version(score, flags)
        elif self._wanted_memory(name):
            flags.insert(0, "a cell asked for more memory than it may have")
        elif not self._reason(name):
            flags.insert(0, "the check ran and left no answer")
        flags += self._uncertain(name)

    def _look_at_version(self, score: Score, flags: list[str]) -> None:
        """What this Python cannot read may be right in a newer one: a person decides."""
        own, theirs = platform.python_version(), self.restored.python
        if not theirs:
            why = f"Python {own} cannot read it, and the notebook does not say its own: typo or newer?"
            flags.insert(0, why)
        elif _version(theirs) > _version(own):
            score.points = None
            flags.insert(0, f"Python {own} cannot read it; it was written with Python {theirs}")
            score.message = "Your instructor will look at this exercise: your Python is newer than ours."

    def _wanted_memory(self, name: str) -> bool:
        said = [f"{report.get('error')} {report.get('text')}" for _, report in self._reports(name)]
        return any(sign in text for text in said for sign in NO_MEMORY)

    def _reports(self, name: str) -> list[tuple[str, dict]]:
        """Return how the cells of an exercise ended, those that were run."""
        mine = [cell for cell, owner in self.restored.owners.items() if owner == name]
        return [(cell, self.result.cells[cell]) for cell in mine if cell in self.result.cells]

    def _is_untouched(self, name: str) -> bool:
        gaps = self.assignment.gaps(name)
        return all(_bare(self.restored.sources[gap.name]) == _bare(gap.stub) for gap in gaps)

    def _reason(self, name: str) -> str:
        """Return why an exercise left no answer, as its cells tell it."""
        reports = self._reports(name)
        for cell, report in reports:
            if not report.get("ok", True):
                if report.get("text") == "too long":
                    return f"A cell took longer than {self.limits.cell_seconds:g} s, and was stopped."
                return self._error(cell, report)
        if self._culprit() == name and self.result.end != "finished":
            return f"The notebook was stopped here: {self._stop_text()}."
        return next((report["shown"] for _, report in reversed(reports) if report.get("shown")), "")

    def _error(self, cell: str, report: dict) -> str:
        """Say how a cell failed; of a check only the kind: the text may hold hidden tests and their data."""
        kind = report.get("error", "an error")
        if any(master.name == cell and not master.is_gap for master in self.assignment.cells):
            known = getattr(builtins, kind, None)
            is_known = isinstance(known, type) and issubclass(known, BaseException)
            return f"The check stopped: {kind if is_known else 'an error'}."
        return f"The cell stopped: {kind}: {report.get('text', '')}".strip(": ")

    def _culprit(self) -> str | None:
        return self.restored.owners.get(self.result.running or "")

    def _was_stopped(self, name: str) -> bool:
        if self.result.end != "finished" and self._culprit() == name:
            return True
        return any(report.get("text") == "too long" for _, report in self._reports(name))

    def _why_stopped(self) -> str:
        if self.result.end == "finished":
            return f"a cell took longer than {self.limits.cell_seconds:g} s"
        known = {cell["id"] for cell in self.restored.cells}  # anything else in a report is forged
        where = f" in cell {self.result.running}" if self.result.running in known else ""
        return f"the notebook was stopped{where}: {self._stop_text()}"

    def _stop_text(self) -> str:
        text = STOPS.get(self.result.end, self.result.end)
        return text.format(limits=self.limits, memory=self.limits.memory / 1e9)

    def _uncertain(self, name: str) -> list[str]:
        ways = {self.restored.found[gap.name] for gap in self.assignment.gaps(name)}
        return ["its cell was found by place or likeness only"] if ways & {"place", "likeness"} else []


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d{1,4}", text)[:2])


def _bare(source: str) -> str:
    return "".join(source.split())


def open_scores(exercises: list[dict], flag: str) -> list[Score]:
    """Return scores that a person must decide, for all exercises of a lesson."""
    message = "Your instructor will look at this notebook."
    return [Score(e["name"], e["title"], None, e["points"], flag, message) for e in exercises]
