"""Everything that is known of one export, as one file to hand on: rows, events, files of the store, the log of its
work. What would open a door is masked."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import IO, Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model

from exports import runners, store_said, versions
from exports.models import Attempt, Export, User
from exports.runners.local import LOG
from exports.staff import files, masking
from exports.tools import Tools
from modal_functions.store import StoreError

LOG_END = 200_000  # bytes of a log
LONGEST_FILE = 2_000_000  # characters
READ_ME = """Everything that Longhaul knows of one export.

rows.json      the rows of the database, by table
store/         the small files of each attempt, as they stand in the store
objects.txt    what its attempts have made, with sizes; the films themselves are not in here
logs/          the end of the log of each attempt that ran on this machine; on Modal they are with Modal
versions.json  what runs here

Keys, tokens and passwords are masked. What the site itself logged goes where its output goes:
search it for the id of the export.
"""


def record(export: Export, by: User) -> None:
    LogEntry.objects.log_actions(by.pk, [export], CHANGE, change_message="Black box downloaded", single_object=True)


def packed(export: Export, tools: Tools) -> IO[bytes]:
    """Also where the store is away: then it says so in place of what stands there."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as box:
        for name, body in contents(export, tools):
            box.writestr(name, body)
    packed.seek(0)
    return packed


def contents(export: Export, tools: Tools) -> Iterator[tuple[str, str]]:
    attempts = list(export.attempts.all())
    yield "README.txt", READ_ME
    yield "versions.json", _json(versions.all_of_them())
    yield "rows.json", _json(rows(export))
    try:
        yield from _of_the_store(attempts, tools)
    except StoreError as error:
        yield "store/UNREACHABLE.txt", masking.text(str(store_said.told(error)))
    yield from _logs(attempts)


def rows(export: Export) -> dict[str, Any]:
    job = export.job
    found: dict[str, Any] = {
        "owner": job.owner.username if job.owner else None,
        "job": _row(job),
        "export": _row(export),
        "attempts": [_row(each) for each in export.attempts.all()],
        "stage_runs": [_row(each) for each in job.stage_runs.all()],
        "events": [_row(each) for each in job.events.all()],
        "forecasts": [_row(each) for each in job.forecasts.all()],
        "notices": [_row(each) for each in export.notices.all()],
        "sources": [_row(each) for each in export.project.sources.all()],
    }
    return dict(masking.masked(found))


def _row(row: Model) -> dict[str, Any]:
    return {field.name: getattr(row, field.attname) for field in row._meta.concrete_fields}


def _of_the_store(attempts: list[Attempt], tools: Tools) -> Iterator[tuple[str, str]]:
    listed = []
    for attempt in attempts:
        for file in files.read(attempt, tools, longest=LONGEST_FILE):
            yield f"store/{file.key}", file.body
        listed += [f"{entry.bytes:>15,}  {entry.key}" for entry in files.made(attempt, tools)]
    yield "objects.txt", "\n".join(listed) + "\n"


def _logs(attempts: list[Attempt]) -> Iterator[tuple[str, str]]:
    for attempt in attempts:
        path = runners.runs() / f"{attempt.export_id}.{attempt.number}" / LOG
        try:
            with path.open("rb") as file:
                file.seek(max(0, path.stat().st_size - LOG_END))
                yield f"logs/attempt-{attempt.number}.txt", masking.text(file.read().decode(errors="replace"))
        except OSError:
            continue


def _json(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, indent=2, sort_keys=True, ensure_ascii=False)
