"""Which chunks are made in one go, and what waits for which."""

import threading
from fractions import Fraction

import pytest

from modal_functions.batching import batched
from modal_functions.media.chunks import Chunk
from modal_functions.side_by_side import Awaited, Halted


def chunks(count, clip=0):
    return [
        Chunk(key=f"{clip}x{n}", how="encode", clip=clip, source="s", start=Fraction(2 * n), first=50 * n, frames=50)
        for n in range(count)
    ]


def test_batches_that_taper_end_with_single_chunks_and_leave_none_out():
    sizes = [len(batch) for batch in batched(chunks(40), 2, tapering=True)]
    assert sizes == sorted(sizes, reverse=True)
    assert (sizes[0], sizes[-4:], sum(sizes)) == (8, [1, 1, 1, 1], 40)


def test_batches_for_other_machines_are_of_one_size():
    assert [len(batch) for batch in batched(chunks(40), 4)] == [5] * 8


def test_what_is_awaited_is_there_when_the_waiting_ends():
    awaited, said = Awaited({"a", "b"}), []
    thread = threading.Thread(target=lambda: (awaited.wait(lambda: None), said.append("there")))
    thread.start()
    awaited.made(["a", "other"])
    assert said == []
    awaited.made(["b"])
    thread.join(60)
    assert said == ["there"]


def test_who_waits_in_vain_is_told():
    def halted():
        raise Halted

    with pytest.raises(Halted):
        Awaited({"a"}).wait(halted)
    Awaited(()).wait(halted)
