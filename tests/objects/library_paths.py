#!/usr/bin/env python3
"""Checks where the programs of a build look for shared libraries: in absolute folders only.

    library_paths.py PROGRAM…

An empty or relative place is the folder in which somebody starts the program: a library that lies there would run.
Exits 1 and names program and place for each finding.
"""
import re
import subprocess
import sys

PATHS = re.compile(r"\((?:RPATH|RUNPATH)\).*\[(.*)\]")


def bad_places(program):
    text = subprocess.run(["readelf", "-dW", program], capture_output=True, text=True, check=True).stdout
    for paths in PATHS.findall(text):
        yield from (place for place in paths.split(":") if not place.startswith(("/", "$ORIGIN")))


def main(programs):
    found = [f"{program}: looks for libraries in {place!r}, below the folder where it is started" for program in programs
             for place in bad_places(program)]
    print("\n".join(found) if found else f"{len(programs)} programs look for libraries in absolute folders")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
