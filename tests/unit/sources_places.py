"""Where tests of the sources look for pictures: nowhere that is not their own, or a class room's server."""

from __future__ import annotations

import contextlib
import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from course_utils import weights
from course_utils.pictures import order
from course_utils.pictures.places import kaggle as kaggle_service
from course_utils.system.download import mirrors


def as_in_a_new_process(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    """Forget what earlier tests left in the modules; no variables, and no credentials for Kaggle."""
    monkeypatch.setenv("COURSE_CACHE", str(cache))
    for name in ("COURSE_DATA", "COURSE_MIRROR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(mirrors, "_named", [])
    monkeypatch.setattr(order, "_told", set())
    monkeypatch.setattr(weights, "_instead", {})
    monkeypatch.setattr(kaggle_service, "has_credentials", lambda: False)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder as ``python -m http.server`` does. Yields the address."""
    handler = functools.partial(_Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
