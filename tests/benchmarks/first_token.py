"""Seconds from the start of an engine host to the first token of an answer and to the crystal, cold and warm.

Run it by the Python of the program measured: `PREFIX/current/bin/python tests/benchmarks/first_token.py [--cold]`
for an installed one. The first start finds an empty cache folder, each later one what the starts before it kept there.
With `--cold` every file of the installation is read from the disk again. CPU time of the host is given beside the time
on the clock, which means little on a busy machine. Prints figures; never fails on one.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from cold_disk import forget_files

import crystal_studio
from crystal_studio.app.engine_command import command
from crystal_studio.app.paths import user_models_folder
from crystal_studio.host.client import HostClient
from crystal_studio.host.protocol import Done, Failed, Partial, Quit, Run
from crystal_studio.services.jobs import DesignJob
from crystal_studio.services.lane import Lane

WISH = "An oxide insulator with a wide band gap that contains strontium and titanium"
_PATIENCE_SECONDS = 1800.0


def cpu_seconds(process: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def answer(client: HostClient, job_id: str, project: Path, last: str) -> dict[str, tuple[float, float]]:
    """Send a wish; what came, up to `last` -> (seconds, seconds of the host's CPU time) since it was sent.

    Raises:
        RuntimeError: the round failed.
    """
    assert client.process is not None
    began, worked = time.monotonic(), cpu_seconds(client.process)
    marks: dict[str, tuple[float, float]] = {}
    client.send(Run(job_id, DesignJob(project, WISH, None, seed=7)))
    while last not in marks and time.monotonic() - began < _PATIENCE_SECONDS:
        event = client.receive(1.0)
        now = (time.monotonic() - began, cpu_seconds(client.process) - worked)
        if isinstance(event, Partial) and event.kind == "token":
            marks.setdefault("first token", now)
        elif isinstance(event, Done):
            marks["crystal"] = now
        elif isinstance(event, Failed):
            raise RuntimeError(event.message)
    return marks


def start(folder: Path, wishes: Sequence[str], last: str) -> None:
    """Start a host, send it the wishes one after another, and print what came when."""
    client = HostClient(command(Lane.MODEL.value), {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")})
    client.start()
    try:
        for name in wishes:
            project = folder / f"{uuid4().hex}.cstudio"
            for mark, (clock, work) in answer(client, name, project, last).items():
                print(f"  {name} wish, {mark}: {clock:.1f} s ({work:.1f} s of CPU time)", flush=True)
        client.send(Quit())
        client.wait(_PATIENCE_SECONDS)
    finally:
        client.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cold", action="store_true", help="read every file from the disk")
    parser.add_argument("--starts", type=int, default=2)
    parser.add_argument("--token", action="store_true", help="only the first token of the first wish")
    arguments = parser.parse_args()
    wishes, last = (("first",), "first token") if arguments.token else (("first", "second"), "crystal")
    print(f"{Path(crystal_studio.__file__).parent}, cores {os.cpu_count()}, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        for number in range(1, arguments.starts + 1):
            print(f"start {number}", flush=True)
            if arguments.cold:
                print(f"  forgot {forget_files(user_models_folder(), Path(folder)) / 1e9:.1f} GB")
            start(Path(folder), wishes, last)


if __name__ == "__main__":
    main()
