"""A chat model of random weights for `llm.model`: what it writes is nonsense, in the form that was asked for."""

from pathlib import Path

from pagetune.model.builtin import train_tokenizer

TEMPLATE = (
    "{% for message in messages %}{{ '### ' + message['role'] + ':\n' + message['content'] + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '### assistant:\n' }}{% endif %}"
)


def make_tiny_author(folder: Path, template: str | None = TEMPLATE, window: int = 4096) -> Path:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    texts = [
        "금융보안교육센터의 주소는 서울특별시 영등포구입니다.",
        '{"questions": ["요금은 얼마인가요?"]}',
        "What is it?",
    ]
    tokenizer = train_tokenizer(texts * 20, 330)
    tokenizer.chat_template = template
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=window, eos_token_id=tokenizer.eos_token_id,
        bos_token_id=tokenizer.bos_token_id, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    # Wide weights, so that the likeliest token is one by far and not a matter of rounding.
    config.initializer_range = 0.4
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
