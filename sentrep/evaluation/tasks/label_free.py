"""Retrieval without labels: any held-out text asks its own questions.

Next sentence: find the sentence that follows. Inverse cloze: find the passage that a sentence was taken out
of (Lee, Chang and Toutanova 2019, section 4, always taken out). Title to body: find the rest of a document
from its title, or from its first sentence. Same document: find its other sentences. What stands together is
not always alike, but a vector that knows nothing of a sentence's place or topic fails at all four, and no
annotator is needed."""

from __future__ import annotations

import itertools
import random
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from sentrep.evaluation.datasets.reservoir import Reservoir
from sentrep.evaluation.tasks.retrieval import Retrieval
from sentrep.utils.errors import InputError

# Shorter ones ("Yes." or a page number) occur everywhere and have no one answer. A Chinese sign counts as two
# letters.
_SHORTEST = 12

# Among fewer, ten are found by anyone.
_FEWEST = 20

# Enough of a text to know it by.
_BODY_SENTENCES = 32
_PASSAGE_SENTENCES = 8

# Of one document; fewer where there are many documents, so that none rules the table.
_FEW_SIBLINGS, _MOST_SIBLINGS = 4, 32

_NOTE = "a query's own sentence is left out"


class Document(Protocol):
    """A document cut into sentences."""

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
    """The four tasks from one pass over documents that no model under comparison was trained on.

    At most `queries` queries among at most `candidates` documents (sentences, passages or bodies), drawn
    evenly over the whole stream whatever its length, with the memory of the drawn ones only. A task with
    fewer than 20 to choose from is left out; `InputError` is raised where none remains. `approximate` is as
    in `Retrieval`. With `unit` 'passage' the passages of documents are asked about instead of their
    sentences, with 'document' whole documents: title to body, and sentence to document."""
    if queries < 1 or candidates < _FEWEST:
        raise InputError(
            f"{name}: queries = {queries}, candidates = {candidates}; needs at least 1 and {_FEWEST}"
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
            f"{name}: too little text to ask questions of; give some {_FEWEST} documents, or {_FEWEST} "
            "long sentences"
        )
    return tasks


class Questions(NamedTuple):
    """Texts that ask, and texts to be found."""

    queries: list[str]
    documents: list[str]
    answers: list[list[int]]
    """For each query, which documents."""
    own: list[int]
    """For each query, the document that is its own text; -1 if none is."""


def _asked(documents: Iterable[Document], candidates: int, seed: int, unit: str) -> dict[str, Questions]:
    """The four kinds of questions, from one pass."""
    following, passages, bodies = (Reservoir[tuple[str, str]](candidates, seed) for _ in range(3))
    families = Reservoir[list[str]](max(2, candidates // _FEW_SIBLINGS), seed)
    for document in documents:
        sentences, chance = list(document.sentences), random.Random(f"{seed} {document.id}")
        parts = _parts(document, sentences, unit)
        for pair in itertools.pairwise(parts.texts):
            if all(map(_speaks, pair)):
                following.offer(pair)
        heading, body = _heading(document.title, sentences, parts.body)
        if heading and _speaks(body):
            bodies.offer((heading, body))
        family = list(dict.fromkeys(filter(_speaks, parts.texts)))
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
    """Each query has one answer: a text that answers twice, or that asks and answers at once, is left out."""
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
        return Questions([], [], [], [])  # one family: every document is an answer
    # Spread over the documents, so that the first queries are not all of the first ones.
    order = random.Random(len(documents)).sample(range(len(documents)), len(documents))
    return Questions(
        [documents[number] for number in order], documents, [answers[number] for number in order], order
    )


def _heading(title: str, sentences: Sequence[str], longest: int) -> tuple[str, str]:
    """What to ask with and what to find: the title and the text, or the first sentence and the rest."""
    if title and sentences and sentences[0].strip() == title.strip():
        sentences = sentences[1:]
    if not title and sentences:
        title, sentences = sentences[0], sentences[1:]
    return title.strip(), _joined(sentences[:longest])


def _taken_out(passages: Sequence[Sequence[str]], chance: random.Random) -> Iterator[tuple[str, str]]:
    """For each passage a sentence from its middle, and the passage without it."""
    for passage in passages:
        middle = [
            at for at, sentence in enumerate(passage) if 0 < at < len(passage) - 1 and _speaks(sentence)
        ]
        if middle:
            at = chance.choice(middle)
            rest = _joined([*passage[:at], *passage[at + 1 :]])
            if passage[at] not in rest:
                yield passage[at], rest


def _joined(sentences: Sequence[str]) -> str:
    """One text; where the script has wide signs, as Chinese and Japanese, no space stands between
    sentences."""
    return "".join(sentence if _wide(sentence[-3:]) else f"{sentence} " for sentence in sentences).strip()


def _speaks(text: str) -> bool:
    return len(text) >= _SHORTEST or len(text) + _wide(text) >= _SHORTEST


def _wide(text: str) -> int:
    return sum(unicodedata.east_asian_width(sign) in "WF" for sign in text)
