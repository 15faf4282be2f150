"""Choose how the model is asked: in the chat template that ships with it, or in the template of params.yaml."""

from typing import Any

from pagetune.errors import UserError
from pagetune.language import Remark
from pagetune.model.chat import find_turn
from pagetune.model.loading import load_tokenizer
from pagetune.model.manifest import Manifest
from pagetune.model.seam import find_seam
from pagetune.model.template import Style, TemplateRecord
from pagetune.params import Params


def make_template(params: Params, manifest: Manifest) -> tuple[TemplateRecord, str]:
    """Return how the base is asked, and why. Raises UserError where the settings and the base do not fit together."""
    style, reason = choose_style(params, manifest)
    tokenizer = load_tokenizer(manifest)
    text = _chat_text(params, tokenizer) if style == "chat" else params.template
    record = TemplateRecord.for_base(text, manifest, style)
    if manifest.encoder_decoder:  # the answer is a text of its own there
        return record, reason
    prompt, lead = find_seam(text, load_tokenizer(manifest, record))
    return TemplateRecord.for_base(prompt, manifest, style, lead), reason


def choose_style(params: Params, manifest: Manifest) -> tuple[Style, str]:
    """Return the style, and why. Raises UserError for a chat with a base that has no chat template."""
    wanted = params.prompt.style
    usable = manifest.end_of_turn is not None and not manifest.encoder_decoder
    if wanted == "chat" and not usable:
        is_pair, no_chat = Remark("is an encoder-decoder"), Remark("has no chat template that can be used")
        what = is_pair if manifest.encoder_decoder else no_chat
        raise UserError("params.yaml: prompt.style: chat, but model.base {what}. Set auto or template.", what=what)
    style: Style = "chat" if usable and wanted != "template" else "template"
    if style == "template" and params.prompt.system:
        raise UserError(
            "params.yaml: prompt.system is only for chat templates, and model.base is asked in prompt.template. "
            "Set prompt.system: '' and write the text into prompt.template."
        )
    if wanted != "auto":
        return style, Remark("set in params.yaml")
    return style, Remark("the base has a chat template") if usable else Remark("the base has no chat template")


def _chat_text(params: Params, tokenizer: Any) -> str:
    """Return the chat's text up to the answer. A dialogue is sent with its request to summarise it."""
    content = "{instruction}" if params.task == "qa" else params.template.strip()
    return find_turn(tokenizer, content, params.prompt.system).prompt
