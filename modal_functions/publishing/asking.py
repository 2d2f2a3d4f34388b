"""One question to a platform over HTTP. Not sent, no answer, and an answer are three things, and stay three things."""

import contextlib
import http.client
import json
import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from modal_functions.publishing.clock import now

SECONDS = 10.0  # that the other side may be silent
UPLOADING = 120.0  # the same, while it takes in a part of a file
MOST_READ = 1 << 20
LONGEST_WAIT = 1e9  # seconds; no clock shows what is behind it
LEAST_PIECES = 20  # of a part that is sent, so that how far it is can be told
LARGEST_PIECE = 256 * 1024
TYPE = "application/json; charset=UTF-8"


class Unasked(Exception):
    """No connection was made: the platform has heard nothing."""


class Unanswered(Exception):
    """It was sent, or a part of it. Whether it was taken is not known."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    told: dict[str, Any] = field(default_factory=dict)
    wait: float | None = None  # seconds after which it may be asked again, where it says so

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True, kw_only=True)
class Part:
    """Of a file: `first` byte and how many."""

    path: Path
    first: int
    count: int
    heard: Callable[[int], None] = lambda sent: None

    def pieces(self) -> Iterator[bytes]:
        size, sent = max(1, min(LARGEST_PIECE, self.count // LEAST_PIECES)), 0
        with self.path.open("rb") as file:
            file.seek(self.first)
            while sent < self.count and (piece := file.read(min(size, self.count - sent))):
                yield piece
                sent += len(piece)
                self.heard(sent)


def get(url: str, headers: Mapping[str, str], **query: str) -> Answer:
    return _asked("GET", f"{url}?{urlencode(query)}" if query else url, headers, None, SECONDS)


def post(url: str, headers: Mapping[str, str], told: Mapping[str, Any]) -> Answer:
    return _asked("POST", url, {**headers, "Content-Type": TYPE}, json.dumps(told).encode(), SECONDS)


def post_form(url: str, **fields: str) -> Answer:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return _asked("POST", url, headers, urlencode(fields).encode(), SECONDS)


def send(method: str, url: str, headers: Mapping[str, str], part: Part) -> Answer:
    length = {"Content-Length": str(part.count)}
    return _asked(method, url, {**headers, **length}, part.pieces(), UPLOADING)


def _asked(method: str, url: str, headers: Mapping[str, str], body: Any, seconds: float) -> Answer:
    """No redirect is followed, and no proxy asked: the headers hold a token that is for this address alone."""
    talk = _connected(url, seconds)
    path = url.partition("://")[2].partition("/")[2]
    try:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it may have answered before the end
            talk.request(method, f"/{path}", body, {"User-Agent": "Longhaul", "Accept": "application/json", **headers})
        answer = talk.getresponse()
        read = answer.read(MOST_READ)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unanswered(f"{type(error).__name__}") from error
    finally:
        talk.close()
    return Answer(status=answer.status, told=_told(read), wait=_wait(answer))


def _connected(url: str, seconds: float) -> http.client.HTTPConnection:
    try:
        parts = urlsplit(url)
        talk = (
            http.client.HTTPSConnection(parts.netloc, timeout=seconds, context=ssl.create_default_context())
            if parts.scheme == "https"
            else http.client.HTTPConnection(parts.netloc, timeout=seconds)
        )
        talk.connect()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unasked(f"{type(error).__name__}") from error
    return talk


def _told(body: bytes) -> dict[str, Any]:
    """What is no JSON object tells nothing; its status still does."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _wait(answer: http.client.HTTPResponse) -> float | None:
    """Retry-After, in seconds or as a time; and the minutes that Meta tells of."""
    header = answer.getheader("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", header):
        return float(header)
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        return min(LONGEST_WAIT, max(0.0, (parsedate_to_datetime(header) - now()).total_seconds()))
    minutes = re.findall(
        r'"estimated_time_to_regain_access": *([0-9]{1,6})', answer.getheader("X-Business-Use-Case-Usage", "")
    )
    return 60.0 * max(map(int, minutes)) if minutes else None
