"""Training speed: Digits against PyTorch in Python, same network, machine and threads, alternating within one run.

    scripts/bench train            six networks, ours in fp32 against PyTorch's modes
    DIGITS_BENCH_NETWORKS=lenet,vgg16   only these
    DIGITS_BENCH_MODES=eager,…          these modes of PyTorch (default: eager,eager_no_mmap,channels_last; also bf16,bf16_channels_last)
    DIGITS_BENCH_SECONDS=N              how long each single measurement lasts (default 6)
    DIGITS_BENCH_REPEATS=N              how often all are measured in turn (default 3)

Each ratio is of neighbours in time, so that a drift of the machine's speed cancels; the medians are printed. The convolution limit is what
libtorch reaches in one large 3 x 3 convolution, measured beside each of our figures.
"""
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NETS = {
    "lenet": (64, "1,28,28", 10),
    "alexnet": (32, "3,227,227", 1000),
    "googlenet": (16, "3,224,224", 1000),
    "resnet50": (16, "3,224,224", 1000),
    "vgg16": (8, "3,224,224", 1000),
    "unet": (4, "1,128,128", 2),
}
FP32_MODES = ("eager", "eager_no_mmap", "channels_last")
# The C library maps fresh zeroed pages for every large buffer unless told otherwise; this mode shows PyTorch without that cost.
KEEP_PAGES = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "100000000000", "MALLOC_TOP_PAD_": "1000000000"}


def run(command, extra_environment=None):
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **(extra_environment or {})}, capture_output=True, text=True)


def last_json(command, extra_environment=None):
    done = run(command, extra_environment)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def common_options(net, threads, seconds):
    batch, shape, classes = NETS[net]
    return ["--net", f"networks/{net}.prototxt", "--batch", str(batch), "--shape", shape, "--classes", str(classes), "--threads", str(threads),
            "--seconds", str(seconds)]


def ours(net, threads, seconds):
    return last_json([str(ROOT / "build/release/digits-worker"), "bench", *common_options(net, threads, seconds)])


def peer(net, threads, seconds, mode):
    command = [sys.executable, "bench/torch_peer.py", *common_options(net, threads, seconds), "--mode", mode]
    return last_json(command, KEEP_PAGES if mode == "eager_no_mmap" else None)["images_per_s"]


def measure(net, modes, threads, seconds, repeats):
    mine, theirs, limits = [], {mode: [] for mode in modes}, []
    for _ in range(repeats):
        one = ours(net, threads, seconds)
        mine.append(one["images_per_s"])
        limits.append(one["flops_per_s"] / one["convolution_flops_per_s"])
        for mode in modes:
            theirs[mode].append(peer(net, threads, seconds, mode))
    ratios = {mode: round(statistics.median(a / b for a, b in zip(mine, theirs[mode])), 3) for mode in modes}
    figure = {"images_per_s": round(statistics.median(mine), 2), "limit": round(statistics.median(limits), 3), "ratios": ratios,
              "torch_images_per_s": {mode: round(statistics.median(rates), 2) for mode, rates in theirs.items()}}
    fp32 = [ratios[mode] for mode in FP32_MODES if mode in ratios]
    if fp32:
        figure["against_best_fp32"] = min(fp32)
    return figure


def main():
    networks = os.environ.get("DIGITS_BENCH_NETWORKS", ",".join(NETS)).split(",")
    unknown = [net for net in networks if net not in NETS]
    if unknown:
        sys.exit(f"no network {unknown[0]}; expected some of {', '.join(NETS)}")
    modes = os.environ.get("DIGITS_BENCH_MODES", ",".join(FP32_MODES)).split(",")
    repeats = int(os.environ.get("DIGITS_BENCH_REPEATS", "3"))
    seconds = float(os.environ.get("DIGITS_BENCH_SECONDS", "6"))
    threads = len(os.sched_getaffinity(0))
    figures = {}
    print("images/s of Digits, how many times those of PyTorch's mode that is, and the share of the convolution limit")
    print(f"{'network':<11}{'batch':>6}{'images/s':>11}" + "".join(f"{mode:>20}" for mode in modes) + f"{'limit':>9}")
    for net in networks:
        figures[net] = figure = measure(net, modes, threads, seconds, repeats)
        ratios = "".join(f"{figure['ratios'][mode]:>18.2f} x" for mode in modes)
        print(f"{net:<11}{NETS[net][0]:>6}{figure['images_per_s']:>11.1f}{ratios}{100 * figure['limit']:>7.0f} %", flush=True)
    print(json.dumps({"bench": "train", "unit": "digits / torch", "threads": threads, "networks": figures}))


if __name__ == "__main__":
    main()
