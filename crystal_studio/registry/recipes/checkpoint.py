"""A pickled checkpoint of Chemeleon: recognised without being unpickled, opened only by the limited process."""

from __future__ import annotations

import pickletools
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.model_card import ModelCard, ModelKind
from crystal_studio.ports.context import JobContext
from crystal_studio.registry.converting import run_converter
from crystal_studio.registry.found_files import FoundFile, FoundFiles, file_at
from crystal_studio.registry.recipe import Part, Recipe, provenance_of

SUFFIXES = (".ckpt", ".pt", ".pth")
_CONVERTER = "crystal_studio.engines.devices.checkpoint_conversion"
_IMPORTER = "crystal_studio.engines.sampling.chemeleon_import"
_MOST_PICKLE_BYTES = 20_000_000
_PICKLE = re.compile(r"[^/]{1,200}/data\.pkl")
# A weight's name -> what the network that has it does, and its engine.
_NETWORKS = {
    "decoder.coord_out.weight": (ModelKind.DENOISER, "diffusion model"),
    "graph_proj.0.weight": (ModelKind.ALIGNER, "Crystal CLIP"),
}
_BACKENDS = {
    ModelKind.DENOISER: "crystal_studio.engines.sampling.chemeleon:create",
    ModelKind.ALIGNER: "crystal_studio.engines.alignment.chemeleon_clip:create",
}
# Of the text encoder's own repository; the first is needed, and no checkpoint holds it.
_BESIDE = ("vocab.txt", "tokenizer_config.json", "config.json")


def checkpoint(found: FoundFiles, model_id: str) -> Recipe:
    """Recognise one.

    Raises:
        UserCorrectable: there are several, or it is of no network that the studio has.
    """
    names = [name for name in found.files if name.endswith(SUFFIXES)]
    if len(names) != 1:
        raise UserCorrectable(
            f"{found.place} holds {len(names)} checkpoints ({', '.join(names[:4])}). Name one of them."
        )
    file = found.needed(names[0])
    words = frozenset(_words(file))
    kinds = [about for name, about in _NETWORKS.items() if name in words]
    if not kinds or file.real is None:
        raise UserCorrectable(
            f"'{file.name}' is a pickle, which could hold code, of no network that the studio knows. Only published "
            "checkpoints of Chemeleon and MatGL are converted; fetch any other model as safetensors or GGUF."
        )
    kind, title = kinds[0]
    beside = tuple(_found_beside(file.path.parent))
    card = ModelCard(
        id=model_id,
        kind=kind,
        version="1",
        backend=_BACKENDS[kind],
        provenance=provenance_of(found),
        memory_mb=-(-file.size // 1_000_000),
    )
    parts = (Part(file.name, file), *(Part(one.name, one) for one in beside))
    what = f"Chemeleon checkpoint ({title}), to be converted"
    return Recipe(card, what, parts, (), _conversion(file.real, file.path.parent))


def _conversion(path: Path, beside: Path) -> Callable[[Path, JobContext], None]:
    """What makes a model's folder of a checkpoint and of the word pieces that lie beside it."""

    def convert(target: Path, context: JobContext) -> None:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".converting-") as made:
            converted = Path(made) / "converted"
            run_converter(_CONVERTER, (path, converted), context)
            run_converter(_IMPORTER, (converted, target, beside), context)

    return convert


def _found_beside(folder: Path) -> Iterator[FoundFile]:
    """The files of the text encoder that lie in a checkpoint's folder.

    Raises:
        UserCorrectable: its word pieces do not.
    """
    for name in _BESIDE:
        path = folder / name
        if path.is_file() and not path.is_symlink():
            yield file_at(path)
        elif name == _BESIDE[0]:
            raise UserCorrectable(
                f"'{name}' is missing in {folder}: no checkpoint holds the word pieces of its text encoder. Put the "
                "vocab.txt of that encoder beside it (lfoppiano/MatTPUSciBERT for the published checkpoints)."
            )


def _words(file: FoundFile) -> Iterator[str]:
    """Texts in the pickle of a checkpoint, read as opcodes; nothing is built of them.

    Raises:
        UserCorrectable: it is no checkpoint as torch has written them since 1.6.
    """
    try:
        for opcode, argument, _ in pickletools.genops(_pickle(file)):
            if isinstance(argument, str) and "UNICODE" in opcode.name:
                yield argument
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError, IndexError, UnicodeError) as error:
        raise UserCorrectable(
            f"'{file.name}' is no checkpoint that can be read, or a damaged one. Fetch it again."
        ) from error


def _pickle(file: FoundFile) -> bytes:
    with file.opened() as opened, zipfile.ZipFile(opened) as archive:
        names = [info for info in archive.infolist() if _PICKLE.fullmatch(info.filename)]
        if len(names) != 1 or names[0].file_size > _MOST_PICKLE_BYTES:
            raise zipfile.BadZipFile("no single pickle of a sane size")
        with archive.open(names[0]) as member:
            return member.read(_MOST_PICKLE_BYTES)
