"""Find, check and load the model that writes: `llm.model` as a hub id or a folder, under the rules of `model.base`."""

import hashlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pagetune.errors import UserError
from pagetune.language import Remark, tr
from pagetune.llm.local.grammar import Grammar, make_grammar
from pagetune.model.chat import prompt_after
from pagetune.model.decoding import attend_in_groups
from pagetune.model.files import weight_files
from pagetune.model.hub import SMALL
from pagetune.model.loading import load_base, load_tokenizer
from pagetune.model.manifest import Manifest, describe_external
from pagetune.model.precision import Gpu, PrecisionChoice, choose_precision, this_gpu
from pagetune.model.renamed import in_terms_of
from pagetune.params import Llm, Model, Quantization

#: Bytes of a weight in memory. A quantised model keeps its embeddings in 16 bits.
WEIGHT_BYTES = {"4bit": 0.75, "8bit": 1.25, "fp16": 2.0, "bf16": 2.0, "fp32": 4.0}
#: Memory for the texts, beside the weights.
ROOM = 1.2
#: How a 4-bit author is stored: QLoRA's choice (arXiv:2305.14314). `quantization` is about the model that is tuned.
_NF4 = Quantization(bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype="auto")


@dataclass(frozen=True)
class Author:
    """A model that was checked. `weights` identifies them: the Hub's commit, or a hash of the folder's files."""

    manifest: Manifest
    choice: PrecisionChoice
    weights: str
    stage: str

    @cached_property
    def model(self) -> Any:
        """Return the loaded model. Raises UserError where it does not fit."""
        check_room(self.manifest, self.choice.precision)
        said = tr(
            "{model} writes in {precision} ({reason})",
            model=self.manifest.id,
            precision=self.choice.precision,
            reason=self.choice.reason,
        )
        print(f"{self.stage}: {said}", flush=True)
        with _about_llm(self.stage):
            model = load_base(self.manifest, self.choice)
        if model.config._attn_implementation == "sdpa":
            attend_in_groups(model)
        return model

    @cached_property
    def tokenizer(self) -> Any:
        tokenizer = load_tokenizer(self.manifest)
        tokenizer.clean_up_tokenization_spaces = False  # it would change quotations of the page
        return tokenizer

    @cached_property
    def grammar(self) -> Grammar | None:
        found, problem = make_grammar(self.tokenizer, self.model.config.get_text_config().vocab_size, self.ends)
        if problem:
            said = tr("replies are not held to JSON while they are written: {problem}", problem=problem)
            print(f"{self.stage}: {said}", flush=True)
        return found

    @cached_property
    def ends(self) -> list[int]:
        """Return the ids that end a reply: the end of a turn, and the EOS of tokenizer and configs."""
        own = self.model.generation_config.eos_token_id
        named = [self.manifest.end_of_turn, self.manifest.eos_token]
        ids = [self.tokenizer.convert_tokens_to_ids(token) for token in named if token]
        return sorted({*ids, *(own if isinstance(own, list) else [own] if own is not None else [])})

    def encode(self, messages: list[dict[str, str]]) -> list[int]:
        """Return the token ids of a request in the model's chat template, up to the reply."""
        system = "\n\n".join(message["content"] for message in messages if message["role"] == "system")
        *said, last = [message for message in messages if message["role"] != "system"]
        with _about_llm(self.stage):
            text = prompt_after(self.tokenizer, said, last["content"], system)
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids


def find_author(params: Llm, stage: str) -> Author:
    """Return the model of `llm.model`, its files checked. Raises UserError where it cannot write."""
    return _find_author(str(params.model), params.revision, params.precision, stage)


@cache  # a stage that writes and judges loads its model once
def _find_author(name: str, revision: str | None, precision: str, stage: str) -> Author:
    _refuse_early(name)
    wanted = Model.model_construct(base=name, revision=revision, trust_remote_code=False, max_unknown_fraction=1.0)
    with _about_llm(stage):
        manifest = describe_external(wanted)
        _refuse_without_chat(manifest)
        gpu = this_gpu()
        choice = _choose_precision(precision, manifest, gpu)
    weights = manifest.revision or _hash_folder(manifest.id, Path(manifest.location))
    return Author(manifest, choice, weights, stage)


def _refuse_early(name: str) -> None:
    """Raise UserError for names that say already that this engine cannot load them."""
    if name in ("builtin", "builtin_seq2seq"):
        raise UserError(
            "params.yaml: llm.model is {name}, which cannot follow requests. Set the hub id or the "
            "folder of an instruct model, or set qa.generator: rules, which needs none.",
            name=name,
        )
    folder = Path(name).expanduser()
    files = [path.name for path in folder.iterdir()] if folder.is_dir() else [folder.name]
    if any(file.endswith(".gguf") for file in files) and not any(file.endswith(".safetensors") for file in files):
        raise UserError(
            "params.yaml: llm.model is {name}, a GGUF file, and llm.engine: local reads *.safetensors. "
            "Set the model that it was made from, or serve the file with llama.cpp or Ollama and set "
            "llm.engine: server.",
            name=name,
        )


def _refuse_without_chat(manifest: Manifest) -> None:
    if manifest.encoder_decoder or manifest.end_of_turn is None:
        is_pair, no_chat = Remark("is an encoder-decoder"), Remark("has no chat template that can ask a question")
        kind = is_pair if manifest.encoder_decoder else no_chat
        raise UserError(
            "params.yaml: llm.model is {model}, which {kind}: it continues texts, and does not follow "
            "requests. Set the instruct or chat version of the model.",
            model=manifest.id,
            kind=kind,
        )


def _choose_precision(wanted: str, manifest: Manifest, gpu: Gpu | None) -> PrecisionChoice:
    """Return the precision. Without a GPU auto is fp32, which CPUs compute fastest, and else the largest that fits.

    The whole memory counts, not what is free: it decides which replies of an earlier run are found in the cache.
    """
    reason = None
    if wanted == "auto" and gpu is None and not manifest.quantized:
        from psutil import virtual_memory

        total = virtual_memory().total
        fits = [name for name in ("fp32", "bf16") if _bytes_needed(manifest, name) <= total / 2]
        wanted, reason = (fits or ["4bit"])[0], Remark("no GPU; what half of the memory holds")
    choice = choose_precision(wanted, manifest.parameters, _NF4, gpu, manifest.quantized)
    if reason is None:
        return choice
    return PrecisionChoice(choice.precision, reason, choice.dtype, choice.options, choice.prequantized)


def _bytes_needed(manifest: Manifest, precision: str) -> float:
    return manifest.parameters * WEIGHT_BYTES[precision] * ROOM


def check_room(manifest: Manifest, precision: str) -> None:
    """Raise UserError where the free memory does not hold the weights."""
    import torch

    if torch.cuda.is_available():
        place, free = tr("the GPU"), torch.cuda.mem_get_info()[0]
    else:
        from psutil import virtual_memory

        place, free = tr("this machine"), virtual_memory().available
    needed = _bytes_needed(manifest, precision)
    if needed > free:
        smaller = tr("a smaller model")
        advice = smaller if precision == "4bit" else tr("llm.precision: 4bit, or a smaller model")
        raise UserError(
            "params.yaml: llm.model is {model}, which needs about {needed:.1f} GiB in {precision}, and "
            "{place} has {free:.1f} GiB free. Set {advice}, or end what else uses the memory.",
            model=manifest.id,
            needed=needed / 2**30,
            precision=precision,
            place=place,
            free=free / 2**30,
            advice=advice,
        )


def _hash_folder(name: str, folder: Path) -> str:
    """Return a hash of all files that are read, so that a folder that was moved keeps its replies."""
    small = [path.name for path in folder.iterdir() if any(fnmatch(path.name, pattern) for pattern in SMALL)]
    digest = hashlib.sha256()
    for file in sorted({*small, *weight_files(name, folder, [])}):
        with (folder / file).open("rb") as content:
            digest.update(f"{file} {hashlib.file_digest(content, 'sha256').hexdigest()}\n".encode())
    return digest.hexdigest()


#: What the checks of `model.base` call the settings, and what they are called here.
_NAMES = {
    "model.base": "llm.model",
    "model.revision": "llm.revision",
    "params.yaml: precision": "params.yaml: llm.precision",
    Remark("Set precision: auto"): Remark("Set llm.precision: auto"),
    Remark("Set prompt.style: template"): Remark("Set another model"),
    Remark("; prompt.style: auto follows it"): "",
    Remark("; prompt.style: template asks without the chat"): "",
    Remark("Set model.trust_remote_code: true if you trust its code"): Remark("Serve it and set llm.engine: server"),
    "`dvc repro -f base_model`": "`dvc repro`",
    "base_model: ": "{stage}: ",
}


def _about_llm(stage: str) -> AbstractContextManager[None]:
    """Make what the checks of `model.base` print and raise speak of `llm.model`."""
    return in_terms_of({name: own.format(stage=stage) for name, own in _NAMES.items()})
