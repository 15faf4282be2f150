"""Builds the documents as a site that needs no network: `make docs` writes site/.

Sphinx finds the documents where they are, README.md first, and fails on a link or an anchor that leads nowhere.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish

ROOT = Path(__file__).parent.parent

project = "pagetune"
html_title = "pagetune"
extensions = ["myst_parser"]
root_doc = "README"
include_patterns = ["README*.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/*.md", "docs/ko/*.md", "data/questions/*.md"]
# Nothing else is walked through: the environment and the documents may be a hundred thousand files.
exclude_patterns = [".*", "data/[!q]*", *(path.name for path in ROOT.iterdir() if path.name not in ("docs", "data"))]
exclude_patterns = [name for name in exclude_patterns if not name.endswith(".md")]
myst_heading_anchors = 4
html_theme = "furo"
html_favicon = "theme/favicon.svg"
html_static_path = ["theme"]
html_css_files = ["site.css"]
html_show_copyright = False
html_copy_source = False
html_use_index = False
html_search_language = "ko"
# A browser fetches nothing from file://, where the search shows titles without a piece of the page.
html_js_files = [
    (None, {"body": 'if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;'})
]

KOREAN = "한국어"
CAPTION = '<p class="caption"'
OTHER = '<ul><li class="toctree-l1"><a class="reference internal" lang="{}" href="{}">{}</a></li></ul>'
START_PAGE = """<!doctype html>
<meta charset="utf-8"><title>pagetune</title><meta http-equiv="refresh" content="0; url=README.html">
"""
#: The sidebar: English pages by topic. Each page of docs/ko stands under `KOREAN`, in the same order.
SECTIONS = {
    "Start": ["install", "first-model", "project", "own-rows", "python"],
    "Data": ["extract", "questions", "../data/questions/README", "review"],
    "Training": ["training", "gpu", "one-gpu", "from-guides", "summarization"],
    "Results": ["scores", "deploy", "team"],
    "Reference": ["files", "architecture", "../CONTRIBUTING", "../CHANGELOG"],
}
#: The words of the theme in Korean.
WORDS = {
    "Search": "검색",
    "Home": "홈",
    "Next": "다음",
    "Previous": "이전",
    "On this page": "이 페이지의 내용",
    "Back to top": "맨 위로",
    "View this page": "이 페이지 보기",
}


class KoreanSearch(SearchEnglish):
    """Finds a Korean word inside longer ones, 데이터 in 학습데이터를, and English words by their stems as usual.

    Korean is written with endings and compounds, so the index holds every piece of a word from two letters on.
    """

    lang = "ko"
    js_splitter_code = """
const PARTICLE = /(?<=[가-힣]{2})[은는이가을를의에도로와과]$/u;
function splitQuery(query) {
  const words = query.match(/[가-힣]+|(?:(?![가-힣])[\\p{L}\\p{N}_])+/gu) || [];
  return words.map((word) => word.replace(PARTICLE, ""));
}
"""
    _word_re = re.compile(r"[가-힣]+|(?:(?![가-힣])\w)+")

    def split(self, input: str) -> list[str]:
        return [piece for word in self._word_re.findall(input) for piece in pieces(word)]


def pieces(word: str) -> Iterable[str]:
    """Yield a word, and every piece of it from two letters on where it is Korean."""
    yield word
    if "가" <= word[0] <= "힣":
        ends = ((start, end) for start in range(len(word) - 1) for end in range(start + 2, len(word) + 1))
        yield from {word[start:end] for start, end in ends} - {word}


def add_contents(app: Sphinx, docname: str, source: list[str]) -> None:
    """Add the site's contents to README.md, which GitHub shows without them."""
    if docname != root_doc:
        return
    english = {caption: [os.path.normpath(f"docs/{name}") for name in names] for caption, names in SECTIONS.items()}
    translated = [name for names in SECTIONS.values() for name in names if (ROOT / f"docs/ko/{name}.md").exists()]
    contents = english | {KOREAN: ["README.ko", *(f"docs/ko/{name}" for name in translated)]}
    for caption, names in contents.items():
        source[0] += "\n".join(["", "```{toctree}", ":hidden:", f":caption: {caption}", "", *names, "```", ""])


def add_anchors(app: Sphinx, doctree: nodes.document) -> None:
    """Let links lead to `<a id="…"></a>`, by which a Korean page has the anchors of the English one."""
    slugs = app.env.metadata[app.env.docname].setdefault("myst_slugs", {})
    for raw in doctree.findall(nodes.raw):
        slugs |= {name: (raw.line or 0, name, name) for name in re.findall(r'<a id="([\w-]+)"', raw.astext())}
    for link in list(doctree.findall(addnodes.pending_xref)):  # from one part of the page to another
        if link["reftype"] == "myst" and link["reftarget"] in slugs:
            link.replace_self(nodes.reference("", "", *link.children, internal=True, refid=slugs[link["reftarget"]][1]))


def translate(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Show a page in its language, with the contents of that language and a link to the same page in the other."""
    korean = is_korean(page)
    english, caption, own = context["furo_navigation_tree"].rpartition(CAPTION)
    link = OTHER.format("en" if korean else "ko", context["pathto"](counterpart(page)), "English" if korean else KOREAN)
    context["furo_navigation_tree"] = (caption + own if korean else english) + link
    if korean:
        context |= {"language": "ko", "_": in_korean, "gettext": in_korean}


def is_korean(page: str) -> bool:
    return page == "README.ko" or page.startswith("docs/ko/")


def in_korean(text: str, **values: str) -> str:
    return WORDS.get(text, text) % values if values else WORDS.get(text, text)


def counterpart(page: str) -> str:
    """Return the same page in the other language, or the README where there is none."""
    if is_korean(page):
        return "README" if page == "README.ko" else page.replace("docs/ko/", "docs/")
    translated = page.replace("docs/", "docs/ko/", 1)
    return translated if page != translated and (ROOT / f"{translated}.md").exists() else "README.ko"


def add_start_page(app: Sphinx, error: Exception | None) -> None:
    if error is None:
        Path(app.outdir, "index.html").write_text(START_PAGE, encoding="utf-8")


def setup(app: Sphinx) -> None:
    app.add_search_language(KoreanSearch)
    app.connect("source-read", add_contents)
    app.connect("doctree-read", add_anchors)
    app.connect("html-page-context", translate, priority=900)
    app.connect("build-finished", add_start_page)
