"""Checks of the training rows before a GPU second is spent: rows that teach nothing, half an answer, or never to stop.

These are the faults that other trainers pass over in silence: all labels masked, the EOS masked or lost, two BOS,
answers cut off in the middle. The checks run on the CPU, in seconds.
"""

import re
from collections import Counter
from typing import Any

from pagetune.errors import UserError
from pagetune.language import tr
from pagetune.model.language_model import outside_language_model
from pagetune.model.prompts import IGNORED, check_positions, encode_example, joins
from pagetune.model.template import TemplateRecord
from pagetune.params import Lora, Train
from pagetune.records import Example
from pagetune.train.batches import EncodedRow, prompt_length
from pagetune.train.row_preview import marked, report


def preflight(
    examples: dict[str, list[Example]],
    tokenizer: Any,
    template: TemplateRecord,
    eos: str,
    params: Train,
    seed: int,
    config: Any = None,
) -> dict[str, list[EncodedRow]]:
    """Return the checked rows of each split as they are trained on, and print what they hold.

    `template` is data/prompts/template.json, `eos` the manifest's EOS, `config` that of an encoder-decoder. Raises
    UserError at the first check that fails.
    """
    encoder = config is not None
    if not examples["train"]:
        raise UserError("data/prompts/train.jsonl has no rows; metrics/curate.json says why. Add documents or pairs.")
    rows: dict[str, list[EncodedRow]] = {}
    for split, members in examples.items():
        check_rendered(template, eos, members, split)
        if not encoder:
            check_seams(members, tokenizer, split)
        encoded = [encode_example(example, tokenizer, encoder) for example in members]
        limits = params.max_length, params.max_truncated_fraction
        rows[split], cut = fit_rows(encoded, members, tokenizer, *limits, split)
        check_rows(rows[split], members, tokenizer, split, encoder)
        for row in rows[split] if encoder else []:
            longest = max(prompt_length(row), len(row["input_ids"]) - prompt_length(row))
            check_positions(
                f"data/prompts/{split}.jsonl: a row", longest, config, tr("Lower train.max_length to that.")
            )
        report(rows[split], tokenizer, cut, seed, split)
    return rows


def check_rendered(record: TemplateRecord, eos: str, examples: list[Example], split: str = "train") -> None:
    """Raise UserError where template.json, the manifest's EOS and the prompts do not belong together.

    `record` is what the stage format wrote: training does not depend on the section `prompt` of params.yaml.
    """
    file, problems = "data/prompts/template.json", []
    if record.eos_token != eos:
        problems.append(
            tr(
                "{file}: eos_token is {eos_token}, that of models/base/manifest.json is {eos}",
                file=file,
                eos_token=record.eos_token,
                eos=eos,
            )
        )
    problems += [f"data/prompts/{split}.jsonl: {line}" for line in _unlike_template(record, examples)]
    if problems:
        raise UserError("{problems}. Run `dvc repro -f format` to write them again.", problems="; ".join(problems))


def _unlike_template(record: TemplateRecord, examples: list[Example]) -> list[str]:
    """Return a line for each part of the template that rows lack, with what the first such row has instead."""
    (prefix, _, suffix), eos = record.template.partition("{instruction}"), record.eos_token
    unlike: dict[str, list[str]] = {}
    for example in examples:
        prompt, answer = example.prompt, example.completion
        for fits, rule, seen in (
            (
                example.turns_before or prompt.startswith(prefix),
                tr("prompts do not begin with {prefix!r}", prefix=prefix),
                prompt[:20],
            ),
            (
                prompt.removeprefix(prefix).endswith(suffix),
                tr("prompts do not end with {suffix!r}", suffix=suffix),
                prompt[-20:],
            ),
            (answer.startswith(record.lead), tr("answers do not begin with {lead!r}", lead=record.lead), answer[:20]),
            (
                answer.endswith(eos) and answer.count(eos) == 1,
                tr("answers do not end in one {eos}", eos=eos),
                answer[-20:],
            ),
        ):
            if not fits:
                unlike.setdefault(rule, []).append(f"pair {example.pair_id}, has {seen!r}")
    return [
        tr(
            "{count} of {rows_in_all} {rule}; the first, {first}",
            count=len(seen),
            rows_in_all=len(examples),
            rule=rule,
            first=seen[0],
        )
        for rule, seen in unlike.items()
    ]


def check_seams(examples: list[Example], tokenizer: Any, split: str = "train") -> None:
    """Raise UserError where the tokens of a row's joined text do not begin with those of its prompt."""
    joined = [row for row in examples if not joins(row.prompt, row.completion, tokenizer)]
    if joined:
        first = joined[0]
        seen = tr("{prompt!r} and {answer!r}", prompt=first.prompt[-12:], answer=first.completion[:12])
        raise UserError(
            "data/prompts/{split}.jsonl: in {count} of {rows_in_all} rows the tokenizer joins the end of "
            "the prompt with the answer; the first, pair {pair}, has {seen}. End prompt.template with a "
            "line break or a mark such as `A:`, and begin no answer with a space.",
            split=split,
            count=len(joined),
            rows_in_all=len(examples),
            pair=first.pair_id,
            seen=seen,
        )


def fit_rows(
    rows: list[EncodedRow],
    examples: list[Example],
    tokenizer: Any,
    max_length: int,
    max_truncated_fraction: float,
    split: str = "train",
) -> tuple[list[EncodedRow], int]:
    """Cut rows to `max_length` tokens; return them, and how many of them lost the start of their prompt.

    The answer and its EOS stay whole: a cut answer would teach the model not to stop. Raises UserError where an answer
    leaves no token for its prompt, or more than `max_truncated_fraction` of the rows would be cut.
    """
    file, limit = f"data/prompts/{split}.jsonl", tr("train.max_length={tokens} tokens", tokens=max_length)
    fitted, lengths = [], [len(row["input_ids"]) for row in rows]
    for example, length, row in zip(examples, lengths, rows, strict=True):
        fitted.append(short := _cut_prompt(row, tokenizer.bos_token_id, max_length))
        if not short:
            seen = tr(
                "pair {pair} has {length} tokens, and its answer leaves no room for a question",
                pair=example.pair_id,
                length=length,
            )
            raise UserError(
                "{file}: {seen} in {limit}. Raise it or lower curate.max_answer_characters.",
                file=file,
                seen=seen,
                limit=limit,
            )
    cut = sum(length > max_length for length in lengths)
    if rows and cut / len(rows) > max_truncated_fraction:
        raise UserError(
            "{file}: {cut} of {count} rows are longer than {limit} ({share:.2g}%), the longest has "
            "{longest}; train.max_truncated_fraction allows {allowed:.3g}%. Raise train.max_length, or "
            "lower curate.max_question_characters or curate.max_answer_characters.",
            file=file,
            cut=cut,
            count=len(rows),
            limit=limit,
            share=100 * cut / len(rows),
            longest=max(lengths),
            allowed=100 * max_truncated_fraction,
        )
    return fitted, cut


def _cut_prompt(row: EncodedRow, bos: int | None, max_length: int) -> EncodedRow:
    """Cut the start of the prompt, but not its BOS; return an empty row where no token of the prompt would be left."""
    ids, over = row["input_ids"], len(row["input_ids"]) - max_length
    if over <= 0:
        return row
    head = int(ids[0] == bos)
    if head + over >= prompt_length(row):
        return {}
    kept = 0 if ids[head + over] == bos else head  # a chat template may start each turn with it: not two in a row
    return {name: tokens[:kept] + tokens[head + over :] for name, tokens in row.items()}


def check_rows(
    rows: list[EncodedRow], examples: list[Example], tokenizer: Any, split: str = "train", encoder: bool = False
) -> None:
    """Raise UserError saying for every fault how many rows have it, and showing the first of them."""
    found: dict[str, list[tuple[str, EncodedRow]]] = {}
    for row, example in zip(rows, examples, strict=True):
        fault = next((fault for fault, seen in _faults(row, example.prompt, tokenizer, encoder).items() if seen), None)
        if fault:
            found.setdefault(fault, []).append((example.pair_id, row))
    if found:
        lines = [
            tr(
                "{bad} of {count} rows {fault}; the first, pair {pair}: {row}",
                bad=len(bad),
                count=len(rows),
                fault=fault,
                pair=bad[0][0],
                row=marked(bad[0][1], tokenizer),
            )
            for fault, bad in found.items()
        ]
        raise UserError(
            "data/prompts/{split}.jsonl: {problems} (⟦⟧ holds what the loss is on). Check the special "
            "tokens that prompt.template writes and that the tokenizer of model.base adds, and that no "
            "answer is empty.",
            split=split,
            problems="; ".join(lines),
        )


def _faults(row: EncodedRow, prompt: str, tokenizer: Any, encoder: bool) -> dict[str, bool]:
    """Return each possible fault and whether the row has it; the first one that it has explains those after it.

    An EOS or BOS within the prompt is right where the template writes it, as chat templates do at the end and start of
    a turn. So is a BOS that is the same token as the EOS (GPT-2, OPT) at the start, and the EOS that ends an encoder's
    input.
    """
    ids, labels, start = row["input_ids"], row["labels"], prompt_length(row)
    bos, eos, answer = tokenizer.bos_token_id, tokenizer.eos_token_id, labels[start:]
    written_eos = prompt.count(tokenizer.eos_token) + int(bos == eos and ids[:1] == [bos])
    written_eos += int(encoder and ids[:start][-1:] == [eos])
    written_bos = len(ids) if bos in (None, eos) else max(1, prompt.count(tokenizer.bos_token))
    return {
        tr("have labels and tokens of unequal number"): len(ids) != len(labels),
        tr("have labels that are not their tokens"): any(
            b not in (IGNORED, a) for a, b in zip(ids, labels, strict=False)
        ),
        tr("are trained on nothing"): not answer,
        tr("are trained on their question"): start == 0,
        tr("do not end in the EOS"): ids[-1:] != [eos],
        tr("end in an EOS that the loss leaves out"): labels[-1:] == [IGNORED],
        tr("have a gap in what the loss is on"): IGNORED in answer,
        tr("are trained on an EOS alone"): len(answer) == 1,
        tr("have an EOS inside the answer"): eos in answer[:-1],
        tr("have a BOS twice"): (bos is not None and ids[:2] == [bos, bos]) or ids.count(bos) > written_bos,
        tr("have an EOS inside the prompt"): ids[:start].count(eos) > written_eos,
    }


def check_adapter(model: Any, lora: Lora) -> str:
    """Return a line that describes the adapter on `model`.

    Raises UserError where part of it is frozen or missing, or where other weights train. Layers in `modules_to_save`
    are trained whole.
    """
    trains = {name: parameter.requires_grad for name, parameter in model.named_parameters()}
    lora_names = [name for name in trains if ".lora_" in name]
    layers = {name.split(".lora_")[0] for name in lora_names}
    others = [name for name in trains if ".lora_" not in name and ".modules_to_save." not in name]
    asked = lora.target_modules if isinstance(lora.target_modules, list) else _target_names(model)
    problems = {
        tr("frozen in the adapter"): [name for name in lora_names if not trains[name]],
        tr("trained beside it"): [name for name in others if trains[name]],
        tr("outside the language model"): _outside(model, layers),
        "without LoRA": [name for name in asked if not any(f".{layer}".endswith(f".{name}") for layer in layers)],
    }
    seen = [
        tr("{count} {what} (first {first})", count=len(found), what=what, first=found[0])
        for what, found in problems.items()
        if found
    ]
    if seen or not layers:
        raise UserError(
            "adapter: {problems}. Try train.backend: peft.", problems="; ".join(seen) or "no layer has LoRA"
        )
    counts = Counter(layer.rsplit(".", 1)[-1] for layer in layers)
    kinds = ", ".join(f"{kind} {number}" for kind, number in sorted(counts.items()))
    trained, total = model.get_nb_trainable_parameters()
    share = tr(
        "{trained:,} of {total:,} parameters train ({share:.2%})", trained=trained, total=total, share=trained / total
    )
    return tr("adapter: {count} LoRA modules ({kinds}), {share}", count=len(layers), kinds=kinds, share=share)


def _outside(model: Any, layers: set[str]) -> list[str]:
    """Return the layers with LoRA that no text goes through."""
    pattern = outside_language_model(model.get_base_model()) if hasattr(model, "get_base_model") else None
    names = sorted(layers)
    return [name for name in names if pattern and re.fullmatch(pattern, name.removeprefix("base_model.model."))]


def _target_names(model: Any) -> list[str]:
    """Return the layers that were asked for; none for a regular expression, where one match is enough."""
    asked = model.peft_config["default"].target_modules
    return [] if isinstance(asked, str) else sorted(asked)
