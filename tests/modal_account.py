"""What the runner relies on, asked of a real account: python -m tests.modal_account [--yes]

Not part of the suite: it costs money. It works with the store and the account that the environment names, in an export
of its own that it deletes again, and takes about five minutes. Deploy before: modal deploy -m modal_functions.app
"""

import argparse
import json
import os
import sys
import tempfile
import time
import uuid
from dataclasses import replace
from pathlib import Path

import django

# A third party's figures, of 2026: dollars for a second of one core; of a machine that is not preempted, three times.
CORE_SECOND, SURE = 0.0000131, 3
CONDUCTED, BATCHED = 8 * 60, 8 * 60  # seconds, with those in which a container waits for more


def cost():
    return CORE_SECOND * (SURE * 0.5 * CONDUCTED + BATCHED)


class Account:
    def __init__(self, runner, store):
        from exports.runners.base import Ordered
        from modal_functions.wire import AttemptKeys

        self.runner, self.store, self.export, self.number = runner, store, str(uuid.uuid4()), 0
        self.ordered, self.keys = Ordered, AttemptKeys
        self.failed = 0

    def order(self, spec):
        from modal_functions.wire import pack

        self.number += 1
        keys = self.keys(export=self.export, number=self.number)
        self.store.put(keys.spec, pack(spec))
        return self.ordered(keys=keys, project=self.export, kind="multi_clip", token=str(uuid.uuid4()))

    def spawned(self, ordered):
        return replace(ordered, call_id=self.runner.spawn(ordered))

    def comes_to(self, ordered, life, seconds=180):
        deadline = time.monotonic() + seconds
        while (seen := self.runner.look(ordered)) != life and time.monotonic() < deadline:
            time.sleep(0.5)
        return seen == life

    def outcome(self, ordered):
        return json.loads(self.store.get(ordered.keys.outcome) or b"{}")

    def film(self, seconds):
        from tests.modal_functions.media.reels import shoot

        with tempfile.TemporaryDirectory() as folder:
            reel = shoot(Path(folder) / "reel.mp4", seconds=seconds, sound="aac")
            kept = self.store.put_file(f"projects/{self.export}/sources/1/original", reel.path)
        return {
            "chunks": f"projects/{self.export}/chunks",
            "sources": [{"key": kept.key, "name": "reel.mp4", "bytes": kept.bytes}],
            "film": {
                "output": {"width": 1280, "height": 720, "fps": [25, 1], "quality": "standard"},
                "clips": [
                    {
                        "source": kept.key,
                        "sha256": kept.sha256,
                        "in_us": 0,
                        "out_us": int(seconds * 1_000_000) - 100_000,
                    }
                ],
            },
        }

    def says(self, what, holds, seen=""):
        self.failed += not holds
        print(f"{'holds ' if holds else 'FAILED'} {what} {seen}".rstrip(), flush=True)

    def tidy(self):
        for prefix in (f"attempts/{self.export}", f"projects/{self.export}"):
            for key in list(self.store.keys(prefix)):
                self.store.delete(key)


def ask(account):
    runner, says = account.runner, account.says
    ended = account.spawned(account.order({}))
    says("a call that was spawned lives, or has ended", runner.look(ended) in ("alive", "gone"), ended.call_id)
    says("it ends, and then it is gone", account.comes_to(ended, "gone"))
    says("it has left its outcome first", account.outcome(ended).get("code") == "unsupported")
    hello = json.loads(account.store.get(ended.keys.hello(1)) or b"{}")
    says("its hello names the call that the runner knows", hello.get("call") == ended.call_id, hello.get("call"))
    runner.stop(ended)
    says("stopped afterwards, nothing changes", runner.look(ended) == "gone")
    says(
        "an id that was never given is gone",
        runner.look(replace(ended, call_id="fc-01ABCDEFGHJKMNPQRSTVWXYZ0")) == "gone",
    )

    began = time.monotonic()
    lives = {runner.look(ended) for _ in range(100)}
    says("a hundred looks give one answer", lives == {"gone"}, f"{time.monotonic() - began:.1f} s")

    spec = account.film(12)
    began = time.monotonic()
    film = account.spawned(account.order(spec))
    done = account.comes_to(film, "gone", 600)
    outcome = account.outcome(film)
    says(
        "a film is made in containers",
        done and outcome.get("ending") == "ok",
        f"{time.monotonic() - began:.0f} s {outcome}",
    )

    for key in list(account.store.keys(spec["chunks"])):
        account.store.delete(key)
    for hard in (False, True):
        stopped = account.spawned(account.order(spec))
        begun = account.comes_to(stopped, "alive")
        time.sleep(5)
        began = time.monotonic()
        runner.stop(stopped, hard=hard)
        gone = account.comes_to(stopped, "gone")
        how = "made to stop" if hard else "asked to stop"
        says(f"{how}, it is gone", begun and gone, f"{time.monotonic() - began:.1f} s {account.outcome(stopped)}")

    twice = account.order(spec)
    calls = [account.spawned(twice), account.spawned(twice)]
    says("spawned twice, both end", all(account.comes_to(call, "gone", 600) for call in calls))
    writer = account.outcome(twice).get("writer", "")
    says("and one of them counts", writer.rpartition(".")[0] in {call.call_id for call in calls}, writer)


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--yes", action="store_true", help="spend it")
    chosen = parser.parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "exports_site.settings")
    django.setup()
    from django.conf import settings

    from exports import runners, stores

    print(f"This costs about ${cost():.2f} of the Modal account, and what the bucket takes for some hundred requests.")
    if not settings.MODAL_TOKEN:
        print("Set MODAL_TOKEN_ID and MODAL_TOKEN_SECRET first.")
        return 2
    if not chosen.yes:
        print("Say --yes to spend it.")
        return 2
    account = Account(runners.get("modal"), stores.own())
    try:
        ask(account)
    finally:
        account.tidy()
    return 1 if account.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
