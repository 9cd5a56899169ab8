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
        written = []
        for folder in folders:
            for name in ("pwned.pth", "grades.csv", "sitecustomize.py"):
                try:
                    os.makedirs(folder, exist_ok=True)
                    with open(os.path.join(folder, name), "a") as file:
                        file.write("import os  # pwned")
                    written.append(folder)
                except OSError:
                    pass
        leak(("ran", written))
        assert not written, written
        """,
        leaks=True,
        sample=True,
    ),
    Attack(
        "change files in place",
        """
        import os
        import course_utils.checks.answers as answers
        import numpy
        done = []
        for path in (answers.__file__, numpy.__file__, "/grading/inside.py", "/etc/passwd", "/usr/bin/env"):
            for act in (lambda: open(path, "r+b"), lambda: os.remove(path), lambda: os.chmod(path, 0o777),
                        lambda: os.rename(path, path + "x"), lambda: os.symlink("/tmp", path + "pwned")):
                try:
                    act()
                    done.append(path)
                except OSError:
                    pass
        leak(("ran", done))
        assert not done, done
        """,
        leaks=True,
    ),
    Attack(
        "mounts and namespaces",
        """
        import ctypes, os, subprocess
        libc = ctypes.CDLL(None, use_errno=True)
        done = [libc.mount(b"none", b"/course", b"tmpfs", 0, 0), libc.umount2(b"/course", 2)]
        done += [libc.mount(b"/tmp", b"/course", None, 4096, None), libc.mount(b"", b"/", None, 32 | 4096, None)]
        done += [libc.unshare(flag) for flag in (0x10000000, 0x00020000, 0x40000000, 0x20000000)]
        done += [libc.chroot(b"/tmp"), libc.setuid(0), libc.setgid(0), libc.sethostname(b"pwned", 5)]
        command = ["unshare", "--user", "--map-root-user", "mount", "-t", "tmpfs", "none", "/course"]
        done.append(-1 if subprocess.run(command, capture_output=True).returncode else 0)
        done.append(-1 if subprocess.run(["su", "-c", "id"], capture_output=True, stdin=-3).returncode else 0)
        leak(("ran", done))
        assert set(done) == {-1}, done
        """,
        leaks=True,
    ),
    Attack(
        "links out of the writable folders",
        """
        import os
        done = []
        for target in ("/etc/passwd", OUTSIDE["private"], OUTSIDE["project"], "/course/course_utils/errors.py"):
            name = f"/tmp/link-{len(os.listdir('/tmp'))}"
            try:
                os.symlink(target, name)
                open(name, "a").write("pwned")
                done.append(target)
            except OSError:
                pass
            try:
                os.link(target, name + "hard")
                done.append(target)
            except OSError:
                pass
        leak(("ran", done))
        assert not done, done
        """,
        leaks=True,
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
        done = [libc.syscall(n, 0, 0, 0, 0, 0) for n in numbers.get(platform.machine(), ())]
        leak(("ran", done))
        assert set(done) <= {-1}, done
        """,
        leaks=True,
    ),
]
