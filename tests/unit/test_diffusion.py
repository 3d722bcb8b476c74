"""Forward and reverse processes against brute force, and their hard promises."""

from __future__ import annotations

import math

import pytest
import torch

from crystal_studio.domain.errors import JobCancelled
from crystal_studio.engines.diffusion import coordinates, lattice, species
from crystal_studio.engines.diffusion.process import Crystals, Process, from_matrices
from crystal_studio.engines.diffusion.reverse import Condition, Reverse, denoise, guided, start_noise, time_table
from crystal_studio.engines.diffusion.schedules import cosine_alpha_bar, geometric_sigmas
from crystal_studio.engines.nets.configurations import DENOISERS
from crystal_studio.engines.nets.denoiser_net import DenoiserNet
from crystal_studio.engines.nets.embeddings import SPECIES_CLASSES

CLASSES = 5
torch.set_num_threads(1)


def step_matrix(alpha_bar: torch.Tensor, t: int) -> torch.Tensor:
    """One-step transition matrix from t - 1 to t, written out."""
    kept = alpha_bar[t] / alpha_bar[t - 1]
    matrix = kept * torch.eye(CLASSES, dtype=torch.float64)
    matrix[:, species.ABSORBED] += 1 - kept
    matrix[species.ABSORBED] = torch.eye(CLASSES, dtype=torch.float64)[species.ABSORBED]
    return matrix


def product(alpha_bar: torch.Tensor, first: int, last: int) -> torch.Tensor:
    out = torch.eye(CLASSES, dtype=torch.float64)
    for t in range(first + 1, last + 1):
        out = out @ step_matrix(alpha_bar, t)
    return out


@pytest.mark.parametrize("t", [1, 7, 20])
def test_that_the_absorbed_share_is_that_of_the_multiplied_step_matrices(t):
    alpha_bar = cosine_alpha_bar(20)
    expected = product(alpha_bar, 0, t)[2]
    clean = torch.full((400, 50), 2)
    noisy = species.absorb(
        clean, alpha_bar[t].expand(400), torch.zeros(400, 50, dtype=torch.bool), torch.Generator().manual_seed(0)
    )
    share = (noisy == species.ABSORBED).double().mean()
    assert share == pytest.approx(float(expected[species.ABSORBED]), abs=0.01)


@pytest.mark.parametrize(("t", "s"), [(1, 0), (2, 1), (19, 18), (19, 3)])
@pytest.mark.parametrize("noisy", [species.ABSORBED, 3])
def test_that_the_posterior_is_bayes_rule_on_the_step_matrices(t, s, noisy):
    alpha_bar, clean = cosine_alpha_bar(20), 3
    likelihood = product(alpha_bar, s, t)[:, noisy]
    brute = likelihood * product(alpha_bar, 0, s)[clean]
    assert torch.allclose(
        species.posterior(clean, noisy, alpha_bar[t], alpha_bar[s], CLASSES), brute / brute.sum(), atol=1e-9
    )


def test_that_schedules_begin_clean_and_end_in_noise():
    alpha_bar, sigmas = cosine_alpha_bar(10), geometric_sigmas(10, 0.005, 0.5)
    assert (float(alpha_bar[0]), float(alpha_bar[-1])) == (1.0, 0.0)
    assert (alpha_bar.diff() < 0).all()
    assert sigmas[[0, 1, -1]].tolist() == pytest.approx([0.0, 0.005, 0.5])


def test_that_forbidden_species_and_the_absorbing_state_are_never_revealed():
    allowed = torch.zeros(1, 200, CLASSES, dtype=torch.bool)
    allowed[..., [0, 2, 4]] = True
    logits = torch.zeros(1, 200, CLASSES)
    logits[..., 3] = 50.0
    drawn = species.reveal(
        torch.zeros(1, 200, dtype=torch.long), logits, allowed, torch.ones(1), torch.Generator().manual_seed(0)
    )
    assert set(drawn.flatten().tolist()) == {2, 4}


def test_that_the_lattice_survives_normalising_and_back():
    matrix = torch.randn(4, 3, 3)
    matrix = 4 * torch.eye(3) + 0.5 * (matrix + matrix.transpose(1, 2))
    atoms = torch.tensor([1, 5, 9, 20])
    assert torch.allclose(lattice.denormalise(lattice.normalise(matrix, atoms), atoms), matrix, atol=1e-5)


@pytest.mark.parametrize("stochasticity", [0.0, 1.0])
def test_that_true_velocities_lead_back_to_the_clean_lattice(stochasticity):
    process, generator = Process(steps=50), torch.Generator().manual_seed(0)
    clean, noise = torch.randn(3, 6, generator=generator), torch.randn(3, 6, generator=generator)
    state = lattice.noised(clean, noise, process.alpha_bar[[50] * 3])
    for t in range(50, 0, -1):
        now, then = (process.alpha_bar[[step] * 3] for step in (t, t - 1))
        signal, spread = now.sqrt()[:, None].float(), (1 - now).sqrt()[:, None].float()
        velocity = lattice.velocity(clean, (state - signal * clean) / spread, now)
        state = lattice.step_back(state, velocity, now, then, torch.randn(3, 6, generator=generator), stochasticity)
    assert torch.allclose(state, clean, atol=1e-3)


def test_that_the_wrapped_score_is_the_slope_of_the_log_density():
    sigma = torch.tensor(0.3, dtype=torch.float64)
    shift = torch.linspace(-0.45, 0.45, 7, dtype=torch.float64, requires_grad=True)
    images = torch.arange(-20, 21, dtype=torch.float64)
    density = torch.exp(-0.5 * ((shift[:, None] + images) / sigma) ** 2).sum(-1).log()
    (slope,) = torch.autograd.grad(density.sum(), shift)
    assert torch.allclose(coordinates.wrapped_score(shift.detach(), sigma.expand(7)), slope, atol=1e-7)


def test_that_the_usual_score_of_a_narrow_normal_is_one_over_sigma():
    assert float(coordinates.usual_score(torch.tensor([0.01]))) == pytest.approx(100.0, rel=1e-3)


def test_that_true_scores_lead_back_to_the_clean_coordinates():
    process, generator = Process(steps=100), torch.Generator().manual_seed(0)
    clean = torch.rand(2, 4, 3, generator=generator)
    state = clean + 0.02 * torch.randn(2, 4, 3, generator=generator)
    for t in range(60, 0, -1):
        sigma_t, sigma_s = process.sigmas[[t] * 2], process.sigmas[[t - 1] * 2]
        score = -(state - clean) / sigma_t[:, None, None].float() ** 2
        state = coordinates.step_back(state, score, sigma_t, sigma_s, torch.randn(2, 4, 3, generator=generator))
    assert torch.allclose(state, clean, atol=1e-5)


def crystals(count: int = 3, atoms: int = 4) -> Crystals:
    generator = torch.Generator().manual_seed(9)
    mask = torch.ones(count, atoms, dtype=torch.bool)
    numbers = torch.randint(1, 90, (count, atoms), generator=generator)
    frac = torch.rand(count, atoms, 3, generator=generator)
    return from_matrices(numbers, frac, (5 * torch.eye(3)).expand(count, 3, 3), mask)


def nothing(clean: Crystals) -> torch.Tensor:
    return torch.zeros_like(clean.mask_BN)


def condition(clean: Crystals, allowed: torch.Tensor | None = None) -> Condition:
    count, atoms = clean.species_BN.shape
    everything = torch.ones(count, atoms, SPECIES_CLASSES, dtype=torch.bool)
    text = torch.randn(count, 32, generator=torch.Generator().manual_seed(2))
    return Condition(text, torch.ones(count, dtype=torch.bool), everything if allowed is None else allowed)


@pytest.fixture
def net() -> DenoiserNet:
    torch.manual_seed(0)
    return DenoiserNet(DENOISERS["tiny"]).eval()


def drawn(net, seed=5, t=1000, settings=None, locked=None, allowed=None, poll=None) -> Crystals:
    clean, process, generator = crystals(), Process(), torch.Generator().manual_seed(seed)
    times = torch.full((3,), t)
    noisy = process.noise(clean, times, nothing(clean) if locked is None else locked, nothing(clean), generator)
    start = start_noise(noisy.crystals, times == 1000, generator)
    settings = settings or Reverse(steps=5)
    return denoise(net, process, start, times, condition(clean, allowed), settings, generator, poll)


def test_that_one_seed_gives_the_same_bytes_and_another_seed_does_not(net):
    first, second, other = drawn(net), drawn(net), drawn(net, seed=6)
    for name, tensor in vars(first).items():
        assert tensor.numpy().tobytes() == getattr(second, name).numpy().tobytes()
    assert not torch.equal(first.frac_BN3, other.frac_BN3)


def test_that_locked_species_stay_and_masked_ones_obey_from_noise(net):
    locked = torch.tensor([[True, True, False, False]] * 3)
    allowed = torch.zeros(3, 4, SPECIES_CLASSES, dtype=torch.bool)
    allowed[..., [8, 16]] = True
    out = drawn(net, locked=locked, allowed=allowed)
    assert torch.equal(out.species_BN[:, :2], crystals().species_BN[:, :2])
    assert set(out.species_BN[:, 2:].flatten().tolist()) <= {8, 16}


def test_that_every_atom_has_an_element_in_the_end(net):
    assert (drawn(net).species_BN > 0).all()


def test_that_no_noise_returns_the_parent(net):
    clean, out = crystals(), drawn(net, t=0)
    assert torch.equal(out.species_BN, clean.species_BN)
    assert torch.equal(out.lattice_B6, clean.lattice_B6)
    assert torch.allclose(out.frac_BN3, clean.frac_BN3)


def test_that_replaced_atoms_are_absorbed_whatever_the_noise():
    clean, process = crystals(), Process()
    replaced = nothing(clean)
    replaced[:, 1] = True
    noised = process.noise(clean, torch.zeros(3).long(), nothing(clean), replaced, torch.Generator())
    assert (noised.crystals.species_BN[:, 1] == species.ABSORBED).all()
    assert torch.equal(noised.crystals.species_BN[:, 2:], clean.species_BN[:, 2:])


def test_that_a_raised_cancellation_stops_within_one_step(net):
    calls = []

    def poll(step, steps, now):
        calls.append(step)
        if step == 2:
            raise JobCancelled("stopped")

    with pytest.raises(JobCancelled):
        drawn(net, poll=poll)
    assert calls == [0, 1, 2]


def test_that_guidance_in_one_call_equals_two_calls(net):
    clean = crystals()
    with_text = condition(clean)
    without = Condition(with_text.text_BT, torch.zeros(3, dtype=torch.bool), with_text.allowed_BNC)
    time = torch.full((3,), 0.4)
    with torch.no_grad():
        both = guided(net, clean, time, with_text, 2.0)
        upper, lower = guided(net, clean, time, with_text, 1.0), guided(net, clean, time, without, 1.0)
    assert torch.allclose(both.score_BN3, lower.score_BN3 + 2 * (upper.score_BN3 - lower.score_BN3), atol=1e-5)


def test_that_a_lightly_noised_start_takes_its_share_of_the_steps_and_ends_with_the_others():
    table = time_table(torch.tensor([1000, 200, 0]), 1000, Reverse(steps=50, least_steps=8))
    assert table[:, 0].tolist() == list(range(1000, -1, -20))
    assert (table[:, 1].diff() < 0).sum() == 10
    assert table[-1].tolist() == [0, 0, 0]
    assert (table[:, 2] == 0).all()


def test_that_correctors_and_deterministic_steps_give_finite_crystals(net):
    for settings in (Reverse(steps=4, corrector_steps=1), Reverse(steps=4, stochasticity=0.0, guidance=1.0)):
        out = drawn(net, settings=settings)
        assert torch.isfinite(out.frac_BN3).all()
        assert torch.isfinite(out.lattice_B6).all()


def test_that_lattices_are_made_positive_definite():
    flat = torch.diag(torch.tensor([4.0, 4.0, -1.0])).unsqueeze(0)
    assert torch.linalg.eigvalsh(lattice.made_positive(flat, torch.tensor([2]))).min() > 0.5


def test_that_the_species_loss_of_a_sure_and_right_network_is_zero():
    logits = torch.full((1, 2, CLASSES), -100.0)
    logits[..., 3] = 100.0
    clean, noisy = torch.tensor([[3, 3]]), torch.tensor([[0, 3]])
    loss = species.species_loss(logits, clean, noisy, torch.ones(1, 2, dtype=torch.bool), torch.tensor([0.5]))
    assert float(loss) == pytest.approx(0.0, abs=1e-6)


def test_that_an_even_guess_costs_the_bound_plus_the_entropy():
    loss = species.species_loss(
        torch.zeros(1, 1, CLASSES),
        torch.tensor([[3]]),
        torch.tensor([[0]]),
        torch.ones(1, 1, dtype=torch.bool),
        torch.tensor([0.25]),
    )
    assert float(loss) == pytest.approx(1.25 * math.log(CLASSES), rel=1e-5)
