"""Chemeleon's weights give their own answers in our networks, with the published package as the reference.

The reference runs in an environment that the test makes and throws away: torch first, in the very version of ours, then
the package `chemeleon` without what it declares (a notebook server, dashboards), then what importing it needs.
`transformers` is held below 5 there, because the package calls a method that 5 no longer has; ours stays as it is, so
BERT is compared across the two versions. Nothing of the package is replaced: it brings its own scatter, so
torch_scatter is not needed, and its text encoder is found as a local folder, so nothing is fetched from a model hub.
The checkpoints are written by Lightning's trainer, have random weights, and reach our side only through the converter.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from crystal_studio.engines.alignment import chemeleon_clip
from crystal_studio.engines.devices.checkpoint_conversion import convert
from crystal_studio.engines.diffusion.chemeleon_steps import Cells, StepNoise, Wish, species_logits, step_back
from crystal_studio.engines.nets.chemeleon_net import ChemeleonClip
from crystal_studio.engines.sampling import chemeleon
from crystal_studio.engines.sampling.chemeleon_import import take_in

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

REFERENCE = Path(__file__).parents[1] / "chemeleon_reference.py"
PACKAGE = "chemeleon==0.1.3"
IMPORTS = ("torch_geometric", "pytorch-lightning", "torchmetrics", "ase", "einops", "wandb", "pydantic", "requests")
TEXTS = ["NaCl, cubic", "SrTiO3 crystal, cubic, cubic, cubic, cubic, cubic, cubic", "unknown words"]
ATOMS = [1, 3, 5]
CLOSE = 1e-5


@dataclass(frozen=True)
class Parity:
    """What the published code answered, and our side loaded from what it saved."""

    answers: dict[str, Tensor]
    clip: ChemeleonClip
    sampler: chemeleon.ChemeleonSampler
    aligner_tokens: Tensor


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the checkpoints and the answers of the published code.

    `CHEMELEON_PYTHON` may name the interpreter of such an environment that is there already.
    """
    folder = tmp_path_factory.mktemp("reference")
    python = os.environ.get("CHEMELEON_PYTHON") or str(_environment(tmp_path_factory.mktemp("environment")))
    done = subprocess.run([python, str(REFERENCE), str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def _environment(folder: Path) -> Path:
    """A fresh environment with the published package; the test is skipped where no package index can be reached."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    torch_version = version("torch").partition("+")[0]
    for packages in ([f"torch=={torch_version}"], ["--no-deps", PACKAGE], [*IMPORTS, "transformers<5"]):
        done = subprocess.run(
            [python, "-m", "pip", "install", "--quiet", *packages], capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.skip(f"the reference cannot be installed: {done.stderr.strip().splitlines()[-1]}")
    return python


@pytest.fixture(scope="module")
def parity(reference: Path, tmp_path_factory: pytest.TempPathFactory) -> Parity:
    folder = tmp_path_factory.mktemp("ours")
    encoder = reference / "lfoppiano" / "MatTPUSciBERT"
    for name in ("clip", "chemeleon"):
        convert(reference / f"{name}.ckpt", folder / "converted" / name)
        take_in(folder / "converted" / name, folder / name, encoder)
    aligner = chemeleon_clip.create(folder / "clip", {"device": "cpu"})
    assert isinstance(aligner.model, chemeleon_clip.UnitVectors)
    return Parity(
        load_file(reference / "reference.safetensors"),
        aligner.model.clip,
        chemeleon.create(folder / "chemeleon", {"device": "cpu"}),
        aligner.tokenizer.encode_batch(TEXTS),
    )


def compare(what: str, ours: Tensor, theirs: Tensor) -> None:
    """Equal to 1e-5, as a share of the largest value where that is above one.

    Not of each value: an entry of a lattice matrix may be what is left of two large numbers, and then keeps their
    rounding.
    """
    assert ours.shape == theirs.shape
    difference = float((ours - theirs).abs().max())
    largest = float(theirs.abs().max())
    print(f"{what}: largest difference {difference:.1e}, largest value {largest:.1e}", file=sys.stderr)
    assert difference <= CLOSE * max(1.0, largest), what


def padded(flat: Tensor) -> Tensor:
    """(atoms of all, ...) -> (B, N, ...), zeros behind the smaller crystals."""
    return torch.nn.utils.rnn.pad_sequence(list(flat.split(ATOMS)), batch_first=True)


def flat(padded_BN: Tensor) -> Tensor:
    """Inverse of `padded`."""
    return torch.cat([row[:atoms] for row, atoms in zip(padded_BN, ATOMS, strict=True)])


def mask() -> Tensor:
    return torch.arange(max(ATOMS)) < torch.tensor(ATOMS)[:, None]


@torch.no_grad()
def test_that_texts_have_the_published_tokens_and_vectors(parity):
    assert torch.equal(parity.aligner_tokens, parity.answers["tokens"])
    compare("BERT", parity.clip.text.encoder(parity.aligner_tokens), parity.answers["clip.bert"])
    compare("text side of Crystal CLIP", parity.clip.text(parity.aligner_tokens), parity.answers["clip.text"])
    own = parity.sampler.text(parity.sampler.pieces.encode_batch(TEXTS))
    compare("text encoder of the denoiser", own, parity.answers["text.clip"])


@torch.no_grad()
def test_that_crystals_have_the_published_vectors(parity):
    answers = parity.answers
    ours = parity.clip.encode_crystal(
        padded(answers["atom_types"]), padded(answers["frac_coords"]), answers["lattices"], mask()
    )
    compare("graph side of Crystal CLIP", ours, answers["clip.graph"])


@pytest.mark.parametrize("condition", ["text", "none"])
@torch.no_grad()
def test_that_the_denoiser_predicts_as_published(parity, condition):
    answers, net = parity.answers, parity.sampler.net
    has_text = torch.full((len(ATOMS),), condition == "text")
    text = torch.where(has_text[:, None], answers["text.clip"], net.no_text)
    compare(f"condition ({condition})", net.text_embedding(text), answers[f"{condition}.embedded"])
    ours = net(
        padded(answers["atom_types"]),
        padded(answers["frac_coords"]),
        answers["lattices"],
        mask(),
        answers["decoder.t"],
        answers["text.clip"],
        has_text,
    )
    compare(f"species ({condition})", flat(ours.species_BNC), answers[f"{condition}.species"])
    compare(f"lattice ({condition})", ours.lattice_B33, answers[f"{condition}.lattice"])
    compare(f"coordinates ({condition})", flat(ours.shift_BN3), answers[f"{condition}.shift"])


def test_that_the_chain_of_the_species_is_the_published_one(parity):
    answers = parity.answers
    t, noisy, clean = (answers[f"chain.{name}"] for name in ("t", "noisy", "clean"))
    ours = species_logits(parity.sampler.schedule, noisy[:, None], clean[:, None], t, t - 1)
    compare("logits of the species at the step before", ours[:, 0], answers["chain.logits"])


@pytest.mark.parametrize(("start", "step"), [(1000, 0), (1000, 1), (500, 1), (60, 1), (2, 1)])
def test_that_a_step_of_sampling_ends_where_the_published_one_does(parity, start, step):
    """The first step from a start below T is not compared: the published sampler then holds the lattice as at T."""
    answers, sampler = parity.answers, parity.sampler
    before, after = (
        {name: answers[f"{start}.state{index}.{name}"] for name in ("atom_types", "frac_coords", "lattices")}
        for index in (step, step + 1)
    )
    cells = Cells(padded(before["atom_types"]), padded(before["frac_coords"]), before["lattices"], mask())
    t = torch.full((len(ATOMS),), start - step)
    wish = Wish(answers["text.clip"], torch.ones(len(ATOMS), dtype=torch.bool))
    noise = _noise(answers, f"{start}.step{step}.")
    ours = step_back(sampler.net, sampler.schedule, cells, (t, t - 1), wish, chemeleon.PUBLISHED, noise)
    assert torch.equal(flat(ours.species_BN), after["atom_types"])
    compare(f"lattice at t = {start - step - 1}", ours.lattice_B33, after["lattices"])
    apart = flat(ours.frac_BN3) - after["frac_coords"]
    compare(f"coordinates at t = {start - step - 1}", apart - apart.round(), torch.zeros_like(apart))


def _noise(answers: dict[str, Tensor], prefix: str) -> StepNoise:
    """The random numbers of a step; the last one draws none."""
    if f"{prefix}lattice" not in answers:
        zeros = torch.zeros(len(ATOMS), max(ATOMS), 3)
        return StepNoise(torch.zeros(len(ATOMS), max(ATOMS), 104), torch.zeros(len(ATOMS), 3, 3), zeros, zeros)
    lattice = answers[f"{prefix}lattice"]
    others = (padded(answers[f"{prefix}{name}"]) for name in ("species", "predictor", "corrector"))
    species, predictor, corrector = others
    return StepNoise(species, lattice, predictor, corrector)
