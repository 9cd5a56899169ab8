"""A gap that is not filled yet is no accident: say so in one line. A typo is shown with its line."""

from __future__ import annotations

import re
import traceback
from collections.abc import Sequence

from course_utils.system.shell import show_instead


def speak_plainly_about_gaps() -> None:
    """Let the notebook show some words where a gap still raises, or code meets a name that is not there."""
    show_instead(
        (NotImplementedError, NameError), lambda shell, error: gap_message(error, *_code_so_far(shell))
    )


def _code_so_far(shell) -> tuple[str, list[str]]:
    """Return the code of the running cell, and of those that ran before it."""
    try:
        *earlier, code = shell.user_ns["In"]
    except (KeyError, ValueError, TypeError):
        return "", []
    return code, earlier


def gap_message(error: Exception, code: str, earlier: Sequence[str] = ()) -> str:
    """Return some words about an unfilled gap or a typo, or an empty text where the error is another one.

    Args:
        error: that a cell raised.
        code: of that cell.
        earlier: the code of the cells that ran before, in order.
    """
    if isinstance(error, NotImplementedError) and str(error).startswith("Exercise "):
        return f"{error}\nReplace the line with `raise` by your code, run that cell, then check again."
    name = error.name if isinstance(error, NameError) else None
    if name is None or "check(" not in code:
        return ""
    frame = _frame_elsewhere(error)
    if frame is None:
        return _missing_in_check(name, earlier)
    if "site-packages" in frame.filename or not frame.line:
        return ""
    return (
        f"There is no `{name}`, in line {frame.lineno} of the cell with `{frame.name}`:\n"
        f"    {frame.line}\n"
        "Is it a typo, or an import that is missing? Correct it, run that cell, then check again."
    )


def _frame_elsewhere(error: Exception) -> traceback.FrameSummary | None:
    """Return where an error was raised, if that is another place than the running cell itself."""
    frames = traceback.extract_tb(error.__traceback__)
    # IPython 7.34, which Colab has, calls the top of a cell "<cell line: 1>".
    cells = [frame.filename for frame in frames if frame.name.startswith(("<module>", "<cell line"))]
    return None if not cells or frames[-1].filename == cells[0] else frames[-1]


def _missing_in_check(name: str, earlier: Sequence[str]) -> str:
    defining = re.compile(rf"^\s*(def {name}\b|{name}\b.*=)", re.MULTILINE)
    ran = next((code for code in reversed(earlier) if defining.search(code)), "")
    if not ran or "raise NotImplementedError" in ran:
        fill = "Fill the gap in the cell above, run that cell, then run this one again."
        return f"There is no `{name}` yet.\n{fill}"
    where = "it stopped with an error"
    try:
        compile(ran, "cell", "exec")
    except SyntaxError as error:
        line = (error.text or "").strip()
        where = f"Python cannot read its line {error.lineno} ({error.msg}):\n    {line}"
    return f"There is no `{name}`: its cell ran, but {where}\nCorrect that cell, run it, then check again."
