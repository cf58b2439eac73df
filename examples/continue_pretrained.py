"""Continue the training of a pretrained model on your own text.

    python examples/continue_pretrained.py sentence-transformers/all-MiniLM-L6-v2 books/ runs/adapted

The first argument is the name or the folder of any sentence-transformers or transformers model. The default
learning rate is 2e-5, as is usual for a model that was trained before.
"""

import sys

import sentrep


def main(pretrained: str, corpus: str, out: str) -> None:
    sentrep.train(
        "quick-thought",
        corpus=corpus,
        out=out,
        encoder=pretrained,
        epochs=1,
        batch_size=64,
    )
    before, after = (sentrep.embed(model, ["A short sentence."])[0] for model in (pretrained, out))
    cosine = before @ after / ((before @ before) * (after @ after)) ** 0.5
    print(f"cosine between the vectors before and after: {cosine:.4f}")


if __name__ == "__main__":
    main(*sys.argv[1:4])
