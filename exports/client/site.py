"""Longhaul: what a script can do on a site, each a call or two of its API."""

import json
import time
import unicodedata
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Self

from . import moving
from .asking import Asking, Refused

Told = Mapping[str, Any]
OnBytes = Callable[[int, int], None]
LOOKED_AT = ("ready", "refused")
IN_VAIN = ("failed", "cancelled", "expired")
EVERY = 2.0  # seconds
A_PAGE = 200  # lines, the most that the site gives at once
LONGEST = 200  # characters of a project's name
JOINERS = "\u200c\u200d"
UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")  # which no name there has


class Longhaul:
    """`on_wait` is told in a sentence why something is tried again, and for how long."""

    def __init__(self, site: str, *, token: str, sleep: Callable[[float], None] = time.sleep, **more: Any) -> None:
        self.sleep = sleep
        self.asking = Asking(site, token, sleep=sleep, **more)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.asking.close()

    @property
    def site(self) -> str:
        return self.asking.site

    # Projects and sources

    def me(self) -> Told:
        return self._told("GET", "/me")

    def begin_project(self, name: str) -> Told:
        return self._told("POST", "/projects", {"name": _said(name)[:LONGEST]})

    def project(self, project_id: str) -> Told:
        return self._told("GET", f"/projects/{project_id}")

    def projects(self, *, most: int = 50) -> list[Told]:
        return list(islice(self._listed("/projects", most), most))

    def delete_project(self, project_id: str) -> None:
        """With its sources, its exports and what they made; Refused while one of those is under way."""
        self.asking.json("DELETE", f"/projects/{project_id}")

    def delete_source(self, source_id: str) -> None:
        self.asking.json("DELETE", f"/sources/{source_id}")

    def upload(self, project: Told, path: Path, *, on_bytes: OnBytes = lambda done, total: None) -> Told:
        """The source that the file becomes; returns when it was looked at and can be used, else Refused."""
        asked = {"project": project["id"], "name": _said(path.name), "bytes": path.stat().st_size}
        return self._sent(self._told("POST", "/uploads", asked), path, on_bytes)

    def upload_what_lacks(self, project: Told, path: Path, *, on_bytes: OnBytes = lambda done, total: None) -> Told:
        """The same, into a project where it may be in part, or whole: what is there already is not sent again."""
        size, digest = path.stat().st_size, ""
        for source in self._listed(f"/projects/{project['id']}/sources"):
            if source["bytes"] != size or source["state"] == "refused":
                continue
            if source["state"] == "uploading" and source["name"] == _said(path.name):
                return self._sent(self._told("GET", f"/uploads/{source['id']}"), path, on_bytes)
            digest = digest or moving.digest(path)
            if source["sha256"] == digest:
                on_bytes(size, size)
                return self.looked_at(source["id"])
        return self.upload(project, path, on_bytes=on_bytes)

    def _sent(self, upload: Told, path: Path, on_bytes: OnBytes) -> Told:
        moving.send(self.asking, upload, path, on_bytes)
        return self.looked_at(upload["id"])

    def looked_at(self, source_id: str) -> Told:
        source = self._told("GET", f"/sources/{source_id}")
        while source["state"] not in LOOKED_AT:
            self.sleep(0.5)
            source = self._told("GET", f"/sources/{source_id}")
        if source["state"] == "refused":
            raise Refused(f"{source['name']} cannot be used: {source['refusal']}", status=422)
        return source

    def arrange(self, project: Told, sources: Sequence[Told], trims: Sequence[tuple[float, float | None]] = ()) -> Told:
        """The project's film: these sources in this order, each from its start to its end where no trim says else."""
        spans = [*trims, *[(0.0, None)] * (len(sources) - len(trims))]
        clips = [
            {"source": source["id"], "start": start, "end": end}
            for source, (start, end) in zip(sources, spans, strict=True)
        ]
        return self._told("PUT", f"/projects/{project['id']}/film", {"clips": clips})

    # Exports

    def check(self, *, kind: str = "multi_clip", title: str = "", **options: Any) -> None:
        """Refused where such an export would be, before anything is sent."""
        self.asking.json("POST", "/exports/check", {"kind": kind, "title": title, "options": options})

    def export(self, project: Told, *, kind: str = "multi_clip", title: str = "", **options: Any) -> Told:
        return self._told("POST", "/exports", _order(project, kind, title, options))

    def export_once(
        self, film: Told, *, before: bool, kind: str = "multi_clip", title: str = "", **options: Any
    ) -> Told:
        """The same of a project that was arranged. `before`: this film may have been asked for with these words within
        a day, by whoever was killed then; unless that has ended in vain, it is the one."""
        order = _order(film, kind, title, options)
        key = uuid.uuid5(uuid.UUID(film["id"]), json.dumps([order, film["film"]], sort_keys=True))
        while True:
            begun = self._told("POST", "/exports", order, key=str(key))
            if not before or not self._is_in_vain(begun["id"]):
                return begun
            key = uuid.uuid5(key, begun["id"])

    def _is_in_vain(self, export_id: str) -> bool:
        try:
            return self.look(export_id)["job"]["status"] in IN_VAIN
        except Refused as refusal:
            if refusal.status == 404:  # it was deleted
                return True
            raise

    def exports(self, *, active: bool = False, most: int = 50) -> list[Told]:
        return list(islice(self._listed("/exports", most, active=active), most))

    def look(self, export_id: str) -> Told:
        return self._told("GET", f"/exports/{export_id}")

    def pause(self, export_id: str) -> Told:
        return self._told("POST", f"/exports/{export_id}/pause")

    def resume(self, export_id: str) -> Told:
        return self._told("POST", f"/exports/{export_id}/resume")

    def cancel(self, export_id: str) -> Told:
        return self._told("POST", f"/exports/{export_id}/cancel")

    def retry(self, export_id: str) -> Told:
        return self._told("POST", f"/exports/{export_id}/retry")

    def watch(self, export_id: str) -> Iterator[Told]:
        """How it stands, every two seconds, until it has ended."""
        while True:
            seen = self.look(export_id)
            yield seen
            if seen["job"]["settled_at"] is not None:
                return
            self.sleep(EVERY)

    def download(self, export: Told, out: Path, *, on_bytes: OnBytes = lambda done, total: None) -> Path:
        """The film, whole: gone on with where it broke off, and put in place only when its digest is right."""
        result = export["result"]
        if result is None:
            raise Refused(f"“{export['job']['title']}” has no film to download.", status=404)
        return moving.fetch(self.asking, result, out, on_bytes)

    def _listed(self, address: str, most: int = A_PAGE, **asked: Any) -> Iterator[Told]:
        """The newest first, however many pages of the site those are."""
        after: dict[str, str] = {}
        while True:
            page = self._told("GET", address, limit=min(most, A_PAGE), **after, **asked)
            yield from page["items"]
            if not page["next"]:
                return
            after = {"after": page["next"]}

    def _told(self, verb: str, address: str, asked: Any = None, **params: Any) -> Told:
        told: Told = self.asking.json(verb, address, asked, **params)
        return told


def _order(project: Told, kind: str, title: str, options: Told) -> Told:
    return {"project": project["id"], "kind": kind, "title": title, "options": options}


def _said(name: str) -> str:
    """A file's name may have bytes that are no text, and lines; what is sent is text, on one line."""
    text = name.encode(errors="replace").decode()
    return "".join(
        " " if unicodedata.category(each) in UNSEEN and each not in "\u200c\u200d" else each for each in text
    )
