"""Nothing depends on the cluster being up to be told the truth: whoever looks takes the next step."""

import logging
import re
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from exports.models import Heartbeat
from exports.models.lease import APART
from exports.tools import Tools
from exports.views import lazy
from exports.views.lazy import EVERY, Lazily
from modal_functions.folder import FolderStore
from progress.models import Status
from tests.exports.footage import driver_is_awake, film_of, finished, fresh, project_of, requested, running
from tests.exports.scripted import ScriptedRunner, Work

pytestmark = pytest.mark.django_db


class Ticks:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def ticks():
    return Ticks()


@pytest.fixture
def runner():
    return ScriptedRunner()


@pytest.fixture
def tools(tmp_path, runner, clock, tracker):
    return Tools(store=FolderStore(tmp_path / "store"), runner=lambda name: runner, tracker=tracker, clock=clock)


@pytest.fixture
def lazily(tools, ticks):
    return Lazily(lambda: tools, clock=ticks)


@pytest.fixture
def export(owner):
    project = project_of(owner)
    film_of(project, "beach.mov")
    return requested(project)


@pytest.fixture
def look(lazily, export, ticks, clock):
    def looked(seconds=EVERY):
        ticks.now += seconds
        clock.pass_by(seconds)
        return lazily.step(export.pk)

    return looked


def test_an_export_ends_by_being_looked_at_alone(look, export, runner, tools, clock):
    assert all(look() for _ in range(3))
    work = Work(runner, tools.store, clock)
    work.says_hello()
    work.finishes()
    for _ in range(4):
        look()
    assert fresh(export).job.status == Status.COMPLETE


def test_one_look_is_one_step_at_most(look, export):
    assert fresh(export).job.status == Status.UPLOADING
    look()
    assert fresh(export).job.status == Status.QUEUED
    assert not export.attempts.exists()


def test_however_many_look_it_is_one_step_in_two_seconds(look):
    assert look()
    assert not any(look(EVERY / 8) for _ in range(7))
    assert look(EVERY / 8)


def test_while_the_driver_beats_nobody_else_drives(look, export, clock):
    Heartbeat.objects.create(name="driver", at=clock() + timedelta(seconds=1))
    assert not look()
    assert fresh(export).job.status == Status.UPLOADING
    assert not look(EVERY), "three seconds of silence are none yet"
    assert look(EVERY)


def test_to_be_told_that_the_driver_beats_costs_one_query_in_two_seconds(look, lazily, ticks, clock, export):
    Heartbeat.objects.create(name="driver", at=clock() + APART)
    look()
    with CaptureQueriesContext(connection) as queries:
        for _ in range(20):
            ticks.now += 0.05
            lazily.step(export.pk)
    assert len(queries) == 0
    with CaptureQueriesContext(connection) as queries:
        look()
    assert len(queries) == 1


def test_one_export_is_not_held_back_by_another(lazily, export, owner, ticks):
    other = requested(export.project)
    assert lazily.step(export.pk)
    assert lazily.step(other.pk)


def test_what_goes_wrong_is_noted_and_never_shown(look, runner, caplog):
    look()
    runner.capacity = lambda: 1 / 0
    with caplog.at_level(logging.ERROR):
        assert not look()
    assert "could not be driven by who looked at it" in caplog.text


def test_a_job_that_is_no_export_is_left_alone(lazily, job, caplog):
    assert not lazily.step(job.pk)
    assert caplog.records == [] or all(record.levelno < logging.ERROR for record in caplog.records)


def test_it_does_not_remember_for_ever(lazily, export, ticks):
    lazily._stepped = dict.fromkeys(range(lazy.MOST_KEPT), ticks.now)
    ticks.now += EVERY
    assert lazily.step(export.pk)
    assert len(lazily._stepped) == 1


# From the pages


@pytest.fixture
def browser(owner, signed_in):
    lazy.lazily.cache_clear()
    return signed_in(owner)


def test_the_page_of_an_export_takes_its_step_when_the_driver_is_silent(browser, export):
    browser.get(reverse("export", args=[export.pk]))
    assert fresh(export).job.status == Status.QUEUED


def test_and_so_does_its_poll(browser, export):
    browser.get(reverse("export-fragment", args=[export.pk]), {"v": "0", "actions": "cancel,leave"})
    assert fresh(export).job.status == Status.QUEUED


def test_a_page_whose_own_poll_completes_the_export_is_told_so_with_the_film(
    browser, look, lazily, export, runner, tools, clock, ticks, monkeypatch
):
    monkeypatch.setattr(lazy, "lazily", lambda: lazily)
    assert all(look() for _ in range(3))
    work = Work(runner, tools.store, clock)
    work.says_hello()
    look()
    work.finishes()
    shown, mark = "pause,stop,leave", "0"
    for _ in range(6):
        ticks.now += EVERY
        asked = {"v": mark, "actions": shown}
        answer = browser.get(reverse("export-fragment", args=[export.pk]), asked, headers={"HX-Request": "true"})
        mark = next(iter(re.findall(r"/fragment\?v=([^&\"]+)", answer.text)), mark)
        shown = next(iter(re.findall(r'name="actions" value="([^"]*)"', answer.text)), shown)
        if answer.status_code == 286:
            break
    assert ("Complete</h2>" in answer.text, answer.status_code) == (True, 286)
    assert reverse("download", args=[export.pk]) in answer.text


def test_neither_does_while_the_driver_beats(browser, export):
    driver_is_awake()
    browser.get(reverse("export", args=[export.pk]))
    browser.get(reverse("export-fragment", args=[export.pk]), {"v": "0", "actions": "cancel,leave"})
    assert fresh(export).job.status == Status.UPLOADING


def test_a_stranger_drives_nothing(stranger, signed_in, export):
    lazy.lazily.cache_clear()
    client = signed_in(stranger)
    assert client.get(reverse("export", args=[export.pk])).status_code == 404
    client.get(reverse("export-fragment", args=[export.pk]), {"v": "0", "actions": ""})
    assert client.post(reverse("pause", args=[export.pk])).status_code == 404
    assert fresh(export).job.status == Status.UPLOADING


def test_a_poll_that_brings_nothing_new_stays_at_one_query(browser, export, django_assert_num_queries):
    driver_is_awake()
    running(export)
    mark = browser.get(reverse("export", args=[export.pk])).context["seen"].mark
    address = reverse("export-fragment", args=[export.pk])
    browser.get(address, {"v": mark, "actions": "pause,stop,leave"})
    with django_assert_num_queries(1):
        assert browser.get(address, {"v": mark, "actions": "pause,stop,leave"}).status_code == 204


def test_what_has_ended_is_not_driven(browser, export):
    done = finished(export)
    browser.get(reverse("export", args=[done.pk]))
    assert fresh(export).job.version == done.job.version + 1, "only that its ending was seen"


def test_quick_polls_ask_once_in_two_seconds_whether_the_driver_is_silent(
    lazily, ticks, django_assert_num_queries, clock
):
    with django_assert_num_queries(1):
        assert lazily.driver_is_silent()
        assert lazily.driver_is_silent()
    driver_is_awake(clock.now)
    assert lazily.driver_is_silent()
    ticks.now += EVERY
    with django_assert_num_queries(1):
        assert not lazily.driver_is_silent()
        assert not lazily.driver_is_silent()


def test_a_driver_of_which_nothing_can_be_known_counts_as_silent(lazily, ticks, clock):
    driver_is_awake(clock.now)
    assert not lazily.driver_is_silent()
    ticks.now += EVERY
    with connection.execute_wrapper(refused):
        assert lazily.driver_is_silent()
    ticks.now += EVERY
    assert not lazily.driver_is_silent()


def refused(execute, sql, params, many, context):
    raise OperationalError("no")
