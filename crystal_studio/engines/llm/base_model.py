"""Loads a causal language model from a folder, offline, in 4-bit NormalFloat, 8-bit integers or as it is."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Literal

from crystal_studio.domain.errors import Unavailable

Precision = Literal["nf4", "int8", "bfloat16", "float32"]
PACKED: frozenset[Precision] = frozenset({"nf4", "int8"})  # by bitsandbytes


def go_offline() -> None:
    """Forbid the hub; effective only before transformers is first imported."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TRANSFORMERS_OFFLINE"] = "1"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer of a folder; its chat template, if it has one, is dropped unread.

    Raises:
        Unavailable: the folder holds no tokenizer.
    """
    go_offline()
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    path, config = folder / "tokenizer.json", folder / "config.json"
    if not (path.exists() and config.exists()):
        raise Unavailable(f"There is no language model in '{folder}'. Run `bash installer/studio` to fetch it.")
    stated = json.loads(config.read_text(encoding="utf-8"))
    known = Tokenizer.from_file(str(path))
    ends = stated.get("eos_token_id")
    end = known.id_to_token(ends[0] if isinstance(ends, list) else ends) if ends is not None else None
    return PreTrainedTokenizerFast(tokenizer_object=known, eos_token=end, pad_token=end)


def load_base(folder: Path, precision: Precision = "nf4", device: str = "cpu") -> Any:
    """The model of a folder, in evaluation mode, with its weights frozen.

    NF4 weights are multiplied in float32 on the CPU: without AVX-512-BF16 a bfloat16 product is tens of times slower.
    "int8" multiplies integers, outliers apart. Source: LLM.int8(), Dettmers et al., NeurIPS 2022, arXiv:2208.07339.

    Raises:
        Unavailable: weights are missing, damaged or of an unknown kind.
    """
    go_offline()
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    if not (folder / "config.json").exists():
        raise Unavailable(f"There is no language model in '{folder}'. Run `bash installer/studio` to fetch it.")
    compute = torch.bfloat16 if precision == "bfloat16" or (precision in PACKED and device != "cpu") else torch.float32
    options: dict[str, Any] = {"dtype": compute, "local_files_only": True, "use_safetensors": True}
    if precision == "nf4":
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=compute
        )
    elif precision == "int8":
        options["quantization_config"] = BitsAndBytesConfig(load_in_8bit=True)
    if precision in PACKED:
        options["device_map"] = {"": device}
    try:
        model = AutoModelForCausalLM.from_pretrained(str(folder), trust_remote_code=False, **options)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise Unavailable(f"The language model in '{folder}' cannot be loaded ({error}). Install it again.") from error
    if precision not in PACKED:
        model.to(device)
    model.requires_grad_(False)
    return model.eval()


def unpacked(model: Any) -> Any:
    """The same 4-bit or 8-bit numbers, unpacked to float32 once instead of at every token.

    On a CPU without 4-bit kernels this halves the time of a token (measured: 0.13 against 0.26 s for four rows of
    SmolLM2-135M on one core) for 0.4 GB more memory. The modules are replaced in place.
    """
    import torch
    from bitsandbytes.nn import Linear4bit, Linear8bitLt

    packed = [(name, module) for name, module in model.named_modules() if isinstance(module, Linear4bit | Linear8bitLt)]
    for name, module in packed:
        weight = _plain_numbers(module)
        plain = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=module.bias is not None, dtype=torch.float32)
        plain.weight = torch.nn.Parameter(weight, requires_grad=False)
        if module.bias is not None:
            plain.bias = torch.nn.Parameter(module.bias.data.float(), requires_grad=False)
        parent, _, leaf = name.rpartition(".")
        setattr(model.get_submodule(parent), leaf, plain)
    for attribute in ("is_loaded_in_4bit", "is_loaded_in_8bit", "is_quantized"):
        setattr(model, attribute, False)
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.hf_quantizer = None  # else it is saved as a packed model
    return model


def _plain_numbers(module: Any) -> Any:
    """The weights of one packed layer in float32."""
    from bitsandbytes.functional import dequantize_4bit, int8_vectorwise_dequant
    from bitsandbytes.nn import Linear8bitLt

    if not isinstance(module, Linear8bitLt):
        return dequantize_4bit(module.weight.data, module.weight.quant_state).float()
    scales = module.weight.SCB if module.weight.SCB is not None else module.state.SCB
    return int8_vectorwise_dequant(module.weight.data, scales).float()
