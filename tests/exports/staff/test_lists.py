"""The lists of staff: who gets in, what a list shows and finds, and what it costs."""

import re
from datetime import timedelta

import pytest
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from exports.models import Attempt
from exports.staff import listing
from progress.models import Job
from tests.exports.staff.asking import ACT, LIST, SYSTEM, failed, queries_of, short, shown, story
from tests.exports.staff.conftest import allow, fresh, project_of, requested, together

pytestmark = pytest.mark.django_db


def test_the_admin_has_the_icon_of_the_site(boss):
    assert re.search(r'<link rel="icon" href="[^"]*favicon[^"]*\.svg"', boss.get(reverse("admin:index")).text)


# Who gets in


@pytest.mark.parametrize("path", [LIST, SYSTEM, "/admin/exports/bulk/"])
def test_only_staff_gets_in(path, owner, visitor, boss, signed_in, as_guest):
    guest, _ = as_guest()
    for client in (visitor, guest, signed_in(owner)):
        assert client.get(path).url == f"{reverse('admin:login')}?next={path}"
    assert boss.get(path).status_code == 200


def test_staff_without_permission_sees_no_export(clerk, export, signed_in):
    client = signed_in(clerk)
    for path in (LIST, SYSTEM, story(export), f"{LIST}{export.pk}/asked/", f"{LIST}{export.pk}/blackbox/"):
        assert client.get(path).status_code == 403
    assert client.post(ACT, {"act": "cancel", "export": str(export.pk)}).status_code == 403


def test_staff_of_a_group_sees_the_exports_of_its_owners_and_no_others(clerk, owner, stranger, export, signed_in):
    theirs, hers = requested(project_of(stranger, "Alps")), export
    together("north", clerk, owner)
    client = signed_in(allow(clerk, "view_export", "cancel_export"))
    answer = client.get(LIST, {"view": "all"})
    assert shown(answer) == short(hers)
    assert "north" in answer.text
    assert client.get(story(hers)).status_code == 200
    assert client.get(reverse("export", args=[hers.pk])).status_code == 200, "and what the owner sees"
    assert client.get(reverse("progress:fragment", args=[hers.pk])).status_code == 200
    assert client.get(story(theirs)).status_code == 404
    assert client.get(reverse("export", args=[theirs.pk])).status_code == 404
    assert shown(client.get(LIST, {"q": str(theirs.pk)})) == []
    client.post(ACT, {"act": "cancel", "export": [str(hers.pk), str(theirs.pk)], "sure": "1"})
    assert (fresh(hers).job.wish, fresh(theirs).job.wish) == ("cancel", "run")
    assert client.get(SYSTEM).status_code == 403


def test_staff_in_no_group_sees_none_unless_it_may_view_every_job(clerk, export, signed_in):
    answer = signed_in(allow(clerk, "view_export")).get(LIST, {"view": "all"})
    assert shown(answer) == []
    assert "in no group" in answer.text
    assert shown(signed_in(allow(clerk, "view_job")).get(LIST, {"view": "all"})) == short(export)


def test_an_owner_who_is_no_staff_gains_nothing_by_a_group(owner, stranger, export, signed_in):
    together("north", owner, stranger)
    client = signed_in(allow(stranger, "view_export"))
    assert client.get(reverse("export", args=[export.pk])).status_code == 404
    assert client.get(LIST).status_code == 302


def test_an_act_needs_its_permission(clerk, owner, export, signed_in):
    client = signed_in(allow(clerk, "view_job", "check_export"))
    assert client.post(ACT, {"act": "cancel", "export": str(export.pk), "sure": "1"}).status_code == 400
    assert fresh(export).job.wish == "run"
    page = client.get(story(export)).text
    assert 'value="check"' in page
    assert 'value="cancel"' not in page


def test_nothing_is_added_or_changed_by_a_form(boss, export):
    for path in (f"{LIST}add/", f"{LIST}{export.pk}/delete/"):
        assert boss.get(path).status_code == 404
    assert boss.post(story(export), {"kind": "planted"}).status_code in (200, 405)
    assert fresh(export).kind == "multi_clip"


# The list


def test_the_list_begins_with_what_needs_attention(boss, many):
    first, second, _ = many(3)
    failed(first)
    failed(second, "input_unreadable")
    answer = boss.get(LIST)
    assert shown(answer) == short(first)
    assert "The machine had too little memory." in answer.text


def test_a_quiet_installation_says_that_nothing_needs_attention(boss, export):
    assert "Nothing needs attention." in boss.get(LIST).text


def test_a_silent_driver_is_said_above_every_list(boss, export):
    for view in listing.VIEWS:
        assert "Nobody has driven exports" in boss.get(LIST, {"view": view}).text


def test_every_view_and_every_filter_has_its_page(boss, many):
    failed(many(2)[0])
    for view in listing.VIEWS:
        assert boss.get(LIST, {"view": view, "pipeline": "multi_clip@1"}).status_code == 200
    assert len(shown(boss.get(LIST, {"view": "failed"}))) == 1
    assert len(shown(boss.get(LIST, {"view": "all"}))) == 2
    assert len(shown(boss.get(LIST, {"view": "active", "pipeline": "multi_clip@1"}))) == 1


def test_the_list_tells_of_each_what_an_operator_asks_first(boss, export, work):
    page = boss.get(LIST, {"view": "active"}).text
    for said in (str(export.pk)[:8], "olga", "multi_clip@1", "Running", "Rendering", "54", "ago", "local", "call-1"):
        assert said in page


@pytest.mark.parametrize("how", ["id", "beginning", "beginning with dashes", "owner", "call"])
def test_an_export_is_found_by(how, boss, export, stranger):
    requested(project_of(stranger, "Alps"))
    Attempt.objects.create(export=export, number=1, runner="modal", call_id="fc-0123456789")
    asked = {
        "id": str(export.pk),
        "beginning": export.pk.hex[:7],
        "beginning with dashes": str(export.pk)[:12].upper(),
        "owner": "olga",
        "call": "fc-0123456789",
    }[how]
    assert shown(boss.get(LIST, {"q": asked})) == short(export)


@pytest.mark.parametrize("asked", ["' OR 1=1 --", "abc", "zz", "\0", "é" * 200, "fc-none"])
def test_a_search_for_nonsense_finds_nothing(asked, boss, export):
    assert shown(boss.get(LIST, {"q": asked})) in ([], short(export) if not asked.strip("\0") else [])


NOBODYS = "00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    "after",
    [
        *("x", "2026-13-45/1", "2026-01-01T00:00:00/x", "9999-12-31T23:59:59+00:00/1"),
        *(f"9999-12-31T23:59:59-23:00/{NOBODYS}", f"0001-01-01T00:00:00+23:00/{NOBODYS}"),
    ],
)
def test_a_page_that_nobody_has_is_the_first(after, boss, export):
    assert boss.get(LIST, {"view": "all", "after": after}).status_code == 200


def test_pages_go_on_where_the_last_one_ended(boss, many, monkeypatch):
    exports = many(2 * listing.PAGE + 3)
    same = exports[30].job.created_at
    Job.objects.filter(pk__in=[export.pk for export in exports[20:60]]).update(created_at=same)
    seen, address = [], f"{LIST}?view=all"
    while address:
        answer = boss.get(address)
        seen.append(shown(answer))
        older = re.search(r'href="(\?[^"]*)" rel="next"', answer.text)
        address = LIST + older[1].replace("&amp;", "&") if older else ""
    assert [len(page) for page in seen] == [listing.PAGE, listing.PAGE, 3]
    assert sorted(each for page in seen for each in page) == sorted(short(*exports))


def test_what_needs_attention_is_found_behind_many_that_only_look_so_to_the_index(boss, many):
    """Silent for longer than a minute, and not for three times their usual gap."""
    exports = many(listing.PAGE + 2)
    now = timezone.now()
    Job.objects.update(status="running", gap=40, heard_at=now - timedelta(seconds=70), started_at=now)
    Job.objects.filter(pk=exports[0].pk).update(heard_at=now - timedelta(seconds=700))
    answer = boss.get(LIST)
    assert shown(answer) == short(exports[0])
    assert "Nothing needs attention." not in answer.text
    asked = listing.Asked(scope=Q(), now=timezone.now())
    assert listing.all_ids(asked, 10) == [exports[0].pk]


def test_a_list_costs_the_same_for_two_as_for_forty_and_counts_nothing(boss, many):
    counts = {}
    for size in (2, 40):
        for export in many(size):
            failed(export)
        for view in ("attention", "all", "failed", "active"):
            queries = queries_of(boss, f"{LIST}?view={view}")
            assert not [each["sql"] for each in queries if "COUNT(" in each["sql"]]
            counts.setdefault(view, []).append(len(queries))
    assert all(few == more for few, more in counts.values()), counts
    assert max(more for _, more in counts.values()) <= 18
