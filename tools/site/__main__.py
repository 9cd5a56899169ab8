"""Make the site from the stored outputs of the lessons, in build/site: ``make site``.

Nothing is run, and nothing is asked from the network. A warning of Sphinx is an error, and so is a link that
leads nowhere.

    python -m tools.site [--out FOLDER]
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from sphinx.cmd.build import build_main

from course_utils.system.paths import PROJECT
from tools.site.links import faults
from tools.site.prepare import prepare


def main(arguments: list[str] | None = None) -> int:
    """Make the site, say where it is; return 0, or 1 after a warning or with broken links."""
    parser = argparse.ArgumentParser(prog="make site", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=PROJECT / "build" / "site", help="folder")
    out = parser.parse_args(arguments).out
    source = out.with_name(f"{out.name}-source")
    prepare(source)
    shutil.rmtree(out, ignore_errors=True)
    options = ["--quiet", "--fail-on-warning", "--jobs", "2", "--doctree-dir", f"{source}/.doctrees"]
    failed = build_main([*options, "--conf-dir", str(Path(__file__).parent), str(source), str(out)])
    found = faults(out)
    print("\n".join(found) or f"Made: {out / 'index.html'}", file=sys.stderr if found else sys.stdout)
    return 1 if failed or found else 0


if __name__ == "__main__":
    sys.exit(main())
