"""How large a volume may be is known from its header; and memory holds one slab of it, whatever its size."""

import math

import pytest

from modal_functions.media.errors import MediaError
from modal_functions.volume import sizes
from modal_functions.volume.sizes import Room


@pytest.mark.parametrize("shape", [(64, 64, 64), (512, 512, 1024), (1000, 1000, 268), (4, 4, 4096), (5, 7, 9)])
def test_slabs_cover_every_slice_once_and_none_is_larger_than_its_share(shape):
    slabs = sizes.slabs(sizes.check_shape(shape))
    assert [place for slab in slabs for place in range(slab.start, slab.stop)] == list(range(shape[2]))
    for slab in slabs:
        assert (slab.last - slab.first) * shape[0] * shape[1] <= sizes.SLAB_VOXELS
        assert slab.first in (0, slab.start - sizes.HALO)
        assert slab.last in (shape[2], slab.stop + sizes.HALO)


def test_memory_does_not_grow_with_the_number_of_slices():
    few, many = (sizes.needed((512, 512, deep), 2) for deep in (64, 1024))
    assert few.memory == many.memory
    assert many.disk == 16 * few.disk
    assert many.memory < 2 << 30


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((3, 64, 64), "expected at least 4 along each side"),
        ((0, 64, 64), "expected at least 4"),
        ((-5, 64, 64), "expected at least 4"),
        ((5000, 4, 4), "expected at most"),
        ((4000, 4000, 10), "in a slice"),
        ((1024, 1024, 4096), f"{sizes.MOST_VOXELS:,} in all"),
        ((32767, 32767, 32767), "expected at most"),
    ],
)
def test_what_is_too_small_or_too_large_is_refused_by_its_header_alone(shape, said):
    with pytest.raises(MediaError, match=said) as refused:
        sizes.check_shape(shape)
    assert " × ".join(map(str, shape)) in refused.value.sentence


@pytest.mark.parametrize("lacking", ["memory", "disk"])
def test_what_this_machine_cannot_hold_says_what_it_takes_and_what_there_is(lacking):
    shape = (512, 512, 512)
    need = sizes.needed(shape, 2)
    sizes.check_room(shape, 2, need)
    there = Room(**{"memory": need.memory, "disk": need.disk, lacking: 100_000_000})
    with pytest.raises(MediaError) as refused:
        sizes.check_room(shape, 2, there)
    takes = getattr(need, lacking) / 1e9
    assert f"takes {takes:.1f} GB of {lacking} here, and there are 0.1 GB" in refused.value.sentence


def test_the_room_of_this_machine_is_known(tmp_path):
    room = sizes.room_here(tmp_path)
    assert room.memory > 1 << 28
    assert room.disk > 0
    assert math.isfinite(room.disk)
