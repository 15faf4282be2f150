"""Where a sentence ends, and which letters number the items of a list."""

#: 가. 나. 다. and so on, in alphabetical order.
ITEM_LETTERS = "가나다라마바사아자차카타파하"


def ends_sentence(text: str) -> bool:
    """Tell whether `text` ends like a sentence, before any closing quotes and brackets."""
    return text.rstrip("\"'”’)").endswith((".", "?", "!", "。"))
