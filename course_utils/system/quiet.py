"""Keep log lines of compiled libraries out of lessons."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator


def import_keras_quietly() -> None:
    """Import Keras without the log lines that TensorFlow writes while it starts.

    They come from compiled code, before any log level counts. Errors are raised as always.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _stderr_shut():
        import keras  # noqa: F401
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # lessons build many small models on purpose


@contextlib.contextmanager
def _stderr_shut() -> Iterator[None]:
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
