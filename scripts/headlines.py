"""Headlines without pairs: every setting of seq2seq2seq from one and the same pre-training, on Reuters or on Chinese abstracts.

Articles are those of every other training pair of `summ-reuters-headline`, and people's sentences the titles of the other pairs: no
title belongs to an article that is read. Chinese articles and titles are the two halves of the development part of
`summ-zh-csl-title`, which has no training part. Each row goes on from its seed's pre-training for as long as every other, and is
measured as `sentrep eval` measures; what has been done before is not done again.

python scripts/headlines.py --data ../shared/data --out runs/headlines
sentrep compare runs/headlines/dev.jsonl
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import sys
from pathlib import Path

COMMON = ["--split", "lines", "--encoder", "bag", "--width", "256", "--shortlist", "4000", "--block", "32", "--epochs", "1000"]
ENGLISH = ["--vocab", "16000", "--max-tokens", "60"]
ENGLISH_PAIRS, CHINESE_PAIRS = "summ-reuters-headline/train.jsonl.gz", "summ-zh-csl-title/dev.jsonl.gz"
CHINESE = ["--vocab", "8000", "--max-tokens", "120", "--longest", "120", "--at-most", "24"]
REWARDED = ["--pretrain", "0", "--unrewarded", "0.1", "--lr", "3e-4"]
ROWS: dict[str, list[str]] = {
    "taught": ["--pretrain", "1", "--lr", "1e-3"],
    "both": REWARDED,
    "reconstructor": [*REWARDED, "--critic", "0"],
    "critic": [*REWARDED, "--reconstruction", "0"],
    "rsgan": [*REWARDED, "--adversary", "rsgan"],
    "wgan-gp": [*REWARDED, "--learns-by", "softmax", "--adversary", "wgan-gp"],
    "wgan-div": [*REWARDED, "--learns-by", "softmax", "--adversary", "wgan-div"],
    "gan-qp": [*REWARDED, "--learns-by", "softmax", "--adversary", "gan-qp"],
    "gumbel": [*REWARDED, "--learns-by", "gumbel"],
    "pairs-100": [*REWARDED, "--pairs-used", "100"],
    "pairs-1000": [*REWARDED, "--pairs-used", "1000"],
    "pairs-all": REWARDED,
}
"""Options of each row, besides those of all."""
PAIRED = "pairs-"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the benchmarks")
    parser.add_argument("--out", type=Path, required=True, help="folder of corpora, runs and results")
    parser.add_argument("--language", choices=("english", "chinese"), default="english")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--teach", type=float, default=9.0, help="minutes of pre-training")
    parser.add_argument("--minutes", type=float, default=3.0, help="minutes of each row after that")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    place, chinese = given.out / given.language, given.language == "chinese"
    texts(given.data / (CHINESE_PAIRS if chinese else ENGLISH_PAIRS), place)
    for seed in given.seeds:
        common = [*COMMON, "--threads", str(given.threads), "--seed", str(seed)]
        common += ["--corpus", str(place / "articles.jsonl"), "--summaries", str(place / "titles.txt")]
        common += CHINESE if chinese else ENGLISH
        taught = place / f"teach-{seed}"
        sentrep("train", "seq2seq2seq", *common, "--pretrain", "1", "--minutes", str(given.teach), "--out", str(taught))
        for row in given.rows:
            run, pairs = place / f"{row}-{seed}", ["--pairs", str(place / "pairs.jsonl")] if row.startswith(PAIRED) else []
            options = [*ROWS[row], *pairs, "--start", str(taught), "--minutes", str(given.minutes), "--out", str(run)]
            sentrep("train", "seq2seq2seq", *common, *options)
            measure(given.data, given.out, str(run), chinese)
    for lead in ("lead-30", "lead-20", "content-20") if chinese else ("lead-8", "lead-10", "lead-13", "content-9", "textrank-9"):
        measure(given.data, given.out, lead, chinese)


def measure(data: Path, out: Path, model: str, chinese: bool) -> None:
    """By the development part, and by the test part in a file of its own."""
    tasks = [str(data / task) for task in (["summ-zh-csl-title"] if chinese else ["summ-reuters-headline", "summ-gigaword-test"])]
    if not chinese:
        sentrep("eval", model, "--task", tasks[0], "--split", "dev", "--results", str(out / "dev.jsonl"))
    sentrep("eval", model, "--task", *tasks, "--results", str(out / "test.jsonl"))


def texts(file: Path, place: Path) -> None:
    """articles.jsonl, titles.txt and pairs.jsonl, from one file of pairs."""
    with gzip.open(file, "rt", encoding="utf-8") as opened:
        pairs: list[dict[str, str]] = list(map(json.loads, opened))
    place.mkdir(parents=True, exist_ok=True)
    others = pairs[::2]
    lines(place / "articles.jsonl", [json.dumps({"text": pair["article"]}, ensure_ascii=False) for pair in pairs[1::2]])
    lines(place / "titles.txt", [pair["summary"] for pair in others])
    kept = ({name: pair[name] for name in ("article", "summary")} for pair in others)
    lines(place / "pairs.jsonl", [json.dumps(pair, ensure_ascii=False) for pair in kept])


def lines(file: Path, content: list[str]) -> None:
    file.write_text("".join(line + "\n" for line in content), encoding="utf-8")


def sentrep(*words: str) -> None:
    """Say a command and run it."""
    print("sentrep", *words, flush=True)
    subprocess.run([sys.executable, "-m", "sentrep", *words], check=True)


if __name__ == "__main__":
    main()
