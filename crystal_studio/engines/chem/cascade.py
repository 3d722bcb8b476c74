"""Several readers on one crystal, one after the other: what each made of it, and what is kept."""

from __future__ import annotations

import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import FrameType

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.chem.geometry import shortest_distance_angstrom
from crystal_studio.engines.chem.reading import Reading, amounts_text, differences, same_composition, shown_warnings

Reader = Callable[[], Reading]

# What the libraries raise on damaged text; each becomes one sentence.
DAMAGE = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RuntimeError,  # RecursionError and NotImplementedError among them
    StopIteration,
    SyntaxError,
    OSError,
)
_LEAST_SECONDS = 0.2
_ONE_ATOM_ANGSTROM = 0.3


class OutOfTime(BaseException):
    """A reader has used up its share of processor time; no `except Exception` of a library may keep it."""


class Budget:
    """Processor time for one file, shared by its readers.

    Args:
        seconds: in all.
    """

    def __init__(self, seconds: float = 3.0) -> None:
        self._end = time.process_time() + seconds

    @property
    def left(self) -> float:
        """Seconds of processor time that are left."""
        return self._end - time.process_time()

    @contextmanager
    def share(self, seconds: float) -> Iterator[None]:
        """At most so much for what is inside; a library that computes in C ends later.

        Raises:
            OutOfTime: from inside, when the share is used up.
        """
        granted = min(seconds, self.left)
        if granted < _LEAST_SECONDS:
            raise OutOfTime
        if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
            yield
            return
        before = signal.signal(signal.SIGVTALRM, _stop)
        signal.setitimer(signal.ITIMER_VIRTUAL, granted)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.signal(signal.SIGVTALRM, before)


@dataclass(frozen=True)
class Outcome:
    """What is kept of several readings.

    Attributes:
        reading: the one that is kept.
        steps: sentences on each reader.
        warnings: sentences for the person.
    """

    reading: Reading
    steps: tuple[str, ...]
    warnings: tuple[str, ...]


def read_in_turn(
    readers: Mapping[str, tuple[Reader, float]], stated: Mapping[str, float] | None, budget: Budget
) -> Outcome:
    """Let every reader read, keep the first that agrees with what the file states, and check it against the others.

    Args:
        readers: name -> how it reads, and its share of processor time in seconds; in order of preference.
        stated: the composition that the file itself states, None where it states none.
        budget: of the file.

    Raises:
        UserCorrectable: none could read it, or they disagree on the composition and nothing tells who is right.
    """
    readings, steps = _readings(readers, budget)
    warned = [f"{one.reader}: {text}" for one in readings for text in one.warnings]
    agreeing = [one for one in readings if stated is None or same_composition(one.amounts, stated)]
    if not agreeing and stated is not None:
        raise UserCorrectable(
            f"The file states {amounts_text(stated)} but its sites make {amounts_text(readings[0].amounts)}. Complete "
            "its sites or correct its formula."
        )
    for other in readings:
        if other not in agreeing:
            warned.append(
                f"{other.reader} makes {amounts_text(other.amounts)} of it, which is not the composition stated in the "
                "file, and is set aside."
            )
    _refuse_disagreement(agreeing)
    crowded = _crowded(agreeing)
    warned += [f"{one.reader} puts atoms on top of each other, and is set aside." for one in crowded]
    kept, *others = [one for one in agreeing if one not in crowded]
    for other in others:
        warned += differences(kept, other)
    return Outcome(kept, tuple(steps), shown_warnings(warned))


def _readings(readers: Mapping[str, tuple[Reader, float]], budget: Budget) -> tuple[list[Reading], list[str]]:
    """What each reader made of it, and sentences on that.

    Raises:
        UserCorrectable: none could read it; says what the first reader that knew a reason said.
    """
    readings: list[Reading] = []
    steps, reasons = [], []
    for name, (reader, seconds) in readers.items():
        try:
            with budget.share(seconds):
                reading = reader()
        except OutOfTime:
            steps.append(f"{name} took too long and was stopped.")
        except UserCorrectable as error:
            steps.append(f"{name} refused it: {error}")
            reasons.append(str(error))
        except DAMAGE as error:
            steps.append(f"{name} could not read it ({_reason(error)}).")
        else:
            readings.append(reading)
            steps.append(f"{name} read {reading.summary}.")
    if not readings:
        raise UserCorrectable(
            reasons[0] if reasons else f"It is damaged or of another format. {' '.join(steps)} Export it again as CIF."
        )
    return readings, list(shown_warnings(steps))


def _crowded(readings: Sequence[Reading]) -> list[Reading]:
    """Readings that split atoms which are one in others: a position near an axis, but not on it to the last digit."""
    if len({len(one.sites) for one in readings}) == 1:
        return []
    crowded = [one for one in readings if shortest_distance_angstrom(one.crystal) < _ONE_ATOM_ANGSTROM]
    return crowded if len(crowded) < len(readings) else []


def _refuse_disagreement(agreeing: Sequence[Reading]) -> None:
    kept = agreeing[0]
    for other in agreeing[1:]:
        if not same_composition(kept.amounts, other.amounts):
            raise UserCorrectable(
                f"{kept.reader} makes {amounts_text(kept.amounts)} of it, {other.reader} "
                f"{amounts_text(other.amounts)}, and the file does not state its formula. Export it in P1, or add "
                "_chemical_formula_sum."
            )


def recorded(read: Callable[[], Reading]) -> Reading:
    """A reading with everything that the library warned of through Python's warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        reading = read()
    said = [str(one.message) for one in caught if not issubclass(one.category, DeprecationWarning | FutureWarning)]
    return replace(reading, warnings=shown_warnings([*reading.warnings, *said]))


def _reason(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


def _stop(number: int, frame: FrameType | None) -> None:
    raise OutOfTime
