"""A small server on 127.0.0.1 that answers as Kaggle's service and its storage do.

The service listens on one port and the storage on another, so that a redirect leads to another host, as the
real one does. It offers small real files: train.7z with pictures made by numpy, trainLabels.csv, and the data
set's zip with python batches.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import io
import json
import pickle
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sources_files import batches, small_pictures, write_kaggle

TOKEN = "KGAT_0123456789abcdef0123456789abcdef"
USERNAME, KEY = "student", "fedcba9876543210fedcba9876543210"
REFRESH_TOKEN = "refresh-0123456789"
SIGNATURE = "X-Goog-Signature=5ec7e75160a7"  # in addresses of the storage: as good as a password
SECRETS = (TOKEN, KEY, REFRESH_TOKEN, SIGNATURE, base64.b64encode(f"{USERNAME}:{KEY}".encode()).decode())

GET_FILE = "competitions.CompetitionApiService/DownloadDataFile"
GET_DATA_SET = "datasets.DatasetApiService/DownloadDataset"
INTROSPECT = "security.OAuthService/IntrospectToken"
NEW_TOKEN = "users.AccountService/GenerateAccessToken"


@dataclass
class Refusal:
    """What the service answers instead, for a number of times."""

    status: int
    message: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None  # instead of Kaggle's JSON
    times: int = 10**9


@dataclass
class KaggleServer:
    """What the server offers, what it does wrong, and what it was asked."""

    service: str = ""
    storage: str = ""
    files: dict[str, bytes] = field(default_factory=dict)  # what the storage gives
    refusals: dict[str, Refusal] = field(default_factory=dict)  # by question, or a file of the storage
    stall_after: dict[str, int] = field(default_factory=dict)
    goes_on: threading.Event = field(default_factory=threading.Event)  # cleared: no file for now
    silent: bool = False  # takes connections, and answers nothing
    stopped: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)
    given: list[tuple[str, str]] = field(default_factory=list)  # file and Range of each answer
    seen_by_storage: list[str] = field(default_factory=list)  # Authorization headers

    def point(self, patch: pytest.MonkeyPatch, folder: Path) -> None:
        """Lead Kaggle's client, in any process that starts from here, to this server; no proxy between."""
        folder.mkdir(exist_ok=True)
        code = f"kaggle_env._env_to_endpoint[kaggle_env.KaggleEnv.PROD] = {self.service!r}\n"
        (folder / "sitecustomize.py").write_text(f"from kagglesdk import kaggle_env\n{code}")
        patch.setenv("PYTHONPATH", str(folder))
        patch.setenv("NO_PROXY", "127.0.0.1")

    def refuse(self, question: str, status: int, message: str = "", **more: Any) -> None:
        self.refusals[question] = Refusal(status, message, **more)


@contextlib.contextmanager
def kaggle_server() -> Iterator[KaggleServer]:
    """Run the server until the block ends."""
    state = KaggleServer(files=dict(offered_files()))
    state.goes_on.set()
    servers = [_started(handler, state) for handler in (_Service, _Storage)]
    state.service, state.storage = (f"http://127.0.0.1:{server.server_port}" for server in servers)
    try:
        yield state
    finally:
        state.stopped.set()
        for server in servers:
            server.shutdown()
            server.server_close()


@functools.cache
def offered_files() -> dict[str, bytes]:
    """train.7z, trainLabels.csv and the data set's zip, as bytes."""
    pictures = small_pictures(train_per_class=100, test_per_class=20)
    parts = {f"cifar-10-batches-py/{name}": pickle.dumps(part) for name, part in batches(pictures).items()}
    with tempfile.TemporaryDirectory() as there:
        folder = write_kaggle(Path(there), pictures, packed=True)
        files = {path.name: path.read_bytes() for path in folder.iterdir()}
    return files | {"cifar10-python.zip": zipped(parts)}


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in files.items():
            archive.writestr(name, raw)
    return buffer.getvalue()


def _started(handler: type[BaseHTTPRequestHandler], state: KaggleServer) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type(handler.__name__, (handler,), {"state": state}))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


class _Handler(BaseHTTPRequestHandler):
    state: KaggleServer

    def log_message(self, *_: object) -> None:
        """Be silent."""

    def send(self, status: int, body: bytes, kind: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):  # the other side may have gone
            self.wfile.write(body)

    def refused(self, question: str) -> bool:
        refusal = self.state.refusals.get(question)
        if refusal is None or refusal.times <= 0:
            return False
        refusal.times -= 1
        if refusal.body is not None:
            self.send(refusal.status, refusal.body, "text/html", **refusal.headers)
        else:
            answer = {"code": refusal.status, "message": refusal.message}
            self.send(refusal.status, json.dumps(answer).encode(), **refusal.headers)
        return True


class _Service(_Handler):
    """https://api.kaggle.com/v1/<service>/<question>, asked by POST with JSON."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        question = self.path.removeprefix("/v1/")
        self.state.asked.append(question)
        if self.state.silent:
            self.state.stopped.wait(60)
        if self.refused(question):
            return
        answers = {
            NEW_TOKEN: (body.get("refreshToken") == REFRESH_TOKEN, {"token": TOKEN, "expiresIn": 43200}),
            INTROSPECT: (body.get("token") == TOKEN, {"active": True, "username": USERNAME}),
        }
        if question in answers:
            is_right, answer = answers[question]
            refusal = {"code": 401, "message": str(body)}  # the worst case: it repeats the token
            self.send(200 if is_right else 401, json.dumps(answer if is_right else refusal).encode())
        elif not self.authorized():
            message = f"Unauthenticated: {self.headers.get('Authorization')}"  # the worst case: it repeats it
            self.send(401, json.dumps({"code": 401, "message": message}).encode())
        else:
            self.answer(question, body)

    def authorized(self) -> bool:
        basic = base64.b64encode(f"{USERNAME}:{KEY}".encode()).decode()
        return self.headers.get("Authorization") in (f"Bearer {TOKEN}", f"Basic {basic}")

    def answer(self, question: str, body: dict) -> None:
        self.state.goes_on.wait(60)
        name = body.get("fileName") if question == GET_FILE else f"{body.get('datasetSlug')}.zip"
        self.send(302, b"", "text/html", Location=f"{self.state.storage}/{name}?{SIGNATURE}")


class _Storage(_Handler):
    """Files with ETag and Range. Refuses who shows no signature, or brings the token along."""

    def do_GET(self) -> None:
        name, _, query = self.path.lstrip("/").partition("?")
        self.state.seen_by_storage.append(self.headers.get("Authorization", ""))
        if self.refused(name):
            return
        raw = self.state.files.get(name)
        if raw is None or query != SIGNATURE:
            self.send(404 if query == SIGNATURE else 403, b"<Error/>", "application/xml")
            return
        self.state.given.append((name, self.headers.get("Range", "")))  # before the client can ask for more
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if start else 200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(raw) - start))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", f'"{hash(raw):x}"')
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(raw) - 1}/{len(raw)}")
        self.end_headers()
        self.give(name, raw[start:])

    def give(self, name: str, raw: bytes) -> None:
        with contextlib.suppress(OSError):
            self.wfile.write(raw[: self.state.stall_after.get(name, len(raw))])
            self.wfile.flush()
        if name in self.state.stall_after:
            self.state.stopped.wait(60)
        self.close_connection = True
