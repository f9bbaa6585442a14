"""The runtime gives what the model says, under the names it says it, or refuses."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.packs import Draft, write
from edgegate.errors import ModelError
from edgegate.types import Image
from edgegate.vision import tflite
from edgegate.vision.packs import MODEL_FILE, Task, load_pack, sha256_of, shipped
from edgegate.vision.tflite import Model, Runtime, cosine, dequantize, quantize

Load = Callable[[str, Task], Model]


def recard(folder: Path, *changes: tuple[str, str]) -> None:
    card = folder / "model.toml"
    text = card.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    card.write_text(text, encoding="utf-8")


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1), st.floats(1e-4, 10), st.integers(-128, 127))
def test_quantizing_rounds_to_the_nearest_and_clips(values: list[float], scale: float, zero_point: int) -> None:
    quantized = quantize(values, np.int8, scale, zero_point)
    assert quantized.dtype == np.int8
    low, high = dequantize(np.array((-128, 127), np.int8), scale, zero_point)
    nearest = np.clip(np.array(values, np.float32), low, high)
    error = np.abs(dequantize(quantized, scale, zero_point) - nearest)
    assert (error <= 0.5 * scale * (1 + 1e-3) + 1e-6 * np.abs(nearest)).all()


def test_quantizing_does_not_truncate_and_does_not_wrap() -> None:
    assert quantize([0.9, 1.5, 2.5, 300, -4], np.uint8, 1.0, 0).tolist() == [1, 2, 2, 255, 0]


@pytest.mark.skipif(find_spec("ai_edge_litert") is None, reason="only ai-edge-litert can rewrite a model's signature")
def test_outputs_are_found_by_name_whatever_their_order(
    model: Load, runtime: Runtime, tmp_path: Path, unsigned_detector: bytes
) -> None:
    """The same graph signed with its two outputs' names swapped: the names must follow the signature."""
    from converter.tflite.signature import add_signature  # noqa: PLC0415 - imports ai-edge-litert

    genuine = model("face-detector", "detector")
    pack, probe = genuine.pack, golden_input(shipped("face-detector"))
    swapped = add_signature(unsigned_detector, "image", ("scores", "boxes"))
    outputs = {"boxes": pack.outputs["scores"], "scores": pack.outputs["boxes"]}
    draft = Draft("swapped", "detector", swapped, pack.input, outputs, pack.licence, {}, probe)
    other = Model(load_pack(write(draft, tmp_path), "detector"), runtime=runtime)
    one, two = genuine.run(probe), other.run(probe)
    assert np.array_equal(one["boxes"], two["scores"])
    assert np.array_equal(one["scores"], two["boxes"])


@pytest.fixture
def unsigned_detector() -> bytes:
    """The shipped detector without its signature."""

    def unsign(network: Any) -> None:
        network.signatureDefs = []

    return rewritten((shipped("face-detector") / MODEL_FILE).read_bytes(), unsign)


def rewritten(blob: bytes, change: Callable[[Any], None]) -> bytes:
    """The model after `change` has had its hands on its `schema.ModelT`."""
    import flatbuffers  # noqa: PLC0415 - comes with ai-edge-litert
    from ai_edge_litert import schema_py_generated as schema  # noqa: PLC0415

    network = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(blob, 0))
    change(network)
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(network.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def golden_input(folder: Path) -> Image:
    with np.load(folder / "golden.npz") as golden:
        return np.asarray(golden["input"][0], np.uint8)


def test_a_wrong_golden_answer_is_refused(pack_copy: Callable[[str], Path], runtime: Runtime) -> None:
    folder = pack_copy("face-embedder")
    golden = folder / "golden.npz"
    before = sha256_of(golden)
    with np.load(golden) as data:
        image, embedding = data["input"], data["embedding"]
    np.savez_compressed(golden, input=image, embedding=embedding[:, ::-1])
    recard(folder, (before, sha256_of(golden)))
    with pytest.raises(
        ModelError, match=r"face-embedder .*its embedding is not the golden answer on this runtime; use"
    ):
        Model(load_pack(folder, "embedder"), runtime=runtime)


def test_a_golden_file_that_is_none_is_refused(pack_copy: Callable[[str], Path], runtime: Runtime) -> None:
    folder = pack_copy("face-embedder")
    golden = folder / "golden.npz"
    before = sha256_of(golden)
    golden.write_bytes(b"PK\x03\x04 but not really")
    recard(folder, (before, sha256_of(golden)))
    with pytest.raises(ModelError, match="golden answer cannot be read"):
        Model(load_pack(folder, "embedder"), runtime=runtime)


@pytest.mark.parametrize(("old", "new"), [(" = 192\n", " = 128\n"), ("[1, 2304, 1]", "[1, 896, 1]")])
def test_a_wrong_shape_is_refused(pack_copy: Callable[[str], Path], runtime: Runtime, old: str, new: str) -> None:
    folder = pack_copy("face-detector")
    recard(folder, (old, new))
    with pytest.raises(ModelError, match=r"has shape \(1, .*its card says \(1, "):
        Model(load_pack(folder, "detector"), runtime=runtime)


def test_a_model_that_is_none_is_refused(pack_copy: Callable[[str], Path], runtime: Runtime) -> None:
    folder = pack_copy("face-detector")
    replace_model(folder, b"\x00" * 64)
    with pytest.raises(ModelError, match="the runtime cannot load it") as raised:
        Model(load_pack(folder, "detector"), runtime=runtime)
    assert "\n" not in str(raised.value)


def replace_model(folder: Path, blob: bytes) -> None:
    before = sha256_of(folder / MODEL_FILE)
    (folder / MODEL_FILE).write_bytes(blob)
    recard(folder, (before, sha256_of(folder / MODEL_FILE)))


def test_a_tensor_whose_name_is_no_text_is_refused(pack_copy: Callable[[str], Path], runtime: Runtime) -> None:
    folder = pack_copy("face-detector")
    genuine = (folder / MODEL_FILE).read_bytes()
    assert genuine.count(b"input_1") == 1
    replace_model(folder, genuine.replace(b"input_1", b"\xffnput_1"))
    with pytest.raises(ModelError, match=r"face-detector .*its signature cannot be read \(.*\); rebuild") as raised:
        Model(load_pack(folder, "detector"), runtime=runtime)
    assert "\n" not in str(raised.value)


@pytest.mark.skipif(find_spec("ai_edge_litert") is None, reason="only ai-edge-litert can rewrite a model's signature")
@pytest.mark.parametrize("index", [9999, 2**32 - 1])
def test_a_signature_of_tensors_that_are_not_there_is_refused(
    pack_copy: Callable[[str], Path], runtime: Runtime, index: int
) -> None:
    def misplace(network: Any) -> None:
        network.signatureDefs[0].outputs[0].tensorIndex = index

    folder = pack_copy("face-detector")
    replace_model(folder, rewritten((folder / MODEL_FILE).read_bytes(), misplace))
    with pytest.raises(ModelError, match=r"face-detector .*its signature cannot be read \(.*\); rebuild") as raised:
        Model(load_pack(folder, "detector"), runtime=runtime)
    assert "\n" not in str(raised.value)


def test_a_picture_of_another_size_is_refused(model: Load) -> None:
    with pytest.raises(ModelError, match=r"takes uint8 \(150, 150, 3\), not uint8 \(112, 112, 3\)"):
        model("face-embedder", "embedder").run(np.zeros((112, 112, 3), np.uint8))


def test_every_invocation_passes_through_the_timer(runtime: Runtime) -> None:
    entered = []

    @contextmanager
    def timer() -> Iterator[None]:
        entered.append(1)
        yield

    pack = load_pack(shipped("face-landmarks"), "landmarks")
    model = Model(pack, runtime=runtime, timer=timer)
    entered.clear()
    model.run(np.zeros((192, 192, 3), np.uint8))
    assert entered == [1]


def test_a_model_tells_whether_it_runs_on_the_fast_kernels(
    model: Load, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = partial(model, "face-landmarks", "landmarks")
    assert load().fast
    interpreter = tflite._find(runtime)
    module = sys.modules[interpreter.__module__]
    without = module.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES  # as when XNNPACK cannot read /proc/cpuinfo
    monkeypatch.setattr(module, "Interpreter", partial(interpreter, experimental_op_resolver_type=without))
    assert not load().fast


@pytest.mark.skipif(int(np.__version__.split(".")[0]) < 2, reason="NumPy 1 is what tflite-runtime needs")
def test_tflite_runtime_with_numpy_2_is_one_clear_line() -> None:
    with pytest.raises(
        ModelError, match=r"tflite-runtime cannot work with NumPy 2.*; from a clone, pip install '\.\[tflite-runtime\]'"
    ):
        Model(load_pack(shipped("face-landmarks"), "landmarks"), runtime="tflite-runtime")


def test_loading_a_model_imports_no_training_tool(model: Load) -> None:
    model("face-landmarks", "landmarks")
    assert not {"tensorflow", "keras"} & set(sys.modules)


def test_cosine_with_nothing_is_no_agreement() -> None:
    assert not cosine(np.zeros(3, np.float32), np.ones(3, np.float32)) >= 0.9
