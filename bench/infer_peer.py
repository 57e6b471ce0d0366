"""The other side of the inference bench: an ONNX file in onnxruntime or OpenVINO, as a user in Python would run it.

    python infer_peer.py --runtime onnxruntime|openvino --net FILE.onnx --batch N --threads N --seconds N [--images FILE…]

Prints a line of JSON for the network alone and one from the bytes of the image files, as `digits-worker bench-infer` does.
"""
import argparse
import itertools
import json
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy


def open_onnxruntime(file, shape, threads):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda images: session.run(None, {name: images})


def open_openvino(file, shape, threads):
    import openvino
    core = openvino.Core()
    model = core.read_model(file)
    model.reshape(shape)  # a known batch size is faster
    # fp32 as the others: its default is bf16 where the processor has it.
    compiled = core.compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"})
    request = compiled.create_infer_request()
    return lambda images: request.infer({0: images}, share_inputs=True)


def input_shape(file, batch):
    import onnxruntime
    return [batch, *onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"]).get_inputs()[0].shape[1:]]


def measure(what, batch, seconds, once):
    for _ in range(5):
        once()
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        begin = time.perf_counter()
        once()
        times.append(time.perf_counter() - begin)
    times.sort()
    print(json.dumps({"what": what, "batch": batch, "images_per_s": batch * len(times) / sum(times), "p50_ms": statistics.median(times) * 1e3,
                      "p99_ms": times[-(-99 * len(times) // 100) - 1] * 1e3, "calls": len(times)}), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runtime", choices=("onnxruntime", "openvino"), required=True)
    parser.add_argument("--net", required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--images", nargs="*", default=[])
    a = parser.parse_args()
    shape = input_shape(a.net, a.batch)
    run = {"onnxruntime": open_onnxruntime, "openvino": open_openvino}[a.runtime](a.net, shape, a.threads)
    noise = numpy.random.default_rng(1).integers(0, 256, shape).astype(numpy.float32)
    measure("network", a.batch, a.seconds, lambda: run(noise))
    if not a.images:
        return
    import cv2
    cv2.setNumThreads(1)  # images side by side instead
    files = itertools.cycle([numpy.frombuffer(Path(path).read_bytes(), numpy.uint8) for path in a.images])
    batch = numpy.empty(shape, numpy.float32)
    pool = ThreadPoolExecutor(a.threads)

    def prepare(place, data):
        image = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE if shape[1] == 1 else cv2.IMREAD_COLOR_RGB)
        if image.shape[:2] != tuple(shape[2:]):
            image = cv2.resize(image, (shape[3], shape[2]))
        batch[place] = image if shape[1] == 1 else image.transpose(2, 0, 1)

    def once():
        if a.batch == 1:
            prepare(0, next(files))
        else:
            list(pool.map(prepare, range(a.batch), itertools.islice(files, a.batch)))
        run(batch)

    measure("images", a.batch, a.seconds, once)


if __name__ == "__main__":
    main()
