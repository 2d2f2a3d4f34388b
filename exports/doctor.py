"""Looks at each part that the installation stands on, by using it, and says what is to be done where one fails.

Nothing of anybody's is touched: what is written for the look is under a key of its own, and deleted again.
"""

import http.client
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from django.conf import settings
from django.db import Error, connection

from exports import kinds, store_said, stores
from exports.findings import Found, Needless, Wrong
from exports.kinds import enlarging
from exports.management.outage import SILENT, how_it_is_older, told
from exports.models import User
from exports.models.heartbeat import CLUSTER, SILENT_AFTER, Heartbeat, is_to_come
from exports.outbox import examined
from exports.runners.base import Ordered, RunnerError
from exports.tools import Tools
from modal_functions.media import child
from modal_functions.media.errors import MediaError
from modal_functions.store import StoreError
from modal_functions.stores import opened
from modal_functions.wire import AttemptKeys

APART = 30.0  # seconds; clocks further apart than this end leases early or late
LEAST_FREE = 5 * 10**9
SECONDS = 10.0


def examine(tools: Tools) -> Iterator[Found]:
    for part, look in PARTS:
        yield _looked(part, look, tools)


def _looked(part: str, look: "Callable[[Tools], str]", tools: Tools) -> Found:
    try:
        return Found(part=part, ok=True, said=look(tools))
    except Needless as needless:
        return Found(part=part, ok=None, said=str(needless))
    except Wrong as wrong:
        return Found(part=part, ok=False, said=wrong.said, todo=wrong.todo)
    except RunnerError as error:
        return Found(part=part, ok=False, said=str(error), todo="Nothing is lost: what is asked for waits until then.")
    except StoreError as error:
        return Found(part=part, ok=False, **store_said.told(error)._asdict())
    except MediaError as error:
        return Found(part=part, ok=False, said=f"A child process failed: {error}", todo="Look at the log.")
    except Error as error:
        said = told(error)  # mostly with what to do
        todo = "Look at DATABASE_URL." if said.startswith(SILENT) and connection.vendor != "sqlite" else ""
        return Found(part=part, ok=False, said=said, todo=todo)


STORE = "Look at LONGHAUL_STORE and what belongs to it."


def _database(tools: Tools) -> str:
    """Read, and written with a row of its own: one on a full disk, or of another user's, can still be read."""
    User.objects.exists()
    Heartbeat.beat("doctor")
    Heartbeat.objects.filter(name="doctor").delete()
    if older := how_it_is_older():
        raise Wrong(*older)
    return f"{connection.vendor} answers and can be written, with the tables of this version."


def _clock(tools: Tools) -> str:
    """A lease is a time in a row, so all machines have to agree roughly on what time it is."""
    if connection.vendor == "sqlite":
        raise Needless("The database is on this machine, and so is its clock.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT CURRENT_TIMESTAMP")
        theirs = cursor.fetchone()[0]
    apart = abs((tools.clock() - theirs).total_seconds())
    if apart > APART:
        raise Wrong(
            f"The database's clock and this machine's are {apart:.0f} s apart.",
            "Let both follow a time server, such as systemd-timesyncd or chrony.",
        )
    return f"This machine's clock and the database's are {apart:.1f} s apart."


def _queue(tools: Tools) -> str:
    last = Heartbeat.last(CLUSTER)
    start = "Start it: manage.py cluster (or manage.py serve, which starts everything)."
    if last is None:
        raise Wrong("No cluster has ever given a sign of life.", start)
    if is_to_come(last, tools.clock()):
        raise Wrong("The cluster's last sign of life is still to come: a clock was set back, or is wrong.", start)
    age = tools.clock() - last
    if age > SILENT_AFTER:
        raise Wrong(f"The cluster has been silent for {age.total_seconds():.0f} s.", start)
    return f"The cluster gave its last sign of life {max(0.0, age.total_seconds()):.0f} s ago."


def _store(tools: Tools) -> str:
    """Written, read, listed and deleted."""
    with _object(tools) as key:
        tools.store.put(key, b"doctor")
        read, size = tools.store.get(key), tools.store.size(key)
        listed = key in list(tools.store.keys(key.rpartition("/")[0]))
    if (read, size, listed) != (b"doctor", 6, True) or tools.store.get(key) is not None:
        raise Wrong("The store does not give back what was put into it.", STORE)
    if settings.STORE_BUCKET:
        return f"The bucket {settings.STORE_BUCKET} takes, gives, lists and deletes."
    return f"The folder {settings.STORE_ROOT} takes, gives, lists and deletes."


def _room(tools: Tools) -> str:
    if settings.STORE_BUCKET:
        raise Needless("A bucket has no end that could be measured.")
    try:
        free = shutil.disk_usage(settings.STORE_ROOT).free
    except OSError as error:
        said = f"How much room there is cannot be seen: {error.strerror or error}."
        raise Wrong(said, store_said.FOLDER.format(settings.STORE_ROOT)) from error
    if free < LEAST_FREE:
        raise Wrong(
            f"Only {free / 10**9:.1f} GB are free where the store is.",
            "Make room, or move LONGHAUL_HOME to a larger disk: while it is full, uploads wait and exports fail.",
        )
    return f"{free / 10**9:,.0f} GB are free where the store is."


def _write_once(tools: Tools) -> str:
    """What the promise that nothing is finished twice stands on."""
    with _object(tools) as key:
        first, second = tools.store.put_once(key, b"first"), tools.store.put_once(key, b"second")
        stands = tools.store.get(key)
    if (first, second, stands) != (True, False, b"first"):
        raise Wrong(
            "The store writes over what was to be written once, so an export could be finished twice.",
            "Use a store that honours If-None-Match: * on PutObject: R2, Amazon S3 or a recent MinIO.",
        )
    return "What is written once stays as it is."


def _grants(tools: Tools) -> str:
    """The key of an attempt reaches its own folder, and not another's."""
    if not settings.STORE_BUCKET:
        raise Needless("Work on this machine reads and writes the folder itself.")
    mine, others = (AttemptKeys(export=str(uuid.uuid4()), number=1) for _ in range(2))
    ordered = Ordered(keys=mine, project=str(uuid.uuid4()), kind="doctor", token=str(uuid.uuid4()))
    granted = opened(stores.grant(ordered))
    try:
        granted.put(mine.progress, b"{}")
        try:
            granted.put(others.progress, b"{}")
        except StoreError:
            return "The key of an attempt opens its own folder and no other."
        raise Wrong(
            "The key of one attempt may write into the folder of another.",
            "The maker of keys (LONGHAUL_STORE_GRANTS) must honour the limits it is given; this one does not.",
        )
    finally:
        tools.store.delete(mine.progress)
        tools.store.delete(others.progress)


def _cors(tools: Tools) -> str:
    """Whether a browser on our pages may send parts to the bucket, asked as a browser asks."""
    if not settings.STORE_BUCKET:
        raise Needless("Browsers upload to the site itself.")
    if not settings.PUBLIC_URL:
        raise Needless("Without LONGHAUL_URL there is no origin to ask for.")
    address = urlsplit(settings.STORE_ENDPOINT)
    status, allowed = _preflight(address.scheme, address.netloc, f"{address.path}/{settings.STORE_BUCKET}/doctor")
    if allowed not in ("*", settings.PUBLIC_URL):
        raise Wrong(
            f"The bucket does not let pages of {settings.PUBLIC_URL} upload to it (it answers {status}).",
            "Give it the CORS rule of docs/STORE.md, with this origin.",
        )
    return f"Pages of {settings.PUBLIC_URL} may upload to the bucket."


def _preflight(scheme: str, host: str, path: str) -> tuple[int, str | None]:
    connect = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
    talk = connect(host, timeout=SECONDS)
    try:
        talk.request("OPTIONS", path, headers={"Origin": settings.PUBLIC_URL, "Access-Control-Request-Method": "PUT"})
        answer = talk.getresponse()
        answer.read()
        return answer.status, answer.getheader("Access-Control-Allow-Origin")
    except (OSError, http.client.HTTPException) as error:
        raise Wrong(f"The bucket does not answer: {error}.", store_said.NOT_THERE) from error
    finally:
        talk.close()


def _runner(tools: Tools) -> str:
    """That what is asked for could be started: on Modal, that the functions are there and speak this site's version."""
    lacking = tools.runner(settings.RUNNER).lacks([kind.key for kind in kinds.registered() if not kind.lacks()])
    if lacking:
        raise Wrong(*lacking)
    return f"The runner ({settings.RUNNER}) can start every kind of export."


def _media(tools: Tools) -> str:
    """What the kernel takes from the processes that open people's files, tried by one of them."""
    lacking = [what for what, held in child.run({"do": "held"}).items() if not held]
    if lacking:
        raise Wrong(
            f"The processes that open people's files are not kept from: {', '.join(lacking)}.",
            "Linux 5.13 or later with Landlock and seccomp does it (docs/SECURITY.md); until then, trust who uploads.",
        )
    return "The processes that open people's files have no network, no programs and no other files."


def _kinds(tools: Tools) -> str:
    """Which exports can be asked for here; one that cannot is no fault, but is to be known."""
    each = [(kind.label, kind.lacks()) for kind in kinds.registered() if kind.offered]
    lacking = [f"{label} is not available here: it needs {lacks}." for label, lacks in each if lacks]
    without = enlarging.lacks()
    enlarged = [f"Pictures are enlarged by Lanczos; Real-ESRGAN needs {without}."] if without else []
    if lacking:
        raise Needless(" ".join(lacking + enlarged))
    return " ".join([f"What can be asked for: {', '.join(label for label, _ in each)}.", *enlarged])


@contextmanager
def _object(tools: Tools) -> Iterator[str]:
    """A key of its own, free again afterwards."""
    key = f"doctor/{uuid.uuid4()}/object"
    try:
        yield key
    except Exception:
        with suppress(StoreError):  # what failed first is what is told
            tools.store.delete(key)
        raise
    tools.store.delete(key)


PARTS: tuple[tuple[str, Callable[[Tools], str]], ...] = (
    ("database", _database),
    ("clock", _clock),
    ("queue", _queue),
    ("store", _store),
    ("room", _room),
    ("write-once", _write_once),
    ("grants", _grants),
    ("CORS", _cors),
    ("media", _media),
    ("kinds", _kinds),
    ("runner", _runner),
    ("mail", examined.mail_server),
    ("texts", examined.gateway),
    ("messages", examined.messages),
)
