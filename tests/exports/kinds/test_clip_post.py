"""A post as it is asked for: of a finished clip, by one click, by whoever has connected an account, and once."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from exports import foreseen, kinds, retention
from exports.kinds.base import Unplannable
from exports.kinds.clip_post import PIPELINE
from exports.kinds.clip_post_form import LONGEST_CAPTION
from exports.models import Connection, Export, Posting
from exports.models.posting import Taken
from exports.tools import tools
from modal_functions.publishing.going import WORK
from progress.models import Job, Status
from progress.snapshot import snapshot
from progress.tracker import ProgressTracker
from tests.exports.clips import POST, at, clips_of, connected, ended, kept_of, named, post, refusal
from tests.exports.footage import fresh, project_of
from tests.platforms import OPTIONS, Platforms

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def store(settings, tmp_path):
    settings.STORE_ROOT = tmp_path / "store"
    tools.cache_clear()
    yield
    tools.cache_clear()


@pytest.fixture
def platforms(settings):
    served = Platforms()
    at(served, settings)
    yield served
    served.stop()


# What was written down


def test_the_stages_and_their_percents_are_the_ones_that_were_written_down(browser, clips):
    known = {"waiting": 0, "posting_tiktok": 80, "posting_instagram": 85, "posting_completed": 100}
    endings = {"failed": 0, "error": 0, "cancelled": 0}
    assert PIPELINE.marks() == known | endings
    assert browser.get("/api/stages?pipeline=clip_post@1").json() == known | endings
    export, _ = post(clips)
    assert browser.get(f"/status/{export.pk}").json()["status"] == "waiting"
    ended(export, "complete")
    assert browser.get(f"/status/{export.pk}").json()["status"] == "posting_completed"


def test_while_it_waits_in_line_no_platform_was_waited_for(clips):
    export, _ = post(clips)
    ProgressTracker().uploaded(export.pk)
    job = fresh(export).job
    assert job.status == Status.QUEUED
    assert [(line.key, line.state) for line in snapshot(job).stages] == [
        ("waiting", "waiting"),
        ("posting_tiktok", "waiting"),
        ("posting_instagram", "waiting"),
    ]


def test_removing_an_account_does_not_promise_to_stop_what_has_its_token(browser, clips):
    def said():
        page = browser.post(reverse("connection-remove", args=["tiktok"]), follow=True)
        connected(clips.project.owner)
        return "Nothing more is posted there." in page.text, "may still be made" in page.text

    post(clips, platforms=["instagram"])
    assert said() == (True, False)
    export, _ = post(clips, platforms=["tiktok"])
    assert said() == (False, True)
    ended(export)
    assert said() == (True, False)


def test_who_has_connected_nothing_is_not_told_to_choose_what_is_not_there(browser, clips):
    Connection.objects.all().delete()
    page = browser.post(kinds.get("clip_post").address(clips.project), {"clip": named(clips), "rights": "on"})
    assert "Connect an account first" in page.text
    assert "got neither" not in page.text


@pytest.mark.parametrize(("asked", "left_out"), [("tiktok", "instagram"), ("instagram", "tiktok")])
def test_a_platform_that_nobody_asked_for_is_never_to_come(clips, asked, left_out):
    export, _ = post(clips, platforms=[asked])

    def told():
        seen = snapshot(fresh(export).job)
        spans = {span.label for span in seen.strip.spans if span.expected} if seen.strip else set()
        assert not [label for label in spans if left_out in label.lower()], "nor is there any time for it"
        return {line.key: line.said for line in seen.stages}[f"posting_{left_out}"]

    tracker, said = ProgressTracker(), [told()]
    tracker.uploaded(export.pk)
    said.append(told())
    tracker.start(export.pk)
    tracker.update_progress_incremental(export.pk, 1, 2, "bytes", stage="waiting")
    said.append(told())
    foreseen.tell(export, tools())
    said.append(told())
    tracker.fail(export.pk, cause="internal", text="No.")
    assert set(said) | {told()} == {"not asked for"}


@pytest.mark.parametrize("ends", [False, True], ids=["under way", "complete"])
def test_a_platform_that_it_was_not_posted_to_is_not_told_as_done(clips, ends):
    export, _ = post(clips, platforms=["instagram"])
    tracker = ProgressTracker()
    tracker.uploaded(export.pk)
    tracker.start(export.pk)
    for stage, unit in (("waiting", "bytes"), ("posting_instagram", "posts")):
        tracker.update_progress_incremental(export.pk, 1, 2, unit, stage=stage)
    if ends:
        tracker.finalize(export.pk)
        tracker.complete(export.pk)
    lines = {line.key: (line.state, line.said) for line in snapshot(fresh(export).job).stages}
    assert lines["waiting"] == ("done", "done")
    assert lines["posting_tiktok"] == ("waiting", "not asked for")
    assert lines["posting_instagram"] == (("done", "done") if ends else ("current", "under way"))


def test_the_parent_stays_complete_at_100_and_a_skipped_stage_lets_no_bar_fall(clips):
    export, _ = post(clips, platforms=["instagram"])
    tracker, shown = ProgressTracker(), []
    tracker.uploaded(export.pk)
    tracker.start(export.pk)
    for stage, done, unit in (("waiting", 1, "bytes"), ("waiting", 2, "bytes"), ("posting_instagram", 0, "posts")):
        tracker.update_progress_incremental(export.pk, done, 2, unit, stage=stage)
        shown.append(fresh(export).job.percent)
    assert shown == [40, 80, 85]
    assert fresh(export).job.parent_id == clips.pk
    assert (fresh(clips).job.status, fresh(clips).job.percent) == (Status.COMPLETE, 100)


# Off, and not for everybody


def test_where_it_is_off_no_page_speaks_of_it_and_nothing_is_posted(browser, clips, settings):
    export, _ = post(clips)
    settings.POSTING = False
    new = reverse("new-export", args=[clips.project_id, "clip_post"])
    for page in (reverse("connections"), new, reverse("connection-go", args=["tiktok"])):
        assert browser.get(page).status_code == 404
    for page in (
        reverse("account"),
        reverse("export", args=[clips.pk]),
        reverse("choose-kind", args=[clips.project_id]),
    ):
        text = browser.get(page).text
        assert new not in text
        assert reverse("connections") not in text
    assert "LONGHAUL_POSTING" in refusal(clips, platforms=["tiktok"])[1]
    assert kinds.get("clip_post").carried(export) == {}


def test_it_is_off_unless_the_operator_turns_it_on(tmp_path):
    from tests.exports_site.reading import settings_in

    assert settings_in(tmp_path).POSTING is False
    assert settings_in(tmp_path, LONGHAUL_POSTING="on").POSTING is True
    assert settings_in(tmp_path).TIKTOK_API == "https://open.tiktokapis.com"


def test_beside_each_finished_clip_stands_post_and_what_became_of_it(browser, clips, signed_in, stranger):
    page = reverse("export", args=[clips.pk])
    text = browser.get(page).text
    assert text.count("?clip=") == 2, "beside the clips, and not beside the reasons"
    export, _ = post(clips)
    text = browser.get(page).text
    assert "Being posted to TikTok" in text
    assert reverse("export", args=[export.pk]) in text
    ended(export, "complete")
    assert "Posted to Instagram" in browser.get(page).text
    assert signed_in(stranger).get(page).status_code == 404


def test_what_is_posted_wherever_it_can_be_is_not_offered_to_be_posted(browser, clips):
    def offered(place=1):
        return f"?clip={clips.pk}%3A{place}" in browser.get(reverse("export", args=[clips.pk])).text

    tiktok, _ = post(clips, platforms=["tiktok"])
    assert offered(), "Instagram is left"
    instagram, _ = post(clips, platforms=["instagram"])
    assert not offered(), "it is on its way to both"
    assert offered(place=2)
    ended(instagram)
    assert offered(), "what failed can be asked for with a change"
    post(clips, platforms=["instagram"], caption="Another")
    ended(tiktok, "complete")
    page = browser.get(reverse("export", args=[clips.pk])).text
    assert not offered()
    assert "Posted to TikTok" in page
    assert "Being posted to Instagram" in page
    Connection.objects.all().delete()
    assert offered(), "an account can be connected"


# The form


def test_the_form_begins_with_the_clip_and_with_what_tiktok_offers_now(browser, clips, platforms):
    address = reverse("new-export", args=[clips.project_id, "clip_post"])
    page = browser.get(address, {"clip": named(clips, 2)})
    form = page.context["form"]
    assert (form["clip"].value(), form["title"].value()) == (named(clips, 2), "clip-02.mp4")
    assert [key for key, _ in form.fields["privacy"].choices] == ["", *OPTIONS]
    assert form["privacy"].value() == "", "nobody chooses for the person who may see it"
    assert "TikTok as <bdi>olga</bdi>" in page.text
    assert "I have looked" not in page.text, "there is nothing to look for"
    assert platforms.times("creator_info") == 1


def test_the_form_begins_with_the_platforms_that_are_left(browser, clips, platforms):
    address = reverse("new-export", args=[clips.project_id, "clip_post"])

    def chosen(place):
        return list(browser.get(address, {"clip": named(clips, place)}).context["form"]["platforms"].value())

    assert chosen(1) == [], "nobody has chosen any yet"
    export, _ = post(clips, platforms=["tiktok"])
    assert (chosen(1), chosen(2)) == (["instagram"], ["tiktok"])
    ended(export)
    assert chosen(1) == ["tiktok"]


def test_one_click_posts_and_a_second_leads_to_the_same(browser, clips, platforms):
    address = reverse("new-export", args=[clips.project_id, "clip_post"])
    typed = POST | {"clip": named(clips), "rights": "on", "title": "clip-01.mp4", "promotes": "none", "do": "export"}
    first, second = (browser.post(address, typed).url for _ in range(2))
    assert first == second
    export = Export.objects.get(kind="clip_post")
    assert (export.spec["platforms"], export.spec["caption"]) == (["tiktok", "instagram"], "Lofoten")
    assert Posting.objects.count() == 2
    form = browser.get(address).context["form"]
    assert (form["rights"].value(), form["privacy"].value(), form["caption"].value()) == (False, "", "Lofoten")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rights": ""}, "Confirm that you have the right to post it."),
        ({"privacy": ""}, "Expected who may see it on TikTok, got nothing."),
        ({"platforms": []}, "Expected TikTok, Instagram or both, got neither."),
        ({"clip": ""}, "Expected a clip, got nothing."),
    ],
)
def test_what_is_missing_is_said_in_the_form(browser, clips, platforms, change, said):
    address = reverse("new-export", args=[clips.project_id, "clip_post"])
    answer = browser.post(address, POST | {"clip": named(clips), "promotes": "none", "do": "export"} | change)
    assert (answer.status_code, said in answer.text) == (422, True)
    assert not Posting.objects.exists()


@pytest.mark.parametrize(
    ("options", "option", "said"),
    [
        ({"rights": "yes"}, "rights", "Confirm that you have the right"),
        ({"platforms": []}, "platforms", "got neither"),
        ({"privacy": ""}, "privacy", "got nothing"),
        ({"clip": "nowhere:1"}, "clip", "a finished clip"),
        ({"caption": "x" * 2201}, "caption", "at most 2200"),
        ({"caption": "\U0001f3de" * 1101}, "caption", "at most 2200"),
        ({"caption": "half a picture \ud83c"}, "caption", "expected text"),
        ({"allow": ["song"]}, "allow", "some of comment, duet, stitch"),
    ],
)
def test_without_the_form_it_is_refused_in_words_too(clips, options, option, said):
    found, told = refusal(clips, **options)
    assert (found, said in told) == (option, True), told


def test_a_lines_end_counts_once_however_it_is_sent(browser, clips, platforms):
    lines = "a\r\n" * (LONGEST_CAPTION // 2 - 1) + "ab"
    address = reverse("new-export", args=[clips.project_id, "clip_post"])
    typed = POST | {"clip": named(clips), "rights": "on", "promotes": "none", "do": "export", "caption": lines}
    assert browser.post(address, typed).status_code == 302
    assert len(Export.objects.get(kind="clip_post").spec["caption"]) == LONGEST_CAPTION
    assert post(clips, place=2, caption=lines)[1]


def test_what_is_no_finished_clip_of_the_project_is_not_posted(clips, stranger):
    assert refusal(clips, clip=f"{clips.pk}:103")[0] == "clip"
    hers = clips_of(project_of(stranger))
    assert refusal(clips, clip=named(hers))[0] == "clip"


def test_without_a_clip_the_form_says_where_one_is_made(browser, clips, owner):
    said, there = "There is no finished clip in this project yet.", "/exports/new/clip_it"
    bare = browser.get(f"/projects/{project_of(owner, 'Bare').pk}/exports/new/clip_post").text
    assert said in bare
    assert there in bare
    assert said not in browser.get(f"/projects/{clips.project_id}/exports/new/clip_post").text


def test_an_account_has_to_be_connected(clips, owner):
    owner.connections.filter(platform="instagram").delete()
    assert "Instagram is not connected yet" in refusal(clips)[1]
    assert post(clips, platforms=["tiktok"])[1]


# Once


def test_while_it_is_being_posted_no_other_export_is_asked_to(clips):
    post(clips, platforms=["tiktok"])
    assert "being posted already" in refusal(clips, caption="Another")[1]
    assert post(clips, platforms=["instagram"])[1], "another platform is another post"
    assert post(clips, place=2)[1], "and so is another clip"


def test_posted_it_is_not_posted_again(clips):
    export, _ = post(clips)
    kept_of(export, "tiktok").post({"id": "1"})
    kept_of(export, "instagram").post({"id": "1"})
    ended(export, "complete")
    option, said = refusal(clips)
    assert (option, "is on TikTok already" in said) == ("platforms", True)


def test_what_was_refused_can_be_posted_with_a_change_and_the_old_export_never_posts_it(clips):
    export, _ = post(clips, platforms=["tiktok"])
    ended(export)
    again, new = post(clips, platforms=["tiktok"], caption="Another")
    assert new
    assert kept_of(export, "tiktok").claimed(1) == {"by": "site"}
    assert Posting.objects.get(let_go_at=None).export_id == again.pk


def test_what_tiktok_was_sent_is_found_out_by_a_retry_and_by_no_second_post(clips):
    export, _ = post(clips, platforms=["tiktok"])
    kept_of(export, "tiktok").claim(1, WORK)
    ended(export, cause="platform_slow")
    assert "Retry that export" in refusal(clips, platforms=["tiktok"], looked=True)[1]
    assert kept_of(export, "tiktok").claimed(2) is None, "and that may still post it"


def test_what_nobody_knows_is_posted_again_only_by_who_has_looked(clips, browser, platforms):
    export, _ = post(clips, platforms=["instagram"])
    kept_of(export, "instagram").claim(1, WORK)
    ended(export, cause="posting_unknown")
    option, said = refusal(clips, platforms=["instagram"])
    assert (option, "Look at your Instagram account" in said) == ("looked", True)
    address = reverse("new-export", args=[clips.project_id, "clip_post"])
    assert "I have looked: it is not there" in browser.get(address).text
    assert post(clips, platforms=["instagram"], looked=True)[1]
    assert kept_of(export, "instagram").claimed(2) == {"by": "site"}, "nor does a retry of the first begin it anew"


def test_a_clip_is_kept_while_a_post_of_it_is_under_way(clips, settings):
    settings.KEEP_DAYS = 1
    Job.objects.filter(pk=clips.pk).update(settled_at=timezone.now() - timedelta(days=2))
    export, _ = post(clips)
    assert retention.expire(tools()).due == 0
    ended(export)
    assert retention.expire(tools()).expired == 1


def test_a_clip_that_is_posted_after_it_was_found_to_be_due_is_kept(clips, settings):
    settings.KEEP_DAYS = 1
    Job.objects.filter(pk=clips.pk).update(settled_at=timezone.now() - timedelta(days=2))
    assert [each.pk for each in retention._due(timezone.now(), None)] == [clips.pk]
    export, _ = post(clips)
    assert not retention._let_go(clips.pk, tools())
    assert fresh(clips).job.status == Status.COMPLETE
    ended(export)
    assert retention._let_go(clips.pk, tools())


def test_a_clip_that_was_let_go_after_its_post_was_planned_is_not_posted(clips, settings):
    settings.KEEP_DAYS = 1
    spec = Export.planned(clips.project, kind="clip_post", options=POST | {"clip": named(clips)})
    Job.objects.filter(pk=clips.pk).update(settled_at=timezone.now() - timedelta(days=2))
    assert retention.expire(tools()).expired == 1
    with pytest.raises(Unplannable, match="expected a finished clip"):
        Export.begin(clips.project, kind="clip_post", spec=spec)
    assert not Posting.objects.exists()


def test_from_scratch_it_is_never_run_again(clips):
    export, _ = post(clips)
    assert ended(export, "complete").again(actor="staff", reason="-") is None


@pytest.mark.django_db(transaction=True)
def test_of_two_that_ask_at_the_same_moment_one_posts(owner):
    clips = clips_of(project_of(owner))
    exports, ready, won = [clips_of(clips.project) for _ in range(2)], threading.Barrier(2), []

    def take(export):
        try:
            ready.wait()
            Posting.take(export, clip_of=clips.pk, place=1, platforms=["tiktok", "instagram"])
            won.append(export.pk)
        except Taken:
            pass
        finally:
            connection.close()

    both = [threading.Thread(target=take, args=[export]) for export in exports]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert len(won) == 1
    assert {row.export_id for row in Posting.objects.all()} == set(won)


# What the work is told, and what it is not


def test_the_token_goes_with_the_order_and_into_no_row_and_no_object(clips, settings):
    export, _ = post(clips)
    kind = kinds.get("clip_post")
    assert kind.carried(export)["tiktok"] == {"token": "act.good", "id": "178", "name": "olga"}
    assert "act.good" not in str(kind.spec(export))
    assert "act.good" not in str(list(clips.job.owner.connections.values()))
    assert kind.reads(export.spec) == (f"attempts/{clips.pk}/1/out/c.1/",)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 10, [settings.SECRET_KEY]
    assert kind.carried(export)["tiktok"]["token"] == "act.good"
    settings.SECRET_KEY_FALLBACKS = []
    assert kind.carried(export) == {}, "without the key there is nothing to be had of it"
