"""/api/docs: the OpenAPI document as a page, readable without scripts."""

from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from exports.api.dialects.site import dialects
from exports.api.problems import TITLES
from exports.api.v1.site import api

VERBS = ("get", "post", "put", "patch", "delete")


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    return render(request, "api/docs.html", {"parts": _parts(), "problems": TITLES.items(), "shapes": _shapes()})


@cache
def _parts() -> list[dict[str, Any]]:
    """The operations by their tag, in the order in which they were declared."""
    parts: dict[str, list[dict[str, Any]]] = {}
    for document in (api.get_openapi_schema(), dialects.get_openapi_schema()):
        for path, operations in document["paths"].items():
            for verb in VERBS:
                if verb in operations:
                    told = _operation(path, verb, operations[verb])
                    parts.setdefault(operations[verb]["tags"][0], []).append(told)
    return [{"name": name, "operations": operations} for name, operations in parts.items()]


def _operation(path: str, verb: str, told: dict[str, Any]) -> dict[str, Any]:
    return {
        "verb": verb.upper(),
        "path": path,
        "summary": told["summary"],
        "description": told.get("description", ""),
        "parameters": [_parameter(each) for each in told.get("parameters", ())],
        "takes": _named(told.get("requestBody", {}).get("content", {})),
        "gives": [
            {"status": status, "shape": _named(answer.get("content", {}))}
            for status, answer in told["responses"].items()
            if int(status) < 400
        ],
    }


def _parameter(told: dict[str, Any]) -> dict[str, Any]:
    said = told.get("description") or told["schema"].get("description", "")
    return {"name": told["name"], "in": told["in"], "required": told["required"], "description": said}


def _named(content: dict[str, Any]) -> str:
    """The name of the shape in it, where it has one."""
    schema: dict[str, Any] = (next(iter(content.values())) if content else {}).get("schema", {})
    many = schema.get("items", {}) if schema.get("type") == "array" else {}
    return _last((many or schema).get("$ref", ""))


@cache
def _shapes() -> list[dict[str, Any]]:
    shapes = api.get_openapi_schema()["components"]["schemas"] | dialects.get_openapi_schema()["components"]["schemas"]
    return [
        {"name": name, "description": shape.get("description", ""), "fields": _fields(shape)}
        for name, shape in sorted(shapes.items())
        if shape.get("properties")
    ]


def _fields(shape: dict[str, Any]) -> list[dict[str, Any]]:
    required = shape.get("required", ())
    return [
        {
            "name": name,
            "type": _type(field),
            "required": name in required,
            "description": field.get("description", ""),
            "example": next(iter(field.get("examples", ())), ""),
        }
        for name, field in shape["properties"].items()
    ]


def _type(field: dict[str, Any]) -> str:
    if "$ref" in field:
        return _last(field["$ref"])
    if "anyOf" in field:
        return " or ".join(_type(each) for each in field["anyOf"])
    if "allOf" in field:
        return _type(field["allOf"][0])
    if "enum" in field:
        return ", ".join(f"“{value}”" for value in field["enum"])
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}))}"
    return str(field.get("format") or field.get("type") or "anything")


def _last(reference: str) -> str:
    return str(reference).rpartition("/")[2]
