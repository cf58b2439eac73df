"""Measures runs of disentangle on sentences of five sources, for eval/disentangle.md.

    python scripts/disentangle.py data --data DATA --out sources
    python scripts/disentangle.py words --data DATA --sources sources
    sentrep train disentangle --corpus sources/train --split lines --out RUN ...
    python scripts/disentangle.py measure RUN ... --plain PLAIN --data DATA --sources sources

`data` writes a file of sentences for each source. `words` prints the accuracy of a linear classifier of the
source that reads words and pairs of words and is trained on the same sentences. `measure` trains fresh
classifiers on half of the held-out documents and measures them on the other half: the source from the style,
and from the content. PLAIN is a run with an adversary of weight 0, to which the rivals are applied: centring,
instance normalisation and closed-form erasure (LEACE). Beside this, the correlation with human similarity
(STS), and the mean average precision of sentences on the same topic in another source (BBC and AG).
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from sentrep import api
from sentrep.encoders.erasure import Eraser, centred, normalised
from sentrep.evaluation.metrics.leakage import leakage
from sentrep.inference.generator import SentenceGenerator
from sentrep.methods.disentangle.method import Disentangle
from sentrep.utils.vectors import unit

Vectors = NDArray[np.float32]
Labels = NDArray[np.int64]
Change = Callable[[Vectors, Labels], Vectors]
SOURCES = ("novels", "openstax", "reuters", "bbc", "ag")
COUNT = {"train": 4000, "heldout": 1500}
WORDS = range(6, 41)
TOPICS = ("business", "sport", "tech")
AG_TOPICS = {"business": "business", "sports": "sport", "scitech": "tech"}
STS = ("sts12", "sts13", "sts14")
AT_ONCE = 512


def main() -> None:
    """Write the data, or measure runs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("data", "words", "measure"))
    parser.add_argument("runs", nargs="*", type=Path)
    parser.add_argument("--plain", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sources", type=Path, default=Path("sources"))
    parser.add_argument("--out", type=Path, default=Path("sources"))
    arguments = parser.parse_args()
    if arguments.what == "data":
        write_data(arguments.data, arguments.out)
        return
    if arguments.what == "words":
        print(f"words and pairs of words: {words_accuracy(arguments.sources):.1f}")
        return
    print("| | style | content, fresh classifier | STS | MAP across sources |\n|---|---|---|---|---|")
    if arguments.plain:
        measure_rivals(arguments.plain, arguments.sources, arguments.data)
    for run in arguments.runs:
        measure(run, arguments.sources, arguments.data)


def write_data(data: Path, out: Path) -> None:
    """Writes sentences of each source, from other documents for training than for measuring."""
    for part in COUNT:
        (out / part).mkdir(parents=True, exist_ok=True)
        for source in SOURCES:
            lines = dict.fromkeys(islice(sentences(data, source, part), COUNT[part]))
            (out / part / f"{source}.txt").write_text(
                "".join(f"{line}\n" for line in lines), encoding="utf-8"
            )
            print(f"{part} {source}: {len(lines):,}")


def sentences(data: Path, source: str, part: str) -> Iterator[str]:
    """Sentences of one part of a source, some from each document."""
    texts = ag_texts(data, part) if source == "ag" else documents(data, source, part)
    for each in texts:
        found = [text for _, text in api.sentences([each]) if len(text.split()) in WORDS]
        yield from found[: 200 if source == "novels" else 20]


def documents(data: Path, source: str, part: str) -> Iterator[str]:
    """Texts of the documents of a part: held out is every third one, of novels the file that is."""
    if source == "novels":
        name = "train-00.jsonl.gz" if part == "train" else "heldout.jsonl.gz"
        for record in records(data / "corpus-novels" / name):
            yield from [
                record["text"][place : place + 60_000] for place in range(0, len(record["text"]), 200_000)
            ]
        return
    file = next((data / f"corpus-{source}").glob("*.jsonl.gz"))
    for number, record in enumerate(records(file)):
        if (number % 3 == 0) == (part == "heldout"):
            yield record["text"]


def records(file: Path) -> Iterator[dict[str, str]]:
    """The records of a compressed file of JSON lines."""
    with gzip.open(file, "rt", encoding="utf-8") as opened:
        for line in opened:
            yield json.loads(line)


def ag_texts(data: Path, part: str) -> list[str]:
    """Texts of AG, five at a time."""
    rows = [text for _, text in table(data / "ag-news" / ("train.tsv" if part == "train" else "test.tsv"))]
    return ["\n\n".join(rows[place : place + 5]) for place in range(0, len(rows), 5)]


def table(file: Path) -> list[list[str]]:
    """Rows of a TSV file without its header."""
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.reader(opened, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]


def words_accuracy(sources: Path) -> float:
    """Returns the accuracy, in percent, of logistic regression on tf-idf of words and pairs of words, trained
    on the training sentences and measured on the held-out ones."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    words = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2)
    texts, labels = labelled(sources, "train")
    model = LogisticRegression(C=10, max_iter=200).fit(words.fit_transform(texts), labels)
    texts, labels = labelled(sources, "heldout")
    return 100 * float(model.score(words.transform(texts), labels))


def labelled(sources: Path, part: str) -> tuple[list[str], Labels]:
    """Returns the sentences of a part and the numbers of their sources."""
    files = [sources / part / f"{source}.txt" for source in SOURCES]
    lines = [file.read_text(encoding="utf-8").splitlines() for file in files]
    labels = np.repeat(np.arange(len(files)), [len(each) for each in lines])
    return [line for each in lines for line in each], labels


class Held:
    """Held-out sentences with their sources, and which of them classifiers are trained on."""

    def __init__(self, sources: Path) -> None:
        self.texts, self.labels = labelled(sources, "heldout")
        # The first part of each file: its documents are not in the second.
        self.known = np.concatenate([np.arange(count) < 0.6 * count for count in np.bincount(self.labels)])


def measure_rivals(run: Path, sources: Path, data: Path) -> None:
    """Print the rows of the run without an adversary, and of what is done to its vectors."""
    changes: dict[str, Change] = {
        "no adversary": lambda rows, _: rows,
        "no adversary, centred by source": centred,
        "no adversary, instance normalisation": normalised,
        "no adversary, LEACE": erasure(run, sources),
    }
    rows_of(run, changes, sources, data)


def measure(run: Path, sources: Path, data: Path) -> None:
    """Print the rows of a run, and of closed-form erasure of its content."""
    changes: dict[str, Change] = {
        str(run): lambda rows, _: rows,
        f"{run}, LEACE": erasure(run, sources),
    }
    rows_of(run, changes, sources, data)


def rows_of(run: Path, changes: dict[str, Change], sources: Path, data: Path) -> None:
    """Print a row for each change of the content of a run."""
    encoder, held = encoder_of(run), Held(sources)
    style, content = source_accuracy(styles(run, held.texts), held), encoder(held.texts)
    for name, change in changes.items():
        row(name, style, source_accuracy(change(content, held.labels), held), encoder, change, data)


def erasure(run: Path, sources: Path) -> Change:
    """Returns closed-form erasure that is fitted to the content of the training sentences."""
    texts, labels = labelled(sources, "train")
    erase = Eraser.fit(encoder_of(run)(texts), labels)
    return lambda rows, _: erase(rows)


def row(
    name: str,
    style: float,
    content: float,
    encoder: Callable[[list[str]], Vectors],
    change: Change,
    data: Path,
) -> None:
    """Print a row of the table."""
    similarity, precision = sts(encoder, change, data), cross_source(encoder, change, data)
    print(f"| {name} | {style:.1f} | {content:.1f} | {similarity:.1f} | {precision:.3f} |", flush=True)


def source_accuracy(vectors: Vectors, held: Held) -> float:
    """Returns the accuracy, in percent, of a fresh classifier of the source."""
    first, second = held.known, ~held.known
    found = leakage(vectors[first], held.labels[first], vectors[second], held.labels[second])
    return 100 * found.accuracy


def encoder_of(run: Path) -> Callable[[list[str]], Vectors]:
    """Returns what turns texts into vectors of length 1."""
    model = api.load(run)
    return lambda texts: unit(api.embed(model, texts))


def styles(run: Path, texts: list[str]) -> Vectors:
    """Returns the styles of sentences."""
    trained, found = SentenceGenerator.open(run).trained, []
    assert isinstance(trained.method, Disentangle)
    for start in range(0, len(texts), AT_ONCE):
        with torch.no_grad():
            found.append(trained.method.halves(trained.batch(texts[start : start + AT_ONCE])).style)
    return torch.cat(found).numpy()


def sts(encoder: Callable[[list[str]], Vectors], change: Change, data: Path) -> float:
    """Returns the mean over sets of 100 times Spearman's correlation; a set counts as one document."""
    found = []
    for folder in STS:
        rows = [each for file in sorted((data / folder).glob("*.test.tsv")) for each in table(file)]
        vectors = encoder([text for each in rows for text in each[1:3]])
        vectors = unit(change(vectors, np.zeros(len(vectors), np.int64)))
        cosines = (vectors[::2] * vectors[1::2]).sum(1)
        found.append(np.corrcoef(ranks(cosines), ranks(np.array([float(each[0]) for each in rows])))[0, 1])
    return 100 * float(np.mean(found))


def cross_source(encoder: Callable[[list[str]], Vectors], change: Change, data: Path) -> float:
    """Returns the mean average precision of finding, among all of BBC and AG, texts on the topic of the query
    from the other source."""
    texts, source, topic = topical(data)
    vectors = unit(change(encoder(texts), source))
    precisions = []
    for query, scores in enumerate(vectors @ vectors.T):
        order = np.argsort(-scores, kind="stable")
        order = order[order != query]
        hits = (topic[order] == topic[query]) & (source[order] != source[query])
        precisions.append((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())
    return float(np.mean(precisions))


def topical(data: Path, count: int = 300) -> tuple[list[str], Labels, Labels]:
    """Beginnings of texts on three topics, `count` of each topic and source: text, source and topic."""
    found: list[tuple[str, int, int]] = []
    for topic, name in enumerate(TOPICS):
        bbc = [each["text"] for each in records(data / "corpus-bbc" / "all.jsonl.gz") if name in each["id"]]
        ag = [text for label, text in table(data / "ag-news" / "test.tsv") if AG_TOPICS.get(label) == name]
        for source, texts in enumerate((bbc, ag)):
            found += [(" ".join(text.split()[:25]), source, topic) for text in texts[:count]]
    return (
        [text for text, _, _ in found],
        np.array([source for _, source, _ in found]),
        np.array([topic for _, _, topic in found]),
    )


def ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns mean ranks: equal values share theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    mean: NDArray[np.float64] = (last - (counts - 1) / 2)[place]
    return mean


if __name__ == "__main__":
    main()
