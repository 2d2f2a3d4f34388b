"""Each part of the polls has its own place in the document; and pages are told apart by who generates the load."""

import json
import socket
import subprocess
import sys
import threading

import pytest

from tests.bench import figures
from tests.bench.__main__ import ROOT, TOGETHER, placed
from tests.bench.load import Answered, Request, _listed
from tests.bench.polls import CROWD, EVERY, THEIR_EVERY, Variant, Window, variants

JOB = "6e6daf7e-7f2e-436a-a025-96042c45d392"


def test_each_part_has_a_place_in_the_document():
    text = (ROOT / "docs" / "BENCHMARKS.md").read_text()
    for part in TOGETHER:
        text = placed(text, part, f"| new {part} |")
    assert [text.count(f"| new {part} |") for part in TOGETHER] == [1, 1, 1, 1]


def window(variant, cost):
    answered = Answered(polls=1000, seconds=1.0, failed=0, p50=1, p99=2, statuses={200: 1000}, samples={})
    return Window(
        database="sqlite", variant=variant, round=1, answered=answered, web=cost, postgres=0, redis=0, updates=500
    )


def kept(windows):
    machine = {"databases": [], "packages": {}, "cores": 2, "cpu": "", "memory_gib": 1, "system": "", "python": ""}
    return {
        "polls": figures.poll_figures(windows),
        "reports": [],
        "refused": [],
        "jobs": 1000,
        "rounds": 1,
        "seconds": 2,
        "when": "2026-11-21",
        "machine": machine,
        "load_average": {"start": [0], "end": [0]},
    }


def test_pages_are_compared_with_celery_progress_at_the_same_pace_and_at_its_own():
    costs = {"memory": 0.2, "celery": 0.8, "celery twice": 1.0, "memory twice": 0.1, "site": 2.0}
    told = kept([window(each, costs[each.server]) for each in variants("pages")])
    shown = figures.tables(told, "pages")
    line = next(line for line in shown.splitlines() if line.startswith("| the job's page, from memory "))
    cells = [cell.strip() for cell in line.split("|")]
    assert cells[-5:-1] == ["0.25", "0.25", "0.20", "0.20"]
    assert "| 8,000 |" in shown
    assert figures.tables(told, "polls") == "", "what was not measured leaves what stands in the document"


def test_eight_thousand_pages_and_their_own_pace_have_two_processes():
    here = {(each.server, each.every, each.viewers) for each in variants("pages")}
    assert {("memory twice", EVERY, CROWD), ("celery twice", THEIR_EVERY, 1), ("memory", EVERY, 1)} < here
    assert {each.part for each in variants()} == {"polls", "updates", "pages"}
    assert Variant(name="bare").part == "polls"


@pytest.fixture
def server():
    """Tells each page of its next mark, or that there is no news; keeps what was asked."""
    asked, listening = [], socket.create_server(("127.0.0.1", 0))

    def answer(connection):
        with connection:
            while request := connection.recv(65536):
                asked.append(request.split(b" ")[1].decode())
                if b"v=3-" in request:
                    connection.sendall(b"HTTP/1.1 204 No Content\r\ncache-control: no-store\r\n\r\n")
                    continue
                body = b'hx-get="/exports/%b/fragment?v=%d-x&nav"' % (
                    JOB.encode(),
                    int(request[request.find(b"v=") + 2 :][:1]) + 1,
                )
                head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
                connection.sendall(head + body[:20])
                connection.sendall(body[20:])

    def accept():
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listening.getsockname()[1], asked
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()


def test_each_page_follows_its_own_marks(server, tmp_path):
    port, asked = server
    tail = "&nav"
    pages = [Request(head=f"/exports/{JOB}/fragment?v=", mark=mark, tail=tail, cookie="a=b") for mark in ("0-0", "2-x")]
    listed = _listed(tmp_path, pages)
    command = [sys.executable, "-m", "tests.bench.viewers", str(port), "0.3", "0.1", str(listed)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.splitlines()
    assert said[0] == "counting"
    counted = json.loads(said[1])
    marks = [address.partition("v=")[2].partition("&")[0] for address in asked]
    assert marks.count("0-0") == marks.count("1-x") == 1
    assert marks.count("2-x") == 2
    assert counted["failed"] == 0
    assert counted["polls"] == sum(counted["statuses"].values()) > 0
    assert counted["statuses"].get("204", 0) > 0
