"""The comparison of two runs as a page, from the report's parts."""

from markupsafe import Markup

from pagetune.report.language import Language
from pagetune.report.page import FOLDER, templates
from pagetune.report.two_runs import Comparison, further, interval
from pagetune.report.words import METRIC_TITLES


def render_comparison(comparison: Comparison, language: Language) -> str:
    """Return the page as HTML, which opens from disk without a network and has no script."""
    environment = templates(language)
    environment.globals["interval"] = interval
    css = (FOLDER / "page.css").read_text(encoding="utf-8")
    return environment.get_template("two_runs.html").render(
        css=Markup(css),  # noqa: S704 - our own file
        lang=language.code,
        comparison=comparison,
        runs=(comparison.first, comparison.second),
        sentences=[comparison.better, *further(comparison)],
        titles=METRIC_TITLES,
    )
