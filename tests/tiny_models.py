"""Models small enough to be made in a test, in the layouts in which models are published."""

from __future__ import annotations

import hashlib
import json
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crystal_studio.domain.card_toml import card_to_toml
from crystal_studio.domain.model_card import ModelCard, ModelFile, ModelKind

WIDTH, WORDS, INNER = 8, 12, 16
CONFIG: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": WIDTH,
    "intermediate_size": INNER,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 4,
    "vocab_size": WORDS,
    "hidden_act": "silu",
    "max_position_embeddings": 4096,
    "rms_norm_eps": 1e-6,
    "tie_word_embeddings": True,
    "rope_parameters": {"rope_theta": 10000.0, "rope_type": "default"},
    "bos_token_id": 0,
    "eos_token_id": 1,
    "dtype": "float32",
    "transformers_version": "5.23.0",
}
SHAPES: dict[str, tuple[int, ...]] = {
    "model.embed_tokens.weight": (WORDS, WIDTH),
    "model.layers.0.input_layernorm.weight": (WIDTH,),
    "model.layers.0.mlp.down_proj.weight": (WIDTH, INNER),
    "model.layers.0.mlp.gate_proj.weight": (INNER, WIDTH),
    "model.layers.0.mlp.up_proj.weight": (INNER, WIDTH),
    "model.layers.0.post_attention_layernorm.weight": (WIDTH,),
    "model.layers.0.self_attn.k_proj.weight": (4, WIDTH),
    "model.layers.0.self_attn.o_proj.weight": (WIDTH, WIDTH),
    "model.layers.0.self_attn.q_proj.weight": (WIDTH, WIDTH),
    "model.layers.0.self_attn.v_proj.weight": (4, WIDTH),
    "model.norm.weight": (WIDTH,),
}
TOKENIZER: dict[str, Any] = {
    "version": "1.0",
    "added_tokens": [
        {
            "id": number,
            "content": word,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for number, word in enumerate(("<|im_start|>", "<|im_end|>"))
    ],
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
    "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
    "model": {
        "type": "BPE",
        "vocab": {"<|im_start|>": 0, "<|im_end|>": 1, **{chr(97 + number): number + 2 for number in range(10)}},
        "merges": [],
    },
}
ADAPTER_CONFIG: dict[str, Any] = {
    "peft_type": "LORA",
    "task_type": "CAUSAL_LM",
    "r": 2,
    "lora_alpha": 2,
    "target_modules": ["q_proj"],
    "bias": "none",
    "base_model_name_or_path": "somebody/tiny-llama",
}


def header_of(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    """A safetensors header of float32 tensors, one behind the other."""
    header: dict[str, Any] = {}
    end = 0
    for name, shape in shapes.items():
        begin, size = end, 4
        for length in shape:
            size *= length
        end = begin + size
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [begin, end]}
    return header


def safetensors(header: Mapping[str, Any] | bytes, size: int | None = None) -> bytes:
    """A file with that header and `size` bytes of zeros, or as many as the header tells of."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    if size is None:
        table = header if not isinstance(header, bytes) else json.loads(header)
        size = max((item["data_offsets"][1] for name, item in table.items() if name != "__metadata__"), default=0)
    return struct.pack("<Q", len(text)) + text + bytes(size)


def write_json(path: Path, table: object) -> Path:
    """Write a JSON file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(table), encoding="utf-8")
    return path


def language_model(folder: Path, **config: Any) -> Path:
    """A causal language model in the hub's layout."""
    write_json(folder / "config.json", {**CONFIG, **config})
    write_json(folder / "tokenizer.json", TOKENIZER)
    (folder / "model.safetensors").write_bytes(safetensors(header_of(SHAPES)))
    return folder


def sharded_language_model(folder: Path) -> Path:
    """The same in two files with an index."""
    language_model(folder)
    (folder / "model.safetensors").unlink()
    names = list(SHAPES)
    mapped: dict[str, str] = {}
    for number, part in enumerate((names[:5], names[5:]), 1):
        file = f"model-0000{number}-of-00002.safetensors"
        (folder / file).write_bytes(safetensors(header_of({name: SHAPES[name] for name in part})))
        mapped |= dict.fromkeys(part, file)
    write_json(folder / "model.safetensors.index.json", {"metadata": {"total_size": 1}, "weight_map": mapped})
    return folder


def in_hub_cache(model: Path, cache: Path, name: str = "somebody--tiny-llama") -> Path:
    """The files of a folder as a hub's cache keeps them: links into blobs, large ones named by their SHA-256."""
    repository = cache / f"models--{name}"
    snapshot = repository / "snapshots" / "0123abcd"
    snapshot.mkdir(parents=True)
    (repository / "blobs").mkdir()
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0123abcd")
    for path in sorted(model.iterdir()):
        content = path.read_bytes()
        digest = (
            hashlib.sha256(content).hexdigest() if path.suffix == ".safetensors" else hashlib.sha1(content).hexdigest()
        )
        (repository / "blobs" / digest).write_bytes(content)
        (snapshot / path.name).symlink_to(Path("../../blobs") / digest)
    return repository


def adapter(folder: Path, **config: Any) -> Path:
    """A LoRA adapter as PEFT writes it."""
    write_json(folder / "adapter_config.json", {**ADAPTER_CONFIG, **config})
    stem = "base_model.model.model.layers.0.self_attn.q_proj"
    shapes = {f"{stem}.lora_A.weight": (2, WIDTH), f"{stem}.lora_B.weight": (WIDTH, 2)}
    (folder / "adapter_model.safetensors").write_bytes(safetensors(header_of(shapes)))
    return folder


def _text(value: str | bytes) -> bytes:
    encoded = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<Q", len(encoded)) + encoded


def gguf_field(key: str, value: str | int | list[str]) -> bytes:
    """A pair of a GGUF header."""
    if isinstance(value, str):
        return _text(key) + struct.pack("<I", 8) + _text(value)
    if isinstance(value, int):
        return _text(key) + struct.pack("<II", 4, value)
    return _text(key) + struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(_text, value))


def gguf_tensor(name: str, length: int, offset: int, kind: int = 0) -> bytes:
    """A tensor of so many numbers, float32 where no other kind is named."""
    return _text(name) + struct.pack("<IQIQ", 1, length, kind, offset)


def gguf_bytes(fields: list[bytes], tensors: list[bytes], data: int, counts: tuple[int, int] | None = None) -> bytes:
    """A GGUF file with `data` bytes behind its header."""
    num_tensors, num_fields = counts or (len(tensors), len(fields))
    head = b"GGUF" + struct.pack("<IQQ", 3, num_tensors, num_fields) + b"".join(fields) + b"".join(tensors)
    return head + bytes(-len(head) % 32) + bytes(data)


def gguf_model(path: Path, template: str | None = None) -> Path:
    """A language model in one GGUF file."""
    fields = [
        gguf_field("general.architecture", "llama"),
        gguf_field("llama.block_count", 1),
        gguf_field("tokenizer.ggml.tokens", ["<|im_start|>", "a", "b"]),
        *([gguf_field("tokenizer.chat_template", template)] if template is not None else []),
        gguf_field("general.name", "tiny"),
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gguf_bytes(fields, [gguf_tensor("a", 8, 0), gguf_tensor("b", 8, 32)], 64))
    return path


def own_model(root: Path, model_id: str = "gap-tiny", kind: ModelKind = ModelKind.PREDICTOR, **card: Any) -> Path:
    """A model with a card of ours, in `root/kind/id`."""
    folder = root / kind.value / model_id
    folder.mkdir(parents=True)
    content = safetensors(header_of({"w": (2, 2)}))
    (folder / "weights.safetensors").write_bytes(content)
    files = (ModelFile("weights.safetensors", hashlib.sha256(content).hexdigest()),)
    made = ModelCard(
        **{
            "id": model_id,
            "kind": kind,
            "version": "1",
            "backend": "crystal_studio.engines.predictors.properties:create",
            "files": files,
            **card,
        }
    )
    (folder / "model.toml").write_text(card_to_toml(made), encoding="utf-8")
    return folder


def wheel(path: Path, files: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """A wheel with those files."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path
