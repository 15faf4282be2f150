"""Models to plan for without a network, by their billions of parameters (their config.json on the hub)."""

from pagetune.plan.shapes import LLAMA_3, Shape

#: Between Llama 3's 8 and 70 billion there is nothing.
QWEN_3 = {
    "14b": Shape(5120, 17_408, 40, 40, 8, 128, 151_936, tied=False),
    "32b": Shape(5120, 25_600, 64, 64, 8, 128, 151_936, tied=False),
}
FAMILIES = {"Llama 3": LLAMA_3, "Qwen 3": QWEN_3}
#: What `plan --model` takes, from the smallest on.
KNOWN_SHAPES = dict(sorted((LLAMA_3 | QWEN_3).items(), key=lambda known: known[1].parameters))


def full_name(size: str) -> str:
    """Of a key of KNOWN_SHAPES: "a Llama 3 of 8b"."""
    family = next(family for family, shapes in FAMILIES.items() if size in shapes)
    return f"a {family} of {size}"
