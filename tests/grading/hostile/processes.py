"""Living on, and ending others."""

from hostile import Attack

ATTACKS = [
    Attack(
        "daemon by double fork, in a session of its own",
        """
        import os, signal, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                what_works((signal.signal, number, signal.SIG_IGN) for number in range(1, 65))
                os.chdir("/")
                os.closerange(0, 100)
                time.sleep(600)
            os._exit(0)
        leak("ran")
        """,
        sample=True,
    ),
    Attack(
        "background processes by the shell",
        """
        import os, subprocess
        os.system("nohup setsid sleep 600 >/dev/null 2>&1 &")
        subprocess.Popen(["sleep", "600"], start_new_session=True)
        get_ipython().system("(trap '' HUP TERM INT; sleep 600) &")
        leak("ran")
        """,
    ),
    Attack(
        "work after the end",
        """
        import atexit, os, threading, time
        atexit.register(time.sleep, 600)
        threading.Thread(target=time.sleep, args=(600,)).start()
        leak("ran")
        """,
    ),
    Attack("os._exit", "import os\nos._exit(0)", ends=("ended early",), honest=None),
    Attack("sys.exit", "import sys\nsys.exit(0)"),
    Attack("quit and exit", "quit()\nexit()\nraise SystemExit(0)"),
    Attack("crash", "import ctypes\nctypes.string_at(0)", ends=("ended early",), honest=None),
    Attack(
        "signals to parent, all and group",
        """
        import os, signal
        for target in (os.getppid(), 1, -1, 0):
            for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGSTOP, signal.SIGKILL):
                try:
                    if target > 0:
                        os.kill(target, number)
                except OSError:
                    pass
        leak("ran")
        os.kill(-1, signal.SIGKILL)
        os.killpg(0, signal.SIGKILL)
        """,
        ends=("ended early", "finished"),
        honest=None,
    ),
    Attack(
        "stop itself", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", ends=("time",), honest=None
    ),
    Attack(
        "ptrace, and the memory of others",
        """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        def read(path):
            with open(path, "r+b") as file:
                file.seek(0x1000)
                return file.read(1)
        nothing_works([
            (libc.ptrace, 16, 1, 0, 0), (libc.ptrace, 16, os.getppid(), 0, 0), (read, "/proc/1/mem"),
            (read, f"/proc/{os.getppid()}/mem"), (read, "/dev/mem"), (read, "/proc/kcore")])
        """,
    ),
]
