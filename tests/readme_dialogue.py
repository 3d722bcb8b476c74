"""The README's dialogue, run anew: writes its table, ``docs/dialogue.png`` and ``docs/dialogue.json``.

To be run when a model, the listener or the sampling has changed:

    .venv/bin/python tests/readme_dialogue.py

``tests/e2e/test_design_real.py`` runs the same dialogue and compares it with the JSON, on a machine like the one that
wrote it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crystal_studio.services.provenance import ENVIRONMENT

REPOSITORY = Path(__file__).parents[1]
TOLD = REPOSITORY / "docs" / "dialogue.json"
PICTURE = REPOSITORY / "docs" / "dialogue.png"
README = REPOSITORY / "README.md"
SEED = 7
WISH = "An oxide insulator with a wide band gap that contains strontium and titanium"
FEEDBACK = (
    "The predicted band gap is too small: make it wider but keep the composition.",
    "Replace strontium with a more readily available element.",
    "Increase the distance between the structural units.",
)
_SECTION = re.compile(r"(?<=<!-- dialogue -->\n).*?(?=<!-- end of the dialogue -->)", re.DOTALL)
_WIDTH, _HEIGHT, _TITLE = 300, 320, 50  # pixels of one crystal, and of the lines above it


def machine(node: dict[str, Any]) -> dict[str, str]:
    """What else decides the numbers of a node: libraries, threads and the processor by name."""
    info = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*:\s*(.+)", info.read_text(encoding="utf-8")) if info.is_file() else ["unknown"]
    return {**node["parameters"][ENVIRONMENT], "cpu": names[0], "cores": str(os.cpu_count())}


def told(nodes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the README tells of the nodes of the dialogue, JSON-ready."""
    rounds = [
        {
            "message": node["message"],
            "pivot": node["pivot"],
            "pivot_source": node["pivot_source"],
            "formula": node["formula"],
            "space_group": node["space_group"]["symbol"],
            "band_gap_ev": round(node["band_gap"]["value"], 2),
            "sigma_ev": round(node["band_gap"]["sigma"], 2),
            "relaxed": node["relaxed"],
            "notes": [note for note in node["notes"] if note.startswith(("strained", "goal not met"))],
        }
        for node in nodes
    ]
    return {"seed": SEED, "models": nodes[0]["models"], "machine": machine(nodes[0]), "rounds": rounds}


def table(rounds: Sequence[dict[str, Any]]) -> str:
    """The picture and the table of the README."""
    names = ", ".join(f"{each['formula']} {each['space_group']}" for each in rounds)
    lines = [
        f"![The four crystals of this dialogue: {names}](docs/dialogue.png)",
        "",
        "| you | pivot | crystal | predicted gap (PBE) |",
        "|---|---|---|---|",
    ]
    for each in rounds:
        crystal = f"{each['formula']}, {each['space_group']}, {'relaxed' if each['relaxed'] else 'as drawn'}"
        crystal = "; ".join([crystal, *each["notes"]])
        writer = "" if each["pivot_source"] == "model" else f" ({each['pivot_source']})"
        gap = f"{each['band_gap_ev']:.2f} ± {each['sigma_ev']:.2f} eV"
        lines.append(f"| {each['message']} | {each['pivot']}{writer} | {crystal} | {gap} |")
    return "\n".join([*lines, ""])


def draw(project: Path, path: Path) -> None:
    """The crystals of a project side by side as PNG."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QByteArray, QRectF, Qt
    from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    from crystal_studio.app.wiring import create_draftsman
    from crystal_studio.storage import SqlHistoryStore

    application = QGuiApplication.instance() or QGuiApplication([])
    with SqlHistoryStore.open(project, read_only=True) as store:
        nodes = store.nodes()
    picture = QImage(_WIDTH * len(nodes), _HEIGHT + _TITLE, QImage.Format.Format_RGB32)
    picture.fill(QColor("white"))
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for place, node in enumerate(nodes):
        left = place * _WIDTH
        gap = f"{node.band_gap.value:.2f} eV (PBE)" if node.band_gap else ""
        painter.drawText(
            QRectF(left, 4, _WIDTH, _TITLE),
            Qt.AlignmentFlag.AlignCenter,
            f"{node.crystal.formula}  {node.space_group.symbol}\n{gap}",
        )
        svg = create_draftsman()(node.crystal, _WIDTH, _HEIGHT)
        QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(left, _TITLE, _WIDTH, _HEIGHT))
    painter.end()
    assert picture.save(str(path))
    del application


def main() -> None:
    """Run the dialogue and write what came of it."""
    feedback = [word for text in FEEDBACK for word in ("--feedback", text)]
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch) / "demo.cstudio"
        options = ["--seed", str(SEED), "--project", str(project), "--out", scratch, "--json"]
        command = [sys.executable, "-m", "crystal_studio.app.main", "design", WISH, *feedback, *options]
        answer = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        found = told(answer["nodes"])
        draw(project, PICTURE)
    TOLD.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    text = README.read_text(encoding="utf-8")
    assert _SECTION.search(text), "the README has lost the marks around its dialogue"
    README.write_text(_SECTION.sub(lambda _: table(found["rounds"]), text), encoding="utf-8")


if __name__ == "__main__":
    main()
