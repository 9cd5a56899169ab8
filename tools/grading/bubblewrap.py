"""The wall of a sandbox: what a stranger's notebook sees, who it is, where it may write, on which processors.

What runs inside has no network, a user of its own, a read-only system, small folders in memory to write to,
and sees nothing of masters, judges, other submissions or home folders. When it ends, for whatever reason, the
kernel ends every process that it started.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from tools.grading.memory_group import group_settings, memory_group
from tools.grading.seccomp import seccomp_filter
from tools.grading.stage import Stage

STRANGERS = 1_000_000_000  # user numbers from here on are nobody's: the kernel counts processes by user
MEBIBYTE = 2**20
SHARED_MEMORY = 64 * MEBIBYTE  # in /dev/shm
SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
SETTINGS = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts", "/etc/localtime")


def start(
    job: bytes, stage: Stage, *, class_word: str, memory: int, scratch: int, slot: int, processors: list[int]
) -> tuple[subprocess.Popen, int]:
    """Start ``inside.py`` behind a wall of its own, with a job as its standard input.

    All its processes together may take ``memory`` bytes, all its files, which lie in memory, ``scratch``.

    Returns:
        Its process, whose standard output is what it prints, and the number of the pipe that brings frames.
    """
    frames, frames_in = os.pipe()
    with contextlib.ExitStack() as files:
        files.callback(os.close, frames_in)
        passed = [frames_in]
        options = _options(stage, class_word, scratch, slot)
        filtering = seccomp_filter()
        if filtering:
            passed.append(_in_memory(files, filtering))
            options += ["--seccomp", str(passed[-1])]
        passed.append(_in_memory(files, b"".join(os.fsencode(option) + b"\0" for option in options)))
        command = [*memory_group(memory + scratch + 2 * SHARED_MEMORY), shutil.which("bwrap") or "bwrap"]
        command += ["--args", str(passed[-1]), "--", *_stranger(slot)]
        command += [sys.executable, "-B", "/grading/inside.py", str(frames_in)]
        with _on_processors(processors):
            process = subprocess.Popen(
                command,
                stdin=_in_memory(files, job),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=passed,
                env=group_settings() | {"PATH": "/usr/bin:/bin"},
                cwd="/",
                start_new_session=True,
            )
    return process, frames


def sandbox_uid(slot: int) -> int:
    """Return the user number of a slot, different in each process that grades."""
    return STRANGERS + os.getpid() * 256 + slot


def python_folders() -> list[str]:
    """Return the folders of this Python: all that a sandbox sees of this machine, its system apart."""
    named = [sys.base_prefix, sys.prefix]
    found = dict.fromkeys(path for name in named for path in (os.path.realpath(name), name))
    return [path for path in found if not path.startswith("/usr/") and path != "/usr"]


def _options(stage: Stage, class_word: str, scratch: int, slot: int) -> list[str]:
    # Folders in memory first: this Python may lie below one of them, and must not be hidden by it.
    seen = [*_system(), *_writable(scratch), *_python()]
    for source, target in stage.items():
        seen += [*_parents(target), "--ro-bind", str(source), target]
    options = ["--die-with-parent", "--new-session", "--unshare-ipc", "--unshare-pid", "--unshare-net"]
    options += ["--unshare-uts", "--unshare-cgroup-try", "--hostname", "sandbox", *_user(slot)]
    return [*options, *seen, "--remount-ro", "/", "--chdir", "/tmp", *_variables(class_word)]


def _user(slot: int) -> list[str]:
    if os.geteuid() == 0:  # a user of its own in earnest, so that the kernel counts its processes
        kept = ["CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"]
        return ["--cap-drop", "ALL", *(part for name in kept for part in ("--cap-add", name))]
    number = str(sandbox_uid(slot))
    return ["--unshare-user", "--uid", number, "--gid", number]


def _stranger(slot: int) -> list[str]:
    """Return what root starts inside to become a stranger; others already are one to the inside."""
    if os.geteuid() != 0:
        return []
    number = str(sandbox_uid(slot))
    become = ["setpriv", "--reuid", number, "--regid", number, "--clear-groups"]
    return [*become, "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--"]


def _system() -> list[str]:
    options = ["--ro-bind", "/usr", "/usr"]
    for folder in SYSTEM:
        if os.path.islink(folder):
            options += ["--symlink", os.readlink(folder), folder]
        else:
            options += ["--ro-bind-try", folder, folder]
    options += _parents("/etc/x")
    for path in SETTINGS:
        options += ["--ro-bind-try", path, path]
    return [*options, "--proc", "/proc", "--dev", "/dev"]


def _writable(scratch: int) -> list[str]:
    """Two folders in memory may be written to. Of /dev/zero, memory could be had that belongs to nobody."""
    options = ["--perms", "1777", "--size", str(SHARED_MEMORY), "--tmpfs", "/dev/shm"]
    options += ["--dev-bind", "/dev/null", "/dev/zero", "--remount-ro", "/dev"]
    return [*options, "--perms", "1777", "--size", str(scratch), "--tmpfs", "/tmp"]


def _python() -> list[str]:
    options = []
    for folder in sorted(python_folders(), key=len):
        options += [*_parents(folder), "--ro-bind", folder, folder]
    for packages in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        installed = os.path.join(packages, "course_utils")
        if os.path.isdir(installed):  # with its judges: nothing is to be seen of it
            options += ["--perms", "0755", "--size", "4096", "--tmpfs", installed]
    return options


def _parents(path: str) -> list[str]:
    """Return options that let a stranger pass the folders above a path, and write to those below /tmp."""
    options = []
    for folder in reversed(Path(path).parents[:-1]):
        mode = "1777" if folder.is_relative_to("/tmp/home") else "0755"
        options += ["--perms", mode, "--dir", str(folder)]
    return options


def _variables(class_word: str) -> list[str]:
    values = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": "/tmp/home",
        "USER": "student",
        "LANG": "C.UTF-8",
        "PYTHONPATH": "/course",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLBACKEND": "agg",
        "MPLCONFIGDIR": "/tmp/home/matplotlib",
        "IPYTHONDIR": "/tmp/home/ipython",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "OPENBLAS_NUM_THREADS": "2",
        "COURSE_CACHE": "/tmp/home/cache",
        "COURSE_OUT": "/tmp/out",
        "COURSE_ANSWERS": "/tmp/answers",
        "COURSE_CLASS_WORD": class_word,
        "COURSE_PRIVATE": "/private",
    }
    return ["--clearenv", *(part for name, value in values.items() for part in ("--setenv", name, value))]


@contextlib.contextmanager
def _on_processors(processors: list[int]) -> Iterator[None]:
    """Let what is started in the block run on these processors: inside, the choice cannot be changed."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, processors)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _in_memory(files: contextlib.ExitStack, content: bytes) -> int:
    """Return the number of a file in memory that nobody can change: inside, it could be made to grow."""
    number = os.memfd_create("grading", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    files.callback(os.close, number)
    with open(number, "wb", closefd=False) as file:
        file.write(content)
    os.lseek(number, 0, os.SEEK_SET)
    seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
    fcntl.fcntl(number, fcntl.F_ADD_SEALS, seals)
    return number
