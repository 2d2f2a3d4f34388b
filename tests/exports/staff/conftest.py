from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.db.models import Q
from django.utils import timezone

from exports.models import Attempt, Clip, Export, Project, Source, User
from exports.staff import listing
from exports.staff.acts import Order, find, perform, planned
from progress.models import Job
from tests.exports.scripted import ScriptedRunner, Work


@pytest.fixture
def runner():
    return ScriptedRunner(at_once=5)


@pytest.fixture
def project(owner):
    return project_of(owner)


def project_of(owner, name="Lofoten"):
    project = Project.objects.create(owner=owner, name=name)
    source = Source.objects.create(
        project=project, name="beach.mov", bytes=100, state="ready", sha256="a" * 64, facts={"seconds": 8.0}
    )
    Clip.objects.create(project=project, source=source, position=1)
    return project


def requested(project, title=""):
    return Export.request(project, kind="multi_clip", options={"size": "360p"}, title=title)


@pytest.fixture
def export(project):
    return requested(project)


@pytest.fixture
def work(drive, export, runner, store, clock):
    """The export's first attempt at work: greeted, and half way."""
    drive(2)
    work = Work(runner, store, clock)
    work.says_hello()
    work.reports("process", 0, 900)
    drive()
    work.reports("process", 450, 900)
    drive()
    return work


def fresh(export):
    return Export.objects.select_related("job__owner", "project").get(pk=export.pk)


def status(export):
    return fresh(export).job.status


@pytest.fixture
def verdict(clock):
    """What stands in the list of what needs attention: the word, or nothing."""

    def of(export):
        listed = listing.page(listing.Asked(scope=Q(), now=clock()))
        lines = {line.export.pk: line.verdict for line in listed.lines}
        return lines[export.pk].word if export.pk in lines else ""

    return of


@pytest.fixture
def act(staff, tools):
    """Staff does something to an export."""

    def take(key, export, *, by=None, reason="the night shift saw it", given="", with_tools=None):
        order = Order(by=by or staff, tools=with_tools or tools, reason=reason, given=given)
        return perform(find(key), export.pk, order)

    return take


@pytest.fixture
def plan(staff, tools):
    def told(key, export, given=""):
        return planned(find(key), export.pk, Order(by=staff, tools=tools, reason="-", given=given))

    return told


@pytest.fixture
def clerk(django_user_model):
    """Staff without any permission and in no group."""
    return django_user_model.objects.create_user("clara", password="a long secret of hers", is_staff=True)


def allow(account, *codenames):
    account.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return User.objects.get(pk=account.pk)


def together(name, *accounts):
    group, _ = Group.objects.get_or_create(name=name)
    for account in accounts:
        account.groups.add(group)


def attempt_of(export):
    return Attempt.objects.filter(export=export).order_by("-number").first()


MINUTES = timedelta(minutes=1)


@pytest.fixture
def boss(staff, signed_in):
    return signed_in(staff)


@pytest.fixture
def many(project):
    def made(count):
        exports = [requested(project, f"Reel {number}") for number in range(count)]
        for number, export in enumerate(exports):
            Job.objects.filter(pk=export.pk).update(created_at=timezone.now() + timedelta(seconds=number))
        return exports

    return made
