"""What the work of a kind stands on: libraries and limits. Modal's functions are made from it, and the site asks it
whether this machine could do the work too."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec

HOUR = 3600


@dataclass(frozen=True, kw_only=True)
class Image:
    """What is installed where the work runs. `libraries` are distributions of the lock, beside those that all work
    needs; `modules` are what they are imported as. `pinned` ones are not in the lock, and say their own version."""

    name: str
    libraries: tuple[str, ...] = ()
    pinned: tuple[str, ...] = ()
    modules: tuple[str, ...] = ("av",)


PROCESSOR = Image(name="processor")
# For a GPU torch brings several gigabytes, which would be in everybody's lock; it pins them itself.
ENLARGING = Image(name="enlarging", libraries=("numpy",), pinned=("torch==2.13.0",), modules=("av", "torch", "numpy"))


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Of one function on Modal."""

    cpu: tuple[float, float]
    memory: int  # MB
    timeout: int  # seconds
    gpu: str = ""


ON_GPU = Limits(cpu=(1.0, 4.0), memory=8192, timeout=4 * HOUR, gpu="T4")


def _nothing() -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class Needs:
    """Of a kind: `conducting` is one container an export, `batch` one of the many that it hands work out to. `probe`
    looks at what no import can tell, such as a file of weights; it says what is missing. What `enlarges` hands out
    batches that want a GPU, where that was asked for."""

    image: Image = PROCESSOR
    conducting: Limits = field(default_factory=lambda: Limits(cpu=(0.5, 4.0), memory=2048, timeout=12 * HOUR))
    batch: Limits = field(default_factory=lambda: Limits(cpu=(1.0, 2.0), memory=2048, timeout=2 * HOUR))
    probe: Callable[[], str] = _nothing
    enlarges: bool = False

    def missing_here(self) -> str:
        """What this machine lacks for it, as in “needs …”; nothing where it can be done."""
        absent = [name for name in self.image.modules if find_spec(name) is None]
        return f"the Python package{'s' * (len(absent) > 1)} {', '.join(absent)}" if absent else self.probe()


def of(kind: str) -> Needs:
    needs: Needs = import_module(f"modal_functions.kinds.{kind}").NEEDS
    return needs
