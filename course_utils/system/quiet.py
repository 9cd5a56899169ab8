"""Keep log lines of compiled libraries out of lessons, and errors of narrow encodings out of consoles."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator

from course_utils.errors import CourseError, first_line


def import_keras_quietly() -> None:
    """Import Keras without the log lines that TensorFlow writes while it starts.

    They come from compiled code, before any log level counts. What a keras.json of another time asks for does
    not count: it would change results.

    Raises:
        CourseError: Keras does not start.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    try:
        with _stderr_shut():
            import keras
    except (ValueError, TypeError, AttributeError, AssertionError) as error:
        raise CourseError(
            f"Keras does not start: {first_line(error)}",
            cause="Its file keras.json, or the variable KERAS_BACKEND, asks for what it does not know.",
            next_step="delete keras.json in the folder .keras of your home, and unset KERAS_BACKEND.",
        ) from error
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")
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


def print_in_any_encoding() -> None:
    """Let the console show an escape where its encoding has no such letter, instead of ending a good run."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
