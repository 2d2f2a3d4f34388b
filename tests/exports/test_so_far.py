"""What a page shows before all of an export is finished."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from exports import so_far
from exports.models import Attempt, Export, Share
from exports.tools import Tools, tools
from modal_functions.store import Unreachable
from modal_functions.wire import AttemptKeys, Piece, SoFar, pack
from progress.models import Job
from progress.tracker import ProgressTracker
from tests.exports.footage import film_of, fresh, project_of, requested, running

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("awake")]
PICTURE = "ab" * 32 + ".jpg"


@pytest.fixture
def export(owner):
    project = project_of(owner)
    film_of(project, "beach.mov", "boat.mov")
    return running(requested(project, title="Reel 12"))


@pytest.fixture
def tell(export):
    """As the running attempt does."""

    def told(*pieces, **more):
        keys = AttemptKeys(export=str(export.pk), number=1)
        tools().store.put(keys.so_far, pack(SoFar(pieces=pieces, **more).as_wire()))

    return told


def of(export):
    return so_far.of(fresh(export), tools())


def piece(name="beach.mov", done=60, total=60, **more):
    return Piece(name=name, done=done, total=total, **more)


def in_stage(export, seconds, **more):
    now = timezone.now()
    Job.objects.filter(pk=export.pk).update(stage_began=now - timedelta(seconds=seconds), heard_at=now, **more)


def test_pictures_of_what_is_made_afresh_are_found_where_they_are_kept(signed_in, owner, export):
    Export.objects.filter(pk=export.pk).update(spec={**export.spec, "afresh": "anew"})
    tools().store.put(f"projects/{export.project_id}/chunks/anew/ab/{PICTURE}", b"a picture")
    assert signed_in(owner).get(reverse("preview", args=[export.pk, PICTURE])).content == b"a picture"


def test_it_says_which_clips_are_finished(signed_in, owner, export, tell):
    tell(piece(), piece("boat.mov", done=15))
    page = signed_in(owner).get(reverse("export", args=[export.pk])).text
    assert "1 of 2 clips are finished" in page
    assert [line.said for line in of(export).pieces] == ["finished", "25 %"]


def test_a_film_of_one_clip_has_no_pieces(export, tell):
    tell(piece(done=10))
    assert of(export).pieces == []


def test_a_speed_counts_only_what_this_attempt_made(export, tell):
    in_stage(export, 10, done=450)
    assert "45 frames a second" in of(export).facts
    tell(piece(done=450, total=900), kept=400)
    assert "5.0 frames a second" in of(export).facts


def test_bytes_have_a_speed_too_and_a_moment_has_none(export):
    in_stage(export, 10, done=84_000_000, unit="bytes")
    assert "8.4 MB a second" in of(export).facts
    in_stage(export, 1, done=84_000_000, unit="bytes")
    assert of(export).facts == ["Made on this server"]


def test_cost_is_said_only_where_there_is_a_price_and_as_an_estimate(export, tell, settings):
    Attempt.objects.filter(export=export).update(runner="modal", greeted_at=timezone.now() - timedelta(minutes=30))
    tell(piece(), seconds=5400.0)
    assert of(export).facts[-1] == "Made on Modal"
    settings.MODAL_CENTS_HOUR = 20
    assert of(export).facts[-1] == "about $0.40 so far, estimated from 120 container minutes"


def test_the_section_is_asked_for_anew_only_where_it_has_changed(signed_in, owner, export, tell):
    tell(piece(), piece("boat.mov", done=15))
    client, address = signed_in(owner), reverse("so-far", args=[export.pk])
    assert client.get(address).status_code == 200
    assert client.get(address, {"so-far": of(export).mark}).status_code == 204
    tell(piece(), piece("boat.mov"))
    assert "2 of 2 clips are finished" in client.get(address, {"so-far": "old"}).text


def test_a_card_that_moved_tells_the_page_to_ask_and_one_that_turned_to_ask_at_once(signed_in, owner, export):
    client, address = signed_in(owner), reverse("export-fragment", args=[export.pk])
    moved = client.get(address, {"v": "old", "actions": "pause,stop,leave"})
    assert "export:moved" in moved["HX-Trigger"]
    ProgressTracker().fail(export.pk, cause="lost", text="The machine went away. Try again.")
    ended = client.get(address, {"v": "old", "actions": "pause,stop,leave"})
    assert (ended.status_code, "export:turned" in ended["HX-Trigger"]) == (286, True)


@pytest.mark.parametrize(("who", "status"), [("owner", 200), ("stranger", 404), ("staff", 404)])
def test_pictures_are_its_owners_alone(who, status, request, signed_in, export):
    tools().store.put(f"projects/{export.project_id}/chunks/ab/{PICTURE}", b"\xff\xd8picture")
    answer = signed_in(request.getfixturevalue(who)).get(reverse("preview", args=[export.pk, PICTURE]))
    assert answer.status_code == status


@pytest.mark.parametrize("name", ["x.jpg", "..%2Fsecret", "ab" * 32 + ".mp4", "cd" * 32 + ".jpg"])
def test_no_other_object_is_to_be_had_as_a_picture(signed_in, owner, export, name):
    assert signed_in(owner).get(f"/exports/{export.pk}/preview/{name}").status_code == 404


@pytest.mark.parametrize("body", [b"{}", b"nonsense", b'{"v": 1, "pieces": [{}], "kept": 0, "seconds": 0}'])
def test_what_cannot_be_read_costs_a_page_nothing(signed_in, owner, export, body):
    tools().store.put(AttemptKeys(export=str(export.pk), number=1).so_far, body)
    assert signed_in(owner).get(reverse("export", args=[export.pk])).status_code == 200


def test_neither_does_a_store_that_is_away(export):
    class Away:
        def get(self, key):
            raise Unreachable("no answer")

    assert so_far.of(export, Tools(store=Away(), runner=None)).pieces == []


def test_whoever_the_export_is_shared_with_sees_none_of_it(visitor, export, tell):
    tell(piece(previews=(PICTURE,)), piece("boat.mov"))
    page = visitor.get(reverse("shared", args=[Share.open_for(export, may_download=True).token])).text
    assert "preview" not in page
    assert "clips are finished" not in page


def test_how_much_was_copied_is_said_in_the_film_s_own_time(export, tell):
    tell(piece(done=240, total=300), piece("boat.mov", done=0, total=300), copied=240)
    assert export.spec["output"]["fps"] == [30, 1]
    assert "0:08 of 0:20 copied as they were" in of(export).facts


def test_that_nothing_could_be_copied_is_said_where_it_was_asked_for(export, tell):
    said = "None of it could be copied as it was"
    tell(piece(), piece("boat.mov"))
    assert said not in of(export).facts, "nobody asked for it"
    export.spec["output"]["quality"] = "original"
    Export.objects.filter(pk=export.pk).update(spec=export.spec)
    assert said not in of(export).facts, "not yet known"
    Job.objects.filter(pk=export.pk).update(status="complete")
    assert said in of(export).facts
    tell(piece(), piece("boat.mov"), copied=60)
    assert said not in of(export).facts


def test_clips_that_an_earlier_export_has_left_are_counted(export, tell):
    tell(piece(kept=60), piece("boat.mov", kept=15), kept=75)
    assert "1 of 2 clips were as before" in of(export).facts


def test_what_an_earlier_attempt_left_was_made_by_this_export(export, tell):
    tell(piece(kept=60), piece("boat.mov", kept=15), kept=75)
    number = export.attempts.get().number
    Attempt.objects.filter(export=export).update(number=number + 1)
    Attempt.objects.create(export=export, number=number, runner="local", outcome="error", decided_at=timezone.now())
    tools().store.put(
        AttemptKeys(export=str(export.pk), number=number + 1).so_far,
        pack(SoFar(pieces=(piece(kept=60), piece("boat.mov", kept=15)), kept=75).as_wire()),
    )
    assert not any("as before" in fact for fact in of(export).facts)
