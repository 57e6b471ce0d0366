"""What the server costs: time from its start to its first answer, memory when idle, and how fast it answers with many jobs.

    scripts/bench server       DIGITS_BENCH_REPEATS=N (default 9)

Goals: start < 200 ms, idle memory < 60 MB. Each figure is also given as a share of its goal, so that below 1 is good.
"""
import http.client
import json
import os
import re
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "build/release/digits"
START_GOAL_MS, MEMORY_GOAL_MB = 200, 60
REQUESTS = 300


def memory_mb(pid, field):
    return int(re.search(rf"^{field}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.M).group(1)) / 1024


def own_memory_mb(pid):
    """What the process wrote: without the code, which the system shares between processes and drops when memory is short."""
    return int(re.search(r"^Anonymous:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M).group(1)) / 1024


def get(connection, path):
    connection.request("GET", path)
    answer = connection.getresponse()
    assert answer.status == 200, path
    return answer.read()


def one_run(folder):
    started = time.perf_counter()
    server = subprocess.Popen([PROGRAM, "serve", "--data-dir", folder, "--port", "0"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        host = re.search(r"http://([^/\s]+)", next(line for line in server.stdout if "http://" in line)).group(1)
        connection = http.client.HTTPConnection(host)
        get(connection, "/api/v1/system")
        start_ms = (time.perf_counter() - started) * 1e3
        get(connection, "/")
        idle_mb = memory_mb(server.pid, "VmRSS")
        own_mb = own_memory_mb(server.pid)
        times = []
        for _ in range(REQUESTS):
            begin = time.perf_counter()
            get(connection, "/api/v1/jobs")
            times.append((time.perf_counter() - begin) * 1e3)
        return {"start_ms": start_ms, "idle_mb": idle_mb, "own_mb": own_mb, "busy_mb": memory_mb(server.pid, "VmHWM"), "jobs_ms": statistics.median(times)}
    finally:
        server.terminate()
        server.wait()


def main():
    repeats = int(os.environ.get("DIGITS_BENCH_REPEATS", "9"))
    with tempfile.TemporaryDirectory() as folder:
        runs = [one_run(folder) for _ in range(repeats)]
    median = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    print(f"{'server':<44}{'median':>10}{'goal':>10}")
    print(f"{'start to the first answer':<44}{median['start_ms']:>7.0f} ms{START_GOAL_MS:>7} ms")
    print(f"{'memory when idle':<44}{median['idle_mb']:>7.1f} MB{MEMORY_GOAL_MB:>7} MB")
    print(f"{'of it written by the process':<44}{median['own_mb']:>7.1f} MB")
    print(f"{'peak memory after ' + str(REQUESTS) + ' requests':<44}{median['busy_mb']:>7.1f} MB{MEMORY_GOAL_MB:>7} MB")
    print(f"{'list of jobs, one after the other':<44}{median['jobs_ms']:>7.2f} ms")
    print(json.dumps({"bench": "server", "unit": "share of the goal, below 1 is good", "runs": repeats,
                      "ratios": {"start": round(median["start_ms"] / START_GOAL_MS, 3), "idle_memory": round(median["idle_mb"] / MEMORY_GOAL_MB, 3)},
                      "figures": {name: round(value, 2) for name, value in median.items()}}))


if __name__ == "__main__":
    main()
