"""A clip is let go by the export that was to post it before: by every door, in no transaction, all or nothing."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from exports import kinds
from exports.models import Answered, Export, Posting, Token, Worked
from exports.tools import tools
from modal_functions.folder import FolderStore
from modal_functions.publishing.going import SITE, WORK
from modal_functions.store import Unreachable
from progress.models import Job
from tests.exports.api.conftest import Script
from tests.exports.clips import POST, ended, kept_of, named, post, refusal

TYPED = POST | {"rights": "on", "promotes": "none", "do": "export"}


@pytest.fixture(autouse=True)
def store(settings, tmp_path):
    settings.STORE_ROOT = tmp_path / "store"
    tools.cache_clear()
    yield
    tools.cache_clear()


@pytest.fixture
def script(owner):
    """Asks as a program does, each time as whoever has never asked before."""
    _, shown = Token.make(owner, name="script", scope="write")

    def ask(clips, **headers):
        asked = {"project": str(clips.project_id), "kind": "clip_post", "options": POST | {"clip": named(clips)}}
        return Script(shown).post("/exports", asked, **headers)

    return ask


@pytest.fixture
def within(monkeypatch):
    """Of each question to the store: whether a transaction was open."""
    found = []
    for name in ("get", "put_once"):
        real = getattr(FolderStore, name)

        def asked(*given, real=real, **more):
            found.append(connection.in_atomic_block)
            return real(*given, **more)

        monkeypatch.setattr(FolderStore, name, asked)
    return found


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("door", ["the page", "the API", "the API with a key"])
def test_nothing_is_asked_of_the_store_while_a_transaction_is_open(browser, clips, script, within, door):
    ended(post(clips)[0])
    if door == "the page":
        address = reverse("new-export", args=[clips.project_id, "clip_post"])
        assert browser.post(address, TYPED | {"clip": named(clips)}).status_code == 302
    else:
        headers = {"Idempotency-Key": "k1"} if "key" in door else {}
        assert script(clips, **headers).status_code == 201
    assert within, "it was asked whether the clip is free"
    assert not any(within)
    assert Job.objects.active().filter(pipeline="clip_post@1").count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_key_twice_at_the_same_moment_is_one_post(clips, script):
    before, _ = post(clips)
    ended(before)
    ready, answers = threading.Barrier(2), []

    def ask():
        try:
            ready.wait()
            answers.append(script(clips, **{"Idempotency-Key": "k1"}))
        finally:
            connection.close()

    both = [threading.Thread(target=ask) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert [answer.status_code for answer in answers] == [201, 201], [answer.content for answer in answers]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Export.objects.filter(kind="clip_post").exclude(pk=before.pk).count() == 1
    assert Posting.objects.filter(let_go_at=None).count() == 2


@pytest.mark.django_db
def test_a_key_is_answered_as_it_was_though_the_clip_is_posted_by_now(clips, script):
    first = script(clips, **{"Idempotency-Key": "k1"})
    export = Export.objects.get(pk=first.json()["id"])
    ended(export, "complete")
    again = script(clips, **{"Idempotency-Key": "k1"})
    assert (again.status_code, again.json()) == (201, first.json())
    assert script(clips, **{"Idempotency-Key": "k2"}).status_code == 422
    assert Answered.objects.count() == 1


@pytest.mark.django_db
def test_who_is_refused_while_the_same_was_done_with_the_same_key_is_told_of_that(clips, script, monkeypatch):
    ended(post(clips)[0])
    real, first = FolderStore.get, []

    def away(store, key):
        if first:
            return real(store, key)
        first.append(None)
        first[0] = script(clips, **{"Idempotency-Key": "k1"})
        raise Unreachable("away")

    monkeypatch.setattr(FolderStore, "get", away)
    second = script(clips, **{"Idempotency-Key": "k1"})
    assert (second.status_code, second.json()) == (201, first[0].json())


@pytest.mark.django_db
def test_where_one_platform_is_against_it_the_other_is_not_let_go_either(clips):
    tiktok, _ = post(clips, platforms=["tiktok"])
    instagram, _ = post(clips, platforms=["instagram"])
    kept_of(instagram, "instagram").claim(1, WORK)
    ended(tiktok)
    ended(instagram, cause="posting_unknown")
    assert refusal(clips)[0] == "looked"
    assert kept_of(tiktok, "tiktok").claimed(1) is None, "a retry of it may still post it"
    assert Posting.objects.filter(let_go_at=None).count() == 2


@pytest.mark.django_db
def test_where_one_platform_is_being_posted_to_the_other_is_not_let_go_either(clips):
    tiktok, _ = post(clips, platforms=["tiktok"])
    post(clips, platforms=["instagram"])
    ended(tiktok)
    assert "being posted already" in refusal(clips)[1]
    assert kept_of(tiktok, "tiktok").claimed(1) is None


@pytest.mark.django_db
def test_where_the_minutes_of_the_day_are_used_up_nothing_is_let_go(clips, settings):
    export, _ = post(clips, platforms=["tiktok"])
    ended(export)
    settings.MINUTES_A_DAY, now = 1, timezone.now()
    Worked.objects.create(owner=clips.project.owner, began=now - timedelta(minutes=5), ended=now)
    assert "minute" in refusal(clips, platforms=["tiktok"])[1]
    assert kept_of(export, "tiktok").claimed(1) is None


@pytest.mark.django_db
def test_what_a_complete_export_has_posted_is_known_without_the_store(clips, within):
    export, _ = post(clips, platforms=["tiktok"])
    ended(export, "complete")
    assert "is on TikTok already" in refusal(clips, platforms=["tiktok"])[1]
    assert within == []


def test_what_tiktok_does_not_tell_the_account_of_now_is_posted_by_who_has_looked(clips):
    export, _ = post(clips, platforms=["tiktok"])
    kept_of(export, "tiktok").claim(1, WORK)
    ended(export, cause="other_account")
    option, said = refusal(clips, platforms=["tiktok"])
    assert (option, "Look at your TikTok account" in said) == ("looked", True)
    assert post(clips, platforms=["tiktok"], looked=True)[1]
    assert kept_of(export, "tiktok").claimed(2) == {"by": "site"}, "nor does a retry of the first send the rest of it"


def test_what_an_export_that_is_deleted_may_have_posted_is_posted_by_who_has_looked(clips):
    export, _ = post(clips, platforms=["tiktok"])
    kept_of(export, "tiktok").claim(1, WORK)
    assert ended(export).discard()
    assert refusal(clips, platforms=["tiktok"])[0] == "looked", "there is nothing to retry"
    assert post(clips, platforms=["tiktok"], looked=True)[1]


def test_work_is_told_whether_another_export_posts_what_was_let_go(clips):
    export, _ = post(clips, platforms=["tiktok"])
    ended(export)
    told = kinds.get("clip_post").spec
    assert kept_of(export, "tiktok").let_go(SITE) == "free"
    assert told(export)["given"] == [], "the site was killed between this one and the next"
    again, _ = post(clips, platforms=["tiktok"])
    assert (told(export)["given"], told(again)["given"]) == (["tiktok"], [])
