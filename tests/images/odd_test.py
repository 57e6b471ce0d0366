"""Odd image files against what Pillow reads of them.

    python3 tests/images/odd_test.py DECODE_IMAGE [FOLDER]

FOLDER holds manifest.json and the files it names. Without it, the archive odd-images-a.tar.gz (or the folder that it
unpacks to) is taken from the folder in DIGITS_SHARED_DATA; exit code 77 says that there is none.

Every file is decoded in a process of its own, so that a crash, a slow file or one that takes much memory is a row.
"""
import hashlib
import json
import os
import resource
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

MOST_SECONDS = 1.0
MOST_BYTES = 400 << 20
MEAN_TOLERANCE = 1.5
# Where these decoders know better than the Pillow that wrote the manifest.
READ_BEYOND_PILLOW = {
    "files/image-rs__top_left.tga": "run lengths that cross rows",
    "files/image-rs__top_right.tga": "run lengths that cross rows",
    "files/pillow__pillow.ico": "an icon of five sizes, which other releases of Pillow read",
}
OTHER_COLOURS = {
    "files/libvips__issue412.jp2": "Pillow drops equal entries of a palette and shifts the others",
}


def turned_back(samples, width, height, channels, orientation):
    """The samples of an upright image as the file stores them; `width` and `height` are the upright ones."""
    pixels = [samples[i:i + channels] for i in range(0, len(samples), channels)]
    rows = [pixels[y * width:(y + 1) * width] for y in range(height)]
    if orientation >= 5:
        rows = [list(column) for column in zip(*rows)]
        orientation = {5: 1, 6: 4, 7: 3, 8: 2}[orientation]
    if orientation in (3, 4):
        rows = rows[::-1]
    if orientation in (2, 3):
        rows = [row[::-1] for row in rows]
    return b"".join(pixel for row in rows for pixel in row)


def decode(program, path, raw):
    """The program's line for a file, or what became of the program. `seconds` are those of the processor, which are the same on a busy machine."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.run([program, "--out", raw, str(path)], stdout=subprocess.PIPE, text=True, timeout=60)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode != 0 or not process.stdout:
        return {"error": f"the program ended with {process.returncode}", "crashed": True, "seconds": 0, "peak": 0}
    used = sum(getattr(after, part) - getattr(before, part) for part in ("ru_utime", "ru_stime"))
    return {**json.loads(process.stdout), "seconds": used}


def expected_size(row):
    # Pillow turns TIFFs when it opens them: their size is already the upright one.
    if row["format"] == "TIFF":
        return row["width"], row["height"]
    return row.get("upright_width", row["width"]), row.get("upright_height", row["height"])


def faults(row, line, samples):
    """What is wrong with one file, as a list of sentences."""
    found = []
    if line.get("crashed"):
        return [line["error"]]
    if line["seconds"] > MOST_SECONDS:
        found.append(f"took {line['seconds']:.2f} s of the processor")
    if line["peak"] > MOST_BYTES:
        found.append(f"took {line['peak'] >> 20} MB")
    if row["file"] in READ_BEYOND_PILLOW and not line.get("error"):
        return found
    refused = "pillow_open_error" in row or "pillow_load_error" in row
    if refused:
        return found + ([] if line.get("error") else ["is read, and Pillow refuses it"])
    if line.get("error"):
        return found + [f"is refused: {line['error']}"]
    if (line["width"], line["height"]) != expected_size(row):
        found.append(f"has {line['width']} x {line['height']} pixels, expected {expected_size(row)}")
    if "mean" not in row or found or row["file"] in OTHER_COLOURS:
        return found
    channels = line["channels"]
    if channels != len(row["mean"]):
        return [f"has {channels} channels, expected {len(row['mean'])}"]
    for c, mean in enumerate(row["mean"]):
        ours = sum(samples[c::channels]) / (len(samples) // channels)
        if abs(ours - mean) > MEAN_TOLERANCE:
            found.append(f"has mean {ours:.3f} in channel {c}, expected {mean}")
    if "sha256_pixels" in row and not found:
        stored = samples if row["format"] == "TIFF" else turned_back(samples, line["width"], line["height"], channels, line["orientation"])
        if hashlib.sha256(stored).hexdigest() != row["sha256_pixels"]:
            found.append("has other samples than Pillow's")
    if row.get("exif_orientation") and line["orientation"] != row["exif_orientation"]:
        found.append(f"has orientation {line['orientation']}, expected {row['exif_orientation']}")
    return found


def find_collection(unpacked):
    shared = os.environ.get("DIGITS_SHARED_DATA")
    if not shared:
        return None
    name = "odd-images-a"
    if (Path(shared) / name / "manifest.json").is_file():
        return Path(shared) / name
    archive = Path(shared) / f"{name}.tar.gz"
    if not archive.is_file():
        return None
    with tarfile.open(archive) as tar:
        tar.extractall(unpacked)
    return Path(unpacked) / name


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as work:
        folder = Path(sys.argv[2]) if len(sys.argv) > 2 else find_collection(work)
        if folder is None:
            print("DIGITS_SHARED_DATA names no folder with odd-images-a")
            return 77
        rows = json.loads((folder / "manifest.json").read_text())
        agree, lines = 0, []
        for row in rows:
            line = decode(program, folder / row["file"], work)
            raw = Path(work) / "0.raw"
            samples = raw.read_bytes() if not line.get("error") else b""
            raw.unlink(missing_ok=True)
            wrong = faults(row, line, samples)
            agree += not wrong
            lines.append({**line, "file": row["file"]})
            for fault in wrong:
                print(f"{row['file']}: {fault}")
    slowest = max(lines, key=lambda line: line["seconds"])
    largest = max(lines, key=lambda line: line["peak"])
    known = {**READ_BEYOND_PILLOW, **OTHER_COLOURS}
    print(f"{agree} of {len(rows)} files are as expected; {len(known)} of them are known to differ from Pillow:")
    for file, reason in known.items():
        print(f"  {file}: {reason}")
    print(f"slowest: {slowest['file']}, {slowest['seconds']:.3f} s; most memory: {largest['file']}, {largest['peak'] >> 20} MB")
    return 0 if agree == len(rows) and rows else 1


if __name__ == "__main__":
    sys.exit(main())
