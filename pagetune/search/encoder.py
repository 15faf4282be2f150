"""A model that embeds sentences, in the format of sentence-transformers, loaded with transformers alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from pagetune.jsonl import read_as
from pagetune.model.files import check_weight_files, refusal, weight_files
from pagetune.model.hub import download_files, download_weights
from pagetune.model.manifest import locate
from pagetune.model.renamed import in_terms_of
from pagetune.params import Model, Search

Pooling = Literal["mean", "cls", "lasttoken"]
#: What says how to pool and what to put in front, beside the files that every model has.
_SETTINGS = ("modules.json", "*/config.json", "config_sentence_transformers.json", "sentence_bert_config.json")
#: The modules of sentence-transformers that are computed here.
_COMPUTED = {"Transformer", "Pooling", "Normalize"}
#: Tokens of a text at most, where the model does not say; positions beyond its own would be an error.
_MAX_TOKENS = 512
_AT_ONCE = 32
#: What the checks of `model.base` call the settings, and what they are called here.
_NAMES = {
    "model.base": "search.embedding",
    "model.revision": "search.revision",
    "base_model: ": "search: ",
    "Set model.trust_remote_code: true if you trust its code, or set": "Set",
}


@dataclass(frozen=True)
class Encoder:
    """`revision` is the commit on the Hub, null for a folder. Vectors have the length 1 unless the model is made for
    products of vectors of any length."""

    name: str
    revision: str | None
    tokenizer: Any
    model: Any
    pooling: Pooling
    normalize: bool
    max_tokens: int
    question_prefix: str
    passage_prefix: str

    def encode(self, texts: Sequence[str], prefix: str) -> Any:
        """Return the vectors of the texts, shape (texts, width of the model), in float32."""
        order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
        vectors: list[Any] = [None] * len(texts)
        for start in range(0, len(order), _AT_ONCE):
            numbers = order[start : start + _AT_ONCE]
            for number, vector in zip(numbers, self._embed([prefix + texts[n] for n in numbers]), strict=True):
                vectors[number] = vector
        return np.stack(vectors)

    def _embed(self, texts: list[str]) -> Any:
        import torch

        batch = self.tokenizer(texts, padding=True, truncation=True, max_length=self.max_tokens, return_tensors="pt")
        with torch.inference_mode():
            batch = batch.to(self.model.device)
            pooled = pool(self.model(**batch).last_hidden_state, batch["attention_mask"], self.pooling)
        if self.normalize:
            pooled = torch.nn.functional.normalize(pooled, dim=-1)
        return pooled.float().cpu().numpy()


def pool(states: Any, mask: Any, pooling: Pooling) -> Any:
    """Return one vector for each text, of `states` (texts, tokens, width) where `mask` (texts, tokens) is 1."""
    import torch

    if pooling == "mean":
        weights = mask.unsqueeze(-1).to(states.dtype)
        return (states * weights).sum(1) / weights.sum(1)
    places = torch.arange(mask.shape[1], device=mask.device) * mask
    at = places.argmax(1) if pooling == "lasttoken" else mask.argmax(1)
    return states[torch.arange(len(states), device=states.device), at]


def find_encoder(params: Search) -> Encoder | None:
    """Return the model of `search.embedding`, its files checked; None where none is set.

    Raises UserError where it cannot be used.
    """
    if params.embedding is None:
        return None
    wanted = Model.model_construct(base=params.embedding, revision=params.revision, trust_remote_code=False)
    with in_terms_of(_NAMES):
        folder, own, quantized = locate(wanted)
        if quantized:
            raise refusal(params.embedding, "whose weights are quantised. Set the 16-bit or 32-bit model.")
        if not own:
            download_files(wanted, folder, _SETTINGS)
            download_weights(wanted, folder)
        check_weight_files(params.embedding, folder, weight_files(params.embedding, folder, []))
        return _load(params, folder, None if own else folder.name)


def _load(params: Search, folder: Path, revision: str | None) -> Encoder:
    name = str(params.embedding)
    pooling, normalize, prompts = read_settings(name, folder)
    tokenizer, model = _load_model(name, folder)
    prefixes = {"question": params.question_prefix, "passage": params.passage_prefix}
    own = {"question": prompts.get("query", ""), "passage": prompts.get("document", prompts.get("passage", ""))}
    used = {what: own[what] if prefix == "auto" else prefix for what, prefix in prefixes.items()}
    tokens = min(_max_tokens(folder), _positions(model.config))
    return Encoder(name, revision, tokenizer, model, pooling, normalize, tokens, used["question"], used["passage"])


def _max_tokens(folder: Path) -> int:
    """Return how many tokens of a text the model reads."""
    own = _read(folder / "sentence_bert_config.json", dict[str, Any]) or {}
    return int(own.get("max_seq_length") or _MAX_TOKENS)


def _positions(config: Any) -> int:
    """Return for how many tokens the model has positions. RoBERTa leaves those up to the padding's unused."""
    unused = config.pad_token_id + 1 if "roberta" in config.model_type and config.pad_token_id is not None else 0
    return int(getattr(config, "max_position_embeddings", _MAX_TOKENS)) - unused


def read_settings(name: str, folder: Path) -> tuple[Pooling, bool, dict[str, str]]:
    """Return how the model pools, whether its vectors have the length 1, and its prompts by name.

    Without sentence-transformers' files it is the mean, of length 1. Raises UserError for what is not computed here.
    """
    own = _read(folder / "config_sentence_transformers.json", dict[str, Any])
    prompts = {key: str(text or "") for key, text in (own.get("prompts") or {}).items()} if own else {}
    normalize = not own or own.get("similarity_fn_name") != "dot"
    modules = _read(folder / "modules.json", list[dict[str, Any]])
    if modules is None:
        return "mean", normalize, prompts
    kinds = {str(module.get("type", "")).rpartition(".")[2]: str(module.get("path", "")) for module in modules}
    if strange := sorted(set(kinds) - _COMPUTED):
        raise refusal(name, f"whose modules.json has {strange[0]}, which is not computed here. Set another model.")
    pooling = _pooling(name, folder / kinds["Pooling"] / "config.json") if "Pooling" in kinds else "mean"
    return pooling, normalize or "Normalize" in kinds, prompts


def _pooling(name: str, path: Path) -> Pooling:
    """Return how to pool, which older files say by a switch for each way."""
    config = _read(path, dict[str, Any]) or {}
    ways: dict[str, Pooling] = {"mean_tokens": "mean", "cls_token": "cls", "lasttoken": "lasttoken"}
    named = config.get("pooling_mode")
    chosen = [way for key, way in ways.items() if config.get(f"pooling_mode_{key}") or named == way]
    others = [key for key, on in config.items() if key.startswith("pooling_mode_") and on and key[13:] not in ways]
    if len(chosen) != 1 or others:
        seen = f"whose {path.parent.name}/config.json pools by {named or ', '.join([*chosen, *others]) or 'nothing'}"
        raise refusal(name, f"{seen}; mean, cls and lasttoken are computed here. Set another model.")
    return chosen[0]


def _read(path: Path, kind: Any) -> Any:
    return read_as(path, kind) if path.exists() else None


def _load_model(name: str, folder: Path) -> tuple[Any, Any]:
    """Load tokenizer and model. Raises UserError where weights are missing, except those behind the last states."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder))
        model, info = AutoModel.from_pretrained(
            str(folder), use_safetensors=True, dtype=torch.float32, output_loading_info=True
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        from pagetune.model.hub import first_line

        raise refusal(name, f"which cannot be loaded: {first_line(error).rstrip('.')}. Set another model.") from None
    missing = sorted(key for key in info["missing_keys"] if not key.startswith("pooler."))
    if missing:
        raise refusal(name, f"whose weights lack {missing[0]} and would be random. Download it again.")
    if model.config.is_encoder_decoder:
        raise refusal(name, "which is an encoder-decoder. Set a model that embeds sentences.")
    return tokenizer, model.to("cuda" if torch.cuda.is_available() else "cpu").eval()
