"""Take a published Chemeleon checkpoint, converted to safetensors, into the registry.

    python -m crystal_studio.engines.sampling.chemeleon_import CONVERTED_FOLDER TARGET_FOLDER [TEXT_ENCODER_FOLDER]

CONVERTED_FOLDER is what `checkpoint_conversion` writes. TARGET_FOLDER, named by the model's id, must not be there yet;
it gets the weights, the configuration, the vocabulary and a card: a denoiser from `chemeleon-*.ckpt`, an aligner from
`clip-*.ckpt`. A denoiser needs no second file: its checkpoint holds the text side too.

What a checkpoint does not hold, and a person must bring, are the word pieces of its text encoder. TEXT_ENCODER_FOLDER
(else CONVERTED_FOLDER) holds what the encoder's own repository does, `lfoppiano/MatTPUSciBERT` for the published ones:

* ``vocab.txt``: needed, one word piece a line, as many as the checkpoint's embedding has rows;
* ``tokenizer_config.json``: says by ``do_lower_case`` whether texts are read in small letters; without it they are;
* ``config.json``: says how many attention heads there are; without it, one for each 64 features, as in every BERT of
  the usual sizes.

The exit status is 0, or 2 with one sentence on stderr.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from crystal_studio.domain.card_toml import card_to_toml
from crystal_studio.domain.errors import StudioError, UserCorrectable
from crystal_studio.domain.model_card import ModelCard, ModelFile, ModelKind
from crystal_studio.engines.devices.checkpoint_conversion import HYPERPARAMETERS
from crystal_studio.engines.devices.checkpoint_conversion import WEIGHTS as CONVERTED_WEIGHTS
from crystal_studio.engines.devices.model_folder import CONFIGURATION, VOCABULARY, WEIGHTS, part_of
from crystal_studio.engines.nets.chemeleon_net import (
    ChemeleonClip,
    ChemeleonDenoiser,
    ChemeleonGraphConfig,
    ChemeleonText,
    ChemeleonTextConfig,
)
from crystal_studio.engines.nets.text_encoder import TextEncoderConfig
from crystal_studio.engines.nets.word_pieces import SPECIAL, WordPieces
from crystal_studio.engines.sampling.chemeleon_keys import (
    Published,
    bert_prefix,
    clip_weights,
    condition_sizes,
    denoiser_weights,
    graph_sizes,
    shared_size,
)

_BACKENDS = {
    ModelKind.DENOISER: "crystal_studio.engines.sampling.chemeleon:create",
    ModelKind.ALIGNER: "crystal_studio.engines.alignment.chemeleon_clip:create",
}
_NEEDED: Mapping[str, Any] = {
    "act_fn": "silu", "dis_emb": "sin", "edge_style": "fc", "ln": True, "ip": True, "smooth": False,
}  # fmt: skip
_NEEDED_OF_KIND: Mapping[ModelKind, Mapping[str, Any]] = {
    ModelKind.DENOISER: {"text_guide": True, "pred_atom_types": True},
    ModelKind.ALIGNER: {"graph_pooling": "mean"},
}
_HEAD_FEATURES, _LONGEST_TEXT = 64, 256
_MOST_JSON_BYTES, _MOST_VOCABULARY_BYTES = 1_000_000, 20_000_000
_PIECES_AT_MOST = "vocab.txt, with the word pieces of the text encoder (lfoppiano/MatTPUSciBERT for the published ones)"


@dataclass(frozen=True)
class _Checkpoint:
    """A converted checkpoint: weights by published name, and the settings that it was trained with."""

    published: Published
    settings: Mapping[str, Any]

    @property
    def kind(self) -> ModelKind:
        return ModelKind.DENOISER if self.published.is_denoiser else ModelKind.ALIGNER

    def check(self) -> None:
        """Raises UserCorrectable where the networks were built in a way that was never published."""
        for name, value in {**_NEEDED, **_NEEDED_OF_KIND[self.kind]}.items():
            if self.settings.get(name, value) != value:
                raise UserCorrectable(
                    f"This checkpoint was trained with {name} = {self.settings[name]!r}; only {value!r} is known here."
                )

    @property
    def longest_text(self) -> int:
        """Tokens of a text at most."""
        said = self.settings.get("max_text_len", _LONGEST_TEXT)
        return min(said, self.positions) if isinstance(said, int) and said > 2 else self.positions

    @property
    def positions(self) -> int:
        """Tokens that the text encoder has positions for."""
        return self.bert("embeddings.position_embeddings.weight").shape[0]

    def bert(self, name: str) -> Tensor:
        """A weight of the text encoder."""
        return self.published[f"{bert_prefix(self.published)}{name}"]


def take_in(converted: Path, target: Path, text_encoder: Path | None = None) -> ModelCard:
    """Write the model's folder, whole or not at all, and return its card.

    Raises:
        UserCorrectable: a file is missing or does not fit; says which, and what to bring.
    """
    if target.exists():
        raise UserCorrectable(f"{target} is there already. Name a new folder.")
    checkpoint = _read(converted)
    checkpoint.check()
    brought = converted if text_encoder is None else text_encoder
    pieces = _word_pieces(brought, checkpoint)
    text = _text_config(brought, checkpoint, len(pieces.vocabulary))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".taking-in-") as made:
            partial = Path(made) / target.name
            partial.mkdir()
            card = _write(partial, checkpoint, text, pieces)
            partial.rename(target)
    except OSError as error:
        raise UserCorrectable(f"{target} cannot be written ({error.strerror}). Name another folder.") from error
    return card


def _read(converted: Path) -> _Checkpoint:
    try:
        weights = load_file(converted / CONVERTED_WEIGHTS)
        document = json.loads((converted / HYPERPARAMETERS).read_text(encoding="utf-8"))
    except (OSError, ValueError, SafetensorError) as error:
        raise UserCorrectable(f"{converted} holds no converted checkpoint. Convert the checkpoint first.") from error
    same_as: dict[str, str] = document.get("same_as", {})
    weights |= {name: weights[other] for name, other in same_as.items() if other in weights}
    settings = document.get("hyper_parameters", {})
    inner = settings.get("_config")
    return _Checkpoint(Published(weights), {**(inner if isinstance(inner, dict) else {}), **settings})


def _word_pieces(folder: Path, checkpoint: _Checkpoint) -> WordPieces:
    path = folder / "vocab.txt"
    if not path.is_file() or path.stat().st_size > _MOST_VOCABULARY_BYTES:
        raise UserCorrectable(f"{folder} has no {_PIECES_AT_MOST}. Put it there.")
    vocabulary = tuple(path.read_text(encoding="utf-8").splitlines())
    rows = checkpoint.bert("embeddings.word_embeddings.weight").shape[0]
    if len(vocabulary) != rows or vocabulary[0] != SPECIAL[0] or not set(SPECIAL) <= set(vocabulary):
        raise UserCorrectable(
            f"{path} is not the vocabulary of this checkpoint: it has {len(vocabulary)} word pieces, the checkpoint "
            f"{rows}. Bring {_PIECES_AT_MOST}."
        )
    lowercase = _plain(folder / "tokenizer_config.json").get("do_lower_case", True)
    return WordPieces(vocabulary, bool(lowercase), checkpoint.longest_text)


def _text_config(folder: Path, checkpoint: _Checkpoint, vocabulary: int) -> ChemeleonTextConfig:
    hidden = checkpoint.bert("embeddings.word_embeddings.weight").shape[1]
    inner = checkpoint.bert("encoder.layer.0.intermediate.dense.weight").shape[0]
    named = checkpoint.published.under(f"{bert_prefix(checkpoint.published)}encoder.layer.")
    layers = len({name.partition(".")[0] for name in named})
    heads = _plain(folder / "config.json").get("num_attention_heads", max(hidden // _HEAD_FEATURES, 1))
    if inner != 4 * hidden or not isinstance(heads, int) or not 1 <= heads <= hidden or hidden % heads:
        raise UserCorrectable("The text encoder is no BERT of the usual shape. Only those are known here.")
    encoder = TextEncoderConfig(vocabulary, checkpoint.positions, hidden, layers, heads, kind="bert")
    return ChemeleonTextConfig(encoder, shared_size(checkpoint.published))


def _plain(path: Path) -> dict[str, Any]:
    """A JSON object, empty where there is no such file."""
    if not path.is_file() or path.stat().st_size > _MOST_JSON_BYTES:
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, ValueError) as error:
        raise UserCorrectable(f"{path} is no JSON. Fetch it again, or leave it out.") from error
    return found if isinstance(found, dict) else {}


def _write(folder: Path, checkpoint: _Checkpoint, text: ChemeleonTextConfig, pieces: WordPieces) -> ModelCard:
    config, weights = _parts(checkpoint, text)
    save_file({name: value.contiguous() for name, value in weights.items()}, folder / WEIGHTS)
    (folder / CONFIGURATION).write_text(json.dumps(config, indent=1), encoding="utf-8")
    pieces.save(folder / VOCABULARY)
    size = sum(value.numel() * value.element_size() for value in weights.values())
    card = ModelCard(
        id=folder.name,
        kind=checkpoint.kind,
        version="1",
        backend=_BACKENDS[checkpoint.kind],
        files=tuple(ModelFile(name, _sha256(folder / name)) for name in (WEIGHTS, CONFIGURATION, VOCABULARY)),
        options={"device": "auto"},
        provenance={
            "data": "as published: Materials Project crystals with texts (Park et al. 2025, Chemeleon)",
            "parameters": sum(value.numel() for value in weights.values()),
            "source": "imported from a published checkpoint",
        },
        memory_mb=-(-size * 3 // 2_000_000),
    )
    (folder / "model.toml").write_text(card_to_toml(card), encoding="utf-8")
    return card


def _parts(checkpoint: _Checkpoint, text: ChemeleonTextConfig) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Configuration and weights of the modules that a kind of checkpoint becomes.

    Raises:
        UserCorrectable: a weight is missing, one too many, or of another shape than the others ask for.
    """
    graph = ChemeleonGraphConfig(**vars(graph_sizes(checkpoint.published)))
    config = {"text": asdict(text), "graph": asdict(graph)}
    if checkpoint.kind is ModelKind.ALIGNER:
        weights = clip_weights(checkpoint.published)
        with torch.device("meta"):
            _check_fit({"clip.": ChemeleonClip(text, graph)}, weights)
        return config, weights
    time, embedded = condition_sizes(checkpoint.published)
    graph = replace(graph, condition=time + embedded)
    weights = denoiser_weights(checkpoint.published)
    with torch.device("meta"):
        modules = {"denoiser.": ChemeleonDenoiser(text, graph, time, embedded), "text.": ChemeleonText(text)}
    _check_fit(modules, weights)
    _check_schedule([value for name, value in weights.items() if name.startswith("schedule.")])
    return config | {"graph": asdict(graph), "time": time, "embedded": embedded}, weights


def _check_fit(modules: Mapping[str, nn.Module], weights: Mapping[str, Tensor]) -> None:
    for prefix, module in modules.items():
        expected = {name: value.shape for name, value in module.state_dict().items()}
        given = {name: value.shape for name, value in part_of(weights, prefix).items()}
        wrong = sorted(name for name in expected.keys() | given.keys() if expected.get(name) != given.get(name))
        if wrong:
            raise UserCorrectable(f"The weight '{wrong[0]}' does not fit the rest of this checkpoint. Fetch it again.")


def _check_schedule(tables: Sequence[Tensor]) -> None:
    """Tables of one length, of numbers from which a step can be computed."""
    if len({table.shape for table in tables}) != 1 or tables[0].dim() != 1 or not 3 <= len(tables[0]) <= 10_001:
        raise UserCorrectable("The schedules of this checkpoint are not of one length. It was not trained with them.")
    if not all(bool((table >= 0).all() and table.isfinite().all()) for table in tables):
        raise UserCorrectable("The schedules of this checkpoint hold impossible numbers.")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main(arguments: Sequence[str]) -> int:
    """Command line; a refusal is one sentence on stderr."""
    if len(arguments) not in (2, 3):
        sys.stderr.write("usage: chemeleon_import CONVERTED_FOLDER TARGET_FOLDER [TEXT_ENCODER_FOLDER]\n")
        return 2
    torch.set_num_threads(1)
    try:
        take_in(*(Path(argument) for argument in arguments))
    except StudioError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_status)
    sys.stdout.write(f"{arguments[1]}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
