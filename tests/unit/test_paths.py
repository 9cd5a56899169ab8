"""Where things lie: the variables are followed, and nothing is made elsewhere."""

from __future__ import annotations

import platformdirs
import pytest

from course_utils import paths
from course_utils.errors import CourseError


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project of its own, and a working folder that is another one."""
    for name in ("project", "elsewhere"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(paths, "PROJECT", tmp_path / "project")
    monkeypatch.setattr(paths, "DEFAULT_OUT", tmp_path / "project" / "build" / "course")
    monkeypatch.chdir(tmp_path / "elsewhere")
    for name in ("COURSE_CACHE", "COURSE_OUT"):
        monkeypatch.delenv(name, raising=False)
    yield tmp_path / "project"
    assert not list((tmp_path / "elsewhere").iterdir())


def test_project_is_the_one_that_holds_this_test():
    assert (paths.PROJECT / "tests" / "unit" / "test_paths.py").is_file()
    assert paths.DEFAULT_OUT == paths.PROJECT / "build" / "course"
    assert paths.BUNDLED_WEIGHTS.is_dir()


@pytest.mark.parametrize(
    ("given", "variable", "expected"),
    [
        (None, None, "build/course"),
        (None, "build/other", "build/other"),
        ("mine", "build/other", "mine"),
        ("a/../mine", None, "mine"),
    ],
)
def test_out_is_relative_to_the_project(project, monkeypatch, given, variable, expected):
    if variable:
        monkeypatch.setenv("COURSE_OUT", variable)
    assert paths.out_folder(given) == project / expected
    assert (project / expected).is_dir()


def test_out_absolute_and_at_home(project, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert paths.out_folder(tmp_path / "far") == tmp_path / "far"
    assert paths.out_folder("~/near") == tmp_path / "home" / "near"
    assert not list(project.iterdir())


def test_cache_follows_its_variable(project, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache" / "deep"))
    assert paths.cache_folder() == tmp_path / "cache" / "deep"
    assert paths.cache_folder().is_dir()
    monkeypatch.setenv("COURSE_CACHE", "near")  # a lesson and make start in different folders
    assert paths.cache_folder() == project / "near"


def test_cache_default_is_the_platforms(project, tmp_path, monkeypatch):
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda name: str(tmp_path / "platform" / name))
    assert paths.cache_folder() == tmp_path / "platform" / "transfer-learning-course"


@pytest.mark.parametrize("call", [paths.out_folder, paths.cache_folder])
def test_a_file_in_the_way_is_named(project, monkeypatch, call):
    (project / "file").write_text("kept")
    monkeypatch.setenv("COURSE_OUT", "file")
    monkeypatch.setenv("COURSE_CACHE", "file")
    with pytest.raises(CourseError, match=r"(?s)file cannot be made.*Next: "):
        call()
    assert (project / "file").read_text() == "kept"
