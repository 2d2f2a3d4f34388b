"""The hub alone: who hears what, with rows that stand in for the database's."""

import asyncio
import uuid

import pytest

from progress.models import Job
from progress.push.hub import TURNS, Hub, News, event

ONE, TWO = uuid.UUID(int=1), uuid.UUID(int=2)


class Rows:
    def __init__(self):
        self.rows, self.looks = {}, []

    def move(self, pk, version, status="running"):
        self.rows[pk] = Job(pk=pk, version=version, status=status)

    async def look(self, ids, known):
        self.looks.append(set(ids))
        return [self.rows[pk] for pk in ids if pk in self.rows and known.get(pk) != self.rows[pk].version]


@pytest.fixture
def rows():
    made = Rows()
    made.move(ONE, 1)
    made.move(TWO, 1)
    return made


@pytest.fixture
def hub(rows):
    return Hub(rows.look, lambda job: f"{job.pk.int}.{job.version}".encode())


async def heard(watch):
    """What is there at once."""
    asyncio.get_running_loop().call_soon(watch.wake)
    return [news.told for news in await watch.next()]


def play(coroutine):
    return asyncio.run(coroutine)


def test_who_joins_hears_at_once_how_it_stands_and_then_what_moves(hub, rows):
    async def story():
        watch = await hub.join([ONE], {})
        assert await heard(watch) == [b"1.1"]
        assert await heard(watch) == []
        rows.move(ONE, 2)
        await hub.rung(frozenset({ONE}))
        assert await heard(watch) == [b"1.2"]

    play(story())


def test_who_comes_back_hears_only_what_is_new(hub, rows):
    async def story():
        rows.move(TWO, 5)
        watch = await hub.join([ONE, TWO], {ONE: 1, TWO: 4})
        assert await heard(watch) == [b"2.5"]

    play(story())


def test_what_ended_and_was_retried_has_not_ended(hub, rows):
    async def story():
        rows.move(ONE, 2, "failed")
        watch = await hub.join([ONE, TWO], {})
        await heard(watch)
        assert watch.settled == {ONE}
        rows.move(ONE, 3)
        await hub.rung(frozenset({ONE}))
        await heard(watch)
        assert watch.settled == set()

    play(story())


def test_who_reads_slowly_hears_the_latest_alone(hub, rows):
    async def story():
        watch = await hub.join([ONE], {ONE: 1})
        for version in range(2, 100):
            rows.move(ONE, version)
            await hub.rung(frozenset({ONE}))
        assert await heard(watch) == [b"1.99"]

    play(story())


def test_what_nobody_waits_for_is_not_read(hub, rows):
    async def story():
        watch = await hub.join([ONE], {})
        rows.looks.clear()
        await hub.rung(frozenset({TWO}))
        assert rows.looks == []
        hub.leave(watch)
        await hub.rung(None)
        assert (rows.looks, hub.watches, hub.versions) == ([], {}, {})

    play(story())


def test_where_nobody_knows_what_has_moved_all_that_is_waited_for_is_looked_at(hub, rows):
    async def story():
        first, second = await hub.join([ONE], {ONE: 1}), await hub.join([TWO], {TWO: 1})
        rows.move(TWO, 2)
        await hub.rung(None)
        assert await heard(first) == []
        assert await heard(second) == [b"2.2"]

    play(story())


def test_an_old_row_read_late_is_no_news(hub, rows):
    async def story():
        watch = await hub.join([ONE], {})
        rows.move(ONE, 3)
        await hub.rung(None)
        await heard(watch)
        rows.move(ONE, 2)
        await hub.rung(frozenset({ONE}))
        assert await heard(watch) == []

    play(story())


def test_what_moved_before_the_bell_rang_is_news_to_all_though_somebody_new_has_read_it_first(hub, rows):
    """Two tabs: the second is opened in the tenth of a second between the last step of the work and the bell."""

    async def story():
        first = await hub.join([ONE], {ONE: 1})
        rows.move(ONE, 2, "complete")
        await hub.join([ONE], {})
        await hub.rung(None)
        assert await heard(first) == [b"1.2"]
        assert first.has_heard_all

    play(story())


def test_of_two_looks_that_are_told_crosswise_the_later_one_stands(hub, rows):
    async def story():
        watch = await hub.join([ONE], {ONE: 1})
        for version in (3, 2):
            rows.move(ONE, version)
            await hub.rung(frozenset({ONE}))
        assert await heard(watch) == [b"1.3"]

    play(story())


@pytest.mark.parametrize("broken", ["look", "tell"])
def test_who_could_not_be_told_how_it_stands_is_not_waited_for(hub, rows, broken):
    def fails(*asked):
        raise OSError("the database has gone")

    async def story():
        setattr(hub, broken, fails)
        with pytest.raises(OSError, match="gone"):
            await hub.join([ONE], {})
        assert (hub.watches, hub.versions) == ({}, {})

    play(story())


def test_what_could_not_be_told_counts_as_untold(hub, rows):
    async def story():
        watch = await hub.join([ONE], {ONE: 1})
        rows.move(ONE, 2)
        tell, hub.tell = hub.tell, None
        with pytest.raises(TypeError):
            await hub.rung(None)
        hub.tell = tell
        await hub.rung(None)
        assert await heard(watch) == [b"1.2"]

    play(story())


def test_what_is_told_is_made_once_for_all_who_wait(rows):
    made = []
    hub = Hub(rows.look, lambda job: made.append(job) or b"x")

    async def story():
        watches = [await hub.join([ONE], {ONE: 1}) for _ in range(100)]
        made.clear()
        rows.move(ONE, 2)
        await hub.rung(frozenset({ONE}))
        assert len(made) == 1
        assert all([await heard(watch) == [b"x"] for watch in watches])

    play(story())


def beat_once(hub):
    for turn in range(TURNS):
        hub.beat(turn)


def test_streams_have_their_beats_at_different_moments(hub, rows):
    async def story():
        watches = [await hub.join([ONE], {ONE: 1}) for _ in range(3 * TURNS)]
        waiting = [asyncio.ensure_future(each.next()) for each in watches]
        await asyncio.sleep(0)
        for woken in range(3, 3 * TURNS + 1, 3):
            hub.beat(woken // 3 - 1)
            await asyncio.sleep(0)
            assert sum(each.done() for each in waiting) == woken

    play(story())


def test_when_it_closes_every_stream_ends_and_none_begins(hub, rows):
    async def story():
        watch = await hub.join([ONE], {ONE: 1})
        waiting = asyncio.ensure_future(watch.next())
        await asyncio.sleep(0)
        hub.close()
        assert await waiting == []
        assert watch.over
        assert (await hub.join([TWO], {})).over

    play(story())


def test_a_beat_wakes_whoever_was_told_nothing_since_the_last_one(hub, rows):
    async def story():
        silent, told = await hub.join([ONE], {ONE: 1}), await hub.join([TWO], {TWO: 1})
        waiting = [asyncio.ensure_future(each.next()) for each in (silent, told)]
        await asyncio.sleep(0)
        rows.move(TWO, 2)
        await hub.rung(frozenset({TWO}))
        await waiting[1]
        again = asyncio.ensure_future(told.next())
        await asyncio.sleep(0)
        beat_once(hub)
        await asyncio.sleep(0)
        assert (waiting[0].done(), again.done()) == (True, False)
        beat_once(hub)
        assert await again == []

    play(story())


def test_an_event_says_what_the_reader_knows_by_now_of_all_its_jobs(hub, rows):
    alone = News(job=ONE, version=7, settled=False, told=b"7")
    assert alone.alone == event({ONE: 7}, b"7")
    assert event({ONE: 7, TWO: 2}, b"x").splitlines()[0] == f'id: {{"{ONE}":7,"{TWO}":2}}'.encode()
