"""What running work tells of the pieces that are finished before the rest."""

from modal_functions.so_far import EVERY, MOST_PREVIEWS, Counted, Telling
from modal_functions.store import Unreachable
from modal_functions.wire import SoFar, pack, unpack


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def film(*counts):
    return [
        Counted(name=f"{letter}.mov", parts={f"{letter}{n}.mp4": 60 for n in range(count)})
        for letter, count in zip("abcdef", counts, strict=False)
    ]


def told(written):
    return {piece.name: (piece.done, piece.total) for piece in written[-1].pieces}


def test_it_tells_which_pieces_are_finished_and_what_was_there_before():
    written, clock = [], Clock()
    telling = Telling(written.append, film(2, 1), kept=["a0.mp4"], clock=clock)
    assert (told(written), written[-1].kept) == ({"a.mov": (60, 120), "b.mov": (0, 60)}, 60)
    clock.now += EVERY
    telling.made(["a1.mp4", "one.flac"], 2.5)
    assert told(written) == {"a.mov": (120, 120), "b.mov": (0, 60)}
    assert [piece.finished for piece in written[-1].pieces] == [True, False]
    assert (written[-1].kept, written[-1].seconds) == (60, 2.5)


def test_it_writes_seldom_and_leaves_the_last_word_to_the_end():
    written, clock = [], Clock()
    telling = Telling(written.append, film(3), clock=clock)
    for number in range(3):
        telling.made([f"a{number}.mp4"])
    assert len(written) == 1
    telling.tell()
    assert told(written) == {"a.mov": (180, 180)}


def test_a_long_film_has_a_few_pictures_from_all_over_it():
    written = []
    telling = Telling(written.append, film(300, 100))
    telling.made([part for piece in film(300, 100) for part in piece.parts])
    telling.tell()
    first, second = (len(piece.previews) for piece in written[-1].pieces)
    assert MOST_PREVIEWS - 2 <= first + second <= MOST_PREVIEWS
    assert second


def test_a_store_that_is_away_costs_the_work_nothing():
    def away(_):
        raise Unreachable("no answer")

    Telling(away, film(1)).made(["a0.mp4"])


def test_it_crosses_the_wire_whole():
    written = []
    Telling(written.append, film(2), kept=["a0.mp4"])
    assert SoFar.from_wire(unpack(pack(written[-1].as_wire()))) == written[-1]
    assert written[-1].pieces[0].previews == ("a0.jpg",)
