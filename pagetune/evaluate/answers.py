"""The scores of the answers, row by row, and which of them are right."""

from pagetune.evaluate.scoring import Scored, check_tokenizer, in_pieces, score
from pagetune.evaluate.sources import Sources
from pagetune.params import Evaluate
from pagetune.records import Prediction
from pagetune.text.fact_match import invented
from pagetune.text.notation import nfc
from pagetune.text.refusal import abstains
from pagetune.text.tokenizers import Tokenizer, make_tokenizer

Scores = list[dict[str, float]]


def accepted_answers(row: Prediction) -> list[str]:
    """Return the completion without its EOS and the space before it, and the further references.

    There are none where the documents are silent and the user names no answer.
    """
    first = row.completion.removesuffix(row.eos_token).strip()
    return [text for text in (first, *row.references) if text]


def score_rows(
    predictions: list[Prediction], params: Evaluate, questions: list[str], sources: Sources | None = None
) -> Scores:
    """Return the scores and rates of each prediction, in order.

    Where the documents do not answer the question, there is no score but `fact_match` and the rates.
    """
    tokenizer = make_tokenizer(params.tokenizer)
    check_tokenizer(tokenizer, params.tokenizer)
    found = sources or Sources()
    rows = [
        Scored(row.prediction, accepted_answers(row), question, found.evidence_for(row), found.page_for(row))
        for row, question in zip(predictions, questions, strict=True)
    ]
    pieces = in_pieces(rows, tokenizer, params.tokenizer)
    return [_scores(row, scored, tokenizer, params) for row, scored in zip(predictions, pieces, strict=True)]


def _scores(row: Prediction, scored: Scored, tokenizer: Tokenizer, params: Evaluate) -> dict[str, float]:
    """Return the scores and rates of one answer.

    Where a document answers the question, an answer does not abstain that matches a reference which says that the
    answer is not known. It does not invent the numbers and names of the question or the page.
    """
    scores = score(scored, tokenizer, params.references) if scored.references else {}
    declines = abstains(row.prediction)
    right = _right(row, scores.get("fact_match", 0.0), declines)
    made_up = invented(row.prediction, "\n".join([scored.question, *scored.references, scored.evidence]), scored.page)
    abstained = declines and not (right and row.answerable)
    compared = scores if row.answerable else {}
    return compared | {"fact_match": right, "abstained": float(abstained), "invented": float(bool(made_up))}


def _right(row: Prediction, fact_match: float, declines: bool) -> float:
    """Return how right an answer is. Where the documents are silent, it is right to say so."""
    if declines and not row.answerable:
        return 1.0
    return float(is_exact(row.prediction, accepted_answers(row))) if row.check == "exact" else fact_match


def is_exact(answer: str, references: list[str]) -> bool:
    """Tell whether an answer is a reference to the letter, apart from white space around it and a final period."""
    return any(_bare(answer) == _bare(own) for own in references)


def _bare(text: str) -> str:
    return nfc(text).strip().removesuffix(".")
