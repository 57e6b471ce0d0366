"""Makes the data folder that data_folder_test.py opens: run once with the programs of the version that it stands for.

    make_data_folder.py DIGITS OUT.tar.gz

The archive holds `data` (what the server kept: a dataset of each source, trainings in every state, an evaluation, a pretrained
model), `images` (what the datasets were made from) and `facts.json` (what the old version said about it all).
"""
import json
import os
import random
import signal
import struct
import sys
import tarfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "api"))
from server_process import ServerProcess, write_png

CLASSES = ["cross", "ring", "stripe"]
SIDE = 28
NETWORK = """
layer { name: "train-data" type: "Data" top: "data" top: "label" include { stage: "train" } data_param { batch_size: 4 } }
layer { name: "val-data" type: "Data" top: "data" top: "label" include { stage: "val" } data_param { batch_size: 3 } }
layer { name: "scale" type: "Power" bottom: "data" top: "scaled" power_param { scale: 0.0125 } }
layer { name: "pool" type: "Pooling" bottom: "scaled" top: "pool" pooling_param { pool: AVE kernel_size: 4 stride: 4 } }
layer { name: "ip" type: "InnerProduct" bottom: "pool" top: "ip" inner_product_param { weight_filler { type: "xavier" } } }
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" include { stage: "val" } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" exclude { stage: "deploy" } }
layer { name: "softmax" type: "Softmax" bottom: "ip" top: "softmax" include { stage: "deploy" } }
"""
# So slow that a training can be stopped and killed before it has told much.
SLOW_NETWORK = NETWORK.replace('layer { name: "pool" type: "Pooling" bottom: "scaled"', """
layer { name: "slow" type: "Convolution" bottom: "scaled" top: "slow"
        convolution_param { num_output: 40 kernel_size: 9 pad: 4 weight_filler { type: "constant" } } }
layer { name: "pool" type: "Pooling" bottom: "slow" """)
SLOW = {"network": {"prototxt": SLOW_NETWORK}, "batch_size": 1024, "epochs": 300, "snapshot_interval": 0, "val_interval": 100}


def draw(kind, seed):
    """One grey image of a class with some noise, as rows of bytes."""
    dice = random.Random(f"{kind} {seed}")
    middle, reach = dice.uniform(10, 17), dice.uniform(5, 9)
    rows = []
    for y in range(SIDE):
        row = bytearray()
        for x in range(SIDE):
            dx, dy = abs(x - middle), abs(y - middle)
            lit = {"cross": min(dx, dy) < 2 and max(dx, dy) < reach, "ring": abs((dx * dx + dy * dy) ** 0.5 - reach) < 1.5,
                   "stripe": (y + seed) % 7 < 3}[kind]
            row.append(min(255, (200 if lit else 20) + dice.randrange(30)))
        rows.append(bytes(row))
    return rows


def make_images(folder):
    """Class folders, two lists, a list of crops and MNIST's four files of the same images."""
    entries = []
    for label, name in enumerate(CLASSES):
        (folder / "classes" / name).mkdir(parents=True)
        for i in range(8):
            path = folder / "classes" / name / f"{i}.png"
            write_png(path, draw(name, i))
            entries.append((path, label))
    (folder / "labels.txt").write_text("\n".join(CLASSES) + "\n")
    (folder / "train.txt").write_text("".join(f"{path.relative_to(folder)} {label}\n" for path, label in entries if path.stem < "6"))
    (folder / "val.txt").write_text("".join(f"{path.relative_to(folder)} {label}\n" for path, label in entries if path.stem >= "6"))
    (folder / "crops.csv").write_text("path,x,y,width,height,label\n" + "".join(
        f"{path.relative_to(folder)},2,3,20,18,{CLASSES[label]}\n" for path, label in entries))
    (folder / "mnist").mkdir()
    for prefix, chosen in (("train", entries), ("t10k", entries[::3])):
        pixels = b"".join(b"".join(draw(CLASSES[label], int(path.stem))) for path, label in chosen)
        (folder / "mnist" / f"{prefix}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 2051, len(chosen), SIDE, SIDE) + pixels)
        (folder / "mnist" / f"{prefix}-labels-idx1-ubyte").write_bytes(
            struct.pack(">II", 2049, len(chosen)) + bytes(label for _, label in chosen))


def main(digits, out):
    server = ServerProcess(digits)
    images = server.folder / "images"
    make_images(images)
    jobs = {}

    def ask(method, path, body=None):
        status, _, answer = server.request(method, "/api/v1" + path, body)
        assert status in (200, 201, 202), (method, path, status, answer)
        return json.loads(answer)

    def submit(name, path, spec, **more):
        jobs[name] = ask("POST", path, {"name": name, "group": "before", "spec": spec, **more})["id"]
        return jobs[name]

    def end(name, state="done"):
        found = server.wait_for(jobs[name])
        assert found["state"] == state, (name, found)

    grey = {"width": SIDE, "height": SIDE, "channels": 1}
    sources = {
        "folder": {"type": "folder", "path": str(images / "classes"), "percent_val": 25, "percent_test": 12},
        "lists": {"type": "lists", "train": str(images / "train.txt"), "val": str(images / "val.txt"),
                  "labels": str(images / "labels.txt"), "root": str(images)},
        "crops": {"type": "crops", "crops": str(images / "crops.csv"), "root": str(images), "percent_val": 25},
        "mnist": {"type": "mnist", "path": str(images / "mnist")},
    }
    for name, source in sources.items():
        submit(f"{name} dataset", "/datasets", {"type": "classification", "source": source, "image": grey,
                                                "storage": {"backend": "hdf5" if name == "crops" else "lmdb"}})
        end(f"{name} dataset")

    def train(name, **changes):
        spec = {"dataset_id": jobs["folder dataset"], "network": {"prototxt": NETWORK}, "epochs": 3, "seed": 7, "threads": 1,
                "solver": {"base_lr": 0.05}, **changes}
        return submit(name, "/models", spec)

    train("finished training")
    end("finished training")
    train("diverged training", solver={"base_lr": 1e30})
    end("diverged training", "error")
    train("aborted training", **SLOW)
    while not ask("GET", f"/models/{jobs['aborted training']}/metrics")["series"]:
        time.sleep(0.05)
    ask("POST", f"/jobs/{jobs['aborted training']}/abort")
    end("aborted training", "abort")
    submit("evaluation", "/evaluations", {"model_id": jobs["finished training"], "source": {"type": "split", "split": "val"}})
    end("evaluation")
    made = ask("POST", "/pretrained", {"from_model": jobs["finished training"], "name": "pretrained model"})
    jobs["pretrained model"] = made["id"]
    end("pretrained model")
    train("killed training", **SLOW)
    server.wait_for(jobs["killed training"], ("run",))
    train("waiting training", dataset_id=jobs["folder dataset"])
    while not ask("GET", f"/models/{jobs['killed training']}/metrics")["series"]:
        time.sleep(0.05)
    facts = {"jobs": jobs, "views": {name: ask("GET", f"/jobs/{job}") for name, job in jobs.items()},
             "datasets": {name: ask("GET", f"/datasets/{job}")["dataset"] for name, job in jobs.items() if name.endswith("dataset")},
             "list": ask("GET", "/jobs?limit=100"),
             "predictions": ask("POST", f"/models/{jobs['finished training']}/classify?top=3",
                                {"paths": [str(images / "classes" / name / "0.png") for name in CLASSES]}),
             "evaluation": ask("GET", f"/evaluations/{jobs['evaluation']}")["evaluation"],
             "folder": str(server.folder)}
    lock = server.folder / "data" / "jobs" / jobs["killed training"] / "tasks" / "train" / "worker.lock"
    worker = json.loads(lock.read_text())["pid"]
    server.process.kill()
    os.killpg(worker, signal.SIGKILL)
    server.process.wait()
    (server.folder / "facts.json").write_text(json.dumps(facts, indent=1))
    with tarfile.open(out, "w:gz", compresslevel=9) as archive:
        for name in ("data", "images", "facts.json"):
            archive.add(server.folder / name, name)
    server.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]))
