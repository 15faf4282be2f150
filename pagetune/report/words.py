"""The page's words for the codes of the pipeline: metrics, verdicts, marks, changes."""

from pagetune.evaluate.messages import Message

#: The metrics' usual names.
METRIC_TITLES = {
    "rouge1": Message("ROUGE-1"),
    "rouge2": Message("ROUGE-2"),
    "rougeL": Message("ROUGE-L"),
    "rougeLsum": Message("ROUGE-Lsum"),
    "rouge_combined_f1": Message("ROUGE-1, -2 and -L, mean"),
    "rouge_combined_sum": Message("ROUGE-1, -2 and -L, sum (to 3)"),
    "exact_match": Message("exact match"),
    "token_f1": Message("word F1"),
    "character_f1": Message("character F1"),
    "chrf": Message("chrF"),
    "fact_match": Message("fact match"),
    "abstained": Message("share of answers that say they do not know"),
    "invented": Message("share of answers with an invented number, code or name"),
    "rouge_combined_f1_max": Message("ROUGE-1, -2 and -L, mean, best reference"),
    "rouge_combined_f1_mean": Message("ROUGE-1, -2 and -L, mean, mean of the references"),
}
#: Verdicts, changes, and what keeps a right answer from looking good.
WORDS = {
    "right": Message("right"),
    "wrong": Message("wrong"),
    "abstains": Message("abstains"),
    "unsupported": Message("unsupported"),
    "better": Message("better"),
    "worse": Message("worse"),
    "same": Message("same"),
    "loops": Message("repeats itself"),
    "unended": Message("hit the length limit"),
    "unlike": Message("unlike the reference"),
}
#: What the marks of `evaluate.explanation` are called.
MARK_NAMES = {
    "has": Message("has"),
    "lacks": Message("lacks"),
    "spare": Message("left out"),
    "asked": Message("asked"),
    "agrees": Message("agrees"),
    "supported": Message("supported"),
    "alike": Message("alike"),
    "invented": Message("invented"),
    "contradicts": Message("contradicts"),
}
#: What they mean, in the reference and in an answer.
MARK_MEANINGS = {
    "has": Message("in the reference: the answer has it"),
    "lacks": Message("in the reference: the answer lacks it"),
    "spare": Message("in the reference: the answer does without it, and so does the verdict"),
    "asked": Message("in the reference: the question has it already"),
    "agrees": Message("in the answer: the reference has it"),
    "supported": Message("in the answer: question or page have it"),
    "alike": Message("in either: the other has a word of like meaning, by Kiwi's language model"),
    "invented": Message("in the answer: neither reference, question nor page have it"),
    "contradicts": Message("in either: the other says something else in its place"),
}
