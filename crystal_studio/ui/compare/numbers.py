"""The numbers of a node that tables and plots show, and reading them without keeping the window waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import isfinite
from time import perf_counter

from PySide6.QtCore import QObject, QTimer, Signal

from crystal_studio.domain.errors import StudioError
from crystal_studio.domain.history import Node
from crystal_studio.domain.intent import Goal, Quantity
from crystal_studio.domain.measured import Measured
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.ui.compare import words
from crystal_studio.ui.session_state import SessionState

_TURN_SECONDS = 0.012


@dataclass(frozen=True)
class Numbers:
    """What only the whole node says.

    Attributes:
        gap, hull: predictions with their intervals.
        alignment: cosine between text and crystal, -1 to 1.
        volume_per_atom_angstrom3: of the committed crystal.
        energy_per_atom_ev: of the relaxer.
        goals: of its round.
    """

    gap: Measured | None
    hull: Measured | None
    alignment: float | None
    volume_per_atom_angstrom3: float
    energy_per_atom_ev: float | None
    goals: tuple[Goal, ...]

    @classmethod
    def of(cls, node: Node) -> Numbers:
        """Those of a node."""
        return cls(
            gap=node.band_gap,
            hull=node.e_above_hull,
            alignment=node.alignment,
            volume_per_atom_angstrom3=words.volume_per_atom(node),
            energy_per_atom_ev=node.candidates[node.chosen].energy_per_atom_ev,
            goals=node.intent.goals,
        )


@dataclass(frozen=True)
class Property:
    """A number of every node.

    Attributes:
        name: with its unit, for axes and headings.
        value: from the outline and, where it is needed, the numbers; None where unknown.
        measured: with its interval, where there is one.
        needs_node: whether the outline does not say it.
        quantity: the goal that is about it, None for none.
        higher_is_better: which way is the better one, None for neither.
        decimals: in tables.
    """

    name: str
    value: Callable[[NodeOutline, Numbers | None], float | None]
    measured: Callable[[Numbers], Measured | None] | None = None
    needs_node: bool = False
    quantity: Quantity | None = None
    higher_is_better: bool | None = None
    decimals: int = 2


GAP = Property(
    "Band gap (eV)", lambda outline, _: outline.band_gap_ev, lambda one: one.gap, quantity=Quantity.BAND_GAP,
    higher_is_better=True,
)  # fmt: skip
HULL = Property(
    "Above the hull (eV/atom)", lambda outline, _: outline.e_above_hull_ev, lambda one: one.hull,
    higher_is_better=False, decimals=3,
)  # fmt: skip
ALIGNMENT = Property("Alignment", lambda _, one: one.alignment if one else None, needs_node=True, higher_is_better=True)
VOLUME = Property(
    "Volume per atom (Å³)", lambda _, one: one.volume_per_atom_angstrom3 if one else None, needs_node=True,
    quantity=Quantity.VOLUME,
)  # fmt: skip
ENERGY = Property(
    "Energy (eV/atom)", lambda _, one: one.energy_per_atom_ev if one else None, needs_node=True,
    quantity=Quantity.ENERGY, higher_is_better=False, decimals=3,
)  # fmt: skip
STRENGTH = Property("Strength", lambda outline, _: outline.strength)
ROUND = Property("Round", lambda outline, _: float(outline.round), decimals=0)
PROPERTIES = (GAP, HULL, ALIGNMENT, VOLUME, ENERGY, STRENGTH, ROUND)


def known(value: float | None) -> float | None:
    """A value that can be drawn, else None."""
    return value if value is not None and isfinite(value) and abs(value) < 1e6 else None


class NumbersReader(QObject):
    """Reads the numbers of many nodes a few milliseconds at a time, and remembers them: a node never changes.

    Signals:
        read: some more were read.
        done: nothing more is asked for.
        failed: a sentence; the rest is not read.
    """

    read = Signal()
    done = Signal()
    failed = Signal(str)

    def __init__(self, state: SessionState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.found: dict[str, Numbers] = {}
        self._wanted: list[str] = []
        self._turn = QTimer(self, interval=0)
        self._turn.timeout.connect(self._read)

    @property
    def waiting(self) -> int:
        """How many are still to be read."""
        return len(self._wanted)

    def ask(self, node_ids: Iterable[str]) -> None:
        """Read these next, and nothing else that was asked for before; the first ones first."""
        self._wanted = [one for one in node_ids if one not in self.found][::-1]
        if self._wanted:
            self._turn.start()

    def keep(self, node: Node) -> None:
        """Take over a node that is at hand."""
        self.found[node.id] = Numbers.of(node)

    def stop(self) -> None:
        """Read nothing more."""
        self._wanted.clear()
        self._turn.stop()

    def _read(self) -> None:
        end = perf_counter() + _TURN_SECONDS
        while self._wanted and perf_counter() < end:
            node_id = self._wanted.pop()
            try:
                self.found[node_id] = Numbers.of(self._state.node(node_id))
            except StudioError as error:
                self.stop()
                self.failed.emit(str(error))
                return
        self.read.emit()
        if not self._wanted:
            self._turn.stop()
            self.done.emit()
