"""Tokens per second of every language-model backend in one run: same prompts, same adapter, greedy texts compared.

Usage: python tests/benchmarks/backends.py [--threads 2] [--gguf FOLDER ...] [--repeats N] [--backends NAME ...]
The base is the one that `bash installer/studio` installs; FOLDER is what `gguf_export` made of it and the adapter. The
server is llama.cpp's own on loopback, with the first FOLDER. One text is written at a time, greedily and freely, so
that every step is one that the model has to take; seconds per pivot are of four alternatives within the limits, where
a backend knows limits. Prints figures and ratios; never fails on a figure.
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
from pathlib import Path
from statistics import median
from typing import Any

from language_model import _ADAPTER, _REFINE, _WISH

from crystal_studio.app.paths import user_models_folder
from crystal_studio.engines.fake import FakeContext
from crystal_studio.engines.llm import llama_cpp, server, transformers_nf4
from crystal_studio.engines.llm.base_model import load_tokenizer
from crystal_studio.engines.llm.prompted_form import answer_in

_BASE = user_models_folder() / "language_model" / "smollm2-135m-instruct"
_PRECISIONS = ("float32", "bfloat16", "nf4", "int8")


def rate(writer: Any, count: Callable[[str], int], repeats: int) -> tuple[float, list[str]]:
    """Tokens a second of free greedy texts without looking ahead, and the texts."""
    texts, rates = [], []
    for task in (_WISH, _REFINE):
        for repeat in range(repeats + 1):
            context = FakeContext()
            started = time.perf_counter()
            writer.write_pivots(task, 1, 0, context)
            passed = time.perf_counter() - started
            streamed = "".join(str(payload) for kind, payload in context.partials if kind == "token")
            if repeat:
                rates.append(count(streamed) / passed)
        texts.append(answer_in(streamed))
    return median(rates), texts


def pivot_seconds(writer: Any, repeats: int) -> float:
    """Seconds of four alternatives."""
    passed = []
    for task in (_WISH, _REFINE):
        for _ in range(repeats):
            started = time.perf_counter()
            writer.write_pivots(task, 4, 0, FakeContext())
            passed.append(time.perf_counter() - started)
    return median(passed)


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
    expected: list[str] = []
    for name in names:
        started = time.perf_counter()
        with opened(name, given.gguf, given.threads) as writer:
            ready = time.perf_counter() - started
            speed, texts = rate(writer, lambda text: len(tokenizer.encode(text)), given.repeats)
            expected = expected or texts
            limited = writer.rewritten(constrained=True) if name != "server" else writer
            seconds = pivot_seconds(limited, 1)
        same = sum(text == other for text, other in zip(texts, expected, strict=True))
        print(
            f"{name:24}{speed:7.1f} tokens/s, {seconds:6.2f} s for four, loaded in {ready:5.1f} s; "
            f"{same} of {len(texts)} greedy texts are those of {names[0]}",
            flush=True,
        )


if __name__ == "__main__":
    main()
