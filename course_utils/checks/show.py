"""Showing a verdict: a green or amber line in a notebook, plain text in a terminal."""

from __future__ import annotations

import html
import re
import sys
from typing import TYPE_CHECKING

from course_utils.checks.names import is_hidden
from course_utils.errors import CourseError
from course_utils.system.shell import running_shell

if TYPE_CHECKING:
    from course_utils.checks.judges import Verdict

GREEN = ("#1e7d32", "#e9f5ea", "#12381a")  # border, ground, text: readable in light and dark windows
AMBER = ("#b26a00", "#fff5e2", "#4a2c00")
BLUE = ("#2b5d8a", "#eaf2f9", "#132c42")


def verdict(verdict: Verdict, *, note: str = "", progress: str = "") -> None:
    """Show what a judge said, a note below it, and last how far the student is."""
    said = "\n".join(text for text in (verdict.message, note) if text)
    if verdict.is_right:
        _show(GREEN, "✔", f"{_title(verdict.exercise)}: right.", said, progress)
    else:
        _show(AMBER, "○", f"{_title(verdict.exercise)}: not yet.", said, progress)


def trouble(exercise: str, error: CourseError) -> None:
    """Show why an answer could not be looked at."""
    problem, *rest = str(error).splitlines()
    start = f"{_title(exercise)}: " if exercise else ""
    _show(AMBER, "○", f"{start}{problem}"[:300], "\n".join(rest))


def kept(exercise: str) -> None:
    """Show that an answer was kept, where it is judged elsewhere."""
    _show(BLUE, "●", f"{_title(exercise)}: kept for grading.", "")


def for_person(exercise: str, note: str) -> None:
    """Show that a person will read an answer, and a note below it."""
    said = "\n".join(text for text in ("It brings points when your instructor has read it.", note) if text)
    _show(BLUE, "●", f"{_title(exercise)}: read by a person.", said)


def _title(exercise: str) -> str:
    return f"{exercise.removesuffix('h')[:20]}{', hidden part' if is_hidden(exercise) else ''}"


def _show(colours: tuple[str, str, str], sign: str, headline: str, rest: str, progress: str = "") -> None:
    text = f"{sign} {headline}" + (f" {rest}" if rest and "\n" not in rest else f"\n{rest}" if rest else "")
    text += f"\n{progress}" if progress else ""
    if running_shell() is None:
        _print(text)
        return
    from IPython.display import display

    display({"text/html": _as_html(colours, sign, headline, rest, progress), "text/plain": text}, raw=True)


def _print(text: str) -> None:
    """Print also where a terminal does not know all letters."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, errors="replace").decode(encoding))


def _as_html(colours: tuple[str, str, str], sign: str, headline: str, rest: str, progress: str = "") -> str:
    border, ground, letters = colours
    style = f"border-left:5px solid {border};background:{ground};color:{letters};padding:.55em .9em;"
    style += "border-radius:3px;line-height:1.45;max-width:52em"
    lines = "<br>".join(_marked(line) for line in rest.splitlines())
    strong = f'<b style="color:{letters}">{sign} {_marked(headline)}</b>'
    last = f"<br><small>{_marked(progress)}</small>" if progress else ""
    return f'<div role="status" style="{style}">{strong}{" " if lines else ""}{lines}{last}</div>'


def _marked(text: str) -> str:
    """Escape a text, and set what stands between backticks as code."""
    code = r'<code style="background:#0001;color:inherit;padding:0 .25em">\1</code>'
    return re.sub(r"`([^`]+)`", code, html.escape(text))
