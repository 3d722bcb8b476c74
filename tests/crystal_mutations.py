"""Seeded damage to crystal files that we wrote ourselves."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.exported import FileFormat, LabelledCrystal, WritingStyle
from crystal_studio.engines.chem.crystal_writers import write_crystals

SAMPLES = Path(__file__).parents[1] / "resources" / "sample_structures"
_ODD_WORDS = (
    "nan",
    "inf",
    "-1",
    "1e999",
    "?",
    ".",
    "''",
    "99999999999",
    "0",
    "\x00",
    "é",
    "data_",
    "loop_",
    "#",
    ";",
    "_",
)


def written_cifs(folder: Path) -> list[str]:
    """CIFs of ours: the samples in P1, with symmetry in two cells, and one with several blocks."""
    return [*_written(folder, FileFormat.CIF), *_written(folder, FileFormat.CIF_SYMMETRIZED, conventional=True)]


def written_poscars(folder: Path) -> list[str]:
    """POSCARs of ours, one of them with Cartesian positions, one with selective dynamics."""
    texts = _written(folder, FileFormat.POSCAR)
    cartesian = texts[0].replace("Direct", "Cartesian")
    selective = texts[1].replace("Direct", "Selective dynamics\nDirect")
    return [*texts, cartesian, selective]


def _written(folder: Path, file_format: FileFormat, conventional: bool = False) -> list[str]:
    from crystal_studio.engines.chem.file_formats import parse_crystal

    style = WritingStyle(file_format, 0.01, conventional)
    texts = []
    for number, sample in enumerate(sorted(SAMPLES.glob("*.cif"))):
        crystal = parse_crystal(sample.read_text(encoding="utf-8"), sample.name)
        path = folder / f"{file_format}-{number}"
        write_crystals(path, [LabelledCrystal(crystal, crystal.formula, "made by a test")], style)
        texts.append(path.read_text(encoding="utf-8"))
    return texts


def mutations(texts: list[str], count: int, seed: int) -> Iterator[str]:
    """So many damaged texts, the same for the same seed."""
    generator = random.Random(seed)
    for _ in range(count):
        yield mutated(generator.choice(texts), generator)


def mutated(text: str, generator: random.Random) -> str:
    """The text with a few bytes, words or lines changed, dropped, doubled, moved or cut off."""
    for _ in range(generator.choice((1, 1, 1, 2, 4))):
        lines = text.split("\n")
        index = generator.randrange(len(lines))
        lines = _MUTATIONS[generator.randrange(len(_MUTATIONS))](lines, index, generator)
        text = "\n".join(lines) or "x"
    return text


def _other_sign(lines: list[str], index: int, generator: random.Random) -> list[str]:
    line = lines[index]
    place = generator.randrange(len(line) + 1)
    lines[index] = line[:place] + chr(generator.randrange(1, 300)) + line[place + 1 :]
    return lines


def _dropped(lines: list[str], index: int, generator: random.Random) -> list[str]:
    return lines[:index] + lines[index + 1 :]


def _doubled(lines: list[str], index: int, generator: random.Random) -> list[str]:
    return lines[: index + 1] * generator.choice((1, 1, 1, 20)) + lines[index:]


def _cut(lines: list[str], index: int, generator: random.Random) -> list[str]:
    lines[index] = lines[index][: generator.randrange(len(lines[index]) + 1)]
    return lines if generator.random() < 0.8 else lines[: index + 1]


def _other_number(lines: list[str], index: int, generator: random.Random) -> list[str]:
    factor = generator.choice((0, -1, 7, 10**6, 10**30))
    lines[index] = re.sub(r"\d+", lambda match: str(int(match[0]) * factor), lines[index])
    return lines


def _other_word(lines: list[str], index: int, generator: random.Random) -> list[str]:
    words = lines[index].split(" ")
    words[generator.randrange(len(words))] = generator.choice(_ODD_WORDS)
    lines[index] = " ".join(words)
    return lines


def _swapped(lines: list[str], index: int, generator: random.Random) -> list[str]:
    other = generator.randrange(len(lines))
    lines[index], lines[other] = lines[other], lines[index]
    return lines


_MUTATIONS = (
    _other_sign,
    _other_sign,
    _other_sign,
    _other_word,
    _other_word,
    _dropped,
    _doubled,
    _cut,
    _other_number,
    _swapped,
)


def random_crystal(seed: int) -> Crystal:
    """Four atoms in a cell without symmetry."""
    generator = np.random.default_rng(seed)
    lattice = np.diag([5.0, 6.0, 7.0]) + generator.normal(size=(3, 3)) * 0.8
    frac = np.array([[0.05, 0.1, 0.15], [0.55, 0.6, 0.1], [0.1, 0.55, 0.6], [0.6, 0.05, 0.7]])
    return Crystal(lattice, ("Sr", "O", "Ti", "O"), frac + generator.normal(size=(4, 3)) * 0.03)
