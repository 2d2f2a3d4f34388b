"""Stands in for running work: writes its reports into its folder of the store, or posts them signed, each in its turn.

Every report is told with the moment at which the work had it, so that what is measured begins there.
"""

import asyncio
import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from modal_functions.posting import SIGNED, TIMED, Site, signature
from tests.bench.news.story import RENDERING, Story, picture, whole
from tests.bench.talk import answer_all

if TYPE_CHECKING:
    from modal_functions.wire import ProgressReport

PATIENCE = 20.0  # seconds for one answer
PAUSE, MOST_REFUSED = 0.2, 200  # seconds after one that got no answer, and how many in a row end it
LENGTH = re.compile(rb"(?i)\r\ncontent-length: (\d+)")
AGAIN_AFTER = re.compile(rb"(?i)\r\nretry-after: (\d+)")
Told = list[list[float]]


def _story(length: int) -> Story:
    """Of one stage where nothing is said of a length."""
    return whole(length) if length else RENDERING


def write_files(root: str, jobs: list[str], every: float, reports: int, length: int = 0) -> Told:
    """Put in place in one step, as the store does; not synced, since that is not what is measured."""
    told: Told = []
    for number, index, now in _turns(len(jobs), every, reports):
        time.sleep(max(0.0, now - time.time()))
        written = time.time()
        place = Path(root) / "attempts" / jobs[index] / "1" / "progress.json"
        half = place.with_name("half")
        half.write_text(json.dumps(picture(_story(length), jobs[index], number, written).as_wire()))
        half.replace(place)
        told.append([index, number, written])
    return told


def post(jobs: list[str], sites: list[dict[str, str]], every: float, reports: int, length: int = 0) -> dict[str, Any]:
    """Each job has one message on its way at most, and keeps its connection, as the work does. What it says meanwhile,
    or before the site wants the next, is put together: each is the whole picture. The last is sent in any case."""
    return asyncio.run(_posted(jobs, sites, every, reports, _story(length)))


async def _posted(
    jobs: list[str], sites: list[dict[str, str]], every: float, reports: int, story: Story
) -> dict[str, Any]:
    begun = time.time()
    workers = [Worker(job=job, site=Site(**site), story=story) for job, site in zip(jobs, sites, strict=True)]
    first = [begun + index / len(jobs) * every for index in range(len(jobs))]
    await asyncio.gather(*(each.work(at, every, reports) for each, at in zip(workers, first, strict=True)))
    return {
        "told": [[index, *each] for index, worker in enumerate(workers) for each in worker.told],
        "answered": [each for worker in workers for each in worker.answered],
        "refused": sum(worker.refused for worker in workers),
        "seconds": time.time() - begun,
    }


class Worker:
    def __init__(self, *, job: str, site: Site, story: Story) -> None:
        self.job, self.site, self.story = job, site, story
        self.told: Told = []
        self.answered: list[float] = []
        self.refused = 0
        self.newest: ProgressReport | None = None
        self.sending: asyncio.Task[None] | None = None
        self.connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def work(self, begins: float, every: float, reports: int) -> None:
        for number in range(1, reports + 1):
            await asyncio.sleep(max(0.0, begins + (number - 1) * every - time.time()))
            now = time.time()
            self.newest = picture(self.story, self.job, number, now)
            self.told.append([number, now])
            if self.sending is None or self.sending.done():
                self.sending = asyncio.ensure_future(self._send())
        if self.sending:
            await self.sending
        if self.connection:
            self.connection[1].close()

    async def _send(self) -> None:
        while self.newest is not None and self.refused < MOST_REFUSED:
            picture_now, self.newest = self.newest, None
            body = json.dumps({"report": picture_now.as_wire()}, separators=(",", ":")).encode()
            began = time.perf_counter()
            try:
                status, pause = await asyncio.wait_for(self._sent(body), PATIENCE)
            except (OSError, TimeoutError, asyncio.IncompleteReadError):
                status, pause = 0, PAUSE
            if status == 204:
                self.answered.append(time.perf_counter() - began)
            else:
                self.refused += 1
                self.newest = self.newest or picture_now
            await asyncio.sleep(pause)

    async def _sent(self, body: bytes) -> tuple[int, float]:
        """The status, and for how many seconds nothing else may be sent."""
        kept = self.connection
        try:
            return await self._asked(body)
        except (OSError, asyncio.IncompleteReadError):
            if kept is None:
                raise
            return await self._asked(body)  # it was closed meanwhile

    async def _asked(self, body: bytes) -> tuple[int, float]:
        where, at = urlsplit(self.site.url), str(int(time.time()))
        kept, self.connection = self.connection, None
        reader, writer = kept or await asyncio.open_connection(where.hostname, where.port)
        try:
            head = f"POST {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Length: {len(body)}\r\n"
            head += f"{SIGNED}: {signature(self.site.key, self.site.place, at, body)}\r\n{TIMED}: {at}\r\n"
            head += "Content-Type: application/json\r\n\r\n"
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            if length := LENGTH.search(answer):
                await reader.readexactly(int(length[1]))
            again = AGAIN_AFTER.search(answer)
            self.connection = reader, writer
            status = int(answer[9:12] or 0)
            return status, float(again[1]) if again else 0.0 if status == 204 else PAUSE
        finally:
            if self.connection is None:
                writer.close()


def _turns(count: int, every: float, reports: int) -> list[tuple[int, int, float]]:
    """Number of the report, job, and when: spread evenly, so that nothing comes in a bunch."""
    now = time.time()
    return [
        (number + 1, index, now + (number + index / count) * every)
        for number in range(reports)
        for index in range(count)
    ]


if __name__ == "__main__":
    answer_all({"write_files": write_files, "post": post})
