"""What is laid over a film stands where it was asked for, when it was asked for, in real pixels of the real result."""

import hashlib
from fractions import Fraction
from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from modal_functions.kinds import multi_clip, overlay
from modal_functions.media import child
from modal_functions.media.chunks import plan
from modal_functions.media.errors import MediaError
from modal_functions.media.items import PLACES, Item
from modal_functions.media.lettering import Canvas, draw
from modal_functions.media.letters import drawable, missing_letters
from modal_functions.media.spec import Film, Unusable
from modal_functions.media.timeline import lay_out
from tests.modal_functions.kinds.conftest import changed, luma, plain

ORIENTATION, TURNED = 0x112, 6  # of a picture's Exif: its left side is to be shown above


@pytest.fixture(scope="module")
def grey(tmp_path_factory):
    return plain(tmp_path_factory.mktemp("grey") / "grey.mp4")


@pytest.fixture(scope="module")
def logo(bench, tmp_path_factory):
    """The left half of it is transparent, the right half white."""
    path = tmp_path_factory.mktemp("logo") / "logo.png"
    picture = Image.new("RGBA", (100, 100), (255, 255, 255, 0))
    picture.paste((255, 255, 255, 255), (50, 0, 100, 100))
    picture.save(path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    bench.store.put(f"projects/p/chunks/{sha256[:2]}/{sha256}.png", path.read_bytes())
    return sha256


def title(**more):
    return {"what": "title", "text": "Lofoten"} | more


BOX = {"what": "box", "area": [250, 250, 500, 500], "colour": "#ffffff"}
LOWER = {"what": "lower_third", "text": "Olga Berg", "second": "Skipper", "place": "bottom-left", "colour": "#f2b441"}


def during(start, end, item):
    return item | {"from_us": round(start * 1e6), "to_us": round(end * 1e6)}


@pytest.fixture(scope="module")
def spec(bench, grey):
    return lambda *items, **more: bench.spec(grey, items=list(items), **more)


@pytest.fixture(scope="module")
def result(bench, spec, logo):
    """A second each: nothing, a title, a box that fades, a lower third, a logo."""
    items = [
        during(1, 2, title()),
        during(2, 3, BOX | {"fade_us": 240_000}),
        during(3, 4, LOWER),
        during(4, 5, {"what": "logo", "logo": logo, "place": "top-left"}),
    ]
    return bench.do(overlay, spec(*items))


@pytest.fixture(scope="module")
def frames(bench, result):
    return bench.frames(result)


def test_the_film_is_as_long_and_as_large_as_it_was(result, frames):
    assert (len(frames), frames[0].width, frames[0].height) == (125, 640, 360)
    assert (result["seconds"], result["streams"]) == (5, ["h264", "aac"])


def test_a_title_is_seen_from_its_first_frame_to_its_last_and_no_longer(frames):
    white = [number for number, frame in enumerate(frames[:50]) if (changed(frame, by=100) or (0, 0, 0, 0))[3] > 0]
    assert white == list(range(25, 50))
    assert all(changed(frame) is None for frame in frames[:25])


def test_it_stands_in_the_middle_and_inside_the_safe_area(frames):
    left, top, right, bottom = changed(frames[30])
    assert abs((left + right) - 640) < 24
    assert abs((top + bottom) - 360) < 24
    assert 32 <= left < right <= 608
    assert bottom - top > 20


def test_a_box_goes_round_its_area_in_its_colour_and_leaves_the_inside(frames):
    frame = frames[62]
    assert changed(frame) == (pytest.approx(160, abs=4), pytest.approx(90, abs=4), pytest.approx(480, abs=4),
                              pytest.approx(270, abs=4))  # fmt: skip
    assert luma(frame, 320, 180) == pytest.approx(100, abs=2)
    assert max(luma(frame, x, 180) for x in range(154, 166)) > 225


def test_a_fade_rises_evenly_and_falls_the_same_way(frames):
    bright = [max(luma(frame, x, 180) for x in range(154, 166)) for frame in frames[50:75]]
    assert bright[:7] == sorted(bright[:7])
    assert bright[2] == pytest.approx(100 + (235 - 100) * 3 / 7, abs=12)
    assert min(bright[6:19]) > 225
    assert bright == pytest.approx(bright[::-1], abs=6)


def test_a_lower_third_has_its_lines_on_a_dark_plate(frames):
    left, top, right, bottom = changed(frames[87])
    assert (left, bottom) == (pytest.approx(32, abs=2), pytest.approx(341, abs=2))
    inside = [luma(frames[87], x, y) for x in range(left, right) for y in range(top, bottom)]
    assert min(inside) < 50, "the plate"
    assert max(inside) > 225, "the letters"


def test_a_logo_is_laid_with_its_transparency(frames):
    assert luma(frames[110], 32 + 18, 18 + 36) == pytest.approx(100, abs=3)
    assert luma(frames[110], 32 + 54, 18 + 36) > 225


@pytest.mark.parametrize("size", [(640, 360), (360, 640), (1080, 1080)])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("item", [title(text="To the very far north of Norway, by boat"), LOWER])
def test_wherever_it_stands_and_whatever_the_shape_it_stays_inside_the_safe_area(size, place, item):
    drawing = draw(Item.from_wire(item | {"place": place}), Canvas(width=size[0], height=size[1], folder=Path()))
    left, top, right, bottom = drawing.image.getchannel("A").point(lambda level: 255 * (level > 40)).getbbox()
    across, down = size[0] * 0.05, size[1] * 0.05
    assert across - 2 <= drawing.left + left < drawing.left + right <= size[0] - across + 2
    assert down - 2 <= drawing.top + top < drawing.top + bottom <= size[1] - down + 2
    assert (drawing.left % 2, drawing.top % 2, drawing.image.width % 2, drawing.image.height % 2) == (0, 0, 0, 0)


@given(
    start=st.integers(0, 6_000_000),
    length=st.one_of(st.none(), st.integers(1, 6_000_000)),
    fade=st.integers(0, 3_000_000),
)
def test_however_it_is_timed_it_is_seen_inside_its_time_only_and_in_chunks_as_in_the_whole(start, length, fade):
    item = Item(what="box", from_us=start, to_us=None if length is None else start + length, fade_us=fade)
    rate = Fraction(25)
    whole = item.levels(0, 125, rate=rate, length=125)
    parts = [level for first in range(0, 125, 25) for level in item.levels(first, 25, rate=rate, length=125)]
    assert whole == parts
    end = 5_000_000 if length is None else start + length
    assert all(start - 20_000 <= n * 40_000 <= end + 20_000 for n, level in enumerate(whole) if level)
    if start < 4_900_000:
        assert max(whole) == 255 or end > 5_000_000 - fade


def test_a_logo_that_is_gone_is_said(bench, spec):
    outcome = bench.do(overlay, spec({"what": "logo", "logo": "5" * 64}))
    assert (outcome["code"], outcome["sentence"]) == (
        "input_missing",
        "The logo is no longer where it was kept. Choose it again, then export.",
    )


def test_only_chunks_in_which_something_changed_are_rendered_again(bench, spec):
    small = {"size": (160, 90)}
    assert bench.do(multi_clip, spec(**small))["rendered"] == 3  # chunks of 50, 38 and 37 frames
    assert bench.do(overlay, spec(during(0, 1, title()), **small))["rendered"] == 1, "the others are the film's own"
    assert bench.do(overlay, spec(during(0, 1, title(text="Svolvær")), **small))["rendered"] == 1


def test_a_chunk_is_another_only_where_something_is_seen_otherwise(spec):
    film = Film.from_wire(spec()["film"])
    own = plan(lay_out(film), film.output)

    def keys(item):
        items = [Item.from_wire(item)]
        return [overlay.looking(chunk, items, rate=Fraction(25), length=125).key for chunk in own]

    plainly = [chunk.key for chunk in own]
    first, always, shorter = keys(during(0, 1, title())), keys(title()), keys(title(to_us=4_500_000))
    assert (first[0] != plainly[0], first[1:]) == (True, plainly[1:])
    assert always[:2] == shorter[:2]
    assert always[2] != shorter[2]
    assert keys(title(to_us=9_000_000)) == always, "it is seen to the end, wherever its own lies"


def test_twice_the_same_gives_the_same_bytes(bench, spec):
    small = spec(during(0, 2, title(fade_us=500_000)), size=(160, 90))
    first = bench.do(overlay, small)
    bench.forget()
    second = bench.do(overlay, small)
    assert (second["sha256"], second["rendered"]) == (first["sha256"], 3)


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (title(text="東京"), "The font has no “東京”"),
        (title(text="x" * 190), "too long for this picture"),
        ({"what": "song"}, "expected one of title"),
        (title(text=" "), "expected some text"),
        (title(from_us=5, to_us=5), "after from_us"),
        ({"what": "box", "area": [900, 0, 200, 100]}, "inside the picture"),
        ({"what": "box", "shape": "star"}, "the fields of an item"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_words(bench, spec, item, said):
    outcome = bench.do(overlay, spec(item))
    assert (outcome["ending"], outcome["code"]) == ("error", "unsupported")
    assert said in outcome["sentence"]


def test_the_font_draws_what_europe_writes_and_knows_what_it_cannot():
    assert missing_letters("Ærø, Gdańsk, Ελλάδα, Київ – “ja” 5 €") == ""
    assert missing_letters("ひa👋") == "ひ👋"
    assert len(drawable("SourceSansPro-Regular.ttf")) > 700


def test_a_text_is_drawn_as_it_is_read_wherever_it_was_copied_from():
    """A Mac hands on accents as letters of their own, which would stand beside theirs; a page has marks to break at."""
    copied = Item.from_wire({"what": "title", "text": normalize("NFD", "Bö\u00adschung\u200b\u2009 am\ufeff Meer")})
    assert copied == Item(what="title", text="Böschung am Meer")
    with pytest.raises(Unusable, match="some text"):
        Item.from_wire({"what": "title", "text": "\u200b"})


@pytest.mark.parametrize("mode", ["RGBA", "RGB", "L", "P"])
def test_a_logo_that_was_sent_becomes_one_that_is_ours(tmp_path, mode):
    Image.new(mode, (3000, 1500)).save(tmp_path / "sent", "PNG")
    assert child.run(asked_in(tmp_path)) == {"width": 1024, "height": 512}
    with Image.open(tmp_path / "logo.png") as logo:
        assert (logo.format, logo.mode, logo.size) == ("PNG", "RGBA", (1024, 512))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_logo_stands_upright_as_every_program_shows_it(tmp_path, form):
    sent, held = Image.new("RGB", (80, 40), (255, 0, 0)), Image.Exif()
    sent.paste((0, 0, 255), (40, 0, 80, 40))
    held[ORIENTATION] = TURNED
    sent.save(tmp_path / "sent", form, exif=held)
    assert overlay.VERBS["logo"](asked_in(tmp_path), print) == {"width": 40, "height": 80}
    with Image.open(tmp_path / "logo.png") as logo:
        red, _, blue, _ = logo.getpixel((20, 10))
        assert red - blue > 200, "what is stored to the left is shown above"


def test_a_logo_of_sixteen_bits_keeps_its_greys(tmp_path):
    Image.new("I;16", (8, 8), 40_000).save(tmp_path / "sent", "PNG")
    overlay.VERBS["logo"](asked_in(tmp_path), print)
    with Image.open(tmp_path / "logo.png") as logo:
        assert logo.getpixel((0, 0)) == (156, 156, 156, 255)


@pytest.mark.parametrize("body", [b"", b"GIF89a" + b"\0" * 30, b"\x89PNG\r\n\x1a\n" + b"\0" * 50, b"<svg/>"])
def test_what_is_no_picture_is_refused(tmp_path, body):
    (tmp_path / "sent").write_bytes(body)
    with pytest.raises(MediaError, match="PNG, JPEG and WebP can"):
        child.run(asked_in(tmp_path))


def asked_in(folder):
    return {"do": "overlay.logo", "path": str(folder / "sent"), "to": str(folder / "logo.png")}
