"""A random two-layer Llama with a byte-level tokenizer, and a handful of dialogues and crystals: a stage in seconds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from crystal_studio.domain.composition import Composition
from crystal_studio.engines.llm.base_model import go_offline
from crystal_studio.engines.llm.crystext.prompt import prompt_of
from crystal_studio.ports.crystal_writer import CrystalTask

_SYSTEMS = (
    ("SrTiO3", "cubic Pm-3m"),
    ("CaO", "cubic Fm-3m"),
    ("ZnO", "hexagonal P6_3mc"),
    ("TiO2", "tetragonal P4_2/mnm"),
)
_CRYSTALS = (
    ("NaCl", "225\n5.64\nNa 4a\nCl 4b"),
    ("MgO", "225\n4.21\nMg 4a\nO 4b"),
    ("CsCl", "221\n4.12\nCs 1a\nCl 1b"),
    ("SrTiO3", "221\n3.91\nSr 1a\nTi 1b\nO 3c"),
    ("BaTiO3", "221\n4.01\nBa 1a\nTi 1b\nO 3c"),
    ("CaF2", "225\n5.46\nCa 4a\nF 8c"),
    ("ZnS", "216\n5.41\nZn 4a\nS 4c"),
    ("TiO2", "136\n4.59 2.96\nTi 2a\nO 4f .305"),
)


def make_tiny(base: Path, dialogues: Path, seed: int = 0) -> None:
    """Write the model's folder, and ``train.jsonl`` and ``val.jsonl`` with dialogues."""
    make_tiny_base(base, seed)
    rows = [
        {
            "kind": "wish",
            "prompt": f"Wish: {formula}\nPivot:",
            "target": f"{formula} crystallizes in the {place} space group.",
        }
        for formula, place in _SYSTEMS
    ]
    _write_rows(rows, dialogues)


def write_tiny_crystals(folder: Path) -> None:
    """Write ``train.jsonl`` and ``val.jsonl`` with crystals, as the stage ``crystext`` does."""
    rows = []
    for formula, text in _CRYSTALS:
        group = int(text.partition("\n")[0])
        prompt = prompt_of(CrystalTask(Composition.parse(formula), group), "short")
        rows.append({"id": formula, "prompt": prompt, "target": text, "formula": formula, "space_group": group})
    _write_rows(rows, folder)


def make_tiny_base(base: Path, seed: int = 0, embedding_scale: float = 1.0) -> None:
    """Write the model's folder.

    Args:
        embedding_scale: factor on the random embeddings. They are also the head, so at 1 no adapter can make a token
            likely: logits stay below one.
    """
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
    model = LlamaForCausalLM(config)
    model.model.embed_tokens.weight.data.mul_(embedding_scale)
    model.save_pretrained(str(base))


def _write_rows(rows: Sequence[Mapping[str, Any]], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row) + "\n" for row in rows)
    for split in ("train", "val"):
        (folder / f"{split}.jsonl").write_text(text, encoding="utf-8")
