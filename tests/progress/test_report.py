import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modal_functions import wire
from progress import report
from progress.errors import Refused

JOB = uuid.UUID("7f3c0000-0000-4000-8000-000000000000")
AT = datetime(2026, 11, 20, 15, 41, 10, tzinfo=UTC)


def on_the_wire(**changes):
    told = {
        "v": 1,
        "job": str(JOB),
        "attempt": 2,
        "run": 1,
        "seq": 41,
        "stage": "process",
        "at": "2026-11-20T15:41:10Z",
        "done": 7310,
        "total": 9000,
        "unit": "frames",
        "bytes": 12,
        "note": "clip 3",
        "passed": [{"stage": "fetch", "began": "2026-11-20T15:40:00Z", "ended": "2026-11-20T15:40:09.5Z"}],
        "tracks": [{"name": "WebM", "done": 3, "total": 9}],
    }
    return {name: value for name, value in (told | changes).items() if value is not ...}


def test_what_running_work_writes_is_what_the_site_reads():
    sent = wire.ProgressReport(
        job=str(JOB),
        attempt=2,
        run=1,
        seq=41,
        stage="process",
        at=AT,
        began=AT - timedelta(seconds=5),
        done=7310,
        total=9000,
        unit="frames",
        bytes=12,
        note="clip 3",
        passed=(wire.PassedStage(stage="fetch", began=AT, ended=AT + timedelta(seconds=9.5), done=3, total=3),),
        tracks=(wire.Track(name="WebM", done=3, total=9),),
    )
    read = report.parse(json.dumps(sent.as_wire()))
    assert read.job == JOB
    assert read.order == (2, 1, 41)
    assert (read.began, read.done, read.total, read.unit) == (sent.began, 7310, 9000, "frames")
    assert read.passed[0].ended - read.passed[0].began == timedelta(seconds=9.5)
    assert read.tracks == (report.Track(name="WebM", done=3, total=9),)
    assert wire.VERSION == report.WIRE_VERSION


def test_both_sides_know_the_same_keys():
    def names(shape):
        return set(shape.__dataclass_fields__)

    assert names(wire.ProgressReport) == names(report.Report)
    assert names(wire.PassedStage) == names(report.Passed)
    assert names(wire.Track) == names(report.Track)


def test_what_is_not_needed_may_be_left_out():
    read = report.from_wire(on_the_wire(done=..., total=..., unit=..., bytes=..., note=..., passed=...))
    assert (read.done, read.total, read.fraction, read.note, read.passed) == (None, None, 0.0, "", ())


def test_later_means_a_later_attempt_then_run_then_number():
    orders = [
        report.from_wire(on_the_wire(attempt=a, run=r, seq=s)).order for a in (1, 2) for r in (1, 2) for s in (1, 9)
    ]
    assert orders == sorted(orders)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"v": 2}, "v: expected wire version 1, got 2"),
        ({"v": True}, "v: expected wire version 1, got True"),
        ({"job": "reel-12"}, "job: expected a job's id (a UUID), got 'reel-12'"),
        ({"job": 5}, "job: expected a job's id"),
        ({"attempt": 0}, "attempt: expected a whole number from 1 to 2147483647, got 0"),
        ({"run": "1"}, "run: expected a whole number from 1 to 2147483647, got '1'"),
        ({"seq": True}, "seq: expected a whole number from 1 to 9007199254740991, got True"),
        ({"seq": 2**53}, "got 9007199254740992"),
        ({"seq": ...}, "seq: expected a whole number"),
        ({"stage": "Process"}, "stage: expected the key of a stage, got 'Process'"),
        ({"done": -1}, "done: expected a whole number from 0 to 9000, got -1"),
        ({"done": 9001}, "done: expected a whole number from 0 to 9000, got 9001"),
        ({"done": 1.5}, "done: expected a whole number from 0 to 9000, got 1.5"),
        ({"done": None}, "done: expected a whole number from 0 to 9000, got None"),
        ({"total": None}, "total: expected a whole number"),
        ({"bytes": -5}, "bytes: expected a whole number"),
        ({"note": 5}, "note: expected text, got '5'"),
        ({"at": "yesterday"}, "at: expected a time with its zone"),
        ({"at": "2026-11-20T15:41:10"}, "at: expected a time with its zone"),
        ({"at": 1763653270}, "at: expected a time with its zone"),
        ({"at": "9999-12-31T23:59:59-23:59"}, "at: expected a time with its zone"),
        ({"tracks": {}}, "tracks: expected a list of at most 32"),
        ({"tracks": [{"name": "WebM", "done": 9, "total": 3}]}, "tracks[0].done: expected a whole number from 0 to 3"),
        ({"passed": {}}, "passed: expected a list of at most 64 stages"),
        ({"passed": ["fetch"]}, "passed[0]: expected an object, got 'fetch'"),
        (
            {"passed": [{"stage": "fetch", "began": "2026-11-20T15:40:09Z", "ended": "2026-11-20T15:40:00Z"}]},
            "passed[0].ended: expected a time from 2026-11-20T15:40:09+00:00 on",
        ),
    ],
)
def test_what_is_malformed_is_refused_with_the_reason(changes, said):
    with pytest.raises(Refused) as refusal:
        report.from_wire(on_the_wire(**changes))
    assert said in str(refusal.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", b"\xff\xfe", "[" * 100_000, '{"seq": ' + "9" * 5000 + "}"])
def test_text_that_is_no_report_is_refused(text):
    with pytest.raises(Refused):
        report.parse(text)


def test_what_joins_letters_and_emoji_is_part_of_the_word():
    family, i_want = "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    assert report.clean(f"{family} {i_want}") == f"{family} {i_want}"


def test_a_note_cannot_break_a_line_a_page_or_a_database():
    read = report.from_wire(on_the_wire(note="clip\n3\x00 \ud800\u202e" + "x" * 999))
    assert read.note.startswith("clip 3")
    assert read.note.isprintable()
    assert len(read.note) <= report.LONGEST_NOTE


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(on_the_wire())), json_values))
def test_whatever_comes_is_a_report_or_a_refusal(changes):
    try:
        read = report.from_wire(on_the_wire(**changes))
    except Refused as refusal:
        said = str(refusal)
    else:
        said = "expected" if 0 <= read.fraction <= 1 else "a fraction that is none"
    assert "expected" in said
