"""What a sentence refers to: other articles, brackets that give a thing a name, and words that point back."""

import re

from pagetune.text.korean import with_particle

#: A name that the law, or the terms, give a thing inside brackets.
_NICKNAME = re.compile(r"\s?\((?:이하|다만|단,)[^()]*(?:\([^()]*\)[^()]*)*\)")
_BRACKETS = re.compile(r"\s?\([^()]*(?:\([^()]*\)[^()]*)*\)")
#: An article, or several, of the same text: 제28조제1항 및 제2항. That of another law stands behind its name.
_ARTICLES = (
    r"(?:(?<![」』”\"법령칙정]\s)(?<!\d[조항호]\s)(?<![」』”\"가-힣])제\d+(?:조|항|호)(?:의\d+)?(?:\s?제\d+[항호](?:의\d+)?){0,2}"
    r"(?:\s?(?:및|또는|내지|부터|까지|,|ㆍ|·|전단|후단|본문|단서)\s?(?:제\d+[조항호목](?:의\d+)?|[가-하]목)*)*)"
)
#: A noun that says nothing without the reference before it: 업무의, 조사ㆍ검사를.
_SHORT_NOUN = (
    r"(?:[가-힣]{1,3}[ㆍ·])?[가-힣]{1,3}"
    r"(?:(?:을|를|이|은|는|에|으로|로)\s|의\s(?:전부|일부|범위|기준|내용|방법|절차|종류|금액|기간))"
    r"|[가-힣]{1,2}의\s"
)
_REFERENCE = re.compile(
    rf"{_ARTICLES}\s?(?:의\s규정)?(?:에\s(?:따른|의한|의하여|의해|따라|따라서|규정된|정한|의거)|에서\s정한)\s(?!(?:{_SHORT_NOUN}))"
)
_NEEDED_REFERENCE = re.compile(rf"({_ARTICLES})\s?(?:의\s규정)?에\s(따른|의한|의하여|의해|따라)\s(?=({_SHORT_NOUN}))")
_DESPITE = re.compile(rf"^{_ARTICLES}\s?(?:의\s규정)?에(?:도)?\s불구하고,?\s")
#: Provisions of the same text that somebody breaks: 제18조제1항ㆍ제2항 또는 제19조를 위반하여.
_BREACH = re.compile(
    r"(?<![가-힣」』”\"])(?<![법령칙정」』”\"]\s)제\d+조(?:[제조항호목\d의ㆍ·,\s]|및|또는|내지|부터|까지|본문|단서|전단|후단|규정)*[을를]\s위반하여\s"
)
#: What announces a list.
ANNOUNCES = re.compile(
    r"다음\s?각|다음과|다음의?\s(?!날|달|해|주|학기|영업일|월|년|연도|분기|회|차|단계)|아래와|아래의\s|각\s호"
)
_POINTS_OUTSIDE = re.compile(
    r"제\d+[항호목조]|(?:같은|동)\s?(?:조|항|호|법|영)|전항|각\s?[호목]|[가-하]목|다음\s각|다음과|아래|위와|그러하|이하\s같|"
    r"(?:^|\s)(?:본|동|당해|이러한|그러한|이와|이에|그와|이는|그는|이때|여기|거기|이들|그들|상기|전술한|위[의에]?|앞의?)\s|"
    r"(?:또한|역시)\s|(?:^|\s)(?:이것|그것|이로|그로|이 경우|이 조|이 장|전단|후단|본문|단서)"
)
#: What points at a word before it, which may be in the question itself.
_POINTS_AT_WORD = re.compile(r"(?:^|\s)(?:이|그|이를|해당)\s(?!밖[에의]|외[에의]|날|시\s)")
_ANTECEDENT = re.compile(r"[가-힣](?:[을를]|면|경우\S*|때\S*)\s|\s및\s$")
_OWN_TEXT = re.compile(
    r"(?<![가-힣])이\s(?:법|영|규칙|규정|약관|지침|고시|조례|세칙|훈령|예규|내규|계약|협약|정관|기준|요령|"
    r"규약|회칙|강령|학칙|교칙|사칙|편람|공고문?|안내문|설명서|해설서|제안요청서|안내서|매뉴얼|문서)(?:([은는이가을를과와])(?=\s)|(?=[에의\s]))"
)
_PARTICLES = {one: pair for pair in ("은/는", "이/가", "을/를", "과/와") for one in pair.split("/")}


def without_brackets(text: str) -> str:
    """Return the text without what stands in round brackets."""
    return _BRACKETS.sub("", _NICKNAME.sub("", text))


def without_references(text: str) -> str:
    """Return the text without the references to articles that it can do without."""
    return _REFERENCE.sub("", _DESPITE.sub("", text))


def with_breach_of(law: str, text: str) -> str:
    """Name the law in place of its provisions that somebody breaks: 개인정보 보호법을 위반하여."""
    return _BREACH.sub(f"{with_particle(law, '을/를')} 위반하여 ", text)


def with_own_name(text: str, name: str) -> str:
    """Return the text with `name` for "이 법", "이 규정", and the particle that the name needs."""
    return _OWN_TEXT.sub(lambda match: with_particle(name, _PARTICLES[match[1]]) if match[1] else name, text)


def has_own_name(text: str) -> bool:
    """Tell whether the text calls what it stands in "이 법", "이 규정"."""
    return _OWN_TEXT.search(text) is not None


#: What a law gives or asks for, so that it is known by the law's name: 전자금융거래법에 따른 허가.
_KNOWN_BY_LAW = re.compile(r"(?:허가|인가|승인|지정|인증|면허|등록|신고|신청|계약)등?")


def with_titles(text: str, titles: dict[str, str], own: str, law: str) -> str:
    """Name the article that a reference points at, where what it refers to says nothing by itself.

    제28조에 따라 허가를 받은 -> 전자금융업의 허가를 받은, where 제28조 has that title, and else …에 관한 규정에 따라.
    `titles` holds the titles by "제28조"; "제1항" is in the article with the title `own`.
    """

    def name(match: re.Match[str]) -> str:
        numbers = re.findall(r"제\d+조(?:의\d+)?", match[1])
        cited = [titles[number] for number in numbers if number in titles] if numbers else [own]
        noun = re.match(r"[가-힣]+?(?=[을를이은는에으로의]+\s)", match[3])
        if noun and any(noun.group() in title for title in cited):
            whose = next((found for title in cited if (found := _whose(noun.group(), title))), None)
            is_main = any(title.startswith(noun.group()) for title in cited)
            if whose or is_main or _KNOWN_BY_LAW.fullmatch(noun.group()):
                return whose or f"{law}에 {match[2]} "
        if len(cited) != 1 or len(set(numbers)) > 1:
            return match.group()
        return f"{re.sub(' 등$', '', cited[0])}에 관한 규정에 {match[2]} "

    return _NEEDED_REFERENCE.sub(name, text)


def _whose(noun: str, title: str) -> str | None:
    """Return the words of a title that say whose or which a noun is: "주차요금의 " of 감면."""
    whose, other = r"(\S.*(?:의|에 관한|에 대한|[을를] 위한)\s)", r"(?:[가-힣]+(?:[과와,]|\s및)?\s|[가-힣]+[ㆍ·])?"
    found = re.match(rf"{whose}{other}{noun}(?:의\s|(?![가-힣]))", title)
    return found[1] if found else None


def points_back(text: str) -> bool:
    """Tell whether a text points at something that it does not name."""
    found = _POINTS_AT_WORD.search(text)
    return _POINTS_OUTSIDE.search(text) is not None or (found is not None and not _is_named(text, found))


def _is_named(text: str, pointer: re.Match[str]) -> bool:
    """Tell whether something before the pointer may be what it points at: the same noun, or an object or a clause."""
    noun = re.match(r"[가-힣]{2}", text[pointer.end() :])
    is_same = noun is not None and noun.group() in text[: pointer.start()]
    return is_same or _ANTECEDENT.search(text, 0, pointer.start() + 1) is not None
