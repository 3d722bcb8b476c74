"""Stage ``prototypes``: fit the prototype model, judge it beside the individual-template baseline, write its card.

    python -m crystal_studio.training.prototypes fit|metric|evaluate --data FOLDER --card FOLDER

Fitted on `train` (20 atoms or fewer), then its distance learned there; epochs and weights are chosen on `val`; `test`
is for reporting.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from crystal_studio.engines.sampling.prototypes import PrototypeModel
from crystal_studio.engines.sampling.prototypes_bank import Bank, load_bank, save_bank
from crystal_studio.engines.sampling.prototypes_ranking import Metric, Weights
from crystal_studio.training.data import DATA_VARIABLE, Record, read_descriptions, read_json_lines, sha256_of
from crystal_studio.training.prototypes_evaluate import BASELINE, Given, match_rates
from crystal_studio.training.prototypes_fit import Member, fingerprint_of, fit, member_of
from crystal_studio.training.prototypes_metric import Asked, lookups, own_compounds, train

MAX_ATOMS = 20
_FILE = "prototypes.npz"
_METRIC = "metric.npz"
_EPOCHS = 4
_LEARNED = "metric_"  # begins what the card says of how the distance was learned
_CARD = """id = "{identifier}"
kind = "prototypes"
version = "1"
backend = "crystal_studio.engines.sampling.prototypes:create"
default = true
memory_mb = 60

{files}
[options]
file = "{file}"
{weights}
[provenance]
data = "Materials Project (Jain et al. 2013, Horton et al. 2025), train split, crystals of {atoms} atoms or fewer"
data_sha256 = "{data_sha256}"
rows = {rows}
classes = {classes}
licence = "CC BY 4.0 (data of the Materials Project; anonymised derived parameters)"
tuned_on = "val"
{learned}limits = "Knows only prototypes seen in training, {atoms} atoms at most in the primitive cell; half of the \
classes have a single member. Never scored with a template of the compound asked for."
{metrics}"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the stage."""
    options = _parser().parse_args(arguments)
    data, folder = Path(options.data), Path(options.card)
    if options.action == "fit":
        bank = fit_bank(data)
        save_bank(bank, folder / _FILE)
        (folder / _METRIC).unlink(missing_ok=True)  # learned on another bank
        write_card(folder, bank, data, {})
        return
    bank = load_bank(folder / _FILE)
    if options.action == "metric":
        learned, told = fit_metric(bank, data, options.epochs, options.seed)
        learned.save(folder / _METRIC)
        write_card(folder, bank, data, {}, told)
        return
    metric = Metric.load(folder / _METRIC) if (folder / _METRIC).exists() else None
    figures = evaluate(bank, metric, records_of(data, options.split, options.limit))
    _say({"split": options.split, **figures})
    write_card(folder, bank, data, {**_metrics_of(folder), options.split: figures}, _learned_of(folder))


def fit_bank(data: Path) -> Bank:
    """Fit on the training split of a data folder."""
    described = data / "descriptions.jsonl.gz"
    return fit(records_of(data, "train", None), read_descriptions(described) if described.exists() else {})


def fit_metric(bank: Bank, data: Path, epochs: int, seed: int) -> tuple[Metric, dict[str, Any]]:
    """Learn the distance on the bank's own compounds, the best epoch on `val`; and what the card says of it."""
    families = [lookups(bank, family, own_compounds(bank, family)) for family in bank.families.values()]
    checks = [
        lookups(bank, bank.families[anonymous], asked)
        for anonymous, asked in _asked(records_of(data, "val", None)).items()
        if anonymous in bank.families
    ]
    net, loss = train(families, checks, epochs, seed)
    told = {"epochs": epochs, "seed": seed, "val_loss_nats": round(loss, 4)}
    _say(told)
    return net.exported(Weights()), {f"{_LEARNED}{name}": value for name, value in told.items()}


def _asked(records: Sequence[Record]) -> dict[tuple[int, ...], Asked]:
    """Compounds to look up, by anonymous formula."""
    members: dict[tuple[int, ...], list[Member]] = {}
    for record in records:
        if (member := member_of(record)) is not None:
            members.setdefault(member.key[0], []).append(member)
    return {
        anonymous: Asked(
            elements=np.array([member.numbers for member in group]),
            fingerprints=np.stack([fingerprint_of(member) for member in group]).astype(np.float32),
            formula_units=np.array([sum(member.counts) // sum(anonymous) for member in group]),
            space_groups=np.array([member.key[1] for member in group]),
        )
        for anonymous, group in members.items()
    }


def records_of(data: Path, split: str, limit: int | None) -> list[Record]:
    """Crystals of one split with at most 20 atoms; with a limit, the sample that the published baseline draws."""
    records = [r for r in read_json_lines(data / "crystals" / f"{split}.jsonl.gz") if len(r.crystal) <= MAX_ATOMS]
    if limit is None or limit >= len(records):
        return records
    return random.Random(0).sample(records, limit)


def evaluate(bank: Bank, metric: Metric | None, records: Sequence[Record]) -> dict[str, Any]:
    """Match rates given the composition, and given the space group too, beside the baseline on the same rows."""
    ours, baseline = PrototypeModel(bank, Weights(), metric), PrototypeModel(bank, BASELINE)
    return {
        "composition": match_rates(ours, records, Given()),
        "composition_baseline": match_rates(baseline, records, Given()),
        "space_group": match_rates(ours, records, Given(space_group=True)),
        "space_group_baseline": match_rates(baseline, records, Given(space_group=True)),
        "any_formula_units": match_rates(ours, records, Given(formula_units=False)),
    }


def write_card(
    folder: Path, bank: Bank, data: Path, metrics: dict[str, Any], learned: dict[str, Any] | None = None
) -> None:
    """Write `model.toml` with hashes, weights, how the distance was learned, and the figures known so far."""
    weights = "".join(f"{name} = {value}\n" for name, value in asdict(Weights()).items())
    present = [name for name in (_FILE, _METRIC) if (folder / name).exists()]
    if _METRIC in present:
        weights += f'metric = "{_METRIC}"\n'
    text = _CARD.format(
        identifier=folder.name,
        file=_FILE,
        files="".join(f'[[files]]\npath = "{n}"\nsha256 = "{sha256_of(folder / n)}"\n\n' for n in present),
        weights=weights,
        atoms=MAX_ATOMS,
        data_sha256=sha256_of(data / "crystals" / "train.jsonl.gz"),
        rows=len(bank),
        classes=len(bank.class_space_group),
        learned="".join(f"{name} = {value}\n" for name, value in (learned or {}).items()),
        metrics="".join(_tables(split, figures) for split, figures in metrics.items()),
    )
    (folder / "model.toml").write_text(text, encoding="utf-8")


def _tables(split: str, figures: dict[str, Any]) -> str:
    return "".join(
        f"\n[provenance.metrics.{split}.{given}]\n"
        + "".join(f"{name} = {round(value, 4)}\n" for name, value in values.items() if value is not None)
        for given, values in figures.items()
    )


def _metrics_of(folder: Path) -> dict[str, Any]:
    """Figures already on the card, by split."""
    found: dict[str, Any] = _provenance_of(folder).get("metrics", {})
    return found


def _learned_of(folder: Path) -> dict[str, Any]:
    """What the card already says of how the distance was learned."""
    return {name: value for name, value in _provenance_of(folder).items() if name.startswith(_LEARNED)}


def _provenance_of(folder: Path) -> dict[str, Any]:
    card = folder / "model.toml"
    if not card.exists():
        return {}
    found: dict[str, Any] = tomllib.loads(card.read_text(encoding="utf-8"))["provenance"]
    return found


def _say(figures: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(figures) + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m crystal_studio.training.prototypes", description=__doc__)
    parser.add_argument("action", choices=["fit", "metric", "evaluate"])
    parser.add_argument("--data", default=os.environ.get(DATA_VARIABLE, "data"), help=f"folder (or ${DATA_VARIABLE})")
    parser.add_argument("--card", default="models_registry/prototypes/prototypes-mp", help="folder of the model")
    parser.add_argument("--split", default="val", choices=["val", "test", "chemeleon"])
    parser.add_argument("--limit", type=int, default=None)
    parser.add_argument("--epochs", type=int, default=_EPOCHS, help="of metric")
    parser.add_argument("--seed", type=int, default=0, help="of metric")
    return parser


if __name__ == "__main__":
    main()
