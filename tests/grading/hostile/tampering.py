"""Changing what is not its own: the course, Python, the system, the grades."""
# ruff: noqa: E501 - code in texts

from hostile import Attack

ATTACKS = [
    Attack(
        "write into the course, Python, home folders and grades",
        """
        import os, site, sys
        import course_utils
        folders = [os.path.dirname(course_utils.__file__), *site.getsitepackages(), sys.prefix, sys.base_prefix,
                   "/usr/lib", "/etc", "/root", "/home", "/course", "/grading", "/private", "/var", "/boot", "/sys"]
        folders += [*OUTSIDE["folders"], OUTSIDE["home"], OUTSIDE["project"]]
        def write(folder, name):
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, name), "a") as file:
                file.write("import os  # pwned")
        folders = [folder for folder in folders if not folder.startswith("/tmp/")]  # there one may: it vanishes
        names = ("pwned.pth", "grades.csv", "sitecustomize.py")
        nothing_works((write, folder, name) for folder in folders for name in names)
        """,
        sample=True,
    ),
    Attack(
        "change files in place",
        """
        import os
        import course_utils.checks.answers as answers
        import numpy
        acts = []
        for path in (answers.__file__, numpy.__file__, "/grading/inside.py", "/etc/passwd", "/usr/bin/env"):
            acts += [(open, path, "r+b"), (os.remove, path), (os.chmod, path, 0o777),
                     (os.rename, path, path + "x"), (os.symlink, "/tmp", path + "pwned")]
        nothing_works(acts)
        """,
    ),
    Attack(
        "mounts and namespaces",
        """
        import ctypes, subprocess
        libc = ctypes.CDLL(None, use_errno=True)
        def run(*command):
            return -1 if subprocess.run(command, capture_output=True, stdin=-3).returncode else 0
        acts = [(libc.mount, b"none", b"/course", b"tmpfs", 0, 0), (libc.umount2, b"/course", 2),
                (libc.mount, b"/tmp", b"/course", None, 4096, None), (libc.mount, b"", b"/", None, 32 | 4096, None),
                (libc.chroot, b"/tmp"), (libc.setuid, 0), (libc.setgid, 0), (libc.sethostname, b"pwned", 5),
                (run, "unshare", "--user", "--map-root-user", "mount", "-t", "tmpfs", "none", "/course"),
                (run, "su", "-c", "id")]
        nothing_works(acts + [(libc.unshare, flag) for flag in (0x10000000, 0x00020000, 0x40000000, 0x20000000)])
        """,
    ),
    Attack(
        "links out of the writable folders",
        """
        import os
        def write(target, name):
            os.symlink(target, name)
            open(name, "a").write("pwned")
        acts = []
        for n, target in enumerate(("/etc/passwd", OUTSIDE["private"], OUTSIDE["project"], "/course/course_utils/errors.py")):
            acts += [(write, target, f"/tmp/link-{n}"), (os.link, target, f"/tmp/hard-{n}")]
        nothing_works(acts)
        """,
    ),
    Attack(
        "shell magics",
        """
        %%bash
        rm -rf --no-preserve-root / 2>/dev/null
        rm -rf /tmp/* ~ /course /private 2>/dev/null
        echo pwned > /etc/passwd
        sudo -n id; chmod -R 777 / 2>/dev/null
        curl -m 2 http://127.0.0.1/ ; wget -T 2 -t 1 http://127.0.0.1/
        true
        """,
        honest=None,
    ),
    Attack(
        "kernel keyrings and BPF",
        """
        import ctypes, platform
        libc = ctypes.CDLL(None, use_errno=True)
        numbers = {"x86_64": (248, 250, 321, 298, 323, 425), "aarch64": (217, 219, 280, 241, 282, 425)}
        nothing_works((libc.syscall, n, 0, 0, 0, 0, 0) for n in numbers.get(platform.machine(), ()))
        """,
    ),
]
