"""Who comes in, and what every page of staff's has around it."""

import uuid
from collections.abc import Mapping
from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from exports.models import User
from exports.staff import scope
from exports.staff.acts import Order
from exports.staff.acts.base import Case, case_of
from exports.tools import tools


def who(request: HttpRequest) -> User:
    """Staff that may see some exports; the admin site has let in nobody but staff."""
    user = cast("User", request.user)
    if not scope.may_enter(user):
        raise PermissionDenied
    return user


def case(request: HttpRequest, export_id: uuid.UUID) -> Case:
    found = case_of(export_id, who(request))
    if found is None:
        raise Http404("There is no such export among those that you may see.")
    return found


def order(request: HttpRequest) -> Order:
    return Order(
        by=who(request), tools=tools(), reason=typed(request, "reason", 300), given=typed(request, "given", 120)
    )


def typed(request: HttpRequest, name: str, most: int) -> str:
    """As it can be kept: Postgres takes no character of number 0."""
    return request.POST.get(name, "").replace("\0", "").strip()[:most]


def page(request: HttpRequest, template: str, context: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    around = admin.site.each_context(request)
    return TemplateResponse(request, f"staff/{template}", {**around, **context}, status=status)
