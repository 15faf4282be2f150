"""`python -m pagetune chat`: questions and answers in the terminal, one after another."""

import contextlib
from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape

from pagetune.commands.ask import Asker, notes, shown_source
from pagetune.commands.gate import Checked, Gate
from pagetune.errors import UserError
from pagetune.language import tr
from pagetune.predict.answers import Answer


class Chat:
    """A chat: `/base` and `/tuned` choose the model, `/source` shows or hides the page, other lines are questions."""

    def __init__(self, asker: Asker, gate: Gate, console: Console, base: bool, show_source: bool) -> None:
        self.asker, self.gate, self.console = asker, gate, console
        self.base, self.show_source = base, show_source

    def run(self) -> None:
        """Answer until /quit, the end of the input, or Ctrl-C at the prompt; Ctrl-C during an answer only ends that."""
        self.console.print(f"[dim]{escape(_welcome())}[/dim]")
        while (line := self._read()) is not None:
            if line.startswith("/"):
                self._command(line)
            elif line:
                self._answer(line)

    def _read(self) -> str | None:
        """Return the next line, or None at the end."""
        name = tr("base") if self.base else tr("tuned")
        try:
            line = input(f"{name} > ").strip()  # not Console.input: readline would erase its prompt
        except (EOFError, KeyboardInterrupt):
            self.console.print()
            return None
        return None if line in ("/quit", "/exit") else line

    def _command(self, line: str) -> None:
        if line == "/source":
            self.show_source = not self.show_source
        elif line == "/base" or (line == "/tuned" and self.asker.tuned):
            self.base = line == "/base"
        else:
            self.console.print(f"[dim]{escape(_help())}[/dim]")

    def _answer(self, question: str) -> None:
        try:
            answer, checked = self._checked(question)
        except KeyboardInterrupt:
            self.console.print(f" [dim]{tr('(stopped)')}[/dim]")
            return
        except UserError as error:
            self.console.print(f"[red]{escape(str(error))}[/red]")
            return
        for note in notes(answer, checked):
            self.console.print(f"[yellow]{escape(note)}[/yellow]")
        if self.show_source:
            for found in shown_source(self.gate, question, answer, checked, self._read_the_documents()):
                self.console.print(f"[dim]{escape(found)}[/dim]")

    def _read_the_documents(self) -> bool:
        return self.asker.knows_the_documents(self.base)

    def _checked(self, question: str) -> tuple[Answer, Checked]:
        """Print the answer as it grows, or once it was looked up where it may have to be held back."""
        answers = self.asker.stream(question, self.base)
        if not self._read_the_documents():
            answer = _printed(answers, self.console)
            return answer, Checked.unseen(answer.text)
        if not self.gate.holds_back:
            answer = _printed(answers, self.console)
            return answer, self.gate.check(question, answer.text)
        *_, answer = answers
        checked = self.gate.check(question, answer.text)
        return answer, _shown(checked, self.console)


def _shown(checked: Checked, console: Console) -> Checked:
    console.print(checked.text, markup=False, highlight=False, soft_wrap=True)
    return checked


def _printed(answers: Iterator[Answer], console: Console) -> Answer:
    """Print what each answer adds to the one before, and return the last. A model's text is never read as markup."""
    answer = Answer("", stopped=False)
    for grown in answers:
        console.print(grown.text.removeprefix(answer.text), end="", markup=False, highlight=False, soft_wrap=True)
        answer = grown
    console.print()
    return answer


def start(base: bool, show_source: bool, open_book: bool = False) -> None:
    """Start a chat. Raise UserError before the first `dvc repro`."""
    with contextlib.suppress(ImportError):  # some builds of Python have no readline
        import readline  # noqa: F401 - arrow keys and a history in input()
    console = Console()
    asker = Asker(tuned=not base, open_book=open_book)
    Chat(asker, Gate.read(asker.params), console, base, show_source).run()


def _welcome() -> str:
    return tr(
        "Each question is answered on its own, as in training. /base, /tuned, /source, /quit",
    )


def _help() -> str:
    return tr(
        "/base: the model before tuning; /tuned: after it; /source: show or hide the page; /quit: end",
    )
