"""Evaluations and images of layers, with every number computed again by numpy from what does not come from the evaluation: the
images' folders, the answers of /classify, the weights in the snapshot.

    evaluation_test.py DIGITS MNIST_IDX_FOLDER [unittest arguments]
"""
import csv
import io
import json
import struct
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import numpy as np
from PIL import Image

from contract import Contract
from server_process import ServerProcess, mnist_folder

DIGITS, IDX = Path(sys.argv.pop(1)).resolve(), Path(sys.argv.pop(1)).resolve()
NETWORK = """
layer { name: "train-data" type: "Data" top: "data" top: "label" include { stage: "train" } data_param { batch_size: 32 } }
layer { name: "val-data" type: "Data" top: "data" top: "label" include { stage: "val" } data_param { batch_size: 50 } }
layer { name: "scale" type: "Power" bottom: "data" top: "scaled" power_param { scale: 0.0125 } }
layer { name: "conv" type: "Convolution" bottom: "scaled" top: "conv"
        convolution_param { num_output: 6 kernel_size: 5 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool" pooling_param { pool: MAX kernel_size: 2 stride: 2 } }
layer { name: "ip" type: "InnerProduct" bottom: "pool" top: "ip" inner_product_param { weight_filler { type: "xavier" } } }
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" include { stage: "val" } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" exclude { stage: "deploy" } }
layer { name: "softmax" type: "Softmax" bottom: "ip" top: "softmax" include { stage: "deploy" } }
"""
# One class is named as an attacker would, who hopes for somebody's spreadsheet.
FORMULA = "=cmd|' , \"x\""


def setUpModule():
    global server, api, image_folder, dataset, model
    server = ServerProcess(DIGITS)
    unittest.addModuleCleanup(server.close)
    api = Contract(server)
    image_folder = mnist_folder(IDX, server.folder / "images", 40)
    (image_folder / "9").rename(image_folder / FORMULA)
    (image_folder / "3" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing follows")
    spec = {"source": {"type": "folder", "path": str(image_folder), "percent_test": 25}, "image": {"width": 28, "height": 28, "channels": 1}}
    dataset = api.call("POST", "/datasets", {"name": "digits", "spec": spec})[2]["id"]
    model = api.call("POST", "/models", {"name": "small", "spec": {
        "dataset_id": dataset, "network": {"prototxt": NETWORK}, "epochs": 3, "seed": 3, "threads": 1}})[2]["id"]
    found = server.wait_for(model)
    assert found["state"] == "done", (found, server.request("GET", f"/api/v1/jobs/{model}/log")[2])


def evaluate(source, **spec):
    job = api.call("POST", "/evaluations", {"spec": {"model_id": model, "source": source, **spec}})[2]["id"]
    found = server.wait_for(job)
    assert found["state"] == "done", (found, server.request("GET", f"/api/v1/jobs/{job}/log")[2])
    return job


def facts(job):
    return api.call("GET", f"/evaluations/{job}")[2]["evaluation"]


def classify(paths, top=10, **query):
    extra = "".join(f"&{key}={value}" for key, value in query.items())
    answer = api.call("POST", f"/models/{model}/classify?top={top}{extra}", {"paths": [str(path) for path in paths]})[2]
    return [image["predictions"] for image in answer["images"]]


def labels():
    return api.call("GET", f"/datasets/{dataset}")[2]["dataset"]["labels"]


def truth_of(path):
    return labels().index(Path(path).parent.name.replace("_", " "))


def expected_scores(truth, ranked):
    """What evaluation.json must hold; `ranked`: classes of each image, best first."""
    truth, ranked = np.array(truth), np.array(ranked)
    classes = len(labels())
    confusion = np.zeros((classes, classes), int)
    np.add.at(confusion, (truth, ranked[:, 0]), 1)
    right = confusion.diagonal()
    with np.errstate(invalid="ignore"):
        precision, recall = right / confusion.sum(0), right / confusion.sum(1)
        f1 = 2 * right / (confusion.sum(0) + confusion.sum(1))
    return {"confusion": confusion, "top1": np.mean(truth == ranked[:, 0]), "top5": np.mean((ranked[:, :5] == truth[:, None]).any(1)),
            "precision": precision, "recall": recall, "f1": f1, "support": confusion.sum(1)}


class Evaluating(unittest.TestCase):
    def check(self, found, truth, ranked):
        expected = expected_scores(truth, ranked)
        confusion = np.zeros_like(expected["confusion"])
        for row, column, count in found["confusion"]:
            confusion[row, column] = count
        np.testing.assert_array_equal(confusion, expected["confusion"])
        self.assertAlmostEqual(found["top1"], expected["top1"], places=12)
        self.assertAlmostEqual(found["top5"], expected["top5"], places=12)
        for name in ("precision", "recall", "f1", "support"):
            values = np.array([np.nan if one[name] is None else one[name] for one in found["classes"]], float)
            np.testing.assert_allclose(values, expected[name], rtol=1e-12, err_msg=name)
        present = expected["support"] > 0
        for name in ("precision", "recall", "f1"):
            self.assertAlmostEqual(found["macro"][name], np.nan_to_num(expected[name][present]).mean(), places=12)

    def test_a_split_scores_as_its_images_classified_one_by_one(self):
        job = evaluate({"type": "split", "split": "test"})
        found = facts(job)
        items, cursor = [], "0"
        while cursor:
            page = api.call("GET", f"/datasets/{dataset}/images?split=test&limit=30&cursor={cursor}")[2]
            items, cursor = items + page["items"], page["next_cursor"]
        self.assertEqual((found["count"], found["labelled"]), (len(items), len(items)))
        said = classify([item["file"] for item in items])
        self.check(found, [item["label"] for item in items], [[p["index"] for p in one] for one in said])
        rows = api.call("GET", f"/evaluations/{job}/predictions?limit=500")[2]["items"]
        self.assertEqual([row["index"] for row in rows], list(range(len(items))))
        for row, item, predictions in zip(rows, items, said):
            self.assertEqual((row["image"], row["truth"]["index"]), (item["file"], item["label"]))
            self.assertEqual([p["index"] for p in row["predictions"]], [p["index"] for p in predictions[:5]])
            np.testing.assert_allclose([p["probability"] for p in row["predictions"]],
                                       [p["probability"] for p in predictions[:5]], atol=1e-5)
            truth = next(p["probability"] for p in predictions if p["index"] == item["label"])
            self.assertAlmostEqual(row["truth_probability"], truth, places=5)
        data = api.call("GET", f"/evaluations/{job}/images/7")[2]
        self.assertEqual(data, api.call("GET", f"/datasets/{dataset}/images/test/7")[2])
        self.top_images(job, [{p["index"]: p["probability"] for p in one} for one in said])

    def top_images(self, job, scores):
        for label in (0, 4):
            best = api.call("GET", f"/evaluations/{job}/top?class={label}&n=7")[2]
            expected = sorted(range(len(scores)), key=lambda i: -scores[i][label])[:7]
            np.testing.assert_allclose([item["probability"] for item in best["items"]], [scores[i][label] for i in expected], atol=1e-5)
            self.assertEqual(best["label"], labels()[label])

    def test_a_cell_and_the_most_confident_errors_are_those_of_the_whole_list(self):
        job = evaluate({"type": "split", "split": "val"}, batch_size=7)
        rows = api.call("GET", f"/evaluations/{job}/predictions?limit=500")[2]["items"]
        wrong = [row for row in rows if row["truth"]["index"] != row["predictions"][0]["index"]]
        found, cursor = [], "0"
        while cursor:
            page = api.call("GET", f"/evaluations/{job}/predictions?correct=false&sort=-probability&limit=3&cursor={cursor}")[2]
            self.assertEqual(page["total"], len(wrong))
            found, cursor = found + page["items"], page["next_cursor"]
        self.assertEqual(found, sorted(wrong, key=lambda row: (-row["predictions"][0]["probability"], row["index"])))
        for truth, predicted, count in facts(job)["confusion"]:
            cell = api.call("GET", f"/evaluations/{job}/predictions?truth={truth}&predicted={predicted}&limit=500")[2]
            self.assertEqual(cell["items"], [row for row in rows if (row["truth"]["index"], row["predictions"][0]["index"]) == (truth, predicted)])
            self.assertEqual(cell["total"], count)
        text = api.call("GET", f"/evaluations/{job}/predictions.csv")[2].decode()
        table = list(csv.reader(io.StringIO(text)))
        self.assertEqual(table[0][:5], ["index", "image", "truth", "label1", "probability1"])
        self.assertEqual(len(table), len(rows) + 1)
        guarded = {name: "'" + name if name.startswith("=") else name for name in labels()}
        for row, line in zip(rows, table[1:]):
            self.assertEqual(line[1:3], [row["image"], guarded[row["truth"]["label"]]])
            self.assertEqual(line[3::2], [guarded[p["label"]] for p in row["predictions"]])
        for line in table:
            self.assertFalse([field for field in line if field[:1] in tuple("=+-@")], line)

    def test_a_list_with_and_without_classes(self):
        some = [image_folder / "1" / "00000.png", image_folder / "7" / "00003.png", image_folder / "2" / "00001.png", image_folder / "5" / "00002.png"]
        text = (f"{some[0]} 1\n\n{some[1]}   7 \nstrange/../2/00001.png 2\r\n{some[3]}\n{image_folder}/3/broken.png 3\n{image_folder}/nothing.png 4\n"
                f"{some[0]} 10\nnever reached 1\n")
        (image_folder / "strange").mkdir(exist_ok=True)
        self.addCleanup((image_folder / "strange").rmdir)
        body = (b'--b\r\nContent-Disposition: form-data; name="request"\r\n\r\n'
                + json.dumps({"name": "listed", "spec": {"model_id": model, "snapshot": "last",
                                                         "source": {"root": str(image_folder), "limit": 7}}}).encode()
                + b'\r\n--b\r\nContent-Disposition: form-data; name="list"; filename="mine.txt"\r\n\r\n' + text.encode() + b"\r\n--b--\r\n")
        job = api.call("POST", "/evaluations", body, {"Content-Type": "multipart/form-data; boundary=b"})[2]["id"]
        self.assertEqual(server.wait_for(job)["state"], "done")
        found = facts(job)
        self.assertEqual((found["count"], found["labelled"], found["unreadable"]["count"]), (5, 3, 2))
        self.assertEqual([Path(one["image"]).name for one in found["unreadable"]["items"]], ["broken.png", "nothing.png"])
        self.assertTrue(all(one["reason"] for one in found["unreadable"]["items"]))
        self.assertIn("beyond the 10 classes", " ".join(found["warnings"]))
        said = classify(some, snapshot="last")
        self.check(found, [1, 7, 2], [[p["index"] for p in one] for one in said[:3]])
        rows = api.call("GET", f"/evaluations/{job}/predictions")[2]["items"]
        self.assertEqual([row["index"] for row in rows], [0, 1, 2, 3, 6])
        self.assertEqual([row["truth"] and row["truth"]["index"] for row in rows], [1, 7, 2, None, None])
        self.assertEqual(api.call("GET", f"/evaluations/{job}/images/1")[2], some[1].read_bytes())
        self.assertEqual(api.call("GET", f"/evaluations/{job}/images/5")[0], 404)

    def test_a_folder_of_classes_and_a_flat_one(self):
        folder = server.folder / "sorted"
        said, truth, files = [], [], []
        for name in ("0", "8", "unknown"):
            (folder / name).mkdir(parents=True)
            for i in range(3):
                target = folder / name / f"{i}.png"
                target.write_bytes((image_folder / ("0" if name == "unknown" else name) / f"{i:05}.png").read_bytes())
                if name != "unknown":
                    truth.append(int(name))
                    files.append(target)
        said = classify(files)
        found = facts(evaluate({"type": "folder", "path": str(folder)}))
        self.assertEqual((found["count"], found["labelled"]), (9, 6))
        self.assertIn("unknown", " ".join(found["warnings"]))
        self.check(found, truth, [[p["index"] for p in one] for one in said])
        flat = facts(evaluate({"type": "folder", "path": str(folder / "8")}))
        self.assertEqual((flat["count"], flat["labelled"], flat["top1"], flat["confusion"]), (3, 0, None, []))

    def test_a_database(self):
        """Of the same records as a split, the same answers, and images that are shown."""
        folder = server.folder / "data/jobs" / dataset / "val_db"
        split, records = facts(evaluate({"type": "split", "split": "val"})), evaluate({"type": "database", "path": str(folder)})
        found = facts(records)
        for member in ("count", "labelled", "top1", "confusion", "classes"):
            self.assertEqual(found[member], split[member])
        self.assertEqual(facts(evaluate({"type": "database", "path": str(folder), "limit": 3}))["count"], 3)
        status, headers, body = server.request("GET", f"/api/v1/evaluations/{records}/images/2")[:3]
        self.assertEqual((status, body[:4]), (200, b"\x89PNG"))
        shown = subprocess.run([DIGITS, "--server", f"http://{server.host}", "evaluate", "--model", model, "--database", folder],
                               capture_output=True, text=True)
        self.assertIn("top-1", shown.stdout, shown.stderr)
        none = server.folder / "no-database"
        none.mkdir()
        job = api.call("POST", "/evaluations", {"spec": {"model_id": model, "source": {"type": "database", "path": str(none)}}})[2]["id"]
        problem = server.wait_for(job)
        self.assertEqual(problem["state"], "error")
        self.assertIn("no-database", problem["error"]["message"] + problem["error"]["where"])

    def test_refusals(self):
        for spec, status, word in [
            ({"model_id": dataset}, 422, "model"),
            ({"model_id": model, "snapshot": "worst"}, 422, "snapshot"),
            ({"model_id": model, "snapshot": "999999"}, 404, "999999"),
            ({"model_id": model, "weights": "x"}, 422, "weights"),
            ({"model_id": model, "source": {"type": "split", "split": "holdout"}}, 422, "holdout"),
            ({"model_id": model, "source": {"type": "list"}}, 422, "path"),
            ({"model_id": model, "source": {"type": "database"}}, 422, "database"),
            ({"model_id": model, "source": {"type": "list", "path": "/no/such/list"}}, 422, "/no/such/list"),
            ({"model_id": model, "source": {"type": "folder", "path": "relative"}}, 422, "relative"),
            ({"model_id": model, "batch_size": 0}, 422, "batch_size"),
        ]:
            with self.subTest(spec):
                found, _, problem = api.call("POST", "/evaluations", {"spec": spec})
                self.assertEqual(found, status, problem)
                self.assertIn(word, problem["detail"] + problem["where"])
        empty = server.folder / "empty"
        empty.mkdir(exist_ok=True)
        job = api.call("POST", "/evaluations", {"spec": {"model_id": model, "source": {"type": "folder", "path": str(empty)}}})[2]["id"]
        found = server.wait_for(job)
        self.assertEqual(found["state"], "error")
        self.assertIn("names no image", found["error"]["message"])
        self.assertEqual(api.call("GET", f"/evaluations/{job}/predictions")[0], 409)

    def test_waits_for_a_training_without_snapshot_and_goes_with_its_model(self):
        spec = {"dataset_id": dataset, "network": {"prototxt": NETWORK}, "epochs": 4, "seed": 1, "threads": 1}
        other = api.call("POST", "/models", {"name": "other", "spec": spec})[2]["id"]
        job = api.call("POST", "/evaluations", {"spec": {"model_id": other, "snapshot": "best"}})[2]["id"]
        self.assertEqual(server.wait_for(other)["state"], "done")
        self.assertEqual(server.wait_for(job)["state"], "done")
        best = next(one["iteration"] for one in api.call("GET", f"/models/{other}/snapshots")[2]["items"] if one["best"])
        self.assertEqual(facts(job)["snapshot"]["iteration"], best)
        listed = api.call("GET", f"/evaluations?model={other}")[2]["items"]
        self.assertEqual([one["id"] for one in listed], [job])
        self.assertEqual(api.call("DELETE", f"/jobs/{other}")[0], 204)
        self.assertEqual(api.call("GET", f"/jobs/{job}")[0], 404)


def fields(data):
    """Protocol buffers' wire format: (number, value) with values as numbers or bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
    while at < len(data):
        key = varint()
        kind = key & 7
        if kind == 0:
            yield key >> 3, varint()
        else:
            size = {1: 8, 5: 4}.get(kind) or varint()
            yield key >> 3, data[at:at + size]
            at += size


def weights_of(caffemodel):
    """{layer: [arrays]} of a snapshot: NetParameter.layer 100, LayerParameter.name 1 and blobs 7, BlobProto.data 5 and shape 7."""
    layers = {}
    for number, layer in fields(caffemodel):
        if number != 100:
            continue
        name, blobs = "", []
        for field, value in fields(layer):
            if field == 1:
                name = value.decode()
            if field == 7:
                parts = list(fields(value))
                numbers = b"".join(part for key, part in parts if key == 5)
                shape = []
                for dim, size in fields(next(part for key, part in parts if key == 7)):
                    assert dim == 1
                    while isinstance(size, bytes) and size:
                        value_, shift = 0, 0
                        for i, byte in enumerate(size):
                            value_ |= (byte & 127) << shift
                            shift += 7
                            if byte < 128:
                                break
                        shape.append(value_)
                        size = size[i + 1:]
                    if isinstance(size, int):
                        shape.append(size)
                blobs.append(np.array(struct.unpack(f"<{len(numbers) // 4}f", numbers), np.float32).reshape(shape))
        layers[name] = blobs
    return layers


def tile_image(data, normalize=True):
    """The image of grey tiles of N x H x W under the colours of heat, as DIGITS describes it."""
    data = data.astype(np.float32)
    if normalize:
        data = data - data.min()
        if data.max() > 0:
            data = data / data.max()
    places = np.linspace(0, 1, 9)
    maps = [[0, 0, 0, 0, .5, 1, 1, 1, .5], [0, 0, .5, 1, 1, 1, .5, 0, 0], [.5, 1, 1, 1, .5, 0, 0, 0, 0]]
    colours = np.stack([np.interp(data, places, one) for one in maps], -1) * 255
    count, height, width = data.shape
    gap = int(width > 1)
    rows = int(np.ceil(np.sqrt(count)))
    columns = rows - 1 if rows * (rows - 1) >= count else rows
    image = np.full((rows * (height + gap), columns * (width + gap), 3), 255.0)
    for i in range(count):
        y, x = i // columns * (height + gap), i % columns * (width + gap)
        image[y:y + height, x:x + width] = colours[i]
    least = min(image.shape[:2])
    if least < 100:
        ratio = 100 / least
        ys, xs = ((np.arange(int(size * ratio)) / ratio).astype(int) for size in image.shape[:2])
        image = image[ys][:, xs]
    return image


class LookingInside(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.file = image_folder / "7" / "00000.png"
        cls.answer = api.call("POST", f"/models/{model}/layers?snapshot=last", {"paths": [str(cls.file)]})[2]
        iteration = cls.answer["snapshot"]
        cls.weights = weights_of(api.call("GET", f"/files/{model}/snapshot_iter_{iteration}.caffemodel")[2])
        mean = Image.open(io.BytesIO(api.call("GET", f"/files/{dataset}/mean.jpg")[2]))
        cls.mean_shape = mean.size

    def entry(self, name, kind):
        return next(one for one in self.answer["layers"] if (one["name"], one["kind"]) == (name, kind))

    def image(self, entry):
        return np.array(Image.open(io.BytesIO(api.call("GET", entry["image"].removeprefix("/api/v1"))[2])))

    def check(self, entry, values, tolerance=1e-5):
        scale = np.abs(values).max()
        self.assertEqual(entry["shape"], list(values.shape))
        self.assertAlmostEqual(entry["mean"], values.mean(dtype=np.float64), delta=tolerance * scale)
        self.assertAlmostEqual(entry["deviation"], values.std(dtype=np.float64), delta=tolerance * scale)
        counts, edges = np.histogram(values, bins=20)
        self.assertAlmostEqual(entry["histogram"]["low"], edges[0], delta=tolerance * scale)
        self.assertAlmostEqual(entry["histogram"]["high"], edges[-1], delta=tolerance * scale)
        self.assertEqual(sum(entry["histogram"]["counts"]), values.size)
        # A value within rounding of an edge may fall to either side.
        near = sum(int((np.abs(values - edge) < 1e-4 * scale).sum()) for edge in edges[1:-1])
        self.assertLessEqual(np.abs(np.array(entry["histogram"]["counts"]) - counts).sum(), 2 * near)

    def test_order_and_parameters(self):
        told = [(one["name"], one["kind"]) for one in self.answer["layers"]]
        self.assertEqual(told, [("data", "activation"), ("scaled", "activation"), ("conv", "weights"), ("conv", "activation"),
                                ("pool", "activation"), ("ip", "weights"), ("ip", "activation"), ("softmax", "activation")])
        counts = [one["parameters"] for one in self.answer["layers"] if one["kind"] == "weights"]
        self.assertEqual(counts, [6 * 25 + 6, 6 * 144 * 10 + 10])
        self.assertEqual(self.answer["parameters"], sum(counts))
        self.assertIsNone(self.entry("ip", "weights")["image"])
        self.assertEqual(self.answer["predictions"], classify([self.file], 5, snapshot="last")[0])

    def test_weights(self):
        conv = self.weights["conv"][0]
        self.check(self.entry("conv", "weights"), conv)
        drawn = self.image(self.entry("conv", "weights"))
        expected = tile_image(conv.reshape(6, 5, 5))
        self.assertEqual(drawn.shape, expected.shape)
        self.assertLessEqual(np.abs(drawn - expected).max(), 2)
        self.check(self.entry("ip", "weights"), self.weights["ip"][0])

    def test_activations_follow_from_the_image_and_the_weights(self):
        # The mean is not known exactly from its JPEG, so begin with what the network was given: it is whole numbers less the mean.
        data = self.entry("data", "activation")
        pixels = np.array(Image.open(self.file), np.float32)
        blob = api.call("GET", f"/files/{dataset}/mean.binaryproto")[2]
        mean = np.array(struct.unpack("<784f", b"".join(value for key, value in fields(blob) if key == 5)), np.float32).reshape(28, 28)
        given = (pixels - mean)[None]
        self.check(data, given)
        grey = self.image(data)
        self.assertTrue((grey[..., 0] == grey[..., 2]).all(), "the input is drawn grey")
        filters, bias = self.weights["conv"]
        windows = np.lib.stride_tricks.sliding_window_view(given[0] * np.float32(0.0125), (5, 5))
        conv = np.maximum(np.einsum("yxab,oab->oyx", windows, filters[:, 0]) + bias[:, None, None], 0)
        self.check(self.entry("conv", "activation"), conv)
        pool = conv.reshape(6, 12, 2, 12, 2).max((2, 4))
        self.check(self.entry("pool", "activation"), pool)
        drawn, expected = self.image(self.entry("pool", "activation")), tile_image(pool)
        self.assertEqual(drawn.shape, expected.shape)
        self.assertLessEqual(np.abs(drawn - expected).max(), 3)
        ip = self.weights["ip"][0] @ pool.ravel() + self.weights["ip"][1]
        self.check(self.entry("ip", "activation"), ip)
        softmax = np.exp(ip - ip.max())
        softmax /= softmax.sum()
        self.check(self.entry("softmax", "activation"), softmax)
        drawn, expected = self.image(self.entry("softmax", "activation")), tile_image(softmax.reshape(-1, 1, 1), normalize=False)
        self.assertEqual(drawn.shape, expected.shape)
        self.assertLessEqual(np.abs(drawn - expected).max(), 3)

    def test_old_images_and_wrong_names_are_refused(self):
        entry = self.entry("conv", "weights")["image"].removeprefix("/api/v1")
        view = entry.rpartition("/")[0]
        self.assertEqual(api.call("GET", view + "/9999.png")[0], 404)
        self.assertEqual(api.call("GET", entry.replace(view.rpartition("/")[2], "0" * 16))[0], 404)
        self.assertEqual(api.call("POST", f"/models/{model}/layers", {"paths": [str(image_folder / "3" / "broken.png")]})[0], 422)


class UrlFetch(unittest.TestCase):
    """Without a word about it: on where only this machine reaches the server, and for public addresses alone."""

    def ask(self, server):
        contract = Contract(server)
        return contract.call("GET", "/system")[2]["url_fetch"], lambda id: contract.call(
            "POST", f"/models/{id}/classify", {"urls": ["http://127.0.0.1:1/seven.png"]})

    def restarted(self, *options):
        server.options = options
        server.restart()
        self.addCleanup(server.restart)
        self.addCleanup(setattr, server, "options", ())
        return self.ask(server)

    def test_is_on_by_default_on_the_loopback_but_not_for_private_addresses(self):
        allowed, classify = self.ask(server)
        self.assertTrue(allowed)
        status, _, found = classify(model)
        self.assertEqual(status, 200)
        error = found["images"][0]["error"]
        self.assertEqual(error["code"], "permission_denied")
        self.assertIn("which is not public", error["message"])

    def test_is_off_when_told_so(self):
        allowed, classify = self.restarted("--no-url-fetch")
        self.assertFalse(allowed)
        status, _, problem = classify(model)
        self.assertEqual((status, problem["where"]), (403, "/urls"))
        self.assertIn("--allow-url-fetch", problem["advice"])

    def test_is_off_where_others_reach_the_server(self):
        allowed, classify = self.restarted("--host", "0.0.0.0")
        self.assertFalse(allowed)
        self.assertEqual(classify(model)[0], 403)


if __name__ == "__main__":
    unittest.main()
