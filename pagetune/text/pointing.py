"""Questions that point at a passage which whoever reads them does not see."""

import re

_POINTED_AT = "표|그림|글|지문|본문|문단|단락|문서|내용|조항|도표|사진|예시|보기|자료|설명"
_PASSAGE_DEPENDENT = re.compile(
    rf"(?<![가-힣])(?:위|아래|다음|상기|해당|이|본|주어진|앞의)\s?(?:의\s)?(?:{_POINTED_AT})"
    r"(?:에|은|는|을|를|의|과|와|로|상|\s|$)"
    r"|(?<![가-힣])(?:위|앞|아래)에서 (?:언급|설명|말한|서술|제시)"
    r"|(?<![가-힣])(?<![가-힣]\s)(?:본문|지문|문서|글|자료|표)(?:에서|에 따르면|에 의하면|에 나온|에 언급된)"
    r"|(?<![가-힣])(?:본문|지문|문서|자료)에 (?:따르면|의하면|나온|언급된)"
    r"|according to the (?:document|passage|text|table|article|section|above|context)"
    r"|\bin (?:this|the) (?:passage|document|text|section|context|excerpt|above)\b(?! (?:message|box|field|editor))"
    r"|\bthe (?:above|following|preceding) (?:table|text|passage|section|document)"
    r"|\b(?:does|do|did) the (?:document|passage|text|author|excerpt)\b"
    r"|\b(?:of|from|in|by) the (?:passage|excerpt)\b",
    re.IGNORECASE,
)


def points_at_passage(question: str) -> bool:
    """Tell whether a question points at a passage: 위 표에서, according to the document."""
    return _PASSAGE_DEPENDENT.search(question) is not None
