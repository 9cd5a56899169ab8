"""weights_path: what each source gives, and that no damaged or foreign file gets through."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil

import numpy as np
import pytest
from messages import message_of
from servers import FaultyServer

from course_utils import weights
from course_utils.errors import CourseError
from course_utils.system import weight_files
from course_utils.system.download import mirrors
from course_utils.system.download.transfer import RemoteFile
from course_utils.system.paths import BUNDLED_WEIGHTS
from tools.weights import pack

NETS = ["MobileNetV2", "ResNet50"]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("COURSE_MIRROR", raising=False)
    monkeypatch.setattr(weights, "_instead", {})
    monkeypatch.setattr(mirrors, "_named", [])
    return tmp_path / "cache" / "weights"


def base(name, path, size=64):
    import keras

    build = getattr(keras.applications, name)
    return build(include_top=False, weights=path, pooling="avg", input_shape=(size, size, 3))


def refused(source, name="MobileNetV2") -> str:
    return message_of(weights.weights_path, name, source=source)


def test_words():
    assert weights.weights_path("ResNet50", source="none") is None
    assert weights.weights_label(None) == "none"
    for name in NETS:
        assert weights.weights_label(weights.weights_path(name, source="bundled")) == "bundled"


@pytest.mark.parametrize("source", ["image-net", "Bundled", ""])
def test_unknown_word(source):
    assert "imagenet, bundled, none" in refused(source)


def test_unknown_network():
    assert "MobileNetV2, ResNet50, ResNet50V2" in refused("none", name="mobilenetv2")


@pytest.mark.parametrize("name", NETS)
def test_bundled_loads_in_order_at_any_size(name):
    path = weights.weights_path(name, source="bundled")
    card = weight_files.read_card(name)
    expected = weight_files.read_compact(BUNDLED_WEIGHTS / card["file"], card["sha256"])
    assert weight_files.content_digest(expected) == card["content_sha256"]
    for size in (64, 96):
        found = base(name, path, size)
        names = [f"{layer.name}/{w.name}" for layer in found.layers for w in layer.weights]
        assert names == list(expected)
        for value, wanted in zip(found.get_weights(), expected.values(), strict=True):
            np.testing.assert_array_equal(value, wanted)


def test_unpacked_once_and_made_again_when_damaged(cache, capsys):
    first = weights.weights_path("MobileNetV2", source="bundled")
    assert [p.name for p in cache.iterdir()] == [first.rsplit("/", 1)[1]]
    stamp = cache.joinpath(first).stat().st_mtime_ns
    assert weights.weights_path("MobileNetV2", source="bundled") == first
    assert cache.joinpath(first).stat().st_mtime_ns == stamp
    whole = cache.joinpath(first).read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0x40
    for broken in (whole[: len(whole) // 2], b"", bytes(flipped)):
        cache.joinpath(first).write_bytes(broken)
        assert weights.weights_path("MobileNetV2", source="bundled") == first
        assert "made again" in capsys.readouterr().out
        assert cache.joinpath(first).read_bytes() == whole


def serves_one_network(path, capsys):
    """For the other network, the bundled weights are taken, which is told in one line."""
    capsys.readouterr()
    other = weights.weights_path("ResNet50", source=path)
    assert capsys.readouterr().out == (
        f"WEIGHTS is a file of MobileNetV2, so ResNet50 starts from the bundled weights: {path.name}\n"
    )
    assert other == weights.weights_path("ResNet50", source="bundled")


def test_a_renamed_file_is_refused_with_its_right_name(tmp_path):
    base("MobileNetV2", None).save_weights(tmp_path / "a.weights.h5")
    (tmp_path / "a.weights.h5").rename(tmp_path / "a.h5")
    assert "rename it to a.weights.h5" in refused(tmp_path / "a.h5")
    shutil.copy(weights.weights_path("MobileNetV2", source="bundled"), tmp_path / "b.weights.h5")
    assert "rename it to b.h5" in refused(tmp_path / "b.weights.h5")


def test_files(tmp_path, capsys):
    random = base("MobileNetV2", None)
    for name in ("mine.h5", "mine.weights.h5"):
        path = tmp_path / name
        if name == "mine.h5":
            names = [f"{la.name}/{w.name}" for la in random.layers for w in la.weights]
            values = zip(names, random.get_weights(), strict=True)
            weight_files.write_weight_file(path, dict(values))
        else:
            random.save_weights(path)
        assert weights.weights_path("MobileNetV2", source=path) == str(path)
        loaded = base("MobileNetV2", str(path))
        for a, b in zip(loaded.get_weights(), random.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        assert weights.weights_label(path) == "file"
        serves_one_network(path, capsys)


@pytest.fixture(scope="module")
def in_order():
    """MobileNetV2's bundled weights as get_weights() gives them."""
    card = weight_files.read_card("MobileNetV2")
    return list(weight_files.read_compact(BUNDLED_WEIGHTS / card["file"], card["sha256"]).values())


def stored(path, arrays):
    half = [array.astype("float16" if array.ndim > 1 else "float32") for array in arrays]
    np.savez_compressed(path, **{f"w{place:03d}": array for place, array in enumerate(half)})
    return path


def test_npz_in_the_order_of_get_weights(tmp_path, cache, capsys, in_order):
    path = stored(tmp_path / "mine.npz", in_order)
    unpacked = weights.weights_path("MobileNetV2", source=path)
    loaded = base("MobileNetV2", unpacked).get_weights()
    for value, wanted in zip(loaded, in_order, strict=True):
        np.testing.assert_allclose(value, wanted, rtol=1e-3, atol=1e-6)
    assert weights.weights_label(unpacked) == "file"
    assert weights.weights_note(unpacked) == ""
    serves_one_network(path, capsys)
    cache.joinpath(unpacked).write_bytes(b"torn")
    assert weights.weights_path("MobileNetV2", source=path) == unpacked
    assert "made again" in capsys.readouterr().out


def test_a_known_copy_of_imagenets_weights_is_labelled_by_its_content(tmp_path, monkeypatch, in_order):
    path = weights.weights_path("MobileNetV2", source=stored(tmp_path / "any.npz", in_order))
    monkeypatch.setattr(weights, "COPIES", {weight_files.content_of(path): "8-bit copy"})
    assert (weights.weights_label(path), weights.weights_note(path)) == ("imagenet", "8-bit copy")
    in_order[-1] = in_order[-1] + 1  # one array altered: no copy any more
    path = weights.weights_path("MobileNetV2", source=stored(tmp_path / "any.npz", in_order))
    assert (weights.weights_label(path), weights.weights_note(path)) == ("file", "")


def test_bad_npz_is_refused(tmp_path, cache, in_order):
    path = stored(tmp_path / "mine.npz", in_order)
    whole = path.read_bytes()
    for broken in (whole[:-1000], b"", b"<html>log in</html>", whole[:90_000] + b"x" + whole[90_001:]):
        path.write_bytes(broken)
        assert "damaged" in refused(path)
    assert "2,257,984" in refused(stored(path, [*in_order[:-1], in_order[-1][:-1]]))
    assert "found 259 with" in refused(stored(path, in_order[:-1]))
    assert "not finite" in refused(stored(path, [np.full_like(in_order[0], np.nan), *in_order[1:]]))
    wide = [place for place, array in enumerate(in_order) if array.ndim > 1]
    swapped = list(in_order)
    swapped[wide[0]], swapped[wide[1]] = in_order[wide[1]], in_order[wide[0]]
    assert "not in the order of MobileNetV2's get_weights()" in refused(stored(path, swapped))
    np.savez(path, w000=in_order[0], kernel=in_order[1])
    assert "found 'kernel', float32" in refused(path)
    np.savez(path, w000=in_order[0].astype("int8"))
    assert "found 'w000', int8" in refused(path)
    np.savez(path, w000=np.array([object()]))
    assert "damaged" in refused(path)
    np.savez(path)
    assert "found none" in refused(path)
    assert not cache.exists()


def test_quantise_is_near_and_by_channel():
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(3, 3, 8, 1)).astype("float32") * np.logspace(-3, 2, 8)[:, None]
    values, scale = pack.quantise(kernel, axis=2)
    assert values.dtype == np.int8
    assert scale.shape == (1, 1, 8, 1)
    error = np.abs(values * scale - kernel).max(axis=(0, 1, 3))
    assert (error <= np.abs(kernel).max(axis=(0, 1, 3)) / 127).all()
    kernel = kernel.astype("float32")
    packed = pack.compact({"a/kernel": kernel, "a/bias": kernel.ravel()})
    assert packed["a/kernel|scale"].shape == (1, 1, 8, 1)
    np.testing.assert_array_equal(packed["a/bias"], kernel.ravel())


def test_packing_a_file_gives_what_its_card_says(tmp_path):
    name = "MobileNetV2"
    arrays = pack.named_arrays(base(name, None))
    card = pack.write(name, arrays, {}, tmp_path)
    back = weight_files.read_compact(tmp_path / card["file"], card["sha256"])
    assert weight_files.content_digest(back) == card["content_sha256"]
    for key, value in arrays.items():
        assert np.abs(back[key] - value).max() <= np.abs(value).max() / 127 + 1e-12, key


# ImageNet's weights: from a folder, a mirror or the web, checked by their digest


@pytest.fixture
def imagenet(tmp_path, monkeypatch):
    """A folder with a small file in place of ImageNet's weights of MobileNetV2, and no network."""
    content = b"weights " * 1000
    digest = f"md5:{hashlib.md5(content).hexdigest()}"
    file = RemoteFile("weights.h5", ("http://127.0.0.1:9/weights.h5",), digest, len(content))
    monkeypatch.setitem(mirrors.WEIGHTS, "MobileNetV2", file)
    folder = tmp_path / "class"
    folder.mkdir()
    (folder / file.name).write_bytes(content)
    return folder


def test_imagenet_weights_from_a_folder(imagenet, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(imagenet))
    path = weights.weights_path("MobileNetV2", source="imagenet")
    assert path == str(imagenet / "weights.h5")
    assert weights.weights_label(path) == "imagenet"


@pytest.mark.parametrize("damage", ["cut", "altered", "other network", "absent"])
def test_a_bad_file_is_never_used_and_never_ends_in_random_weights(imagenet, monkeypatch, capsys, damage):
    monkeypatch.setenv("COURSE_MIRROR", str(imagenet))
    file = imagenet / "weights.h5"
    content = file.read_bytes()
    if damage == "absent":
        file.unlink()
    else:
        bad = {"cut": content[:-1], "altered": b"W" + content[1:], "other network": b"another file"}
        file.write_bytes(bad[damage])
    path = weights.weights_path("MobileNetV2", source="imagenet")
    assert path == weights.weights_path("MobileNetV2", source="bundled")
    assert weights.weights_label(path) == "bundled"
    said = capsys.readouterr().out
    assert "*** ImageNet weights of MobileNetV2 cannot be had: using the bundled ones" in said
    assert (f"{file} is not used: it is damaged or another file" in said) == (damage != "absent")


def test_after_falling_back_a_process_keeps_to_the_bundled_weights(imagenet, monkeypatch, capsys):
    first = weights.weights_path("MobileNetV2", source="imagenet")
    capsys.readouterr()
    monkeypatch.setenv("COURSE_MIRROR", str(imagenet))  # now they could be had
    assert weights.weights_path("MobileNetV2", source="imagenet") == first
    assert capsys.readouterr().out == ""


# Networks of lesson 11, of which the course has no bundled weights


@pytest.mark.parametrize("name", mirrors.MORE_WEIGHTS)
def test_a_network_without_bundled_weights_never_begins_with_others(name, tmp_path):
    assert weights.weights_path(name, source="none") is None
    for source in ("bundled", tmp_path / "mobilenet.h5"):
        assert f"There are no bundled weights of {name}.\nThe course carries" in refused(source, name=name)
    assert "Unknown source" in refused("image-net", name=name)


@pytest.mark.parametrize("name", mirrors.MORE_WEIGHTS)
def test_digests_and_addresses_of_more_networks_are_those_of_keras(name, monkeypatch):
    from keras.src.utils import file_utils

    class Asked(Exception):
        """Ends the building where Keras would download."""

    def asked(file, address, file_hash, **_):
        raise Asked(file, address, file_hash)

    monkeypatch.setattr(file_utils, "get_file", asked)
    with pytest.raises(Asked) as caught:
        base(name, "imagenet", size=96)
    file = mirrors.MORE_WEIGHTS[name]
    _, address, digest = caught.value.args
    assert (address,) == file.addresses
    assert file.digest == f"{'md5' if len(digest) == 32 else 'sha256'}:{digest}"
    assert address.endswith(f"/{file.name}")


def test_weights_of_more_networks_are_downloaded_checked_and_labelled(cache, monkeypatch):
    content = b"efficient " * 1000
    with FaultyServer(content) as server:
        file = dataclasses.replace(
            mirrors.MORE_WEIGHTS["EfficientNetB0"],
            addresses=(f"{server.address}/efficientnetb0_notop.h5",),
            digest=f"md5:{hashlib.md5(content).hexdigest()}",
        )
        monkeypatch.setitem(mirrors.MORE_WEIGHTS, "EfficientNetB0", file)
        for _ in range(2):
            path = weights.weights_path("EfficientNetB0", source="imagenet")
            assert path == str(cache / "efficientnetb0_notop.h5")
        assert len(server.asked) == 1
    assert weights.weights_label(path) == "imagenet"
    (cache / "efficientnetb0_notop.h5").write_bytes(b"W" + content[1:])
    assert weights.weights_label(path) == "file"


def test_another_file_than_that_of_the_digest_is_refused(cache, monkeypatch):
    with FaultyServer(b"not the file") as server:
        file = mirrors.MORE_WEIGHTS["VGG16"]
        addresses = (f"{server.address}/{file.name}",)
        monkeypatch.setitem(mirrors.MORE_WEIGHTS, "VGG16", dataclasses.replace(file, addresses=addresses))
        assert "another file than expected" in refused("imagenet", name="VGG16")
    assert not (cache / file.name).exists()


def test_efficientnet_from_a_file_answers_as_if_keras_had_loaded_it(tmp_path, monkeypatch):
    """Keras adds a layer where it reads "imagenet"; ``efficientnet_pixels`` stands in for it."""
    import keras
    from keras.src.utils import file_utils

    keras.utils.set_random_seed(0)
    path = tmp_path / "efficientnetb0_notop.weights.h5"
    random = base("EfficientNetB0", None)
    mean, variance = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    random.get_layer(index=2).set_weights([mean, variance, np.array(0)])  # as in the published file
    random.save_weights(path)
    monkeypatch.setattr(file_utils, "get_file", lambda *_, **__: str(path))
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 3)).astype("float32")
    by_word, by_path = base("EfficientNetB0", "imagenet"), base("EfficientNetB0", str(path))
    expected = by_word.predict(pixels, verbose=0)
    given = by_path.predict(weights.efficientnet_pixels(pixels), verbose=0)
    np.testing.assert_allclose(given, expected, rtol=1e-3, atol=1e-5)
    assert not np.allclose(by_path.predict(pixels, verbose=0), expected, rtol=1e-2, atol=1e-5)


def test_a_wrong_mirror_is_to_be_corrected(monkeypatch):
    monkeypatch.setenv("COURSE_MIRROR", "no/such/folder")
    assert "COURSE_MIRROR cannot be used: no/such/folder" in refused("imagenet")


def test_a_source_is_checked_without_reading_it(tmp_path):
    (tmp_path / "any.weights.h5").write_text("x")
    (tmp_path / "model.keras").write_text("x")
    for source in ("imagenet", "bundled", "none", tmp_path / "any.weights.h5"):
        weights.check_weights(source)
    for source, told in (
        ("imagnet", "Unknown source of weights: 'imagnet'"),
        (tmp_path / "absent.h5", "does not exist"),
        (tmp_path / "model.keras", "not a weight file"),
    ):
        with pytest.raises(CourseError, match=told):
            weights.check_weights(source)
