"""One window of load: wrk over kept-alive connections, each request with an address and a cookie of its own."""

import http.client
import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.bench.processes import ROOT, BenchError, Processes, environment

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
    """What wrk counted in one window; times in milliseconds."""

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


def wrk(
    processes: Processes,
    port: int,
    requests: list[Request],
    *,
    seconds: int,
    follow: bool = False,
    every: float | None = None,
) -> Answered:
    """As fast as it is answered over a few connections; with `every`, a connection a page that polls at that pace."""
    listed = _listed(processes.folder, requests)
    connections = CONNECTIONS if every is None else len(requests)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "5s"]
    command += ["-s", str(ROOT / "tests" / "bench" / "load.lua"), f"http://127.0.0.1:{port}/"]
    told = environment(BENCH_REQUESTS=str(listed), BENCH_FOLLOW="1" if follow else "0")
    if every is not None:
        told["BENCH_EVERY"] = str(round(every * 1000))
    return _parsed(processes, command, told, seconds)


def _parsed(processes: Processes, command: list[str], told: dict[str, str], seconds: int) -> Answered:
    process = processes.start("wrk", command, told, stdout=subprocess.PIPE)
    try:
        said, _ = process.communicate(timeout=seconds + 20)
    except subprocess.TimeoutExpired:
        raise BenchError("wrk did not end in time.") from None
    processes.started.remove(process)
    if process.returncode != 0 or not said.rstrip().endswith("}"):
        raise BenchError(f"wrk failed:\n{said[-500:]}{processes.said('wrk')}")
    counted = json.loads(said.rstrip().rpartition("\n")[2])
    for name in ("statuses", "samples"):
        counted[name] = {int(status): value for status, value in counted[name].items()}
    return Answered(**counted)


def _listed(folder: Path, requests: list[Request]) -> Path:
    path = folder / "requests.tsv"
    lines = ("\t".join((each.head, each.mark, each.tail, each.cookie)) for each in requests)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path
