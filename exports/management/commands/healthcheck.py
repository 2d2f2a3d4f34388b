"""For containers and cron: does what should run here do its work?"""

import json
from argparse import ArgumentParser
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import Error
from django.utils import timezone

from exports.management.outage import SILENT, is_of_another_version
from exports.management.values import port
from exports.models.heartbeat import CLUSTER, SILENT_AFTER, Heartbeat, cluster_here, is_to_come, is_within
from exports.signs import answers

OTHER_VERSION = "The database is not of this version (bring it up to date: manage.py migrate)"
SET_BACK = "a clock was set back since, and nothing shows that it lives."


@dataclass(frozen=True, kw_only=True)
class Found:
    part: str
    ok: bool
    said: str
    since: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        return {"ok": self.ok, "said": self.said, "last_sign": self.since and self.since.isoformat()}


class Command(BaseCommand):
    help = (
        "Says in one line whether the web server and the cluster do their work. Exit code 0: they do, 1: they do not."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        only = parser.add_mutually_exclusive_group()
        only.add_argument("--web", action="store_true", help="Look at the web server only.")
        only.add_argument("--cluster", action="store_true", help="Look at the cluster only.")
        parser.add_argument("--here", action="store_true", help="Only a cluster of this machine counts.")
        parser.add_argument(
            "--port",
            type=port,
            default=settings.BIND[1],
            help=f"The web server's ({settings.BIND[1]}, by LONGHAUL_BIND).",
        )
        parser.add_argument("--json", action="store_true", help="Say it as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        found = [] if options["cluster"] else [_web(options["port"])]
        found += [] if options["web"] else [_cluster(timezone.now(), here=options["here"])]
        ok = all(each.ok for each in found)
        if options["json"]:
            self.stdout.write(json.dumps({"ok": ok} | {each.part: each.as_json() for each in found}))
        else:
            self.stdout.write(" ".join(each.said for each in found if each.ok == ok))
        if not ok:
            raise SystemExit(1)


def _web(port: int) -> Found:
    host = settings.BIND[0]
    if answers(host, port):
        return Found(part="web", ok=True, said="The web server answers.")
    return Found(part="web", ok=False, said=f"The web server does not answer at {host}:{port}.")


def _cluster(now: datetime, *, here: bool) -> Found:
    where = "The cluster of this machine" if here else "The cluster"
    try:
        last = Heartbeat.newest(cluster_here(), now) if here else Heartbeat.last(CLUSTER)
    except Error as error:
        why = OTHER_VERSION if is_of_another_version(error) else SILENT
        said = f"{why}, so nobody can say what {where[0].lower()}{where[1:]} does."
        return Found(part="cluster", ok=False, said=said)
    if last is None:
        return Found(part="cluster", ok=False, said=f"{where} has never given a sign of life.")
    age = f"{max(0, (now - last).total_seconds()):.0f} s ago"
    if is_within(SILENT_AFTER, last, now):
        return Found(part="cluster", ok=True, said=f"{where} works; its last sign of life came {age}.", since=last)
    since = f"{last:%Y-%m-%d %H:%M:%S} UTC"
    if is_to_come(last, now):
        said = f"{where} gave its last sign of life at {since}, which is still to come: {SET_BACK}"
        return Found(part="cluster", ok=False, said=said, since=last)
    return Found(part="cluster", ok=False, said=f"{where} has been silent since {since} ({age}).", since=last)
