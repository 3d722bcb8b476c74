"""Seconds for four pivots: one step a token for all rows of a batch, against the engine's packed rows.

Usage: OMP_NUM_THREADS=1 python tests/benchmarks/language_model.py [--models default base] [--repeats N]
The models are those that `bash installer/studio` installs. Prints seconds and ratios; never fails on a figure.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import torch
from transformers import DynamicCache

from crystal_studio.app.paths import user_models_folder
from crystal_studio.domain.intent import Limits
from crystal_studio.engines.fake import FakeContext
from crystal_studio.engines.llm import writing
from crystal_studio.engines.llm.decoding import Decoding, Grammar, decode
from crystal_studio.engines.llm.transformers_nf4 import TransformersNF4, create
from crystal_studio.ports.language_model import WritingTask

_ALTERNATIVES = 4
_WISH = WritingTask(
    "An oxide insulator with a wide band gap that contains strontium and titanium",
    Limits(required=frozenset({"Sr", "Ti", "O"})),
)
_REFINE = WritingTask(
    "Replace strontium with a more readily available element.",
    Limits(
        required=frozenset({"Ti", "O"}),
        excluded=frozenset({"Sr"}),
        replaced=(("Sr", frozenset({"Ca", "Mg", "Ba", "K", "Na"})),),
        anonymous=(1, 1, 3),
    ),
    "SrTiO3 is (Cubic) Perovskite structured and crystallizes in the cubic Pm-3m space group.",
    (("band gap", "1.80 eV"),),
)
_ADAPTER = Path(__file__).parents[2] / "models_registry" / "adapter" / "dialogue-smollm2"


def decode_in_a_batch(
    begun: Any,
    prompt: Sequence[int],
    decoding: Decoding,
    grammar: Grammar | None,
    on_token: Callable[[int, list[int]], None],
) -> list[list[int]]:
    """The plain way: whole prompt, one token a step, every row to the end, the vocabulary sorted."""
    assert grammar is not None
    model = begun.model
    rows: list[list[int]] = [[] for _ in range(decoding.count)]
    matchers = [grammar.matcher() for _ in rows]
    generators = [np.random.default_rng((decoding.seed, index)) for index in range(decoding.count)]
    going = set(range(decoding.count))
    with torch.inference_mode():
        output = model(input_ids=torch.tensor([list(prompt)]), use_cache=True, logits_to_keep=1)
        cache = output.past_key_values
        cache.batch_repeat_interleave(decoding.count)
        logits_BV = output.logits[:, -1].repeat(decoding.count, 1)
        for _ in range(decoding.max_tokens):
            on_token(len(rows[0]), rows[0])
            chosen = [min(decoding.stop)] * decoding.count
            for index in sorted(going):
                token = _drawn(logits_BV[index].double().numpy(), matchers[index], generators[index], index)
                if token in decoding.stop:
                    going.discard(index)
                    continue
                chosen[index] = token
                rows[index].append(token)
                matchers[index].consume_token(token)
                if matchers[index].is_stopped():
                    going.discard(index)
            if not going:
                break
            fed_B1 = torch.tensor(chosen)[:, None]
            logits_BV = model(input_ids=fed_B1, past_key_values=cache, use_cache=True).logits[:, -1]
    return rows


def _drawn(logits_V: np.ndarray, matcher: Any, generator: np.random.Generator, index: int) -> int:
    packed = np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8)
    allowed = np.unpackbits(packed, bitorder="little")[: len(logits_V)].astype(bool)
    logits_V = np.where(allowed, logits_V, -np.inf)
    if index == 0:
        return int(np.argmax(logits_V))
    scaled = np.exp((logits_V - logits_V.max()) / min(0.7 + 0.25 * index, 1.5))
    order = np.argsort(-scaled, kind="stable")
    share = scaled[order] / scaled.sum()
    kept = int(np.searchsorted(np.cumsum(share), 0.95)) + 1
    return int(generator.choice(order[:kept], p=share[:kept] / share[:kept].sum()))


class _NothingRemembered:
    def cache_of(self, _model: Any, _beginning: Sequence[int]) -> Any:
        return DynamicCache()


def timed(writer: TransformersNF4, task: WritingTask, seed: int, plain: bool) -> tuple[float, list[str]]:
    """Seconds of one call, and what was written."""
    remembered = writer._model.beginnings
    writing.decode = decode_in_a_batch if plain else decode
    writer._model.beginnings = _NothingRemembered() if plain else remembered
    started = perf_counter()
    try:
        texts = writer.write_pivots(task, _ALTERNATIVES, seed, FakeContext())
    finally:
        writer._model.beginnings, writing.decode = remembered, decode
    return perf_counter() - started, texts


def installed(name: str) -> TransformersNF4:
    """The default model, or its untuned base asked with system text and examples."""
    base = user_models_folder() / "language_model" / "smollm2-135m-instruct"
    options = {"adapter": str(_ADAPTER)} if name == "default" else {"form": "prompted"}
    return create(base, {"base": str(base), **options})


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line for every model and task."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", choices=["default", "base"], default=["default", "base"])
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args(arguments)
    for name in options.models:
        writer = installed(name)
        for said, task in (("wish", _WISH), ("refine", _REFINE)):
            timed(writer, task, 0, plain=False)
            runs = [
                (timed(writer, task, seed, True), timed(writer, task, seed, False)) for seed in range(options.repeats)
            ]
            before, after = median(run[0][0] for run in runs), median(run[1][0] for run in runs)
            same = sum(run[0][1] == run[1][1] for run in runs)
            print(
                f"{name:8}{said:8}{before:6.2f} s -> {after:5.2f} s, {before / after:4.1f} times faster; "
                f"same four texts for {same} of {len(runs)} seeds",
                flush=True,
            )


if __name__ == "__main__":
    main()
