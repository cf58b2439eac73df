"""Quantizers against hand-worked codes and a loop over sentences and levels."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from sentrep.methods.vq_vae.quantizers.base import Quantizer, perplexity_share
from sentrep.methods.vq_vae.quantizers.gumbel import GumbelQuantizer
from sentrep.methods.vq_vae.quantizers.residual import VectorQuantizer
from sentrep.methods.vq_vae.quantizers.scalar import ScalarQuantizer
from tests import toy_run


def two_levels() -> VectorQuantizer:
    """Entries (0, 0) and (10, 10), then (0, 0) and (1, 0)."""
    made = VectorQuantizer(width=2, levels=2, size=2)
    made.codebooks = torch.tensor([[[0.0, 0.0], [10.0, 10.0]], [[0.0, 0.0], [1.0, 0.0]]])
    return made.eval()


def test_a_code_by_hand() -> None:
    made, vectors = two_levels(), torch.tensor([[11.2, 10.0], [0.2, -0.1]])
    assert made.encode(vectors).tolist() == [[1, 1], [0, 0]]
    assert made.mode(vectors).tolist() == [[11.0, 10.0], [0.0, 0.0]]
    assert made.decode(made.encode(vectors)[:, :1]).tolist() == [[10.0, 10.0], [0.0, 0.0]]
    output = made(vectors, 0.0)
    assert output.penalty.tolist() == pytest.approx([0.25 * 0.04, 0.25 * 0.05], abs=1e-5)


def test_codes_are_those_of_a_loop() -> None:
    torch.manual_seed(0)
    made, vectors = VectorQuantizer(width=5, levels=3, size=7).eval(), torch.randn(20, 5)
    for vector, numbers in zip(vectors, made.encode(vectors).tolist(), strict=True):
        rest = vector
        for codebook, number in zip(made.codebooks, numbers, strict=True):
            assert number == min(range(7), key=lambda i: float((rest - codebook[i]).square().sum()))
            rest = rest - codebook[number]


def test_the_gradient_passes_straight_through() -> None:
    made, vectors = two_levels(), torch.tensor([[11.2, 10.0]], requires_grad=True)
    output = made(vectors, 0.0)
    assert torch.allclose(output.latent, torch.tensor([[11.0, 10.0]]))
    output.latent.sum().backward()
    assert vectors.grad is not None
    assert vectors.grad.tolist() == [[1.0, 1.0]]


def test_codebooks_learn_clusters_and_no_entry_stays_unused() -> None:
    torch.manual_seed(0)
    centres = torch.tensor(list(itertools.product((-4.0, 4.0), repeat=3)))
    made = VectorQuantizer(width=3, levels=1, size=8, decay=0.9)
    for _ in range(60):
        output = made(centres.repeat(16, 1) + 0.1 * torch.randn(128, 3), 0.0)
    assert output.metrics["least_code_perplexity"] > 0.9
    assert output.metrics["quantization_error"] < 0.1


def test_dropped_levels_leave_the_first() -> None:
    torch.manual_seed(0)
    made = VectorQuantizer(width=2, levels=4, size=4, dropout=1.0)
    kept = made._kept(200, torch.device("cpu"))
    assert set(kept.sum(1).tolist()) == {1.0, 2.0, 3.0, 4.0}
    assert torch.equal(kept, kept.sort(1, descending=True).values)


def test_the_gumbel_penalty_is_0_for_an_even_use_and_log_k_for_a_single_cluster() -> None:
    made = GumbelQuantizer(width=4, size=4).eval()
    with torch.no_grad():
        made.logits.bias.zero_()
        made.logits.weight.copy_(1000 * torch.eye(4))
        even, one = torch.eye(4), torch.eye(4)[:1].expand(4, 4)
        assert made(even, 0.0).penalty[0].item() == pytest.approx(0, abs=1e-5)
        assert made(one, 0.0).penalty[0].item() == pytest.approx(math.log(4), abs=1e-4)
        assert torch.equal(made.mode(even), made.rows)
    made.train()(even, 0.5).latent.square().sum().backward()
    assert made.logits.weight.grad is not None


def test_scalars_take_all_their_values_and_no_others() -> None:
    made = ScalarQuantizer(width=2, sizes=(4, 3)).eval()
    with torch.no_grad():
        made.enter.weight.copy_(torch.eye(2))
        made.enter.bias.zero_()
    grid = torch.linspace(-5, 5, 401).unsqueeze(1).expand(-1, 2)
    numbers = made.encode(grid)
    assert numbers[:, 0].unique().tolist() == [0, 1, 2, 3]
    assert numbers[:, 1].unique().tolist() == [0, 1, 2]
    assert torch.equal(numbers, numbers.sort(0).values)
    assert torch.allclose(made(grid, 0.0).latent, made.mode(grid), atol=1e-6)


def learned(rank: int, port: int, place: Path) -> None:
    """The codebooks of one of two processes after a first batch and one that leaves entries unused."""
    toy_run.join(rank, 2, port)
    torch.distributed.init_process_group("gloo")
    torch.manual_seed(0)
    made = VectorQuantizer(width=3, levels=2, size=16, decay=0.1)
    torch.manual_seed(rank)
    for vectors in (torch.randn(20, 3), torch.ones(20, 3) + rank):
        made(vectors, 0.0)
    save_file(dict(made.state_dict()), place / f"{rank}.safetensors")
    torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_codebooks_of_two_processes_are_the_same(tmp_path: Path) -> None:
    port = toy_run.free_port()
    toy_run.finish([toy_run.start(learned, rank, port, tmp_path) for rank in range(2)])
    first, second = (load_file(tmp_path / f"{rank}.safetensors") for rank in range(2))
    assert all(torch.equal(value, second[name]) for name, value in first.items())


def test_a_dimension_of_two_values_has_its_border_at_zero() -> None:
    made = ScalarQuantizer(width=2, sizes=(2, 2)).eval()
    with torch.no_grad():
        made.enter.weight.copy_(torch.eye(2))
        made.enter.bias.zero_()
    vectors = torch.tensor([[-3.0, 3.0], [0.1, -0.1]])
    assert made.encode(vectors).tolist() == [[0, 1], [1, 0]]
    made.train()(vectors, 0.0).latent.sum().backward()
    assert torch.isfinite(made.enter.weight.grad).all()
    assert (made.enter.weight.grad != 0).all()


@pytest.mark.parametrize(
    "made",
    [VectorQuantizer(6, 3, 256), GumbelQuantizer(6, 200), ScalarQuantizer(6, (8, 5, 5, 5))],
    ids=lambda made: type(made).__name__,
)
def test_codes_are_packed_and_unpacked_exactly(made: Quantizer) -> None:
    torch.manual_seed(0)
    vectors = torch.randn(50, 6)
    packed = made.eval().pack(vectors)
    assert packed.dtype == torch.uint8
    assert packed.shape == (50, len(made.sizes))
    assert torch.equal(packed.long(), made.encode(vectors))
    assert torch.equal(made.unpack(packed), made.mode(vectors))


def test_perplexity_counts_against_what_a_batch_allows() -> None:
    assert perplexity_share(torch.tensor([0, 1]), 256).item() == pytest.approx(1)
    assert perplexity_share(torch.zeros(10, dtype=torch.long), 5).item() == pytest.approx(0.2)
