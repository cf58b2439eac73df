"""The discriminator's features against convolutions over one sentence at a time."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F

from sentrep.methods.infomax.matching import Matching

SENTENCES = [[3, 4], [], [9, 8, 7, 6, 5, 1], [1], [2, 3]]


def made() -> Matching:
    torch.manual_seed(0)
    return Matching(token_width=4, windows=(1, 3, 5), feature_width=6, width=8)


def test_features_see_their_own_sentence_and_nothing_beyond_it() -> None:
    discriminator = made()
    ids = torch.tensor([token for sentence in SENTENCES for token in sentence])
    offsets = torch.tensor([0, *torch.tensor([len(sentence) for sentence in SENTENCES]).cumsum(0)])
    tokens = torch.randn(20, 4)[ids]
    features = discriminator.features(tokens, offsets)
    for start, stop in pairwise(offsets):
        if start == stop:
            continue
        rows = tokens[start:stop].T.unsqueeze(0)
        alone = [
            F.conv1d(rows, each.weight, each.bias, padding="same") for each in discriminator.convolutions
        ]
        assert torch.allclose(features[start:stop], torch.cat(alone, dim=1).squeeze(0).T.relu(), atol=1e-5)


def test_scores_are_bilinear() -> None:
    discriminator = made()
    features, vectors = torch.randn(5, 18), torch.randn(3, 8)
    with torch.no_grad():
        naive = [
            [float(feature @ (discriminator.match.weight @ vector)) for vector in vectors]
            for feature in features
        ]
        assert torch.allclose(discriminator(features, vectors), torch.tensor(naive), atol=1e-5)
