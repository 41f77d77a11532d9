"""The pictures that the demo's clip camera plays, drawn by the project itself: nobody's photographs, no files to ship.

Latin letters and shapes only, for OpenCV brings no Chinese font; the Chinese is in the QR code. The same pictures come
out every time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from glassd.demo.drawing import (
    HEIGHT_PX,
    SCALE,
    WIDTH_PX,
    box,
    canvas,
    grain,
    letters,
    paste,
    photograph,
    polygon,
    roughen,
    shadows,
)
from glassd.demo.symbols import check_digit, ean13, qr_code

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from glassd.demo.drawing import Area, Canvas, Shade

QR_TEXT: Final = "欢迎来到glassd演示 https://glassd.example/hello"
"""What the QR code of the first picture says."""
ARTICLE: Final = "200000012345"
"""The bar code of the third picture without its check digit: from the range that is no maker's (GS1, prefix 20)."""


def render(folder: Path) -> list[Path]:
    """Write the pictures into the folder and return their paths in order; the QR code is the first by name.

    JPEGs of WIDTH_PX x HEIGHT_PX, 50 to 250 KB each, the same bytes every time with one version of OpenCV.
    """
    scenes: dict[str, Callable[[np.random.Generator], bytes]] = {
        "1-qr-code.jpg": _qr_code_in_a_street,
        "2-street-sign.jpg": _street_sign,
        "3-shelf.jpg": _shelf,
        "4-blurred.jpg": _blurred_street,
    }
    paths = []
    for seed, (name, scene) in enumerate(scenes.items()):
        path = folder / name
        path.write_bytes(scene(np.random.default_rng(seed)))
        paths.append(path)
    return paths


# -- scenes ------------------------------------------------------------------------------------------------------------


def _qr_code_in_a_street(rng: np.random.Generator) -> bytes:
    image = _street(rng)
    _poster(image, rng)
    return photograph(image, rng)


def _street_sign(rng: np.random.Generator) -> bytes:
    image = _sky(rng)
    _trees(image, rng, top=470)
    box(image, (318, 130, 340, 720), (120, 118, 112))
    box(image, (318, 130, 325, 720), (150, 148, 144))
    _direction_sign(image, rng)
    _speed_sign(image)
    return photograph(image, rng)


def _shelf(rng: np.random.Generator) -> bytes:
    image = canvas((120, 160, 188), (96, 132, 160))
    roughen(image, rng, 14, coarse_px=160)
    for top in (18, 372):
        _goods(image, rng, top + 34, top + 292)
        board = box(image, (0, top + 292, WIDTH_PX, top + 330), (64, 104, 150))
        roughen(board, rng, 30, coarse_px=24)
        shadows(image, [[(0, top + 330), (1280, top + 330), (1280, top + 352), (0, top + 352)]], 0.5, 8)
    _parcel(image, rng)
    return photograph(image, rng)


def _blurred_street(rng: np.random.Generator) -> bytes:
    image = _street(rng)
    _poster(image, rng)
    return photograph(image, rng, blur_px=7, swing_px=41)


# -- what stands in them -----------------------------------------------------------------------------------------------


def _sky(rng: np.random.Generator) -> Canvas:
    image = canvas((214, 150, 84), (238, 216, 190))
    height, width = image.shape[:2]
    clouds = np.clip(grain(rng, height, width, 512, 6) - 0.05, 0, 0.6)[..., np.newaxis] / 0.6
    image[:] = (image * (1 - 0.75 * clouds) + 246 * 0.75 * clouds).astype(np.uint8)
    return image


def _street(rng: np.random.Generator) -> Canvas:
    image = _sky(rng)
    walls: list[Shade] = [(128, 152, 178), (150, 146, 140), (112, 128, 166), (168, 176, 182), (110, 134, 150)]
    left = -30.0
    while left < WIDTH_PX:
        width = float(rng.integers(170, 270))
        top = float(rng.integers(60, 190))
        _house(image, rng, (left, top, left + width, 500), walls[int(rng.integers(len(walls)))])
        left += width
    _pavement(image, rng)
    return image


def _house(image: Canvas, rng: np.random.Generator, area: Area, wall: Shade) -> None:
    left, top, right, ground = area
    roughen(box(image, area, wall), rng, 16, coarse_px=48)
    box(image, (left, top, right, top + 10), (92, 96, 102))
    for row in np.arange(top + 34, 430, 74):
        for column in np.arange(left + 24, right - 40, 56):
            lit = rng.random() < 0.2
            box(image, (column - 3, row - 3, column + 33, row + 49), (206, 210, 212))
            pane = box(image, (column, row, column + 30, row + 46), (150, 205, 235) if lit else (104, 84, 66))
            roughen(pane, rng, 34, coarse_px=40, octaves=2)
    box(image, (right - 3, top, right, ground), (84, 88, 92))


def _pavement(image: Canvas, rng: np.random.Generator) -> None:
    ground = box(image, (0, 500, WIDTH_PX, HEIGHT_PX), (138, 142, 146))
    roughen(ground, rng, 22, coarse_px=32)
    joint: Shade = (104, 108, 112)
    for x in np.arange(-2600, 3900, 150):
        start, end = (round((640 + (x - 640) * 0.28) * SCALE), 500 * SCALE), (round(x * SCALE), HEIGHT_PX * SCALE)
        cv2.line(image, start, end, joint, 3, cv2.LINE_AA)
    for step in range(9):
        y = round((500 + 220 * (step / 8) ** 1.7) * SCALE)
        cv2.line(image, (0, y), (WIDTH_PX * SCALE, y), joint, 3, cv2.LINE_AA)
    box(image, (0, 494, WIDTH_PX, 503), (164, 168, 170))


def _poster(image: Canvas, rng: np.random.Generator) -> None:
    """Put up a board with a QR code on two legs, turned a little to the side."""
    shadows(image, [[(450, 690), (930, 668), (1080, 700), (590, 720)]], 0.45, 10)
    polygon(image, [(492, 560), (512, 560), (506, 706), (488, 706)], (70, 66, 62))
    polygon(image, [(846, 556), (864, 556), (868, 690), (852, 690)], (70, 66, 62))
    sheet = np.full((1280, 1000, 3), (244, 246, 246), np.uint8)
    sheet[:170] = (150, 84, 24)
    cv2.putText(sheet, "glassd demo", (150, 118), cv2.FONT_HERSHEY_DUPLEX, 3.4, (250, 250, 250), 8, cv2.LINE_AA)
    code = qr_code(QR_TEXT, 20)
    top, left = 200, (1000 - code.shape[1]) // 2
    sheet[top : top + code.shape[0], left : left + code.shape[1]] = code[..., np.newaxis]
    cv2.putText(sheet, "SCAN ME", (300, 1200), cv2.FONT_HERSHEY_DUPLEX, 3.2, (60, 60, 60), 8, cv2.LINE_AA)
    sheet = np.pad(sheet, ((24, 24), (24, 24), (0, 0)), constant_values=58)
    roughen(sheet, rng, 6, coarse_px=400)
    paste(image, sheet, [(440, 74), (880, 104), (876, 604), (446, 648)])


def _trees(image: Canvas, rng: np.random.Generator, top: int) -> None:
    height, width = image.shape[:2]
    edge = (top + 70 * grain(rng, 1, width, 220, 6)[0]) * SCALE
    leaves = np.arange(height)[:, np.newaxis] > edge[np.newaxis]
    wood = np.empty_like(image)
    wood[:] = (46, 84, 60)
    roughen(wood, rng, 44, coarse_px=48, octaves=5)
    image[leaves] = wood[leaves]


def _direction_sign(image: Canvas, rng: np.random.Generator) -> None:
    sheet = np.full((560, 1240, 3), (110, 92, 10), np.uint8)
    sheet[:] = (150, 74, 12)
    cv2.rectangle(sheet, (18, 18), (1221, 541), (246, 246, 246), 10, cv2.LINE_AA)
    cv2.putText(sheet, "STATION", (330, 240), cv2.FONT_HERSHEY_DUPLEX, 5.2, (248, 248, 248), 16, cv2.LINE_AA)
    cv2.putText(sheet, "MUSEUM 800 m", (334, 440), cv2.FONT_HERSHEY_DUPLEX, 3.4, (248, 248, 248), 10, cv2.LINE_AA)
    arrow = np.array([(170, 90), (270, 220), (204, 220), (204, 470), (136, 470), (136, 220), (70, 220)], np.int32)
    cv2.fillPoly(sheet, [arrow], (248, 248, 248), cv2.LINE_AA)
    roughen(sheet, rng, 8, coarse_px=300)
    paste(image, sheet, [(270, 150), (902, 176), (898, 446), (272, 440)])


def _speed_sign(image: Canvas) -> None:
    box(image, (1064, 300, 1078, 720), (126, 124, 120))
    centre = (1071 * SCALE, 300 * SCALE)
    cv2.circle(image, centre, 96 * SCALE, (232, 234, 236), -1, cv2.LINE_AA)
    cv2.circle(image, centre, 84 * SCALE, (40, 34, 196), 20 * SCALE, cv2.LINE_AA)
    letters(image, "50", (1018, 326), 2.6, (30, 30, 30))


def _goods(image: Canvas, rng: np.random.Generator, top: float, bottom: float) -> None:
    """Fill one shelf with cartons and bottles."""
    shades: list[Shade] = [(40, 60, 190), (60, 140, 220), (70, 170, 90), (170, 110, 40), (60, 190, 220), (140, 70, 130)]
    places: list[Area] = []
    left = 16.0
    while left < WIDTH_PX - 60:
        right = left + float(rng.integers(52, 128))
        places.append((left, top + float(rng.integers(0, 90)), right, bottom))
        left = right + float(rng.integers(10, 22))
    cast = [
        [(right, high + 20), (right + 12, high + 32), (right + 12, low), (right, low)] for _, high, right, low in places
    ]
    shadows(image, cast, 0.4, 4)
    for place in places:
        shade = shades[int(rng.integers(len(shades)))]
        (_bottle if place[2] - place[0] < 80 else _carton)(image, rng, place, shade)


def _carton(image: Canvas, rng: np.random.Generator, area: Area, shade: Shade) -> None:
    left, top, right, bottom = area
    roughen(box(image, area, shade), rng, 10, coarse_px=120)
    label = (top * 0.7 + bottom * 0.3, top * 0.4 + bottom * 0.6)
    box(image, (left + 8, label[0], right - 8, label[1]), (226, 232, 236))
    letters(
        image,
        rng.choice(["TEA", "RICE", "OATS", "SOAP", "MILK"]),
        (left + 12, sum(label) / 2 + 8),
        0.62,
        (50, 50, 50),
    )
    roughen(box(image, (right - 6, top, right, bottom), (shade[0] * 0.7, shade[1] * 0.7, shade[2] * 0.7)), rng, 6)


def _bottle(image: Canvas, rng: np.random.Generator, area: Area, shade: Shade) -> None:
    left, top, right, bottom = area
    neck = (right - left) * 0.32
    box(image, (left + neck, top, right - neck, top + 70), shade)
    polygon(image, [(left + neck, top + 60), (right - neck, top + 60), (right, top + 110), (left, top + 110)], shade)
    body = box(image, (left, top + 108, right, bottom), shade)
    round_light = 0.55 + 0.6 * np.sin(np.linspace(0.25, 2.7, body.shape[1])) ** 2
    body[:] = np.clip(body * round_light[np.newaxis, :, np.newaxis], 0, 255).astype(np.uint8)
    box(image, (left + neck - 2, top - 12, right - neck + 2, top + 8), (60, 60, 66))
    roughen(body, rng, 8)


def _parcel(image: Canvas, rng: np.random.Generator) -> None:
    """Stand a cardboard parcel with a bar-code label before the shelf."""
    shadows(image, [[(420, 330), (930, 320), (960, 720), (400, 720)]], 0.5, 14)
    parcel = np.full((820, 1000, 3), (104, 150, 190), np.uint8)
    roughen(parcel, rng, 16, coarse_px=90)
    parcel[:, 470:530] = np.clip(parcel[:, 470:530] * 1.18, 0, 255)
    label = np.full((430, 780, 3), (240, 244, 244), np.uint8)
    bars = ean13(ARTICLE, 6, 270)
    left = (label.shape[1] - bars.shape[1]) // 2
    label[50:320, left : left + bars.shape[1]] = bars[..., np.newaxis]
    text = ARTICLE + check_digit(ARTICLE)
    cv2.putText(label, text, (150, 395), cv2.FONT_HERSHEY_DUPLEX, 1.9, (40, 40, 40), 4, cv2.LINE_AA)
    parcel[240:670, 110:890] = label
    paste(image, parcel, [(424, 300), (912, 312), (906, 712), (430, 720)])
