"""Crystals into a real window and out of it, through real engine hosts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from crystal_studio.domain.exported import FileFormat
from crystal_studio.ui.exchange.export_dialog import ExportDialog
from crystal_studio.ui.exchange.read_dialog import ReadDialog

pytestmark = pytest.mark.window

CIF = """\
data_rock_salt
_cell_length_a    5.64
_cell_length_b    5.64
_cell_length_c    5.64
_cell_angle_alpha 90
_cell_angle_beta  90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'F m -3 m'
_symmetry_Int_Tables_number 225
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
Na1 Na 0   0   0   1
Cl1 Cl 0.5 0.5 0.5 1
"""


def paste(studio, window, text: str) -> None:
    """Copy a text elsewhere and press Ctrl+V with the keyboard in the tree."""
    QGuiApplication.clipboard().setText(text)
    window.actions_["panel.tree"].trigger()
    studio.qtbot.keyClick(window, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)


def read_dialog(studio, window) -> ReadDialog:
    """The dialog about what was read, once it is there."""

    def shown() -> list[ReadDialog]:
        return [one for one in window.findChildren(ReadDialog) if one.isVisible()]

    studio.until(lambda: bool(shown()))
    return shown()[0]


def test_that_a_pasted_crystal_is_a_root_that_is_written_and_read_back_as_it_was(studio, tmp_path: Path) -> None:
    window = studio.open()
    paste(studio, window, CIF)
    studio.until(lambda: window.state.current is not None)
    root = window.state.current
    assert root.parent is None
    assert root.crystal.formula == "NaCl"
    assert root.start == "file"

    window.actions_["crystals.export"].trigger()
    dialog = window.findChild(ExportDialog)
    dialog.format.setCurrentIndex(dialog.format.findData(FileFormat.CIF_SYMMETRIZED.value))
    dialog.file.line.setText(str(tmp_path / "back.cif"))
    dialog.export.click()
    studio.until(window.exchange().note.isVisible)
    written = (tmp_path / "back.cif").read_text()
    assert "Fm-3m" in written.replace(" ", "")
    assert root.id in written

    window.state.set_current(None)
    paste(studio, window, written)
    studio.until(lambda: window.state.current is not None)
    back = window.state.current
    assert back.id != root.id
    assert back.crystal.composition == root.crystal.composition
    assert back.crystal.volume_angstrom3 == pytest.approx(root.crystal.volume_angstrom3, rel=1e-3)
    assert np.allclose(np.sort(back.crystal.lengths_angstrom), np.sort(root.crystal.lengths_angstrom), atol=1e-3)

    window.actions_["crystals.copy_cif"].trigger()
    studio.until(lambda: back.id in QGuiApplication.clipboard().text())
    bundling = window.exchange().bundling
    bundling._pack(tmp_path / "all.zip")
    studio.until(lambda: "all.zip" in window.exchange().note.label.text())
    bundling.merge(tmp_path / "all.zip")
    studio.until(lambda: "nothing new" in window.status.currentMessage())
    assert window.state.num_nodes() == 2


def test_that_what_is_no_crystal_for_the_models_is_told_viewed_and_leaves_no_node(studio) -> None:
    window = studio.open()
    QGuiApplication.clipboard().setText(CIF.replace("5.64", "0.0001"))
    window.actions_["crystals.paste"].trigger()
    refused = read_dialog(studio, window)
    assert refused.chosen.read is None
    assert "cell" in refused.text.toPlainText()
    refused.close()

    paste(studio, window, CIF.replace("Na1 Na 0   0   0   1", "Na1 Na 0 0 0 0.6\nK1 K 0 0 0 0.4"))
    disordered = read_dialog(studio, window)
    disordered.view.click()
    assert window.state.crystal is not None
    assert window.exchange().strip.isVisible()
    assert "0.60 Na, 0.40 K" in window.exchange().strip.label.text()
    assert window.state.num_nodes() == 0
    assert window.state.current is None


def test_that_a_cif_from_the_file_manager_goes_into_the_project_that_was_open_last(studio, tmp_path: Path) -> None:
    file = tmp_path / "rock salt.CIF"
    file.write_text(CIF)
    studio.windows.open_crystal(file)
    (window,) = studio.windows.windows.values()
    studio.until(lambda: window.viewer is not None and window.viewer.is_ready and not window.docks.missing())
    studio.until(lambda: window.state.current is not None, timeout=120_000)
    assert window.state.current.crystal.formula == "NaCl"
    assert not window.windowIcon().isNull()
