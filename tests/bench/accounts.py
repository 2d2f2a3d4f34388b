"""Accounts with an open session each, in whichever project is set up."""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.db import transaction
from django.test import Client


def make(count: int) -> tuple[list[Any], list[str]]:
    """The accounts and their cookies, on a database that is made first."""
    call_command("migrate", verbosity=0)
    model = get_user_model()
    new = [model(username=f"owner-{number}", password=make_password(None)) for number in range(count)]
    with transaction.atomic():
        accounts = model._default_manager.bulk_create(new)
        return accounts, [_signed_in(account) for account in accounts]


def _signed_in(account: Any) -> str:
    client = Client()
    client.force_login(account)
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={client.cookies[name].value}"
