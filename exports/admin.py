"""The admin: accounts, drills, and the pages of staff. Django-q2's own are taken out: they run any dotted path."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html_join
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_q.models import Failure, OrmQ, Schedule, Success, Task

from exports import guessing, leaving
from exports.models import Drill, GuardedSignIn, IntakeChange, User
from exports.outbox import admin as outbox_admin  # noqa: F401 - registering is the import
from exports.staff import pages  # noqa: F401 - registering is the import
from exports.tools import tools
from progress.admin import ReadOnly

# Nor are the secrets of a second factor: `manage.py second_factor` takes one away, and nothing has to see one.
for plumbing in (Failure, OrmQ, Schedule, Success, Task, StaticDevice, TOTPDevice):
    if admin.site.is_registered(plumbing):
        admin.site.unregister(plumbing)


admin.site.login_form = guessing.GuardedOfStaff


@admin.register(User)
class Accounts(UserAdmin):
    list_display = ("username", "guest", "is_staff", "is_active", "date_joined", "last_login")
    list_filter = ("guest", "is_staff", "is_superuser", "is_active")
    fieldsets = (
        *(UserAdmin.fieldsets or ()),
        ("Longhaul", {"fields": ("guest", "minutes_a_day", "second_factor_since")}),
    )
    readonly_fields = ("second_factor_since",)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """One account at a time is deleted: each has its own reasons why it cannot be now."""
        return {name: act for name, act in super().get_actions(request).items() if name != "delete_selected"}

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Its exports go with it, though nobody may delete one in the admin; the page says how many they are."""
        return [], {}, set(), []

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        account = self.get_object(request, object_id)
        behind = {"behind": leaving.leaves_behind(account)} if account else {}
        try:
            return super().delete_view(request, object_id, (extra_context or {}) | behind)
        except leaving.Refused as refusal:
            if account and isinstance(refusal, leaving.UnderWay):
                leaving.stop(account)  # outside of the admin's transaction, which has taken back what was stopped in it
            messages.error(request, str(refusal))
            return redirect("admin:exports_user_change", object_id)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        """As its owner would: what it has in the store goes too."""
        leaving.leave(obj, tools())


@admin.register(GuardedSignIn)
class GuardedSignIns(ReadOnly, admin.ModelAdmin):
    """Whoever is locked out by who tries their password is let in again by deleting the row."""

    list_display = ("name", "used", "most", "open_again")
    search_fields = ("name",)
    search_help_text = "A user name: what is counted for strangers who try it. Names are not kept, only sums of them."
    fields = readonly_fields = ("name", "used", "began")

    def get_queryset(self, request: HttpRequest) -> QuerySet[GuardedSignIn]:
        return guessing.counted()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[GuardedSignIn], search_term: str
    ) -> tuple[QuerySet[GuardedSignIn], bool]:
        named = queryset.filter(name=guessing.counted_for_strangers(search_term)) if search_term else queryset
        return named, False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("exports.delete_guardedsignin")

    @admin.display(description="of")
    def most(self, row: GuardedSignIn) -> int:
        return guessing.TRIES

    @admin.display(description="counted anew from")
    def open_again(self, row: GuardedSignIn) -> datetime:
        return row.began + timedelta(seconds=guessing.SECONDS)


@admin.register(IntakeChange)
class IntakeChanges(ReadOnly, admin.ModelAdmin):
    list_display = ("at", "name", "open", "sentence", "why", "actor", "moved")
    list_filter = ("open", "name")


@admin.register(Drill)
class Drills(ReadOnly, admin.ModelAdmin):
    list_display = ("at", "ok", "version", "runner", "ended_at")
    list_filter = ("ok",)
    fields = ("at", "ended_at", "version", "runner", "ok", "told", "account")
    readonly_fields = fields

    @admin.display(description="results")
    def told(self, drill: Drill) -> str:
        lines = [(each["verdict"], each["item"], each["sentence"]) for each in drill.results]
        return format_html_join("", "<p><strong>{}</strong> {}: {}</p>", lines)
