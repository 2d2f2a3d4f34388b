"""A scan is kept no longer than was said, or than its owner wants; nothing that was worked out of it outlives it."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from exports import originals, showing, sources, tasks
from exports.leftovers import tidy
from exports.models import Export, Source, User
from exports.tools import Tools, tools
from modal_functions.store import Unreachable
from progress.models import Job
from progress.tracker import ProgressTracker
from tests.exports.footage import film_of, project_of, source_in
from tests.exports.kinds.test_mri_mesh import uploaded
from tests.meanwhile import at_once

pytestmark = pytest.mark.django_db
FACTS = {"sort": "scan", "shape": [64, 60, 50], "spacing": [1, 1, 1.5]}
DAY = timedelta(hours=24)


@pytest.fixture
def guest(db):
    return User.objects.create_guest()


def scan_of(owner, *, hours_ago=25.0, **more):
    """With its file, and a part that was worked out of it."""
    source = source_in(project_of(owner), "DOE^JANE.nii.gz", facts=FACTS, **more)
    Source.objects.filter(pk=source.pk).update(created_at=timezone.now() - timedelta(hours=hours_ago))
    for key in (source.key, part_of(source)):
        tools().store.put(key, b"a head")
    return Source.objects.get(pk=source.pk)


def part_of(source):
    return f"projects/{source.project_id}/chunks/of-{source.pk}/5e/5e-s0001.npz"


def is_there(source):
    store = tools().store
    row = Source.objects.filter(pk=source.pk).exists()
    left = [store.size(key) is not None for key in (source.key, part_of(source))]
    assert left == [row, row], "its bytes are there as long as its row, and no longer"
    return row


def meshed(scan, *, hours_ago=None):
    """An export of it, ended so long ago."""
    export = Export.request(scan.project, kind="mri_mesh", options={"scan": str(scan.pk)})
    if hours_ago is not None:
        ProgressTracker().cancel(export.pk, actor="user 1")
        Job.objects.filter(pk=export.pk).update(settled_at=timezone.now() - timedelta(hours=hours_ago))
    return export


def test_a_guests_scan_goes_after_24_hours_with_all_that_was_worked_out_of_it(guest):
    old, young = scan_of(guest), scan_of(guest, hours_ago=23.9)
    assert originals.expire(tools()) == originals.Gone(due=1, gone=1, bytes=old.bytes)
    assert (is_there(old), is_there(young)) == (False, True)
    assert originals.expire(tools()) == originals.Gone()


def test_its_time_begins_anew_with_the_end_of_each_export_of_it(guest):
    scan = scan_of(guest, hours_ago=72)
    meshed(scan, hours_ago=30)
    last = meshed(scan, hours_ago=2)
    [until] = originals.untils(scan.project, [scan]).values()
    assert until == Job.objects.get(pk=last.pk).settled_at + DAY
    originals.expire(tools())
    assert is_there(scan)


def test_while_an_export_of_it_is_under_way_it_stays(guest):
    scan = scan_of(guest, hours_ago=72)
    meshed(scan)
    assert originals.untils(scan.project, [scan]) == {}
    originals.expire(tools())
    assert is_there(scan)


def test_an_accounts_scan_stays_as_long_as_the_installation_keeps_results(owner, settings):
    scan = scan_of(owner, hours_ago=24 * 8)
    originals.expire(tools())
    assert is_there(scan)
    settings.KEEP_DAYS = 7
    originals.expire(tools())
    assert not is_there(scan)


def test_footage_is_not_touched(guest):
    clip = source_in(project_of(guest), "beach.mov")
    Source.objects.filter(pk=clip.pk).update(created_at=timezone.now() - timedelta(days=9))
    originals.expire(tools())
    assert Source.objects.filter(pk=clip.pk).exists()


def test_a_dry_run_changes_nothing_and_a_limit_is_kept(guest):
    kept = [scan_of(guest), scan_of(guest)]
    assert originals.expire(tools(), apply=False).due == 2
    assert originals.expire(tools(), limit=1).gone == 1
    assert [is_there(scan) for scan in kept].count(True) == 1


def test_the_cluster_and_the_command_do_it(guest, capsys):
    first = scan_of(guest)
    tasks.expire()
    assert not is_there(first)
    second = scan_of(guest)
    call_command("expire", "--dry-run")
    assert "1 scan (84 MB)" in capsys.readouterr().out
    assert is_there(second)
    call_command("expire")
    assert not is_there(second)


@pytest.mark.parametrize("door", ["page", "api"])
def test_whoever_deletes_it_leaves_nothing_of_it_behind(owner, signed_in, door):
    scan = scan_of(owner)
    if door == "page":
        page = reverse("film", args=[scan.project_id])
        said = signed_in(owner).post(page, {"do": f"discard:{scan.pk}"}, follow=True).text
        assert "is deleted." in said
    else:
        answer = signed_in(owner).delete(f"/api/v1/sources/{scan.pk}", headers={"X-CSRFToken": "x"})
        assert answer.status_code == 204
    assert not is_there(scan)


class Away:
    """A store that is not there."""

    def entries(self, prefix):
        raise Unreachable("no answer")


def test_bytes_that_could_not_be_removed_are_tidied_up_later_and_no_others(guest, owner):
    scan, other = scan_of(guest), scan_of(owner)
    shared = f"projects/{other.project_id}/chunks/5e/5e.mp4"
    tools().store.put(shared, b"of a film")
    assert originals.expire(Tools(store=Away(), runner=None)) == originals.Gone(
        due=1, gone=1, bytes=scan.bytes, failed=1
    )
    assert tools().store.size(part_of(scan))
    later = Tools(store=tools().store, runner=None, clock=lambda: timezone.now() + 2 * DAY)
    tidy(later, emptied=True)  # there are no attempts any more
    assert not is_there(scan)
    assert is_there(other)
    assert tools().store.size(shared)


def test_the_work_keeps_its_parts_where_they_go_with_the_scan(owner):
    scan = scan_of(owner)
    export = meshed(scan)
    from exports import kinds

    told = kinds.get("mri_mesh").spec(export)
    assert part_of(scan).startswith(f"{told['chunks']}/")


def test_its_page_says_until_when_it_is_kept_and_what_goes_with_it(guest, signed_in):
    scan = scan_of(guest, hours_ago=1)
    film_of(scan.project, "beach.mov")
    page = signed_in(guest).get(reverse("project", args=[scan.project_id])).text
    assert page.count("It is kept until") == 1
    assert "It goes at once, with all that was worked out of it." in page


def test_many_slices_ask_no_more_than_one(guest):
    project = scan_of(guest).project

    def asked():
        with CaptureQueriesContext(connection) as queries:
            assert showing.library(project).lines
        return len(queries)

    asked()  # whose it is, is remembered
    one = asked()
    for number in range(20):
        source_in(project, f"IM{number}.dcm", facts=FACTS | {"series": "5e12"})
    assert asked() == one


def test_one_that_cannot_be_used_is_not_kept_with_the_names_in_it(owner, tmp_path):
    path = tmp_path / "DOE^JANE.nii.gz"
    path.write_bytes(b"\x1f\x8b" + b"DOE^JANE" * 100)
    source = uploaded(project_of(owner), path)
    assert (source.state, source.bytes, source.sort) == ("refused", 0, "scan")
    assert tools().store.size(source.key) is None


def test_nor_one_whose_looks_all_died(owner):
    source = source_in(project_of(owner), "scan.dcm", state="stored", looked_at_times=sources.MOST_LOOKS)
    Source.objects.filter(pk=source.pk).update(heard_at=timezone.now() - DAY)
    tools().store.put(source.key, bytes(128) + b"DICM" + b"DOE^JANE")
    assert sources.look_at_stored(tools()).given_up == 1
    assert tools().store.size(source.key) is None
    clip = source_in(project_of(owner), "beach.mov", state="stored", looked_at_times=sources.MOST_LOOKS)
    Source.objects.filter(pk=clip.pk).update(heard_at=timezone.now() - DAY)
    tools().store.put(clip.key, b"\x00\x00\x00\x18ftypqt  ")
    assert sources.look_at_stored(tools()).given_up == 1
    assert tools().store.size(clip.key), "footage that is left alone stays"


@pytest.mark.django_db(transaction=True)
def test_who_signs_up_at_the_same_moment_keeps_it_or_finds_it_gone():
    guest = User.objects.create_guest()
    scan = scan_of(guest)
    at_once(lambda: originals.expire(tools()), lambda: User.objects.filter(pk=guest.pk).update(guest=False))
    is_there(scan)
    assert originals.expire(tools()).due == 0


@pytest.mark.django_db(transaction=True)
def test_two_passes_at_once_let_it_go_once():
    scan = scan_of(User.objects.create_guest())
    done = at_once(lambda: originals.expire(tools()), lambda: originals.expire(tools()))
    assert sum(each.gone for each in done) == 1
    assert not is_there(scan)
