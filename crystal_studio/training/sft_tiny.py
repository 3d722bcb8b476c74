"""A random two-layer Llama with a byte-level tokenizer and a handful of dialogues: the whole stage in seconds."""

from __future__ import annotations

import json
from pathlib import Path

from crystal_studio.engines.llm.base_model import go_offline

_SYSTEMS = (
    ("SrTiO3", "cubic Pm-3m"),
    ("CaO", "cubic Fm-3m"),
    ("ZnO", "hexagonal P6_3mc"),
    ("TiO2", "tetragonal P4_2/mnm"),
)


def make_tiny(base: Path, dialogues: Path, seed: int = 0) -> None:
    """Write the model's folder and ``train.jsonl`` and ``val.jsonl``."""
    go_offline()
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM

    base.mkdir(parents=True, exist_ok=True)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    specials = ["<|im_start|>", "<|im_end|>"]
    tokenizer = Tokenizer(models.BPE(vocab={text: i for i, text in enumerate([*specials, *alphabet])}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(specials)
    tokenizer.save(str(base / "tokenizer.json"))
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        bos_token_id=0,
        eos_token_id=1,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).save_pretrained(str(base))
    _write_dialogues(dialogues)


def _write_dialogues(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "kind": "wish",
            "prompt": f"Wish: {formula}\nPivot:",
            "target": f"{formula} crystallizes in the {place} space group.",
        }
        for formula, place in _SYSTEMS
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    for split in ("train", "val"):
        (folder / f"{split}.jsonl").write_text(text, encoding="utf-8")
