"""Pages to read: one for each student, one summary for the instructor. All text is escaped, nothing runs."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import jinja2
import markupsafe

from tools.grading.lesson_parts import lesson_part
from tools.grading.results import Graded, file_name, write_whole
from tools.grading.score import Score


def write_pages(out: Path, graded: list[Graded], titles: dict[str, str]) -> None:
    """Write feedback/<student>.html and summary.html; ``titles`` are those of assignments, by number."""
    pages = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("pages")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters["marked"] = marked
    pages.filters["lesson_part"] = lesson_part
    pages.filters["points"] = lambda points: "open" if points is None else f"{points:g}"
    page = pages.get_template("student.html.j2")
    students = sorted({one.student for one in graded})
    for student in students:
        mine = [one for one in graded if one.student == student]
        content = page.render(student=student, graded=mine, total=total(mine), titles=titles)
        write_whole(out / "feedback" / f"{file_name(student)}.html", content)
    summary = pages.get_template("summary.html.j2")
    numbers = sorted({one.assignment for one in graded if one.scores})
    content = summary.render(
        overviews=[overview(number, graded, titles.get(number, number)) for number in numbers],
        students=students,
        numbers=numbers,
        points={(one.student, one.assignment): one for one in graded},
        totals={student: total([one for one in graded if one.student == student]) for student in students},
        files={student: file_name(student) for student in students},
        to_read=to_read(graded),
        flagged=flagged(graded),
    )
    write_whole(out / "summary.html", content)


def total(graded: list[Graded]) -> dict[str, object]:
    """Return the points of one student in all assignments, and whether some are still open."""
    return {
        "points": sum(one.points for one in graded),
        "max_points": sum(one.max_points for one in graded),
        "is_open": any(one.is_open for one in graded),
    }


def marked(text: str) -> markupsafe.Markup:
    """Escape a text, and set what stands between backticks as code."""
    return markupsafe.Markup(re.sub(r"`([^`\n]+)`", r"<code>\1</code>", str(markupsafe.escape(text))))


def overview(number: str, graded: list[Graded], title: str) -> dict[str, object]:
    """Return what the summary tells about one assignment: distribution, exercises, the most missed one."""
    scored = [one for one in graded if one.assignment == number and one.scores]
    ran = [one for one in scored if any(score.points is not None for score in one.scores)]
    exercises = exercise_table(ran)
    counts = Counter(min(9, int(10 * one.points / one.max_points)) for one in ran if one.max_points)
    wrong = [row for row in exercises if row["full"] < row["decided"]]
    least = min((row["full"] / row["decided"] for row in wrong), default=None)
    missed = [row for row in wrong if row["full"] / row["decided"] == least]  # several if they tie
    return {
        "number": number,
        "title": title,
        "students": len(ran),
        "open": sum(one.is_open for one in scored),
        "mean": sum(one.points for one in ran) / len(ran) if ran else None,
        "max_points": max((one.max_points for one in scored), default=0.0),
        "bins": [{"from": 10 * n, "to": 10 * n + 10, "count": counts[n]} for n in range(10)],
        "highest": max(counts.values(), default=1),
        "exercises": exercises,
        "missed": missed[0] if missed else None,
        "ties": missed[1:],
    }


def exercise_table(ran: list[Graded]) -> list[dict[str, object]]:
    """Return for each exercise how many solved it in full, and the share of its points that was reached."""
    scores: dict[str, list[Score]] = {}
    for score in (score for one in ran for score in one.scores):
        scores.setdefault(score.exercise, []).append(score)
    rows = []
    for name, given in scores.items():
        shares = [score.points / score.max_points for score in given if score.points is not None]
        row = {"name": name, "title": given[0].title, "decided": len(shares), "full": shares.count(1.0)}
        rows.append(row | {"share": sum(shares) / len(shares) if shares else None})
    return rows


def to_read(graded: list[Graded]) -> dict[str, list[tuple[str, Score]]]:
    """Return by exercise the texts that a person must read, each with its student."""
    found: dict[str, list[tuple[str, Score]]] = {}
    for one in graded:
        for score in one.scores:
            if score.text and score.points is None:
                found.setdefault(f"{score.exercise} {score.title}", []).append((one.student, score))
    return found


def flagged(graded: list[Graded]) -> dict[str, list[tuple[str, str]]]:
    """Return by student what a person should look at: the assignment or exercise, and why.

    Texts to read are not among them: they have a part of their own.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    for one in graded:
        rows = [(one.assignment, flag) for flag in one.flags]
        flags = {score.flag for score in one.scores}
        if len(flags) == 1 and len(one.scores) > 1:  # the whole notebook, so one line
            rows += [(one.assignment, flag) for flag in flags if flag]
        else:
            rows += [(score.exercise, score.flag) for score in one.scores if score.flag and not score.text]
        if rows:
            found.setdefault(one.student, []).extend(rows)
    return found
