"""Every address of the site, found in its URL configuration, asked for by everybody it is not for."""

import itertools
import re

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver

from exports.models import Contact, Export, Token
from progress.models import Job
from tests.exports.footage import driver_is_awake, film_of, finished, project_of, requested

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


@pytest.fixture
def others(stranger, django_user_model):
    clerk = django_user_model.objects.create_user("clara", password="a long secret of hers", is_staff=True)
    guest = django_user_model.objects.create_guest()
    browsers = {"nobody": Client()}
    for name, account in (("a stranger", stranger), ("staff of nobody", clerk), ("a guest", guest)):
        browsers[name] = Client()
        browsers[name].force_login(account)
    _, shown = Token.make(stranger, name="script", scope="write")
    browsers["a stranger's script"] = Client(headers={"Authorization": f"Bearer {shown}"})
    return browsers


def is_refused(answer):
    """Told so, or sent to the door."""
    door = answer.get("Location", answer.get("HX-Redirect", ""))
    return 400 <= answer.status_code < 500 or door.startswith("/sign-in") or answer.status_code == 286


def test_nothing_of_hers_is_shown_or_changed_for_anybody_else_whatever_is_asked_and_how(hers, others, settings):
    settings.API_CHANGES_A_MINUTE = settings.API_QUESTIONS_A_MINUTE = 1_000_000
    before = (list(Job.objects.values()), list(Export.objects.values()), list(Token.objects.values()))
    asked, let_in = 0, []
    for (name, address), (who, browser), verb in itertools.product(of_somebody(hers), others.items(), VERBS):
        answer = getattr(browser, verb)(address, {} if verb in ("get", "post") else b"")
        asked += 1
        text = b"".join(answer) if answer.streaming else answer.content
        if b"ers alone" in text or b"hers-alone" in text or (name not in OPEN and not is_refused(answer)):
            let_in.append(f"{who}: {verb.upper()} {address} ({name}): {answer.status_code}")
    assert let_in == [], "\n".join(let_in)
    assert asked > 500
    after = (list(Job.objects.values()), list(Export.objects.values()), list(Token.objects.values("id", "revoked_at")))
    assert after[:2] == before[:2]
    assert not [token for token in after[2] if token["revoked_at"]]


def test_the_admin_is_closed_to_whoever_is_not_staff(hers, others):
    routes = {filled(route, hers) for _, route in addresses() if route.startswith("/admin/") and "login" not in route}
    assert len(routes) > 20
    for who in ("nobody", "a stranger", "a guest"):
        open_ones = [
            route for route in sorted(routes) if others[who].get(route).status_code not in (302, 403, 404, 405)
        ]
        assert open_ones == [], who


def test_she_herself_is_let_in(hers, owner):
    """So that a crawl that is refused everywhere proves something."""
    browser = Client()
    browser.force_login(owner)
    answers = [browser.get(address) for _, address in of_somebody(hers)]
    for answer in answers:
        answer.close()
    assert [answer.status_code for answer in answers].count(200) > 15
