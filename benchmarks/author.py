"""Have a model that is loaded here write questions about documents, and count what is kept and why the rest is not.

    python -m benchmarks.author MODEL DOCUMENTS [--pages 40] [--precision auto] [--judge] [--params params.yaml]
    python -m benchmarks.author MODEL data/raw --draw 30 > pairs_to_read.txt

MODEL is a folder with the safetensors of an instruct model, or a hub id. DOCUMENTS is a folder of documents, or a
pages.jsonl that `extract` has written, which needs neither PDFium nor the other libraries of extract. Nothing is
downloaded where MODEL is a folder. Beside torch, transformers, accelerate and what `pagetune/build_qa` imports
(pydantic, ruamel.yaml, openai, jinja2, kiwipiepy, psutil, safetensors, huggingface-hub) it needs llguidance, without
which replies are not held to JSON; bitsandbytes only for 4bit and 8bit.

Pages are taken from the documents in turn, so that a long one does not fill the list. Replies go into a cache of their
own, a temporary folder, so that tokens per second are those of the model; `--cache FOLDER` keeps it, and a second run
with the same folder shows that nothing is asked twice. GiB is the most that PyTorch reserved.
"""

import argparse
import os
import tempfile
import time
from collections import Counter, defaultdict
from itertools import zip_longest
from pathlib import Path
from random import Random

from pagetune.build_qa.generate import generate_pairs
from pagetune.build_qa.judge import judge_pairs
from pagetune.errors import quiet_libraries, run_stage
from pagetune.jsonl import read_records
from pagetune.ledger import Ledger
from pagetune.llm.client import Client
from pagetune.params import Params, load_params
from pagetune.records import Page, Pair

SEED = 0


def read_pages(source: Path, params: Params, count: int) -> list[Page]:
    """Return up to `count` readable pages, one of each document in turn."""
    if source.suffix == ".jsonl":
        pages = read_records(source, Page)
    else:
        from pagetune.extract.pages import read_documents

        pages = [page for page in read_documents(source, params.extract) if isinstance(page, Page)]
    own: defaultdict[str, list[Page]] = defaultdict(list)
    for page in pages:
        if page.status == "ok":
            own[page.doc_id].append(page)
    turns = [page for row in zip_longest(*own.values()) for page in row if page is not None][:count]
    return sorted(turns, key=lambda page: (page.doc_id, page.page_number))


def main() -> None:
    arguments = _arguments()
    shipped = load_params(arguments.params)
    own = {"engine": "local", "model": arguments.model, "precision": arguments.precision}
    qa = shipped.qa.model_copy(update={"generator": "llm"})
    llm, ledger = shipped.llm.model_copy(update=own), Ledger()
    pages = read_pages(arguments.documents, shipped, arguments.pages)
    started = time.monotonic()
    pairs, client = generate_pairs(pages, qa, llm, ledger)
    clients = [client]
    if arguments.judge:
        pairs, client = judge_pairs(pairs, pages, qa, llm, ledger)
        clients.append(client)
    report(pages, pairs, ledger, clients, time.monotonic() - started)
    for pair in Random(SEED).sample(pairs, min(arguments.draw, len(pairs))):
        print(f"\n{pair.doc_id}, page {pair.page_number}\nQ {pair.instruction}\nA {pair.output}\nE {pair.evidence}")


def report(pages: list[Page], pairs: list[Pair], ledger: Ledger, clients: list[Client], seconds: float) -> None:
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    gib = torch.cuda.max_memory_reserved() / 2**30 if torch.cuda.is_available() else 0.0
    reasons = Counter(row.reason for row in ledger.rejected)
    asked = len(pairs) + reasons.total()
    print(f"{gpu}, torch {torch.__version__}, {gib:.1f} GiB")
    print(f"{len(pages)} pages of {len({page.doc_id for page in pages})} documents, {seconds:.0f} s with the loading")
    for client in clients:
        print(client)
    print(f"{len(pairs)} pairs kept of {asked} that were written or tried ({len(pairs) / max(1, asked):.0%})")
    print(f"{60 * len(pairs) / seconds:.1f} pairs a minute, {len(pages) / seconds:.2f} pages a second")
    for reason, count in reasons.most_common():
        print(f"{count:6} {reason}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("documents", type=Path)
    parser.add_argument("--pages", type=int, default=40)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--judge", action="store_true")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--draw", type=int, default=0)
    parser.add_argument("--cache", type=Path)
    arguments = parser.parse_args()
    os.environ["PAGETUNE_CACHE"] = str(arguments.cache or tempfile.mkdtemp(prefix="pagetune-author-"))
    return arguments


if __name__ == "__main__":
    quiet_libraries()
    run_stage("author", main)
