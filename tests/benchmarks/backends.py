"""Tokens per second of every language-model backend in one run: same prompts, same adapter, greedy texts compared.

Usage: python tests/benchmarks/backends.py [--threads 2] [--gguf FOLDER ...] [--repeats N] [--backends NAME ...]
The base is the one that `bash installer/studio` installs; FOLDER is what `gguf_export` made of it and the adapter. The
server is llama.cpp's own on loopback, with the first FOLDER. One text is written at a time, greedily and freely, so
that every step is one that the model has to take; reading the task is counted, the beginning of every prompt was read
before. Four alternatives are written within the limits, where a backend knows limits. Processor time, of the server's
process as well, stands beside the clock, which means little on a busy machine. Prints figures; never fails on one.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from language_model import _ADAPTER, _REFINE, _WISH

from crystal_studio.app.paths import user_models_folder
from crystal_studio.engines.fake import FakeContext
from crystal_studio.engines.llm import llama_cpp, server, transformers_nf4
from crystal_studio.engines.llm.base_model import load_tokenizer
from crystal_studio.engines.llm.prompted_form import answer_in

_BASE = user_models_folder() / "language_model" / "smollm2-135m-instruct"
_PRECISIONS = ("float32", "bfloat16", "nf4", "int8")


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of processor time, of children that still run as well, and on the clock."""
    began, worked = time.perf_counter(), processor_seconds()
    work()
    return processor_seconds() - worked, time.perf_counter() - began


def processor_seconds() -> float:
    """Of this process and its children, so far."""
    here = psutil.Process()
    times = [process.cpu_times() for process in (here, *here.children())]
    return sum(one.user + one.system for one in times)


def rate(writer: Any, tokens: Callable[[str], list[int]], repeats: int) -> tuple[float, float, list[list[int]]]:
    """Tokens a second of processor time and of the clock, of free greedy texts without guesses; and the texts."""
    texts, rates = [], []
    for task in (_WISH, _REFINE):
        for repeat in range(repeats + 1):
            context = FakeContext()
            passed = timed(lambda task=task, context=context: writer.write_pivots(task, 1, 0, context))
            streamed = "".join(str(payload) for kind, payload in context.partials if kind == "token")
            if repeat:
                rates.append([len(tokens(streamed)) / seconds for seconds in passed])
        texts.append(tokens(answer_in(streamed)))
    return median(one for one, _ in rates), median(one for _, one in rates), texts


def pivot_seconds(writer: Any) -> tuple[float, float]:
    """Seconds of processor time and of the clock for four alternatives."""
    passed = [timed(lambda task=task: writer.write_pivots(task, 4, 0, FakeContext())) for task in (_WISH, _REFINE)]
    return median(one for one, _ in passed), median(one for _, one in passed)


def agreement(text: Sequence[int], other: Sequence[int]) -> str:
    """How many tokens two texts have in common from the beginning on."""
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(text, other, strict=False)))
    return f"{same} of {max(len(text), len(other))}"


@contextmanager
def llama_server(folder: Path, threads: int) -> Iterator[str]:
    """llama.cpp's own server on loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(folder / "model.gguf"), "--n_ctx", "2048"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--n_threads", str(threads), "--chat_format", "chatml"]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=dict(os.environ))
    try:
        for _ in range(3000):
            with socket.socket() as probe:
                if process.poll() is not None or probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@contextmanager
def opened(name: str, gguf: Sequence[Path], threads: int) -> Iterator[Any]:
    """One backend, loaded."""
    free = {"constrained": False, "guessed": 0, "form": "trained"}
    if name in _PRECISIONS:
        options = {"base": str(_BASE), "adapter": str(_ADAPTER), "precision": name, "device": "cpu"}
        yield transformers_nf4.create(_BASE, options | free)
    elif name == "server":
        with llama_server(gguf[0], threads) as url:
            yield server.create(gguf[0], {"url": url, "model": gguf[0].name, **free})
    else:
        folder = next(folder for folder in gguf if folder.name == name)
        yield llama_cpp.create(folder, {"threads": threads, "device": "cpu", **free})


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line for every backend."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--gguf", type=Path, nargs="*", default=[])
    parser.add_argument("--backends", nargs="*")
    given = parser.parse_args(arguments)
    import torch

    torch.set_num_threads(given.threads)
    names = given.backends or [*_PRECISIONS, *(folder.name for folder in given.gguf), *["server"] * bool(given.gguf)]
    tokenizer = load_tokenizer(_BASE)
    expected: list[list[int]] = []
    for name in names:
        started = processor_seconds()
        with opened(name, given.gguf, given.threads) as writer:
            ready = processor_seconds() - started
            work, clock, texts = rate(writer, tokenizer.encode, given.repeats)
            expected = expected or texts
            limits, limited = ("free", writer) if name == "server" else ("limited", writer.rewritten(constrained=True))
            four = pivot_seconds(limited)
        same = ", ".join(agreement(text, other) for text, other in zip(texts, expected, strict=True))
        print(f"{name}: {work:.1f} tokens per second of processor time, {clock:.1f} on the clock")
        print(
            f"    four {limits}: {four[0]:.2f} s of processor time, {four[1]:.1f} on the clock; loaded in {ready:.1f} s"
        )
        print(f"    tokens that are those of {names[0]}: {same}")
        print("\n".join(f"    {tokenizer.decode(text)}" for text in texts), flush=True)


if __name__ == "__main__":
    main()
