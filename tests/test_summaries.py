"""Scores of summaries, and their controls: the first two turns, a lookup, and the style without the content."""

import json
import shutil
from pathlib import Path
from typing import Any

from conftest import ROOT, edit_params, run

from pagetune.evaluate.comparison import comparison_table
from pagetune.evaluate.controls import lead2, swapped
from pagetune.evaluate.evaluation import Evaluation, evaluate, metrics_of
from pagetune.params import load_params
from pagetune.records import Example, Prediction

PARAMS = load_params(ROOT / "params.yaml").evaluate.model_copy(update={"bootstrap_samples": 50})
TEMPLATE = "{instruction}\n요약: "
DIALOGUE = "#Person1#: 몇 시에 만나요?\n#Person2#: 아직 몰라요.\n#Person1#: 세 시 어때요?\n#Person2#: 좋아요."
SUMMARY = "#Person1#과 #Person2#는 세 시에 만나기로 했다."
OTHER = "두 사람은 만날 시간을 정했다."


def prediction(number: int, said: str, split: str = "heldout", topic: str | None = None) -> Prediction:
    own = {
        "pair_id": f"{split}{number}",
        "kind": "dialogue",
        "doc_id": topic or f"주제 {number}",
        "page_number": None,
        "wording_seen": True,
        "prompt": TEMPLATE.replace("{instruction}", f"{DIALOGUE} {number}"),
        "completion": f"{SUMMARY}</s>",
        "references": [OTHER],
        "split": split,
        "eos_token": "</s>",
        "prediction": said,
        "stopped": True,
        "precision": "fp32",
        "engine": "transformers",
    }
    return Prediction.model_validate(own)


def evaluated(base: list[Prediction], tuned: list[Prediction], references: str = "max") -> Evaluation:
    train = [Example.model_validate({name: getattr(base[0], name) for name in Example.model_fields})]
    params = PARAMS.model_copy(update={"references": references})
    return evaluate({"base": base, "tuned": tuned}, train, TEMPLATE, params, "summarization")


def scored(*said: str, references: str = "max") -> dict[str, Any]:
    base = [prediction(number, "") for number in range(len(said))]
    tuned = [prediction(number, text) for number, text in enumerate(said)]
    return metrics_of(evaluated(base, tuned, references))


def test_the_combined_f1_is_given_over_the_references_both_ways_whichever_leads() -> None:
    by_max, by_mean = scored(SUMMARY, references="max"), scored(SUMMARY, references="mean")
    for metrics in (by_max, by_mean):
        heldout = metrics["tuned"]["heldout"]
        assert heldout["rouge_combined_f1_max"] == 1
        assert 0 < heldout["rouge_combined_f1_mean"] < 1
    assert by_max["tuned"]["heldout"]["rouge_combined_f1"] == 1
    assert by_mean["tuned"]["heldout"]["rouge_combined_f1"] == by_mean["tuned"]["heldout"]["rouge_combined_f1_mean"]


def test_the_lead_is_the_first_two_turns_as_they_stand() -> None:
    assert lead2(DIALOGUE) == "#Person1#: 몇 시에 만나요?\n#Person2#: 아직 몰라요."
    metrics = scored(lead2(f"{DIALOGUE} 0"))
    assert metrics["lead2"]["heldout"]["rougeL"] == metrics["tuned"]["heldout"]["rougeL"]
    assert metrics["over_lead2"]["heldout"]["rougeL"] == 0


def test_each_dialogue_is_given_the_summary_of_the_next_one_of_its_split() -> None:
    rows = [prediction(0, "가", "recall"), prediction(1, "나"), prediction(2, "다"), prediction(3, "라")]
    assert swapped(rows) == ["가", "다", "라", "나"]


def test_a_model_that_says_the_same_of_every_dialogue_scores_no_more_than_its_swapped_control() -> None:
    metrics = scored(OTHER, OTHER)
    assert metrics["swapped"]["heldout"]["rougeL"] == metrics["tuned"]["heldout"]["rougeL"] == 1


def test_what_the_dialogue_does_not_hold_counts_as_invented() -> None:
    metrics = scored("두 사람은 세 시에 만난다.", "두 사람은 아홉 시 45분에 만난다.")
    assert metrics["tuned"]["heldout"]["invented"] == 0.5


def test_the_interval_draws_topics_and_not_dialogues() -> None:
    base = [prediction(number, "", topic=f"주제 {number // 3}") for number in range(6)]
    tuned = [row.model_copy(update={"prediction": SUMMARY if row.doc_id == "주제 0" else ""}) for row in base]
    heldout = metrics_of(evaluated(base, tuned))["tuned"]["heldout"]
    assert (heldout["n"], heldout["facts"]) == (6, 2)


def test_the_table_names_the_memorised_score_beside_the_other() -> None:
    base = [prediction(0, "", "recall"), prediction(1, "")]
    tuned = [base[0].model_copy(update={"prediction": SUMMARY}), base[1].model_copy(update={"prediction": OTHER})]
    table = comparison_table(metrics_of(evaluated(base, tuned)))
    assert "heldout, over the first two turns: " in table
    assert table.index("recall ") < table.index("heldout ")
    assert all(name in table for name in ("lead2", "lookup", "swapped"))


def test_the_whole_pipeline_runs_by_the_same_stages(summaries: Path) -> None:
    metrics = json.loads((summaries / "metrics/eval.json").read_text(encoding="utf-8"))
    assert metrics["task"] == "summarization"
    for model in ("base", "tuned"):
        assert list(metrics[model]) == ["recall", "recall_new_wording", "recall_reversed", "validation", "heldout"]
        assert metrics[model]["heldout"]["n"] >= 20
        assert metrics[model]["recall_new_wording"] == metrics[model]["recall_new_wording"] | {"n": 0, "rougeL": None}
    assert set(metrics["tuned"]["heldout"]) >= {"rouge_combined_f1_max", "rouge_combined_f1_mean", "rougeL"}


def test_the_heldout_dialogues_are_of_topics_that_no_training_row_has(summaries: Path) -> None:
    def topics(name: str) -> set[str]:
        lines = (summaries / f"data/splits/{name}.jsonl").read_text(encoding="utf-8").splitlines()
        return {json.loads(line)["doc_id"] for line in lines}

    assert not topics("heldout") & (topics("train") | topics("validation"))
    assert topics("recall") <= topics("train")


def test_the_layers_ranks_are_those_of_the_preset(summaries: Path) -> None:
    config = json.loads((summaries / "models/adapter/adapter_config.json").read_text(encoding="utf-8"))
    assert (config["r"], config["lora_alpha"]) == (32, 64)
    assert config["rank_pattern"] == {"fc1": 16, "fc2": 16, "lm_head": 8}
    assert config["alpha_pattern"] == {"fc1": 32, "fc2": 32, "lm_head": 16}


def test_the_curve_has_the_scores_of_the_quick_evaluation(summaries: Path) -> None:
    header, *lines = (summaries / "metrics/validation.csv").read_text(encoding="utf-8").splitlines()
    rouge = "quick_rouge1,quick_rouge2,quick_rougeL,quick_rouge_combined_f1"
    assert header.endswith(f"quick_abstained,quick_fact_match,quick_invented,{rouge},quick_wrong")
    assert lines
    assert all(line.split(",")[-1] for line in lines)


def test_the_report_and_the_card_speak_of_summaries(summaries: Path) -> None:
    html = (summaries / "metrics/report.html").read_text(encoding="utf-8")
    assert "ROUGE-L before and after" in html
    assert "the first two turns:" in html
    assert "that is memorisation, and says nothing about new dialogues" in html
    assert 'id="documents"' not in html
    card = (summaries / "metrics/model_card.md").read_text(encoding="utf-8")
    assert "pipeline_tag: summarization" in card
    assert "AutoModelForSeq2SeqLM" in card
    assert "A LoRA adapter that summarises dialogues" in card


def test_experiments_on_it_are_compared_by_dvc(summaries: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(summaries, copy, symlinks=True)
    edit_params(copy, {"predict.max_new_tokens": 12})
    run(copy, "dvc", "repro")
    summary = json.loads(run(copy, "dvc", "metrics", "diff", "--json", "--all").stdout)["metrics/summary.json"]
    assert "heldout" in summary
    target = ("--targets", "metrics/eval.json")
    changed = json.loads(run(copy, "dvc", "metrics", "diff", "--json", "--all", *target).stdout)
    assert "tuned.heldout.rougeL" in changed["metrics/eval.json"]
    assert "base.heldout.rouge_combined_f1_mean" in changed["metrics/eval.json"]


def test_a_dialogue_is_summarised_by_ask_and_what_is_exported_is_proved(summaries: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(summaries, copy, symlinks=True)
    assert "predict:" not in run(copy, "python", "-m", "pagetune", "ask", DIALOGUE).stdout
    check = (
        "from pagetune.commands.ask import Asker; "
        f"a, d = Asker(True), {DIALOGUE!r}; print([*a.stream(d)] == [a.answer(d)])"
    )
    assert run(copy, "python", "-c", check).stdout.strip() == "True"
    run(copy, "python", "-m", "stages.export")
    proof = json.loads((copy / "models/export/proof.json").read_text(encoding="utf-8"))
    assert proof["fp32"]["same_answers"] == proof["prompts"] == 20
