from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from messages import is_refused, message_of
from sources_files import (
    batches,
    both_sets,
    part_of,
    same_set,
    small_pictures,
    write_archive,
    write_batches,
    write_folder,
    write_kaggle,
    write_npz,
)
from sources_places import as_in_a_new_process

from course_utils.cifar10 import IMAGE_SHAPE, Cifar10, check_source, load_cifar10, stratified_split
from course_utils.errors import CourseError
from course_utils.pictures import array_cache
from course_utils.pictures import stand_in as drawing
from course_utils.pictures.places import drawn
from course_utils.pictures.places import kaggle as kaggle_service
from course_utils.pictures.structure import Pictures

PICTURES = small_pictures()


@pytest.fixture(autouse=True)
def clean(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    as_in_a_new_process(monkeypatch, tmp_path_factory.mktemp("cache"))


@pytest.fixture
def few_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn, "TRAIN_PER_CLASS", 3)
    monkeypatch.setattr(drawn, "TEST_PER_CLASS", 2)


# Formats: the same pictures, however they are stored.

FORMATS: dict[str, Callable[[Path], Path]] = {
    "class folders": lambda path: write_folder(path, PICTURES),
    "npz": lambda path: write_npz(path / "any.npz", PICTURES),
    "folder with npz": lambda path: write_npz(path / "any.npz", PICTURES).parent,
    "batches": lambda path: write_batches(path / "cifar-10-batches-py", batches(PICTURES)),
    "folder of batches": lambda path: write_batches(path / "cifar-10-batches-py", batches(PICTURES)).parent,
    "tar.gz": lambda path: write_archive(path / "any.tar.gz", batches(PICTURES)),
    "folder with tar.gz": lambda path: (
        write_archive(path / "cifar-10-python.tar.gz", batches(PICTURES)).parent
    ),
}
TRAIN_ONLY: dict[str, Callable[[Path], Path]] = {
    "class folders without parts": lambda path: write_folder(path, PICTURES, parts=False),
    "Kaggle's folder": lambda path: write_kaggle(path, PICTURES, packed=False),
    "Kaggle's archive": lambda path: write_kaggle(path, PICTURES, packed=True),
    "train.7z": lambda path: write_kaggle(path, PICTURES, packed=True) / "train.7z",
    "npz": lambda path: write_npz(path / "a.npz", PICTURES, x_test=None, y_test=None),
}


def _assert_sound(loaded: Cifar10) -> None:
    for part in ("train", "test"):
        images, labels = getattr(loaded, f"{part}_images"), getattr(loaded, f"{part}_labels")
        assert images.dtype == np.uint8
        assert images.shape == (len(labels), 32, 32, 3)
        assert labels.dtype == np.int64
        assert type(images) is np.ndarray
        with pytest.raises(ValueError, match="read-only"):
            images[0] = 0
        with pytest.raises(ValueError, match="read-only"):
            labels[0] = 0


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_gives_the_same_pictures(tmp_path: Path, form: str) -> None:
    loaded = load_cifar10(FORMATS[form](tmp_path))
    _assert_sound(loaded)
    assert both_sets(loaded) == both_sets(PICTURES)
    assert loaded.source == "path"
    assert "60 pictures to train and 20 to test, 10 classes" in loaded.description
    assert "\n" not in loaded.description


@pytest.mark.parametrize("form", TRAIN_ONLY)
def test_a_source_without_a_test_part_is_split_and_nothing_dropped(tmp_path: Path, form: str) -> None:
    loaded = load_cifar10(TRAIN_ONLY[form](tmp_path))
    _assert_sound(loaded)
    assert np.bincount(loaded.train_labels).tolist() == [5] * 10
    assert np.bincount(loaded.test_labels).tolist() == [1] * 10
    together = same_set(
        np.concatenate([loaded.train_images, loaded.test_images]),
        np.concatenate([loaded.train_labels, loaded.test_labels]),
    )
    assert together == same_set(PICTURES.train_images, PICTURES.train_labels)
    assert "50 pictures to train and 10 to test" in loaded.description
    assert "set aside as test" in loaded.description


def test_the_split_of_a_source_is_the_same_for_every_seed(tmp_path: Path) -> None:
    path = TRAIN_ONLY["npz"](tmp_path)
    assert np.array_equal(load_cifar10(path, seed=1).test_images, load_cifar10(path, seed=2).test_images)


def test_a_class_with_few_pictures_loses_none(tmp_path: Path) -> None:
    labels = np.array([0] * 7 + [1] + [2] * 2)
    images = np.arange(10, dtype=np.uint8)[:, None, None, None] * np.ones(IMAGE_SHAPE, np.uint8)
    np.savez(tmp_path / "a.npz", x_train=images, y_train=labels)
    loaded = load_cifar10(tmp_path / "a.npz")
    assert np.bincount(loaded.train_labels).tolist() == [6, 1, 1]
    assert np.bincount(loaded.test_labels).tolist() == [1, 0, 1]
    assert "3 classes, 1 to 6 of each to train; missing: cat, deer" in loaded.description


@pytest.mark.parametrize("form", ["class folders", "npz"])
def test_pictures_sorted_by_class_are_mixed(tmp_path: Path, form: str) -> None:
    train, test = (part_of(PICTURES, part) for part in ("train", "test"))
    ordered = Pictures(*(array[np.argsort(part[1])] for part in (train, test) for array in part))
    write = write_folder if form == "class folders" else write_npz
    path = write(tmp_path / "a.npz", ordered)
    loaded = load_cifar10(path)
    assert len(set(loaded.train_labels[:20])) > 5
    assert both_sets(loaded) == both_sets(PICTURES)
    assert np.array_equal(loaded.train_images, load_cifar10(path).train_images)


def test_another_order_is_kept(tmp_path: Path) -> None:
    loaded = load_cifar10(write_npz(tmp_path / "a.npz", PICTURES))
    assert np.array_equal(loaded.train_labels, PICTURES.train_labels)


def test_slow_reading_happens_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(array_cache, "WORTH_KEEPING_SECONDS", 0)
    path = write_folder(tmp_path, PICTURES)
    first = load_cifar10(path)
    monkeypatch.setattr("course_utils.pictures.by_path.read_folder", lambda _: pytest.fail("read again"))
    second = load_cifar10(path)
    _assert_sound(second)
    assert np.array_equal(first.train_images, second.train_images)
    assert first.description == second.description


def test_a_changed_folder_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(array_cache, "WORTH_KEEPING_SECONDS", 0)
    path = write_folder(tmp_path, PICTURES)
    load_cifar10(path)
    next((path / "train" / "cat").iterdir()).unlink()
    assert len(load_cifar10(path).train_images) == 59


def test_a_path_relative_to_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_npz(tmp_path / "a.npz", PICTURES)
    monkeypatch.chdir(tmp_path)
    assert load_cifar10("a.npz").source == "path"


# Limits


def test_a_limit_holds_for_train_and_test_each(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "a.npz", PICTURES)
    four = load_cifar10(path, limit_per_class=4)
    assert np.bincount(four.train_labels).tolist() == [4] * 10
    assert np.bincount(four.test_labels).tolist() == [2] * 10
    assert "limited to 4 a class" in four.description
    _assert_sound(four)
    one = load_cifar10(path, limit_per_class=1)
    assert len(one.train_images) == len(one.test_images) == 10


def test_a_limit_chooses_by_its_seed(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "a.npz", PICTURES)
    chosen = [load_cifar10(path, limit_per_class=3, seed=seed).train_images for seed in (0, 0, 1)]
    assert np.array_equal(chosen[0], chosen[1])
    assert not np.array_equal(chosen[0], chosen[2])


def test_a_smaller_limit_is_part_of_a_larger_one(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "a.npz", PICTURES)
    small, large = (load_cifar10(path, limit_per_class=limit) for limit in (2, 5))
    assert set(both_sets(small)[0]) < set(both_sets(large)[0])


@pytest.mark.parametrize("limit", [0, -1, 2.5, True, "many"])
def test_a_wrong_limit_is_refused(limit: object) -> None:
    with is_refused("limit_per_class", repr(limit)):
        load_cifar10("drawn", limit_per_class=limit)


# The stand-in and "auto"


def test_the_stand_in_says_what_it_is(few_drawn: None) -> None:
    loaded = load_cifar10("drawn")
    _assert_sound(loaded)
    assert loaded.source == "drawn"
    assert "not real CIFAR-10" in loaded.description
    assert len(loaded.train_images) == 30
    assert len(loaded.test_images) == 20
    few = load_cifar10("drawn", limit_per_class=1)
    assert (len(few.train_images), len(few.test_images)) == (10, 10)


def test_the_stand_in_is_drawn_once(few_drawn: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(array_cache, "WORTH_KEEPING_SECONDS", 0)
    first, other_seed = load_cifar10("drawn"), load_cifar10("drawn", seed=1)
    assert not np.array_equal(first.train_images, other_seed.train_images)
    monkeypatch.setattr(drawing, "draw_cifar10", lambda **_: pytest.fail("drawn again"))
    assert np.array_equal(load_cifar10("drawn").train_images, first.train_images)
    assert np.array_equal(load_cifar10("drawn", seed=1).train_images, other_seed.train_images)


def test_auto_takes_what_the_environment_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_DATA", str(write_npz(tmp_path / "a.npz", PICTURES)))
    assert load_cifar10().source == "path"


def test_a_wrong_path_in_the_environment_is_no_reason_to_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_DATA", "/no/such/folder")
    with is_refused("/no/such/folder"):
        load_cifar10()


# Bad sources


@pytest.mark.parametrize(
    ("word", "guess"),
    [
        ("drawm", "drawn"),
        ("Published", "published"),
        ("kagle", "kaggle"),
        ("parket", "parquet"),
        ("mnist", ""),
    ],
)
def test_an_unknown_word_is_refused_with_a_guess(word: str, guess: str) -> None:
    told = message_of(load_cifar10, word)
    assert message_of(check_source, word) == told
    assert repr(word) in told
    assert "auto, drawn, published, parquet, kaggle" in told
    assert (f"did you mean '{guess}'?" in told) == bool(guess)


@pytest.mark.parametrize("read", [load_cifar10, check_source])
@pytest.mark.parametrize("kind", [str, Path])
def test_a_path_where_nothing_lies(tmp_path: Path, kind: type, read: Callable) -> None:
    with is_refused(f"Nothing lies at {tmp_path / 'nowhere'}"):
        read(kind(tmp_path / "nowhere"))


def test_a_source_is_checked_without_loading_it(tmp_path: Path) -> None:
    for source in ("auto", "drawn", "published", "parquet", "kaggle", str(tmp_path), tmp_path):
        check_source(source)


@pytest.mark.parametrize(("name", "content"), [("a.csv", b"1,2"), ("a.bin", b"\1" * 600), ("a", b"")])
def test_a_file_of_another_kind(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with is_refused(name, ".npz"):
        load_cifar10(tmp_path / name)


def test_a_zip_is_to_be_unpacked(tmp_path: Path) -> None:
    write_folder(tmp_path / "c", PICTURES)
    archive = shutil.make_archive(str(tmp_path / "c"), "zip", tmp_path / "c")
    with is_refused("c.zip", "unpack it"):
        load_cifar10(archive)


# Data sets as people have them: deeper, in capitals, with a part for validation, of another version.


def _deeper(make: Callable[[Path], object]) -> Callable[[Path], object]:
    return lambda path: make(path / "downloaded" / "once more")


AS_PEOPLE_HAVE_THEM: dict[str, Callable[[Path], object]] = {
    "folders, deeper": _deeper(lambda path: write_folder(path, PICTURES)),
    "batches, deeper": _deeper(lambda path: write_batches(path, batches(PICTURES))),
    "npz, deeper": _deeper(lambda path: [path.mkdir(parents=True), write_npz(path / "a.npz", PICTURES)]),
    "capitals": lambda path: [
        write_folder(path, PICTURES),
        (path / "train").rename(path / "Train"),
        (path / "test").rename(path / "TEST"),
        (path / "Train" / "cat").rename(path / "Train" / "CAT"),
    ],
    "NPZ": lambda path: write_npz(path / "a.npz", PICTURES).rename(path / "CIFAR.NPZ"),
    "a Latin-1 name": lambda path: write_folder(Path(os.fsdecode(os.fsencode(path) + b"/caf\xe9")), PICTURES),
    ".jfif": lambda path: [
        write_folder(path, PICTURES),
        [file.rename(file.with_suffix(".JFIF")) for file in path.rglob("*.png")],
    ],
}


@pytest.mark.parametrize("form", AS_PEOPLE_HAVE_THEM)
def test_data_as_people_have_them(tmp_path: Path, form: str) -> None:
    AS_PEOPLE_HAVE_THEM[form](tmp_path)
    loaded = load_cifar10(tmp_path)
    assert both_sets(loaded) == both_sets(PICTURES)
    loaded.description.encode()


@pytest.mark.parametrize("part", ["val", "Validation", "valid"])
@pytest.mark.parametrize("with_test", [True, False])
def test_a_part_for_validation_counts_as_train_and_is_told(
    tmp_path: Path, part: str, with_test: bool
) -> None:
    write_folder(tmp_path, PICTURES)
    test = tmp_path / "test"
    shutil.copytree(test, tmp_path / part)
    if not with_test:
        shutil.rmtree(test)
    loaded = load_cifar10(tmp_path)
    assert len(loaded.train_images) + len(loaded.test_images) == (100 if with_test else 80)
    assert f"{part}/ counts as train" in loaded.description


OTHER_VERSIONS = {
    "cifar-100-python/meta": "CIFAR-100",
    "cifar-10-batches-bin/data_batch_1.bin": "the binary version of CIFAR-10",
    "cifar-10-batches-mat/data_batch_1.mat": "the MATLAB version of CIFAR-10",
    "cifar-100-binary/train.bin": "the binary version of CIFAR-100",
}


@pytest.mark.parametrize("file", OTHER_VERSIONS)
def test_other_versions_are_named(tmp_path: Path, file: str) -> None:
    (tmp_path / file).parent.mkdir()
    (tmp_path / file).write_bytes(b"something")
    packed = tmp_path / "other.tar.gz"
    with tarfile.open(packed, "w:gz") as archive:
        archive.add(tmp_path / file, file)
    folder = (tmp_path / file).parent
    for path in (folder, packed, *([] if file.endswith("meta") else [tmp_path / file])):
        with is_refused(f"is {OTHER_VERSIONS[file]}, which", "cifar-10-python.tar.gz"):
            load_cifar10(path)
    packed.unlink()
    with pytest.raises(CourseError, match=f"is {OTHER_VERSIONS[file]}, which"):
        load_cifar10(tmp_path)


def test_one_batch_and_several_npz_files_are_named(tmp_path: Path) -> None:
    write_batches(tmp_path / "b", batches(PICTURES))
    with is_refused("one of the seven python batches: give their folder"):
        load_cifar10(tmp_path / "b" / "data_batch_1")
    (tmp_path / "n").mkdir()
    for name in ("old.npz", "new.npz"):
        write_npz(tmp_path / "n" / name, PICTURES)
    with is_refused("several .npz files: new.npz, old.npz"):
        load_cifar10(tmp_path / "n")


NOT_AS_EXPECTED = {
    "one-hot": ({"y_train": np.eye(10)[PICTURES.train_labels]}, "one-hot", "argmax"),
    "one-hot, whole": ({"y_train": np.eye(10, dtype=int)[PICTURES.train_labels]}, "one-hot", "argmax"),
    "0-1 cast": ({"x_train": PICTURES.train_images // 128}, "cast to uint8", "* 255"),
    "CIFAR-100": ({"y_train": PICTURES.train_labels * 10}, "outside 0–9", "CIFAR-100 has 100 classes"),
}


@pytest.mark.parametrize("case", NOT_AS_EXPECTED)
def test_what_an_array_probably_is_is_said(tmp_path: Path, case: str) -> None:
    arrays, *words = NOT_AS_EXPECTED[case]
    path = write_npz(tmp_path / "a.npz", PICTURES, **arrays)
    with is_refused(*words):
        load_cifar10(path)


def test_one_class_in_a_file(tmp_path: Path) -> None:
    only = PICTURES.train_labels == 6
    np.savez(tmp_path / "a.npz", x_train=PICTURES.train_images[only], y_train=PICTURES.train_labels[only])
    with is_refused("one class only: frog"):
        load_cifar10(tmp_path / "a.npz")


def test_kaggle_gives_what_its_service_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(folder: Path, *, on_step: Callable[[str, str], None]) -> Path:
        on_step("Kaggle", "complete")
        there = folder / "competition"
        return there if there.exists() else write_kaggle(there, PICTURES, packed=False)

    monkeypatch.setattr(kaggle_service, "fetch_from_kaggle", fetch)
    loaded = load_cifar10("kaggle")
    assert loaded.source == "kaggle"
    assert loaded.steps == (("Kaggle", "complete"),)
    assert loaded.description.startswith("CIFAR-10 from Kaggle (Kaggle's files): 50 pictures to train")
    again = load_cifar10("auto")  # from the cache, without asking any server
    assert (again.source, again.steps) == ("kaggle", (("cache", "used"),))


# stratified_split


def test_a_split_is_stratified_and_drops_nothing() -> None:
    split = stratified_split(PICTURES.train_images, PICTURES.train_labels, val_fraction=1 / 3)
    assert np.bincount(split.train_labels).tolist() == [4] * 10
    assert np.bincount(split.val_labels).tolist() == [2] * 10
    train = same_set(split.train_images, split.train_labels)
    assert sorted(train + same_set(split.val_images, split.val_labels)) == both_sets(PICTURES)[0]


def test_a_split_depends_on_its_seed_alone() -> None:
    splits = [stratified_split(PICTURES.train_images, PICTURES.train_labels, seed=seed) for seed in (3, 3, 4)]
    assert np.array_equal(splits[0].val_images, splits[1].val_images)
    assert not np.array_equal(splits[0].val_images, splits[2].val_images)


def test_fewer_training_pictures_leave_the_validation_set_alone() -> None:
    choice = {"val_fraction": 1 / 3, "seed": 3}
    parts = [
        stratified_split(np.arange(60), PICTURES.train_labels, train_per_class=count, **choice)
        for count in (None, 3, 1)
    ]
    assert [np.bincount(part.train_labels).tolist() for part in parts] == [[4] * 10, [3] * 10, [1] * 10]
    assert all(np.array_equal(part.val_images, parts[0].val_images) for part in parts)
    assert set(parts[2].train_images) < set(parts[1].train_images) < set(parts[0].train_images)


def test_a_split_takes_features_too() -> None:
    split = stratified_split(np.arange(60), PICTURES.train_labels)
    assert len(split.train_images) == 50
    assert len(split.val_images) == 10
    assert np.array_equal(split.val_labels, PICTURES.train_labels[split.val_images])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("val_fraction", fraction) for fraction in (0, 1, -0.1, 1.5)),
        *(("train_per_class", count) for count in (0, -1, 2.5, True, "50")),
    ],
)
def test_a_wrong_part_is_refused(name: str, value: object) -> None:
    with is_refused(name):
        stratified_split(PICTURES.train_images, PICTURES.train_labels, **{name: value})


def test_pictures_and_labels_of_two_parts_are_refused() -> None:
    with is_refused("60 pictures, but 20 labels"):
        stratified_split(PICTURES.train_images, PICTURES.test_labels)
