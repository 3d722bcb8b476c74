"""Seconds from the command to the first paint of chat and tree, and to the 3D view.

Run `python tests/benchmarks/startup.py` on a display, or under `xvfb-run -s "-screen 0 1280x800x24"`. The program is
compiled first, as the installer does, and the first start, which fills the disk's cache, is not counted. CPU time is
given beside the time on the clock, as the latter means little while the machine is busy with something else.
"""

from __future__ import annotations

import argparse
import compileall
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from cold_disk import forget_files

import crystal_studio

MARKS = {"first paint": "chat and tree are painted", "3D view": "the 3D view can draw"}
_PATIENCE_SECONDS = 120.0


def seconds_of_a_start(folder: Path) -> dict[str, tuple[float, float]]:
    """Start the program, wait for its log to name every mark, end it; mark -> (seconds, seconds of CPU time)."""
    environment = {**os.environ, **{f"XDG_{kind}_HOME": str(folder / kind) for kind in ("CONFIG", "STATE", "DATA")}}
    log = folder / "STATE" / "crystal-studio" / "log" / "crystal-studio.log"
    log.unlink(missing_ok=True)
    command = [sys.executable, "-m", "crystal_studio.app.main", "open", str(folder / "design.cstudio")]
    began = datetime.now().timestamp()
    program = subprocess.Popen([*command, "--demo"], env=environment)
    try:
        found: dict[str, tuple[float, float]] = {}
        while len(found) < len(MARKS) and time.time() - began < _PATIENCE_SECONDS:
            time.sleep(0.05)
            text = log.read_text(encoding="utf-8") if log.exists() else ""
            for name, words in MARKS.items():
                if match := re.search(rf"^(\S+ \S+) .*{words}, (\S+) s of CPU time$", text, re.MULTILINE):
                    written = datetime.strptime(match[1], "%Y-%m-%d %H:%M:%S,%f")
                    found[name] = (written.timestamp() - began, float(match[2]))
    finally:
        program.terminate()
        program.wait(timeout=30)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--cold", action="store_true", help="read every file of the program from the disk each time")
    arguments = parser.parse_args()
    print(f"cores {os.cpu_count()}, load {os.getloadavg()[0]:.1f}")
    compileall.compile_dir(Path(crystal_studio.__file__).parent, quiet=1)
    with tempfile.TemporaryDirectory() as folder:
        seconds_of_a_start(Path(folder))
        runs = []
        for _ in range(arguments.starts):
            if arguments.cold:
                forget_files(Path(crystal_studio.__file__).parent)
            runs.append(seconds_of_a_start(Path(folder)))
    for name in MARKS:
        clock, work = zip(*(run[name] for run in runs), strict=True)
        every = ", ".join(f"{one:.2f}" for one in clock)
        print(f"{name:12} median {statistics.median(clock):.2f} s (CPU {statistics.median(work):.2f} s), all {every}")


if __name__ == "__main__":
    main()
