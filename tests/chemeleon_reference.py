"""Run by the interpreter of an environment that has the published package `chemeleon`, and never by ours.

    python chemeleon_reference.py FOLDER

Makes a text encoder from a configuration and networks with random weights, saves them as Lightning saves a checkpoint,
and writes what the published code answers to random inputs, as `FOLDER/reference.safetensors`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytorch_lightning as lightning
import torch
from chemeleon.modules import chemeleon as published
from chemeleon.text_encoder.crystal_clip import CrystalClip
from safetensors.torch import save_file
from torch_geometric.data import Batch, Data
from transformers import BertConfig, BertModel

ENCODER = "lfoppiano/MatTPUSciBERT"  # the published name; a folder of that name is taken before the network is asked
WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "na",
    "##cl",
    "sr",
    "##ti",
    "##o",
    "##3",
    "cubic",
    "crystal",
    ",",
]
TEXTS = ["NaCl, cubic", "SrTiO3 crystal, cubic, cubic, cubic, cubic, cubic, cubic", "unknown words"]
ATOMS = [1, 3, 5]
STEPS = 1000
CONFIG = {
    "hidden_dim": 32, "time_dim": 32, "text_dim": 48, "max_atoms": 104, "num_layers": 3, "act_fn": "silu",
    "dis_emb": "sin", "num_freqs": 128, "edge_style": "fc", "max_neighbors": 20, "cutoff": 6.0, "ln": True, "ip": True,
    "smooth": False, "pred_atom_types": True, "text_guide": True, "text_targets": ["prompt"], "text_encoder": ENCODER,
    "trainable_text_encoder": False, "text_embed_dim": 64, "max_text_len": 16, "cond_drop_prob": 0.2,
    "beta_schedule": "cosine", "timesteps": STEPS, "max_num_atoms": 50, "cost_atom_types": 1.0, "cost_lattice": 1.0,
    "cost_coords": 1.0, "d3pm_hybrid_coeff": 1.0, "clip_dim": 64, "label_smoothing": 0.1, "graph_pooling": "mean",
    "graph_encoder_lr": 1e-4, "text_encoder_lr": 1e-5, "optimizer": "adam", "lr": 1e-3, "weight_decay": 0,
    "scheduler": "reduce_on_plateau", "patience": 200, "cond_scale": 2.0,
}  # fmt: skip


def write_text_encoder() -> None:
    folder = Path(ENCODER)
    sizes = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 256}
    BertModel(BertConfig(vocab_size=len(WORDS), max_position_embeddings=32, **sizes)).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"do_lower_case": True, "tokenizer_class": "BertTokenizer"})
    )


def with_random_weights(model: torch.nn.Module) -> torch.nn.Module:
    """Every weight moved, the norms' too, so that no two of one shape are alike."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model.eval()


def save(model: lightning.LightningModule, path: str) -> None:
    trainer = lightning.Trainer(accelerator="cpu", devices=1, logger=False, enable_checkpointing=False)
    trainer.strategy.connect(model)
    trainer.save_checkpoint(path)


def crystals() -> Batch:
    lattices = torch.randn(len(ATOMS), 3, 3) * torch.tensor([[1, 0, 1], [1, 1, 1], [0, 0, 1]]) + 4 * torch.eye(3)
    return Batch.from_data_list(
        [
            Data(
                atom_types=torch.randint(1, 104, (atoms,)),
                frac_coords=torch.rand(atoms, 3),
                lattices=lattice[None],
                natoms=torch.tensor([atoms]),
                num_nodes=atoms,
            )
            for atoms, lattice in zip(ATOMS, lattices, strict=True)
        ]
    )


def decoder_answers(model: published.Chemeleon, batch: Batch) -> dict[str, torch.Tensor]:
    """The denoiser at three different steps, with the text and without one."""
    t = torch.tensor([STEPS, 437, 1])
    answers = {"decoder.t": t}
    for name, dropped in (("text", 0.0), ("none", 1.0)):
        embedded = model.text_encoder.get_text_embeds(TEXTS, dropped, device="cpu")
        out = model.decoder(
            atom_types=batch.atom_types, frac_coords=batch.frac_coords, lattices=batch.lattices,
            num_atoms=batch.natoms, node2graph=batch.batch, t=model.time_embed(t), text_embeds=embedded,
        )  # fmt: skip
        answers |= {f"{name}.embedded": embedded, f"{name}.species": out.atom_types_out}
        answers |= {f"{name}.lattice": out.lattice_out, f"{name}.shift": out.coords_out}
    return answers


def posterior_answers(model: published.Chemeleon) -> dict[str, torch.Tensor]:
    """The species' chain at several steps, for absorbed and for revealed atoms."""
    t = torch.tensor([STEPS, STEPS - 1, 600, 600, 37, 3, 2, 2, 1, 1])
    noisy = torch.tensor([0, 0, 0, 8, 22, 38, 0, 11, 0, 17])
    clean = 3 * torch.randn(len(t), 104)
    logits = model.d3pm.q_posterior_logits(clean, noisy, t, is_x_0_one_hot=True)
    return {"chain.t": t, "chain.noisy": noisy, "chain.clean": clean, "chain.logits": logits}


def step_answers(model: published.Chemeleon, start: int) -> dict[str, torch.Tensor]:
    """Two steps of the published sampler from ``start``: the states between them, and the random numbers it drew."""
    states: list[dict[str, torch.Tensor]] = []
    stock = published.TrajectoryStep

    def recording(**fields: torch.Tensor) -> published.TrajectoryStep:
        states.append({name: value.clone() for name, value in fields.items()})
        return stock(**fields)

    published.TrajectoryStep = recording
    model.beta_scheduler.timesteps = start
    torch.manual_seed(start)
    sampler = model._sample_generator(ATOMS, TEXTS, cond_scale=2.0)
    for _ in range(2):
        next(sampler)
    published.TrajectoryStep, model.beta_scheduler.timesteps = stock, STEPS
    answers = {
        f"{start}.state{index}.{name}": state[name]
        for index, state in enumerate(states)
        for name in ("atom_types", "frac_coords", "lattices")
    }
    return answers | {f"{start}.{name}": value for name, value in drawn(start).items()}


def drawn(start: int) -> dict[str, torch.Tensor]:
    """The random numbers of those two steps, drawn again in the published order."""
    torch.manual_seed(start)
    lattice, frac = (len(ATOMS), 3, 3), (sum(ATOMS), 3)
    torch.randn(lattice), torch.randn(frac)
    out = {}
    for step in (0, 1):
        if start - step > 1:
            out[f"step{step}.species"] = torch.rand(sum(ATOMS), 104)
            out[f"step{step}.lattice"] = torch.randn(lattice)
            out[f"step{step}.predictor"] = torch.randn(frac)
            out[f"step{step}.corrector"] = torch.randn(frac)
    return out


@torch.no_grad()
def main(folder: Path) -> None:
    os.chdir(folder)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    write_text_encoder()
    clip = with_random_weights(CrystalClip(dict(CONFIG)))
    save(clip, "clip.ckpt")
    model = with_random_weights(published.Chemeleon(dict(CONFIG), path_ckpt_clip="clip.ckpt"))
    save(model, "chemeleon.ckpt")
    batch = crystals()
    answers = {"atom_types": batch.atom_types, "frac_coords": batch.frac_coords, "lattices": batch.lattices}
    tokens = clip.tokenizer(TEXTS, padding="longest", max_length=16, truncation=True, return_tensors="pt")
    answers |= {"tokens": tokens.input_ids, "clip.text": clip.get_text_embeds(TEXTS)}
    answers |= {"clip.bert": clip.text_encoder(tokens.input_ids, tokens.attention_mask).last_hidden_state[:, 0]}
    answers |= {"clip.graph": clip.get_graph_embeds(batch), "text.clip": model.text_encoder.text_encode(TEXTS, "cpu")}
    answers |= decoder_answers(model, batch) | posterior_answers(model)
    for start in (STEPS, 500, 60, 2):
        answers |= step_answers(model, start)
    save_file({name: value.contiguous() for name, value in answers.items()}, "reference.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
