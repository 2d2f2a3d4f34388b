"""Reports that running work posts, taken in before Django is asked. What is odd about one is for Django to answer.

Stand it around the WSGI application.
"""

import json
import logging
import re
import uuid
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import InterfaceError, OperationalError

from exports import posts
from exports.crowding import LEAST
from exports.gathering import FullError, Gathering
from exports_site import outage

logger = logging.getLogger("exports")

PLACE = re.compile(r"/api/exports/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/attempts/([0-9]{1,9})/report")
SIGNED, TIMED = "HTTP_X_LONGHAUL_SIGNATURE", "HTTP_X_LONGHAUL_TIME"
NOTHING_KEPT = ("Cache-Control", "no-store")

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class QuickPosts:
    def __init__(self, application: Application, door: Gathering[posts.Post, posts.Answer] | None = None) -> None:
        self.application = application
        self.door = door or posts.gathered()

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        place = PLACE.fullmatch(environ["PATH_INFO"]) if environ["REQUEST_METHOD"] == "POST" else None
        length = _length(environ)
        if place is None or not length or not _came_the_usual_way(environ):
            return self.application(environ, start_response)
        post = posts.Post(
            export=uuid.UUID(place[1]),
            number=int(place[2]),
            at=environ.get(TIMED, ""),
            signed=environ.get(SIGNED, ""),
            body=environ["wsgi.input"].read(length),
        )
        return _said(start_response, *self._answer(post))

    def _answer(self, post: posts.Post) -> tuple[posts.Answer, str]:
        """With the seconds after which the next may come, where that is later than it would."""
        try:
            answer = self.door.ask(post)
            again_after = self.door.crowding.again_after()
            return answer, str(again_after) if again_after > LEAST else ""
        except FullError:
            return posts.Answer(status=503, sentence=posts.FULL), str(self.door.crowding.again_after())
        except (OperationalError, InterfaceError) as error:
            return posts.Answer(status=503, sentence=outage.in_words(error)), outage.AGAIN_AFTER
        except Exception:
            logger.exception("A post of attempt %s of %s could not be taken in", post.number, post.export)
            return posts.Answer(status=500, sentence="The report could not be taken in. It is read from the store."), ""


def _length(environ: Environ) -> int:
    """None is said, or too much: 0."""
    said = environ.get("CONTENT_LENGTH") or ""
    length = int(said) if said.isascii() and said.isdigit() and len(said) < 10 else 0
    return length if length <= posts.LARGEST else 0


def _came_the_usual_way(environ: Environ) -> bool:
    """To the address that work is told, and encrypted where the site is."""
    public = urlsplit(settings.PUBLIC_URL)
    scheme = environ.get("HTTP_X_FORWARDED_PROTO" if settings.SECURE else "wsgi.url_scheme", environ["wsgi.url_scheme"])
    return bool(public.netloc) and environ.get("HTTP_HOST") == public.netloc and scheme == public.scheme


def _said(start_response: Callable[..., Any], answer: posts.Answer, again_after: str) -> list[bytes]:
    body = json.dumps({"detail": answer.sentence}).encode() if answer.sentence else b""
    headers = [
        NOTHING_KEPT,
        *([("Content-Type", "application/json"), ("Content-Length", str(len(body)))] if body else []),
    ]
    if again_after:
        headers.append(("Retry-After", again_after))
    start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
    return [body] if body else []
