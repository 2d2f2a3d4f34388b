"""The web server and the cluster together, on one machine."""

import errno
import fcntl
import os
import socket
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.utils import timezone

from exports import crew, driver
from exports.collected import collect, collected_beside
from exports.doorbell import ring
from exports.management.outage import SETTINGS, refuse_an_older_database
from exports.models.heartbeat import Heartbeat
from exports.processes import run_until_told
from exports.schedules import bring_near

ELSEWHERE = (
    "Other machines reach it by this machine's address, unencrypted; by a name only if LONGHAUL_HOSTS has it."
    " For more than a home, set LONGHAUL_URL."
)


class Command(BaseCommand):
    help = "Runs the web server and the django-q2 cluster together until Ctrl-C."
    requires_system_checks = SETTINGS

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--first-start",
            action="store_true",
            help="Also make the database, the static files and a demo account, as `make run` does.",
        )
        crew.add_silence(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        with self._port():
            self._serve(options)

    def _serve(self, options: dict[str, Any]) -> None:
        with _told_in_a_sentence():
            with one_at_a_time(self._say):
                if options["first_start"]:
                    self._make_what_is_missing()
                else:
                    refuse_an_older_database()
                collect()  # those of this version, after an update or in a home that was restored; pages name them
            self._take_over()
        self.stdout.write(f"Longhaul is at {settings.BIND_URL} (Ctrl-C stops it)\n")
        if settings.ANY_ADDRESS:
            self.stdout.write(f"{ELSEWHERE}\n")
        self.stdout.flush()
        self.check()  # of everything
        crew.room_for_connections()
        crew.load_work()
        crew.load_pages()
        children = [crew.web, crew.cluster, *([crew.push] if self._may_push() else [])]
        run_until_told([child(self._say, options["silence"]) for child in children])
        self.stdout.write("\nLonghaul has stopped. Nothing is lost: exports go on at the next start.")

    def _make_what_is_missing(self) -> None:
        with collected_beside():
            call_command("migrate", verbosity=0)
            refuse_an_older_database()
            call_command("demo")

    def _take_over(self) -> None:
        """The first that is written where nothing was to be made."""
        Heartbeat.forget_clusters(timezone.now())
        bring_near(timezone.now())
        driver.succeed(timezone.now())
        ring()  # what was left when the last cluster stopped

    def _say(self, sentence: str) -> None:
        self.stderr.write(sentence)
        self.stderr.flush()

    def _may_push(self) -> bool:
        """Pages do without where they must."""
        host, port = settings.PUSH_BIND
        error = kept_from(host, port) if settings.PUSH else None
        if error:
            said = f"News is not pushed: nothing can listen at {host}:{port}: {error.strerror}. Pages ask for it every"
            self._say(f"{said} {settings.PROGRESS_POLL_SECONDS} seconds. Another place: LONGHAUL_PUSH_BIND")
        return settings.PUSH and not error

    @contextmanager
    def _port(self) -> Iterator[None]:
        host, port = settings.BIND
        try:
            place = held(host, port)
        except OSError as error:  # also of a machine that has no IPv6
            shown = f"[{host}]" if ":" in host else host
            said = f"Nothing can listen at {shown}:{port}: {error.strerror}. {elsewhere(shown, port, error)}"
            raise CommandError(said) from error
        with place:
            yield


@contextmanager
def _told_in_a_sentence() -> Iterator[None]:
    """Of a disk that is full, and a database that is away: nothing that a traceback would explain."""
    try:
        yield
    except DatabaseError as error:
        database = f"in {settings.HOME}" if connection.vendor == "sqlite" else "that DATABASE_URL names"
        raise CommandError(_not_started(f"The database {database} cannot be used", error)) from error
    except OSError as error:
        raise CommandError(_not_started(f"Not everything could be made in {settings.HOME}", error)) from error


@contextmanager
def one_at_a_time(say: crew.Say) -> Iterator[None]:
    """What two starts in one home would make at once, table by table and file by file, the second finds made."""
    home = os.open(settings.HOME, os.O_RDONLY)
    try:
        with suppress(OSError):  # a disk that knows no locks: one start alone needs none
            _wait_for(home, say)
        yield
    finally:
        os.close(home)


def _wait_for(home: int, say: crew.Say) -> None:
    try:
        fcntl.flock(home, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say(f"Another start makes what is missing in {settings.HOME}; this one waits for it.")
        fcntl.flock(home, fcntl.LOCK_EX)


def _not_started(said: str, error: Exception) -> str:
    return f"Nothing was started. {said}: {' '.join(str(error).split())}"


def kept_from(host: str, port: int) -> OSError | None:
    """Why nothing can listen there; None where something can."""
    try:
        held(host, port).close()
    except OSError as error:
        return error
    return None


def held(host: str, port: int) -> socket.socket:
    """The place itself. On Linux our own servers may listen there beside it, and no other start: those come up seconds
    later, and let another one of their kind in."""
    place = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    os.register_at_fork(after_in_child=place.close)  # a cluster that still ends keeps no next start from its port
    try:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # for what is left of connections of before
        place.bind((host, port))
        if sys.platform == "linux":
            place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
            place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    except OSError:
        place.close()
        raise
    if sys.platform != "linux":
        place.close()  # elsewhere it would keep our own servers out too
    return place


def elsewhere(host: str, port: int, error: OSError) -> str:
    """A place that may do, by what is wrong with this one."""
    if error.errno == errno.EADDRINUSE:
        beside = port + 1 if port < 65535 else port - 1
        return f"Stop what does, or name another place: LONGHAUL_BIND={host}:{beside} make run"
    if error.errno == errno.EACCES:
        return f"This user may not listen at so low a port; name another: LONGHAUL_BIND={host}:8000"
    return f"Name an address of this machine: LONGHAUL_BIND=127.0.0.1:{port}, or 0.0.0.0:{port} for all that it has."
