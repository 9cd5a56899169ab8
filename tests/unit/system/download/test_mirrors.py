"""Where files come from: folders of the class, the cache, a mirror, then the web; the digest decides."""

from __future__ import annotations

import hashlib
from urllib.parse import urlsplit

import pytest
from messages import message_of

from course_utils.errors import CourseError
from course_utils.system.download import mirrors
from course_utils.system.download.transfer import RemoteFile

CONTENT = b"content of a file " * 100
FILE = RemoteFile("file.bin", (), f"sha256:{hashlib.sha256(CONTENT).hexdigest()}", len(CONTENT))


@pytest.fixture(autouse=True)
def clean(tmp_path, monkeypatch):
    for name in ("COURSE_MIRROR", "COURSE_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(mirrors, "_named", [])
    monkeypatch.setattr(mirrors, "_refused", set())


@pytest.fixture
def steps():
    return []


def obtain(tmp_path, steps, file=FILE):
    return mirrors.fetch(file, tmp_path / "cache", on_step=lambda *step: steps.append(step))


@pytest.mark.parametrize("file", [mirrors.ARCHIVE, *mirrors.WEIGHTS.values()], ids=lambda file: file.name)
def test_each_file_has_encrypted_addresses_of_several_hosts_and_one_name(file):
    parts = [urlsplit(address) for address in file.addresses]
    assert {part.scheme for part in parts} == {"https"}
    assert len({part.hostname for part in parts}) >= 2
    assert {part.path.rpartition("/")[2] for part in parts} == {file.name}
    assert file.size


def test_the_official_host_comes_last():
    assert urlsplit(mirrors.ARCHIVE.addresses[-1]).hostname == "www.cs.toronto.edu"


def test_resnet_digest_is_that_of_keras():
    from keras.src.applications.resnet import WEIGHTS_HASHES

    assert mirrors.WEIGHTS["ResNet50"].digest == f"md5:{WEIGHTS_HASHES['resnet50'][1]}"


@pytest.mark.parametrize("name", mirrors.WEIGHTS)
def test_first_address_is_that_of_keras(name):
    from keras.src.applications import mobilenet_v2, resnet

    base = {"MobileNetV2": mobilenet_v2.BASE_WEIGHT_PATH, "ResNet50": resnet.BASE_WEIGHTS_PATH}[name]
    file = mirrors.WEIGHTS[name]
    assert file.addresses[0] == f"{base}{file.name}"


def test_a_folder_of_the_class_goes_before_the_cache(tmp_path, monkeypatch, steps):
    for name in ("class", "cache"):
        (tmp_path / name).mkdir()
        (tmp_path / name / FILE.name).write_bytes(CONTENT)
    monkeypatch.setenv("COURSE_MIRROR", str(tmp_path / "class"))
    assert obtain(tmp_path, steps) == tmp_path / "class" / FILE.name
    assert steps == [(str(tmp_path / "class"), "used")]
    monkeypatch.delenv("COURSE_MIRROR")
    assert obtain(tmp_path, steps) == tmp_path / "cache" / FILE.name
    assert steps[1:] == [("cache", "used")]


def test_a_damaged_copy_is_told_once_and_not_used(tmp_path, monkeypatch, steps, capsys):
    (tmp_path / FILE.name).write_bytes(CONTENT[:-1])
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    for _ in range(2):
        with pytest.raises(CourseError, match="could not be downloaded"):
            obtain(tmp_path, steps)
    assert capsys.readouterr().out.count(f"{tmp_path / FILE.name} is not used: it is damaged") == 1
    assert (str(tmp_path), "is damaged") in steps
    assert (tmp_path / FILE.name).read_bytes() == CONTENT[:-1]  # it is the reader's


def test_the_mirrors_address_goes_before_the_others():
    file = RemoteFile("a.bin", ("https://example.org/a.bin",), FILE.digest)
    assert mirrors.with_mirror(file, "http://10.0.0.1:8000").addresses == (
        "http://10.0.0.1:8000/a.bin",
        "https://example.org/a.bin",
    )
    assert mirrors.with_mirror(file, None) == file


@pytest.mark.parametrize(("given", "address"), [(" http://host:8000/ ", "http://host:8000"), ("", None)])
def test_a_mirror_by_address(monkeypatch, given, address):
    monkeypatch.setenv("COURSE_MIRROR", given)
    assert mirrors.locations() == (address, [])


@pytest.mark.parametrize("given", ["host:8000", "no/such/folder", "ftp://host"])
def test_a_mirror_that_is_none(monkeypatch, given):
    monkeypatch.setenv("COURSE_MIRROR", given)
    assert message_of(mirrors.locations) == (
        f"COURSE_MIRROR cannot be used: {given}.\n"
        "Expected an address that begins with http:// or https://, or a folder that exists.\n"
        "Next: correct the variable COURSE_MIRROR, or unset it."
    )


def test_the_parquet_copy_has_two_pinned_files():
    train, test = mirrors.PARQUET
    assert train.name.startswith("cifar10-train")
    assert test.name.startswith("cifar10-test")
    for file in (train, test):
        assert file.addresses[0].startswith("https://huggingface.co/datasets/uoft-cs/cifar10/resolve/")
        assert "/main/" not in file.addresses[0]
        assert file.size
