"""Download small files from servers that go wrong at random, and count the wrong bytes that were accepted.

    python tests/soak/soak.py [--runs 1000] [--seed 0]

Each run has a file, one to three addresses, and a random plan of cuts, stalls, wrong bytes, changed ETags,
broken ranges, errors and login pages. In some runs the downloading process is killed; in some a part or a
former file lies there from before. Whatever happens, the final name holds the right bytes, or what it held
before, or nothing. Then all servers become good, and one more try must give the file: no fault may block it
for ever. The exit code is 1 if a wrong byte was accepted, a run ended in another error, or a file never came.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import hashlib
import io
import multiprocessing
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

PROJECT = Path(__file__).resolve().parents[2]
tqdm.set_lock(threading.RLock())  # the usual one would be left behind by a killed process, and told of
sys.path[:0] = [str(PROJECT), str(PROJECT / "tests" / "faults")]

from servers import Custom, Cut, Fault, FaultyServer, LoginPage, Request, Silent, Stall, Status  # noqa: E402

from course_utils.system.download import transfer as module  # noqa: E402
from course_utils.system.download.transfer import DownloadFailed, RemoteFile, Timeouts, download  # noqa: E402

NAME = "file.bin"
LARGEST = 400_000  # bytes
KILL_SPEED = 2_000_000.0  # bytes a second, so that a kill comes before the end
REFUSED = (f"{module.OTHER} (sha256", "what was continued is not the file")
FORMER = b"what lay there before"
TIMEOUTS = Timeouts(
    connect=2.0, stall=0.15, slow_after=5.0, retry_wait=0.002, longest_wait=0.01, progress=LARGEST // 20
)
PATIENT = dataclasses.replace(TIMEOUTS, connect=30.0, stall=30.0)  # a busy computer is no fault of the file
KILLED, LEFT_BEFORE, SIZE_UNKNOWN = 0.12, 0.3, 0.3  # parts of the runs


@dataclass
class Count:
    """What happened in all runs."""

    runs: int = 0
    complete: int = 0
    failed: int = 0
    recovered: int = 0
    refused: int = 0  # runs in which the digest refused bytes
    kills: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    wrong: list[int] = field(default_factory=list)  # numbers of runs
    broken: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not self.wrong and not self.broken and self.recovered == self.runs


class _Plan:
    """Everything that is random in one run, but the moments of the kills."""

    def __init__(self, seed: int, number: int, killing: bool) -> None:
        self.rng = rng = random.Random(f"{seed}, {number}")
        self.body = rng.randbytes(rng.choice((1, 1000, rng.randint(1, LARGEST), LARGEST)))
        self.kills = rng.randint(1, 2) if killing and rng.random() < KILLED else 0
        addresses = rng.randint(1, 3)
        self.faults = [[self._fault() for _ in range(rng.randint(0, 4))] for _ in range(addresses)]
        self.size = None if rng.random() < SIZE_UNKNOWN else len(self.body)

    def _fault(self) -> Fault:
        rng = self.rng
        said = {
            "ignores_range": rng.random() < 0.3,
            "body": self._other_body() if rng.random() < 0.4 else None,
        }
        page = LoginPage(rng.choice(("text/html", "application/gzip")))
        status = Status(rng.choice((404, 416, 429, 500, 503)), rng.choice((None, "0", "60")))
        choices = {
            Fault(**said): 6,
            Cut(rng.random(), **said): 12,
            Stall(rng.random(), **said): 1,
            status: 4,
            page: 2,
            Custom(_odd_part): 2,
            Silent(): 0.5,
        }
        return rng.choices(list(choices), list(choices.values()))[0]

    def _other_body(self) -> bytes:
        """Return a body with one wrong byte, of another length, other in all, or right again."""
        at = self.rng.randrange(len(self.body))
        flipped = self.body[:at] + bytes([self.body[at] ^ 1]) + self.body[at + 1 :]
        others = flipped, self.rng.randbytes(len(self.body)), self.body, self.body[:at], self.body + b"x"
        return self.rng.choices(others, (4, 3, 1, 1, 1))[0]


def _odd_part(request: Request) -> None:
    """Answer with a part that was not asked for, or whose header lies."""
    body, number = request.server.body, len(request.server.asked)
    start = len(body) * (number % 7) // 7
    said = start if number % 2 else 0
    header = {"Content-Range": f"bytes {said}-{len(body) - 1}/{len(body)}"}
    request.send_body(206, body[start:], header, start)


def run(seed: int, number: int, count: Count, *, killing: bool = True) -> None:
    """Do one run, and count what happened."""
    plan = _Plan(seed, number, killing)
    with tempfile.TemporaryDirectory(prefix="course-soak-") as folder, contextlib.ExitStack() as stack:
        servers = [stack.enter_context(FaultyServer(plan.body, faults)) for faults in plan.faults]
        for server in servers:
            server.speed = KILL_SPEED if plan.kills else None
        digest = f"sha256:{hashlib.sha256(plan.body).hexdigest()}"
        file = RemoteFile(NAME, tuple(server.address for server in servers), digest, plan.size)
        target = Path(folder) / NAME
        _leave_something(plan, Path(folder))
        before = target.read_bytes() if target.exists() else None

        def look(outcome: str) -> None:
            found = target.read_bytes() if target.exists() else None
            may_be = (plan.body,) if outcome == "complete" else (plan.body, before)
            if found not in may_be and number not in count.wrong:
                count.wrong.append(number)

        for _ in range(plan.kills):
            count.kills += _killed(file, folder, plan.rng.random() * 0.15)
            look("killed")
        outcome, told = _tried(file, folder)
        look(outcome)
        count.complete += outcome == "complete"
        count.failed += outcome == "failed"
        if outcome not in ("complete", "failed"):
            count.broken.append(f"run {number}: {outcome}")
        count.refused += any(words in told for words in REFUSED)
        for server in servers:
            server.plan, server.body, server.speed = [], plan.body, None
        outcome, told = _tried(file, folder, PATIENT)
        look(outcome)
    count.runs += 1
    count.recovered += outcome == "complete"
    if outcome != "complete":
        count.broken.append(f"run {number}: good servers did not give the file: {told}")
    count.faults.update(type(fault).__name__ for faults in plan.faults for fault in faults)


def _leave_something(plan: _Plan, folder: Path) -> None:
    rng = plan.rng
    if rng.random() > LEFT_BEFORE:
        return
    if rng.random() < 0.5:
        (folder / NAME).write_bytes(FORMER)
    if rng.random() < 0.8:
        (folder / f"{NAME}.part").write_bytes(rng.randbytes(rng.randint(0, len(plan.body) + 10)))


def _tried(file: RemoteFile, folder: str, limits: Timeouts = TIMEOUTS) -> tuple[str, str]:
    """Try to download. Returns "complete", "failed", or an error that may not be; and all that was told."""
    module.TIMEOUTS = limits
    told = io.StringIO()
    try:
        with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
            download(file, folder)
    except DownloadFailed as error:
        outcome = "failed" if len(str(error).splitlines()) <= 4 else f"a long message: {error}"
        return outcome, f"{told.getvalue()}{error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}", told.getvalue()
    return "complete", told.getvalue()


def _killed(file: RemoteFile, folder: str, after: float) -> bool:
    """Download in another process and kill it after some seconds. False: it had ended by then."""
    process = multiprocessing.get_context("forkserver").Process(target=_tried, args=(file, folder))
    process.start()
    part = Path(folder) / f"{NAME}.part"
    end = time.monotonic() + 10
    while not part.exists() and process.is_alive() and time.monotonic() < end:
        time.sleep(0.001)
    process.join(after)
    was_alive = process.is_alive()
    process.kill()
    process.join()
    return was_alive


def summary(count: Count, seconds: float) -> str:
    """Return what happened, in a few lines."""
    bound = f"95 % bound: {3 / max(count.runs, 1):.2%} of the runs"
    lines = [
        f"{count.runs:,} runs in {seconds:,.0f} s, {sum(count.faults.values()):,} planned faults, "
        f"{count.kills:,} kills",
        "faults: " + ", ".join(f"{name} {number:,}" for name, number in count.faults.most_common()),
        f"wrong bytes accepted: {len(count.wrong)} ({f'runs {count.wrong}' if count.wrong else bound})",
        f"refused by the digest in {count.refused:,} runs",
        f"complete in spite of the faults: {count.complete:,}; failed with a message: {count.failed:,}",
        f"complete once the servers were good again: {count.recovered:,} of {count.runs:,}",
        *(f"ERROR {text}" for text in count.broken),
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    count, start = Count(), time.monotonic()
    every = 0.2 if sys.stderr.isatty() else 10.0
    for number in tqdm(range(options.runs), desc="soak", unit="run", mininterval=every):
        run(options.seed, number, count)
    print(summary(count, time.monotonic() - start))
    return 0 if count.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
