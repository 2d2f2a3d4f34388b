"""Pages in a language in which all that can be translated stands in brackets. English outside of them was not marked.

What a machine says while it works, and why something failed, is kept as it was said: it is told in those words.
"""

from datetime import timedelta
from zoneinfo import available_timezones

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext

from exports import kinds
from exports.models import Contact, Export, Notice, Source, User
from exports.models.delivery import Delivery
from exports.outbox import wording as mails
from exports.outbox.facts import facts_of
from progress import markup
from progress.models import Job, Status
from progress.snapshot import snapshot
from progress.tracker import ProgressTracker
from tests.exports.footage import driver_is_awake, film_of, finished, project_of, requested, running, source_in
from tests.exports_site.brackets import LANGUAGE, OPEN, SHUT, bare, compile_into, outside

pytestmark = pytest.mark.django_db
NAME = "Жук"  # what people call things is theirs, and no English
FILE = "Жук.m4v"
KINDS = kinds.registered()
PIPELINES = [each for kind in KINDS for each in kind.pipelines]


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    folder = tmp_path_factory.mktemp("locale")
    compile_into(folder)
    return folder


@pytest.fixture(autouse=True)
def in_brackets(settings, catalogue):
    settings.LOCALE_PATHS = [catalogue]
    with translation.override(LANGUAGE):
        yield


@pytest.fixture
def reader(db):
    browser = Client()
    browser.account = User.objects.create_user("жук", password="a long secret of his")
    browser.force_login(browser.account)
    return browser


@pytest.fixture
def project(reader):
    driver_is_awake()
    project = project_of(reader.account, NAME)
    film_of(project, FILE)
    return project


def read(browser, address):
    answer = browser.get(address, follow=True)
    assert answer.status_code == 200
    return [said for said in outside(answer.content.decode()) if said not in available_timezones()]


@pytest.mark.parametrize("pipeline", PIPELINES, ids=lambda each: each.key)
def test_a_card_is_told_in_it_at_each_stage_and_in_each_state(pipeline, reader):
    job, now, found = ProgressTracker().create(pipeline.key, title=NAME, owner=reader.account), timezone.now(), set()
    for status in Status:
        for stage in pipeline.stages:
            seen = Job(**{field.attname: getattr(job, field.attname) for field in Job._meta.concrete_fields})
            seen.owner, seen.status, seen.stage, seen.done, seen.total = job.owner, status, stage.key, 30, 90
            seen.unit, seen.attempt, seen.bp, seen.heard_at, seen.stage_began = stage.unit or "", 2, 4000, now, now
            seen.started_at, seen.finish = now - timedelta(minutes=5), now + timedelta(minutes=5)
            seen.passed = {each.key: [9.0, 1, 1] for each in pipeline.stages}
            seen.settled_at = now if status in ("complete", "failed", "cancelled", "expired") else None
            found.update(outside(markup.fragment(snapshot(seen, now))))
    assert found == set()


@pytest.mark.parametrize("kind", KINDS, ids=lambda each: each.key)
def test_what_a_kind_is_called_and_asks_is(kind, reader, project):
    words = [kind.label, kind.noun, kind.told, kind.caution, kind.pieces, kind.press, *kind.leaves.values()]
    assert [word for word in words if word and not gettext(word).startswith(OPEN)] == []
    form = kind.form(None, project=project)
    assert outside(form.as_p()) == []
    refused = kind.form({}, {}, project=project).errors.values()
    assert outside("<br>".join(sentence for errors in refused for sentence in errors)) == []


@pytest.mark.parametrize(
    "name",
    ["start", "sign-up", "sign-in", "dashboard", "projects", "account", "notifications", "tokens", "connections",
     "change-password", "statistics"],
)  # fmt: skip
def test_a_page_is(name, reader, project):
    browser, address = Client() if name.startswith(("sign", "start")) else reader, reverse(name)
    assert read(browser, address) == []


@pytest.mark.parametrize("state", ["uploading", "queued", "running", "paused", "complete", "cancelled", "failed"])
def test_the_page_of_an_export_is(state, reader, project):
    if state == "uploading":
        project.append([source_in(project, FILE, state="uploading", stored_bytes=10)])
    export = requested(project, title=NAME)
    tracker = ProgressTracker()
    if state in ("running", "paused", "failed"):
        running(export)
    if state == "queued":
        tracker.uploaded(export.pk)
    if state == "paused":
        tracker.pause(export.pk)
    if state == "complete":
        finished(export)
    if state == "cancelled":
        tracker.cancel(export.pk, actor="user 1", text="Ж.")
    if state == "failed":
        tracker.fail(export.pk, cause="internal", text="Ж.")
    assert read(reader, f"/exports/{export.pk}/") == []


@pytest.mark.parametrize("state", Source.State.values)
def test_a_project_is(state, reader, project):
    source_in(project, FILE, state=state, stored_bytes=10, refusal="Ж." if state == "refused" else "")
    assert read(reader, f"/projects/{project.pk}/") == []
    assert read(reader, f"/projects/{project.pk}/exports/new") == []


def test_a_notice_is(reader, project):
    export = requested(project, title=NAME)
    Notice.owe(export, "done", attempt=1, text=f"“{NAME}” is ready.")
    assert read(reader, "/projects/") == []


@pytest.mark.parametrize("event", ["done", "failed", "stuck", "soon", "digest", "verify"])
@pytest.mark.parametrize("channel", ["mail", "sms"])
def test_a_message_is(event, channel, reader, project, settings):
    export = finished(requested(project, title=NAME))
    contact = Contact.objects.create(owner=reader.account, channel=channel, address="ж", address_hash="ж")
    facts = facts_of(Export.objects.select_related("job", "project").get(pk=export.pk), event, "Ж.")
    now = timezone.now().isoformat()
    facts |= {"items": [{"title": NAME, "said": "Complete"}], "more": 2, "finish": now, "since": now, "at": now}
    delivery = Delivery.to(contact, event, export=export, facts=facts, key_until=timezone.now())
    letter = mails._LETTERS[mails.Event(event)](delivery, timezone.get_current_timezone())
    told = [letter.subject, letter.lead, letter.link_label, *(text for row in letter.fields for text in row)]
    told += letter.notes
    assert outside("<br>".join(text for text in told if text)) == []


def test_english_that_is_not_marked_is_found():
    marked = f"{OPEN}See <b>it</b> there{SHUT}"
    assert outside(f'<p title="Open it">{marked}</p>') == ["Open it"]
    assert outside(f"<p>{marked} and here</p>") == ["there⟧ and here"]
    assert outside("<code>lh_x</code><p>12 MB · Жук</p>") == []
    assert bare(f"a{OPEN}b{SHUT}c") == "ac"
