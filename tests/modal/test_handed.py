"""A batch that was handed to a container: when there is an answer to wait for, and when there will be none."""

import modal
import pytest

from modal_functions.app import Handed
from modal_functions.fan import Lost


def handed(call_id, **more):
    return Handed(modal.FunctionCall.from_id(call_id), **more)


def test_while_it_is_made_there_is_no_answer(modal_cloud):
    assert handed(modal_cloud.running()).answer(0.2) is None


@pytest.mark.parametrize("status", ["FAILURE", "TERMINATED", "TIMEOUT", "INTERNAL_FAILURE"])
def test_a_container_that_ended_is_lost(modal_cloud, status):
    call_id = modal_cloud.running()
    modal_cloud.ends(call_id, status, exception="ended")
    with pytest.raises(Lost):
        handed(call_id).answer(0.2)


def test_a_call_that_nobody_knows_any_more_is_lost(modal_cloud):
    call_id = modal_cloud.running()
    modal_cloud.cloud.calls[call_id].expired = True
    with pytest.raises(Lost):
        handed(call_id).answer(0.2)
    with pytest.raises(Lost):
        handed("fc-neverheardof").answer(0.2)


def test_silence_is_borne_for_a_while(modal_cloud):
    call_id = modal_cloud.running()
    modal_cloud.cloud.faults["FunctionGetOutputs"] = ["RESOURCE_EXHAUSTED"] * 2
    assert handed(call_id).answer(0.2) is None
    with pytest.raises(Lost, match="nothing was heard of it"):
        handed(call_id, silence=0.0).answer(0.2)


class Raises:
    def get(self, timeout):
        raise TimeoutError


def test_a_batch_that_raises_what_looks_like_no_answer_is_not_waited_for_for_ever():
    with pytest.raises(Lost, match="looks like no answer"):
        Handed(Raises()).answer(2.0)


def test_a_cancel_that_does_not_arrive_is_no_trouble(modal_cloud):
    call_id = modal_cloud.running()
    modal_cloud.cloud.faults["FunctionCallCancel"] = ["PERMISSION_DENIED"]
    handed(call_id).cancel()
    assert handed(call_id).answer(0.2) is None
    handed(call_id).cancel()
    with pytest.raises(Lost):
        handed(call_id).answer(0.2)
