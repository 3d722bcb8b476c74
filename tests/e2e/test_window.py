"""The program in a real window, with real engine hosts that have no models."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from pictures import pixels
from process_tree import children_of, is_alive
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QApplication

from crystal_studio.app.screenshots import make_demo_project
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.node_query import NodeQuery
from crystal_studio.services.jobs import Lane
from crystal_studio.ui.main_window import MainWindow
from crystal_studio.ui.palette import Palette

pytestmark = pytest.mark.window

WISH = "a cubic perovskite oxide with strontium and titanium"
FEEDBACK = "make the band gap wider"


def seen(window: MainWindow) -> np.ndarray:
    """The 3D view as it stands on the screen: (height, width, 3) RGB."""
    canvas = window.viewer.canvas
    QApplication.processEvents()
    corner = canvas.mapToGlobal(QPoint(0, 0))
    shot = QGuiApplication.primaryScreen().grabWindow(0, corner.x(), corner.y(), canvas.width(), canvas.height())
    return pixels(shot.toImage())[..., :3]


def coloured(window: MainWindow) -> int:
    """Pixels of the view that are neither grey nor white nor black: atoms are coloured, ground and text are not."""
    pixels = seen(window).astype(int)
    return int(((pixels.max(axis=2) - pixels.min(axis=2)) > 60).sum())


def test_that_a_typed_wish_becomes_a_crystal_whose_atoms_are_seen(studio) -> None:
    window = studio.open()
    assert coloured(window) == 0
    node_id = studio.ask(window, WISH)
    assert window.state.current.id == node_id
    assert window.state.current.crystal.formula == "SrTiO3"
    studio.until(lambda: coloured(window) > 2000)


def test_that_feedback_makes_a_child_and_writing_at_a_clicked_old_node_a_branch(studio) -> None:
    window = studio.open()
    root = studio.ask(window, WISH)
    first = studio.ask(window, FEEDBACK)
    assert window.state.outline(first).parent == root
    assert window.state.current.id == first
    tree = window.docks["tree"]
    place = tree.view.visualRect(tree.model.index_of(root)).center()
    studio.qtbot.mouseClick(tree.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert window.state.current.id == root
    second = studio.ask(window, "replace Sr by something more abundant")
    assert [one.id for one in window.state.page(root)] == [first, second]


def ready(studio, node_id: str) -> MainWindow:
    """A window that shows the node and whose models can take a message."""
    window = studio.open()
    window.state.set_current(node_id)
    studio.until(lambda: window.jobs.state(Lane.MODEL) == "ready")
    return window


def test_that_the_stop_button_stops_the_job_within_a_second_and_leaves_no_node(slow_studio) -> None:
    window = slow_studio.open()
    slow_studio.until(lambda: window.jobs.state(Lane.MODEL) == "ready")
    progress: list[str] = []
    window.jobs.progressed.connect(lambda _id, part, *_: progress.append(part))
    slow_studio.write(window, WISH)
    slow_studio.until(lambda: "sampling" in progress)
    cancelled: list[float] = []
    window.jobs.cancelled.connect(lambda _id: cancelled.append(time.monotonic()))
    pressed = time.monotonic()
    window.actions_["job.stop"].trigger()
    slow_studio.until(lambda: bool(cancelled), timeout=4000)
    assert cancelled[0] - pressed < 1.0
    assert window.state.search(NodeQuery()) == []
    assert slow_studio.ask(window, WISH)


def test_that_a_host_killed_in_mid_job_is_told_and_the_queue_goes_on(slow_studio) -> None:
    root = slow_studio.begin(WISH)
    window = ready(slow_studio, root)
    host = window.jobs.process(Lane.MODEL)
    progress: list[str] = []
    window.jobs.progressed.connect(lambda _id, part, *_: progress.append(part))
    slow_studio.write(window, FEEDBACK)
    slow_studio.write(window, "replace Sr by something more abundant")
    slow_studio.until(lambda: "sampling" in progress)
    os.kill(host, signal.SIGKILL)
    slow_studio.until(lambda: bool(window.banner.text))
    assert "engine" in window.banner.text
    slow_studio.until(lambda: not window.bridge.has_tasks)
    assert [one.parent for one in window.state.search(NodeQuery())] == [None, root]
    assert window.state.search(NodeQuery())[1].message.startswith("replace Sr")


def test_that_closing_during_a_job_leaves_no_process_behind(slow_studio) -> None:
    window = ready(slow_studio, slow_studio.begin(WISH))
    hosts = [window.jobs.process(lane) for lane in Lane if window.jobs.process(lane)]
    progress: list[str] = []
    window.jobs.progressed.connect(lambda _id, part, *_: progress.append(part))
    slow_studio.write(window, FEEDBACK)
    slow_studio.until(lambda: bool(progress))
    assert window.close()
    assert hosts
    assert not any(is_alive(host) for host in hosts)


def test_that_a_project_that_is_opened_again_has_everything(studio) -> None:
    window = studio.open()
    root = studio.ask(window, WISH)
    child = studio.ask(window, FEEDBACK)
    window.state.set_mark(root, Mark(name="the first", starred=True, note="keep"))
    crystals = {one: window.state.crystal_of(one).content_hash for one in (root, child)}
    window.docks["chat"].composer.put("half a thou")
    window.close()
    again = studio.open(windows=studio.second_program())
    try:
        assert [one.id for one in again.state.search(NodeQuery())] == [root, child]
        assert again.state.mark(root) == Mark(name="the first", starred=True, note="keep")
        assert {one: again.state.crystal_of(one).content_hash for one in (root, child)} == crystals
        assert again.state.frames(root)
        assert again.docks["chat"].composer.text == "half a thou"
        studio.until(lambda: coloured(again) > 2000)
    finally:
        again.close()


def test_that_a_message_about_nothing_is_told_in_the_chat_and_not_lost(studio) -> None:
    window = studio.open()
    studio.write(window, "tell me a joke")
    composer = window.docks["chat"].composer
    studio.until(lambda: not window.bridge.has_tasks)
    studio.until(lambda: composer.text == "tell me a joke")
    assert window.state.search(NodeQuery()) == []


def test_that_a_second_window_on_one_project_is_offered_for_reading(studio) -> None:
    window = studio.open()
    studio.ask(window, WISH)
    path = window.state.path
    other = studio.second_program()
    other.open(path)
    assert other.refusal is not None
    assert "open for writing" in other.refusal.informativeText()
    other.refusal.read.click()
    reading = other.windows[path]
    try:
        studio.until(lambda: not reading.docks.missing())
        assert "reading only" in reading.banner.text
        assert reading.state.search(NodeQuery()) == window.state.search(NodeQuery())
        studio.write(reading, FEEDBACK)
        studio.until(lambda: not reading.bridge.has_tasks)
        assert len(reading.state.search(NodeQuery())) == 1
    finally:
        reading.close()
    assert studio.ask(window, FEEDBACK)


def test_that_the_palette_opens_by_its_key_and_goes_to_a_node(studio) -> None:
    window = studio.open()
    root = studio.ask(window, WISH)
    studio.ask(window, FEEDBACK)
    studio.qtbot.keyClick(window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    studio.until(lambda: isinstance(QApplication.activePopupWidget(), Palette))
    palette = QApplication.activePopupWidget()
    studio.qtbot.keyClicks(palette.line, root[:8])
    studio.qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    assert window.state.current.id == root


def test_that_light_and_dark_change_the_whole_window_and_the_view(studio) -> None:
    window = studio.open()
    studio.ask(window, WISH)
    studio.until(lambda: coloured(window) > 2000)
    before = np.median(seen(window))
    window.actions_["theme.toggle"].trigger()
    studio.until(lambda: abs(float(np.median(seen(window))) - float(before)) > 100)
    studio.until(lambda: coloured(window) > 2000)
    picture = window.grab().toImage()
    assert picture.pixelColor(5, picture.height() - 5).lightness() < 80
    window.actions_["theme.toggle"].trigger()


def test_that_odd_crystals_do_not_break_the_view(studio) -> None:
    window = studio.open()
    studio.ask(window, WISH)
    random = np.random.default_rng(5)
    huge = Crystal(np.eye(3) * 70, ("Si",) * 20_000, random.random((20_000, 3)))
    overlapping = Crystal(np.eye(3) * 4, ("Na", "Cl", "Na"), np.zeros((3, 3)))
    for crystal in (huge, None, overlapping, window.state.current.crystal):
        window.state.show_crystal(crystal)
        studio.qtbot.wait(300)
        assert window.isVisible()
    studio.until(lambda: coloured(window) > 2000)


def test_that_every_panel_can_be_looked_at_with_a_crystal(studio) -> None:
    window = studio.open()
    studio.ask(window, WISH)
    shown = {
        "symmetry": lambda: "Pm-3m" in texts(window, "symmetry"),
        "gap": lambda: "eV" in texts(window, "gap"),
        "validity": lambda: "Charge neutrality" in texts(window, "validity"),
        "measurements": lambda: "a = " in texts(window, "measurements"),
    }
    for name, is_there in shown.items():
        window.actions_[f"panel.{name}"].trigger()
        studio.until(is_there)


def texts(window: MainWindow, panel: str) -> str:
    from PySide6.QtWidgets import QLabel

    return " ".join(label.text() for label in window.docks[panel].findChildren(QLabel) if label.isVisible())


def test_that_a_job_left_waiting_runs_at_the_next_start(slow_studio) -> None:
    window = ready(slow_studio, slow_studio.begin(WISH))
    progress: list[str] = []
    window.jobs.progressed.connect(lambda _id, part, *_: progress.append(part))
    slow_studio.write(window, FEEDBACK)
    slow_studio.until(lambda: bool(progress))
    slow_studio.write(window, "replace Sr by something more abundant")
    window.close()
    slow_studio.pace_seconds = 0.0
    again = slow_studio.open(windows=slow_studio.second_program())
    try:
        slow_studio.until(lambda: any(one.message.startswith("replace Sr") for one in again.state.search(NodeQuery())))
    finally:
        again.close()


def test_that_the_command_opens_a_window_and_ends_when_it_is_told_to(display: str, own_folders: Path) -> None:
    command = [sys.executable, "-m", "crystal_studio.app.main", "open", str(own_folders / "a.cstudio"), "--demo"]
    program = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 60
        while not (hosts := children_of(program.pid)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert hosts
        time.sleep(1)
        program.send_signal(signal.SIGTERM)
        assert program.wait(timeout=30) == 0
        assert not any(is_alive(host) for host in hosts)
    finally:
        program.kill()
        program.wait()


ROUND_AND_MODULES = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from crystal_studio.app.window import StudioWindows, make_application
from crystal_studio.ui.log_panel import LogTap
app = make_application()
studio = StudioWindows(app, "test", LogTap(), demo=True)
path = Path(sys.argv[1])
studio.open(path)
window = studio.windows[path]
def ask():
    chat = window.docks["chat"]
    chat.composer.put("a cubic perovskite oxide with strontium and titanium")
    chat.composer.submit()
window.settled.connect(ask)
def end(_outline):
    for panel in window.docks.made():
        window.docks.show(panel)
    QTimer.singleShot(2000, leave)
def leave():
    heavy = {heavy}
    print("LOADED", sorted(heavy & sys.modules.keys()))
    window.close()
window.state.node_added.connect(end)
studio.finished.connect(app.quit)
QTimer.singleShot(100000, app.quit)
app.exec()
"""


def test_that_no_model_or_parser_is_loaded_into_the_windows_process_by_a_round(display, own_folders: Path) -> None:
    heavy = {"torch", "transformers", "pymatgen", "spglib", "robocrys", "smact", "chgnet", "peft", "ase", "matminer"}
    script = ROUND_AND_MODULES.replace("{heavy}", repr(heavy))
    command = [sys.executable, "-c", script, str(own_folders / "a.cstudio")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)
    assert "LOADED []" in done.stdout, done.stdout + done.stderr


LIGHT_FIRST_PAINT = """
import sys
from pathlib import Path
from crystal_studio.app.window import StudioWindows, make_application
from crystal_studio.ui.log_panel import LogTap
app = make_application()
studio = StudioWindows(app, "test", LogTap(), demo=True)
studio.open(Path(sys.argv[1]))
window = studio.windows[Path(sys.argv[1])]
def painted():
    print("EARLY", sorted({"vtkmodules", "pyqtgraph", "qtawesome"} & sys.modules.keys()), sorted(window.docks.made()))
    window.close()
window.painted.connect(painted)
studio.finished.connect(app.quit)
app.exec()
"""


def test_that_chat_and_tree_are_painted_before_the_heavy_libraries_are_loaded(display, own_folders: Path) -> None:
    command = [sys.executable, "-c", LIGHT_FIRST_PAINT, str(own_folders / "a.cstudio")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert "EARLY [] ['chat', 'tree']" in done.stdout, done.stdout + done.stderr


def test_that_a_picture_of_the_window_shows_the_crystal(display, own_folders: Path) -> None:
    project, target = own_folders / "demo.cstudio", own_folders / "dark.png"
    make_demo_project("test", project)
    command = [sys.executable, "-m", "crystal_studio.app.screenshots", "dark", str(project), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    image = QImage(str(target))
    assert (image.width(), image.height()) == (1280, 800)
    assert image.pixelColor(5, 795).lightness() < 80
    inner = [image.pixelColor(x, y) for x in range(300, 900, 10) for y in range(120, 500, 10)]
    assert sum(colour.saturation() > 150 and colour.value() > 80 for colour in inner) > 100


def test_that_the_installed_models_answer_a_wish_in_the_window(real_studio) -> None:
    window = real_studio.open()
    node_id = real_studio.ask(window, "SrTiO3 in the cubic perovskite structure", timeout=280_000)
    node = window.state.node(node_id)
    assert node.crystal.formula == "SrTiO3"
    assert node.valid
    assert "denoiser" in node.models
    real_studio.until(lambda: coloured(window) > 2000)
