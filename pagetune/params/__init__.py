"""params.yaml as frozen, typed objects without defaults: what is not in the file does not exist.

The type of a field is its rule, and rules.py turns it into the words of a message. A rule that words cannot be derived
from, such as a pattern, has them in Field(description=…), with an example after "such as".
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from pagetune.errors import UserError
from pagetune.language import Remark, tr
from pagetune.params.asking import Examples, QuestionTypes, RecallQuestions
from pagetune.params.rules import problem_lines
from pagetune.params.section import Section
from pagetune.params.templates import OpenTemplateText, PromptText, TemplateText
from pagetune.params.yaml_file import read_yaml
from pagetune.records import Implication

PARAMS = Path("params.yaml")

Count = Annotated[int, Field(ge=1)]
StopOn = Literal["loss", "quick", "invented"]
Fraction = Annotated[float, Field(ge=0, lt=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[float, Field(gt=0, lt=1)]
Name = Annotated[str, Field(min_length=1)]
#: A grade by the judge.
Grade = Annotated[int, Field(ge=1, le=5)]
Languages = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z_]+(\+[A-Za-z_]+)*$",
        description=Remark("names of Tesseract languages joined by +, such as kor+eng"),
    ),
]
Address = Annotated[
    str,
    Field(
        pattern=r"^https?://[^\s/]+",
        description=Remark("an address with http:// or https://, such as http://localhost:8000/v1"),
    ),
]
Repository = Annotated[
    str, Field(pattern=r"^[\w.-]+/[\w.-]+$", description=Remark("a repository on the Hub, such as my-name/my-model"))
]
Script = Literal["hangul", "latin", "han", "kana", "cyrillic", "greek", "arabic", "hebrew", "thai", "devanagari"]
#: How a model is loaded.
Precision = Literal["auto", "4bit", "8bit", "fp16", "bf16", "fp32"]
#: What the model is tuned for. Only the stages that make the rows and the scores tell the two apart.
Task = Literal["qa", "summarization"]
#: A rank or an alpha for each module whose name matches the regular expression, as PEFT reads it.
Pattern = dict[str, Count]


class Extract(Section):
    engine: Literal["local", "ray"]
    processes: Literal["auto"] | Count
    on_bad_file: Literal["skip", "fail"]
    timeout_seconds: Annotated[float, Field(gt=0)]
    memory_mib: Count
    x_tolerance_ratio: Annotated[float, Field(gt=0)]
    header_page_share: Annotated[float, Field(gt=0, le=1)]
    min_characters: Annotated[int, Field(ge=0)]
    min_image_share: Share
    min_characters_on_picture: Annotated[int, Field(ge=0)]
    max_unreadable_ratio: Share
    max_garbled_ratio: Share
    min_space_ratio: Share
    ocr: Literal["none", "auto"]
    ocr_languages: Languages
    ocr_timeout_seconds: Annotated[float, Field(gt=0)]
    ocr_dpi: Annotated[int, Field(ge=72, le=600)]
    min_ocr_confidence: Share


class Columns(Section):
    """The names of a user's own columns; null stands for a column that the files do not have."""

    instruction: Name
    input: Name | None
    output: Name
    references: Name | None
    group: Name | None


class HubDataset(Section):
    """A data set on the Hub; an `id` of null is none."""

    id: Name | None
    config: Name | None
    split: Name
    revision: Name | None


class Qa(Section):
    source: Literal["documents", "rows"]
    dataset: HubDataset
    columns: Columns
    on_bad_row: Literal["skip", "fail"]
    generator: Literal["rules", "llm", "rules+llm"]
    article_characters: Count
    implications: list[Implication]
    passage_characters: Annotated[int, Field(ge=100)]
    characters_per_question: Count
    max_questions_per_passage: Count
    round_trip: bool
    rounds: Count
    question_types: QuestionTypes
    topics: list[Name]
    style: Name | None
    examples: Examples
    judge: Literal["none", "llm"]
    min_faithfulness: Grade
    min_clarity: Grade


class DialogueColumns(Section):
    """The names of the columns of a table of dialogues; null stands for a column that the files do not have."""

    dialogue: Name
    summaries: Annotated[list[Name], Field(min_length=1)]
    topic: Name | None


class OpenTemplate(Section):
    """How a question is put below passages of the documents: a Korean one, and one in any other language."""

    ko: OpenTemplateText
    en: OpenTemplateText


class Summarization(Section):
    columns: DialogueColumns
    template: TemplateText


class Llm(Section):
    engine: Literal["server", "local"]
    base_url: Address
    model: Name | None
    revision: Name | None
    precision: Precision
    temperature: Annotated[float, Field(ge=0, le=2)]
    max_tokens: Count
    concurrency: Literal["auto"] | Count
    timeout_seconds: Annotated[float, Field(gt=0)]
    max_retries: Annotated[int, Field(ge=0)]
    on_failed_request: Literal["stop", "skip"]
    price_per_million_input_tokens: Annotated[float, Field(ge=0)]
    price_per_million_output_tokens: Annotated[float, Field(ge=0)]


class Curate(Section):
    min_answer_characters: Count
    max_answer_characters: Literal["auto"] | Count
    max_question_characters: Count
    filters: list[Literal["wrong_script", "unfinished", "passage_dependent", "refusal"]]
    scripts: Annotated[list[Script], Field(min_length=1)]
    min_script_share: Share
    min_grade: Share
    personal_data: Literal["drop", "mask", "keep"]
    heldout_fraction: Fraction
    heldout_documents: list[str]
    recall_fraction: Fraction
    recall_questions: RecallQuestions
    reversed_fraction: Share
    train_reversed: bool
    validation_fraction: Fraction
    near_duplicate_similarity: Annotated[float, Field(ge=0.5, le=1)]
    abstain_fraction: Annotated[float, Field(ge=0, le=0.5)]
    open_book_fraction: Share
    paraphrases: Annotated[int, Field(ge=0)]
    paraphrase_method: Literal["templates", "llm", "back_translation"]


class Quantization(Section):
    bnb_4bit_quant_type: Literal["nf4", "fp4"]
    bnb_4bit_use_double_quant: bool
    bnb_4bit_compute_dtype: Literal["auto", "bf16", "fp16", "fp32"]


class Builtin(Section):
    characters_per_token: Annotated[float, Field(gt=0)]
    hidden_size: Count
    intermediate_size: Count
    num_hidden_layers: Count
    num_attention_heads: Count
    block_tokens: Count
    batch_size: Count
    steps: Count
    learning_rate: Rate

    @model_validator(mode="after")
    def _heads_divide_the_hidden_size(self) -> Self:
        if self.hidden_size % (2 * self.num_attention_heads):
            seen = f"{self.hidden_size}, {self.num_attention_heads}"
            raise ValueError(tr("hidden_size must be a multiple of 2 · num_attention_heads, got {seen}", seen=seen))
        return self


class BuiltinSeq2Seq(Section):
    vocabulary: Annotated[int, Field(ge=512)]
    hidden_size: Count
    intermediate_size: Count
    encoder_layers: Count
    decoder_layers: Count
    num_attention_heads: Count
    batch_size: Count
    steps: Count
    learning_rate: Rate

    @model_validator(mode="after")
    def _heads_divide_the_hidden_size(self) -> Self:
        # The position embeddings start as pairs of a sine and a cosine, so the size is even.
        if self.hidden_size % self.num_attention_heads or self.hidden_size % 2:
            seen = f"{self.hidden_size}, {self.num_attention_heads}"
            raise ValueError(
                tr("hidden_size must be even and a multiple of num_attention_heads, got {seen}", seen=seen)
            )
        return self


class Model(Section):
    base: Name
    revision: str | None
    trust_remote_code: bool
    max_unknown_fraction: Share
    builtin: Builtin
    builtin_seq2seq: BuiltinSeq2Seq


class Prompt(Section):
    style: Literal["auto", "chat", "template"]
    system: PromptText
    template: TemplateText
    open_template: OpenTemplate
    train_on: Literal["all", "last"]


class Lora(Section):
    r: Literal["auto"] | Count
    alpha: Literal["auto"] | Count
    dropout: Fraction
    target_modules: Name | Annotated[list[str], Field(min_length=1)]
    rank_pattern: Pattern
    alpha_pattern: Pattern
    use_rslora: bool
    use_dora: bool
    init_lora_weights: Literal["gaussian", "orthogonal"] | bool


class Train(Section):
    backend: Literal["auto", "unsloth", "peft"]
    processes: Literal["auto"] | Count
    epochs: Literal["auto"] | Count
    learning_rate: Literal["auto"] | Rate
    lr_scheduler_type: Literal["linear", "cosine", "constant", "constant_with_warmup"]
    warmup_fraction: Fraction
    weight_decay: Annotated[float, Field(ge=0)]
    max_grad_norm: Annotated[float, Field(gt=0)]
    optim: Literal["adamw_torch", "adamw_8bit", "paged_adamw_8bit"]
    fp8: bool
    effective_batch_size: Literal["auto"] | Count
    max_length: Count
    max_truncated_fraction: Share
    group_by_length: bool
    memory: Literal["auto", "low", "fast"]
    gpu_memory_gib: Literal["auto"] | Annotated[float, Field(gt=0)]
    per_device_train_batch_size: Literal["auto"] | Count
    packing: Literal["auto"] | bool
    gradient_checkpointing: Literal["auto"] | bool
    dataloader_num_workers: Annotated[int, Field(ge=0)]
    torch_empty_cache_steps: Count | None
    empty_cache_threshold: Share
    eval_steps: Literal["auto"] | Count
    checkpoint_minutes: Annotated[float, Field(ge=0)]
    load_best_model_at_end: bool
    early_stopping_patience: Count | None
    stop_on: StopOn
    replay_fraction: Fraction
    report_to: list[Name]


class BuiltinTraining(Section):
    """What `auto` is in `lora.r` and `train` for a built-in model."""

    r: Count
    epochs: Count
    learning_rate: Rate
    effective_batch_size: Count


class Ask(Section):
    unsupported: Literal["refuse", "warn", "show"]


class Predict(Section):
    engine: Literal["auto", "transformers", "vllm"]
    batch_size: Literal["auto"] | Count
    max_new_tokens: Count
    book: Literal["closed", "open", "both"]
    passages: Count


class Search(Section):
    #: At least 5, because `search_top5` reads five.
    passages: Annotated[int, Field(ge=5)]
    embedding: Name | None
    revision: Name | None
    question_prefix: str
    passage_prefix: str


class Evaluate(Section):
    tokenizer: Literal["kiwi", "character", "whitespace", "english"]
    references: Literal["max", "mean"]
    quick: Annotated[int, Field(ge=0)]
    bootstrap_samples: Count
    judge: Literal["none", "llm"]


class Report(Section):
    language: Literal["auto", "ko", "en"]


class Export(Section):
    format: Literal["merged", "gguf"]
    gguf_type: Literal["f16", "bf16", "q8_0", "q4_k_m"]
    push_to: Repository | None


class Params(Section):
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    task: Task
    precision: Precision
    quantization: Quantization
    extract: Extract
    qa: Qa
    summarization: Summarization
    llm: Llm
    curate: Curate
    model: Model
    prompt: Prompt
    lora: Lora
    train: Train
    builtin_training: BuiltinTraining
    predict: Predict
    search: Search
    ask: Ask
    evaluate: Evaluate
    report: Report
    export: Export

    @property
    def template(self) -> str:
        """Return the prompt template of this task."""
        return self.summarization.template if self.task == "summarization" else self.prompt.template


def load_params(path: Path = PARAMS) -> Params:
    """Read and check the whole file. Raise UserError naming the line, key, rule and value of every problem."""
    values = read_yaml(path, "safe")
    try:
        return Params.model_validate(values)
    except ValidationError as error:
        marked = read_yaml(path, "rt")  # with the line of each key
        raise UserError("\n".join(problem_lines(Params, error.errors(), path, values, marked))) from None
