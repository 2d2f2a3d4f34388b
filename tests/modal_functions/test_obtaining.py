"""What a child has fetched is in its own folder, whatever it says."""

import pytest

from modal_functions.obtaining import own


@pytest.mark.parametrize(
    "said",
    ["/elsewhere/fetched/video.mp4", "/srv/store/projects/theirs/video.mp4", "../../video.mp4", "video.mp4"],
)
def test_a_film_of_somebody_else_cannot_be_named(tmp_path, said):
    assert own(tmp_path, {"path": said}) == tmp_path / "fetched" / "video.mp4"
