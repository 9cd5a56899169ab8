"""Taking everything: memory, disk, processes, time, output."""

from hostile import Attack

STOPPED = ("finished", "time", "memory", "processes", "files", "printed", "frames", "ended early")

ATTACKS = [
    Attack(
        "fork bomb",
        """
        import os, time
        while True:
            try:
                os.fork()
            except OSError:
                time.sleep(0.01)
        """,
        ends=("processes", "time", "memory"),
        honest=None,
        sample=True,
    ),
    Attack("fork bomb of the shell", "!bomb() { bomb | bomb & }; bomb; sleep 20", ends=STOPPED, honest=None),
    Attack(
        "thread bomb",
        """
        import threading, time
        while True:
            try:
                threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
            except RuntimeError:
                raise
        """,
        ends=STOPPED,
        honest=None,
    ),
    Attack(
        "all processors, and work at a higher priority",
        """
        import os
        nothing_works([(os.sched_setaffinity, 0, range(64)), (os.nice, -20)])
        for _ in range(8):
            if os.fork() == 0:
                while True:
                    pass
        """,
    ),
    Attack(
        "memory that belongs to no process",
        """
        import ctypes, mmap, os
        libc = ctypes.CDLL(None, use_errno=True)
        nothing_works([
            (libc.shmget, 0, 2**30, 0o1600), (libc.msgget, 0, 0o1600), (libc.semget, 0, 9, 0o1600),
            (os.memfd_create, "x"), (mmap.mmap, -1, 2**30),
            (lambda: mmap.mmap(os.open("/dev/zero", os.O_RDWR), 2**30),)])
        """,
        sample=True,
    ),
    Attack(
        "memory bomb at once",
        """
        import numpy as np
        taken = np.ones(10**11, "uint8")
        """,
    ),
    Attack(
        "memory bomb bit by bit, in several processes",
        """
        import os
        for _ in range(4):
            if os.fork() == 0:
                taken = []
                while True:
                    taken.append(bytearray(os.urandom(1000)) * 20_000)
        taken = []
        while True:
            taken.append(bytearray(b"x") * 20_000_000)
        """,
        ends=("memory", "time", "ended early", "finished"),
        honest=None,
    ),
    Attack(
        "100 GB file, wherever it can be written",
        """
        import os
        written = {}
        for folder in ("/tmp", "/dev/shm", "/", "/course", "/dev", "/proc", "/run", "/var/tmp", os.getcwd()):
            path = os.path.join(folder, "pwned-large")
            try:
                with open(path, "wb") as file:
                    for _ in range(100):
                        file.write(b"x" * 2**26)
            except OSError:
                pass
            try:
                written[folder] = os.path.getsize(path)
                os.truncate(path, 100 * 10**9)
            except OSError:
                pass
        leak(("ran", written))
        assert sum(written.values()) < 3 * 10**9, written
        """,
        ends=("finished", "ended early"),
        honest=None,
    ),
    Attack(
        "a million files",
        """
        import os
        for number in range(1_000_000):
            open(f"/tmp/pwned-{number}", "w").close()
        """,
        ends=("files",),
        honest=None,
    ),
    Attack(
        "endless output",
        """
        while True:
            print("x" * 100_000)
        """,
    ),
    Attack(
        "endless output past the notebook",
        """
        import os
        while True:
            os.write(1, b"x" * 100_000)
        """,
        ends=("printed",),
        honest=None,
    ),
    Attack("endless loop", "while True: pass"),
    Attack(
        "endless loop that catches everything",
        """
        import signal
        while True:
            try:
                while True:
                    signal.signal(signal.SIGALRM, signal.SIG_IGN)
            except BaseException:
                pass
        """,
        ends=("time",),
        honest=None,
    ),
    Attack("endless loop in C", "sum(iter(int, 1))", ends=("finished", "time"), honest=None),
]
