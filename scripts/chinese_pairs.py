"""Words of Chinese text as characters, as pairs of neighbouring characters, or as both: in the table fitted
to a collection, in LSA, and in untrained vectors.

    python scripts/chinese_pairs.py --data BENCHMARKS

Novels: questions from held-out chapters, as in `scripts/own_documents.py corpora`; the models
are fitted to the other chapters. Headlines: LSA and untrained vectors are fitted to 8,000 headlines. On 2,000
others the accuracy of a logistic regression of their topics is measured, which is trained on the 8,000; and
the share of the ten nearest of the 8,000 that have the same topic.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from hashing import tsv
from numpy.typing import NDArray
from own_documents_corpora import Asked, Place, ask
from own_documents_rows import BM25, FUSED, lexical, scores, with_fusions, written

from sentrep.baselines.collection import SECTION, collection_table
from sentrep.baselines.config import VOCABULARY, WordModelConfig
from sentrep.baselines.fit import fit
from sentrep.baselines.lsa import PASSAGE, lsa
from sentrep.baselines.passages import Passages
from sentrep.data.config import CorpusConfig, TokenizerConfig
from sentrep.data.store.store import Store, prepare
from sentrep.data.words import UNSPACED
from sentrep.encoders.serialization import Encoder
from sentrep.evaluation.task import Model
from sentrep.inference.eval_adapter import measured
from sentrep.inference.loading import encoding
from sentrep.search.fusion import USUAL, WEAK, Fusion

CHARACTERS = 300_000
"""Of the novels: what comes later is not read."""
FITTED, NEAREST = 8000, 10
KINDS = ("characters", "pairs only", "characters and pairs")
LSA_WIDTH, UNTRAINED_WIDTH = 300, 512

Rows = NDArray[np.float32]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with the benchmarks")
    parser.add_argument("--work", type=Path, default=Path("runs/chinese_pairs"))
    parser.add_argument("--seed", type=int, default=0, help="of all random numbers")
    given = parser.parse_args()
    novels(given.data, given.work / "novels", given.seed)
    headlines(given.data, given.work / "headlines", given.seed)


def novels(data: Path, work: Path, seed: int) -> None:
    """Print nDCG@10 x 100 of every question, and the processor time that each model takes to be fitted."""
    asked = ask(Place("novels", (str(data / "corpus-zh-novels/train.jsonl.gz"),)), work, CHARACTERS)
    words = lexical(asked.language)
    lines = [f"| {BM25} | {shown(words, asked, work)} | – |"]
    for kind in KINDS:
        store, known = words_of(asked.text.file, kind, work / "cache", VOCABULARY)
        table = timed(collection_table, passages(store, SECTION, known), seed)
        lines += row(f"{kind}, table", store, table, WEAK, words, asked, work)
        store, known = words_of(asked.text.file, kind, work / "cache")
        directions = timed(lsa, passages(store, PASSAGE, known), LSA_WIDTH, seed)
        lines += row(f"{kind}, LSA", store, directions, USUAL, words, asked, work)
    columns = " / ".join(task.name for task in asked.tasks)
    print(f"\n| words, model | {columns} | CPU s |\n|---|---|---|")
    print("\n".join(lines), flush=True)


def row(
    name: str,
    store: Store,
    fitted: tuple[Rows, float],
    fusion: Fusion,
    words: Model,
    asked: Asked,
    work: Path,
) -> list[str]:
    """Lines of the vectors alone and of their fusion with BM25."""
    rows, seconds = fitted
    vectors, hybrid, _ = with_fusions(measured(bag(store, rows), name), words, fusion)
    return [
        f"| {name} | {shown(vectors, asked, work)} | {seconds:.0f} |",
        f"| {name} {FUSED} | {shown(hybrid, asked, work)} | |",
    ]


def shown(model: Model, asked: Asked, work: Path) -> str:
    """The scores of all questions."""
    found = scores(model, asked.tasks, work / "results.jsonl")
    return " / ".join(f"{100 * items.mean():.1f}" for items in found.values())


def headlines(data: Path, work: Path, seed: int) -> None:
    """Print the accuracy and the share of neighbours of the same topic."""
    texts, labels = tsv(data / "zh-thucnews-titles/dev.tsv")
    topics = [min(each) for each in labels]
    order = np.random.default_rng(seed).permutation(len(texts)).tolist()
    texts, topics = [texts[at] for at in order], [topics[at] for at in order]
    file = written(texts[:FITTED], work / "train.jsonl")
    print("\n| words | LSA: accuracy / same topic | untrained: the same |\n|---|---|---|")
    for kind in KINDS:
        store, known = words_of(file, kind, work / "cache")
        directions = lsa(passages(store, 1, known), LSA_WIDTH, seed)
        untrained = fit("untrained-weighted", store, WordModelConfig(width=UNTRAINED_WIDTH, seed=seed))
        random: Rows = untrained[0].embedding.weight.detach().numpy() * known[:, None]
        cells = [topic_scores(bag(store, rows), texts, topics) for rows in (directions, random)]
        print(f"| {kind} | {' | '.join(cells)} |", flush=True)


def topic_scores(encoder: Encoder, texts: Sequence[str], topics: Sequence[str]) -> str:
    """Accuracy x 100, and the share x 100 of the nearest headlines that have the same topic."""
    from sklearn.linear_model import LogisticRegression

    vectors = np.asarray(encoding(encoder)(list(texts)), dtype=np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    answers = np.array(topics)
    train, test = slice(None, FITTED), slice(FITTED, None)
    classifier = LogisticRegression(C=10, max_iter=1000).fit(vectors[train], answers[train])
    accuracy = float((classifier.predict(vectors[test]) == answers[test]).mean())
    nearest = np.argsort(-(vectors[test] @ vectors[train].T), axis=1, kind="stable")[:, :NEAREST]
    same = float((answers[nearest] == answers[test][:, None]).mean())
    return f"{100 * accuracy:.1f} / {100 * same:.1f}"


def words_of(
    file: Path, kind: str, cache: Path, vocabulary: int = TokenizerConfig().vocab
) -> tuple[Store, NDArray[np.bool_]]:
    """A prepared corpus, and (vocab,) whether a token counts: with 'pairs only' single characters do not."""
    config = TokenizerConfig("word", vocab=vocabulary, pairs=kind != "characters")
    store = prepare(CorpusConfig((str(file),)), config, cache)
    tokens = [store.tokenizer.inner.id_to_token(token) or "" for token in range(store.tokenizer.vocab_size)]
    left_out = [kind == "pairs only" and len(token) == 1 and is_unspaced(token) for token in tokens]
    return store, ~np.array(left_out)


def is_unspaced(character: str) -> bool:
    """Whether a character belongs to a script without spaces."""
    return re.match(f"[{UNSPACED}]", character) is not None


def passages(store: Store, sentences: int, known: NDArray[np.bool_]) -> Passages:
    """The passages of a corpus; tokens that do not count are no words."""
    found = Passages(store, sentences)
    found.known &= known
    return found


def bag(store: Store, rows: Rows) -> Encoder:
    """The bag with these rows."""
    import torch

    encoder = fit("untrained", store, WordModelConfig(width=rows.shape[1]))
    encoder[0].embedding.weight.data = torch.from_numpy(np.ascontiguousarray(rows))
    return encoder


def timed(make: Callable[..., Rows], *arguments: Any) -> tuple[Rows, float]:
    """The rows, and the seconds of processor time."""
    began = time.process_time()
    rows = make(*arguments)
    return rows, time.process_time() - began


if __name__ == "__main__":
    main()
