"""ONNX files of other programs, imported and run in our engine, against onnxruntime.

    python3 tests/oracle/onnx_import_test.py build/release/digits-worker [CASE…]

Each case is a small network as exporters write it: it becomes layers by `digits-worker import-onnx`, and runs by `digits-worker verify`. Every
output must agree with onnxruntime's to 1e-4 of its largest value, for a batch of three. Networks that cannot be imported must be refused
with all the operators that are not covered. Exit code 77 without onnxruntime.
"""
import json
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

try:
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper
except ImportError:
    print("onnxruntime or onnx is not installed: scripts/setup installs them")
    sys.exit(77)
sys.path.insert(0, str(Path(__file__).resolve().parent))
import opencv_test as networks  # noqa: E402

TOLERANCE = 1e-4
random = np.random.default_rng(11)


class Graph:
    """A graph in the making: x is the image; each operator's output gets a name of its own."""

    def __init__(self, size=(3, 14, 18), opset=17, batch="N"):
        self.nodes, self.constants, self.outputs, self.opset, self.size, self.batch = [], [], [], opset, size, batch

    def constant(self, values, kind=np.float32):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, kind), name))
        return name

    def weights(self, *shape):
        return self.constant(random.normal(0, 1 / np.sqrt(max(1, np.prod(shape[1:]))), shape))

    def op(self, kind, *inputs, outputs=1, domain="", **attributes):
        names = [f"v{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, [i if isinstance(i, str) else self.constant(i) for i in inputs], names, name=f"n{len(self.nodes)}",
                                           domain=domain, **attributes))
        return names[0] if outputs == 1 else names

    def ints(self, *values):
        return self.constant(values, np.int64)

    def model(self, *outputs, inputs=None):
        outputs = outputs or self.outputs
        values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
        image = helper.make_tensor_value_info("x", TensorProto.FLOAT, [self.batch, *self.size])
        graph = helper.make_graph(self.nodes, "case", [image] if inputs is None else inputs, values, self.constants)
        opsets = [helper.make_opsetid("", self.opset)] + [helper.make_opsetid(d, 1) for d in sorted({n.domain for n in self.nodes} - {""})]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def conv(g, x, inputs, outputs, kernel=3, **more):
    return g.op("Conv", x, g.weights(outputs, inputs // more.get("group", 1), kernel, kernel), g.weights(outputs), **more)


def case_convolutions(g):
    a = g.op("Conv", "x", g.weights(8, 3, 3, 3), g.weights(8), pads=[1, 1, 1, 1])
    b = g.op("Conv", a, g.weights(8, 2, 3, 3), group=4, pads=[2, 1, 2, 1], dilations=[2, 1], strides=[1, 2])
    c = g.op("Conv", a, g.weights(16, 1, 5, 5), g.weights(16), group=8, auto_pad="SAME_UPPER", strides=[2, 2])
    d = g.op("Conv", a, g.weights(4, 8, 4, 3), auto_pad="SAME_LOWER", strides=[3, 1])
    e = g.op("Conv", a, g.weights(4, 8, 3, 3), g.weights(4), pads=[0, 1, 2, 3])
    f = g.op("Conv", g.op("Pad", a, g.ints(0, 0, 1, 0, 0, 0, 2, 3)), g.weights(4, 8, 3, 3), strides=[2, 2], pads=[1, 1, 1, 1])
    h = g.op("Conv", a, g.weights(4, 8, 1, 7), pads=[0, 3, 0, 3])
    i = g.op("Add", g.op("Conv", a, g.weights(4, 8, 1, 1)), g.weights(4, 1, 1))
    return [b, c, d, e, f, h, i]


def case_transposed_convolutions(g):
    a = conv(g, "x", 3, 8, strides=[2, 2])
    return [g.op("ConvTranspose", a, g.weights(8, 4, 4, 4), g.weights(4), strides=[2, 2], pads=[1, 1, 1, 1]),
            g.op("ConvTranspose", a, g.weights(8, 4, 3, 3), strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 1]),
            g.op("ConvTranspose", a, g.weights(8, 2, 3, 2), group=4, strides=[3, 2], pads=[0, 1, 2, 0])]


def case_poolings(g):
    a = g.op("Relu", conv(g, "x", 3, 4, pads=[1, 1, 1, 1]))
    made = [g.op("MaxPool", a, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
            g.op("MaxPool", a, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
            g.op("MaxPool", a, kernel_shape=[2, 3], strides=[2, 3]),
            g.op("MaxPool", a, kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 1, 1]),
            g.op("MaxPool", a, kernel_shape=[3, 2], strides=[2, 1], auto_pad="SAME_UPPER"),
            g.op("MaxPool", g.op("Pad", a, g.ints(0, 0, 1, 1, 0, 0, 1, 1)), kernel_shape=[3, 3], strides=[2, 2])]
    for include in (0, 1):
        made += [g.op("AveragePool", a, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=include),
                 g.op("AveragePool", a, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 0, 1, 0], ceil_mode=1, count_include_pad=include),
                 g.op("AveragePool", a, kernel_shape=[4, 4], strides=[3, 3], pads=[0, 1, 2, 2], count_include_pad=include)]
    return made + [g.op("AveragePool", a, kernel_shape=[2, 2], strides=[2, 2]), g.op("GlobalAveragePool", a), g.op("GlobalMaxPool", a),
                   g.op("ReduceMean", a, axes=[2, 3]), g.op("ReduceMean", a, axes=[-1, -2], keepdims=0), g.op("ReduceMean", a, axes=[3], keepdims=0),
                   g.op("ReduceSum", a, g.ints(3)), g.op("ReduceL1", a, axes=[2, 3], keepdims=0), g.op("ReduceSumSquare", a, axes=[1, 2, 3], keepdims=1)]


def case_activations(g):
    a = g.op("Mul", conv(g, "x", 3, 4), g.constant(0.01))
    positive = g.op("Exp", a)
    made = [g.op(kind, a) for kind in ("Relu", "Sigmoid", "Tanh", "Softplus", "Abs", "Neg", "HardSwish", "Identity")]
    made += [g.op("LeakyRelu", a, alpha=0.2), g.op("Elu", a, alpha=0.7), g.op("HardSigmoid", a), g.op("HardSigmoid", a, alpha=1 / 6, beta=0.5),
             g.op("PRelu", a, g.weights(4, 1, 1)), g.op("PRelu", a, g.weights(1)), g.op("Clip", a, g.constant(0.0), g.constant(0.6)),
             g.op("Clip", a, "", g.constant(0.3)), g.op("Clip", a, g.constant(0.0)), g.op("Mul", a, g.op("Sigmoid", a)),
             g.op("Softmax", a, axis=1), g.op("Softmax", a, axis=-1), g.op("LogSoftmax", a, axis=1), g.op("Log", positive), g.op("Sqrt", positive),
             g.op("Reciprocal", positive), g.op("Pow", positive, g.constant(1.7)), g.op("Max", a, g.constant(0.2)), g.op("Min", a, g.constant(0.1)),
             g.op("Min", a, g.weights(4, 1, 1)), g.op("Max", a, g.weights(4, 1, 1)), g.op("LRN", a, size=3, alpha=0.3, beta=0.6, bias=2.0),
             g.op("Dropout", a)]
    return made


def case_batch_normalization(g):
    a = conv(g, "x", 3, 4)
    b = g.op("BatchNormalization", a, g.constant([1, 2, -1, 0.5]), g.constant([0, 1, 2, 3]), g.weights(4), g.constant([1, 2, 0.5, 3]), epsilon=1e-3)
    c = g.op("Relu", b)
    return [c, g.op("BatchNormalization", g.op("Flatten", c), *[g.constant(np.abs(random.normal(1, 1, 768))) for _ in range(4)])]


def case_arithmetic(g):
    a, b = g.op("Abs", conv(g, "x", 3, 4)), conv(g, "x", 3, 4)
    gate = g.op("Sigmoid", conv(g, g.op("GlobalAveragePool", a), 4, 4, 1))
    row = g.op("ReduceMean", a, axes=[3])
    chain = g.op("Add", g.op("Mul", g.op("Sub", a, g.weights(1, 4, 1, 1)), g.weights(4, 1, 1)), g.weights(4, 1, 1))
    numbers = g.op("Pow", g.op("Add", g.op("Mul", a, g.constant(0.5)), g.constant(2.0)), g.constant(-0.5))
    return [g.op("Add", a, b), g.op("Sub", a, b), g.op("Mul", a, b), g.op("Max", a, b), g.op("Sum", a, b, a), g.op("Mul", gate, b),
            g.op("Add", b, gate), g.op("Mul", b, row), g.op("Div", b, g.op("Add", a, g.constant(1.0))), g.op("Div", b, g.constant(3.0)),
            g.op("Div", g.constant(2.0), g.op("Add", a, g.constant(1.0))), g.op("Sub", g.constant(1.0), a), g.op("Sub", g.weights(4, 1, 1), a),
            g.op("Mul", a, g.weights(12, 16)), g.op("Add", a, g.weights(4, 12, 16)), chain, numbers, g.op("Mul", a, a)]


def case_shared_values(g):
    """Constants are never merged into a layer whose output others read."""
    a = g.op("Mul", conv(g, "x", 3, 4), g.weights(4, 1, 1))
    same = g.op("Identity", a)
    return [g.op("Add", same, g.weights(4, 1, 1)), g.op("Relu", a), g.op("Mul", g.op("Identity", a), g.constant(2.0)), a]


def case_shapes(g):
    a = conv(g, "x", 3, 4)
    parts = g.op("Split", a, g.ints(1, 3), outputs=2, axis=1)
    equal = g.op("Split", a, outputs=3, axis=2)
    flat = g.op("Reshape", a, g.ints(0, -1))
    size = g.op("Shape", a)
    batch = g.op("Unsqueeze", g.op("Gather", size, g.constant(0, np.int64), axis=0), g.ints(0))
    computed = g.op("Reshape", a, g.op("Concat", batch, g.ints(4, -1), axis=0))
    squeezed = g.op("Squeeze", g.op("GlobalAveragePool", a), g.ints(2, 3))
    return [g.op("Concat", *parts[::-1], axis=1), equal[1], g.op("Transpose", a, perm=[0, 2, 3, 1]), flat, computed, squeezed,
            g.op("Unsqueeze", squeezed, g.ints(1, -1)), g.op("Flatten", a, axis=1), g.op("Flatten", a, axis=3),
            g.op("Slice", a, g.ints(1, -5), g.ints(2**62, -1), g.ints(2, 3)), g.op("Concat", a, g.op("Relu", a), axis=-1),
            g.op("Resize", a, "", g.constant([1, 1, 2, 3]), mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
            g.op("Resize", a, "", g.constant([1, 1, 2, 2]), mode="nearest"),
            g.op("Resize", a, "", "", g.op("Concat", g.op("Slice", size, g.ints(0), g.ints(2)), g.ints(25, 30), axis=0), mode="linear",
                 coordinate_transformation_mode="align_corners"),
            g.op("Cast", g.op("ArgMax", a, axis=1, keepdims=1), to=TensorProto.FLOAT)]


def case_products(g):
    a = g.op("Flatten", g.op("Relu", conv(g, "x", 3, 4, strides=[3, 3])))
    turned = g.op("Transpose", g.weights(5, 96), perm=[1, 0])
    rows = g.op("Reshape", a, g.ints(-1, 12, 8))
    return [g.op("Gemm", a, g.weights(5, 96), g.weights(5), transB=1), g.op("Gemm", a, g.weights(96, 5), alpha=0.5),
            g.op("Gemm", a, g.weights(96, 5), g.weights(1, 5), beta=2.0), g.op("Add", g.op("MatMul", a, turned), g.weights(5)),
            g.op("MatMul", rows, g.weights(8, 6)), g.op("Add", g.op("MatMul", rows, g.weights(8, 6)), g.weights(6))]


def case_old_opset(g):
    a = conv(g, "x", 3, 4)
    return [g.op("Softmax", a), g.op("Clip", a, min=0.0, max=6.0), g.op("Unsqueeze", g.op("Squeeze", g.op("GlobalAveragePool", a), axes=[2, 3]), axes=[2]),
            g.op("Slice", a, axes=[2], starts=[1], ends=[4]), g.op("Split", a, axis=1, split=[1, 3], outputs=2)[1],
            g.op("Upsample", a, g.constant([1, 1, 2, 2]), mode="nearest"), g.op("Dropout", a, ratio=0.3),
            g.op("Relu", g.op("Conv", g.op("Pad", a, pads=[0, 0, 1, 1, 0, 0, 1, 1]), g.weights(4, 4, 3, 3)))]


def case_half_precision(g):
    """Weights in fp16 that are made fp32 by the file, constants inside operators, lists in place of raw data."""
    half = g.constant(random.normal(0, 0.3, (4, 3, 3, 3)), np.float16)
    listed = helper.make_tensor("listed", TensorProto.FLOAT, [4], [0.5, -1, 2, 0.25])
    g.constants.append(listed)
    a = g.op("Conv", "x", g.op("Cast", half, to=TensorProto.FLOAT), "listed")
    return [g.op("Mul", a, g.op("Constant", value=numpy_helper.from_array(np.float32(0.3)))), g.op("Add", a, g.op("Constant", value_float=2.0))]


def case_computed_padding(g):
    """As PyTorch writes F.pad: pairs from the last axis on, turned round by slices with steps below 0."""
    a = conv(g, "x", 3, 4)
    pairs = g.op("Concat", g.ints(1, 0, 2, 3), g.op("ConstantOfShape", g.ints(4), value=numpy_helper.from_array(np.zeros(1, np.int64))), axis=0)
    turned = g.op("Slice", g.op("Reshape", pairs, g.ints(-1, 2)), g.ints(-1), g.ints(-2**63 + 1), g.ints(0), g.ints(-1))
    pads = g.op("Cast", g.op("Reshape", g.op("Transpose", turned, perm=[1, 0]), g.ints(-1)), to=TensorProto.INT64)
    return [g.op("Conv", g.op("Pad", a, pads), g.weights(4, 4, 3, 3))]


def case_preparation_of_pixels(g):
    """What the file does to the image itself becomes Digits's transformation of images."""
    g.size = (3, 20, 20)
    a = g.op("Slice", "x", g.ints(3, 3), g.ints(17, 17), g.ints(2, 3))
    a = g.op("Mul", a, g.constant(1 / 255))
    a = g.op("Sub", a, g.constant(np.reshape([0.485, 0.456, 0.406], (1, 3, 1, 1))))
    a = g.op("Div", a, g.constant(np.reshape([0.229, 0.224, 0.225], (1, 3, 1, 1))))
    return [conv(g, a, 3, 4, pads=[1, 1, 1, 1])]


def case_order_of_channels_and_a_mean_image(g):
    a = g.op("Gather", "x", g.ints(2, 1, 0), axis=1)
    return [g.op("Relu", g.op("Add", g.op("Mul", a, g.constant(0.02)), g.weights(1, 3, 14, 18)))]


def case_channels_last(g):
    g.size = (14, 18, 3)
    return [conv(g, g.op("Transpose", "x", perm=[0, 3, 1, 2]), 3, 4)]


def case_without_a_first_convolution(g):
    """The order of channels and their factors become layers of their own."""
    return [g.op("MaxPool", g.op("Div", "x", g.constant(np.reshape([2, 3, 4], (3, 1, 1)))), kernel_shape=[2, 2])]


def case_a_batch_of_two(g):
    g.batch = 2
    a = conv(g, "x", 3, 4)
    return [g.op("Reshape", a, g.ints(2, -1)), g.op("Softmax", g.op("Gemm", g.op("Flatten", a), g.weights(768, 5)))]


def case_classifier(g):
    a = conv(g, "x", 3, 4)
    return [g.op("LogSoftmax", g.op("Gemm", g.op("Flatten", a), g.weights(768, 5)))]


OPSETS = {"old_opset": 9}


def image(size, batch, channels_last):
    values = random.integers(0, 256, (batch, *size)).astype(np.float32)
    return values.transpose(0, 2, 3, 1) if channels_last else values


def prepared(image, facts):
    """What Digits gives a network of an image with R, G, B of 0 to 255."""
    planes = image[:, ::-1] if image.shape[1] == 3 else image
    if facts["mean_image"]:
        planes = planes - np.reshape(np.float32(facts["mean_image"]), (1, *planes.shape[1:]))
    if facts["mean"]:
        planes = planes - np.reshape(np.float32(facts["mean"]), (1, -1, 1, 1))
    planes = planes * np.float32(facts["scale"])
    if crop := facts["crop_size"]:
        top, left = (planes.shape[2] - crop) // 2, (planes.shape[3] - crop) // 2
        planes = planes[:, :, top:top + crop, left:left + crop]
    return np.ascontiguousarray(planes)


def convert(worker, file, folder, *options):
    return subprocess.run([worker, "import-onnx", "--model", file, "--out", folder, *options], capture_output=True, text=True, timeout=120)


def run(worker, folder, values, name):
    """The outputs of the imported network in our engine, by their names in the file."""
    facts = json.loads((folder / "import.json").read_text())
    text = (folder / "net.prototxt").read_text().replace("dim: 1\n", f"dim: {len(values)}\n", 1)
    case = folder / name
    case.mkdir()
    np.save(case / "in.data.npy", values)
    (case / "net.prototxt").write_text(text)
    if (folder / "weights.caffemodel").stat().st_size:
        (case / "weights.caffemodel").symlink_to(folder / "weights.caffemodel")
    dump = networks.run_case(worker, case, folder / "dump", {"name": name, "inputs": ["data"], "phases": ["test"]})
    return {output: np.load(dump / f"test.out.{blob.replace('/', '__')}.npy") for output, blob in facts["outputs"].items()}


def compare(ours, theirs):
    """The largest difference of two outputs of the same size."""
    if ours.size != theirs.size:
        return float("inf")
    return float(np.abs(ours.reshape(theirs.shape) - theirs).max() / (np.abs(theirs).max() or 1))


def check(worker, name):
    graph = Graph(opset=OPSETS.get(name, 17))
    outputs = globals()["case_" + name](graph)
    model = graph.model(*outputs)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        onnx.save(model, folder / "case.onnx")
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        done = convert(worker, folder / "case.onnx", folder)
        if done.returncode != 0:
            print(f"{name}: {done.stderr.strip()}: WRONG")
            return False
        facts = json.loads((folder / "import.json").read_text())
        channels_last = graph.size[0] != 3
        worst, of = 0.0, ""
        for batch in (2,) if graph.batch == 2 else (3,):
            values = image((3, *[size for size in graph.size if size != 3]), batch, channels_last)
            theirs = dict(zip(outputs, session.run(outputs, {"x": values})))
            planes = values.transpose(0, 3, 1, 2) if channels_last else values
            ours = run(worker, folder, prepared(planes, facts), f"batch{batch}")
            for output in outputs:
                expected = np.exp(theirs[output]) if name == "classifier" else theirs[output]
                difference = compare(ours[output], expected)
                if difference >= worst:
                    worst, of = difference, output
    right = worst <= TOLERANCE
    print(f"{name:<40} {len(outputs):2} outputs, difference {worst:.1e} ({of}): {'ok' if right else 'WRONG'}", flush=True)
    return right


def check_pytorch(worker):
    """A network that PyTorch itself exports, with a fixed batch and with an open one; images prepared as for ImageNet."""
    try:
        import torch
        from torch import nn
    except ImportError:
        print("PyTorch is not installed")
        return True

    class Block(nn.Module):
        def __init__(self, inputs, outputs, stride):
            super().__init__()
            self.one, self.norm = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
            self.skip, self.gate = nn.Conv2d(inputs, outputs, 1, stride), nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(outputs, outputs, 1), nn.Hardsigmoid())

        def forward(self, x):
            y = torch.relu(self.norm(self.one(x)) + self.skip(x))
            return y * self.gate(y)

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(3, 8, 7, 2, 3), nn.ReLU6(), nn.MaxPool2d(3, 2, 1))
            self.blocks = nn.Sequential(Block(8, 12, 1), Block(12, 16, 2), nn.Conv2d(16, 16, 3, 1, 1, groups=16), nn.Hardswish(), nn.SiLU())
            self.fc = nn.Linear(16, 10)

        def forward(self, x):
            x = self.blocks(self.stem(x)).mean([2, 3])
            return self.fc(x.view(x.size(0), -1))
    torch.manual_seed(3)
    model = Network().eval()
    mean, deviation = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
    pixels = image((3, 64, 48), 1, False)
    normal = (pixels - np.reshape(np.float32(mean), (1, 3, 1, 1))) / np.reshape(np.float32(deviation), (1, 3, 1, 1))
    with torch.no_grad():
        theirs = model(torch.from_numpy(normal)).numpy()
    right = True
    for name, options in (("fixed", {}), ("open", {"input_names": ["input"], "dynamic_axes": {"input": {0: "N"}}})):
        with tempfile.TemporaryDirectory() as temporary, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            folder = Path(temporary)
            torch.onnx.export(model, (torch.from_numpy(normal),), str(folder / "case.onnx"), dynamo=False, **options)
            done = convert(worker, folder / "case.onnx", folder, "--mean", *map(str, mean), "--std", *map(str, deviation))
            if done.returncode != 0:
                print(f"PyTorch, {name}: {done.stderr.strip()}: WRONG")
                return False
            facts = json.loads((folder / "import.json").read_text())
            difference = compare(next(iter(run(worker, folder, prepared(pixels, facts), "use").values())), theirs)
            layers = (folder / "net.prototxt").read_text()
        # The first convolution takes over the order of channels and their deviations.
        fine = difference <= TOLERANCE and facts["classifies"] and facts["mean"] == list(mean[::-1]) and 'type: "Slice"' not in layers
        right = right and fine
        print(f"PyTorch, {name} batch: difference {difference:.1e}: {'ok' if fine else 'WRONG'}", flush=True)
    return right


# Refusals: what the error must say.

def uncovered():
    g = Graph()
    a = conv(g, "x", 3, 4)
    branch = helper.make_graph([helper.make_node("Identity", [a], ["b"])], "branch", [], [helper.make_tensor_value_info("b", TensorProto.FLOAT, None)])
    condition = g.constant(True, np.bool_)
    a = g.op("If", condition, then_branch=branch, else_branch=branch)
    b = g.op("Erf", g.op("Erf", a))
    c = g.op("Fused", b, domain="com.example")
    d = g.op("MaxPool", conv(g, "x", 3, 4), kernel_shape=[2, 2], dilations=[2, 2])
    return g.model(c, d)


def sized(dims, data=b"", **more):
    """A model whose weights have these dimensions and bytes."""
    g = Graph()
    model = g.model(conv(g, "x", 3, 4))
    tensor = model.graph.initializer[0]
    tensor.dims[:] = dims
    tensor.raw_data = data
    for key, value in more.items():
        setattr(tensor, key, value)
    return model


def external(location):
    model = sized([4, 3, 3, 3], data_location=TensorProto.EXTERNAL)
    entry = model.graph.initializer[0].external_data.add()
    entry.key, entry.value = "location", location
    return model


def edited(change):
    g = Graph()
    model = g.model(g.op("Relu", conv(g, "x", 3, 4)))
    change(model)
    return model


def sparse(model):
    value = model.graph.sparse_initializer.add()
    value.dims[:] = [1 << 40, 1 << 40]
    value.values.CopyFrom(helper.make_tensor("s", TensorProto.FLOAT, [1], [1.0]))
    value.indices.CopyFrom(helper.make_tensor("i", TensorProto.INT64, [1, 2], [1 << 62, -1]))


def cycle(model):
    model.graph.node[0].input[0] = model.graph.node[1].output[0]


def huge_kernel(model):
    for node in model.graph.node[:1]:
        node.attribute.append(helper.make_attribute("pads", [2**62, 0, 0, 0]))


def huge_constant(model):
    node = helper.make_node("ConstantOfShape", ["big"], ["made"])
    model.graph.initializer.append(numpy_helper.from_array(np.array([2**40, 2**20], np.int64), "big"))
    model.graph.node.append(node)
    model.graph.node.append(helper.make_node("Add", [model.graph.node[1].output[0], "made"], ["sum"]))
    model.graph.output[0].name = "sum"


def many(model):
    for i in range(30000):
        model.graph.node.append(helper.make_node("Relu", ["x"], [f"r{i}"]))


REFUSED = {
    "uncovered operators": (uncovered, ['If x1 ("n1"): control flow', 'Erf x2 ("n2", "n3"): no layer', "Fused x1", "com.example", "MaxPool x1", "dilations"]),
    "external data": (lambda: external("../../etc/passwd"), ["another file", "../../etc/passwd"]),
    "absolute external data": (lambda: external("/etc/passwd"), ["another file"]),
    "huge dimensions": (lambda: sized([2**62, 2**62]), ["invalid", "dimension"]),
    "negative dimensions": (lambda: sized([-1, 3]), ["invalid", "dimension"]),
    "too few bytes": (lambda: sized([1000, 1000, 3, 3]), ["invalid", "bytes"]),
    "many axes": (lambda: sized([1] * 2000, bytes(4)), ["invalid", "dimensions"]),
    "an odd type": (lambda: sized([1], bytes(4), data_type=99), ["invalid", "type"]),
    "sparse tensors": (lambda: edited(sparse), ["sparse"]),
    "a cycle": (lambda: edited(cycle), ["cycle"]),
    "a value that nothing makes": (lambda: edited(lambda m: m.graph.node[1].input.__setitem__(0, "nowhere")), ["nowhere", "nothing makes"]),
    "a value made twice": (lambda: edited(lambda m: m.graph.node[0].output.__setitem__(0, m.graph.node[1].output[0])), ["Two operators"]),
    "no output": (lambda: edited(lambda m: m.graph.output.pop()), ["no graph"]),
    "padding without end": (lambda: edited(huge_kernel), ["pads"]),
    "a constant without end": (lambda: edited(huge_constant), ["too large"]),
    "a million operators": (lambda: edited(many), ["more than 20000 operators"]),
    "two images": (lambda: edited(lambda m: m.graph.input.append(helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3, 4, 4]))), ["2 inputs"]),
    "an old opset": (lambda: edited(lambda m: setattr(m.opset_import[0], "version", 6)), ["opset 6"]),
    "an input of another form": (lambda: edited(lambda m: m.graph.input[0].type.tensor_type.shape.dim.pop()), ["3 axes"]),
    "an open size": (lambda: edited(lambda m: m.graph.input[0].type.tensor_type.shape.dim[2].__setattr__("dim_param", "H")), ["width and height"]),
    "a mix of images": (lambda: edited(lambda m: m.graph.node.__getitem__(1).CopyFrom(helper.make_node(
        "Transpose", m.graph.node[1].input[:], m.graph.node[1].output[:], perm=[1, 0, 2, 3]))), ["images of a batch"]),
}


def check_refusals(worker):
    right = True
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        files = {name: make().SerializeToString() for name, (make, _) in REFUSED.items()}
        files |= {"no protobuf": b"\xff" * 100, "nothing": b"", "a cut file": files["external data"][:-9] + b"\x99"}
        for name, data in files.items():
            (folder / "case.onnx").write_bytes(data)
            done = convert(worker, folder / "case.onnx", folder)
            words = REFUSED.get(name, (None, ["file"]))[1]
            fine = done.returncode not in (0, 10) and done.returncode > 0 and all(word in done.stderr for word in words)
            right = right and fine
            if not fine:
                print(f"refusal of {name}: WRONG: {done.returncode} {done.stderr.strip()}, expected {words}")
    print(f"{len(files)} refusals: {'ok' if right else 'WRONG'}")
    return right


def check_documentation():
    """Every operator that becomes layers is in the table of docs/formats/onnx-import.md, and no other."""
    sources = [(networks.ROOT / f"src/imports/onnx_{name}.cpp").read_text() for name in ("windows", "elementwise", "shapes")]
    covered = set(re.findall(r'^    \{"(\w+)", [\w<>]+\},$', "\n".join(sources), re.M))
    page = (networks.ROOT / "docs/formats/onnx-import.md").read_text()
    rows = re.findall(r"^\| ([A-Z][^|]*)\|", page[page.index("## Operators"):], re.M)
    listed = {word for row in rows for word in re.findall(r"[A-Z]\w+", row)} | {"Cast"}
    print(f"{len(covered)} operators documented: {'ok' if covered == listed else f'WRONG: {sorted(covered ^ listed)}'}")
    return covered == listed and len(covered) > 40


def main():
    worker = sys.argv[1]
    wanted = sys.argv[2:] or [name[5:] for name in globals() if name.startswith("case_")]
    results = [check(worker, name) for name in wanted] + ([] if sys.argv[2:] else [check_pytorch(worker), check_refusals(worker), check_documentation()])
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
