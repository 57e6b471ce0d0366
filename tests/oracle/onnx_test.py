"""Our networks as ONNX files against onnxruntime, and its numbers against our engine's.

    python3 tests/oracle/onnx_test.py build/release/digits-worker [NETWORK…]

Each network gets random weights, runs in our engine (`digits-worker verify --dump`), is written by `digits-worker export-onnx` and runs in
onnxruntime on a batch of another size than it was written with. Every output must agree to 1e-4 of its largest value. The file then comes
back by `digits-worker import-onnx`, and what that gives must agree with the network to 1e-5. `layers` is a network made of what no standard
network has. Exit code 77 without onnxruntime.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

try:
    import onnx
    import onnxruntime
except ImportError:
    print("onnxruntime or onnx is not installed: scripts/setup installs them")
    sys.exit(77)
sys.path.insert(0, str(Path(__file__).resolve().parent))
import onnx_import_test as imports  # noqa: E402
import opencv_test as networks  # noqa: E402

TOLERANCE, BACK = 1e-4, 1e-5
# Rounding of its normalization, which ONNX has as factors, grows through 140 layers of random weights.
DEEP = {"efficientnet_lite1": 5e-5, "resnet50": 2e-5, "detector_lite0": 5e-5}
SHAPES = {name: shape for name, (shape, *_) in networks.NETWORKS.items() if name != "ssd"} | {
    "efficientnet_lite0": (2, 3, 97, 64), "efficientnet_lite1": (1, 3, 64, 64), "detector": (2, 3, 64, 96), "segmenter": (2, 3, 64, 96),
    "regression": (2, 3, 64, 64), "multilabel": (2, 3, 64, 64), "image_to_image": (2, 3, 20, 28), "unet_light": (1, 3, 32, 48),
    "segmenter_lite0": (1, 3, 64, 64), "detector_lite0": (1, 3, 64, 64),
    "detectnet_lite0": (1, 3, 64, 96)}

LAYERS = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 3 dim: 3 dim: 13 dim: 11 } } }
layer { name: "same" type: "Convolution" bottom: "data" top: "same"
        convolution_param { num_output: 8 kernel_size: 4 stride: 3 pad_same: true weight_filler { type: "xavier" } bias_filler { type: "uniform" } } }
layer { name: "dilated" type: "Convolution" bottom: "data" top: "dilated"
        convolution_param { num_output: 6 kernel_h: 3 kernel_w: 1 pad_h: 2 pad_w: 0 dilation: 2 group: 3 weight_filler { type: "xavier" } } }
layer { name: "average" type: "Pooling" bottom: "dilated" top: "average" pooling_param { pool: AVE kernel_size: 3 stride: 2 pad: 1 } }
layer { name: "largest" type: "Pooling" bottom: "dilated" top: "largest" pooling_param { pool: MAX kernel_size: 4 stride: 3 pad: 1 } }
layer { name: "down" type: "Pooling" bottom: "dilated" top: "down" pooling_param { pool: AVE kernel_size: 2 stride: 2 round_mode: FLOOR } }
layer { name: "within" type: "LRN" bottom: "dilated" top: "within" lrn_param { norm_region: WITHIN_CHANNEL local_size: 3 alpha: 2 } }
layer { name: "prelu" type: "PReLU" bottom: "within" top: "prelu" prelu_param { filler { type: "uniform" } } }
layer { name: "elu" type: "ELU" bottom: "prelu" top: "elu" elu_param { alpha: 0.7 } }
layer { name: "leaky" type: "ReLU" bottom: "elu" top: "elu" relu_param { negative_slope: 0.1 } }
layer { name: "bnll" type: "BNLL" bottom: "elu" top: "bnll" }
layer { name: "log" type: "Log" bottom: "bnll" top: "log" log_param { base: 3 scale: 2 shift: 1 } }
layer { name: "exp" type: "Exp" bottom: "log" top: "exp" exp_param { base: 2 scale: 0.3 shift: -0.5 } }
layer { name: "power" type: "Power" bottom: "exp" top: "power" power_param { power: 1.5 scale: 0.5 shift: 1 } }
layer { name: "swish" type: "Swish" bottom: "power" top: "swish" swish_param { beta: 1.3 } }
layer { name: "tanh" type: "TanH" bottom: "swish" top: "tanh" }
layer { name: "abs" type: "AbsVal" bottom: "tanh" top: "abs" }
layer { name: "bias" type: "Bias" bottom: "abs" top: "biased" bias_param { axis: 1 filler { type: "uniform" } } }
layer { name: "order" type: "Permute" bottom: "biased" top: "order" permute_param { order: 0 order: 2 order: 3 order: 1 } }
layer { name: "flat" type: "Reshape" bottom: "order" top: "flat" reshape_param { shape { dim: 0 dim: -1 dim: 6 } } }
layer { name: "rows" type: "InnerProduct" bottom: "flat" top: "rows" inner_product_param { axis: 2 num_output: 5 weight_filler { type: "xavier" } } }
layer { name: "turned" type: "InnerProduct" bottom: "average" top: "turned"
        inner_product_param { num_output: 7 transpose: true bias_term: false weight_filler { type: "xavier" } } }
layer { name: "sums" type: "Reduction" bottom: "rows" top: "sums" reduction_param { operation: SUM axis: 1 coeff: 0.5 } }
layer { name: "squares" type: "Reduction" bottom: "average" top: "squares" reduction_param { operation: SUMSQ axis: -1 } }
layer { name: "best" type: "ArgMax" bottom: "down" top: "best" argmax_param { axis: 1 } }
layer { name: "larger" type: "Interp" bottom: "down" top: "larger" interp_param { height: 9 width: 12 } }
layer { name: "cut" type: "Crop" bottom: "dilated" bottom: "down" top: "cut" crop_param { axis: 2 offset: 3 offset: 1 } }
layer { name: "parts" type: "Slice" bottom: "cut" top: "first" top: "second" slice_param { axis: 1 slice_point: 2 } }
layer { name: "gate" type: "Pooling" bottom: "dilated" top: "gate" pooling_param { pool: AVE global_pooling: true } }
layer { name: "gates" type: "Reshape" bottom: "gate" top: "gates" reshape_param { shape { dim: 0 dim: 6 } } }
layer { name: "gated" type: "Scale" bottom: "down" bottom: "gates" top: "gated" scale_param { axis: 0 } }
layer { name: "weighted" type: "Eltwise" bottom: "gated" bottom: "cut" top: "weighted" eltwise_param { operation: SUM coeff: 0.5 coeff: -2 } }
layer { name: "times" type: "Eltwise" bottom: "weighted" bottom: "cut" top: "times" eltwise_param { operation: PROD } }
layer { name: "most" type: "Eltwise" bottom: "times" bottom: "cut" top: "most" eltwise_param { operation: MAX } }
layer { name: "up" type: "Deconvolution" bottom: "most" top: "up"
        convolution_param { num_output: 4 kernel_size: 4 stride: 2 pad: 1 weight_filler { type: "xavier" } } }
layer { name: "joined" type: "Concat" bottom: "first" bottom: "second" bottom: "most" top: "joined" }
layer { name: "shares" type: "Softmax" bottom: "joined" top: "shares" }
layer { name: "end" type: "Sigmoid" bottom: "up" top: "up" }
"""
UNSUPPORTED = 'layer {{ name: "{0}" type: "{0}" bottom: "data" top: "{0}" }}\n'


def non_maximum_suppression(scores, boxes, keep=100, most=1000, least=0.01, overlap=0.65):
    """What DetectionDecode makes of the two outputs of one image."""
    cells, classes = np.nonzero(scores >= least)
    order = np.lexsort((cells, classes, -scores[cells, classes].astype(np.float64)))[:most]
    kept = []
    for cell, label in zip(cells[order], classes[order]):
        box = boxes[cell].astype(np.float64)

        def iou(other):
            width, height = np.minimum(box[2:], other[2:]) - np.maximum(box[:2], other[:2])
            both = max(width, 0) * max(height, 0)
            return both / ((box[2] - box[0]) * (box[3] - box[1]) + (other[2] - other[0]) * (other[3] - other[1]) - both)
        if len(kept) < keep and not any(one[0] == label and iou(one[2:]) > overlap for one in kept):
            kept.append(np.array([label, scores[cell, label], *box]))
    rows = np.zeros((keep, 6), np.float32)
    rows[:, 0] = -1
    rows[:len(kept)] = kept
    return rows


def check(worker, name):
    shape = (3, 3, 13, 11) if name == "layers" else SHAPES[name]
    text = LAYERS if name == "layers" else networks.deploy_text(name, shape)
    image = np.random.default_rng(5).normal(0, 1, shape).astype(np.float32)
    if name.startswith("detectnet"):  # it subtracts 127
        image = image * 60 + 127
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        weights = networks.make_weights(worker, name, text, image, folder)
        case = folder / "use"
        case.mkdir()
        np.save(case / "in.data.npy", image)
        (case / "net.prototxt").write_text(text)
        (case / "weights.caffemodel").symlink_to(weights)
        ours = networks.run_case(worker, case, folder / "dump", {"name": name, "inputs": ["data"], "phases": ["test"]})
        file = folder / "network.onnx"
        done = subprocess.run([worker, "export-onnx", "--net", case / "net.prototxt", "--weights", weights, "--out", file],
                              capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            print(f"{name:<18} {done.stderr.strip()}")
            return False
        onnx.checker.check_model(str(file), full_check=True)
        session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
        names = [one.name for one in session.get_outputs()]
        theirs = dict(zip(names, session.run(names, {"image": image})))
        back, of_back = come_back(worker, file, folder, image, names, theirs, ours)
        # No output is called as the input is.
        theirs = {"image" if output == "image_out" else output: values for output, values in theirs.items()}
        if name.startswith("detector"):
            listed = suppressed(worker, case, weights, folder / "nms.onnx", image)
            theirs = {"detections": np.stack([non_maximum_suppression(*pair) for pair in zip(theirs["scores"], theirs["boxes"])])}
        worst, of = 0.0, ""
        for blob, values in theirs.items():
            own = np.load(ours / f"test.out.{blob.replace('/', '__')}.npy")
            difference = networks.difference(own, values.reshape(own.shape) if values.size == own.size else values)
            if difference >= worst:
                worst, of = difference, blob
        if name.startswith("detector"):
            difference = networks.difference(own, listed) if listed.shape == own.shape else float("inf")
            if difference >= worst:
                worst, of = difference, "detections of --nms"
    right = worst <= TOLERANCE and back <= DEEP.get(name, BACK) and len(theirs) > 0
    print(f"{name:<18} {len(theirs)} outputs, difference {worst:.1e} ({of}), imported again {back:.1e} ({of_back}): {'ok' if right else 'WRONG'}", flush=True)
    return right


def suppressed(worker, case, weights, file, image):
    """The rows of a file with decoding and non-maximum suppression inside."""
    subprocess.run([worker, "export-onnx", "--nms", "--net", case / "net.prototxt", "--weights", weights, "--out", file], check=True, timeout=120)
    onnx.checker.check_model(str(file), full_check=True)
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    assert [one.name for one in session.get_outputs()] == ["detections"], session.get_outputs()
    return session.run(None, {"image": image})[0]


def come_back(worker, file, folder, image, names, theirs, ours):
    """The largest difference of the imported network's outputs to those of the network that was exported."""
    made = folder / "imported"
    made.mkdir()
    # The networks of this test get B, G, R.
    done = imports.convert(worker, file, made, "--bgr")
    if done.returncode != 0:
        return float("inf"), done.stderr.strip()
    facts = json.loads((made / "import.json").read_text())
    again = imports.run(worker, made, imports.prepared(image[:, ::-1] if image.shape[1] == 3 else image, facts), "again")
    worst, of = 0.0, ""
    for name in names:
        stored = ours / f"test.out.{('image' if name == 'image_out' else name).replace('/', '__')}.npy"
        # A detector's file ends before the network does.
        difference = imports.compare(again[name], np.load(stored) if stored.exists() else theirs[name])
        if difference >= worst:
            worst, of = difference, name
    return worst, of


def check_refusals(worker):
    """All layers that cannot be written are named, with the reason."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        text = ('layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 2 dim: 4 dim: 4 } } }\n'
                + UNSUPPORTED.format("MVN") + 'layer { name: "chance" type: "Pooling" bottom: "data" top: "chance" '
                "pooling_param { pool: STOCHASTIC kernel_size: 2 } }\n"
                'layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { num_output: 2 } }\n')
        weights = networks.make_weights(worker, "refused", text, np.ones((1, 2, 4, 4), np.float32), folder)
        (folder / "net.prototxt").write_text(text)
        done = subprocess.run([worker, "export-onnx", "--net", folder / "net.prototxt", "--weights", weights, "--out", folder / "x.onnx"],
                              capture_output=True, text=True, timeout=60)
        said = done.stderr
        right = done.returncode != 0 and "[MVN]" in said and "stochastic" in said and "[ip]" not in said and not (folder / "x.onnx").exists()
    print(f"refusals: {'ok' if right else 'WRONG: ' + said}")
    return right


def main():
    worker = sys.argv[1]
    wanted = sys.argv[2:] or [*SHAPES, "layers"]
    results = [check(worker, name) for name in wanted] + ([] if sys.argv[2:] else [check_refusals(worker)])
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
