"""Answers that say that they do not know, by the phrases of abstentions.txt and the patterns below."""

import re
from functools import cache
from pathlib import Path

from pagetune.text.claims import normal_form
from pagetune.text.notation import nfc

PHRASES = Path(__file__).with_name("abstentions.txt")
#: An answer longer than this says more than that it does not know.
_MAX_CHARACTERS = 100
_SENTENCE_END = re.compile(r"[.!?。\n]+")
#: A sentence with a condition states a rule: without a card we cannot tell who you are. 문서를 보면 is not a condition.
_CONDITION = re.compile(r"(?<!보)면(?=[\s,])")
#: Ends a sentence; the phrases of the file may begin one too.
_END = re.compile(
    r"(?:(?:알|확인할|찾을|판단할|답할|답변할|답변드릴|대답할) 수 (?:없습니다|없어요|없다|없음)"
    r"|(?:언급|명시|제공)되지 않(?:았습니다|았다|음)"
    r"|(?:나와|나타나|언급되어|언급돼|명시되어|명시돼|적혀|기재되어|제시되어|포함되어) ?있지 않"
    r"(?:습니다|아요|다|음))\W*$"
)
#: In the whole answer.
_ANYWHERE = re.compile(
    r"(?<![가-힣])(?:글|문서|본문|지문|자료|제공된 정보|주어진 정보)(?:에는?|에서는?|만으로는?)\s"
    r".*(?:없습니다|없다|없음)\.?$"
    r"|^(?:I(?:['’]m| am) sorry|I (?:don['’]t|do not|cannot|can['’]t|am unable)|As an AI\b)"
    r"|^(?:There is )?no information(?! (?:desk|cent(?:er|re)|counter|booth|kiosk|board|office|sheet|session)\b)"
    r"|^(?:Unknown|N/?A)\.?$"
    r"|^(?:The|This) (?:document|text|passage|context|source)s? (?:does|do)(?:n['’]t| not)"
    r" (?:say|mention|state|specify|contain|provide|include|give|tell)"
    r"|^(?:It (?:isn['’]t|is not) |That is not |Not )(?:mentioned|specified|stated|provided)(?:[.]?$| in\b)"
    r"|\bis not (?:mentioned|specified|stated) in the (?:document|text|passage)",
    re.IGNORECASE,
)


def abstains(answer: str) -> bool:
    """Tell whether the answer says that it does not know."""
    answer = nfc(answer)
    if len(answer) > _MAX_CHARACTERS:
        return False
    sentences = [part for part in _SENTENCE_END.split(answer) if not _CONDITION.search(part)]
    return _ANYWHERE.search(answer) is not None or any(map(_does_not_know, sentences))


def _does_not_know(sentence: str) -> bool:
    form = normal_form(sentence)
    return form.startswith(phrases()) or form.endswith(phrases()) or _END.search(sentence) is not None


@cache
def phrases() -> tuple[str, ...]:
    """Return the phrases of abstentions.txt in normal form."""
    lines = PHRASES.read_text(encoding="utf-8").splitlines()
    return tuple(normal_form(nfc(line)) for line in lines if line and not line.startswith("#"))
