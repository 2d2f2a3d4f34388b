import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from progress.estimate.rates import Rate as Learned
from progress.models import Rate
from progress.rates import FRESH, RateRows
from tests.meanwhile import at_once

KEYS = {"film@1/process", "film@1/process/work", "process/machine=a"}


def counted(known):
    """One more of each, whatever stood there."""
    return {
        key: Learned(mean=known[key].mean + 1 if key in known else 1.0, variance=0.1, count=1.0) for key in sorted(KEYS)
    }


class Ticking:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.mark.django_db
def test_what_was_learned_is_there_for_the_next():
    assert RateRows().change(KEYS, counted)
    known = RateRows().of(KEYS)
    assert {key: known[key].mean for key in KEYS} == dict.fromkeys(KEYS, 1.0)


@pytest.mark.django_db
def test_rows_are_asked_for_once_in_half_a_minute():
    Rate.objects.create(key="film@1/process", mean=1.0, variance=0.1)
    clock = Ticking()
    rows = RateRows(clock=clock)
    rows.of(KEYS)
    with CaptureQueriesContext(connection) as queries:
        assert rows.of(KEYS)["film@1/process"].mean == 1.0
        rows.of({"film@1/process"})
    assert len(queries) == 0
    Rate.objects.filter(key="film@1/process").update(mean=2.0)
    clock.now += FRESH + 1
    assert rows.of(KEYS)["film@1/process"].mean == 2.0


@pytest.mark.django_db
def test_who_still_reads_while_another_begins_anew_takes_nothing_from_what_that_one_finds():
    """Two threads, of which one is at the database when half a minute is over."""
    Rate.objects.bulk_create(Rate(key=key, mean=1.0, variance=0.1) for key in ("one", "other"))
    clock, begun = Ticking(), []
    rows = RateRows(clock=clock)
    rows.of({"before"})

    def meanwhile(execute, *asked):
        answer = execute(*asked)
        if not begun:
            begun.append(True)
            clock.now += FRESH + 1
            rows.of({"other"})
        return answer

    with connection.execute_wrapper(meanwhile):
        assert rows.of({"one"})["one"].mean == 1.0
    assert rows.of({"other"})["other"].mean == 1.0
    assert rows.of({"one"})["one"].mean == 1.0


@pytest.mark.django_db
def test_a_row_that_no_learning_can_have_written_is_left_out(caplog):
    Rate.objects.create(key="film@1/process", mean=1e9, variance=0.1)
    assert "film@1/process" not in RateRows().of(KEYS)
    assert "film@1/process" in caplog.text


@pytest.mark.django_db
def test_of_what_one_run_taught_all_is_kept_or_nothing(caplog):
    """Another changes one of the rows each time: nothing of the lesson is kept, and that is said."""
    Rate.objects.create(key="process/machine=a", mean=0.0, variance=0.1)

    def overtaken(known):
        Rate.objects.filter(key="process/machine=a").update(
            version=Rate.objects.get(key="process/machine=a").version + 1
        )
        return counted(known)

    assert not RateRows().change(KEYS, overtaken)
    assert set(Rate.objects.values_list("key", "mean")) == {("process/machine=a", 0.0)}
    assert "could not be kept" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_of_two_that_learn_at_once_neither_undoes_the_other():
    lessons = 12
    at_once(*[lambda: [RateRows().change(KEYS, counted) for _ in range(lessons)]] * 2)
    assert set(Rate.objects.values_list("key", "mean")) == {(key, 2.0 * lessons) for key in KEYS}
