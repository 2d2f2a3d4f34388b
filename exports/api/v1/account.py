"""Who asks, and what there is to ask for."""

from typing import Any

from django.db.models import Sum
from django.views.decorators.http import conditional_page
from ninja import Router
from ninja.decorators import decorate_view

from exports import kinds
from exports.api.entering import Asked
from exports.api.v1 import shapes, telling
from exports.limits import quota_of
from exports.models import Source
from progress import pipelines

router = Router(tags=["Account"])


@router.get("/me", response=shapes.Account, summary="Who you are here")
@decorate_view(conditional_page)
def me(request: Asked) -> dict[str, Any]:
    taken = Source.objects.filter(project__owner=request.auth).aggregate(sum=Sum("bytes"))["sum"]
    who = request.auth
    return {"name": who.called, "guest": who.guest, "bytes": taken or 0, "most_bytes": quota_of(who)}


@router.get("/kinds", response=list[shapes.KindMade], summary="The kinds of export there are")
@decorate_view(conditional_page)
def all_kinds(request: Asked) -> list[dict[str, Any]]:
    return [telling.kind(each, says_why=request.auth.is_staff) for each in kinds.registered()]


@router.get(
    "/stages", response=dict[str, dict[str, int]], summary="Every pipeline with the percent its stages start at"
)
@decorate_view(conditional_page)
def stages(request: Asked) -> dict[str, dict[str, int]]:
    return {pipeline.key: pipeline.marks() for pipeline in pipelines.registered()}


@router.get("/contacts", response=list[shapes.Contact], summary="Where you are told, and of what")
@decorate_view(conditional_page)
def contacts(request: Asked) -> list[dict[str, Any]]:
    """Added, confirmed and chosen on your account's page. An address is told in part: some hold a secret."""
    return [telling.contact(each) for each in request.auth.contacts.all()]
