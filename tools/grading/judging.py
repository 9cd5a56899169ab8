"""Ask the judges, which run in a process of their own: one that hangs or dies is ended and replaced."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.system.paths import PROJECT

SECONDS = 120.0  # for the answers of one notebook, the start of the process included
LONGEST_ANSWER = 10_000_000


class JudgesFailedError(Exception):
    """The judges gave no answer. The text is a sentence for a person."""


class Judges:
    """A process with the judges of the course, and those of an instructor's private folder.

    Args:
        private: folder with ``judges/`` and ``givens/``, or None.
        seconds: that one question may take.
    """

    def __init__(self, private: Path | None = None, *, seconds: float = SECONDS) -> None:
        self.private, self.seconds = private, seconds
        self.process: subprocess.Popen | None = None
        self.said = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close

    def __enter__(self) -> Judges:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def exercises(self, lesson: str) -> list[dict]:
        """Return name, title, points and parts of each exercise of a lesson, in order.

        Raises:
            CourseError: the judges of this lesson cannot be used.
        """
        try:
            return self._ask({"ask": "exercises", "lesson": lesson})
        except JudgesFailedError as error:
            raise CourseError(
                f"The judges of lesson {lesson} cannot be used.",
                cause=f"{error}: {self._last_words()}",
                next_step=f"correct course_utils/checks/judges/lesson_{lesson}.py, or the one of PRIVATE.",
            ) from error

    def judge(self, lesson: str, class_word: str, frames: list[bytes]) -> dict[str, dict]:
        """Judge answers. See ``judge_process.judge_frames``.

        Raises:
            JudgesFailedError: no answer in time, or the process died.
        """
        texts = [frame.decode("utf-8", errors="replace") for frame in frames]
        return self._ask({"ask": "judge", "lesson": lesson, "class_word": class_word, "frames": texts})

    def close(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
            self.process.stdout.close()
            self.process = None

    def _ask(self, question: dict) -> object:
        if self.process is None:
            self._start()
        process, started = self.process, time.monotonic()
        # It ends a write or a read that waits in vain; of the whole group, since all of it holds the pipe.
        alarm = threading.Timer(self.seconds, os.killpg, (process.pid, signal.SIGKILL))
        alarm.start()
        try:
            process.stdin.write(json.dumps(question).encode() + b"\n")
            process.stdin.flush()
            heard = process.stdout.readline(LONGEST_ANSWER)
        except BrokenPipeError:
            heard = b""
        finally:
            alarm.cancel()
        if heard.endswith(b"\n"):
            return json.loads(heard)
        self.close()
        if time.monotonic() - started >= self.seconds:
            raise JudgesFailedError(f"the judges took longer than {self.seconds:g} s")
        raise JudgesFailedError("the judges stopped")

    def _start(self) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("COURSE_")}
        environment |= {"PYTHONPATH": str(PROJECT), "TF_CPP_MIN_LOG_LEVEL": "3"}
        if self.private:
            environment["COURSE_PRIVATE"] = str(self.private.resolve())
        self.process = subprocess.Popen(
            # -B: an instructor's folder is read, and nothing is left in it
            [sys.executable, "-B", "-m", "tools.grading.judge_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.said,
            env=environment,
            cwd=PROJECT,
            start_new_session=True,
        )

    def _last_words(self) -> str:
        self.said.seek(max(0, self.said.seek(0, os.SEEK_END) - 400))
        lines = self.said.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"
