"""What the forms ask before there is a job, and what the API refuses: run by contract_test.py."""
import base64
import io
import re
import tarfile
import unittest
import urllib.parse
from pathlib import Path

from PIL import Image

import contract_stage
from contract_stage import IMAGE, create_dataset, create_model, model_spec


def setUpModule():
    globals().update(contract_stage.start())


class Forms(unittest.TestCase):
    """What the forms ask before there is a job; a worker answers."""

    def test_resize_example_shows_each_mode_as_it_would_be_stored(self):
        spec = {"source": {"type": "folder", "path": str(image_folder)}, "image": {"width": 40, "height": 20, "channels": 3}}
        found = api.call("POST", "/datasets/resize-example", {"spec": spec})[2]
        self.assertEqual((found["width"], found["height"]), (28, 28))
        self.assertEqual([one["mode"] for one in found["modes"]], ["squash", "crop", "fill", "half_crop"])
        for one in found["modes"]:
            head, data = one["data"].split(",", 1)
            self.assertEqual(head, "data:image/png;base64")
            self.assertEqual(Image.open(io.BytesIO(base64.b64decode(data))).size, (40, 20))
        raw = api.call("POST", "/datasets/resize-example", {"spec": {**spec, "storage": {"encoding": "none"}}})[2]
        self.assertGreaterEqual(raw["modes"][0]["bytes"], 40 * 20 * 3)

    def test_resize_example_of_a_broken_image_names_it(self):
        broken = str(image_folder / "3" / "broken.png")
        spec = {"source": {"type": "folder", "path": str(image_folder)}, "image": IMAGE}
        status, _, problem = api.call("POST", "/datasets/resize-example", {"spec": spec, "image": broken})
        self.assertEqual((status, problem["where"]), (422, broken))

    def test_report_reads_the_images(self):
        spec = {"source": {"type": "folder", "path": str(image_folder)}, "image": IMAGE}
        found = api.call("POST", "/datasets/report", {"spec": spec})[2]
        self.assertTrue(found["all"])
        self.assertEqual([Path(one["path"]).name for one in found["unreadable"]["images"]], ["broken.png"])
        self.assertEqual(found["imbalance"]["verdict"], "even")
        self.assertGreater(found["bytes"], 1000)

    def send(self, upload, path, data, offset=0):
        headers = {"Content-Type": "application/octet-stream"}
        return api.call("PUT", f"/uploads/{upload}/files/{path}?offset={offset}", data, headers)

    def test_images_are_sent_in_pieces_and_become_a_dataset(self):
        upload = api.call("POST", "/uploads", {"kind": "folder", "name": "digits"})[2]["id"]
        for label in "12":
            for file in sorted((image_folder / label).iterdir())[:6]:
                data = file.read_bytes()
                self.send(upload, f"digits/{label}/{file.name}", data[:50])
                self.assertEqual(api.call("GET", f"/uploads/{upload}/files/digits/{label}/{file.name}")[2]["bytes"], 50)
                self.assertEqual(self.send(upload, f"digits/{label}/{file.name}", data[50:], 10)[0], 409)
                self.send(upload, f"digits/{label}/{file.name}", data[50:], 50)
        for path in ("../x.png", "a/../../x.png", "/x.png", "a//x.png"):
            # Some are refused as an address, before anybody looks at them as a file's name.
            self.assertIn(self.send(upload, urllib.parse.quote(path, safe=""), b"x")[0], (400, 422), path)
        self.assertEqual(api.call("GET", f"/uploads/{upload}")[2]["files"], 12)
        done = api.call("POST", f"/uploads/{upload}/finish")[2]
        self.assertEqual((done["files"], Path(done["path"]).name), (12, "digits"))
        self.assertEqual(self.send(upload, "digits/1/more.png", b"x")[0], 409)
        spec = {"source": {"type": "folder", "path": done["path"]}, "image": IMAGE}
        job = api.call("POST", "/datasets", {"name": "sent", "spec": spec})[2]["id"]
        self.assertEqual(server.wait_for(job)["state"], "done")
        self.assertEqual(api.call("GET", f"/datasets/{job}")[2]["dataset"]["labels"], ["1", "2"])
        self.assertEqual(api.call("DELETE", f"/uploads/{upload}")[0], 409)
        api.call("DELETE", f"/jobs/{job}")
        self.assertEqual(api.call("DELETE", f"/uploads/{upload}")[0], 204)
        self.assertEqual(api.call("GET", f"/uploads/{upload}")[0], 404)

    def test_lists_are_sent_too(self):
        upload = api.call("POST", "/uploads", {"kind": "folder", "name": "lists"})[2]["id"]
        lines = "".join(f"{label}/{i:05}.png {label}\n" for label in (0, 1) for i in range(8))
        self.send(upload, "train.txt", lines.encode())
        self.send(upload, "labels.txt", b"zero\none\n")
        path = api.call("POST", f"/uploads/{upload}/finish")[2]["path"]
        spec = {"source": {"type": "lists", "train": path + "/train.txt", "labels": path + "/labels.txt", "root": str(image_folder)}, "image": IMAGE}
        job = api.call("POST", "/datasets", {"name": "listed", "spec": spec})[2]["id"]
        self.assertEqual(server.wait_for(job)["state"], "done")
        self.assertEqual(api.call("GET", f"/datasets/{job}")[2]["dataset"]["splits"]["train"]["per_class"], [8, 8])
        self.assertEqual(api.call("DELETE", f"/uploads/{upload}")[0], 409)

    def test_an_archive_is_unpacked(self):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for label in "34":
                for file in sorted((image_folder / label).glob("0*.png"))[:5]:
                    archive.add(file, f"set/{label}/{file.name}")
        upload = api.call("POST", "/uploads", {"kind": "archive", "name": "set.tar.gz"})[2]["id"]
        self.send(upload, "archive", packed.getvalue())
        done = api.call("POST", f"/uploads/{upload}/finish")[2]
        self.assertEqual((done["files"], Path(done["path"]).name), (10, "set"))
        found = api.call("POST", "/datasets/scan", {"spec": {"source": {"type": "folder", "path": done["path"]}}})[2]
        self.assertEqual(found["labels"], ["3", "4"])
        bad = api.call("POST", "/uploads", {"kind": "archive", "name": "bad.zip"})[2]["id"]
        self.send(bad, "archive", b"no archive")
        self.assertEqual(api.call("POST", f"/uploads/{bad}/finish")[0], 422)

    def test_rectangles_become_a_dataset(self):
        first = {label: sorted((image_folder / label).glob("0*.png"))[0] for label in "12"}
        lines = ["path,x,y,width,height,label"] + [f"{path},{x},2,20,20,{label}" for label, path in first.items() for x in range(6)]
        crops = server.folder / "crops.csv"
        crops.write_text("\n".join(lines + [f"{first['1']},20,2,20,20,1"]))
        spec = {"source": {"type": "crops", "crops": str(crops)}, "image": IMAGE}
        job = api.call("POST", "/datasets", {"name": "rectangles", "spec": spec})[2]["id"]
        self.assertEqual(server.wait_for(job)["state"], "done")
        facts = api.call("GET", f"/datasets/{job}")[2]["dataset"]
        self.assertEqual((facts["labels"], facts["unreadable"]["count"]), (["1", "2"], 1))

    def test_describe_tells_shapes_parameters_operations_and_memory(self):
        found = api.call("POST", "/networks/describe", {"spec": model_spec()})[2]
        self.assertTrue(found["ok"], found["diagnostics"])
        self.assertEqual(found["parameters"], 431080)
        layers = {layer["name"]: layer for layer in found["networks"]["train"]["layers"]}
        self.assertEqual(layers["conv1"]["shapes"]["conv1"], [32, 20, 24, 24])
        self.assertEqual(set(found["networks"]), {"train", "val", "deploy"})
        self.assertGreater(found["memory_bytes"], 4 * 3 * 431080)
        self.assertIsNone(found["time"])

    def test_what_cannot_fit_into_memory_is_refused_with_a_batch_size_that_fits(self):
        spec = model_spec(batch_size=150_000, val_batch_size=None)
        memory = api.call("POST", "/networks/describe", {"spec": spec})[2]["memory"]
        self.assertEqual(memory["fit"], "too_large", memory)
        self.assertGreater(memory["needed_bytes"], memory["total_bytes"])
        self.assertLess(0, memory["largest_batch_size"])
        status, _, refused = api.call("POST", "/models", {"name": "huge", "spec": {**spec, "start_anyway": True}})
        self.assertEqual((status, refused["where"]), (507, "/spec/batch_size"), refused)
        self.assertIn("GB of memory", refused["detail"])
        # What is free changes between the two questions.
        advised = int(re.search(r"batch size of at most (\d+)", refused["advice"])[1])
        self.assertAlmostEqual(advised / memory["largest_batch_size"], 1, delta=0.1)
        fitting = api.call("POST", "/networks/describe", {"spec": {**spec, "batch_size": memory["largest_batch_size"]}})[2]["memory"]
        self.assertLess(fitting["needed_bytes"], 1.01 * memory["free_bytes"])
        self.assertGreater(fitting["needed_bytes"], 0.9 * memory["free_bytes"])

    def test_a_validation_that_cannot_fit_is_blamed_itself(self):
        spec = model_spec(batch_size=4, val_batch_size=1_000_000)
        memory = api.call("POST", "/networks/describe", {"spec": spec})[2]["memory"]
        self.assertEqual((memory["fit"], memory["field"], memory["batch_size"]), ("too_large", "val_batch_size", 1_000_000), memory)
        self.assertGreater(memory["largest_batch_size"], 1000)
        status, _, refused = api.call("POST", "/models", {"name": "huge", "spec": spec})
        self.assertEqual((status, refused["where"]), (507, "/spec/val_batch_size"), refused)
        self.assertIn("with a validation batch size of 1000000", refused["detail"])
        self.assertRegex(refused["advice"], r"validation batch size of at most \d+")

    def test_a_training_keeps_its_best_and_newest_snapshots(self):
        job = create_model("many snapshots", epochs=8, keep_snapshots=2)
        self.assertEqual(server.wait_for(job)["state"], "done")
        snapshots = api.call("GET", f"/models/{job}")[2]["snapshots"]
        points = api.call("GET", f"/models/{job}/metrics?series=val/accuracy")[2]["series"]["val/accuracy"]
        curve = list(zip(points["iteration"], points["value"]))
        interval = snapshots[-1]["iteration"] - snapshots[-2]["iteration"]
        best = max((value, -iteration) for iteration, value in curve if iteration > 0 and iteration % interval == 0)
        newest = [8 * interval, 7 * interval]
        # The newest is validated after the last tidying, so the best is that of the snapshots before it.
        earlier = max((value, -iteration) for iteration, value in curve if 0 < iteration < 8 * interval)
        self.assertEqual([one["iteration"] for one in snapshots], sorted({*newest, -earlier[1]}))
        self.assertTrue(next(one["best"] for one in snapshots if one["iteration"] == -best[1]))
        self.assertEqual([one["iteration"] for one in snapshots if one["state"]], [8 * interval])
        evaluation = api.call("POST", "/evaluations", {"name": "of the best", "spec": {"model_id": job, "source": {"type": "split", "split": "val"}}})[2]["id"]
        self.assertEqual(server.wait_for(evaluation)["state"], "done")
        self.assertFalse(list((server.folder / "data" / "jobs" / evaluation / "uploads").iterdir()))
        self.assertEqual(api.call("POST", f"/models/{job}/extend", {"epochs": 2})[0], 202)
        self.assertEqual(server.wait_for(job)["state"], "done")
        longer = [one["iteration"] for one in api.call("GET", f"/models/{job}")[2]["snapshots"]]
        self.assertEqual(longer[-2:], [9 * interval, 10 * interval])
        self.assertLessEqual(len(longer), 3)

    def test_all_snapshots_stay_where_that_is_wished(self):
        job = create_model("all snapshots", epochs=6, keep_snapshots="all")
        self.assertEqual(server.wait_for(job)["state"], "done")
        snapshots = api.call("GET", f"/models/{job}")[2]["snapshots"]
        self.assertEqual(len([one for one in snapshots if one["state"]]), 6)

    def test_the_trash_can_be_emptied(self):
        job = create_dataset("for the trash")
        server.wait_for(job)
        folder = server.folder / "data" / "jobs" / job
        api.call("DELETE", f"/jobs/{job}")
        self.assertTrue(folder.exists())
        emptied = api.call("DELETE", "/trash")[2]
        self.assertGreaterEqual(emptied["removed"], 1)
        self.assertFalse(folder.exists())
        self.assertEqual(api.call("POST", f"/jobs/{job}/restore")[0], 404)

    def test_what_will_be_written_is_told_beside_what_is_free(self):
        found = api.call("POST", "/networks/describe", {"spec": model_spec(epochs=100, keep_snapshots=3)})[2]
        self.assertEqual(found["snapshots_bytes"], 4 * 431080 * (5 + 2))
        every = api.call("POST", "/networks/describe", {"spec": model_spec(epochs=100, keep_snapshots="all")})[2]
        self.assertEqual(every["snapshots_bytes"], 4 * 431080 * 101 * 2)
        self.assertGreater(found["free_disk_bytes"], 0)
        report = api.call("POST", "/datasets/report", {"spec": {"source": {"type": "folder", "path": str(image_folder)}, "image": IMAGE}})[2]
        self.assertGreater(report["free_bytes"], report["bytes"])

    def test_snapshots_that_do_not_fit_on_the_disk_are_refused(self):
        status, _, refused = api.call("POST", "/models", {"name": "endless", "spec": model_spec(epochs=1e8, keep_snapshots="all")})
        self.assertEqual((status, refused["where"]), (507, "/spec/keep_snapshots"), refused)
        self.assertIn("No space left on device: needs about", refused["detail"])

    def test_a_batch_larger_than_the_dataset_is_warned_of(self):
        found = api.call("POST", "/models/check", {"spec": model_spec(batch_size=1000)})[2]
        self.assertTrue(found["ok"])
        warnings = [one["message"] for one in found["diagnostics"] if one["severity"] == "warning"]
        self.assertTrue(any("larger than the training set" in text for text in warnings), warnings)

    def test_describe_measures_when_asked(self):
        found = api.call("POST", "/networks/describe", {"spec": model_spec(epochs=2), "measure": True})[2]
        time = found["time"]
        self.assertEqual((time["how"], time["tried_batch_size"]), ("measured", 32))
        self.assertLess(0, time["images_per_s"]["low"])
        self.assertLess(time["training_s"]["low"], time["training_s"]["high"])

    def test_describe_without_a_dataset_assumes_images(self):
        image = {"width": 100, "height": 120, "channels": 3}
        found = api.call("POST", "/networks/describe", {"spec": {"network": {"standard": "resnet18"}, "crop_size": 96}, "image": image, "classes": 7})[2]
        self.assertTrue(found["ok"], found["diagnostics"])
        self.assertEqual((found["image"], found["crop_size"]), (image, 96))
        last = [layer for layer in found["networks"]["deploy"]["layers"] if layer["type"] == "InnerProduct"][-1]
        self.assertEqual(last["shapes"][last["tops"][0]][1], 7)

    def test_describe_points_at_the_layer_that_does_not_fit(self):
        text = next(n for n in api.call("GET", "/networks")[2]["items"] if n["name"] == "lenet")["prototxt"]
        wrong = text.replace("kernel_size: 5", "kernel_size: 99", 1)
        found = api.call("POST", "/networks/describe", {"spec": model_spec(network={"prototxt": wrong})})[2]
        self.assertFalse(found["ok"])
        fault = found["diagnostics"][-1]
        self.assertEqual(fault["layer"], "conv1")
        self.assertIn('"conv1"', wrong.splitlines()[fault["line"] - 1])

    def test_adapt_makes_a_network_of_caffe_trainable_here(self):
        text = ('layer { name: "data" type: "ImageData" top: "data" top: "label" image_data_param { source: "train.txt" batch_size: 4 } }\n'
                'layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { num_output: 1000 } }\n'
                'layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }\n')
        adapted = api.call("POST", "/networks/adapt", {"spec": model_spec(network={"prototxt": text})})[2]
        self.assertTrue(adapted["ok"], adapted["diagnostics"])
        self.assertTrue(api.call("POST", "/models/check", {"spec": model_spec(network={"prototxt": adapted["text"]})})[2]["ok"])

    def test_augment_example_shows_what_a_training_would_see(self):
        asked = {"augmentation": {"flip": "both", "rotation": 20, "noise": 0.05}, "crop_size": 20, "mean": "image"}
        found = api.call("POST", f"/datasets/{dataset}/augment-example", asked)[2]
        self.assertEqual((found["width"], found["height"]), (20, 20))
        variants = found["images"][0]["variants"]
        self.assertEqual(len(set(variants)), len(variants))
        self.assertEqual(found, api.call("POST", f"/datasets/{dataset}/augment-example", asked)[2], "the same each time")
        status, _, problem = api.call("POST", f"/datasets/{dataset}/augment-example", {"augmentation": {"hue": 0.1}})
        self.assertEqual((status, problem["where"]), (422, "/augmentation/hue"))

    def test_a_training_varies_its_images(self):
        job = create_model("varied", epochs=1, augmentation={"rotation": 10, "noise": 0.02})
        found = server.wait_for(job)
        self.assertEqual(found["state"], "done", found)
        self.assertEqual(found["spec"]["augmentation"]["rotation"], 10)
        status, _, problem = api.call("POST", "/models", {"name": "x", "spec": model_spec(augmentation={"hue": 0.1})})
        self.assertEqual(status, 422)
        self.assertIn("color", problem["detail"])


class Refusing(unittest.TestCase):
    """Each: method, path, body, expected status, a word that the answer must hold."""
    CASES = [
        ("GET", "/jobs/20000101-000000-0000", None, 404, "20000101-000000-0000"),
        ("GET", "/jobs/..%2f..%2fetc", None, 400, ".."),
        ("GET", "/jobs?limit=0", None, 422, "limit"),
        ("GET", "/jobs?limit=ten", None, 422, "limit"),
        ("GET", "/jobs?state=asleep", None, 422, "asleep"),
        ("GET", "/jobs?sort=colour", None, 422, "colour"),
        ("GET", "/jobs?cursor=garbage", None, 422, "cursor"),
        ("POST", "/datasets", "{", 422, "JSON"),
        ("POST", "/datasets", {}, 422, "name"),
        ("POST", "/datasets", {"name": "x"}, 422, "spec"),
        ("POST", "/datasets", {"name": "", "spec": {"source": {"type": "folder", "path": "/tmp"}}}, 422, "name"),
        ("POST", "/datasets", {"name": "x", "spec": {"source": {"type": "folder", "path": "/no/such/folder"}}}, 422, "/no/such/folder"),
        ("POST", "/datasets", {"name": "x", "spec": {"source": {"type": "folder", "path": "/tmp"}, "image": {"width": 0}}}, 422, "width"),
        ("POST", "/datasets", {"name": "x", "spec": {"source": {"type": "folder", "path": "/tmp"}, "colour": 1}}, 422, "colour"),
        ("POST", "/models", {"name": "x", "spec": {"network": {"standard": "lenet"}}}, 422, "dataset"),
        ("POST", "/models", {"name": "x", "spec": {"dataset_id": "20000101-000000-0000", "network": {"standard": "lenet"}}}, 422, "20000101"),
        ("POST", "/models/check", {"spec": {"network": {"standard": "no_such_net"}}}, 422, "no_such_net"),
        ("PATCH", "/jobs/{dataset}", {}, 422, ""),
        ("PATCH", "/jobs/{dataset}", {"name": ""}, 422, "name"),
        ("PATCH", "/jobs/{dataset}", {"state": "done"}, 422, "state"),
        ("DELETE", "/jobs/{dataset}", None, 409, "small LeNet"),
        ("POST", "/jobs/{model}/abort", None, 409, ""),
        ("POST", "/jobs/{model}/resume", None, 409, ""),
        ("POST", "/jobs/{dataset}/snapshot", None, 409, ""),
        ("GET", "/jobs/{model}/hardware", None, 409, "no worker"),
        ("POST", "/datasets/scan", {"spec": {"source": {"type": "mnist", "path": "/"}}}, 422, "root folder of the machine"),
        ("GET", "/models/{dataset}", None, 404, ""),
        ("GET", "/datasets/{model}", None, 404, ""),
        ("POST", "/models/{model}/classify", {"paths": []}, 422, "paths"),
        ("POST", "/models/{model}/classify?snapshot=999999", {"paths": ["/x.png"]}, 404, "999999"),
        ("POST", "/models/{model}/classify?top=0", {"paths": ["/x.png"]}, 422, "top"),
        ("GET", "/models/{model}/archive?snapshot=worst", None, 422, "worst"),
        ("GET", "/files/{model}/no_such_file.txt", None, 404, "no_such_file.txt"),
        ("GET", "/files/{model}/..%2f..%2fdigits.db", None, 400, ".."),
        ("GET", "/datasets/{dataset}/images?split=holdout", None, 404, "holdout"),
        ("GET", "/datasets/{dataset}/images/val/100", None, 404, "100"),
        ("GET", "/browse?path=/no/such/folder", None, 404, "/no/such/folder"),
        ("GET", "/browse?path=relative", None, 422, "relative"),
        ("GET", "/models/{model}/metrics?max_points=1", None, 422, "max_points"),
        ("POST", "/models/{model}/extend", {"epochs": 0}, 422, "epochs"),
        ("POST", "/models/{model}/extend", {"epochs": "many"}, 422, "epochs"),
        ("POST", "/models/{model}/extend", {"epochs": 1e12}, 422, "epochs"),
        ("POST", "/models/{dataset}/extend", {"epochs": 1}, 404, ""),
        ("GET", "/pretrained/{model}", None, 404, ""),
        ("POST", "/pretrained", {"from_model": "20000101-000000-0000"}, 422, "20000101"),
        ("GET", "/evaluations/{model}", None, 404, ""),
        ("GET", "/evaluations?model=20000101-000000-0000", None, 404, "20000101"),
        ("GET", "/jobs?kind=colour", None, 422, "colour"),
    ]

    def test_bad_input_gets_a_clear_problem(self):
        for method, path, body, expected, word in self.CASES:
            with self.subTest(f"{method} {path} {body}"):
                path = path.replace("{dataset}", dataset).replace("{model}", model)
                headers = {"Content-Type": "application/json"} if isinstance(body, str) else None
                status, _, problem = api.call(method, path, body, headers)
                self.assertEqual(status, expected, problem)
                self.assertIn(word, problem["detail"] + problem["where"])

    def test_unknown_addresses_and_methods(self):
        status, headers, data = server.request("GET", "/api/v1/nonsense")
        self.assertEqual((status, headers["content-type"]), (404, "application/problem+json"))
        status, headers, data = server.request("PUT", "/api/v1/jobs")
        self.assertEqual(status, 405)
        self.assertIn("GET", headers["allow"])
