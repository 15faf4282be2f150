"""Describe the base model in a manifest of a few lines, and have its files checked before anything is trained."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from pagetune.errors import UserError
from pagetune.jsonl import read_as
from pagetune.language import Remark, retell
from pagetune.params import Model

BASE, ADAPTER = Path("models/base"), Path("models/adapter")


class Manifest(BaseModel):
    """`models/base/manifest.json`. `location` is what transformers loads: a folder, or a Hub id with `revision`."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    source: Literal["builtin", "local", "hub"]
    id: str
    location: str
    revision: str | None
    trust_remote_code: bool
    parameters: int
    eos_token: str
    bos_token: str | None
    pad_token: str
    special_tokens: list[str]
    #: Whether an encoder reads the prompt. The file holds this key only where it is true.
    encoder_decoder: bool = False
    #: The token that ends an answer in the base's chat template; None, and not in the file, without one.
    end_of_turn: str | None = None
    #: What bitsandbytes has made of the weights already. The file holds this key only where it has.
    quantized: Literal["4bit", "8bit"] | None = None

    @property
    def auto_class(self) -> Any:
        """Return the transformers class that loads the model."""
        return auto_class(self.encoder_decoder)


def read_manifest(folder: Path = BASE) -> Manifest:
    return read_as(folder / "manifest.json", Manifest)


def describe_external(params: Model, texts: Sequence[str] = ()) -> Manifest:
    """Return the manifest of a model on the Hub or in a local folder, and print what is odd about it.

    The small files are checked before weights are downloaded, and the weights before anything is trained. Raises
    UserError where the model cannot be used, or where its tokenizer does not know the script of the `texts`.
    """
    from pagetune.model.hub import download_weights
    from pagetune.model.weights import check_weights

    folder, local, quantized = locate(params)
    if local:
        manifest = _manifest(params, texts, "local", str(folder), None)
    else:
        manifest = _manifest(params, texts, "hub", params.base, folder.name)
        download_weights(params, folder)
    manifest = manifest.model_copy(update={"quantized": quantized})
    check_weights(manifest, folder)
    return manifest


def locate(params: Model) -> tuple[Path, bool, Literal["4bit", "8bit"] | None]:
    """Return the folder of a model, whether it is a user's own, and how its weights are quantised.

    A folder of the Hub's cache is named after the commit, and does not hold the weights yet. Raises UserError where
    there is no such model, or where anything but the weights is wrong with it.
    """
    from pagetune.model.hub import snapshot

    local = _local_folder(params.base)
    if local is None and _looks_like_path(params.base):
        raise UserError(
            "params.yaml: model.base is {base}, and there is no such folder. Correct the path.", base=params.base
        )
    folder = local or snapshot(params)
    return folder, local is not None, _check_small(params.base, folder, local is not None)


def in_cache(manifest: Manifest, weights: bool = False) -> bool:
    """Tell whether everything but the weights is cached, or with `weights` those too, so that the Hub is not needed.

    Always False for a model that brings its own code, because that may come from another repository.
    """
    if manifest.source != "hub" or manifest.trust_remote_code:
        return False
    from pagetune.model.hub import cached, has_weights, listed

    folder = cached(manifest.location, manifest.revision)
    if folder is None or listed(manifest.location, folder.name) is None:
        return False
    return not weights or has_weights(folder)


def auto_class(encoder_decoder: bool) -> Any:
    """Return the transformers class that loads a causal model or an encoder-decoder."""
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

    return AutoModelForSeq2SeqLM if encoder_decoder else AutoModelForCausalLM


def _looks_like_path(base: str) -> bool:
    return base.startswith(("/", ".", "~")) or base.count("/") != 1


def _local_folder(base: str) -> Path | None:
    """Return the folder that `base` is, None for a Hub id. Raises UserError where it is a file or cannot be read."""
    path = Path(base).expanduser()
    try:
        if path.is_dir():
            next(path.iterdir(), None)
            return path.resolve()
        is_file = path.is_file()
    except OSError as error:
        raise UserError(
            "params.yaml: model.base is {base}, which cannot be read ({reason}). Check its permissions.",
            base=base,
            reason=error.strerror,
        ) from None
    if is_file:
        raise UserError(
            "params.yaml: model.base is {base}, which is a file. Set it to the folder that the file is in.", base=base
        )
    return None


def _check_small(base: str, folder: Path, local: bool) -> Literal["4bit", "8bit"] | None:
    """Check everything but the weights, and return how these are quantised. Raises UserError with what is wrong."""
    from pagetune.model.files import check_names, check_small_files, weight_files
    from pagetune.model.hub import SMALL, file_names
    from pagetune.model.quantized import quantized_bits

    names = [path.name for path in folder.iterdir()] if local else file_names(base, folder)
    check_names(base, names)
    config = check_small_files(base, folder, SMALL)
    weight_files(base, folder, names)
    return quantized_bits(base, folder, config)


def _manifest(
    params: Model, texts: Sequence[str], source: Literal["local", "hub"], location: str, revision: str | None
) -> Manifest:
    from pagetune.model.tokens import check_script, inspect_tokens

    try:
        tokenizer, model = _inspect(location, revision, params.trust_remote_code)
    except UserError:
        raise
    except Exception as error:  # of any class, as a config or a tokenizer that is wrong somewhere gives them
        raise _unloadable(params.base, error) from None
    tokens = inspect_tokens(tokenizer, _ends(model), model.get_input_embeddings().weight.shape[0], params.base)
    script = check_script(tokenizer, texts, params.max_unknown_fraction, params.base)
    for note in [*tokens.notes, *script]:
        print(f"base_model: {retell(note)}")
    return Manifest(
        source=source,
        id=params.base,
        location=location,
        revision=revision,
        trust_remote_code=params.trust_remote_code,
        parameters=int(model.num_parameters()),
        eos_token=tokens.eos,
        bos_token=tokens.bos,
        pad_token=tokens.pad,
        special_tokens=tokens.special,
        encoder_decoder=bool(model.config.is_encoder_decoder),
        end_of_turn=tokens.end_of_turn,
    )


def _unloadable(base: str, error: Exception) -> UserError:
    from pagetune.model.hub import first_line

    advice = Remark("Take config and tokenizer from the same complete model, or set another.")
    if "trust_remote_code" in str(error):
        advice = Remark("Set model.trust_remote_code: true if you trust its code, or set another model.")
    said = first_line(error).rstrip(".")
    return UserError(
        "params.yaml: model.base is {base}, which cannot be loaded: {said}. {advice}",
        base=base,
        said=said,
        advice=advice,
    )


def _inspect(location: str, revision: str | None, trust_remote_code: bool) -> tuple[Any, Any]:
    """Return the tokenizer, and the model with its generation config but without weights."""
    import torch
    from transformers import AutoConfig, AutoTokenizer, GenerationConfig

    from pagetune.model.hub import cached

    here = revision is not None and not trust_remote_code and cached(location, revision) is not None
    where = {"revision": revision, "trust_remote_code": trust_remote_code, "local_files_only": here}
    tokenizer = AutoTokenizer.from_pretrained(location, **where)
    config = AutoConfig.from_pretrained(location, **where)
    with torch.device("meta"):
        model = auto_class(config.is_encoder_decoder).from_config(config, trust_remote_code=trust_remote_code)
    with contextlib.suppress(OSError):  # not every model has one
        where.pop("trust_remote_code")
        model.generation_config = GenerationConfig.from_pretrained(location, **where)
    return tokenizer, model


def _ends(model: Any) -> set[int]:
    """Return the EOS ids of the generation config, or of the config where it has none."""
    for config in (model.generation_config, model.config, model.config.get_text_config()):
        if (own := getattr(config, "eos_token_id", None)) is not None:
            return set(own if isinstance(own, list) else [own])
    return set()
