"""Kind: the sort of export. What a kind is made of stands in one file of this folder; nothing else asks which it is."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import transaction
from django.forms import MultipleChoiceField
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from exports import timecode
from exports.kinds.asking import KindForm, choices_of
from exports.kinds.sorts import FOOTAGE, Sort
from modal_functions import needs
from progress.estimate.shapes import Part
from progress.pipelines import Pipeline

if TYPE_CHECKING:
    from exports.models import Attempt, Export, Project, Result, Source
    from exports.posted import Posts
    from progress.models import Job
    from progress.tracker import ProgressTracker


class Unplannable(ValueError):
    """The export cannot be made as asked; the sentence says what to change. `option` names what was asked wrongly."""

    def __init__(self, sentence: str, *, option: str = "") -> None:
        super().__init__(sentence)
        self.option = option


def known(name: str, value: str, choices: Collection[str]) -> str:
    if value not in choices:
        said = _("%(name)s: expected one of %(choices)s, got %(value)s.")
        told = {"name": name.capitalize(), "choices": ", ".join(choices), "value": repr(value[:40])}
        raise Unplannable(said % told, option=name)
    return value


@dataclass(frozen=True, kw_only=True)
class Error:
    """A way to go wrong that this kind knows: whether trying again by itself can help."""

    retryable: bool


# What can go wrong wherever footage is worked on. A kind with more of its own adds them: USUAL_ERRORS | {...}
USUAL_ERRORS: Mapping[str, Error] = {
    "input_unreadable": Error(retryable=False),
    "input_missing": Error(retryable=False),
    "unsupported": Error(retryable=False),
    "too_long": Error(retryable=False),
    "poison": Error(retryable=False),
    "out_of_memory": Error(retryable=True),
    "function_timeout": Error(retryable=True),
    "result_invalid": Error(retryable=True),
    "store": Error(retryable=True),
    "no_room": Error(retryable=True),
    "internal": Error(retryable=True),
}


@dataclass(frozen=True, kw_only=True)
class Around:
    """What decides beside its own spec how long an export takes: whose it is, and where it will be made."""

    account: str
    project: str
    machine: str  # its sort: those of one sort are about as fast as each other
    at_once: int  # chunks that are rendered at the same time
    idle: float | None = None  # seconds since that sort last worked; None where machines are always warm


class Kind(ABC):
    key: ClassVar[str]  # of the file in modal_functions/kinds too
    label: ClassVar[str]
    job_type: ClassVar[str] = "export"  # as the assembly dialect has it: assembly, export or edl
    told: ClassVar[str]  # one sentence, for who chooses among the kinds
    pipeline: ClassVar[Pipeline]
    former: ClassVar[tuple[Pipeline, ...]] = ()  # its other versions that can still be asked for: of the same stages
    errors: ClassVar[Mapping[str, Error]] = USUAL_ERRORS
    form: ClassVar[type[KindForm]]
    template: ClassVar[str] = "kinds/fields.html"  # how the form's fields stand in its page
    noun: ClassVar[str] = gettext_noop("Export")  # what a message calls it: Film, Video Assembly
    private: ClassVar[bool] = False  # no message names it, and its page is opened by who is signed in alone
    takes: ClassVar[Sort] = FOOTAGE  # what it is made from
    caution: ClassVar[str] = ""  # has to be read wherever it is asked for, and where its result is
    pieces: ClassVar[str] = gettext_noop("pieces")  # what it is made of, while it is made
    several: ClassVar[bool] = False  # results, each to be had as soon as it is ready; else it is one film
    makes: ClassVar[frozenset[str]] = frozenset({"process"})  # stages in which what it is asked for is made
    order: ClassVar[int] = 100  # among the kinds; the lower, the earlier
    press: ClassVar[str] = ""  # what the button says that asks for it; Export, where it says nothing
    made_of_results_of: ClassVar[frozenset[str]] = frozenset()  # kinds with results that it can be asked for of
    repeatable: ClassVar[bool] = True  # from scratch, beside the one that there is
    leaves: ClassVar[Mapping[str, str]] = {}  # what a button leaves standing, where that is no pieces

    # Before it is asked for

    def lacks(self) -> str:
        """What is missing where it would run, as in “it needs …”; nothing where it can be made. Modal has it all."""
        return "" if settings.RUNNER == "modal" else needs.of(self.key).missing_here()

    @property
    def offered(self) -> bool:
        """False where nothing is to speak of it: its operator has not turned it on."""
        return True

    def address(self, project: "Project") -> str:
        """The page on which it is asked for, also to make the same again with a change."""
        return reverse("new-export", args=[project.pk, self.key])

    # What is asked for

    def check(self, options: Mapping[str, Any]) -> None:
        """Unplannable where it could not be made of anything: the kind lacks something here, or a choice is none of
        those there are. What depends on the project is looked at when it is planned."""
        if lacks := self.lacks():
            said = _("%(kind)s is not available here: it needs %(lacks)s.")
            raise Unplannable(said % {"kind": _(self.label), "lacks": lacks})
        for name, choices in choices_of(self.form).items():
            field, chosen = self.form.base_fields[name], options.get(name)
            if name not in options or not (chosen or field.required):
                continue
            for each in chosen if isinstance(chosen, list) and isinstance(field, MultipleChoiceField) else [chosen]:
                known(name, str(each), choices)

    @abstractmethod
    def plan(self, project: "Project", options: Mapping[str, Any]) -> dict[str, Any]:
        """What is asked for, fixed: which sources, which parts of them, which output. Unplannable if it cannot be."""

    def pipeline_of(self, spec: Mapping[str, Any]) -> Pipeline:
        """Of the version that a plan asks for; the usual one where it names none."""
        return next((each for each in self.former if each.version == spec.get("version")), self.pipeline)

    @property
    def pipelines(self) -> tuple[Pipeline, ...]:
        return (self.pipeline, *self.former)

    @abstractmethod
    def made_of(self, spec: Mapping[str, Any]) -> set[str]:
        """The ids of the sources that a plan names."""

    def sources(self, export: "Export") -> "list[Source]":
        """What must be there before it can start."""
        return export.project.those(self.made_of(export.spec))

    def planned(self, project: "Project", options: Mapping[str, Any]) -> dict[str, Any]:
        """The plan, and what its sources were called: should one be deleted, it can still be named."""
        spec = self.plan(project, options)
        sources = project.sources.filter(pk__in=self.made_of(spec)).order_by("created_at", "pk")
        return {**spec, "names": {str(pk): name for pk, name in sources.values_list("pk", "name")}}

    def deleted(self, export: "Export") -> list[str]:
        """The names of what it was made of that is no more: without it, it cannot be made again."""
        left = {str(source.pk) for source in self.sources(export)}
        return sorted(self.name_of(each, export) for each in self.made_of(export.spec) - left)

    def name_of(self, source_id: str, export: "Export") -> str:
        return str(export.spec.get("names", {}).get(source_id, "a clip"))

    @abstractmethod
    def spec(self, export: "Export") -> dict[str, Any]:
        """What the work is told, once all sources are there. `chunks` and `sources` are what the store and the fetching
        go by: see footage.told."""

    def reads(self, spec: Mapping[str, Any]) -> tuple[str, ...]:
        """Places of the store that the work reads, beside the sources of its project."""
        return ()

    def carried(self, export: "Export") -> dict[str, Any]:
        """Secrets for one attempt. They go with the order to begin it, and never into the store."""
        return {}

    def shots(self, spec: Mapping[str, Any]) -> int:
        """Of a story; none where it is made of no shots."""
        return 0

    def brings(self, export: "Export", kept: str) -> Mapping[str, Path]:
        """Files of this installation that the work takes too, by the key under which it finds them; `kept` is where
        its parts are kept."""
        return {}

    # When it is asked for

    def takes_result(self, result: "Result") -> bool:
        """Whether it can be made of this one of the results of such an export."""
        return False

    def became(self, export: "Export") -> "Mapping[int, Posts]":
        """Of the results of such an export, by their place: what was made of them, and whether more can be."""
        return {}

    def parent(self, spec: Mapping[str, Any]) -> "Job | None":
        """The job of the export that it is made of a result of."""
        return None

    def make_way(self, project: "Project", spec: Mapping[str, Any], options: Mapping[str, Any]) -> None:  # noqa: B027
        """What the store or a network has to say to it first. In no transaction, and perhaps for nothing: whether it is
        asked for after all is not known yet. Unplannable where there is no way."""

    def requested(self, export: "Export") -> None:  # noqa: B027 - most kinds change nothing else
        """What else changes with it, in the same transaction. Unplannable takes all of it back."""

    # How long it will take

    def parts(self, spec: Mapping[str, Any], sources: "Iterable[Source]", around: Around) -> tuple[Part, ...]:
        """How much work each stage of a plan is, and what it has in common with others. Where a kind says no more, its
        stages are compared by kind and machine alone."""
        levels = (f"kind={self.pipeline.name}", f"machine={around.machine}")
        return tuple(Part(stage=stage.key, usual=stage.seconds, levels=levels) for stage in self.pipeline.stages)

    def is_large(self, spec: Mapping[str, Any], sources: "Iterable[Source]") -> bool:
        """Of 20 chunks or more: what such exports take is told apart from the rest."""
        return False

    def may_begin_afresh(self, spec: Mapping[str, Any]) -> bool:
        """Whether its parts can be made in a place of their own: not where the owner's own are kept among them."""
        return True

    # When it is done

    def finalize(self, export: "Export", attempt: "Attempt", tracker: "ProgressTracker") -> bool:
        """All that completion means, in one transaction; False when it was complete already."""
        from exports.models import Export, Notice, Result  # noqa: PLC0415 - the models know the kinds

        result = export.result_facts
        with transaction.atomic():
            if not tracker.complete(export.pk):
                return False
            Export.objects.filter(pk=export.pk).update(
                result_key=result["key"], result_bytes=result["bytes"], result_sha256=result["sha256"]
            )
            Result.settle(export, result.get("files", ()))
            self.completed(export)
            Notice.owe(export, Notice.Event.DONE, attempt=attempt.number, text=f"“{export.job.title}” is ready.")
        return True

    def completed(self, export: "Export") -> None:  # noqa: B027 - most kinds change nothing else
        """What else changes with it, in the same transaction."""

    def size(self, export: "Export") -> tuple[int, int] | None:
        """Of its picture, where it has one size."""
        output = export.spec.get("output") or {}
        return (output["width"], output["height"]) if {"width", "height"} <= set(output) else None

    def described(self, export: "Export") -> tuple[tuple[str, str], ...]:
        """What a message says of the result beside its size: a name and a value each."""
        size, fps = self.size(export), (export.spec.get("output") or {}).get("fps")
        seconds = export.result_facts.get("seconds")
        shape = f"{size[0]} × {size[1]}" if size else ""
        rate = _("%(rate)s frames a second") % {"rate": f"{round(fps[0] / fps[1], 3):g}"} if fps else ""
        form = ", ".join(part for part in (shape, rate) if part)
        length = timecode.roughly(round(float(seconds) * timecode.US)) if seconds is not None else ""
        return tuple((name, value) for name, value in ((_("Format"), form), (_("Duration"), length)) if value)
