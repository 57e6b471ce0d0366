"""What all tests of DIGITS's routes stand on: a server with a dataset of MNIST's images, a LeNet trained on it, and the forms that made them."""
import unittest

from digits_server import DigitsServer, write_mnist

DATASETS = "/datasets/images/classification"
MODELS = "/models/images/classification"
SHORT = {"id", "name", "status"}
DATASET = SHORT | {"directory", "ParseFolderTasks", "CreateDbTasks"}
PARSE_TASK = {"name", "label_count", "train_count", "val_count", "test_count"}
CREATE_TASK = {"name", "entries", "image_width", "image_height", "image_channels", "backend", "encoding", "compression"}
MODEL = SHORT | {
    "dataset_id", "job id", "creation time", "username", "image dimensions", "mean file", "snapshot file", "framework", "model file",
    "solver file", "train_val file", "deploy file", "mean subtraction", "caffe flavor", "caffe version", "digits version",
    "image resize mode", "labels file"}
ROW = {"id", "name", "group", "status", "status_css", "submitted", "elapsed", "progress", "type"}
ARCHIVE = {"deploy.prototxt", "train_val.prototxt", "solver.prototxt", "original.prototxt", "labels.txt", "mean.binaryproto", "info.json"}

program = None
server = None
images = None
held_out = None  # paths by class
dataset_id = None
model_id = None


def dataset_form(**changes):
    return {"folder_train": images, "resize_channels": 1, "resize_width": 28, "resize_height": 28, "method": "folder",
            "dataset_name": "MNIST", **changes}


def model_form(**changes):
    return {"model_name": "LeNet", "dataset": dataset_id, "method": "standard", "standard_networks": "lenet", "framework": "caffe",
            "train_epochs": 4, "batch_size": 16, "learning_rate": 0.01, "random_seed": 1, **changes}


def start(digits):
    """Once, before the first test."""
    global program, server, images, held_out, dataset_id, model_id
    program = digits
    server = DigitsServer(program, "--allow-url-fetch", "--allow-url-host", "127.0.0.1")
    images = server.root / "train"
    write_mnist(images, 800)
    held_out = write_mnist(server.root / "test", 40, "t10k")
    answer = server.post(DATASETS + ".json", dataset_form(group_name="digits"))
    assert answer.status_code == 200, answer.text
    dataset_id = answer.json()["id"]
    assert server.wait_for(dataset_id) == "Done", server.get(f"/datasets/{dataset_id}.json").text
    answer = server.post(MODELS + ".json", model_form())
    assert answer.status_code == 200, answer.text
    model_id = answer.json()["id"]
    assert server.wait_for(model_id) == "Done", server.get(f"/api/v1/jobs/{model_id}").text


def stop():
    if server:
        server.stop()


class Case(unittest.TestCase):
    def assert_refused(self, answer, status, words=""):
        self.assertEqual(answer.status_code, status, answer.text)
        self.assertIn(words, answer.text)

    def assert_json_error(self, answer, status, kind, words):
        self.assertEqual(answer.status_code, status, answer.text)
        error = answer.json()["error"]
        self.assertEqual(set(error), {"message", "type", "description"})
        self.assertEqual(error["type"], kind)
        self.assertIn(words, error["description"])

    def assert_field(self, answer, field, message):
        self.assertEqual(answer.status_code, 400, answer.text)
        self.assertEqual(set(answer.json()), {"errors"})
        self.assertIn(field, answer.json()["errors"])
        self.assertIn(message, answer.json()["errors"][field][0])
