"""What the tests of the API's contract run on: one server, one dataset and one trained model serve all of them.

The first two arguments of the program are DIGITS and MNIST_IDX_FOLDER.
"""
import atexit
import http.client
import json
import sys
import tempfile
import threading
from pathlib import Path

from contract import Contract
from server_process import ServerProcess, mnist_folder

DIGITS, IDX = Path(sys.argv.pop(1)).resolve(), Path(sys.argv.pop(1)).resolve()
IMAGE = {"width": 28, "height": 28, "channels": 1}
NAMES = ("server", "api", "image_folder", "dataset", "model", "events", "store")


def start():
    """The names above and what they stand for: everything starts at the first call and ends with the program."""
    global server, api, image_folder, dataset, model, events, store
    if "server" not in globals():
        store = tempfile.TemporaryDirectory()
        atexit.register(store.cleanup)
        server = ServerProcess(DIGITS, "--allow-url-fetch", "--allow-url-host", "127.0.0.1", "--models", store.name)
        atexit.register(server.close)
        api = Contract(server)
        events = EventReader(server)
        atexit.register(events.close)
        image_folder = mnist_folder(IDX, server.folder / "images", 40)
        (image_folder / "3" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing follows")
        dataset = create_dataset("small MNIST")
        assert server.wait_for(dataset)["state"] == "done", server.wait_for(dataset)
        model = create_model("small LeNet", epochs=4, keep_snapshots="all")
        found = server.wait_for(model)
        assert found["state"] == "done", (found, server.request("GET", f"/api/v1/jobs/{model}/log")[2])
    return {name: globals()[name] for name in NAMES}


def create_dataset(name, **source):
    spec = {"source": {"type": "folder", "path": str(image_folder), **source}, "image": IMAGE}
    return api.call("POST", "/datasets", {"name": name, "spec": spec})[2]["id"]


def model_spec(**changes):
    return {"dataset_id": dataset, "network": {"standard": "lenet"}, "batch_size": 32, "val_batch_size": 50, "threads": 1,
            "seed": 3, **changes}


def create_model(name, **changes):
    return api.call("POST", "/models", {"name": name, "spec": model_spec(**changes)})[2]["id"]


class EventReader:
    """Reads /events in the background; `events` holds (id, event, data)."""

    def __init__(self, server, query="", last_id=None):
        self.events, self.changed, self.ended = [], threading.Condition(), False
        self.connection = http.client.HTTPConnection(server.host, timeout=60)
        headers = {"Last-Event-ID": last_id} if last_id else {}
        self.connection.request("GET", "/api/v1/events" + query, headers=headers)
        self.answer = self.connection.getresponse()
        self.socket = self.connection.sock
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        fields = {}
        try:
            while line := self.answer.readline().decode():
                name, _, value = line.rstrip("\n").partition(": ")
                if line == "\n":
                    with self.changed:
                        if "data" in fields:  # one without data is not an event: a comment or a new retry time
                            self.events.append((fields.get("id"), fields.get("event"), json.loads(fields["data"])))
                        self.changed.notify_all()
                    fields = {}
                elif name:
                    fields[name] = value
        except (OSError, ValueError, AttributeError):
            pass  # close() ended it

    def wait_for(self, condition, seconds=30):
        with self.changed:
            assert self.changed.wait_for(lambda: any(condition(e) for e in self.events), seconds), "the event did not come"
            return next(e for e in self.events if condition(e))

    def close(self):
        self.connection.close()
