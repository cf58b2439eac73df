"""Retrieval tasks that are made from held-out text without labels.

* Next sentence: find the sentence that follows.
* Inverse cloze: find the passage that a sentence was removed from.
* Title to body: find the text of a document by its title, or by its first sentence if it has none.
* Same document: find the other sentences of a document.

Neighbouring texts are not always similar in meaning, but vectors without information about context and topic
fail at all four tasks, and no annotation is needed.

Reference:
    Lee, Chang and Toutanova 2019, "Latent retrieval for weakly supervised open domain question answering",
    section 4 (inverse cloze; here the sentence is always removed).
"""

from __future__ import annotations

import itertools
import random
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from sentrep.evaluation.datasets.reservoir import Reservoir
from sentrep.evaluation.tasks.retrieval import Retrieval
from sentrep.utils.errors import InputError, opt

# Characters of the shortest query: shorter ones ("Yes.", a page number) have no unique answer. A Chinese
# character counts as two.
_SHORTEST = 12

# Documents of the smallest task: among fewer, R@10 says little.
_FEWEST = 20

# Sentences of a body and of a passage.
_BODY_SENTENCES = 32
_PASSAGE_SENTENCES = 8

# Sentences of one document in the same-document task; fewer where there are many documents, so that no
# document dominates.
_FEW_SIBLINGS, _MOST_SIBLINGS = 4, 32

_NOTE = "a query's own sentence is left out"


class Document(Protocol):
    """A document split into sentences."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def sentences(self) -> Sequence[str]: ...


@runtime_checkable
class CutDocument(Document, Protocol):
    """A document cut into passages as well."""

    @property
    def passages(self) -> Sequence[Sequence[str]]:
        """Sentences of each passage."""
        ...


class _Parts(NamedTuple):
    """What a document is asked about."""

    texts: Sequence[str]
    """Texts that follow each other and belong together."""
    wholes: Sequence[Sequence[str]]
    """Sentences of the texts that one of their sentences is taken out of."""
    body: int
    """Sentences of the text that is found from the title, at most."""


def label_free(
    documents: Iterable[Document],
    name: str,
    *,
    queries: int = 1000,
    candidates: int = 3000,
    seed: int = 0,
    split: str = "held-out",
    approximate: bool = False,
    unit: str = "sentence",
) -> list[Retrieval]:
    """The four tasks, from one pass over documents that none of the compared models was trained on.

    Queries and documents are uniform samples of the whole stream; only the sampled ones are kept in memory. A
    task with fewer than 20 documents is left out.

    Args:
        documents: held-out documents.
        name: of the tasks in tables, followed by the kind of task.
        queries: at most as many per task.
        candidates: at most as many documents (sentences, passages or bodies) per task.
        seed: of the samples.
        split: that the documents belong to.
        approximate: as in `Retrieval`.
        unit: with 'passage' the texts are passages instead of sentences; with 'document' they are whole
            documents, and there are two tasks: title to body, and sentence to document.

    Raises:
        InputError: there is too little text for any task, or `queries` or `candidates` is too small.
    """
    if queries < 1 or candidates < _FEWEST:
        raise InputError(
            f"{name}: queries = {queries}, candidates = {candidates}; needs at least 1 and {_FEWEST}",
            setting="queries" if queries < 1 else "candidates",
        )
    tasks = [
        Retrieval(
            f"{name}: {kind}",
            questions.queries[:queries],
            questions.documents,
            [dict.fromkeys(each, 1.0) for each in questions.answers[:queries]],
            split=split,
            own=questions.own[:queries],
            note=_NOTE,
            approximate=approximate,
        )
        for kind, questions in _asked(documents, candidates, seed, unit).items()
        if len(questions.documents) >= _FEWEST
    ]
    if not tasks:
        raise InputError(
            f"{name}: too little text to make queries from; give about {_FEWEST} documents, or {_FEWEST} "
            f"long sentences (of a run: train with a larger {opt('keep_out')})",
            setting="heldout",
        )
    return tasks


class Questions(NamedTuple):
    """Queries, documents, and which documents are relevant."""

    queries: list[str]
    documents: list[str]
    answers: list[list[int]]
    """For each query, the numbers of the relevant documents."""
    own: list[int]
    """For each query, the number of the document with the same text; -1 if there is none."""


def _asked(documents: Iterable[Document], candidates: int, seed: int, unit: str) -> dict[str, Questions]:
    """Queries and documents of the four tasks, from one pass."""
    following, passages, bodies = (Reservoir[tuple[str, str]](candidates, seed) for _ in range(3))
    families = Reservoir[list[str]](max(2, candidates // _FEW_SIBLINGS), seed)
    for document in documents:
        sentences, chance = list(document.sentences), random.Random(f"{seed} {document.id}")
        parts = _parts(document, sentences, unit)
        for pair in itertools.pairwise(parts.texts):
            if all(map(_is_long_enough, pair)):
                following.offer(pair)
        heading, body = _heading(document.title, sentences, parts.body)
        if heading and _is_long_enough(body):
            bodies.offer((heading, body))
        family = list(dict.fromkeys(filter(_is_long_enough, parts.texts)))
        if len(family) >= 2:
            families.offer(chance.sample(family, min(_MOST_SIBLINGS, len(family))))
        for pair in _taken_out(parts.wholes, chance):
            passages.offer(pair)
    return {
        f"next {unit}": _one_answer(following.drawn()),
        "inverse cloze": _one_answer(passages.drawn()),
        "title to body": _one_answer(bodies.drawn()),
        "same document": _siblings(families.drawn(), candidates),
    }


def _parts(document: Document, sentences: Sequence[str], unit: str) -> _Parts:
    if unit == "sentence":
        starts = range(0, len(sentences), _PASSAGE_SENTENCES)
        passages = [sentences[start : start + _PASSAGE_SENTENCES] for start in starts]
        return _Parts(sentences, passages, _BODY_SENTENCES)
    if unit == "passage":
        if not isinstance(document, CutDocument):
            raise TypeError(f"document {document.id!r} has no passages")
        passages = [list(passage) for passage in document.passages]
        first = len(passages[0]) if passages else 0
        return _Parts([_joined(passage) for passage in passages], passages, max(first, 1))
    return _Parts([], [sentences], len(sentences))


def _one_answer(pairs: Sequence[tuple[str, str]]) -> Questions:
    """Queries with one relevant document each; repeated answers, and pairs of equal texts, are left out."""
    unique = {answer: query for query, answer in pairs if query != answer}
    asked = {query: answer for answer, query in unique.items()}
    position = {answer: number for number, answer in enumerate(unique)}
    own = [position.get(query, -1) for query in asked]
    return Questions(list(asked), list(unique), [[position[answer]] for answer in asked.values()], own)


def _siblings(families: Sequence[Sequence[str]], candidates: int) -> Questions:
    each = max(_FEW_SIBLINGS, candidates // max(1, len(families)))
    documents: list[str] = []
    answers: list[list[int]] = []
    known: set[str] = set()
    for family in families:
        fresh = [sentence for sentence in family[:each] if sentence not in known]
        if len(fresh) < 2:
            continue
        known.update(fresh)
        members = range(len(documents), len(documents) + len(fresh))
        documents += fresh
        answers += [[other for other in members if other != member] for member in members]
    if documents and len(answers[0]) == len(documents) - 1:
        return Questions([], [], [], [])  # a single document: every sentence is relevant
    # Shuffled, because the first queries are used and should not all be of the first documents.
    order = random.Random(len(documents)).sample(range(len(documents)), len(documents))
    return Questions(
        [documents[number] for number in order], documents, [answers[number] for number in order], order
    )


def _heading(title: str, sentences: Sequence[str], longest: int) -> tuple[str, str]:
    """Query and document: the title and the text, or the first sentence and the rest."""
    if title and sentences and sentences[0].strip() == title.strip():
        sentences = sentences[1:]
    if not title and sentences:
        title, sentences = sentences[0], sentences[1:]
    return title.strip(), _joined(sentences[:longest])


def _taken_out(passages: Sequence[Sequence[str]], chance: random.Random) -> Iterator[tuple[str, str]]:
    """For each passage, a sentence from its middle and the passage without it."""
    for passage in passages:
        middle = [
            at
            for at, sentence in enumerate(passage)
            if 0 < at < len(passage) - 1 and _is_long_enough(sentence)
        ]
        if middle:
            at = chance.choice(middle)
            rest = _joined([*passage[:at], *passage[at + 1 :]])
            if passage[at] not in rest:
                yield passage[at], rest


def _joined(sentences: Sequence[str]) -> str:
    """Sentences as one text, with spaces between them except after wide characters (Chinese, Japanese)."""
    return "".join(sentence if _wide(sentence[-3:]) else f"{sentence} " for sentence in sentences).strip()


def _is_long_enough(text: str) -> bool:
    return len(text) >= _SHORTEST or len(text) + _wide(text) >= _SHORTEST


def _wide(text: str) -> int:
    return sum(unicodedata.east_asian_width(sign) in "WF" for sign in text)
