"""A served model answers whatever is sent: a class, or words."""

from __future__ import annotations

import contextlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import requests
from PIL import Image

from course_utils.errors import CourseError
from course_utils.predict import Prediction, predict_image
from course_utils.running import serve
from course_utils.serving import (
    MEGABYTES,
    ServedModel,
    build_app,
    build_page,
    load_served,
    picture_file,
    serve_in_background,
)
from course_utils.system.quiet import import_keras_quietly

pytest.importorskip("uvicorn", reason="the page needs requirements-extra.txt")
MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16", "I", "F")
FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP", "PPM", "TGA", "ICO", "PCX", "DIB")


@pytest.fixture(scope="module")
def model():
    import_keras_quietly()
    import keras

    keras.utils.set_random_seed(0)
    inputs = keras.Input((32, 32, 3), dtype="uint8")
    pixels = keras.layers.Rescaling(1 / 50)(keras.ops.cast(inputs, "float32"))
    maps = keras.layers.Conv2D(8, 3, activation="relu")(pixels)
    pooled = keras.layers.GlobalAveragePooling2D()(maps)
    return keras.Model(inputs, keras.layers.Dense(10)(pooled))


@pytest.fixture(scope="module")
def address(model) -> str:
    return serve_in_background(build_app(ServedModel(model, {"name": "a toy"})))


def drawn(size: tuple[int, int] = (40, 30), seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (*size[::-1], 3), dtype=np.uint8))


def encoded(image: Image.Image, form: str = "PNG", **options: object) -> bytes | None:
    """The file, or None where the format has no such mode."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        return picture_file(image, form, **options)


def odd_files() -> dict[str, bytes]:
    files = {}
    for mode in MODES:
        image = drawn().convert(mode) if mode != "I;16" else drawn().convert("I").convert("I;16")
        files |= {f"{mode} {form}": encoded(image, form) for form in FORMATS}
    whole = encoded(drawn())
    for kept in (0, 1, 8, 20, 33, 60, len(whole) // 2, len(whole) - 5):
        files[f"cut off at {kept}"] = whole[:kept]
    turned = Image.Exif()
    for way in range(1, 9):
        turned[0x0112] = way
        files[f"turned {way}"] = encoded(drawn(), "JPEG", exif=turned.tobytes())
    long = encoded(Image.new("L", (9000, 9000)))
    texts = {"text": b"hello", "zeros": bytes(5000), "svg": b"<svg/>", "html": b"<html>", "pdf": b"%PDF-1.7"}
    heic = b"\0\0\0\x18ftypheic" + bytes(40)
    form = b"--x\r\nContent-Disposition: form-data\r\n\r\n" + whole
    files |= {"long": long, "thin": encoded(Image.new("RGB", (1, 3000))), "heic": heic, "form": form} | texts
    return {name: content for name, content in files.items() if content is not None}


def ask(address: str, content: bytes) -> requests.Response:
    return requests.post(f"{address}/predict", data=content, timeout=60)


def predicted(model, content: bytes) -> tuple[Prediction | None, str]:
    try:
        return predict_image(model, content), ""
    except CourseError as error:
        return None, " ".join(str(error).splitlines()[:2])


def test_a_hundred_odd_files_get_a_class_or_words(address: str, model):
    files = odd_files()
    refused = 0
    for name, content in files.items():
        answer, (expected, words) = ask(address, content), predicted(model, content)
        if expected is None:
            refused += 1
            assert (answer.status_code, answer.json()["error"]) == (400, words), name
            assert "--data-binary" in answer.json()["next_step"]
        else:
            assert answer.status_code == 200, (name, answer.text)
            assert answer.json()["label"] == expected.label, name
            assert answer.json()["probabilities"] == pytest.approx(expected.probabilities, abs=1e-5), name

    assert len(files) >= 100
    assert 15 <= refused <= len(files) / 2


def test_what_is_too_large_is_refused_before_it_is_kept(address: str):
    answer = ask(address, bytes(MEGABYTES * 1_000_000 + 1))

    assert answer.status_code == 413
    assert answer.json() == {"error": "The picture has more than 20 MB.", "next_step": "Send a smaller one."}


def test_twenty_at_once_get_their_own_answers(address: str):
    files = [encoded(drawn(seed=seed)) for seed in range(20)]
    alone = [ask(address, content).json() for content in files]

    with ThreadPoolExecutor(20) as pool:
        together = list(pool.map(lambda content: ask(address, content).json(), files * 3))

    assert len({json.dumps(answer) for answer in alone}) == 20
    assert together == alone * 3


def test_the_model_works_on_one_picture_at_a_time():
    at_once: list[int] = []
    inside = 0

    class Slow:
        name, input_shape = "slow", (None, 32, 32, 3)

        def predict_on_batch(self, pixels: np.ndarray) -> np.ndarray:
            nonlocal inside
            inside += 1
            at_once.append(inside)
            time.sleep(0.05)
            inside -= 1
            return np.eye(10, dtype="float32")[[3]]

    served = ServedModel(Slow(), {})
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(served.predict, [encoded(drawn())] * 8))

    assert at_once == [1] * 8


def test_the_page_is_there(address: str):
    page = requests.get(address, timeout=60)

    assert page.status_code == 200
    assert "What does the picture show?" in page.text
    assert "a toy" in page.text


def test_the_page_shows_bars_and_heat_or_words(model, tmp_path: Path):
    page = build_page(ServedModel(model, {}))
    show = next(function.fn for function in page.fns.values() if function.fn.__name__ == "show")
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    good.write_bytes(encoded(drawn()))
    bad.write_bytes(b"hello")

    bars, seen, trouble = show(str(good))
    assert (len(bars), seen.size, trouble) == (10, (320, 320), "")
    bars, seen, trouble = show(str(bad))
    assert (bars, seen) == (None, None)
    assert "damaged, or not a picture" in trouble
    assert str(tmp_path) not in trouble
    assert show(None) == (None, None, "")


def test_the_page_leaves_what_was_sent_to_predict_image(model):
    """Gradio's own reading would fail by a sentence of its own, and turn no picture by its EXIF."""
    blocks = build_page(ServedModel(model, {})).blocks.values()
    (picture,) = [block for block in blocks if getattr(block, "label", "") == "A picture"]

    assert picture.preprocess(SimpleNamespace(path="no-picture.png")) == "no-picture.png"


@pytest.fixture
def saved(model, tmp_path: Path) -> Path:
    path = tmp_path / "served.keras"
    model.save(path)
    return path


def write_card(model: Path, **more: object) -> None:
    digest = sha256(model.read_bytes()).hexdigest()
    model.with_suffix(".json").write_text(json.dumps({"name": "a toy", "sha256": digest} | more))


def test_a_saved_model_is_loaded_with_its_card(saved: Path, model):
    write_card(saved)
    served = load_served(saved)

    assert served.card["name"] == "a toy"
    pictures = np.asarray(drawn((32, 32)))
    answer = served.predict(encoded(drawn((32, 32))))
    assert answer.probabilities == predict_image(model, pictures).probabilities
    assert served.heat(pictures).shape == (30, 30)


def test_a_model_without_card_is_served_and_says_so(saved: Path):
    assert load_served(saved).card == {}


def test_the_card_of_another_file_is_refused(saved: Path):
    write_card(saved, sha256="0" * 64)

    with pytest.raises(CourseError, match=r"sha256 is not that of served\.keras"):
        load_served(saved)


@pytest.mark.parametrize("text", ["", "[]", "{}", "{", "\0"])
def test_a_damaged_card_is_refused(saved: Path, text: str):
    saved.with_suffix(".json").write_text(text)

    with pytest.raises(CourseError, match=r"(?s)card .* cannot be read .*remove it"):
        load_served(saved)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\3\4" + bytes(100)])
def test_what_is_no_model_is_told(tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture):
    path = tmp_path / "x.keras"
    path.write_bytes(content)

    assert serve.main([str(path)]) == 1
    assert f"The model {path} cannot be loaded." in capsys.readouterr().err


@pytest.mark.parametrize(("shape", "units", "words"), [((8,), 10, "pictures"), ((8, 8, 3), 4, "ten classes")])
def test_a_model_that_cannot_answer_is_told_before_anybody_asks(
    shape: tuple[int, ...], units: int, words: str, tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture
):
    import keras
    import uvicorn

    monkeypatch.setattr(uvicorn, "run", lambda *_, **__: None)
    layers = [keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(units)]
    keras.Sequential(layers).save(tmp_path / "head.keras")

    assert serve.main([str(tmp_path / "head.keras")]) == 1
    assert words in capsys.readouterr().err


def test_a_missing_model_is_told(tmp_path: Path, capsys: pytest.CaptureFixture):
    assert serve.main([str(tmp_path / "none.keras")]) == 1
    assert "make course LESSONS=13" in capsys.readouterr().err


@pytest.mark.parametrize("port", [-1, 70000])
def test_a_port_that_cannot_be_is_told(port: int):
    with pytest.raises(CourseError, match="cannot be used"):
        serve.check_port(port)


def test_a_port_in_use_is_told(address: str):
    with pytest.raises(CourseError, match=r"(?s)cannot be used.*PORT=7861"):
        serve.check_port(int(address.rsplit(":", 1)[1]))
