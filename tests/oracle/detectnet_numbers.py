"""Numbers of OpenCV for src/engine/detectnet: grouped rectangles, turned colours, resized and rotated images.

    python3 tests/oracle/detectnet_numbers.py >tests/oracle/detectnet.json

The file is stored, so that the C++ tests need no OpenCV; it was written by opencv-python-headless 4.14.
"""
import json

import cv2
import numpy as np

RANDOM = np.random.default_rng(11)


def groups(count, spread, clusters, threshold, eps):
    """Rectangles around some centres, as the cells of a grid propose them, and what OpenCV makes of them."""
    rectangles = []
    for _ in range(clusters):
        place, size = RANDOM.integers(0, 300, 2), RANDOM.integers(20, 120, 2)
        for _ in range(RANDOM.integers(1, count + 1)):
            x, y, width, height = np.concatenate([place, size]) + RANDOM.integers(-spread, spread + 1, 4)
            rectangles.append([int(v) for v in (x, y, width, height)])
    RANDOM.shuffle(rectangles)
    means, counts = cv2.groupRectangles(rectangles, threshold, eps)
    return {"rectangles": rectangles, "threshold": threshold, "eps": eps, "means": np.asarray(means).reshape(-1, 4).tolist(),
            "counts": np.asarray(counts).reshape(-1).tolist()}


def nested():
    """A group within a larger one with more members falls away."""
    rectangles = [[10, 10, 100, 100]] * 6 + [[30, 30, 20, 20]] * 4 + [[200, 10, 50, 50]] * 4 + [[205, 15, 30, 30]] * 4
    means, counts = cv2.groupRectangles(rectangles, 1, 0.1)
    return {"rectangles": rectangles, "threshold": 1, "eps": 0.1, "means": np.asarray(means).tolist(), "counts": np.asarray(counts).reshape(-1).tolist()}


def planes(image):
    return [round(float(v), 7) for v in image.transpose(2, 0, 1).ravel()]


def image_of(height, width):
    return RANDOM.random((height, width, 3), dtype=np.float32)


def colours(degrees, saturation):
    image = image_of(3, 4)
    image[0, 0] = 0.5  # grey
    image[0, 1] = 0
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
    hsv[..., 0] += np.float32(degrees)
    hsv[..., 1] *= np.float32(saturation)
    return {"width": 4, "height": 3, "image": planes(image), "degrees": degrees, "saturation": saturation,
            "result": planes(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR))}


def resized(height, width):
    image = image_of(6, 5)
    return {"width": 5, "height": 6, "image": planes(image), "to_width": width, "to_height": height,
            "result": planes(cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC))}


def rotated(degrees):
    """As NVIDIA's layer does it: the corners of the rotated rectangle, moved to its bounding rectangle."""
    height, width = 9, 12
    # A smooth image: OpenCV places samples to 1/32 of a pixel.
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    image = np.stack([0.05 * x + 0.02 * y, 0.5 + 0.3 * np.sin(x / 4), 0.9 - 0.06 * y], axis=2).astype(np.float32)
    centre = (width / 2, height / 2)
    turned = (centre, (width, height), degrees)
    corners = cv2.boxPoints(turned)
    left, top = np.floor(corners.min(0))
    size = (np.ceil(corners.max(0)) - np.floor(corners.min(0)) + 1).astype(int)
    matrix = cv2.getAffineTransform(cv2.boxPoints((centre, (width, height), 0))[:3], (corners - (left, top)).astype(np.float32)[:3])
    result = cv2.warpAffine(image, matrix, tuple(int(v) for v in size), np.zeros((size[1], size[0], 3), np.float32), cv2.INTER_LINEAR,
                            cv2.BORDER_TRANSPARENT)
    point = matrix @ (3, 2, 1)
    return {"width": width, "height": height, "image": planes(image), "degrees": degrees, "to_width": int(size[0]), "to_height": int(size[1]),
            "result": planes(result), "moved": [round(float(v), 5) for v in point]}


def main():
    print(json.dumps({
        "groups": [groups(8, 3, 6, 1, 0.2), groups(12, 6, 10, 3, 0.1), groups(5, 2, 20, 2, 0.02), groups(20, 10, 8, 1, 0.4),
                   groups(3, 1, 4, 0, 0.2), groups(10, 5, 12, 5, 0.0), nested()],
        "colours": [colours(0, 0.4), colours(30, 1), colours(-170, 0.7), colours(180, 0.2)],
        "resized": [resized(12, 10), resized(4, 9), resized(3, 2), resized(6, 5)],
        "rotated": [rotated(5), rotated(-12.5), rotated(90)],
    }, separators=(",", ":")))


if __name__ == "__main__":
    main()
