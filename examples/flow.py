"""Fit a flow to a model's vectors, and measure how unusual texts are (docs/flow.md).

    python examples/flow.py runs/first corpus.jsonl runs/flow

It prints the negative log-density of the vectors of two sentences: the higher, the more unusual.
"""

import sys

import torch

import sentrep


def main(model: str, corpus: str, out: str) -> None:
    trained = sentrep.train("flow", corpus=corpus, out=out, encoder=model, epochs=1)
    flow = trained.encoder[-1]
    for text in ("He opened the door.", "Colourless green ideas sleep furiously."):
        vector = torch.from_numpy(sentrep.embed(model, [text]))
        nll = flow.flow.nll(flow.scale * vector).item()
        print(f"{nll:.1f} nats  {text}")


if __name__ == "__main__":
    main(*sys.argv[1:4])
