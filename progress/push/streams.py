"""The two ways news goes out: server-sent events, and a websocket. Both tell the same."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from typing import Any

from progress.push.hub import Hub, News, Watch, event

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BEAT = (
    10.0  # seconds; within two of them a line is sent that says nothing, so that nobody in between closes a connection
)
PATIENCE = 10.0  # with a reader who takes nothing
SSE = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]
POLICY_VIOLATION = 1008


async def events(receive: Receive, send: Send, hub: Hub, watch: Watch, headers: list[tuple[bytes, bytes]]) -> None:
    with _left_at_the_end(hub, watch):
        await send({"type": "http.response.start", "status": 200, "headers": [*SSE, *headers]})
        await _piece(send, b"retry: 2000\n\n")
        async with _going(receive, "http.disconnect", watch) as gone:
            async for news in _told(watch):
                await _piece(send, b"".join(_event(watch, each) for each in news) or b":\n\n")
            if not gone.done():
                await _patiently(send, {"type": "http.response.body", "body": b""})


async def socket(receive: Receive, send: Send, hub: Hub, watch: Watch) -> None:
    with _left_at_the_end(hub, watch):
        await _patiently(send, {"type": "websocket.accept"})
        async with _going(receive, "websocket.disconnect", watch) as gone:
            async for news in _told(watch):
                for each in news:
                    await _patiently(send, {"type": "websocket.send", "text": each.told.decode()})
            if not gone.done():
                await _patiently(send, {"type": "websocket.close"})


@contextlib.contextmanager
def _left_at_the_end(hub: Hub, watch: Watch) -> Iterator[None]:
    """However it ends. Whose patience is over has gone too."""
    try:
        with contextlib.suppress(TimeoutError):
            yield
    finally:
        hub.leave(watch)


@contextlib.asynccontextmanager
async def _going(receive: Receive, word: str, watch: Watch) -> AsyncIterator["asyncio.Future[None]"]:
    """Done when the reader has gone, which ends the watch."""
    gone = asyncio.ensure_future(_gone(receive, word))
    gone.add_done_callback(lambda _: watch.end())
    try:
        yield gone
    finally:
        gone.cancel()


async def _told(watch: Watch) -> AsyncIterator[list[News]]:
    """News as it comes, and nothing now and then, until the reader goes, may no longer hear, or all is told."""
    settled: set[Any] = set()
    while not settled >= set(watch.jobs):
        news = await watch.next()
        if watch.over:
            return
        yield news
        settled |= {each.job for each in news if each.settled}


def _event(watch: Watch, news: News) -> bytes:
    return news.alone if len(watch.jobs) == 1 else event(watch.known, news.told)


async def _piece(send: Send, body: bytes) -> None:
    await _patiently(send, {"type": "http.response.body", "body": body, "more_body": True})


async def _patiently(send: Send, message: Message) -> None:
    async with asyncio.timeout(PATIENCE):
        await send(message)


async def _gone(receive: Receive, word: str) -> None:
    with contextlib.suppress(Exception):
        while (await receive())["type"] != word:
            pass


async def refuse(send: Send, status: int, sentence: str, headers: list[tuple[bytes, bytes]]) -> None:
    told = json.dumps({"status": status, "detail": sentence}).encode()
    kind = (b"content-type", b"application/problem+json")
    await send({"type": "http.response.start", "status": status, "headers": [kind, *headers]})
    await send({"type": "http.response.body", "body": told})


async def refuse_socket(send: Send) -> None:
    """Before it was accepted, which a browser sees as a 403."""
    await send({"type": "websocket.close", "code": POLICY_VIOLATION})
