"""The two ways news goes out: server-sent events, and a websocket. Both tell the same.

There may be thousands of them, so each is one coroutine with little in it, and one that waits for the reader to go.
"""

import asyncio
import contextlib
import json
import random
import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from progress.push.hub import Hub, News, Watch, event

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BEAT = 10.0  # seconds; within two of them something is sent that says nothing, so that nobody in between closes it
PATIENCE = 10.0  # with a reader who takes nothing
SSE = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]
HEARTBEAT = '{"type":"heartbeat"}'
ENDED, POLICY_VIOLATION, COMES_AGAIN = 1000, 1008, 1012
SOONEST, LATEST = 500, 3_000  # milliseconds; readers whose server starts again come back at different times


async def events(receive: Receive, send: Send, hub: Hub, watch: Watch, headers: list[tuple[bytes, bytes]]) -> None:
    gone = _leaving(receive, "http.disconnect", watch)
    try:
        await send({"type": "http.response.start", "status": 200, "headers": [*SSE, *headers]})
        await _piece(send, b"retry: 2000\n\n")
        while not watch.has_heard_all:
            news = await watch.next()
            if watch.over:
                break
            await _piece(send, b"".join(_events(watch, news)) or b":\n\n")
        if not gone.done():
            last = b"retry: %d\n\n" % random.randint(SOONEST, LATEST) if hub.closing else b""  # noqa: S311
            await _patiently(send, {"type": "http.response.body", "body": last})
    except TimeoutError:  # whose patience is over has gone too
        pass
    finally:
        gone.cancel()
        hub.leave(watch)


async def socket(receive: Receive, send: Send, hub: Hub, watch: Watch) -> None:
    gone = _leaving(receive, "websocket.disconnect", watch)
    try:
        await _patiently(send, {"type": "websocket.accept"})
        while not watch.has_heard_all:
            news = await watch.next()
            if watch.over:
                break
            for said in [each.told.decode() for each in news] or [HEARTBEAT]:
                await _patiently(send, {"type": "websocket.send", "text": said})
        if not gone.done():
            await _patiently(send, {"type": "websocket.close", "code": _code(hub, watch)})
    except TimeoutError:
        pass
    finally:
        gone.cancel()
        hub.leave(watch)


def _code(hub: Hub, watch: Watch) -> int:
    if hub.closing:
        return COMES_AGAIN
    return POLICY_VIOLATION if watch.over else ENDED


def _leaving(receive: Receive, word: str, watch: Watch) -> "asyncio.Future[None]":
    """Done when the reader has gone, which ends the watch."""
    gone = asyncio.ensure_future(_gone(receive, word))
    gone.add_done_callback(lambda _: watch.end())
    return gone


def _events(watch: Watch, news: list[News]) -> list[bytes]:
    """None says of those behind it that they are known: the line may break off in between, and they are owed then."""
    if len(watch.jobs) == 1:
        return [each.alone for each in news]
    owed = [{later.job for later in news[number:]} for number in range(1, len(news) + 1)]
    return [event(_without(watch.known, jobs), each.told) for each, jobs in zip(news, owed, strict=True)]


def _without(known: Mapping[uuid.UUID, int], jobs: set[uuid.UUID]) -> dict[uuid.UUID, int]:
    return {job: version for job, version in known.items() if job not in jobs}


async def _piece(send: Send, body: bytes) -> None:
    await _patiently(send, {"type": "http.response.body", "body": body, "more_body": True})


async def _patiently(send: Send, message: Message) -> None:
    async with asyncio.timeout(PATIENCE):
        await send(message)


async def _gone(receive: Receive, word: str) -> None:
    with contextlib.suppress(Exception):
        while (await receive())["type"] != word:
            pass


async def end(send: Send, headers: list[tuple[bytes, bytes]]) -> None:
    """To who knows how all has ended: an EventSource comes back after any other answer."""
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def refuse(send: Send, status: int, sentence: str, headers: list[tuple[bytes, bytes]]) -> None:
    told = json.dumps({"status": status, "detail": sentence}).encode()
    kind = (b"content-type", b"application/problem+json")
    await send({"type": "http.response.start", "status": status, "headers": [kind, *headers]})
    await send({"type": "http.response.body", "body": told})


async def refuse_socket(send: Send) -> None:
    """Before it was accepted, which a browser sees as a 403."""
    await send({"type": "websocket.close", "code": POLICY_VIOLATION})
