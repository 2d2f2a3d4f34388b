"""A finished export of clips, and the accounts that they are posted to."""

from pathlib import Path

import pytest

from exports.kinds.base import Unplannable
from exports.models import Connection, Export, Result
from exports.tools import tools
from modal_functions.publishing.kept import Kept
from modal_functions.store import Stored
from progress.tracker import ProgressTracker
from tests.exports.footage import fresh
from tests.platforms import OPTIONS, TOKEN


def clips_of(project, store=None, path: Path | None = None, count=2):
    """As clip_it leaves them: so many clips, all of the same bytes, and what is no clip. Without a store they are on
    paper alone."""
    tracker = ProgressTracker()
    job = tracker.create("clip_it@1", title="Talk", owner=project.owner)
    export = Export.objects.create(job=job, project=project, kind="clip_it", spec={"clips": [], "wanted": {}})
    tracker.start(export.pk, attempt=1)
    told = []
    for place in range(1, count + 1):
        key = f"attempts/{export.pk}/1/out/c.1/{place}.mp4"
        stored = store.put_file(key, path) if store else Stored(key=key, bytes=1, sha256="5e" * 32)
        told.append({"key": stored.key, "bytes": stored.bytes, "sha256": stored.sha256, "place": place,
                     "name": f"clip-{place:02}.mp4", "label": f"Clip {place}"})  # fmt: skip
    told.append({**told[0], "place": 103, "name": "moments.json", "label": "Why"})
    Result.settle(export, told)
    tracker.finalize(export.pk)
    tracker.complete(export.pk)
    result = {"result_key": told[0]["key"], "result_bytes": 1, "result_sha256": "5e" * 32}
    Export.objects.filter(pk=export.pk).update(**result)
    return Export.objects.select_related("job__owner", "project").get(pk=export.pk)


def connected(owner, *platforms, token=TOKEN):
    account = {"id": "178", "name": "olga", "facts": {"privacy": OPTIONS}}
    for platform in platforms or ("tiktok", "instagram"):
        Connection.connect(owner, platform, account=account, secrets={"token": token}, expires_at=None)


def at(platforms, settings):
    """The platforms of this installation are these."""
    settings.TIKTOK_API, settings.INSTAGRAM_API = platforms.addresses["tiktok"], platforms.addresses["instagram"]
    settings.INSTAGRAM_UPLOADS = platforms.addresses["instagram_uploads"]


POST = {"platforms": ["tiktok", "instagram"], "caption": "Lofoten", "privacy": "SELF_ONLY", "rights": True}


def named(clips, place=1):
    return f"{clips.pk}:{place}"


def post(clips, place=1, **options):
    asked = POST | {"clip": named(clips, place)} | options
    return Export.request_once(clips.project, kind="clip_post", options=asked)


def refusal(clips, **options):
    with pytest.raises(Unplannable) as refused:
        post(clips, **options)
    return refused.value.option, str(refused.value)


def ended(export, status="failed", cause="posting_refused"):
    tracker = ProgressTracker()
    tracker.uploaded(export.pk)
    if status == "failed":
        tracker.fail(export.pk, cause=cause, text="No.")
    else:
        tracker.finalize(export.pk)
        tracker.complete(export.pk)
    return fresh(export)


def kept_of(export, platform):
    place = f"projects/{export.project_id}/chunks"
    return Kept(store=tools().store, place=place, export=str(export.pk), platform=platform)
