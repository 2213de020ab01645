"""An ONNX graph that grows node by node, and takes in graphs that converters made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, compose, helper, numpy_helper

#: Versions of the operators: the newest that the converters and every runtime of the last two years know.
OPSETS = {"": 18, "ai.onnx.ml": 3}
#: Of the file format; runtimes of the last two years read it.
IR_VERSION = 9

ELEMENT_TYPES = {
    "double": TensorProto.DOUBLE,
    "float": TensorProto.FLOAT,
    "int64": TensorProto.INT64,
    "string": TensorProto.STRING,
    "bool": TensorProto.BOOL,
}


class Graph:
    """Nodes, constants and inputs; values are known by their names."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._count = 0

    def input(self, name: str, kind: str) -> str:
        """A column of the table as an input, (n_rows, 1).

        Args:
            name: of the column.
            kind: ``double`` or ``string``.
        """
        self._inputs.append(helper.make_tensor_value_info(name, ELEMENT_TYPES[kind], ["rows", 1]))
        return name

    def matrix_input(self, name: str, kind: str, columns: int) -> str:
        """Several numeric columns as one input, (n_rows, columns)."""
        self._inputs.append(helper.make_tensor_value_info(name, ELEMENT_TYPES[kind], ["rows", columns]))
        return name

    def constant(self, array: Any) -> str:
        """A constant; texts as an array of objects."""
        array = np.asarray(array)
        name = self._name("constant")
        if array.dtype.kind in "OUT":
            texts = [str(text).encode() for text in array.ravel()]
            self._constants.append(helper.make_tensor(name, TensorProto.STRING, array.shape, texts))
        else:
            self._constants.append(numpy_helper.from_array(array, name))
        return name

    def node(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """The output of a new node that has one."""
        output = self._name(operator)
        self._nodes.append(helper.make_node(operator, list(inputs), [output], domain=domain, **attributes))
        return output

    def cast(self, value: str, kind: str) -> str:
        """The value in another element type."""
        return self.node("Cast", value, to=ELEMENT_TYPES[kind])

    def joined(self, values: Sequence[str]) -> str:
        """Columns side by side."""
        return values[0] if len(values) == 1 else self.node("Concat", *values, axis=1)

    def attach(self, model: onnx.ModelProto, feeds: Mapping[str, str]) -> list[str]:
        """Takes in the nodes of a converted model.

        Args:
            model: what a converter made.
            feeds: its inputs -> values of this graph.

        Returns:
            Its outputs as values of this graph.
        """
        self._count += 1
        prefix = f"part{self._count}/"
        graph = compose.add_prefix(model, prefix).graph
        for inner, outer in feeds.items():
            self._nodes.append(helper.make_node("Identity", [outer], [prefix + inner]))
        self._nodes.extend(graph.node)
        self._constants.extend(graph.initializer)
        return [output.name for output in graph.output]

    def model(self, outputs: Mapping[str, tuple[str, str, Sequence[Any]]], about: Mapping[str, str]) -> onnx.ModelProto:
        """The whole as a checked model.

        Args:
            outputs: name -> value, element type, shape.
            about: what the file says of itself, such as where it comes from.
        """
        for name, (value, _, _) in outputs.items():
            self._nodes.append(helper.make_node("Identity", [value], [name]))
        infos = [
            helper.make_tensor_value_info(name, ELEMENT_TYPES[kind], shape)
            for name, (_, kind, shape) in outputs.items()
        ]
        graph = helper.make_graph(self._nodes, "pipeline", self._inputs, infos, self._constants)
        opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="clearml-automl")
        helper.set_model_props(model, dict(about))
        onnx.checker.check_model(model)
        return model

    def _name(self, what: str) -> str:
        self._count += 1
        return f"{what.lower()}/{self._count}"
