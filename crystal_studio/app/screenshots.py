"""Pictures of the window, made the same way every time."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from crystal_studio.app.display import has_display
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import ProjectUnavailable, Unavailable
from crystal_studio.scene.directions import ViewDirection

if TYPE_CHECKING:
    from crystal_studio.domain.history import Node
    from crystal_studio.ui.main_window import MainWindow

SIZE = (1280, 800)
_PATIENCE_SECONDS = 120.0
_STILL_SECONDS = 1.5  # nothing has changed for so long: the answers of the science host are drawn
_WISH = "An oxide insulator with a wide band gap that contains strontium and titanium"
_FEEDBACK = ("make the band gap wider", "replace Sr by something more abundant")


@dataclass(frozen=True)
class Shot:
    """One picture.

    Attributes:
        name: of the file, without ".png".
        theme: "light" or "dark".
        percent: size of everything.
        panel: brought to the front at the bottom.
        style: how the crystal is drawn.
        is_empty: the first start instead of the project.
        sample: name of a sample structure; the picture is then of its 3D view alone.
        direction: [uvw] that the sample is seen along.
        supercell: cells of the sample along a, b and c.
    """

    name: str
    theme: Literal["light", "dark"]
    percent: int = 100
    panel: str = "candidates"
    style: str = "ball and stick"
    is_empty: bool = False
    sample: str = ""
    direction: tuple[int, int, int] = (0, 0, 1)
    supercell: tuple[int, int, int] = (1, 1, 1)


SHOTS = (
    Shot("light", "light"),
    Shot("dark", "dark", panel="gap", style="polyhedra"),
    Shot("checks-light", "light", panel="validity", style="polyhedra"),
    Shot("welcome-dark", "dark", is_empty=True),
    Shot("light-200-percent", "light", percent=200, panel="symmetry"),
    Shot("crystal-srtio3", "light", style="polyhedra", is_empty=True, sample="srtio3", direction=(9, 4, 3)),
    Shot("crystal-quartz", "light", style="polyhedra", is_empty=True, sample="quartz_alpha", direction=(1, 2, 12)),
    Shot("crystal-mos2", "dark", is_empty=True, sample="mos2_2h", direction=(24, 10, 1), supercell=(3, 3, 1)),
)
_SAMPLES = Path(__file__).parents[2] / "resources" / "sample_structures"
_SAMPLE_SIZE = (640, 480)


def take_screenshots(version: str, folder: Path, project: Path | None = None) -> Sequence[Path]:
    """Save every picture of `SHOTS`; each is taken in a process of its own, as Qt scales a process as a whole.

    Args:
        version: of the program.
        folder: made if missing.
        project: to show; without one, a small one is made with the engines of `--demo`.

    Raises:
        ProjectUnavailable: the folder cannot be made, or the project cannot be read.
        Unavailable: the window could not be drawn.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ProjectUnavailable(f"The folder {folder} cannot be made ({error.strerror}). Name another.") from error
    with tempfile.TemporaryDirectory(prefix="crystal-studio-") as scratch:
        _write_samples(Path(scratch))
        shown = project.expanduser().absolute() if project is not None else Path(scratch) / "strontium.cstudio"
        if project is None:
            make_demo_project(version, shown)
        elif not shown.is_file():
            raise ProjectUnavailable(f"There is no project in {shown}. Check its name.")
        return [_taken(shot, shown, folder / f"{shot.name}.png", Path(scratch)) for shot in SHOTS]


def _write_samples(folder: Path) -> None:
    """The sample structures as plain data: the window's process reads no crystal files."""
    from crystal_studio.engines.chem import create_files

    files = create_files()
    for name in (shot.sample for shot in SHOTS if shot.sample):
        crystal = files.read(_SAMPLES / f"{name}.cif")
        (folder / f"{name}.json").write_text(json.dumps(crystal.to_dict()), encoding="utf-8")


def make_demo_project(version: str, path: Path) -> None:
    """A wish, two answers to feedback, and a branch from the first node."""
    from crystal_studio.app.demo import demo_engines
    from crystal_studio.app.projects import open_project
    from crystal_studio.app.studio import SilentContext
    from crystal_studio.services.design import respond
    from crystal_studio.services.request import DesignRequest

    engines, context = demo_engines(), SilentContext()
    with open_project(path) as store:

        def round_of(message: str, parent: Node | None) -> Node:
            request = DesignRequest(message, parent, seed=7, parameters={"version": version})
            return respond(request, engines, store, context)

        first = round_of(_WISH, None)
        second = round_of(_FEEDBACK[0], first)
        round_of(_FEEDBACK[1], first)
        round_of(_FEEDBACK[1], second)


def _taken(shot: Shot, project: Path, target: Path, scratch: Path) -> Path:
    environment = {
        **os.environ,
        "QT_SCALE_FACTOR": f"{shot.percent / 100:g}",
        "QT_FONT_DPI": "96",  # the same letters on every screen
        # The person's own settings, layout and recent projects are neither used nor changed.
        **{f"XDG_{kind}_HOME": str(scratch / kind.lower()) for kind in ("CONFIG", "DATA", "STATE")},
    }
    if not has_display():
        environment["QT_QPA_PLATFORM"] = "offscreen"
    words = (shot.name, str(project), str(target), str(scratch))
    command = [sys.executable, "-P", "-m", "crystal_studio.app.screenshots", *words]
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    if done.returncode or not target.is_file():
        last = (done.stderr.strip().splitlines() or ["no reason was given"])[-1]
        raise Unavailable(f"The picture {target.name} could not be taken: {last}. Check the display, then try again.")
    return target


def main(argv: Sequence[str] | None = None) -> int:
    """Take one picture; started by `take_screenshots`."""
    parser = argparse.ArgumentParser(prog="screenshots", description="Started by `crystal-studio screenshots`.")
    parser.add_argument("shot", choices=[shot.name for shot in SHOTS])
    parser.add_argument("project", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("samples", type=Path, nargs="?", help="where the samples lie")
    arguments = parser.parse_args(argv)
    shot = next(one for one in SHOTS if one.name == arguments.shot)
    sample = json.loads((arguments.samples / f"{shot.sample}.json").read_text()) if shot.sample else None
    return _photograph(shot, arguments.project, arguments.target, Crystal.from_dict(sample) if sample else None)


def _photograph(shot: Shot, project: Path, target: Path, sample: Crystal | None) -> int:
    from crystal_studio.app.window import StudioWindows, make_application
    from crystal_studio.services.settings import Appearance
    from crystal_studio.ui.log_panel import LogTap

    app = make_application()
    studio = StudioWindows(app, "", LogTap(), demo=True)
    settings = studio.settings.settings
    studio.settings.save(settings.changed(appearance=Appearance(theme=shot.theme)))
    path = project.with_name(f"{shot.name}-empty.cstudio") if shot.is_empty else project
    studio.open(path, read_only=not shot.is_empty)
    window = studio.windows.get(path)
    if window is None:
        raise ProjectUnavailable(studio.refusal.informativeText() if studio.refusal else "no window was opened")
    window.commands.apply(studio.settings.settings)
    window.resize(*SIZE)
    _arrange(window, shot, app.processEvents)
    if sample is not None and window.viewer is not None:
        window.viewer.set_options(replace(window.viewer.options, supercell=shot.supercell))
        window.viewer.canvas.setFixedSize(*_SAMPLE_SIZE)
        app.processEvents()
        window.state.show_crystal(sample)
        window.viewer.view_along(ViewDirection(shot.direction))
        saved = window.viewer.picture().save(str(target))
    else:
        saved = window.grab().save(str(target))
    window.close()
    return 0 if saved else 1


def _arrange(window: MainWindow, shot: Shot, turn: Callable[[], None]) -> None:
    from crystal_studio.scene.drawable import Style

    _wait(turn, lambda: window.viewer is not None and window.viewer.is_ready and not window.docks.missing())
    assert window.viewer is not None
    window.banner.hide()
    window.status.project.setText(window.state.path.name)  # its folder is of this machine only
    newest = window.state.newest()
    if newest is not None:
        window.state.set_current(newest)
    window.viewer.set_style(Style(shot.style))
    window.docks.show(shot.panel)
    window.viewer.canvas.setFocus()
    end = time.monotonic() + _STILL_SECONDS
    _wait(turn, lambda: time.monotonic() > end and not _is_busy(window))


def _is_busy(window: MainWindow) -> bool:
    return any(label.text().endswith("…") for label in window.status.lanes.values())


def _wait(turn: Callable[[], None], done: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE_SECONDS
    while not done():
        if time.monotonic() > end:
            raise TimeoutError("the window did not come to rest")
        turn()
        time.sleep(0.01)


if __name__ == "__main__":
    sys.exit(main())
