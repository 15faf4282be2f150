"""Settings of a guide's own file, such as config.yaml with `training:` and `qlora:`, as settings of params.yaml."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pagetune.commands.guide_names import ALSO_ASIDE, ASIDE, MAPPINGS, OTHER_MODULES, REFUSED, SECRET, TAKEN
from pagetune.commands.guide_values import NoCounterpartError, Settings, Values, to
from pagetune.commands.guide_values import share as as_share
from pagetune.commands.presets import Leaf, write_values
from pagetune.errors import UserError
from pagetune.language import tr
from pagetune.params import PARAMS

_SHOWN = 6


class Setting(NamedTuple):
    """One setting of the file: its dotted name, its value, and its line, from 1."""

    name: str
    value: Any
    line: int

    @property
    def last(self) -> str:
        return self.name.rpartition(".")[2].replace("-", "_")

    @property
    def is_aside(self) -> bool:
        """Tell whether it is in a section about generation or evaluation, and says nothing about the training."""
        return self.last not in ALSO_ASIDE and any(ASIDE.match(section) for section in self.name.split(".")[:-1])

    @property
    def shown(self) -> str:
        """Return the value as it may be printed: `***` where it is a secret, or is in a section of secrets."""
        secret = any(SECRET.search(part) for part in self.name.split("."))
        return "***" if secret else _as_yaml(self.value)

    def __str__(self) -> str:
        return f"{self.name}: {self.shown}"


def apply_guide(guide: Path, document: int | None, params: Path = PARAMS) -> list[str]:
    """Write a guide's settings into params.yaml, and return a line about each of them.

    `document` counts from 1. Raise UserError, and leave params.yaml as it was, where the file cannot be read, holds
    several documents and none was chosen, has no setting that is known, or leads to a value that is not valid.
    """
    settings = list(_settings(_choose(guide, document)))
    if not any(setting.last in TAKEN.keys() | REFUSED.keys() for setting in settings):
        raise UserError(
            "{guide}: none of its settings is known ({names}). It should have settings such as "
            "lora_rank, load_in_4bit or learning_rate; a file of keys of params.yaml is applied without "
            "--from-guide.",
            guide=guide,
            names=_few([setting.name for setting in settings]),
        )
    values, sources, lines = _translate(settings)
    try:
        leaves = [Leaf(tuple(key.split(".")), value, sources[key].line) for key, value in values.items()]
        changes = write_values(guide, leaves, params)
    except UserError as error:
        raise UserError(_with_sources(str(error), sources, guide)) from None
    return [
        *lines,
        tr("{params}: {changed} of {count} values changed", params=params, changed=len(changes), count=len(values)),
    ]


def _choose(guide: Path, number: int | None) -> Any:
    documents = _documents(guide)
    if number is None and len(documents) > 1:
        contents = "; ".join(f"{place}: {_contents(document)}" for place, document in enumerate(documents, 1))
        raise UserError(
            "{guide} holds {count} documents. Choose one with --document. {contents}",
            guide=guide,
            count=len(documents),
            contents=contents,
        )
    if number is not None and not 1 <= number <= len(documents):
        raise UserError(
            "{guide} has no document {number}. Choose from 1 to {count}.",
            guide=guide,
            number=number,
            count=len(documents),
        )
    return documents[(number or 1) - 1]


def _documents(guide: Path) -> list[Any]:
    """Return the documents of a YAML file that hold anything. ruamel's mappings know their lines."""
    try:
        found = [
            document for document in YAML().load_all(guide.read_text(encoding="utf-8-sig")) if document is not None
        ]
    except FileNotFoundError:
        raise UserError("{guide} is not there. Name the guide's file, such as config.yaml.", guide=guide) from None
    except (ValueError, RecursionError) as error:
        raise UserError(
            "{guide} cannot be read: {error}. Name a file of YAML in UTF-8.", guide=guide, error=error
        ) from None
    except YAMLError as error:
        raise UserError(_not_yaml(guide, error)) from None
    if not found or not all(isinstance(document, dict) for document in found):
        raise UserError(
            "{guide} should hold settings, such as lora_rank: 16. Name the guide's file with settings.", guide=guide
        )
    return found


def _not_yaml(guide: Path, error: YAMLError) -> str:
    """Return the line and the problem. ruamel's own message also quotes values, which may be secrets."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None) or type(error).__name__
    where = f"{guide}:{mark.line + 1}" if mark else str(guide)
    return f"{where} is not YAML: {problem.partition(' with value ')[0]}. Fix that line."


def _contents(document: Any) -> str:
    return _few([f"{setting.last}: {setting.shown}" for setting in _settings(document)])


def _few(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")


def _settings(node: Any, above: str = "") -> Iterator[Setting]:
    """Yield every setting of a document; a mapping is a section, unless it is a setting's value."""
    for key, value in node.items():
        name = f"{above}{key}"
        if isinstance(value, dict) and key not in MAPPINGS:
            yield from _settings(value, f"{name}.")
        else:
            yield Setting(name, _plain(value), node.lc.key(key)[0] + 1)


def _plain(value: Any) -> Any:
    """Return ruamel's value as Python's own, without comments and quotes."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    plain = (bool, int, float, str)
    return next((kind(value) for kind in plain if isinstance(value, kind)), value if value is None else str(value))


def _translate(settings: list[Setting]) -> tuple[Values, dict[str, Setting], list[str]]:
    """Return the values by key, the setting that each comes from, and a line about each setting."""
    by_name = {setting.last: setting.value for setting in settings if not setting.is_aside}
    values: Values = {}
    sources: dict[str, Setting] = {}
    lines = []
    for setting in settings:
        found, why = _counterparts(setting, by_name)
        for key, value in list(found.items()):
            if values.get(key, value) != value:
                why = f"{sources[key].name} has set {key}: {_as_yaml(values[key])}"
                del found[key]
        values |= found
        sources |= {key: sources.get(key, setting) for key in found}
        became = ", ".join(f"{key}: {_as_yaml(value)}" for key, value in found.items())
        lines.append(f"{setting} -> {became or 'nothing'}{f' ({why})' if why else ''}")
    return values, sources, lines


def _counterparts(setting: Setting, by_name: Settings) -> tuple[Values, str]:
    """Return what a setting becomes, and a remark: why it becomes nothing, or what to know about it."""
    if setting.is_aside:
        return {}, REFUSED.get(setting.last, tr("its section is about generation or evaluation, and was left"))
    convert = TAKEN.get(setting.last)
    if setting.last == "dropout" and "lora" in setting.name.lower():
        convert = to("lora.dropout", as_share)
    if convert is None:
        return {}, REFUSED.get(setting.last, tr("pagetune does not know this setting"))
    if setting.value is None:
        return {}, tr("it has no value")
    try:
        found = convert(setting.value, by_name)
    except (NoCounterpartError, TypeError, ValueError) as problem:
        return {}, str(problem)
    return found, _remark(setting, found, by_name)


def _remark(setting: Setting, found: Values, by_name: Settings) -> str:
    if not found:
        return tr("pagetune does that anyway, or another setting decides it")
    if "train.effective_batch_size" in found:
        return tr("the rows of a step over all GPUs; they are cut into as many parts as memory requires")
    if OTHER_MODULES & set(map(str, setting.value if isinstance(setting.value, list) else ())):
        return tr(
            "out_proj, fc1 and fc2 are names of encoder-decoders such as BART; train checks them against the model"
        )
    if found.get("train.backend") == "unsloth":
        return tr("auto takes Unsloth where it runs, and PEFT elsewhere")
    return tr("Unsloth's own variant is used with Unsloth") if setting.value == "unsloth" else ""


def _with_sources(message: str, sources: dict[str, Setting], guide: Path) -> str:
    """Put the guide's own name and value before each problem with a key that comes from it."""
    for key, setting in sources.items():
        place = f"{guide}:{setting.line}: "
        message = message.replace(f"{place}{key}: ", f"{place}{setting} is not valid here: {key}: ")
    return message


def _as_yaml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_as_yaml, value))}]"
    if isinstance(value, dict):
        inner = (f"{key}: {'***' if SECRET.search(key) else _as_yaml(inner)}" for key, inner in value.items())
        return f"{{{', '.join(inner)}}}"
    return {"None": "null", "True": "true", "False": "false"}.get(str(value), str(value))
