"""The installation on one page: who is alive, what waits, what answers, and which kinds are let in."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from exports import gauges, halting, versions
from exports.gauges import Gauge
from exports.models import Drill, Heartbeat, Intake, IntakeChange, Lease, User
from exports.models.heartbeat import SILENT_AFTER, is_within
from exports.staff import reach, scope
from exports.staff.views import entry
from exports.staff.views.lists import silence
from exports.tools import tools
from progress import wording

ELSEWHERE = (("statistics", "Statistics and the league of estimates"), ("admin:exports_drill_changelist", "Drills"))
SWITCH = "exports.change_intake"


@dataclass(frozen=True, kw_only=True)
class Measured:
    says: str
    lines: list[str]


@dataclass(frozen=True, kw_only=True)
class Door:
    kind: str
    label: str
    open: bool
    row: Intake | None


@never_cache
def system(request: HttpRequest) -> HttpResponse:
    user, now = entry.who(request), timezone.now()
    if not scope.sees_all(user):
        raise PermissionDenied
    context = {
        "title": "System",
        "silence": silence(now),
        "clusters": [
            (beat.name, wording.took((now - beat.at).total_seconds()), is_within(SILENT_AFTER, beat.at, now))
            for beat in Heartbeat.clusters(now)
        ],
        "leases": Lease.objects.filter(until__gt=now).order_by("name")[:20],
        "measured": [measured(gauge) for gauge in gauges.gauges()],
        "reached": reach.last(),
        "doors": doors(),
        "changes": [(each, halting.in_words(each.name)) for each in IntakeChange.objects.all()[:10]],
        "may_switch": user.has_perm(SWITCH),
        "drill": Drill.objects.first(),
        "versions": versions.all_of_them(),
        "runner": settings.RUNNER,
        "store": f"bucket {settings.STORE_BUCKET}" if settings.STORE_BUCKET else f"folder {settings.STORE_ROOT}",
        "links": [(label, address) for name, label in ELSEWHERE if (address := _address(name))],
    }
    return entry.page(request, "system.html", context)


@never_cache
def reached(request: HttpRequest) -> HttpResponse:
    """Fetched by the page once it is there."""
    if not scope.sees_all(entry.who(request)):
        raise PermissionDenied
    context = {"title": "Reachability", "reached": reach.ask(tools())}
    whole = "HX-Request" not in request.headers
    return entry.page(request, "reached.html" if whole else "reached_part.html", context)


@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    user = entry.who(request)
    if not user.has_perm(SWITCH) or not scope.sees_all(user):
        raise PermissionDenied
    name = _named(request)
    if name is None:
        asked = entry.typed(request, "account", 150) or entry.typed(request, "kind", 40)
        messages.warning(request, f"Nothing was switched: there is no account or kind called “{asked}”.")
        return redirect("admin:exports_system")
    opens, sentence = request.POST.get("to") == "open", entry.typed(request, "sentence", 200)
    by = {"actor": f"staff {user.pk}", "why": entry.typed(request, "why", 300)}
    if opens:
        done = halting.open_again(name, **by)
    else:
        done = halting.close(name, sentence=sentence, pause="pause" in request.POST, **by)
    if done.changed or done.moved:
        moved = f" {done.in_words(opens=opens)}" if done.moved else ""
        told = f"{'Opened' if opens else 'Closed'}. {sentence}".strip() + moved
        row = Intake.objects.get(pk=name)
        LogEntry.objects.log_actions(user.pk, [row], CHANGE, change_message=told, single_object=True)
        messages.success(request, f"{halting.in_words(name)}: {told}")
    else:
        messages.warning(request, f"{halting.in_words(name)}: it stood so already.")
    return redirect("admin:exports_system")


def _named(request: HttpRequest) -> str | None:
    """What is to be switched: a kind, everything, or an account, by its name."""
    if username := entry.typed(request, "account", 150):
        found = User.objects.filter(username=username).first()
        return Intake.of_account(found.pk) if found else None
    name = entry.typed(request, "kind", 40)
    known = name in halting.names() or Intake.objects.filter(pk=name).exists()
    return name if known else None


def measured(gauge: Gauge) -> Measured:
    lines = []
    for sample in gauge.read():
        value = f"{sample.value:,.0f}"
        if gauge.seconds:
            value = wording.took(sample.value) if sample.value >= 0 else "never"
        of = " · ".join(each for each in sample.of.values() if each)
        lines.append(f"{value} {of}".strip())
    return Measured(says=gauge.says, lines=lines or ["none"])


def doors() -> list[Door]:
    rows = Intake.objects.in_bulk()
    usual = halting.names()
    closed = [name for name, row in rows.items() if name not in usual and not row.open]
    return [
        Door(kind=name, label=halting.in_words(name), open=name not in rows or rows[name].open, row=rows.get(name))
        for name in (*usual, *closed)
    ]


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:  # a page that this version does not have
        return ""
