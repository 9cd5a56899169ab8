"""What a person is told: the message of an error, of four lines at most, which ends on a next step."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest

from course_utils.errors import CourseError


@contextlib.contextmanager
def is_refused(*expected: str) -> Iterator[None]:
    """The block ends with a ``CourseError`` whose message names what it should."""
    with pytest.raises(CourseError) as error:
        yield
    text = _in_form(error)
    for words in expected:
        assert words in text


def message_of(called: Callable, *arguments: object, **named: object) -> str:
    """The message of the ``CourseError`` that a call ends with."""
    with pytest.raises(CourseError) as error:
        called(*arguments, **named)
    return _in_form(error)


def _in_form(error: pytest.ExceptionInfo[CourseError]) -> str:
    text = str(error.value)
    assert len(text.splitlines()) <= 4
    assert text.splitlines()[-1].startswith("Next: ")
    return text
