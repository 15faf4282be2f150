"""Where a sentence ends, and what numbers the items of a list."""

#: Of 가. 나. 다. in the order of the alphabet.
ITEM_LETTERS = "가나다라마바사아자차카타파하"


def ends_sentence(text: str) -> bool:
    """Whether the last sign of `text`, closing quotes and brackets aside, ends a sentence."""
    return text.rstrip("\"'”’)").endswith((".", "?", "!", "。"))
