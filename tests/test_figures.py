"""The pictures of a style transfer: what must be seen in them is there, in both languages."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image

from labbench.report.figures import ASSETS, WORDS, Losses, loss_curve, picture_table
from labbench.texts import Lang

RED, BLUE = (214, 39, 40), (31, 119, 180)


def plain(height: int, width: int, colour: tuple[int, int, int]) -> np.ndarray:
    return np.full((height, width, 3), colour, dtype=np.uint8)


def count(picture: Image.Image, colour: tuple[int, int, int]) -> int:
    return int((np.asarray(picture) == colour).all(axis=2).sum())


@pytest.mark.parametrize("lang", list(Lang))
def test_the_table_shows_three_pictures_whole(lang: Lang) -> None:
    table = picture_table(plain(40, 60, (255, 0, 0)), plain(40, 60, (0, 255, 0)), plain(90, 30, (0, 0, 255)), lang)
    assert [count(table, c) for c in ((255, 0, 0), (0, 255, 0), (0, 0, 255))] == [40 * 60, 40 * 60, 90 * 30]


@pytest.mark.parametrize("lang", list(Lang))
def test_names_do_not_run_into_each_other(lang: Lang) -> None:
    """Pictures narrower than their names: a white column stays between the names."""
    table = picture_table(*(plain(8, 8, (0, 0, 0)) for _ in range(3)), lang)
    names = np.asarray(table.convert("L"))[:36]
    blank = (names == 255).all(axis=0)
    runs = np.flatnonzero(np.diff(np.concatenate(([1], blank.astype(int), [1]))) == 1)
    wide = [i for i in runs if blank[i : i + 10].all()]
    assert len(wide) == 3


def test_the_curve_falls_where_the_loss_falls() -> None:
    curve = np.asarray(loss_curve(Losses((1.0, 1.0, 1.0), (1000.0, 100.0, 10.0)), Lang.EN))
    rows, columns = np.nonzero((curve[60:] == RED).all(axis=2))
    assert rows[columns.argmin()] < rows[columns.argmax()]
    flat, _ = np.nonzero((curve[60:] == BLUE).all(axis=2))
    assert np.ptp(flat) <= 3


@pytest.mark.parametrize("losses", [Losses((), ()), Losses((5.0,), (7.0,)), Losses((math.nan, 0.0), (math.inf, 2.0))])
def test_odd_losses_still_give_a_picture(losses: Losses) -> None:
    assert loss_curve(losses, Lang.ZH).size == (800, 480)


def test_the_total_is_the_sum() -> None:
    assert Losses((1.0, 2.0), (10.0, 20.0)).total == (11.0, 22.0)


def test_every_word_has_its_chinese_mask() -> None:
    assert {p.stem for p in ASSETS.glob("*.png")} == set(WORDS)
    for word in WORDS:
        with Image.open(ASSETS / f"{word}.png") as mask:
            assert mask.width > mask.height
            assert mask.getextrema() == (0, 255)
