"""A bound on memory that the kernel itself holds: a control group, where systemd gives one.

It counts all that a sandbox takes, files in memory and the kernel's own part included. Where there is none,
the watch in ``sandbox`` and the filter in ``seccomp`` hold the bound alone.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess

TRIAL_SECONDS = 20


def memory_group(most: int) -> list[str]:
    """Return the start of a command that runs the rest of it in a control group of its own.

    Args:
        most: bytes that the group may take.

    Returns:
        Nothing where no such group can be had.
    """
    return [*_starter(), "-p", f"MemoryMax={most}", "-p", "MemorySwapMax=0", "--"] if _starter() else []


def group_settings() -> dict[str, str]:
    """Return the variables by which systemd of a user is found."""
    names = ("XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")
    return {name: os.environ[name] for name in names if name in os.environ} if _starter() else {}


@functools.cache
def _starter() -> tuple[str, ...]:
    program = shutil.which("systemd-run")
    if program is None:
        return ()
    user = () if os.geteuid() == 0 else ("--user",)
    start = (program, *user, "--scope", "--quiet", "--collect")
    try:
        trial = [*start, "-p", "MemoryMax=64M", "--", "cat", "/proc/self/cgroup"]
        done = subprocess.run(trial, capture_output=True, timeout=TRIAL_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return start if done.returncode == 0 else ()
