"""What the constraint of short CIF costs and gains: crystals written with and without it, side by side.

Usage: OMP_NUM_THREADS=1 python tests/benchmarks/crystext.py [--candidates N] [--attempts N] [--adapter FOLDER]
The base model must be installed; without a folder, it has the shipped adapter of CrysText where there is one. Prints
for each compound tokens, seconds and refusals, and the time that the matcher itself takes for a token; never fails on a
figure.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from crystal_studio.app.paths import user_models_folder
from crystal_studio.domain.composition import Composition
from crystal_studio.engines.fake import FakeContext
from crystal_studio.engines.llm.crystext.engine import create
from crystal_studio.engines.llm.crystext.short_form import ShortForm
from crystal_studio.engines.llm.crystext.site_matcher import SiteGrammar
from crystal_studio.engines.llm.crystext.site_plan import plan_of
from crystal_studio.engines.llm.crystext.writer import CrysTextWriter
from crystal_studio.ports.crystal_writer import CrystalTask, WrittenCrystal

ADAPTER = Path(__file__).parents[2] / "models_registry" / "adapter" / "crystext-sft-smollm2"
_COMPOUNDS = (("SrTiO3", 221), ("NaCl", 225), ("MgZn2", 194), ("CaTiO3", 62), ("YBa2Cu3O7", 47), ("LiFePO4", 1))
_REPEATS = 5


def loaded(adapter: Path) -> CrysTextWriter:
    """The writer to measure."""
    base = user_models_folder() / "language_model" / "smollm2-135m-instruct"
    if not (base / "model.safetensors").exists():
        raise SystemExit("The base model is not installed; `bash installer/studio` fetches it.")
    return create(base, {"base": str(base)} | ({"adapter": str(adapter)} if adapter.exists() else {}))


def timed(writer: CrysTextWriter, task: CrystalTask, options: argparse.Namespace) -> tuple[float, list[WrittenCrystal]]:
    """Seconds for all candidates of one task, drawn together."""
    start = perf_counter()
    answers = writer.write([task] * options.candidates, 0, FakeContext(), options.attempts)
    return perf_counter() - start, answers


def matcher_milliseconds(writer: CrysTextWriter, task: CrystalTask) -> tuple[float, float]:
    """Milliseconds to plan a task, and for a token of a random walk through its matcher."""
    start = perf_counter()
    grammar = SiteGrammar(writer._grammars, ShortForm(task, plan_of(task)))
    planned = perf_counter()
    tokens = sum(walk(grammar, np.random.default_rng(seed), writer._stop) for seed in range(_REPEATS))
    return 1e3 * (planned - start), 1e3 * (perf_counter() - planned) / tokens


def walk(grammar: SiteGrammar, generator: np.random.Generator, stop: frozenset[int]) -> int:
    """Write one text at random; the number of its tokens."""
    matcher, count = grammar.matcher(), 0
    while not matcher.is_stopped():
        bits = np.unpackbits(np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8), bitorder="little")
        token = int(generator.choice(np.flatnonzero(bits)))
        if token in stop:
            break
        matcher.consume_token(token)
        count += 1
    return max(count, 1)


def told(name: str, seconds: float, answers: Sequence[WrittenCrystal]) -> str:
    """One line of figures."""
    tokens, texts = sum(answer.tokens for answer in answers), sum(answer.attempts for answer in answers)
    kept = sum(answer.crystal is not None for answer in answers)
    reasons = Counter(" ".join(reason.split()[:4]) for answer in answers for reason in answer.refusals)
    return (
        f"  {name:13}{tokens:6d} tokens in {seconds:6.1f} s, {tokens / seconds:5.1f} tokens/s; {texts:3d} texts for "
        f"{kept} of {len(answers)} crystals, {seconds / max(kept, 1):5.1f} s each; "
        f"refused: {dict(reasons) or 'none'}"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print three lines for every compound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, default=10)
    parser.add_argument("--attempts", type=int, default=2)
    parser.add_argument("--adapter", type=Path, default=ADAPTER)
    options = parser.parse_args(arguments)
    writer = loaded(options.adapter)
    manners: dict[str, Any] = {"constrained": writer, "free": writer.rewritten(constrained=False)}
    print(writer.identity)
    for formula, space_group in _COMPOUNDS:
        task = CrystalTask(Composition.parse(formula), space_group)
        planning, matching = matcher_milliseconds(writer, task)
        print(f"{formula} {space_group}: planned in {planning:.0f} ms, the matcher takes {matching:.2f} ms a token")
        for name, one in manners.items():
            print(told(name, *timed(one, task, options)), flush=True)


if __name__ == "__main__":
    main()
