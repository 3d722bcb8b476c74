"""Tries an installed Crystal Studio: doctor, a design, the window. Usage: smoke_test PREFIX [--picture FILE]

All of it runs without any network interface but loopback, in a scratch home, as whoever starts it. It needs `unshare`
(util-linux) where there is a network, and Xvfb to open the window on.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

WISH = "An oxide insulator with a wide band gap that contains strontium and titanium"
_MARKS = ("chat and tree are painted", "the 3D view can draw")
_PATIENCE_SECONDS = 300.0
_SETTLED_SECONDS = 3.0
_FEWEST_COLOURS = 50  # a window that drew nothing has a handful
# Run by the installed program's own Python: it has Qt.
_GRAB = """
import sys
from PySide6.QtGui import QGuiApplication
application = QGuiApplication([])
image = application.primaryScreen().grabWindow(0).toImage()
step = max(1, image.width() // 320)
seen = {image.pixel(x, y) for x in range(0, image.width(), step) for y in range(0, image.height(), step)}
sys.exit(0 if image.save(sys.argv[1]) and len(seen) >= int(sys.argv[2]) else f"the picture has {len(seen)} colours")
"""


def main() -> int:
    """Run every part; the exit status says whether all passed."""
    parser = argparse.ArgumentParser(prog="smoke_test", description=__doc__)
    parser.add_argument("prefix", type=Path, help="folder of the installation")
    parser.add_argument("--picture", type=Path, help="where the picture of the window goes")
    parser.add_argument("--no-window", action="store_true", help="leave the window out")
    arguments = parser.parse_args()
    _cut_the_network()
    record = json.loads((arguments.prefix / "installed.json").read_text(encoding="utf-8"))
    launcher = Path(record["bin"]) / "crystal-studio"
    with tempfile.TemporaryDirectory(prefix="crystal-studio-smoke-") as home:
        tried = Trial(launcher, arguments.prefix / "current" / "bin" / "python", Path(home))
        try:
            tried.doctor()
            tried.design()
            if not arguments.no_window:
                tried.window(arguments.picture or Path(home) / "window.png")
        except Failure as failure:
            _say(f"FAILED: {failure}")
            return 1
    _say("passed")
    return 0


class Failure(Exception):
    """Something that an installed program must do was not done."""


class Trial:
    """One installed program, and a home of its own to try it in."""

    def __init__(self, launcher: Path, python: Path, home: Path) -> None:
        self._launcher = str(launcher)
        self._python = str(python)
        self._home = home
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "CRYSTAL_STUDIO_"))}
        folders = {name: str(home) for name in ("HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")}
        self._environment = {**kept, **folders, "LIBGL_ALWAYS_SOFTWARE": "1"}

    def doctor(self) -> None:
        """The program finds all it needs, and no model is damaged."""
        began = time.monotonic()
        findings = json.loads(self._run("doctor", "--json"))["findings"]
        models = [one for one in findings if one["name"].startswith("model ") and "verified" in one["value"]]
        if not models:
            raise Failure("doctor verified no model")
        _say(f"doctor: {len(findings)} findings, {len(models)} models verified, {time.monotonic() - began:.1f} s")

    def design(self) -> None:
        """A wish becomes a valid crystal, by way of the language model."""
        began = time.monotonic()
        project = str(self._home / "trial.cstudio")
        options = ("--seed", "7", "--project", project, "--out", str(self._home / "out"), "--json")
        (node,) = json.loads(self._run("design", WISH, *options))["nodes"]
        if not node["valid"] or node["pivot_source"] != "model":
            raise Failure(f"the design is valid: {node['valid']}, its pivot comes from: {node['pivot_source']}")
        if not Path(node["cif"]).read_text(encoding="utf-8").lstrip("#").strip():
            raise Failure("the crystal's file is empty")
        _say(f"design: {node['formula']}, valid, pivot by the language model, {time.monotonic() - began:.1f} s")

    def window(self, picture: Path) -> None:
        """The window opens on the project that was just designed, and draws."""
        with self._display() as environment:
            log = self._home / ".local" / "state" / "crystal-studio" / "log" / "crystal-studio.log"
            log.unlink(missing_ok=True)
            began = time.time()
            command = [self._launcher, "open", str(self._home / "trial.cstudio")]
            program = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, cwd=self._home)
            try:
                marks = self._wait_for_marks(program, log, began)
                time.sleep(_SETTLED_SECONDS)
                self._grab(picture, environment)
            finally:
                program.send_signal(signal.SIGTERM)
                status = program.wait(timeout=60)
            if status:
                raise Failure(f"the window ended with {status}")
        _say("window: " + ", ".join(f"{mark} after {seconds:.1f} s" for mark, seconds in marks.items()))

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            [self._launcher, *words], env=self._environment, cwd=self._home, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise Failure(f"`crystal-studio {words[0]}` ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def _wait_for_marks(self, program: subprocess.Popen[bytes], log: Path, began: float) -> dict[str, float]:
        marks: dict[str, float] = {}
        while len(marks) < len(_MARKS):
            text = log.read_text(encoding="utf-8") if log.exists() else ""
            for mark in _MARKS:
                if found := re.search(rf"^(\S+ \S+) .*{mark}", text, re.MULTILINE):
                    marks[mark] = datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S,%f").timestamp() - began
            if program.poll() is not None or time.time() - began > _PATIENCE_SECONDS:
                raise Failure(f"the window did not come: {text[-2000:]}")
            time.sleep(0.05)
        return marks

    def _grab(self, picture: Path, environment: dict[str, str]) -> None:
        command = [self._python, "-P", "-c", _GRAB, str(picture), str(_FEWEST_COLOURS)]
        grabbed = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if grabbed.returncode:
            raise Failure(f"the window was not drawn: {grabbed.stderr}")

    @contextlib.contextmanager
    def _display(self) -> Iterator[dict[str, str]]:
        """An X server that draws into memory."""
        server = shutil.which("Xvfb")
        if server is None:
            raise Failure("Xvfb is needed to open the window on. On Debian: apt-get install xvfb")
        reading, writing = os.pipe()
        command = [server, "-displayfd", str(writing), "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"]
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command, pass_fds=(writing,), stdout=quiet, stderr=quiet)
        os.close(writing)
        try:
            with os.fdopen(reading) as answer:
                number = answer.readline().strip()
            if not number:
                raise Failure("Xvfb did not start")
            yield {**self._environment, "DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}
        finally:
            process.terminate()
            process.wait()


def _cut_the_network() -> None:
    """Start again in a network namespace without interfaces, unless this is one."""
    if {name for _, name in socket.if_nameindex()} <= {"lo"}:
        _say("no network interface but loopback")
        return
    for way in (["--net"], ["--user", "--map-current-user", "--net"], ["--user", "--map-root-user", "--net"]):
        cut = ["unshare", *way, "--"]
        if shutil.which("unshare") and subprocess.run([*cut, "true"], check=False, capture_output=True).returncode == 0:
            os.execvp("unshare", [*cut, sys.executable, "-E", "-s", "-B", *sys.argv])
    _say("The network cannot be cut off here: start this as root, or allow user namespaces.")
    raise SystemExit(2)


def _say(text: str) -> None:
    sys.stderr.write(f"smoke test: {text}\n")


if __name__ == "__main__":
    sys.exit(main())
