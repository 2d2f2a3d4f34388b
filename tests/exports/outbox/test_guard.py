"""Where a message may go: into the world, and not to what stands around the machine that sends it."""

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.outbox import guard, webhook
from exports.outbox.guard import Forbidden, Unresolved, resolved, target
from modal_functions.addresses import is_of_the_world
from tests.exports.outbox.test_webhook import parcel

AROUND = (
    *("127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
    *("192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.2.3", "240.0.0.1"),
    *("255.255.255.255", "192.88.99.1", "::", "::1", "fe80::1", "fc00::1", "fd00::1", "ff02::1", "fec0::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1"),
    *("64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1", "2001::1", "2001:db8::1", "100::1"),
)
IN_THE_WORLD = ("8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001::1")


@pytest.mark.parametrize("address", AROUND)
def test_what_stands_around_is_not_the_world(address):
    assert not is_of_the_world(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", IN_THE_WORLD)
def test_the_world_is(address):
    assert is_of_the_world(ipaddress.ip_address(address))


@given(st.ip_addresses(v=4))
def test_nothing_is_called_the_world_that_python_does_not(address):
    assert not is_of_the_world(address) or (address.is_global and not address.is_multicast)


@given(st.ip_addresses(v=4), st.sampled_from(["::ffff:{}", "64:ff9b::{}", "::{}"]))
def test_no_address_of_the_old_kind_hides_in_one_of_the_new(address, form):
    assert not is_of_the_world(ipaddress.ip_address(form.format(address)))


@pytest.mark.parametrize(
    "url",
    [
        *("", "example.com", "//example.com", "ftp://example.com", "file:///etc/passwd", "gopher://a", "javascript:1"),
        *("http://", "http:///a", "http://a:0/", "http://a:99999/", "http://a:x/", "http://[::1", "http://u@a/"),
        *(
            "http://u:p@a/",
            "http://a/ b",
            "http://a/\r\nHost: b",
            "http://a/\x00",
            "http://exämple.com/",
            "http://a\\b/",
        ),
        "https://a/" + "x" * 1000,
    ],
)
def test_what_is_no_plain_address_is_refused_with_a_sentence(url):
    with pytest.raises(Forbidden) as refusal:
        target(url)
    assert str(refusal.value).startswith("Expected an address")


@pytest.mark.parametrize(
    ("url", "netloc", "path"),
    [
        ("https://example.com", "example.com", "/"),
        ("https://example.com:443/a?b=c#d", "example.com", "/a?b=c"),
        ("http://example.com:8080/a", "example.com:8080", "/a"),
        ("https://[2606:4700::1]/a", "[2606:4700::1]", "/a"),
    ],
)
def test_a_plain_one_is_taken_apart(url, netloc, path):
    assert (target(url).netloc, target(url).path) == (netloc, path)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]"],
)
def test_this_machine_is_never_connected_to_however_it_is_written(host):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        answer = webhook.send(parcel(f"http://{host}:{server.getsockname()[1]}/"))
        with pytest.raises(TimeoutError):
            server.accept()
    assert answer.state == "failed"


def test_one_private_address_among_many_is_enough(monkeypatch):
    def both(host, port, **more):
        return [(socket.AF_INET, 1, 6, "", (address, port)) for address in ("8.8.8.8", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    with pytest.raises(Forbidden):
        resolved("two-faced.example", 443, private=False)
    assert resolved("two-faced.example", 443, private=True) == ["8.8.8.8", "10.0.0.1"]


def test_a_name_that_changes_its_mind_is_asked_once(monkeypatch):
    """The first answer is looked at and no second asked for: what is connected to is what was checked."""
    asked, connected = [], []

    def changing(host, port, **more):
        asked.append(host)
        return [(socket.AF_INET, 1, 6, "", ("8.8.8.8" if len(asked) == 1 else "127.0.0.1", port))]

    def connecting(address, timeout):
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    monkeypatch.setattr(socket, "create_connection", connecting)
    answer = webhook.send(parcel("https://rebinding.example/hook"))
    assert (asked, connected) == (["rebinding.example"], [("8.8.8.8", 443)])
    assert answer.again is not None


def test_a_name_that_nobody_knows_is_asked_for_again_later(monkeypatch):
    def unknown(*args, **more):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Unresolved):
        resolved("nowhere.example", 443, private=False)
    assert webhook.send(parcel("https://nowhere.example/")).again is not None


def test_a_label_too_long_to_be_a_name_is_no_crash():
    with pytest.raises(Unresolved):
        guard.resolved("a" * 300 + ".example", 443, private=False)
