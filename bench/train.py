"""Training speed: Digits against PyTorch in Python, same network, machine and threads, alternating within one run.

    scripts/bench train            LeNet 64, AlexNet 32, GoogLeNet 16 against PyTorch eager
    DIGITS_BENCH_MODES=eager,channels_last,… adds PyTorch's other modes;  DIGITS_BENCH_REPEATS=N (default 3)
"""
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NETS = [("lenet", 64, "1,28,28", 10), ("alexnet", 32, "3,227,227", 1000), ("googlenet", 16, "3,224,224", 1000)]
# The C library maps fresh zeroed pages for every large buffer unless told otherwise; this mode shows PyTorch without that cost.
KEEP_PAGES = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "100000000000", "MALLOC_TOP_PAD_": "1000000000"}


def last_json(command, extra_environment=None):
    output = subprocess.run(command, cwd=ROOT, env={**os.environ, **(extra_environment or {})}, capture_output=True, text=True)
    if output.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{output.stdout}{output.stderr}")
    return json.loads(output.stdout.strip().splitlines()[-1])


def ours(net, batch, shape, classes, threads, seconds):
    return last_json([str(ROOT / "build/release/digits-worker"), "bench", "--net", f"networks/{net}.prototxt", "--batch", str(batch),
                      "--shape", shape, "--classes", str(classes), "--threads", str(threads), "--seconds", str(seconds)])["images_per_s"]


def peer(net, batch, shape, classes, threads, seconds, mode):
    command = [sys.executable, "bench/torch_peer.py", "--net", f"networks/{net}.prototxt", "--batch", str(batch), "--shape", shape,
               "--classes", str(classes), "--threads", str(threads), "--seconds", str(seconds), "--mode", mode]
    return last_json(command, KEEP_PAGES if mode == "eager_no_mmap" else None)["images_per_s"]


def main():
    modes = os.environ.get("DIGITS_BENCH_MODES", "eager").split(",")
    repeats = int(os.environ.get("DIGITS_BENCH_REPEATS", "3"))
    seconds = float(os.environ.get("DIGITS_BENCH_SECONDS", "6"))
    threads = len(os.sched_getaffinity(0))
    figures = {}
    print(f"{'network':<12}{'batch':>6}{'digits img/s':>14}" + "".join(f"{'torch ' + mode:>28}" for mode in modes))
    for net, batch, shape, classes in NETS:
        mine, theirs = [], {mode: [] for mode in modes}
        for _ in range(repeats):
            mine.append(ours(net, batch, shape, classes, threads, seconds))
            for mode in modes:
                theirs[mode].append(peer(net, batch, shape, classes, threads, seconds, mode))
        # Each ratio is of neighbours in time, so that a drift of the machine's speed cancels.
        ratios = {mode: statistics.median(a / b for a, b in zip(mine, theirs[mode])) for mode in modes}
        line = f"{net:<12}{batch:>6}{statistics.median(mine):>14.1f}"
        for mode in modes:
            line += f"{statistics.median(theirs[mode]):>18.1f} ({ratios[mode]:.2f} x)"
        print(line, flush=True)
        figures[net] = {mode: round(ratio, 3) for mode, ratio in ratios.items()}
    print(json.dumps({"bench": "train", "unit": "digits / torch", "threads": threads, "ratios": figures}))


if __name__ == "__main__":
    main()
