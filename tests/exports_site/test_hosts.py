"""Who is let in by which name, and who watches by any."""

import pytest

from exports.models.heartbeat import CLUSTER, Heartbeat
from exports_site import hosts

STRANGERS = ("evil.example", "localhost.evil.example", "192.168.1.7.evil.example", "nas", "1", "[::1", "a b", "*")


@pytest.fixture
def public(settings):
    settings.ALLOWED_HOSTS, settings.SECURE_SSL_REDIRECT = ["exports.example.com"], True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    return settings


@pytest.fixture
def at_home(settings):
    settings.ALLOWED_HOSTS, settings.ANY_ADDRESS = ["localhost", "127.0.0.1", "films.local", "*"], True
    return settings


@pytest.mark.django_db
@pytest.mark.parametrize("host", ["exports.example.com", "10.0.0.7:8000", "target-3", ""])
def test_a_load_balancer_is_answered_in_http_and_by_whatever_name_it_asks(public, client, host):
    Heartbeat.beat(CLUSTER)
    assert client.get("/healthz", HTTP_HOST=host).content == b"alive\n"
    assert client.get("/readyz", HTTP_HOST=host).json()["ready"] is True


def test_everything_else_is_sent_to_https(public, client):
    for path in ("/", "/healthz/", "/exports/healthz"):
        answer = client.get(path, HTTP_HOST="exports.example.com")
        assert (answer.status_code, answer["Location"]) == (301, f"https://exports.example.com{path}")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_name_that_is_not_the_sites_is_told_so_and_what_lets_it_in(public, client, scheme):
    answer = client.get("/", HTTP_HOST="10.0.0.7", HTTP_X_FORWARDED_PROTO=scheme)
    assert answer.status_code == 400
    assert "It was asked for as 10.0.0.7." in answer.text
    assert "LONGHAUL_HOSTS" in answer.text
    assert "exports.example.com" not in answer.text


@pytest.mark.parametrize("host", ["192.168.1.7", "192.168.1.7:8000", "[fe80::1]:8000", "localhost", "films.local:8000"])
def test_at_home_the_other_machines_reach_it_by_address_and_by_the_names_it_was_told(at_home, client, host):
    assert client.get("/", HTTP_HOST=host).status_code == 200


@pytest.mark.parametrize("host", STRANGERS)
def test_at_home_a_page_of_a_stranger_does_not_reach_it_by_a_name_of_its_own(at_home, client, host):
    assert client.get("/", HTTP_HOST=host).status_code == 400


def test_bound_to_this_machine_alone_it_answers_to_no_other_address(settings, client):
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
    assert client.get("/", HTTP_HOST="192.168.1.7").status_code == 400
    assert not hosts.is_own("192.168.1.7")


def test_what_is_asked_for_is_shown_and_never_run(at_home, client):
    assert "<script>" not in client.get("/", HTTP_HOST="<script>alert(1)</script>").text
