"""Every address of the site, found in its URL configuration, asked for by everybody it is not for.

How much was asked is printed by `pytest -s`, and stands in docs/SECURITY.md.
"""

import itertools
import re
import uuid
from collections import Counter

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db.models import Q
from django.test import Client
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from exports.models import Contact, Export, Share, Token, User
from exports_site.asgi import SOCKET
from progress.models import Job
from tests.exports.footage import driver_is_awake, film_of, finished, project_of, requested
from tests.exports_site.test_push import Stream, own_thread, play  # noqa: F401 - a fixture of every test here

pytestmark = pytest.mark.django_db
VERBS = ("get", "post", "put", "delete")
# What anybody may open: pages before the door, and addresses that are the permission themselves, none of them right.
OPEN = {
    "start", "start-as-guest", "sign-up", "sign-in", "sign-out", "api-docs", "openapi-json", "api-root",
    "statistics", "stats", "metrics", "indicator", "confirm", "stop", "shown", "sms-replied", "shared",
    "shared-fragment", "shared-watch", "shared-download", "assembly-websocket", "attempt-report", "resume",
    "login", "logout", "jsi18n", "healthz", "readyz",
}  # fmt: skip
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)")


def addresses(patterns=None, before="", names=()):
    for each in patterns if patterns is not None else get_resolver().url_patterns:
        route = before + str(each.pattern).removeprefix("^").removesuffix("$").removesuffix("\\Z")
        if isinstance(each, URLPattern):
            yield each.name or "", "/" + route
        else:
            yield from addresses(each.url_patterns, route)


@pytest.fixture
def hers(owner):
    """Something of hers behind every parameter that an address can have."""
    driver_is_awake()
    project = project_of(owner, "Hers alone")
    clip = film_of(project, "hers-alone.mov")[0]
    export = finished(requested(project, title="Hers alone"))
    token, _ = Token.make(owner, name="Hers alone", scope="write")
    contact = Contact.objects.create(owner=owner, channel="mail", address="hers-alone@example.com", address_hash="h")
    owner.groups.add(Group.objects.create(name="day"))
    ids = {"project_id": project.pk, "source_id": clip.source_id, "job_id": export.pk, "export_id": export.pk}
    return ids | {
        "token_id": token.pk, "contact_id": contact.pk, "number": 1, "place": 0, "verb": "cancel", "key": "multi_clip",
        "name": "x.jpg", "token": "nonsense", "secret": "nonsense", "rest": "nothing", "url": "nothing",
    }  # fmt: skip


def filled(route, ids):
    return PARAMETER.sub(lambda found: str(ids.get(found[1] or found[2], 1)), route)


def of_somebody(ids):
    """The addresses that lead to something of one person."""
    known = {name for name in ids if name.endswith("_id")}
    return sorted(
        {
            (name, filled(route, ids))
            for name, route in addresses()
            if known & {one or other for one, other in PARAMETER.findall(route)} and not route.startswith("/admin/")
        }
    )


def clerk_of(name, group, *codenames):
    """Staff that may do those things with the exports of whoever shares the group."""
    clerk = User.objects.create_user(name, password="a long secret of staff", is_staff=True)
    clerk.groups.add(Group.objects.create(name=group))
    clerk.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return clerk


def every_act():
    """All that staff may do with an export, without the right to see everybody's."""
    ours = Q(content_type__app_label="exports", content_type__model="export")
    return Permission.objects.filter(ours).values_list("codename", flat=True)


@pytest.fixture
def others(stranger):
    accounts = {
        "a stranger": stranger,
        "a guest": User.objects.create_guest(),
        "staff of nobody": clerk_of("clara", "nobody's"),
        "staff of another group": clerk_of("nils", "night", *every_act()),
    }
    browsers = {"nobody": Client()}
    for name, account in accounts.items():
        browsers[name] = Client()
        browsers[name].force_login(account)
    for name, account in (("a stranger's script", stranger), ("a script of staff", accounts["staff of another group"])):
        _, shown = Token.make(account, name="script", scope="write")
        browsers[name] = Client(headers={"Authorization": f"Bearer {shown}"})
    return browsers


def is_refused(answer):
    """Told so, or sent to the door."""
    door = answer.get("Location", answer.get("HX-Redirect", ""))
    return 400 <= answer.status_code < 500 or door.startswith("/sign-in") or answer.status_code == 286


def is_hers(text):
    return any(mark in text for mark in (b"ers alone", b"ers-alone"))


def body_of(answer):
    return b"".join(answer) if answer.streaming else answer.content


def as_it_stands():
    """All that anybody could change of hers."""
    tables = (Job, Export, Contact, Share, *(apps.get_model("exports", name) for name in ("Project", "Source", "Clip")))
    return [list(table.objects.order_by("pk").values()) for table in tables]


def of_nothing(address, ids):
    """The same address, of things that there are not."""
    for name, value in ids.items():
        if name.endswith("_id"):
            other = f"tokens/{value}9/" if isinstance(value, int) else str(uuid.uuid4())
            address = address.replace(f"tokens/{value}/" if isinstance(value, int) else str(value), other)
    return address


def test_nothing_of_hers_is_shown_or_changed_for_anybody_else_whatever_is_asked_and_how(hers, others, settings):
    settings.API_CHANGES_A_MINUTE = settings.API_QUESTIONS_A_MINUTE = 1_000_000
    before, asked, told, let_in = as_it_stands(), Counter(), Counter(), []
    for (name, address), (who, browser), verb in itertools.product(of_somebody(hers), others.items(), VERBS):
        answer = getattr(browser, verb)(address, {} if verb in ("get", "post") else b"")
        asked[who] += 1
        told[answer.status_code] += 1
        twin = getattr(browser, verb)(of_nothing(address, hers), {} if verb in ("get", "post") else b"")
        hidden = answer.status_code == twin.status_code  # nobody is told that there is something
        if is_hers(body_of(answer)) or not hidden or (name not in OPEN and not is_refused(answer)):
            let_in.append(f"{who}: {verb.upper()} {address} ({name}): {answer.status_code}")
    print(f"\nOf hers: {asked.total():,} questions, by each of {len(asked)}: {dict(told)}")
    assert let_in == [], "\n".join(let_in)
    assert asked.total() > 1_000
    assert as_it_stands() == before
    assert not Token.objects.filter(owner__username="olga", revoked_at__isnull=False).exists()


def of_the_admin(ids):
    """Its addresses; where one is of a row, of one that there is."""
    for name, route in addresses():
        if route.startswith("/admin/") and "login" not in route and "logout" not in route:
            yield name, filled(route, ids | {"object_id": _row_of(name), "content_type_id": 1})


def _row_of(name):
    labels = {f"{each._meta.app_label}_{each._meta.model_name}_": each for each in apps.get_models()}
    row = next((model.objects.first() for label, model in labels.items() if name.startswith(label)), None)
    return row.pk if row else 1


def test_the_admin_is_closed_to_whoever_is_not_staff_and_staff_of_others_finds_nothing_of_hers(hers, others):
    routes = sorted({address for _, address in of_the_admin(hers)})
    before, asked, let_in = as_it_stands(), Counter(), []
    closed = {"nobody", "a stranger", "a guest", "a stranger's script"}
    for who, verb in itertools.product(others, ("get", "post")):
        for route in routes:
            answer = getattr(others[who], verb)(route, {"post": "yes", "sure": "1"} if verb == "post" else {})
            asked[who] += 1
            opened = who in closed and answer.status_code not in (302, 403, 404, 405)
            if opened or is_hers(answer.content):
                let_in.append(f"{who}: {verb.upper()} {route}: {answer.status_code}")
    for act, export in (("cancel", hers["job_id"]), ("fail", hers["job_id"]), ("again", hers["job_id"])):
        others["staff of another group"].post("/admin/exports/export/act/", {"act": act, "export": export, "sure": "1"})
    print(f"\nThe admin: {asked.total():,} questions at {len(routes)} addresses, by each of {len(asked)}")
    assert let_in == [], "\n".join(let_in)
    assert len(routes) > 20
    assert as_it_stands() == before


def test_what_one_guest_has_is_closed_to_another(others, settings):
    settings.GUEST_MINUTES_A_DAY = 0
    one = User.objects.create_guest()
    project = project_of(one, "Hers alone")
    film_of(project, "hers-alone.mov")
    export = finished(requested(project, title="Hers alone"))
    ids = {
        "project_id": project.pk,
        "job_id": export.pk,
        "export_id": export.pk,
        "number": 1,
        "place": 0,
        "name": "x.jpg",
    }
    mine = Client()
    mine.force_login(one)
    asked = [(name, address) for name, address in of_somebody(ids | {"key": "multi_clip"}) if "_id" not in address]
    seen = [mine.get(address) for _, address in asked]
    assert sum(answer.status_code == 200 and bool(body_of(answer)) for answer in seen) > 10
    for name, address in asked:
        answer = others["a guest"].get(address)
        assert name in OPEN or is_refused(answer), address
        assert not is_hers(body_of(answer)), address


def test_a_link_opens_the_one_export_that_it_is_of_and_only_what_it_allows(hers, others):
    token = Share.open_for(Export.objects.get(), may_download=False).token
    project = project_of(User.objects.get(username="olga"), "Another of hers")
    film_of(project, "other.mov")
    other = finished(requested(project))
    lent = {name: filled(route, {**hers, "token": token}) for name, route in addresses() if name.startswith("shared")}
    assert {"shared", "shared-fragment", "shared-watch", "shared-download", "shared-result"} <= set(lent)
    opened = {name: others["nobody"].get(address).status_code for name, address in lent.items()}
    assert {name for name, status in opened.items() if status in (200, 286)} == {"shared", "shared-fragment"}
    assert str(other.pk) not in others["nobody"].get(lent["shared"]).text
    assert others["nobody"].get(f"/exports/{hers['job_id']}/").status_code == 302, "it is no key to anything else"


def test_she_herself_is_let_in(hers, owner):
    """So that a crawl that is refused everywhere proves something."""
    browser = Client()
    browser.force_login(owner)
    answers = [browser.get(address) for _, address in of_somebody(hers)]
    for answer in answers:
        answer.close()
    assert [answer.status_code for answer in answers].count(200) > 15


@pytest.mark.django_db(transaction=True)
def test_news_of_hers_is_pushed_to_nobody_else(hers, others):
    """By both ways of pushing; `tests/exports_site/test_push.py` has what she gets herself."""
    ways = [("http", "/api/v1/stream", f"jobs={hers['job_id']}")]
    ways += [("websocket", f"{SOCKET[0]}{hers['job_id']}{SOCKET[1]}", "")]

    async def story(app):
        for (who, browser), (kind, path, query) in itertools.product(others.items(), ways):
            known = {"authorization": browser.headers["Authorization"]} if browser.headers else {}
            if "sessionid" in browser.cookies:
                known = {"cookie": f"sessionid={browser.cookies['sessionid'].value}"}
            first = await Stream(app, path, query, kind=kind, **known).next()
            refused = first.get("status") in (401, 404) or first["type"] == "websocket.close"
            assert refused, f"{who}, {kind}: {first}"

    play(story)


def test_whatever_is_sent_from_a_page_of_hers_has_the_token_without_which_it_is_refused(hers, owner):
    browser = Client()
    browser.force_login(owner)
    Contact.objects.update(verified_at=timezone.now())
    Contact.objects.create(owner=owner, channel="webhook", address="https://a.example", address_hash="i")
    sent = Counter()
    for name, route in addresses():
        if route.startswith("/admin/") or name == "sign-out":
            continue
        answer = browser.get(filled(route, hers))
        body = body_of(answer).decode(errors="replace")
        for form in re.findall(r"<form\b[^>]*method=.post.*?</form>", body, re.DOTALL):
            assert re.search(r'name="csrfmiddlewaretoken" value="\w+"', form), (name, form[:300])
            sent[name] += 1
    assert {"project", "export", "notifications", "tokens", "account"} <= set(sent), sent
    assert sent["notifications"] >= 6
