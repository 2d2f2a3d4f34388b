"""The pages of staff, at their places in the admin. What changes an export are the acts, never a form."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import URLPattern, path

from exports.models import Bulk, Export, User
from exports.staff import scope
from exports.staff.views import lists, story, system, taking
from progress.admin import ReadOnly


class OfStaff(ReadOnly):
    def has_module_permission(self, request: HttpRequest) -> bool:
        return isinstance(request.user, User) and scope.may_enter(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_module_permission(request)


@admin.register(Export)
class Exports(OfStaff, admin.ModelAdmin):
    def get_urls(self) -> list[URLPattern]:
        own = self.admin_site.admin_view
        return [
            path("", own(lists.exports), name="exports_export_changelist"),
            path("act/", own(taking.take), name="exports_act"),
            path("system/", own(system.system), name="exports_system"),
            path("system/reached/", own(system.reached), name="exports_reached"),
            path("system/intake/", own(system.switch), name="exports_switch"),
            path("<uuid:export_id>/change/", own(story.story), name="exports_export_change"),
            path("<uuid:export_id>/asked/", own(story.asked), name="exports_asked"),
            path("<uuid:export_id>/blackbox/", own(story.box), name="exports_blackbox"),
        ]


@admin.register(Bulk)
class Bulks(OfStaff, admin.ModelAdmin):
    def get_urls(self) -> list[URLPattern]:
        own: Any = self.admin_site.admin_view
        return [
            path("", own(lists.bulks), name="exports_bulk_changelist"),
            path("<uuid:bulk_id>/change/", own(taking.bulk), name="exports_bulk_change"),
            path("<uuid:bulk_id>/stop/", own(taking.stop_bulk), name="exports_bulk_stop"),
        ]
