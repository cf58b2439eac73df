"""Linear maps against their definitions, and PCA against a linear auto-encoder that is trained."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sentrep.encoders.linear_map import (
    KINDS,
    Moments,
    all_but_the_top,
    fit,
    itq,
    pca,
    rotation_to_signs,
    whitening,
    width_that_keeps,
)
from sentrep.utils.errors import InputError

FALLING = 0.7 ** np.arange(12)


def vectors(count: int = 600, deviations: np.ndarray = FALLING) -> np.ndarray:
    """Vectors with a mean, with these standard deviations along the axes of a rotated basis."""
    random, width = np.random.default_rng(0), len(deviations)
    turned = np.linalg.qr(random.normal(size=(width, width)))[0]
    scaled = random.normal(size=(count, width)) * deviations
    return (scaled @ turned + random.normal(size=width)).astype(np.float32)


def moments(values: np.ndarray, block: int = 100) -> Moments:
    found = Moments(values.shape[1])
    for start in range(0, len(values), block):
        found.add(values[start : start + block])
    return found


def test_moments_of_blocks_are_those_of_all() -> None:
    values = vectors()
    found = moments(values, block=7)
    assert found.count == len(values)
    np.testing.assert_allclose(found.mean, values.astype(float).mean(axis=0), atol=1e-9)
    np.testing.assert_allclose(found.covariance, np.cov(values.T.astype(float), bias=True), atol=1e-6)


def test_pca_is_that_of_scikit_learn() -> None:
    from sklearn.decomposition import PCA

    values = vectors()
    expected = PCA(5).fit(values)
    found = pca(moments(values), 5)(values)
    np.testing.assert_allclose(np.abs(found), np.abs(expected.transform(values)), atol=1e-4)
    ratios = moments(values).axes()[0]
    np.testing.assert_allclose(ratios[:5] / ratios.sum(), expected.explained_variance_ratio_, atol=1e-5)


@pytest.mark.slow
def test_a_linear_auto_encoder_spans_the_principal_axes() -> None:
    """Baldi & Hornik 1989: the same subspace and the same loss, but columns that are not orthogonal."""
    values = vectors(deviations=np.array([1.0, 0.9, 0.8, 0.7, *[0.2] * 8]))
    centred = torch.from_numpy(values - values.mean(axis=0)).double()
    torch.manual_seed(0)
    encode = torch.nn.Parameter(0.1 * torch.randn(12, 4).double())
    decode = torch.nn.Parameter(0.1 * torch.randn(4, 12).double())
    optimizer = torch.optim.Adam([encode, decode], lr=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 2000)
    for _ in range(2000):
        loss = (centred - centred @ encode @ decode).pow(2).sum(dim=1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    eigenvalues, axes = moments(values).axes()
    assert loss.item() == pytest.approx(eigenvalues[4:].sum(), abs=1e-3)

    spanned = np.linalg.qr(encode.detach().numpy())[0]
    cosines = np.linalg.svd(spanned.T @ axes[:, :4], compute_uv=False)
    assert np.arccos(np.clip(cosines.min(), -1, 1)) < 0.02

    columns = encode.detach().numpy()
    products = columns.T @ columns
    lengths = np.sqrt(np.diag(products))
    assert np.abs(products / np.outer(lengths, lengths) - np.eye(4)).max() > 0.05


def test_whitened_vectors_have_the_identity_as_covariance() -> None:
    values = vectors()
    white = whitening(moments(values), 6)(values)
    np.testing.assert_allclose(np.cov(white.T, bias=True), np.eye(6), atol=1e-3)


def test_whitening_does_not_blow_up_axes_without_variance() -> None:
    values = vectors()
    values[:, 3] = values[:, 2]
    white = whitening(moments(values), 12)(values)
    assert np.isfinite(white).all()
    assert white.var(axis=0).max() < 1.001
    constant = np.ones((5, 3), np.float32)
    assert np.isfinite(whitening(moments(constant), 3)(constant)).all()


def test_the_strongest_direction_is_removed() -> None:
    values = vectors()
    strongest = moments(values).axes()[1][:, 0]
    left = all_but_the_top(moments(values), 12)(values)
    np.testing.assert_allclose(left @ strongest, 0, atol=1e-5)
    np.testing.assert_allclose(left.mean(axis=0), 0, atol=1e-5)


def test_itq_rotates_and_lowers_the_error_of_signs() -> None:
    values = vectors()
    plain = pca(moments(values), 6)
    rotated = itq(moments(values), 6, values)
    np.testing.assert_allclose(
        np.linalg.norm(plain(values), axis=1), np.linalg.norm(rotated(values), axis=1), atol=1e-4
    )

    def error(reduced: np.ndarray) -> float:
        scale = np.abs(reduced).mean()
        return float(((np.sign(reduced) * scale - reduced) ** 2).sum())

    assert error(rotated(values)) < error(plain(values))


def test_the_rotation_of_itq_is_orthogonal_and_finds_corners() -> None:
    """Vectors that are rotated corners of a cube are turned back until signs lose nothing."""
    random = np.random.default_rng(1)
    corners = random.choice([-1.0, 1.0], size=(200, 3))
    turned = corners @ np.linalg.qr(random.normal(size=(3, 3)))[0]
    rotation = rotation_to_signs(turned)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(np.abs(turned @ rotation), 1, atol=1e-6)


def test_signs_of_axes_do_not_depend_on_the_order_of_vectors() -> None:
    values = vectors()
    np.testing.assert_allclose(
        pca(moments(values), 4).matrix, pca(moments(values[::-1].copy(), 13), 4).matrix, atol=1e-5
    )


def test_the_width_that_keeps_a_share() -> None:
    values = np.array([5.0, 3.0, 1.0, 1.0])
    assert [width_that_keeps(values, share) for share in (0.1, 0.5, 0.8, 0.81, 1.0)] == [1, 1, 2, 3, 4]


@pytest.mark.parametrize("share", [0.0, -1.0, 1.5])
def test_a_share_is_between_0_and_1(share: float) -> None:
    with pytest.raises(InputError) as refused:
        width_that_keeps(np.ones(3), share)
    assert refused.value.setting == "keep"


@pytest.mark.parametrize("by", KINDS)
@pytest.mark.parametrize("width", [0, 13])
def test_a_width_outside_is_refused(by: str, width: int) -> None:
    values = vectors()
    with pytest.raises(InputError) as refused:
        fit(by, moments(values), width, values)  # type: ignore[arg-type]
    assert refused.value.setting == "width"
