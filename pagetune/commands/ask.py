"""`python -m pagetune ask`: a question to the model that the pipeline made."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from pagetune.commands.adapters import OWN, put_on
from pagetune.commands.gate import Checked, Gate, support_lines
from pagetune.commands.open_book import Reader
from pagetune.commands.sources import Sources, source_lines
from pagetune.errors import UserError
from pagetune.language import tr
from pagetune.model.conversation import write_question
from pagetune.model.loading import load_base, load_tokenizer, load_tuned
from pagetune.model.manifest import ADAPTER, read_manifest
from pagetune.model.precision import resolve_precision
from pagetune.model.prompts import encode_prompt
from pagetune.model.template import check_template, read_template
from pagetune.params import load_params
from pagetune.predict.answers import Answer, answer_of, encode_prompts, eos_ids_of, generate
from pagetune.records import Turn

EVALUATION, REPORT = Path("metrics/eval.json"), Path("metrics/report.html")
#: What a decoder returns for a character whose bytes are not all generated yet.
_BROKEN = "�"


class Asker:
    """The base model, with `tuned` under its adapter; it is loaded once and answers one question at a time.

    The prompt has the template that the training used, and with `open_book` the best passages of the documents.
    `others` are further adapters on the same base, by the names that `grow` knows them by. Making one raises UserError
    before the first `dvc repro`, and where adapter, template and base do not belong together.
    """

    def __init__(self, tuned: bool, open_book: bool = False, others: Mapping[str, Path] | None = None) -> None:
        self.params, self.manifest = load_params(), read_manifest()
        precision = resolve_precision(
            self.params.precision, self.manifest.parameters, self.params.quantization, self.manifest.quantized
        )
        self.template = check_template(ADAPTER, self.manifest) if tuned else read_template()
        self.model = load_tuned(self.manifest, ADAPTER, precision) if tuned else load_base(self.manifest, precision)
        for name, folder in (others or {}).items():
            put_on(self.model, name, folder, self.manifest)
        self.tuned, self.tokenizer = tuned, load_tokenizer(self.manifest, self.template)
        self.reader = Reader(self.params, self.manifest, self.template, self.tokenizer) if open_book else None

    def answer(self, question: str, base: bool = False) -> Answer:
        return self._whole(self.prompt(question), self._adapter(base), self.params.predict.max_new_tokens)

    def stream(self, question: str, base: bool = False) -> Iterator[Answer]:
        """Yield the answer as it grows; in fp32 the last one equals that of `answer`. A model with an encoder yields
        only the whole answer."""
        for answer, _ in self.grow(self.prompt(question), self._adapter(base), self.params.predict.max_new_tokens):
            yield answer

    def grow(self, prompt: str, adapter: str | None, max_new_tokens: int) -> Iterator[tuple[Answer, int]]:
        """Yield the answer as it grows, each time with the number of its tokens. No adapter is the base alone."""
        if self.manifest.encoder_decoder:
            yield self._counted(self._whole(prompt, adapter, max_new_tokens))
            return
        import torch

        eos_ids = eos_ids_of(self.model.generation_config, self.tokenizer)
        ids = torch.tensor([encode_prompt(prompt, self.tokenizer)], device=self.model.device)
        made: list[int] = []
        cache = None
        while len(made) < max_new_tokens and (not made or made[-1] not in eos_ids):
            with torch.inference_mode(), self._under(adapter):
                output = self.model(input_ids=ids, past_key_values=cache, use_cache=True)
            cache, ids = getattr(output, "past_key_values", None), output.logits[:, -1:].argmax(-1)
            if cache is None:  # another kind of model, such as Mamba: the answer appears as a whole
                yield self._counted(self._whole(prompt, adapter, max_new_tokens))
                return
            made.append(int(ids))
            grown = answer_of(made, self.tokenizer, eos_ids)
            yield Answer(grown.text.rstrip(_BROKEN), grown.stopped), len(made)
        yield answer_of(made, self.tokenizer, eos_ids), len(made)

    def _whole(self, prompt: str, adapter: str | None, max_new_tokens: int) -> Answer:
        limits = self.params.predict.model_copy(update={"max_new_tokens": max_new_tokens})
        with self._under(adapter):
            return generate(self.model, self.tokenizer, [prompt], limits)[0]

    def _counted(self, answer: Answer) -> tuple[Answer, int]:
        ids = self.tokenizer(answer.text, add_special_tokens=False)["input_ids"]
        return answer, len(ids) + answer.stopped

    def prompt(self, question: str, turns: Sequence[Turn] = ()) -> str:
        """Return the prompt that asks a question after what was said before it. Raise UserError where it is empty."""
        if not question.strip():
            raise UserError("the question is empty. Write one in quotes.")
        if self.reader:
            return self.reader.prompt(question.strip(), turns)
        system = self.params.prompt.system
        return write_question(list(turns), question.strip(), self.template, self.tokenizer, system)

    def count(self, prompt: str) -> int:
        """Return the number of tokens that the model reads. Raise UserError where an encoder has no room for them."""
        return len(encode_prompts(self.model.config, self.tokenizer, [prompt], self.params.predict)[0])

    @property
    def window(self) -> int | None:
        """Return how many tokens prompt and answer have together at most; None without a limit."""
        if self.manifest.encoder_decoder:
            return None  # encode_prompts checks both
        positions: int | None = getattr(self.model.config.get_text_config(), "max_position_embeddings", None)
        return positions

    def knows_the_documents(self, base: bool) -> bool:
        """Tell whether an answer can come from the documents: the base has not read them without the open book."""
        return not base or self.reader is not None

    def _adapter(self, base: bool) -> str | None:
        return None if base or not self.tuned else OWN

    def _under(self, adapter: str | None) -> AbstractContextManager[Any]:
        """Put the model under an adapter for a while, or under none."""
        if adapter is None:
            disabled: AbstractContextManager[Any] = self.model.disable_adapter() if self.tuned else nullcontext()
            return disabled
        if self.model.active_adapter != adapter:
            self.model.set_adapter(adapter, inference_mode=True)
        return nullcontext()


def cut_short() -> str:
    return tr(
        "the answer was cut at predict.max_new_tokens before the model ended it",
    )


def ask(question: str, base: bool, show_source: bool, open_book: bool = False) -> None:
    """Print the answer to a question, what is said about it, and with `show_source` where it stands.

    What the base says without the open book is not looked up: it has not read the documents. Raise UserError before the
    first `dvc repro`.
    """
    asker = Asker(tuned=not base, open_book=open_book)
    result = asker.answer(question, base)
    gate, read = Gate.read(asker.params), asker.knows_the_documents(base)
    checked = gate.check(question, result.text) if read else Checked.unseen(result.text)
    print(checked.text)
    for note in notes(result, checked):
        print(f"ask: {note}", file=sys.stderr)
    if show_source:
        print("\n".join(shown_source(gate, question, result, checked, read)))


def notes(answer: Answer, checked: Checked) -> list[str]:
    """Return what is said about an answer: that it was cut off, and that no page supports it."""
    return [note for note in (None if answer.stopped else cut_short(), checked.note) if note]


def shown_source(gate: Gate, question: str, answer: Answer, checked: Checked, read: bool) -> list[str]:
    """Return where the answer stands, as lines; without pages, the trained question most like this one.

    What a model says that has not `read` the documents is not looked up here either.
    """
    support = None if not read else checked.support or gate.support(question, answer.text)
    return support_lines(support) if support else source_lines(Sources.read().of(question))
