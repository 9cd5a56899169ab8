"""Finding notebooks in folders, archives and downloads of platforms; telling what cannot be used."""

from __future__ import annotations

import gzip
import json
import os
import tarfile
import time
import tracemalloc
import zipfile
from pathlib import Path

import made_up
import nbformat
import pytest
from made_up import TEXT, put, tarred, zipped
from nbformat.v4 import new_code_cell, new_notebook

from course_utils.errors import CourseError
from tools.grading.collect import MOST_MEMBERS, collect


def only(folder: Path):
    (one,) = collect(folder, ["90", "03"])
    return one


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("90_made_up.ipynb", TEXT),
        ("90 Kopie.ipynb", nbformat.writes(new_notebook(cells=[new_code_cell("x = 1")])).encode()),
        ("Kopie von irgendwas (2).IPYNB", nbformat.writes(made_up.master()).encode()),
        ("deep/er/x.ipynb", TEXT),
        ("bom.ipynb", b"\xef\xbb\xbf" + TEXT),
        ("colab.ipynb", json.dumps(made_up.as_colab(made_up.half())).encode()),
        ("stripped.ipynb", nbformat.writes(made_up.stripped(made_up.half())).encode()),
        ("all.zip", zipped({"x.ipynb": TEXT})),
        ("all.zip", zipped({"Übung/work/x.ipynb": TEXT, "__MACOSX/._x.ipynb": b"?", "x/.DS_Store": b"?"})),
        ("all.zip", zipped({"inner.zip": zipped({"a/b.ipynb": TEXT})})),
        ("all.tar.gz", tarred({"./work/x.ipynb": TEXT, "./work/._x.ipynb": b"?"})),
        ("all.TGZ", tarred({f"{'long' * 60}/x.ipynb": TEXT})),
        ("all.tar", tarred({"x.ipynb": TEXT}, "w:")),
        ("all.zip", zipped({"inner.tar.gz": tarred({"a/b.ipynb": TEXT})})),
        ("all.tgz", tarred({"inner.zip": zipped({"a/b.ipynb": TEXT})})),
    ],
)
def test_a_notebook_is_found_wherever_it_lies(tmp_path, name, content):
    put(tmp_path, {f"ann/{name}": content})

    one = only(tmp_path)

    assert (one.student, list(one.submissions), one.problems) == ("ann", ["90"], [])
    assert one.submissions["90"].notes == []


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
        (nbformat.writes(new_notebook(cells=[new_code_cell("1")])).encode(), "belongs to no assignment"),
    ],
)
def test_what_cannot_be_used_is_told(tmp_path, content, expected):
    put(tmp_path, {"ann/shopping.ipynb": content})

    one = only(tmp_path)

    assert one.submissions == {}
    assert len(one.problems) == 1
    assert expected in one.problems[0]


@pytest.mark.parametrize("form", ["zip", "tar.gz"])
@pytest.mark.parametrize(
    "name", ["../evil.ipynb", "/etc/evil.ipynb", "..\\..\\evil.ipynb", "C:/evil.ipynb", "a/../../evil.ipynb"]
)
def test_members_that_point_outside_are_not_used(tmp_path, name, form):
    packed = zipped if form == "zip" else tarred
    put(tmp_path, {f"sub/ann/all.{form}": packed({name: TEXT})})

    one = only(tmp_path / "sub")

    assert one.submissions == {}
    assert "points outside" in one.problems[0]
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [f"all.{form}"]


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ({"type": tarfile.SYMTYPE, "linkname": "/etc/passwd", "size": 0}, "points outside"),
        ({"type": tarfile.LNKTYPE, "linkname": "../x.ipynb", "size": 0}, "points outside"),
        ({"type": tarfile.FIFOTYPE, "size": 0}, "no plain file"),
        ({"type": tarfile.CHRTYPE, "size": 0}, "no plain file"),
        ({"type": tarfile.GNUTYPE_SPARSE}, "no plain file"),
        ({"pax_headers": {"GNU.sparse.size": "10000000000", "GNU.sparse.map": "0,1"}}, "no plain file"),
        ({"pax_headers": {"size": "-1536"}}, "too many"),  # leads back to the same header for ever
        ({"pax_headers": {"size": "9" * 30}}, "OverflowError"),
        ({"pax_headers": {"x": "y" * 2_000_000}}, "CourseError"),
        ({"pax_headers": {"x": "y" * 990_000}}, "CourseError"),
    ],
)
def test_members_of_a_tar_are_plain_files_with_small_headers(tmp_path, marks, expected):
    first = tarred({"folder": b""}, "w:", type=tarfile.DIRTYPE)[:512]
    put(tmp_path, {"ann/all.tar": first + tarred({f"{n}.ipynb": TEXT for n in range(5)}, "w:", **marks)})

    one = only(tmp_path)

    assert one.submissions == {}
    assert expected in one.problems[0]


def test_links_are_not_followed(tmp_path):
    secret = put(tmp_path, {"secret/90.ipynb": TEXT}) / "secret"
    folder = tmp_path / "sub" / "ann"
    folder.mkdir(parents=True)
    (folder / "link.ipynb").symlink_to(secret / "90.ipynb")
    (folder / "deep").symlink_to(secret)
    (tmp_path / "sub" / "bob").symlink_to(secret)
    member = zipfile.ZipInfo("in_zip.ipynb")
    member.external_attr = 0o120777 << 16
    put(folder, {"all.zip": zipped({member: str(secret)})})

    one, linked = collect(tmp_path / "sub", ["90"])

    assert (linked.student, linked.submissions) == ("bob", {})
    assert linked.problems == ["bob is a link and was not followed"]
    assert one.submissions == {}
    assert sum("link" in problem for problem in one.problems) == 2
    assert any("points outside" in problem for problem in one.problems)


ZEROS = bytes(40_000_000)
HUGE = gzip.compress(bytes(300_000_000))
TWO = {f"{n}.ipynb": ZEROS for n in range(2)}


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("bomb.zip", zipped({"all.zip": zipped(TWO), "b.ipynb": ZEROS}), 3),
        ("bomb.tgz", HUGE, 1),
        ("bomb.zip", zipped({"x.ipynb": b"", "1.tgz": HUGE, "2.tgz": HUGE, "3.tgz": HUGE}), 4),
        ("bomb.tgz", tarred({"0.ipynb": ZEROS}), 1),
    ],
)
def test_bombs_are_read_no_further_than_their_limit(tmp_path, name, content, told):
    put(tmp_path, {f"ann/{name}": content})
    tracemalloc.start()
    started = time.monotonic()

    one = only(tmp_path)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert one.submissions == {}
    said = [problem for problem in one.problems if "unpacks to more" in problem or "was not read" in problem]
    assert len(said) == told, one.problems
    assert peak < 120_000_000
    assert time.monotonic() - started < 60


def test_headers_of_a_tar_for_all_files_are_few(tmp_path):
    """The standard library copies them for each member: 2,000 times 100,000 would fill the memory."""
    headers = tarfile.TarInfo.create_pax_global_header({f"x{n}": "" for n in range(50_000)})
    content = gzip.compress(headers + gzip.decompress(tarred({f"{n}.ipynb": b"" for n in range(2000)})))
    put(tmp_path, {"ann/all.tgz": content})
    tracemalloc.start()

    one = only(tmp_path)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "too many headers" in one.problems[0]
    assert peak < 100_000_000


@pytest.mark.parametrize("packed", [zipped, tarred])
@pytest.mark.parametrize("name", ["1-1-" + "-." * 30_000 + "!.ipynb", "a" + ".py" * 20_000 + "!"])
def test_a_name_without_end_is_told_at_once(tmp_path, name, packed):
    put(tmp_path, {"all.zip" if packed is zipped else "all.tgz": packed({name: TEXT, "ann/90.ipynb": TEXT})})
    started = time.monotonic()

    found = collect(tmp_path, ["90"])

    assert time.monotonic() - started < 5
    assert sum("90" in one.submissions for one in found) == 1
    assert "too long a name" in str([one.problems for one in found])


def test_an_archive_that_eats_its_own_tail_ends(tmp_path):
    deep = TEXT
    for _ in range(6):
        deep = zipped({"90.ipynb" if deep is TEXT else "x.zip": deep})
    many = {f"{n}.txt": b"" for n in range(MOST_MEMBERS + 1)}
    files = {
        "ann/deep.zip": deep,
        "bob/many.zip": zipped(many),
        "cem/many.tgz": tarred(many),
        "dan/deep.tgz": tarred({f"{'a/' * 40}90.ipynb": TEXT}),
        "eve/broken.zip": zipped({"90.ipynb": TEXT})[:-30],
    }
    put(tmp_path, files)

    found = {one.student: one for one in collect(tmp_path, ["90"])}

    expected = {
        "ann": "more than 3 archives",
        "bob": "too many",
        "cem": "too many",
        "dan": "more than 30 folders",
        "eve": "broken archive",
    }
    assert [name for name, text in expected.items() if text not in found[name].problems[0]] == []
    assert not any(one.submissions for one in found.values())


def test_a_member_with_a_wrong_sum_or_a_password_is_told(tmp_path):
    content = bytearray(zipped({"90.ipynb": TEXT}))
    content[60] ^= 255
    locked = bytearray(zipped({"90.ipynb": TEXT}))
    locked[6] |= 1
    start = locked.index(b"PK\x01\x02")
    locked[start + 8] |= 1
    put(tmp_path, {"ann/a.zip": bytes(content), "bob/b.zip": bytes(locked)})

    found = {one.student: one.problems for one in collect(tmp_path, ["90"])}

    assert "is broken" in found["ann"][0]
    assert "has a password" in found["bob"][0]


def test_models_are_never_opened(tmp_path, monkeypatch):
    models = {"weights.h5": b"never read", "answers.pkl": b"never"}
    files = {"90.ipynb": TEXT, "model.keras": b"PK never read", "all.zip": zipped(models)}
    put(tmp_path / "ann", files)
    real = Path.open
    monkeypatch.setattr(
        Path, "open", lambda p, *rest: pytest.fail("opened") if p.suffix == ".keras" else real(p, *rest)
    )

    one = only(tmp_path)

    assert list(one.submissions) == ["90"]
    assert sum("was not opened: models" in problem for problem in one.problems) == 3


def test_the_newest_of_several_is_graded_and_told(tmp_path):
    empty = nbformat.writes(made_up.empty()).encode()
    put(tmp_path / "ann", {"a.ipynb": empty, "b.ipynb": TEXT, "copy of b.ipynb": TEXT})
    os.utime(tmp_path / "ann" / "a.ipynb", (1_700_000_000, 1_700_000_000))
    os.utime(tmp_path / "ann" / "b.ipynb", (1_800_000_000, 1_800_000_000))

    (submission,) = only(tmp_path).submissions.values()

    assert submission.name == "b.ipynb"
    assert submission.notes == ["2 notebooks were handed in; the newest was graded: b.ipynb"]


@pytest.mark.parametrize(
    ("secret", "what"),
    [
        ("KGAT_" + "a1" * 12, "a Kaggle key"),
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
    put(tmp_path, {"ann/90.ipynb": nbformat.writes(notebook).encode()})

    (note,) = only(tmp_path).submissions["90"].notes

    assert note == f"there seems to be {what} in cell 3: it should be changed"


def test_no_folder_and_an_empty_one_are_refused(tmp_path):
    with pytest.raises(CourseError, match="There is no folder"):
        collect(tmp_path / "nowhere", ["90"])
    with pytest.raises(CourseError, match="no submissions"):
        collect(tmp_path, ["90"])
