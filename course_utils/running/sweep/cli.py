"""Run lessons over a grid of parameters: ``python -m course_utils.sweep grid.yaml``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.running.execution import LESSONS
from course_utils.running.sweep.follow import run_all
from course_utils.running.sweep.grid import read_grid
from course_utils.running.sweep.pools import Pool, cluster, processes, usual_workers
from course_utils.running.sweep.run import Run, is_finished
from course_utils.running.sweep.summary import summarize, summary_text, write_summary
from course_utils.system.paths import PROJECT, out_folder
from course_utils.system.progress import clock


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line says; return 0, or 1 after a failure (2: the command line is wrong)."""
    options = _parser().parse_args(arguments)
    return told(lambda: _main(options))


def told(work: Callable[[], int]) -> int:
    """Return what the work returns. If it ends early, say why in words and return 1, or 130: stopped."""
    try:
        return work()
    except CourseError as error:
        print(f"\n{error}", file=sys.stderr)
    except OSError as error:
        print(f"\nA file cannot be written or read: {error}", file=sys.stderr)
        print("Next: make room on the disk or give another --out; finished runs are kept.", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nStopped. Finished runs are kept; the same command goes on with the rest.", file=sys.stderr)
        return 130
    return 1


def _main(options: argparse.Namespace) -> int:
    out = (PROJECT / options.out.expanduser()).resolve()
    runs = read_grid(options.grid, out, folder=options.notebooks, quick=options.quick)
    if options.dry_run:
        print("\n".join(f"{run.name}: {'finished' if is_finished(run) else 'to run'}" for run in runs))
        return 0
    return tell_failures(_sweep(runs, out_folder(out), options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m course_utils.sweep", description=__doc__)
    parser.add_argument("grid", type=Path, help="YAML file with lessons and parameters: docs/SWEEPS.md")
    parser.add_argument("--out", type=Path, default=Path("build/sweep"), help="default: build/sweep")
    place = parser.add_mutually_exclusive_group()  # on a cluster, its own workers say how many at a time
    place.add_argument("--workers", type=count, help="runs at a time; default: by cores and free memory")
    place.add_argument("--scheduler", help="of a Dask cluster, for example tcp://10.0.0.1:8786")
    parser.add_argument("--threads", type=count, default=1, help="threads of TensorFlow in a run, default 1")
    parser.add_argument("--quick", action="store_true", help="cut epochs and repeats, as tests do")
    parser.add_argument("--dry-run", action="store_true", help="list the runs, and run nothing")
    parser.add_argument("--notebooks", type=Path, default=LESSONS, help=argparse.SUPPRESS)
    return parser


def count(word: str) -> int:
    """Return a whole number from the command line, 1 or more; argparse tells what else it found."""
    if not word.isdecimal() or int(word) < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, found {word}")
    return int(word)


def _sweep(runs: list[Run], out: Path, options: argparse.Namespace) -> dict[str, str]:
    """Compute what is not finished, write and show the summary, and return the errors by run."""
    started = time.monotonic()
    to_do = [run for run in runs if not is_finished(run)]
    print(f"{len(runs)} runs, {len(runs) - len(to_do)} of them finished already.")
    failed = {}
    if to_do:
        with _pool(options, out) as pool:
            print(f"{pool.capacity()} at a time, with {options.threads} thread(s) each.", flush=True)
            failed = run_all(to_do, pool)
    table = summarize([run for run in runs if run.name not in failed])
    write_summary(table, out / "summary.csv")
    print(f"\n{summary_text(table)}\n\nSummary: {out / 'summary.csv'}")
    print(f"{len(runs) - len(failed)} of {len(runs)} runs are done; {clock(time.monotonic() - started)}.")
    return failed


def _pool(options: argparse.Namespace, out: Path) -> AbstractContextManager[Pool]:
    if options.scheduler:
        return cluster(options.scheduler, options.threads, out, options.notebooks.resolve())
    return processes(options.workers or usual_workers(options.threads), options.threads)


def tell_failures(failed: Mapping[str, str]) -> int:
    """Print the errors by run, and return 1 if there are any, else 0."""
    for name, error in failed.items():
        print(f"\nFailed: {name}\n{error}", file=sys.stderr)
    if failed:
        print("\nThe same command runs again what failed, and keeps the rest.", file=sys.stderr)
    return 1 if failed else 0
