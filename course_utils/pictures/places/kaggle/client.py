"""The few questions that the course asks Kaggle's service.

They go through ``kagglesdk``, the client that the package ``kaggle`` installs and uses itself. ``kaggle`` is
never imported: its import signs in, prints, makes a folder and may end the process, its sign-in may delete a
saved login, and neither knows a time-out.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import io
import queue
import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from course_utils.pictures.places.kaggle.credentials import Credentials
from course_utils.pictures.places.kaggle.failures import (
    ANSWER_SECONDS,
    COMPETITION,
    DATA_SET,
    Failure,
    Place,
    UnsafeRedirect,
    explained,
    http_status,
)

INSTALL = 'pip install "kaggle>=2.0,<3"'
PAUSES = (1.0, 3.0)  # seconds before asking again after 429 or 5xx
LONGEST_WAIT = 10.0  # seconds that a Retry-After may ask for

T = TypeVar("T")


class Kaggle:
    """The service, asked with a person's credentials. Each answer comes in time, or a ``Failure`` is raised.

    Raises:
        Failure: the package ``kaggle`` is missing, too old or broken.
    """

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._open = _client_factory()

    def competition_files(self) -> dict[str, int]:
        """Return the names of the competition's files, and their sizes in bytes (0: unknown)."""
        from kagglesdk.competitions.types.competition_api_service import ApiListDataFilesRequest

        request = ApiListDataFilesRequest()
        request.competition_name, request.page_size = COMPETITION.slug, 100
        answer = self._asked(COMPETITION, lambda client: _competitions(client).list_data_files(request))
        return {file.name: file.total_bytes for file in answer.files}

    def competition_file(self, name: str) -> Any:
        """Return the request that gives a file of the competition: signed, and good for a short time."""
        from kagglesdk.competitions.types.competition_api_service import ApiDownloadDataFileRequest

        request = ApiDownloadDataFileRequest()
        request.competition_name, request.file_name = COMPETITION.slug, name
        return self._located(COMPETITION, lambda client: _competitions(client).download_data_file(request))

    def data_set_files(self) -> dict[str, int]:
        """Return the names of the data set's files without folders, and their sizes in bytes (0: unknown)."""
        from kagglesdk.datasets.types.dataset_api_service import ApiListDatasetFilesRequest

        request = ApiListDatasetFilesRequest()
        request.owner_slug, request.dataset_slug = DATA_SET.slug.split("/")
        request.page_size = 100
        answer = self._asked(DATA_SET, lambda client: _data_sets(client).list_dataset_files(request))
        return {file.name.rpartition("/")[2]: file.total_bytes for file in answer.dataset_files}

    def data_set_zip(self) -> Any:
        """Return the request that gives the data set as one zip: signed, and good for a short time."""
        from kagglesdk.datasets.types.dataset_api_service import ApiDownloadDatasetRequest

        request = ApiDownloadDatasetRequest()
        request.owner_slug, request.dataset_slug = DATA_SET.slug.split("/")
        return self._located(DATA_SET, lambda client: _data_sets(client).download_dataset(request))

    def _located(self, place: Place, question: Callable[[Any], Any]) -> Any:
        """Follow the service to where a file lies. The body is left to a request that has a time-out."""

        def locate(client: Any) -> Any:
            response = question(client)
            response.close()
            was_safe = any(step.url.startswith("https:") for step in response.history)
            if was_safe and not response.url.startswith("https:"):
                raise UnsafeRedirect
            return response.request

        return self._asked(place, locate)

    def _asked(self, place: Place, question: Callable[[Any], T]) -> T:
        for pause in (*PAUSES, None):
            outcome = _in_time(lambda: self._answer(question))
            if not isinstance(outcome, BaseException):
                return outcome
            wait = _time_to_wait(outcome, pause)
            if wait is None:
                break
            time.sleep(wait)
        raise explained(outcome, place, self._credentials)

    def _answer(self, question: Callable[[Any], T]) -> T:
        if self._credentials.refresh_token and not self._credentials.token:
            self._credentials = self._refreshed()
        known = self._credentials
        with self._open(
            username=known.username or None, password=known.key or None, api_token=known.token or None
        ) as client:
            return question(client)

    def _refreshed(self) -> Credentials:
        """Ask for a fresh token. It is saved nowhere: the file of the login belongs to the person."""
        from kagglesdk import KaggleCredentials

        with self._open() as client:
            login = KaggleCredentials(client=client, refresh_token=self._credentials.refresh_token)
            return replace(self._credentials, token=login.generate_access_token().token)


def _competitions(client: Any) -> Any:
    return client.competitions.competition_api_client


def _data_sets(client: Any) -> Any:
    return client.datasets.dataset_api_client


def _client_factory() -> Callable[..., Any]:
    """Import Kaggle's client, silently, and return what opens it."""
    version = _installed_version()
    if not version:
        raise _unusable("is not installed", "It is Kaggle's own client.")
    if int(re.match(r"\d*", version)[0] or 0) < 2:
        raise _unusable(f"{version} is too old", "Tokens of the new kind (KGAT_…) need kaggle 2.0 or newer.")
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            from kagglesdk import KaggleClient, KaggleEnv
    except (Exception, SystemExit) as error:
        raise _unusable(f"{version} is broken", f"Its import ended with {type(error).__name__}.") from None
    return lambda **known: KaggleClient(env=KaggleEnv.PROD, **known)


def _unusable(what: str, cause: str) -> Failure:
    return Failure(
        f"The package kaggle {what}.",
        cause,
        f"run  {INSTALL}  and restart the kernel.",
        short=f"the package kaggle {what}",
        ends_all=True,
    )


def _installed_version() -> str:
    try:
        return importlib.metadata.version("kaggle")
    except importlib.metadata.PackageNotFoundError:
        return ""


def _in_time(call: Callable[[], T]) -> T | BaseException:
    """Return the result or the error of a call, in a thread of its own: Kaggle's client knows no time-out."""
    answers: queue.SimpleQueue = queue.SimpleQueue()

    def answer() -> None:
        try:
            answers.put(call())
        except BaseException as error:  # Kaggle's packages are known to raise SystemExit, too
            answers.put(error)

    threading.Thread(target=answer, daemon=True).start()
    try:
        return answers.get(timeout=ANSWER_SECONDS)
    except queue.Empty:
        return TimeoutError()


def _time_to_wait(error: BaseException, pause: float | None) -> float | None:
    """Return how many seconds to wait before asking again. None: asking again will not help."""
    status = http_status(error)
    if pause is None or (status != 429 and status < 500):
        return None
    asked = error.response.headers.get("Retry-After", "").strip()
    wait = float(asked) if re.fullmatch(r"\d{1,9}(\.\d*)?", asked) else pause
    return wait if wait <= LONGEST_WAIT else None
