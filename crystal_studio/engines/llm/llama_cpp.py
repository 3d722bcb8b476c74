"""A GGUF model under llama.cpp, offline, as the port wants it; a chat template inside the file is never asked for.

::

    backend = "crystal_studio.engines.llm.llama_cpp:create"

    [options]
    form = "trained"        # a model that `gguf_export` made of our adapter; "prompted" for any other
    device = "auto"         # "cpu" keeps every layer off the card
    cache = "f16"           # keys and values; "f32" for the numbers of the transformers engine in float32
    threads = 2             # by default the cores that the program may use
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crystal_studio.domain.errors import Unavailable
from crystal_studio.engines.llm.llama_cpp_model import LlamaCppModel, Runtime
from crystal_studio.engines.llm.writing import PivotWriter, Writing

WEIGHTS = "model.gguf"
_HOW = "Install the extra: `pip install 'crystal-studio[gguf]'`; it compiles llama.cpp, which takes a while."


def create(folder: Path, options: Mapping[str, Any]) -> PivotWriter:
    """Factory for ``model.toml``.

    Args:
        folder: the card's folder, which holds ``model.gguf`` or one other GGUF file.
        options: ``file`` where it has another name, ``device``, ``cache``, ``threads``, and the fields of `Writing`.

    Raises:
        Unavailable: the file or the library is missing, or the file is none that this llama.cpp can run.
    """
    try:
        import llama_cpp  # noqa: F401
    except ImportError as error:
        raise Unavailable(f"This model needs the library llama-cpp-python, which is not installed. {_HOW}") from error
    except (OSError, RuntimeError) as error:
        raise Unavailable(f"The library llama-cpp-python cannot be loaded ({error}). {_HOW}") from error
    runtime = Runtime(
        on_card=options.get("device", "auto") != "cpu",
        full_cache=options.get("cache", "f16") == "f32",
        threads=int(options.get("threads", 0)) or len(os.sched_getaffinity(0)),
    )
    weights = _weights(folder, str(options.get("file", WEIGHTS)))
    name = folder.name if weights.name == WEIGHTS else weights.stem
    return PivotWriter(LlamaCppModel(f"{name} (llama.cpp)", weights, runtime), Writing.chosen(options))


def _weights(folder: Path, name: str) -> Path:
    found = sorted(folder.glob("*.gguf"))
    named = folder / name
    if named in found:
        return named
    if len(found) != 1:
        raise Unavailable(f"There are {len(found)} GGUF files in '{folder}', not one. Import the model again.")
    return found[0]
