"""The work itself, small: chunks that are kept, a film of them, and one run's own bytes in it."""

import hashlib
from typing import Any

from modal_functions.reporter import Reporter
from modal_functions.runtime import Context, Failed
from tests.simulation.world import World

CHUNKS = 3
DEAF_SECONDS = 50.0


class Prompt(Reporter):
    """Writes whenever it is told something: a thread of its own would not be played again in the same order."""

    def stage(self, key: str, **more: Any) -> None:
        super().stage(key, **more)
        self._write_now()

    def units(self, done: int, total: int | None = None, **more: Any) -> None:
        super().units(done, total, **more)
        self._write_now()

    def close(self) -> None:
        self._write_now()
        super().close()

    def _begin(self) -> None:
        return

    def _write_now(self) -> None:
        picture = self.picture
        if picture.seq > self._written:
            self._written = picture.seq
            self._try(picture)


class Film:
    def __init__(self, world: World) -> None:
        self.world = world
        self.kept: set[str] = set()

    def __call__(self, context: Context) -> dict[str, Any]:
        world, random = self.world, self.world.random
        there = frozenset(self.kept)  # for all runs that begin from here on
        context.report.stage("process", total=CHUNKS, unit="frames")
        for number in range(CHUNKS):
            context.border()
            key = f"{context.spec['chunks']}/{number}"
            if context.store.size(key) is None:
                self._render(key, there, context)
            context.report.units(number + 1)
            if not world.calm and random.random() < world.weather.flawed:
                raise Failed(random.choice(("out_of_memory", "out_of_memory", "input_unreadable")), "It went wrong.")
        context.border()
        context.report.stage("publish", total=1, unit="bytes")
        return self._published(context)

    def _render(self, key: str, there: frozenset[str], context: Context) -> None:
        if key in there:
            self.world.broken(f"{key} was kept before run {context.run} began, and is rendered again")
        deaf = self.world.random.random() < self.world.weather.deaf
        self.world.sleep(DEAF_SECONDS if deaf else self.world.random.uniform(0.1, 1.5))
        context.store.put(key, b"pictures")
        self.kept.add(key)

    def _published(self, context: Context) -> dict[str, Any]:
        """No two encodings are the same, so neither are their bytes."""
        for _ in range(CHUNKS):
            self.world.sleep(self.world.random.uniform(0.1, 0.5))
            self.world.point("join")
        key, body = self.place(context), f"film of {context.call}.{context.run}".encode()
        torn = not self.world.calm and self.world.random.random() < self.world.weather.torn
        context.store.put(key, body[:-1] if torn else body)
        return {"key": key, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}

    def place(self, context: Context) -> str:
        return context.out("film")
