"""A message as a channel sends it: whole and ready, so that nothing of the database is needed on the way."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What is said, before it takes on the form of a channel."""

    subject: str
    lead: str
    fields: tuple[tuple[str, str], ...] = ()
    link: str = ""
    link_label: str = ""
    notes: tuple[str, ...] = ()
    stop: str = ""  # where no more of them can be asked for, without signing in


@dataclass(frozen=True, kw_only=True)
class Parcel:
    id: str
    channel: str
    address: str = field(repr=False)
    letter: Letter = field(repr=False)
    short: str = field(default="", repr=False)
    body: bytes = field(default=b"", repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    timestamp: int = 0
