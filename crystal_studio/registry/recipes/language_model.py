"""A causal language model in the hub's layout: config.json, tokenizer.json and safetensors."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.model_card import ModelCard, ModelKind
from crystal_studio.registry.found_files import FoundFile, FoundFiles
from crystal_studio.registry.memory_need import weights_mb
from crystal_studio.registry.plain_config import plain_config
from crystal_studio.registry.recipe import PICKLED_SUFFIXES, Part, Recipe, described, provenance_of
from crystal_studio.registry.safetensors_header import BYTES_OF, TensorSpan, read_safetensors_header
from crystal_studio.registry.strict_json import counted, strict_object

BACKEND = "crystal_studio.engines.llm.transformers_nf4:create"
CONFIG, TOKENIZER, WEIGHTS = "config.json", "tokenizer.json", "model.safetensors"
INDEX = "model.safetensors.index.json"
_MOST_CONFIG_BYTES, _MOST_TOKENIZER_BYTES, _MOST_INDEX_BYTES = 1_000_000, 50_000_000, 20_000_000
_SHARD = re.compile(r"[\w.-]{1,200}\.safetensors")
_LAYER = re.compile(r"(?:^|\.)(?:layers|h|blocks)\.(\d{1,6})\.")
# Kinds that the library behind the engine has code for, of those that are often published with code beside them.
_BUILT_IN = frozenset(
    (
        *("llama", "mistral", "mixtral", "qwen2", "qwen2_moe", "qwen3", "qwen3_moe", "gemma", "gemma2", "gemma3_text"),
        *("phi", "phi3", "smollm3", "olmo", "olmo2", "granite", "falcon", "starcoder2", "stablelm", "gpt_neox"),
        *("glm", "glm4", "cohere", "cohere2", "exaone4", "gpt_oss"),
    )
)
# Unpacked to 32 bits for the CPU, a larger model would take more memory than it saves time.
_MOST_UNPACKED = 1_000_000_000
# A word of the vocabulary -> the layout of a chat that it belongs to.
_LAYOUTS = {"<|im_start|>": "chatml", "<|start_header_id|>": "llama3", "[INST]": "mistral"}


def language_model(found: FoundFiles, model_id: str) -> Recipe:
    """Recognise one.

    Raises:
        UserCorrectable: it is incomplete, damaged, needs code of its own, or is no causal language model.
    """
    config = strict_object(found.needed(CONFIG).content(_MOST_CONFIG_BYTES), CONFIG)
    _check_architecture(config)
    plain, dropped = plain_config(config)
    weights = _weights(found)
    spans = {name: span for header in weights.values() for name, span in header.items()}
    _check_against(config, spans)
    tokenizer = found.needed(TOKENIZER)
    words = _added_words(strict_object(tokenizer.content(_MOST_TOKENIZER_BYTES), TOKENIZER))
    parts = (
        Part(CONFIG, found.files[CONFIG], json.dumps(plain, indent=1, allow_nan=False).encode()),
        Part(TOKENIZER, tokenizer),
        *(Part(name, found.files[name]) for name in weights),
        *((Part(INDEX, found.files[INDEX]),) if INDEX in found.files and len(weights) > 1 else ()),
    )
    in_layers = sum(span.numbers for name, span in spans.items() if _LAYER.search(name) and len(span.shape) == 2)
    parameters = sum(span.numbers for span in spans.values())
    card = ModelCard(
        id=model_id,
        kind=ModelKind.LANGUAGE_MODEL,
        version="1",
        backend=BACKEND,
        options=_options(words, parameters),
        provenance=provenance_of(found, {"architecture": config["model_type"], "parameters": parameters}),
        memory_mb=_memory_mb(in_layers, parameters),
    )
    what = described(f"{_title(config)} language model", parameters, f"{bits_of(spans)} bit")
    return Recipe(card, what, parts, tuple((found.files[CONFIG].path, reason) for reason in dropped))


def layout_of(words: frozenset[str]) -> str:
    """The layout of a chat that a vocabulary was made for, "plain" where it shows none."""
    return next((layout for word, layout in _LAYOUTS.items() if word in words), "plain")


def _memory_mb(in_layers: int, parameters: int) -> int:
    """What the weights take in the form that `_options` asks for: a small model's are unpacked on the CPU."""
    if parameters <= _MOST_UNPACKED:
        return -(-parameters * 4 // 1_000_000)
    return weights_mb(in_layers, parameters - in_layers)["4 bit"]


def _options(words: frozenset[str], parameters: int) -> dict[str, Any]:
    options = {"form": "prompted", "layout": layout_of(words), "precision": "nf4", "device": "auto"}
    return options if parameters <= _MOST_UNPACKED else {**options, "unpack": False}


def _check_architecture(config: Mapping[str, Any]) -> None:
    kind, architectures = config.get("model_type"), config.get("architectures")
    if not isinstance(kind, str) or not re.fullmatch(r"\w{1,40}", kind):
        raise UserCorrectable(f"'{CONFIG}' names no model_type: it is not the configuration of a language model.")
    named = architectures[0] if isinstance(architectures, list) and architectures else ""
    if not isinstance(named, str) or not re.fullmatch(r"\w{1,80}ForCausalLM", named):
        raise UserCorrectable(
            f"'{CONFIG}' is of a model of the kind {str(named)[:60] or kind!r}, not of a causal language model "
            "(...ForCausalLM). Only those write pivots."
        )
    if "auto_map" in config and kind not in _BUILT_IN:
        raise UserCorrectable(
            f"'{CONFIG}' says that the model needs code of its own (auto_map), and none is run. "
            "Take a model of a kind that is built in, such as llama, mistral or qwen3, or a GGUF file."
        )
    if "quantization_config" in config:
        raise UserCorrectable(
            f"'{CONFIG}' says that the weights are quantized already. Fetch the model at 16 bits, or as a GGUF file."
        )


def _weights(found: FoundFiles) -> dict[str, Mapping[str, TensorSpan]]:
    """File -> its tensors, of every file of weights; complete as far as the index tells."""
    if INDEX in found.files or INDEX in found.refused:
        mapped = _mapped(found.needed(INDEX))
        headers = {name: header_of(found.needed(name)) for name in sorted(set(mapped.values()))}
        for tensor, file in mapped.items():
            if tensor not in headers[file]:
                raise UserCorrectable(
                    f"'{file}' lacks the tensor '{tensor[:60]}' that '{INDEX}' promises. Fetch it again."
                )
        return headers
    if WEIGHTS not in found.files and WEIGHTS not in found.refused:
        raise _no_weights(found)
    return {WEIGHTS: header_of(found.needed(WEIGHTS))}


def _no_weights(found: FoundFiles) -> UserCorrectable:
    pickled = [name for name in found.files if Path(name).suffix in PICKLED_SUFFIXES]
    if pickled:
        return UserCorrectable(
            f"The weights in {found.place} exist only as a pickle ('{pickled[0]}'), which could hold code. "
            "Fetch the model as safetensors or GGUF."
        )
    return UserCorrectable(f"'{WEIGHTS}' is missing in {found.place}: the model is not whole. Fetch or copy it again.")


def _mapped(index: FoundFile) -> dict[str, str]:
    table = strict_object(index.content(_MOST_INDEX_BYTES), INDEX).get("weight_map")
    if not isinstance(table, dict) or not table:
        raise UserCorrectable(f"'{INDEX}' has no weight_map. Fetch the model again.")
    for file in table.values():
        if not isinstance(file, str) or not _SHARD.fullmatch(file):
            raise UserCorrectable(f"'{INDEX}' names a file of weights that cannot be one ({str(file)[:60]!r}).")
    return table


def header_of(file: FoundFile) -> Mapping[str, TensorSpan]:
    """The checked header of a safetensors file.

    Raises:
        UserCorrectable: it is damaged.
    """
    with file.opened() as opened:
        return read_safetensors_header(opened, file.size, file.name)


def _check_against(config: Mapping[str, Any], spans: Mapping[str, TensorSpan]) -> None:
    """Weights of another model, or a part of them, are told by their shapes."""
    wanted = (counted(config, "vocab_size"), counted(config, "hidden_size"))
    for name, span in spans.items():
        if name.endswith("embed_tokens.weight") and span.shape != wanted:
            raise UserCorrectable(
                f"The weights do not belong to this '{CONFIG}': '{name[:60]}' is {span.shape}, not {wanted}. "
                "Fetch both again."
            )
    there = {int(match[1]) for name in spans if (match := _LAYER.search(name))}
    layers = counted(config, "num_hidden_layers") or counted(config, "n_layer")
    if not layers or not there >= set(range(layers)):
        raise UserCorrectable(
            f"The weights hold {len(there)} layers, and '{CONFIG}' promises {layers}: the model is not whole. "
            "Fetch it again."
        )


def _added_words(tokenizer: Mapping[str, Any]) -> frozenset[str]:
    if not isinstance(tokenizer.get("model"), dict):
        raise UserCorrectable(f"'{TOKENIZER}' holds no vocabulary. Fetch the model again.")
    added = tokenizer.get("added_tokens")
    words = [item.get("content") for item in added if isinstance(item, dict)] if isinstance(added, list) else []
    return frozenset(word for word in words if isinstance(word, str))


def _title(config: Mapping[str, Any]) -> str:
    return str(config["architectures"][0]).removesuffix("ForCausalLM")


def bits_of(spans: Mapping[str, TensorSpan]) -> int:
    """Bits of most numbers."""
    counts: dict[int, int] = {}
    for span in spans.values():
        bits = 8 * BYTES_OF[span.dtype]
        counts[bits] = counts.get(bits, 0) + span.numbers
    return max(counts, key=lambda bits: counts[bits], default=0)
