"""Where things lie: the variables are followed, and nothing is made elsewhere."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import platformdirs
import pytest
from messages import message_of

from course_utils.errors import CourseError
from course_utils.system import paths


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
    monkeypatch.setattr(paths, "_instead", {})
    monkeypatch.setattr(paths, "_writable", set())
    (tmp_path / "temporary").mkdir()
    (tmp_path / "temporary").chmod(0o1777)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    yield tmp_path / "project"
    assert not list((tmp_path / "elsewhere").iterdir())


def test_project_is_the_one_that_holds_this_test():
    assert (paths.PROJECT / "tests" / "unit" / "system" / "test_paths.py").is_file()
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


@pytest.mark.parametrize("call", [paths.out_folder, paths.cache_folder])
def test_a_file_in_the_way_is_named(project, monkeypatch, call):
    (project / "file").write_text("kept")
    monkeypatch.setenv("COURSE_OUT", "file")
    monkeypatch.setenv("COURSE_CACHE", "file")
    with pytest.raises(CourseError, match=r"(?s)file cannot be made.*Next: "):
        call()
    assert (project / "file").read_text() == "kept"


# A cache folder that cannot be used, or not safely


@pytest.fixture
def usual(project, tmp_path, monkeypatch):
    """The platform's cache folder, not made yet."""
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda name: str(tmp_path / "home" / "cache" / name))
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "cache" / paths.NAME


def mode(folder: Path) -> str:
    return oct(folder.stat().st_mode & 0o777)


# A home that is missing: tests/faults/test_order_of_sources.py.


def test_the_usual_cache_is_private(usual, capsys):
    assert paths.cache_folder() == usual
    assert mode(usual) == "0o700"
    assert capsys.readouterr().out == ""


def test_without_home_and_project_a_private_temporary_folder_is_used(usual, project, tmp_path, capsys):
    (tmp_path / "home" / "cache").write_text("in the way")
    (project / "build").write_text("in the way")
    folder = paths.cache_folder()
    assert folder == tmp_path / "temporary" / f"{paths.NAME}-{os.geteuid()}"
    assert mode(folder) == "0o700"
    assert f"kept in {folder} instead" in capsys.readouterr().out


@pytest.mark.parametrize("trap", ["link", "open folder", "file"])
def test_a_temporary_folder_that_another_user_prepared_is_not_used(usual, project, tmp_path, trap):
    (tmp_path / "home" / "cache").write_text("in the way")
    (project / "build").write_text("in the way")
    guessed = tmp_path / "temporary" / f"{paths.NAME}-{os.geteuid()}"
    elsewhere = tmp_path / "target"
    elsewhere.mkdir()
    if trap == "link":
        guessed.symlink_to(elsewhere)
    elif trap == "file":
        guessed.write_text("")
    else:
        guessed.mkdir()
        guessed.chmod(0o777)
    folder = paths.cache_folder()
    assert folder == paths.cache_folder()
    assert folder != guessed
    assert mode(folder) == "0o700"
    assert not folder.is_relative_to(elsewhere)


def test_a_usual_folder_that_everyone_may_change_is_not_used(usual, project, capsys):
    usual.mkdir(parents=True)
    usual.chmod(0o777)
    assert paths.cache_folder() == project / "build" / "cache"
    assert "every user of this machine may change what lies in it" in capsys.readouterr().out


def test_a_named_folder_that_everyone_may_change(project, tmp_path, monkeypatch):
    shared = tmp_path / "shared"
    shared.mkdir()
    monkeypatch.setenv("COURSE_CACHE", str(shared))
    shared.chmod(0o1777)  # as /tmp: what is ours stays ours
    assert paths.cache_folder() == shared / f"{paths.NAME}-{os.geteuid()}"
    assert mode(paths.cache_folder()) == "0o700"
    shared.chmod(0o777)
    assert message_of(paths.cache_folder) == (
        f"The cache folder {shared} is not safe.\n"
        "Every user of this machine may change what lies in it.\n"
        "Next: run chmod o-w on it, or name another folder by the variable COURSE_CACHE."
    )
