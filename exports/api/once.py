"""The same POST with the same Idempotency-Key is done once, and answered the same again."""

import functools
import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from ninja import Status

from exports.api.entering import Asked
from exports.api.problems import Problem, invalid, not_possible
from exports.models import Answered, User

HEADER = "Idempotency-Key"
LONGEST = 200
DESCRIBED = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": LONGEST},
    "description": "Any text of your own, such as a UUID. The same request with the same key is done once;"
    " for a day it is answered as it was the first time.",
}

Write = Callable[[], Status[Any]]
Operation = Callable[..., Status[Any]]


def once(operation: Operation) -> Operation:
    """For operations that only write rows: what they do and what they answered are kept in one transaction."""
    return _once(operation, lambda request, *args, **kwargs: functools.partial(operation, request, *args, **kwargs))


def once_planned(operation: Callable[..., Write]) -> Operation:
    """For those that have to ask others than the database first: they do that in no transaction, and return what is to
    be written. Of two that have planned the same with one key, one writes."""
    return _once(operation, operation)


def _once(operation: Callable[..., Any], planned: Callable[..., Write]) -> Operation:
    @functools.wraps(operation)
    def answered(request: Asked, *args: Any, **kwargs: Any) -> Status[Any]:
        key = request.headers.get(HEADER, "").strip()
        if not key:
            return planned(request, *args, **kwargs)()
        if len(key) > LONGEST or not key.isprintable():
            raise invalid(f"Expected at most {LONGEST} printable characters.", at=f"header.{HEADER}")
        if kept := Answered.found(request.auth.pk, key):
            return _again(kept, request)
        try:
            write = planned(request, *args, **kwargs)
        except Exception:
            if kept := Answered.found(request.auth.pk, key):  # the same was done meanwhile, and that is against it
                return _again(kept, request)
            raise
        with transaction.atomic():
            _hold(request.auth)
            kept, new = Answered.begin(request.auth.pk, key, _digest(request))
            if new:
                answer = write()
                kept.keep(answer.status_code, _as_sent(answer.value))
                return answer
        return _again(kept, request)

    answered._ninja_contribute_to_operation = [_describe]  # type: ignore[attr-defined]
    return answered


def _hold(owner: User) -> None:
    """Who deletes the account waits for what is done here, or was first: then nothing can be kept for it."""
    if not User.objects.select_for_update(no_key=True).filter(pk=owner.pk):
        raise not_possible("This account was deleted meanwhile, so nothing can be changed in it any more.")


def _again(kept: Answered, request: Asked) -> Status[Any]:
    if kept.asked != _digest(request):
        said = f"“{kept.key[:60]}” came with another request before. Use a new key for a new request."
        raise Problem(status=422, code="reused-key", detail=said)
    return Status(kept.code or 200, kept.body)


def _describe(operation: Any) -> None:
    operation.openapi_extra = {"parameters": [DESCRIBED]}


def _digest(request: Asked) -> str:
    return hashlib.sha256(f"{request.method} {request.path}\n".encode() + request.body).hexdigest()


class _Whole(DjangoJSONEncoder):
    """A moment to the microsecond: sent again, it is cut as it was the first time, and not where nothing is left."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


def _as_sent(value: Any) -> Any:
    return json.loads(json.dumps(value, cls=_Whole))
