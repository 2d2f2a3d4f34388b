"""A signed POST, as Standard Webhooks asks for it, to an address that was looked at first. No redirect is followed."""

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from django.conf import settings
from django.utils import timezone

from exports.outbox.answers import Answer, gone, refused, sent, unknown
from exports.outbox.guard import Forbidden, Target, Unresolved, resolved, target
from exports.outbox.parcel import Parcel
from exports.signing import headers

TO_CONNECT = 5.0  # seconds
IN_ALL = 12.0
# The first four are also what stands in for a receiver while a new version of it is put in place.
TEMPORARY = frozenset({401, 403, 404, 405, 408, 409, 421, 423, 425, 429})
GONE = 410
MOST_READ = 1024


class Unconnected(Exception):
    """Nothing was sent."""


def send(parcel: Parcel) -> Answer:
    try:
        goal = target(parcel.address)
        addresses = resolved(goal.host, goal.port, private=settings.PRIVATE_TARGETS)
    except Forbidden as why:
        return refused(str(why))
    except Unresolved as why:
        return refused(str(why), again=True)
    signed = headers(parcel.secrets, parcel.id, parcel.timestamp, parcel.body)
    return _posted(goal, addresses, parcel.body, signed)


def _posted(goal: Target, addresses: list[str], body: bytes, signed: dict[str, str]) -> Answer:
    talk = http.client.HTTPConnection(goal.host, goal.port)
    told = signed | {"Content-Type": "application/json", "User-Agent": "Longhaul", "Connection": "close"}
    try:
        with _connected(goal, addresses) as talk.sock:
            talk.request("POST", goal.path, body, {"Host": goal.netloc, **told})
            answer = talk.getresponse()
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError):  # that it was taken is said
                answer.read(MOST_READ)
            return _judged(answer.status, answer.getheader("Retry-After", ""))
    except Unconnected as error:
        return refused(str(error), again=True)
    except (OSError, http.client.HTTPException, ValueError):
        return unknown("The connection broke before there was an answer; it may have arrived.")
    finally:
        talk.close()


@contextlib.contextmanager
def _connected(goal: Target, addresses: list[str]) -> Iterator[socket.socket]:
    """To an address that was looked at; the name is only what the certificate has to be for. Who answers in drops is
    hung up on."""
    plain = _opened(addresses, goal.port)
    rope = plain.dup()  # it reaches the connection also after that was wrapped
    alarm = threading.Timer(IN_ALL, _hang_up, [rope])
    alarm.daemon = True
    alarm.start()
    try:
        plain.settimeout(IN_ALL)
        yield _encrypted(plain, goal.host) if goal.scheme == "https" else plain
    finally:
        alarm.cancel()
        rope.close()
        plain.close()


def _opened(addresses: list[str], port: int) -> socket.socket:
    for address in addresses[:2]:
        with contextlib.suppress(OSError):
            return socket.create_connection((address, port), timeout=TO_CONNECT)
    raise Unconnected("Nobody answers at its address.")


def _encrypted(plain: socket.socket, host: str) -> ssl.SSLSocket:
    try:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=host)
    except (OSError, ValueError) as error:
        said = getattr(error, "verify_message", "") or "it does not speak TLS"
        raise Unconnected(f"Its certificate was not taken: {said}.") from None


def _hang_up(rope: socket.socket) -> None:
    with contextlib.suppress(OSError):
        rope.shutdown(socket.SHUT_RDWR)


def _judged(status: int, retry_after: str) -> Answer:
    if 200 <= status < 300:
        return sent(f"Taken ({status}).")
    if 300 <= status < 400:
        return refused(f"It sends on to another address ({status}). Give that address instead.")
    if status in TEMPORARY or status >= 500:
        return refused(f"Not taken for now ({status}).", again=True, after=_seconds(retry_after))
    if status == GONE:
        return gone(f"It says that it is gone for good ({status}). Nothing more is sent there.")
    return refused(f"Refused ({status}).")


def _seconds(retry_after: str) -> float:
    """Of a header that says seconds or a time."""
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after[:9])
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - timezone.now()).total_seconds())
    except (ValueError, TypeError):
        return 0.0
