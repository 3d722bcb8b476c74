"""A language model in one GGUF file, for llama.cpp."""

from __future__ import annotations

import re
from typing import Any

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.model_card import ModelCard, ModelKind
from crystal_studio.registry.found_files import FoundFile, FoundFiles
from crystal_studio.registry.gguf_header import GgufHeader, read_gguf_header
from crystal_studio.registry.recipe import Part, Recipe, described, provenance_of
from crystal_studio.registry.recipes.language_model import layout_of

BACKEND = "crystal_studio.engines.llm.llama_cpp:create"
WEIGHTS = "model.gguf"
_SPLIT = re.compile(r".*-\d{5}-of-\d{5}\.gguf")


def gguf_model(found: FoundFiles, model_id: str) -> Recipe:
    """Recognise one.

    Raises:
        UserCorrectable: there are several files, or it is damaged or no language model.
    """
    file = _only(found)
    header = gguf_header_of(file)
    architecture = header.fields.get("general.architecture")
    if not isinstance(architecture, str) or not re.fullmatch(r"[\w.-]{1,40}", architecture):
        raise UserCorrectable(f"'{file.name}' does not say which network it holds. Fetch the model again.")
    words = header.fields.get("tokenizer.ggml.tokens")
    if not isinstance(words, list) or f"{architecture}.block_count" not in header.fields:
        raise UserCorrectable(f"'{file.name}' holds no language model with its vocabulary. Take another file.")
    stripped = ((file.path, "its chat template is left out, which is a program"),) if header.template_patches else ()
    options: dict[str, Any] = {"file": WEIGHTS, "form": "prompted", "layout": layout_of(frozenset(words))}
    card = ModelCard(
        id=model_id,
        kind=ModelKind.LANGUAGE_MODEL,
        version="1",
        backend=BACKEND,
        options=options,
        provenance=provenance_of(found, {"architecture": architecture, "parameters": header.numbers}),
        memory_mb=-(-file.size // 1_000_000),
    )
    what = described(
        f"{architecture} language model in GGUF", header.numbers, f"{8 * file.size / header.numbers:.1f} bits each"
    )
    return Recipe(card, what, (Part(WEIGHTS, file, patches=header.template_patches),), stripped)


def gguf_header_of(file: FoundFile) -> GgufHeader:
    """The checked header of a file.

    Raises:
        UserCorrectable: it is damaged.
    """
    with file.opened() as opened:
        return read_gguf_header(opened, file.size, file.name)


def _only(found: FoundFiles) -> FoundFile:
    names = [name for name in (*found.files, *found.refused) if name.endswith(".gguf")]
    if any(map(_SPLIT.fullmatch, names)):
        raise UserCorrectable(
            f"'{names[0]}' is one of several parts. Join them first: `llama-gguf-split --merge FIRST_PART WHOLE.gguf`."
        )
    if len(names) != 1:
        raise UserCorrectable(
            f"{found.place} holds {len(names)} GGUF files ({', '.join(names[:4])}). Name one of them."
        )
    return found.needed(names[0])
