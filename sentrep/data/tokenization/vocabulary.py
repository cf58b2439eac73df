"""Training of a vocabulary from words and their counts: text pipeline and four kinds of models.

Special tokens are in the vocabulary, but are not "added tokens" of the library, which would find them
in texts: the characters "[PAD]" in a text are ordinary text.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import accumulate, groupby, islice
from typing import TYPE_CHECKING, Any

from sentrep.data.config import TokenizerConfig
from sentrep.data.normalization import tokenizer_steps, word_preserving_steps
from sentrep.data.tokenization.character_pairs import has_paired, paired_class, pairing_steps, pieces
from sentrep.data.tokenization.terms import marked, read_terms, with_terms
from sentrep.data.words import SOUTHEAST_ASIAN

if TYPE_CHECKING:
    import tokenizers

_CJK = r"\p{Han}\p{Hiragana}\p{Katakana}ー々〆"
_WORD = rf"[^\s{_CJK}\p{{P}}\p{{S}}\p{{Cc}}]+"
_SPACED_WORD = rf"[^\s{_CJK}{SOUTHEAST_ASIAN}\p{{P}}\p{{S}}\p{{Cc}}]+"
_SIGN = r"[\p{P}\p{S}]"

STEEP = 64
"""Larger counts enter as STEEP · √(count / STEEP): the trainer reads every occurrence, and pieces that are so
frequent are merged early in any case."""

LARGEST = 1_500_000
"""Characters in the distinct words that are learnt from, about. Only clauses of Chinese or Japanese, hardly
one of which occurs twice, come near: a trainer holds 150 bytes or more for each of their characters."""


def learn(words: Counter[str], config: TokenizerConfig, special: Sequence[str]) -> tokenizers.Tokenizer:
    """Trains a tokenizer of kind `config.tokenizer` from words between spaces and their counts."""
    import tokenizers
    from tokenizers import models

    shell = tokenizers.Tokenizer(models.WordLevel({}, unk_token="[UNK]"))
    pairs = config.tokenizer == "word" and config.pairs and has_paired(words)
    _furnish(shell, config.tokenizer, config.lowercase, pairs)
    found = _pieces(words, shell)
    if config.tokenizer in ("word", "spaces"):
        ranked = sorted(found, key=lambda piece: (-found[piece], piece))
        tokens = [
            *special,
            *islice((piece for piece in ranked if piece not in special), config.vocab - len(special)),
        ]
        learnt = tokenizers.Tokenizer(
            models.WordLevel({t: i for i, t in enumerate(tokens)}, unk_token="[UNK]")
        )
    else:
        terms = marked(read_terms(config.terms).items(), shell) if config.terms else {}
        learnt = _train(found, config, special, terms)
    _furnish(learnt, config.tokenizer, config.lowercase, pairs)
    return learnt


def _furnish(tokenizer: tokenizers.Tokenizer, kind: str, lowercase: bool, pairs: bool = False) -> None:
    """Set the normalizer, the pre-tokenizer and the decoder."""
    from tokenizers import Regex, decoders, normalizers, pre_tokenizers

    lower: list[Any] = [normalizers.Lowercase()] if lowercase else []
    if kind == "spaces":  # the text was cut into words before
        tokenizer.normalizer = normalizers.Sequence([*word_preserving_steps(), *lower])
        tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        return
    tokenizer.normalizer = normalizers.Sequence([*tokenizer_steps(), *lower])
    if pairs:
        steps = [*tokenizer_steps(), *pairing_steps(), *lower]
        tokenizer.normalizer = normalizers.Sequence(steps)
        single = rf"[{_CJK}{SOUTHEAST_ASIAN}&&[^{paired_class()}]]\p{{M}}*"
        words = Regex(rf"{pieces()}|{single}|{_SPACED_WORD}|{_SIGN}")
        tokenizer.pre_tokenizer = pre_tokenizers.Split(words, "removed", invert=True)
        return
    if kind == "word":  # without a dictionary, a word of a script without spaces is a character
        words = Regex(rf"[{_CJK}{SOUTHEAST_ASIAN}]\p{{M}}*|{_SPACED_WORD}|{_SIGN}")
        tokenizer.pre_tokenizer = pre_tokenizers.Split(words, "removed", invert=True)
        return
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(f"[{_CJK}]+|{_WORD}|{_SIGN}"), "removed", invert=True),
            pre_tokenizers.Metaspace(prepend_scheme="always", split=False),
            pre_tokenizers.Split(Regex(rf"▁(?=[{_CJK}\p{{P}}\p{{S}}])"), "removed"),
        ]
    )
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")


@cache
def _pipeline(kind: str, lowercase: bool, pairs: bool = False) -> tuple[dict[str, Any], dict[str, Any]]:
    import tokenizers
    from tokenizers import models

    shell = tokenizers.Tokenizer(models.WordLevel({}, unk_token="[UNK]"))
    _furnish(shell, kind, lowercase, pairs)
    spec = json.loads(shell.to_str())
    return spec["normalizer"], spec["pre_tokenizer"]


def pipelines() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Returns (normalizer, pre_tokenizer), as JSON, of all tokenizers that are trained here. All of them
    cut at spaces."""
    kinds = (("bpe", False), ("word", False), ("word", True))
    return [_pipeline(kind, lowercase, pairs) for kind, pairs in kinds for lowercase in (True, False)]


def spaced_pipelines() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Returns (normalizer, pre_tokenizer), as JSON, of tokenizers for text that was cut into words before.
    They cut at spaces alone."""
    return [_pipeline("spaces", lowercase) for lowercase in (True, False)]


def _pieces(words: Counter[str], shell: tokenizers.Tokenizer) -> Counter[str]:
    """Counts what the pipeline makes of words. Words of the same count are processed together, because a
    call is slower than a word."""
    pieces: Counter[str] = Counter()
    by_count = _thinned(words)
    for count, group in groupby(by_count, key=words.__getitem__):
        while batch := " ".join(islice(group, 256)):
            normal = shell.normalizer.normalize_str(batch)
            for piece, _ in shell.pre_tokenizer.pre_tokenize_str(normal):
                pieces[piece] += count
    return pieces


def _thinned(words: Counter[str]) -> list[str]:
    """Returns words by falling count; if there are too many, the frequent ones, and an even sample of the
    rare ones."""
    ranked = sorted(words, key=lambda word: (-words[word], word))
    ends = list(accumulate(map(len, ranked)))
    if ends[-1] <= LARGEST:
        return ranked
    frequent = bisect_right(ends, LARGEST // 2)
    step = -(-2 * ends[-1] // LARGEST)
    return ranked[:frequent] + ranked[frequent::step]


def _train(
    pieces: Counter[str], config: TokenizerConfig, special: Sequence[str], terms: Mapping[str, int]
) -> tokenizers.Tokenizer:
    import tokenizers
    from tokenizers import models, pre_tokenizers, trainers

    terms = dict(islice(terms.items(), config.vocab // 2))
    alphabet = _alphabet(pieces, config.vocab // 2)
    if config.tokenizer == "bpe":
        raw = tokenizers.Tokenizer(models.BPE(unk_token="[UNK]"))
        trainer: Any = trainers.BpeTrainer(
            vocab_size=config.vocab,
            special_tokens=list(special),
            initial_alphabet=alphabet,
            limit_alphabet=len(alphabet),
            show_progress=False,
        )
    else:
        raw = tokenizers.Tokenizer(models.Unigram())
        trainer = trainers.UnigramTrainer(
            vocab_size=config.vocab - len(terms),
            special_tokens=list(special),
            initial_alphabet=alphabet,
            unk_token="[UNK]",
            show_progress=False,
        )
    raw.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    raw.train_from_iterator(_repeated(pieces), trainer)
    if config.tokenizer == "bpe":
        return _without_added_tokens(raw)
    total = sum(len(piece) * count for piece, count in pieces.items())
    return _settled(raw, len(special), terms, total)


def _without_added_tokens(tokenizer: tokenizers.Tokenizer) -> tokenizers.Tokenizer:
    import tokenizers

    spec = json.loads(tokenizer.to_str())
    return tokenizers.Tokenizer.from_str(json.dumps({**spec, "added_tokens": []}))


def _settled(
    unigram: tokenizers.Tokenizer, special: int, terms: Mapping[str, int], total: int
) -> tokenizers.Tokenizer:
    """Returns the same model with rounded scores and tokens in a fixed order, and with terms as tokens.

    The library adds scores in the order of a hash table with another seed in every process, so their
    last digits differ. Characters that no longer text needed get the lowest scores in that order, too;
    here they get equal scores.
    """
    import tokenizers
    from tokenizers import models

    vocab = [(token, round(score, 6)) for token, score in json.loads(unigram.to_str())["model"]["vocab"]]
    longer = [score for token, score in vocab[special:] if len(token) > 1]
    floor = min(longer, default=0.0)
    settled = [
        (token, floor - 1.0 if len(token) == 1 and score < floor else score)
        for token, score in vocab[special:]
    ]
    settled.sort(key=lambda entry: (-entry[1], entry[0]))
    whole = with_terms([*vocab[:special], *settled], terms, total) if terms else [*vocab[:special], *settled]
    return tokenizers.Tokenizer(models.Unigram(whole, unk_id=1, byte_fallback=False))


def _alphabet(pieces: Mapping[str, int], most: int) -> list[str]:
    """Returns the most frequent characters, up to a number; the library's own choice among equal counts
    differs from run to run."""
    characters: Counter[str] = Counter()
    for piece, count in pieces.items():
        for character in piece:
            characters[character] += count
    ranked = sorted(characters, key=lambda character: (-characters[character], character))
    return sorted(ranked[:most])


def _repeated(pieces: Mapping[str, int]) -> Iterator[str]:
    """Text in which each piece occurs as often as it counts."""
    for piece in sorted(pieces):
        count = pieces[piece]
        yield " ".join([piece] * (count if count <= STEEP else int(STEEP * (count / STEEP) ** 0.5)))
