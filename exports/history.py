"""A person's exports, from the newest back: what was asked of the list, and the page of it that answers."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, partial
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from exports import kinds
from exports.models import Project
from progress.models import Job, Status

PAGE = 50
MOST_PROJECTS = 200
STATES = {
    "active": (_("Under way"), Q(settled_at__isnull=True)),
    "complete": (_("Complete"), Q(status=Status.COMPLETE)),
    "failed": (_("Failed"), Q(status=Status.FAILED)),
    "cancelled": (_("Cancelled"), Q(status=Status.CANCELLED)),
    "expired": (_("Expired"), Q(status=Status.EXPIRED)),
}
ID = re.compile(r"[0-9a-f]{4,32}", re.ASCII)
PROJECT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


def _day(label: Any) -> forms.DateField:
    """Of a year that every zone has."""
    within = (MinValueValidator(date(1970, 1, 1)), MaxValueValidator(date(9000, 1, 1)))
    return forms.DateField(
        label=label,
        required=False,
        validators=within,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


class HistoryForm(forms.Form):
    """Whatever of it cannot be read is as if it had not been asked."""

    q = forms.CharField(label=_("Title or id"), required=False, max_length=200, widget=forms.SearchInput)
    state = forms.ChoiceField(label=_("State"), required=False)
    kind = forms.ChoiceField(label=_("Kind"), required=False)
    project = forms.ChoiceField(label=_("Project"), required=False)
    since = _day(_("From"))
    until = _day(_("To"))

    def __init__(self, asked: Mapping[str, Any], owner_id: Any) -> None:
        super().__init__(asked, auto_id="history-%s", label_suffix="", use_required_attribute=False)
        self.fields["state"].choices = [("", _("Any")), *((key, label) for key, (label, _q) in STATES.items())]  # type: ignore[attr-defined]
        self.fields["kind"].choices = [("", _("Any")), *((kind.key, _(kind.label)) for kind in kinds.registered())]  # type: ignore[attr-defined]
        self.fields["project"].choices = cache(partial(_projects, owner_id, asked.get("project", "")))  # type: ignore[attr-defined]
        if len(kinds.registered()) < 2:
            del self.fields["kind"]

    @property
    def asked(self) -> dict[str, Any]:
        """What was asked and understood."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}


def _projects(owner_id: Any, asked: str) -> list[tuple[str, Any]]:
    """The newest, and the one that was asked for. Read where they are shown, or one of them was asked for."""
    mine = Project.objects.of(owner_id).order_by("-created_at").values_list("pk", "name")
    found = {str(pk): name for pk, name in mine[:MOST_PROJECTS]}
    if asked and asked not in found and PROJECT.fullmatch(asked):
        found |= {str(pk): name for pk, name in mine.filter(pk=asked)}
    return [("", _("Any")), *found.items()]


@dataclass(frozen=True, kw_only=True)
class History:
    jobs: list[Job]
    form: HistoryForm
    query: str  # what was asked
    older: str  # the query of the page that follows; empty where this is the last

    @property
    def filtered(self) -> bool:
        return bool(self.form.asked)


def of(owner_id: Any, asked: Mapping[str, Any]) -> History:
    form = HistoryForm(asked, owner_id)
    jobs = matching(Job.objects.of(owner_id), form.asked)
    before = asked.get("before", "")
    found = list(jobs.filter(behind(before)).order_by("-created_at", "-pk")[: PAGE + 1])
    more = {name: form.data[name] for name in form.asked}
    older = urlencode(more | {"before": place(found[PAGE - 1])}) if len(found) > PAGE else ""
    query = urlencode(more | ({"before": before} if before else {}))
    return History(jobs=found[:PAGE], form=form, query=query, older=older)


def matching(jobs: "QuerySet[Job]", asked: Mapping[str, Any]) -> "QuerySet[Job]":
    if "q" in asked:
        jobs = jobs.filter(_named(asked["q"]))
    if "state" in asked:
        jobs = jobs.filter(STATES[asked["state"]][1])
    if "kind" in asked:
        jobs = jobs.filter(export__kind=asked["kind"])
    if "project" in asked:
        jobs = jobs.filter(export__project_id=asked["project"])
    if "since" in asked:
        jobs = jobs.filter(created_at__gte=_midnight(asked["since"]))
    if "until" in asked:
        jobs = jobs.filter(created_at__lt=_midnight(asked["until"] + timedelta(days=1)))
    return jobs


def place(job: Job) -> str:
    """Where an older page starts: two jobs of the same moment are told apart by their ids."""
    return f"{job.created_at.astimezone(UTC).isoformat()}_{job.pk.hex}"


def behind(text: str) -> Q:
    """What comes after that place; of anything else than a place, everything."""
    moment, _sign, pk = text.replace(" ", "+").partition("_")
    try:
        at = parse_datetime(moment)
        if at is None or at.tzinfo is None:
            return Q()
        at = at.astimezone(UTC)
    except (ValueError, OverflowError):  # no such day, or no such year in UTC
        return Q()
    try:
        # Its first half says nothing new, but where an index is to be entered.
        return Q(created_at__lte=at) & (Q(created_at__lt=at) | Q(created_at=at, pk__lt=uuid.UUID(hex=pk)))
    except ValueError:
        return Q(created_at__lt=at)


def _named(text: str) -> Q:
    """By any part of the title, or by how the id begins."""
    by_title = Q(title__icontains=text)
    begins = text.strip().lower().replace("-", "")
    if not ID.fullmatch(begins):
        return by_title
    low, high = uuid.UUID(hex=begins.ljust(32, "0")), uuid.UUID(hex=begins.ljust(32, "f"))
    return by_title | Q(pk__gte=low, pk__lte=high)


def _midnight(day: date) -> datetime:
    """In the viewer's zone."""
    return timezone.make_aware(datetime.combine(day, time.min))
