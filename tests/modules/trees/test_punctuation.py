"""Spans that cross punctuation, against their definition, sentence by sentence."""

from __future__ import annotations

import torch

from sentrep.data.config import TokenizerConfig
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.modules.padding import pad_lists
from sentrep.modules.trees.crf import TreeCRF
from sentrep.modules.trees.punctuation import crossing_spans, punctuation_mask, remove_punctuation

MARKS = torch.arange(10) >= 8
SENTENCES = [[1, 2, 8, 3, 4, 5, 9], [1, 2, 3], [8, 1, 8, 8, 2], [9], [1], [1, 9, 2, 3, 8, 4, 5], []]


def crosses(sentence: list[int], first: int, last: int) -> bool:
    """It holds a mark, and of some stretch between marks a part that is not all."""
    if not any(MARKS[token] for token in sentence[first : last + 1]):
        return False
    stretch, number = [], 0
    for token in sentence:
        number += bool(MARKS[token])
        stretch.append(-1 if MARKS[token] else number)
    inside, outside = set(stretch[first : last + 1]) - {-1}, set(stretch[:first] + stretch[last + 1 :])
    return bool(inside & outside)


def test_what_crosses() -> None:
    texts = pad_lists(SENTENCES)
    found = crossing_spans(*texts, MARKS)
    for row, sentence in enumerate(SENTENCES):
        for first in range(len(sentence)):
            for last in range(first, len(sentence)):
                assert found[row, first, last] == crosses(sentence, first, last), (sentence, first, last)
    assert found.any()


def test_every_sentence_has_a_tree_that_crosses_nothing() -> None:
    texts = pad_lists(SENTENCES[:-1])
    forbidden = crossing_spans(*texts, MARKS)
    torch.manual_seed(0)
    scores = torch.randn(forbidden.shape).masked_fill(forbidden, -1e4)
    crf = TreeCRF(scores, texts.lengths)
    assert (crf.log_partition > -5e3).all()
    for trees in (crf.viterbi(), crf.sample(5)):
        assert not (trees.span_mask() & forbidden.unsqueeze(1)).any()


def test_words_without_their_marks() -> None:
    words = remove_punctuation(*pad_lists(SENTENCES), MARKS)
    bare = [[place for place, token in enumerate(sentence) if not MARKS[token]] for sentence in SENTENCES]
    assert words.ids.tolist() == [
        sentence[place] for sentence, each in zip(SENTENCES, bare, strict=True) for place in each
    ]
    assert words.lengths.tolist() == list(map(len, bare))
    assert words.token_lengths.tolist() == list(map(len, SENTENCES))
    for row, (sentence, places) in enumerate(zip(SENTENCES, bare, strict=True)):
        for first, here in enumerate(places):
            for last, there in enumerate(places[first:], start=first):
                assert words.forbidden[row, first, last] == crosses(sentence, here, there)
    assert not remove_punctuation(*pad_lists(SENTENCES), MARKS & False).forbidden.any()


def test_trees_of_words_take_the_marks_in() -> None:
    """Whatever tree the words have, its spans are in the tree over all tokens, and that tree respects
    marks."""
    sentences = SENTENCES[:-1]
    words = remove_punctuation(*pad_lists(sentences), MARKS)
    torch.manual_seed(0)
    for _ in range(5):
        scores = torch.randn(words.forbidden.shape).masked_fill(words.forbidden, -1e4)
        wanted = TreeCRF(scores, words.lengths).viterbi().span_mask()[:, 0]
        found = words.trees(wanted.float())
        spans = found.span_mask()[:, 0]
        assert found.lengths.flatten().tolist() == list(map(len, sentences))
        assert not (spans & words.crossed).any()
        for row, count in enumerate(words.lengths.tolist()):
            place = words.place[row, :count]
            assert (spans[row][place][:, place] | ~wanted[row, :count, :count]).all()


def test_punctuation_of_a_vocabulary() -> None:
    tokenizer = Tokenizer.train(
        ["He did n't say -LRB- 5 % , `` N.V. '' -RRB- ."], TokenizerConfig("spaces", vocab=100)
    )
    marks = punctuation_mask(tokenizer, tokenizer.vocab_size)
    named = {tokenizer.inner.id_to_token(number) for number in marks.nonzero().flatten().tolist()}
    assert named == {"-lrb-", "-rrb-", ",", ".", "``", "''"}
    cut = Tokenizer.train(["Well, he (the cat) sat."] * 3, TokenizerConfig("bpe", vocab=60))
    marks = punctuation_mask(cut, cut.vocab_size)
    assert {cut.inner.id_to_token(number) for number in marks.nonzero().flatten().tolist()} == {
        ",",
        "(",
        ")",
        ".",
    }
