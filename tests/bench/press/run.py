"""One run of the part about long films: a press in Chromium, and its answer put in its place as here and as by htmx."""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench import machine
from tests.bench.drive.run import environment_of
from tests.bench.figures import said, spread, table
from tests.bench.processes import ROOT, BenchError
from tests.bench.side import load_average
from tests.browser.flags import FLAGS
from tests.serving import Server

if TYPE_CHECKING:
    from playwright.sync_api import Page

FILMS = {
    "10/1": "10 clips of one source",
    "100/1": "100",
    "300/1": "300",
    "100/100": "100 clips of 100 sources",
    "300/300": "300 of 300",
}
OURS, HTMX = "apart", "outerHTML"
# Milliseconds until the answer is there, until it stands in its place, and until that is painted.
PRESS = """(way) => new Promise((told) => {
  const form = document.getElementById("film-form");
  const at = {};
  const note = (name) =>
    document.addEventListener(`htmx:${name}`, () => (at[name] = performance.now()), { once: true });
  form.setAttribute("hx-swap", way);
  ["beforeRequest", "beforeSwap", "afterSwap"].forEach(note);
  document.addEventListener("htmx:afterSettle", () => requestAnimationFrame(() => setTimeout(() => told({
    answered: at.beforeSwap - at.beforeRequest,
    placed: at.afterSwap - at.beforeSwap,
    painted: performance.now() - at.beforeRequest,
  }))), { once: true });
  const button = form.querySelectorAll("[id$=-up]")[5];
  button.focus();
  button.click();
})"""


def run(asked: argparse.Namespace, command: str, say: Callable[[str], None]) -> dict[str, Any]:
    when, load = datetime.now(UTC), load_average()
    told: dict[tuple[str, str], list[dict[str, float]]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="longhaul-bench-") as folder:
        home = Path(folder) / "home"
        say("Films …")
        films = _films(home)
        with _page(home, films["cookie"]) as page:
            for number in range(1, asked.rounds + 1):
                say(f"Round {number} of {asked.rounds} …")
                for film, way in product(FILMS, (OURS, HTMX)):
                    page.goto(films["addresses"][film])
                    page.evaluate(PRESS, way)  # what is new to the browser takes it longer
                    told[film, way].append(page.evaluate(PRESS, way))
    return {
        "when": when.isoformat(timespec="seconds"),
        "command": command,
        "machine": machine.description(("django", "django-htmx", "playwright")),
        "load_average": {"start": load, "end": load_average()},
        "rounds": asked.rounds,
        "presses": [
            {"film": film, "way": way} | {what: spread(each[what] for each in these) for what in these[0]}
            for (film, way), these in told.items()
        ],
    }


def _films(home: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.press.films", *FILMS]
    ended = subprocess.run(
        command, env=environment_of(home, "sqlite"), cwd=ROOT, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise BenchError(f"The films were not made: {ended.stderr[-800:]}")
    films: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return films


@contextmanager
def _page(home: Path, cookie: dict[str, str]) -> "Iterator[Page]":
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    if path is None:
        raise BenchError("Debian's Chromium is not installed; `apt install chromium` brings it.")
    server = Server(home)
    try:
        if not server.answers():
            raise BenchError(f"The site did not start: {server.said[-600:]}")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
            context = browser.new_context(base_url=server.url)
            context.add_cookies([{**cookie, "url": server.url}])
            yield context.new_page()
            browser.close()
    finally:
        server.stop()


def tables(kept: dict[str, Any]) -> str:
    of = {(each["film"], each["way"]): each for each in kept["presses"]}
    rows = [
        [
            named,
            said(of[film, OURS]["placed"]),
            said(of[film, HTMX]["placed"]),
            f"{of[film, HTMX]['placed']['median'] / of[film, OURS]['placed']['median']:.1f}",
            said(of[film, OURS]["answered"]),
            said(of[film, OURS]["painted"]),
            said(of[film, HTMX]["painted"]),
        ]
        for film, named in FILMS.items()
    ]
    head = ["ms", "put in place", "by htmx", "times", "answered", "painted", "by htmx"]
    return (
        f"{table(head, rows)}\n\n"
        f"Medians of {kept['rounds']} rounds (lowest–highest), {kept['when'][:10]}: {machine.footing(kept)}"
    )
