"""The switch for who runs the site: what is asked for waits, and what runs goes on or is paused."""

import getpass
import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from exports import halting
from exports.management.outage import LookingCommand
from exports.models import Intake, IntakeChange, User
from exports.models.intake import EVERYTHING

LATEST = 10


class Command(LookingCommand):
    help = (
        "Says what is closed, or closes and opens: everything, one kind of export, one account. What is closed is not"
        " begun any more: what is asked for waits. Who, when and why is kept. Exit code 0:"
        " it stands as was said; 2: there is no such kind or account."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("do", nargs="?", choices=("show", "close", "open"), default="show")
        of = parser.add_mutually_exclusive_group()
        of.add_argument("--kind", help="Of this kind alone, by its key.")
        of.add_argument("--account", metavar="NAME", help="Of this account alone.")
        parser.add_argument("--say", default="", metavar="SENTENCE", help="For the people who wait.")
        parser.add_argument("--why", default="", metavar="REASON", help="Kept with the change; to close and to open.")
        parser.add_argument(
            "--pause", action="store_true", help="With close: what runs is paused, and resumes with open."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["do"] == "show":
            self._show()
            return
        if not options["why"].strip():
            raise CommandError("--why: expected the reason, which is kept with the change.", returncode=2)
        if options["pause"] and options["do"] == "open":
            raise CommandError("--pause goes with close; open resumes what was paused with it.", returncode=2)
        name, by = self._name(options), {"why": options["why"][:300], "actor": f"shell {_who()}"[:80]}
        if options["do"] == "close":
            done = halting.close(name, sentence=options["say"][:200], pause=options["pause"], **by)
            said = done.in_words(opens=False) if options["pause"] else "What runs goes on."
        else:
            done = halting.open_again(name, **by)
            said = done.in_words(opens=True)
        stood = "" if done.changed else " It stood so already."
        self.stdout.write(
            f"{halting.in_words(name)}: {'closed' if options['do'] == 'close' else 'open'}.{stood} {said}"
        )

    def _name(self, options: dict[str, Any]) -> str:
        if options["account"] is not None:
            found = User.objects.filter(username=options["account"]).first()
            if found is None:
                raise CommandError(f"--account: there is no account called {options['account']!r}.", returncode=2)
            return Intake.of_account(found.pk)
        name = EVERYTHING if options["kind"] is None else options["kind"]
        if name not in halting.names():
            known = ", ".join(sorted(set(halting.names()) - {EVERYTHING}))
            raise CommandError(f"--kind: expected one of {known}, got {name!r}.", returncode=2)
        return name

    def _show(self) -> None:
        closed = Intake.closed()
        for name, sentence in sorted(closed.items()):
            self.stdout.write(f"Closed: {halting.in_words(name)}. {sentence}".rstrip())
        if not closed:
            self.stdout.write("Everything is open.")
        for each in IntakeChange.objects.all()[:LATEST]:
            did = f"{'opened' if each.open else 'closed'} {halting.in_words(each.name)}"
            self.stdout.write(f"{each.at:%Y-%m-%d %H:%M} {each.actor} {did}: {each.why or 'no reason given'}")


def _who() -> str:
    """A container may be run by a user of a number alone."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"
