"""The fragments of any job: filled in, and in whichever place, they are what the templates say."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.contrib.auth import get_user_model
from django.test import override_settings
from django.urls import set_script_prefix
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from progress import markup, outline
from progress.models import SETTLED, Away, Job, Status, Wish
from progress.place import Place
from progress.snapshot import snapshot
from progress.tray import Tray
from tests.pipelines import CLIP_IT, FILM, LEARNED

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
moments = st.none() | st.integers(-90_000, 90_000).map(lambda seconds: NOW + timedelta(seconds=seconds))
counts = st.none() | st.integers(0, 10**7)
texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)


@st.composite
def jobs(draw):
    pipeline = draw(st.sampled_from((FILM, LEARNED, CLIP_IT)))
    keys = [stage.key for stage in pipeline.stages]
    status = draw(st.sampled_from(Status))
    spent = st.tuples(st.floats(0, 9_000), st.just(1), st.just(1)).map(list)
    return Job(
        pk=draw(st.uuids(version=4)),
        pipeline=draw(st.sampled_from((pipeline.key, "unknown@1"))),
        title=draw(st.sampled_from(("Reel 12", "<b>&'\"", "100 %s")) | texts),
        owner=get_user_model()(pk=7, username="olga"),
        status=draw(st.sampled_from((status, str(status)))),
        wish=draw(st.sampled_from(Wish)),
        version=draw(st.integers(1, 10**9)),
        attempt=draw(st.integers(0, 3)),
        run=draw(st.integers(0, 2)),
        stage=draw(st.sampled_from(keys)),
        stage_began=draw(moments),
        done=draw(counts),
        total=draw(counts),
        unit=draw(st.sampled_from(("frames", "bytes", "percent", ""))),
        message=draw(texts),
        passed=draw(st.dictionaries(st.sampled_from(keys), spent)),
        tracks=draw(st.lists(st.tuples(texts, st.integers(0, 9), st.integers(0, 9)).map(list), max_size=2)),
        gap=draw(st.sampled_from((0, 2.5, 700))),
        bp=draw(st.integers(0, 9_999)),
        own_bp=draw(st.integers(0, 9_999)),
        plan={},
        usual=draw(st.dictionaries(st.sampled_from(keys), st.floats(0, 9_000))),
        finish_low=draw(moments),
        finish=draw(moments),
        finish_high=draw(moments),
        queue_position=draw(st.none() | st.integers(0, 3)),
        starts_low=draw(moments),
        starts_high=draw(moments),
        unreachable_since=draw(st.none() | st.just(NOW)),
        unreachable_part=draw(st.sampled_from(Away)),
        cause_text=draw(texts),
        created_at=NOW - timedelta(days=2),
        started_at=draw(moments),
        heard_at=draw(moments),
        paused_at=draw(moments) if status == Status.PAUSED else None,
        settled_at=NOW if status in SETTLED else None,
    )


def told(mine, others, token):
    """Anew each time: what was said once is kept with a snapshot."""
    seen = [snapshot(job, NOW) for job in (mine, *others)]
    tray = Tray(seen=tuple(seen), may_poll=True)
    return [
        markup.fragment(seen[0]),
        markup.fragment(seen[0], tray, token=lambda: token),
        markup.section(seen[0], nav=True, oob=True, poll_at="/shared/x?a=1&b=2"),
        markup.indicator(tray, token=lambda: token),
        seen[0].mark,
    ]


@settings(max_examples=50)
@given(mine=jobs(), others=st.lists(jobs(), max_size=2), token=texts)
def test_what_is_filled_in_is_what_the_templates_say(mine, others, token):
    found = told(mine, others, token)
    with override_settings(DEBUG=True):
        assert told(mine, others, token) == found


@settings(max_examples=30)
@given(mine=jobs(), others=st.lists(jobs(), max_size=1), zone=st.sampled_from(("UTC", "Asia/Tokyo")))
def test_in_a_place_that_was_entered_it_reads_as_django_has_it_there(mine, others, zone):
    with Place(zone=ZoneInfo(zone), prefix="/deep/", language="en"):
        entered = told(mine, others, "")
    set_script_prefix("/deep/")
    try:
        with timezone.override(zone):
            assert told(mine, others, "") == entered
    finally:
        set_script_prefix("/")


def test_our_own_templates_do_no_more_than_write(monkeypatch):
    drawn = []
    draw = outline.Outlines._drawn
    monkeypatch.setattr(outline.Outlines, "_drawn", lambda self, *given: drawn.append(draw(self, *given)) or drawn[-1])
    markup._outlines.cache_clear()
    job = Job(pipeline=FILM.key, title="Reel", stage="process", status=Status.RUNNING, bp=4200, done=4, total=9)
    told(job, [Job(pipeline=FILM.key, title="Clip", stage="process", status=Status.FAILED, settled_at=NOW)], "token")
    assert len(drawn) == 4
    assert None not in drawn
