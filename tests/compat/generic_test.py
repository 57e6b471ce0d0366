"""Datasets of ready databases and data extensions, models for them, and what these say: DIGITS's routes for everything but image classification."""
import io
import json
import re
import zipfile
from pathlib import Path

from PIL import Image, ImageDraw

import digits_stage as stage
from digits_stage import SHORT, Case

GENERIC = "/models/images/generic"
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
TASK = {"name", "stage", "entry_count", "feature_db_path", "label_db_path"}
SIDE = 16

DATA = """
layer {{ name: "data" type: "Data" top: "data" include {{ stage: "train" }} data_param {{ batch_size: 4 }} }}
layer {{ name: "label" type: "Data" top: "label" include {{ stage: "train" }} data_param {{ batch_size: 4 }} }}
layer {{ name: "data" type: "Data" top: "data" include {{ stage: "val" }} data_param {{ batch_size: 2 }} }}
layer {{ name: "label" type: "Data" top: "label" include {{ stage: "val" }} data_param {{ batch_size: 2 }} }}
{layers}
layer {{ name: "loss" type: "{loss}" bottom: "output" bottom: "label" top: "loss" exclude {{ stage: "deploy" }} }}
"""
CONVOLUTION = 'layer {{ name: "output" type: "Convolution" bottom: "data" top: "output" convolution_param {{ num_output: {channels} kernel_size: 1 weight_filler {{ type: "xavier" }} }} }}'
NETWORKS = {
    "image-gradients": DATA.format(layers='layer { name: "output" type: "InnerProduct" bottom: "data" top: "output" inner_product_param { num_output: 2 weight_filler { type: "xavier" } } }',
                                   loss="EuclideanLoss"),
    "image-segmentation": DATA.format(layers=CONVOLUTION.format(channels=2), loss="SoftmaxWithLoss"),
    "image-processing": DATA.format(layers=CONVOLUTION.format(channels=1), loss="EuclideanLoss"),
}


def write_images():
    """Grey images with a bright square, its mask, the inverted image, and KITTI's line for the box around it."""
    folder = stage.server.root / "generic"
    for name in ("images", "masks", "inverted", "kitti"):
        (folder / name).mkdir(parents=True)
    for i in range(10):
        box = (i % 5, 2, i % 5 + 8, 11)
        image, mask = Image.new("L", (SIDE, SIDE), 20 + i), Image.new("P", (SIDE, SIDE))
        ImageDraw.Draw(image).rectangle(box, fill=220)
        mask.putpalette([0, 0, 0, 255, 0, 0] + [0] * 762)
        ImageDraw.Draw(mask).rectangle(box, fill=1)
        image.save(folder / f"images/{i}.png")
        mask.save(folder / f"masks/{i}.png")
        image.point(lambda value: 255 - value).save(folder / f"inverted/{i}.png")
        (folder / f"kitti/{i}.txt").write_text("Car 0 0 0 {} {} {} {} 0 0 0 0 0 0 0\n".format(*box))
    return folder


# The forms of the extensions: what a test gives, and what the dataset then has.
def forms(folder):
    pairs = {"feature_folder": folder / "images", "folder_pct_val": 20}
    return {
        "image-processing": ({**pairs, "label_folder": folder / "inverted"}, [8, 2], [SIDE, SIDE, 1]),
        "image-segmentation": ({**pairs, "label_folder": folder / "masks", "channel_conversion": "L"}, [8, 2], [SIDE, SIDE, 1]),
        "image-object-detection": ({"train_image_folder": folder / "images", "train_label_folder": folder / "kitti",
                                    "val_image_folder": folder / "images", "val_label_folder": folder / "kitti", "padding_image_width": 48,
                                    "padding_image_height": 32, "val_min_box_size": 0}, [10, 10], [32, 48, 3]),
        "image-gradients": ({"train_image_count": 12, "val_image_count": 4, "image_width": 10, "image_height": 8}, [12, 4], [8, 10, 1]),
    }


# Of the routes /datasets/generic/create/EXTENSION and /datasets/images/generic: the changed field, and what is said of it.
REFUSED = [
    ("image-processing", {"feature_folder": ""}, "feature_folder", "This field is required."),
    ("image-processing", {"label_folder": "/gone"}, "label_folder", "Folder does not exist or is not reachable"),
    ("image-processing", {"folder_pct_val": 101}, "folder_pct_val", "Number must be between 0 and 100."),
    ("image-processing", {"has_val_folder": "y"}, "validation_feature_folder", "This field is required."),
    ("image-processing", {"channel_conversion": "CMYK"}, "channel_conversion", "Not a valid choice"),
    ("image-processing", {"dsopts_batch_size": 0}, "dsopts_batch_size", "Number must be at least 1."),
    ("image-processing", {"dsopts_num_threads": ""}, "dsopts_num_threads", "This field is required."),
    ("image-processing", {"dsopts_backend": "hdf5"}, "dsopts_backend", "Not a valid choice"),
    ("image-processing", {"dsopts_label_encoding": "gif"}, "dsopts_label_encoding", "Not a valid choice"),
    ("image-processing", {"dataset_name": ""}, "dataset_name", "This field is required."),
    ("image-segmentation", {"class_labels_file": "/gone.txt"}, "class_labels_file", "File does not exist or is not reachable"),
    ("image-segmentation", {"colormap_method": "textfile"}, "colormap_text_file", "This field is required."),
    ("image-segmentation", {"colormap_method": "crayon"}, "colormap_method", "Not a valid choice"),
    ("image-object-detection", {"train_label_folder": ""}, "train_label_folder", "This field is required."),
    ("image-object-detection", {"val_image_folder": ""}, "val_image_folder", "This field is required."),
    ("image-object-detection", {"resize_image_width": 100}, "resize_image_height", "This field is required."),
    ("image-object-detection", {"padding_image_height": ""}, "padding_image_height", "This field is required."),
    ("image-object-detection", {"val_min_box_size": -1}, "val_min_box_size", "Number must be at least 0."),
    ("image-gradients", {"train_image_count": "few"}, "train_image_count", "Not a valid integer value"),
    ("prebuilt", {}, "prebuilt_train_images", "This field is required."),
    ("prebuilt", {"prebuilt_train_images": "/gone"}, "prebuilt_train_images", "Folder does not exist"),
    ("prebuilt", {"prebuilt_train_images": "/tmp", "prebuilt_mean_file": "/gone"}, "prebuilt_mean_file", "File does not exist"),
    ("prebuilt", {"prebuilt_train_images": "/tmp", "method": "copy"}, "method", "Not a valid choice"),
]


def route(extension):
    return "/datasets/images/generic" if extension == "prebuilt" else f"/datasets/generic/create/{extension}"


def setUpModule():
    global folder, datasets, models
    folder = write_images()
    datasets, models = {}, {}
    for extension, (form, _, _) in forms(folder).items():
        answer = stage.server.post(route(extension) + ".json", {"dataset_name": extension, **form})
        assert answer.status_code == 200 and set(answer.json()) == SHORT, answer.text
        datasets[extension] = answer.json()["id"]
    for extension, id in datasets.items():
        assert stage.server.wait_for(id) == "Done", stage.server.get(f"/api/v1/jobs/{id}").text
    for extension, network in NETWORKS.items():
        answer = stage.server.post(GENERIC + extension + ".json", model_form(extension, network))
        assert answer.status_code == 200 and set(answer.json()) == stage.MODEL, answer.text
        models[extension] = answer.json()["id"]
    for id in models.values():
        assert stage.server.wait_for(id) == "Done", stage.server.get(f"/api/v1/jobs/{id}").text


def model_form(extension, network, **changes):
    return {"model_name": extension, "dataset": datasets[extension], "method": "custom", "custom_network": network, "train_epochs": 1,
            "learning_rate": 0.00001, "use_mean": "none", "random_seed": 1, **changes}


def ask(name, extension, **form):
    return stage.server.post(f"{GENERIC}/{name}", {"job_id": models[extension], **form})


def shape_of(nested):
    return [len(nested), *shape_of(nested[0])] if isinstance(nested, list) else []


class DatasetTest(Case):
    def test_refused_fields(self):
        usual = {extension: form for extension, (form, _, _) in forms(folder).items()}
        for extension, changes, field, words in REFUSED:
            with self.subTest(f"{extension} {changes}"):
                form = {"dataset_name": "x", **usual.get(extension, {}), **changes}
                self.assert_field(stage.server.post(route(extension) + ".json", form), field, words)
        self.assert_refused(stage.server.post("/datasets/generic/create/strange", {"dataset_name": "x"}), 500, "Unknown extension 'strange'")
        self.assert_refused(stage.server.post("/datasets/generic/create/text-babi", {"dataset_name": "x"}), 501, "plugin")

    def test_what_a_dataset_tells(self):
        for extension, (_, counts, size) in forms(folder).items():
            with self.subTest(extension):
                view = stage.server.get(f"/datasets/{datasets[extension]}.json").json()
                self.assertEqual(set(view), SHORT | {"directory", "create_db_tasks", "feature_dims"})
                self.assertEqual(view["feature_dims"], size)
                tasks = view["create_db_tasks"]
                self.assertTrue(all(set(task) == TASK for task in tasks))
                self.assertEqual([task["entry_count"] for task in tasks], counts)
                self.assertEqual([task["stage"] for task in tasks], ["train_db", "val_db"])
                self.assertEqual(tasks[0]["name"], "Create train_db DB")
                for task in tasks:
                    self.assertTrue((Path(view["directory"]) / task["feature_db_path"]).is_dir())
                    self.assertTrue((Path(view["directory"]) / task["label_db_path"]).is_dir())
                self.assertEqual(stage.server.get(f"/datasets/{view['id']}/status").json()["type"], "Generic Dataset")
                self.assertIn("Feature shape", stage.server.get(f"/datasets/summary?job_id={view['id']}").text)

    def test_ready_databases(self):
        made = Path(stage.server.get(f"/datasets/{datasets['image-gradients']}.json").json()["directory"])
        form = {"dataset_name": "ready", **{f"prebuilt_{split}_{what}": made / f"{split}_{db}" for split in ("train", "val")
                                            for what, db in (("images", "db"), ("labels", "labels_db"))}}
        answer = stage.server.post("/datasets/images/generic.json", form)
        self.assertEqual((answer.status_code, set(answer.json())), (200, SHORT), answer.text)
        id = answer.json()["id"]
        self.assertEqual(stage.server.wait_for(id), "Done")
        self.assertEqual(set(stage.server.get(f"/datasets/{id}.json").json()), SHORT | {"directory"})
        self.assertEqual(stage.server.get(f"/datasets/{id}/status").json()["type"], "Generic Image Dataset")
        answer = stage.server.post(GENERIC + ".json", model_form("image-gradients", NETWORKS["image-gradients"], dataset=id))
        self.assertEqual(stage.server.wait_for(answer.json()["id"]), "Done", answer.text)
        clone = stage.server.post("/datasets/images/generic.json", {"clone": id}).json()
        self.assertEqual((clone["name"], stage.server.wait_for(clone["id"])), ("ready", "Done"))

    def test_explore(self):
        def page(extension, db):
            return stage.server.get("/datasets/generic/explore", params={"job_id": datasets[extension], "db": db, "size": 3})
        for db in ("train_db/features", "train_db", "train_db/labels", "train_labels_db"):
            shown = re.findall(r'<img src="([^"]+)"', page("image-segmentation", db).text)
            self.assertEqual(len(shown), 3, db)
            self.assertEqual(stage.server.get(shown[0]).headers["Content-Type"], "image/png")
        self.assert_refused(page("image-object-detection", "train_db/labels"), 500, "Expected encoded database")
        self.assert_refused(page("image-segmentation", "test_db/features"), 404, "No create_db task for test_db/features")

    def test_addresses_of_pages(self):
        for path, place in (("/datasets/images/generic/new", "/datasets/new"), ("/datasets/generic/new/image-processing", "/datasets/new"),
                            (f"{GENERIC}/new", "/models/new"), (f"{GENERIC}/new/image-processing", "/models/new"),
                            (f"{GENERIC}/large_graph?job_id={models['image-gradients']}", f"/models/{models['image-gradients']}")):
            answer = stage.server.get(path, allow_redirects=False)
            self.assertEqual((answer.status_code, answer.headers["Location"]), (302, place))
        self.assertIn("gradient_y", stage.server.get(f"/datasets/inference-form/image-gradients/{datasets['image-gradients']}").text)
        self.assertEqual(stage.server.get(f"/datasets/inference-form/image-processing/{datasets['image-processing']}").text, "")
        self.assertIn('name="channel_order"', stage.server.get("/models/view-config/image-image-output").text)
        self.assert_refused(stage.server.get("/models/view-config/strange"), 500, "Unknown extension 'strange'")


class ModelTest(Case):
    def test_what_a_model_tells(self):
        view = stage.server.get(f"/models/{models['image-segmentation']}.json").json()
        self.assertEqual(set(view), stage.MODEL | {"directory", "snapshots"})
        self.assertEqual((view["image dimensions"], view["snapshots"]), ([SIDE, SIDE, 1], [1]))
        self.assertEqual(stage.server.get(f"/models/{view['id']}/status").json()["type"], "Generic Image Model")

    def test_refused_fields(self):
        def create(place=GENERIC, **changes):
            return stage.server.post(place + ".json", model_form("image-processing", NETWORKS["image-processing"], **changes))
        self.assert_json_error(create(method="standard"), 400, "BadRequest", 'Unrecognized method: "standard"')
        self.assert_field(create(dataset=stage.dataset_id), "dataset", "Not a valid choice")
        self.assert_field(create(GENERIC + "image-segmentation"), "dataset", "Not a valid choice")
        self.assert_field(create("/models/images/classification"), "dataset", "Not a valid choice")
        self.assert_field(create(custom_network=""), "custom_network", "This field is required.")
        self.assert_field(create(custom_network="layer { nme: 1 }"), "custom_network", "Bad network: 1:")


class InferTest(Case):
    def test_one(self):
        image = folder / "images/3.png"
        sizes = {"image-gradients": [1, 2], "image-segmentation": [1, 2, SIDE, SIDE], "image-processing": [1, 1, SIDE, SIDE]}
        for extension, size in sizes.items():
            answer = ask("infer_one.json", extension, image_path=image)
            self.assertEqual((answer.status_code, set(answer.json())), (200, {"outputs"}), answer.text)
            self.assertEqual({name: shape_of(values) for name, values in answer.json()["outputs"].items()}, {"output": size})
        with image.open("rb") as file:
            upload = stage.server.post(f"{GENERIC}/infer_one/json?job_id={models['image-processing']}", files={"image_file": file})
        self.assertEqual(upload.json(), answer.json())

    def test_do_not_resize(self):
        large = folder / "large.png"
        Image.open(folder / "images/3.png").resize((40, 24)).save(large)
        def size(**form):
            return shape_of(ask("infer_one.json", "image-processing", image_path=large, **form).json()["outputs"]["output"])
        self.assertEqual((size(), size(dont_resize="y")), ([1, 1, SIDE, SIDE], [1, 1, 24, 40]))
        # A network whose layers have weights for one size cannot.
        refused = ask("infer_one.json", "image-gradients", image_path=large, dont_resize="y")
        self.assertEqual((refused.status_code, refused.json()["outputs"]), (500, {}))
        self.assertIn("40 x 24", refused.json()["error"]["description"])

    def test_many(self):
        paths = [str(folder / f"images/{i}.png") for i in range(4)]
        text = "".join(f"{path}\n" for path in [*paths, folder / "gone.png"])
        answer = stage.server.post(GENERIC + "/infer_many.json", {"job_id": models["image-processing"], "num_test_images": 5},
                                   files={"image_list": ("list.txt", text)})
        self.assertEqual(answer.status_code, 200, answer.text)
        outputs = answer.json()["outputs"]
        self.assertEqual({path: shape_of(one["output"]) for path, one in outputs.items()}, {path: [1, SIDE, SIDE] for path in paths})
        alone = ask("infer_one.json", "image-processing", image_path=paths[2]).json()["outputs"]["output"][0]
        for row, same in zip(outputs[paths[2]]["output"][0], alone[0]):
            for one, other in zip(row, same):
                self.assertAlmostEqual(one, other, delta=1e-3)
        none = stage.server.post(GENERIC + "/infer_many.json", {"job_id": models["image-processing"]}, files={"image_list": ("list.txt", f"{folder}/gone.png\n")})
        self.assertEqual((none.status_code, none.json()["outputs"]), (500, {}))
        self.assert_json_error(ask("infer_many.json", "image-processing"), 400, "BadRequest", "image_list is a required field")

    def test_database(self):
        directory = Path(stage.server.get(f"/datasets/{datasets['image-processing']}.json").json()["directory"])
        answer = ask("infer_db.json", "image-processing", db_path=directory / "train_db")
        self.assertEqual(answer.status_code, 200, answer.text)
        outputs = answer.json()["outputs"]
        self.assertEqual(len(outputs), 8)
        self.assertTrue(all(shape_of(one["output"]) == [1, SIDE, SIDE] for one in outputs.values()))
        self.assert_json_error(ask("infer_db.json", "image-processing"), 400, "BadRequest", "db_path is a required field")
        self.assert_json_error(ask("infer_db.json", "image-processing", db_path="/gone"), 400, "BadRequest", 'DB "/gone" does not exit')

    def test_extension(self):
        answer = ask("infer_extension.json", "image-gradients", gradient_x="0.25", gradient_y="-0.5")
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertEqual([shape_of(one["output"]) for one in answer.json()["outputs"].values()], [[2]])
        several = ask("infer_extension.json", "image-gradients", data_extension_id="image-gradients", test_image_count="40")
        self.assertEqual(len(several.json()["outputs"]), 40)
        wrong = ask("infer_extension.json", "image-gradients", gradient_x="0.75")
        self.assertEqual(wrong.status_code, 400, wrong.text)
        for field in ("gradient_x", "gradient_y"):
            self.assertIn(field, wrong.text)
        self.assert_json_error(ask("infer_extension.json", "image-processing"), 400, "BadRequest", "The extension has no inference form")

    def test_refusals(self):
        one = GENERIC + "/infer_one.json"
        self.assert_json_error(stage.server.post(one), 400, "BadRequest", "job_id is a required field")
        self.assert_json_error(stage.server.post(one, {"job_id": "x"}), 404, "NotFound", "Job not found")
        self.assert_json_error(ask("infer_one.json", "image-processing"), 400, "BadRequest", "must provide image_path or image_file")
        image = folder / "images/0.png"
        self.assertEqual(ask("infer_one.json", "image-processing", image_path=image, snapshot_epoch=77).status_code, 500)
        self.assert_refused(ask("infer_one.json", "image-processing", image_path=image, view_extension_id="strange"), 500, "Unknown extension 'strange'")
        wrong = ask("infer_one.json", "image-processing", image_path=image, view_extension_id="image-image-output", data_order="cwh")
        self.assert_refused(wrong, 500, "Extension form validation failed with")
        wrong = ask("infer_one.json", "image-gradients", image_path=image, view_extension_id="image-gradients", arrow_size="0")
        self.assert_refused(wrong, 500, "Extension form validation failed with {'arrow_size': ['Number must be at least 1.']}")
        palette = ask("infer_one.json", "image-processing", image_path=image, view_extension_id="image-segmentation")
        self.assert_refused(palette, 500, "No palette found in dataset - choose other colormap")
        broken = stage.server.post(one, {"job_id": models["image-processing"]}, files={"image_file": ("x.png", b"no image")})
        self.assertEqual((broken.status_code, broken.json()["outputs"]), (500, {}))

    def test_pages(self):
        image = folder / "images/3.png"
        views = {("image-processing", "image-image-output"): 1, ("image-segmentation", "image-segmentation"): 1,
                 ("image-processing", "all-raw-data"): 0, ("image-gradients", ""): 0, ("image-gradients", "image-gradients"): 1}
        for (extension, view), images in views.items():
            page = stage.server.post(GENERIC + "/infer_one", {"job_id": models[extension], "image_path": image, "view_extension_id": view}, headers=BROWSER)
            self.assertEqual(page.status_code, 200, page.text[:300])
            self.assertEqual(len(re.findall("base64,", page.text)), images, (extension, view))


class AnnotateTest(Case):
    """Our own route beside DIGITS's."""

    def test_a_zip_of_images_with_their_answers(self):
        paths = [str(folder / f"images/{i}.png") for i in (0, 1)] + [str(folder / "gone.png")]
        answer = stage.server.session.post(f"{stage.server.address}/api/v1/models/{models['image-segmentation']}/annotate", json={"paths": paths})
        self.assertEqual((answer.status_code, answer.headers["Content-Type"]), (200, "application/zip"), answer.text[:300])
        archive = zipfile.ZipFile(io.BytesIO(answer.content))
        self.assertEqual(archive.namelist(), ["0001-0.png", "0002-1.png", "answers.json", "answers.csv"])
        with Image.open(archive.open("0001-0.png")) as drawn:
            self.assertEqual((drawn.size, drawn.mode), ((SIDE, SIDE), "RGB"))
        answers = json.loads(archive.read("answers.json"))["images"]
        self.assertEqual([one["file"] for one in answers], ["0001-0.png", "0002-1.png", None])
        self.assertEqual(archive.read("answers.csv").decode().splitlines()[0], "image,label,class,pixels,share,error")
        shown = stage.server.get(f"/api/v1/models/{models['image-segmentation']}/asked-image", params={"path": paths[0]})
        self.assertEqual(shown.headers["Content-Type"], "image/png")

    def test_a_report_whatever_the_task(self):
        said = {"image-gradients": ("Mean absolute error", "Each number"), "image-segmentation": ("Mean IoU", "Confusion matrix", "Worst images"),
                "image-processing": ("PSNR", "Worst images")}
        for extension, words in said.items():
            with self.subTest(extension):
                job = stage.server.post("/api/v1/evaluations", json={"spec": {"model_id": models[extension], "source": {"type": "split", "split": "val"}}})
                self.assertEqual(stage.server.wait_for(job.json()["id"]), "Done")
                report = stage.server.get(f"/api/v1/models/{models[extension]}/report")
                self.assertEqual(report.status_code, 200, report.text)
                for word in words:
                    self.assertIn(word, report.text)
                self.assertNotIn("not readable", report.text)

    def test_the_views_of_any_output(self):
        def seen(extension, **query):
            answer = stage.server.session.post(f"{stage.server.address}/api/v1/models/{models[extension]}/classify", params=query,
                                               json={"paths": [str(folder / "images/0.png")]})
            self.assertEqual(answer.status_code, 200, answer.text)
            return answer.json()["images"][0]
        self.assertEqual(seen("image-segmentation")["view"], "mask")
        raw = seen("image-segmentation", view="raw")
        self.assertEqual((raw["view"], raw["outputs"][0]["shape"]), ("raw", [2, SIDE, SIDE]))
        spread = seen("image-processing", view="image", pixel_conversion="normalize")["image"]
        self.assertNotEqual(spread, seen("image-processing", view="image")["image"])
        colors = [seen("image-segmentation", view="mask", colormap=word)["mask"] for word in ("dataset", "paired", "none")]
        self.assertEqual(len(set(colors)), 3)
        self.assertEqual((seen("image-processing", dont_resize="true")["width"]), SIDE)
