"""News, pushed: server-sent events and websockets, and nothing else. Pages and polls are served by wsgi.py."""

import asyncio
import itertools
import json
import logging
import os
import signal
import threading
import uuid
from collections import defaultdict
from collections.abc import Coroutine, Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "exports_site.settings")
django.setup(set_prefix=False)

from exports import push  # noqa: E402 - only after Django was set up
from progress.push import streams  # noqa: E402
from progress.push.bells import AGAIN_AFTER, own_bell  # noqa: E402
from progress.push.hub import TURNS, Hub, Watch  # noqa: E402
from progress.push.rows import aside, look  # noqa: E402
from progress.push.streams import Receive, Scope, Send  # noqa: E402

logger = logging.getLogger("exports")

STREAM = "/api/v1/stream"
SOCKET = ("/api/v1/assembly/jobs/", "/websocket")
LAST_WORDS, A_MOMENT = 2.0, 0.02  # seconds
LOOKED_AT_EACH = 2.0  # seconds: whoever signed out everywhere hears no more after so long


class Pushing:
    """The application. Its hub begins with the first stream, in the event loop that serves it."""

    def __init__(self) -> None:
        self.hub: Hub | None = None
        self.hearers: dict[push.Hearer, set[Watch]] = defaultdict(set)
        self.as_staff: dict[Watch, push.Hearer] = {}  # of jobs that are not all their own
        self._missed = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "http":
                await self._events(scope, receive, send)
            case "websocket":
                await self._socket(scope, receive, send)
            case "lifespan":
                await self._live(receive, send)

    async def _events(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = _cross_origin(scope)
        if scope["path"] == "/healthz":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
            return await send({"type": "http.response.body", "body": b"ok\n"})
        if scope["path"] != STREAM or scope["method"] != "GET":
            return await streams.refuse(send, 404, f"News is pushed at {STREAM}?jobs=…", headers)
        jobs = _ids(parse_qs(scope["query_string"].decode("latin-1")).get("jobs", [""])[0].split(","))
        if not 0 < len(jobs) <= push.MOST_JOBS:
            said = f"jobs: expected 1 to {push.MOST_JOBS} ids of jobs with commas between, got {len(jobs)}."
            return await streams.refuse(send, 422, said, headers)
        hearer = await aside(push.entered, scope)
        if hearer is None:
            return await streams.refuse(send, 401, "Sign in, or send a token as “Authorization: Bearer lh_…”.", headers)
        watch = await self._joined(hearer, jobs, _known(scope))
        if watch is None:
            return await streams.refuse(send, 404, "There is no such job among yours.", headers)
        scope["headers"] = []  # nobody asks again, and a stream may last for hours
        try:
            if watch.has_heard_all:
                (await self._hub()).leave(watch)
                return await streams.end(send, headers)
            await streams.events(receive, send, await self._hub(), watch, headers)
        finally:
            self._forget(hearer, watch)
        return None

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # that somebody wishes to connect
        before, after = SOCKET
        path = scope["path"]
        jobs = _ids([path.removeprefix(before).removesuffix(after)]) if path.endswith(after) else []
        hearer = await aside(push.entered, {**scope, "method": "GET"}) if jobs else None
        watch = await self._joined(hearer, jobs, {}) if hearer else None
        if hearer is None or watch is None:
            return await streams.refuse_socket(send)
        scope["headers"] = []
        try:
            await streams.socket(receive, send, await self._hub(), watch)
        finally:
            self._forget(hearer, watch)
        return None

    async def _joined(self, hearer: push.Hearer, jobs: list[uuid.UUID], known: Mapping[uuid.UUID, int]) -> Watch | None:
        may, as_staff = await aside(push.permitted, hearer, jobs)
        if not may:
            return None
        watch = await (await self._hub()).join([job for job in jobs if job in may], known)
        self.hearers[hearer].add(watch)
        if as_staff:
            self.as_staff[watch] = hearer
        return watch

    def _forget(self, hearer: push.Hearer, watch: Watch) -> None:
        self.as_staff.pop(watch, None)
        self.hearers[hearer].discard(watch)
        if not self.hearers[hearer]:
            del self.hearers[hearer]

    async def _hub(self) -> Hub:
        if self.hub is None:
            self.hub = Hub(partial(look, beside=push.foreknow), push.told)
            for act in (
                own_bell().listen(self._rung),
                self._keep_making_up(),
                self._keep_looking_at_hearers(),
                self._keep_beating(self.hub),
            ):
                self._keep(act)
        return self.hub

    async def _rung(self, moved: frozenset[uuid.UUID] | None) -> None:
        try:
            await (await self._hub()).rung(moved)
        except Exception:
            logger.exception("News could not be read; all are looked at again")
            self._missed.set()

    async def _keep_making_up(self) -> None:
        """For looks that failed. Of what has ended the bell rings no more: its readers would wait for ever."""
        while True:
            await self._missed.wait()
            await asyncio.sleep(AGAIN_AFTER)
            self._missed.clear()
            await self._rung(None)

    async def _keep_beating(self, hub: Hub) -> None:
        for turn in itertools.cycle(range(TURNS)):
            await asyncio.sleep(streams.BEAT / TURNS)
            hub.beat(turn)

    async def _keep_looking_at_hearers(self) -> None:
        """A tenth of them at a time: one question about thousands would hold up what they wait for."""
        for turn in itertools.cycle(range(TURNS)):
            await asyncio.sleep(LOOKED_AT_EACH / TURNS)
            hearers = {each for each in self.hearers if each.user % TURNS == turn}
            staff = hearers & set(self.as_staff.values())
            try:
                still = await aside(push.still_in, hearers) if hearers else hearers
                overseers = await aside(push.overseers, staff) if staff else staff
            except Exception:
                logger.exception("Who listens could not be looked at")
                continue
            gone = [watch for hearer in hearers - still for watch in self.hearers.get(hearer, ())]
            for watch in [*gone, *(watch for watch, each in self.as_staff.items() if each in staff - overseers)]:
                watch.end()

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        if threading.current_thread() is threading.main_thread():  # elsewhere, no signal is heard
            self._stop_after_last_words()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.close()
        await send({"type": "lifespan.shutdown.complete"})

    def _stop_after_last_words(self) -> None:
        """A server that is told to stop waits for streams, and not for websockets. So the loop, by which it hears of a
        signal, hears of none until all have ended and been told to come back; then of the same again."""
        loop, heard_by = asyncio.get_running_loop(), signal.set_wakeup_fd(-1)

        async def stop(number: int) -> None:
            self.close()
            await self._emptied()
            signal.set_wakeup_fd(heard_by)
            signal.signal(number, lambda *_: None)
            signal.raise_signal(number)

        def told(number: int, _: object) -> None:
            loop.call_soon_threadsafe(lambda: self._keep(stop(number)))

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, told)

    async def _emptied(self) -> None:
        for _ in range(round(LAST_WORDS / A_MOMENT)):
            await asyncio.sleep(A_MOMENT)  # once more than it takes, for the last of them to be on its way
            if self.hub is None or not self.hub.watches:
                return

    def _keep(self, act: Coroutine[Any, Any, None]) -> None:
        self._running.add(asyncio.ensure_future(act))

    def close(self) -> None:
        if self.hub is not None:
            self.hub.close()


def _ids(texts: list[str]) -> list[uuid.UUID]:
    """None where one of them is no id."""
    try:
        return [uuid.UUID(text) for text in texts]
    except ValueError:
        return []


def _known(scope: Scope) -> dict[uuid.UUID, int]:
    """What a stream that broke off had told, as it said itself."""
    given = dict(scope["headers"]).get(b"last-event-id", b"")
    try:
        told: dict[str, Any] = json.loads(given) if given else {}
        return {uuid.UUID(job): int(version) for job, version in told.items()}
    except (ValueError, OverflowError, AttributeError, TypeError, RecursionError):
        return {}


def _cross_origin(scope: Scope) -> list[tuple[bytes, bytes]]:
    """The pages have another port where nothing stands in front of both; who asks is looked at when they enter."""
    origin = dict(scope["headers"]).get(b"origin")
    if not origin:
        return []
    allowed = (b"access-control-allow-origin", origin), (b"access-control-allow-credentials", b"true")
    return [*allowed, (b"vary", b"Origin")]


application = Pushing()
