"""Where a sentence ends."""


def ends_sentence(text: str) -> bool:
    """Whether the last sign of `text`, closing quotes and brackets aside, ends a sentence."""
    return text.rstrip("\"'”’)").endswith((".", "?", "!", "。"))
