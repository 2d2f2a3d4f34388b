"""Receivers on loopback, that take, refuse, hang up and keep what they were given; and an export to tell of."""

import email
import email.policy
import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from aiosmtpd.controller import Controller
from django.db import transaction

from exports import kinds
from exports.models import Clip, Contact, Delivery, Export, Project, Source
from exports.models.contact import hashed
from exports.outbox.rounds import deliver
from exports.tools import Tools
from progress.models import Job
from progress.tracker import ProgressTracker
from tests.serving import free_port


class Mailbox:
    """An SMTP server's: what it took, and how it answers."""

    def __init__(self):
        self.calm()

    def calm(self):
        self.taken, self.rcpt, self.told, self.hangs_up = [], "250 OK", "250 OK", False

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.told.startswith("250"):
            self.taken.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        if self.hangs_up:
            server.transport.abort()
        return self.told


@pytest.fixture(scope="session")
def _smtp():
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port(), ready_timeout=60)
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # the server's own; it names addresses
    controller.start()
    yield mailbox, controller.port
    controller.stop(no_assert=True)


@pytest.fixture
def mailbox(_smtp, settings):
    mailbox, port = _smtp
    mailbox.calm()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.MAIL_ACCOUNT = object()
    settings.PUBLIC_URL = "https://exports.example.com"
    settings.MAIL_DOMAIN = "exports.example.com"
    return mailbox


class Receiver(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answering)
        self.calm()

    def calm(self):
        self.taken, self.status, self.headers, self.hangs_up = [], 200, {}, False

    @property
    def port(self):
        return self.server_address[1]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/hook"


class Answering(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((self.path, dict(self.headers), body))
        if self.server.hangs_up:
            return
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *said):
        pass


@pytest.fixture(scope="session")
def _receiver():
    receiver = Receiver()
    threading.Thread(target=receiver.serve_forever, args=(0.05,), daemon=True).start()
    yield receiver
    receiver.shutdown()
    receiver.server_close()


@pytest.fixture
def receiver(_receiver, settings):
    """Of webhooks and, through apprise's json://, of chats and text messages. It is in a private network, so the
    installation is one that may send there."""
    _receiver.calm()
    settings.PRIVATE_TARGETS = True
    settings.NOTIFY_URL = f"json://127.0.0.1:{_receiver.port}/sms/{{to}}"
    return _receiver


def add_clip(project):
    source = Source.objects.create(
        project=project, name="beach.mov", bytes=100, state="ready", sha256="a" * 64, facts={"seconds": 8.0}
    )
    Clip.objects.create(project=project, source=source, position=1)


@pytest.fixture
def project(owner):
    project = Project.objects.create(owner=owner, name="Lofoten")
    add_clip(project)
    return project


@pytest.fixture
def export(project):
    return requested(project)


def requested(project, title="", size="360p", *, clips=False):
    if clips:
        add_clip(project)
    return Export.request(project, kind="multi_clip", options={"size": size}, title=title)


def fresh(export):
    return Export.objects.select_related("job", "project").get(pk=export.pk)


def finish(export):
    """As the driver does it: in one transaction, with all that completion means."""
    tracker = ProgressTracker()
    tracker.uploaded(export.pk)
    tracker.start(export.pk, attempt=1)
    facts = {"key": f"attempts/{export.pk}/1/out/1/film.mp4", "bytes": 84_000_000, "sha256": "5" * 64, "seconds": 192.0}
    Export.objects.filter(pk=export.pk).update(result_facts=facts)
    attempt = export.attempts.create(number=1, runner="local", outcome="ok")
    assert kinds.get(export.kind).finalize(fresh(export), attempt, tracker)
    return fresh(export)


def fail(export, cause="out_of_memory", text="Not enough memory.", attempt=1):
    from exports.models import Notice

    tracker = ProgressTracker()
    tracker.uploaded(export.pk)
    tracker.start(export.pk, attempt=attempt)
    with transaction.atomic():
        assert tracker.fail(export.pk, cause=cause, text=text)
        Notice.owe(fresh(export), "failed", attempt=attempt, text=text)
    return fresh(export)


def contact_of(owner, clock, channel="mail", address="olga@example.com", *, events=("done", "failed"), **more):
    """Verified, and told of these."""
    now = clock()
    return Contact.objects.create(
        owner=owner,
        channel=channel,
        address=address,
        address_hash=hashed(channel, address),
        verified_at=now,
        **dict.fromkeys(events, True),
        **more,
    )


@pytest.fixture
def clock():
    """The real one, which can be set ahead: rows are owed at the real time."""
    from django.utils import timezone

    from tests.conftest import Clock

    class Ahead(Clock):
        ahead = 0.0

        def __call__(self):
            from datetime import timedelta

            return timezone.now() + timedelta(seconds=self.ahead)

        def pass_by(self, seconds):
            self.ahead += seconds
            return self()

    return Ahead()


@pytest.fixture
def sends(clock):
    tools = Tools(store=None, runner=None, clock=clock)
    return lambda: deliver(tools)


def states():
    return sorted(Delivery.objects.values_list("event", "channel", "state"))


def state():
    return Delivery.objects.get().state


def told(receiver):
    return [json.loads(body) for _, _, body in receiver.taken]


def job_of(export):
    return Job.objects.get(pk=export.pk)
