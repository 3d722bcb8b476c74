"""Only whole crystals of the asked composition and group can be written in short CIF, and every such crystal can."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product

import llguidance
import numpy as np
import pytest

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.chem.bridge import to_structure
from crystal_studio.engines.chem.exact_group import can_have_exactly
from crystal_studio.engines.chem.short_cif import SiteChoice, group_of, read, site_choices, written
from crystal_studio.engines.llm.crystext.plain_form import PlainForm
from crystal_studio.engines.llm.crystext.short_form import ShortForm, beyond
from crystal_studio.engines.llm.crystext.site_matcher import LineGrammars, SiteGrammar, SiteMatcher
from crystal_studio.engines.llm.crystext.site_plan import Site, SitePlan, Written, plan_of
from crystal_studio.ports.crystal_writer import CrystalTask

PAIRS = [
    ("SrTiO3", 221), ("NaCl", 225), ("CaTiO3", 62), ("Al2O3", 167), ("SiO2", 152), ("YBa2Cu3O7", 47), ("MgAl2O4", 227),
    ("Fe", 229), ("MgZn2", 194), ("LiFePO4", 1), ("GaN", 186), ("ZrO2", 14), ("TiO2", 136), ("CsCl", 221), ("C", 191),
    ("BaTiO3", 99), ("KNbO3", 38), ("BiFeO3", 161), ("La2CuO4", 139), ("CuFeS2", 122), ("ZnS", 216), ("FeS2", 205),
    ("CaWO4", 88), ("Cu3Au", 221), ("NiAs", 194), ("As", 166), ("LiNbO3", 2), ("BN", 187), ("PbO", 129), ("Nb3Sn", 223),
]  # fmt: skip


class Letters:
    """A vocabulary of one token a character, and what a matcher allows over it."""

    def __init__(self) -> None:
        self.vocabulary = llguidance.LLTokenizer("byte")
        self.grammars = LineGrammars(self.vocabulary)
        self.end = self.vocabulary.eos_token

    def matcher(self, task: CrystalTask, *, takes_back: bool = True) -> SiteMatcher:
        return SiteGrammar(self.grammars, ShortForm(task, plan_of(task)), takes_back=takes_back).matcher()

    def tokens(self, text: str) -> list[int]:
        return list(self.vocabulary.tokenize_str(text))

    def accepts(self, task: CrystalTask, text: str) -> bool:
        matcher = self.matcher(task, takes_back=False)
        whole = all(matcher.consume_token(token) for token in self.tokens(text))
        return whole and (matcher.is_stopped() or self.end in allowed_by(matcher))

    def accepts_plain(self, task: CrystalTask, text: str) -> bool:
        matcher = SiteGrammar(self.grammars, PlainForm(task)).matcher()
        whole = all(matcher.consume_token(token) for token in self.tokens(text))
        return whole and (matcher.is_stopped() or self.end in allowed_by(matcher))

    def random_text(self, task: CrystalTask, generator: np.random.Generator) -> str:
        matcher, tokens = self.matcher(task), []
        while not matcher.is_stopped():
            forced = matcher.compute_ff_tokens()
            following = forced or [int(generator.choice(allowed_by(matcher)))]
            if following == [self.end]:
                break
            for token in following:
                assert matcher.consume_token(token)
                tokens.append(token)
            del tokens[len(tokens) - matcher.take_back() :]
        return str(self.vocabulary.decode_str(tokens))


def allowed_by(matcher: SiteMatcher) -> np.ndarray:
    return np.flatnonzero(np.unpackbits(np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8), bitorder="little"))


def task_of(formula: str, space_group: int, **limits) -> CrystalTask:
    return CrystalTask(Composition.parse(formula), space_group, **limits)


@pytest.fixture(scope="module")
def letters() -> Letters:
    return Letters()


@pytest.mark.parametrize(("formula", "space_group"), PAIRS)
def test_that_whatever_is_written_is_a_crystal_of_the_asked_composition_and_group(letters, formula, space_group):
    generator = np.random.default_rng(space_group)
    task = task_of(formula, space_group)
    for text in {letters.random_text(task, generator) for _ in range(4)}:
        assert group_of(text) == space_group
        crystal = closed(text)
        assert crystal.composition.reduced == task.composition.reduced
        assert len(crystal) <= 20
        assert is_sorted(text, task)


def closed(text: str) -> Crystal:
    """The crystal; with right angles where those of a triclinic cell close none, which a grammar cannot know."""
    try:
        return read(text)
    except UserCorrectable as error:
        if "close no cell" not in str(error):
            raise
        return read(re.sub(r"\n(\S+ \S+ \S+) .*\n", r"\n\1 90.0 90.0 90.0\n", text, count=1))


def is_sorted(text: str, task: CrystalTask) -> bool:
    lines = [line.split(" ") for line in text.split("\n")[2:]]
    order = [choice.letter for choice in site_choices(task.space_group)]
    keys = [(task.composition.elements.index(line[0]), order.index(line[1][-1]), line[2:]) for line in lines]
    return keys == sorted(keys)


def test_that_every_element_takes_its_places_in_turn_and_a_point_is_taken_once(letters):
    task = task_of("SrTiO3", 221, max_atoms=5)
    texts = {letters.random_text(task, np.random.default_rng(seed)).split("\n", 2)[2] for seed in range(60)}
    assert texts == {f"Sr 1{a}\nTi 1{b}\nO 3{o}" for a, b in (("a", "b"), ("b", "a")) for o in "cd"}


def test_that_a_single_element_may_end_or_go_on(letters):
    task = task_of("Po", 221, max_atoms=4)
    assert letters.accepts(task, "221\n3.35\nPo 1a")
    assert letters.accepts(task, "221\n3.35\nPo 1a\nPo 3d")
    assert not letters.accepts(task, "221\n3.35\nPo 1a\nPo 1b")  # body-centred: another group
    assert not letters.accepts(task, "221\n3.35\nPo 1a\nPo 1a")


@pytest.mark.parametrize("text", [
    "225\n3.91\nSr 1a\nTi 1b\nO 3c",
    "221\n3.91 3.91\nSr 1a\nTi 1b\nO 3c",
    "221\n3.9\nSr 1a\nTi 1b\nO 3c",
    "221\n3.91\nTi 1b\nSr 1a\nO 3c",
    "221\n3.91\nSr 1a\nTi 1a\nO 3c",
    "221\n3.91\nSr 1a\nTi 1b\nO 6e .250",
    "221\n3.91\nSr 1a\nTi 1b",
    "221\n3.91\nSr 1a\nTi 1b\nO 3c\n",
    "221\n3.91\nBa 1a\nTi 1b\nO 3c",
])  # fmt: skip
def test_that_nothing_else_can_be_written(letters, text):
    task = task_of("SrTiO3", 221, max_atoms=5)
    assert letters.accepts(task, "221\n3.91\nSr 1a\nTi 1b\nO 3c")
    assert not letters.accepts(task, text)


def test_that_sites_on_one_position_are_written_in_the_order_of_their_coordinates(letters):
    task = task_of("SiO2", 14, num_atoms=12)
    begun = "14\n5.15 5.21 5.32 99.2\nSi 4e .275 .041 .208\nO 4e .070 .332 .345\nO 4e "
    assert letters.accepts(task, begun + ".070 .332 .346")
    assert letters.accepts(task, begun + ".449 .000 .000")
    assert not letters.accepts(task, begun + ".070 .332 .345")
    assert not letters.accepts(task, begun + ".069 .999 .999")


def test_that_a_site_on_top_of_another_is_taken_back_and_written_again(letters):
    matcher = letters.matcher(task_of("TiO2", 136, max_atoms=6))

    def write(text: str) -> int:
        assert all(matcher.consume_token(token) for token in letters.tokens(text))
        return matcher.take_back()

    assert write("136\n4.59 2.96\nTi 2a") == 0
    assert write("\nO 4f .030") == len(letters.tokens("\nO 4f .030"))
    assert not matcher.is_stopped()
    assert matcher.take_back() == 0
    assert write("\nO 4g .305") == 0
    assert matcher.is_stopped()


def test_that_a_site_that_nothing_betters_stands_in_the_end(letters):
    matcher = letters.matcher(task_of("TiO2", 136, max_atoms=6))
    tokens = letters.tokens("136\n4.59 2.96\nTi 2a")
    assert all(matcher.consume_token(token) for token in tokens)
    count = 0
    while not matcher.is_stopped():
        assert all(matcher.consume_token(token) for token in letters.tokens("\nO 4f .030"))
        count += matcher.take_back() > 0
    assert count == 10


@pytest.mark.parametrize("digits", ["000", "999", "019", "190", "099", "909"])
def test_that_beyond_means_larger_digits_or_the_same_where_there_are_none(digits):
    after = re.compile(beyond(digits))
    larger = [number for number in range(1000) if after.fullmatch(f" .{number:03d}")]
    assert larger == (list(range(int(digits) + 1, 1000)) or [999])


def test_that_two_coordinates_are_compared_from_the_first_on():
    after = re.compile(beyond("120995"))
    assert after.fullmatch(" .120 .996")
    assert after.fullmatch(" .121 .000")
    assert not after.fullmatch(" .120 .995")
    assert not after.fullmatch(" .119 .999")


@pytest.mark.parametrize(("amounts", "space_group", "units"), [
    ((1, 1, 3), 221, (1, 2)), ((1, 2), 225, (1, 2)), ((2, 3), 167, (1, 2)), ((1, 1), 47, (1,)), ((1, 2), 136, (1, 2)),
    ((1,), 229, (1, 2, 3)), ((1, 1), 216, (1, 2, 4)),
])  # fmt: skip
def test_that_the_plan_allows_what_trying_everything_finds(amounts, space_group, units):
    choices = site_choices(space_group)
    assert set(whole_plans(SitePlan(amounts, choices, units))) == set(every_assignment(amounts, choices, units))


def whole_plans(plan: SitePlan) -> Iterator[tuple[Site, ...]]:
    """Every sequence of sites that the plan leads to; each beginning of one is the beginning of a whole one."""

    def follow(state: Written, sites: tuple[Site, ...]) -> Iterator[tuple[Site, ...]]:
        following = plan.next_sites(state)
        assert following or plan.may_end(state), "a dead end"
        if plan.may_end(state):
            yield sites
        for site in following:
            yield from follow(plan.after(state, site), (*sites, site))

    return follow(plan.start, ())


def every_assignment(
    amounts: Sequence[int], choices: Sequence[SiteChoice], units: Sequence[int]
) -> Iterator[tuple[Site, ...]]:
    """All ways to fill a cell: each position taken so often by each element, points once in all."""
    sizes = [choice.sites_in_primitive for choice in choices]
    for unit in units:
        shares = [list(fillings(unit * amount, choices, sizes, 0)) for amount in amounts]
        for taken in product(*shares):
            points = Counter(index for one in taken for index in one if choices[index].is_point)
            if all(count == 1 for count in points.values()):
                yield tuple(Site(element, index) for element, one in enumerate(taken) for index in one)


def fillings(atoms: int, choices: Sequence[SiteChoice], sizes: Sequence[int], first: int) -> Iterator[tuple[int, ...]]:
    if atoms == 0:
        yield ()
    for index in range(first, len(choices)):
        if sizes[index] <= atoms:
            following = index + 1 if choices[index].is_point else index
            yield from ((index, *rest) for rest in fillings(atoms - sizes[index], choices, sizes, following))


@pytest.mark.parametrize(
    ("amounts", "space_group", "units"), [((1, 1), 216, (1, 2)), ((1, 2), 136, (2,)), ((1,), 1, (3,))]
)
def test_that_only_what_can_have_the_group_and_no_more_is_left_and_all_of_that(amounts, space_group, units):
    choices = site_choices(space_group)

    def is_exact(sites: Sequence[Site]) -> bool:
        return can_have_exactly(space_group, tuple((site.element, choices[site.choice].letter) for site in sites))

    exact = {sites for sites in every_assignment(amounts, choices, units) if is_exact(sites)}
    assert set(whole_plans(SitePlan(amounts, choices, units, is_exact))) == exact
    assert exact


def test_that_zinc_blende_can_be_written_in_its_group_and_rock_salt_cannot(letters):
    task = task_of("GaAs", 216)
    assert letters.accepts(task, "216\n5.65\nGa 4a\nAs 4c")
    assert not letters.accepts(task, "216\n5.65\nGa 4a\nAs 4b")


def test_that_a_group_that_no_crystal_of_the_composition_can_have_is_refused():
    with pytest.raises(UserCorrectable, match=r"Every way to put Fe .* P1 \(1\) has a higher symmetry.* than 2\."):
        plan_of(task_of("Fe", 1, max_atoms=2))
    assert plan_of(task_of("Fe", 1, max_atoms=3)).can_be_exact()


@pytest.mark.parametrize(("task", "said"), [
    (task_of("SrTiO3", 230), r"Ia-3d \(230\): 1 to 4 formula units"),
    (task_of("SrTiO3", 227, num_atoms=5), r"Fd-3m \(227\): 1 formula unit in"),
    (task_of("SrTiO3", 230, max_atoms=10), "1 and 2 formula units"),
    (task_of("SrTiO3", 221, num_atoms=7), "multiple of 5"),
    (task_of("Ca11Al14O33", 220), "58 atoms; up to 20"),
])  # fmt: skip
def test_that_a_composition_that_fits_no_positions_is_refused_with_what_was_tried(task, said):
    with pytest.raises(UserCorrectable, match=said):
        plan_of(task)


def test_that_every_crystal_of_the_validation_data_can_be_written(letters, data_folder):
    with gzip.open(data_folder / "crystals" / "val.jsonl.gz", "rt", encoding="utf-8") as lines:
        crystals = [Crystal.from_dict(row) for row in map(json.loads, lines) if len(row["species"]) <= 20]
    refused = [text for crystal in crystals[::25] if not letters.accepts(*canonical(crystal, text := written(crystal)))]
    assert refused == []


def canonical(crystal: Crystal, text: str) -> tuple[CrystalTask, str]:
    return CrystalTask(crystal.composition.reduced, group_of(text)), text


@pytest.mark.parametrize("text", [
    "221\n3.91\nSr 1a\nTi 1b\nO 3c", "225\n5.64\nNa 4a\nCl 4b", "152\n4.91 5.40\nSi 3a .470\nO 6c .414 .267 .119",
    "62\n5.51 7.76 5.48\nCa 4c .034 .993\nTi 4a\nO 4c .484 .071\nO 8d .289 .037 .708",
    "194\n5.22 8.57\nMg 4f .063\nZn 2a\nZn 6h .170",
    "2\n4.20 5.10 6.30 81.2 77.3 65.9\nCa 2i .110 .230 .340\nF 2i .620 .180 .900\nF 2i .710 .550 .130",
])  # fmt: skip
def test_that_the_plain_cif_of_a_crystal_can_be_written_for_its_own_task_alone(letters, text):
    from pymatgen.io.cif import CifWriter

    crystal = read(text)
    plain = str(CifWriter(to_structure(crystal), symprec=0.1)).strip()
    task = CrystalTask(crystal.composition.reduced, group_of(text))
    other = CrystalTask(crystal.composition.reduced.replaced({crystal.species[0]: "Ba"}), group_of(text))
    assert letters.accepts_plain(task, plain)
    assert not letters.accepts_plain(other, plain)
    assert not letters.accepts_plain(task, plain.rpartition("\n")[0])
