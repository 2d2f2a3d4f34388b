"""What goes wrong, told as RFC 9457 tells it: one shape for every refusal, with a sentence a person can act on."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist, RequestDataTooBig
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from exports import limits
from exports.kinds import Unplannable
from exports.minutes import Spent
from exports.overtaken import SAID, is_overtaken
from progress import errors

logger = logging.getLogger("exports")

TYPE = "application/problem+json"
ABOUT = "/api/docs#problem-"
TITLES = {
    "malformed": "The request could not be read",
    "signed-out": "Nobody is signed in",
    "forbidden": "This key may not do that",
    "not-found": "There is no such thing among yours",
    "other-verb": "This address has other verbs",
    "not-possible": "That is not possible now",
    "too-large": "It is too large",
    "invalid": "Something asked for cannot be",
    "reused-key": "The Idempotency-Key was used for something else",
    "too-many": "Too many requests",
    "busy": "Too many changes at once",
    "away": "The database or the store is away",
    "full": "The server's disk is full",
}
CODES = {
    400: "malformed",
    401: "signed-out",
    403: "forbidden",
    404: "not-found",
    408: "malformed",
    409: "not-possible",
    411: "malformed",
    413: "too-large",
    429: "too-many",
    503: "away",
    507: "full",
}


@dataclass(kw_only=True, eq=False)
class Problem(Exception):
    status: int
    code: str
    detail: str
    errors: Sequence[Mapping[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def answer(self, request: HttpRequest) -> HttpResponse:
        told: dict[str, Any] = {
            "type": f"{ABOUT}{self.code}",
            "title": TITLES[self.code],
            "status": self.status,
            "detail": self.detail,
            "instance": request.path,
        }
        if self.errors:
            told["errors"] = list(self.errors)
        return JsonResponse(told, status=self.status, content_type=TYPE, headers=dict(self.headers))


def not_found(what: str = "There is no such thing among yours.") -> Problem:
    return Problem(status=404, code="not-found", detail=what)


def invalid(detail: str, *, at: str = "") -> Problem:
    """`at` names the field, as body.title."""
    said = ({"at": at, "detail": detail},) if at else ()
    return Problem(status=422, code="invalid", detail=detail, errors=said)


def no_object(got: str) -> Problem:
    said = f"expected a JSON object, got {got}"
    told = ({"at": "body", "detail": said},)
    return Problem(status=422, code="invalid", detail=f"body: {said}.", errors=told)


def not_possible(detail: str) -> Problem:
    return Problem(status=409, code="not-possible", detail=detail)


def not_allowed(verb: str, allowed: str) -> Problem:
    said = f"Expected {allowed}, got {verb}."
    return Problem(status=405, code="other-verb", detail=said, headers={"Allow": allowed})


def of_http(status: int, detail: str, more: Mapping[str, str] | None = None) -> Problem:
    code = CODES.get(status, "invalid")
    headers = {"WWW-Authenticate": 'Bearer realm="Longhaul"'} if status == HTTPStatus.UNAUTHORIZED else dict(more or {})
    return Problem(status=status if status in CODES else 422, code=code, detail=detail, headers=headers)


def tell_all(api: NinjaAPI) -> None:
    """Every way in which an operation can refuse becomes one of ours."""
    for kind, made in MADE.items():
        api.add_exception_handler(kind, _answering(made))


def _answering(made: Any) -> Any:
    return lambda request, error: made(error).answer(request)


def _signed_out(error: AuthenticationError) -> Problem:
    return of_http(401, "Send a token as “Authorization: Bearer lh_…”, or sign in.")


def _of_http(error: HttpError) -> Problem:
    if isinstance(error.__cause__, Problem):  # of a body that could be read, and is none that is taken
        return error.__cause__
    said = "The body is no JSON that could be read." if error.status_code == HTTPStatus.BAD_REQUEST else str(error)
    return of_http(error.status_code, said)


def _gone(error: Exception) -> Problem:
    logger.warning("What was asked for was deleted meanwhile", exc_info=error)
    return not_found()


def _overtaken(error: DatabaseError) -> Problem:
    if not is_overtaken(error):
        raise error
    logger.warning("What was to be changed was deleted meanwhile", exc_info=error)
    return not_possible(str(_(SAID)))


def _too_large(error: RequestDataTooBig) -> Problem:
    return of_http(413, f"The body is too large: expected at most {settings.DATA_UPLOAD_MAX_MEMORY_SIZE:,} bytes.")


def _of_fields(error: ValidationError) -> Problem:
    if any(len(each["loc"]) == 2 and each["loc"][0] == "body" for each in error.errors):  # all of it
        return no_object("nothing")
    wrong = [{"at": ".".join(map(str, _place(each))), "detail": _said(each)} for each in error.errors]
    first = wrong[0] if wrong else {"at": "body", "detail": "it could not be read"}
    more = f" And {len(wrong) - 1} more." if len(wrong) > 1 else ""
    return Problem(status=422, code="invalid", detail=f"{first['at']}: {first['detail']}.{more}", errors=wrong)


def _place(error: Mapping[str, Any]) -> Sequence[Any]:
    """Where it is wrong, without the name that only our own code gives to a whole body."""
    place = list(error["loc"])
    return [place[0], *place[2:]] if place[:1] in (["body"], ["query"], ["path"]) and len(place) > 2 else place


def _said(error: Mapping[str, Any]) -> str:
    """In our own words where pydantic has none for a person."""
    kind, more = error["type"], error.get("ctx", {})
    if kind == "string_pattern_mismatch" or (kind == "too_short" and more["field_type"] == "Value"):
        return "expected some text, got none"
    if kind == "too_long" and more["field_type"] == "Value":
        return f"expected at most {more['max_length']} characters, got {more['actual_length']}"
    return str(error["msg"]).removeprefix("Value error, ").rstrip(".")


MADE: dict[type[Exception], Any] = {
    Problem: lambda error: error,
    AuthenticationError: _signed_out,
    HttpError: _of_http,
    ValidationError: _of_fields,
    Http404: lambda error: not_found(),
    ObjectDoesNotExist: _gone,
    errors.Unknown: _gone,
    DatabaseError: _overtaken,
    RequestDataTooBig: _too_large,
    limits.Refused: lambda error: of_http(error.status, error.sentence, error.headers),
    Spent: lambda error: of_http(429, str(error), error.headers),
    Unplannable: lambda error: invalid(str(error), at=error.option and f"body.options.{error.option}"),
    errors.Refused: lambda error: invalid(str(error)),
    errors.Contended: lambda error: Problem(
        status=503, code="busy", detail="Too many changes met at once. Try again.", headers={"Retry-After": "1"}
    ),
}
