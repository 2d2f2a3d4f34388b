"""One window of load: wrk over a few connections as fast as it is answered, or pages that poll at their pace."""

import http.client
import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.bench.processes import ROOT, BenchError, Processes, environment
from tests.bench.viewers import COUNTING

CONNECTIONS = 8


@dataclass(frozen=True, kw_only=True)
class Request:
    head: str
    mark: str = ""
    tail: str = ""
    cookie: str = ""

    @property
    def address(self) -> str:
        return self.head + self.mark + self.tail


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    body: str


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What was counted in one window; times in milliseconds."""

    polls: int
    seconds: float
    failed: int
    p50: float
    p99: float
    statuses: dict[int, int]
    samples: dict[int, str]  # how the first body of each status begins


def ask(port: int, requests: Iterable[Request]) -> list[Answer]:
    """One after the other, for a look at each answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    answers = []
    try:
        for request in requests:
            cookie = {"Cookie": request.cookie} if request.cookie else {}
            connection.request("GET", request.address, headers={"HX-Request": "true"} | cookie)
            response = connection.getresponse()
            answers.append(Answer(status=response.status, body=response.read().decode()))
    finally:
        connection.close()
    return answers


def wrk(processes: Processes, port: int, requests: list[Request], *, seconds: int) -> Answered:
    listed = _listed(processes.folder, requests)
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "5s"]
    command += ["-s", str(ROOT / "tests" / "bench" / "load.lua"), f"http://127.0.0.1:{port}/"]
    process = processes.start("wrk", command, environment(BENCH_REQUESTS=str(listed)), stdout=subprocess.PIPE)
    return _parsed(processes, process, "wrk", seconds + 20)


def pages(
    processes: Processes, port: int, requests: list[Request], *, seconds: int, every: float, begin: Callable[[], None]
) -> Answered:
    """`begin` is called when counting begins."""
    listed = _listed(processes.folder, requests)
    command = [sys.executable, "-m", "tests.bench.viewers", str(port), str(seconds), str(every), str(listed)]
    process = processes.start("viewers", command, environment(), stdout=subprocess.PIPE)
    assert process.stdout is not None
    if process.stdout.readline().strip() != COUNTING:
        raise BenchError(f"The pages did not come to poll:\n{processes.said('viewers')}")
    begin()
    return _parsed(processes, process, "viewers", seconds + 30)


def _parsed(processes: Processes, process: subprocess.Popen[str], name: str, patience: float) -> Answered:
    try:
        said, _ = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        raise BenchError(f"{name} did not end in time.") from None
    processes.started.remove(process)
    if process.returncode != 0 or not said.rstrip().endswith("}"):
        raise BenchError(f"{name} failed:\n{said[-500:]}{processes.said(name)}")
    counted = json.loads(said.rstrip().rpartition("\n")[2])
    for each in ("statuses", "samples"):
        counted[each] = {int(status): value for status, value in counted[each].items()}
    return Answered(**counted)


def _listed(folder: Path, requests: list[Request]) -> Path:
    path = folder / "requests.tsv"
    lines = ("\t".join((each.head, each.mark, each.tail, each.cookie)) for each in requests)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path
