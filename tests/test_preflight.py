"""The checks before a training: each one fails on a planted fault."""

from pathlib import Path
from typing import Any

import pytest
from conftest import precision_of, resolved_params, shared
from hypothesis import given, settings
from hypothesis import strategies as st
from test_prompts import TEMPLATE, example

from pagetune.errors import UserError
from pagetune.model.loading import load_base, load_tokenizer
from pagetune.model.manifest import read_manifest
from pagetune.model.prompts import IGNORED, encode_example, to_example
from pagetune.model.template import TemplateRecord
from pagetune.records import Example, Pair
from pagetune.train.adapter import lora_config
from pagetune.train.preflight import EncodedRow, check_adapter, check_rendered, check_rows, fit_rows, preflight
from pagetune.train.row_preview import SHOWN, show_rows

PARAMS = resolved_params()


def record_of(template: str, eos_token: str) -> TemplateRecord:
    return TemplateRecord.of(template, eos_token, None, [])


RECORD = record_of(TEMPLATE, "</s>")
ANSWER = "서울특별시 영등포구"


@pytest.fixture(scope="module")
def tokenizer(tiny_base: Path) -> Any:
    return load_tokenizer(read_manifest(tiny_base))


@pytest.fixture(scope="module")
def with_bos() -> Any:
    """Load a real tokenizer that puts a BOS first."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(shared("models", "stories260K"))


def opt_like(tiny_base: Path, template: str) -> Any:
    """Make a tokenizer whose BOS and EOS are one token, as in OPT; `template` says where it puts it."""
    from tokenizers.processors import TemplateProcessing

    tokenizer = load_tokenizer(read_manifest(tiny_base))
    tokenizer.bos_token = tokenizer.eos_token
    eos = [("</s>", tokenizer.eos_token_id)]
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single=template, special_tokens=eos)
    return tokenizer


def chat_example(template: str) -> Example:
    return to_example(Pair.original("1", "주소?", ANSWER, "user", "문서"), template, "</s>", wording_seen=True)


def row(tokenizer: Any, **changes: list[int]) -> EncodedRow:
    return encode_example(example(output=ANSWER), tokenizer) | changes


def complaint(rows: list[EncodedRow], tokenizer: Any) -> str:
    """Return what check_rows says of rows between two good ones."""
    good = row(tokenizer)
    names = ["good", *(f"bad{n}" for n in range(len(rows))), "fine"]
    examples = [example(output=ANSWER).model_copy(update={"pair_id": name}) for name in names]
    with pytest.raises(UserError) as caught:
        check_rows([good, *rows, good], examples, tokenizer)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


# --- Rows


def test_rows_as_they_are_encoded_pass(tokenizer: Any, with_bos: Any) -> None:
    for real in (tokenizer, with_bos):
        check_rows([row(real)], [example(output=ANSWER)], real)


def test_a_masked_eos_is_found_and_shown(tokenizer: Any) -> None:
    labels = [*row(tokenizer)["labels"][:-1], IGNORED]
    said = complaint([row(tokenizer, labels=labels)], tokenizer)
    assert said.startswith(
        "data/prompts/train.jsonl: 1 of 3 rows end in an EOS that the loss leaves out; the first, pair bad0: "
        f"Q: 주소?⏎A: ⟦{ANSWER}⟧</s> (⟦⟧ holds what the loss is on). Check"
    )


def test_a_missing_eos_is_found(tokenizer: Any) -> None:
    cut = {name: tokens[:-1] for name, tokens in row(tokenizer).items()}
    assert "1 of 3 rows do not end in the EOS; the first, pair bad0:" in complaint([cut], tokenizer)


def test_a_second_eos_is_found(tokenizer: Any) -> None:
    twice = {name: [*tokens, tokenizer.eos_token_id] for name, tokens in row(tokenizer).items()}
    assert "have an EOS inside the answer" in complaint([twice], tokenizer)


def test_a_double_bos_is_found(with_bos: Any) -> None:
    twice = {name: [tokens[0], *tokens] for name, tokens in row(with_bos).items()}
    assert "have a BOS twice" in complaint([twice], with_bos)


def test_a_bos_between_prompt_and_answer_is_found(with_bos: Any) -> None:
    plain = row(with_bos)
    start = next(place for place, label in enumerate(plain["labels"]) if label != IGNORED)
    between = {name: [*tokens[:start], with_bos.bos_token_id, *tokens[start:]] for name, tokens in plain.items()}
    assert "have a BOS twice" in complaint([between], with_bos)


def test_labels_that_are_all_masked_are_found(tokenizer: Any) -> None:
    masked = row(tokenizer, labels=[IGNORED] * len(row(tokenizer)["labels"]))
    assert "2 of 4 rows are trained on nothing; the first, pair bad0:" in complaint([masked, masked], tokenizer)


def test_labels_that_differ_from_the_tokens_are_found(tokenizer: Any) -> None:
    plain = row(tokenizer)
    shifted = [*plain["labels"][:-2], plain["labels"][-2] + 1, plain["labels"][-1]]
    assert "have labels that are not their tokens" in complaint([row(tokenizer, labels=shifted)], tokenizer)


@pytest.mark.parametrize("drop", [slice(1), slice(1, None)])
def test_labels_of_another_number_are_found(tokenizer: Any, drop: slice) -> None:
    labels = row(tokenizer)["labels"]
    uneven = labels[:-1] if drop.stop else [*labels, IGNORED]
    assert "have labels and tokens of unequal number" in complaint([row(tokenizer, labels=uneven)], tokenizer)


def test_a_loss_on_the_question_is_found(tokenizer: Any) -> None:
    assert "are trained on their question" in complaint([row(tokenizer, labels=row(tokenizer)["input_ids"])], tokenizer)


def test_a_gap_in_the_answer_is_found(tokenizer: Any) -> None:
    labels = row(tokenizer)["labels"]
    gap = [*labels[:-2], IGNORED, labels[-1]]
    assert "have a gap in what the loss is on" in complaint([row(tokenizer, labels=gap)], tokenizer)


def test_an_answer_of_an_eos_alone_is_found(tokenizer: Any) -> None:
    empty = encode_example(example(output=""), tokenizer)
    assert "are trained on an EOS alone" in complaint([empty], tokenizer)


def test_different_faults_are_told_in_one_line(tokenizer: Any) -> None:
    masked = row(tokenizer, labels=[IGNORED] * len(row(tokenizer)["labels"]))
    cut = {name: tokens[:-1] for name, tokens in row(tokenizer).items()}
    said = complaint([cut, masked, cut], tokenizer)
    assert "2 of 5 rows do not end in the EOS; the first, pair bad0:" in said
    assert "1 of 5 rows are trained on nothing; the first, pair bad1:" in said


def test_an_eos_that_the_tokenizer_adds_to_the_prompt_is_found(tokenizer: Any) -> None:
    plain = row(tokenizer)
    added = {
        "input_ids": [tokenizer.eos_token_id, *plain["input_ids"]],
        "labels": [IGNORED, *plain["labels"]],
    }
    assert "have an EOS inside the prompt" in complaint([added], tokenizer)


def test_a_chat_template_may_end_its_turns_with_the_eos(tokenizer: Any) -> None:
    turn = chat_example("[user] {instruction}</s>\n[bot] ")
    ids = encode_example(turn, tokenizer)
    assert ids["input_ids"].count(tokenizer.eos_token_id) == 2
    check_rows([ids], [turn], tokenizer)


def test_a_bos_that_is_the_eos_too_may_stand_first_and_once(tiny_base: Path) -> None:
    real = opt_like(tiny_base, "</s> $A")
    ids = row(real)
    assert ids["input_ids"][0] == ids["input_ids"][-1] == real.eos_token_id
    check_rows([ids], [example(output=ANSWER)], real)
    twice = {name: [tokens[0], *tokens] for name, tokens in ids.items()}
    assert "have a BOS twice" in complaint([twice], real)
    inside = {name: [*tokens[:3], tokens[0], *tokens[3:]] for name, tokens in ids.items()}
    assert "have an EOS inside the prompt" in complaint([inside], real)


def test_a_bos_that_is_the_eos_too_need_not_stand_first(tiny_base: Path) -> None:
    real = opt_like(tiny_base, "$A")
    check_rows([row(real)], [example(output=ANSWER)], real)


def test_a_chat_template_may_begin_its_turns_with_the_bos(with_bos: Any) -> None:
    turn = chat_example("<s>user {instruction}\n<s>bot ")
    ids = encode_example(turn, with_bos)
    assert ids["input_ids"].count(with_bos.bos_token_id) == 2
    check_rows([ids], [turn], with_bos)


# --- Length


@settings(deadline=None, max_examples=60)
@given(
    question=st.text(alphabet="가나다 ab\n", min_size=1, max_size=60),
    answer=st.text(alphabet="서울 12", min_size=1, max_size=20),
    max_length=st.integers(2, 90),
)
def test_a_cut_keeps_the_answer_its_eos_and_the_bos(
    tokenizer: Any, with_bos: Any, question: str, answer: str, max_length: int
) -> None:
    asked = example(question, answer)
    for real in (tokenizer, with_bos):
        whole = encode_example(asked, real)
        trained = [label for label in whole["labels"] if label != IGNORED]
        head = [real.bos_token_id] if whole["input_ids"][0] == real.bos_token_id else []
        if len(head) + 1 + len(trained) > max_length:
            with pytest.raises(UserError, match="leaves no room for a question"):
                fit_rows([whole], [asked], real, max_length, 1.0)
            continue
        (cut,), count = fit_rows([whole], [asked], real, max_length, 1.0)
        assert count == int(len(whole["input_ids"]) > max_length)
        assert len(cut["input_ids"]) == len(cut["labels"]) == min(max_length, len(whole["input_ids"]))
        assert cut["input_ids"][: len(head)] == head
        assert cut["input_ids"][-len(trained) :] == trained
        kept = len(cut["input_ids"]) - len(head)
        assert cut["input_ids"][len(head) :] == whole["input_ids"][-kept:]
        check_rows([cut], [asked], real)


def test_a_cut_at_the_start_of_a_turn_does_not_double_the_bos(with_bos: Any) -> None:
    turn = chat_example("<s>user {instruction}\n<s>bot ")
    whole = encode_example(turn, with_bos)
    second = whole["input_ids"].index(with_bos.bos_token_id, 1)
    length = len(whole["input_ids"]) - second + 1  # the first BOS, and all from the second on
    (cut,), _ = fit_rows([whole], [turn], with_bos, length, 1.0)
    assert cut["input_ids"] == whole["input_ids"][second:]
    check_rows([cut], [turn], with_bos)


def test_more_cut_rows_than_allowed_stop_the_training_with_the_numbers(tokenizer: Any) -> None:
    examples = [example("가", "나"), example("가" * 40, "나")]
    rows = [encode_example(e, tokenizer) for e in examples]
    longest = len(rows[1]["input_ids"])
    with pytest.raises(UserError) as caught:
        fit_rows(rows, examples, tokenizer, 20, 0.0)
    assert str(caught.value) == (
        "data/prompts/train.jsonl: 1 of 2 rows are longer than train.max_length=20 tokens (50%), the longest has "
        f"{longest}; train.max_truncated_fraction allows 0%. Raise train.max_length, or lower "
        "curate.max_question_characters or curate.max_answer_characters."
    )


@pytest.mark.parametrize(("allowed", "passes"), [(0.5, True), (0.49, False)])
def test_the_allowed_fraction_itself_passes(tokenizer: Any, allowed: float, passes: bool) -> None:
    examples = [example("가", "나"), example("가" * 40, "나")]
    rows = [encode_example(e, tokenizer) for e in examples]
    if passes:
        assert fit_rows(rows, examples, tokenizer, 20, allowed)[1] == 1
    else:
        with pytest.raises(UserError, match="allows 49%"):
            fit_rows(rows, examples, tokenizer, 20, allowed)


def test_an_answer_that_fills_the_row_is_named_with_its_tokens(tokenizer: Any) -> None:
    asked = example("가", "나" * 40).model_copy(update={"pair_id": "a17"})
    whole = encode_example(asked, tokenizer)
    with pytest.raises(UserError) as caught:
        fit_rows([whole], [asked], tokenizer, 20, 1.0, "validation")
    assert f"data/prompts/validation.jsonl: pair a17 has {len(whole['input_ids'])} tokens" in str(caught.value)
    assert "train.max_length=20" in str(caught.value)


def test_no_rows_are_no_fault(tokenizer: Any) -> None:
    assert fit_rows([], [], tokenizer, 20, 0.0) == ([], 0)
    check_rows([], [], tokenizer)
    assert show_rows([], tokenizer) == []


# --- Template


def test_prompts_of_their_template_pass() -> None:
    check_rendered(RECORD, "</s>", [example(), example("{output}?")])


@pytest.mark.parametrize(
    ("record", "eos", "says"),
    [
        (RECORD, "<eos>", "template.json: eos_token is </s>, that of models/base/manifest.json is <eos>"),
        (
            record_of("Frage: {instruction}\nA: ", "</s>"),
            "</s>",
            "2 of 2 prompts do not begin with 'Frage: '; the first, pair 1, has 'Q: 주소?\\nA: '",
        ),
        (
            record_of("Q: {instruction}\nB: ", "</s>"),
            "</s>",
            "train.jsonl: 2 of 2 prompts do not end with '\\nB: '; the first, pair 1, has 'Q: 주소?\\nA: '",
        ),
        (record_of(TEMPLATE, "<eos>"), "<eos>", "2 of 2 answers do not end in one <eos>; the first, pair 1, has"),
    ],
)
def test_a_changed_template_is_found_and_its_part_named(record: TemplateRecord, eos: str, says: str) -> None:
    with pytest.raises(UserError) as caught:
        check_rendered(record, eos, [example(), example()])
    assert says in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_prompt_in_which_beginning_and_end_overlap_is_not_the_templates() -> None:
    with pytest.raises(UserError, match="1 of 1 prompts do not end with"):
        check_rendered(record_of("AB{instruction}BA", "</s>"), "</s>", [example().model_copy(update={"prompt": "ABA"})])


# --- Preview


def test_rows_are_shown_from_short_to_long_with_the_trained_part_marked(tokenizer: Any) -> None:
    examples = [example("가" * n, "나\n다") for n in range(1, 21)]
    rows = [encode_example(e, tokenizer) for e in reversed(examples)]
    shown = show_rows(rows, tokenizer)
    assert len(shown) == 5
    assert [len(line) for line in shown] == sorted(len(line) for line in shown)
    for line in shown:
        assert line.startswith("Q: 가")
        assert line.endswith("⏎A: ⟦나⏎다</s>⟧")
    assert shown == show_rows(rows, tokenizer)
    assert len(show_rows(rows[:3], tokenizer)) == 3


def test_the_bos_is_shown_and_letters_of_several_tokens_are_whole(with_bos: Any) -> None:
    (line,) = show_rows([encode_example(example("주소?", "서울특별시"), with_bos)], with_bos)
    assert line == "<s> Q: 주소?⏎A: ⟦서울특별시</s>⟧"


def test_a_mark_inside_a_letter_stands_before_it(tokenizer: Any) -> None:
    plain = row(tokenizer)
    ids = tokenizer("뷁")["input_ids"]
    assert len(ids) > 1
    labels = [IGNORED, *ids[1:], plain["labels"][-1]]
    (line,) = show_rows([{"input_ids": [*ids, tokenizer.eos_token_id], "labels": labels}], tokenizer)
    assert line == "⟦뷁</s>⟧"


@settings(deadline=None, max_examples=50)
@given(question=st.text(min_size=1, max_size=300), answer=st.text(min_size=1, max_size=300))
def test_any_row_is_one_short_line_that_ends_in_the_marked_eos(tokenizer: Any, question: str, answer: str) -> None:
    (line,) = show_rows([encode_example(example(question, answer), tokenizer)], tokenizer)
    assert len(line.splitlines()) == 1
    assert line.endswith("</s>⟧")
    assert "⟦" in line
    assert len(line) <= SHOWN + 4


def test_of_a_long_row_the_middles_are_left_out(tokenizer: Any) -> None:
    asked = example("가" * 60 + "나" * 60, "다" * 60 + "라" * 60)
    assert show_rows([encode_example(asked, tokenizer)], tokenizer) == [
        f"Q: {'가' * 37}…{'나' * 36}⏎A: ⟦{'다' * 40}…{'라' * 36}</s>⟧"
    ]


def test_a_row_that_fits_is_shown_whole(tokenizer: Any) -> None:
    asked = example("가", "다" * 120)
    assert show_rows([encode_example(asked, tokenizer)], tokenizer) == [f"Q: 가⏎A: ⟦{'다' * 120}</s>⟧"]


# --- Adapter


@pytest.fixture
def tuned(tiny_base: Path) -> Any:
    from peft import get_peft_model

    model = load_base(read_manifest(tiny_base), precision_of("fp32"))
    return get_peft_model(model, lora_config(LORA))


LORA = PARAMS.lora.model_copy(update={"r": 4, "target_modules": "all-linear"})


def test_a_whole_adapter_is_described(tuned: Any) -> None:
    trained, total = tuned.get_nb_trainable_parameters()
    assert check_adapter(tuned, LORA) == (
        "adapter: 14 LoRA modules (down_proj 2, gate_proj 2, k_proj 2, o_proj 2, q_proj 2, up_proj 2, v_proj 2), "
        f"{trained:,} of {total:,} parameters train ({trained / total:.2%})"
    )


def test_a_4bit_base_counts_its_weights_and_not_their_bytes(tiny_base: Path) -> None:
    from peft import get_peft_model

    manifest = read_manifest(tiny_base)
    model = load_base(manifest, precision_of("4bit"))
    tuned = get_peft_model(model, lora_config(LORA))
    trained, _ = tuned.get_nb_trainable_parameters()
    assert f"of {manifest.parameters + trained:,} parameters train" in check_adapter(tuned, LORA)


@pytest.mark.parametrize("part", ["lora_A", "lora_B"])
def test_a_frozen_lora_weight_is_found(tuned: Any, part: str) -> None:
    name, parameter = next((n, p) for n, p in tuned.named_parameters() if part in n)
    parameter.requires_grad = False
    with pytest.raises(UserError) as caught:
        check_adapter(tuned, LORA)
    assert f"adapter: 1 frozen in the adapter (first {name})" in str(caught.value)


def test_a_trained_weight_of_the_base_is_found(tuned: Any) -> None:
    tuned.get_input_embeddings().weight.requires_grad = True
    with pytest.raises(UserError, match=r"1 trained beside it \(first .*embed_tokens.weight\)"):
        check_adapter(tuned, LORA)


def test_a_layer_asked_for_without_lora_is_found(tuned: Any) -> None:
    with pytest.raises(UserError, match=r"1 without LoRA \(first lm_head\)"):
        check_adapter(tuned, LORA.model_copy(update={"target_modules": ["q_proj", "lm_head"]}))


def test_a_model_without_an_adapter_is_found(tiny_base: Path) -> None:
    model = load_base(read_manifest(tiny_base), precision_of("fp32"))
    model.requires_grad_(False)
    with pytest.raises(UserError, match="no layer has LoRA"):
        check_adapter(model, LORA.model_copy(update={"target_modules": []}))


def test_layers_that_are_trained_whole_are_in_order(tiny_base: Path) -> None:
    from peft import LoraConfig, get_peft_model

    model = load_base(read_manifest(tiny_base), precision_of("fp32"))
    config = LoraConfig(r=4, target_modules=r".*\.q_proj", modules_to_save=["lm_head"], task_type="CAUSAL_LM")
    line = check_adapter(get_peft_model(model, config), LORA.model_copy(update={"target_modules": r".*\.q_proj"}))
    assert line.startswith("adapter: 2 LoRA modules (q_proj 2), ")


# --- All together


def examine(tokenizer: Any, train: list[Example], **changes: Any) -> dict[str, list[EncodedRow]]:
    params = PARAMS.train.model_copy(update={"max_length": 64, "max_truncated_fraction": 0.0, **changes})
    return preflight({"train": train, "validation": []}, tokenizer, RECORD, "</s>", params, 0)


def test_the_rows_are_returned_and_summed_up(tokenizer: Any, capsys: pytest.CaptureFixture[str]) -> None:
    rows = examine(tokenizer, [example("가" * n, "나") for n in range(1, 10)])
    assert (len(rows["train"]), rows["validation"]) == (9, [])
    first, *shown = capsys.readouterr().out.splitlines()
    lengths = sorted(len(row["input_ids"]) for row in rows["train"])
    assert first.startswith(f"train: 9 train rows of {lengths[0]} to {lengths[-1]} tokens, median {lengths[4]}, ")
    assert first.endswith("0 prompts cut")
    assert len(shown) == 5
    assert all(line.startswith("train: Q: ") and line.endswith("</s>⟧") for line in shown)


def test_cut_rows_are_counted_in_the_summary(tokenizer: Any, capsys: pytest.CaptureFixture[str]) -> None:
    rows = examine(tokenizer, [example("가" * 40, "나")], max_length=20, max_truncated_fraction=1.0)
    assert len(rows["train"][0]["input_ids"]) == 20
    assert "1 prompts cut" in capsys.readouterr().out


def test_of_several_processes_only_the_first_speaks(
    tokenizer: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    assert len(examine(tokenizer, [example("가", "나")])["train"]) == 1
    assert capsys.readouterr().out == ""


def test_nothing_to_train_on_is_a_failure(tokenizer: Any) -> None:
    with pytest.raises(UserError, match=r"data/prompts/train\.jsonl has no rows"):
        examine(tokenizer, [])


def test_each_check_has_its_say(tokenizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="longer than"):
        examine(tokenizer, [example("가" * 40, "나")], max_length=20)
    with pytest.raises(UserError, match="EOS alone"):
        examine(tokenizer, [example("가", "")])
    with pytest.raises(UserError, match="do not begin"):
        examine(tokenizer, [example().model_copy(update={"prompt": "주소?\nA: "})])
