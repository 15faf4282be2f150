"""The code in a model card: how to load the model, and prompt it as in training."""

from pathlib import PurePath

from pagetune.model.manifest import Manifest
from pagetune.model.template import TemplateRecord
from pagetune.params import Params

#: torch's names of the precisions that are not quantised.
DTYPES = {"fp16": "float16", "bf16": "bfloat16", "fp32": "float32"}


def code_block(manifest: Manifest, template: TemplateRecord, params: Params, precision: str) -> list[str]:
    """Return the section whose code loads base and adapter as they were tuned and scored, and asks a question.

    Texts are written as Python literals, which are one line each, so that none of them can end the code block.
    """
    remote = ", trust_remote_code=True" if manifest.trust_remote_code else ""
    where = (
        f'"{manifest.id}", revision="{manifest.revision}"' if manifest.source == "hub" else _folder_literal(manifest)
    )
    loading = '{"dtype": "auto"}' if manifest.quantized else _loading(params, precision)
    auto = _auto_class(manifest)
    kinds = [auto, "AutoTokenizer", *(["BitsAndBytesConfig"] if "BitsAndBytes" in loading else []), "GenerationConfig"]
    return [
        "## How to use it",
        "",
        "```python",
        "from peft import PeftModel",
        f"from transformers import {', '.join(kinds)}",
        "",
        f"template = {template.template!r}",
        'question = "…"',
        "",
        f"tokenizer = AutoTokenizer.from_pretrained({where}{remote})",
        f"loading = {loading}",
        f"base = {auto}.from_pretrained({where}{remote}, **loading)",
        'model = PeftModel.from_pretrained(base, "models/adapter")',
        *_asking(manifest, template, params, "base"),
        "```",
    ]


def _auto_class(manifest: Manifest) -> str:
    return "AutoModelForSeq2SeqLM" if manifest.encoder_decoder else "AutoModelForCausalLM"


def merged_code(manifest: Manifest, template: TemplateRecord, params: Params, dtype: str, location: str) -> list[str]:
    """Return the section whose code loads the merged model from `location` and asks a question."""
    remote = ", trust_remote_code=True" if manifest.trust_remote_code else ""
    return [
        "## How to use it",
        "",
        "```python",
        f"from transformers import {_auto_class(manifest)}, AutoTokenizer, GenerationConfig",
        "",
        f"template = {template.template!r}",
        'question = "…"',
        "",
        f"tokenizer = AutoTokenizer.from_pretrained({location!r}{remote})",
        f'model = {_auto_class(manifest)}.from_pretrained({location!r}{remote}, dtype="{DTYPES[dtype]}")',
        *_asking(manifest, template, params, "model"),
        "```",
    ]


def _asking(manifest: Manifest, template: TemplateRecord, params: Params, base: str) -> list[str]:
    """Return the lines that ask; `base` is the variable of the model whose generation config names the EOS tokens."""
    answer = "output[0]" if manifest.encoder_decoder else 'output[0, prompt["input_ids"].shape[1] :]'
    names = ["pad_token_id", *(["decoder_start_token_id"] if manifest.encoder_decoder else [])]
    kept = [f"{name}=own.{name}" for name in names]
    # Some tokenizers return token_type_ids, which BART does not accept.
    options = 'return_tensors="pt"' + (", return_token_type_ids=False" if manifest.encoder_decoder else "")
    if template.style == "chat":  # the template has them all
        options += ", add_special_tokens=False"
    return [
        f'prompt = tokenizer(template.replace("{{instruction}}", question), {options}).to(model.device)',
        f"own = {base}.generation_config",
        "ids = own.eos_token_id if isinstance(own.eos_token_id, list) else [own.eos_token_id]",
        f"ends = [tokenizer.convert_tokens_to_ids({template.eos_token!r})]",
        "ends += [end for end in ids if end is not None]  # such as <|eot_id|>",
        "# Penalties, beams and lengths that ship with a model were not used for the scores.",
        f"{base}.generation_config = GenerationConfig(eos_token_id=ends, {', '.join(kept)})",
        f"output = model.generate(**prompt, do_sample=False, max_new_tokens={params.predict.max_new_tokens})",
        f"print(tokenizer.decode({answer}, skip_special_tokens=True).strip())",
    ]


def _folder_literal(manifest: Manifest) -> str:
    """Return the base's folder as a Python literal; a local one without the path on this machine."""
    return repr("models/base" if manifest.source == "builtin" else f"path/to/{PurePath(manifest.location).name}")


def _loading(params: Params, precision: str) -> str:
    """Return the from_pretrained arguments that set the precision, as the source of a dict."""
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
