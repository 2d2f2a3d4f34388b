"""Kind: the sort of export. What a kind is made of stands in one file of this folder; nothing else asks which it is."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

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


class Kind(ABC):
    key: ClassVar[str]
    label: ClassVar[str]
    pipeline: ClassVar[Pipeline]
    errors: ClassVar[Mapping[str, Error]]
    pieces: ClassVar[str] = "pieces"  # what there are several of, while it is made

    @abstractmethod
    def plan(self, project: "Project", options: Mapping[str, Any]) -> dict[str, Any]:
        """What is asked for, fixed: which sources, which parts of them, which output. Unplannable if it cannot be."""

    @abstractmethod
    def sources(self, export: "Export") -> "list[Source]":
        """What must be there before it can start."""

    @abstractmethod
    def spec(self, export: "Export") -> dict[str, Any]:
        """What the work is told, once all sources are there."""

    @abstractmethod
    def finalize(self, export: "Export", attempt: "Attempt", tracker: "ProgressTracker") -> bool:
        """All that completion means, in one transaction; False when it was complete already."""
