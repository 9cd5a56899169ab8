"""Serve a model on this computer: a page for people, and an API for programs.

    python -m course_utils.running.serve [MODEL] [--port 7860]

MODEL is a .keras file that you trust; without it, what lesson 13 saved.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.serving import build_app, load_served
from course_utils.system import run_folder
from course_utils.system.paths import out_folder
from course_utils.system.quiet import print_in_any_encoding

HOST = "127.0.0.1"  # this computer only: the page has no passwords


def main(arguments: list[str] | None = None) -> int:
    """Serve until Ctrl-C; return 0, or 1 if the model or the port cannot be used."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", type=Path, help="a .keras file; default: that of lesson 13")
    parser.add_argument("--port", type=int, default=7860, help="of the address (default: %(default)s)")
    options = parser.parse_args(arguments)
    print_in_any_encoding()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # the page's library asks no other host
    try:
        check_port(options.port)
        served = load_served(options.model or run_folder.served(out_folder(None)))
        app = build_app(served)
    except CourseError as error:
        print(error, file=sys.stderr)
        return 1
    import uvicorn

    print(f"The page: http://{HOST}:{options.port}    Stop it by Ctrl-C.", flush=True)
    print(f"The API:  curl --data-binary @cat.jpg http://{HOST}:{options.port}/predict", flush=True)
    uvicorn.run(app, host=HOST, port=options.port, log_level="warning")
    return 0


def check_port(port: int) -> None:
    """Refuse a port that something else listens on, by a CourseError."""
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
    except (OSError, OverflowError) as error:
        raise CourseError(
            f"Port {port} cannot be used.",
            cause=f"Something else may listen there ({error}).",
            next_step="stop it, or choose another one: PORT=7861.",
        ) from error


if __name__ == "__main__":
    sys.exit(main())
