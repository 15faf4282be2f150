"""Recognises that memory ran out, and gives back what is unused; train/oom.py says what happens then."""

import gc


def is_out_of_memory(error: RuntimeError) -> bool:
    """Return whether CUDA, bitsandbytes, Triton or the CPU's allocator ran out of memory."""
    import torch

    said = str(error).lower()
    known = any(words in said for words in ("out of memory", "can't allocate memory", "alloc_failed"))
    return known or isinstance(error, torch.OutOfMemoryError)


def empty_cache() -> None:
    """Give back to the GPU what PyTorch holds and nothing uses."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
