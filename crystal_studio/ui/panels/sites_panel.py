"""Dock: every atom with its position and neighbours, and a card of the atom that was picked."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QWidget

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.inspection import SiteReport
from crystal_studio.services.jobs import SitesJob
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.notation import number_text
from crystal_studio.ui.panels.inspection import Inspection
from crystal_studio.ui.panels.inspection_panel import InspectionPanel, NewsLine, plain_label
from crystal_studio.ui.panels.rows import Column, RowsModel, RowsView, decimals
from crystal_studio.ui.panels.spread import group
from crystal_studio.ui.session_state import SessionState

LARGEST_UNASKED = 200  # atoms; finding the neighbours of more takes minutes, so the person says when
_NEIGHBOURS_IN_ROW = 4
_COLUMNS = (
    Column("Atom"),
    Column("Element"),
    Column("Wyckoff"),
    Column("x", decimals(4), is_number=True, tip="fractional coordinate along a"),
    Column("y", decimals(4), is_number=True, tip="fractional coordinate along b"),
    Column("z", decimals(4), is_number=True, tip="fractional coordinate along c"),
    Column("X (Å)", decimals(3), is_number=True, tip="Cartesian coordinate in angstrom"),
    Column("Y (Å)", decimals(3), is_number=True),
    Column("Z (Å)", decimals(3), is_number=True),
    Column("Neighbours", tip="bonded neighbours (CrystalNN)"),
    Column("Geometry"),
    Column("Nearest", lambda neighbours: _distances(neighbours, _NEIGHBOURS_IN_ROW)),
)


class SitesPanel(InspectionPanel):
    """Atoms of the crystal that is drawn.

    Signals:
        sites_selected: tuple of the atoms that the person selected in the table.
    """

    title = "Atoms"
    object_name = "sites_panel"
    help_text = "Positions and neighbours of the atoms appear here, once a crystal is shown. Click an atom to find it."
    sites_selected = Signal(tuple)

    def __init__(self, state: SessionState, jobs: JobRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._crystal: Crystal | None = None
        self._reports: tuple[SiteReport, ...] = ()
        self._picks: tuple[int, ...] = ()
        self.sites = Inspection(jobs, self)
        self.rows = RowsModel(_COLUMNS, self)
        self.table = RowsView(self.rows, "Atoms")
        self.card = plain_label("", selectable=True)
        self.card.setAccessibleName("Atom picked")
        self.news = NewsLine("Finding the neighbours …")
        self.find = QPushButton()
        self.lay_out([group(self.card, self.news, self.find), self.table], large=self.table)
        state.crystal_changed.connect(self._changed)
        self.sites.answered.connect(self._show_reports)
        self.news.follow(self.sites)
        self.news.retried.connect(self._ask)
        self.find.clicked.connect(self._ask)
        self.table.picked.connect(self._select)

    def has_subject(self) -> bool:
        """Whether a crystal is drawn."""
        return self._state.crystal is not None

    def refresh(self) -> None:
        """Show the positions at once and ask for the neighbours."""
        crystal = self._state.crystal
        assert crystal is not None
        if crystal is not self._crystal:
            self._crystal, self._reports = crystal, ()
            self._picks = tuple(site for site in self._picks if site < crystal.num_sites)
            self._fill()
            large = crystal.num_sites > LARGEST_UNASKED
            self.find.setText(f"&Find the neighbours of {crystal.num_sites} atoms (may take minutes)")
            self.find.setVisible(large)
            self.sites.drop()
            if not large:
                self._ask()
        self._write_card()

    def show_picks(self, sites: tuple[int, ...]) -> None:
        """Show the atoms that were picked in the 3D view; the last one's card."""
        self._picks = tuple(sites)
        if self._state.crystal is self._crystal and self._crystal is not None:
            self.table.select_rows([site for site in self._picks if site < self._crystal.num_sites])
        self._write_card()

    def close_panel(self) -> None:
        """Listen no longer."""
        super().close_panel()
        self._state.crystal_changed.disconnect(self._changed)
        self.sites.close()

    def _ask(self) -> None:
        if self._crystal is not None:
            self.find.hide()
            self.sites.ask(SitesJob(self._crystal))

    def _show_reports(self, question: SitesJob, reports: tuple[SiteReport, ...]) -> None:
        if question.crystal is self._crystal:
            self._reports = reports
            self._fill()
            self._write_card()

    def _fill(self) -> None:
        crystal = self._crystal
        assert crystal is not None
        labels = atom_labels(crystal)
        frac_coords, cart_coords = crystal.frac_coords.tolist(), crystal.cart_coords.tolist()
        found = {report.index: report for report in self._reports}
        self.rows.show_rows(
            [
                (labels[i], crystal.species[i], _wyckoff(found.get(i)), *frac_coords[i], *cart_coords[i],
                 *_surroundings(found.get(i)))
                for i in range(crystal.num_sites)
            ]
        )  # fmt: skip
        self.table.select_rows([site for site in self._picks if site < crystal.num_sites])

    def _select(self, rows: tuple[int, ...]) -> None:
        self._picks = rows
        self._write_card()
        self.sites_selected.emit(rows)

    def _write_card(self) -> None:
        site = self._picks[-1] if self._picks else None
        if self._crystal is None or site is None or site >= self._crystal.num_sites:
            self.card.setText("Click an atom in the 3D view or a row below to see it here.")
            return
        report = next((one for one in self._reports if one.index == site), None)
        self.card.setText("\n".join(_card(self._crystal, site, report)))


def atom_labels(crystal: Crystal) -> list[str]:
    """Element and number of each atom, as the 3D view labels them: Sr1, Ti2, O3."""
    return [f"{symbol}{site + 1}" for site, symbol in enumerate(crystal.species)]


def _wyckoff(report: SiteReport | None) -> str | None:
    return report.wyckoff or None if report else None


def _surroundings(report: SiteReport | None) -> tuple[Any, ...]:
    if report is None:
        return None, None, None
    return report.coordination, report.geometry or None, report.neighbours or None


def _distances(neighbours: tuple[tuple[str, float], ...], most: int | None = None) -> str:
    """Neighbours by distance, equal ones counted: ``6 × O 1.953``."""
    groups: list[tuple[str, str, int]] = []
    for element, distance in neighbours:
        text = number_text(distance, 3)
        if groups and groups[-1][:2] == (element, text):
            groups[-1] = (element, text, groups[-1][2] + 1)
        else:
            groups.append((element, text, 1))
    shown = [(f"{count} × " if count > 1 else "") + f"{element} {text}" for element, text, count in groups[:most]]
    return ", ".join(shown) + (", …" if most is not None and len(groups) > most else "")


def _card(crystal: Crystal, site: int, report: SiteReport | None) -> list[str]:
    symbol = crystal.species[site]
    frac = ", ".join(number_text(value, 4) for value in crystal.frac_coords[site])
    cart = ", ".join(number_text(value, 3) for value in crystal.cart_coords[site])
    lines = [
        f"{atom_labels(crystal)[site]}: {BY_SYMBOL[symbol].name}, atom {site + 1} of {crystal.num_sites}",
        f"Fractional {frac}",
        f"Cartesian {cart} Å",
    ]
    if report is None:
        return lines
    geometry = f", {report.geometry}" if report.geometry else ""
    neighbours = f"{report.coordination} neighbour{'s' * (report.coordination != 1)}{geometry}"
    lines += [f"Wyckoff position {report.wyckoff}" if report.wyckoff else "", neighbours]
    lines.append(f"{_distances(report.neighbours)} Å" if report.neighbours else "")
    return [line for line in lines if line]
