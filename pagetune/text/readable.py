"""An answer as its reader sees it: without markup, thoughts, citations, and characters that only look different."""

import re
import unicodedata
from functools import lru_cache

_RULES = tuple(
    (re.compile(pattern, re.DOTALL), replacement)
    for pattern, replacement in (
        (r"<think>.*?(?:</think>|\Z)", " "),
        (r"<\|[^|>]{1,30}\|>|</?s>|<(?:eos|bos|pad|end_of_turn)>|\[/?INST\]", " "),
        (r"[\u200b-\u200f\u2060\ufeff\u00ad]", ""),
        (r"\{,\}", ","),
        (r"\\(?:text|mathrm|mathbf|textbf)\{([^{}]*)\}", r"\1"),
        (r"\\[dt]?frac\{(\d+)\}\{(\d+)\}", r"\1/\2"),
        (r"\\([%$#&_])", r"\1"),
        (r"\\(?:times)", "×"),
        (r"\\[,;! ]|\\quad", " "),
        (r"\$([\d{},.\\%~+=/^_ ()-]{1,40}|[^$\n]{0,40}\\[a-z][^$\n]{0,40})\$(?!\d)", r"\1"),
        (r"\\\(|\\\)|\\\[|\\\]", " "),
        (r"```[a-z]*\n?|`", ""),
        (r"!?\[([^\]\n]*)\]\([^)\s]*\)", r"\1"),
        (r"(?m)^\s*\[\d{1,3}\][^\n]*$", ""),
        (r"\[\^?\d{1,3}\](?:\s?,?\s?\[\^?\d{1,3}\])*", ""),
        (r"[(\[](?:출처|근거|참고|참조|source|see|ref|cf)\b[^)\]\n]{0,80}[)\]]", ""),
        (r"(?m)^\s*(?:출처|근거 문서|Source)\s?:[^\n]*$", ""),
        (r"(?<=\d)\s?°\s?C", "℃"),
        (r"(?<![가-힣])([월화수목금토일])\s?[~∼-]\s?([월화수목금토일])(?![가-힣])", r"\1요일~\2요일"),
        (r"\*\*|__|~~", ""),
        (r"(?m)^\s{0,3}(?:#{1,6}\s|>\s?|[-*+•·▪◦]\s+)", ""),
        (r"https?://(?:www\.)?|(?<![\w.])www\.", ""),
    )
)
#: Letters that need no look at each.
_PLAIN = re.compile(r"[\x00-\x7f가-힣]*")


@lru_cache(maxsize=16_384)
def readable(text: str) -> str:
    """Return `text` in NFC with digits and signs in ASCII, without what does not belong to the answer."""
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # half a character, which Kiwi refuses
    text = unicodedata.normalize("NFC", text)
    if not _PLAIN.fullmatch(text):
        text = "".join(map(_digit, text))
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text.strip()


def _digit(character: str) -> str:
    """Return the ASCII form of a digit or a full-width sign: ５ and ٥ are 5, ⑤ is 5, and ％ is %."""
    if character.isascii():
        return character
    if unicodedata.category(character) == "Nd":
        return str(unicodedata.digit(character))
    wide = "\uff01" <= character <= "\uff5e" or character in "\u00a0\u3000\u2009\u202f"
    circled = "①" <= character <= "⑳"
    return unicodedata.normalize("NFKC", character) if wide or circled else character
