#!/usr/bin/env python3
"""A worker that does what its spec tells it, for tests of whoever starts workers: docs/formats/worker-protocol.md.

`spec.script` is a list of steps, done in order; `spec.attempts`, if there, has one such list for each attempt instead:

    {"emit": {…}}           the event, with seq and time; a `started` event comes by itself before the first step
    {"append": "text"}      raw bytes into events.jsonl, as of a line that was torn
    {"say": "text"}         a line into the log
    {"say_variable": "X"}   the value of an environment variable into the log
    {"until": "FILE"}       waits until FILE is in the job's folder
    {"touch": "FILE"}       makes FILE in the job's folder
    {"hear": "abort"}       waits for this command (or its signal); of a request also "cancel"
    {"signal": "SIGSEGV"}   dies of it
    {"exit": 3}             ends at once, without a last event

A task of kind `assist` or `infer` does its script, then waits for requests: it does the steps of the request's member `do`, and answers with the
member `answer` and its own pid.

Behind the last step it emits `done`, unless a step emitted a last event before. `spec.before_lock`: a FILE to wait for before the lock is taken, after making FILE.here:
a worker that is slow to start.
"""
import fcntl
import json
import os
import select
import signal
import sys
import time
from pathlib import Path

LIMIT_S = 60
EXIT_STATE = 5


def wait_until(condition):
    end = time.monotonic() + LIMIT_S
    while not condition():
        if time.monotonic() > end:
            sys.exit("fake worker: nobody came")
        select.select([], [], [], 0.005)


def start_time():
    return int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])


class Worker:
    def __init__(self, folder):
        self.folder = folder
        self.job = folder.parent.parent
        task = json.loads((folder / "task.json").read_text())
        self.spec, self.warm = task["spec"], task["kind"] in ("assist", "infer")
        self.heard = set()
        self.requests = []
        self.typed = b""
        self.input_open = True
        signal.signal(signal.SIGTERM, lambda *_: self.heard.add("abort"))
        signal.signal(signal.SIGUSR1, lambda *_: self.heard.add("snapshot"))

    def take_lock(self):
        if name := self.spec.get("before_lock"):
            (self.job / f"{name}.here").touch()
            wait_until((self.job / name).exists)
        self.lock = os.open(self.folder / "worker.lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another worker runs this task", file=sys.stderr)
            (self.job / "refused").touch()
            sys.exit(EXIT_STATE)
        os.ftruncate(self.lock, 0)
        os.write(self.lock, json.dumps({"pid": os.getpid(), "start_time": start_time()}).encode())

    def open_events(self):
        self.events = os.open(self.folder / "events.jsonl", os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        self.seq, self.attempt = 0, 1
        for line in (self.folder / "events.jsonl").read_text().splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue
            self.seq = max(self.seq, event["seq"])
            self.attempt += event["event"] == "started"

    def emit(self, event):
        self.seq += 1
        line = (json.dumps({**event, "seq": self.seq, "time": time.time()}) + "\n").encode()
        os.write(self.events, line)
        try:
            os.write(1, line)
        except OSError:
            pass

    def hears(self, command):
        if self.input_open and select.select([0], [], [], 0)[0]:
            some = os.read(0, 4096)
            self.input_open = bool(some)
            *lines, self.typed = (self.typed + some).split(b"\n")
            for command_line in map(json.loads, lines):
                if command_line["command"] == "request":
                    self.requests.append(command_line)
                else:
                    self.heard.add(command_line["command"])
        return command in self.heard

    def do(self, step):
        (verb, what), = step.items()
        if verb == "emit":
            self.emit(what)
        elif verb == "append":
            os.write(self.events, what.encode())
        elif verb == "say":
            print(what, file=sys.stderr, flush=True)
        elif verb == "say_variable":
            print(os.environ.get(what), file=sys.stderr, flush=True)
        elif verb == "until":
            wait_until((self.job / what).exists)
        elif verb == "touch":
            (self.job / what).touch()
        elif verb == "hear":
            wait_until(lambda: self.hears(what))
        elif verb == "signal":
            signal.signal(getattr(signal, what), signal.SIG_DFL) if what != "SIGKILL" else None
            os.kill(os.getpid(), getattr(signal, what))
        elif verb == "exit":
            os._exit(what)
        else:
            raise ValueError(f"no such step: {verb}")

    def answer_requests(self):
        while True:
            wait_until(lambda: self.hears("quit") or self.requests or not self.input_open)
            if not self.requests:
                return
            command = self.requests.pop(0)
            request = command["request"]
            for step in request.get("do", []):
                self.do(step)
            self.heard.discard("cancel")
            self.emit({"event": "response", "id": command["id"], "data": {"answer": request.get("answer"), "pid": os.getpid()}})

    def run(self):
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        self.take_lock()
        self.open_events()
        self.emit({"event": "started", "pid": os.getpid(), "version": "fake", "attempt": self.attempt, "device": "fake"})
        attempts = self.spec.get("attempts", [self.spec.get("script", [])])
        steps = attempts[min(self.attempt, len(attempts)) - 1]
        for step in steps:
            self.do(step)
        if self.warm:
            self.answer_requests()
        if not any(step.get("emit", {}).get("event") in ("aborted", "failed", "done") for step in steps):
            self.emit({"event": "done"})


if __name__ == "__main__":
    assert sys.argv[1:3] == ["run", "--task-dir"], sys.argv
    Worker(Path(sys.argv[3])).run()
