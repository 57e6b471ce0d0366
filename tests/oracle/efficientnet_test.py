"""The included ImageNet weights in our engine against PyTorch with the weights as they were published.

    python3 tests/oracle/efficientnet_test.py build/release/digits-worker MODELS

MODELS is the store that scripts/pretrained made. Images of different looks go through both programs: the scores must agree to 1e-4 of
their largest value, the five best classes must be the same in the same order, and so must be the gradients of a loss (to 1e-3: where a value
lies on an edge of ReLU6, rounding decides). Exit code 77 without the weights, or the package that
has the network in PyTorch.
"""
import importlib.util
import json
import re
import subprocess
import sys
import tempfile
from importlib.machinery import SourceFileLoader
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent.parent
TOLERANCE = 1e-4

try:
    import torch
    from efficientnet_lite_pytorch import EfficientNet
except ImportError:
    print("PyTorch or efficientnet_lite_pytorch is not installed: scripts/setup installs them")
    sys.exit(77)
pretrained = SourceFileLoader("pretrained", str(ROOT / "scripts/pretrained")).load_module()


def images(side):
    """(images, R G B, height, width) of 0 to 255: smooth and noisy, dark and bright."""
    rows, columns = np.mgrid[0:side, 0:side] / side
    random = np.random.default_rng(4)
    waves = np.stack([127 + 120 * np.sin(8 * rows * (c + 1) + 5 * columns) for c in range(3)])
    spots = np.stack([255 * np.exp(-((rows - 0.5) ** 2 + (columns - 0.3 - c / 5) ** 2) * 20) for c in range(3)])
    return np.stack([waves, spots, random.integers(0, 256, (3, side, side)), waves * 0.2 + spots * 0.7]).round().astype(np.float32)


def deploy_text(network, side):
    text = network.read_text()
    layers = [one for one in re.findall(r"^layer \{\n.*?^\}\n", text, re.M | re.S)
              if 'type: "Data"' not in one and "exclude" not in one and '{ stage: "val" }' not in one]
    layers = [re.sub(r'^ *include \{ stage: "\w+" \}\n', "", one, flags=re.M) for one in layers]
    layers = [one.replace("inner_product_param {\n", "inner_product_param {\n    num_output: 1000\n") for one in layers]
    return (f'layer {{ name: "data" type: "Input" top: "data" input_param {{ shape {{ dim: 4 dim: 3 dim: {side} dim: {side} }} }} }}\n'
            + "".join(layers))


def check(worker, folder, name):
    model = pretrained.MODELS[name]
    if importlib.util.find_spec(model["package"].split("==")[0].replace("-", "_")) is None:
        print(f"{name}: the published weights are not installed")
        return None
    info = json.loads((folder / "info.json").read_text())
    raw = images(model["side"])
    normal = (raw - np.float32(info["mean values"][0])) * np.float32(info["image scale"])
    reference = EfficientNet.from_name(name)
    reference.load_state_dict(pretrained.load_state(name))
    reference.eval()
    with torch.no_grad():
        theirs = reference(torch.from_numpy(normal)).numpy()
    with tempfile.TemporaryDirectory() as temporary:
        case, dump = Path(temporary) / "case", Path(temporary) / "dump"
        case.mkdir()
        np.save(case / "in.data.npy", np.ascontiguousarray(normal[:, ::-1]))  # B, G, R
        (case / "net.prototxt").write_text(deploy_text(folder / info["model file"], model["side"]))
        (case / "weights.caffemodel").symlink_to(folder / info["snapshot file"])
        (case / "case.json").write_text(json.dumps({"name": name, "inputs": ["data"], "phases": ["test"]}))
        done = subprocess.run([worker, "verify", str(case), "--dump", str(dump)], capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            sys.exit(done.stdout + done.stderr)
        ours = np.load(dump / name / "test.out.fc.npy").reshape(theirs.shape)
    worst = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
    same = bool((np.argsort(-ours)[:, :5] == np.argsort(-theirs)[:, :5]).all())
    labels = (folder / "labels.txt").read_text().splitlines()
    right = worst <= TOLERANCE and same and len(labels) == len(set(labels)) == 1000
    print(f"{name} difference {worst:.1e}, top 5 {'the same' if same else 'DIFFER'}: {'ok' if right else 'WRONG'}", flush=True)
    return right


def check_gradients(worker, folder):
    """As in fine-tuning: BatchNorm by the statistics that came with the weights."""
    name = folder.name
    info = json.loads((folder / "info.json").read_text())
    normal = (images(64) - np.float32(info["mean values"][0])) * np.float32(info["image scale"])
    labels = np.arange(4, dtype=np.float32)
    reference = EfficientNet.from_name(name, image_size=64)
    reference.load_state_dict(pretrained.load_state(name))
    reference.eval()
    torch.nn.functional.cross_entropy(reference(torch.from_numpy(normal)), torch.from_numpy(labels).long()).backward()
    text = deploy_text(folder / info["model file"], 64).replace("eps: 0.001", "eps: 0.001 use_global_stats: true")
    text = re.sub(r'^layer \{\n  name: "(softmax|drop)".*?^\}\n', "", text, flags=re.M | re.S)
    text += ('layer { name: "label" type: "Input" top: "label" input_param { shape { dim: 4 } } }\n'
             'layer { name: "loss" type: "SoftmaxWithLoss" bottom: "fc" bottom: "label" top: "loss" }\n')
    with tempfile.TemporaryDirectory() as temporary:
        case, dump = Path(temporary) / "case", Path(temporary) / "dump"
        case.mkdir()
        np.save(case / "in.data.npy", np.ascontiguousarray(normal[:, ::-1]))
        np.save(case / "in.label.npy", labels)
        (case / "net.prototxt").write_text(text)
        (case / "weights.caffemodel").symlink_to(folder / info["snapshot file"])
        (case / "case.json").write_text(json.dumps({"name": name, "inputs": ["data", "label"], "phases": ["train"]}))
        done = subprocess.run([worker, "verify", str(case), "--dump", str(dump)], capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            sys.exit(done.stdout + done.stderr)
        worst = 0.0
        for key, value in reference.named_parameters():
            owner, member = key.rsplit(".", 1)
            layer, kind = pretrained.our_name(owner)
            layer = f"{layer}/scale" if kind == "BatchNorm" else layer
            own = np.load(dump / name / f"train.param.{layer.replace('/', '__')}.{1 if member == 'bias' else 0}.npy")
            theirs = value.grad.flip(1).numpy() if layer == "stem" else value.grad.numpy()
            worst = max(worst, float(np.abs(own.reshape(theirs.shape) - theirs).max() / np.abs(theirs).max()))
    print(f"{name} gradients: difference {worst:.1e}: {'ok' if worst <= 1e-3 else 'WRONG'}", flush=True)
    return worst <= 1e-3


def main():
    worker, store = sys.argv[1], Path(sys.argv[2])
    present = [one.parent for one in sorted(store.glob("*/info.json")) if one.parent.name in pretrained.MODELS]
    results = [result for one in present if (result := check(worker, one, one.name)) is not None]
    if results:
        results.append(check_gradients(worker, present[0]))
    if not results:
        print(f"no included weights in {store}: scripts/pretrained makes them")
        sys.exit(77)
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
