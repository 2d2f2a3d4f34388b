"""Exports that wait for uploads: which they are, and how they hear of bytes that arrived."""

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from exports import kinds
from exports.models import Export, Source
from progress.errors import Contended, Refused
from progress.isolating import isolated
from progress.models import Status

if TYPE_CHECKING:
    from exports.tools import Tools

logger = logging.getLogger("exports")

EVERY = timedelta(seconds=1)


def waiting_for(source: Source) -> list[Export]:
    uploading = Export.objects.filter(project_id=source.project_id, job__status=Status.UPLOADING)
    return [
        export
        for export in uploading.select_related("job", "project")
        if any(each.pk == source.pk for each in kinds.get(export.kind).sources(export))
    ]


def missing(export: Export) -> str:
    """What it waits for, with its verb: “beach.mov is”, “beach.mov and 2 other clips are”."""
    sources = kinds.get(export.kind).sources(export)
    names = [isolated(source.name) for source in sources if source.state == Source.State.UPLOADING]
    if not names:
        return ""
    more = len(names) - 1
    if not more:
        return _("%(name)s is") % {"name": names[0]}
    said = ngettext("%(name)s and %(count)d other clip are", "%(name)s and %(count)d other clips are", more)
    return said % {"name": names[0], "count": more}


def tell(source: Source, tools: "Tools", *, last: bool) -> None:
    """Bytes of it were stored. Each job hears about once a second, and always of what came last."""
    for export in waiting_for(source):
        heard = export.job.heard_at
        if last or heard is None or tools.clock() - heard >= EVERY:
            _tell_one(export, tools, first=heard is None)


def tell_whole(source: Source, tools: "Tools") -> None:
    """The source is whole. Where it was the last one, the upload is complete."""
    for export in waiting_for(source):
        if all(each.state != Source.State.UPLOADING for each in kinds.get(export.kind).sources(export)):
            tools.tracker.happened(export.pk, "upload_complete")


def ring(source: Source) -> None:
    """It can be used now, or it cannot: whoever waits for it is looked at."""
    for export in waiting_for(source):
        export.ring()


def _tell_one(export: Export, tools: "Tools", *, first: bool) -> None:
    """Told again until it is what the rows say: of two who tell at once, none leaves an older sum behind."""
    if first:
        tools.tracker.happened(export.pk, "upload_start")
    if kinds.get(export.kind).pipeline.stages[0].key != "upload":
        return  # its bar begins when the work does
    told = None
    try:
        while told != (stored := _stored(export)):
            told = stored
            tools.tracker.received(export.pk, *told, stage="upload")
    except (Contended, Refused) as error:  # a bar that cannot be moved is no reason to refuse the bytes
        logger.warning("export=%s could not be told of its upload: %s", export.pk, error)


def _stored(export: Export) -> tuple[int, int]:
    sources = kinds.get(export.kind).sources(export)
    done = (each.stored_bytes if each.state == Source.State.UPLOADING else each.bytes for each in sources)
    total = sum(each.bytes for each in sources)
    return min(sum(done), total), total
