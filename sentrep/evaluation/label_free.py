"""Retrieval without labels: any held-out text asks its own questions.

Next sentence: find the sentence that follows. Title to body: find the rest of a document from its title, or from its first
sentence. Same document: find the other sentences of the document. What neighbours is not always what is alike, but a vector
that knows nothing of a sentence's place or topic fails at all three, and no annotator is needed.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Sequence
from typing import Generic, Protocol, TypeVar

from sentrep.errors import InputError
from sentrep.evaluation.retrieval import Retrieval

T = TypeVar("T")

# Shorter ones ("Yes." or a page number) occur everywhere and have no one answer.
_SHORTEST = 12

# Of one document: enough of a body to know it by, few enough siblings that no document rules the table.
_BODY_SENTENCES = 32
_SIBLINGS = 4


_NOTE = "a query's own sentence is left out"


class Document(Protocol):
    """A document cut into sentences."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def sentences(self) -> Sequence[str]: ...


def label_free(
    documents: Iterable[Document], name: str, *, queries: int = 1000, candidates: int = 3000, seed: int = 0
) -> list[Retrieval]:
    """The three tasks from one pass over documents that no model under comparison was trained on.

    At most `queries` queries among at most `candidates` documents (sentences or bodies), drawn evenly over the whole stream
    whatever its length, with the memory of the drawn ones only. Raises `InputError` where the text is too little for any task.
    """
    following = Reservoir[tuple[str, str]](candidates, seed)
    bodies = Reservoir[tuple[str, str]](candidates, seed)
    families = Reservoir[list[str]](max(2, candidates // _SIBLINGS), seed)
    for document in documents:
        sentences = list(document.sentences)
        for pair in itertools.pairwise(sentences):
            if min(map(len, pair)) >= _SHORTEST:
                following.offer(pair)
        heading, body = _heading(document.title, sentences)
        if heading and len(body) >= _SHORTEST:
            bodies.offer((heading, body))
        family = list(dict.fromkeys(sentence for sentence in sentences if len(sentence) >= _SHORTEST))
        if len(family) >= 2:
            chosen = random.Random(f"{seed} {document.id}").sample(family, min(_SIBLINGS, len(family)))
            families.offer(chosen)
    made = [
        _one_answer(f"{name}: next sentence", following.drawn(), queries),
        _one_answer(f"{name}: title to body", bodies.drawn(), queries),
        _same_document(f"{name}: same document", families.drawn(), queries),
    ]
    tasks = [task for task in made if task is not None]
    if not tasks:
        raise InputError(f"{name}: too little text to ask questions of; needs two documents or more, of two sentences or more")
    return tasks


class Reservoir(Generic[T]):
    """An even sample of a stream of unknown length (Vitter 1985, algorithm R).

    >>> reservoir = Reservoir[int](3, seed=0)
    >>> for number in range(100):
    ...     reservoir.offer(number)
    >>> len(reservoir.drawn())
    3
    """

    def __init__(self, size: int, seed: int) -> None:
        self.size, self.seen = size, 0
        self.random, self.kept = random.Random(seed), list[T]()

    def offer(self, item: T) -> None:
        """Perhaps keep it."""
        self.seen += 1
        if len(self.kept) < self.size:
            self.kept.append(item)
            return
        place = self.random.randrange(self.seen)
        if place < self.size:
            self.kept[place] = item

    def drawn(self) -> list[T]:
        """The sample, in an order that owes nothing to the stream's."""
        shuffled = list(self.kept)
        self.random.shuffle(shuffled)
        return shuffled


def _heading(title: str, sentences: Sequence[str]) -> tuple[str, str]:
    """What to ask with and what to find: the title and the text, or the first sentence and the rest."""
    if title and sentences and sentences[0].strip() == title.strip():
        sentences = sentences[1:]
    if not title and sentences:
        title, sentences = sentences[0], sentences[1:]
    return title.strip(), " ".join(sentences[:_BODY_SENTENCES])


def _one_answer(name: str, pairs: Sequence[tuple[str, str]], queries: int) -> Retrieval | None:
    """Each query has one answer: a text that answers twice, or that asks and answers at once, is left out."""
    unique = {answer: query for query, answer in pairs if query != answer}
    asked = {query: answer for answer, query in unique.items()}
    documents = list(unique)
    position = {answer: number for number, answer in enumerate(documents)}
    chosen = list(asked.items())[:queries]
    if len(documents) < 2:
        return None
    return Retrieval(
        name,
        [query for query, _ in chosen],
        documents,
        [{position[answer]: 1.0} for _, answer in chosen],
        split="held-out",
        own=[position.get(query, -1) for query, _ in chosen],
        note=_NOTE,
    )


def _same_document(name: str, families: Sequence[Sequence[str]], queries: int) -> Retrieval | None:
    documents: list[str] = []
    relevant: list[dict[int, float]] = []
    known: set[str] = set()
    kept = 0
    for family in families:
        fresh = [sentence for sentence in family if sentence not in known]
        if len(fresh) < 2:
            continue
        known.update(fresh)
        members = range(len(documents), len(documents) + len(fresh))
        documents += fresh
        relevant += [{other: 1.0 for other in members if other != member} for member in members]
        kept += 1
    if kept < 2:
        return None
    # Spread over the documents rather than the first ones in full.
    chosen = random.Random(len(documents)).sample(range(len(documents)), min(queries, len(documents)))
    return Retrieval(
        name,
        [documents[number] for number in chosen],
        documents,
        [relevant[number] for number in chosen],
        split="held-out",
        own=chosen,
        note=_NOTE,
    )
