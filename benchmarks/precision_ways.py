"""The ways in which `precision.py` runs a network on one thread of the CPU: libraries, precisions.

Each takes a network of torch, inputs to calibrate by (the first is also the example that it is
traced with) and a folder for its files, and gives a function from an array to arrays.
"""

from __future__ import annotations

import copy
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    Model = Callable[[np.ndarray], list[np.ndarray]]
    Inputs = Sequence[np.ndarray]

__all__ = ["WAYS", "versions"]

CALIBRATED_BY = 48
"""Inputs, or as many as there are."""


def versions() -> dict[str, str]:
    names = ("torch", "torchao", "openvino", "nncf", "onnxruntime", "numpy", "transformers")
    return {name: metadata.version(name) for name in names}


def in_torch(network: torch.nn.Module, inputs: Inputs, folder: Path) -> Model:
    return _of_torch(network)


def torch_dynamic(network: torch.nn.Module, inputs: Inputs, folder: Path) -> Model:
    """torch's own: weights of linear layers in int8, activations quantised as they come."""
    from torch.ao.quantization import quantize_dynamic

    made = quantize_dynamic(copy.deepcopy(network), {torch.nn.Linear}, dtype=torch.qint8)
    _check_changed(network, made)
    return _of_torch(made)


def torchao_dynamic(network: torch.nn.Module, inputs: Inputs, folder: Path) -> Model:
    """torchao's int8 for activations and weights of linear layers, not compiled."""
    from torchao.quantization import Int8DynamicActivationInt8WeightConfig, quantize_

    if not any(isinstance(m, torch.nn.Linear) for m in network.modules()):
        raise ValueError("no linear layers")
    made = copy.deepcopy(network)
    quantize_(made, Int8DynamicActivationInt8WeightConfig())
    return _of_torch(made)


def openvino_float32(network: torch.nn.Module, inputs: Inputs, folder: Path) -> Model:
    return _of_openvino(_openvino(network, inputs))


def openvino_int8(network: torch.nn.Module, inputs: Inputs, folder: Path) -> Model:
    """OpenVINO with NNCF's quantisation after training; smooth quantisation for transformers."""
    import nncf

    is_transformer = any(isinstance(module, torch.nn.LayerNorm) for module in network.modules())
    quantised = nncf.quantize(
        _openvino(network, inputs),
        nncf.Dataset(list(inputs)[:CALIBRATED_BY]),
        model_type=nncf.ModelType.TRANSFORMER if is_transformer else None,
        subset_size=min(len(inputs), CALIBRATED_BY),
    )
    return _of_openvino(quantised)


def onnx_float32(network: torch.nn.Module, inputs: Inputs, folder: Path) -> Model:
    return _of_onnx(_onnx(network, inputs, folder))


def onnx_dynamic(network: torch.nn.Module, inputs: Inputs, folder: Path) -> Model:
    """onnxruntime's dynamic int8; weights of 7 bits, as it advises for processors without VNNI."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    made = folder / "dynamic.onnx"
    quantize_dynamic(
        _onnx(network, inputs, folder),
        made,
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["MatMul", "Gemm"],
    )
    return _of_onnx(made)


def onnx_static(network: torch.nn.Module, inputs: Inputs, folder: Path) -> Model:
    """onnxruntime's calibrated int8; weights of 7 bits, as it advises without VNNI."""
    from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._inputs: Iterator[np.ndarray] = iter(list(inputs)[:CALIBRATED_BY])

        def get_next(self) -> dict[str, np.ndarray] | None:
            one = next(self._inputs, None)
            return None if one is None else {"x": one}

    made = folder / "static.onnx"
    quantize_static(
        _onnx(network, inputs, folder),
        made,
        Reader(),
        per_channel=True,
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )
    return _of_onnx(made)


WAYS = {
    "torch float32": in_torch,
    "torch int8, dynamic": torch_dynamic,
    "torchao int8, dynamic": torchao_dynamic,
    "OpenVINO float32": openvino_float32,
    "OpenVINO int8, NNCF": openvino_int8,
    "onnxruntime float32": onnx_float32,
    "onnxruntime int8, dynamic": onnx_dynamic,
    "onnxruntime int8, calibrated": onnx_static,
}


def _check_changed(before: torch.nn.Module, after: torch.nn.Module) -> None:
    if [type(m) for m in before.modules()] == [type(m) for m in after.modules()]:
        raise ValueError("nothing in it can be quantised")


def _of_torch(network: torch.nn.Module) -> Model:
    def run(x: np.ndarray) -> list[np.ndarray]:
        out = network(torch.from_numpy(x))
        return [t.numpy() for t in (out if isinstance(out, tuple) else (out,))]

    return run


def _is_text(inputs: Inputs) -> bool:
    return bool(np.issubdtype(inputs[0].dtype, np.integer))


def _openvino(network: torch.nn.Module, inputs: Inputs) -> Any:
    import openvino

    shape = [1, -1] if _is_text(inputs) else list(inputs[0].shape)
    example = torch.from_numpy(inputs[0])
    return openvino.convert_model(network, example_input=example, input=[shape])


def _of_openvino(model: Any) -> Model:
    import openvino

    settings = {
        "INFERENCE_NUM_THREADS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
    }
    compiled = openvino.Core().compile_model(model, "CPU", settings)
    return lambda x: [np.array(out) for out in compiled(x).values()]


def _onnx(network: torch.nn.Module, inputs: Inputs, folder: Path) -> Path:
    path = folder / "float32.onnx"
    if not path.exists():
        torch.onnx.export(
            network,
            (torch.from_numpy(inputs[0]),),
            path,
            input_names=["x"],
            dynamic_axes={"x": {1: "length"}} if _is_text(inputs) else None,
            opset_version=17,
            dynamo=False,
        )
    return path


def _of_onnx(path: Path) -> Model:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda x: list(session.run(None, {"x": x}))
