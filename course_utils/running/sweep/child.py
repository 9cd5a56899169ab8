"""The process of one run: ``python -m course_utils.running.sweep.child RUN``. Started by ``attempt``."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import traceback

import psutil

from course_utils.errors import CourseError
from course_utils.running.runner import run_course
from course_utils.running.sweep.attempt import LOG
from course_utils.running.sweep.run import Run, from_json, is_finished
from course_utils.system.lock import only_one

LOCK = ".lock"


def main() -> None:
    """Run the run that the command line names, and answer by one JSON object on standard output."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answer:
        os.dup2(2, 1)  # what lessons and libraries print goes to the log
        error = _run(from_json(sys.argv[1]))
        json.dump({"error": error}, answer)


def _run(run: Run) -> str:
    """Run a run unless it is finished, and return its error; an empty text if there is none."""
    try:
        # Another worker may be at it still: a cluster gives a run anew when it loses sight of a worker.
        with only_one(run.out / LOCK, "Another worker is at this run: waiting."):
            if not is_finished(run):
                run_course(run.lessons, run.parameters, run.out, folder=run.folder)
    except CourseError as error:
        return str(error)
    except OSError as error:
        return f"The results cannot be written: {error}"
    except Exception as error:
        traceback.print_exc()
        return f"{type(error).__name__}: {error}\nNext: look at the end of {run.out / LOG}."
    return ""


def _end_with_parent() -> None:
    """Wait until standard input is closed, which the end of the parent does; then end all below, and this."""
    while os.read(0, 1):
        pass
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            process.kill()
    os._exit(1)


if __name__ == "__main__":
    main()
