"""For operators: is every part that the installation stands on as it should be?"""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from exports.doctor import examine
from exports.findings import Found
from exports.management.outage import SETTINGS
from exports.management.values import mail_address
from exports.outbox import mail
from exports.outbox.examined import send_test_mail
from exports.tools import tools

MARKS = {True: "ok", False: "FAILS", None: "–"}


class Command(BaseCommand):
    help = (
        "Uses each part once (database, clock, queue, store, grants, CORS, runner, mail) and says what to do where one"
        " fails. Nothing is sent to anybody, unless --mail says to whom."
        " Exit code 0: all hold, 1: one does not."
    )
    requires_system_checks = SETTINGS

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Say it as JSON.")
        parser.add_argument("--mail", type=mail_address, metavar="ADDRESS", help="Also send a test mail there.")

    def handle(self, *args: Any, **options: Any) -> None:
        found = []
        for each in examine(tools()):
            found.append(each)
            if not options["json"]:
                self._say(each)
        if options["mail"]:
            found.append(_mailed(options["mail"]))
            if not options["json"]:
                self._say(found[-1])
        failing = sum(each.ok is False for each in found)
        if options["json"]:
            self.stdout.write(json.dumps({"ok": not failing, "parts": [each.as_json() for each in found]}))
        else:
            self.stdout.write(f"{failing} of {len(found)} parts fail." if failing else "All is as it should be.")
        if failing:
            raise SystemExit(1)

    def _say(self, found: Found) -> None:
        self.stdout.write(f"{MARKS[found.ok]:<6}{found.part:<11} {found.said}")
        if found.todo:
            self.stdout.write(f"{'':<17} {found.todo}")


def _mailed(address: str) -> Found:
    if not mail.configured():
        return Found(part="test mail", ok=False, said="Mail is not set up.", todo="Set LONGHAUL_MAIL_URL.")
    answer = send_test_mail(address)
    taken = answer.state == "sent"
    todo = "" if taken else "Look at LONGHAUL_MAIL_URL and LONGHAUL_MAIL_FROM."
    return Found(part="test mail", ok=taken, said=answer.said, todo=todo)
