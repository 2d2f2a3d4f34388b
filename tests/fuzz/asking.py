"""Bad requests by number, sent to the site in this process. Whatever one would have changed is taken back after it."""

import random
import re
import threading
from contextlib import suppress
from html.parser import HTMLParser

from django.core.signals import request_finished
from django.db import close_old_connections, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from exports import posts
from exports.models import Attempt, Source, Token
from modal_functions.posting import SIGNED, TIMED, signature
from modal_functions.wire import Outcome, SoFar, unpack
from progress import report
from progress.errors import Refused
from tests.exports.footage import film_of, finished, project_of, requested, running
from tests.fuzz.values import as_bytes, changed, odd, text

LEFT_ALONE = re.compile(r"^/(sign-out|guest)|^https?:")
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
BODIES = (JSON, JSON, "text/plain", FORM, "multipart/form-data", f"{JSON}; charset=x")
KINDS = ("multi_clip", "overlay", "clip_it", "framing_ai", "assembly", "edl", "mri_mesh")


class Forms(HTMLParser):
    """The forms of a page: where they go, and what their fields are called and hold."""

    def __init__(self, address):
        super().__init__()
        self.address, self.found = address, []

    def handle_starttag(self, tag, attributes):
        told = dict(attributes)
        if tag == "form":
            self.found.append((told.get("action") or told.get("hx-post") or self.address, {}))
        elif tag in {"input", "select", "textarea", "button"} and told.get("name") and self.found:
            self.found[-1][1][told["name"]] = told.get("value") or "1"


class Ground:
    """An account with something of everything, and what can be asked about it."""

    def __init__(self, owner):
        self.owner = owner
        project = project_of(owner)
        film_of(project, "beach.mov", "boat.mov")
        self.project, self.done, self.under_way = project, finished(requested(project)), running(requested(project))
        self.upload = Source.objects.create(project=project, name="up.mov", bytes=1000, heard_at=timezone.now())
        self.attempt = Attempt.objects.get(export=self.under_way)
        Attempt.objects.filter(pk=self.attempt.pk).update(runner="modal", number=self.under_way.job.attempt)
        self.attempt.refresh_from_db()
        _, shown = Token.make(owner, name="script", scope="write")
        self.script = Client(headers={"Authorization": f"Bearer {shown}"})
        self.browser = Client()
        self.browser.force_login(owner)
        self.visitor = Client()
        self.forms = list(self._forms())
        document = self.script.get("/api/v1/openapi.json").json()
        self.calls = [(verb, path) for path, verbs in document["paths"].items() for verb in verbs]
        shapes = document["components"]["schemas"].values()
        self.names = sorted({name for each in shapes for name in each.get("properties", ())})

    def _forms(self):
        export, project = self.done.pk, self.project.pk
        pages = [
            *(reverse(name) for name in ("start", "sign-in", "sign-up", "projects", "account")),
            *(reverse("project", args=[project]), reverse("export", args=[export])),
            *(reverse("export", args=[self.under_way.pk]), reverse("film", args=[project])),
            *(
                reverse("new-export", args=[project, kind])
                for kind in ("multi_clip", "overlay", "clip_it", "framing_ai")
            ),
        ]
        for who in (self.browser, self.visitor):
            for page in pages:
                answer = who.get(page, follow=True)
                if answer.status_code == 200 and not answer.streaming:
                    reader = Forms(page)
                    reader.feed(answer.content.decode())
                    yield from ((who, *each) for each in reader.found if not LEFT_ALONE.search(each[0]))


def forms(rng, ground):
    """What a browser would send of a page's form, with odd values, fields left out, twice, or of other forms."""
    who, address, fields = rng.choice(ground.forms)
    sent = {name: [value] for name, value in fields.items()}
    for name in rng.sample(list(sent), k=min(len(sent), rng.choice((1, 1, 2, 5)))) if sent else ():
        sent[name] = rng.choice(([], [text(rng)], [text(rng), text(rng)]))
    if rng.random() < 0.3:
        sent[rng.choice(("do", "what", "size", "name", "title", "next", "page", text(rng)[:50] or "x"))] = [text(rng)]
    headers = {"HX-Request": "true"} if rng.random() < 0.4 else {}
    if rng.random() < 0.2:
        return who.get(address, sent, headers=headers)
    return who.post(address, sent, headers=headers)


def api(rng, ground):
    """Calls that the document knows, with bodies and questions that it does not: schemathesis keeps to its words."""
    verb, path = rng.choice(ground.calls)
    known = {"project_id": ground.project.pk, "export_id": ground.done.pk, "source_id": ground.upload.pk}
    path = re.sub(r"{(\w+)}", lambda found: str(known.get(found[1]) if rng.random() < 0.8 else rng.randrange(99)), path)
    said = {name: odd(rng) for name in rng.sample(ground.names, k=rng.choice((0, 1, 3, 6)))}
    asked = {name: text(rng)[:2000] for name in rng.sample(ground.names, k=rng.choice((0, 0, 1)))}
    kinds = (
        "application/json",
        "application/json",
        "text/plain",
        FORM,
        "multipart/form-data",
        "application/json; charset=x",
    )
    body, sort = as_bytes(rng, changed(rng, said)), rng.choice(kinds)
    return ground.script.generic(verb.upper(), path, body, content_type=sort, query_params=asked)


def parts(rng, ground):
    """Uploads: begun, sent, listed, completed and given up, all of it wrongly."""
    project, upload = ground.project.pk, ground.upload.pk
    key = rng.choice((ground.upload.key, text(rng)))
    body = rng.randbytes(rng.choice((0, 1, 10, 1000, 1001, 5000)))
    listed = {"parts": [{"PartNumber": 1, "ETag": '"abc"'}, {"PartNumber": 2, "ETag": "def"}]}
    begun = {"filename": "a.mov", "metadata": {"name": "a.mov", "size": 1000, "lastModified": 1}, "size": 1000}
    number = rng.choice((0, 1, 2, 10_000, 10_001, 2**31, 2**63, 10**30))
    browser, json_type = ground.browser, JSON
    match rng.randrange(7):
        case 0:
            address = f"/projects/{project}/parts/{upload}/{number}"
            more = {"CONTENT_LENGTH": rng.choice((str(len(body)), text(rng)))} if rng.random() < 0.3 else {}
            return browser.put(address, body, content_type=rng.choice(("application/octet-stream", FORM)), **more)
        case 1:
            sent = as_bytes(rng, changed(rng, begun))
            return browser.post(reverse("uploads", args=[project]), sent, content_type=json_type)
        case 2:
            address = reverse("upload-complete", args=[project, upload])
            sent = as_bytes(rng, changed(rng, listed))
            return browser.post(address, sent, content_type=json_type, query_params={"key": key})
        case 3:
            address = reverse("upload", args=[project, upload])
            return rng.choice((browser.get, browser.head))(address, query_params={"key": key})
        case 4:
            asked = {"name": text(rng), "size": text(rng), "modified": text(rng)}
            return browser.get(reverse("upload-unfinished", args=[project]), asked)
        case 5:
            return browser.get(f"/projects/{project}/s3/multipart/{upload}/{number}", {"key": key})
    return browser.post(reverse("upload-arrived", args=[project, upload]), query_params={"key": key})


def wire(rng, ground):
    """What work says of itself, wrongly: read, and posted with the right signature."""
    attempt = ground.attempt
    told = {
        "v": 2, "job": str(attempt.export_id), "attempt": attempt.number, "run": 1, "seq": rng.randrange(1, 10**6),
        "stage": "process", "at": timezone.now().isoformat(), "done": 600, "total": 900, "unit": "frames", "note": "x",
        "kept": 0, "plan": [], "pieces": [{"name": "a", "done": 1, "total": 2, "previews": ["a.jpg"]}],
        "ending": "ok", "writer": "w", "code": "", "sentence": "", "result": {"key": "k"}, "seconds": 1.0,
    }  # fmt: skip
    body = as_bytes(rng, changed(rng, told))
    _read(body)
    message = as_bytes(rng, changed(rng, {"report": changed(rng, told), "ended": False}))
    site = posts.site_for(attempt.ordered)
    at = str(int(timezone.now().timestamp()))
    signed = {SIGNED: signature(site.key, site.place, at, message), TIMED: at}
    if rng.random() < 0.2:
        signed = {
            SIGNED: text(rng)[:500].encode("ascii", "ignore").decode().replace("\n", ""),
            TIMED: str(odd(rng))[:99],
        }
        signed = {name: re.sub(r"[^ -~]", "", value) for name, value in signed.items()}
    address = reverse("attempt-report", args=[attempt.export_id, attempt.number])
    return ground.visitor.post(address, message, content_type="application/json", headers=signed)


def _read(body):
    """Nonsense is refused in one of the ways that every reader knows."""
    with suppress(Refused):
        report.parse(body)
    for reader in (Outcome.from_wire, SoFar.from_wire):
        with suppress(ValueError, KeyError, TypeError):
            reader(unpack(body))


SORTS = {"api": api, "forms": forms, "parts": parts, "wire": wire}


def closed(answer):
    """What is read to its end closes itself; and no answer's end is to close the connection of this test."""
    if answer.streaming:
        request_finished.disconnect(close_old_connections)
        answer.close()


def asked(sort, seed, numbers, ground):
    """What went wrong, told so that it can be asked again; and the counts of all answers."""
    wrong, counts, threads = [], {}, threading.active_count()
    for number in numbers:
        try:
            with transaction.atomic():
                answer = SORTS[sort](random.Random(f"{sort}/{seed}/{number}"), ground)
                closed(answer)
                transaction.set_rollback(True)
            counts[answer.status_code] = counts.get(answer.status_code, 0) + 1
            if answer.status_code >= 500:
                wrong.append(f"{sort} {seed}/{number}: {answer.status_code} {answer.request['PATH_INFO']}")
        except Exception as error:  # noqa: BLE001 - which a server would answer with 500
            wrong.append(f"{sort} {seed}/{number}: {type(error).__name__}: {str(error)[:300]}")
    if threading.active_count() > threads + 1:
        wrong.append(f"{sort}: {threading.active_count() - threads} threads are left")
    return wrong, counts
