"""A pipeline in the language of the place where it is read.

What it declares for people is English, marked where it stands and looked up here alone: rows keep keys, so each viewer
reads the same row in words of their own.
"""

from dataclasses import replace
from functools import lru_cache

from progress import pipelines, place
from progress.pipelines import Pipeline
from progress.place import gettext as _

SPOKEN = 1_000  # pipelines, each in each language


def find(key: str) -> Pipeline | None:
    return _in(place.language(), key) if pipelines.find(key) else None


@lru_cache(maxsize=SPOKEN)
def _in(language: str | None, key: str) -> Pipeline:
    declared = pipelines.get(key)
    stages = tuple(
        replace(stage, label=_(stage.label), waiting=_(stage.waiting), faster=_(stage.faster))
        for stage in declared.stages
    )
    return replace(declared, title=_(declared.title), stages=stages)
