"""Networks in use: Digits against onnxruntime and OpenVINO, the same exported network on the same machine, in turns within one run.

    scripts/bench infer                 LeNet, ResNet-50, MobileNet v2, EfficientNet-Lite0; batches of 1 and 16; two threads
    DIGITS_BENCH_NETWORKS=lenet,…       only these
    DIGITS_BENCH_PARTS=network,http     only one of the two parts
    DIGITS_BENCH_THREADS=N              threads of each (default 2)
    DIGITS_BENCH_SECONDS=N              how long each single measurement lasts (default 3)
    DIGITS_BENCH_REPEATS=N              how often all are measured in turn (default 3)
    DIGITS_BENCH_CLIENTS=N              clients of the server at once (default 64)

Images per second and the time of a call (median, 99th percentile), for the network alone and from the bytes of JPEG files (256 x 256 pixels, for
LeNet 28 x 28, gray), with decoding and resizing. Each ratio is of neighbours in time, to the better of the two others; medians are printed.
`from JPEG` is what Digits reaches from JPEG files by what the better one of the others reaches with the network alone.

The second part sends requests of one image from many clients at once to `digits serve-model`: binary tensors, and JPEG files (`encoded_image`). Its
share is that of the network alone, at the better of both batch sizes. The clients run on the same cores.

Goals: network alone 1.0, from JPEG 0.9, share of the server 0.9. The weights are random; onnxruntime, OpenVINO and OpenCV are installed into an
environment of their own, $DIGITS_DEPS/bench-infer.
"""
import json
import os
import selectors
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

from feed import ROOT, WORKER, textured_images

sys.path.insert(0, str(ROOT / "tests/oracle"))
import opencv_test as oracle  # noqa: E402

DEPS = Path(os.environ.get("DIGITS_DEPS", ROOT / ".deps"))
PEER = DEPS / "bench-infer"
WANTED = ["onnxruntime==1.32.0", "openvino==2026.4.1", "opencv-python-headless==4.14.0.94"]
DIGITS = ROOT / "build/release/digits"
# Channels, height and width of the input, classes, and the sides of the JPEG files.
NETWORKS = {"lenet": ((1, 28, 28), 10, 28), "resnet50": ((3, 224, 224), 1000, 256), "mobilenetv2": ((3, 224, 224), 1000, 256),
            "efficientnet_lite0": ((3, 224, 224), 1000, 256)}
BATCHES = (1, 16)
PEERS = ("onnxruntime", "openvino")
GOALS = {"network": 1.0, "images": 0.9, "http": 0.9}
THREADS = int(os.environ.get("DIGITS_BENCH_THREADS", "2"))
SECONDS = float(os.environ.get("DIGITS_BENCH_SECONDS", "3"))
REPEATS = int(os.environ.get("DIGITS_BENCH_REPEATS", "3"))
LONGEST = 300
CLIENTS = int(os.environ.get("DIGITS_BENCH_CLIENTS", "64"))


def install_peers():
    stamp = PEER / ".installed"
    if stamp.exists() and stamp.read_text() == " ".join(WANTED):
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", PEER], check=True)
    subprocess.run([PEER / "bin/pip", "install", "--quiet", "--disable-pip-version-check", *WANTED], check=True)
    stamp.write_text(" ".join(WANTED))


def make_model(net, folder):
    """A folder as `digits serve-model` takes it, with random weights, and the same as ONNX."""
    shape, oracle.CLASSES, _ = NETWORKS[net]
    folder.mkdir()
    work = folder.with_name(f"{net}-weights")
    work.mkdir()
    image = np.random.default_rng(5).normal(0, 1, (2, *shape)).astype(np.float32)
    weights = oracle.make_weights(WORKER, net, oracle.deploy_text(net, (2, *shape)), image, work)
    shutil.move(weights, folder / "weights.caffemodel")
    shutil.rmtree(work)
    (folder / "deploy.prototxt").write_text(oracle.deploy_text(net, (1, *shape)))
    (folder / "labels.txt").write_text("".join(f"class {i}\n" for i in range(oracle.CLASSES)))
    file = folder.with_suffix(".onnx")
    subprocess.run([WORKER, "export-onnx", "--net", folder / "deploy.prototxt", "--weights", folder / "weights.caffemodel", "--out", file], check=True)
    return file


def make_images(net, folder, count=32):
    (channels, _, _), _, side = NETWORKS[net]
    textured_images(folder, count, side)
    files = sorted(folder.rglob("*.jpg"))
    for file in files if channels == 1 else []:
        Image.open(file).convert("L").save(file, quality=90)
    return files


def json_lines(command):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(str(part) for part in command)}\n{done.stdout}{done.stderr}")
    return {one["what"]: one for one in map(json.loads, done.stdout.splitlines())}


def one_side(side, model, file, batch, images):
    common = ["--batch", batch, "--threads", THREADS, "--seconds", SECONDS, *(["--images", *images] if images else [])]
    if side == "digits":
        return json_lines([WORKER, "bench-infer", "--model", model, *common])
    return json_lines([PEER / "bin/python", ROOT / "bench/infer_peer.py", "--runtime", side, "--net", file, *common])


def compare(net, model, file, images):
    """Figures of each batch size, medians of all turns."""
    figures = {}
    for batch in BATCHES:
        turns = [{side: one_side(side, model, file, batch, images) for side in ("digits", *PEERS)} for _ in range(REPEATS)]

        def median(pick):
            return statistics.median(pick(turn) for turn in turns)

        figure = figures[batch] = {"sides": {side: {what: {name: round(median(lambda turn: turn[side][what][name]), 3)
                                                          for name in ("images_per_s", "p50_ms", "p99_ms")}
                                                   for what in ("network", "images")} for side in ("digits", *PEERS)}}
        for what in ("network", "images"):
            figure[what] = round(median(lambda turn: turn["digits"][what]["images_per_s"] / max(turn[side]["network"]["images_per_s"] for side in PEERS)), 3)
        figure["images_alike"] = round(median(lambda turn: turn["digits"]["images"]["images_per_s"] / max(turn[side]["images"]["images_per_s"] for side in PEERS)), 3)
        for what, title in (("network", "network alone"), ("images", "from JPEG")):
            sides = "".join("{images_per_s:>11.1f}{p50_ms:>9.2f}{p99_ms:>9.2f}".format(**figure["sides"][side][what]) for side in ("digits", *PEERS))
            print(f"{net:<19}{batch:>4}  {title:<14}{sides}{figure[what]:>8.2f}{GOALS[what]:>6.1f}", flush=True)
    return figures


class Client:
    """One connection that sends the same request again and again."""

    def __init__(self, host, request):
        self.socket = socket.create_connection(host)
        self.socket.setblocking(False)
        self.request = request
        self.begin()

    def begin(self):
        self.started = time.perf_counter()
        self.left, self.answer, self.length = memoryview(self.request), bytearray(), None

    def send(self):
        self.left = self.left[self.socket.send(self.left):]
        return not self.left

    def receive(self):
        """The status once the whole answer is there, else None."""
        part = self.socket.recv(1 << 16)
        if not part:
            sys.exit("the server closed a connection")
        self.answer += part
        if self.length is None and (end := self.answer.find(b"\r\n\r\n")) >= 0:
            head = bytes(self.answer[:end]).lower()
            self.length = end + 4 + int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        return int(self.answer[9:12]) if self.length is not None and len(self.answer) >= self.length else None


def load(host, requests):
    """Answers a second and the times of requests in ms, of one client for each request. The first answer to each does not count; then SECONDS, and
    two answers to each, so that a server that computes them all in one batch is measured in whole batches."""
    times, answers, begin = [], 0, None
    with selectors.DefaultSelector() as waiting:
        for request in requests:
            waiting.register((client := Client(host, request)).socket, selectors.EVENT_WRITE, client)
        limit = time.perf_counter() + LONGEST
        while begin is None or last < begin + SECONDS or len(times) < 2 * len(requests):
            if time.perf_counter() > limit:
                sys.exit(f"the server answered {answers} requests within {LONGEST} s: too few to measure")
            for key, _ in waiting.select(timeout=1):
                client = key.data
                if key.events == selectors.EVENT_WRITE:
                    if client.send():
                        waiting.modify(client.socket, selectors.EVENT_READ, client)
                    continue
                status = client.receive()
                if status is None:
                    continue
                if status != 200:
                    sys.exit(f"the server answered {bytes(client.answer)[:500].decode(errors='replace')}")
                last = time.perf_counter()
                answers += 1
                if answers > len(requests):
                    times.append((last - client.started) * 1e3)
                elif answers == len(requests):
                    begin = last
                client.begin()
                waiting.modify(client.socket, selectors.EVENT_WRITE, client)
        for key in list(waiting.get_map().values()):
            key.data.socket.close()
    times.sort()
    return len(times) / (last - begin), statistics.median(times), times[-(-99 * len(times) // 100) - 1]


def request_of(path, name, datatype, shape, data, output):
    head = json.dumps({"inputs": [{"name": name, "datatype": datatype, "shape": shape, "parameters": {"binary_data_size": len(data)}}],
                       "outputs": [{"name": output, "parameters": {"binary_data": True}}]}).encode()
    return (f"POST {path}/infer HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/octet-stream\r\nContent-Length: {len(head) + len(data)}\r\n"
            f"Inference-Header-Content-Length: {len(head)}\r\n\r\n").encode() + head + data


def serve(net, model, images, alone):
    """Answers a second by both kinds of input, and their share of the network alone."""
    server = subprocess.Popen([DIGITS, "serve-model", model, "--port", "0", "--threads", str(THREADS), "--json"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        address = json.loads(server.stdout.readline())
        url = urlsplit(address["address"])
        host, path = (url.hostname, url.port), f"/v2/models/{address['model']}"
        shape, output = NETWORKS[net][0], "softmax"
        rng = np.random.default_rng(2)
        tensors = [request_of(path, "image", "FP32", [1, *shape], rng.integers(0, 256, shape).astype(np.float32).tobytes(), output) for _ in range(4)]
        files = [request_of(path, "encoded_image", "BYTES", [1], struct.pack("<I", len(data)) + data, output)
                 for data in (file.read_bytes() for file in images)]
        figures = {}
        for what, requests in (("tensors", tensors), ("JPEG", files)):
            runs = [load(host, [requests[i % len(requests)] for i in range(CLIENTS)]) for _ in range(REPEATS)]
            rate, p50, p99 = (statistics.median(run[i] for run in runs) for i in range(3))
            figures[what] = {"images_per_s": round(rate, 1), "p50_ms": round(p50, 2), "p99_ms": round(p99, 2), "share": round(rate / alone, 3)}
            print(f"{net:<19}{what:<10}{rate:>11.1f}{p50:>9.2f}{p99:>9.2f}{rate / alone:>8.2f}{GOALS['http']:>6.1f}", flush=True)
        return figures
    finally:
        server.terminate()
        server.wait()


def main():
    networks = os.environ.get("DIGITS_BENCH_NETWORKS", ",".join(NETWORKS)).split(",")
    parts = os.environ.get("DIGITS_BENCH_PARTS", "network,http").split(",")
    for given, known, what in ((networks, list(NETWORKS), "network"), (parts, ["network", "http"], "part")):
        if unknown := [one for one in given if one not in known]:
            sys.exit(f"no {what} {unknown[0]}; expected some of {', '.join(known)}")
    if "network" in parts:
        install_peers()
    figures = {}
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        made = {net: (scratch / net, make_model(net, scratch / net), make_images(net, scratch / f"{net}-images")) for net in networks}
        if "network" in parts:
            print(f"{'network':<17}{'batch':>6}  {'':<14}" + "".join(f"{side + ' img/s':>20} p50   p99 ms" for side in ("digits", *PEERS)) + f"{'ratio':>8}{'goal':>6}")
            for net in networks:
                figures[net] = {"batches": compare(net, *made[net])}
        if "http" in parts:
            print(f"{CLIENTS} clients       {'':<10}{'img/s':>8}{'p50':>9}{'p99 ms':>9}{'share':>8}{'goal':>6}")
            for net in networks:
                model, _, images = made[net]
                if net in figures:
                    alone = max(one["sides"]["digits"]["network"]["images_per_s"] for one in figures[net]["batches"].values())
                else:
                    alone = max(one_side("digits", model, None, batch, [])["network"]["images_per_s"] for batch in BATCHES)
                figures.setdefault(net, {})["http"] = serve(net, model, images, alone)
    print(json.dumps({"bench": "infer", "unit": "digits / the better of onnxruntime and OpenVINO, network alone", "threads": THREADS, "goals": GOALS, "networks": figures}))


if __name__ == "__main__":
    main()
