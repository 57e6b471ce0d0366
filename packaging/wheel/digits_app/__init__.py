"""Starts the programs of Digits, which lie beside this file."""
import importlib.util
import os
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def environment():
    """The programs look for libtorch in the folder beside this one; where torch lies elsewhere they have to be told."""
    variables = dict(os.environ)
    if (FOLDER.parent / "torch/lib/libtorch_cpu.so").exists():
        return variables
    torch = importlib.util.find_spec("torch")
    if torch is None or not torch.origin:
        sys.exit("Digits needs the package torch, which is not installed in this Python environment: pip install torch")
    places = [str(Path(torch.origin).parent / "lib"), variables.get("LD_LIBRARY_PATH", "")]
    variables["LD_LIBRARY_PATH"] = ":".join(place for place in places if place)
    return variables


def start(name):
    program = str(FOLDER / "bin" / name)
    os.execve(program, [program, *sys.argv[1:]], environment())


def digits():
    start("digits")


def digits_worker():
    start("digits-worker")
