"""A model is asked in its own chat template, whatever that looks like, and its answer ends where its turns end."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from pagetune.errors import UserError
from pagetune.export.chat_template import own_chat_template
from pagetune.model.builtin import train_tokenizer
from pagetune.model.chat import end_of_turn, find_turn
from pagetune.model.loading import load_tokenizer
from pagetune.model.manifest import Manifest, read_manifest
from pagetune.model.prompts import encode_prompt, joins, render_prompt, to_example
from pagetune.model.seam import find_seam
from pagetune.model.style import choose_style, make_template
from pagetune.model.template import TemplateRecord
from pagetune.params import Params, load_params
from pagetune.records import Example, Pair
from pagetune.train.preflight import check_seams

PARAMS = load_params(ROOT / "params.yaml")
CHATML = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou help.<|im_end|>\n' }}{% endif %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
#: The end of Qwen 3's and EXAONE 4's templates: without thinking, an empty thought precedes the answer.
THINKING = CHATML.replace(
    "<|im_start|>assistant\n' }}{% endif %}",
    "<|im_start|>assistant\n' }}{% if enable_thinking is defined and enable_thinking is false %}"
    "{{ '<think>\n\n</think>\n\n' }}{% endif %}{% endif %}",
)
#: DeepSeek R1's always opens a thought.
OPEN_THOUGHT = CHATML.replace(
    "<|im_start|>assistant\n' }}{% endif %}", "<|im_start|>assistant\n<think>\n' }}{% endif %}"
)
GEMMA = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for message in messages %}{% set role = 'model' if message['role'] == 'assistant' else message['role'] %}"
    "{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
LLAMA_2 = (
    "{% for message in messages %}{% if message['role'] == 'user' %}"
    "{{ bos_token + '[INST] ' + message['content'] + ' [/INST]' }}{% elif message['role'] == 'assistant' %}"
    "{{ ' ' + message['content'] + ' ' + eos_token }}{% endif %}{% endfor %}"
)
SOLAR = (
    "{% for message in messages %}{{ '### ' + message['role'] | capitalize + ':\n' + message['content'] + '\n\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '### Assistant:\n' }}{% endif %}"
)
#: Mistral v2 and v3: the system message is part of the last turn of the user.
MISTRAL = (
    "{{ bos_token }}{% set system = messages[0]['content'] if messages[0]['role'] == 'system' else '' %}"
    "{% for message in messages %}{% if message['role'] == 'user' %}{{ '[INST] ' }}"
    "{% if loop.last and system %}{{ system + '\n\n' }}{% endif %}{{ message['content'] + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ ' ' + message['content'] + eos_token }}{% endif %}{% endfor %}"
)
#: Seed-OSS thinks unless its budget is 0.
BUDGET = CHATML.replace(
    "<|im_start|>assistant\n' }}{% endif %}",
    "<|im_start|>assistant\n' }}{% if thinking_budget is not defined or thinking_budget != 0 %}{{ '<think>\n' }}"
    "{% endif %}{% endif %}",
)
DATED = "{% if strftime_now is defined %}{{ strftime_now('%d %b %Y') }}\n{% endif %}" + CHATML
TURNS = ["<|im_start|>", "<|im_end|>", "<start_of_turn>", "<end_of_turn>"]


@pytest.fixture
def chatting(tiny_base: Path) -> Callable[[str], Any]:
    """Give the built-in tokenizer the tokens of chats, a BOS and a chat template."""

    def make(template: str) -> Any:
        tokenizer = load_tokenizer(read_manifest(tiny_base))
        tokenizer.add_special_tokens({"additional_special_tokens": TURNS, "bos_token": "<s>"})
        tokenizer.chat_template = template
        return tokenizer

    return make


@pytest.mark.parametrize(
    ("template", "prompt", "end"),
    [
        (
            CHATML,
            "<|im_start|>system\nYou help.<|im_end|>\n<|im_start|>user\n주소?<|im_end|>\n<|im_start|>assistant\n",
            "<|im_end|>",
        ),
        (
            THINKING,
            "<|im_start|>system\nYou help.<|im_end|>\n<|im_start|>user\n주소?<|im_end|>\n<|im_start|>assistant\n"
            "<think>\n\n</think>\n\n",
            "<|im_end|>",
        ),
        (
            OPEN_THOUGHT,
            "<|im_start|>system\nYou help.<|im_end|>\n<|im_start|>user\n주소?<|im_end|>\n<|im_start|>assistant\n",
            "<|im_end|>",
        ),
        (GEMMA, "<s><start_of_turn>user\n주소?<end_of_turn>\n<start_of_turn>model\n", "<end_of_turn>"),
        (LLAMA_2, "<s>[INST] 주소? [/INST] ", "</s>"),
        (SOLAR, "### User:\n주소?\n\n### Assistant:\n", "</s>"),
        (
            DATED,
            "26 Jul 2024\n<|im_start|>system\nYou help.<|im_end|>\n<|im_start|>user\n주소?<|im_end|>\n"
            "<|im_start|>assistant\n",
            "<|im_end|>",
        ),
    ],
)
def test_any_chat_template_gives_its_prompt_and_the_token_that_ends_a_turn(
    chatting: Callable[[str], Any], template: str, prompt: str, end: str
) -> None:
    tokenizer = chatting(template)
    turn = find_turn(tokenizer, "{instruction}", "")
    assert (render_prompt(turn.prompt, "주소?"), turn.end) == (prompt, end)
    assert end_of_turn(tokenizer)[0] == end


def test_a_system_message_comes_first_and_replaces_the_templates_own(chatting: Callable[[str], Any]) -> None:
    prompt = find_turn(chatting(CHATML), "{instruction}", "짧게 답하세요.").prompt
    assert prompt.startswith("<|im_start|>system\n짧게 답하세요.<|im_end|>\n<|im_start|>user\n{instruction}<|im_end|>")
    assert "You help" not in prompt


def test_a_system_message_in_the_last_turn_keeps_the_space_before_the_answer(chatting: Callable[[str], Any]) -> None:
    assert (
        find_turn(chatting(MISTRAL), "{instruction}", "Be brief.").prompt
        == "<s>[INST] Be brief.\n\n{instruction} [/INST] "
    )


@pytest.mark.parametrize("template", [THINKING, BUDGET, DATED])
def test_the_exported_chat_template_fixes_what_the_training_fixed(
    chatting: Callable[[str], Any], template: str
) -> None:
    tokenizer = chatting(template)
    turn = find_turn(tokenizer, "{instruction}", "")
    tokenizer.chat_template = own_chat_template(template, "")
    chat = [{"role": "user", "content": "주소?"}]
    said = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    assert said == render_prompt(turn.prompt, "주소?")
    assert "<think>\n" not in said.removesuffix("<think>\n\n</think>\n\n")


@pytest.mark.parametrize(
    ("template", "system", "says"),
    [
        (GEMMA, "Be brief.", "cannot be rendered (System role not supported). Set prompt.system: ''."),
        (LLAMA_2, "Be brief.", "leaves out the system message. Set prompt.system: ''"),
        (CHATML.replace("message['content']", "message['content'] | upper"), "", "Set prompt.style: template."),
        (
            CHATML.replace("message['content']", "message['content'] | striptags"),
            "",
            "does not write question and answer as they are",
        ),
        ("{% for message in messages %}", "", "cannot be rendered (Unexpected end of template"),
        ("{{ messages[7]['content'] }}", "", "cannot be rendered"),
        ("Hello", "", "does not write question and answer as they are. Set prompt.style: template."),
    ],
)
def test_a_chat_template_that_cannot_ask_is_one_line_with_what_to_do(
    chatting: Callable[[str], Any], template: str, system: str, says: str
) -> None:
    with pytest.raises(UserError) as caught:
        find_turn(chatting(template), "{instruction}", system)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def example(question: str, answer: str) -> Example:
    pair = Pair.original("0", question, answer, "user", "문서")
    return to_example(pair, "Q: {instruction}\nA:", "</s>", wording_seen=True, lead=" ")


def base_of(tokenizer: Any, folder: Path, tiny_base: Path, **changes: Any) -> Manifest:
    tokenizer.save_pretrained(str(folder))
    own = {"location": str(folder), "end_of_turn": end_of_turn(tokenizer)[0], "bos_token": tokenizer.bos_token}
    return read_manifest(tiny_base).model_copy(update=own | changes)


def asked(**prompt: str) -> Params:
    return PARAMS.model_copy(update={"prompt": PARAMS.prompt.model_copy(update=prompt)})


def test_auto_takes_the_chat_where_there_is_one_and_its_turns_end_is_the_eos(
    chatting: Callable[[str], Any], tmp_path: Path, tiny_base: Path
) -> None:
    base = base_of(chatting(CHATML), tmp_path, tiny_base)
    record, reason = make_template(PARAMS, base)
    assert (record.style, record.eos_token, reason) == ("chat", "<|im_end|>", "the base has a chat template")
    plain, reason = make_template(asked(style="template"), base)
    assert (plain.style, plain.template, plain.lead, plain.eos_token) == (
        "template",
        "Q: {instruction}\nA:",
        " ",
        "</s>",
    )
    assert reason == "set in params.yaml"


def test_a_base_without_a_chat_keeps_the_template_and_refuses_what_only_a_chat_has(tiny_base: Path) -> None:
    base = read_manifest(tiny_base)
    assert choose_style(PARAMS, base) == ("template", "the base has no chat template")
    with pytest.raises(UserError, match=r"prompt\.style: chat, but model\.base has no chat template"):
        choose_style(asked(style="chat"), base)
    with pytest.raises(UserError, match=r"Set prompt\.system: '' and write the text into prompt\.template"):
        choose_style(asked(system="Be brief."), base)


def test_a_dialogue_is_sent_with_its_request_to_summarise_it(
    chatting: Callable[[str], Any], tmp_path: Path, tiny_base: Path
) -> None:
    base = base_of(chatting(CHATML), tmp_path, tiny_base)
    record, _ = make_template(PARAMS.model_copy(update={"task": "summarization"}), base)
    assert "<|im_start|>user\n{instruction}\n요약:<|im_end|>" in record.template


@pytest.mark.parametrize("template", [CHATML, THINKING, GEMMA, LLAMA_2, SOLAR])
def test_a_chat_is_encoded_as_transformers_encodes_it(
    chatting: Callable[[str], Any], tmp_path: Path, tiny_base: Path, template: str
) -> None:
    from tokenizers.processors import TemplateProcessing

    tokenizer = chatting(template)
    first = [("<s>", tokenizer.bos_token_id)]
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single="<s> $A", special_tokens=first)
    base = base_of(tokenizer, tmp_path, tiny_base)
    record, _ = make_template(PARAMS, base)
    ids = encode_prompt(render_prompt(record.template, "주소?"), load_tokenizer(base, record))
    chat = [{"role": "user", "content": "주소?"}]
    whole = tokenizer.apply_chat_template(chat, add_generation_prompt=True, enable_thinking=False)["input_ids"]
    assert ids == whole


def test_the_exported_chat_template_asks_as_trained_and_keeps_conversations(chatting: Callable[[str], Any]) -> None:
    tokenizer = chatting(THINKING)
    turn = find_turn(tokenizer, "{instruction}", "짧게.")
    tokenizer.chat_template = own_chat_template(THINKING, "짧게.")

    def render(*messages: tuple[str, str]) -> str:
        chat = [{"role": role, "content": content} for role, content in messages]
        return str(tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True))

    assert render(("user", "주소?")) == render_prompt(turn.prompt, "주소?")
    talk = render(("system", "길게."), ("user", "주소?"), ("assistant", "서울"), ("user", "전화?"))
    assert "길게." in talk
    assert "짧게." not in talk
    assert talk.index("주소?") < talk.index("서울") < talk.index("전화?")


@pytest.mark.parametrize(
    ("template", "prompt", "lead"),
    [
        ("Q: {instruction}\nA: ", "Q: {instruction}\nA:", " "),
        ("Q: {instruction}\nA:", "Q: {instruction}\nA:", ""),
        ("{instruction}\n", "{instruction}\n", ""),
        ("{instruction}\n요약:  ", "{instruction}\n요약: ", " "),
        ("[INST] {instruction} [/INST] ", "[INST] {instruction} [/INST]", " "),
    ],
)
def test_only_the_space_that_the_tokenizer_joins_with_an_answer_goes_to_it(
    tiny_base: Path, template: str, prompt: str, lead: str
) -> None:
    assert find_seam(template, load_tokenizer(read_manifest(tiny_base))) == (prompt, lead)


def test_a_template_without_an_end_that_parts_question_and_answer_is_refused() -> None:
    tokenizer = train_tokenizer(["주소입니다."] * 10, 400)
    assert len(tokenizer("주소입니다")["input_ids"]) == 1
    with pytest.raises(UserError, match=r"End it with a line break, or with a mark such as `A:`"):
        find_seam("질문 {instruction}", tokenizer)
    row = to_example(Pair.original("1", "주소", "입니다.", "user", "문서"), "{instruction}", "</s>", wording_seen=True)
    with pytest.raises(UserError, match=r"in 1 of 2 rows the tokenizer joins the end of the prompt with the answer"):
        check_seams([example("주소?", "서울"), row], tokenizer)


def test_the_parts_of_a_row_have_the_tokens_of_the_whole(tiny_base: Path) -> None:
    base = read_manifest(tiny_base)
    record, _ = make_template(PARAMS, base)
    tokenizer = load_tokenizer(base, record)
    for question, answer in (("주소?", "서울"), ("What?", "It is."), ("9만 원", "02-555")):
        prompt, completion = render_prompt(record.template, question), record.lead + answer + record.eos_token
        parts = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in (prompt, completion)]
        assert parts[0] + parts[1] == tokenizer(prompt + completion, add_special_tokens=False)["input_ids"]
        assert joins(prompt, completion, tokenizer)


def test_a_record_of_a_chat_names_what_differs_in_style_and_lead() -> None:
    one = TemplateRecord.of("Q {instruction}", "</s>", None, [], "chat", " ")
    assert one.intact
    assert one.sha256 != TemplateRecord.of("Q {instruction}", "</s>", None, [], "template", " ").sha256
    assert one.sha256 != TemplateRecord.of("Q {instruction}", "</s>", None, [], "chat", "").sha256
