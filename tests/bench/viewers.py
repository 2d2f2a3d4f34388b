"""Pages that poll: each a connection of its own, with the mark of its own last answer, at its own pace.

    python -m tests.bench.viewers PORT SECONDS EVERY LINES

`LINES` is a file of requests as tests.bench.load writes it, one a page. They come one after the other, within ten
seconds. Says that it counts once all have polled twice, and a line of figures in the end. Time is counted from when a
poll was due, so that what this process is late counts against the server. One epoll loop: a tenth of what wrk's Lua can
do is wanted, and it cannot tell pages apart.
"""

import heapq
import json
import random
import re
import select
import socket
import sys
import time
from collections import Counter
from pathlib import Path

COUNTING = "counting"
ARRIVING = 10.0  # seconds in which they come
WARMING = 2.5  # turns until it is counted from then on: everybody has polled twice
GIVEN_UP = 5.0  # seconds without an answer
MARK = re.compile(rb"/fragment\?v=([\w-]+)")
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CHUNK = 1 << 16


class Page:
    def __init__(self, line: str) -> None:
        head, mark, tail, cookie = line.split("\t")
        headers = f"Host: 127.0.0.1\r\nCookie: {cookie}\r\nHX-Request: true\r\nAccept: */*\r\n\r\n"
        self.head, self.tail = f"GET {head}".encode(), f"{tail} HTTP/1.1\r\n{headers}".encode()
        self.mark, self.follows = mark.encode(), bool(mark)
        self.due = 0.0
        self.waits = False
        self.had = b""
        self.socket: socket.socket | None = None

    def ask(self) -> None:
        assert self.socket is not None
        self.waits, self.had = True, b""
        self.socket.send(self.head + self.mark + self.tail)

    def answer(self) -> bytes | None:
        """Whole, or nothing yet. An end of the connection is an error."""
        assert self.socket is not None
        more = self.socket.recv(CHUNK)
        if not more:
            raise ConnectionError("closed")
        self.had += more
        head, end, body = self.had.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not end or len(body) < (int(length[1]) if length else 0):
            return None
        self.waits = False
        if self.follows and (mark := MARK.search(body)):
            self.mark = mark[1]
        return self.had


class Crowd:
    def __init__(self, port: int, pages: list[Page], every: float) -> None:
        self.port, self.pages, self.every = port, pages, every
        self.poller = select.epoll()
        self.asking: dict[int, Page] = {}
        self.turns: list[tuple[float, int]] = []
        self.statuses: Counter[int] = Counter()
        self.samples: dict[int, str] = {}
        self.took: list[float] = []
        self.failed = 0
        self.counts = False

    def run(self, seconds: float) -> None:
        began = time.monotonic()
        for number in range(len(self.pages)):
            heapq.heappush(self.turns, (began + random.random() * ARRIVING, number))
        self._go_on_until(began + ARRIVING + WARMING * self.every)
        print(COUNTING, flush=True)
        self.counts, began = True, time.monotonic()
        self._go_on_until(began + seconds)
        self.seconds = time.monotonic() - began
        self.failed += sum(page.waits and time.monotonic() - page.due > GIVEN_UP for page in self.pages)

    def figures(self) -> dict[str, object]:
        ordered = sorted(self.took) or [0.0]
        return {
            "polls": len(self.took),
            "seconds": self.seconds,
            "failed": self.failed,
            "p50": ordered[len(ordered) // 2] * 1000,
            "p99": ordered[len(ordered) * 99 // 100] * 1000,
            "statuses": dict(self.statuses),
            "samples": self.samples,
        }

    def _go_on_until(self, end: float) -> None:
        while (now := time.monotonic()) < end:
            while self.turns and self.turns[0][0] <= now:
                due, number = heapq.heappop(self.turns)
                heapq.heappush(self.turns, (due + self.every, number))
                self._ask(self.pages[number], due)
            wait = self.turns[0][0] - time.monotonic()
            for place, _ in self.poller.poll(max(0.0, min(wait, end - now))):
                self._hear(place, self.asking[place])

    def _ask(self, page: Page, due: float) -> None:
        """A page that still waits for its last answer leaves this turn out, as the real one does."""
        if page.waits:
            return
        page.due = due
        try:
            if page.socket is None:
                self._connect(page)
            page.ask()
        except OSError:
            self._lose(page)

    def _connect(self, page: Page) -> None:
        page.socket = socket.create_connection(("127.0.0.1", self.port), timeout=GIVEN_UP)
        page.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.asking[page.socket.fileno()] = page
        self.poller.register(page.socket.fileno(), select.EPOLLIN)

    def _hear(self, place: int, page: Page) -> None:
        try:
            answer = page.answer()
        except OSError:
            self._lose(page)
            return
        if answer is not None and self.counts:
            self._count(answer, time.monotonic() - page.due)

    def _count(self, answer: bytes, took: float) -> None:
        status = int(answer[9:12])
        if status not in self.samples:
            self.samples[status] = answer.partition(b"\r\n\r\n")[2][:300].decode(errors="replace")
        self.statuses[status] += 1
        self.took.append(took)

    def _lose(self, page: Page) -> None:
        self.failed += self.counts
        if page.socket is not None:
            self.asking.pop(page.socket.fileno(), None)
            page.socket.close()
        page.socket, page.waits = None, False


def main(port: str, seconds: str, every: str, lines: str) -> None:
    pages = [Page(line) for line in Path(lines).read_text().splitlines()]
    crowd = Crowd(int(port), pages, float(every))
    crowd.run(float(seconds))
    print(json.dumps(crowd.figures()), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
