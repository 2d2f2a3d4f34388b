import subprocess
import sys
from pathlib import Path

import av
import pytest

from modal_functions.media import child, opening
from modal_functions.media.chunks import RENDERER
from modal_functions.media.errors import MediaError
from modal_functions.media.opening import opened
from tests.fuzz import footage
from tests.hostile import films


def test_nothing_imports_pyav_before_it_is_used():
    names = sorted(path.stem for path in Path(child.__file__).parent.glob("*.py") if path.stem != "__init__")
    code = "import sys\n" + "\n".join(f"import modal_functions.media.{name}" for name in names)
    subprocess.run([sys.executable, "-c", f"{code}\nassert 'av' not in sys.modules"], cwd=child.ROOT, check=True)


def test_media_is_opened_in_one_place_only():
    """Writing is no danger: those name their format and mode."""
    for package in ("modal_functions", "exports", "progress", "exports_site"):
        for path in (child.ROOT / package).rglob("*.py"):
            if path.name != "opening.py":
                assert all('"w"' in line for line in path.read_text().splitlines() if "av.open(" in line), path


def test_a_picture_that_somebody_sent_is_opened_in_one_place_only_as_one_of_three_formats():
    found = [
        (path.name, line.strip())
        for package in ("modal_functions", "exports", "progress", "exports_site")
        for path in (child.ROOT / package).rglob("*.py")
        for line in path.read_text().splitlines()
        if "Picture.open(" in line or "Image.open(" in line
    ]
    assert [line for _, line in found if 'formats=("PNG"' not in line] == [], found
    assert "overlay.py" in {name for name, _ in found}


def test_chunks_of_another_pyav_have_other_keys():
    assert RENDERER.endswith("/av-" + ".".join(av.__version__.split(".")[:2])), "raise the renderer's version"


def test_only_absolute_paths_are_opened(reels):
    with pytest.raises(ValueError, match="absolute path"), opened(Path("film.mp4")):
        pass


@pytest.mark.parametrize(
    "text", ["#EXTM3U\n#EXTINF:1,\n{path}\n#EXT-X-ENDLIST\n", "ffconcat version 1.0\nfile {path}\n"]
)
def test_a_playlist_named_like_a_film_opens_no_other_file(reels, tmp_path, text):
    """Also without the look at its beginning that probe takes."""
    playlist = tmp_path / "film.mp4"
    playlist.write_text(text.format(path=reels["mute.mov"].path))
    with pytest.raises(MediaError), opened(playlist):
        pass


def test_more_tracks_than_any_camera_writes_are_refused_before_anything_is_decoded(tmp_path):
    film, many = footage.one("plain.mp4"), tmp_path / "many.mp4"
    many.write_bytes(films.with_tracks(film, opening.MOST_STREAMS))
    with pytest.raises(MediaError, match="tracks; at most 64 can be used"), opened(many):
        pass
    many.write_bytes(films.with_tracks(film, 3))
    with opened(many) as container:
        assert len(container.streams) == 5
