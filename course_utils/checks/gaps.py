"""A gap that is not filled yet is no accident: say so in one line, without a traceback."""

from __future__ import annotations

import sys


def speak_plainly_about_gaps() -> None:
    """Let the notebook show one line where a gap still raises, or a check meets a missing name.

    The exception stays what it is, so tools that run notebooks see it. Outside IPython nothing changes.
    """
    shell = running_shell()
    if shell is not None:
        shell.set_custom_exc((NotImplementedError, NameError), _show_short)


def running_shell() -> object | None:
    """Return the IPython shell that runs this code; None in plain Python."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def _show_short(shell, kind, error, traceback, tb_offset=None) -> None:
    message = gap_message(error, _running_code(shell))
    if message:
        error._render_traceback_ = lambda: [message]
    shell.showtraceback((kind, error, traceback), tb_offset=tb_offset)


def _running_code(shell) -> str:
    try:
        return shell.user_ns["In"][-1]
    except (KeyError, IndexError, TypeError):
        return ""


def gap_message(error: Exception, code: str) -> str:
    """Return one line about an unfilled gap, or an empty text where the error is another one.

    Args:
        error: that a cell raised.
        code: of that cell.
    """
    if isinstance(error, NotImplementedError) and str(error).startswith("Exercise "):
        return f"{error}\nReplace the line with `raise` by your code, run that cell, then check again."
    if isinstance(error, NameError) and "check(" in code:
        return (
            f"There is no `{error.name}` yet.\n"
            "Fill the gap in the cell above, run that cell, then run this one again."
        )
    return ""
