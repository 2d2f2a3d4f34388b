"""What a child has fetched is in its own folder, whatever it says."""

import pytest

from modal_functions.obtaining import called, own


@pytest.mark.parametrize(
    "said",
    ["/elsewhere/fetched/video.mp4", "/srv/store/projects/theirs/video.mp4", "../../video.mp4", "video.mp4"],
)
def test_a_film_of_somebody_else_cannot_be_named(tmp_path, said):
    assert own(tmp_path, {"path": said}) == tmp_path / "fetched" / "video.mp4"


@pytest.mark.parametrize(
    ("title", "said"),
    [("The cat \ud83d", "The cat"), ("One\n two\x00", "One two"), ("\ud83d", "The video"), ("", "The video")],
)
def test_a_title_that_no_file_takes_is_told_without_what_it_does_not_take(title, said):
    assert called({"title": title}) == said
    called({"title": title}).encode()
