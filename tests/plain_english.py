"""Count how the code is written: functions, docstrings, and words that nobody in the field uses.

`python tests/plain_english.py [PATH ...]` prints every finding; test_plain_english.py holds the project to it.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
#: The code whose functions are counted; tests say what they prove in their names.
CODE = ("pagetune", "stages", "samples", "benchmarks")

#: The verbs that a docstring may open with. Add the one that you need, in the base form.
VERBS = frozenset((ROOT / "tests" / "verbs.txt").read_text(encoding="utf-8").split())

#: What reads as translated, and what to write instead.
UNWANTED = {
    r"(?i)\bmend(?:s|ed|ing)?\b": "fix, correct",
    r"(?i)\banew\b": "again",
    r"(?i)\bso many\b": "a number, or: this many",
    r"(?i)\bfor want of\b": "because there is no",
    r"(?i)\bwhatever comes to pass\b": "any error",
    r"(?i)\bwho comes? from\b": "coming from",
    r"\b(?<![Tt]here )(?<!or )(?:is|are) no (?!longer\b|more\b|less\b|such\b)[a-z]": "is not a",
    r"(?:^|[.!?:] |\"\"\"|# |#: )Of (?!course)[a-z]": "a sentence with a subject",
    r"\bof transformers'(?! \w)": "a transformers …",
    r"\bis there (?:no|none)\b": "no … exists",
}
#: Files in which people read English.
TEXT_FILES = (".py", ".md", ".yaml", ".yml", ".html", ".toml", ".sh", ".in", ".txt")
#: What is not ours to word: data, results, licences, and this list itself.
PASSED_OVER = re.compile(
    r"^(?:LICENSE|dvc\.lock|data/|metrics/|samples/.*\.txt|requirements|tests/plain_english\.py|tests/verbs\.txt"
    r"|pagetune/text/abstentions\.txt|pagetune/llm/prompts/)"
)


class Function(NamedTuple):
    where: str
    lines: int
    docstring: str | None


def functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            yield Function(f"{path}:{node.lineno} {node.name}", lines, ast.get_docstring(node))


def opens_with_a_verb(docstring: str) -> bool:
    return docstring.split()[0].rstrip(".,:;").lower() in VERBS


def unwanted(path: Path) -> Iterator[str]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        for pattern, better in UNWANTED.items():
            if found := re.search(pattern, line):
                yield f"{path}:{number}: {found.group()!r} (write: {better}): {line.strip()[:100]}"


def tracked(paths: list[str]) -> list[Path]:
    command = ["git", "ls-files", "-co", "--exclude-standard", *paths]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    return [ROOT / name for name in listed if name and not PASSED_OVER.match(name) and (ROOT / name).is_file()]


def code_functions(paths: list[str]) -> list[Function]:
    files = [path for path in tracked(paths) if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in CODE]
    return [function for path in files for function in functions(path)]


def main(paths: list[str]) -> None:
    found = code_functions(paths)
    documented = [function for function in found if function.docstring]
    other = [function for function in documented if not opens_with_a_verb(function.docstring or "")]
    for function in other:
        print(f"{function.where}: no verb first: {(function.docstring or '').splitlines()[0]}")
    for path in tracked(paths):
        if path.suffix in TEXT_FILES:
            print("\n".join(unwanted(path)), end="\n" if any(unwanted(path)) else "")
    lengths = [function.lines for function in found]
    if lengths:
        print(f"{len(lengths)} functions, median {median(lengths):g} lines, longest {max(lengths)}")
        print(f"{len(documented) - len(other)} of {len(documented)} docstrings open with a verb")


if __name__ == "__main__":
    main(sys.argv[1:])
