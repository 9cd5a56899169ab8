"""Mutants of archives and notebooks: whatever one student hands in, the others are graded."""

from __future__ import annotations

import copy
import json
import random
import zipfile
from pathlib import Path

import pytest
from made_up import TEXT, put, tarred, zipped

from tools.grading.collect import collect
from tools.grading.restore import restore

MEMBERS = {"work/90_made_up.ipynb": TEXT, "notes.txt": b"x" * 100}
ARCHIVES = {
    "stored.zip": zipped(MEMBERS, zipfile.ZIP_STORED),
    "deflated.zip": zipped(MEMBERS, zipfile.ZIP_DEFLATED),
    "bzip2.zip": zipped(MEMBERS, zipfile.ZIP_BZIP2),
    "lzma.zip": zipped(MEMBERS, zipfile.ZIP_LZMA),
    "pax.tar": tarred(MEMBERS, "w:", pax_headers={"comment": "x", "mtime": "1.5"}),
    "plain.tgz": tarred(MEMBERS),
}
SAMPLE, ALL = 200, 2000  # of each compression and kind of notebook


def damaged(content: bytes, draw: random.Random) -> bytes:
    """Return content with some bytes changed, cut, doubled or put elsewhere; headers are hit more often."""
    data = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 5, 20))):
        near = draw.choice((0, max(0, len(data) - 300), None))
        place = draw.randrange(len(data)) if near is None else min(len(data) - 1, near + draw.randrange(300))
        how = draw.randrange(5)
        if how == 0:
            data[place] = draw.randrange(256)
        elif how == 1:
            data[place] ^= 1 << draw.randrange(8)
        elif how == 2:
            del data[place : place + draw.choice((1, 4, 50))]
        elif how == 3:
            data[place:place] = data[place : place + draw.choice((1, 4, 50))]
        else:
            data[place : place + 4] = draw.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f"))
        if len(data) < 10:
            break
    return bytes(data)


ODD = [None, True, -1, 1e308, "", "x" * 5000, "\ud800", [], {}, [[[[]]]], {"a": {"b": []}}, ["a", 1], 10**400]


def odd(content: dict, draw: random.Random) -> bytes:
    """Return a notebook in which some values are of another kind, gone or doubled."""
    for _ in range(draw.choice((1, 2, 5))):
        branch = content
        for _ in range(draw.randrange(1, 6)):
            keys = list(branch) if type(branch) is dict else list(range(len(branch)))
            if not keys:
                break
            key, value = (chosen := draw.choice(keys)), branch[chosen]
            if type(value) not in (dict, list) or draw.random() < 0.3:
                if draw.random() < 0.2:
                    del branch[key]
                elif type(branch) is list and draw.random() < 0.3:
                    branch.extend(copy.deepcopy([value] * draw.choice((1, 3))))
                else:
                    branch[key] = copy.deepcopy(draw.choice(ODD))
                break
            branch = value
    return json.dumps(content).encode()


def handed_in(folder: Path, mutants: dict[str, bytes]) -> dict[str, object]:
    """Hand in each mutant as a student's, between two honest students, and collect all."""
    put(folder, {"Ann Lee/90.ipynb": TEXT, **mutants, "Zoe Ray/90.ipynb": TEXT})
    return {one.student: one for one in collect(folder, ["90"])}


def assert_all_are_there(found, mutants: dict[str, bytes], assignment) -> None:
    assert set(found) == {"Ann Lee", "Zoe Ray", *(name.split("/")[0].split(".")[0] for name in mutants)}
    for name, one in found.items():
        assert one.submissions or one.problems, name
        assert all(len(problem) < 400 for problem in one.problems)
        for submission in one.submissions.values():
            restored = restore(submission.notebook, assignment, {"CLASS_WORD": "tulip", "OUT": "/tmp/out"})
            json.dumps(restored.cells)
    assert found["Ann Lee"].problems == found["Zoe Ray"].problems == []
    assert len(found["Ann Lee"].submissions) == len(found["Zoe Ray"].submissions) == 1


@pytest.mark.parametrize("count", [SAMPLE, pytest.param(ALL, marks=pytest.mark.full)])
@pytest.mark.parametrize("where", ["in a folder", "beside others"])
@pytest.mark.parametrize("name", ARCHIVES)
def test_mutants_of_archives(tmp_path, assignment, name, where, count):
    draw = random.Random(f"{name} {where}")
    form = f"s{{}}{'/work' if where == 'in a folder' else ''}{Path(name).suffix}"
    mutants = {form.format(n): damaged(ARCHIVES[name], draw) for n in range(count // 2)}

    found = handed_in(tmp_path, mutants)

    assert_all_are_there(found, mutants, assignment)
    told = sum(bool(one.problems) for one in found.values())
    assert told > count // 2 // 10  # they are damaged in earnest


@pytest.mark.parametrize("count", [SAMPLE, pytest.param(ALL, marks=pytest.mark.full)])
@pytest.mark.parametrize("kind", ["bytes", "values"])
def test_mutants_of_notebooks(tmp_path, assignment, kind, count):
    draw = random.Random(kind)
    mutants = {
        f"s{n}/90.ipynb": damaged(TEXT, draw) if kind == "bytes" else odd(json.loads(TEXT), draw)
        for n in range(count)
    }

    found = handed_in(tmp_path, mutants)

    assert_all_are_there(found, mutants, assignment)
    assert sum(bool(one.problems) for one in found.values()) > count // 20
