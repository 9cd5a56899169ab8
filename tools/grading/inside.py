"""What runs in the sandbox: one notebook, cell by cell, in this process. Uses nothing of this package.

It is given a job as JSON on its standard input, and writes frames to the pipe whose number is its argument:
``B`` begins a cell, ``C`` tells how it ended, ``A`` brings answers that a cell left, ``E`` is the end. All of
it can be forged by the notebook, which shares the process; so whoever reads it trusts nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import resource
import signal
import stat
import struct
import sys
from pathlib import Path

RUN = "/tmp/run"
ANSWERS_BYTES = 32_000_000
ERROR_CHARACTERS = 600
SHOWN_CHARACTERS = 600


class CellTookTooLong(KeyboardInterrupt):
    """Ends a cell; no ``except Exception`` catches it."""


def main() -> None:
    """Run the cells of the job that standard input gives, and send what the student answered."""
    channel = int(sys.argv[1])
    job = json.loads(sys.stdin.buffer.read())
    set_limits(job["resources"])
    for folder in (os.environ["COURSE_ANSWERS"], RUN):
        os.makedirs(folder)
    os.chdir(RUN)
    sys.path[0] = RUN
    answers = Path(os.environ["COURSE_ANSWERS"], f"{job['lesson']}.json")
    shell = make_shell()
    seen: dict[str, str] = {}
    for cell in job["cells"]:
        send(channel, b"B", {"id": cell["id"]})
        send(channel, b"C", run_cell(shell, cell, job["cell_seconds"]))
        for answer in new_answers(answers, seen):
            send(channel, b"A", answer)
    send(channel, b"E", {})
    os._exit(0)


def set_limits(resources: dict[str, int]) -> None:
    """Bound this process and its children for good: nobody without rights can raise a hard limit."""
    for name, value in resources.items():
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))
    os.nice(5)


def make_shell() -> object:
    """Return a shell that runs cells as notebooks do, and shows nothing."""
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.history import HistoryManager
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    shown: list[str] = []

    class Nothing(DisplayPublisher):
        def publish(self, data, metadata=None, *, transient=None, update=False, **rest):
            shown.append(str(data.get("text/plain", ""))[:SHOWN_CHARACTERS])
            del shown[:-1]

        def clear_output(self, wait=False):
            pass

    class Shell(InteractiveShell):
        def enable_gui(self, gui=None):
            pass

        def ask_exit(self):
            pass

        @contextlib.contextmanager
        def _tee(self, channel):  # IPython would keep all that is printed
            yield

        def showtraceback(self, *arguments, **options):
            pass

        def showsyntaxerror(self, *arguments, **options):
            pass

    HistoryManager.enabled = False
    settings = Config()
    settings.InteractiveShell.colors = "nocolor"
    settings.InteractiveShell.display_pub_class = Nothing
    shell = Shell.instance(config=settings)
    shell.system = shell.system_raw
    shell.shown = shown  # the last thing that was displayed: what check() said, if it took no answer
    return shell


def run_cell(shell: object, cell: dict, seconds: float) -> dict:
    """Run one cell, and return how it ended."""
    shell.shown.clear()
    try:
        signal.signal(signal.SIGALRM, _too_long)
        signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)  # again each second, should the cell catch it
        with (
            open(os.devnull, "w", encoding="utf-8", errors="replace") as printed,
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
        ):
            result = shell.run_cell(cell["source"], store_history=False)
        signal.setitimer(signal.ITIMER_REAL, 0)
        error = result.error_before_exec or result.error_in_exec
    except BaseException as outer:  # the alarm may ring anywhere
        error = outer
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    ended = {"id": cell["id"], "ok": error is None, "shown": "".join(shell.shown)}
    if error is not None:
        ended |= {"error": _name(error), "text": _text(error)}
    _close_figures()
    return ended


def _too_long(number: int, frame: object) -> None:
    raise CellTookTooLong("The cell took too long.")


def _name(error: BaseException) -> str:
    return "KeyboardInterrupt" if isinstance(error, CellTookTooLong) else type(error).__name__[:80]


def _text(error: BaseException) -> str:
    if isinstance(error, CellTookTooLong):
        return "too long"
    try:
        return str(error)[:ERROR_CHARACTERS]
    except BaseException:
        return ""


def _close_figures() -> None:
    pyplot = sys.modules.get("matplotlib.pyplot")
    with contextlib.suppress(Exception):
        if pyplot is not None:
            pyplot.close("all")


def new_answers(path: Path, seen: dict[str, str]) -> list[dict]:
    """Return the answers that are new or changed since the last call, each as a dict of one."""
    fresh = []
    with contextlib.suppress(OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError):
        for exercise, plain in json.loads(_content(path))["answers"].items():
            digest = hashlib.sha256(json.dumps(plain).encode()).hexdigest()
            if seen.get(exercise) != digest:
                seen[exercise] = digest
                fresh.append({exercise: plain})
    return fresh


def _content(path: Path) -> bytes:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_size > ANSWERS_BYTES:
            raise OSError("no plain file, or too large")
        return file.read(ANSWERS_BYTES)


def send(channel: int, kind: bytes, content: dict) -> None:
    """Write one frame: its kind, its length, its JSON."""
    payload = json.dumps(content).encode()
    frame = memoryview(struct.pack(">cI", kind, len(payload)) + payload)
    while frame:
        frame = frame[os.write(channel, frame) :]


if __name__ == "__main__":
    main()
