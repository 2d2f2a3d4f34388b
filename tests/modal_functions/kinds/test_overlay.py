"""What is laid over a film stands where it was asked for, when it was asked for, in real pixels of the real result."""

import hashlib
from itertools import count

import pytest
from PIL import Image

from modal_functions.kinds import multi_clip, overlay
from modal_functions.media import child
from modal_functions.media.errors import MediaError
from modal_functions.media.letters import drawable, missing_letters
from tests.modal_functions.kinds.conftest import changed, luma, plain


@pytest.fixture(scope="module")
def grey(tmp_path_factory):
    return plain(tmp_path_factory.mktemp("grey") / "grey.mp4")


@pytest.fixture
def film(film_of, grey):
    return lambda *items: film_of(grey, items=list(items))


def title(**more):
    return {"what": "title", "text": "Lofoten", "from_us": 1_000_000, "to_us": 3_000_000} | more


def test_a_title_is_seen_from_its_first_frame_to_its_last_and_no_longer(do, film, frames_of):
    result = do(overlay, film(title()))
    frames = frames_of(result)
    assert (len(frames), frames[0].width, frames[0].height) == (125, 640, 360)
    assert result["seconds"] == 5
    seen = [number for number, frame in enumerate(frames) if changed(frame)]
    assert seen == list(range(25, 75))


def test_it_stands_in_the_middle_and_inside_the_safe_area_and_is_white(do, film, frames_of):
    left, top, right, bottom = changed(frames_of(do(overlay, film(title())))[50])
    assert abs((left + right) - 640) < 24
    assert abs((top + bottom) - 360) < 24
    assert left >= 32
    assert right <= 608
    assert bottom - top > 20


@pytest.mark.parametrize(
    ("place", "across", "down"),
    [("top-left", 32, 18), ("top-right", 608, 18), ("bottom-left", 32, 342), ("bottom-right", 608, 342)],
)
def test_in_a_corner_it_keeps_to_the_edge_of_the_safe_area(do, film, frames_of, place, across, down):
    left, top, right, bottom = changed(frames_of(do(overlay, film(title(place=place))))[50])
    assert abs((left if across < 320 else right) - across) < 12
    assert abs((top if down < 180 else bottom) - down) < 22
    assert 32 <= left < right <= 608
    assert 18 <= top < bottom <= 342


def test_a_box_goes_round_its_area_in_its_colour_and_leaves_the_inside(do, film, frames_of):
    box = {"what": "box", "area": [250, 250, 500, 500], "colour": "#ffffff"}
    frame = frames_of(do(overlay, film(box)))[0]
    left, top, right, bottom = changed(frame)
    assert (abs(left - 160) <= 4, abs(top - 90) <= 4, abs(right - 480) <= 4, abs(bottom - 270) <= 4) == (True,) * 4
    assert luma(frame, 320, 180) == pytest.approx(100, abs=2)
    assert max(luma(frame, x, 180) for x in range(154, 166)) > 225


def test_a_fade_rises_evenly_and_falls_the_same_way(do, film, frames_of):
    box = {"what": "box", "area": [250, 250, 500, 500], "colour": "#ffffff", "from_us": 1_000_000, "to_us": 3_000_000}
    frames = frames_of(do(overlay, film(box | {"fade_us": 400_000})))
    bright = [max(luma(frame, x, 180) for x in range(154, 166)) for frame in frames]
    rising = bright[24:36]
    assert rising == sorted(rising)
    assert rising[0] == pytest.approx(100, abs=3)
    assert bright[30] == pytest.approx(100 + (235 - 100) * 6 / 11, abs=12)
    assert min(bright[36:63]) > 225
    assert bright[25:75] == pytest.approx(bright[25:75][::-1], abs=6)


def test_a_lower_third_has_both_lines_on_a_dark_plate(do, film, frames_of):
    item = {"what": "lower_third", "text": "Olga Berg", "second": "Skipper", "place": "bottom-left"}
    frame = frames_of(do(overlay, film(item | {"colour": "#f2b441"})))[0]
    left, top, right, bottom = changed(frame)
    assert (left, bottom) == (pytest.approx(32, abs=2), pytest.approx(341, abs=2))
    inside = [luma(frame, x, y) for x in range(left, right) for y in range(top, bottom)]
    assert min(inside) < 50, "the plate"
    assert max(inside) > 225, "the letters"


def test_a_logo_is_laid_with_its_transparency(do, film, frames_of, store, tmp_path):
    picture = Image.new("RGBA", (100, 100), (255, 255, 255, 0))
    picture.paste((255, 255, 255, 255), (50, 0, 100, 100))
    picture.save(tmp_path / "logo.png")
    body = (tmp_path / "logo.png").read_bytes()
    sha256 = hashlib.sha256(body).hexdigest()
    store.put(f"projects/p/chunks/{sha256[:2]}/{sha256}.png", body)
    frame = frames_of(do(overlay, film({"what": "logo", "logo": sha256, "place": "top-left"})))[0]
    assert luma(frame, 32 + 18, 18 + 36) == pytest.approx(100, abs=3)
    assert luma(frame, 32 + 54, 18 + 36) > 225


def test_a_logo_that_is_gone_is_said(do, film):
    outcome = do(overlay, film({"what": "logo", "logo": "5" * 64}))
    assert (outcome["code"], outcome["sentence"]) == (
        "input_missing",
        "The logo is no longer where it was kept. Choose it again, then export.",
    )


def test_only_chunks_in_which_something_changed_are_rendered_again(do, film):
    number = count(1)

    def rendered(*items, kind=overlay):
        return do(kind, film(*items), next(number))["rendered"]

    assert rendered(kind=multi_clip) == 3  # chunks of 50, 38 and 37 frames
    assert rendered(title(from_us=0, to_us=1_000_000)) == 1, "the others are the film's own"
    assert rendered(title(from_us=0, to_us=1_000_000, text="Svolvær")) == 1
    assert rendered(title(from_us=0, to_us=1_000_000)) == 0
    assert rendered(title(from_us=0, to_us=None)) == 3
    assert rendered(title(from_us=0, to_us=4_500_000)) == 1, "it is seen as before, but for the last chunk"


def test_twice_the_same_gives_the_same_bytes(do, film, store):
    first = do(overlay, film(title(fade_us=500_000)), 1)
    for key in list(store.keys("projects/p/chunks")):
        store.delete(key)
    assert do(overlay, film(title(fade_us=500_000)), 2)["sha256"] == first["sha256"]


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (title(text="東京"), "The font has no “東京”"),
        (title(text="x" * 190), "too long for this picture"),
        ({"what": "song"}, "expected one of title"),
        (title(text=" "), "expected some text"),
        (title(to_us=0), "after from_us"),
        ({"what": "box", "area": [900, 0, 200, 100]}, "inside the picture"),
        ({"what": "box", "shape": "star"}, "the fields of an item"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_words(do, film, item, said):
    outcome = do(overlay, film(item))
    assert (outcome["ending"], outcome["code"]) == ("error", "unsupported")
    assert said in outcome["sentence"]


def test_the_font_draws_what_europe_writes_and_knows_what_it_cannot():
    assert missing_letters("Ærø, Gdańsk, Ελλάδα, Київ – “ja” 5 €") == ""
    assert missing_letters("ひa👋") == "ひ👋"
    assert len(drawable("SourceSansPro-Regular.ttf")) > 700


@pytest.mark.parametrize("mode", ["RGBA", "RGB", "L", "P"])
def test_a_logo_that_was_sent_becomes_one_that_is_ours(tmp_path, mode):
    Image.new(mode, (3000, 1500)).save(tmp_path / "sent", "PNG")
    request = {"do": "overlay.logo", "path": str(tmp_path / "sent"), "to": str(tmp_path / "logo.png")}
    assert child.run(request) == {"width": 1024, "height": 512}
    with Image.open(tmp_path / "logo.png") as logo:
        assert (logo.format, logo.mode, logo.size) == ("PNG", "RGBA", (1024, 512))


@pytest.mark.parametrize("body", [b"", b"GIF89a" + b"\0" * 30, b"\x89PNG\r\n\x1a\n" + b"\0" * 50, b"<svg/>"])
def test_what_is_no_picture_is_refused(tmp_path, body):
    (tmp_path / "sent").write_bytes(body)
    with pytest.raises(MediaError, match="PNG, JPEG and WebP can"):
        child.run({"do": "overlay.logo", "path": str(tmp_path / "sent"), "to": str(tmp_path / "logo.png")})
