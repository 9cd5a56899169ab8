from __future__ import annotations

import shutil

from messages import message_of

from course_utils.system.disk import check_disk, in_words


def test_too_little_disk_is_told_before(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=3_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    check_disk(tmp_path, 3_000_000, "Unpacking")
    assert message_of(check_disk, tmp_path, 184_000_000, "Unpacking the weights") == (
        "Unpacking the weights needs 184 MB of disk.\n"
        f"3 MB are free at {tmp_path}.\n"
        "Next: free some disk, or name another cache folder by the variable COURSE_CACHE."
    )


def test_bytes_in_words() -> None:
    assert [in_words(count) for count in (0, 55_400, 1e6, 170_498_071)] == [
        "0 kB",
        "55 kB",
        "1.0 MB",
        "170.5 MB",
    ]
