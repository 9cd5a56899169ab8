from __future__ import annotations

from course_utils.system.disk import in_words


def test_bytes_in_words() -> None:
    assert [in_words(count) for count in (0, 55_400, 1e6, 170_498_071)] == [
        "0 kB",
        "55 kB",
        "1.0 MB",
        "170.5 MB",
    ]
