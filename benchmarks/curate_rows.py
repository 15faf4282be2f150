"""Time and memory of the curate stage on a user's own rows that follow one template: python -m benchmarks.curate_rows

    python -m benchmarks.curate_rows [ROWS …] [--only TEMPLATE …]

Each template and size runs `python -m stages.curate` as a user does, in a temporary folder, with the shipped
params.yaml (four paraphrases). The seconds of one core are what the stage itself used; the seconds that passed depend
on what else the machine had to do, which the load says.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from pagetune.jsonl import write_records
from pagetune.records import Pair

SIZES = (1_000, 10_000, 100_000, 1_000_000)
_SYLLABLES = "김이박최정강조윤장임한오서신권황안송류홍가나다라마바사아자차카타파하민수지영현우준연"


def _price(number: int, random: Random) -> tuple[str, str]:
    return f"상품 {number:06d}의 가격은 얼마인가요?", f"{random.randrange(10, 9_999) * 100:,}원입니다."


def _same_answer(number: int, random: Random) -> tuple[str, str]:
    return f"상품 {number:06d}의 배송 기간은 얼마인가요?", "결제한 날부터 3일 이내에 도착합니다."


def _long(number: int, random: Random) -> tuple[str, str]:
    return (
        f"주문번호 {number:06d}의 배송 상태를 확인하려면 고객센터 어디로 어떻게 문의하면 되나요?",
        f"주문번호 {number:06d}의 배송 상태는 고객센터 누리집의 주문 조회 화면에서 확인하실 수 있으며 "
        f"담당자는 {random.randrange(100)}번입니다.",
    )


def _name(number: int, random: Random) -> tuple[str, str]:
    telephone = f"02-{random.randrange(1_000, 9_999)}-{random.randrange(1_000, 9_999)}"
    return f"{''.join(random.choices(_SYLLABLES, k=4))} 대리점의 전화번호는 무엇인가요?", f"{telephone}입니다."


def _english(number: int, random: Random) -> tuple[str, str]:
    return f"What is the price of item {number:06d}?", f"It costs {random.randrange(10, 99_999) / 100:.2f} dollars."


TEMPLATES: dict[str, Callable[[int, Random], tuple[str, str]]] = {
    "a number and its price": _price,
    "a number, one answer": _same_answer,
    "a number in long texts": _long,
    "a name and its telephone": _name,
    "English": _english,
}


def make_rows(template: str, count: int) -> Iterator[Pair]:
    random = Random(1)
    for number in range(count):
        question, answer = TEMPLATES[template](number, random)
        yield Pair.original(f"{number:012x}", question, answer, "user", "own.jsonl")


def measure(template: str, count: int) -> None:
    """Run the stage and print what it took."""
    with TemporaryDirectory() as folder:
        write_records(Path(folder, "data/qa.jsonl"), make_rows(template, count))
        params = Path("params.yaml").read_text(encoding="utf-8")
        Path(folder, "params.yaml").write_text(re.sub(r"recall_questions: .*", "recall_questions: []", params), "utf-8")
        start = time.perf_counter()
        environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
        command = [sys.executable, "-m", "stages.curate"]
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        passed = time.perf_counter() - start
        written = sum(path.stat().st_size for path in Path(folder, "data/splits").iterdir()) / 2**20
    print(
        f"{template}, {count:,} rows: {used.ru_utime + used.ru_stime:.1f} s of one core, {passed:.1f} s passed, "
        f"{used.ru_maxrss / 1024:.0f} MiB at most, {written:.0f} MiB written, load {os.getloadavg()[0]:.1f}"
        + (f", FAILED ({status})" if status else ""),
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", type=int, default=SIZES)
    parser.add_argument("--only", nargs="*", choices=TEMPLATES, default=[*TEMPLATES])
    arguments = parser.parse_args()
    for count in sorted(arguments.rows):
        for template in arguments.only:
            measure(template, count)


if __name__ == "__main__":
    main()
