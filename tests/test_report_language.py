"""The report in Korean and in English: complete, and the same whatever the locale."""

import gettext
import re

import pytest
from report_inputs import made_up
from report_messages import CATALOGUE, entries, forms

from pagetune.evaluate.messages import Message, listed
from pagetune.report.language import CATALOGUES, DOMAIN, Language, choose_language
from pagetune.report.page import render_report


def test_the_korean_catalogue_has_every_message_of_the_page_and_no_other() -> None:
    assert sorted(entries()) == sorted(forms())
    assert all(entries().values())


def test_a_translation_has_the_fields_of_its_message() -> None:
    for form, translation in entries().items():
        fields = [sorted(set(re.findall(r"\{(\w+)", text))) for text in (form, translation)]
        assert fields[0] == fields[1], form


def test_the_compiled_catalogue_is_that_of_the_written_one() -> None:
    compiled = gettext.translation(DOMAIN, CATALOGUES, ["ko"])
    stale = [form for form, translation in entries().items() if compiled.gettext(form) != translation]
    assert stale == [], f"run msgfmt --no-hash -o report.mo {CATALOGUE.name}"


def test_a_korean_page_has_korean_headings_reasons_and_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    html = render_report(made_up(language="ko"))
    assert '<html lang="ko">' in html
    for said in (
        "튜닝 전후 비교",
        "이 답변은 “31킬로그램”을 빠뜨렸습니다.",
        "학습 손실 3.000 → 1.000",
        "4개 중 4개 표시",
    ):
        assert said in html
    for english in ("The answer", "Before and after", "It states", "hit the length limit", "better"):
        assert english not in re.sub(r"<script>.*</script>|value=\"\w+\"|data-moved=\"\w+\"", "", html, flags=re.DOTALL)
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    monkeypatch.setenv("LANGUAGE", "en")
    assert render_report(made_up(language="ko")) == html


def test_auto_is_the_language_of_most_questions() -> None:
    assert choose_language("auto", ["주소는?", "요금은?", "Where?"]) == "ko"
    assert choose_language("auto", ["주소는?", "How much?", "Where?"]) == "en"
    assert choose_language("auto", []) == "en"
    assert choose_language("en", ["주소는?"]) == "en"
    assert '<html lang="ko">' in render_report(made_up(language="auto"))


def test_values_of_a_document_stay_as_they_are_and_get_the_particle_that_fits() -> None:
    korean = Language("ko")
    assert korean.say(Message("lacks {claims}", claims=listed(["“3일”", "“통화”"]))) == "“3일”, “통화”를 빠뜨렸습니다"
    assert korean.say("lacks {claims}") == "lacks {claims}", "any other text"
    marked = korean.mark_up("{model} gave no verdict.", model="<b> 모델")
    assert marked == "&lt;b&gt; 모델은 판정을 내리지 않았습니다."
