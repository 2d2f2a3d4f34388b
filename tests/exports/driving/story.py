"""How an export under test is asked for, and how it stands."""

from exports.models import Export
from progress.snapshot import snapshot


def requested(project, clock, **more):
    return Export.request(project, kind="multi_clip", options={"size": "360p"}, **more)


def fresh(export):
    return Export.objects.select_related("job").get(pk=export.pk)


def status(export):
    return fresh(export).job.status


def said(export):
    return snapshot(fresh(export).job).eta
