"""`matplotlib` itself: there is nothing to draw on, so everything succeeds and nothing happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["rc", "rcParams", "use"]


class Blank:
    """Stands for figures, axes and lines: every call, attribute and item gives the blank itself."""

    def __call__(self, *_args: object, **_options: object) -> Blank:
        return self

    def __getattr__(self, name: str) -> Blank:
        if name.startswith("__"):  # not the protocols of Python, NumPy and copy
            raise AttributeError(name)
        return self

    def __getitem__(self, _key: object) -> Blank:
        return self

    def __setitem__(self, _key: object, _value: object) -> None:
        pass

    def __iter__(self) -> Iterator[Blank]:
        return iter(())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        pass


rc = use = rcParams = Blank()  # noqa: N816 - matplotlib's name
