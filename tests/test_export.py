"""Only the tuned model counts as exported: each planted fault is found."""

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import ROOT, edit_params, precision_of, run, shared
from hypothesis import given
from hypothesis import strategies as st
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pagetune.errors import UserError
from pagetune.export import converter, merge
from pagetune.export.chat_template import chat_template, modelfile
from pagetune.export.llama_cpp import splits_like_gpt2
from pagetune.export.merge import Merging, export_merged
from pagetune.export.verification import Outputs, largest_difference, near_ties
from pagetune.model.loading import load_base
from pagetune.model.manifest import Manifest, read_manifest
from pagetune.model.prompts import render_prompt
from pagetune.model.style import make_template
from pagetune.model.template import TemplateRecord
from pagetune.params import load_params

TEMPLATE = "Q: {instruction}\nA: "
PROMPTS = [render_prompt(TEMPLATE, question) for question in ("주소?", "서울 9만 원", "전화?", "요금?")]
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20)
PARAMS = load_params(ROOT / "params.yaml")
PARAMS = PARAMS.model_copy(update={"predict": PARAMS.predict.model_copy(update={"max_new_tokens": 12})})
HAS_LLAMA_CPP = converter.why_no_llama_cpp() is None and (converter.INSTALLED / converter.SCRIPT).exists()


def make_adapter(base: Path, folder: Path, scale: float = 0.3, **options: Any) -> None:
    """Save an adapter with random weights for the base in `base` as `folder`/models/adapter."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(0)
    manifest = read_manifest(base)
    model = load_base(manifest, precision_of("fp32", manifest.quantized))
    model = get_peft_model(model, LoraConfig(r=4, target_modules=options.pop("on", "all-linear"), **options))
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=scale)
    model.save_pretrained(str(folder / "models/adapter"))


@pytest.fixture
def project(tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def merging(base: Path, precision: str) -> Merging:
    return merging_of(read_manifest(base), precision)


def merging_of(manifest: Manifest, precision: str = "fp32") -> Merging:
    return Merging(manifest, PARAMS, precision, TemplateRecord.for_base(TEMPLATE, manifest), PROMPTS)


def exported(base: Path, precision: str = "fp32") -> dict[str, Any]:
    return export_merged(merging(base, precision), Path("merged"))[0]


def logits(model: Any) -> torch.Tensor:
    with torch.inference_mode():
        return torch.Tensor(model.cpu()(input_ids=torch.arange(5, 25)[None]).logits)


# Merged.


@pytest.mark.parametrize("precision", ["fp32", "bf16", "4bit", "8bit"])
def test_the_merged_model_is_the_adapter_on_the_dequantised_base_and_loads_again_equal(
    project: Path, tiny_base: Path, precision: str
) -> None:
    from transformers import AutoModelForCausalLM

    make_adapter(tiny_base, project)
    proof = exported(tiny_base, precision)
    assert proof["fp32"] == {"largest_logit_difference": proof["fp32"]["largest_logit_difference"], "same_answers": 4}
    assert proof["fp32"]["largest_logit_difference"] <= 1e-3
    assert 0 < proof["sixteen_bit"]["largest_logit_difference"] < 0.5
    assert proof["sixteen_bit"]["reloaded_logit_difference"] == 0
    assert proof["base"]["largest_logit_difference"] > 0.1
    whole = merge.in_fp32(read_manifest(tiny_base), precision_of(precision)).merge_and_unload()
    again = AutoModelForCausalLM.from_pretrained("merged", dtype=torch.float32).eval()
    assert (logits(whole) - logits(again)).abs().max() < 0.1


@pytest.mark.parametrize("on", [["q_proj", "lm_head"], r".*(q_proj|lm_head)"])
def test_an_adapter_on_the_head_alone_leaves_a_tied_embedding_as_it_was(
    project: Path, tiny_base: Path, on: list[str] | str
) -> None:
    from transformers import AutoModelForCausalLM

    make_adapter(tiny_base, project, on=on)
    assert exported(tiny_base)["fp32"]["same_answers"] == 4
    base = load_base(read_manifest(tiny_base), precision_of("fp32")).cpu()
    merged = AutoModelForCausalLM.from_pretrained("merged", dtype=torch.float32)
    assert base.config.tie_word_embeddings
    assert not merged.config.tie_word_embeddings
    assert torch.equal(merged.get_input_embeddings().weight, base.get_input_embeddings().weight.half().float())
    assert not torch.equal(merged.get_output_embeddings().weight, merged.get_input_embeddings().weight)


def test_an_adapter_that_changes_nothing_is_refused(project: Path, tiny_base: Path) -> None:
    make_adapter(tiny_base, project, scale=0.0)
    with pytest.raises(UserError, match="the adapter changes nothing"):
        exported(tiny_base)
    assert not Path("merged").exists()


def test_a_merge_that_loses_the_tuning_is_refused(
    project: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from peft import PeftModel

    make_adapter(tiny_base, project)
    monkeypatch.setattr(PeftModel, "merge_and_unload", lambda self, safe_merge: self.unload(), raising=False)
    with pytest.raises(UserError, match=r"the merged model is not the tuned one: in fp32 a logit differs by .* of 4"):
        exported(tiny_base)


def test_an_adapter_with_a_nan_is_refused(project: Path, tiny_base: Path) -> None:
    from safetensors.torch import load_file, save_file

    make_adapter(tiny_base, project)
    file = project / "models/adapter/adapter_model.safetensors"
    weights = load_file(file)
    next(weight for name, weight in weights.items() if "lora_B" in name)[0, 0] = float("nan")
    save_file(weights, file)
    with pytest.raises(UserError, match="models/adapter cannot be merged"):
        exported(tiny_base)


def test_a_model_that_overflows_in_16_bits_is_refused(project: Path, tiny_base: Path, tmp_path: Path) -> None:
    """One projection is larger and the next one smaller, which gives the same function in fp32."""
    large = tmp_path / "large"
    shutil.copytree(tiny_base, large)
    model = load_base(read_manifest(tiny_base), precision_of("fp32"))
    for layer in model.model.layers:
        layer.mlp.up_proj.weight.data *= 3e4
        layer.mlp.down_proj.weight.data /= 3e4
    model.save_pretrained(str(large))
    make_adapter(tiny_base, project, on=["q_proj"])
    manifest = read_manifest(tiny_base).model_copy(update={"location": str(large)})
    with pytest.raises(UserError, match=r"in torch\.float16 the merged model overflows"):
        export_merged(merging_of(manifest), Path("merged"))


def test_a_difference_that_is_not_a_number_is_infinite() -> None:
    whole, broken = torch.zeros(2, 3), torch.tensor([[0.0, float("nan"), 0.0]] * 2)
    assert largest_difference(Outputs([], [whole, whole]), Outputs([], [whole, broken])) == float("inf")


def test_weights_that_were_not_saved_as_they_are_in_memory_are_found(
    project: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import PreTrainedModel

    make_adapter(tiny_base, project)
    whole = PreTrainedModel.save_pretrained

    def damaged(model: Any, folder: str, **options: Any) -> None:
        kept = model.model.layers[0].mlp.up_proj.weight.data.clone()
        model.model.layers[0].mlp.up_proj.weight.data[0, 0] += 1
        whole(model, folder, **options)
        model.model.layers[0].mlp.up_proj.weight.data = kept

    monkeypatch.setattr(PreTrainedModel, "save_pretrained", damaged)
    with pytest.raises(UserError, match="differs from what was saved: loaded again"):
        exported(tiny_base)


def test_the_merged_folder_asks_and_ends_as_the_training_did(project: Path, tiny_base: Path) -> None:
    from transformers import AutoTokenizer, GenerationConfig

    make_adapter(tiny_base, project)
    exported(tiny_base)
    tokenizer, ends = AutoTokenizer.from_pretrained("merged"), GenerationConfig.from_pretrained("merged")
    asked = tokenizer.apply_chat_template(
        [{"role": "user", "content": "앞의 질문"}, {"role": "user", "content": " 주소? "}], tokenize=False
    )
    assert asked == "Q: 주소?\nA: "
    assert (tokenizer.eos_token, ends.eos_token_id, ends.max_new_tokens) == ("</s>", [tokenizer.eos_token_id], 12)


def test_the_merged_folder_ends_in_the_trained_eos_whatever_the_base_s_tokenizer_says(
    project: Path, tiny_base: Path, tmp_path: Path
) -> None:
    from transformers import AutoTokenizer

    make_adapter(tiny_base, project)
    other = tmp_path / "other"
    shutil.copytree(tiny_base, other)
    settings = json.loads((other / "tokenizer_config.json").read_text(encoding="utf-8"))
    (other / "tokenizer_config.json").write_text(json.dumps(settings | {"eos_token": "<pad>"}), encoding="utf-8")
    export_merged(merging_of(read_manifest(tiny_base).model_copy(update={"location": str(other)})), Path("merged"))
    assert AutoTokenizer.from_pretrained("merged").eos_token == "</s>"


@pytest.mark.parametrize("last", ["", "\n"])
@pytest.mark.parametrize("opening", ["assistant:\n", "assistant: ", "assistant:\n<think>\n"])
def test_a_base_with_a_chat_template_keeps_it_in_the_export_and_asks_as_the_training_did(
    project: Path, tiny_base: Path, tmp_path: Path, opening: str, last: str
) -> None:
    """Where it writes the answer's space into the prompt, or opens a thought, it ends as the training's prompt does."""
    from transformers import AutoTokenizer

    base = tmp_path / "chat"
    shutil.copytree(tiny_base, base)
    (base / "chat_template.jinja").write_text(
        "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '</s>\n' }}{% endfor %}"
        f"{{% if add_generation_prompt %}}{{{{ {json.dumps(opening)} }}}}{{% endif %}}{last}",
        encoding="utf-8",
    )
    manifest = read_manifest(tiny_base).model_copy(update={"location": str(base), "end_of_turn": "</s>"})
    template, _ = make_template(PARAMS, manifest)
    make_adapter(tiny_base, project)
    prompts = [render_prompt(template.template, question) for question in ("주소?", "전화?")]
    export_merged(Merging(manifest, PARAMS, "fp32", template, prompts), Path("merged"))
    chat = [("user", "앞의 질문"), ("assistant", "앞의 답"), ("user", "주소?")]
    messages = [{"role": role, "content": content} for role, content in chat]
    saved = AutoTokenizer.from_pretrained("merged")
    asked = saved.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert asked.endswith(prompts[0])
    assert "앞의 답" in asked
    assert saved.apply_chat_template(messages[:2], tokenize=False).endswith("앞의 답</s>\n")


def test_memory_that_is_too_little_is_said_before_anything_is_loaded(
    project: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merge.torch.cuda, "is_available", lambda: False)
    manifest = read_manifest(tiny_base).model_copy(update={"parameters": 10**15})
    with pytest.raises(UserError, match="billion parameters in fp32 takes 4842877 GiB"):
        merge.in_fp32(manifest, precision_of("fp32"))


# Templates in Jinja and Go.


@given(WORDS, WORDS, WORDS, st.sampled_from([None, "<s>"]))
def test_the_chat_template_asks_as_ours_does(before: str, after: str, question: str, bos: str | None) -> None:
    template = f"{before}\n{{instruction}}{after}\n"
    # As transformers renders it.
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    rendered = environment.from_string(chat_template(template, bos)).render(
        messages=[{"role": "user", "content": f" {question} "}], add_generation_prompt=True
    )
    assert rendered == (bos or "") + render_prompt(template, question.strip())


@given(WORDS, WORDS, st.text('{}"\\ a', max_size=12))
def test_the_modelfile_asks_as_ours_does(before: str, after: str, odd: str) -> None:
    template = f"{before}{odd}\n{{instruction}}\n{after}{odd}"
    text = modelfile("model.gguf", template, ["</s>", "<|끝|>"], 64)
    _, quoted, rest = text.split('"""')
    # Render it as Go does: string literals, and the prompt.
    pieces = re.split(r"\{\{ (.*?) \}\}(?!\})", quoted)
    made = [
        piece if at % 2 == 0 else "질문" if piece == ".Prompt" else json.loads(piece) for at, piece in enumerate(pieces)
    ]
    assert "".join(made) == render_prompt(template, "질문")
    assert 'PARAMETER stop "</s>"\nPARAMETER stop "<|끝|>"\nPARAMETER num_predict 64\n' in rest
    assert "PARAMETER temperature 0\nPARAMETER top_k 1\nPARAMETER repeat_penalty 1\n" in rest


# GGUF.


def test_answers_may_differ_only_at_near_ties() -> None:
    logits = torch.tensor([[0.0, 1.0, 0.99], [3.0, 0.0, 0.0]])
    outputs = Outputs([[1, 0]], [logits])
    assert near_ties(outputs, [[2, 2]], 0.02) == 1
    assert near_ties(outputs, [[2, 2]], 0.005) == 0
    assert near_ties(outputs, [[1, 2]], 0.02) == 0
    assert near_ties(outputs, [[1]], 0.02) == 0  # an answer that only ends earlier is not a near tie
    assert near_ties(outputs, [[1, 0]], 0.02) == 0  # nor is the same answer


def test_a_tokenizer_that_splits_like_gpt2_is_recognised(tiny_base: Path, tmp_path: Path) -> None:
    assert splits_like_gpt2(tiny_base / "tokenizer.json")
    for other in (None, {"type": "Metaspace"}, {"type": "ByteLevel", "add_prefix_space": True}):
        (tmp_path / "tokenizer.json").write_text(json.dumps({"pre_tokenizer": other}), encoding="utf-8")
        assert not splits_like_gpt2(tmp_path / "tokenizer.json")


def test_a_missing_converter_is_named_before_anything_is_merged(
    copied: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    edit_params(copied, {"export.format": "gguf"})
    monkeypatch.setenv("LLAMA_CPP", str(tmp_path))
    done = run(copied, sys.executable, "-m", "stages.export", check=False)
    edit_params(copied, {"export.format": "merged"})
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(
        f"export: llama.cpp's converter is not in {tmp_path}. Run `python -m pagetune.export.install`"
    )
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.skipif(not HAS_LLAMA_CPP, reason="`make gguf` has not run")
@pytest.mark.parametrize("gguf_type", ["f16", "q8_0", "q4_k_m"])
def test_llama_cpp_answers_from_the_gguf_as_the_tuned_model_does(copied: Path, gguf_type: str) -> None:
    edit_params(copied, {"export.format": "gguf", "export.gguf_type": gguf_type})
    said = run(copied, "dvc", "repro", "export/dvc.yaml").stdout
    edit_params(copied, {"export.format": "merged", "export.gguf_type": "f16"})
    proof = json.loads((copied / "models/export/proof.json").read_text(encoding="utf-8"))["gguf"]
    assert proof["same_answers"] + proof["near_ties"] == 20
    assert "of 20 answers the same by llama.cpp" in said
    assert sorted(path.name for path in (copied / "models/export/gguf").iterdir()) == [
        "Modelfile",
        f"model-{gguf_type}.gguf",
    ]


# The stage.


@pytest.fixture(scope="module")
def copied(pipeline: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "copy"
    shutil.copytree(pipeline, folder, symlinks=True)
    return folder


def test_the_export_runs_by_its_own_file_and_never_with_the_pipeline(copied: Path) -> None:
    shutil.rmtree(copied / "models/export", ignore_errors=True)
    run(copied, "dvc", "repro")
    assert not (copied / "models/export").exists()
    said = run(copied, "dvc", "repro", "export/dvc.yaml").stdout
    assert "export: merged in fp32: 20 of 20 answers the same" in said
    assert "loaded again they are equal" in said
    assert (copied / "models/export/merged/model.safetensors").exists()
    assert "didn't change, skipping" in run(copied, "dvc", "repro", "export/dvc.yaml").stdout


def test_an_export_that_fails_leaves_nothing_behind(copied: Path) -> None:
    adapter = copied / "models/adapter/adapter_model.safetensors"
    kept = adapter.read_bytes()
    from safetensors.torch import load_file, save_file

    save_file({name: torch.zeros_like(weight) for name, weight in load_file(adapter).items()}, adapter)
    done = run(copied, sys.executable, "-m", "stages.export", check=False)
    adapter.write_bytes(kept)
    assert done.returncode == 1
    assert done.stderr.startswith("export: the adapter changes nothing")
    assert len(done.stderr.strip().splitlines()) == 1
    assert not list((copied / "models").glob("export*"))


def test_the_real_checkpoint_goes_from_base_to_adapter_to_export_and_loads_again_equal(
    copied: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "real"
    shutil.copytree(copied, folder, symlinks=True)
    checkpoint = shared("models", "stories260K")
    edit_params(
        folder,
        {"model.base": str(checkpoint), "precision": "fp32", "train.max_truncated_fraction": 1.0, "lora.r": 4}
        | {"model.max_unknown_fraction": 1.0, "curate.paraphrases": 1},
    )
    run(folder, "dvc", "repro", "train")
    said = run(folder, "dvc", "repro", "export/dvc.yaml").stdout
    assert "export: merged in fp32: 20 of 20 answers the same" in said
    assert json.loads((folder / "models/base/manifest.json").read_text(encoding="utf-8"))["source"] == "local"
    proof = json.loads((folder / "models/export/proof.json").read_text(encoding="utf-8"))
    assert proof["sixteen_bit"]["reloaded_logit_difference"] == 0
    assert proof["fp32"]["largest_logit_difference"] <= 1e-3
