"""For operators: does recovery work here as it is promised?"""

import json
import time
import uuid
from argparse import SUPPRESS, ArgumentParser
from collections import Counter
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone

from exports import store_said
from exports.drill.drivers import Processes, drive, hold
from exports.drill.items import ITEMS, Result
from exports.drill.rehearsal import Rehearsal
from exports.drill.site import Site
from exports.drill.staged import Staged, clear, left_by_others, stage
from exports.management.outage import COULD_NOT_LOOK, LookingCommand, kept_from_looking
from exports.management.values import command, port, seconds
from exports.models import Drill, Heartbeat
from exports.models.heartbeat import CLUSTER
from exports.tools import tools
from exports.versions import version
from modal_functions.store import StoreError

LONGHAUL = version("longhaul")
CLEARED_WITHIN = 60.0
BRIEFLY = 10.0
SOME_TIME = seconds(1, 86_400)


class Command(LookingCommand):
    help = (
        "Rehearses recovery with two small exports of its own: what drives and what renders them is killed, the page is"
        " left, a cancel is pressed. It touches nobody else's exports, and neither web server nor cluster unless"
        " --restart-command says how. Afterwards all of it is cleared away. Exit code 0: all that was tried held;"
        " 1: something did not; 2: it could not be tried."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--only", action="append", choices=list(ITEMS), metavar="ITEM", help=", ".join(ITEMS))
        parser.add_argument(
            "--restart-command",
            type=command,
            default=[],
            metavar="COMMAND",
            help="Restarts web server and cluster, and returns.",
        )
        parser.add_argument("--film", type=SOME_TIME, default=45.0, metavar="SECONDS", help="The film's length (45).")
        parser.add_argument("--patience", type=SOME_TIME, default=600.0, metavar="SECONDS", help="For each step (600).")
        parser.add_argument("--port", type=port, default=settings.BIND[1], help="The web server's, by LONGHAUL_BIND.")
        parser.add_argument("--keep", action="store_true", help="Clear nothing away: account, exports, objects.")
        parser.add_argument("--dry-run", action="store_true", help="Only say what would be tried.")
        parser.add_argument("--json", action="store_true", help="Say it as JSON.")
        parser.add_argument("--drive", type=uuid.UUID, help=SUPPRESS)
        parser.add_argument("--hold", type=uuid.UUID, help=SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["drive"] or options["hold"]:
            drive(options["drive"], tools()) if options["drive"] else hold(options["hold"], tools())
            return
        try:
            with kept_from_looking():
                ok = self._rehearse(options)
        except KeyboardInterrupt:
            raise CommandError("Left before its end.", returncode=COULD_NOT_LOOK) from None
        if ok is not True:
            raise SystemExit(1 if ok is False else COULD_NOT_LOOK)

    def _rehearse(self, options: dict[str, Any]) -> bool | None:
        site = Site(host=settings.BIND[0], port=options["port"])
        found = site if site.answers else None
        driven = Heartbeat.alive(CLUSTER, timezone.now())
        self._head(options, found is not None, driven)
        if options["dry_run"]:
            return True
        drill = Drill.objects.create(version=LONGHAUL, runner=settings.RUNNER)
        staged = None
        try:
            for other in left_by_others(drill):
                clear(other, tools(), wait=_within(BRIEFLY))
            staged = stage(drill, tools(), seconds=options["film"])
            results = self._results(staged, found, driven, options)
        finally:
            self._clear_away(drill, options)
            if staged is None:  # one that could not begin takes no other's place; what it has left is found by its row
                Drill.objects.filter(pk=drill.pk, account=None).delete()
        return self._told(drill, results, options)

    def _results(self, staged: Staged, site: Site | None, driven: bool, options: dict[str, Any]) -> list[Result]:
        return Rehearsal(
            tools=tools(),
            staged=staged,
            site=site,
            drivers=Processes(),
            driven=driven,
            items=options["only"] or tuple(ITEMS),
            restart=options["restart_command"],
            patience=options["patience"],
            say=lambda result: None if options["json"] else self.stdout.write(str(result)),
        ).all()

    def _head(self, options: dict[str, Any], site: bool, driven: bool) -> None:
        items = options["only"] or list(ITEMS)
        if options["json"]:
            if options["dry_run"]:
                self.stdout.write(json.dumps({"dry_run": True, "site": site, "driven": driven, "items": items}))
            return
        parts = [
            f"Drill of {timezone.now():%Y-%m-%d %H:%M} UTC, Longhaul {version('longhaul')}, runner {settings.RUNNER}.",
            f"A web server {'answers' if site else 'does not answer'} at {settings.BIND[0]}:{options['port']}.",
            "The cluster drives." if driven else "No cluster works, so a driver of its own drives its exports.",
        ]
        self.stdout.write(" ".join(parts))
        if options["dry_run"]:
            for item in items:
                self.stdout.write(f"would be tried  {item:<9}  {ITEMS[item]}")

    def _clear_away(self, drill: Drill, options: dict[str, Any]) -> None:
        if options["keep"]:
            Drill.objects.filter(pk=drill.pk).update(account=None)
            return
        try:
            said = clear(drill, tools(), wait=_within(CLEARED_WITHIN))
        except StoreError as error:  # what was found before is told even so
            said = f"What it has left in the store goes with tidy_store, in a day. {store_said.told(error)}"
        if said:
            self.stderr.write(said)

    def _told(self, drill: Drill, results: list[Result], options: dict[str, Any]) -> bool | None:
        """None where nothing was tried at all."""
        found = Counter(result.verdict for result in results)
        ok = None if not found["held"] and not found["did not hold"] else not found["did not hold"]
        as_json = [result.as_json() for result in results]
        Drill.objects.filter(pk=drill.pk).update(results=as_json, ok=ok, ended_at=timezone.now())
        if options["json"]:
            self.stdout.write(json.dumps({"ok": ok, "at": drill.at.isoformat(), "results": as_json}))
        else:
            self.stdout.write(
                ", ".join(f"{found[each]} {each}" for each in ("held", "did not hold", "not tried")) + "."
            )
        return ok


def _within(seconds: float) -> Callable[[Callable[[], bool]], bool]:
    def wait(condition: Callable[[], bool]) -> bool:
        until = time.monotonic() + seconds
        while not (met := condition()) and time.monotonic() < until:
            time.sleep(0.5)
        return met

    return wait
