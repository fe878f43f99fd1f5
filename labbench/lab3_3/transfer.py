"""How lab 3-3 drives a hand-in's style transfer: Adam, the net down to the image, and the loop of the course.

The loop is our own; what it needs of the hand-in's values it fetches. `param_path` is always passed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labbench.lab3_3.drawing import uniform
from labbench.lab3_3.scenarios import one
from labbench.results import Fault
from labbench.worker.remote import Spec, attempt, fetch, shape_of

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from numpy.typing import NDArray

    from labbench.labs import Case, Scenario
    from labbench.results import Array
    from labbench.worker.remote import Remote

    Parts = Generator[tuple[str, Remote | Fault | Array | None], Array | None, Any]

#: Where the course puts the weights, seen from the experiment folder.
WEIGHTS = "../imagenet-vgg-verydeep-19.mat"
CONTENT_LAYERS = ("relu4_2",)
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
#: All six, in the order in which a step walks them.
LOSS_LAYERS = CONTENT_LAYERS + STYLE_LAYERS
#: What the file of the training loop may be called.
MODULES = ("exp_3_3_style_transfer", "style_transfer")
#: Height and width to which a picture of another size is brought.
RESIZED = (40, 64)
#: Where a hand-in saves the picture.
SAVED = "output/picture.png"
#: How much of the first picture is noise, and the step of Adam, as in the course.
NOISE, LEARNING_RATE = 0.5, 1.0


def adam(student: Remote, case: Case) -> Scenario:
    """Adam over some steps; observes the image after each, (1, 3, H, W)."""
    image = case.arrays["image"]
    gradients = case.arrays["gradients"]
    optimizer = style_transfer(student).AdamOptimizer(case.params["lr"], tuple(image.shape))
    current: Remote | Array = image
    for step, gradient in enumerate(gradients, start=1):
        current = optimizer.update(current, gradient)
        yield f"image_{step}", current


def transfer(student: Remote, case: Case) -> Scenario:
    """Style transfer on a small picture, by the course's loop.

    Observes, of the first step: the features of the six layers; the gradients of the losses with respect to them; each
    of those brought back to the image. Of every step: the losses of the hand-in's own picture, and the gradient of
    the whole loss with respect to the reference's. Last, for notes: the start without noise, and a picture that is
    saved and read again.
    """
    transferring = style_transfer(student)
    vgg = loaded_vgg19(transferring)
    if "other_size" in case.images:
        yield "resized_image", vgg.load_image(case.image_path("other_size"), *RESIZED)[0]
    content_image = yield from _image(vgg, case, "content")
    style_image = yield from _image(vgg, case, "style")
    targets = {
        "content": vgg.forward(content_image, list(CONTENT_LAYERS)),
        "style": vgg.forward(style_image, list(STYLE_LAYERS)),
    }
    step = _step(student, vgg, targets, case)
    picture = _start(content_image, case)
    gradient = yield from step.first(picture)
    optimizer = transferring.AdamOptimizer(LEARNING_RATE, tuple(picture.shape))
    own = optimizer.update(picture, gradient)
    reference = yield "picture_2", own
    yield from step.losses(2, vgg.forward(own, list(LOSS_LAYERS)))
    if case.params["steps"] == 2:
        second = vgg.forward(own if reference is None else reference, list(LOSS_LAYERS))
        yield "gradient_2", step.gradient(second, picture.shape)
    if "other_size" in case.images:
        yield "start_image", attempt(transferring.get_random_img, content_image, 0.0)
        yield "saved_image", _saved(vgg, 1.5 * content_image)  # beyond black and white


def painting(student: Remote, case: Case) -> Scenario:
    """The whole style transfer by the course's loop, with the hand-in's own values.

    The picture is rounded to float32 before each step, which then takes half the time of float64.

    Observes the features of content and style picture, whose times are those of one forward pass; the picture that
    training starts from, `picture_0`; and of step 1, 2, ... the losses of the picture before it and the picture after
    it, `picture_1`, ..., (1, 3, H, W), mean-free.
    """
    transferring = style_transfer(student)
    vgg = loaded_vgg19(transferring)
    content_image = yield from _image(vgg, case, "content")
    style_image = yield from _image(vgg, case, "style")
    content_features = vgg.forward(content_image, list(CONTENT_LAYERS))
    yield "content_features", content_features[CONTENT_LAYERS[0]]
    style_features = vgg.forward(style_image, list(STYLE_LAYERS))
    yield "style_features", style_features[STYLE_LAYERS[-1]]
    step = _step(student, vgg, {"content": content_features, "style": style_features}, case)
    picture = _start(content_image, case).astype(np.float32)
    optimizer = transferring.AdamOptimizer(LEARNING_RATE, tuple(picture.shape))
    yield "picture_0", picture
    for number in range(1, int(case.params["steps"] or 0) + 1):
        features = vgg.forward(picture, list(LOSS_LAYERS))
        yield from step.losses(number, features)
        updated = optimizer.update(picture, step.gradient(features, picture.shape))
        picture = _numbers(updated, picture.shape).astype(np.float32)
        yield f"picture_{number}", picture


@dataclass(frozen=True, slots=True)
class _Step:
    """What a step of the transfer needs.

    Attributes:
        vgg: The net.
        layers: The loss layers.
        targets: The features of content and style picture, by layer.
        factors: What each of the two losses counts, α and β.
    """

    vgg: Remote
    layers: Mapping[str, Remote]
    targets: Mapping[str, Remote]
    factors: Mapping[str, float]

    def first(self, picture: Array) -> Parts:
        """The first step, piece by piece; returns the gradient of the whole loss, of the picture's shape."""
        features = self.vgg.forward(picture, list(LOSS_LAYERS))
        losses: dict[str, list[float]] = {"content": [], "style": []}
        total = np.zeros(picture.shape)
        for name in LOSS_LAYERS:
            kind = _kind(name)
            right = yield name, features[name]
            seen = features[name] if right is None else right
            losses[kind].append(_number(self.layers[kind].forward(seen, self.targets[kind][name])))
            diff = self.layers[kind].backward(seen, self.targets[kind][name])
            right = yield f"diff_{name}", diff
            gradient = self.vgg.backward(diff if right is None else right, name)
            right = yield f"image_diff_{name}", gradient
            total += self._share(kind) * (_numbers(gradient, total.shape) if right is None else right.astype(float))
        for kind, values in losses.items():
            yield f"{kind}_loss_1", np.asarray(self.factors[kind] * np.mean(values))
        right = yield "gradient_1", total
        return total if right is None else right

    def gradient(self, features: Remote, shape: tuple[int, ...]) -> Array:
        """The gradient of the whole loss with respect to the picture, of the picture's shape."""
        total = np.zeros(shape)
        for name in LOSS_LAYERS:
            kind = _kind(name)
            self.layers[kind].forward(features[name], self.targets[kind][name])
            diff = self.layers[kind].backward(features[name], self.targets[kind][name])
            total += self._share(kind) * _numbers(self.vgg.backward(diff, name), shape)
        return total

    def losses(self, number: int, features: Remote) -> Parts:
        """α times the mean content loss and β times the mean style loss."""
        for kind, names in (("content", CONTENT_LAYERS), ("style", STYLE_LAYERS)):
            values = [_number(self.layers[kind].forward(features[n], self.targets[kind][n])) for n in names]
            yield f"{kind}_loss_{number}", np.asarray(self.factors[kind] * np.mean(values))

    def _share(self, kind: str) -> float:
        return self.factors[kind] / len(CONTENT_LAYERS if kind == "content" else STYLE_LAYERS)


def _step(student: Remote, vgg: Remote, targets: Mapping[str, Remote], case: Case) -> _Step:
    """A step of the transfer towards the targets, with the hand-in's loss layers and the case's α and β."""
    layers = {"content": student.layers_3.ContentLossLayer(), "style": student.layers_3.StyleLossLayer()}
    factors = {"content": float(case.params["alpha"] or 0), "style": float(case.params["beta"] or 0)}
    return _Step(vgg, layers, targets, factors)


def _start(content_image: Array, case: Case) -> NDArray[np.float64]:
    """Where training starts: the content, mixed with the case's own noise, as `get_random_img` does."""
    noise = uniform(case, "noise", *content_image.shape).astype(np.float64) * 40 - 20
    return noise * NOISE + content_image.astype(np.float64) * (1 - NOISE)


def _kind(layer: str) -> str:
    return "content" if layer in CONTENT_LAYERS else "style"


def _numbers(remote: Remote, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """A remote array of numbers to reckon with.

    Raises:
        Fault: SHAPE or TYPE if it is none of that shape.
    """
    return fetch(remote, Spec(shape)).astype(np.float64)


def _number(remote: Remote) -> float:
    return float(_numbers(one(remote), ()))


def style_transfer(student: Remote) -> Remote:
    """The module of the training loop, by the name under which it was handed in."""
    modules: list[Remote] = [getattr(student, name) for name in MODULES]
    return next((m for m in modules if not _is_missing(m)), modules[0])


def _is_missing(module: Remote) -> bool:
    try:
        shape_of(module)
    except Fault as fault:
        return fault.why.key == "fault.no_module"
    return False


def loaded_vgg19(transferring: Remote) -> Remote:
    """A VGG19 with its weights loaded."""
    vgg = transferring.VGG19(param_path=WEIGHTS)
    vgg.build_model()
    vgg.init_model()
    vgg.load_model()
    return vgg


def _image(vgg: Remote, case: Case, name: str) -> Parts:
    """A picture as the hand-in loads it, or as the reference does if that is wrong: (1, 3, H, W)."""
    height, width = case.images[name].shape[:2]
    loaded = vgg.load_image(case.image_path(name), height, width)[0]
    right = yield f"{name}_image", loaded
    image = fetch(loaded, Spec((1, 3, height, width))) if right is None else right
    return image.astype(str(case.params["dtype"])) if "dtype" in case.params else image


def _saved(vgg: Remote, picture: Array) -> Remote | Fault:
    """The picture as the hand-in saves it and reads it again; nothing leaves the session's memory."""
    height, width = picture.shape[2:]
    saved = attempt(vgg.save_image, picture, (height, width, 3), SAVED)
    return saved if isinstance(saved, Fault) else vgg.load_image(SAVED, height, width)[0]
