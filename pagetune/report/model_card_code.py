"""The code on a model's card: how it is loaded, and asked as it was trained to be."""

from pathlib import PurePath

from pagetune.model.manifest import Manifest
from pagetune.params import Params

#: What torch calls a precision of 16 or 32 bits.
DTYPES = {"fp16": "float16", "bf16": "bfloat16", "fp32": "float32"}


def code_block(manifest: Manifest, params: Params, precision: str) -> list[str]:
    """Loaded as it was tuned and scored. A string's repr is one line, so that none of it can end the block."""
    remote = ", trust_remote_code=True" if manifest.trust_remote_code else ""
    where = f'"{manifest.id}", revision="{manifest.revision}"' if manifest.source == "hub" else _place(manifest)
    loading = _loading(params, precision)
    auto = _auto_class(manifest)
    kinds = [auto, "AutoTokenizer", *(["BitsAndBytesConfig"] if precision not in DTYPES else [])]
    return [
        "## How to ask it",
        "",
        "```python",
        "from peft import PeftModel",
        f"from transformers import {', '.join(kinds)}",
        "",
        f"template = {params.template!r}",
        'question = "…"',
        "",
        f"tokenizer = AutoTokenizer.from_pretrained({where}{remote})",
        f"loading = {loading}",
        f"base = {auto}.from_pretrained({where}{remote}, **loading)",
        'model = PeftModel.from_pretrained(base, "models/adapter")',
        *_asking(manifest, params, "base"),
        "```",
    ]


def _auto_class(manifest: Manifest) -> str:
    return "AutoModelForSeq2SeqLM" if manifest.encoder_decoder else "AutoModelForCausalLM"


def merged_code(manifest: Manifest, params: Params, dtype: str, location: str) -> list[str]:
    remote = ", trust_remote_code=True" if manifest.trust_remote_code else ""
    return [
        "## How to ask it",
        "",
        "```python",
        f"from transformers import {_auto_class(manifest)}, AutoTokenizer",
        "",
        f"template = {params.template!r}",
        'question = "…"',
        "",
        f"tokenizer = AutoTokenizer.from_pretrained({location!r}{remote})",
        f'model = {_auto_class(manifest)}.from_pretrained({location!r}{remote}, dtype="{DTYPES[dtype]}")',
        *_asking(manifest, params, "model"),
        "```",
    ]


def _asking(manifest: Manifest, params: Params, base: str) -> list[str]:
    """`base` is the variable of the model whose settings say how an answer ends."""
    answer = "output[0]" if manifest.encoder_decoder else 'output[0, prompt["input_ids"].shape[1] :]'
    # As here: an encoder's models often come with beams, and with an EOS forced on an answer that does not end.
    greedily = ", num_beams=1, min_length=0, no_repeat_ngram_size=0" if manifest.encoder_decoder else ""
    # Some tokenizers give them, and BART takes none.
    options = 'return_tensors="pt"' + (", return_token_type_ids=False" if manifest.encoder_decoder else "")
    return [
        f'prompt = tokenizer(template.replace("{{instruction}}", question), {options}).to(model.device)',
        f"own = {base}.generation_config.eos_token_id or []  # such as <|eot_id|>",
        "ends = [tokenizer.eos_token_id] + (own if isinstance(own, list) else [own])",
        f"limits = {{'max_new_tokens': {params.predict.max_new_tokens}, 'eos_token_id': ends}}",
        f"output = model.generate(**prompt, do_sample=False{greedily}, **limits)",
        f"print(tokenizer.decode({answer}, skip_special_tokens=True))",
    ]


def _place(manifest: Manifest) -> str:
    return repr("models/base" if manifest.source == "builtin" else f"path/to/{PurePath(manifest.location).name}")


def _loading(params: Params, precision: str) -> str:
    """The arguments that set the precision, as a dict in Python."""
    if precision in DTYPES:
        return f'{{"dtype": "{DTYPES[precision]}"}}'
    if precision == "8bit":
        return '{"quantization_config": BitsAndBytesConfig(load_in_8bit=True)}'
    options = params.quantization.model_dump() | {"load_in_4bit": True}
    computes_in = options.pop("bnb_4bit_compute_dtype")
    if computes_in != "auto":
        options["bnb_4bit_compute_dtype"] = DTYPES[computes_in]
    arguments = ", ".join(f"{name}={value!r}" for name, value in options.items())
    return f'{{"quantization_config": BitsAndBytesConfig({arguments})}}'
