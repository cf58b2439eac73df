"""Density of flows beside a Gaussian with full covariance, on held-out sentences, for eval/autoencoders.md.

    python scripts/flow.py --model minilm --train novels.txt --input heldout.txt

The files hold one sentence per line. The vectors are centred and reduced to their first principal components,
fitted to the training sentences, and divided by one common factor, so that all densities are of the same
vectors. Prints bits for each dimension; lower is better.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sentrep import api
from sentrep.encoders.linear_map import Moments, pca
from sentrep.modules.latent.coupling import CouplingFlow

NOISE, BATCH = 0.01, 256


def main() -> None:
    """Fit the densities and print their bits for each dimension."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--count", type=int, default=20_000, help="training sentences")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    arguments = parser.parse_args()
    train, held = reduced(arguments)
    mean, covariance = train.mean(0), torch.cov(train.T)
    normal = torch.distributions.MultivariateNormal(mean, covariance)
    print(f"Gaussian, full covariance: {bits(-normal.log_prob(held), held):.4f}", flush=True)
    diagonal = torch.distributions.Normal(mean, covariance.diagonal().sqrt())
    print(f"Gaussian, diagonal: {bits(-diagonal.log_prob(held).sum(1), held):.4f}", flush=True)
    for affine, name in ((False, "flow, additive (NICE)"), (True, "flow, affine (Real NVP)")):
        flows = [fitted(train, affine, seed, arguments.epochs) for seed in arguments.seeds]
        found = [bits(nll(flow, held), held) for flow in flows]
        print(f"{name}: {', '.join(f'{each:.4f}' for each in found)}", flush=True)


def reduced(arguments: argparse.Namespace) -> tuple[Tensor, Tensor]:
    """The first principal components of training and held-out sentences, with a mean square of 1."""
    encoder = api.load(arguments.model)
    train, held = (
        api.embed(encoder, path.read_text(encoding="utf-8").splitlines()[: arguments.count])
        for path in (arguments.train, arguments.input)
    )
    moments = Moments(train.shape[1])
    moments.add(train)
    linear = pca(moments, arguments.width)
    scale = np.sqrt((linear(train) ** 2).mean())
    first, second = (torch.from_numpy(np.asarray(linear(each) / scale, np.float32)) for each in (train, held))
    return first, second


def fitted(train: Tensor, affine: bool, seed: int, epochs: int) -> CouplingFlow:
    """A flow that is fitted to vectors, with the settings of `train flow`."""
    torch.manual_seed(seed)
    flow = CouplingFlow(train.shape[1], 4, 64, affine)
    optimizer = torch.optim.Adam(flow.parameters(), lr=1e-3)
    steps = epochs * (len(train) // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    for _ in range(steps):
        rows = train[torch.randint(len(train), (BATCH,))]
        loss = flow.nll(rows + NOISE * torch.randn_like(rows)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return flow.eval()


@torch.inference_mode()
def nll(flow: CouplingFlow, vectors: Tensor) -> Tensor:
    """Nats of each vector."""
    return flow.nll(vectors)


def bits(nll: Tensor, vectors: Tensor) -> float:
    """Mean bits for each dimension."""
    return float(nll.mean()) / vectors.shape[1] / math.log(2)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
