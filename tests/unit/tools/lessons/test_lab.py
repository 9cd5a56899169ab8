"""In JupyterLab, a notebook already says what the kernel would write into it; its file stays as it is."""

from __future__ import annotations

import asyncio
import platform
import shutil
import subprocess
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

from course_utils.system.paths import PROJECT
from tools.lessons.lab import Contents, kernel_metadata

LESSON = PROJECT / "notebooks" / "01_data_loading.ipynb"


@pytest.fixture
def contents(tmp_path: Path) -> Contents:
    shutil.copy(LESSON, tmp_path / "lesson.ipynb")
    (tmp_path / "notes.txt").write_text("text")
    return Contents(root_dir=str(tmp_path))


def test_a_notebook_carries_the_kernel_of_this_python(contents: Contents):
    model = asyncio.run(contents.get("lesson.ipynb"))

    metadata = model["content"]["metadata"]
    assert metadata["language_info"]["version"] == platform.python_version()
    assert metadata["kernelspec"]["name"] == "python3"
    assert (Path(contents.root_dir) / "lesson.ipynb").read_bytes() == LESSON.read_bytes()


def test_all_else_is_given_as_it_is(contents: Contents):
    assert asyncio.run(contents.get("lesson.ipynb", content=False))["content"] is None
    assert asyncio.run(contents.get("notes.txt"))["content"] == "text"
    assert {one["name"] for one in asyncio.run(contents.get(""))["content"]} == {"lesson.ipynb", "notes.txt"}


def test_it_is_what_a_kernel_says_of_itself(monkeypatch: pytest.MonkeyPatch):
    """JupyterLab compares with the answer of the kernel."""
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        client.kernel_info()
        said = client.get_shell_msg(timeout=60)["content"]["language_info"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)

    assert kernel_metadata()["language_info"] == said


def test_make_lab_uses_it():
    done = subprocess.run(["make", "-n", "lab"], cwd=PROJECT, capture_output=True, text=True, check=True)

    assert f"--ServerApp.contents_manager_class={Contents.__module__}.Contents notebooks" in done.stdout
