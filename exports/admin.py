"""The admin: accounts, drills, and the pages of staff. Django-q2's own are taken out: they run any dotted path."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.utils.html import format_html_join
from django_q.models import Failure, OrmQ, Schedule, Success, Task

from exports.guessing import GuardedOfStaff
from exports.models import Drill, User
from exports.outbox import admin as outbox_admin  # noqa: F401 - registering is the import
from exports.staff import pages  # noqa: F401 - registering is the import
from progress.admin import ReadOnly

for plumbing in (Failure, OrmQ, Schedule, Success, Task):
    if admin.site.is_registered(plumbing):
        admin.site.unregister(plumbing)


admin.site.login_form = GuardedOfStaff


@admin.register(User)
class Accounts(UserAdmin):
    list_display = ("username", "guest", "is_staff", "is_active", "date_joined", "last_login")
    list_filter = ("guest", "is_staff", "is_superuser", "is_active")
    fieldsets = (*(UserAdmin.fieldsets or ()), ("Longhaul", {"fields": ("guest",)}))


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
