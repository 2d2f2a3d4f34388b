"""The people: they upload, export, pause, resume and cancel through the real pages, and try again where one fails."""

import itertools
import random
import threading
import time
import urllib.error
import uuid
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPException
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, ProxyHandler, Request, build_opener

from django.db import Error, close_old_connections, connections

from exports.models import Export, Project, Source
from progress.models import Status, Wish

PATIENCE = 20.0  # seconds for an answer
OUTPUTS = tuple(itertools.product(("24", "25", "30"), ("draft", "standard")))  # none shares a part with another
PREPARED = 2  # projects
READY = 300.0  # seconds that one of them may take on a busy machine
FATES = ("complete", "complete", "pause", "pause", "cancel")
# Endings that mere violence may bring about; staff looks and retries.
BORNE = frozenset({"preempted_too_often", "store", "no_room", "out_of_memory", "result_invalid", "result_missing"})


class Browser:
    """One person's; a page that does not come is None."""

    def __init__(self, address: str) -> None:
        self.address, self.cookies = address, CookieJar()
        self.opener = build_opener(ProxyHandler({}), HTTPCookieProcessor(self.cookies))

    def ask(self, path: str) -> tuple[int, str] | None:
        return self._open(Request(self.address + path))

    def send(self, path: str, form: dict[str, str]) -> tuple[int, str] | None:
        body = urlencode(form | {"csrfmiddlewaretoken": self.token}).encode()
        return self._open(Request(self.address + path, body))

    def upload(self, path: str, files: list[Path]) -> tuple[int, str] | None:
        edge = uuid.uuid4().hex
        parts = [_field(edge, 'name="csrfmiddlewaretoken"', self.token.encode())]
        parts += [_field(edge, f'name="files"; filename="{file.name}"', file.read_bytes()) for file in files]
        body = b"".join(parts) + f"--{edge}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={edge}"}
        return self._open(Request(self.address + path, body, kind))

    @property
    def token(self) -> str:
        return next((cookie.value or "" for cookie in self.cookies if cookie.name == "csrftoken"), "")

    def _open(self, request: Request) -> tuple[int, str] | None:
        try:
            with self.opener.open(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, ""
        except (OSError, HTTPException):
            return None


def _field(edge: str, name: str, body: bytes) -> bytes:
    return f"--{edge}\r\nContent-Disposition: form-data; {name}\r\n\r\n".encode() + body + b"\r\n"


@dataclass
class Film:
    """What one person wants, and how far it has come; every step may fail, and is then taken again."""

    name: str
    project: str
    reels: tuple[Path, ...]
    rate: str
    quality: str
    fate: str
    export: uuid.UUID | None = None
    pauses: int = 0


@dataclass
class People:
    browser: Browser
    staff: Browser
    reels: list[Path]
    rng: random.Random
    notes: Counter[str] = field(default_factory=Counter)
    unforeseen: list[str] = field(default_factory=list)
    films: list[Film] = field(default_factory=list)
    at_once: int = 7
    leaving: bool = False
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def come(self, password: str) -> None:
        """Before anything is broken: one signs up, one signs in as staff."""
        self.browser.ask("/sign-up")
        secret = uuid.uuid4().hex
        self.browser.send("/sign-up", {"username": "paula", "password1": secret, "password2": secret})
        self.staff.ask("/sign-in")
        answer = self.staff.send("/sign-in", {"username": "stella", "password": password})
        if answer is None or "Sign out" not in answer[1]:
            raise RuntimeError("staff cannot sign in")
        for project in range(PREPARED):
            self._prepare(self._film(project * len(OUTPUTS)))
        self._thread = threading.Thread(target=self._live, name="people", daemon=True)
        self._thread.start()

    def go(self) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join()

    def _live(self) -> None:
        while not self._stop.is_set():
            try:
                if not self.leaving:
                    self._want_more()
                for film in list(self.films):
                    self._step(film)
            except Error:
                connections.close_all()
            close_old_connections()
            self._stop.wait(0.1)
        connections.close_all()

    def _want_more(self) -> None:
        """Each project becomes a film in every output there is, so that there is always something to render."""
        while len(self.films) < self.at_once:
            self.films.append(self._film(self.notes["films wanted"]))
            self.notes["films wanted"] += 1

    def _film(self, number: int) -> Film:
        project, output = divmod(number, len(OUTPUTS))
        orders, (rate, quality) = list(itertools.permutations(self.reels, 2)), OUTPUTS[output]
        return Film(
            name=f"film {number}",
            project=f"project {project}",
            reels=orders[project % len(orders)],
            rate=rate,
            quality=quality,
            fate=self.rng.choice(FATES),
        )

    def _prepare(self, film: Film) -> None:
        """Some projects are there before anything is broken; the others are uploaded amid it all."""
        deadline = time.monotonic() + READY
        while self._laid_out(film) is None or Source.objects.exclude(state=Source.State.READY).exists():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{film.project} did not become ready")
            time.sleep(0.1)

    def _step(self, film: Film) -> None:
        if film.export is None:
            self._ask_for(film)
        else:
            self._watch(film)

    def _laid_out(self, film: Film) -> Project | None:
        """Looks what is there already, then does what is missing: an answer that was lost may have been a yes."""
        project = Project.objects.filter(owner__username="paula", name=film.project).order_by("created_at").first()
        if project is None:
            self.browser.send("/projects/", {"name": film.project})
            return None
        page = f"/projects/{project.pk}"
        there = {source.name: source for source in project.sources.exclude(state=Source.State.UPLOADING)}
        missing = [reel for reel in film.reels if reel.name not in there]
        if missing:
            self.browser.upload(f"{page}/sources", missing)
            return None
        placed = list(project.clips.values_list("source__name", flat=True))
        if len(placed) < len(film.reels):
            wanted = there[film.reels[len(placed)].name]
            self.browser.send(f"{page}/film", {"do": f"add:{wanted.pk}"})
            return None
        return project

    def _ask_for(self, film: Film) -> None:
        project = self._laid_out(film)
        if project is None:
            return
        film.export = project.exports.filter(job__title=film.name).values_list("pk", flat=True).first()
        if film.export is None:
            chosen = {"size": "360p", "rate": film.rate, "quality": film.quality, "enlarging": "lanczos"}
            self.browser.send(f"/projects/{project.pk}/film", {"do": "export", "title": film.name} | chosen)

    def _watch(self, film: Film) -> None:
        export = Export.objects.select_related("job").get(pk=film.export)
        job = export.job
        if job.status == Status.COMPLETE or (job.status == Status.CANCELLED and film.fate == "cancel"):
            self.notes[f"films {job.status}"] += 1
            self.films.remove(film)
        elif job.status == Status.FAILED:
            self._look_into(export)
        elif job.status == Status.PAUSED and (self.leaving or self.rng.random() < 0.2):
            self._act(film, "resume")
        elif self.leaving:
            if job.wish == Wish.PAUSE:
                self._act(film, "resume")
        elif film.fate == "pause" and film.pauses < 2 and job.status == Status.RUNNING and self.rng.random() < 0.1:
            film.pauses += 1
            self._act(film, "pause")
        elif film.fate == "cancel" and job.status == Status.RUNNING and self.rng.random() < 0.05:
            self._act(film, "cancel")
        elif self.rng.random() < 0.3:
            self.browser.ask(f"/exports/{film.export}/fragment?actions=")

    def _look_into(self, export: Export) -> None:
        cause = export.job.cause
        if cause not in BORNE:
            said = f"export {export.pk} failed with {cause}: {export.job.cause_text}"
            if said not in self.unforeseen:
                self.unforeseen.append(said)
        answer = self.staff.send(f"/exports/{export.pk}/retry", {})
        if answer and answer[0] == 200:
            self.notes[f"retried by staff after {cause}"] += 1

    def _act(self, film: Film, verb: str) -> None:
        answer = self.browser.send(f"/exports/{film.export}/{verb}", {})
        self.notes[f"{verb} asked" if answer else f"{verb} not answered"] += 1
