"""The drawn source: what it keeps in the cache is found by the code that drew it only."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from course_utils.pictures import stand_in as drawing
from course_utils.pictures.places import drawn


@pytest.fixture(autouse=True)
def facts_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn, "cached", lambda source, facts, draw: facts)


def facts() -> list[str]:
    """What decides whether kept pictures are taken."""
    return drawn.read_drawn(limit_per_class=None, seed=0)


@pytest.fixture
def copy_of_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "drawing"
    shutil.copytree(Path(drawing.__file__).parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(drawing, "__file__", str(folder / "__init__.py"))
    return folder


def test_a_copy_of_the_code_finds_the_same_pictures(request: pytest.FixtureRequest) -> None:
    before = facts()
    request.getfixturevalue("copy_of_the_code")
    assert facts() == before


def test_after_a_change_in_any_file_it_is_drawn_again(copy_of_the_code: Path) -> None:
    files = sorted(copy_of_the_code.glob("*.py"))
    assert len(files) > 10
    seen = [facts()]
    for file in files:
        file.write_text(file.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
        assert facts() not in seen, file.name
        seen.append(facts())
