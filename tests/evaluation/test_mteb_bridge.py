"""The bridge to MTEB: scores equal to our own over it, no score for another model, and nothing claimed that a
file does not say."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytrec_eval
import torch

from sentrep.encoders import serialization as folder
from sentrep.encoders.batching import encode
from sentrep.evaluation import Model, Pair, ResultStore, Retrieval, Similarity, bm25, compare, evaluate
from sentrep.evaluation.mteb_bridge import MtebModel, mteb_model, read_mteb
from sentrep.inference.eval_adapter import measured
from sentrep.inference.loading import load
from sentrep.utils.capabilities import Vectors
from sentrep.utils.errors import InputError
from tests import toy
from tests.encoders.test_batching import made
from tests.errors import refuses
from tests.evaluation.toy import Constant, letters, words_task


def record(task: str = "ToySTS", value: float = 0.5, **changes: object) -> dict[str, Any]:
    """A result as mteb 1.12 and later write it."""
    score = {"cosine_spearman": value, "main_score": value, "hf_subset": "default", "languages": ["eng-Latn"]}
    made = {
        "dataset_revision": "b0fd",
        "task_name": task,
        "mteb_version": "1.12.75",
        "scores": {"test": [score]},
    }
    return made | {"evaluation_time": 2.5, "kg_co2_emissions": None} | changes


def write(
    root: Path,
    content: dict[str, Any],
    model: str = "org__small",
    revision: str = "1",
    meta: dict[str, Any] | None = None,
) -> Path:
    file = root / "results" / model / revision / f"{content['task_name']}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))
    if meta is not None:
        (file.parent / "model_meta.json").write_text(json.dumps(meta))
    return file


def subsets(**values: float) -> dict[str, Any]:
    return {
        "test": [{"main_score": value, "hf_subset": name, "languages": []} for name, value in values.items()]
    }


def test_a_file_says_what_it_says_and_nothing_more(tmp_path: Path) -> None:
    file = write(tmp_path, record(value=0.8203247))
    (result,) = read_mteb(file)
    assert (result.task, result.split, result.metric, result.value) == (
        "ToySTS",
        "test",
        "main_score",
        0.8203247,
    )
    assert (result.model, result.data, result.seconds) == ("org/small", "b0fd", 2.5)
    assert result.versions == {"mteb": "1.12.75"}
    assert math.isnan(result.low)
    assert math.isnan(result.high)
    assert (result.count, result.items, result.method, result.seed) == (0, "", "", None)
    assert read_mteb(tmp_path) == read_mteb(file.parent) == [result], "by file, by model, all of them"


def test_subsets_and_splits_have_metrics_of_their_own(tmp_path: Path) -> None:
    scores = subsets(de=0.2, en=0.6) | {"dev": subsets(en=0.9)["test"]}
    found = read_mteb(write(tmp_path, record(scores=scores)))
    assert {(result.split, result.metric): result.value for result in found} == {
        ("test", "main_score (mean)"): pytest.approx(0.4), ("test", "main_score de"): 0.2,
        ("test", "main_score en"): 0.6,
        ("dev", "main_score en"): 0.9,
    }  # fmt: skip
    assert [result.siblings for result in found] == [3, 3, 3, 1]
    assert len({result.key for result in found}) == 2


def test_whose_a_score_is(tmp_path: Path) -> None:
    """A model without a known revision is not another one without; settings that were tried on a model are
    not the model."""
    nameless = [
        read_mteb(write(tmp_path, record(), name, "no_revision_available"))[0]
        for name in ("org__one", "org__two")
    ]
    assert nameless[0].model_hash != nameless[1].model_hash
    meta = {
        "name": "sentrep/run",
        "revision": "ab12",
        "loader_kwargs": {"method": "quick-thought (settings 1)", "seed": 3},
    }
    ours = read_mteb(write(tmp_path, record(), "sentrep__run", "ab12", meta))[0]
    assert (ours.model, ours.model_hash, ours.method, ours.seed) == (
        "sentrep/run",
        "ab12",
        "quick-thought (settings 1)",
        3,
    )
    cut = read_mteb(write(tmp_path, record(), "sentrep__run", "ab12/experiments/embed_dim_64", meta))[0]
    assert cut.model == "sentrep/run (embed_dim_64)"
    assert cut.model_hash != ours.model_hash
    plain = read_mteb(
        write(tmp_path, record(), "sentrep__run", "cd34", {"name": "sentrep/run", "loader_kwargs": None})
    )[0]
    assert (plain.model_hash, plain.method, plain.seed) == ("cd34", "", None)


def test_they_stand_in_a_comparison_without_a_test(tmp_path: Path) -> None:
    write(tmp_path, record(value=0.61), "org__one")
    write(tmp_path, record(value=0.52), "org__two")
    own = ResultStore(tmp_path / "results.jsonl")
    for model in (letters(), replace(letters(), name="again", content_hash="x")):
        evaluate(model, [words_task()], own)
    found = compare(own.path, tmp_path / "results")
    assert found.rows == ("letters", "again", "org/one", "org/two")
    assert {contest.column[0] for contest in found.contests} == {"anagrams"}
    text = found.table()
    assert "nan" not in text
    assert text.count(".610\n") == text.count(".520\n") == 1
    assert "are not tested" in text
    assert "are not tested" not in compare(own.path).table()


def test_seeds_of_one_method_are_averaged(tmp_path: Path) -> None:
    for seed, value in enumerate([0.5, 0.6]):
        meta = {
            "name": f"sentrep/{seed}",
            "revision": f"r{seed}",
            "loader_kwargs": {"method": "bag", "seed": seed},
        }
        write(tmp_path, record(value=value), f"sentrep__{seed}", f"r{seed}", meta)
    write(tmp_path, record(value=0.4))
    found = compare(tmp_path / "results")
    cell = found.cells["bag", ("ToySTS", "test", "main_score")]
    assert (cell.value, cell.seeds, cell.tested) == (pytest.approx(0.55), 2, False)
    assert "are not tested" in found.table()


@pytest.mark.parametrize(
    ("change", "what"),
    [({"dataset_revision": "other"}, "data"), ({"scores": subsets(de=0.1, fr=0.2)}, "protocol")],
)
def test_other_data_or_subsets_are_not_compared(change: dict[str, Any], what: str, tmp_path: Path) -> None:
    write(tmp_path, record(scores=subsets(de=0.1, en=0.2)), "org__one")
    write(tmp_path, record(scores=subsets(de=0.1, en=0.2)) | change, "org__two")
    with pytest.raises(InputError, match=f"their {what} differ"):
        compare(tmp_path / "results")


OLD = '{"mteb_dataset_name": "Old", "mteb_version": "1.0.3", "test": {"v_measure": 0.16}}'


def test_old_files_are_left_out_and_reported(tmp_path: Path) -> None:
    file = write(tmp_path, record())
    (file.parent / "Old.json").write_text(OLD)
    with pytest.warns(
        UserWarning, match=r"left out 1 file\(s\) from before mteb 1\.11, the first is .*Old\.json"
    ):
        assert [result.task for result in read_mteb(tmp_path)] == ["ToySTS"]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("", "Toy.json:1"),
        ('{"task_name": "x",\n "scores": oops}', "Toy.json:2"),
        ("[1]", "Toy.json"),
        ('{"method": "x"}', "Toy.json"),
        (json.dumps(record(scores={})), "Toy.json"),
        (json.dumps(record(scores={"test": []})), "Toy.json"),
        (json.dumps(record(scores={"test": {"default": 1}})), "Toy.json"),
        (json.dumps(record(scores={"test": [{"main_score": None}]})), "Toy.json"),
        (json.dumps(record(scores={"test": [{"ndcg_at_10": 0.5}]})), "Toy.json"),
        (OLD, ""),
        (b"\xff\xfe", "Toy.json"),
    ],
)
def test_what_is_no_result_is_named(content: str | bytes, place: str, tmp_path: Path) -> None:
    file = tmp_path / "results" / "org__m" / "1" / "Toy.json"
    file.parent.mkdir(parents=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with refuses(place=file.with_name(place) if place else tmp_path):
        read_mteb(tmp_path)


def test_a_stray_file_and_an_empty_folder_are_named(tmp_path: Path) -> None:
    (tmp_path / "Toy.json").write_text(json.dumps(record()))
    with refuses(place="Toy.json"):
        read_mteb(tmp_path / "Toy.json")
    (tmp_path / "empty").mkdir()
    with refuses(place="empty"):
        compare(tmp_path / "empty")


def test_without_mteb_the_way_to_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mteb.models.model_meta", None)
    with pytest.raises(InputError, match="pip install 'mteb"):
        mteb_model(letters())


@pytest.fixture(scope="module")
def mteb() -> Any:
    return pytest.importorskip("mteb", reason="mteb is not installed (pip install mteb)")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run, with a small encoder in it."""
    path = tmp_path_factory.mktemp("runs") / "small"
    folder.save(made("transformer"), path / "model")
    return path


SENTENCES = [" ".join(sentence) for document in toy.documents(40) for sentence in document]
PAIRS = [
    Pair(float(score), first, second)
    for score, first, second in zip(
        np.random.default_rng(0).integers(0, 6, 60), SENTENCES[:60], SENTENCES[60:120], strict=True
    )
]


def sts(mteb: Any) -> Any:
    """A task of MTEB's whose data are in memory."""
    from datasets import Dataset, DatasetDict
    from mteb.abstasks.sts import AbsTaskSTS

    class ToySTS(AbsTaskSTS):
        metadata = described(mteb, "ToySTS", "STS", "cosine_spearman")

    columns = {"sentence1": [pair.first for pair in PAIRS], "sentence2": [pair.second for pair in PAIRS]}
    task = ToySTS()
    task.dataset = DatasetDict(test=Dataset.from_dict(columns | {"score": [pair.score for pair in PAIRS]}))
    task.data_loaded = True
    return task


def described(mteb: Any, name: str, kind: str, score: str) -> Any:
    return mteb.TaskMetadata(
        name=name, description=name, type=kind, main_score=score, eval_langs=["eng-Latn"],
        dataset={"path": "in memory", "revision": "1"},
    )  # fmt: skip


@pytest.mark.slow
def test_similarity_scores_the_same_over_the_bridge(mteb: Any, run: Path) -> None:
    ours = measured(run)
    theirs = mteb.evaluate(mteb_model(ours), sts(mteb), cache=None, show_progress_bar=False).task_results[0]
    own = evaluate(ours, [Similarity("toy", {"all": PAIRS})]).results[0].value
    assert abs(own) > 1
    assert 100 * theirs.get_score() == pytest.approx(own, abs=1e-6)


def test_retrieval_scores_the_same_over_the_bridge(mteb: Any, run: Path, tmp_path: Path) -> None:
    """MTEB rounds each metric to 5 digits; what it ranked is scored once more by trec_eval, to 1e-6."""
    from datasets import Dataset
    from mteb.abstasks.retrieval import AbsTaskRetrieval

    class ToyRetrieval(AbsTaskRetrieval):
        metadata = described(mteb, "ToyRetrieval", "Retrieval", "ndcg_at_10")

    random = np.random.default_rng(0)
    documents, queries = SENTENCES[:80], SENTENCES[80:100]
    relevant = [
        {int(at): float(gain) for at, gain in zip(random.choice(80, 3, False), (1, 1, 2), strict=True)}
        for _ in queries
    ]
    task = ToyRetrieval()
    task.dataset = {
        "default": {
            "test": {
                "corpus": Dataset.from_dict(
                    {"id": [f"d{at}" for at in range(80)], "text": documents, "title": [""] * 80}
                ),
                "queries": Dataset.from_dict({"id": [f"q{at}" for at in range(20)], "text": queries}),
                "relevant_docs": {
                    f"q{at}": {f"d{document}": int(gain) for document, gain in each.items()}
                    for at, each in enumerate(relevant)
                },
                "top_ranked": None,
            }
        }
    }
    task.data_loaded = True
    qrels = task.dataset["default"]["test"]["relevant_docs"]
    ours = measured(run)
    theirs = mteb.evaluate(
        mteb_model(ours), task, cache=None, prediction_folder=tmp_path, show_progress_bar=False
    ).task_results[0]
    own = {
        result.metric: result.value
        for result in evaluate(ours, [Retrieval("toy", queries, documents, relevant)]).results
    }
    scores = theirs.scores["test"][0]
    for metric, name in [
        ("nDCG@10", "ndcg_at_10"),
        ("MAP", "map_at_1000"),
        ("R@10", "recall_at_10"),
        ("MRR@10", "mrr_at_10"),
    ]:
        assert scores[name] == pytest.approx(own[metric], abs=5.1e-6), name
    ranked = json.loads(next(tmp_path.rglob("*.json")).read_text())["default"]["test"]
    measures = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut_10", "map"}).evaluate(ranked)
    assert np.mean([each["ndcg_cut_10"] for each in measures.values()]) == pytest.approx(
        own["nDCG@10"], abs=1e-6
    )
    assert np.mean([each["map"] for each in measures.values()]) == pytest.approx(own["MAP"], abs=1e-6)


def test_a_retrained_model_is_never_given_an_old_score(mteb: Any, tmp_path: Path) -> None:
    """MTEB's own cache, over a model folder that is written twice."""
    cache, task, path = mteb.ResultCache(tmp_path / "cache"), sts(mteb), tmp_path / "bag" / "model"
    scores, texts, hashes = [], [], []
    for seed in (1, 2):
        encoder = made("bag")
        torch.manual_seed(seed)
        torch.nn.init.normal_(next(encoder.parameters()))
        folder.save(encoder, path)
        hashes.append(folder.content_hash(load(path)))
        for _ in range(2):
            model = Counted(load(path))
            bridge = mteb_model(Model(str(path), hashes[-1], model))
            model.texts = 0
            scores.append(
                mteb.evaluate(bridge, task, cache=cache, show_progress_bar=False).task_results[0].get_score()
            )
            texts.append(model.texts)
    assert texts == [120, 0, 120, 0], "measured, known, measured anew, known"
    assert scores[::2] == pytest.approx(scores[1::2], abs=1e-6)
    assert abs(scores[0] - scores[2]) > 0.01
    found = {result.model_hash: result for result in read_mteb(tmp_path / "cache")}
    assert {name: result.value for name, result in found.items()} == pytest.approx(
        dict(zip(hashes, scores[::2], strict=True)), abs=1e-6
    )
    assert {result.model for result in found.values()} == {"sentrep/bag"}
    assert len(compare(list(found.values())).rows) == 2


class Counted:
    """An encoder that counts the texts it was asked for."""

    def __init__(self, encoder: folder.Encoder) -> None:
        self.encoder, self.texts = encoder, 0

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.texts += len(texts)
        return encode(self.encoder, texts)


def test_what_made_a_model_crosses_and_comes_back(mteb: Any, run: Path, tmp_path: Path) -> None:
    ours = replace(measured(run), method="quick-thought (settings 1)", seed=7)
    bridge = mteb_model(ours)
    assert bridge.mteb_model_meta.name == "sentrep/small"
    assert bridge.mteb_model_meta.embed_dim == 64
    assert mteb_model(replace(ours, name=str(run / "model"))).mteb_model_meta.name == "sentrep/small"
    mteb.evaluate(bridge, sts(mteb), cache=mteb.ResultCache(tmp_path), show_progress_bar=False)
    (result,) = read_mteb(tmp_path)
    assert (result.model_hash, result.method, result.seed) == (ours.content_hash, ours.method, 7)


def test_vectors_are_those_of_our_own_path_in_the_order_of_the_texts(mteb: Any, run: Path) -> None:
    bridge = mteb_model(measured(run))
    batches = [{"text": SENTENCES[:3]}, {"text": SENTENCES[3:5]}]
    found = asked(bridge, batches)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, encode(load(run), SENTENCES[:5]))
    with refuses(setting="precision"):
        asked(bridge, batches, precision="int8")


@pytest.mark.parametrize("value", [1.0, float("nan")])
def test_a_collapse_is_told(value: float, mteb: Any) -> None:
    bridge = mteb_model(Model("broken", "x", Constant(value)))
    with pytest.warns(UserWarning, match="sentrep/broken on ToySTS"):
        assert np.isfinite(asked(bridge, [{"text": SENTENCES[:20]}])).all()


def asked(bridge: MtebModel, batches: list[dict[str, list[str]]], **options: Any) -> Vectors:
    class Named:
        name = "ToySTS"

    return bridge.encode(batches, task_metadata=Named, hf_split="test", hf_subset="default", **options)


def test_a_model_without_vectors_is_refused(mteb: Any) -> None:
    with refuses(setting="model"):
        mteb_model(bm25())
