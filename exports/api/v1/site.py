"""The API as a whole: its operations, who may enter, and how it refuses."""

import functools
import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.parser import Parser

from exports.api.entering import BOTH
from exports.api.problems import no_object, not_allowed, not_found, tell_all
from exports.api.v1 import account, exports, jobs, projects, shapes, sources

DESCRIPTION = """Everything the pages can do, for scripts. Each answer is made from the same rows as the pages.

Send a token of yours as `Authorization: Bearer lh_…` (your account's page makes one), or use the session of your
browser with the `X-CSRFToken` header. Refusals have one shape, RFC 9457."""
REFUSALS = {
    "400": "The request could not be read.",
    "401": "Nobody is signed in.",
    "403": "This key may not do that.",
    "404": "There is no such thing among yours.",
    "405": "This address has other verbs; `Allow` names them.",
    "408": "It broke off on its way.",
    "409": "That is not possible now.",
    "411": "It has to come with its Content-Length.",
    "413": "It is too large.",
    "422": "Something asked for cannot be.",
    "429": "Too many requests; `Retry-After` says when to come back.",
    "503": "The database or the store is away for a while; `Retry-After` says when to come back.",
    "507": "The server's disk is full.",
}


class Objects(Parser):
    """Every body here is an object: of anything else, what it lacks would be taken for what is usual."""

    def parse_body(self, request: HttpRequest) -> Any:
        body: Any = super().parse_body(request)
        if not isinstance(body, dict):
            raise no_object(_called(body))
        return body


def _called(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, list):
        return "a list"
    return "some text" if isinstance(value, str) else "a number"


class LonghaulAPI(NinjaAPI):
    def __init__(self, **more: Any) -> None:
        super().__init__(parser=Objects(), auth=BOTH, docs_url=None, **more)

    def _get_urls(self) -> list[Any]:
        patterns = super()._get_urls()
        for pattern in patterns:
            pattern.callback = _telling_what_is_allowed(_taking_head(pattern.callback))
        return patterns

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        """Each operation with the refusals that any of them can meet."""
        document = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        components = document["components"]["schemas"]
        components["Problem"] = shapes.Problem.model_json_schema()
        shape = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for operations in document["paths"].values():
            for operation in operations.values():
                for status, said in REFUSALS.items():
                    operation["responses"].setdefault(status, {"description": said, "content": shape})
        return document


def _taking_head(view: Any) -> Any:
    """Who asks for the head alone is answered as by a GET; the server leaves out the body."""

    @functools.wraps(view)
    def told(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.method != "HEAD":
            return view(request, *args, **kwargs)
        request.method = "GET"
        try:
            return view(request, *args, **kwargs)
        finally:
            request.method = "HEAD"

    return told


def _telling_what_is_allowed(view: Any) -> Any:
    """Another verb than those of an address is refused in the same shape as all else."""

    @functools.wraps(view)
    def told(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        answer = view(request, *args, **kwargs)
        if not isinstance(answer, HttpResponseNotAllowed):
            return answer
        return not_allowed(str(request.method), answer["Allow"]).answer(request)

    return told


api = LonghaulAPI(
    title="Longhaul",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api-v1",
)
tell_all(api)
api.add_router("/jobs", jobs.router)
api.add_router("/exports", exports.router)
api.add_router("/projects", projects.router)
api.add_router("/sources", sources.router)
api.add_router("/uploads", sources.coming)
api.add_router("", account.router)


@csrf_exempt
def unknown(request: HttpRequest, rest: str) -> HttpResponse:
    """An address that no operation has, or the one that only the server that pushes has."""
    if rest == "stream":
        return not_found(f"No news is pushed at this address{_pushed()}.").answer(request)
    return not_found(f"There is no operation at {request.path[:100]}. /api/docs lists them all.").answer(request)


def _pushed() -> str:
    """Where it is instead."""
    port = settings.PROGRESS_PUSH.removeprefix(":")
    return f": it is at port {port}" if port.isdecimal() else ". Ask /api/v1/jobs every two seconds"
