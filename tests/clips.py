"""Clips of what a camera on a head sees, made of real photographs: a steady view, lights, noise, people, pages, walks.

A clip is a function from the time to a picture. The head never quite rests, the sensor has its noise, and what moves
is blurred as in an exposure. Beside each clip stands the truth: in which spans of time a scene change is to be told.
The same seed makes the same clip.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import cv2
import numpy as np
from skimage import data

from glassd_drivers.contracts import Frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

WIDTH, HEIGHT = 640, 360
WORLD = (1600, 1000)
"""Width and height of what there is to see; a picture shows a part of it."""
EXPOSURE_S = 1 / 30
BLUR_STEPS = 4
NOISE_SPARE = 200
SETTLING_S = 5.0
"""How long after the view has come to rest a change may still be told."""
PHOTOGRAPHS = ("astronaut", "coffee", "chelsea", "rocket", "coins", "brick", "camera", "retina")

Picture = Any
Place = tuple[float, float]
"""The corner of the view within the world, in pixels."""


@dataclass(frozen=True, slots=True)
class Clip:
    """What is seen over some seconds; `changes` are the spans in each of which one change is to be told, at most
    `at_most` times, and nowhere else."""

    name: str
    seconds: float
    picture: Callable[[float], Picture]
    changes: tuple[tuple[float, float], ...] = ()
    at_most: int = 1

    def frames(self, fps: float, start: float = 0.0) -> Iterator[Frame]:
        """Yield what a camera makes of it, so many frames a second, its instants from `start` on."""
        for number in range(int(self.seconds * fps)):
            at = number / fps
            jpeg = cv2.imencode(".jpg", self.picture(at), [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
            yield Frame(jpeg, "image/jpeg", WIDTH, HEIGHT, start + at, "camera")


@dataclass(slots=True)
class Head:
    """A camera on a head: where it looks, how it trembles, what light there is, what stands before it."""

    seed: int
    world: Picture
    place: Callable[[float], Place]
    tremble: float = 3.0
    """Pixels of slow tremble, as a standard deviation either way."""
    noise: float = 4.0
    gain: Callable[[float], float] = lambda _: 1.0
    bands: float = 0.0
    """How much light a lamp on 50 Hz takes away between its peaks, row by row as a rolling shutter reads them."""
    before: Callable[[float, Picture], None] | None = None
    worlds: Callable[[float], Picture] | None = None

    def __call__(self, at: float) -> Picture:
        """Return the picture of an instant."""
        world = self.world if self.worlds is None else self.worlds(at)
        steps = [at + EXPOSURE_S * step / BLUR_STEPS for step in range(BLUR_STEPS)]
        if math.dist(self.place(steps[0]), self.place(steps[-1])) < 1:
            steps = steps[:1]
        total = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        for step in steps:
            seen = self._crop(world, step)
            if self.before is not None:
                self.before(step, seen)
            total += seen
        light = total * np.float32(self.gain(at) / len(steps))
        rng = np.random.default_rng([self.seed, round(at * 1000)])
        if self.bands:
            rows = np.arange(HEIGHT)[:, None, None] / HEIGHT  # 100 peaks a second, 30 ms to read a frame: three bands
            light *= (1 - self.bands * np.sin(np.pi * (3 * rows + 100 * at * 1.003)) ** 2).astype(np.float32)
        down, across = rng.integers(0, NOISE_SPARE, 2)
        light += self.noise * _noise_field()[down : down + HEIGHT, across : across + WIDTH]
        return np.clip(light, 0, 255, out=light).astype(np.uint8)

    def _crop(self, world: Picture, at: float) -> Picture:
        x, y = self.place(at)
        dx, dy = self._trembling(at)
        shift = np.array([[1, 0, -(x + dx)], [0, 1, -(y + dy)]], np.float32)
        return cv2.warpAffine(world, shift, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)

    def _trembling(self, at: float) -> Place:
        """Return a smooth random offset: a few slow sines, as heads sway at half to two hertz."""
        rng = np.random.default_rng([self.seed, 7])
        rates, phases = rng.uniform(0.3, 2.0, (2, 4)), rng.uniform(0, 6.28, (2, 4))
        sway = np.sin(2 * np.pi * rates * at + phases).sum(axis=1) * self.tremble / math.sqrt(2)
        return float(sway[0]), float(sway[1])


@cache
def _noise_field() -> Picture:
    """Return more of a sensor's noise than a picture takes; each picture has another part of it."""
    return np.random.default_rng(0).standard_normal((HEIGHT + NOISE_SPARE, WIDTH + NOISE_SPARE, 3), np.float32)


@cache
def world(name: str) -> Picture:
    """Return a photograph as large as the world."""
    picture = cast("Any", getattr(data, name))()
    picture = picture[..., ::-1] if picture.ndim == 3 else cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    return np.ascontiguousarray(cv2.resize(np.ascontiguousarray(picture), WORLD, interpolation=cv2.INTER_CUBIC))


@cache
def page(seed: int) -> Picture:
    """Return a page of print on a desk, as large as the view: lines of words, now and then a heading or figure."""
    rng = np.random.default_rng([seed, 3])
    picture = np.full((WORLD[1], WORLD[0], 3), 90, np.uint8)
    cv2.rectangle(picture, (480, 300), (1130, 700), (225, 230, 232), -1)
    y = 335
    while y < 680:
        if rng.random() < 0.15:
            height = int(rng.integers(40, 90))
            shade = int(rng.integers(60, 190))
            left = 500 + int(rng.integers(0, 200))
            cv2.rectangle(
                picture, (left, y), (left + int(rng.integers(150, 400)), min(680, y + height)), (shade,) * 3, -1
            )
            y += height + 16
            continue
        x = 500 + int(rng.choice([0, 0, 0, 30]))
        end = 1110 - int(rng.choice([0, 0, 0, 250]))
        while x < end:
            length = int(rng.integers(15, 75))
            cv2.putText(picture, "mnoxwz"[: max(1, length // 13)], (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (40,) * 3, 1)
            x += length + 12
        y += 22
    return picture


def still(x: float = 480, y: float = 300) -> Callable[[float], Place]:
    """Return a place that is kept."""
    return lambda _: (x, y)


def moving(*stops: tuple[float, float, float]) -> Callable[[float], Place]:
    """Return a place that goes from stop to stop (time, x, y), slow at both ends as heads turn."""

    def place(at: float) -> Place:
        before = stops[0]
        for stop in stops:
            if at <= stop[0]:
                span = stop[0] - before[0]
                part = (1 - math.cos(math.pi * (at - before[0]) / span)) / 2 if span > 0 else 1.0
                return before[1] + part * (stop[1] - before[1]), before[2] + part * (stop[2] - before[2])
            before = stop
        return before[1], before[2]

    return place


def figure(at: tuple[float, float], height: float, shade: tuple[int, int, int]) -> Callable[[Picture], None]:
    """Return a person to draw: a head, a body, legs; `at` is the middle of the feet."""

    def draw(picture: Picture) -> None:
        x, y = at
        unit = height / 8
        dark = tuple(int(part * 0.5) for part in shade)
        for side in (-1, 1):
            cv2.line(picture, _px(x + side * unit * 0.8, y), _px(x, y - 3.8 * unit), dark, max(1, int(unit)))
        cv2.ellipse(picture, _px(x, y - 5 * unit), _px(1.4 * unit, 2 * unit), 0, 0, 360, shade, -1)
        cv2.circle(picture, _px(x, y - 7.4 * unit), max(1, int(0.7 * unit)), (140, 170, 215), -1)

    return draw


def _px(x: float, y: float) -> tuple[int, int]:
    return round(x), round(y)


# -- how well the changes were told ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Score:
    """How many changes were told in their time, how many were not, and how many were told that were none."""

    told: int = 0
    missed: int = 0
    false: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(self.told + other.told, self.missed + other.missed, self.false + other.false)

    @property
    def precision(self) -> float:
        """The part of what was told that was a change."""
        return self.told / (self.told + self.false) if self.told + self.false else 1.0

    @property
    def recall(self) -> float:
        """The part of the changes that was told."""
        return self.told / (self.told + self.missed) if self.told + self.missed else 1.0


def score(clip: Clip, instants: Sequence[float]) -> Score:
    """Return how well these instants of told changes fit the clip's truth."""
    hits = [[instant for instant in instants if begin <= instant <= end] for begin, end in clip.changes]
    told = sum(bool(each) for each in hits)
    allowed = sum(min(len(each), clip.at_most) for each in hits)
    return Score(told, len(hits) - told, len(instants) - allowed)


# -- the clips ---------------------------------------------------------------------------------------------------------


def clips(seed: int) -> list[Clip]:
    """Return one clip of each kind; another seed has other photographs, times and places."""
    return [make(np.random.default_rng([seed, number]), seed) for number, make in enumerate(KINDS)]


def _photograph(rng: np.random.Generator) -> Picture:
    return world(str(rng.choice(PHOTOGRAPHS)))


def _spot(rng: np.random.Generator) -> Place:
    return float(rng.uniform(60, WORLD[0] - WIDTH - 60)), float(rng.uniform(60, WORLD[1] - HEIGHT - 60))


def _steady(rng: np.random.Generator, seed: int) -> Clip:
    return Clip("steady", 20, Head(seed, _photograph(rng), still(*_spot(rng))))


def _noise(rng: np.random.Generator, seed: int) -> Clip:
    return Clip("noise", 20, Head(seed, _photograph(rng), still(*_spot(rng)), noise=14))


def _dark(rng: np.random.Generator, seed: int) -> Clip:
    return Clip("dark room", 20, Head(seed, _photograph(rng), still(*_spot(rng)), noise=8, gain=lambda _: 0.1))


def _wall(rng: np.random.Generator, seed: int) -> Clip:
    wall = np.full((WORLD[1], WORLD[0], 3), float(rng.uniform(80, 200)), np.float32)
    wall += np.linspace(-25, 25, WORLD[0])[None, :, None]
    return Clip("bare wall", 20, Head(seed, wall.astype(np.uint8), still(), noise=6))


def _sway(rng: np.random.Generator, seed: int) -> Clip:
    return Clip("restless head", 20, Head(seed, _photograph(rng), still(*_spot(rng)), tremble=12))


def _exposure(rng: np.random.Generator, seed: int) -> Clip:
    low, high = rng.uniform(0.5, 0.7), rng.uniform(1.1, 1.3)
    gain = lambda at: low + (high - low) * (0.5 + 0.5 * math.sin(at * 2 * math.pi / 15))  # noqa: E731
    return Clip("exposure drifts", 30, Head(seed, _photograph(rng), still(*_spot(rng)), gain=gain))


def _gain_steps(rng: np.random.Generator, seed: int) -> Clip:
    steps = rng.uniform(0.5, 1.3, 10)
    return Clip(
        "gain steps",
        30,
        Head(seed, _photograph(rng), still(*_spot(rng)), gain=lambda at: float(steps[int(at / 3) % 10])),
    )


def _bands(rng: np.random.Generator, seed: int) -> Clip:
    return Clip("50 Hz bands", 20, Head(seed, _photograph(rng), still(*_spot(rng)), bands=float(rng.uniform(0.2, 0.5))))


def _lamp(rng: np.random.Generator, seed: int) -> Clip:
    def gain(at: float) -> float:
        return 0.45 if np.random.default_rng([seed, int(at * 8)]).random() < 0.35 else 1.0

    return Clip("lamp flickers", 20, Head(seed, _photograph(rng), still(*_spot(rng)), gain=gain, bands=0.2))


def _hand(rng: np.random.Generator, seed: int) -> Clip:
    start, lasts = float(rng.uniform(6, 8)), float(rng.uniform(0.6, 1.6))

    def before(at: float, picture: Picture) -> None:
        part = (at - start) / lasts
        if 0 <= part <= 1:
            x = -250 + part * (WIDTH + 500)
            cv2.ellipse(picture, _px(x, HEIGHT * 0.6), (200, 150), 20, 0, 360, (120, 150, 200), -1)
            for finger in range(4):
                cv2.line(picture, _px(x + 30 * finger, 220), _px(x + 60 * finger - 60, 20), (115, 145, 195), 34)

    return Clip("hand passes", 20, Head(seed, _photograph(rng), still(*_spot(rng)), before=before))


def _passer_by(rng: np.random.Generator, seed: int) -> Clip:
    start, lasts = float(rng.uniform(5, 7)), float(rng.uniform(2, 4))
    height = float(rng.uniform(180, 320))

    def before(at: float, picture: Picture) -> None:
        part = (at - start) / lasts
        if 0 <= part <= 1:
            figure((-80 + part * (WIDTH + 160), HEIGHT + 10), height, (70, 50, 160))(picture)

    return Clip("somebody passes", 20, Head(seed, _photograph(rng), still(*_spot(rng)), before=before))


def _walk(rng: np.random.Generator, seed: int) -> Clip:
    stops = [(float(i) * 1.2, *_spot(rng)) for i in range(20)]

    def place(at: float) -> Place:
        x, y = moving(*stops)(at)
        return x, y + 14 * math.sin(2 * math.pi * 1.8 * at)

    return Clip("walking on", 22, Head(seed, _photograph(rng), place))


def _pan(rng: np.random.Generator, seed: int) -> Clip:
    start, lasts = float(rng.uniform(6, 8)), float(rng.uniform(0.5, 2.5))
    y = float(rng.uniform(60, 500))
    left, right = (100.0, y), (820.0, y + 60)
    one, other = (left, right) if rng.random() < 0.5 else (right, left)
    place = moving((0, *one), (start, *one), (start + lasts, *other))
    return Clip("pan", 20, Head(seed, _photograph(rng), place), ((start, start + lasts + SETTLING_S),))


def _small_pan(rng: np.random.Generator, seed: int) -> Clip:
    start, x, y = float(rng.uniform(6, 8)), float(rng.uniform(60, 500)), float(rng.uniform(60, 500))
    place = moving((0, x, y), (start, x, y), (start + 1, x + WIDTH * 0.5, y))
    return Clip("pan by half", 20, Head(seed, _photograph(rng), place), ((start, start + 1 + SETTLING_S),))


def _slow_pan(rng: np.random.Generator, seed: int) -> Clip:
    start, y = float(rng.uniform(4, 6)), float(rng.uniform(60, 500))
    place = moving((0, 60, y), (start, 60, y), (start + 14, 860, y))
    return Clip("slow pan", 26, Head(seed, _photograph(rng), place), ((start, start + 14 + SETTLING_S),), at_most=2)


def _there_and_back(rng: np.random.Generator, seed: int) -> Clip:
    start, x, y = float(rng.uniform(6, 8)), float(rng.uniform(100, 300)), float(rng.uniform(100, 400))
    place = moving((0, x, y), (start, x, y), (start + 0.7, x + 600, y), (start + 1.0, x + 600, y), (start + 1.7, x, y))
    return Clip("glance aside", 20, Head(seed, _photograph(rng), place))


def _two_pans(rng: np.random.Generator, seed: int) -> Clip:
    y = float(rng.uniform(100, 400))
    place = moving((0, 100, y), (7, 100, y), (8, 850, y), (22, 850, y), (23, 100, y))
    return Clip("two pans", 34, Head(seed, _photograph(rng), place), ((7, 8 + SETTLING_S), (22, 23 + SETTLING_S)))


def _enters(rng: np.random.Generator, seed: int) -> Clip:
    start, height = float(rng.uniform(6, 8)), float(rng.uniform(300, 420))
    goal = float(rng.uniform(180, 460))

    def before(at: float, picture: Picture) -> None:
        x = -120 + min(1.0, max(0.0, (at - start) / 2)) * (goal + 120)
        figure((x + 4 * math.sin(at), HEIGHT + 30), height, (160, 60, 40))(picture)

    head = Head(seed, _photograph(rng), still(*_spot(rng)), before=before)
    return Clip("a person enters", 20, head, ((start, start + 2 + SETTLING_S),))


def _page_turned(rng: np.random.Generator, seed: int) -> Clip:
    start = float(rng.uniform(6, 8))

    def before(at: float, picture: Picture) -> None:
        part = (at - start) / 1.2
        if 0 <= part <= 1:
            edge = WIDTH * (1 - part)
            corners = np.array([_px(edge, 0), _px(edge + 160, 0), _px(edge + 120, HEIGHT), _px(edge - 60, HEIGHT)])
            cv2.fillPoly(picture, [corners], (205, 210, 215))
            cv2.circle(picture, _px(edge, HEIGHT - 60), 60, (120, 150, 200), -1)

    pages = [page(int(each)) for each in rng.integers(0, 1000, 2)]
    head = Head(seed, pages[0], still(485, 320), before=before, worlds=lambda at: pages[at > start + 0.6])
    return Clip("page turned", 20, head, ((start, start + 1.2 + SETTLING_S),))


def _walk_and_stop(rng: np.random.Generator, seed: int) -> Clip:
    first, second = rng.choice(PHOTOGRAPHS, 2, replace=False)
    stops = [(6.0, 300.0, 200.0), *((7 + float(i), *_spot(rng)) for i in range(5)), (12.5, 500.0, 300.0)]
    head = Head(seed, world(str(first)), moving(*stops), worlds=lambda at: world(str(first if at < 9 else second)))
    return Clip("walks to another place", 24, head, ((6, 12.5 + SETTLING_S),))


KINDS = (
    _steady, _noise, _dark, _wall, _sway, _exposure, _gain_steps, _bands, _lamp, _hand, _passer_by, _walk,
    _there_and_back, _pan, _small_pan, _slow_pan, _two_pans, _enters, _page_turned, _walk_and_stop,
)  # fmt: skip
"""What makes the clips, those without a change first."""
