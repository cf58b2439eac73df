"""Work that is split without coordination: joined, it is what one process writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentrep.embedding import Embedded, embed_to_folder, merge
from sentrep.embedding.parts import launched_part
from sentrep.utils.errors import InputError
from tests.embedding.encoders import STAMP, contents, encode, pairs
from tests.errors import refuses


def embed_part(out: Path, part: int, parts: int, count: int = 95, **settings: object) -> Embedded:
    asked: dict[str, object] = {"stamp": STAMP, "shard": 10, **settings}
    return embed_to_folder(encode, pairs(count), out, part=part, parts=parts, **asked)  # type: ignore[arg-type]


@pytest.mark.parametrize("parts", [1, 2, 3, 12])
@pytest.mark.parametrize("settings", [{}, {"dtype": "int8"}, {"format": "parquet"}])
def test_joined_parts_are_what_one_process_writes(
    parts: int, settings: dict[str, str], tmp_path: Path
) -> None:
    for part in reversed(range(parts)):
        made = embed_part(tmp_path / "split", part, parts, **settings)
        assert made.info.numbers == list(range(part, 10, parts))
    if parts > 1:
        with pytest.raises(InputError) as caught:
            Embedded.open(tmp_path / "split")
        assert caught.value.setting == "merge"
    assert merge(tmp_path / "split") == 95
    embed_part(tmp_path / "whole", 0, 1, **settings)
    assert contents(tmp_path / "split") == contents(tmp_path / "whole")
    assert merge(tmp_path / "split") == 95, "merged again, nothing changes"


def test_a_part_encodes_its_own_sentences_only_and_goes_on(tmp_path: Path) -> None:
    seen: list[str] = []

    def counting(texts: list[str]) -> object:
        if len(seen) == 20:
            raise KeyboardInterrupt
        seen.extend(texts)
        return encode(texts)

    with pytest.raises(KeyboardInterrupt):
        embed_to_folder(counting, pairs(95), tmp_path / "e", stamp=STAMP, shard=10, part=1, parts=3)  # type: ignore[arg-type]
    everything = [text for _, text in pairs(95)]
    assert seen == everything[10:20] + everything[40:50]
    assert list(embed_part(tmp_path / "e", 1, 3).texts()) == seen + everything[70:80]


@pytest.mark.parametrize("stop", range(6))
def test_a_merge_that_is_stopped_goes_on(stop: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for part in range(2):
        embed_part(tmp_path / "e", part, 2, 35)
    replace, count = Path.replace, 0

    def dies(path: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        if count > stop:
            raise OSError("the power went")
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", dies)
        with pytest.raises(OSError, match="the power went"):
            merge(tmp_path / "e")
    assert merge(tmp_path / "e") == 35
    embed_part(tmp_path / "whole", 0, 1, 35)
    assert contents(tmp_path / "e") == contents(tmp_path / "whole")


def test_what_does_not_fit_together_is_not_joined(tmp_path: Path) -> None:
    def refused(place: str, **differently: object) -> str:
        embed_part(tmp_path / place, 0, 2)
        embed_part(tmp_path / place, 1, 2, **differently)  # type: ignore[arg-type]
        before = contents(tmp_path / place / "part-00000-of-00002")
        with pytest.raises(InputError) as caught:
            merge(tmp_path / place)
        assert contents(tmp_path / place / "part-00000-of-00002") == before
        return str(caught.value)

    assert "model" in refused("model", stamp={**STAMP, "model": "other"})
    assert "dtype" in refused("dtype", dtype="int8")
    assert "shards do not fit" in refused("shorter", count=40)
    assert "too short" in refused("cut", count=75)
    embed_part(tmp_path / "missing", 0, 3)
    embed_part(tmp_path / "missing", 2, 3)
    with refuses(setting="shards", place="missing"):
        merge(tmp_path / "missing")
    (tmp_path / "nothing").mkdir()
    with refuses(setting="out", place="nothing"):
        merge(tmp_path / "nothing")


def test_damaged_and_unfinished_parts_are_named(tmp_path: Path) -> None:
    def stopped(texts: list[str]) -> object:
        raise KeyboardInterrupt

    embed_part(tmp_path / "e", 0, 2)
    with pytest.raises(KeyboardInterrupt):
        embed_to_folder(stopped, pairs(95), tmp_path / "e", stamp=STAMP, shard=10, part=1, parts=2)  # type: ignore[arg-type]
    with refuses(place="part-00001-of-00002"):
        merge(tmp_path / "e")
    embed_part(tmp_path / "e", 1, 2)
    (tmp_path / "e" / "part-00001-of-00002" / "vectors-00003.npy").write_bytes(b"short")
    with refuses(place="vectors-00003.npy"):
        merge(tmp_path / "e")


def test_parts_do_not_write_into_finished_work_and_numbers_are_checked(tmp_path: Path) -> None:
    embed_part(tmp_path / "e", 0, 1)
    with refuses(place="e"):
        embed_part(tmp_path / "e", 0, 2)
    for part, parts, setting in ((2, 2, "shard_index"), (-1, 2, "shard_index"), (0, 0, "shards")):
        with pytest.raises(InputError) as caught:
            embed_part(tmp_path / "f", part, parts)
        assert caught.value.setting == setting


def test_more_parts_than_shards(tmp_path: Path) -> None:
    for part in range(4):
        assert len(embed_part(tmp_path / "e", part, 4, 15)) == (10, 5, 0, 0)[part]
    assert merge(tmp_path / "e") == 15


def test_a_launcher_gives_the_rank() -> None:
    torchrun = {"RANK": "3", "WORLD_SIZE": "8", "LOCAL_RANK": "1"}
    assert launched_part(torchrun) == (3, 8)
    assert launched_part({"RANK": "3", "WORLD_SIZE": "8"}) == (0, 1)
    assert launched_part({**torchrun, "RANK": "x"}) == (0, 1)
