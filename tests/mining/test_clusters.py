"""Clusters: planted groups, names, assignment without moving, odd inputs, and the command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

import sentrep
from sentrep.cli.main import main
from sentrep.mining.cluster_store import ClusterStore, StoredCluster
from sentrep.mining.clusters import assign, cluster_texts, name_clusters
from sentrep.mining.settings import ClusterSettings
from sentrep.utils.errors import InputError
from tests.errors import refuses
from tests.mining.test_anomalies import CITY, FARM, texts


def planted(count: int = 40, groups: int = 3) -> tuple[list[str], np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    gold = np.repeat(np.arange(groups), count)
    vectors = np.eye(8)[gold] + 0.1 * random.normal(size=(len(gold), 8))
    return [f"topic{group} word{n % 7}" for n, group in enumerate(gold)], vectors, gold


@pytest.mark.parametrize("method", ["k-means", "hdbscan"])
def test_planted_groups_are_found_without_their_number(method: str) -> None:
    given, vectors, gold = planted()
    found = cluster_texts(given, vectors, ClusterSettings(method=method))  # type: ignore[arg-type]
    inside = found.labels >= 0
    assert adjusted_rand_score(gold[inside], found.labels[inside]) == 1
    assert len(found.centres) == 3
    assert found.agreement == 1
    assert len(found.merges) == 2


def test_names_are_frequent_inside_and_rare_outside() -> None:
    given, _, gold = planted()
    names = name_clusters(given, gold, 3)
    assert [name[0] for name in names] == ["topic0", "topic1", "topic2"]


def test_new_texts_do_not_move_the_clusters() -> None:
    given, vectors, _ = planted()
    found = cluster_texts(given, vectors, ClusterSettings(k=3))
    before = found.centres.copy()
    labels, cosines = assign(vectors[::5], found.centres)
    assert (labels == found.labels[::5]).all()
    assert (cosines > 0.8).all()
    assert (found.centres == before).all()


@pytest.mark.parametrize(
    "given", [[], [""], ["one"], ["same text"] * 10_000, ["", "", "a"], ["狗在叫", "猫在睡"]]
)
def test_odd_inputs(given: list[str]) -> None:
    found = sentrep.clusters(given, seeds=1)
    assert len(found.labels) == len(given)
    assert sum(each.size for each in found.clusters) == len(given)


def test_the_verb_clusters_texts_alone_and_assigns_new_ones() -> None:
    given = [*texts(FARM, 60, 0), *texts(CITY, 60, 1)]
    new = [*texts(FARM, 10, 2), *texts(CITY, 10, 3)]
    found = sentrep.clusters(given, k=2, assign=new)
    assert adjusted_rand_score(np.repeat([0, 1], 10), found.labels) > 0.6
    assert {each.name[0] in FARM for each in found.clusters} == {True, False}


def test_stored_clusters_do_not_move_and_label_new_texts_as_before(tmp_path: Path) -> None:
    given = [*texts(FARM, 60, 0), *texts(CITY, 60, 1)]
    new = [*texts(FARM, 10, 2), *texts(CITY, 10, 3)]
    made = sentrep.clusters(given, k=2, save=tmp_path / "kept")
    before = {file.name: file.read_bytes() for file in (tmp_path / "kept").iterdir()}
    again = sentrep.clusters(given, stored=tmp_path / "kept")
    assert (again.clusters, again.labels, again.merges) == (made.clusters, made.labels, made.merges)
    together = sentrep.clusters(new, stored=tmp_path / "kept").labels
    assert together == sentrep.clusters(given, k=2, assign=new).labels
    one_by_one = [sentrep.clusters([text], stored=tmp_path / "kept").labels[0] for text in new]
    assert one_by_one == together
    assert before == {file.name: file.read_bytes() for file in (tmp_path / "kept").iterdir()}


def test_stored_clusters_of_a_model_refuse_another_one(tmp_path: Path) -> None:
    store = ClusterStore([StoredCluster(1, ["a"], "a")], np.ones((1, 2), np.float32), 1.0, [], "hash")
    store.save(tmp_path / "kept")
    opened = ClusterStore.open(tmp_path / "kept")
    assert opened.clusters == store.clusters
    for width, model in ((2, "other"), (3, "hash")):
        with pytest.raises(InputError) as error:
            opened.check_vectors(width, model)
        assert error.value.setting == "model"
    with pytest.raises(InputError) as error:
        sentrep.clusters(["a"], stored=tmp_path / "kept")
    assert error.value.setting == "model"


@pytest.mark.parametrize("name", ["clusters.json", "clusters.safetensors", "manifest.json"])
def test_a_damaged_folder_of_clusters_is_refused(tmp_path: Path, name: str) -> None:
    sentrep.clusters([*texts(FARM, 9, 0), *texts(CITY, 9, 1)], k=2, save=tmp_path / "kept")
    file = tmp_path / "kept" / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with refuses(place=name):
        sentrep.clusters(["a"], stored=tmp_path / "kept")


def test_another_folder_is_not_replaced_by_clusters(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("mine", encoding="utf-8")
    with refuses(setting="save", place="mine"):
        sentrep.clusters(["a b", "c d"], save=tmp_path / "mine")
    assert (tmp_path / "mine" / "file").read_text(encoding="utf-8") == "mine"


def test_clusters_do_not_depend_on_the_order() -> None:
    given = [*texts(FARM, 40, 0), *texts(CITY, 40, 1)]
    order = np.random.default_rng(3).permutation(len(given))
    one, other = sentrep.clusters(given, k=3), sentrep.clusters([given[at] for at in order], k=3)
    assert [one.labels[at] for at in order] == other.labels
    assert one.clusters == other.clusters


def test_clusters_of_many_texts_are_fitted_to_some_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    given, vectors, gold = planted(200)
    monkeypatch.setattr("sentrep.mining.clusters.FITTED", 90)
    found = cluster_texts(given, vectors, ClusterSettings(k=3))
    assert adjusted_rand_score(gold, found.labels) == 1
    assert found.sizes.tolist() == [200, 200, 200]


def test_the_command_prints_names_and_agreement(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    given = [*texts(FARM, 40, 0), *texts(CITY, 40, 1)]
    corpus.write_text("\n".join(json.dumps({"text": text}) for text in given), encoding="utf-8")
    assert main(["clusters", str(corpus), "--k", "2", "--seeds", "2", "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "agreement over 2 seeds" in shown
    assert all(len(line) <= 100 for line in shown.splitlines())
    assert len(out.read_text(encoding="utf-8").splitlines()) == 80


def test_a_wrong_number_names_the_setting() -> None:
    with pytest.raises(InputError) as error:
        ClusterSettings(k=0)
    assert error.value.setting == "k"


def test_sentences_are_clustered_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("The red dog runs. Prices of stock rose.\n")
    (tmp_path / "b.txt").write_text("A red dog barks. The stock prices fell.\n")
    found = sentrep.clusters(tmp_path, k=2, unit="sentence")
    assert sorted(cluster.size for cluster in found.clusters) == [2, 2]
    assert sum(cluster.size for cluster in sentrep.clusters(tmp_path, k=2).clusters) == 2
    with pytest.raises(InputError) as refused:
        sentrep.clusters(tmp_path, unit="paragraph")
    assert refused.value.setting == "unit"
