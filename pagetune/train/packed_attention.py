"""Attention for packed rows: which kernel keeps them apart on this machine, and the proof that it does."""

import importlib.util
import inspect
from dataclasses import dataclass
from typing import Any

from pagetune.language import Remark
from pagetune.train.batches import Collator, EncodedRow

#: The name under which transformers knows `varlen_attention`.
VARLEN = "pagetune_varlen"
#: Share of the largest logit by which a row's logits may differ when only its neighbour changes. They differ only in
#: bitsandbytes' 8 bits, which look for outliers over all rows.
SAME = 0.01


@dataclass(frozen=True)
class Kernel:
    """An attention kernel by its name in transformers, None where rows have to be padded. `reason` says why."""

    name: str | None
    reason: str


def packed_kernel(config: Any) -> Kernel:
    """Return flash-attn where it is installed, else PyTorch's own variable-length attention (torch 2.11 and newer)."""
    import torch

    problem = _why_none(config.get_text_config())
    if problem:
        return Kernel(None, problem)
    if importlib.util.find_spec("flash_attn") is not None:
        return Kernel("flash_attention_2", "flash-attn")
    if not torch.backends.cuda.is_flash_attention_available():
        return Kernel(None, Remark("this PyTorch was built without its flash kernel"))
    register_varlen()
    return Kernel(VARLEN, "PyTorch's varlen_attn")


def _why_none(config: Any) -> str | None:
    """Return why neither kernel can run this model here, None where both can."""
    import torch

    if not torch.cuda.is_available():
        return Remark("PyTorch sees no GPU")
    if torch.cuda.get_device_capability()[0] < 8:
        return Remark("the GPU is older than Ampere")
    if getattr(config, "attn_logit_softcapping", None):
        return Remark("the model caps its attention logits")
    heads = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    if heads > 256 or heads % 8:
        return Remark("its heads have {heads} dimensions", heads=heads)
    return None


def register_varlen() -> None:
    """Make `varlen_attention` known to transformers."""
    from transformers import AttentionInterface, AttentionMaskInterface

    AttentionInterface.register(VARLEN, varlen_attention)
    AttentionMaskInterface.register(VARLEN, varlen_mask)


def varlen_mask(*sizes: Any, attention_mask: Any = None, **options: Any) -> Any:
    """Return the mask of scaled dot-product attention for padded rows, None for packed ones."""
    from transformers.masking_utils import sdpa_mask

    return None if attention_mask is None else sdpa_mask(*sizes, attention_mask=attention_mask, **options)


def varlen_attention(
    module: Any,
    query: Any,
    key: Any,
    value: Any,
    attention_mask: Any,
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    cu_seq_lens_q: Any = None,
    max_length_q: int | None = None,
    **options: Any,
) -> tuple[Any, None]:
    """Compute causal attention within each row. query (1, heads, tokens, head_dim); rows begin at `cu_seq_lens_q`.

    Without `cu_seq_lens_q` (generation, padded rows) it is transformers' scaled dot-product attention.
    """
    if cu_seq_lens_q is None:
        from transformers.integrations.sdpa_attention import sdpa_attention_forward

        return sdpa_attention_forward(  # type: ignore[no-any-return]
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **options
        )
    import torch

    # Autocast leaves the norms, and after them the query, in fp32; the kernel takes only 16 bits.
    dtype = value.dtype if value.dtype in (torch.float16, torch.bfloat16) else torch.bfloat16
    queries, keys, values = (states[0].transpose(0, 1).to(dtype) for states in (query, key, value))
    window = (-1, 0) if sliding_window is None else (sliding_window - 1, 0)
    attended = _varlen_attn(queries, keys, values, cu_seq_lens_q, max_length_q, scaling, window)
    return attended.unsqueeze(0), None


def _varlen_attn(
    query: Any, key: Any, value: Any, starts: Any, longest: int | None, scale: float | None, window: tuple[int, int]
) -> Any:
    from torch.nn.attention.varlen import varlen_attn

    options: dict[str, Any] = {"scale": scale, "window_size": window}
    if "enable_gqa" in _signature():  # torch 2.11 takes grouped queries without it
        options["enable_gqa"] = query.shape[1] != key.shape[1]
    return varlen_attn(query, key, value, starts, starts, longest, longest, **options)


def _signature() -> Any:
    from torch.nn.attention.varlen import varlen_attn

    return inspect.signature(varlen_attn).parameters


def rows_stay_apart(model: Any, collator: Collator, rows: list[EncodedRow]) -> bool:
    """Return whether a row's logits stay the same when the row before it changes; run before a training that packs.

    The row before keeps its length, so that rounding is the same and only a leak makes a difference.
    """
    import torch

    first, second = rows[0], rows[-1]
    other = {**first, "input_ids": [collator.pad_token_id] * len(first["input_ids"])}
    with torch.no_grad():
        behind, behind_other = (
            _logits(model, collator, [before, second])[len(first["input_ids"]) :].float() for before in (first, other)
        )
    return bool((behind - behind_other).abs().max() <= SAME * behind.abs().max())


def _logits(model: Any, collator: Collator, rows: list[EncodedRow]) -> Any:
    """Return logits of (tokens, vocabulary), through the kernel that the training uses."""
    import torch

    from pagetune.train.step_trainer import to_device

    batch = {name: value for name, value in collator(rows).items() if "labels" not in name}
    dtype = next((p.dtype for p in model.parameters() if p.dtype in (torch.float16, torch.bfloat16)), torch.bfloat16)
    with torch.autocast("cuda", dtype=dtype, enabled=model.device.type == "cuda"):
        return model(**to_device(batch, model.device), use_cache=False).logits[0]
