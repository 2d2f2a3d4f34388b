"""What staff sees on its pages, and presses there."""

import re

from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from progress.tracker import ProgressTracker

LIST = "/admin/exports/export/"
ACT = f"{LIST}act/"
SYSTEM = f"{LIST}system/"


def story(export):
    return reverse("admin:exports_export_change", args=[export.pk])


def shown(answer):
    """The short ids in the table, in their order."""
    return re.findall(r"<code>([0-9a-f]{8})</code>", answer.text)


def short(*exports):
    return [str(export.pk)[:8] for export in exports]


def queries_of(client, url):
    ContentType.objects.clear_cache()
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return queries.captured_queries


def failed(export, cause="out_of_memory"):
    ProgressTracker().fail(export.pk, cause=cause, text="The machine had too little memory.")
    return export


def take(client, key, *exports, **more):
    return client.post(ACT, {"act": key, "export": [str(export.pk) for export in exports], **more})
