"""Makes the sample images and what Pillow reads and resizes from them.

    python3 tests/images/make.py        with Pillow and numpy; writes beside itself

in/NAME.EXT     the images; heic.heic is libheif's (heif-enc -q 90 rgb.png) and stays
out/NAME.pnm    what decoding gives: by DIGITS' rules, alpha on white
out/NAME.WxH.pnm      Pillow's BILINEAR resize of it
out/NAME.grey.pnm     Pillow's convert("L") of it
"""
import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

HERE = Path(__file__).resolve().parent
rng = np.random.default_rng(7)


def pattern(width, height, channels=3):
    """Smooth colours with an edge and some noise."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [128 + 100 * np.sin(x / (5 + 2 * c) + c) * np.cos(y / (7 - c)) + rng.integers(-20, 21, (height, width)) for c in range(channels)]
    pixels = np.clip(np.stack(planes, axis=2), 0, 255).astype(np.uint8)
    pixels[height // 3 : height // 2, width // 4 : width // 2] = 255
    return pixels


def as_digits(image):
    if image.mode in ("L", "RGB"):
        return image
    if image.mode == "1":
        return image.convert("L")
    if image.mode == "I;16":
        # DIGITS refuses these; here the high byte stays.
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode == "F":
        return Image.fromarray(np.clip(np.asarray(image), 0, 255).astype(np.uint8))
    if image.mode in ("CMYK", "YCbCr"):
        return image.convert("RGB")
    white = Image.new("L", image.size, 255) if image.mode == "LA" else Image.new("RGB", image.size, (255, 255, 255))
    white.paste(image.convert("L") if image.mode == "LA" else image.convert("RGB"), mask=image.convert("RGBA"))
    return white


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_16(path, samples, colour_type):
    height, width = samples.shape[:2]
    rows = samples.astype(">u2").reshape(height, -1)
    data = b"".join(b"\0" + row.tobytes() for row in rows)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0))
                     + png_chunk(b"IDAT", zlib.compress(data)) + png_chunk(b"IEND", b""))


def bmp_rle8(path, indices, palette):
    height, width = indices.shape
    data = bytearray()
    for row in indices[::-1]:
        x = 0
        while x < width:
            run = 1
            while x + run < width and run < 255 and row[x + run] == row[x]:
                run += 1
            if run > 1 or width - x < 3:
                data += bytes([run, row[x]])
                x += run
            else:
                n = min(width - x, 7)
                data += bytes([0, n]) + row[x : x + n].tobytes() + b"\0" * (n % 2)
                x += n
        data += b"\0\0"
    data += b"\0\1"
    table = b"".join(bytes([b, g, r, 0]) for r, g, b in palette)
    offset = 54 + len(table)
    path.write_bytes(b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset)
                     + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(data), 2835, 2835, len(palette), 0) + table + data)


def make_inputs(folder):
    colour = Image.fromarray(pattern(51, 37))
    grey = Image.fromarray(pattern(51, 37, 1)[:, :, 0])
    mask = Image.fromarray(pattern(51, 37, 1)[:, :, 0])
    colour.save(folder / "rgb.jpg", quality=92, subsampling=0)
    colour.save(folder / "rgb420.jpg", quality=80)
    colour.save(folder / "progressive.jpg", quality=85, progressive=True)
    colour.convert("CMYK").save(folder / "cmyk.jpg", quality=90)
    grey.save(folder / "grey.jpg", quality=90)
    colour.save(folder / "rgb.png")
    grey.save(folder / "grey.png")
    with_alpha = colour.copy()
    with_alpha.putalpha(mask)
    with_alpha.save(folder / "rgba.png")
    grey_alpha = grey.convert("LA")
    grey_alpha.putalpha(mask)
    grey_alpha.save(folder / "la.png")
    colour.quantize(17).save(folder / "palette.png")
    colour.quantize(9).save(folder / "palette_alpha.png", transparency=bytes(range(0, 250, 28)))
    grey.convert("1").save(folder / "bits.png")
    png_16(folder / "rgb16.png", pattern(20, 15).astype(np.uint16) * 251 + 77, 2)
    colour.save(folder / "rgb.bmp")
    grey.save(folder / "grey.bmp")
    grey.convert("1").save(folder / "bits.bmp")
    colour.quantize(16).save(folder / "palette.bmp")
    indices = np.asarray(colour.quantize(12))
    bmp_rle8(folder / "rle8.bmp", indices, [tuple(int(v) for v in rng.integers(0, 256, 3)) for _ in range(12)])
    colour.save(folder / "rgb.ppm")
    grey.save(folder / "grey.pgm")
    small = pattern(9, 5, 1)[:, :, 0]
    (folder / "plain.pgm").write_text("P2\n# by hand\n9 5\n100\n" + "\n".join(" ".join(str(int(v) * 100 // 255) for v in row) for row in small) + "\n")
    Image.fromarray(pattern(150, 40)).save(folder / "wide.png")
    Image.fromarray(pattern(33, 120)).save(folder / "tall.png")


def make_more_formats(folder):
    colour = Image.fromarray(pattern(51, 37))
    grey = Image.fromarray(pattern(51, 37, 1)[:, :, 0])
    with_alpha = colour.copy()
    with_alpha.putalpha(grey)
    deep = pattern(20, 15, 1)[:, :, 0].astype(np.uint16) * 251 + 77
    colour.save(folder / "rgb_lzw.tif", compression="tiff_lzw")
    colour.save(folder / "rgb_jpeg.tif", compression="jpeg", quality=90)
    colour.convert("CMYK").save(folder / "cmyk_deflate.tif", compression="tiff_adobe_deflate")
    with_alpha.save(folder / "rgba_packbits.tif", compression="packbits")
    grey.convert("1").save(folder / "bits_g4.tif", compression="group4")
    colour.quantize(16).save(folder / "palette.tif")
    Image.fromarray(deep).save(folder / "grey16.tif", compression="tiff_adobe_deflate")
    Image.fromarray(deep.astype(np.float32) / 200 - 30).save(folder / "float.tif")
    grey.save(folder / "pages.tif", save_all=True, append_images=[colour])
    Image.fromarray(deep).save(folder / "grey16.png")
    colour.save(folder / "rgb.webp", quality=90)
    with_alpha.save(folder / "rgba_lossless.webp", lossless=True)
    colour.save(folder / "frames.webp", lossless=True, save_all=True, append_images=[colour.transpose(Image.Transpose.ROTATE_180)])
    colour.quantize(40).save(folder / "palette.gif", interlace=True)
    colour.quantize(9).save(folder / "transparent.gif", transparency=3, save_all=True, append_images=[colour.quantize(7)])
    colour.save(folder / "rgb_runs.tga", compression="tga_rle")
    with_alpha.save(folder / "rgba.tga")
    colour.quantize(30).save(folder / "palette.tga")
    with_alpha.resize((48, 48)).save(folder / "rgba.ico", bitmap_format="bmp", sizes=[(16, 16), (48, 48)])
    with_alpha.resize((32, 32)).save(folder / "png.ico", sizes=[(32, 32)])
    colour.save(folder / "rgb.jp2", irreversible=False)
    grey.save(folder / "grey.j2k", irreversible=False)
    colour.save(folder / "rgb.avif", quality=80)
    (folder / "bits.pbm").write_bytes(b"P4\n51 37\n" + np.packbits(np.asarray(grey) < 128, axis=1).tobytes())
    (folder / "rgb16.ppm").write_bytes(b"P6\n20 15\n4095\n" + (pattern(20, 15).astype(np.uint16) * 16 + 7).astype(">u2").tobytes())
    (folder / "float.pfm").write_bytes(b"Pf\n20 15\n-1.0\n" + (deep.astype("<f4") / 200 - 30).tobytes())
    for orientation in range(2, 9):
        exif = Image.Exif()
        exif[0x112] = orientation
        colour.save(folder / f"turned{orientation}.png", exif=exif)
    for name in ("turned.jpg", "turned.webp", "turned.tif"):
        colour.save(folder / name, exif=exif, **({"lossless": True} if name.endswith("webp") else {}))


def runs_of(row, step):
    """SGI's run lengths of a row of samples, of `step` bytes each, big-endian."""
    out, x = b"", 0
    sample = lambda value: int(value).to_bytes(step, "big")
    while x < len(row):
        run = 1
        while x + run < len(row) and run < 127 and row[x + run] == row[x]:
            run += 1
        if run > 2:
            out += sample(run) + sample(row[x])
        else:
            run = min(5, len(row) - x)
            out += sample(128 + run) + b"".join(sample(value) for value in row[x : x + run])
        x += run
    return out + sample(0)


def sgi_runs(path, samples):
    """An SGI file of run lengths, which Pillow reads and does not write. `samples`: height x width x channels."""
    height, width, channels = samples.shape
    step = samples.dtype.itemsize
    rows = [runs_of(samples[y, :, c], step) for c in range(channels) for y in reversed(range(height))]
    starts = [512 + 8 * len(rows) + sum(len(row) for row in rows[:i]) for i in range(len(rows))]
    head = struct.pack(">hBBHHHHii", 474, 1, step, 2 if channels == 1 else 3, width, height, channels, 0, 255)
    tables = struct.pack(f">{len(rows)}I", *starts) + struct.pack(f">{len(rows)}I", *map(len, rows))
    path.write_bytes(head.ljust(512, b"\0") + tables + b"".join(rows))


def pcx_planes(path, numbers, planes, palette):
    """A PCX of planes of one bit, as programs for EGA wrote them."""
    height, width = numbers.shape
    stride = ((width + 7) // 8 + 1) // 2 * 2
    head = struct.pack("<BBBBHHHHHH", 10, 5, 1, 1, 0, 0, width - 1, height - 1, 72, 72) + palette.ljust(48, b"\0")
    head += struct.pack("<BBHH", 0, planes, stride, 1)
    data = bytearray()
    for row in numbers:
        line = b"".join(np.packbits(row >> plane & 1).tobytes().ljust(stride, b"\0") for plane in range(planes))
        x = 0
        while x < len(line):
            run = 1
            while x + run < len(line) and run < 63 and line[x + run] == line[x]:
                run += 1
            data += bytes([0xC0 + run, line[x]]) if run > 1 or line[x] >= 0xC0 else line[x : x + 1]
            x += run
    path.write_bytes(head.ljust(128, b"\0") + data)


def make_old_formats(folder):
    global rng
    rng = np.random.default_rng(11)
    colour = Image.fromarray(pattern(51, 37))
    grey = Image.fromarray(pattern(51, 37, 1)[:, :, 0])
    with_alpha = colour.copy()
    with_alpha.putalpha(grey)
    colour.save(folder / "rgb.pcx")
    colour.quantize(40).save(folder / "palette.pcx")
    grey.save(folder / "grey.pcx")
    grey.convert("1").save(folder / "bits.pcx")
    numbers = np.asarray(colour.quantize(16))
    pcx_planes(folder / "ega.pcx", numbers, 4, rng.integers(0, 256, 48, np.uint8).tobytes())
    pcx_planes(folder / "cga.pcx", numbers & 3, 2, rng.integers(0, 256, 12, np.uint8).tobytes())
    colour.save(folder / "rgb.sgi")
    grey.save(folder / "grey.bw")
    with_alpha.save(folder / "rgba.sgi")
    colour.save(folder / "rgb16.sgi", bpc=2)
    sgi_runs(folder / "rgb_runs.rgb", np.asarray(colour))
    sgi_runs(folder / "rgba_runs.rgba", np.asarray(with_alpha))
    sgi_runs(folder / "grey_runs.sgi", np.asarray(grey)[:, :, None])
    sgi_runs(folder / "grey16_runs.sgi", np.asarray(grey)[:, :, None].astype(np.uint16) * 251 + 77)


def save_pnm(image, path):
    image.save(path, format="PPM")


def main():
    for name in ("in", "out"):
        (HERE / name).mkdir(exist_ok=True)
        for old in (HERE / name).iterdir():
            if old.suffix != ".heic":
                old.unlink()
    make_inputs(HERE / "in")
    make_more_formats(HERE / "in")
    make_old_formats(HERE / "in")
    for path in sorted((HERE / "in").iterdir()):
        source = HERE / "in/rgb.png" if path.suffix == ".heic" else path
        image = as_digits(ImageOps.exif_transpose(Image.open(io.BytesIO(source.read_bytes()))))
        save_pnm(image, HERE / "out" / f"{path.name}.pnm")
        if path.name in ("rgb.png", "grey.png", "wide.png", "tall.png"):
            for width, height in ((32, 32), (51, 20), (70, 37), (5, 3)):
                save_pnm(image.resize((width, height), Image.BILINEAR), HERE / "out" / f"{path.name}.{width}x{height}.pnm")
        if path.name == "rgb.png":
            save_pnm(image.convert("L"), HERE / "out" / "rgb.png.grey.pnm")
    size = sum(path.stat().st_size for path in HERE.rglob("*") if path.is_file())
    print(f"{size} bytes")


if __name__ == "__main__":
    main()
