"""Reading what is none of its business."""
# ruff: noqa: E501 - code in texts

from hostile import Attack

ATTACKS = [
    Attack(
        "read files of the system and of homes",
        """
        import glob, os, pathlib
        paths = ["/etc/shadow", os.path.join("/root", ".ssh", "id_rsa"), "/etc/machine-id", *glob.glob("/home/*/*")]
        nothing_works((pathlib.Path(path).read_text,) for path in paths)
        """,
        sample=True,
    ),
    Attack(
        "read the environment and Kaggle's key",
        """
        import os, pathlib
        homes = [pathlib.Path.home(), pathlib.Path(OUTSIDE["home"]), pathlib.Path("/root")]
        paths = [home / ".kaggle" / "kaggle.json" for home in homes]
        paths += [path for path in pathlib.Path("/proc").glob("[0-9]*/*") if path.name in ("environ", "cmdline")]
        found = [dict(os.environ), os.listdir("/proc"), what_works((path.read_text,) for path in paths)]
        leak(found)
        """,
    ),
    Attack(
        "read other submissions, masters and judges",
        """
        import os
        found = ["ran"]
        def look(folder):
            for top, below, names in os.walk(folder):
                below[:] = [name for name in below if name not in ("site-packages", "lib", "proc", "usr")]
                for name in names:
                    if name.endswith((".py", ".ipynb", ".json", ".csv")):
                        try:
                            text = open(os.path.join(top, name), errors="replace").read()
                        except OSError:
                            continue
                        if "CANARY" in text or "judge(" in text:
                            found.append(top + name + text[:3000])
        for folder in (*OUTSIDE["folders"], "/tmp", "/course", "/private", "/grading", "/work", "/proc/1/root"):
            look(folder)
        leak(found)
        """,
        sample=True,
    ),
    Attack(
        "import the judges",
        """
        import importlib, pkgutil, sys, os
        found = ["ran"]
        os.environ["COURSE_PRIVATE"] = OUTSIDE["private"]
        sys.path[:0] = [OUTSIDE["project"], OUTSIDE["private"], OUTSIDE["private"] + "/judges"]
        import course_utils.checks as checks
        for name in ("course_utils.checks.judges", "course_utils.checks.judges.lesson_01", "lesson_90", "judges"):
            try:
                found.append(vars(importlib.import_module(name)))
            except ImportError:
                pass
        for module in pkgutil.walk_packages(checks.__path__, "course_utils.checks."):
            if "judges" in module.name:
                found.append(module.name)
        leak(found)
        assert found == ["ran"], found
        """,
        honest=None,
    ),
    Attack(
        "look through open files and mounts",
        """
        import os
        acts = [(open("/proc/self/mountinfo").read,)]
        for number in range(3, 200):
            acts += [(os.readlink, f"/proc/self/fd/{number}"), (os.pread, number, 100_000, 0)]
        def read(number):
            return os.read(os.open(f"/proc/1/fd/{number}", os.O_RDONLY | os.O_NONBLOCK), 100_000)
        if os.access("/proc/1/fd", os.R_OK):
            acts += [(read, number) for number in os.listdir("/proc/1/fd")]
        found = ["ran", what_works(acts)]
        leak(found)
        """,
    ),
]
