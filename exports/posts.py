"""What running work posts to the site, signed with a key of its attempt alone. It hastens news and decides nothing.

Posts that come at the same moment are folded together, and each is answered after the commit that holds its report.
"""

import hmac
import logging
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections
from django.urls import reverse
from django.utils.crypto import salted_hmac

from exports.gathering import FullError, Gathering
from exports.models import Attempt
from exports.runners.base import Ordered
from exports.tools import Tools, tools
from modal_functions.posting import Site, signature
from modal_functions.wire import unpack
from progress import report
from progress.errors import Refused
from progress.report import Report

WINDOW = timedelta(minutes=5)  # how far the sender's clock may be off, and how long a message is good for
LARGEST = 64 * 1024
AT_ONCE = 24  # of a web process's threads (crew.THREADS): the others are for people
SINGLY = 4  # and of those that came another way than by the address that work is told
UNSIGNED = "The signature does not fit, or is older than five minutes."
FULL = "More reports came at once than are taken. They stand in the store too, from where they are read."
AGAIN_AFTER = "1"  # seconds, after that

logger = logging.getLogger("exports")
_room = threading.BoundedSemaphore(SINGLY)


@dataclass(frozen=True, kw_only=True)
class Post:
    export: uuid.UUID
    number: int  # of its attempt
    at: str
    signed: str
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int = 204
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class Message:
    """What a post says, once it is known to be of its attempt."""

    attempt: Attempt
    told: Report | None
    ended: bool


def site_for(ordered: Ordered) -> Site | None:
    """None where the site has no public address: work that runs elsewhere could not reach it."""
    if not settings.PUBLIC_URL:
        return None
    export, number = ordered.keys.export, ordered.keys.number
    url = settings.PUBLIC_URL + reverse("attempt-report", args=[export, number])
    return Site(url=url, place=_place(export, number), key=_key(export, number, ordered.token))


@cache
def gathered() -> Gathering[Post, Answer]:
    """This process's own."""
    return Gathering(_take_in, AT_ONCE)


def singly(post: Post) -> Answer:
    """One that came another way, in the thread of its own request."""
    if not _room.acquire(blocking=False):
        raise FullError
    try:
        (answer,) = take_in([post], tools())
        return answer
    finally:
        _room.release()


def _take_in(posts: Sequence[Post]) -> list[Answer]:
    """In a thread that no request begins or ends in."""
    close_old_connections()
    try:
        return take_in(posts, tools())
    finally:
        close_old_connections()


def take_in(posts: Sequence[Post], tools: Tools) -> list[Answer]:
    """Folded as if they had been read from the store: sent twice or too late, they change nothing."""
    try:
        return _taken(posts, tools)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        if len(posts) == 1:
            raise
        return [_alone(each, tools) for each in posts]


def _alone(post: Post, tools: Tools) -> Answer:
    """One that cannot be folded, for whatever reason, keeps no other back."""
    try:
        return _taken([post], tools)[0]
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("A report of attempt %s of %s could not be folded", post.number, post.export)
        return Answer(status=500, sentence="The report could not be folded. It is read from the store.")


def _taken(posts: Sequence[Post], tools: Tools) -> list[Answer]:
    attempts, now = _attempts_of(posts), tools.clock()
    read = [_read(each, attempts.get((each.export, each.number)), now) for each in posts]
    told = [each.told for each in read if isinstance(each, Message) and each.told]
    verdicts = dict(zip(map(id, told), tools.tracker.observe_each(told), strict=True))
    return [each if isinstance(each, Answer) else _answer(each, verdicts.get(id(each.told))) for each in read]


def _attempts_of(posts: Sequence[Post]) -> dict[tuple[uuid.UUID, int], Attempt]:
    """Asked for by their export alone: a number may be one that no database takes."""
    found = Attempt.objects.filter(export__in={each.export for each in posts}).order_by()
    found = found.only("export_id", "number", "token", "outcome")
    return {(each.export_id, each.number): each for each in found}


def _read(post: Post, attempt: Attempt | None, now: datetime) -> Message | Answer:
    """Whoever cannot sign for this attempt learns nothing about it."""
    if attempt is None or not _is_signed(post, str(attempt.token), now):
        return Answer(status=403, sentence=UNSIGNED)
    try:
        wire = unpack(post.body)
        told = _told(post, wire["report"]) if "report" in wire else None
    except Refused as refusal:
        return Answer(status=422, sentence=str(refusal))
    except (ValueError, RecursionError):
        return Answer(status=422, sentence="body: expected a JSON object with a report or with ended")
    return Message(
        attempt=attempt, told=told if attempt.open else None, ended=attempt.open and wire.get("ended") is True
    )


def _told(post: Post, wire: object) -> Report:
    told = report.from_wire(wire)
    if (told.job, told.attempt) != (post.export, post.number):
        raise Refused(f"report: expected one of attempt {post.number} of {post.export}")
    return told


def _answer(message: Message, verdict: bool | Refused | None) -> Answer:
    if isinstance(verdict, Refused):
        return Answer(status=422, sentence=str(verdict))
    if message.ended:
        message.attempt.export.ring()
    return Answer()


def _is_signed(post: Post, token: str, now: datetime) -> bool:
    place = _place(str(post.export), post.number)
    expected = signature(_key(str(post.export), post.number, token), place, post.at, post.body)
    return hmac.compare_digest(expected.encode(), post.signed.encode()) and _is_fresh(post.at, now)


def _place(export: str, number: int) -> str:
    return f"{export}.{number}"


@lru_cache(4096)
def _key(export: str, number: int, token: str) -> str:
    return salted_hmac("longhaul.attempt", f"{_place(export, number)}.{token}", algorithm="sha256").hexdigest()


def _is_fresh(at: str, now: datetime) -> bool:
    return at.isascii() and at.isdigit() and len(at) <= 12 and abs(now.timestamp() - int(at)) <= WINDOW.total_seconds()
