"""Skip-thought: train an encoder with two decoders, and generate the next sentence (docs/skip_thought.md).

    python examples/skip_thought.py books/ runs/skip-thought

Training is much slower than with quick-thought, because every word of the neighbouring sentences is
predicted.
"""

import sys

import sentrep


def main(corpus: str, out: str) -> None:
    sentrep.train(
        "skip-thought",
        corpus=corpus,
        out=out,
        encoder="gru",
        epochs=1,
        batch_size=64,
    )
    sentences = ["He opened the door.", "The rain had stopped."]
    for sentence, candidates in zip(sentences, sentrep.generate(out, sentences, to="next"), strict=True):
        print(sentence)
        for candidate in candidates:
            print(f"  {candidate.per_token:7.3f}  {candidate.text}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
