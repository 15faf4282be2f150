"""The form that the user wants, as prompts show it: who asks in which tone, and examples."""

from dataclasses import dataclass

from pagetune.build_qa.asking.examples import shown_to
from pagetune.build_qa.passages import Passage
from pagetune.llm.client import Messages
from pagetune.llm.prompt_files import language_of, render
from pagetune.params.asking import ShownExample


@dataclass(frozen=True)
class Wishes:
    """`qa.style` and the examples of `qa.examples`."""

    style: str | None
    examples: list[ShownExample]

    def messages(self, task: str, passage: Passage, **values: object) -> Messages:
        """Return the messages of a request about a passage, in its language."""
        language = language_of(passage.text)
        own = {"title": passage.title, "section": passage.section, "passage": passage.text}
        form = {"style": self.style, "examples": shown_to(self.examples, language)}
        return render(task, language, **own, **form, **values)
