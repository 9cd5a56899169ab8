"""Finding notebooks in folders, archives and downloads of platforms; telling what cannot be used."""

from __future__ import annotations

import io
import json
import os
import time
import tracemalloc
import zipfile
from pathlib import Path

import made_up
import nbformat
import pytest

from course_utils.errors import CourseError
from tools.grading.collect import MOST_MEMBERS, collect

TEXT = nbformat.writes(made_up.half()).encode()
HARMFUL = "KGAT_" + "a1" * 12


def put(folder: Path, name: str, content: bytes = TEXT) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def zipped(**members: bytes) -> bytes:
    return zipped_names(members)


def zipped_names(members: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return content.getvalue()


def only(folder: Path):
    (one,) = collect(folder, ["90", "03"])
    return one


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("90_made_up.ipynb", TEXT),
        ("Kopie von irgendwas (2).IPYNB", TEXT),
        ("deep/er/x.ipynb", TEXT),
        ("all.zip", zipped_names({"x.ipynb": TEXT})),
        (
            "all.zip",
            zipped_names({"Übung/work/x.ipynb": TEXT, "__MACOSX/._x.ipynb": b"?", "x/.DS_Store": b"?"}),
        ),
        ("all.zip", zipped_names({"inner.zip": zipped_names({"a/b.ipynb": TEXT})})),
        ("bom.ipynb", b"\xef\xbb\xbf" + TEXT),
        ("colab.ipynb", json.dumps(made_up.as_colab(made_up.half())).encode()),
        ("stripped.ipynb", nbformat.writes(made_up.stripped(made_up.half())).encode()),
    ],
)
def test_a_notebook_is_found_wherever_it_lies(tmp_path, name, content):
    put(tmp_path / "ann", name, content)

    one = only(tmp_path)

    assert (one.student, list(one.submissions), one.problems) == ("ann", ["90"], [])
    assert one.submissions["90"].notes == []


def test_download_of_a_platform(tmp_path):
    moodle = {
        "Ann Lee_1234_assignsubmission_file_/x.ipynb": TEXT,
        "Bob Ray_77_assignsubmission_file_/y.zip": zipped_names({"y.ipynb": TEXT}),
    }
    put(tmp_path, "download.zip", zipped_names(moodle))
    put(tmp_path, "carladoe_55_88_90-made-up.ipynb")

    found = {one.student: list(one.submissions) for one in collect(tmp_path, ["90"])}

    assert found == {"Ann Lee": ["90"], "Bob Ray": ["90"], "carladoe": ["90"]}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty"),
        (TEXT[:500], "JSON breaks at line"),
        (b'{"cells": [' + b"[" * 100_000, "not what Jupyter writes"),
        (b"\xff\xfe\x00" * 50, "no text"),
        (b"[1, 2]", "no notebook"),
        (b'{"worksheets": []}', "old form"),
        (b'{"metadata": {}}', "without a list of cells"),
        (json.dumps({"cells": [], "metadata": {"kernelspec": {"language": "R"}}}).encode(), "for R"),
        (json.dumps({"cells": [], "metadata": {"language_info": {"name": "julia"}}}).encode(), "for julia"),
        (json.dumps({"cells": [{"cell_type": "code"}] * 3000}).encode(), "3,000 cells"),
        (b"<html>login</html>", "JSON breaks at line 1"),
        (b" " * 20_000_001, "too large"),
    ],
)
def test_what_is_no_notebook_is_told(tmp_path, content, expected):
    put(tmp_path / "ann", "90.ipynb", content)

    one = only(tmp_path)

    assert one.submissions == {}
    assert len(one.problems) == 1
    assert expected in one.problems[0]


@pytest.mark.parametrize(
    "name", ["../evil.ipynb", "/etc/evil.ipynb", "..\\..\\evil.ipynb", "C:/evil.ipynb", "a/../../evil.ipynb"]
)
def test_members_that_point_outside_are_not_used(tmp_path, name):
    put(tmp_path / "sub" / "ann", "all.zip", zipped_names({name: TEXT}))

    one = only(tmp_path / "sub")

    assert one.submissions == {}
    assert "points outside" in one.problems[0]
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["all.zip"]


def test_links_are_not_followed(tmp_path):
    secret = put(tmp_path, "secret/90.ipynb")
    folder = tmp_path / "sub" / "ann"
    folder.mkdir(parents=True)
    (folder / "link.ipynb").symlink_to(secret)
    (folder / "deep").symlink_to(secret.parent)
    (tmp_path / "sub" / "bob").symlink_to(secret.parent)
    member = zipfile.ZipInfo("in_zip.ipynb")
    member.external_attr = 0o120777 << 16
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        archive.writestr(member, str(secret))

    one, linked = collect(tmp_path / "sub", ["90"])

    assert (linked.student, linked.submissions) == ("bob", {})
    assert linked.problems == ["bob is a link and was not followed"]
    assert one.submissions == {}
    assert sum("link" in problem for problem in one.problems) == 2
    assert any("points outside" in problem for problem in one.problems)


def test_bombs_are_read_no_further_than_their_limit(tmp_path):
    zeros = bytes(40_000_000)
    inner = zipped_names({f"{n}.ipynb": zeros for n in range(2)})
    put(tmp_path / "ann", "bomb.zip", zipped_names({"all.zip": inner, "b.ipynb": zeros}))
    tracemalloc.start()
    started = time.monotonic()

    one = only(tmp_path)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert one.submissions == {}
    assert sum("unpacks to more than" in problem for problem in one.problems) == 3
    assert peak < 100_000_000
    assert time.monotonic() - started < 60


def test_an_archive_that_eats_its_own_tail_ends(tmp_path):
    content = TEXT
    for _ in range(6):
        content = zipped_names({"90.ipynb" if content is TEXT else "x.zip": content})
    put(tmp_path / "ann", "deep.zip", content)
    put(tmp_path / "bob", "many.zip", zipped_names({f"{n}.txt": b"" for n in range(MOST_MEMBERS + 1)}))
    put(tmp_path / "eve", "broken.zip", zipped_names({"90.ipynb": TEXT})[:-30])

    found = {one.student: one for one in collect(tmp_path, ["90"])}

    assert "more than 3 archives" in found["ann"].problems[0]
    assert "too many" in found["bob"].problems[0]
    assert "broken archive" in found["eve"].problems[0]
    assert not any(one.submissions for one in found.values())


def test_a_member_with_a_wrong_sum_or_a_password_is_told(tmp_path):
    content = bytearray(zipped_names({"90.ipynb": TEXT}))
    content[60] ^= 255
    put(tmp_path / "ann", "a.zip", bytes(content))
    locked = bytearray(zipped_names({"90.ipynb": TEXT}))
    locked[6] |= 1
    start = locked.index(b"PK\x01\x02")
    locked[start + 8] |= 1
    put(tmp_path / "bob", "b.zip", bytes(locked))

    found = {one.student: one.problems for one in collect(tmp_path, ["90"])}

    assert "is broken" in found["ann"][0]
    assert "has a password" in found["bob"][0]


def test_models_are_never_opened(tmp_path, monkeypatch):
    put(tmp_path / "ann", "90.ipynb")
    put(tmp_path / "ann", "model.keras", b"PK never read")
    put(tmp_path / "ann", "all.zip", zipped_names({"weights.h5": b"never read", "answers.pkl": b"never"}))
    real = Path.read_bytes
    monkeypatch.setattr(
        Path, "read_bytes", lambda p: pytest.fail("opened") if p.suffix == ".keras" else real(p)
    )

    one = only(tmp_path)

    assert list(one.submissions) == ["90"]
    assert sum("was not opened: models" in problem for problem in one.problems) == 3


def test_the_newest_of_several_is_graded_and_told(tmp_path):
    old = put(tmp_path / "ann", "a.ipynb", nbformat.writes(made_up.empty()).encode())
    new = put(tmp_path / "ann", "b.ipynb")
    put(tmp_path / "ann", "copy of b.ipynb")
    os.utime(old, (1_700_000_000, 1_700_000_000))
    os.utime(new, (1_800_000_000, 1_800_000_000))

    (submission,) = only(tmp_path).submissions.values()

    assert submission.name == "b.ipynb"
    assert submission.notes == ["2 notebooks were handed in; the newest was graded: b.ipynb"]


@pytest.mark.parametrize(
    ("secret", "what"),
    [
        (HARMFUL, "a Kaggle key"),
        ('{"username": "ann", "' + 'key": "' + "0a" * 16 + '"}', "a Kaggle key"),
        ("ghp_" + "a1B2" * 9, "a GitHub token"),
        ("hf_" + "Ab1" * 10, "a Hugging Face token"),
        ("AKIA" + "ABCDEFGH12345678", "an Amazon key"),
        ("-----BEGIN RSA " + "PRIVATE KEY-----", "a private key"),
        ('password = "correct horse"'.replace(" horse", "-horse"), "a password"),
    ],
)
@pytest.mark.parametrize("where", ["source", "output"])
def test_secrets_are_told_by_cell_and_never_shown(tmp_path, secret, what, where):
    notebook = made_up.half()
    cell = notebook.cells[2]
    if where == "source":
        cell.source += f"\n# {secret}"
    else:
        cell.outputs = [nbformat.v4.new_output("stream", text=f"hello\n{secret}\n")]
    put(tmp_path / "ann", "90.ipynb", nbformat.writes(notebook).encode())

    (note,) = only(tmp_path).submissions["90"].notes

    assert note == f"there seems to be {what} in cell 3: it should be changed"


def test_an_ordinary_notebook_holds_no_secret(tmp_path):
    put(tmp_path / "ann", "90.ipynb", nbformat.writes(made_up.master()).encode())

    assert only(tmp_path).submissions["90"].notes == []


def test_what_belongs_to_no_assignment_is_told(tmp_path):
    other = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1")])
    put(tmp_path / "ann", "shopping.ipynb", nbformat.writes(other).encode())
    put(tmp_path / "bob", "notes.txt", b"hello")

    found = {one.student: one for one in collect(tmp_path, ["90"])}

    assert found["ann"].problems == ["shopping.ipynb belongs to no assignment that is known"]
    assert found["bob"].problems == ["no notebook was found in what was handed in: notes.txt"]


def test_the_file_name_helps_where_the_content_does_not(tmp_path):
    bare = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("def twice(x): return 2 * x")])
    put(tmp_path / "ann", "90_made_up.ipynb", nbformat.writes(bare).encode())

    assert list(only(tmp_path).submissions) == ["90"]


def test_no_folder_and_an_empty_one_are_refused(tmp_path):
    with pytest.raises(CourseError, match="There is no folder"):
        collect(tmp_path / "nowhere", ["90"])
    with pytest.raises(CourseError, match="no submissions"):
        collect(tmp_path, ["90"])
