"""What is wrong with the configuration, said by `manage.py check` with an id and a hint."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import Error as DatabaseError
from django.db import connections
from django.db.migrations.loader import MigrationLoader

from exports.management.outage import HALFWAY, VERSION_BEFORE, is_halfway
from exports.outbox import chat
from exports_site.variables import KNOWN


@register(Tags.security)
def environment_is_understood(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    return [
        (Warning if problem.id.startswith("longhaul.W") else Error)(problem.said, hint=problem.hint, id=problem.id)
        for problem in settings.PROBLEMS
    ]


@register(Tags.database)
def tables_can_be_brought_up_to_date(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Asked by `migrate` alone, which would say that there is nothing to do."""
    try:
        halfway = [alias for alias in databases or () if is_halfway(MigrationLoader(connections[alias]))]
    except DatabaseError:  # `migrate` says it itself
        return []
    return [Error(HALFWAY, hint=VERSION_BEFORE, id="longhaul.E112") for _ in halfway]


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


@register(Tags.security, deploy=True)
def messages_are_complete(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Whether people can be told that an export is done. The page offers only what is set up."""
    missing: list[CheckMessage] = []
    account = settings.MAIL_ACCOUNT
    if account is None:
        said = "LONGHAUL_MAIL_URL is not set, so nobody can be told by mail that an export is done."
        missing.append(Warning(said, hint=KNOWN["LONGHAUL_MAIL_URL"], id="longhaul.W103"))
    elif account.user and not (account.tls or account.ssl):
        said = "LONGHAUL_MAIL_URL sends its password unencrypted."
        missing.append(Warning(said, hint="Leave ?tls=off out, or the password.", id="longhaul.W104"))
    if settings.NOTIFY_URL and not chat.gateway_is_understood(settings.NOTIFY_URL):
        said = "LONGHAUL_NOTIFY_URL is not understood by apprise, so no text message can be sent."
        missing.append(Error(said, hint=KNOWN["LONGHAUL_NOTIFY_URL"], id="longhaul.E111"))
    if settings.NOTIFY_URL and not settings.NOTIFY_REPLIES:
        said = "LONGHAUL_NOTIFY_REPLIES is not set, so a STOP by text message is not heard here."
        missing.append(Warning(said, hint=KNOWN["LONGHAUL_NOTIFY_REPLIES"], id="longhaul.W105"))
    return missing


@register(Tags.security)
def modal_is_complete(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    missing: list[CheckMessage] = []
    if settings.RUNNER == "modal" and not settings.MODAL_TOKEN:
        missing.append(
            Error(
                "MODAL_TOKEN_ID or MODAL_TOKEN_SECRET is not set, so nothing can be started on Modal.",
                hint="Set both to those of a token of your Modal account, or LONGHAUL_RUNNER to local.",
                id="longhaul.E109",
            )
        )
    if settings.RUNNER == "modal" and not settings.STORE_BUCKET:
        missing.append(
            Error(
                "The store is a folder of this machine, which the machines of Modal cannot reach.",
                hint="Set LONGHAUL_STORE to a bucket, or LONGHAUL_RUNNER to local.",
                id="longhaul.E110",
            )
        )
    return missing


@register(Tags.security)
def bucket_is_complete(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """What a bucket needs beside its name, each in one sentence."""
    if not settings.STORE_BUCKET:
        return []
    return [
        Error(f"{name} is not set; {why}.", hint=KNOWN[name], id=f"longhaul.{id}")
        for name, value, why, id in _needed_by_the_bucket()  # noqa: A001
        if not value
    ]


def _needed_by_the_bucket() -> list[tuple[str, object, str, str]]:
    amazons = ".amazonaws.com" in settings.STORE_ENDPOINT
    somewhere = not amazons or settings.STORE_REGION != "auto"
    key = "the site cannot reach the bucket without a key"
    needed: list[tuple[str, object, str, str]] = [
        ("LONGHAUL_STORE_ENDPOINT", somewhere, "without it LONGHAUL_STORE_REGION has to name Amazon's region", "E103"),
        ("LONGHAUL_STORE_KEY", settings.STORE_KEY, key, "E104"),
        ("LONGHAUL_STORE_SECRET", settings.STORE_SECRET, key, "E105"),
        (
            "LONGHAUL_STORE_GRANTS",
            settings.GRANTS != "none",
            "no export can be rendered, since work is never given the site's own key to the bucket",
            "E106",
        ),
    ]
    if settings.GRANTS == "r2":
        where = "expected …/accounts/<account>/r2/temp-access-credentials of Cloudflare's API"
        needed.append(("LONGHAUL_STORE_GRANTS_ENDPOINT", settings.GRANTS_ENDPOINT, where, "E107"))
        needed.append(("LONGHAUL_STORE_GRANTS_TOKEN", settings.GRANTS_TOKEN, "Cloudflare refuses without it", "E108"))
    elif settings.GRANTS == "sts" and not amazons:
        where = "expected the address of the STS that belongs to the bucket"
        needed.append(("LONGHAUL_STORE_GRANTS_ENDPOINT", settings.GRANTS_ENDPOINT, where, "E107"))
    return needed
