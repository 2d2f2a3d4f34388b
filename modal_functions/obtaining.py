"""One video to work on, from where it was uploaded to or from an address: at hand, looked at, and in the store.

The stages are those of `clip_it`: downloading, downloaded, uploading."""

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from modal_functions.editing.cut import one_line
from modal_functions.media import child
from modal_functions.media.chunks import digest
from modal_functions.media.errors import MediaError
from modal_functions.media.spec import Clip
from modal_functions.parts import fetched
from modal_functions.runtime import Context, Failed
from modal_functions.store import Missing
from modal_functions.wire import kept_as, pack, unpack

FETCHED = "fetched"  # the folder of what was fetched
FASTEST = 60  # frames a second
VARIABLE = Fraction(30)
SPARE_SECONDS = 120.0
SPARE_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Footage:
    """`source` as the wire tells of sources; `facts` are what the probe found."""

    source: dict[str, Any]
    sha256: str
    path: Path
    facts: dict[str, Any]

    @property
    def key(self) -> str:
        return str(self.source["key"])

    @property
    def name(self) -> str:
        return str(self.source["name"])

    @property
    def length_us(self) -> int:
        return int(self.facts["duration_us"])

    @property
    def has_sound(self) -> bool:
        return self.facts["sound"] is not None

    @property
    def rate(self) -> Fraction:
        """Of its pictures, as far as a film can have it."""
        rate = Fraction(*self.facts["fps"])
        if self.facts["variable"] or not 1 <= rate <= FASTEST:
            return VARIABLE
        return rate.limit_denominator(1001)

    def clip(self, in_us: int, out_us: int) -> Clip:
        return Clip(source=self.key, sha256=self.sha256, in_us=in_us, out_us=out_us)


def obtained(context: Context) -> tuple[Context, Footage]:
    """The context knows of the footage as of any source."""
    asked = context.spec.get("fetch")
    footage = _fetched(context, asked) if asked else _uploaded(context)
    return replace(context, spec={**context.spec, "sources": [footage.source]}), footage


def _uploaded(context: Context) -> Footage:
    try:
        [source], [clip, *_] = context.spec["sources"], context.spec["film"]["clips"]
    except (KeyError, ValueError) as error:
        raise Failed("unsupported", f"This export cannot be made as it was asked for: one video ({error}).") from error
    path = fetched(context, here=True, stage="downloading")[source["key"]]
    facts = _looked_at(context, path, source["name"])
    context.report.stage("uploading", total=source["bytes"], unit="bytes", note="It is stored already")
    context.report.kept(source["bytes"])
    return Footage(source=source, sha256=clip["sha256"], path=path, facts=facts)


def _looked_at(context: Context, path: Path, name: str) -> dict[str, Any]:
    context.report.stage("downloaded", note="Looking at the file")
    context.border()
    try:
        return child.run({"do": "probe", "path": str(path)}, start=context.start)
    except MediaError as error:
        raise Failed(error.code, f"We couldn't use {name}. {error.sentence} Try another video.") from error


# From an address


def _fetched(context: Context, asked: dict[str, Any]) -> Footage:
    """Once an export: a later attempt finds it in the store."""
    name = digest({"address": asked["address"], "export": context.keys.export})
    key, told_at = (kept_as(context.spec["chunks"], f"{name}.{end}") for end in ("source", "json"))
    told = unpack(context.store.get(told_at) or b"{}")
    if told and context.store.size(key) == told["bytes"]:
        return _from_store(context, key, told)
    found = _from_address(context, asked)
    path = own(context.folder, found)
    title = called(found)
    facts = _looked_at(context, path, title)
    size = path.stat().st_size
    context.report.stage("uploading", total=size, unit="bytes")
    stored = context.store.put_file(key, path, context.report.units)
    context.store.put(told_at, pack({"bytes": stored.bytes, "sha256": stored.sha256, "name": title}))
    source = {"key": key, "name": title, "bytes": stored.bytes}
    return Footage(source=source, sha256=stored.sha256, path=path, facts=facts)


def _from_store(context: Context, key: str, told: dict[str, Any]) -> Footage:
    context.report.stage("downloading", total=told["bytes"], unit="bytes", note="It was fetched before")
    path = context.store.in_place(key)
    if path is None:
        path = context.folder / "source-0"
        try:
            context.store.fetch(key, path, context.report.units)
        except Missing:
            raise Failed(
                "result_invalid", "The video that was fetched is no longer kept. It is fetched anew."
            ) from None
    context.report.kept(told["bytes"])
    facts = _looked_at(context, path, told["name"])
    context.report.stage("uploading", total=told["bytes"], unit="bytes", note="It is stored already")
    context.report.kept(told["bytes"])
    source = {"key": key, "name": told["name"], "bytes": told["bytes"]}
    return Footage(source=source, sha256=told["sha256"], path=path, facts=facts)


def own(folder: Path, found: dict[str, Any]) -> Path:
    """By its name alone: what fetched it may have been taken over, and could name somebody else's film."""
    return folder / FETCHED / Path(found["path"]).name


def called(found: dict[str, Any]) -> str:
    """What its address calls it, as a line that every file takes: some cut a title in the middle of a character."""
    return one_line(str(found["title"])) or "The video"


def _from_address(context: Context, asked: dict[str, Any]) -> dict[str, Any]:
    """In a child process, which can connect to nothing but what it may."""
    context.report.stage("downloading", unit="bytes", note="Asking for the video")
    folder = context.folder / FETCHED
    folder.mkdir(exist_ok=True)
    patience = float(asked["patience"])
    limits = child.Limits(
        wall_seconds=patience + SPARE_SECONDS,
        cpu_seconds=int(patience + SPARE_SECONDS),
        file_bytes=int(asked["bytes"]) + SPARE_BYTES,
    )

    def hear(progress: dict[str, Any]) -> None:
        context.report.units(progress["done"], progress["total"], note="Downloading")

    try:
        return child.run({"do": "clip_it.fetch", **asked, "folder": str(folder)}, hear, limits)
    except MediaError as error:
        code = "not_fetched" if error.code in ("result_invalid", "function_timeout") else error.code
        raise Failed(code, error.sentence) from error
