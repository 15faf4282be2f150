"""Models to plan for without a network, by billions of parameters, from their config.json on the hub."""

from pagetune.plan.shapes import LLAMA_3, Shape

#: Llama 3 has no sizes between 8 and 70 billion.
QWEN_3 = {
    "14b": Shape(5120, 17_408, 40, 40, 8, 128, 151_936, tied=False),
    "32b": Shape(5120, 25_600, 64, 64, 8, 128, 151_936, tied=False),
}
FAMILIES = {"Llama 3": LLAMA_3, "Qwen 3": QWEN_3}
#: What `plan --model` accepts, the smallest first.
KNOWN_SHAPES = dict(sorted((LLAMA_3 | QWEN_3).items(), key=lambda known: known[1].parameters))


def full_name(size: str) -> str:
    """Describe a key of KNOWN_SHAPES, such as "a Llama 3 of 8b"."""
    family = next(family for family, shapes in FAMILIES.items() if size in shapes)
    return f"a {family} of {size}"
