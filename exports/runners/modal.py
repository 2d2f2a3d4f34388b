"""Attempts as calls of functions on Modal. Whatever its SDK answers becomes alive, gone or unknown, in bounded time.

A client belongs to the process that made it, so the loop it runs in is made at the first use, and again after a fork.
"""

import asyncio
import contextlib
import logging
import os
import re
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import modal
import modal._serialization
from grpclib.exceptions import StreamTerminatedError
from modal import exception
from modal._utils.async_utils import synchronize_api

from exports.runners.base import Grant, Lacking, Life, NotReached, NotReady, Ordered, RunnerError, SiteFor, nowhere
from exports.runners.breaker import Breaker, Reach
from modal_functions.wire import VERSION, Order

logger = logging.getLogger("exports")

CALL_ID = re.compile(r"fc-[A-Za-z0-9]{1,100}")
PATIENCE = 5.0  # seconds; below ten, or the SDK's own limits on its connection would come first
DEPLOY = "Deploy them: modal deploy -m modal_functions.app"
NOT_DEPLOYED = f"Modal has no function {{kind!r}} in the app {{app!r}}. {DEPLOY}"
NO_ANSWER = "Modal does not answer. What runs there goes on."

Answer = TypeVar("Answer")


class Unopened(Exception):
    """The call has ended, with a result or an exception; either stays as it came."""


class _Unopening:
    """In place of the SDK's own unpickler. What a container returned could be code, which a pickle runs when it is
    opened, and the register in the store says how an attempt ended: so here nothing is opened."""

    def __init__(self, client: object, pickled: object) -> None: ...

    def load(self) -> Exception:
        return Unopened()


modal._serialization.Unpickler = _Unopening  # type: ignore[assignment,misc]


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """`reached` says that Modal itself has answered, whatever it said."""

    life: Life
    reached: bool
    sentence: str = ""


ENDED = Meaning(life="gone", reached=True)
SILENT = Meaning(life="unknown", reached=False, sentence=NO_ANSWER)
REFUSED = Meaning(
    life="unknown",
    reached=False,
    sentence="Modal refuses the token. Set MODAL_TOKEN_ID and MODAL_TOKEN_SECRET to a valid one.",
)
# In this order: some of these are kinds of others, and many are what the SDK makes of one answer or another.
MEANINGS: tuple[tuple[type[BaseException], Meaning], ...] = (
    (Unopened, ENDED),
    (exception.RemoteError, ENDED),  # cancelled, terminated, out of memory
    (exception.FunctionTimeoutError, ENDED),
    (exception.InternalFailure, ENDED),  # Modal lost the input
    (exception.OutputExpiredError, ENDED),  # it ended longer ago than results are kept
    (exception.NotFoundError, ENDED),  # nothing of that name runs for this account
    (exception.AuthError, REFUSED),
    (exception.PermissionDeniedError, REFUSED),
    (
        exception.ResourceExhaustedError,
        Meaning(life="unknown", reached=False, sentence="Modal asks for fewer calls. It is asked again later."),
    ),
    (exception.ServiceError, SILENT),
    (exception.InternalError, SILENT),
    (exception.ConnectionError, SILENT),
    (exception.ClientClosed, SILENT),
    (StreamTerminatedError, SILENT),
    (OSError, SILENT),  # a TimeoutError among them: our own limit
)


def classify(error: BaseException) -> Meaning:
    """What nobody has foreseen proves nothing."""
    for kind, meaning in MEANINGS:
        if isinstance(error, kind):
            return meaning
    return Meaning(life="unknown", reached=False, sentence=f"Modal answered with {type(error).__name__}: {error}")


async def _running_loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


_loop_of_the_sdk = synchronize_api(_running_loop)  # type: ignore[no-untyped-call]


class _Loop:
    """The event loop of the SDK, in the process that asks. From any other, each question of ours and each answer to it
    would change threads once more, and the SDK would look through the traceback of "it still runs", file by file."""

    def __init__(self) -> None:
        self._found: tuple[int, asyncio.AbstractEventLoop] | None = None  # by process: a fork has a loop of its own

    def run(self, act: Coroutine[Any, Any, Answer], seconds: float) -> Answer:
        return asyncio.run_coroutine_threadsafe(_within(seconds, act), self._here()).result(seconds + 1)

    def _here(self) -> asyncio.AbstractEventLoop:
        found = self._found
        if found is None or found[0] != os.getpid():
            found = self._found = (os.getpid(), _loop_of_the_sdk())
        return found[1]


async def _within(seconds: float, act: Coroutine[Any, Any, Answer]) -> Answer:
    async with asyncio.timeout(seconds):
        return await act


@dataclass(frozen=True, kw_only=True)
class ModalRunner:
    app: str
    environment: str
    at_once: int
    grant: Grant
    site_for: SiteFor = nowhere
    patience: float = PATIENCE
    name: str = "modal"
    breaker: Breaker = field(default_factory=Breaker)
    loop: _Loop = field(default_factory=_Loop)

    def capacity(self) -> int:
        return self.at_once

    @property
    def reach(self) -> Reach:
        return self.breaker.reach

    def lacks(self, kinds: Sequence[str]) -> Lacking | None:
        """That a function of this name is there tells the version without starting a container."""
        marker = f"wire_{VERSION}"
        try:
            missing = self._ask(self._missing([marker, *kinds]))
        except RunnerError:
            raise
        except Exception as error:
            raise NotReached(classify(error).sentence or NO_ANSWER) from error
        if marker in missing:
            return f"The functions on Modal are not there, or are not of version {VERSION} as this site is.", DEPLOY
        return (f"Modal has no function for {', '.join(missing)}.", DEPLOY) if missing else None

    def spawn(self, ordered: Ordered) -> str:
        site = self.site_for(ordered)
        order = Order(
            keys=ordered.keys,
            kind=ordered.kind,
            token=ordered.token,
            store=self.grant(ordered),
            site=site.as_wire() if site else {},
            carried=ordered.carried,
        )
        try:
            call_id = self._ask(self._spawn(order))
        except RunnerError:
            raise
        except exception.NotFoundError as error:
            raise NotReady(NOT_DEPLOYED.format(kind=order.kind, app=self.app)) from error
        except Exception as error:
            raise NotReached(classify(error).sentence) from error
        return call_id

    def look(self, ordered: Ordered) -> Life:
        if not CALL_ID.fullmatch(ordered.call_id):
            return "unknown"
        try:
            return self._ask(_life(ordered.call_id))
        except Exception as error:  # noqa: BLE001 - each has its meaning, and what has none is unknown
            return classify(error).life

    def stop(self, ordered: Ordered, *, hard: bool = False) -> None:
        if not CALL_ID.fullmatch(ordered.call_id):
            return
        try:
            self._ask(_cancel(ordered.call_id, hard=hard))
        except Exception as error:  # noqa: BLE001 - a later look tells whether it ended, and then it is asked again
            logger.warning("%s of %s could not be stopped: %s", ordered.call_id, ordered.keys, classify(error).sentence)

    def _ask(self, act: Coroutine[Any, Any, Answer]) -> Answer:
        """Bounded, whatever happens on the way; while nothing answers, most are not even sent."""
        if not self.breaker.lets():
            act.close()
            raise NotReached(self.breaker.reach.sentence)
        try:
            answer = self.loop.run(act, self.patience)
        except Exception as error:
            meaning = classify(error)
            if meaning.reached:
                self.breaker.reached()
            else:
                self.breaker.missed(meaning.sentence)
            raise
        self.breaker.reached()
        return answer

    async def _spawn(self, order: Order) -> str:
        function = modal.Function.from_name(self.app, order.kind, environment_name=self.environment or None)
        call = await function.spawn.aio(order.as_wire())
        return str(call.object_id)

    async def _missing(self, names: Sequence[str]) -> list[str]:
        missing = []
        for name in names:
            try:
                function = modal.Function.from_name(self.app, name, environment_name=self.environment or None)
                await function.hydrate.aio()
            except exception.NotFoundError:
                missing.append(name)
        return missing


async def _life(call_id: str) -> Life:
    """The TimeoutError of a call that still runs is caught in here: outside, it would be that of our own limit."""
    with contextlib.suppress(TimeoutError):
        await modal.FunctionCall.from_id(call_id).get.aio(timeout=0)
        return "gone"
    return "alive"


async def _cancel(call_id: str, *, hard: bool) -> None:
    await modal.FunctionCall.from_id(call_id).cancel.aio(terminate_containers=hard)
