"""The drawn source: what it keeps in the cache is found by the code that drew it only."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from course_utils import drawing
from course_utils.sources.drawn import _code_digests


@pytest.fixture
def copy_of_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "drawing"
    shutil.copytree(Path(drawing.__file__).parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(drawing, "__file__", str(folder / "__init__.py"))
    return folder


def test_a_copy_of_the_code_has_the_same_key(request: pytest.FixtureRequest) -> None:
    before = _code_digests()
    request.getfixturevalue("copy_of_the_code")
    assert _code_digests() == before


def test_a_change_in_any_file_changes_the_key(copy_of_the_code: Path) -> None:
    files = sorted(copy_of_the_code.glob("*.py"))
    assert len(files) > 10
    seen = [_code_digests()]
    for file in files:
        file.write_text(file.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
        assert _code_digests() not in seen, file.name
        seen.append(_code_digests())
