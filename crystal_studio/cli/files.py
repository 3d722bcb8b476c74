"""`describe`, `check`, `known`, `predict` and `relax`: one crystal file in, an answer out."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from crystal_studio.cli.console import console_context, print_json
from crystal_studio.cli.installed import InstalledEngines
from crystal_studio.cli.node_json import check_json, interval_json, known_json, measured_json, space_group_json
from crystal_studio.cli.prediction_text import measured_text, quantity_name
from crystal_studio.cli.program import Program
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import ExitStatus, StudioError, UserCorrectable
from crystal_studio.domain.pivot_grammar import PivotSyntaxError, parse_pivot
from crystal_studio.domain.validity import all_required_pass
from crystal_studio.services.screen import SYMPREC_ANGSTROM

Answer = dict[str, Any]


def add_parser(subparsers: Any) -> None:
    """Register the commands."""
    for name, action, summary in (
        ("describe", _describe, "write Robocrystallographer's description of a crystal file"),
        ("check", _check, "run every validity check on a crystal file"),
        ("known", _known, "say which known crystals and structure types a crystal file matches"),
        ("predict", _predict, "predict band gap, formation energy and energy above the hull of a crystal file"),
        ("relax", _relax, "relax a crystal file with the interatomic potential"),
    ):
        parser = subparsers.add_parser(name, help=summary)
        parser.add_argument("file", type=Path, metavar="FILE", help="CIF, POSCAR or pymatgen JSON")
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
        if action is _predict:
            parser.add_argument("--model", metavar="ID", help="another predictor than the default (see `models list`)")
        if action is _relax:
            parser.add_argument("--steps", type=int, default=200, help="steps at most (200)")
            parser.add_argument("--out", type=Path, metavar="CIF", help="file to write (FILE with -relaxed.cif)")
        parser.set_defaults(run=run, action=action)


def run(arguments: argparse.Namespace, program: Program) -> int:
    """Read the file, act on it, print the answer."""
    try:
        engines = program.engines(None)
        crystal = engines.files.read(arguments.file)
        answer, text = arguments.action(crystal, engines, arguments, program)
    except StudioError as error:
        if arguments.json:
            print_json({"file": str(arguments.file), "error": str(error)}, program.out)
            return int(error.exit_status)
        raise
    if arguments.json:
        print_json({"file": str(arguments.file), "error": None, **_identity(crystal, engines), **answer}, program.out)
    else:
        print(text, file=program.out)
    return int(ExitStatus.DONE)


def _identity(crystal: Crystal, engines: InstalledEngines) -> Answer:
    group = engines.symmetrizer.space_group(crystal, SYMPREC_ANGSTROM)
    return {"formula": crystal.formula, "num_sites": crystal.num_sites, "space_group": space_group_json(group)}


def _describe(
    crystal: Crystal, engines: InstalledEngines, arguments: argparse.Namespace, program: Program
) -> tuple[Answer, str]:
    text = engines.describer.describe(crystal)
    try:
        parse_pivot(text)
        complaint = None
    except PivotSyntaxError as error:
        complaint = str(error)
    return {"description": text, "parses_as_pivot": complaint is None, "complaint": complaint}, text


def _check(
    crystal: Crystal, engines: InstalledEngines, arguments: argparse.Namespace, program: Program
) -> tuple[Answer, str]:
    checks = engines.checker.check(crystal)
    verdicts = {True: "ok", False: "FAILED", None: "undecided"}
    lines = [f"{verdicts[check.passed]:9} {check.name}: {check.detail}" for check in checks]
    return {"valid": all_required_pass(checks), "checks": [check_json(check) for check in checks]}, "\n".join(lines)


def _known(
    crystal: Crystal, engines: InstalledEngines, arguments: argparse.Namespace, program: Program
) -> tuple[Answer, str]:
    known = engines.references.search(crystal)
    return {"known": known_json(known)}, f"{crystal.formula}: {known.sentence}"


def _predict(
    crystal: Crystal, engines: InstalledEngines, arguments: argparse.Namespace, program: Program
) -> tuple[Answer, str]:
    model = engines.property_model(arguments.model)
    found = {quantity: model.predictor(quantity).predict([crystal])[0] for quantity in model.quantities}
    answer = {
        quantity: measured_json(value) if quantity.startswith("band_gap") else interval_json(value)
        for quantity, value in found.items()
    }
    notes = (
        ["a PBE gap usually reads well below experiment, by 40 % or so"] if found["band_gap"].method == "PBE" else []
    )
    if not all(value.in_distribution for value in found.values()):
        notes.append("the crystal is unlike the training data, so do not rely on these values")
    lines = [*(f"{quantity_name(name):18} {measured_text(value)}" for name, value in found.items()), *notes]
    return answer, "\n  ".join([crystal.formula, *lines])


def _relax(
    crystal: Crystal, engines: InstalledEngines, arguments: argparse.Namespace, program: Program
) -> tuple[Answer, str]:
    if not 1 <= arguments.steps <= 5000:
        raise UserCorrectable(f"{arguments.steps} steps cannot be taken. Give a number from 1 to 5000.")
    with console_context(program.stop) as context:
        outcome = engines.relaxer.relax(crystal, arguments.steps, context)
    target = arguments.out or arguments.file.with_name(f"{arguments.file.stem}-relaxed.cif")
    comment = f"Crystal Studio {program.version}, relaxed from {arguments.file.name}"
    try:
        target.write_text(engines.files.to_cif(outcome.crystal, crystal.formula, comment), encoding="utf-8")
    except OSError as error:
        raise UserCorrectable(f"{target} cannot be written ({error.strerror}). Choose another with --out.") from error
    change = outcome.crystal.volume_angstrom3 / crystal.volume_angstrom3 - 1
    answer = {
        "cif": str(target.resolve()),
        "energy_per_atom": outcome.energy_per_atom_ev,
        "start_energy_per_atom": outcome.start_energy_per_atom_ev,
        "max_force": outcome.max_force_ev_angstrom,
        "volume_change": change,
        "steps": outcome.steps,
        "converged": outcome.converged,
    }
    text = (
        f"{crystal.formula}: {outcome.start_energy_per_atom_ev:.3f} -> {outcome.energy_per_atom_ev:.3f} eV/atom in "
        f"{outcome.steps} steps ({'converged' if outcome.converged else 'not converged'}, largest force "
        f"{outcome.max_force_ev_angstrom:.3f} eV/Å, volume {change:+.1%}), written to {target}"
    )
    return answer, text
