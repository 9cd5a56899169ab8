"""A model behind a web page and an API: for this computer, or a network that you trust.

The page and the API share one model. Whatever is sent to them is a stranger's: its size is bounded before it
is kept, and only ``predict_image`` opens it.
"""

from __future__ import annotations

import hashlib
import io
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from course_utils.errors import CourseError, first_line
from course_utils.inspection import heat_maps
from course_utils.plotting import overlay
from course_utils.predict import Prediction, predict_image
from course_utils.system.quiet import import_keras_quietly

if TYPE_CHECKING:
    import fastapi
    import gradio
    import keras
    from PIL import Image
    from starlette.requests import Request
    from starlette.responses import JSONResponse

MEGABYTES = 20  # of one picture at most
TITLE = "What does the picture show?"
BODY = "Send the picture file itself, for example: curl --data-binary @cat.jpg ADDRESS/predict"


class ServedModel:
    """A model with its card, which answers from any thread: one picture after the other.

    Attributes:
        model: takes uint8 (n, height, width, 3), answers logits (n, 10).
        card: what the card says, or an empty dict.
    """

    def __init__(self, model: keras.Model, card: dict) -> None:
        self.model, self.card = model, card
        self._lock = threading.Lock()  # Keras promises nothing for two calls at once

    def predict(self, picture: bytes | str | Path) -> Prediction:
        """Say what a picture shows; see ``predict_image``."""
        with self._lock:
            return predict_image(self.model, picture)

    def heat(self, image: np.ndarray) -> np.ndarray:
        """Return where the model looks in what it saw: float (rows, columns), 0-1. See ``heat_maps``."""
        with self._lock:
            return heat_maps(self.model, image[np.newaxis])[0]


def load_served(path: str | Path) -> ServedModel:
    """Load a model, and the card beside it: the same name, ending in .json.

    Args:
        path: a .keras file that you or a person whom you trust saved: a model is a program (lesson 20).

    Raises:
        CourseError: the file is missing or no model, the model does not take pictures or does not answer ten
            classes, or the card is damaged or of another file.
    """
    path = Path(path).expanduser()
    card = _read_card(path)
    import_keras_quietly()
    import keras

    try:
        model = keras.models.load_model(path, compile=False)
    except Exception as error:  # what a damaged model fails by depends on where it is damaged
        raise CourseError(
            f"The model {path} cannot be loaded.",
            cause=first_line(error),
            next_step="give a .keras file that model.save wrote with this version of Keras, or an older one.",
        ) from error
    predict_image(model, np.zeros((32, 32, 3), np.uint8))  # what cannot answer is told now, not to visitors
    return ServedModel(model, card)


def build_app(served: ServedModel) -> fastapi.FastAPI:
    """Return the web application: a page at ``/``, and ``POST /predict``.

    ``/predict`` takes a picture file as the body, up to 20 MB and 50 megapixels, and answers JSON:
    ``{"label", "probability", "probabilities"}``; with status 400 or 413 ``{"error", "next_step"}``.
    """
    import gradio
    from fastapi import FastAPI

    app = FastAPI(title=TITLE)
    app.add_route("/predict", _answerer(served), methods=["POST"])
    limit = f"{MEGABYTES}mb"
    return gradio.mount_gradio_app(app, build_page(served), path="/", max_file_size=limit, footer_links=[])


def serve_in_background(app: fastapi.FastAPI) -> str:
    """Start an application on a free port of this computer, and return its address; it ends with Python."""
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    return f"http://127.0.0.1:{port}"


def build_page(served: ServedModel) -> gradio.Blocks:
    """Return the page: drop a picture, see five bars, and where the model looks."""
    import gradio

    def show(path: str | None) -> tuple[dict[str, float] | None, Image.Image | None, str]:
        if not path:
            return None, None, ""
        try:
            prediction = served.predict(path)
            heat = served.heat(prediction.image)
        except CourseError as error:
            return None, None, "### No answer\n" + " ".join(str(error).replace(path, "").splitlines()[:2])
        return prediction.probabilities, overlay(prediction.image, heat), ""

    # Files that were sent are deleted after an hour.
    with gradio.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(600, 3600)) as page:
        gradio.Markdown(f"# {TITLE}\n\n{_card_words(served.card)}")
        with gradio.Row():
            with gradio.Column():
                sources = ["upload", "clipboard"]
                picture = gradio.Image(label="A picture", type="filepath", sources=sources, height=320)
                trouble = gradio.Markdown()
            with gradio.Column():
                bars = gradio.Label(label="The five best answers", num_top_classes=5)
                look = {"label": "Where it looks (Grad-CAM)", "alt_text": "The picture under its heat map"}
                seen = gradio.Image(**look, interactive=False, height=320, buttons=["fullscreen"])
        picture.preprocess = lambda file: file and file.path  # only predict_image opens what was sent
        picture.change(show, picture, [bars, seen, trouble], api_visibility="private")
    return page


def picture_file(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    """Return a picture as the bytes of a file, as programs send it.

    Args:
        image: of a mode that the format knows.
        form: a format of Pillow, for example ``"JPEG"``.
        **options: what Pillow's ``save`` takes for this format.
    """
    content = io.BytesIO()
    image.save(content, form, **options)
    return content.getvalue()


def _answerer(served: ServedModel) -> Callable:
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import JSONResponse

    def answer(picture: bytes) -> JSONResponse:
        try:
            found = served.predict(picture)
        except CourseError as error:
            problem = " ".join(str(error).splitlines()[:2])
            return JSONResponse({"error": problem, "next_step": BODY}, status_code=400)
        told = {"label": found.label, "probability": found.probability}
        return JSONResponse(told | {"probabilities": found.probabilities})

    async def predict(request: Request) -> JSONResponse:
        picture = bytearray()
        async for part in request.stream():
            picture += part
            if len(picture) > MEGABYTES * 1e6:
                told = {
                    "error": f"The picture has more than {MEGABYTES} MB.",
                    "next_step": "Send a smaller one.",
                }
                return JSONResponse(told, status_code=413)
        return await run_in_threadpool(answer, bytes(picture))

    return predict


def _read_card(model: Path) -> dict:
    """Return what the card beside a model says; an empty dict if there is none."""
    path = model.with_suffix(".json")
    if not model.is_file():
        raise CourseError(
            f"There is no model at {model}.",
            cause="No file lies there.",
            next_step="save one by lesson 13 (make course LESSONS=13), or give the path of a .keras file.",
        )
    if not path.is_file():
        return {}
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        of_this_file = card["sha256"] == hashlib.sha256(model.read_bytes()).hexdigest()
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise _wrong_card(path, f"It cannot be read ({type(error).__name__}: {error}).") from error
    if not of_this_file:
        raise _wrong_card(path, f"Its sha256 is not that of {model.name}: it tells of another file.")
    return card


def _wrong_card(path: Path, cause: str) -> CourseError:
    return CourseError(
        f"The card {path} does not fit its model.",
        cause=cause,
        next_step="write it again as lesson 13 does, or remove it.",
    )


def _card_words(card: dict) -> str:
    lines = [f"- **{name}:** {value}" for name, value in card.items() if name != "sha256"]
    return "\n".join(lines) or "This model has no card: nobody says what it learned, nor how good it is."
