"""Deliveries in the admin: what was sent, what was not, and what nobody knows; once more by hand, with a reason."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from exports.models import Contact, Delivery, User
from exports.staff import scope
from progress.admin import ReadOnly
from progress.tracker import ProgressTracker

MOST = 100


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=300,
        widget=forms.TextInput(attrs={"size": 80}),
        error_messages={"required": "Expected a reason, such as “the mail server lost it”, got nothing."},
    )


class OfOwners(ReadOnly, admin.ModelAdmin):
    """Whoever may not see an owner's exports is not told of them by messages either."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(scope.within(cast("User", request.user), "owner"))


@admin.register(Delivery)
class Deliveries(OfOwners):
    list_display = ("created_at", "event", "channel", "to", "of", "owner", "state", "tries", "answer", "again")
    list_filter = ("state", "channel", "event")
    list_select_related = ("contact", "owner", "export__job")
    search_fields = ("=id", "=export__job__id", "=owner__username")
    date_hierarchy = "created_at"
    show_full_result_count = False
    list_per_page = 50
    actions = ("resend",)
    fields = (
        *("id", "event", "channel", "to", "of", "owner", "attempt", "again"),
        *("state", "tries", "answer", "created_at", "due_at", "sending_since", "settled_at", "told"),
    )
    readonly_fields = fields

    @admin.display(description="to")
    def to(self, delivery: Delivery) -> str:
        return delivery.contact.masked if delivery.contact else "deleted"

    @admin.display(description="export")
    def of(self, delivery: Delivery) -> str:
        if delivery.export is None:
            return "–"
        return str(delivery.export_id)[:8] if delivery.facts.get("private") else delivery.export.job.title

    @admin.display(description="facts")
    def told(self, delivery: Delivery) -> str:
        return ", ".join(f"{name}: {value}" for name, value in delivery.facts.items() if value not in ("", None, []))

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("exports.resend_delivery"))

    @admin.action(description="Resend", permissions=["resend"])
    def resend(self, request: HttpRequest, chosen: QuerySet[Delivery]) -> HttpResponse | None:
        """First what was sent before; with a reason, once more."""
        found = list(chosen.select_related("contact", "owner", "export__job")[: MOST + 1])
        rows = found[:MOST]
        form = ReasonForm(request.POST if "confirmed" in request.POST else None)
        if form.is_valid():
            self._resent(request, rows, form.cleaned_data["reason"])
            return None
        told = [{"delivery": row, "earlier": list(row.earlier), "may": row.may_be_resent} for row in rows]
        context = self.admin_site.each_context(request) | {
            "title": "Send again?",
            "rows": told,
            "form": form,
            "opts": self.model._meta,
            "any": any(row.may_be_resent for row in rows),
            "more": len(found) > MOST,
        }
        return TemplateResponse(request, "admin/exports/delivery/resend.html", context)

    def _resent(self, request: HttpRequest, rows: list[Delivery], reason: str) -> None:
        sent = 0
        for row in rows:
            with transaction.atomic():
                again = row.resend()
                if again is None:
                    continue
                sent += 1
                said = f"{row.event} by {row.channel}, no. {again.again}: {reason}"
                ProgressTracker().happened(
                    again.export_id,  # type: ignore[arg-type] # what has none is not resent
                    "notice_resent",
                    note=said,
                    actor=f"staff {request.user.pk}",
                )
                LogEntry.objects.log_actions(
                    request.user.pk or 0, [row], CHANGE, f"Sent again: {reason}", single_object=True
                )
        left = len(rows) - sent
        self.message_user(request, f"{sent} will be sent again.", messages.SUCCESS if sent else messages.WARNING)
        if left:
            said = f"{left} not: under way, or without an address that may be written to."
            self.message_user(request, said, messages.WARNING)


@admin.register(Contact)
class Contacts(OfOwners):
    """Whose and in what state; never the address itself."""

    list_display = ("masked", "channel", "owner", "state", "verified_at", "stopped_at", "used_at")
    list_filter = ("channel",)
    list_select_related = ("owner",)
    search_fields = ("=owner__username",)
    ordering = ("-used_at",)
    fields = (
        "masked",
        "channel",
        "owner",
        "state",
        "done",
        "failed",
        "stuck",
        "soon",
        "digest",
        "created_at",
        "used_at",
    )
    readonly_fields = fields
