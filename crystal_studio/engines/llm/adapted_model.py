"""A language model as a card names it: a base, its precision, and perhaps an adapter."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, get_args

from crystal_studio.domain.errors import Unavailable
from crystal_studio.engines.llm.base_model import PACKED, Precision, load_base, load_tokenizer, unpacked
from crystal_studio.engines.llm.kept_weights import KeptWeights

logger = logging.getLogger(__name__)


class AdaptedModel(NamedTuple):
    """A model that is ready to write, its name, and its fast tokenizer."""

    identity: str
    model: Any
    tokenizer: Any


def load_adapted(folder: Path, options: Mapping[str, Any]) -> AdaptedModel:
    """Load what a card names.

    Args:
        folder: the card's folder; the model itself where no base is named.
        options: ``base`` and ``adapter`` (folders), ``precision`` ("nf4", "int8", "bfloat16", "float32"), ``unpack``
            (whether packed weights are unpacked once; by default those of four bits on the CPU), ``device`` ("auto",
            "cpu", "cuda"), ``keep_unpacked`` (whether what was unpacked on the CPU is kept for the next start; it is),
            ``cache_folder`` (where; nothing is kept without one).

    Raises:
        Unavailable: weights or libraries are missing, or the adapter does not fit the base.
    """
    base = Path(options.get("base", folder))
    adapter = Path(options["adapter"]) if "adapter" in options else None
    if adapter is not None and not (adapter / "adapter_model.safetensors").exists():
        raise Unavailable(f"There is no adapter in '{adapter}'. Run `git checkout models_registry` to get it back.")
    device = _device(str(options.get("device", "auto")))
    precision: Precision = options.get("precision", "nf4")
    if precision not in get_args(Precision):
        raise Unavailable(f"The precision '{precision}' is not known; there are {', '.join(get_args(Precision))}.")
    tokenizer = load_tokenizer(base)
    unpack = precision in PACKED and bool(options.get("unpack", precision == "nf4" and device == "cpu"))
    kept = _kept_weights(options, base, adapter, precision) if unpack and device == "cpu" else None
    model = kept.load() if kept else None
    if model is None:
        model = _computed(base, adapter, precision, device, unpack)
        if kept:
            kept.keep_meanwhile(model)
    return AdaptedModel(base.name if adapter is None else f"{base.name} + {adapter.name}", model, tokenizer)


def _kept_weights(
    options: Mapping[str, Any], base: Path, adapter: Path | None, precision: Precision
) -> KeptWeights | None:
    """Where the weights are kept; None where they are not to be, or cannot be read to know their name."""
    cache = options.get("cache_folder")
    if cache is None or not options.get("keep_unpacked", True):
        return None
    try:
        return KeptWeights(Path(cache), base, adapter, precision)
    except OSError as error:
        logger.info("The weights of %s are not looked for among those kept: %s", base, error)
        return None


def _computed(base: Path, adapter: Path | None, precision: Precision, device: str, unpack: bool) -> Any:
    """The model from its own files: packed, unpacked if asked, with its adapter, merged where weights are plain."""
    model = load_base(base, precision, device)
    if unpack:
        model = unpacked(model)
    if adapter is None:
        return model
    model = _with_adapter(model, adapter)
    return model.merge_and_unload() if unpack or precision not in PACKED else model


def _device(asked: str) -> str:
    import torch

    if asked != "auto":
        return asked
    return "cuda" if torch.cuda.is_available() else "cpu"


def _with_adapter(model: Any, adapter: Path) -> Any:
    from peft import PeftModel

    try:
        return PeftModel.from_pretrained(model, str(adapter)).eval()
    except (RuntimeError, ValueError, KeyError) as error:
        raise Unavailable(f"The adapter in '{adapter}' does not fit its base ({error}). Train it again.") from error
