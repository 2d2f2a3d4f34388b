"""For who runs the site: who of staff has a second factor, and the way in for who has lost it."""

import logging
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from exports import second_factor
from exports.management.outage import LookingCommand
from exports.models import User

logger = logging.getLogger("exports")


class Command(LookingCommand):
    help = (
        "Says of each account of staff whether a second factor is asked of it. With --remove and a name, takes it away:"
        " every session of that account ends, and its password alone opens it, or sets up another where the settings"
        " require one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--remove", metavar="NAME", help="Of this account.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["remove"] is None:
            self._list()
            return
        user = User.objects.filter(username=options["remove"]).first()
        if user is None:
            raise CommandError(f"--remove: there is no account called {options['remove']!r}.", returncode=2)
        if not second_factor.remove(user):
            raise CommandError(f"{user.username} has no second factor.", returncode=1)
        logger.warning("The second factor of account %s was taken away by the command.", user.pk)
        self.stdout.write(
            f"The second factor of {user.username} is taken away, and every session of that account ended."
        )

    def _list(self) -> None:
        for user in User.objects.filter(is_staff=True).order_by("username"):
            since = user.second_factor_since
            lost = second_factor.cannot_be_checked(user)
            why = ", but its app's codes cannot be checked: the SECRET_KEY has changed" if lost else ""
            self.stdout.write(f"{user.username}: {f'since {since:%Y-%m-%d}' if since else 'none'}{why}")
