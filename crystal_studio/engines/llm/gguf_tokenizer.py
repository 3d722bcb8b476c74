"""A ``tokenizer.json`` of byte-level pairs in the fields that llama.cpp reads."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from crystal_studio.domain.errors import UserCorrectable

_NORMAL, _CONTROL, _USER_DEFINED, _UNUSED = 1, 3, 4, 5  # llama_token_type
# How text is cut before pairs are joined; llama.cpp knows each way by a name.
_BY_SPLIT = {r"\p{N}{1,3}|": "llama-bpe", r"\p{N}|": "qwen2"}
_CONTROL_WORD = re.compile(r"<.*>", re.DOTALL)


def write_tokenizer(writer: Any, tokenizer: Mapping[str, Any], config: Any) -> None:
    """Add vocabulary, pairs and special tokens.

    Args:
        writer: of the library gguf.
        tokenizer: the content of ``tokenizer.json``.
        config: of the model: size of the vocabulary, ends.

    Raises:
        UserCorrectable: it is no tokenizer of byte-level pairs, or cuts text in a way that is not known here.
    """
    model = tokenizer["model"]
    if model.get("type") != "BPE" or model.get("byte_fallback") or tokenizer.get("normalizer"):
        raise UserCorrectable("Only tokenizers of byte-level pairs can be exported, and this is another kind.")
    cut = _cut(tokenizer.get("pre_tokenizer") or {})
    words, kinds = _words(tokenizer, config.vocab_size)
    ends = config.eos_token_id
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(cut)
    writer.add_token_list(words)
    writer.add_token_types(kinds)
    writer.add_token_merges(_pairs(model.get("merges") or [], words))
    writer.add_eos_token_id(ends[0] if isinstance(ends, list) else ends)
    writer.add_add_bos_token(False)


def _words(tokenizer: Mapping[str, Any], size: int) -> tuple[list[str], list[int]]:
    """Every token's text and kind; numbers without a token get a name that nothing is cut into."""
    words = [f"[unused{number}]" for number in range(size)]
    kinds = [_UNUSED] * size
    for word, number in tokenizer["model"]["vocab"].items():
        words[number], kinds[number] = word, _NORMAL
    for added in tokenizer.get("added_tokens", ()):
        number, word = added["id"], added["content"]
        if number < size:
            is_control = added["special"] and _CONTROL_WORD.fullmatch(word)
            words[number], kinds[number] = word, _CONTROL if is_control else _USER_DEFINED
    return words, kinds


def _pairs(merges: Sequence[Any], words: Sequence[str]) -> list[str]:
    """Pairs in the order in which they are joined; llama.cpp wants at least one, so one that never occurs."""
    joined = [pair if isinstance(pair, str) else " ".join(pair) for pair in merges]
    return joined or [f"{words[-1]} {words[-1]}"]


def _cut(pre_tokenizer: Mapping[str, Any]) -> str:
    parts = pre_tokenizer.get("pretokenizers", [pre_tokenizer])
    kinds = [part.get("type") for part in parts]
    if kinds == ["ByteLevel"] and parts[0].get("use_regex", True):
        return "gpt-2"
    if kinds == ["Digits", "ByteLevel"] and parts[0].get("individual_digits"):
        return "smollm"
    if kinds == ["Split", "ByteLevel"]:
        pattern = str(parts[0].get("pattern", {}).get("Regex", ""))
        for sign, name in _BY_SPLIT.items():
            if sign in pattern:
                return name
    raise UserCorrectable(f"A tokenizer that cuts text by {kinds} cannot be exported.")
