"""Kind: the sort of export. What a kind is made of stands in one file of this folder; nothing else asks which it is."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from progress.estimate.shapes import Part
from progress.pipelines import Pipeline

if TYPE_CHECKING:
    from exports.models import Attempt, Export, Project, Source
    from progress.tracker import ProgressTracker


class Unplannable(ValueError):
    """The export cannot be made as asked; the sentence says what to change."""


@dataclass(frozen=True, kw_only=True)
class Error:
    """A way to go wrong that this kind knows: whether trying again by itself can help."""

    retryable: bool


@dataclass(frozen=True, kw_only=True)
class Around:
    """What decides beside its own spec how long an export takes: whose it is, and where it will be made."""

    account: str
    project: str
    machine: str  # its sort: those of one sort are about as fast as each other
    at_once: int  # chunks that are rendered at the same time
    idle: float | None = None  # seconds since that sort last worked; None where machines are always warm


class Kind(ABC):
    key: ClassVar[str]
    label: ClassVar[str]
    pipeline: ClassVar[Pipeline]
    errors: ClassVar[Mapping[str, Error]]

    @abstractmethod
    def plan(self, project: "Project", options: Mapping[str, Any]) -> dict[str, Any]:
        """What is asked for, fixed: which sources, which parts of them, which output. Unplannable if it cannot be."""

    @abstractmethod
    def wanted(self, spec: Mapping[str, Any]) -> set[str]:
        """The ids of the sources that it is made of."""

    @abstractmethod
    def sources(self, export: "Export") -> "list[Source]":
        """What must be there before it can start."""

    @abstractmethod
    def spec(self, export: "Export") -> dict[str, Any]:
        """What the work is told, once all sources are there."""

    @abstractmethod
    def parts(self, spec: Mapping[str, Any], sources: "Iterable[Source]", around: Around) -> tuple[Part, ...]:
        """How much work each stage of it is, and what it has in common with others; of what was planned so."""

    @abstractmethod
    def is_large(self, spec: Mapping[str, Any], sources: "Iterable[Source]") -> bool:
        """Of 20 chunks or more: what such exports take is told apart from the rest."""

    @abstractmethod
    def finalize(self, export: "Export", attempt: "Attempt", tracker: "ProgressTracker") -> bool:
        """All that completion means, in one transaction; False when it was complete already."""
