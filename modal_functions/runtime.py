"""run(): hello, then the stages of a kind, then, last of all, the outcome. It never raises and returns a plain dict."""

import json
import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from modal_functions.fan import Fan
from modal_functions.media.child import Start, executed
from modal_functions.media.errors import MediaError
from modal_functions.media.nursery import Nursery
from modal_functions.reporter import Reporter
from modal_functions.store import Damaged, Forbidden, Full, Store, StoreError
from modal_functions.wire import (
    MOST_HELLOS,
    MOST_RUNS,
    STOPS,
    AttemptKeys,
    Hello,
    Outcome,
    ProgressReport,
    Stop,
    pack,
    unpack,
)

logger = logging.getLogger("modal_functions")

LAST_WORDS = timedelta(minutes=10)  # two clocks may differ, and a part that is being kept is to be kept whole


class Failed(Exception):
    """The work cannot be done, for a reason that a person can act on."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code, self.sentence = code, sentence


class Stopped(Exception):
    """The work was asked to stop, and has reached a place where what is done is kept."""

    def __init__(self, wish: Stop) -> None:
        super().__init__(wish)
        self.wish = wish


class KeyEnds(Exception):
    """The key to the store is good for a little while only, which is needed to say so."""


class Settled(Exception):
    """The attempt was decided elsewhere meanwhile; going on would only burn time."""


class Crowded(Exception):
    """So many calls of this attempt have begun before that nobody looks for another."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a stage of a kind may do beside its own work."""

    spec: dict[str, Any]
    store: Store
    keys: AttemptKeys
    call: str
    run: int
    folder: Path
    report: Reporter
    fan: Fan | None = None  # where batches can be made on other machines
    until: datetime | None = None  # when the key to the store ends
    carried: Mapping[str, Any] = field(default_factory=dict, repr=False)  # secrets, for this attempt and not the store
    start: Start = executed  # of its children

    def border(self) -> None:
        """Between two pieces of work: stops here if it was asked to, if the attempt was decided already, or while the
        key to the store still opens it. A store that does not answer is no order to stop."""
        if self.until and _now() > self.until - LAST_WORDS:
            raise KeyEnds
        try:
            control, outcome = self.store.get(self.keys.control), self.store.get(self.keys.outcome)
        except StoreError:
            return
        if outcome is not None:
            raise Settled
        wish = _wish(control)
        if wish:
            raise Stopped(wish)

    def out(self, name: str) -> str:
        return self.keys.out(self.call, self.run, name)

    def ready(
        self,
        path: Path,
        *,
        place: int,
        name: str,
        label: str = "",
        on_bytes: Callable[[int], None] | None = None,
        **facts: Any,
    ) -> dict[str, Any]:
        """One of several results: it can be downloaded from now on, under this name, whatever becomes of the rest."""
        stored = self.store.put_file(self.out(f"{place}{path.suffix}"), path, on_bytes)
        told = {"key": stored.key, "bytes": stored.bytes, "sha256": stored.sha256}
        told = {**told, "place": place, "name": name, "label": label, "facts": facts}
        self.store.put(self.keys.ready(place), pack(told))
        return told

    def several(self, results: Sequence[dict[str, Any]], **facts: Any) -> dict[str, Any]:
        """What `work` returns where it made several: they, and the list of their checksums, as sha256sum reads it."""
        listed = self.folder / "SHA256SUMS"
        listed.write_text("".join(f"{each['sha256']}  {each['name']}\n" for each in results))
        stored = self.store.put_file(self.out(listed.name), listed)
        told = {"key": stored.key, "bytes": stored.bytes, "sha256": stored.sha256}
        return {**facts, **told, "files": list(results)}


Work = Callable[[Context], dict[str, Any]]


def run(
    *,
    work: Work,
    spec: dict[str, Any],
    store: Store,
    keys: AttemptKeys,
    call: str,
    folder: Path,
    fan: Fan | None = None,
    reporter: Callable[..., Reporter] = Reporter,
    until: datetime | None = None,
    carried: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """One run of one attempt. `work` returns the result; everything else that can happen has its own ending.

    Only what asks the process itself to end (a signal, a time limit) passes through, and leaves no outcome."""
    try:
        number = _say_hello(store, keys, call)
        if number is None:
            return _commit(store, keys, _outcome(call, 0, "error", code="poison", sentence=POISON))
        settled = store.get(keys.outcome)
        if settled is not None:
            return unpack(settled)
        with Nursery() as nursery:
            outcome = _work(
                work, spec, store, keys, call, number, folder, fan, reporter, until, carried or {}, nursery.start
            )
        return _commit(store, keys, outcome) if outcome else unpack(store.get(keys.outcome) or b"{}")
    except StoreError as error:
        logger.warning("The store failed while an attempt was decided: %s", error)
        return {"ending": "unknown", "sentence": f"The store did not answer: {error}"}
    except Crowded:  # one of the others decides it
        return {"ending": "unknown", "sentence": "Other calls of this attempt have begun before."}


KEY_ENDED = "Its key to the store was about to end; another attempt with a new one goes on from the finished parts."
POISON = (
    f"This input ended the machine {MOST_RUNS} times in a row, so it was not tried again."
    " Try without the clip added last, or convert it with another program first."
)


def _work(
    work: Work,
    spec: dict[str, Any],
    store: Store,
    keys: AttemptKeys,
    call: str,
    number: int,
    folder: Path,
    fan: Fan | None,
    reporter: Callable[..., Reporter],
    until: datetime | None,
    carried: Mapping[str, Any],
    start: Start,
) -> Outcome | None:
    def write(picture: ProgressReport) -> None:
        store.jot(keys.progress, pack(picture.as_wire()))

    report = reporter(job=keys.export, attempt=keys.number, run=number, write=write)
    context = Context(
        spec=spec,
        store=store,
        keys=keys,
        call=call,
        run=number,
        folder=folder,
        report=report,
        fan=fan,
        until=until,
        carried=carried,
        start=start,
    )
    try:
        result = work(context)
        json.dumps(result)
        return _outcome(call, number, "ok", result=result)
    except Settled:
        return None
    except KeyEnds:
        return _outcome(call, number, "paused", code="key_ended", sentence=KEY_ENDED)
    except Stopped as stopped:
        code = "" if stopped.wish == "pause" else "cancelled"
        return _outcome(call, number, "paused", code=code)
    except Failed as failed:
        return _outcome(call, number, "error", code=failed.code, sentence=failed.sentence)
    except MediaError as error:
        return _outcome(call, number, "error", code=error.code, sentence=error.sentence)
    except StoreError as error:
        logger.warning("The store failed: %s", error)
        return _outcome(call, number, "error", code=_code_of(error), sentence=_of_store(error))
    except MemoryError:
        return _outcome(
            call, number, "error", code="out_of_memory", sentence="The work needs more memory than there is."
        )
    except Exception as error:  # an attempt must end with an outcome, whatever is wrong in a kind
        logger.exception("An attempt failed in a way that nobody foresaw")
        where = traceback.extract_tb(error.__traceback__)[-1]
        said = f"{type(error).__name__} at {Path(where.filename).name}:{where.lineno}"
        return _outcome(call, number, "error", code="internal", sentence=f"Something went wrong on our side ({said}).")
    finally:
        report.close()


def _code_of(error: StoreError) -> str:
    if isinstance(error, Damaged):
        return "result_invalid"
    return "no_room" if isinstance(error, Full) else "store"


def _of_store(error: StoreError) -> str:
    if isinstance(error, Damaged):
        return "A file that the work needs is damaged in the server's store. Tell whoever runs the server."
    if isinstance(error, Full):
        return "The server's disk is full. What is finished is kept: once there is room, a retry goes on from there."
    if isinstance(error, Forbidden):
        return "The server's store refuses the work. What is finished is kept; tell whoever runs the server."
    return "The server's store fails. What is finished is kept: once it does not, a retry goes on from there."


def _say_hello(store: Store, keys: AttemptKeys, call: str) -> int | None:
    """The number of this run; None when too many of this call have begun before."""
    own = 0
    for number in range(1, MOST_HELLOS + 1):
        hello = pack(Hello(call=call, run=number, at=_now()).as_wire())
        if store.put_once(keys.hello(number), hello):
            return number
        own += unpack(store.get(keys.hello(number)) or b"{}").get("call") == call
        if own >= MOST_RUNS:
            return None
    raise Crowded


def _commit(store: Store, keys: AttemptKeys, outcome: Outcome) -> dict[str, Any]:
    """The register decides: who is first, wins; everyone else reads what stands there."""
    wire = outcome.as_wire()
    if store.put_once(keys.outcome, pack(wire)):
        return wire
    stands = store.get(keys.outcome)
    return unpack(stands) if stands is not None else wire


def _outcome(call: str, number: int, ending: Any, **more: Any) -> Outcome:
    return Outcome(ending=ending, writer=f"{call}.{number}", at=_now(), **more)


def _wish(control: bytes | None) -> Stop | None:
    try:
        wish = unpack(control).get("stop") if control else None
    except ValueError:
        return None
    return wish if wish in STOPS else None


def _now() -> datetime:
    return datetime.now(UTC)
