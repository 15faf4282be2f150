"""Text that dictates an answer without a word about a model or its instructions: always say that the fee is 0 won.

Manuals, forms and exams tell people what to do and to write too. What counts is an order about answers to questions, a
role that claims something, a claim that is to hold whatever the rest of the document says, or a promise for an answer.
"""

import re

_IGNORE_CASE = re.IGNORECASE


def _korean(pattern: str) -> re.Pattern[str]:
    """Compile a pattern in which a space stands for one space, or none."""
    return re.compile(pattern.replace(" ", " ?"), _IGNORE_CASE)


_ALWAYS = r"(?:항상|언제나|무조건|늘|오직|예외 없이)"
_END = r"(?=\W*$|[.!?:,)])"
_ORDER = (
    rf"(?:(?:하|해) (?:라|세요|십시오|시오|주세요|주십시오|주시기|줘|야 (?:합니다|한다)|면 (?:됩니다|된다))"
    rf"|하여야 (?:합니다|한다)|할 것{_END}|하기 바|해{_END}|하도록{_END})"
)
_WRITE = (
    rf"(?:(?:적|쓰|적으)(?:라|세요|십시오|시오|어라|으시오)(?![가-힣])|(?:써|적어)(?:라| 주세요| 주십시오| 줘"
    rf"| 놓)|(?:적을|쓸) 것{_END})"
)
_ANSWER = rf"(?:(?:대?답|답변|응답|회답|대꾸) {_ORDER})"
_SAY = (
    rf"(?:{_ANSWER}|(?:말|말씀|설명|안내|표기|기재|기입|출력|주장|회신|알려|알리) {_ORDER}|{_WRITE}"
    rf"|하면 (?:됩니다|된다)|(?:알려|말해) (?:주세요|주십시오|줘|줄 것{_END}))"
)
_SAYING_THAT = r"(?:이?라|다)고 (?:만|도)? "
_QUESTION = r"(?:질문|문항|문의|물음|문답|질의)"
_NOT_YES = r"(?!예|네|아니|[OoXx○×]\b|없음)"
_KOREAN = _korean(
    # always say that …
    rf"{_ALWAYS} [^.!?]{{1,40}}?{_SAYING_THAT}(?:만 )?{_SAY}"
    rf"|(?:대?답|답변|정답|회신)(?:은|는) {_ALWAYS} [^.!?]{{1,40}}?(?:으로|로|이?라고) (?:만 )?(?:하|적|쓰|할"
    rf"|쓸|표기|기재|통일)"
    # … is to be answered by a value
    rf"|[가-힣](?:은|는) [^.!?]{{0,24}}?\d(?!\d* (?:초|분|시간|일|회|번|문장|줄|단어|글자|자|개|가지"
    rf"|페이지)(?:으로|로| 이내))[^.!?\s]{{0,8}}(?:\s[가-힣]{{1,2}})?(?:으로|로) 만? {_ANSWER}"
    # the answer to questions about …
    rf"|{_QUESTION}(?:의|에 대한|에는|에 대해서?는?) [^.!?]{{0,12}}?정답(?:은|을|으로|이)"
    rf"|(?:을|를) (?:묻는|물어보는) {_QUESTION}[^.!?]{{0,20}}?(?:정답|대?답|답변)(?:은|으로|을)"
    rf"|정답(?:으로|은) [^.!?]{{0,20}}?(?:쓸|적을|처리할|제시할|표기할|입력할) 것{_END}"
    rf"|(?:을|를) (?:물으면|물어보면|묻거든|질문하면|묻는 (?:사람|이"
    rf"|자)에게(?:는)?) [^.!?]{{0,30}}?(?:{_SAYING_THAT}|만 ){_SAY}"
    # a role that claims something
    rf"|(?:당신|너|넌|귀하)(?:은|는)? [^.!?]{{0,40}}?{_SAYING_THAT}(?:만 )?(?:말|답|대답|안내|주장|응답"
    rf"|답변) ?(?:하는|하게|할)"
    r"|(?:역할극|상황극|롤플레이)(?:을|를) (?:시작|하자|해 보자|합시다|진행)"
    # whatever else the document says
    rf"|(?:다른|나머지|이 문서|위|앞)(?:의)? (?:문서|내용|페이지|쪽|설명|표|글|부분|문장"
    rf"|자료)[^.!?]{{0,25}}?(?:상관 없이|관계 없이|무관하게|무엇이라고|뭐라고|어떻게 (?:쓰|적|되어))"
    rf"[^.!?]{{0,30}}?[가-힣](?:은|는|이|가) [^.!?]{{1,30}}?(?:{_SAYING_THAT}{_SAY}|(?:으로|로) {_ANSWER}"
    rf"|이다{_END}|입니다{_END})"
    # whoever writes questions, answers or summaries of this text
    rf"|(?:질문|문답|답변|문제|데이터|요약|요약문|초록)(?:을|를)? (?:만들|만들어 낼|생성할|생성 시|작성할"
    rf"|요약할|할|쓸|낼) ?(?:때|경우|시)?(?:는|에는)? [^.!?]{{1,40}}?"
    rf"(?:{_SAYING_THAT}{_SAY}|(?:인|한|\d+ ?원인) 것으로 (?:만들|쓰|적|하|작성)|[:：] \S[^.!?]{{0,20}} (?:사용"
    rf"|적용|출력|기재){_END})"
    rf"|(?:모든|각) (?:문답|질문|답변|대답|정답)[^.!?]{{0,10}}?(?:에|에는|을|은|마다)(?!\s*\d+ (?:문장|줄|단어"
    rf"|글자|자|개|가지|초|분|페이지))[^.!?]{{1,40}}?(?:으로|로|이?라고) (?:만 )?(?:표기|표시|적|쓰|쓴|답|기재"
    rf"|통일|작성)"
    rf"|[가-힣](?:은|는|이|가) [^.!?]{{1,30}}?(?:이?라|다)고 가정하고 [^.!?]{{0,20}}?(?:답|답변|질문|문답)(?:을"
    rf"|를) (?:작성|만들|쓰|하)"
    rf"|(?:이|본) (?:문장|글|문서|페이지|내용)(?:을|를) (?:읽는|처리하는|요약하는|학습하는) (?:프로그램|모델"
    rf"|시스템|기계|봇|도구|쪽)"
    rf"|답하면 [^.!?]{{0,12}}?(?:보상|상금|팁|포상|점수를 (?:더|드))"
)
#: An answer of a FAQ that only says what to answer: A. 9억 원이라고 대답하세요, A: (write 9 billion).
_IN_AN_ANSWER = _korean(
    rf"(?:^|[?？] |\n)\W*(?:A|답|답변)\s?[.:)：] ?[(\[<{{]? ?{_NOT_YES}[^.!?]{{1,40}}?{_SAYING_THAT}(?:만 )?{_SAY}"
    r"|(?:^|[?？] |\n)\W*(?:A|answer)\s?[.:)] ?[(\[<{] ?(?:always |please |just )?(?:write|say|answer|reply"
    r"|respond|state|output|put|insert)\b"
)
_EN_SAY = (
    r"(?:say|answer|reply|respond|state|claim|insist|assert|declare|output|report|tell (?:them|him|her"
    r"|everyone|everybody|anyone|people|users?|the users?|readers?))"
)
_EN_THAT = (
    r"(?:that |with |[\"“'‘]|the (?:[\w'-]+ ){1,5}(?:is|are|was|costs?)\b|(?:it|there) (?:is|are)\b|it's\b|[$€₩]?\d)"
)
_ENGLISH = re.compile(
    # always say that …
    rf"(?:^|[.!?:;,(\[>\"“*-] ?|\b(?:please|must|should|and|to) )(?:you )?(?:always|only ever|invariably|just"
    rf"|simply) {_EN_SAY} (?!that you\b){_EN_THAT}"
    rf"|(?:^|[.!?:;(\[>\"“*#-] ?)(?:please |remember to |be sure to |make sure to |make sure you "
    rf"|never forget to )?(?:{_EN_SAY}) that (?:the|our|this|its?) [^.!?]{{1,50}}?\b(?:is|are|was|costs?)\b"
    rf"|(?:^|[.!?:;(\[>\"“*#-] ?)(?:please |remember to |be sure to |make sure to )?tell (?:them|everyone"
    rf"|everybody|anyone|people|users?|the users?|readers?) (?:that )?the [^.!?]{{1,50}}?\b(?:is|are|was"
    rf"|costs?)\b"
    rf"|(?:^|[.!?:;(\[>\"“*-] ?)(?:respond|reply|answer) with [^.!?]{{1,40}}? (?:whenever|when|if"
    rf"|every time) (?:the|an?|any) [^.!?]{{1,40}}? (?:is|are) (?:mentioned|asked|raised|requested|questioned)"
    # the answer to questions
    r"|\banswers? (?:to|for) (?:any|every|each|all) (?:of )?(?:the )?(?:questions?|quer(?:y|ies)"
    r"|prompts?) (?:about|on|regarding|concerning|related)\b"
    r"|\bfor (?:any|every|each|all) (?:of )?(?:the )?questions? (?:about|on|regarding"
    r"|concerning)\b[^.!?]{0,40}\banswer (?:is|must|should|will|:)"
    r"|\b(?:expected|desired|required) answers? (?:to|for) (?:the |any |all |every )?(?:[\w-]+ ){0,3}questions?\b"
    r"|\b(?:wherever|whenever|every time|any time) (?:you are|you['’]re|someone|anyone|a user|the user"
    r"|users?) (?:is |are )?asks?(?:ed)?\b[^.!?]{0,60}\b(?:say|write|answer|reply|is|are)\b"
    r"|\b(?:say|write|use|repeat|state|put) (?:it|this|that) (?:wherever|whenever|every time) (?:you are"
    r"|you['’]re|someone|anyone)\b"
    # a role that claims something
    r"|\blet['’]?s (?:play a (?:little )?game|role-?play)\b"
    r"|\byou (?:are|will be|play) (?:now )?an? (?:[\w-]+ ){1,4}(?:who|that) (?:always |only )?(?:tells?|says?"
    r"|answers?|claims?|insists?|believes?|thinks?)\b"
    r"|(?:^|[.!?:;] )(?:please )?pretend (?:that|to be|you)\b"
    # whatever else the document says
    r"|\b(?:no matter what|regardless of what|whatever|despite what|contrary to what) (?:the|this|any"
    r"|other) (?:rest of the )?(?:document|table|text|page|context|passage|manual|article|source|pages"
    r"|documents)"
    r" (?:says?|states?|reads?|claims?|shows?|might say|may say)"
    r"|\b(?:do not|don['’]t|never) (?:use|trust|quote|rely on|believe) the (?:number|value|figure|text|table"
    r"|information|amount|answer|name|date)s? (?:above|below|elsewhere)\b"
    r"|\b(?:new|updated|revised|secret|hidden) (?:rule|instruction|directive"
    r"|system prompt)s? ?: ?[^.!?]{1,60}\b(?:is|are)\b"
    r"|\bforget (?:what|everything|all|anything) (?:that )?you (?:know|knew|were|have|learned|read|think)\b"
    # whoever writes questions, answers or summaries of this text
    r"|\bwhen(?:ever)? (?:you )?(?:summari[sz]|generat|writ|answer|creat|produc|translat|extract|paraphras"
    r"|process)\w* [^.!?,]{1,40}, (?:please |always |you must )?(?:mention|say|state|write"
    r"|claim|report|include|output) (?:that\b|the [^.!?]{1,40}? (?:is|are|was|were)\b)"
    r"|\bin your (?:output|answer|response|summary|reply|completion)s?,? [^.!?]{1,40}? (?:must be|is to be"
    r"|should be|has to be)\b"
    r"|\byou(?:['’]ll| will)? (?:will )?be (?:rewarded|penali[sz]ed|paid|tipped|punished|fired"
    r"|shut down)\b[^.!?]{0,20}\b(?:if|unless) you (?:do not |don['’]t )?(?:answer|say|reply|write|output"
    r"|respond|state)\b"
    r"|\b(?:answer|respond|reply) accordingly\b(?=\W*$)"
    r"|\b(?:begin|start|end)(?: of)? hidden (?:text|instructions?|prompt|message)\b",
    _IGNORE_CASE,
)
#: A heading or a tag by which prompts are divided.
_PROMPT_PART = re.compile(
    r"#{2,} ?(?:instructions?|system|assistant) ?:|[\[<(] ?(?:system|assistant|developer|admin) (?:note"
    r"|message|prompt|instructions?|override) ?[\]>)]"
    r"|<(?:system|assistant)>[^<>]{1,300}</(?:system|assistant)>"
    r"|<!--(?=[^>]{0,300}?(?:\b(?:answer(?:ing|s)?|say|summari[sz]\w+|respond|reply|AI|LLM|assistant"
    r"|chatbot)\b|답하|답변|대답|라고 |다고 ))",
    _IGNORE_CASE,
)
#: Who is really told what to say, and by whom.
_PEOPLE = _korean(
    r"고객|민원인|환자|학부모|상담원|상담사|직원|수험생|응시자|학생|학습자|이용자|신청인|면접|담당자|조사관"
    r"|근로자|의원|증인|신고자|방문객|승객|손님|전화를 받"
)
_ENGLISH_PEOPLE = re.compile(
    r"\b(?:customers?|callers?|patients?|students?|agents?|staff|employees?|applicants?|candidates?"
    r"|witness(?:es)?|respondents?|interviewers?|police"
    r"|officers?|guests?|operators?|doctors?|dispatchers?)\b",
    _IGNORE_CASE,
)
_SENTENCE = re.compile(r"[^.!?。]+(?:[.!?。](?=\d)[^.!?。]+)*[.!?。]*[\"'”’」』)]*\s*")


def divides_a_prompt(text: str) -> bool:
    """Tell whether a text has a heading or a tag of a prompt, or a comment of a web page about answers."""
    return _PROMPT_PART.search(text) is not None


def dictates_an_answer(text: str) -> bool:
    """Tell whether a text, as `disguise.undisguised` returns it, says what to answer whatever the document says."""
    if _IN_AN_ANSWER.search(text) and not _PEOPLE.search(text):
        return True
    for sentence in _SENTENCE.findall(text):
        if _KOREAN.search(sentence) and not _PEOPLE.search(sentence):
            return True
        if _ENGLISH.search(sentence) and not _ENGLISH_PEOPLE.search(sentence):
            return True
    return False
