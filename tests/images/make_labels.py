"""Makes small masks of every kind and what numpy's array of Pillow's image holds.

    python3 tests/images/make_labels.py        with Pillow and numpy; writes tests/images/labels

labels/NAME.EXT       the masks, 6 x 4
labels/labels.json    by name: `numbers`, `colors` (0xrrggbb) or `refused` (a part of the error), and `alpha` where there is one
"""
import json
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).resolve().parent / "labels"
CLASSES = np.array([[0, 0, 1, 1, 2, 2], [0, 1, 1, 2, 2, 3], [3, 3, 0, 0, 1, 1], [2, 0, 1, 3, 0, 2]], np.uint8)
COLORS = np.array([[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0]], np.uint8)
TYPES = {np.dtype("u1"): (1, 8), np.dtype("u2"): (1, 16), np.dtype("u4"): (1, 32), np.dtype("i2"): (2, 16),
         np.dtype("i4"): (2, 32), np.dtype("f4"): (3, 32)}


def palette_image(numbers=CLASSES, colors=COLORS):
    image = Image.fromarray(numbers, "L").copy()
    image.putpalette(colors.tobytes())
    return image


def tiff(path, samples, photometric=1):
    """A TIFF of one strip: Pillow writes few of the types that it reads."""
    kind, bits = TYPES[samples.dtype]
    height, width = samples.shape
    data = samples.astype(samples.dtype.newbyteorder("<")).tobytes()
    tags = [(256, 4, width), (257, 4, height), (258, 3, bits), (259, 3, 1), (262, 3, photometric), (273, 4, 0), (277, 3, 1),
            (278, 4, height), (279, 4, len(data)), (339, 3, kind)]
    offset = 8 + 2 + 12 * len(tags) + 4
    entries = b"".join(struct.pack("<HHII", tag, type_, 1, offset if tag == 273 else value) for tag, type_, value in tags)
    path.write_bytes(b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0) + data)


def make():
    grey = Image.fromarray(CLASSES)
    palette_image().save(HERE / "palette.gif")
    palette_image().save(HERE / "frames.gif", save_all=True, append_images=[palette_image(CLASSES[::-1].copy())])
    palette_image().save(HERE / "transparent.gif", transparency=2)
    grey.save(HERE / "grey.gif")
    palette_image().save(HERE / "palette.png")
    palette_image().save(HERE / "palette.bmp")
    palette_image().save(HERE / "palette.tga")
    palette_image().save(HERE / "palette.pcx")
    palette_image().save(HERE / "palette.tif")
    palette_image().save(HERE / "palette_lzw.tif", compression="tiff_lzw")
    bits = Image.fromarray(CLASSES > 1)
    for name in ("bits.png", "bits.bmp", "bits.tif", "bits.pcx", "bits.pbm"):
        bits.save(HERE / name)
    deep = CLASSES.astype(np.uint16) * 300
    Image.fromarray(deep).save(HERE / "grey16.png")
    Image.fromarray(deep).save(HERE / "grey16.tif")
    tiff(HERE / "signed16.tif", CLASSES.astype(np.int16) * 300)
    Image.fromarray(deep.astype(np.int32)).save(HERE / "integers.tif")
    tiff(HERE / "unsigned32.tif", deep.astype(np.uint32))
    Image.fromarray(deep.astype(np.float32)).save(HERE / "floats.tif")
    np.save(HERE / "integers.npy", deep.astype(np.int32))
    tiff(HERE / "negative.tif", CLASSES.astype(np.int32) - 1)
    tiff(HERE / "too_large.tif", CLASSES.astype(np.uint32) * 70000)
    Image.fromarray(CLASSES.astype(np.float32) / 2).save(HERE / "fractions.tif")
    solid = np.full_like(CLASSES, 255)
    varying = np.where(CLASSES > 0, 255, 0).astype(np.uint8)
    for name, alpha in (("constant", solid), ("half", solid // 2), ("varying", varying)):
        Image.merge("LA", (grey, Image.fromarray(alpha))).save(HERE / f"grey_{name}_alpha.png")
        Image.merge("RGBA", (*Image.fromarray(COLORS[CLASSES]).split(), Image.fromarray(alpha))).save(HERE / f"color_{name}_alpha.png")
    white = Image.fromarray(solid)
    for name, alpha in (("class", varying), ("soft", np.where(CLASSES == 3, 250, varying).astype(np.uint8)), ("full", solid), ("none", solid * 0)):
        alpha = Image.fromarray(alpha)
        Image.merge("RGBA", (white, white, white, alpha)).save(HERE / f"alpha_{name}.png")
        Image.merge("LA", (white, alpha)).save(HERE / f"alpha_{name}_grey.png")
    Image.merge("RGBA", (white, white, white, Image.fromarray(varying))).save(HERE / "alpha_class.webp", lossless=True, exact=True)
    Image.merge("RGBA", (white, white, white, Image.fromarray(varying))).save(HERE / "alpha_class.tif")


def expected(path):
    if path.suffix == ".npy":
        return {"numbers": np.load(path).ravel().tolist()}
    array = np.array(Image.open(path))
    if array.ndim == 2:
        values = array.ravel().tolist()
        wrong = next((one for one in values if one != int(one) or not 0 <= one <= 65535), None)
        return {"numbers": [int(one) for one in values]} if wrong is None else {"refused": f"is {wrong:.6g}; it must be a whole number"}
    rows = array.reshape(-1, array.shape[2]).tolist()
    found = {"alpha": [row[-1] for row in rows]} if array.shape[2] in (2, 4) else {}
    if array.shape[2] == 2:
        return {"numbers": [row[0] for row in rows], **found}
    return {"colors": [row[0] << 16 | row[1] << 8 | row[2] for row in rows], **found}


def main():
    HERE.mkdir(exist_ok=True)
    for old in HERE.iterdir():
        old.unlink()
    make()
    cases = {path.name: expected(path) for path in sorted(HERE.iterdir())}
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(case)}" for name, case in cases.items())
    (HERE / "labels.json").write_text(f"{{\n{lines}\n}}\n")


if __name__ == "__main__":
    main()
