"""scripts/package, once everything is set up and built."""
import argparse
import os
import sys
from pathlib import Path

import debian
import stage
import wheel

KINDS = {"wheel": wheel.build, "deb": debian.build}


def find_torch():
    places = sorted((Path(os.environ["DIGITS_DEPS"]) / "venv/lib").glob("python3*/site-packages/torch/lib"))
    if not places:
        sys.exit("libtorch is not here: run scripts/setup")
    return places[0].resolve()


def main():
    parser = argparse.ArgumentParser(prog="scripts/package", description="Packages of what is built.")
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"{' or '.join(KINDS)}; default: both")
    parser.add_argument("--output", type=Path, default=stage.ROOT / "dist", help="folder for the packages")
    parser.add_argument("--build", type=Path, default=stage.ROOT / "build/release", help="folder of the build")
    given = parser.parse_args()
    for kind in given.kinds:
        if kind not in KINDS:
            parser.error(f"there is no package \"{kind}\", expected {' or '.join(KINDS)}")
    given.output.mkdir(parents=True, exist_ok=True)
    for kind in given.kinds or KINDS:
        made = KINDS[kind](given.build, find_torch(), given.output.resolve())
        print(f"{made}  {made.stat().st_size / 1e6:.0f} MB")


main()
