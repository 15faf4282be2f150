"""The settings that guides, TRL, PEFT, LLaMA-Factory and Axolotl know, and what each is in params.yaml, or why nothing.

docs/from-guides.md has the same in a table, which tests compare with this.
"""

import re

from pagetune.commands import guide_values as to_values
from pagetune.commands.guide_values import Convert, number, share, text, to, truth

_LENGTH = to("train.max_length", number)
_RANK, _ALPHA = to("lora.r", number), to("lora.alpha", number)
_DROPOUT = to("lora.dropout", share)
_SEED = to("seed", number)
_EPOCHS = to("train.epochs", to_values.epochs)
_MODULES = to("lora.target_modules", to_values.names)
_CHECKPOINTING = to("train.gradient_checkpointing", to_values.checkpointing)
_PACKING = to("train.packing", truth)
_ANSWER = to("predict.max_new_tokens", number)
_BASE = to("model.base", text)

#: What a setting becomes.
TAKEN: dict[str, Convert] = {
    "use_unsloth": to_values.backend,
    "use_qlora": to_values.four_bit,
    "load_in_4bit": to_values.four_bit,
    "load_in_8bit": to_values.eight_bit,
    "load_in_16bit": to_values.sixteen_bit,
    "load_in_fp8": to("train.fp8", truth),
    "quantization_bit": to_values.bits,
    "adapter": to_values.adapter,
    "finetuning_type": to_values.finetuning,
    "fp16": to_values.computed_in("fp16"),
    "bf16": to_values.computed_in("bf16"),
    "dtype": to_values.load_dtype,
    "torch_dtype": to_values.load_dtype,
    "bnb_4bit_compute_dtype": to("quantization.bnb_4bit_compute_dtype", to_values.dtype),
    "bnb_4bit_quant_type": to("quantization.bnb_4bit_quant_type", to_values.quant_type),
    "quantization_type": to("quantization.bnb_4bit_quant_type", to_values.quant_type),
    "bnb_4bit_use_double_quant": to("quantization.bnb_4bit_use_double_quant", truth),
    "double_quantization": to("quantization.bnb_4bit_use_double_quant", truth),
    "model_name": _BASE,
    "model_name_or_path": _BASE,
    "base_model": _BASE,
    "revision": to("model.revision", text),
    "trust_remote_code": to("model.trust_remote_code", truth),
    "r": _RANK,
    "rank": _RANK,
    "lora_r": _RANK,
    "lora_rank": _RANK,
    "alpha": _ALPHA,
    "lora_alpha": _ALPHA,
    "lora_dropout": _DROPOUT,
    "target_modules": _MODULES,
    "lora_target": _MODULES,
    "lora_target_modules": _MODULES,
    "lora_target_linear": to_values.all_linear,
    "rank_pattern": to("lora.rank_pattern", dict),
    "alpha_pattern": to("lora.alpha_pattern", dict),
    "use_rslora": to("lora.use_rslora", truth),
    "peft_use_rslora": to("lora.use_rslora", truth),
    "use_dora": to("lora.use_dora", truth),
    "peft_use_dora": to("lora.use_dora", truth),
    "init_lora_weights": to("lora.init_lora_weights", to_values.initial_weights),
    "seed": _SEED,
    "random_state": _SEED,
    "data_seed": _SEED,
    "max_seq_length": _LENGTH,
    "max_length": _LENGTH,
    "max_seq_len": _LENGTH,
    "cutoff_len": _LENGTH,
    "sequence_len": _LENGTH,
    "encoder_max_len": to_values.prompt_length,
    "decoder_max_len": _ANSWER,
    "max_new_tokens": _ANSWER,
    "generation_max_length": _ANSWER,
    "per_device_train_batch_size": to_values.rows_at_once,
    "micro_batch_size": to_values.rows_at_once,
    "gradient_accumulation_steps": to_values.accumulation,
    "num_train_epochs": _EPOCHS,
    "num_epochs": _EPOCHS,
    "epochs": _EPOCHS,
    "learning_rate": to("train.learning_rate", share),
    "lr": to("train.learning_rate", share),
    "lr_scheduler_type": to("train.lr_scheduler_type", to_values.schedule),
    "lr_scheduler": to("train.lr_scheduler_type", to_values.schedule),
    "warmup_ratio": to_values.warmup_share,
    "warmup_steps": to_values.warmup,
    "optim": to("train.optim", to_values.optimizer),
    "optimizer": to("train.optim", to_values.optimizer),
    "weight_decay": to("train.weight_decay", share),
    "max_grad_norm": to_values.clipping,
    "gradient_checkpointing": _CHECKPOINTING,
    "use_gradient_checkpointing": _CHECKPOINTING,
    "group_by_length": to("train.group_by_length", truth),
    "train_sampling_strategy": to_values.grouped,
    "packing": _PACKING,
    "padding_free": _PACKING,
    "sample_packing": _PACKING,
    "neat_packing": _PACKING,
    "dataloader_num_workers": to("train.dataloader_num_workers", number),
    "torch_empty_cache_steps": to("train.torch_empty_cache_steps", number),
    "eval_strategy": to_values.strategy,
    "evaluation_strategy": to_values.strategy,
    "eval_steps": to_values.evaluation_steps,
    "load_best_model_at_end": to("train.load_best_model_at_end", truth),
    "early_stopping_patience": to("train.early_stopping_patience", number),
    "report_to": to("train.report_to", to_values.loggers),
    "system_prompt": to("prompt.system", text),
    "default_system": to("prompt.system", text),
    "quantization_method": to_values.gguf,
}

_UPLOAD = "nothing is uploaded unless you set export.push_to yourself"
_CLOCK = "checkpoints are written by the clock (train.checkpoint_minutes)"
_GREEDY = "answers are greedy, so that scores repeat"
_KERNEL = "the attention kernel follows from the rows; train.packing: false pads them"
_FACTS = "documents are split by hash (curate.heldout_fraction), then facts (curate.validation_fraction)"
_DATA = "put documents, or rows of your own, into data/raw; qa.source and qa.columns say how they are read"
_DVC = "DVC knows where everything is, and names the experiments"
_SECRET = "it is read from the environment (HF_TOKEN), never from a file"  # noqa: S105
_SHARDED = "train.processes: GPUs train together, and FSDP is used where the base leaves no room on one"
_FIXED = "it stays at the library's default"
_ANSWERS_ONLY = "the loss is only on the answer and its EOS, always"
_ONLY_LORA = "only the adapter is trained; lora.target_modules: [q_proj, lm_head] puts one on the head"
_TEMPLATE = "prompt.style: auto asks in the base's own chat template where it has one"
_ENVIRONMENT = "the environment sets it, such as WANDB_PROJECT"
_ITSELF = "pagetune decides it by itself"
_POINTS = "the curve has up to five points for each validation (train.eval_steps)"


def _for_each(reason: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), reason)


#: Why a setting has no counterpart.
REFUSED: dict[str, str] = {
    **_for_each(_SECRET, "token hub_token hf_token use_auth_token hf_hub_token"),
    **_for_each(_UPLOAD, "push_to_hub hub_model_id hub_private_repo hub_strategy push_to_hub_merged push_to_hub_gguf"),
    **_for_each(_CLOCK, "save_steps save_strategy save_total_limit saves_per_epoch save_only_model save_safetensors"),
    **_for_each(_GREEDY, "temperature do_sample top_p top_k num_beams repetition_penalty"),
    **_for_each(_KERNEL, "attn_implementation flash_attn flash_attention xformers_attention sdp_attention"),
    **_for_each(_FACTS, "test_size train_test_split val_size val_set_size eval_dataset"),
    **_for_each(_DATA, "dataset datasets dataset_name dataset_dir dataset_path train_file data_path data_files"),
    **_for_each(_DVC, "output_dir overwrite_output_dir resume_from_checkpoint run_name hub_dir dataset_prepared_path"),
    **_for_each(_SHARDED, "device_map deepspeed fsdp fsdp_config ddp_find_unused_parameters ddp_timeout"),
    **_for_each(_FIXED, "adam_beta1 adam_beta2 adam_epsilon llm_int8_threshold bnb_4bit_quant_storage"),
    **_for_each(_ANSWERS_ONLY, "train_on_responses_only completion_only_loss assistant_only_loss train_on_inputs"),
    **_for_each(_ONLY_LORA, "modules_to_save lora_modules_to_save additional_target embedding_learning_rate bias"),
    **_for_each(_TEMPLATE, "chat_template template dataset_text_field formatting_func prompt_template"),
    **_for_each(_ENVIRONMENT, "wandb_project wandb_entity wandb_watch wandb_name wandb_log_model logging_dir"),
    **_for_each(_POINTS, "logging_steps logging_strategy logging_first_step plot_loss evals_per_epoch"),
    **_for_each(
        _ITSELF,
        "task_type do_train do_eval do_predict stage remove_unused_columns length_column_name "
        "dataloader_pin_memory dataset_num_proc preprocessing_num_workers overwrite_cache pad_to_sequence_len "
        "per_device_eval_batch_size eval_accumulation_steps eval_batch_size use_liger_kernel enable_liger_kernel "
        "use_cache tf32 gradient_checkpointing_kwargs model_type tokenizer_type special_tokens pad_token padding_side "
        "eos_token predict_with_generate strict is_llama_derived_model plugins use_fast_tokenizer",
    ),
    "max_memory": "train.gpu_memory_gib limits it, in GiB",
    "gpu_memory_utilization": "train.gpu_memory_gib limits it, in GiB",
    "auto_find_batch_size": "train.per_device_train_batch_size: auto finds what fits, and keeps the effective batch",
    "batch_size": "set train.effective_batch_size for a step, or predict.batch_size for answering",
    "train_batch_size": "set train.effective_batch_size for a step",
    "max_steps": "every row is trained on equally often: set train.epochs",
    "max_samples": "every row is used: put fewer into data/raw",
    "llm_int8_enable_fp32_cpu_offload": "no weight is moved off the GPU",
    "offload_folder": "no weight is moved off the GPU",
    "rope_scaling": "it belongs into the model's config.json",
    "full_finetuning": _ONLY_LORA,
    "fast_inference": "set predict.engine: vllm",
    "layers_to_transform": "write lora.target_modules as an expression, such as .*layers\\.(0|1)\\..*_proj",
    "layers_pattern": "write lora.target_modules as an expression, such as .*layers\\.(0|1)\\..*_proj",
    "loftq_config": "LoftQ changes the base, and scores before and after tuning share one base",
    "loraplus_lr_ratio": "both matrices of the adapter have one learning rate",
    "label_smoothing_factor": "answers are facts, for which one token is right",
    "neftune_noise_alpha": "this noise is for free answers in chats, not for facts",
    "torch_compile": "it takes a minute at the start and gains little; train.fp8 compiles its part",
    "early_stopping_threshold": "anything better counts",
    "metric_for_best_model": "set train.stop_on",
    "greater_is_better": "it follows from train.stop_on",
    "dropout": "lora.dropout is taken from lora_dropout, or from dropout in a section for LoRA",
}
#: Keys whose values are not shown, such as hub_token and wandb_api_key.
SECRET = re.compile(r"(^|[_-])(token|key|secret|password)$", re.IGNORECASE)
#: Sections about generation or evaluation: their max_length or seed is not that of the training.
ASIDE = re.compile(r"(generat|inference|predict|vllm|eval)", re.IGNORECASE)
#: Settings that are taken from such sections too.
ALSO_ASIDE = frozenset(("max_new_tokens",))
#: Settings whose value may be a mapping, which is not a section then.
MAPPINGS = frozenset(("rank_pattern", "alpha_pattern", "lr_scheduler_kwargs", *REFUSED))
#: Projections that encoder-decoders such as BART have, and Llama does not.
OTHER_MODULES = frozenset(("out_proj", "fc1", "fc2"))
