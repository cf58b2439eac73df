"""Speed of embedding beside sentence-transformers, model2vec and ONNX Runtime, on the same weights and texts.

All run on one thread, in turns, in one process. The unit is texts per CPU-second, which counts no waiting for
other work on the machine; the median over turns of each ratio is what to read. Parts:

  transformer   sentences and paragraphs by MiniLM, with the share of the measured peak of matrix products
  bag           sentences by a table of random rows, from text and from token ids
  start         a new interpreter: import, load, first vector, in wall-clock and CPU seconds

python scripts/bench_embed.py --corpus BENCHMARKS/corpus-novels --out eval/bench_embed.json
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding

from sentrep import api
from sentrep.data.config import TokenizerConfig
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.encoders.fast.folder import open_fast
from sentrep.encoders.fast.linear import PackedLinear
from sentrep.inference.names import locate
from sentrep.training.run_file import versions

Encode = Callable[[list[str]], Any]
PARTS = ("transformer", "bag", "start")
START = {
    "sentrep": "import sys, sentrep; sentrep.embed(sys.argv[1], ['A sentence.'])",
    "sentence-transformers": (
        "import sys; from sentence_transformers import SentenceTransformer; "
        "SentenceTransformer(sys.argv[1], device='cpu').encode(['A sentence.'])"
    ),
}
"""Programs that end after their first vector."""


def main() -> None:
    arguments = options()
    torch.set_num_threads(1)
    load = os.getloadavg()[0]
    given = islice(api.sentences(api.corpus_config(arguments.corpus)), 60_000)
    sentences = [text for _, text in given]
    measured: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch:
        bag = saved_bag(sentences, Path(scratch) / "bag")
        minilm = Path(locate("minilm").path)
        if "transformer" in arguments.parts:
            measured["transformer"] = transformer(minilm, sentences, arguments)
        if "bag" in arguments.parts:
            measured["bag"] = bags(bag, sentences[: arguments.bag_sentences], arguments.rounds)
        if "start" in arguments.parts:
            places = {"bag": bag, "minilm": minilm}
            measured["start"] = {name: starts(place, arguments.rounds) for name, place in places.items()}
    conditions = {"load": [round(load, 1), round(os.getloadavg()[0], 1)], "cpus": os.cpu_count()}
    made = {"conditions": conditions | {"versions": versions(), "processor": processor()}} | measured
    print(json.dumps(made, indent=1))
    if arguments.out:
        arguments.out.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", nargs="+", required=True, help="files and folders")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--rounds", type=int, default=3, help="turns of each contender")
    parser.add_argument("--sentences", type=int, default=300, help="for the transformer")
    parser.add_argument("--paragraphs", type=int, default=48, help="for the transformer")
    parser.add_argument("--bag-sentences", type=int, default=20_000)
    parser.add_argument("--out", type=Path, help="JSON file to write")
    return parser.parse_args()


def transformer(path: Path, sentences: list[str], arguments: argparse.Namespace) -> dict[str, Any]:
    """Rates of MiniLM on short and long texts, and the similarity of each contender's vectors."""
    exact = SentenceTransformer(str(path), device="cpu", model_kwargs={"dtype": torch.float32})
    half = SentenceTransformer(str(path), device="cpu", model_kwargs={"dtype": torch.bfloat16})
    fast = {name: open_fast(path, name) for name in ("fp32", "bf16")}
    contenders: dict[str, Encode] = {
        "sentence-transformers fp32": partial(exact.encode, show_progress_bar=False),
        "sentence-transformers bf16": partial(half.encode, show_progress_bar=False),
        "sentrep fp32": fast["fp32"].encode,
        "sentrep bf16": fast["bf16"].encode,
    }
    if session := onnx(exact):
        contenders["ONNX Runtime fp32"] = session
    texts = {"sentences": sentences[: arguments.sentences], "paragraphs": paragraphs(sentences)}
    texts["paragraphs"] = texts["paragraphs"][: arguments.paragraphs]
    peaks = {name: peak(dtype) for name, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16))}
    found: dict[str, Any] = {"peak_gflops": {name: round(each) for name, each in peaks.items()}}
    for kind, some in texts.items():
        rows = compared(contenders, some, arguments.rounds)
        reference = exact.encode(some)
        work = operations(exact, some)
        for name, row in rows.items():
            vectors = np.asarray(contenders[name](some), np.float32)
            row["cosine"] = cosines(reference, vectors)
            row["share_of_peak"] = round(row["rate"] * work / 1e9 / peaks[name.rsplit(" ", 1)[-1]], 2)
        found[kind] = rows
    return found


def bags(path: Path, sentences: list[str], rounds: int) -> dict[str, Any]:
    """Rates of a bag from text, each after a first pass, and from token ids."""
    stock, fast = SentenceTransformer(str(path), device="cpu"), open_fast(path)
    contenders: dict[str, Encode] = {
        "sentence-transformers": partial(stock.encode, show_progress_bar=False),
        "sentrep": fast.encode,
        "sentrep, words never seen": lambda texts: open_fast(path).encode(texts),
    }
    if other := model2vec(stock):
        contenders["model2vec"] = other
    rows = compared(contenders, sentences, rounds)
    tokens = fast.tokens(sentences)
    seconds = [cpu_seconds(lambda: fast.vectors(tokens)) for _ in range(rounds)]
    wall = [wall_seconds(lambda: fast.encode(sentences)) for _ in range(rounds)]
    return rows | {
        "from_ids": round(len(sentences) / min(seconds)),
        "wall_clock_rate": round(len(sentences) / min(wall)),
        "tokens_per_sentence": round(len(tokens.ids) / len(sentences), 1),
    }


def starts(path: Path, rounds: int) -> dict[str, Any]:
    """Seconds from a new interpreter to the first vector, in turns; the medians."""
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in START}
    for _ in range(rounds):
        for name, program in START.items():
            began, before = time.perf_counter(), os.times()
            subprocess.run([sys.executable, "-c", program, str(path)], check=True, capture_output=True)
            after = os.times()
            used = after.children_user + after.children_system - before.children_user - before.children_system
            seconds[name].append((time.perf_counter() - began, used))
    return {
        name: {
            "wall": round(statistics.median(wall for wall, _ in each), 2),
            "cpu": round(statistics.median(cpu for _, cpu in each), 2),
        }
        for name, each in seconds.items()
    }


def compared(contenders: dict[str, Encode], texts: list[str], rounds: int) -> dict[str, dict[str, Any]]:
    """Texts per CPU-second of each contender, and its ratio to the first one in the same turn."""
    for encode in contenders.values():
        encode(texts[:64])
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, encode in contenders.items():
            rates[name].append(len(texts) / cpu_seconds(partial(encode, texts)))
    first = next(iter(rates.values()))
    return {
        name: {
            "rate": round(statistics.median(each), 1),
            "ratio": round(statistics.median(a / b for a, b in zip(each, first, strict=True)), 2),
        }
        for name, each in rates.items()
    }


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU time of all threads of this process."""
    began = time.process_time()
    work()
    return time.process_time() - began


def wall_seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def peak(dtype: torch.dtype) -> float:
    """Billions of operations per CPU-second of the packed product that MiniLM spends most time in."""
    layer = PackedLinear(torch.randn(1536, 384), torch.randn(1536), dtype)
    rows = torch.randn(2048, 384).to(dtype)
    seconds = min(cpu_seconds(lambda: [layer(rows) for _ in range(20)]) for _ in range(5))
    return 20 * 2 * 2048 * 384 * 1536 / seconds / 1e9


def operations(encoder: SentenceTransformer, texts: Sequence[str]) -> float:
    """Operations of matrix products per text, without padding."""
    config = encoder[0].auto_model.config
    width, layers = config.hidden_size, config.num_hidden_layers
    inner = config.intermediate_size
    rows = encoder[0].tokenizer(list(texts), truncation=True, max_length=encoder.max_seq_length)["input_ids"]
    lengths = np.array([len(row) for row in rows], dtype=np.float64)
    each = 2 * layers * (4 * width * width + 2 * width * inner)
    return float((lengths * each + 4 * layers * width * lengths**2).mean())


def cosines(reference: NDArray[np.float32], vectors: NDArray[np.float32]) -> dict[str, float]:
    """Mean and least cosine of rows."""
    lengths = np.linalg.norm(reference, axis=1) * np.linalg.norm(vectors, axis=1)
    found = (reference.astype(np.float64) * vectors).sum(1) / lengths
    return {"mean": round(float(found.mean()), 7), "least": round(float(found.min()), 7)}


def paragraphs(sentences: list[str], words: int = 110) -> list[str]:
    """Neighbouring sentences put together to about so many words."""
    made, some = [], list[str]()
    for sentence in sentences:
        some.append(sentence)
        if sum(len(each.split()) for each in some) >= words:
            made.append(" ".join(some))
            some = []
    return made


def saved_bag(sentences: list[str], out: Path, width: int = 512, vocab: int = 16_000) -> Path:
    """A stock bag of random rows with a unigram tokenizer that was trained on the sentences."""
    torch.manual_seed(0)
    tokenizer = Tokenizer.train(sentences, TokenizerConfig("unigram", vocab=vocab))
    table = torch.randn(tokenizer.vocab_size, width)
    stock = SentenceTransformer(modules=[StaticEmbedding(tokenizer.inner, embedding_weights=table)])
    stock.save(str(out), create_model_card=False)
    return out


def model2vec(stock: SentenceTransformer) -> Encode | None:
    """The same table in model2vec, where that is installed."""
    try:
        from model2vec import StaticModel
    except ImportError:
        return None
    table = stock[0].embedding.weight.detach().numpy()
    encode: Encode = StaticModel(table, stock[0].tokenizer, config={"normalize": False}).encode
    return encode


def onnx(encoder: SentenceTransformer) -> Encode | None:
    """The transformer, mean pooling and normalisation in ONNX Runtime, where that is installed."""
    try:
        onnxruntime: Any = import_module("onnxruntime")
    except ImportError:
        return None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    names = ("input_ids", "attention_mask")
    example = tuple(torch.ones(2, 8, dtype=torch.long) for _ in names)
    sizes = {0: torch.export.Dim("text"), 1: torch.export.Dim("token")}
    with tempfile.TemporaryDirectory() as scratch:
        file = str(Path(scratch) / "model.onnx")
        torch.onnx.export(
            Stack(encoder).eval(), example, file, dynamo=True, input_names=list(names), verbose=False,
            dynamic_shapes=(sizes, sizes), external_data=False,
        )  # fmt: skip
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])

    def encode(texts: list[str]) -> NDArray[np.float32]:
        order = np.argsort([len(text) for text in texts])
        made = []
        for start in range(0, len(texts), 32):
            some = [texts[place] for place in order[start : start + 32]]
            features = encoder[0].preprocess(some)
            made.append(session.run(None, {name: features[name].numpy() for name in names})[0])
        vectors: NDArray[np.float32] = np.concatenate(made)[np.argsort(order)]
        return vectors

    return encode


class Stack(torch.nn.Module):
    """A transformer with mean pooling and normalisation, as a function of tensors."""

    def __init__(self, encoder: SentenceTransformer) -> None:
        super().__init__()
        self.model = encoder[0].auto_model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        states = self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(2).to(states.dtype)
        return torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=1)


def processor() -> str:
    """Name of the processor, and which kinds of matrix products of bf16 it has."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    facts = {line.partition(":")[0].strip(): line.partition(":")[2].strip() for line in lines}
    has = [name for name in ("avx512_bf16", "amx_bf16") if name in facts.get("flags", "").split()]
    return f"{facts.get('model name', '')} {' '.join(has)}".strip()


if __name__ == "__main__":
    main()
