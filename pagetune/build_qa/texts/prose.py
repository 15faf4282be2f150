"""Pairs from the text of ordinary documents: labels and lists by their own rules, and sentences."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace

from pagetune.build_qa.draft import SENTENCE_GAP, Document, Draft
from pagetune.build_qa.law.statutes import definition_drafts
from pagetune.build_qa.naming import Names
from pagetune.build_qa.sentences.asking import Asked, ask
from pagetune.build_qa.sentences.clauses import Clause
from pagetune.build_qa.sentences.english import ask_english
from pagetune.build_qa.texts.faq import faq_drafts
from pagetune.build_qa.texts.labels import LABEL, field_drafts, label_drafts
from pagetune.build_qa.texts.lists import list_drafts
from pagetune.build_qa.texts.outline import Line, outline
from pagetune.build_qa.texts.owner import section_of
from pagetune.build_qa.texts.value_sentences import gives_value
from pagetune.records import Place
from pagetune.text.evidence import not_proven
from pagetune.text.korean import is_korean, with_particle
from pagetune.text.morphemes import morphemes
from pagetune.text.note_style import as_sentence

#: Openings that refer to the sentence before, and words for who wrote the document.
_REFERS_BACK = re.compile(
    r"^(?:"
    r"이|그|저|그의|이의|그들|그들의|이들의|이는|그는|이를|이와|이에|이로|이때|그때|이것|그것|이러한|그러한|"
    r"이들|여기서?|거기서?|위와|위의?|아래|해당|상기|동|또는|또한|그리고|그러나|하지만|따라서|즉|단|다만|한편|"
    r"특히|예를|예컨대|관련해서|이어서|이후|구체적으로|일례로|참고로|가령|반대로|그 결과|그중|추가적으로|첫째|"
    r"둘째|셋째|[첫두세] 번째|이상|아울러|더불어|이처럼|그래서|그러므로|만약|이외|이 외|반면|결국|마지막으로|"
    r"먼저|우선|본래|그 밖에|그밖에|그 외에?|이외에|기타"
    r")(?:에도|에는|로|은|는|도)?[,\s]|"
    r"(?<![가-힣])(?:당사|폐사|본사|본인|당행|우리|저희|귀사|귀하|다음|아래|앞서|앞에서|위에서|후술|전술|상기|"
    r"본 [절장항])(?![가-힣]{3})|^[두세네] [가-힣]+[은는이가] |[①-⑳Ⅰ-Ⅻ…]|실시예|[은는] 물론|주\s?\d|"
    r"동기간|같은 기간|전월|당월|금월|전년 동기|\d\s?[절장]에|[○ㅇ]{2}|자료\s?\d|부록|별첨|"
    r"\[그림|\[표|(?:그림|표|도) \d|수식|<그림|<표"
)
_MINUTES = re.compile(r"(?:회의록|의사록|속기록)")
#: Sentences about what will be.
_FORESEES = re.compile(r"(?:전망|예상|기대)(?:된다|됩니다|한다|합니다)\.$")
#: Questions of two clauses, and questions that the sentence does not quite answer.
_AWKWARD = re.compile(
    r"(?:하며|되며|으며|이며|하고|되고|지만|으나|하나|는데),? .*(?:나요|가요)\?|의 경우 어떻게 되나요|"
    r"수는 (?:있나요|왜)|(?:몇|얼마|언제|어디).*않나요|(?:몇|얼마|언제|어디).*는 없나요|"
    r"누가 .*(?:[가-힣]했나요|므로 |것을 (?:권고|요구|요청|권장)하나요)|[은는] \S{1,3} 시 어떻게|"
    r"(?:,|도록) .* 시 어떻게|[\u1100-\u11ff]|[가-힣][은는] .*어떤 경우에 .*[가-힣][은는] |"
    r"[을를] (?:보면|살펴보면|비교하면|고려하면) 어떻게|[1-9]0대부터|몇 대부터|"
    r"[가-힣](?:더라도|반면|는 데 반해),? .*(?:몇|얼마|언제|어디|누가)|"
    r"\d+(?:시간|년|개월|주|일|분) 몇 |%[와과,] .*몇 퍼센트|몇 퍼센트[와과,] |몇 [층동호실],|"
    r"(?:^|따르면 |에서 )(?:다만|또한|그리고|단|즉),? "
)
#: A sentence that says what someone does, rather than what becomes of something.
_DOES = re.compile(r"[을를] .*(?<!야 )(?:한다|합니다)\.$")
#: A sentence about a reason: …것은 …때문이다, …것은 …기 때문에 …것이다.
_GIVES_REASON = re.compile(r"때문(?:이다|입니다)\.$|[은는] .*때문에 .*것(?:이다|입니다)\.$")
#: Places that somebody will fill in.
_BLANK = re.compile(r"0{4,}|[oO]{3,}|[○ㅇ◯]{2,}|_{3,}|~~|…{2,}")
#: Two clauses that are set against each other, of which a reason belongs to one.
_CONTRASTS = re.compile(r"[가-힣](?:지만|으나|는 반면),? ")
#: The first of several things, of which the next sentences tell the others.
_BEGINS_LIST = re.compile(r"(?:첫\s?번째|첫째)[는로,]|(?:[두세네]|다섯|여러) ?가지(?:가|로) .*(?:먼저|하나는)")
#: What somebody has said, which is true of what they said only.
_REPORTS = re.compile(r"[다라냐자]고 (?:말|밝|강조|설명|전|덧붙|당부|주장)[가-힣]*다\.$")
_IS_TERM = re.compile(
    r"[“\"‘']?([가-힣A-Za-z][^“”\"‘’',.]{1,24}?)[”\"’']?(?:이란|란|이라 함은|라 함은) .{12,}(?:다|요)\.$"
)
_DEFINITION = re.compile(r"(?:말한다|말합니다|의미한다|의미합니다|뜻한다|뜻합니다)\.$")
_TERM = re.compile(r"(?:에 따르면 )?([^,?]+?)(?:이란|란) 무엇인가요")
#: A term that a sentence explains for everybody, or one of several words, which is not said of other things.
_TERM_OF_ALL = re.compile(
    r".{2,40}?(?:이란|란|이라 함은|라 함은) |[“\"‘']?\S{5,}[”\"’']?[은는] |\S+ \S+(?: \S+)?[은는] "
)
_COUNTS = re.compile(r"(?:개|명|가지|회|번|곳|종|건)(?:이다|입니다)\.$")
#: The sign of a footnote behind a word.
_FOOTNOTE = re.compile(r"(?<=[가-힣A-Za-z)])\*{1,3}(?: (?=[을를이가은는에의로과와도]\s))?")
#: Words of an answer, "아니요," among them.
_SLIGHT = 6
#: The place of ㅆ among the final consonants.
_PAST = 20


def prose_drafts(document: Document) -> Iterator[Draft]:
    """Yield the drafts of a document's lines."""
    names = Names(document.name, document.pages)
    asked = [*faq_drafts(document), *definition_drafts(document)]
    answers = [(draft.page_number, draft.place) for draft in asked if draft.reason is None]
    drafts = [
        draft
        for line in outline(document)
        if not line.is_cut and not _is_asked(line, answers)
        for draft in _drafts(line, names)
    ]
    yield from _answered_once(drafts)


def _answered_once(drafts: list[Draft]) -> Iterator[Draft]:
    """Leave out questions that several lines answer, but for the list that says it all."""
    answers: dict[str, set[str]] = defaultdict(set)
    for draft in drafts:
        answers[draft.instruction].add(draft.output)
    lists = Counter(draft.instruction for draft in drafts if draft.kind == "list")
    for draft in drafts:
        is_whole = draft.kind == "list" and lists[draft.instruction] == 1
        if len(answers[draft.instruction]) == 1 or is_whole:
            yield draft


def _drafts(line: Line, names: Names) -> Iterator[Draft]:
    if is_korean(line.text):
        yield from label_drafts(line, names)
        yield from field_drafts(line, names)
        yield from list_drafts(line, names)
        yield from _sentence_drafts(line, names)
    else:
        yield from _english_drafts(line, names)


def _english_drafts(line: Line, names: Names) -> Iterator[Draft]:
    for start, text in _sentences(line.text, 0):
        asked = ask_english(text, names.document)
        if asked:
            place = _part(line, start, text)
            yield Draft("statement", line.page_number, asked.question, asked.answer, place, section_of(line))


def _part(line: Line, start: int, text: str) -> Place:
    """Return the place of a part of a line."""
    return line.place().model_copy(update={"start": line.start + start, "end": line.start + start + len(text)})


def _is_asked(line: Line, answers: list[tuple[int, Place]]) -> bool:
    """Tell whether a line is the answer, or a part of it, to a question that another rule asks."""
    return line.table is None and any(
        page_number == line.page_number and place.start <= line.start and line.end <= place.end
        for page_number, place in answers
    )


def _sentence_drafts(line: Line, names: Names) -> Iterator[Draft]:
    """Ask for what the sentences of a line say."""
    label = LABEL.match(line.text)
    begin = label.start(2) if label else 0
    for start, text in _sentences(line.text, begin):
        sentence = _understood(text, names)
        if sentence is None:
            continue
        place = _part(line, start, text)
        term = _IS_TERM.match(sentence)
        if term and _says_itself(term[1], sentence):
            continue
        if term and _is_noun(term[1]):
            question = f"{with_particle(term[1], '이란/란')} 무엇인가요?"
            yield Draft("definition", line.page_number, question, sentence, place, section_of(line), term[1])
            continue
        where = _where(sentence, names)
        for asked in ask(sentence, where):
            if not (_is_awkward(asked, sentence) or (start > begin and _is_slight(asked))):
                # The document's own name may have numbers and codes that the sentence does not.
                answer = names.unnamed(asked.answer, text) if not_proven(asked.answer, text) else asked.answer
                question = _by_verb(asked.question, sentence)
                draft = Draft("statement", line.page_number, question, answer, place, section_of(line), asked.topic)
                yield _placed(draft, where, names)


def _says_itself(term: str, sentence: str) -> bool:
    """Tell whether a definition ends in what it defines: 중소기업이란 … 법에 따른 중소기업이다."""
    return re.search(rf"\s{re.escape(term)}(?:이다|입니다|[을를] \S+)\.?$", sentence) is not None


def _placed(draft: Draft, where: str | None, names: Names) -> Draft:
    """Leave out the document's name where the question has the project's, and say "에서" of what is not a document."""
    before, question = f"{where}에 따르면 ", draft.instruction
    if where is None or not question.startswith(before):
        return draft
    bare = question.removeprefix(before)
    if any(name in bare for name in names.things.values()):
        topic = draft.topic.removeprefix(f"{where}에서 ") if draft.topic else None
        return replace(draft, instruction=bare, topic=topic)
    context = before if names.is_document else f"{where}에서 "
    return replace(draft, instruction=context + bare, context=context)


def _is_slight(asked: Asked) -> bool:
    """Tell whether a sentence inside a paragraph denies so little that it holds for the case before it alone."""
    return asked.answer.startswith("아니요") and len(asked.answer.split()) <= _SLIGHT


def _by_verb(question: str, sentence: str) -> str:
    """Ask what one does, or why, where the sentence says that: …할 때 권한을 설정한다 -> …할 때 어떻게 하나요."""
    if sentence.endswith("드립니다."):
        return question.replace("어떻게 하나요?", "어떻게 되나요?")
    if _DOES.search(sentence):
        return question.replace("어떻게 되나요?", "어떻게 하나요?")
    if _GIVES_REASON.search(sentence):
        return question.replace("것은 무엇인가요?", "이유는 무엇인가요?")
    return question


def _sentences(text: str, start: int) -> Iterator[tuple[int, str]]:
    """Yield the sentences of a text from character `start`, each with its start."""
    for gap in [*SENTENCE_GAP.finditer(text, start), None]:
        end = gap.start() if gap else len(text)
        yield start, text[start:end].rstrip()
        start = gap.end() if gap else end


def _understood(text: str, names: Names) -> str | None:
    """Return a sentence as it is understood outside of its document. None where it is not, or not a sentence."""
    spelled = None if gives_value(text) else as_sentence(_FOOTNOTE.sub("", text))
    if (
        spelled is None
        or _BLANK.search(text)
        or _REFERS_BACK.search(spelled)
        or re.search(r"\s?[:：](?:\s|$)|\s[-–]\s", spelled)
    ):
        return None
    # In minutes, the words in brackets before a sentence say who spoke.
    if _REPORTS.search(spelled) or _BEGINS_LIST.search(spelled):
        return None
    if text.startswith("(") and _MINUTES.search(names.document):
        return None
    named = names.named(spelled)
    return named if named and (names.document or not _is_of_its_document(named)) else None


def _where(sentence: str, names: Names) -> str | None:
    """Return the document's name where a sentence holds for its document alone."""
    if names.document in sentence:
        return None
    is_general = names.is_general and not _is_of_its_document(sentence)
    is_definition = _DEFINITION.search(sentence) and _TERM_OF_ALL.match(sentence)
    return None if is_general or is_definition else names.source or None


def _is_of_its_document(sentence: str) -> bool:
    """Tell whether a sentence is about what any document may speak of (사업자는 …), or says what was or will be."""
    topic = Clause(sentence.rstrip(".")).topic_noun
    is_common = " " not in topic and len(topic) <= 6 and re.search(r"[A-Za-z\d]", topic) is None
    return is_common or is_past(sentence) or _FORESEES.search(sentence) is not None


def is_past(sentence: str) -> bool:
    """Tell whether a sentence is in the past tense: its verb has the final consonant ㅆ, and is not 있다 or 겠다."""
    match = re.search(r"([가-힣])(?:다|습니다)\.$", sentence)
    return match is not None and match[1] not in "있겠" and (ord(match[1]) - ord("가")) % 28 == _PAST


def _is_awkward(asked: Asked, sentence: str) -> bool:
    """Tell whether a question has two clauses, or does not fit its sentence."""
    question = asked.question
    if ("어떻게 되나요" in question and is_past(sentence)) or (" 왜 " in question and _CONTRASTS.search(sentence)):
        return True
    if sentence.endswith(("다는 것이다.", "다는 것입니다.")) or (
        _COUNTS.search(asked.answer) and "무엇인가요" in question
    ):
        return True
    if re.search(r"[은는] 무엇인가요", question) and not _says_what(asked, sentence):
        return True
    term = _TERM.search(question)
    return _AWKWARD.search(question) is not None or (term is not None and not _is_noun(term[1]))


def _says_what(asked: Asked, sentence: str) -> bool:
    """Tell whether a sentence as a whole says what its topic is, and does not only repeat it."""
    topic = re.search(r"(?:에 따르면 )?(.{8,})[은는] 무엇인가요", asked.question)
    repeats = topic is not None and asked.answer.count(topic[1]) > 1
    return not repeats and asked.answer.split()[-1] == sentence.split()[-1]


def _is_noun(text: str) -> bool:
    return morphemes(text)[-1].tag.startswith(("NN", "SL", "SN", "XSN", "SS", "W_"))
