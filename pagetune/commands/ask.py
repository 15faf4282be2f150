"""`python -m pagetune ask`: a question to the model that the pipeline made."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from pagetune.commands.gate import Checked, Gate, support_lines
from pagetune.commands.locale import tr
from pagetune.commands.open_book import Reader
from pagetune.commands.sources import Sources, source_lines
from pagetune.errors import UserError
from pagetune.model.loading import load_base, load_tokenizer, load_tuned
from pagetune.model.manifest import ADAPTER, read_manifest
from pagetune.model.precision import resolve_precision
from pagetune.model.prompts import encode_prompt, render_prompt
from pagetune.model.template import check_template, read_template
from pagetune.params import load_params
from pagetune.predict.answers import Answer, answer_of, eos_ids_of, generate

EVALUATION, REPORT = Path("metrics/eval.json"), Path("metrics/report.html")
#: What a decoder returns for a character whose bytes are not all generated yet.
_BROKEN = "�"


class Asker:
    """The base model, with `tuned` under its adapter; it is loaded once and answers one question at a time.

    The prompt has the template that the training used, and with `open_book` the best passages of the documents. Making
    one raises UserError before the first `dvc repro`, and where adapter, template and base do not belong together.
    """

    def __init__(self, tuned: bool, open_book: bool = False) -> None:
        self.params, self.manifest = load_params(), read_manifest()
        precision = resolve_precision(
            self.params.precision, self.manifest.parameters, self.params.quantization, self.manifest.quantized
        )
        self.template = check_template(ADAPTER, self.manifest) if tuned else read_template()
        self.model = load_tuned(self.manifest, ADAPTER, precision) if tuned else load_base(self.manifest, precision)
        self.tuned, self.tokenizer = tuned, load_tokenizer(self.manifest, self.template)
        self.reader = Reader(self.params, self.manifest, self.template, self.tokenizer) if open_book else None

    def answer(self, question: str, base: bool = False) -> Answer:
        with self._without_adapter(base):
            return generate(self.model, self.tokenizer, [self.prompt(question)], self.params.predict)[0]

    def stream(self, question: str, base: bool = False) -> Iterator[Answer]:
        """Yield the answer as it grows; in fp32 the last one equals that of `answer`. A model with an encoder yields
        only the whole answer."""
        if self.manifest.encoder_decoder:
            yield self.answer(question, base)
            return
        import torch

        eos_ids = eos_ids_of(self.model.generation_config, self.tokenizer)
        ids = torch.tensor([encode_prompt(self.prompt(question), self.tokenizer)], device=self.model.device)
        made: list[int] = []
        cache = None
        while len(made) < self.params.predict.max_new_tokens and (not made or made[-1] not in eos_ids):
            with torch.inference_mode(), self._without_adapter(base):
                output = self.model(input_ids=ids, past_key_values=cache, use_cache=True)
            cache, ids = getattr(output, "past_key_values", None), output.logits[:, -1:].argmax(-1)
            if cache is None:  # another kind of model, such as Mamba: the answer appears as a whole
                break
            made.append(int(ids))
            grown = answer_of(made, self.tokenizer, eos_ids)
            yield Answer(grown.text.rstrip(_BROKEN), grown.stopped)
        yield answer_of(made, self.tokenizer, eos_ids) if cache else self.answer(question, base)

    def prompt(self, question: str) -> str:
        if not question.strip():
            raise UserError(
                tr("the question is empty. Write one in quotes.", "질문이 비어 있습니다. 따옴표 안에 적어 주세요.")
            )
        if self.reader:
            return self.reader.prompt(question.strip())
        return render_prompt(self.template.template, question.strip())

    def knows_the_documents(self, base: bool) -> bool:
        """Tell whether an answer can come from the documents: the base has not read them without the open book."""
        return not base or self.reader is not None

    def _without_adapter(self, base: bool) -> AbstractContextManager[Any]:
        disabled: AbstractContextManager[Any] = self.model.disable_adapter() if base and self.tuned else nullcontext()
        return disabled


def cut_short() -> str:
    return tr(
        "the answer was cut at predict.max_new_tokens before the model ended it",
        "모델이 답을 끝내기 전에 predict.max_new_tokens에서 잘렸습니다",
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
