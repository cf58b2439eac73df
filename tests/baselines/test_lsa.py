"""LSA against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from sentrep.baselines.lsa import lsa
from sentrep.baselines.passages import Passages
from sentrep.data.store.store import Store
from tests.baselines.word_toy import cosines


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_lsa_equals_tfidf_and_truncated_svd(store: Store, power: float) -> None:
    """scikit-learn's, with the 1 that it adds to idf taken away again; new texts with unknown words among
    them."""
    passages = Passages(store, 3)
    rows = lsa(passages, 11, seed=0, power=power, iterations=40)
    texts = [
        " ".join(document[start : start + 3])
        for document in map(store.sentences_of, range(len(store.documents) - 1))
        for start in range(0, len(document), 3)
    ]
    assert len(texts) == len(passages)
    tfidf = TfidfVectorizer(token_pattern=r"\w+|\.").fit(texts)
    tfidf.idf_ = (tfidf.idf_ - 1) ** power
    svd = TruncatedSVD(11, algorithm="arpack").fit(tfidf.transform(texts))
    new = [*texts[:20], "topic1word3 common4 neverseen", "topic7word9 topic2word1 topic2word1."]
    expected = cosines(svd.transform(tfidf.transform(new)))
    ours = [rows[store.tokenizer.encode(text)].mean(axis=0) for text in new]
    np.testing.assert_allclose(cosines(ours), expected, atol=1e-3)


def test_lsa_is_seeded_and_its_seed_changes_no_cosine(store: Store) -> None:
    """Directions have no sign of their own: cosines do not mind, and the same seed gives the same ones, bit
    by bit."""
    passages = Passages(store, 3)
    first, again, other = (lsa(passages, 11, seed=seed, iterations=40) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    np.testing.assert_allclose(cosines(other[passages.known]), cosines(first[passages.known]), atol=1e-3)
