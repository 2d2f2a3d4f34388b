"""Makes films of so many clips out of so many sources, and prints where they are, with the cookie of their owner.

python -m tests.bench.press.films CLIPS/SOURCES...
"""

import json
import sys

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402

from exports.models import User  # noqa: E402
from tests.exports.footage import project_of, source_in  # noqa: E402


def prepared(films: list[str]) -> dict[str, object]:
    call_command("migrate", verbosity=0)
    owner = User.objects.create_user("olga", password=None)
    addresses = {}
    for film in films:
        clips, sources = map(int, film.split("/"))
        project = project_of(owner, film)
        brought = [source_in(project, f"{number}.mov") for number in range(1, sources + 1)]
        project.append([brought[number % sources] for number in range(clips)])
        addresses[film] = reverse("project", args=[project.pk])
    client = Client()
    client.force_login(owner)
    name = settings.SESSION_COOKIE_NAME
    return {"addresses": addresses, "cookie": {"name": name, "value": client.cookies[name].value}}


if __name__ == "__main__":
    print(json.dumps(prepared(sys.argv[1:])))
