"""A LoRA adapter as PEFT writes it: adapter_config.json and adapter_model.safetensors."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.model_card import ModelCard, ModelKind
from crystal_studio.registry.found_files import FoundFiles
from crystal_studio.registry.plain_config import plain_config
from crystal_studio.registry.recipe import PICKLED_SUFFIXES, Part, Recipe, described, model_id_of, provenance_of
from crystal_studio.registry.recipes.language_model import BACKEND, bits_of, header_of
from crystal_studio.registry.safetensors_header import TensorSpan
from crystal_studio.registry.strict_json import counted, strict_object

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
WRITER_BACKEND = "crystal_studio.engines.llm.crystext.engine:create"
_MOST_CONFIG_BYTES = 1_000_000
_LORA = re.compile(r".*\.(?:layers|h)\.(\d{1,6})\..*\.(\w+)\.lora_([AB])\.weight")


@dataclass(frozen=True)
class AdapterRecipes:
    """Recognises adapters, and what they are for.

    Attributes:
        writers: ids under which an adapter becomes a writer of crystals together with its base.
        language_models: what is installed to build on.
    """

    writers: frozenset[str]
    language_models: Sequence[ModelCard]

    def adapter(self, found: FoundFiles, model_id: str) -> Recipe:
        """Recognise one.

        Raises:
            UserCorrectable: it is incomplete, damaged or no LoRA adapter; or its base is needed and not installed.
        """
        config = strict_object(found.needed(CONFIG).content(_MOST_CONFIG_BYTES), CONFIG)
        plain, dropped = plain_config(config)
        _check(plain)
        spans = header_of(_weights(found))
        _check_rank(plain, spans)
        base = str(plain.get("base_model_name_or_path") or "")
        parts = (
            Part(CONFIG, found.files[CONFIG], json.dumps(plain, indent=1, allow_nan=False).encode()),
            Part(WEIGHTS, found.files[WEIGHTS]),
        )
        numbers = sum(span.numbers for span in spans.values())
        card = ModelCard(
            id=model_id,
            kind=ModelKind.ADAPTER,
            version="1",
            backend=BACKEND,
            provenance=provenance_of(found, {"base": base, "rank": plain["r"]}),
            memory_mb=-(-sum(span.end - span.begin for span in spans.values()) // 1_000_000),
        )
        if model_id in self.writers:
            card = self._writer(card, base)
        what = described(
            f"LoRA adapter of rank {plain['r']} for {base or 'an unnamed model'}", numbers, f"{bits_of(spans)} bit"
        )
        return Recipe(card, what, parts, tuple((found.files[CONFIG].path, reason) for reason in dropped))

    def _writer(self, card: ModelCard, base: str) -> ModelCard:
        """The adapter and its base as one model that writes crystals, in the form of the paper."""
        wanted = model_id_of(base.rpartition("/")[2], None)
        models = {one.id: one for one in self.language_models}
        if wanted not in models:
            raise UserCorrectable(
                f"This adapter builds on '{base}', which is not installed. Import that first, with `--id {wanted}`."
            )
        return ModelCard(
            id=card.id,
            kind=ModelKind.CRYSTAL_WRITER,
            version=card.version,
            backend=WRITER_BACKEND,
            options={
                "base": {"ref": wanted},
                "adapter": {"ref": card.id},
                "layout": "paper",
                "dialect": "cif",
                "constrained": False,
                "precision": "nf4",
                "device": "auto",
            },
            provenance=card.provenance,
            memory_mb=card.memory_mb + models[wanted].memory_mb,
        )


def _check(config: Mapping[str, Any]) -> None:
    modules = config.get("target_modules")
    if config.get("peft_type") != "LORA" or not 1 <= counted(config, "r") <= 4096:
        raise UserCorrectable(f"'{CONFIG}' describes no LoRA adapter. Only those are taken.")
    if not (modules == "all-linear" or (isinstance(modules, list) and modules)):
        raise UserCorrectable(f"'{CONFIG}' does not list the modules that it changes (target_modules).")


def _weights(found: FoundFiles) -> Any:
    pickled = [
        name for name in found.files if name.startswith("adapter_model") and name.endswith(tuple(PICKLED_SUFFIXES))
    ]
    if WEIGHTS not in found.files and WEIGHTS not in found.refused and pickled:
        raise UserCorrectable(
            f"The weights in {found.place} exist only as a pickle ('{pickled[0]}'), which could hold code. "
            "Fetch the adapter as safetensors."
        )
    return found.needed(WEIGHTS)


def _check_rank(config: Mapping[str, Any], spans: Mapping[str, TensorSpan]) -> None:
    """Pairs of one rank, and nothing that is no such pair."""
    found = {name: match for name in spans if (match := _LORA.fullmatch(name))}
    if not found:
        raise UserCorrectable(f"'{WEIGHTS}' holds no matrices of a LoRA adapter. Fetch it again.")
    for name, match in found.items():
        shape = spans[name].shape
        if len(shape) != 2 or shape[0 if match[3] == "A" else 1] != config["r"]:
            raise UserCorrectable(
                f"'{WEIGHTS}' does not belong to this '{CONFIG}': '{name[-60:]}' is not of rank {config['r']}."
            )
