"""What a document is called, and what "본 사업" or "이 기준" in it stand for."""

import re
from itertools import pairwise, takewhile

from pagetune.build_qa.sentences.clauses import Clause
from pagetune.records import Page
from pagetune.text.korean import with_particle
from pagetune.text.sentences import ends_sentence

#: A longer line is text, and neither a title nor a heading.
MAX_TITLE_CHARACTERS = 60
#: Words at the end of a title that say what kind of document it is.
_DOCUMENT_WORD = (
    r"(?:제안\s?요청서|보도\s?자료|과업\s?지시서|과업\s?내용서|안내서|가이드(?:라인|북)?|매뉴얼|사용\s?설명서|설명서|해설서|편람|"
    r"핸드북|백서|보고서|계획서?|계획\(안\)|회의록|의사록|공고문?|모집\s?요강|요강|안내문?|지침서?|규정|규칙|내규|"
    r"세칙|조례|약관|기준|법률안|(?<!방)법|시행령|고시|방안|대책|자료집?|질의응답|자주 묻는 질문|자주 하는 질문|문답|"
    r"FAQ|Q&A|RFP|교재|명세서|투자신탁\S*|펀드\S*|MSDS|(?:물질)?안전보건자료|자료)"
)
_ENDS_AS_TITLE = re.compile(rf"{_DOCUMENT_WORD}(?:\s?[(\[][^)\]]*[)\]])?$")
#: Lines that only say what kind of document it is, and so do not name one.
_ONLY_A_KIND = re.compile(
    rf"(?:{_DOCUMENT_WORD}|목\s?차|차\s?례|보도\s?자료|붙\s?임|별\s?첨|서\s?식|표\s?지|머리말|요\s?약|서\s?론|초\s?록|"
    r"공개특허.*|등록특허.*|특허공보|monthly report|contents|abstract|chapter.*|chapitre.*|item \d+|newsletter|notice)"
    r"(?:\s?[(\[][^)\]]*[)\]])?",
    re.IGNORECASE,
)
#: First lines that are not titles: dates, brackets, numbers of documents, addresses, approvals, chapters.
_NOT_A_TITLE = re.compile(
    r"[*•○□■※▪☞]|[-–]\s|[가-힣\s]{1,12}\s?[:：]\s|[가-하][.)]\s|[가-힣\s]{0,8}(?:명칭|명|제목|일\s?시|장\s?소|기\s?간)\s?[:：]|.*[:：]$|\(\d+\)|\d{1,2}(?:[.)]|(?:[.-]\d{1,2})+[.)]?)\s|[\[(<].*[\])>]\s*$|[\W\d_]+$|\d{4}\s?[년.].{0,12}(?:기준|현재)?$|.*(?:www\.|https?:|@)|.*(?:심사필|필증)|"
    r".*(?:공고|고시|훈령|예규)\s?제\s?\d{4}\s?[-–]\s?\d+\s?호\W*$|"
    r"제\s?\d+\s?[장절편관부조]|[(\[]?[A-Z]{1,6}-?\d+$|[(\[]?[A-Z][A-Z\d]*(?:[-–][A-Z\dⅠ-Ⅻ①-⑳➀-➉]+)+[)\]]?[\W\d_]*$|(?:발신|수신|문서번호|등록번호|담당|작성일?|시행일?|배포)\b"
)
#: The name that a document gives to what it is about: 사업명: …, 발명의 명칭 ….
_NAMES = re.compile(
    r"(?:^|[\s○❍□■▪•ㅇ◦\-)])"
    r"(사\s?업|과\s?제|용\s?역|공\s?사|발\s?명|행\s?사|과\s?정|펀\s?드|상\s?품|제\s?품|회\s?의|대\s?회|공\s?모\s?전|강\s?좌|"
    r"서\s?비\s?스|시\s?험|물\s?질|화학\s?제\s?품)"
    r"\s?의?\s?(?:명\s?칭|명|제\s?목)\s*(?:[:：]|(?<=명칭)\s)\s*(\S.{1,70})$",
    re.MULTILINE,
)
#: Numbers, dates and versions in brackets or in front, which are the file's: (AGR-2019-84)…, 240513-…, …(20250205).
#: What a file's name adds behind: …_최종, … v2, … ff.
_AROUND_FILE_NAME = re.compile(
    r"^(?:[\[(][^\])]*[\])]|\d{6,8}[-\s.]|\s|-)+|(?:\s?[\[(][^\])]*[\])])+$|"
    r"(?:[\s_.-]+(?:최종\s?(?:본|수정본)?|수정본?|사본|배포용|게시용|공개용?|final|f{1,2}|FN|v(?:er)?\.?\s?\d[\d.]*|_))+$",
    re.IGNORECASE,
)
#: The short name that a law gives itself.
SHORT_NAME = re.compile(r"\(\s*약칭\s*[:：]\s*([^)]{2,30}?)\s*\)")
_POINTS_BACK = r"(?<![가-힣])(?:본|이|동|당해|해당|금번|이번)\s?"
#: Nouns that "본" may point to. Only these may follow it without a space.
_THINGS = (
    "사업|과제|용역|공사|발명|행사|과정|펀드|투자신탁|상품|제품|회의|대회|공모전|강좌|서비스|시험|물질|가이드라인|가이드|"
    "안내서|해설서|설명서|매뉴얼|지침|규정|규칙|기준|약관|법|조례|고시|논문|보고서|계획|제안요청서|과업지시서|공고|교재|편람|백서"
)
_THING = re.compile(rf"{_POINTS_BACK}({_THINGS})(?=[은는이가을를의에과와로도만]|에서|으로|\s|,)")
#: Other words that only a reader of the document understands.
_SELF = re.compile(
    r"(?<![가-힣])(?:당사|폐사|본사|본인|당행|당원|당 \w|우리|저희|귀사|귀 \w|상기|전술|후술|위와|아래|앞서|"
    r"본(?! ?(?:인|래|질|격|문|점))\s|이(?:\s|는 |를 |와 |에 |로 |것|러한|때|곳|들|날\s)|"
    r"그(?:\s|것|러한|때|들)|동\s|저\s|해당\s|위(?:에서|의|에)?\s|다음|여기|거기)"
)
#: Documents that say what holds everywhere; of any other, a sentence holds for its document.
_GENERAL = re.compile(r"(?:해설서?|가이드라인|교재|편람|핸드북|백서|상식|사전)$")
_OWN_WORK = {"논문", "보고서", "백서", "교재"}


#: A headline has more characters than these, and at most this many lines, before those that begin with a dash.
_MIN_HEADLINE, _HEADLINE_LINES = 10, 2
#: Letters that tell what a document is about, and the longest name that is said in full.
_MIN_SUBJECT, _MAX_SUBJECT = 4, 30
_MERE_KIND = re.compile(r"입찰\s?공고(?:문|서)?|보통\s?약관|월간\s?보고서")
#: Words around a title that say what kind of document it is, and the year before them.
_AROUND_SUBJECT = re.compile(
    r"^(?:Monthly Report|월간\s?보고서|운용\s?보고서)\s+"
    r"|(?:\s+(?:\d{4}년|자주 묻는 질문|이용 문답|질의응답|문답|FAQ|Q&A|이용 안내서?|사용 안내서|교육 안내|"
    r"안내서|안내문|안내|공고문?|매뉴얼|사용 설명서|설명서|모음집?))+$"
)
#: The end of a line that is a clause, or that names a case, and not a thing: 복학하고자, 과제가 동일한 경우.
_CASE = re.compile(
    r"[을를이가] (?:\S+ )*\S*(?:는|은|한|된|할|인|던|운|위한) (?:\S+한 )?"
    r"(?:경우|때|행위|것|자|사람|내용|사항|바|때문)$|"
    r"[가-힣](?:고자|도록|하여|하며|으며|지만|이며|이고|라도|으로써|므로|에서는?|에게는?|에는)$"
)


def is_clause(text: str) -> bool:
    """Tell whether a line is a clause or describes a case, and so names nothing: 본인은 휴학으로 … 복학하고자."""
    return _CASE.search(text) is not None or Clause(text).topic is not None


def document_name(pages: list[Page]) -> str:
    """Return what people would call the document, or nothing: its title, or a file name that reads like one."""
    first = [line for line in pages[0].text.split("\n") if line.strip()]
    about = next(iter(_things(pages).items()), None)
    title = _cover_title(first) if len(pages[0].text) <= 250 else _first_title(first[:6])
    if any(re.fullmatch(r"\W*보\s?도\s?자\s?료\W*", line) for line in first[:3]):
        return _press_release(pages[0].doc_id, first)
    if about and (not title or _ONLY_A_KIND.fullmatch(title)):
        return _with_kind(about, title)
    if title and not _ONLY_A_KIND.fullmatch(title):
        return title
    return _file_name(pages[0].doc_id) or (title if re.fullmatch(_DOCUMENT_WORD, title) else "")


def _press_release(doc_id: str, lines: list[str]) -> str:
    """Return the name of a press release: its file's where that says so, or else its headline."""
    file_name = _file_name(doc_id)
    if file_name.endswith("보도자료"):
        return file_name
    usable = [_bare(line) for line in lines[:6]]
    first = next((n for n, line in enumerate(usable) if len(line) > _MIN_HEADLINE and _can_be_headline(line)), 0)
    headline = " ".join(takewhile(_can_be_headline, usable[first : first + _HEADLINE_LINES]))
    plain = re.sub(r"[‘’“”'\"]", "", headline)
    return f"‘{plain}’ 보도자료" if 0 < len(plain) <= MAX_TITLE_CHARACTERS else file_name


def _can_be_headline(line: str) -> bool:
    return not _NOT_A_TITLE.match(line) and not ends_sentence(line) and len(line) <= MAX_TITLE_CHARACTERS


def subject_of(name: str, pages: list[Page]) -> str:
    """Return what a document is about: its name without 안내 or FAQ, or else the project or product that it names."""
    title = _AROUND_SUBJECT.sub("", name).strip()
    words = "".join(re.findall(r"[가-힣]{2,}|[A-Za-z]{3,}", title))
    if len(words) < _MIN_SUBJECT or _ONLY_A_KIND.fullmatch(title) or _MERE_KIND.fullmatch(title):
        return next((_complete(*about) for about in _things(pages).items()), "")
    short = title.split(":")[0].strip()
    return short if len(title) > _MAX_SUBJECT and len(short) > _MIN_SUBJECT else title


def _with_kind(about: tuple[str, str], kind: str) -> str:
    """Join what a document is about with its kind: … 구축 사업 제안요청서."""
    name = _complete(*about)
    kind = re.sub(r"\s?[(\[][^)\]]*[)\]]$", "", kind)
    return f"{name} {kind}" if kind and re.search("[가-힣]", kind) and "특허" not in kind else name


def _things(pages: list[Page]) -> dict[str, str]:
    """Return the names that the first pages give to a project, an invention and the like, by noun."""
    found: dict[str, str] = {}
    for page in pages[:5]:
        cells = [pair for table in page.tables for row in table.rows for pair in pairwise(row) if pair[0] != pair[1]]
        texts = [page.text, *(f"{label}: {value}" for label, value in cells)]
        for text in texts:
            for noun, name in _NAMES.findall(text):
                found.setdefault(noun.replace(" ", ""), name.strip(' 「」｢｣"“”'))
    return found


def _cover_title(lines: list[str]) -> str:
    """Return the title on a cover, whose lines are joined up to the one that ends as a title."""
    first = next((number for number, line in enumerate(lines) if _can_be_title(_bare(line))), 0)
    usable = [_bare(line) for line in takewhile(lambda line: _can_be_title(_bare(line)), lines[first:])]
    for count in (1, 2, 3):
        joined = " ".join(usable[:count])
        if len(usable) >= count and len(joined) <= MAX_TITLE_CHARACTERS and _ENDS_AS_TITLE.search(joined):
            return joined
    return usable[0] if usable else ""


def _first_title(lines: list[str]) -> str:
    """Return the first line where it can be a title, or the next one where the first only gives the kind."""
    usable = [_bare(line) for line in lines if _can_be_title(_bare(line))]
    first = _bare(lines[0]) if lines else ""
    if not _can_be_title(first) and not _is_front_matter(first):
        return ""
    return next((line for line in usable if not _ONLY_A_KIND.fullmatch(line)), usable[0] if usable else "")


def _bare(line: str) -> str:
    """Return a line without what stands around a title, or the short name that a law gives itself."""
    if short := SHORT_NAME.search(line):
        return short[1]
    line = line.strip("【】《》 ")
    return re.sub(r"^(?:monthly report|보도자료)\s+(?=\S{4})", "", line, flags=re.IGNORECASE)


def _can_be_title(line: str) -> bool:
    return (
        2 <= len(line) <= MAX_TITLE_CHARACTERS
        and not _NOT_A_TITLE.match(line)
        and not ends_sentence(line)
        and re.search(r"[^\W\d_]{2}", line) is not None
        and not is_clause(line)
    )


def _is_front_matter(line: str) -> bool:
    return _NOT_A_TITLE.match(line) is not None or _ONLY_A_KIND.fullmatch(line) is not None


def _file_name(doc_id: str) -> str:
    """Return a file's name where it reads like a title: four letters of Hangul, or several English words."""
    bare = _AROUND_FILE_NAME.sub("", doc_id.replace("_", " ").strip()).strip()
    words = re.sub(r"\s+", " ", bare or doc_id)
    is_name = len(re.findall("[가-힣]", words)) >= 4 or len(re.findall(r"\b[A-Z][a-z]{2,}", words)) >= 2
    return words if is_name and len(words) <= MAX_TITLE_CHARACTERS else ""


class Names:
    """The names in a document by which its sentences are understood outside of it."""

    def __init__(self, name: str, pages: list[Page]) -> None:
        self.document = name
        #: How a question names it as the source of what it asks.
        self.source = f"‘{name}’ 논문" if name and _is_paper(pages) else name
        #: It is called a document, which says things; a fund or a project does not.
        self.is_document = _ENDS_AS_TITLE.search(name) is not None and not re.search(r"투자신탁|펀드", name)
        self.is_document = self.is_document or self.source != name
        self.is_general = _GENERAL.search(name) is not None
        self.things = {noun: _complete(noun, name) for noun, name in _things(pages).items()}

    def points_back(self, text: str) -> bool:
        """Tell whether words of the text point to what only the document says: 본 사업, 당사, 위 표."""
        return self.named(text) != text or _SELF.search(text) is not None

    def named(self, text: str) -> str | None:
        """Return the text with names in place of 본 사업 and the like; None where one of them has no name."""
        missing: list[str] = []

        def name(match: re.Match[str]) -> str:
            found = self._name_of(match[1])
            if not found:
                missing.append(match[1])
            return found or match[0]

        named = _THING.sub(name, text)
        return None if missing else self._with_particles(named)

    def _with_particles(self, text: str) -> str:
        """Give each name the particle that it needs: 본 제품은 is 크린솔은, and A-7은 or A-9는."""
        for name in {*self.things.values(), self.document} - {""}:
            for pair in ("은/는", "이/가", "을/를", "과/와"):
                either = pair.replace("/", "|")
                text = re.sub(
                    rf"(?<={re.escape(name)})(?:{either})(?=\s|,)", with_particle(name, pair)[len(name) :], text
                )
        return text

    def unnamed(self, named: str, text: str) -> str:
        """Return the text with the words that `text` has in place of the names: 본 사업 for … 구축 사업."""
        for match in _THING.finditer(text):
            named = named.replace(self._name_of(match[1]) or match[0], match[0])
        return named

    def _name_of(self, noun: str) -> str | None:
        if noun in self.things:
            return self.things[noun]
        if noun in _OWN_WORK:
            return f"‘{self.document}’ {noun}" if self.document else None
        title = re.sub(r"\s?[(\[][^)\]]*[)\]]$", "", self.document)
        if re.search(rf"{noun}(?:제?\d+호)?$", title):
            return title
        short = re.sub(rf"\s?{_DOCUMENT_WORD}$", "", title)
        return short if short.endswith(noun) else None


def _is_paper(pages: list[Page]) -> bool:
    """Tell whether a document is a paper: it has an abstract or keywords, and references."""
    text = "\n".join(page.text for page in pages)
    begins = re.search(
        r"^(?:요\s?약|초\s?록|abstract)\b|^(?:주제어|핵심어|keywords)\s?[:：]", text, re.IGNORECASE | re.MULTILINE
    )
    return (
        begins is not None
        and re.search(r"참\s?고\s?문\s?헌|^references", text, re.IGNORECASE | re.MULTILINE) is not None
    )


def _complete(noun: str, name: str) -> str:
    """Return a name with its noun: … 도입 is … 도입 사업."""
    return (
        name
        if name.endswith(noun) or noun not in ("사업", "과제", "용역", "공사", "행사", "과정")
        else f"{name} {noun}"
    )
