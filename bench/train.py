"""Training speed: Digits against PyTorch in Python, same network, machine and threads, alternating within one run.

    scripts/bench train            eight networks, ours in fp32 and, where it is not refused as slower, bf16, against PyTorch's modes
    DIGITS_BENCH_NETWORKS=lenet,vgg16   only these
    DIGITS_BENCH_PRECISIONS=fp32,…      ours in these precisions (default: fp32,bf16; on a GPU also tf32,fp16)
    DIGITS_BENCH_MODES=eager,…          against these modes of PyTorch only
    DIGITS_BENCH_DEVICE=cuda:0          on a GPU (default: cpu)
    DIGITS_BENCH_THREADS=N              threads of both (default: all cores)
    DIGITS_BENCH_SECONDS=N              how long each single measurement lasts (default 6)
    DIGITS_BENCH_REPEATS=N              how often all are measured in turn (default 3)
    DIGITS_WORKER=FILE                  our program (default: build/release/digits-worker)

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
    "segmenter": (4, "3,180,240", 11),
    "detector": (8, "3,320,320", 3),
}
# What each of our precisions is measured against, "eager" always as plain fp32; and the ones that are the same arithmetic.
MODES = {"cpu": {"fp32": ("eager", "eager_no_mmap", "channels_last"), "bf16": ("bf16", "bf16_channels_last", "eager")},
         "cuda": {"fp32": ("eager", "channels_last"), "tf32": ("tf32", "tf32_channels_last", "eager"), "bf16": ("bf16", "bf16_channels_last", "eager"),
                  "fp16": ("fp16", "fp16_channels_last", "eager")}}
ALIKE = {"fp32": ("eager", "eager_no_mmap", "channels_last"), "tf32": ("tf32", "tf32_channels_last"), "bf16": ("bf16", "bf16_channels_last"),
         "fp16": ("fp16", "fp16_channels_last")}
DEVICE = os.environ.get("DIGITS_BENCH_DEVICE", "cpu")
WORKER = os.environ.get("DIGITS_WORKER", str(ROOT / "build/release/digits-worker"))
# The C library maps fresh zeroed pages for every large buffer unless told otherwise; this mode shows PyTorch without that cost.
KEEP_PAGES = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "100000000000", "MALLOC_TOP_PAD_": "1000000000"}


def run(command, extra_environment=None):
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **(extra_environment or {})}, capture_output=True, text=True)


def json_lines(command, extra_environment=None):
    done = run(command, extra_environment)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def common_options(net, threads, seconds):
    batch, shape, classes = NETS[net]
    return ["--net", f"networks/{net}.prototxt", "--batch", str(batch), "--shape", shape, "--classes", str(classes), "--threads", str(threads),
            "--seconds", str(seconds), "--device", DEVICE]


def ours(net, precision, threads, seconds):
    return json_lines([WORKER, "bench", *common_options(net, threads, seconds), "--precision", precision])[-1]


def refusal(precision):
    """Why this machine does not train in a precision; None if it does."""
    done = run([WORKER, "bench", *common_options("lenet", 0, 0.1), "--precision", precision])
    return None if done.returncode == 0 else done.stderr.strip()


def peers(net, threads, seconds, modes):
    """Images a second in each mode. On a GPU one process measures all, since its start takes long and nothing drifts."""
    rates = {}
    for group in [modes] if DEVICE.startswith("cuda") else [[mode] for mode in modes]:
        command = [sys.executable, "bench/torch_peer.py", *common_options(net, threads, seconds), "--mode", ",".join(group)]
        for one in json_lines(command, KEEP_PAGES if group == ["eager_no_mmap"] else None):
            rates[one["mode"]] = one["images_per_s"]
    return rates


def measure(net, precision, modes, threads, seconds, repeats):
    mine, theirs, limits = [], {mode: [] for mode in modes}, []
    for _ in range(repeats):
        one = ours(net, precision, threads, seconds)
        mine.append(one["images_per_s"])
        limits.append(one["flops_per_s"] / one["convolution_flops_per_s"])
        for mode, rate in peers(net, threads, seconds, modes).items():
            theirs[mode].append(rate)
    ratios = {mode: round(statistics.median(a / b for a, b in zip(mine, theirs[mode])), 3) for mode in modes}
    figure = {"images_per_s": round(statistics.median(mine), 2), "limit": round(statistics.median(limits), 3), "ratios": ratios,
              "torch_images_per_s": {mode: round(statistics.median(rates), 2) for mode, rates in theirs.items()},
              "against_best": min((ratios[mode] for mode in ALIKE[precision] if mode in ratios), default=None)}
    return figure


def main():
    networks = os.environ.get("DIGITS_BENCH_NETWORKS", ",".join(NETS)).split(",")
    unknown = [net for net in networks if net not in NETS]
    if unknown:
        sys.exit(f"no network {unknown[0]}; expected some of {', '.join(NETS)}")
    modes = MODES["cuda" if DEVICE.startswith("cuda") else "cpu"]
    if chosen := os.environ.get("DIGITS_BENCH_MODES"):
        modes = {precision: [mode for mode in all_modes if mode in chosen.split(",")] for precision, all_modes in modes.items()}
    precisions = os.environ.get("DIGITS_BENCH_PRECISIONS", ",".join(modes)).split(",")
    repeats = int(os.environ.get("DIGITS_BENCH_REPEATS", "3"))
    seconds = float(os.environ.get("DIGITS_BENCH_SECONDS", "6"))
    threads = int(os.environ.get("DIGITS_BENCH_THREADS", len(os.sched_getaffinity(0))))
    figures = {}
    for precision in precisions:
        if precision not in modes:
            sys.exit(f"no precision {precision}; expected some of {', '.join(modes)}")
        if reason := refusal(precision):
            print(f"{precision} is left out: {reason}")
            continue
        print(f"images/s of Digits in {precision}, how many times those of PyTorch's mode that is, and the share of the fp32 convolution limit")
        print(f"{'network':<11}{'batch':>6}{'images/s':>11}" + "".join(f"{mode:>20}" for mode in modes[precision]) + f"{'limit':>9}")
        for net in networks:
            figure = measure(net, precision, modes[precision], threads, seconds, repeats)
            figures.setdefault(net, {})[precision] = figure
            ratios = "".join(f"{figure['ratios'][mode]:>18.2f} x" for mode in modes[precision])
            print(f"{net:<11}{NETS[net][0]:>6}{figure['images_per_s']:>11.1f}{ratios}{100 * figure['limit']:>7.0f} %", flush=True)
    print(json.dumps({"bench": "train", "unit": "digits / torch", "device": DEVICE, "threads": threads, "networks": figures}))


if __name__ == "__main__":
    main()
