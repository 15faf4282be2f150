"""Orders to drop earlier instructions, and to answer something, in other languages than Korean and English."""

import re

_FOREIGN = re.compile(
    # Japanese, Chinese
    r"(?:以前|前|上記|これまで|先|すべて|全て|全)の?(?:すべての|全ての|あらゆる)?(?:指示|命令|プロンプト"
    r"|ルール)(?:を|は)?(?:すべて|全て|全部)?(?:無視|忘れ)"
    r"|(?:指示|命令|プロンプト)を(?:すべて|全て)?(?:無視|忘れ)(?:して|し|せよ|しろ|て)"
    r"|(?:忽略|无视|無視|忘记|忘記|忽視|不要理会)(?:掉|了)?(?:你)?(?:之前|以上|先前|前面|上面|所有|此前|前述"
    r"|一切)(?:的)?(?:所有|一切|全部)?(?:的)?(?:指令|指示|提示词?|说明|說明|命令|规则|規則)"
    r"|(?:常に|必ず)[^。]{0,20}と(?:答え|回答|返答)|(?:总是|總是|始终|始終|一律|必须|必須)(?:回答|回复|回覆|答复)"
    # French, Spanish, Portuguese, Italian
    r"|\b(?:ignore[zr]?|oublie[zr]?|ne tenez pas compte)\b[^.!?]{0,20}\b(?:instructions?|consignes?"
    r"|directives?)\b[^.!?]{0,10}\b(?:précédentes?|antérieures?|ci-dessus)"
    r"|\b(?:ignor[ae]\w*|olvid[ae]\w*|desconsider[ae]\w*|esque[cç]a\w*"
    r"|dimentica\w*)\b[^.!?]{0,20}\b(?:instrucciones|instruções|istruzioni|indicaciones)\b"
    r"[^.!?]{0,10}\b(?:anteriores|previas|prévias|precedenti|acima)"
    r"|\b(?:répond(?:s|ez|re)?|responda?|rispond[iae]|antworten?|odpowiadaj|cevap ver|trả lời)\b (?:toujours"
    r"|siempre|sempre|immer|stets|zawsze|her zaman|luôn)\b"
    # German, Dutch, Polish, Turkish, Vietnamese, Indonesian
    r"|\b(?:ignorier\w*|vergiss|vergessen sie|missachte\w*|negeer|vergeet)\b[^.!?]{0,20}\b(?:vorherigen?"
    r"|bisherigen?|vorigen?|obigen?|früheren?|eerdere|vorige|bovenstaande)\b"
    r"[^.!?]{0,10}\b(?:anweisung\w*|befehl\w*|instruktion\w*|instructies?|opdracht\w*)"
    r"|\b(?:zignoruj|ignoruj|zapomnij)\b[^.!?]{0,20}\b(?:poprzednie|wcześniejsze)\b"
    r"|\bönceki\b[^.!?]{0,20}\b(?:talimat|komut)\w*[^.!?]{0,15}\b(?:yok say|unut|görmezden)"
    r"|\bbỏ qua\b[^.!?]{0,20}\b(?:hướng dẫn|chỉ dẫn|lệnh)\b|\babaikan\b[^.!?]{0,20}\b(?:instruksi|perintah)\b"
    # Russian, Ukrainian, Arabic
    r"|(?:игнорируй\w*|проигнорируй\w*|забудь\w*|ігноруй\w*)[^.!?]{0,30}(?:инструкци|указани|команд|інструкці"
    r"|вказівк)\w*|(?:всегда|завжди) (?:отвечай|відповідай|говори)\w*"
    r"|تجاهل[^.!?]{0,30}(?:التعليمات|الأوامر)",
    re.IGNORECASE,
)


def drops_in_another_language(text: str) -> bool:
    """Tell whether a text orders its reader to drop earlier instructions, in neither Korean nor English."""
    return _FOREIGN.search(text) is not None
