"""Batches made on other machines: who hands them out, and what a machine does with the one it was given."""

import contextlib
import logging
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from modal_functions.batches import Batch, Hear, make
from modal_functions.media.errors import MediaError
from modal_functions.store import Missing, Store, StoreError, Unreachable
from modal_functions.stores import opened
from modal_functions.wire import STOPS, VERSION, AttemptKeys, Order, pack, unpack

logger = logging.getLogger("modal_functions")

MOST_TRIES = 3
EVERY = 2.0  # seconds between two looks at a batch
SOURCE = "source-"  # what the file of a source begins with, where one is kept for the next batch

Wire = dict[str, Any]


class Lost(Exception):
    """A machine has ended without an answer."""


class NotTaken(Lost):
    """No machine was given it, which says nothing about the work."""


class Handed(Protocol):
    """A batch that another machine was given."""

    def answer(self, seconds: float) -> Wire | None:
        """Waits so long for it; None while there is none. Lost when there will be none."""

    def cancel(self) -> None: ...


HandOut = Callable[[Wire], Handed]


@dataclass(frozen=True, kw_only=True)
class Fan:
    """Hands batches out, and again where a machine was lost."""

    order: Order
    store: Store
    hand_out: HandOut
    at_once: int
    pause: float = 1.0  # seconds before a batch that was lost is handed out again; twice as many the second time
    every: float = EVERY
    turn: "Turn" = field(default_factory=lambda: Turn(EVERY))

    def make(self, batch: Batch, hear: Hear, border: Callable[[], None]) -> None:
        """Returns when it is made. Missing, MediaError and StoreError are the machine's; Lost when three were lost."""
        for tried in range(1, MOST_TRIES + 1):
            try:
                _understood(self._answer_to(batch, hear, border))
            except (Lost, Unreachable) as error:
                logger.warning("Batch %s was lost: %s", batch.name, error)
                if tried == MOST_TRIES:
                    raise
                self._wait(tried * self.pause, hear)
            else:
                return

    def _answer_to(self, batch: Batch, hear: Hear, border: Callable[[], None]) -> Wire:
        order = replace(self.order, site={})  # a machine that opens strangers' files is told no more than it needs
        handed = self.hand_out({**order.as_wire(), "batch": batch.as_wire()})
        try:
            while (answer := handed.answer(self.every)) is None:
                hear(self._units_of(batch))
                if self.turn.mine():  # one of all that wait asks for all of them
                    border()
        except BaseException:
            handed.cancel()
            raise
        if "stopped" in answer:
            border()
        return answer

    def _units_of(self, batch: Batch) -> int:
        """As far as it is known; what is shown, and decides nothing."""
        with contextlib.suppress(StoreError, ValueError):
            told = unpack(self.store.get(self.order.keys.batch(batch.name)) or b"{}").get("units")
            return min(told, batch.units) if isinstance(told, int) else 0
        return 0

    def _wait(self, seconds: float, hear: Hear) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            hear(0)
            time.sleep(min(0.1, left))


def _understood(answer: Wire) -> None:
    match answer:
        case {"made": True}:
            return
        case {"error": {"code": str(code), "sentence": str(sentence)}}:
            raise MediaError(code, sentence)
        case {"missing": str(key)}:
            raise Missing(key)
        case {"store": str(said)}:
            raise Unreachable(said)
    raise Lost(str(answer)[:200])


class Turn:
    """True for one of many who ask, each so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._lock, self._seconds, self._next = threading.Lock(), seconds, 0.0

    def mine(self) -> bool:
        with self._lock:
            now = time.monotonic()
            mine = now >= self._next
            if mine:
                self._next = now + self._seconds
            return mine


class Unwanted(Exception):
    """The attempt was asked to stop, or was decided, while a batch of it was made."""


def make_batch(wire: Wire, *, folder: Path, opens: Callable[[Wire], Store] = opened) -> Wire:
    """On the other machine: makes what is still missing of a batch. Its answer is plain; it raises nothing.

    `folder` belongs to the machine: the source in it is there for the next batch."""
    try:
        order = Order.from_wire(wire)
        if order.v != VERSION:
            return {"lost": f"this machine is of version {VERSION}, the order is of {order.v}"}
        store, whole = opens(order.store), Batch.from_wire(wire["batch"])
        _unless_unwanted(store, order.keys)
        batch = whole.missing(store)
        if batch is not None:
            source = _at_hand(store, batch.source, folder)
            _make(whole, batch, source, folder, store, order.keys)
    except Unwanted:
        return {"stopped": True}
    except MediaError as error:
        return {"error": {"code": error.code, "sentence": error.sentence}}
    except Missing as error:
        return {"missing": str(error.args[0])}
    except StoreError as error:
        return {"store": str(error)}
    except Exception as error:  # whoever waits must hear of it; some kinds of errors would look like no answer
        logger.exception("A batch failed in a way that nobody foresaw")
        return {"lost": f"{type(error).__name__}: {error}"}
    return {"made": True}


def _make(whole: Batch, batch: Batch, source: Path, folder: Path, store: Store, keys: AttemptKeys) -> None:
    turn, before = Turn(1.0), whole.units - batch.units

    def hear(units: int) -> None:
        if turn.mine():
            with contextlib.suppress(StoreError):
                store.put(keys.batch(whole.name), pack({"units": before + units}))

    def border() -> None:
        _unless_unwanted(store, keys)

    with tempfile.TemporaryDirectory(dir=folder) as own:
        make(batch, source=source, folder=Path(own), store=store, hear=hear, border=border)


def _unless_unwanted(store: Store, keys: AttemptKeys) -> None:
    with contextlib.suppress(StoreError, ValueError):  # silence and nonsense are no order to stop
        if store.get(keys.outcome) is not None:
            raise Unwanted
        if unpack(store.get(keys.control) or b"{}").get("stop") in STOPS:
            raise Unwanted


def _at_hand(store: Store, source: dict[str, Any], folder: Path) -> Path:
    """The one source that is needed. A machine keeps the last one it had: the next batch is often of the same."""
    key, size = str(source["key"]), int(source["bytes"])
    place = store.in_place(key)
    if place is not None:
        if store.size(key) != size:
            raise Missing(key)
        return place
    path = folder / (SOURCE + key.replace("/", "-"))
    if path.exists():
        return path
    for other in folder.glob(f"{SOURCE}*"):
        other.unlink()
    half = folder / "half-fetched"
    if store.fetch(key, half).bytes != size:
        raise Missing(key)
    return half.rename(path)
