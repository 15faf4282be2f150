"""Models to plan for without a network, by name or by billions of parameters, from their config.json on the hub."""

from dataclasses import dataclass
from difflib import get_close_matches

from pagetune.plan.shapes import LLAMA_3, Shape


@dataclass(frozen=True)
class KnownModel:
    """Repositories on the Hub that share a shape.

    `billions` of parameters are those that the publisher states, and `vision` those of them that the text model does
    not have.
    """

    names: tuple[str, ...]
    shape: Shape
    billions: float
    vision: float = 0.0

    @property
    def parameters(self) -> int:
        """Return what a manifest would say, by which `precision: auto` is resolved: all that is loaded."""
        return self.shape.parameters + int(self.vision * 1e9)


QWEN_3 = {
    "0.6b": Shape(1024, 3072, 28, 16, 8, 128, 151_936, tied=True),
    "1.7b": Shape(2048, 6144, 28, 16, 8, 128, 151_936, tied=True),
    "4b": Shape(2560, 9728, 36, 32, 8, 128, 151_936, tied=True),
    "8b": Shape(4096, 12_288, 36, 32, 8, 128, 151_936, tied=False),
    "14b": Shape(5120, 17_408, 40, 40, 8, 128, 151_936, tied=False),
    "32b": Shape(5120, 25_600, 64, 64, 8, 128, 151_936, tied=False),
}
QWEN_2_5_7B = Shape(3584, 18_944, 28, 28, 4, 128, 152_064, tied=False)
EXAONE_32B = Shape(5120, 27_392, 64, 40, 8, 128, 102_400, tied=False)
KANANA_2_1B = Shape(1792, 8064, 32, 24, 8, 128, 128_256, tied=True)


def _of(owner: str, *repositories: str) -> tuple[str, ...]:
    return tuple(f"{owner}/{repository}" for repository in repositories)


#: Each family with the smallest first. tests/test_known_shapes.py holds the shapes to the published sizes.
KNOWN_MODELS = (
    KnownModel(
        _of("LGAI-EXAONE", "EXAONE-4.0-1.2B"), Shape(2048, 4096, 30, 32, 8, 64, 102_400, tied=True), billions=1.28
    ),
    KnownModel(_of("LGAI-EXAONE", "EXAONE-4.0-32B", "EXAONE-4.0.1-32B"), EXAONE_32B, billions=32.0),
    KnownModel(
        _of("LGAI-EXAONE", "EXAONE-3.5-2.4B-Instruct"),
        Shape(2560, 7168, 30, 32, 8, 80, 102_400, tied=True),
        billions=2.41,
    ),
    KnownModel(
        _of("LGAI-EXAONE", "EXAONE-3.5-7.8B-Instruct"),
        Shape(4096, 14_336, 32, 32, 8, 128, 102_400, tied=False),
        billions=7.82,
    ),
    KnownModel(_of("LGAI-EXAONE", "EXAONE-3.5-32B-Instruct"), EXAONE_32B, billions=32.0),
    KnownModel(
        _of("naver-hyperclovax", "HyperCLOVAX-SEED-Text-Instruct-0.5B"),
        Shape(1024, 4096, 24, 16, 8, 128, 110_592, tied=True),
        billions=0.57,
    ),
    KnownModel(
        _of("naver-hyperclovax", "HyperCLOVAX-SEED-Text-Instruct-1.5B"),
        Shape(2048, 7168, 24, 16, 8, 128, 110_592, tied=True),
        billions=1.59,
    ),
    KnownModel(
        _of("naver-hyperclovax", "HyperCLOVAX-SEED-Think-14B"),
        Shape(6144, 14_336, 38, 48, 8, 128, 110_592, tied=False),
        billions=14.74,
    ),
    KnownModel(_of("kakaocorp", "kanana-nano-2.1b-instruct", "kanana-nano-2.1b-base"), KANANA_2_1B, billions=2.09),
    KnownModel(_of("kakaocorp", "kanana-1.5-2.1b-instruct-2505", "kanana-1.5-2.1b-base"), KANANA_2_1B, billions=2.1),
    KnownModel(_of("kakaocorp", "kanana-1.5-8b-instruct-2505", "kanana-1.5-8b-base"), LLAMA_3["8b"], billions=8.03),
    KnownModel(_of("skt", "A.X-3.1-Light"), Shape(4096, 10_880, 32, 32, 32, 128, 102_400, tied=False), billions=7.26),
    KnownModel(_of("skt", "A.X-3.1"), Shape(8192, 21_824, 48, 64, 8, 128, 102_400, tied=False), billions=34.7),
    KnownModel(_of("skt", "A.X-4.0-Light"), Shape(3584, 18_944, 28, 28, 4, 128, 102_400, tied=False), billions=7.26),
    KnownModel(_of("skt", "A.X-4.0"), Shape(8192, 29_568, 80, 64, 8, 128, 102_400, tied=False), billions=71.9),
    KnownModel(
        _of("upstage", "SOLAR-10.7B-Instruct-v1.0", "SOLAR-10.7B-v1.0"),
        Shape(4096, 14_336, 48, 32, 8, 128, 32_000, tied=False),
        billions=10.7,
    ),
    KnownModel(_of("beomi", "Llama-3-Open-Ko-8B", "Llama-3-Open-Ko-8B-Instruct-preview"), LLAMA_3["8b"], billions=8.03),
    KnownModel(
        _of("gogamza", "kobart-base-v2"),
        Shape(768, 3072, 12, 16, 16, 48, 30_000, tied=True, gated=False, cross_layers=6, positions=2 * 1026),
        billions=0.124,
    ),
    KnownModel(_of("Qwen", "Qwen3-0.6B", "Qwen3-0.6B-Base"), QWEN_3["0.6b"], billions=0.6),
    KnownModel(_of("Qwen", "Qwen3-1.7B", "Qwen3-1.7B-Base"), QWEN_3["1.7b"], billions=1.7),
    KnownModel(_of("Qwen", "Qwen3-4B", "Qwen3-4B-Base", "Qwen3-4B-Instruct-2507"), QWEN_3["4b"], billions=4.0),
    KnownModel(_of("Qwen", "Qwen3-8B", "Qwen3-8B-Base"), QWEN_3["8b"], billions=8.2),
    KnownModel(_of("Qwen", "Qwen3-14B", "Qwen3-14B-Base"), QWEN_3["14b"], billions=14.8),
    KnownModel(_of("Qwen", "Qwen3-32B"), QWEN_3["32b"], billions=32.8),
    KnownModel(_of("Qwen", "Qwen2.5-7B", "Qwen2.5-7B-Instruct"), QWEN_2_5_7B, billions=7.61),
    KnownModel(
        _of("google", "gemma-3-270m", "gemma-3-270m-it"),
        Shape(640, 2048, 18, 4, 1, 256, 262_144, tied=True),
        billions=0.27,
    ),
    KnownModel(
        _of("google", "gemma-3-1b-it", "gemma-3-1b-pt"),
        Shape(1152, 6912, 26, 4, 1, 256, 262_144, tied=True),
        billions=1.0,
    ),
    KnownModel(
        _of("google", "gemma-3-4b-it", "gemma-3-4b-pt"),
        Shape(2560, 10_240, 34, 8, 4, 256, 262_208, tied=True),
        billions=4.3,
        vision=0.417,
    ),
    KnownModel(
        _of("google", "gemma-3-12b-it", "gemma-3-12b-pt"),
        Shape(3840, 15_360, 48, 16, 8, 256, 262_208, tied=True),
        billions=12.19,
        vision=0.417,
    ),
    KnownModel(
        _of("google", "gemma-3-27b-it", "gemma-3-27b-pt"),
        Shape(5376, 21_504, 62, 32, 16, 128, 262_208, tied=True),
        billions=27.43,
        vision=0.417,
    ),
)

#: Llama 3 has no sizes between 8 and 70 billion, and none of 7.
SIZES = {
    "Llama 3": LLAMA_3,
    "Qwen 2.5": {"7b": QWEN_2_5_7B},
    "Qwen 3": {size: QWEN_3[size] for size in ("14b", "32b")},
}
#: The sizes that `plan --model` accepts, the smallest first.
KNOWN_SHAPES = dict(
    sorted(
        ((size, shape) for shapes in SIZES.values() for size, shape in shapes.items()),
        key=lambda known: known[1].parameters,
    )
)
#: What a user may write, in lower case: the id on the Hub, or the repository without its owner.
_NAMES = {
    written.lower(): (name, model)
    for model in KNOWN_MODELS
    for name in model.names
    for written in (name, name.split("/")[1])
}
#: A few of them, for an error message.
EXAMPLES = ("EXAONE-4.0-32B", "kanana-1.5-8b-instruct-2505", "Qwen3-8B")


def full_name(size: str) -> str:
    """Describe a key of KNOWN_SHAPES, such as "a Llama 3 of 8b"."""
    family = next(family for family, shapes in SIZES.items() if size in shapes)
    return f"a {family} of {size}"


def find_known(written: str) -> tuple[str, KnownModel] | None:
    """Return the id on the Hub and the model. Case does not matter, and the owner may be left out."""
    return _NAMES.get(written.lower())


def nearest_names(written: str) -> list[str]:
    """Return up to three known names that contain this one or are spelled much like it."""
    names = {name.split("/")[1].lower(): name.split("/")[1] for name, _ in _NAMES.values()}
    wanted = written.lower().rsplit("/", 1)[-1]
    containing = [name for name in names if len(wanted) > 2 and wanted in name]
    return [names[name] for name in (containing or get_close_matches(wanted, names, n=3, cutoff=0.6))[:3]]
