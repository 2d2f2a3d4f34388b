"""Questions to a process of the run and its answers, as lines of JSON: each has Django set up for one database."""

import json
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from tests.bench.processes import BenchError

LONGEST = 120.0  # seconds for an answer


class Partner:
    def __init__(self, name: str, process: subprocess.Popen[str]) -> None:
        self.name = name
        self.process = process

    def ask(self, verb: str, **given: Any) -> Any:
        self.begin(verb, **given)
        return self.answer()

    def begin(self, verb: str, **given: Any) -> None:
        """Asks without waiting: the partner is busy with it while something else is measured."""
        assert self.process.stdin is not None
        try:
            print(json.dumps([verb, given]), file=self.process.stdin, flush=True)
        except BrokenPipeError:
            raise BenchError(f"{self.name} has ended.") from None

    def answer(self, within: float = LONGEST) -> Any:
        assert self.process.stdout is not None
        impatience = threading.Timer(within, self.process.kill)
        impatience.daemon = True
        impatience.start()
        try:
            line = self.process.stdout.readline()
        finally:
            impatience.cancel()
        if not line:
            raise BenchError(f"{self.name} has ended without an answer.")
        answer = json.loads(line)
        if "error" in answer:
            raise BenchError(f"{self.name} could not do it:\n{answer['error']}")
        return answer["result"]


def answer_all(verbs: Mapping[str, Callable[..., Any]]) -> None:
    """Until the other end is closed."""
    for line in sys.stdin:
        verb, given = json.loads(line)
        try:
            answer = {"result": verbs[verb](**given)}
        except Exception:  # noqa: BLE001 - told to whoever asked
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), flush=True)
