"""The IPython shell that runs this code, and what it shows of an error."""

from __future__ import annotations

import sys
from collections.abc import Callable


def running_shell() -> object | None:
    """Return the IPython shell that runs this code; None in plain Python."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def show_instead(kinds: tuple[type[Exception], ...], message_of: Callable[[object, Exception], str]) -> None:
    """Let the notebook show some words in place of the traceback of these errors.

    The exception stays what it is, so tools that run notebooks see it. Outside IPython nothing changes.

    Args:
        kinds: of errors.
        message_of: takes the shell and the error; an empty text leaves the traceback.
    """

    def show(shell, kind, error, trace, tb_offset=None) -> None:
        message = message_of(shell, error)
        if message:
            error._render_traceback_ = lambda: [message]
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)

    shell = running_shell()
    if shell is not None:
        shell.set_custom_exc(kinds, show)
