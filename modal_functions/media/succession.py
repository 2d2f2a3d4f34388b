"""Pictures of a group without those before one of them: which each refers to, and what that is called then."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from modal_functions.media.avc import NotPlain
from modal_functions.media.slices import ALONE, BOTH_WAYS, FORWARD, Asked, Order, Slice

Lists = tuple[tuple[int, ...], ...]  # of the places of pictures in their group, in the order of decoding


@dataclass(frozen=True, kw_only=True)
class Coded:
    """A picture of a group: its slices, and when it is shown."""

    place: int
    at: Fraction
    slices: Sequence[Slice]

    @property
    def refers(self) -> bool:
        return self.slices[0].refers


@dataclass(kw_only=True)
class _Held:
    """What a decoder holds: the last pictures that others may need, each with its number."""

    order: Order
    pictures: list[tuple[Coded, int]] = field(default_factory=list)

    @property
    def following(self) -> int:
        """The number of the next picture."""
        return (self.pictures[-1][1] + 1) % self.most if self.pictures else 0

    @property
    def most(self) -> int:
        return 1 << self.order.frame_bits

    def take(self, picture: Coded, forgotten: Collection[int]) -> None:
        """Without those in the forgotten places; where there are none, the oldest makes room."""
        if picture.refers:
            kept = [each for each in self.pictures if each[0].place not in forgotten]
            room = self.order.references - 1
            if len(kept) < len(self.pictures) and len(kept) > room:
                raise NotPlain("it forgets too few pictures")
            self.pictures = [*(kept[-room:] if room else ()), (picture, self.following)]

    def forgotten(self, one: Coded) -> list[int]:
        """The places of pictures that this one says are no longer needed."""
        names = {number: held.place for held, number in self.pictures}
        wanted = [(self.following - far) % self.most for far in one.slices[0].forgotten]
        if not names.keys() >= set(wanted):
            raise NotPlain("it forgets a picture that is not there")
        return [names[number] for number in wanted]

    def forgetting(self, places: Collection[int]) -> tuple[int, ...]:
        """How to say that, of those that are held."""
        found = (number for held, number in self.pictures if held.place in places)
        return tuple((self.following - number) % self.most or self.most for number in found)

    def usual(self, one: Coded, sort: int) -> list[list[int]]:
        """The lists of a slice that asks for nothing."""
        lately = [held for held, _ in reversed(self.pictures)]
        if sort == ALONE:
            return []
        if sort == FORWARD:
            return [[each.place for each in lately]]
        before = sorted((each for each in lately if each.at < one.at), key=lambda each: -each.at)
        behind = sorted((each for each in lately if each.at > one.at), key=lambda each: each.at)
        there, back = ([each.place for each in some] for some in ([*before, *behind], [*behind, *before]))
        if there == back and len(back) > 1:
            back[:2] = back[1], back[0]
        return [there, back]

    def lists(self, one: Coded, each: Slice) -> Lists:
        usual = self.usual(one, each.sort)
        return tuple(map(self._asked, usual, each.asked, each.counts))

    def _asked(self, usual: list[int], asked: Asked, count: int) -> tuple[int, ...]:
        names = {number: held.place for held, number in self.pictures}
        found, number = usual[:count], self.following
        for place, (which, far) in enumerate(asked):
            number = (number + (far if which else -far)) % self.most
            if number not in names:
                raise NotPlain("it refers to a picture that is not there")
            wanted = names[number]
            found = [*found[:place], wanted, *(each for each in found[place:] if each != wanted)][:count]
        if len(found) < count:
            raise NotPlain("it may refer to a picture that is not there")
        return tuple(found)

    def asking(self, wanted: Lists, one: Coded, sort: int) -> tuple[Asked, ...]:
        """What has to be asked for to have these lists."""
        usual = self.usual(one, sort)
        return tuple(
            () if tuple(some[: len(these)]) == these else self._way_to(these)
            for some, these in zip(usual, wanted, strict=True)
        )

    def _way_to(self, places: Sequence[int]) -> Asked:
        numbers, before = {held.place: number for held, number in self.pictures}, self.following
        asked = []
        for place in places:
            asked.append((0, (before - numbers[place]) % self.most or self.most))
            before = numbers[place]
        return tuple(asked)


@dataclass(frozen=True, kw_only=True)
class Renumbered:
    """A picture that is kept, and what its slices say then: its number, when it is shown, what they ask of lists."""

    coded: Coded
    frame: int
    shown: int
    asked: Sequence[tuple[Asked, ...]]
    forgotten: Sequence[int]

    def slices(self) -> list[bytes]:
        own = zip(self.coded.slices, self.asked, strict=True)
        return [each.numbered(self.frame, self.shown, asked, self.forgotten) for each, asked in own]


def going_on(pictures: Sequence[Coded], first: int) -> list[Renumbered]:
    """The pictures behind the one in the place `first` that are shown after it, such that they mean the same to a
    decoder that has only that one; NotPlain where one may refer to others. Those that lead up to it are left out."""
    order = pictures[0].slices[0].way.order
    before, since = _Held(order=order), _Held(order=order)
    start = pictures[first]
    if not start.refers or any(each.at >= start.at for each in pictures[:first]):
        raise NotPlain("what follows needs more than one picture")
    moments, found = _in_order(pictures, order), list[Renumbered]()
    for one in pictures:
        _check(one, before)
        forgotten = before.forgotten(one)
        if one.place > first and one.at > start.at:
            found.append(_anew(one, before, since, start, forgotten))
            since.take(one, forgotten)
        elif one is start:
            since.take(one, forgotten)
        before.take(one, forgotten)
    since_then = [start, *(each.coded for each in found)]
    if _counted(since_then, order, start.slices[0].shown) != [
        moments[each.place] - moments[first] for each in since_then
    ]:
        raise NotPlain("its pictures could not be counted from here")
    return found


def meant(pictures: Sequence[Coded], order: Order) -> dict[Fraction, list[list[list[Fraction]]]]:
    """To which each refers, with all its slices: by their moments."""
    held, found = _Held(order=order), {}
    _in_order(pictures, order)
    for one in pictures:
        _check(one, held)
        lists = [held.lists(one, each) for each in one.slices]
        found[one.at] = [[[pictures[place].at for place in some] for some in each] for each in lists]
        held.take(one, held.forgotten(one))
    return found


def _in_order(pictures: Sequence[Coded], order: Order) -> list[int]:
    """When they are shown, as they say themselves; NotPlain where that is not when their file says."""
    moments = _counted(pictures, order, 0)
    if sorted(pictures, key=lambda each: each.at) != sorted(pictures, key=lambda each: moments[each.place]):
        raise NotPlain("its pictures are shown in another order")
    return moments


def _counted(pictures: Sequence[Coded], order: Order, zero: int) -> list[int]:
    """As a decoder counts: from the lowest bits, near what it was for the last picture that others may need."""
    if order.way:
        return [each.place - pictures[0].place for each in pictures]
    most, last, found = 1 << order.order_bits, 0, []
    for each in pictures:
        step = (each.slices[0].shown - zero - last) % most
        found.append(last + step - (most if step > most // 2 else 0))
        if each.refers:
            last = found[-1]
    return found


def _check(one: Coded, before: _Held) -> None:
    head = one.slices[0]
    for each in one.slices:
        if (each.frame, each.shown, each.refers, each.forgotten) != (
            before.following,
            head.shown,
            head.refers,
            head.forgotten,
        ):
            raise NotPlain("a picture of it is missing")


def _anew(one: Coded, before: _Held, since: _Held, start: Coded, forgotten: Collection[int]) -> Renumbered:
    there, asked = {held.place for held, _ in since.pictures}, []
    for each in one.slices:
        lists = before.lists(one, each)
        if not there.issuperset(place for some in lists for place in some):
            raise NotPlain("what follows needs more than one picture")
        if each.sort == BOTH_WAYS and lists[1][0] == start.place:
            raise NotPlain("what follows needs to know how it moved")
        asked.append(since.asking(lists, one, each.sort))
    shown = (one.slices[0].shown - start.slices[0].shown) % (1 << one.slices[0].way.order.order_bits)
    return Renumbered(coded=one, frame=since.following, shown=shown, asked=asked, forgotten=since.forgetting(forgotten))
