"""Try rows on a few tokens before a model writes in them: an architecture may keep its keys in a form of its own."""

from typing import Any

import torch
from torch import Tensor

from pagetune.llm.local.rows import Rows
from pagetune.llm.local.steps import Steps

_TOKENS = 12
#: Share of the largest logit by which they may differ. Another kernel rounds 16 bits elsewhere: with random weights and
#: 32 layers by 0.06 at most.
_SAME = 0.2


def why_rows_fail(model: Any) -> str | None:
    """Return why a model cannot write in rows, or None: its logits there are those of a whole pass."""
    ids = [number % model.config.get_text_config().vocab_size for number in range(3, 3 + _TOKENS)]
    try:
        found = _in_rows(model, ids)
    except torch.cuda.OutOfMemoryError:
        raise
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        return f"it does not run with another cache: {' '.join(str(error).split())[:100]}"
    whole = model(torch.tensor([ids], device=model.device)).logits[0, -1]
    apart = float((found - whole).abs().max() / whole.abs().max())
    return None if apart < _SAME else "another cache changes what it says"


def _in_rows(model: Any, ids: list[int]) -> Tensor:
    """Return the logits of what follows, where a prompt was read, copied to another row, and gone on with there."""
    rows = Rows(model, 2, _TOKENS)
    steps = Steps(rows)
    with rows.attention.used_in(model):
        rows.take([ids[:-2]])
        places, _ = rows.take([ids[:-1]])
        return steps.advance(places, [_TOKENS - 1], torch.tensor(ids[-1:], device=model.device))[0]
