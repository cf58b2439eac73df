"""Centring and smoothing against plain computations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sentrep.api.documents import index_documents, open_documents
from sentrep.api.indexes import index as index_verb
from sentrep.search.documents import Document, DocumentIndex, Passage
from sentrep.search.documents.centring import MEANS, Means, pseudo_queries
from sentrep.search.documents.passages import context
from sentrep.search.documents.smoothing import smoothed
from sentrep.utils.errors import InputError
from tests.pages import TOPICS, page, saved, word_encoder
from tests.search.documents.collection import MODEL, create, documents, encode


def centred(path: Path, given: list[tuple[Document, list[Passage]]], means: Means) -> DocumentIndex:
    index = DocumentIndex.create(path, MODEL, str.split, analysis="spaces", encode=encode, means=means)
    index.add(given)
    return index


def test_centred_cosines_are_those_of_a_plain_computation(tmp_path: Path) -> None:
    given = documents(40)
    means = Means.of(encode, given)
    texts = {f"{d.id}#{n}": context(d, p) for d, parts in given for n, p in enumerate(parts, 1)}
    rows = [vector / np.linalg.norm(vector) for vector in encode(list(texts.values()))]
    np.testing.assert_allclose(means.passages, np.mean(rows, axis=0), atol=1e-6)
    index = centred(tmp_path / "index", given[:30], means)
    index.add(given[30:])  # documents that come later are centred with the same means
    query = encode(["w1 w2"])[0]
    query = query / np.linalg.norm(query) - means.queries
    hits = DocumentIndex.open(tmp_path / "index", str.split, encode).search("w1 w2", 50, mode="dense")
    assert hits
    for hit in hits:
        passage = rows[list(texts).index(hit.id)] - means.passages
        expected = passage @ query / np.linalg.norm(passage) / np.linalg.norm(query)
        assert hit.scores.dense == pytest.approx(expected, abs=1e-5)


def test_unknown_words_stay_unknown(tmp_path: Path) -> None:
    given = documents(10)
    assert centred(tmp_path / "index", given, Means.of(encode, given)).search("unknown", mode="dense") == []
    no_words = np.zeros((1, 16), np.float32)
    assert not Means.of(encode, given).centred_passages(no_words).any()


def test_pseudo_queries_are_spans_and_titles() -> None:
    given = documents(20)
    texts = [part.text for _, parts in given for part in parts]
    titles = {document.title for document, _ in given}
    queries = pseudo_queries(given)
    assert len(queries) == 400
    assert sum(query in titles for query in queries) == 133
    for query in queries[133:]:
        assert any(query in text for text in texts)
        assert len(query.split()) <= 16
    assert queries == pseudo_queries(given)


def test_damaged_means_are_refused(tmp_path: Path) -> None:
    given = documents(5)
    centred(tmp_path / "index", given, Means.of(encode, given))
    for content in (b"", b"x" * 100, (tmp_path / "index" / MEANS).read_bytes()[:-4]):
        (tmp_path / "index" / MEANS).write_bytes(content)
        with pytest.raises(InputError):
            DocumentIndex.open(tmp_path / "index", str.split, encode)


@pytest.mark.parametrize("mode", ["hybrid", "dense"])
def test_smoothed_search_equals_a_plain_computation(tmp_path: Path, mode: str) -> None:
    given = documents(40)
    index = create(tmp_path / "index", given)
    texts = {f"{d.id}#{n}": context(d, p) for d, parts in given for n, p in enumerate(parts, 1)}
    vectors = encode(list(texts.values()))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    plain = {hit.id: hit.scores.score for hit in index.search("w1 w2 w3", 1000, mode=mode)}  # type: ignore[arg-type]
    expected = {}
    for name, vector in zip(texts, vectors, strict=True):
        near = sorted(
            (
                (float(other @ vector), each)
                for each, other in zip(texts, vectors, strict=True)
                if each != name
            ),
            reverse=True,
        )[:10]
        weights = [max(cosine, 0) ** 2 for cosine, _ in near]
        mean = sum(w * plain[each] for w, (_, each) in zip(weights, near, strict=True)) / sum(weights)
        expected[name] = 0.7 * plain[name] + 0.3 * mean
    found = index.search("w1 w2 w3", 1000, mode=mode, smooth=True)  # type: ignore[arg-type]
    assert {hit.id: hit.scores.score for hit in found} == pytest.approx(expected, abs=1e-4)
    scores = [hit.scores.score for hit in found]
    assert scores == sorted(scores, reverse=True)


def test_one_candidate_and_no_neighbours_keep_their_scores() -> None:
    one = np.ones((1, 3), np.float32)
    assert smoothed(np.float32([0.4]), one, np.array([0])).tolist() == pytest.approx([0.4])
    opposite = np.array([[1, 0], [-1, 0]], np.float32)
    assert smoothed(np.float32([0.4, 1]), opposite, np.arange(2)).tolist() == pytest.approx([0.4, 1])


def test_an_index_remembers_how_it_was_made(tmp_path: Path) -> None:
    model = saved(word_encoder(), tmp_path / "model")
    (tmp_path / "docs").mkdir()
    for topic in TOPICS:
        (tmp_path / "docs" / f"{topic}.md").write_text(page(topic, 4))
    index_documents(model, tmp_path / "docs", tmp_path / "index", center=True, smooth=True)
    opened = open_documents(tmp_path / "index", verify=True)
    assert MEANS in opened.index.manifest.attached
    query = "sailing text number 2"
    hits, plain = opened.search(query), opened.search(query, smooth=False)
    assert [hit.scores.score for hit in hits] != [hit.scores.score for hit in plain]
    assert [hit.scores.score for hit in hits] == [
        hit.scores.score for hit in opened.search(query, smooth=True)
    ]


def test_an_index_of_vectors_has_no_such_options(tmp_path: Path) -> None:
    for name in ("center", "smooth"):
        with pytest.raises(InputError) as error:
            index_verb(tmp_path / "vectors", tmp_path / "index", **{name: True})  # type: ignore[arg-type]
        assert error.value.setting == name


def test_smoothing_some_at_a_time_is_smoothing_all(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    vectors = random.standard_normal((300, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    scores, places = random.random(300).astype(np.float32), random.permutation(300)[:280]
    whole = smoothed(scores, vectors, places)
    monkeypatch.setitem(smoothed.__globals__, "TOGETHER", 16)
    np.testing.assert_allclose(smoothed(scores, vectors, places), whole, atol=1e-6)
