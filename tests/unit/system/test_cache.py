"""The cache, shown and cleared: nothing outside it is touched."""

from __future__ import annotations

import pytest
from messages import message_of

from course_utils.system import cache

FILES = {
    "cifar-10-python.tar.gz": "downloads",
    "cifar10-test.parquet": "downloads",
    "cifar-10-python.tar.gz.part": "unfinished",
    "lesson-seconds.json": "other",
    "arrays/published-abc/train_images.npy": "arrays",
    "arrays/published-abc/content.json": "arrays",
    "arrays/.unfinished-published-x1/train_images.npy": "unfinished",
    "weights/resnet.h5": "weights",
    "weights/resnet.h5.part": "unfinished",
    "features/key.npz": "features",
    "checkpoints/0123456789abcdef/00000001-a.npz": "checkpoints",
    "kaggle/competition/train.7z": "kaggle",
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    for name in FILES:
        path = tmp_path / "cache" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(1000))
    (tmp_path / "cache" / "locks").mkdir()
    for name in LOCKS:
        (tmp_path / "cache" / name).touch()
    return tmp_path / "cache"


LOCKS = {".cifar-10-python.tar.gz.lock", "weights/.resnet.h5.lock", "locks/arrays-published.lock"}


def left(folder):
    """The files that are there, but for locks."""
    return everything(folder) - LOCKS


def everything(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_each_entry_has_its_kind_and_size(folder):
    found = {str(entry.path.relative_to(folder)): entry for entry in cache.entries()}
    for name, kind in FILES.items():
        (entry,) = [entry for path, entry in found.items() if name == path or name.startswith(f"{path}/")]
        assert entry.kind == kind
    assert found["arrays/published-abc"].size == 2000
    assert sum(entry.size for entry in found.values()) == 1000 * len(FILES)


@pytest.mark.parametrize("kind", [*cache.KINDS, "all"])
def test_clear_removes_one_kind(folder, kind):
    expected = {name for name, of in FILES.items() if kind not in (of, "all")}
    _, size = cache.clear(kind)
    assert left(folder) == expected
    assert size == 1000 * (len(FILES) - len(expected))


def test_locks_stay(folder):
    cache.clear("all")
    assert everything(folder) == LOCKS
    assert ".lock" not in cache.table()


def test_an_unknown_kind_is_refused(folder):
    assert message_of(cache.clear, "picture") == (
        "The cache has no kind 'picture'.\n"
        f"The kinds are: {', '.join(cache.KINDS)}, and all.\n"
        "Next: name one of them, for example: make cache CLEAR=unfinished."
    )
    assert left(folder) == set(FILES)


def test_links_are_removed_and_not_followed(folder, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "kept").write_text("kept")
    (folder / "arrays" / "link").symlink_to(tmp_path / "mine")
    (folder / "dead").symlink_to(tmp_path / "nowhere")
    cache.clear("all")
    assert left(folder) == set()
    assert not (folder / "dead").is_symlink()
    assert (tmp_path / "mine" / "kept").read_text() == "kept"


def test_the_command_shows_and_clears(folder, capsys):
    assert cache.main([]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"Cache: {folder}, 12 kB\n")
    assert "published-abc" in shown
    assert cache.main(["--clear", "arrays"]) == 0
    assert capsys.readouterr().out.startswith("Removed 1 entry, 2 kB.\nCache: ")
    assert cache.main(["--clear", "x"]) == 1
    assert "The kinds are" in capsys.readouterr().err


def test_many_entries_are_shortened(folder, capsys):
    for number in range(30):
        (folder / "features" / f"{number:02}.npz").write_bytes(b"")
    assert "… and 21 more" in cache.table()
