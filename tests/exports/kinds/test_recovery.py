"""Every kind there is, on each runner: killed, its call lost, paused, cancelled, poisoned. It ends well, or says why
not; and whatever it went through, its film is the same to the byte.

A kind that is added is tried here too, once `asked.py` says what to ask of it."""

import pytest

from exports.models import Attempt, Export, Notice
from exports.runners.base import NotReached
from exports.tools import Tools
from modal_functions.folder import FolderStore
from progress.models import Status
from tests.exports.clips import at
from tests.exports.kinds.asked import HERE, KINDS, OPTIONS, asked_for, ground, is_kept
from tests.exports.test_end_to_end import drive_until, reels  # noqa: F401 - reels is a fixture
from tests.platforms import Platforms
from tests.soon import soon
from tests.thorough import THOROUGH, more, part_of

pytestmark = pytest.mark.django_db
UNDISTURBED: dict[str, str] = {}  # the checksum of each kind's film


def each_somewhere(kinds):
    """On both runners; in the suite on one of them in turn."""
    both = [(kind, place) for kind in kinds for place in ("local", "modal")]
    return both if THOROUGH else both[::4] + both[3::4]


def elsewhere(kinds):
    """On both runners; in the suite each on the one where `each_somewhere` does not try it."""
    both = [(kind, place) for kind in kinds for place in ("local", "modal")]
    return both if THOROUGH else [each for each in both if each not in each_somewhere(kinds)]


class LosesTheFirstAnswer:
    """The attempt is begun, and nobody hears of it."""

    def __init__(self, inner):
        self.inner, self.lost = inner, 0

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def spawn(self, ordered):
        call = self.inner.spawn(ordered)
        if not self.lost:
            self.lost += 1
            raise NotReached("The answer was lost.")
        return call


@pytest.fixture(autouse=True)
def platforms(request, settings, db):
    """For the kind that is posted. They take a while, so that there is something to disturb."""
    if getattr(request.node, "callspec", None) is None or request.node.callspec.params.get("kind") != "clip_post":
        yield None
        return
    served = Platforms(seconds=1.5)
    at(served, settings)
    yield served
    served.stop()
    asked = Export.objects.filter(kind="clip_post")
    done = asked.filter(job__status=Status.COMPLETE).count()
    for posts in (served.tiktok, served.instagram):
        assert done <= len(posts) <= asked.count(), "whatever it went through, it is posted once"


@pytest.fixture
def runner(place):
    return LosesTheFirstAnswer(place.runner)


@pytest.fixture
def tools(place, runner):
    return Tools(store=FolderStore(place.store), runner=lambda name: runner)


@pytest.fixture
def project(kind, owner, reels, tools, tmp_path):  # noqa: F811
    return ground(kind, owner, reels, tools, tmp_path)


@pytest.fixture
def kept(kind, project, tools):
    """The parts that are kept by now."""
    folder = f"projects/{project.pk}/chunks"
    return lambda: [key for key in tools.store.keys(folder) if is_kept(kind, key)]


@pytest.fixture
def forget(project, tools):
    def all_parts():
        for key in list(tools.store.keys(f"projects/{project.pk}/chunks")):
            tools.store.delete(key)

    return all_parts


def row(export):
    return Export.objects.select_related("job").get(pk=export.pk)


def test_every_kind_is_tried():
    assert set(KINDS) == set(OPTIONS)


@more
@pytest.mark.parametrize(("kind", "place"), elsewhere(HERE), indirect=["place"])
def test_lost_killed_paused_and_resumed_it_completes_once_and_is_the_same(
    kind, project, tools, place, runner, kept, forget
):
    export, killed = asked_for(project, kind), []

    def befall():
        if not killed and kept():
            for victim in place.victims()[:1]:
                export.pause(actor="olga")
                place.kill(victim)
                killed.append(victim)
        elif row(export).job.status == Status.PAUSED:
            export.resume(actor="olga")

    export = drive_until(export, tools, befall)
    assert export.job.status == Status.COMPLETE, export.job.cause_text
    assert (runner.lost, len(killed)) == (1, 1)
    assert Attempt.objects.filter(outcome="ok").count() == 1
    assert [notice.event for notice in Notice.objects.all()] == ["done"]
    assert {event.status for event in export.job.events.all()} >= {Status.PAUSED}
    if kind not in UNDISTURBED:  # what it is made of is the same everywhere
        forget()
        undisturbed = drive_until(asked_for(project, kind), tools)
        assert undisturbed.result_facts["rendered"] == undisturbed.result_facts["chunks"]
        UNDISTURBED[kind] = undisturbed.result_sha256
    assert export.result_sha256 == UNDISTURBED[kind]


@more
@pytest.mark.parametrize(("kind", "place"), each_somewhere(HERE), indirect=["place"])
def test_cancelled_nothing_runs_on_and_a_retry_goes_on_from_what_is_kept(kind, project, tools, place, kept):
    export = asked_for(project, kind)

    def cancel():
        if kept():
            export.cancel(actor="olga")

    stopped = drive_until(export, tools, cancel)
    assert stopped.job.status == Status.CANCELLED
    assert soon(lambda: place.working(None) == [])
    assert row(export).retry(actor="olga")
    done = drive_until(export, tools)
    assert done.job.status == Status.COMPLETE, done.job.cause_text
    assert done.result_facts["rendered"] < done.result_facts["chunks"]


@more
@pytest.mark.parametrize("kind", part_of(HERE))
def test_an_input_that_ends_every_machine_is_given_up_with_a_sentence(kind, owner, reels, remote, tmp_path):  # noqa: F811
    tools = Tools(store=FolderStore(remote.store), runner=lambda name: remote.runner)
    export, killed = asked_for(ground(kind, owner, reels, tools, tmp_path), kind), []

    def kill():
        hellos = [key for key in tools.store.keys(f"attempts/{export.pk}") if "/hello" in key]
        if len(hellos) > len(killed):
            for container in remote.working(None):
                remote.kill(container)
            killed.append(hellos[-1])

    done = drive_until(export, tools, kill)
    assert (done.job.status, done.job.cause) == (Status.FAILED, "poison")
    assert "times in a row" in done.job.cause_text
