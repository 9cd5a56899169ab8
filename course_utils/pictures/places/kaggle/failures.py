"""What can go wrong with Kaggle, and the sentence for each. No sentence holds a secret."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_utils.pictures.places.kaggle.credentials import SETTINGS_PAGE, Credentials
from course_utils.system.disk import means_full

ANSWER_SECONDS = 15.0  # for one question to the service, looking up its name included


@dataclass(frozen=True)
class Place:
    """One of the two places on Kaggle that have CIFAR-10.

    Attributes:
        title: in words, for messages.
        slug: its name in addresses.
        page: its address in the browser.
    """

    title: str
    slug: str
    page: str


COMPETITION = Place(
    "Kaggle's competition cifar-10", "cifar-10", "https://www.kaggle.com/competitions/cifar-10"
)
DATA_SET = Place(
    "Kaggle's data set pankrzysiu/cifar10-python",
    "pankrzysiu/cifar10-python",
    "https://www.kaggle.com/datasets/pankrzysiu/cifar10-python",
)
RULES_PAGE = f"{COMPETITION.page}/rules"


class Failure(Exception):
    """Why Kaggle gave nothing.

    Args:
        problem, cause, next_step: as in ``CourseError``.
        short: a few words for a table.
        ends_all: the other place on Kaggle need not be tried.
    """

    def __init__(
        self, problem: str, cause: str, next_step: str, *, short: str, ends_all: bool = False
    ) -> None:
        super().__init__(short)
        self.problem, self.cause, self.next_step = problem, cause, next_step
        self.short, self.ends_all = short, ends_all


class UnsafeRedirect(Exception):
    """The service led from https to http."""


def http_status(error: BaseException) -> int:
    """Return the HTTP status that an error of Kaggle's client tells of, 0 if there was no answer."""
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", 0)
    if response is not None and status < 400:
        with contextlib.suppress(Exception):  # the client also raises on a 200 whose body names a code
            return int(response.json()["code"])
    return status


def explained(error: BaseException, place: Place, credentials: Credentials) -> Failure:
    """Find the sentence for an error of Kaggle's client. The error's own text is never used."""
    import requests

    status = http_status(error)
    if status and error.response.history:  # the service gave an address, and what is there refused
        return odd_answer(place, f"the storage behind it answered {status}", f"its storage answered {status}")
    if status:
        return _answered(status, error.response, place, credentials)
    if isinstance(error, TimeoutError | requests.Timeout):
        return _unreachable(f"it was silent for {ANSWER_SECONDS:g} s", "silent")
    if isinstance(error, requests.exceptions.SSLError):
        return _unreachable(
            "its certificate cannot be verified, as in networks that read along", "certificate not verified"
        )
    if isinstance(error, requests.exceptions.ProxyError):
        return _unreachable("the proxy of your settings does not lead to it", "the proxy does not lead there")
    if isinstance(error, requests.ConnectionError):
        return _unreachable("there is no network, or it blocks Kaggle", "offline")
    if isinstance(error, UnsafeRedirect):
        return odd_answer(place, "it led to an address without encryption", "led to http")
    if isinstance(error, ValueError):
        return web_page(place.title)
    kind = type(error).__name__
    return odd_answer(place, f"Kaggle's client ended with {kind}", f"the client ended with {kind}")


def _answered(status: int, response: Any, place: Place, credentials: Credentials) -> Failure:
    if status == 401:
        return _not_accepted(credentials)
    if status == 403 and place is COMPETITION:
        return Failure(
            f"{place.title} is closed to this account.",
            "Kaggle answered 403: its rules are not accepted yet, and that can be done in the browser only.",
            f"accept them on {RULES_PAGE} and run this again.",
            short=f"403: rules not accepted, see {RULES_PAGE}",
        )
    if status == 403:
        return Failure(
            f"{place.title} is closed to this account.",
            "Kaggle answered 403: the token may not read data sets, or the data set is private now.",
            f"if {place.page} opens in the browser, make a new token on {SETTINGS_PAGE}.",
            short="403: not allowed",
        )
    if status == 404:
        return Failure(
            f"{place.title} was not found.",
            "Kaggle answered 404: it was moved or taken away.",
            "use another source, and tell the maintainers of the course.",
            short="404: not found",
        )
    if status == 429:
        asked = response.headers.get("Retry-After", "").strip()
        later = f"in {asked} s" if re.fullmatch(r"\d{1,9}", asked) else "in some minutes"
        return Failure(
            "Kaggle does not answer this account for the moment.",
            "It answered 429: too many requests in a short time.",
            f"run this again {later}, or use another source.",
            short="429: too many requests",
            ends_all=True,
        )
    return odd_answer(place, f"Kaggle answered {status}", f"{status}: an error of Kaggle's")


def _not_accepted(credentials: Credentials) -> Failure:
    cause = "Kaggle answered 401: it is expired, withdrawn or mistyped."
    next_step = f"make a new one on {SETTINGS_PAGE}, and put it in the same place."
    if credentials.looks_old:
        cause = "Kaggle answered 401: it is built like a key, and a key needs a user name beside it."
        next_step = "set KAGGLE_USERNAME and KAGGLE_KEY instead, or make a token on " + SETTINGS_PAGE + "."
    if credentials.refresh_token:
        next_step = "run  kaggle auth login  in a terminal."
    return Failure(
        f"Kaggle does not accept what stands in {credentials.where}.",
        cause,
        next_step,
        short="401: credentials not accepted",
        ends_all=True,
    )


def odd_answer(place: Place, what: str, short: str) -> Failure:
    """Return the failure for an answer that has no sentence of its own."""
    return Failure(
        f"{place.title} could not be had.",
        f"{what[:1].upper()}{what[1:]}.",
        "run this again later, or use another source.",
        short=short,
    )


def _unreachable(why: str, short: str) -> Failure:
    return Failure(
        "Kaggle (api.kaggle.com) cannot be reached.",
        f"{why[:1].upper()}{why[1:]}.",
        "check the connection and run this again, or use a copy by its path.",
        short=short,
        ends_all=True,
    )


def web_page(where: str) -> Failure:
    """Return the failure for a login page in place of an answer."""
    return Failure(
        f"{where} did not answer.",
        "A web page came instead, as in networks that want a login first.",
        "log in to the network in a browser, then run this again.",
        short="a web page came instead",
        ends_all=True,
    )


def damaged(place: Place, file: str, why: str) -> Failure:
    """Return the failure for a file that arrived, and is not what it should be."""
    return Failure(
        f"{place.title} gave a damaged {file}.",
        f"{why[:1].upper()}{why[1:]}. It was thrown away.",
        "run this again; if it fails again, use another source.",
        short=f"{file} is damaged",
    )


def disk_failure(folder: Path, error: OSError) -> Failure:
    """Return the failure for an error of the file system."""
    full = means_full(error)
    return Failure(
        f"Kaggle's files cannot be written to {folder}.",
        "The disk is full; what arrived is kept." if full else f"{error.strerror or type(error).__name__}.",
        "make space there, or name another cache folder by the variable COURSE_CACHE.",
        short="the disk is full" if full else "the folder cannot be written to",
        ends_all=True,
    )
