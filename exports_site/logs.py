"""Log lines, one a record and without secrets: plain, or as JSON with the id of the export that is worked on."""

import json
import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse

from exports import about
from exports.staff import masking

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
NAMED = re.compile(r"\b(?:export|job)=([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b")


class Line(logging.Formatter):
    """A record is one line, whatever was typed for a name; only a trace has more."""

    def format(self, record: logging.LogRecord) -> str:
        return masking.text(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - as logging calls it
        return CONTROL.sub(_escaped, super().formatMessage(record))


class Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        said = masking.text(record.getMessage())
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "said": said,
        }
        named = about.export() or _named(said)
        if named:
            line["export"] = named
        if record.exc_info:
            line["trace"] = masking.text(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


class Refused(logging.Filter):
    """What Django refuses to strangers, such as too long an address, is no fault of ours: a line, and no trace."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.security."):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.exc_info = record.exc_text = None
        return True


class AboutMiddleware:
    """What is logged while a page of an export is made is about that export."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with about.about(""):
            return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, named: dict[str, Any]) -> None:
        export_id = named.get("job_id") or named.get("export_id")
        if export_id:
            about.turn_to(export_id)


def _named(said: str) -> str:
    found = NAMED.search(said)
    return found[1] if found else ""


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
