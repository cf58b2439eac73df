"""The verbs as Python functions: train, load, combine, expand, embed, build_index, open_index, generate,
summarize, parse, and measuring.

The command line says the same words with the same meaning. Heavy libraries are imported by the verb that
needs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentrep.api.evaluation import baseline, compare, doc2vec, evaluate, mteb_model, report, tasks_of
from sentrep.api.expansion import expand
from sentrep.data.config import TokenizerConfig
from sentrep.data.corpus import Corpus, cache_folder, corpus_config, sentences, unused
from sentrep.encoders.config import EncoderConfig
from sentrep.inference.contexts import Contexts
from sentrep.inference.ensemble import Ensemble
from sentrep.inference.eval_adapter import measured
from sentrep.inference.generator import Writer, generate, interpolate
from sentrep.inference.loading import encoding, load, open_method, opened, stamp
from sentrep.inference.summarizer import Summarizer, summarize
from sentrep.inference.tree_parser import TreeParser, parse, to_nltk
from sentrep.methods.registry import configured, entry
from sentrep.training.config import TrainingConfig
from sentrep.utils.errors import InputError, opt

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sentrep.embedding import Embedded
    from sentrep.encoders.serialization import Encoder
    from sentrep.search import Hit, Index
    from sentrep.training.job import Trained

__all__ = [
    "Ensemble", "Search", "Summarizer", "TreeParser", "Writer", "baseline", "build_index", "cache_folder", "combine", "compare",
    "corpus_config", "doc2vec", "embed", "embed_corpus", "evaluate", "expand", "generate", "index_embedded", "interpolate",
    "load", "measured", "mteb_model", "open_index", "open_method", "parse", "report", "sentences", "stamp", "summarize",
    "tasks_of", "to_nltk", "train",
]  # fmt: skip


def train(
    method: str = "quick-thought",
    *,
    corpus: Corpus,
    out: str | Path,
    encoder: str | EncoderConfig = "bag",
    tokenizer: str | TokenizerConfig = "bpe",
    settings: Any | None = None,
    training: TrainingConfig | None = None,
    cache: str | Path | None = None,
    overwrite: bool = False,
) -> Trained:
    """Train an encoder on raw text; it is saved to ``out/model``.

    Called again with the same arguments, it goes on where an interrupted run stopped, to the same weights bit
    by bit.

    Args:
        method: a name in `sentrep.methods.registry.METHODS`.
        corpus: what to read.
        out: the run's folder.
        encoder: a kind ('bag', 'gru', 'lstm', 'conv', 'transformer'), the path or name of a model, or an
            `EncoderConfig`.
        tokenizer: a kind ('bpe', 'unigram', 'word', 'spaces'), a path, or a `TokenizerConfig`.
        settings: the method's own Config; its defaults if None.
        training: how long and how fast; see `TrainingConfig`.
        cache: where prepared corpora are kept; by default `cache_folder()`.
        overwrite: remove another run that is in `out`.

    Raises:
        InputError: the corpus cannot be used, settings contradict each other, or `out` holds another run.
    """
    from sentrep.training.job import Job, run_job

    registered, training = entry(method), training or TrainingConfig()
    encoder = EncoderConfig(encoder) if isinstance(encoder, str) else encoder
    job = Job(
        method,
        configured(method, settings),
        corpus_config(corpus),
        TokenizerConfig(tokenizer) if isinstance(tokenizer, str) else tokenizer,
        encoder,
        training,
    )
    return run_job(
        job, registered.load(), registered.defaults, Path(out), Path(cache or cache_folder()), overwrite
    )


def combine(models: Sequence[str | Path | Encoder], out: str | Path) -> Encoder:
    """Put encoders side by side in one: vectors normalised one by one, then concatenated (multi-channel
    quick-thought)."""
    from sentrep.encoders import serialization as folder
    from sentrep.encoders.concat import Concatenation

    if len(models) < 2:
        raise InputError(f"combining takes 2 models or more, not {len(models)}")
    place = unused(Path(out), "combined model")
    folder.save(folder.Encoder(modules=[Concatenation([opened(model) for model in models])]), place)
    return load(place)


def embed(model: str | Path | Encoder, texts: Sequence[str]) -> NDArray[np.float32]:
    """Vectors of sentences, float32 (sentence, width), in the order given; see `embed_corpus` for more than
    memory holds."""
    from sentrep.embedding import embed_texts

    if isinstance(texts, str):
        raise InputError(f"texts is one string, {texts[:40]!r}; give a list, even if it is a list of one")
    return embed_texts(encoding(opened(model)), texts, total=len(texts))


def embed_corpus(
    model: str | Path | Encoder,
    corpus: Corpus,
    out: str | Path,
    *,
    dtype: str = "float32",
    shard: int = 65_536,
    overwrite: bool = False,
    context: bool = False,
) -> Embedded:
    """Embed every sentence of a corpus into the folder `out`, shard by shard. Interrupted and called again,
    it goes on.

    Args:
        context: not the sentences' own vectors, but those of what their documents have said so far; of a run
            of cpc.
    """
    from sentrep.embedding import embed_to_folder

    config, encoder = corpus_config(corpus), opened(model)
    made_by = stamp(model, encoder)
    described = {
        "model": made_by.content_hash, "model_name": made_by.name, "model_path": made_by.path, "source": str(config),
    }  # fmt: skip
    encode: Any = encoding(encoder)
    pairs = sentences(config)
    if context:
        if not isinstance(model, str | Path):
            raise InputError("contexts are made by a run; give the folder of one, not an encoder")
        encode = contexts = Contexts.open(model)
        pairs = contexts.watch(pairs)
        described["model"] += f" contexts {contexts.identity}"
    return embed_to_folder(
        encode, pairs, Path(out), stamp=described, dtype=dtype, shard=shard, overwrite=overwrite
    )


@dataclass(frozen=True)
class Search:
    """An index together with the model that it was made with."""

    index: Index
    model: Encoder

    def __call__(self, query: str, k: int = 10) -> list[Hit]:
        """The `k` sentences nearest to `query` by cosine, best first."""
        return self.index.search(encoding(self.model)([query]), k)[0]


def build_index(
    model: str | Path | Encoder,
    texts: Sequence[str],
    out: str | Path,
    *,
    ids: Sequence[str] | None = None,
    kind: str = "auto",
    overwrite: bool = False,
) -> Search:
    """Embed texts and write a search index with them to the folder `out`.

    Args:
        ids: of the texts; their numbers if None.
        kind: 'flat' is exact; 'hnsw' and 'ivf' approximate, for more than some 50,000 texts; 'auto' chooses
            by their number.
    """
    from sentrep.search import Index

    encoder = opened(model)
    vectors = embed(encoder, texts)
    index = Index.build(
        vectors, ids, texts, out=out, model=stamp(model, encoder), kind=_kind(kind), overwrite=overwrite
    )
    return Search(index, encoder)


def index_embedded(
    folder: str | Path,
    out: str | Path,
    *,
    kind: str = "auto",
    dtype: str = "float32",
    overwrite: bool = False,
) -> Index:
    """Write a search index over a folder that `embed_corpus` made; a shard is in memory at a time."""
    from sentrep.embedding import Embedded
    from sentrep.search import Index

    return Index.build(Embedded.open(folder), out=out, kind=_kind(kind), dtype=dtype, overwrite=overwrite)


def open_index(path: str | Path, model: str | Path | Encoder | None = None) -> Search:
    """Open an index with the model it was made with: the one it remembers, or `model`, which must be the
    same.

    Raises:
        InputError: the index is damaged, or the model is another or has moved.
    """
    from sentrep.encoders.serialization import content_hash
    from sentrep.search import Index

    index = Index.open(path)
    own = index.info.model
    if model is None and own.path and not Path(own.path).exists():
        raise InputError(f"the model of {path} is no longer at {own.path}; say where it is ({opt('model')})")
    if model is None and not own.path and " " in own.name:
        raise InputError(f"{path} was made with {own.name}; say where that model is now ({opt('model')})")
    encoder = opened((own.path or own.name) if model is None else model)
    index.check_model(content_hash(encoder))
    return Search(index, encoder)


def _kind(kind: str) -> Any:
    known = ("auto", "flat", "hnsw", "ivf")
    if kind not in known:
        raise InputError(f"no index kind is called {kind!r}; there are: {', '.join(known)}")
    return kind
