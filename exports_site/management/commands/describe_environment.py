"""What each environment variable does, as a page: python manage.py describe_environment > docs/ENVIRONMENT.md"""

import re
import textwrap
from typing import Any

from django.core.management.base import BaseCommand

from exports_site.secret_files import FILES
from exports_site.variables import KNOWN

HEAD = """# The environment

Everything that differs between two installations is read from the environment, once, at the start. A value that cannot
be read is said by `manage.py check` and falls back to its default; a name that begins with `LONGHAUL_` and is none of
these is said too. Made by `manage.py describe_environment`.

| variable | what it does | without it |
|---|---|---|
"""
FOOT = """
What is secret can be in a file instead, which the same name with `_FILE` leads to: {files}.
The variable itself comes first.

Read by what they belong to, and not by Longhaul: `MODAL_TOKEN_ID` and `MODAL_TOKEN_SECRET` (Modal), and
`DJANGO_SETTINGS_MODULE` (`exports_site.settings`).
"""
DEFAULT = re.compile(r" \(([^()]*)\)(?=$|;)")


class Command(BaseCommand):
    help = "Writes what each environment variable does, in Markdown, to standard output."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(page(), ending="")


def page() -> str:
    return HEAD + "".join(_line(name, told) for name, told in KNOWN.items()) + _foot()


def _foot() -> str:
    named = ", ".join(f"`{name}`" for name in FILES)
    return "\n".join(textwrap.fill(each, 120, break_on_hyphens=False) for each in FOOT.format(files=named).split("\n"))


def _line(name: str, told: str) -> str:
    """What it is without being set stands last in brackets, or after “without it”."""
    default = DEFAULT.search(told)
    if default:
        return f"| `{name}` | {DEFAULT.sub('', told, count=1)} | {default[1]} |\n"
    does, _, without = told.partition("; without it ")
    return f"| `{name}` | {does} | {without} |\n"
