"""What params.yaml accepts, and what the message says about each mistake."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from conftest import ROOT, edit_params, run
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter

from pagetune.errors import UserError
from pagetune.params import Params, load_params
from pagetune.params.rules import expected
from pagetune.params.section import Section


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


def complaint(folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        load_params(folder / "params.yaml")
    return str(caught.value)


def test_the_shipped_file_is_valid() -> None:
    assert load_params(ROOT / "params.yaml").seed >= 0


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("lora.r", "abc", "lora.r: should be 'auto' or a whole number of at least 1, got 'abc'. Change that value."),
        ("lora.r", 0, "lora.r: should be 'auto' or a whole number of at least 1, got 0"),
        ("lora.r", 16.5, "lora.r: should be 'auto' or a whole number of at least 1, got 16.5"),
        ("lora.r", True, "lora.r: should be 'auto' or a whole number of at least 1, got true"),
        ("lora.alpha", "automatic", "lora.alpha: should be 'auto' or a whole number of at least 1, got 'automatic'"),
        ("lora.alpha", 0, "lora.alpha: should be 'auto' or a whole number of at least 1, got 0"),
        (
            "curate.recall_questions",
            ["주소?", {"question": "주소?"}],
            "question 2 should be a text or {question: …, doc_id: …}, got {'question': '주소?'}. Change it.",
        ),
        ("curate.recall_questions", "주소?", "should be a list of strings, got '주소?'"),
        ("lora.use_dora", "yes", "lora.use_dora: should be true or false, got 'yes'"),
        (
            "lora.init_lora_weights",
            "pissa",
            "lora.init_lora_weights: should be 'gaussian', 'orthogonal', true or false, got 'pissa'",
        ),
        ("lora.dropout", 1.0, "lora.dropout: should be a number of at least 0 and below 1, got 1.0"),
        ("precision", "5bit", "should be one of 'auto', '4bit', '8bit', 'fp16', 'bf16', 'fp32', got '5bit'"),
        ("train.backend", "axolotl", "train.backend: should be one of 'auto', 'unsloth', 'peft', got 'axolotl'"),
        ("train.learning_rate", -1, "train.learning_rate: should be 'auto' or a number above 0 and below 1, got -1"),
        ("train.gpu_memory_gib", "all", "train.gpu_memory_gib: should be 'auto' or a number above 0, got 'all'"),
        ("train.packing", "yes", "train.packing: should be 'auto', true or false, got 'yes'"),
        ("train.early_stopping_patience", 0, "should be null or a whole number of at least 1, got 0"),
        ("train.memory", None, "train.memory: should be one of 'auto', 'low', 'fast', got null"),
        ("train.epoch", 3, "train.epoch is not a parameter. Did you mean epochs?"),
        ("train.zzz", 3, "train.zzz is not a parameter. Known here: backend, processes"),
        ("train", 3, "train: should be a section with the keys backend, processes, epochs"),
        ("seed", 2**32, "seed: should be a whole number from 0 to 4294967295, got 4294967296"),
        ("qa.min_clarity", 6, "qa.min_clarity: should be a whole number from 1 to 5, got 6"),
        ("model.builtin.intermediate_size", 0, "intermediate_size: should be a whole number of at least 1, got 0"),
        ("model.builtin.hidden_size", 250, "model.builtin: hidden_size must be a multiple of 2 · num_attention_heads"),
        ("lora.target_modules", [], "should be a non-empty string or a list of one or more strings, got []"),
        ("lora.target_modules", [1], "or a list of one or more strings, got [1]"),
        ("lora.rank_pattern", {"q_proj": 0}, "lora.rank_pattern.q_proj: should be a whole number of at least 1, got 0"),
        ("lora.rank_pattern", {8: 1}, "lora.rank_pattern: should be a mapping whose values are each a whole number"),
        ("curate.filters", ["a"], "curate.filters.0: should be one of 'wrong_script', 'unfinished'"),
        ("curate.scripts", [], "curate.scripts: should be a list of one or more of 'hangul', 'latin'"),
        ("trian", {}, "trian is not a parameter. Did you mean train?"),
        ("curate.heldout_fraction", 1.5, "curate.heldout_fraction: should be a number of at least 0 and below 1"),
        ("extract.ocr_languages", "kor, eng", "should be names of Tesseract languages joined by +, such as kor+eng"),
        (
            "llm.base_url",
            "localhost",
            "should be an address with http:// or https://, such as http://localhost:8000/v1",
        ),
        ("export.push_to", "model", "should be null or a repository on the Hub, such as my-name/my-model, got 'model'"),
        (
            "prompt.template",
            "no place for it",
            "prompt.template: should be a string that holds {instruction} exactly once, such as Q: {instruction}, got",
        ),
        *(
            (key, r"{passages}{instruction}\nA: ", f"{key}: has a backslash and an n where a line should break. Put")
            for key in ("prompt.template", "prompt.system", "prompt.open_template.ko", "summarization.template")
        ),
    ],
)
def test_a_mistake_is_one_line_with_key_rule_and_value(folder: Path, key: str, value: Any, says: str) -> None:
    edit_params(folder, {key: value})
    message = complaint(folder)
    assert says in message
    assert "\n" not in message


def test_a_mistake_names_its_line(folder: Path) -> None:
    edit_params(folder, {"lora.r": 0})
    lines = (folder / "params.yaml").read_text(encoding="utf-8").splitlines()
    number = next(i for i, line in enumerate(lines, 1) if line.strip() == "r: 0")
    assert f"params.yaml:{number}: lora.r" in complaint(folder)


def test_all_mistakes_are_named_at_once(folder: Path) -> None:
    edit_params(folder, {"lora.r": 0, "train.epochs": -1, "precision": "5bit"})
    assert len(complaint(folder).splitlines()) == 3


def test_a_missing_key_is_named(folder: Path) -> None:
    text = (folder / "params.yaml").read_text(encoding="utf-8")
    (folder / "params.yaml").write_text(text.replace("  epochs: auto\n", ""), encoding="utf-8")
    assert "train.epochs is missing" in complaint(folder)


def test_broken_yaml_is_one_line(folder: Path) -> None:
    (folder / "params.yaml").write_text("lora: [1,\nseed: 3", encoding="utf-8")
    assert "is not YAML" in complaint(folder)


@pytest.mark.parametrize("written", ["1e-05", "0.00001", "1.0e-5", "1e-5"])
def test_a_learning_rate_is_a_number_however_dvc_writes_it(folder: Path, written: str) -> None:
    text = (folder / "params.yaml").read_text(encoding="utf-8")
    changed = text.replace("learning_rate: auto", f"learning_rate: {written}")
    assert changed != text
    (folder / "params.yaml").write_text(changed, encoding="utf-8")
    assert load_params(folder / "params.yaml").train.learning_rate == pytest.approx(1e-5)


def test_a_stage_prints_the_line_and_exits_with_1(folder: Path) -> None:
    edit_params(folder, {"lora.r": 0})
    (folder / "stages").symlink_to(ROOT / "stages")
    (folder / "pagetune").symlink_to(ROOT / "pagetune")
    done = run(folder, "python", "-m", "stages.extract", check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("extract: params.yaml:")
    assert len(done.stderr.splitlines()) == 1
    assert not (folder / "data").exists()


# The text of each rule.


def leaves(model: type[BaseModel] = Params, above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted name and the type of every key, those of nested sections included."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from leaves(field.annotation, f"{above}{name}.")
        else:
            yield f"{above}{name}", Annotated[field.annotation, field]


#: What a branch of a rule reads like, and the values that it promises.
BRANCHES: dict[str, Callable[..., st.SearchStrategy[Any]]] = {
    r"'([^']*)'": st.just,
    r"null": st.none,
    r"true": lambda: st.just(True),
    r"false": lambda: st.just(False),
    r"a whole number from (\d+) to (\d+)": lambda low, high: st.integers(int(low), int(high)),
    r"a whole number of at least (\d+)": lambda low: st.integers(int(low)),
    r"a number from ([\d.]+) to ([\d.]+)": lambda low, high: st.floats(float(low), float(high)),
    r"a number of at least ([\d.]+)(?: and below ([\d.]+))?": lambda low, high: numbers(low, high, False, True),
    r"a number above ([\d.]+)(?: and below ([\d.]+))?": lambda low, high: numbers(low, high, True, True),
    r"a number above ([\d.]+) and at most ([\d.]+)": lambda low, high: numbers(low, high, True, False),
    r"a string": st.text,
    r"a non-empty string": lambda: st.text(min_size=1),
    r"a list of (one or more )?strings": lambda least: st.lists(st.text(), min_size=bool(least)),
    r"a list of (one or more )?non-empty strings": lambda least: st.lists(st.text(min_size=1), min_size=bool(least)),
    r"a list of (any|one or more) of (.+)": lambda least, rest: st.lists(values_of(rest), min_size=least != "any"),
    r"a mapping whose values are each (.+)": lambda rest: st.dictionaries(st.text(), values_of(rest)),
    r"an? .+, such as (.+)": st.just,
    r"names of .+, such as (.+)": st.just,
}


def numbers(low: str, high: str | None, above: bool, below: bool) -> st.SearchStrategy[float]:
    top = None if high is None else float(high)
    return st.floats(
        float(low), top, exclude_min=above, exclude_max=below and top is not None, allow_nan=False, allow_infinity=False
    )


def values_of(rule: str) -> st.SearchStrategy[Any]:
    """Return the values that fit a branch of the rule. Fail where a part of its text is not a branch."""
    rest, found = rule.removeprefix("one of "), []
    while rest:
        matches = [(re.match(rf"{pattern}(?=$|, | or )", rest), make) for pattern, make in BRANCHES.items()]
        match, make = max(((m, f) for m, f in matches if m), key=lambda pair: pair[0].end(), default=(None, st.nothing))
        assert match, f"{rest!r} in {rule!r}"
        found.append(make(*match.groups()))
        rest = re.sub(r"^(, | or )", "", rest[match.end() :])
    return st.one_of(found)


@pytest.mark.parametrize(("key", "annotation"), list(leaves()), ids=[key for key, _ in leaves()])
def test_what_fits_a_branch_of_a_rule_is_accepted(key: str, annotation: Any) -> None:
    """The rule of every key reads as branches, and each value that fits one of them is valid for the key."""
    adapter: TypeAdapter[Any] = TypeAdapter(annotation, config=Section.model_config)

    @settings(max_examples=30, deadline=None)
    @given(values_of(expected(annotation)))
    def accepted(value: Any) -> None:
        adapter.validate_python(value)

    accepted()


#: The words that name a branch of a union.
WORDS = {
    type(None): ("null",),
    bool: ("true", "false"),
    int: ("a whole number",),
    float: ("a number",),
    str: ("string", "such as"),
    list: ("a list",),
}


@pytest.mark.parametrize(("key", "annotation"), list(leaves()), ids=[key for key, _ in leaves()])
def test_a_rule_names_each_branch_of_a_union(key: str, annotation: Any) -> None:
    rule = expected(annotation)
    for branch in branches_of(annotation):
        if get_origin(branch) is Literal:
            assert all(repr(value) in rule for value in get_args(branch)), rule
        else:
            assert any(word in rule for word in WORDS[get_origin(branch) or branch]), rule


def branches_of(annotation: Any) -> list[Any]:
    base = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    if isinstance(base, UnionType) or get_origin(base) is Union:
        return [leaf for branch in get_args(base) for leaf in branches_of(branch)]
    return [] if get_origin(base) is dict else [base]
