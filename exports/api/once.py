"""The same POST with the same Idempotency-Key is done once, and answered the same again."""

import functools
import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from ninja import Status

from exports.api.entering import Asked
from exports.api.problems import Problem, invalid
from exports.models import Answered

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

Operation = Callable[..., Status[Any]]


def once(operation: Operation) -> Operation:
    """For operations that only write rows: what they do and what they answered are kept in one transaction."""

    @functools.wraps(operation)
    def answered(request: Asked, *args: Any, **kwargs: Any) -> Status[Any]:
        key = request.headers.get(HEADER, "").strip()
        if not key:
            return operation(request, *args, **kwargs)
        if len(key) > LONGEST or not key.isprintable():
            raise invalid(f"Expected at most {LONGEST} printable characters.", at=f"header.{HEADER}")
        asked = _digest(request)
        with transaction.atomic():
            kept, new = Answered.begin(request.auth.pk, key, asked)
            if new:
                answer = operation(request, *args, **kwargs)
                kept.keep(answer.status_code, _as_sent(answer.value))
                return answer
        if kept.asked != asked:
            said = f"“{key[:60]}” came with another request before. Use a new key for a new request."
            raise Problem(status=422, code="reused-key", detail=said)
        return Status(kept.code or 200, kept.body)

    answered._ninja_contribute_to_operation = [_describe]  # type: ignore[attr-defined]
    return answered


def _describe(operation: Any) -> None:
    operation.openapi_extra = {"parameters": [DESCRIBED]}


def _digest(request: Asked) -> str:
    return hashlib.sha256(f"{request.method} {request.path}\n".encode() + request.body).hexdigest()


def _as_sent(value: Any) -> Any:
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))
