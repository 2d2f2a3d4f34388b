"""Accounts in the admin. Django-q2's own pages are taken out: they run any dotted path and unpickle what is stored."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django_q.models import Failure, OrmQ, Schedule, Success, Task

from exports.models import User

for plumbing in (Failure, OrmQ, Schedule, Success, Task):
    if admin.site.is_registered(plumbing):
        admin.site.unregister(plumbing)


@admin.register(User)
class Accounts(UserAdmin):
    list_display = ("username", "guest", "is_staff", "is_active", "date_joined", "last_login")
    list_filter = ("guest", "is_staff", "is_superuser", "is_active")
    fieldsets = (*(UserAdmin.fieldsets or ()), ("Longhaul", {"fields": ("guest",)}))
