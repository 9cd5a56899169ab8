"""make fetch: everything a class needs, verified and indexed; used from disk and from a plain HTTP server."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sources_files import batches, small_pictures, write_archive
from sources_places import as_in_a_new_process, served

from course_utils import weights
from course_utils.cifar10 import load_cifar10
from course_utils.system.download import mirrors
from course_utils.system.download.transfer import RemoteFile
from tools import fetch


@pytest.fixture
def serve() -> Iterator:
    """Return a function that serves a folder as ``python -m http.server`` does, and returns its address."""
    with contextlib.ExitStack() as stack:
        yield lambda folder: stack.enter_context(served(folder))


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, serve) -> Path:
    """Small files in place of the real ones, behind a server that is their only address."""
    folder = tmp_path / "web"
    folder.mkdir()
    archive = write_archive(folder / "cifar-10-python.tar.gz", batches(small_pictures()))
    (folder / "mobilenet.h5").write_bytes(b"mobilenet" * 999)
    (folder / "resnet.h5").write_bytes(b"resnet" * 999)
    address = serve(folder)

    def remote(path: Path) -> RemoteFile:
        content = path.read_bytes()
        digest = f"md5:{hashlib.md5(content).hexdigest()}"
        return RemoteFile(path.name, (f"{address}/{path.name}",), digest, len(content))

    as_in_a_new_process(monkeypatch, tmp_path / "cache")
    monkeypatch.setattr(mirrors, "ARCHIVE", remote(archive))
    for name, file in {"MobileNetV2": "mobilenet.h5", "ResNet50": "resnet.h5"}.items():
        monkeypatch.setitem(mirrors.WEIGHTS, name, remote(folder / file))
    return folder


@pytest.fixture
def fetch_here(web, monkeypatch):
    monkeypatch.setattr(fetch, "ARCHIVE", mirrors.ARCHIVE)
    return fetch


def test_all_is_fetched_and_indexed_for_sha256sum(fetch_here, web, tmp_path, capsys):
    out = tmp_path / "my class"
    assert fetch_here.main([str(out)]) == 0
    names = {path.name for path in out.iterdir() if path.suffix != ".lock"}
    assert names == {"SHA256SUMS", *(path.name for path in web.iterdir())}
    for path in web.iterdir():
        assert (out / path.name).read_bytes() == path.read_bytes()
    assert f"Complete: {out}. Use it as DATA={out} or COURSE_MIRROR={out}" in capsys.readouterr().out
    checked = subprocess.run(
        ["sha256sum", "-c", "SHA256SUMS"], cwd=out, capture_output=True, text=True, check=True
    )
    assert checked.stdout.count(": OK") == 3


def test_what_is_there_is_not_fetched_again_and_damage_is_repaired(fetch_here, web, tmp_path):
    out = tmp_path / "class"
    assert fetch_here.main([str(out)]) == 0
    kept = (out / "resnet.h5").stat().st_mtime_ns
    (out / "mobilenet.h5").write_bytes(b"damaged")
    (web / "resnet.h5").unlink()
    assert fetch_here.main([str(out)]) == 0
    assert (out / "resnet.h5").stat().st_mtime_ns == kept
    assert (out / "mobilenet.h5").read_bytes() == (web / "mobilenet.h5").read_bytes()


def test_what_is_missing_is_told_and_fetched_by_the_next_run(fetch_here, web, tmp_path, capsys):
    out = tmp_path / "class"
    out.mkdir()
    (out / "mobilenet.h5").write_bytes(b"damaged")
    content = (web / "mobilenet.h5").read_bytes()
    (web / "mobilenet.h5").unlink()
    assert fetch_here.main([str(out)]) == 1
    told = capsys.readouterr().err
    host = mirrors.ARCHIVE.addresses[0].split("/")[2]
    assert told == (
        f"mobilenet.h5 is missing: {host}: answered 404 File not found.\n"
        "Next: run this again; what has arrived is kept.\n"
    )
    index = (out / "SHA256SUMS").read_text()
    assert len(index.splitlines()) == 2
    assert "mobilenet" not in index
    (web / "mobilenet.h5").write_bytes(content)
    assert fetch_here.main([str(out)]) == 0
    assert len((out / "SHA256SUMS").read_text().splitlines()) == 3


@pytest.mark.parametrize("by", ["DATA", "COURSE_MIRROR folder", "COURSE_MIRROR address"])
def test_a_class_without_internet_uses_the_folder(fetch_here, web, tmp_path, monkeypatch, serve, by):
    out = tmp_path / "class"
    assert fetch_here.main([str(out)]) == 0
    shutil.rmtree(web)
    data = "auto"
    if by == "DATA":
        data = out
        mirrors.add_search_folder(out)  # as start_lesson does
    else:
        monkeypatch.setenv("COURSE_MIRROR", str(out) if by.endswith("folder") else serve(out))
    loaded = load_cifar10(data)
    assert (loaded.source, len(loaded.train_images)) == ("published", 60)
    assert loaded.steps[-1].outcome in ("used", "complete")
    for name, content in {"MobileNetV2": b"mobilenet" * 999, "ResNet50": b"resnet" * 999}.items():
        path = weights.weights_path(name, source="imagenet")
        assert Path(path).read_bytes() == content
        assert weights.weights_label(path) == "imagenet"


def test_a_folder_that_cannot_be_made(fetch_here, tmp_path, capsys):
    (tmp_path / "file").write_text("kept")
    assert fetch_here.main([str(tmp_path / "file")]) == 1
    assert capsys.readouterr().err == (
        f"The folder {tmp_path / 'file'} cannot be made.\n"
        "File exists\nNext: give OUT the name of a folder that you may write to.\n"
    )
