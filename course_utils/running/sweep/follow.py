"""Have all runs computed, and tell how far they are."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait

from tqdm import tqdm

from course_utils.running.sweep.attempt import Outcome, attempt
from course_utils.running.sweep.pools import Pool
from course_utils.running.sweep.run import Run, is_finished
from course_utils.system.progress import clock

TICK = 1.0  # seconds between two looks at the clock


def run_all(runs: Sequence[Run], pool: Pool) -> dict[str, str]:
    """Compute the runs, tell each one that ends with what is left, and return the errors by name."""
    started = time.monotonic()
    failed: dict[str, str] = {}
    futures = {pool.executor.submit(attempt, run, pool.settings): run for run in runs}
    waiting, ended = set(futures), 0
    with tqdm(total=len(runs), unit="run", file=sys.stdout, disable=None, smoothing=0) as bar:
        while waiting:
            bar.set_postfix(running=min(pool.capacity(), len(waiting)), failed=len(failed))
            done, waiting = wait(waiting, timeout=TICK, return_when=FIRST_COMPLETED)
            for future in done:
                run, ended = futures[future], ended + 1
                outcome = _outcome(future, run)
                if outcome.error:
                    failed[run.name] = outcome.error
                how = "failed" if outcome.error else "done"
                left = clock((time.monotonic() - started) / ended * (len(runs) - ended))
                tqdm.write(
                    f"{run.name}: {how} after {clock(outcome.seconds)}; {ended} of {len(runs)} ended, "
                    f"{len(failed)} failed, about {left} left"
                )
                sys.stdout.flush()
                bar.update()
    return failed


def _outcome(future: Future, run: Run) -> Outcome:
    try:
        outcome = future.result()
    except CancelledError:
        return Outcome("The cluster lost this run: its scheduler ended.\nNext: start it, and sweep again.", 0)
    except Exception as error:
        return Outcome(f"The run was given up. {type(error).__name__}: {' '.join(str(error).split())}", 0)
    if not outcome.error and not is_finished(run):
        problem = (
            f"It ran to its end, but its results are not in {run.out}, or not of the lesson as it is now.\n"
            "Next: see that all computers share this folder, and sweep again."
        )
        return Outcome(problem, outcome.seconds)
    return outcome
