"""Every operation of /api/v1 on a real server with a real worker; each answer is held against the served OpenAPI document.

    contract_test.py DIGITS MNIST_IDX_FOLDER [unittest arguments]
"""
import hashlib
import io
import json
import sys
import tarfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from PIL import Image

import contract_stage
from contract_forms import Forms, Refusing  # noqa: F401  run with those below
from contract_stage import EventReader, create_dataset, create_model, model_spec
from server_process import web_server


def setUpModule():
    globals().update(contract_stage.start())


class Document(unittest.TestCase):
    def test_examples_of_request_bodies_are_valid(self):
        for method, path, operation in api.operations():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                if "example" in content:
                    with self.subTest(f"{method} {path}"):
                        api.validate(content["example"], content["schema"])

    def test_examples_of_schemas_are_valid(self):
        for name, schema in api.document["components"]["schemas"].items():
            for example in schema.get("examples", []):
                with self.subTest(name):
                    api.validate(example, schema)

    def test_every_operation_has_a_unique_id_a_summary_and_problems(self):
        ids = [operation["operationId"] for _, _, operation in api.operations()]
        self.assertEqual(len(ids), len(set(ids)))
        for method, path, operation in api.operations():
            self.assertTrue(operation["summary"], path)
            self.assertEqual(operation["responses"]["default"], {"$ref": "#/components/responses/Problem"}, f"{method} {path}")


class Reading(unittest.TestCase):
    def test_system(self):
        found = api.call("GET", "/system")[2]
        self.assertEqual(found["devices"][0]["id"], "cpu")
        self.assertGreater(found["memory_bytes"], 1 << 20)

    def test_session(self):
        self.assertEqual(api.call("GET", "/session")[2], {"user": ""})
        self.assertEqual(api.call("PUT", "/session", {"user": "ada"})[2], {"user": "ada"})
        self.assertEqual(api.call("DELETE", "/session")[0], 204)

    def test_doctor_finds_nothing_wrong_with_worker_and_disk(self):
        checks = {check["id"]: check for check in api.call("GET", "/system/doctor")[2]["checks"]}
        self.assertEqual(checks["worker"]["status"], "ok", checks["worker"])

    def test_lists(self):
        self.assertEqual([job["kind"] for job in api.call("GET", "/datasets")[2]["items"]].count("model"), 0)
        self.assertIn(model, [job["id"] for job in api.call("GET", "/models?sort=name")[2]["items"]])
        self.assertEqual({job["kind"] for job in api.call("GET", "/jobs?kind=model")[2]["items"]}, {"model"})

    def test_search_finds_by_part_of_the_name_whatever_its_case(self):
        self.assertEqual([job["id"] for job in api.call("GET", "/models?q=SMALL%20lenet")[2]["items"]], [model])
        self.assertEqual(api.call("GET", "/models?q=no-such-name")[2]["items"], [])

    def test_pages_by_cursor_show_every_job_once(self):
        seen, cursor = [], ""
        while cursor is not None:
            page = api.call("GET", "/jobs?limit=1&sort=created" + (f"&cursor={cursor}" if cursor else ""))[2]
            seen += [job["id"] for job in page["items"]]
            cursor = page["next_cursor"]
        self.assertEqual(len(seen), page["total"])
        self.assertEqual(len(seen), len(set(seen)))
        self.assertLess(seen.index(dataset), seen.index(model))

    def test_dataset_says_what_it_holds(self):
        found = api.call("GET", f"/datasets/{dataset}")[2]["dataset"]
        self.assertEqual(found["labels"], [str(i) for i in range(10)])
        self.assertEqual(found["splits"]["train"]["count"] + found["splits"]["val"]["count"], 400)
        self.assertEqual(found["unreadable"]["count"], 1)

    def test_images_of_a_class_are_those_of_its_folder(self):
        page = api.call("GET", f"/datasets/{dataset}/images?split=val&class=7&limit=5")[2]
        self.assertEqual((len(page["items"]), page["total"]), (5, 10))
        for item in page["items"]:
            self.assertEqual(item["label_name"], "7")
            headers, data = api.call("GET", f"/datasets/{dataset}/images/val/{item['index']}")[1:]
            self.assertEqual(headers["content-type"], "image/png")
            stored, source = (Image.open(file) for file in (io.BytesIO(data), image_folder / item["file"]))
            self.assertEqual(list(stored.getdata()), list(source.getdata()))
        rest = api.call("GET", f"/datasets/{dataset}/images?split=val&class=7&cursor={page['next_cursor']}")[2]
        self.assertEqual((len(rest["items"]), rest["next_cursor"]), (5, None))

    def test_a_dataset_is_exported(self):
        formats = [one["name"] for one in api.call("GET", f"/datasets/{dataset}/exports")[2]["formats"]]
        self.assertEqual(formats, ["folders", "webdataset"])
        folder = server.folder / "exported"
        for wish, status in (({"format": "coco"}, 422), ({"format": "floppy"}, 422), ({"format": "folders", "folder": "here"}, 422)):
            self.assertEqual(api.call("POST", f"/datasets/{dataset}/export", wish)[0], status)
        job = api.call("POST", f"/datasets/{dataset}/export", {"format": "folders", "folder": str(folder)})[2]
        self.assertEqual((job["kind"], job["parents"]), ("export", [dataset]))
        ended = server.wait_for(job["id"])
        self.assertEqual(ended["state"], "done", ended)
        self.assertEqual(sum(ended["result"]["counts"].values()), 400)
        self.assertEqual(len(list(folder.glob("*/7/*.png"))), 40)
        original, written = (set(Image.open(file).tobytes() for file in place.glob("*.png")) for place in (image_folder / "7", folder / "train/7"))
        self.assertLessEqual(written, original)
        again = api.call("POST", f"/datasets/{dataset}/export", {"format": "folders", "folder": str(folder)})[2]["id"]
        self.assertEqual(server.wait_for(again)["error"]["code"], "failed_precondition")
        inside = api.call("POST", f"/datasets/{dataset}/export", {"format": "folders", "folder": str(server.folder / "data/jobs" / "mine")})[2]["id"]
        self.assertEqual(server.wait_for(inside)["error"]["code"], "permission_denied")
        packed = api.call("POST", f"/datasets/{dataset}/export", {"format": "webdataset", "name": "to go"})[2]["id"]
        self.assertEqual(server.wait_for(packed)["state"], "done")
        with tarfile.open(fileobj=io.BytesIO(api.call("GET", f"/files/{packed}/export.tar")[2])) as archive:
            self.assertIn("train-000000.tar", archive.getnames())
        items = api.call("GET", f"/datasets/{dataset}/exports")[2]["items"]
        self.assertCountEqual([item["id"] for item in items], [packed, inside, again, job["id"]])
        for item in items:
            self.assertEqual(api.call("DELETE", f"/jobs/{item['id']}?purge=true")[0], 204)

    def test_model_has_learned(self):
        found = api.call("GET", f"/models/{model}")[2]
        self.assertEqual(found["network"]["parameters"], 431080)
        self.assertGreater(found["job"]["best"]["accuracy"], 0.5)
        self.assertIn("train_val.prototxt", found["files"])
        self.assertEqual(len([s for s in found["snapshots"] if s["best"]]), 1)

    def test_metrics(self):
        found = api.call("GET", f"/models/{model}/metrics")[2]
        loss = found["series"]["train/loss"]
        self.assertLess(loss["value"][-1], loss["value"][0])
        later = api.call("GET", f"/models/{model}/metrics?since={loss['iteration'][0]}&series=train/loss")[2]["series"]
        self.assertEqual(list(later), ["train/loss"])
        self.assertEqual(later["train/loss"]["iteration"], loss["iteration"][1:])

    def test_metrics_csv_holds_every_point(self):
        lines = api.call("GET", f"/models/{model}/metrics.csv")[2].decode().splitlines()
        self.assertEqual(lines[0], "series,iteration,epoch,value")
        series = api.call("GET", f"/models/{model}/metrics?max_points=100000")[2]["series"]
        self.assertEqual(len(lines) - 1, sum(s["points"] for s in series.values()))

    def test_snapshots(self):
        snapshots = api.call("GET", f"/models/{model}/snapshots")[2]["items"]
        self.assertEqual([s["epoch"] for s in snapshots], [1, 2, 3, 4])

    def test_job(self):
        found = api.call("GET", f"/jobs/{model}")[2]
        self.assertEqual((found["kind"], found["state"], found["parents"]), ("model", "done", [dataset]))
        self.assertEqual(found["spec"]["network"], {"standard": "lenet"})

    def test_browse(self):
        found = api.call("GET", f"/browse?path={image_folder}")[2]
        self.assertEqual([entry["name"] for entry in found["entries"]], [str(i) for i in range(10)])
        self.assertEqual(found["parent"], str(image_folder.parent))

    def test_log_tells_the_story_and_is_cut_to_the_end(self):
        whole = api.call("GET", f"/jobs/{model}/log")[2]
        self.assertIn("snapshot_iter_40.caffemodel", whole.decode())
        self.assertTrue(whole.endswith(api.call("GET", f"/jobs/{model}/log?bytes=100")[2]))

    def test_files_with_range_and_etag(self):
        status, headers, data = api.call("GET", f"/files/{model}/deploy.prototxt")
        self.assertEqual(status, 200)
        status, part, piece = api.call("GET", f"/files/{model}/deploy.prototxt", headers={"Range": "bytes=5-14"})
        self.assertEqual((status, piece), (206, data[5:15]))
        self.assertEqual(part["content-range"], f"bytes 5-14/{len(data)}")
        self.assertEqual(api.call("GET", f"/files/{model}/deploy.prototxt", headers={"If-None-Match": headers["etag"]})[0], 304)

    def test_report_is_one_file(self):
        page = api.call("GET", f"/models/{model}/report")[2].decode()
        self.assertIn("</html>", page)
        self.assertNotIn("<script", page)
        self.assertTrue(api.call("GET", f"/models/{model}/report?format=pdf")[2].startswith(b"%PDF-"))

    def test_archive_has_exactly_the_members_of_digits(self):
        data = api.call("GET", f"/models/{model}/archive?snapshot=last")[2]
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            names = sorted(archive.getnames())
            info = json.load(archive.extractfile("info.json"))
        weights = [name for name in names if name.endswith(".caffemodel")]
        self.assertRegex(weights[0], r"^snapshot_iter_\d+\.caffemodel$")
        self.assertEqual(names, sorted(["deploy.prototxt", "info.json", "labels.txt", "mean.binaryproto", "original.prototxt",
                                        "solver.prototxt", "train_val.prototxt", weights[0]]))
        self.assertEqual(info["framework"], "caffe")

    def test_tasks_and_frameworks(self):
        self.assertEqual([one["name"] for one in api.call("GET", "/tasks")[2]["items"]], ["classification", "regression", "detection", "segmentation", "processing", "multilabel"])
        self.assertEqual([one["name"] for one in api.call("GET", "/frameworks")[2]["items"]], ["caffe"])

    def test_networks(self):
        names = [network["name"] for network in api.call("GET", "/networks")[2]["items"]]
        self.assertEqual(names[:3], ["lenet", "alexnet", "googlenet"])

    def test_openapi(self):
        self.assertEqual(api.call("GET", "/openapi.json")[2]["openapi"], "3.1.0")

    def test_forms_hold_the_fields_of_specs(self):
        for kind, path in (("dataset", "/source"), ("model", "/solver/base_lr"), ("evaluation", "/source/type"), ("publication", "/repository")):
            fields = api.call("GET", f"/forms/{kind}")[2]["fields"]
            self.assertIn(path, [field["path"] for field in fields])

    def test_every_field_of_a_form_has_a_help(self):
        for kind in ("dataset", "model", "evaluation"):
            fields = api.call("GET", f"/forms/{kind}")[2]["fields"]
            named = [*fields, *(inner for field in fields for one in field["variants"] for inner in one["fields"])]
            self.assertEqual([field["path"] for field in named if field["type"] != "variant" and not field["help"]], [])


class Making(unittest.TestCase):
    def test_a_folder_is_recognized(self):
        found = api.call("POST", "/datasets/recognize", {"folder": str(image_folder)})[2]["found"]
        self.assertEqual((found[0]["task"], found[0]["source"]["type"]), ("classification", "folder"))

    def test_scan_writes_nothing(self):
        before = api.call("GET", "/jobs")[2]["total"]
        found = api.call("POST", "/datasets/scan", {"spec": {"source": {"type": "folder", "path": str(image_folder)}}})[2]
        self.assertEqual(len(found["labels"]), 10)
        self.assertEqual(api.call("GET", "/jobs")[2]["total"], before)

    def test_check_points_at_the_mistake(self):
        bad = 'name: "x"\nlayer {\n  name: "conv"\n  type: "Convolution"\n  kernel: 3\n}\n'
        found = api.call("POST", "/models/check", {"spec": {"network": {"prototxt": bad}}})[2]
        self.assertFalse(found["ok"])
        self.assertEqual(found["diagnostics"][0]["line"], 5)

    def test_check_shows_what_would_train(self):
        found = api.call("POST", "/models/check", {"spec": model_spec()})[2]
        self.assertTrue(found["ok"], found["diagnostics"])
        self.assertIn("base_lr: 0.01", found["solver"])

    def test_edit_and_delete(self):
        job = create_dataset("to be deleted")
        server.wait_for(job)
        found = api.call("PATCH", f"/jobs/{job}", {"name": "new name", "group": "g", "notes": "seen"})[2]
        self.assertEqual((found["name"], found["group"], found["notes"]), ("new name", "g", "seen"))
        self.assertEqual(api.call("DELETE", f"/jobs/{job}")[0], 204)
        self.assertEqual(api.call("GET", f"/jobs/{job}")[0], 404)
        events.wait_for(lambda e: e[1] == "job_deleted" and e[2]["job"] == job)
        self.assertEqual(api.call("POST", f"/jobs/{job}/restore")[2]["name"], "new name")
        self.assertEqual(api.call("GET", f"/datasets/{job}")[2]["dataset"]["labels"][0], "0")
        self.assertEqual(api.call("DELETE", f"/jobs/{job}?purge=true")[0], 204)
        self.assertEqual(api.call("POST", f"/jobs/{job}/restore")[0], 404)

    def test_abort_snapshot_resume(self):
        job = create_model("long one", epochs=1000)
        server.wait_for(job, ("run",))
        events.wait_for(lambda e: e[1] == "metrics" and e[2]["job"] == job, 60)
        taken = api.call("GET", f"/jobs/{job}/hardware")[2]
        self.assertTrue(taken["peak_memory_bytes"] >= taken["memory_bytes"] > 1 << 20, taken)
        self.assertGreater(taken["cores_busy"], 0)
        self.assertEqual(api.call("GET", "/system")[2]["training_room"]["taken"], 1)
        self.assertEqual(api.call("POST", f"/jobs/{job}/snapshot")[0], 202)
        events.wait_for(lambda e: e[1] == "snapshot" and e[2]["job"] == job, 60)
        self.assertEqual(api.call("DELETE", f"/jobs/{job}")[0], 409)
        self.assertEqual(api.call("POST", f"/jobs/{job}/abort")[0], 202)
        self.assertEqual(server.wait_for(job)["state"], "abort")
        before = api.call("GET", f"/models/{job}/metrics")[2]["last_iteration"]
        self.assertEqual(api.call("POST", f"/jobs/{job}/resume")[0], 202)
        events.wait_for(lambda e: e[1] == "metrics" and e[2]["job"] == job and e[2]["iteration"] > before + 1, 60)
        api.call("POST", f"/jobs/{job}/abort")
        self.assertEqual(server.wait_for(job)["state"], "abort")

    def test_a_finished_training_goes_on_as_if_it_had_been_longer(self):
        fixed = {"base_lr": 0.01, "lr_policy": "fixed"}
        whole = create_model("four at once", epochs=4, solver=fixed, keep_snapshots="all")
        job = create_model("two and two", epochs=2, solver=fixed, keep_snapshots="all")
        self.assertEqual(server.wait_for(job)["state"], "done")
        found = api.call("POST", f"/models/{job}/extend", {"epochs": 2})[2]
        self.assertEqual((found["spec"]["epochs"], found["actions"]["extend"]), (4, False))
        self.assertEqual(api.call("POST", f"/models/{job}/extend", {"epochs": 2})[0], 409)
        self.assertEqual(server.wait_for(job)["state"], "done")
        self.assertEqual(server.wait_for(whole)["state"], "done")
        snapshots = [api.call("GET", f"/models/{one}/snapshots")[2]["items"] for one in (job, whole)]
        self.assertEqual([s["epoch"] for s in snapshots[0]], [1, 2, 3, 4])
        for file in (snapshots[0][-1]["weights"], snapshots[0][-1]["state"]):
            self.assertEqual(*(api.call("GET", f"/files/{one}/{file}")[2] for one in (job, whole)), file)
        curves = [api.call("GET", f"/models/{one}/metrics?series=val/loss")[2]["series"]["val/loss"] for one in (job, whole)]
        self.assertEqual(*curves)

    def test_pretrained(self):
        job = api.call("POST", "/pretrained", {"from_model": model})[2]["id"]
        self.assertEqual(server.wait_for(job)["state"], "done")
        self.assertIn(job, [one["id"] for one in api.call("GET", "/pretrained")[2]["items"]])
        found = api.call("GET", f"/pretrained/{job}")[2]
        self.assertEqual((found["pretrained"]["classes"], found["pretrained"]["network"]), (10, "LeNet"))
        with tarfile.open(fileobj=io.BytesIO(api.call("GET", f"/pretrained/{job}/archive")[2])) as archive:
            self.assertEqual(sorted(archive.getnames()), ["deploy.prototxt", "info.json", "labels.txt", "mean.binaryproto", "model.caffemodel",
                                                          "original.prototxt"])

    def test_exports(self):
        for wanted in ("onnx", "safetensors"):
            status, headers, made = api.call("POST", f"/models/{model}/exports", {"format": wanted})
            self.assertEqual((status, made["format"], made["input"]), (201, wanted, [1, 28, 28]))
            self.assertEqual(headers["location"], f"/api/v1/models/{model}/exports/{made['name']}")
            self.assertIn(made, api.call("GET", f"/models/{model}/exports")[2]["items"])
            self.assertEqual(len(api.call("GET", f"/models/{model}/exports/{made['name']}")[2]), made["bytes"])
        self.assertEqual(api.call("POST", f"/models/{model}/exports", {"format": "pickle"})[0], 422)
        spec = {"repository": str(server.folder / "triton"), "snapshot": "last"}
        status, headers, job = api.call("POST", f"/models/{model}/publications", {"spec": spec})
        self.assertEqual((status, job["kind"], job["parents"]), (201, "publication", [model, dataset]))
        self.assertEqual(server.wait_for(job["id"])["state"], "done")
        self.assertEqual([one["id"] for one in api.call("GET", f"/models/{model}/publications")[2]["items"]], [job["id"]])
        self.assertEqual(len(list((server.folder / "triton").glob("*/1/model.onnx"))), 1)

    def test_a_store_on_the_disk(self):
        place = Path(store.name)
        with tarfile.open(fileobj=io.BytesIO(api.call("GET", f"/models/{model}/archive")[2])) as archive:
            archive.extractall(place / "small")
        info = json.loads((place / "small/info.json").read_text())
        (place / "small/logo.png").write_bytes((image_folder / "1/00000.png").read_bytes())
        info["sha256"] = {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in (place / "small").iterdir()}
        (place / "small/info.json").write_text(json.dumps(info))
        (place / "small/aux.json").write_text('{"logo": "logo.png", "previews": ["logo.png"], "dataset card": {"type": "classification", "classes": 10, "images": {"train": 3}}}')
        (place / "master.json").write_text(json.dumps({"msg": "ours", "children": ["small"]}))
        listed = api.call("GET", "/stores?refresh=true")[2]["items"][0]
        self.assertEqual((listed["url"], listed["message"], listed["models"][0]["name"]), ("included", "ours", "small LeNet"))
        self.assertTrue(api.call("GET", f"/stores/models/{listed['models'][0]['id']}/logo")[2].startswith(b"\x89PNG"))
        self.assertTrue(api.call("GET", f"/stores/models/{listed['models'][0]['id']}/previews/0")[2].startswith(b"\x89PNG"))
        job = api.call("POST", "/stores/pull", {"id": listed["models"][0]["id"], "name": "from a store"})[2]["id"]
        self.assertEqual(server.wait_for(job)["state"], "done")
        self.assertEqual(api.call("POST", "/stores/pull", {"id": "none"})[0], 404)
        # The other server may be this one.
        for path in (f"/pretrained/{job}/push", f"/models/{model}/push"):
            pushed = api.call("POST", path, {"to": f"http://{server.host}/", "name": "pushed"})[2]
            self.assertEqual(server.wait_for(pushed["id"])["state"], "done")
            self.assertEqual(pushed["page"], f"http://{server.host}/pretrained/{pushed['id']}")
            for wrong in ("", "here", "ftp://127.0.0.1", "http://127.0.0.1/?x"):
                self.assertEqual(api.call("POST", path, {"to": wrong})[0], 422, wrong)

    def test_a_training_is_proposed(self):
        plan = api.call("POST", "/datasets/propose", {"folder": str(image_folder)})[2]
        self.assertEqual((plan["task"], plan["model"]["network"], plan["dataset"]["image"]["width"], plan["pretrained"]),
                         ("classification", {"standard": "lenet"}, 28, None))
        self.assertIn("small", plan["reasons"][0])

    def test_classify_by_path(self):
        files = [str(image_folder / "7" / "00000.png"), str(image_folder / "3" / "broken.png"), str(image_folder / "1" / "00000.png")]
        found = api.call("POST", f"/models/{model}/classify?top=3", {"paths": files})[2]["images"]
        self.assertEqual([len(image["predictions"]) for image in found], [3, 0, 3])
        self.assertIsNone(found[0]["error"])
        self.assertTrue(found[1]["error"]["message"])
        self.assertAlmostEqual(sum(p["probability"] for p in api.call(
            "POST", f"/models/{model}/classify?top=10", {"paths": files[:1]})[2]["images"][0]["predictions"]), 1, places=4)

    def test_images_with_their_answers(self):
        files = [str(image_folder / "7" / "00000.png"), str(image_folder / "3" / "broken.png")]
        status, headers, archive = api.call("POST", f"/models/{model}/annotate", {"paths": files})
        self.assertEqual((status, headers["content-type"], archive[:2]), (200, "application/zip", b"PK"))
        self.assertEqual(api.call("GET", f"/models/{model}/asked-image?path={files[0]}")[0], 200)
        self.assertEqual(api.call("GET", f"/models/{model}/asked-image")[0], 422)
        body = b"--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"x.png\"\r\n\r\n" + Path(files[0]).read_bytes() + b"\r\n--b--\r\n"
        shown = api.call("POST", f"/models/{model}/asked-image", body, {"Content-Type": "multipart/form-data; boundary=b"})
        self.assertEqual((shown[0], shown[2][:4]), (200, b"\x89PNG"))

    def test_classify_by_upload_says_the_same(self):
        file = image_folder / "7" / "00000.png"
        body = (b"--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"seven.png\"\r\nContent-Type: image/png\r\n\r\n"
                + file.read_bytes() + b"\r\n--b--\r\n")
        sent = api.call("POST", f"/models/{model}/classify", body, {"Content-Type": "multipart/form-data; boundary=b"})[2]["images"][0]
        self.assertEqual(sent["name"], "seven.png")
        there = api.call("POST", f"/models/{model}/classify", {"paths": [str(file)]})[2]["images"][0]
        self.assertEqual(sent["predictions"], there["predictions"])

    def test_classify_by_url_says_the_same(self):
        file = image_folder / "7" / "00000.png"
        there = api.call("POST", f"/models/{model}/classify", {"paths": [str(file)]})[2]["images"][0]
        answers = {"/seven.png": (200, {"Content-Type": "image/png"}, file.read_bytes()), "/page": (200, {}, b"<html>no image</html>"),
                   "/away": (302, {"Location": "/seven.png"}, b"")}
        with web_server(answers) as (port, asked):
            here, elsewhere = f"http://127.0.0.1:{port}", f"http://localhost:{port}/seven.png"
            answers["/out"] = (302, {"Location": elsewhere}, b"")
            urls = [f"{here}/seven.png", f"{here}/page", f"{here}/away", f"{here}/none", elsewhere, "file:///etc/passwd", f"{here}/out"]
            found = api.call("POST", f"/models/{model}/classify", {"paths": [str(file)], "urls": urls})[2]["images"]
            layers = api.call("POST", f"/models/{model}/layers", {"urls": urls[:1]})[2]
            problem = api.call("POST", f"/models/{model}/layers", {"urls": [elsewhere]})
        self.assertEqual([image["name"] for image in found], [str(file), *urls])
        # A batch of another size sums in another order.
        sure = [[(p["label"], round(p["probability"], 4)) for p in image["predictions"]] for image in (there, *found) if image["error"] is None]
        self.assertEqual(sure, [sure[0]] * 4)
        codes = [image["error"] and image["error"]["code"] for image in found[1:]]
        self.assertEqual(codes[:1] + codes[2:], [None, None, "not_found", "permission_denied", "invalid_argument", "permission_denied"])
        self.assertTrue(found[2]["error"]["message"], "a page is not an image, as the worker says")
        self.assertIn("localhost has the address", found[5]["error"]["message"])
        self.assertEqual(layers["predictions"][0]["label"], there["predictions"][0]["label"])
        self.assertEqual((problem[0], problem[2]["code"]), (403, "permission_denied"))
        self.assertEqual(len(asked), 7, f"nothing is asked for at an address that is refused: {asked}")
        self.assertEqual(list((server.folder / "data/temporary").glob("fetched-*")), [])
        status, _, problem = api.call("POST", f"/models/{model}/classify", {"urls": [urls[0]] * 33})
        self.assertEqual((status, problem["where"]), (422, "/urls"))

    def test_evaluate_and_look_inside(self):
        # The numbers are held against others in evaluation_test.py.
        spec = {"model_id": model, "source": {"type": "split", "split": "val"}}
        job = api.call("POST", "/evaluations", {"name": "on val", "spec": spec})[2]["id"]
        self.assertEqual(server.wait_for(job)["state"], "done")
        self.assertIn(job, [one["id"] for one in api.call("GET", "/evaluations")[2]["items"]])
        self.assertEqual(api.call("GET", f"/evaluations/{job}")[2]["evaluation"]["count"], 100)
        self.assertEqual(api.call("GET", f"/evaluations/{job}/predictions?limit=3")[2]["total"], 100)
        self.assertEqual(len(api.call("GET", f"/evaluations/{job}/top?class=3&n=4")[2]["items"]), 4)
        self.assertEqual(api.call("GET", f"/evaluations/{job}/predictions.csv")[2].count(b"\r\n"), 101)
        self.assertEqual(api.call("GET", f"/evaluations/{job}/images/0")[1]["content-type"], "image/png")
        layers = api.call("POST", f"/models/{model}/layers", {"paths": [str(image_folder / "7" / "00000.png")]})[2]["layers"]
        first = next(one["image"] for one in layers if one["image"])
        self.assertEqual(api.call("GET", first.removeprefix("/api/v1"))[1]["content-type"], "image/png")


class Events(unittest.TestCase):
    SCHEMAS = {"hello": "HelloEvent", "reset": "ResetEvent", "job": "Job", "job_deleted": "JobDeletedEvent", "metrics": "MetricsEvent",
               "snapshot": "SnapshotEvent", "log": "LogEvent", "push": "PushEvent"}

    def test_every_event_is_as_the_document_says(self):
        self.assertEqual(events.events[0][1], "hello")
        events.wait_for(lambda e: e[1] == "job" and e[2]["id"] == model and e[2]["state"] == "done")
        seen = list(events.events)
        for _, name, data in seen:
            api.validate(data, {"$ref": f"#/components/schemas/{self.SCHEMAS[name]}"})
        self.assertLessEqual({"job", "metrics", "snapshot"}, {name for _, name, _ in seen})
        ids = [int(number) for number, _, _ in seen if number]
        self.assertEqual(ids, sorted(ids))

    def test_a_reader_that_comes_back_gets_what_it_missed(self):
        events.wait_for(lambda e: e[1] == "job" and e[2]["id"] == model and e[2]["state"] == "done")

        def metrics_of(reader):
            return [e for e in reader.events if e[1] == "metrics" and e[2]["job"] == model]

        metrics = metrics_of(events)
        # Of points that came together only the last has an id.
        first = next(i for i, e in enumerate(metrics) if e[0])
        last = next(e for e in reversed(metrics) if e[0])
        again = EventReader(server, last_id=metrics[first][0])
        self.addCleanup(again.close)
        again.wait_for(lambda e: e == last)
        found = metrics_of(again)
        events.wait_for(lambda e: e == found[-1])
        self.assertEqual(found, metrics_of(events)[first + 1:][:len(found)])

    def test_an_unknown_id_means_reset(self):
        again = EventReader(server, last_id="999999999")
        self.addCleanup(again.close)
        again.wait_for(lambda e: e[1] == "reset")


class ZCoverage(unittest.TestCase):
    def test_every_operation_was_called_with_success(self):
        api.called.add(("get", "/events"))  # the stream does not end: Events reads it
        api.called.add(("get", "/datasets/{id}/images/{split}/{index}/target"))  # label_datasets_test: of masks and images
        self.assertEqual([f"{m} {p}" for m, p, _ in api.operations() if (m, p) not in api.called], [])


if __name__ == "__main__":
    unittest.main()
