"""Our forward pass against OpenCV's own importer of Caffe networks, with weights that we wrote.

    python3 tests/oracle/opencv_test.py build/release/digits-worker [NETWORK…]

Each network's deploy form runs twice on one random image: here through `digits-worker verify --dump`, there through cv2.dnn. Both the
scores and what is made of them must agree to 1e-4 of their largest value. Exit code 77 without OpenCV.
"""
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

try:
    import cv2
except ImportError:
    print("cv2 is not installed: scripts/setup installs opencv-python-headless")
    sys.exit(77)

ROOT = Path(__file__).resolve().parent.parent.parent
TOLERANCE = 1e-4
# Name: shape of the input, scores, result. The images are small where the network allows it: fewer weights to write.
NETWORKS = {
    "lenet": ((1, 1, 28, 28), "ip2", "softmax"),
    "alexnet": ((1, 3, 131, 131), "fc8", "softmax"),
    "googlenet": ((1, 3, 224, 224), "loss3/classifier", "softmax"),
    "vgg16": ((1, 3, 64, 64), "fc8", "softmax"),
    "resnet18": ((2, 3, 96, 96), "fc", "softmax"),
    "resnet50": ((2, 3, 96, 96), "fc", "softmax"),
    "squeezenet": ((1, 3, 99, 99), "flat10", "softmax"),
    "fcn_alexnet": ((1, 3, 100, 120), "score", "softmax"),
    "mobilenetv2": ((2, 3, 96, 96), "fc", "softmax"),
    "unet": ((1, 1, 48, 64), "score", "softmax"),
    "autoencoder": ((2, 1, 28, 28), "decode0", "image"),
    "siamese": ((2, 1, 28, 28), "ip2", "feat"),
    "detectnet": ((1, 3, 96, 160), "cvg/classifier", "bboxes"),
    "ssd": ((2, 3, 64, 80), "conf_flat", "detection_out"),
}
CLASSES = 7


def deploy_text(name, shape):
    """The layers of the deploy net, with an input and the number of classes filled in."""
    folder = ROOT / "networks" if (ROOT / "networks" / f"{name}.prototxt").exists() else Path(__file__).parent
    text = (folder / f"{name}.prototxt").read_text()
    layers = []
    for layer in re.findall(r"^layer \{\n.*?^\}\n", text, re.M | re.S):
        if re.search(r'exclude \{ stage: "deploy" \}', layer):
            continue
        if 'type: "Python"' in layer:  # OpenCV has none
            continue
        stages = re.findall(r'include \{ stage: "(\w+)" \}', layer)
        if stages and "deploy" not in stages:
            continue
        layer = re.sub(r'^ *include \{ stage: "\w+" \}\n', "", layer, flags=re.M)
        if "num_output" not in layer:
            group = f"    group: {CLASSES}\\n" if 'type: "Deconvolution"' in layer else ""
            layer = re.sub(
                r"(inner_product_param|convolution_param) \{\n", rf"\1 {{\n    num_output: {CLASSES}\n{group}", layer
            )
        # Factors below 1 keep 50 layers of random weights from amplifying mere rounding.
        layer = layer.replace("bias_term: true }", 'bias_term: true filler { type: "uniform" min: 0.2 max: 0.6 } '
                              'bias_filler { type: "uniform" min: -0.1 max: 0.3 } }')
        layers.append(layer)
    dims = " ".join(f"dim: {n}" for n in shape)
    head = f'name: "{name}"\nlayer {{ name: "data" type: "Input" top: "data" input_param {{ shape {{ {dims} }} }} }}\n'
    return head + "".join(layers)


def text_for_opencv(text):
    """OpenCV's Caffe knows no Clip, but has one with the same bounds under another name."""
    return re.sub(r'type: "Clip"(.*?)  clip_param \{\s*min: 0\s*max: 6\s*\}\n', r'type: "ReLU6"\1', text, flags=re.S)


def run_case(worker, case, dump, info):
    (case / "case.json").write_text(json.dumps(info))
    done = subprocess.run([worker, "verify", str(case), "--dump", str(dump)], capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        sys.exit(f"{case}: {done.stdout}{done.stderr}")
    return dump / info["name"]


def make_weights(worker, name, text, image, folder):
    """The fillers' weights; two steps at rate 0 give BatchNorm its statistics. Of a longer training, since some layers fix them on the way."""
    case = folder / "train"
    case.mkdir()
    np.save(case / "in.data.npy", image)
    (case / "net.prototxt").write_text(text)
    (case / "solver.prototxt").write_text('net: "net.prototxt"\nbase_lr: 0\nlr_policy: "fixed"\nrandom_seed: 3\nmax_iter: 100\n')
    return run_case(worker, case, folder / "dump", {"name": name + "_train", "inputs": ["data"], "iters": 2}) / "after.caffemodel"


def sorted_rows(detections):
    rows = detections.reshape(-1, 7)
    return rows[np.lexsort((rows[:, 3].round(4), -rows[:, 2].round(4), rows[:, 1], rows[:, 0]))]


def difference(ours, theirs):
    if ours.shape != theirs.shape:
        return float("inf")
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


def check(worker, name):
    shape, scores, result = NETWORKS[name]
    text = deploy_text(name, shape)
    image = np.random.default_rng(5).normal(0, 1, shape).astype(np.float32)
    if name == "detectnet":  # it subtracts 127
        image = image * 60 + 127
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        weights = make_weights(worker, name, text, image, folder)
        case = folder / "use"
        case.mkdir()
        np.save(case / "in.data.npy", image)
        (case / "net.prototxt").write_text(text)
        (case / "weights.caffemodel").symlink_to(weights)
        ours = run_case(worker, case, folder / "dump", {"name": name, "inputs": ["data"], "phases": ["test"]})

        (folder / "opencv.prototxt").write_text(text_for_opencv(text))
        net = cv2.dnn.readNetFromCaffe(str(folder / "opencv.prototxt"), str(weights))
        net.enableWinograd(False)  # its rounding alone is more than the tolerance in ResNet-50
        net.setInput(image)
        blobs = [scores, result]
        theirs = net.forward(blobs)
        worst = 0.0
        for blob, values in zip(blobs, theirs):
            own = np.load(ours / f"test.out.{blob.replace('/', '__')}.npy")
            if blob == "detection_out":  # rows of equal scores may come in another order
                own, values = sorted_rows(own), sorted_rows(values)
            worst = max(worst, difference(own.reshape(values.shape) if own.size == values.size else own, values))
        spread = float(np.ptp(theirs[0]) / np.abs(theirs[0]).max())
    right = worst <= TOLERANCE and spread > 0.5
    print(f"{name:<14} difference {worst:.1e}, spread of the scores {spread:.2g}: {'ok' if right else 'WRONG'}", flush=True)
    return right


def check_image_data(worker):
    """ImageData reads and resizes as cv2 does, but for the last bit."""
    sizes = [(31, 45), (16, 12), (64, 80), (40, 17)]  # height, width of what is asked for
    images = np.random.default_rng(9).integers(0, 256, (2, 32, 24, 3), dtype=np.uint8)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for i, image in enumerate(images):
            cv2.imwrite(str(folder / f"{i}.png"), image)
        (folder / "list.txt").write_text("0.png 4\n1.png 2\n")
        layers = [f'layer {{ name: "in{i}" type: "ImageData" top: "x{i}" top: "y{i}" image_data_param {{ source: "list.txt" batch_size: 2 '
                  f"new_height: {height} new_width: {width} }} }}" for i, (height, width) in enumerate(sizes)]
        (folder / "net.prototxt").write_text("\n".join(layers))
        ours = run_case(worker, folder, folder / "dump", {"name": "image_data", "phases": ["test"]})
        worst = 0.0
        for i, (height, width) in enumerate(sizes):
            theirs = np.stack([cv2.resize(image, (width, height)).transpose(2, 0, 1) for image in images])
            worst = max(worst, float(np.abs(np.load(ours / f"test.out.x{i}.npy") - theirs).max()))
        labels = np.load(ours / "test.out.y0.npy").tolist()
    right = worst <= 1 and labels == [4, 2]
    print(f"ImageData      difference {worst:.0f} of 255: {'ok' if right else 'WRONG'}", flush=True)
    return right


def main():
    worker = sys.argv[1]
    results = [check_image_data(worker)] + [check(worker, name) for name in sys.argv[2:] or NETWORKS]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
