"""One run of one attempt, as it was ordered: the same in a process of this machine and in a container elsewhere."""

import logging
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from modal_functions.fan import Fan, HandOut
from modal_functions.kinds import work_of
from modal_functions.posting import Post, Site
from modal_functions.reporter import Reporter
from modal_functions.runtime import Context, run
from modal_functions.store import Store, StoreError
from modal_functions.stores import good_until, opened
from modal_functions.wire import VERSION, Order, Outcome, pack, unpack

logger = logging.getLogger("modal_functions")


def attempt(
    wire: dict[str, Any], *, call: str, folder: Path, hand_out: HandOut | None = None, at_once: int = 1
) -> dict[str, Any]:
    """How it ended, as plain JSON. Only what asks the process itself to end passes through; `folder` is gone then too.

    With `hand_out`, parts are made on other machines, `at_once` of them at the same time."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        order = Order.from_wire(wire)
        store = opened(order.store)
        if order.v != VERSION:
            return _other_version(order, store, call)
        fan = Fan(order=order, store=store, hand_out=hand_out, at_once=at_once) if hand_out else None
        return _run(order, store, call, folder, fan)
    except StoreError as error:
        logger.warning("The store failed before the attempt began: %s", error)
        return {"ending": "unknown", "sentence": f"The store did not answer: {error}"}
    except (KeyError, TypeError, ValueError) as error:
        logger.exception("What was ordered makes no sense")
        return {"ending": "unknown", "sentence": f"What was ordered makes no sense: {error}"}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(order: Order, store: Store, call: str, folder: Path, fan: Fan | None) -> dict[str, Any]:
    def of_kind(context: Context) -> dict[str, Any]:
        return work_of(order.kind)(context)

    spec = unpack(store.get(order.keys.spec) or b"{}")
    post = Post(Site(**order.site)) if order.site else None
    outcome = run(
        work=of_kind,
        spec=spec,
        store=store,
        keys=order.keys,
        call=call,
        folder=folder,
        fan=fan,
        reporter=post.reporter if post else Reporter,
        until=good_until(order.store),
        carried=order.carried,
    )
    if post:
        post.ended()
    return outcome


def _other_version(order: Order, store: Store, call: str) -> dict[str, Any]:
    """Said in the version of whoever ordered it, or it could not be read there."""
    sentence = (
        f"The render functions are of version {VERSION}, the site is of {order.v}."
        " Deploy them again (modal deploy -m modal_functions.app), then retry."
    )
    outcome = Outcome(ending="error", writer=call, at=datetime.now(UTC), code="version", sentence=sentence)
    wire = {**outcome.as_wire(), "v": order.v}
    store.put_once(order.keys.outcome, pack(wire))
    return wire
