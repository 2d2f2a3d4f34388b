"""Rows and snapshots as the API tells them: plain values, the same for every operation."""

from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from django.urls import reverse

from exports import speeds, uploads
from exports.kinds import Kind
from exports.models import Clip, Contact, Export, Project, Result, Source
from exports.tools import Tools
from progress.models import Event, Job, Status
from progress.snapshot import Snapshot, snapshot

US = 1_000_000


def job(row: Job) -> dict[str, Any]:
    seen = snapshot(row)
    return {
        "id": row.pk,
        "pipeline": row.pipeline,
        "title": row.title,
        "status": row.status,
        "wish": row.wish,
        "percent": row.percent,
        "stage": row.stage,
        "done": row.done,
        "total": row.total,
        "unit": row.unit,
        "message": seen.message,
        "held": seen.held,
        "verdict": seen.verdict,
        "finish": _finish(seen),
        "queue_position": row.queue_position,
        "stages": [
            {"key": each.key, "label": each.label, "state": each.state, "said": each.said, "note": each.note}
            for each in seen.stages
        ],
        "tracks": [{"name": each.name, "done": each.done, "total": each.total} for each in seen.tracks],
        "failure": _failure(row),
        "attempt": row.attempt,
        "version": row.version,
        "created_at": row.created_at,
        "started_at": row.started_at,
        "settled_at": row.settled_at,
    }


def _finish(seen: Snapshot) -> dict[str, Any]:
    """No seconds that are left: whoever has the moment can count, and what has not changed stays the same."""
    known = seen.finish is not None
    low, high = (seen.job.finish_low, seen.job.finish_high) if known else (None, None)
    return {"words": seen.eta, "at": seen.finish, "low": low, "high": high}


def _failure(row: Job) -> dict[str, str] | None:
    if row.status not in (Status.FAILED, Status.CANCELLED, Status.EXPIRED):
        return None
    return {"cause": row.cause, "sentence": row.cause_text}


def exports(rows: list[Export]) -> list[dict[str, Any]]:
    """What each would ask for alone is asked once for all."""
    ended = [row for row in rows if row.job.status in (Status.FAILED, Status.CANCELLED)]
    prefetch_related_objects(ended, Prefetch("project__sources", Source.objects.only("project", "name", "state")))
    prefetch_related_objects([row for row in rows if row.job.status == Status.COMPLETE], "job__stage_runs")
    return [export(row) for row in rows]


def export(row: Export) -> dict[str, Any]:
    return {
        "id": row.pk,
        "kind": row.kind,
        "project": row.project_id,
        "job": job(row.job),
        "actions": row.actions,
        "result": _result(row),
        "files": [_file(each) for each in row.results.all()],
        "page": reverse("export", args=[row.pk]),
    }


def _result(row: Export) -> dict[str, Any] | None:
    if row.job.status != Status.COMPLETE or not row.result_key:
        return None
    speed = speeds.of_finished(row)
    return {
        "bytes": row.result_bytes,
        "sha256": row.result_sha256,
        "seconds": row.result_facts.get("seconds"),
        "shots_per_minute": speed.shots,
        "megabytes_per_second": speed.megabytes,
        "download": f"/api/v1/exports/{row.pk}/download",
    }


def _file(row: Result) -> dict[str, Any]:
    return {
        "place": row.place,
        "name": row.name,
        "label": row.label,
        "bytes": row.bytes,
        "sha256": row.sha256,
        "download": f"/api/v1/exports/{row.export_id}/results/{row.place}",
    }


def event(row: Event) -> dict[str, Any]:
    return {
        "phase": row.phase,
        "at": row.at,
        "elapsed": row.elapsed,
        "since_start": row.since_start,
        "status": row.status,
        "stage": row.stage,
        "percent": row.percent,
        "cause": row.own_cause,
        "note": row.note,
    }


def project(row: Project) -> dict[str, Any]:
    """With its clips at hand, for the film."""
    return {
        "id": row.pk,
        "name": row.name,
        "created_at": row.created_at,
        "film": [_clip(clip) for clip in row.clips.all()],
        "newest_film": row.film_id,
        "page": reverse("project", args=[row.pk]),
    }


def _clip(row: Clip) -> dict[str, Any]:
    end = None if row.out_us is None else row.out_us / US
    return {"source": row.source_id, "start": row.in_us / US, "end": end}


def source(row: Source) -> dict[str, Any]:
    return {
        "id": row.pk,
        "project": row.project_id,
        "name": row.name,
        "state": row.state,
        "sort": row.sort,
        "bytes": row.bytes,
        "stored_bytes": row.bytes if row.sha256 else row.stored_bytes,
        "seconds": row.seconds,
        "width": row.facts.get("width"),
        "height": row.facts.get("height"),
        "sha256": row.sha256,
        "refusal": row.refusal,
        "created_at": row.created_at,
    }


def upload(row: Source, tools: Tools) -> dict[str, Any]:
    here = uploads.listed(row, tools)
    return {
        "id": row.pk,
        "name": row.name,
        "bytes": row.bytes,
        "part_bytes": uploads.part_size(row),
        "parts": [{"number": part.number, "bytes": part.bytes, "etag": part.etag} for part in here],
    }


def contact(row: Contact) -> dict[str, Any]:
    told = {"id": row.pk, "channel": row.channel, "address": row.masked, "state": row.state}
    return {**told, "events": row.events, "digest": row.digest}


def kind(each: Kind, *, says_why: bool) -> dict[str, Any]:
    """`says_why`: to somebody who could do something for it."""
    lacks = each.lacks()
    return {
        "key": each.key,
        "label": each.label,
        "lacks": lacks if says_why or not lacks else "something that whoever runs this site has to add",
        "pipeline": each.pipeline.key,
        "pausable": each.pipeline.pausable,
        "stages": [
            {"key": stage.key, "label": stage.label, "start": stage.start, "end": stage.end, "unit": stage.unit}
            for stage in each.pipeline.stages
        ],
    }
