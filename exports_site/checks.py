"""What is wrong with the configuration, said by `manage.py check` with an id and a hint."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register


@register(Tags.security)
def environment_is_understood(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    return [
        (Warning if problem.id.startswith("longhaul.W") else Error)(problem.said, hint=problem.hint, id=problem.id)
        for problem in settings.PROBLEMS
    ]


@register(Tags.security, deploy=True)
def production_is_complete(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    missing: list[CheckMessage] = []
    if not settings.PRODUCTION:
        missing.append(
            Error(
                "LONGHAUL_URL is not set, so this is not a production installation.",
                hint="Set it to the public address, such as https://exports.example.com.",
                id="longhaul.E101",
            )
        )
    elif not settings.SECURE:
        missing.append(
            Error(
                f"LONGHAUL_URL is {settings.PUBLIC_URL}; expected an https address.",
                hint="Put a server that speaks TLS in front and set LONGHAUL_URL to its https address.",
                id="longhaul.E102",
            )
        )
    if settings.DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
        missing.append(
            Warning(
                "The database is SQLite; a second web or cluster machine could not share it.",
                hint="Set DATABASE_URL to postgresql://user:password@host/name.",
                id="longhaul.W102",
            )
        )
    return missing
