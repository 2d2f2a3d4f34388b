"""A film out of its chunks and its sound: joined without encoding anything again, and looked at from end to end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modal_functions.media import child
from modal_functions.media.child import Start
from modal_functions.media.chunks import COPY, ENCODE, Chunk
from modal_functions.media.errors import DAMAGED_PART, MediaError
from modal_functions.media.seal import is_sealed
from modal_functions.soundtracks import Check, encoded, sewn

if TYPE_CHECKING:
    from modal_functions.filming import Making

Tell = Callable[[int, str], None]


@dataclass(frozen=True, kw_only=True)
class Joined:
    """The chunks of a film and its sound, at hand."""

    making: "Making"
    files: Sequence[Path]
    track: Path

    @classmethod
    def of(cls, making: "Making") -> "Joined":
        files = making.parts.all_at_hand([chunk.file for chunk in making.chunks])
        return cls(making=making, files=files, track=soundtrack(making))

    @property
    def start(self) -> Start:
        return self.making.context.start

    @cached_property
    def bytes(self) -> int:
        return sum(file.stat().st_size for file in self.files) + self.track.stat().st_size

    @property
    def known(self) -> list[dict[str, Any]]:
        """For who looks at the film: where its chunks are. Those that were copied say whether they follow another."""
        chunks, first = self.making.chunks, self.making.chunks[0].first
        return [
            {"path": str(file), "first": chunk.first - first, "frames": chunk.frames}
            | ({"follows": _follows(before, chunk)} if chunk.how == COPY else {})
            for file, before, chunk in zip(self.files, [None, *chunks], chunks, strict=False)
        ]

    def to(self, film: Path, hear: Callable[[int], None]) -> Path:
        """Without encoding anything again; hears of their bytes."""
        chunks = zip(self.files, self.making.chunks, strict=True)
        parts = [{"path": str(file), "frames": chunk.frames, "apart": chunk.how != ENCODE} for file, chunk in chunks]
        request = {"do": "join", "parts": parts, "sound": str(self.track), "to": str(film)}
        child.run({**request, "output": self.making.output}, lambda progress: hear(progress["bytes"]), start=self.start)
        return film

    def together(self, film: Path, tell: Tell) -> dict[str, Any]:
        """Joined, then looked at from end to end to see that it is what was planned. `tell` hears of the bytes that are
        gone through, of twice what there are. Where a chunk is no longer as it was made, whoever tries again makes it
        anew."""
        try:
            return self._together(film, tell)
        except MediaError as error:
            if error.code == "result_invalid" and self._threw_away():
                raise MediaError("result_invalid", DAMAGED_PART) from error
            raise

    def _threw_away(self) -> bool:
        """What is damaged, as by a failing disk: kept, it would be met at each try, and by other films."""
        chunks = zip(self.files, self.making.chunks, strict=True)
        damaged = {chunk.file for file, chunk in chunks if chunk.how != COPY and not is_sealed(file)}
        self.making.parts.throw_away(damaged)
        return bool(damaged)

    def _together(self, film: Path, tell: Tell) -> dict[str, Any]:
        whole, frames, context = self.bytes, self.making.timeline.frames, self.making.context
        self.to(film, lambda done: tell(done, "Joining"))
        context.border()
        looked = child.run(
            {"do": "verify", "path": str(film), "output": self.making.output, "frames": frames, "known": self.known},
            lambda progress: tell(whole + whole * progress["frames"] // frames, "Looking at the film"),
            start=self.start,
        )
        context.border()
        return looked


def _follows(before: Chunk | None, chunk: Chunk) -> bool:
    return before is not None and before.how == COPY and before.clip == chunk.clip


def soundtrack(making: "Making", check: Check = lambda: None) -> Path:
    """Made once, from sounds that are kept."""
    parts, folder = making.parts, making.context.folder
    if making.passages:
        return sewn(making.passages, parts, folder, check)
    return encoded(making.sounds, parts, folder, making.film.output.container, check)
