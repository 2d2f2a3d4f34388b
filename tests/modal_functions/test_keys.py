"""Every key is built of parts that were checked: nothing that anybody names leads out of the folder it belongs to."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exports.models import Source
from modal_functions.store import checked
from modal_functions.wire import AttemptKeys

ANYTHING = st.one_of(st.text(max_size=40), st.from_regex(r"[a-z0-9./\\%_-]{0,20}", fullmatch=True))


def made(build):
    """The key, or None where what it was to be made of was refused."""
    try:
        return checked(build())
    except ValueError:
        return None


@given(export=ANYTHING, number=st.integers())
@example(export="..", number=1)
@example(export="a/b", number=1)
@example(export="a", number=-1)
@example(export="a\n", number=1)
def test_an_attempt_has_one_folder_whatever_it_is_called(export, number):
    key = made(lambda: AttemptKeys(export=export, number=number).outcome)
    if key is not None:
        assert key.split("/") == ["attempts", export, str(number), "outcome.json"]
        assert number >= 0
        assert export not in {".", ".."}


@given(call=ANYTHING, run=st.integers(0, 9), name=ANYTHING)
@example(call="fc-1", run=1, name="../../outcome.json")
@example(call="../x", run=1, name="film.mp4")
@example(call="fc-1", run=1, name="a/b.mp4")
def test_what_a_run_has_made_stays_below_the_run(call, run, name):
    keys = AttemptKeys(export="7f3c", number=1)
    key = made(lambda: keys.out(call, run, name))
    if key is not None:
        parts = key.split("/")
        assert parts[:5] == ["attempts", "7f3c", "1", "out", f"{call}.{run}"]
        assert not {"", ".", ".."} & set(parts)


@given(name=ANYTHING)
@example(name="../outcome")
def test_a_batch_stands_beside_the_other_batches(name):
    key = made(lambda: AttemptKeys(export="7f3c", number=1).batch(name))
    assert key is None or key == f"attempts/7f3c/1/batches/{name}.json"
    assert key is None or "/" not in name


@given(project=st.uuids(), source=st.uuids(), name=ANYTHING)
def test_what_people_call_their_files_is_in_no_key(project, source, name):
    key = checked(Source(project_id=project, pk=source, name=name).key)
    assert key == f"projects/{project}/sources/{source}/original"


@pytest.mark.parametrize("given", ["7f3c", "6d5698b8-baf8-4fa3-b37d-bce6d102d569", "fc-01ABC"])
def test_what_is_used_passes(given):
    assert AttemptKeys(export=given, number=3).folder == f"attempts/{given}/3"
