"""An act is asked for, its plan is shown, it is confirmed where that is due, and each export gets its result."""

import time
import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from exports.counted import counted
from exports.models import Bulk, Export
from exports.models.bulk import MOST
from exports.staff import listing, scope
from exports.staff.acts import Act, Answer, Order, find, perform, planned
from exports.staff.views import entry
from exports.staff.views.lists import KEPT, asked_for, list_again

AT_ONCE = 10  # as many as a page waits for; more are worked through in the cluster
PLANNED = 20  # whose plans are shown
PATIENCE = 10.0  # seconds in which they are asked for


@dataclass(frozen=True, kw_only=True)
class Result:
    export: Export | None
    answer: Answer


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """`more` were found and are left for another time."""

    ids: list[uuid.UUID]
    more: bool = False


@require_POST
@never_cache
def take(request: HttpRequest) -> HttpResponse:
    order = entry.order(request)
    act = find(request.POST.get("act", ""))
    if act is None or not act.allowed(order.by):
        return HttpResponseBadRequest("There is no such act, or you are not allowed to do it.")
    chosen = _chosen(request, order)
    if not chosen.ids:
        messages.warning(request, "Choose exports first.")
        return redirect(list_again(request))
    if "plan" in request.POST:
        return _plan(request, act, chosen, order)
    if "sure" not in request.POST and (act.confirms or act.wants or (act.why and not order.reason)):
        return _plan(request, act, chosen, order)
    if len(chosen.ids) > AT_ONCE or act.slow:
        return _hand_over(act, chosen, order)
    return _do(request, act, chosen, order)


@require_POST
@never_cache
def stop_bulk(request: HttpRequest, bulk_id: uuid.UUID) -> HttpResponse:
    bulk = _bulk(request, bulk_id)
    entry.order(request).tools.tracker.wish(bulk.pk, "cancel", actor=f"staff {request.user.pk}")
    bulk.ring()
    return redirect("admin:exports_bulk_change", bulk.pk)


@never_cache
def bulk(request: HttpRequest, bulk_id: uuid.UUID) -> HttpResponse:
    found = _bulk(request, bulk_id)
    act = find(found.act)
    rows = list(found.rows.select_related("export__job"))
    context = {
        "title": found.job.title,
        "bulk": found,
        "act": act,
        "rows": rows,
        "went_well": sum(row.ok is True for row in rows),
        "refused": sum(row.ok is False for row in rows),
        "left": sum(row.at is None for row in rows),
    }
    return entry.page(request, "bulk.html", context)


def _bulk(request: HttpRequest, bulk_id: uuid.UUID) -> Bulk:
    """One's own; an administrator sees everybody's."""
    user = entry.who(request)
    mine = Bulk.objects.all() if user.is_superuser else Bulk.objects.filter(by=user)
    return get_object_or_404(mine.select_related("job__owner", "by"), pk=bulk_id)


def _chosen(request: HttpRequest, order: Order) -> Chosen:
    if request.POST.get("all"):
        found = listing.all_ids(asked_for(request.POST, order.by, timezone.now()), MOST + 1)
        return Chosen(ids=found[:MOST], more=len(found) > MOST)
    ids = []
    for text in request.POST.getlist("export")[:MOST]:
        try:
            ids.append(uuid.UUID(text))
        except ValueError:
            continue
    return Chosen(ids=ids)


def _plan(request: HttpRequest, act: Act, chosen: Chosen, order: Order) -> HttpResponse:
    """Nothing is changed. Who does not answer in time is told to have not been asked."""
    until, results = time.monotonic() + PATIENCE, []
    exports = _exports(chosen.ids[:PLANNED], order)
    asking = Order(by=order.by, tools=order.tools, reason=order.reason or "-", given=order.given)
    for pk in chosen.ids[:PLANNED]:
        late = time.monotonic() > until
        answer = Answer(ok=True, said="Not asked: the others took too long.") if late else planned(act, pk, asking)
        results.append(Result(export=exports.get(pk), answer=answer))
    context = {
        "title": act.label,
        "act": act,
        "chosen": chosen,
        "results": results,
        "unplanned": max(0, len(chosen.ids) - PLANNED),
        "offered": len(chosen.ids) > PLANNED or any(each.answer.ok or not each.answer.sure for each in results),
        "order": order,
        "in_cluster": len(chosen.ids) > AT_ONCE or act.slow,
        "back": _back(request),
        "list": list_again(request),
        "kept": {name: request.POST[name] for name in KEPT if request.POST.get(name)},
    }
    return entry.page(request, "plan.html", context)


def _hand_over(act: Act, chosen: Chosen, order: Order) -> HttpResponse:
    return redirect("admin:exports_bulk_change", _begun(act, chosen.ids, order).pk)


def _begun(act: Act, ids: list[uuid.UUID], order: Order) -> Bulk:
    mine = list(_exports(ids, order))
    title = f"{act.label}: {counted(len(mine), 'export')}"
    return Bulk.begin(act.key, mine, by=order.by, title=title, reason=order.reason, given=order.given)


def _do(request: HttpRequest, act: Act, chosen: Chosen, order: Order) -> HttpResponse:
    """Here and now; where that takes too long, what is left goes to the cluster."""
    until, results, bulk = time.monotonic() + PATIENCE, [], None
    exports = _exports(chosen.ids, order)
    for place, pk in enumerate(chosen.ids):
        if place and time.monotonic() > until:
            bulk = _begun(act, chosen.ids[place:], order)
            break
        results.append(Result(export=exports.get(pk), answer=perform(act, pk, order)))
    if len(results) == 1 and request.POST.get("back") == "story" and act.key != "delete":
        _tell(request, act, results[0].answer)
        return redirect("admin:exports_export_change", chosen.ids[0])
    context = {"title": act.label, "act": act, "results": results, "bulk": bulk, "list": list_again(request)}
    return entry.page(request, "results.html", context)


def _exports(ids: list[uuid.UUID], order: Order) -> dict[uuid.UUID, Export]:
    """Only those that this account may see; in the order in which they were chosen."""
    found = Export.objects.select_related("job").filter(scope.within(order.by), pk__in=ids).in_bulk()
    return {pk: found[pk] for pk in ids if pk in found}


def _tell(request: HttpRequest, act: Act, answer: Answer) -> None:
    tell = messages.success if answer.ok else messages.warning
    tell(request, f"{act.label}: {answer.said}")


def _back(request: HttpRequest) -> str:
    return "story" if request.POST.get("back") == "story" else ""
