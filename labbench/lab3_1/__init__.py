"""Lab 3-1: VGG19 classification on the CPU, in NumPy."""

from __future__ import annotations

from pathlib import Path

from labbench.lab3_1 import cases, scenarios, tables
from labbench.lab3_1.mistakes import MISTAKES
from labbench.labs import Classification, Lab, Step
from labbench.vgg import course
from labbench.vgg.table import LAYERS, work

LAB = Lab(
    name="3-1",
    scenarios={
        function.__name__: function
        for function in (
            scenarios.conv,
            scenarios.pool,
            scenarios.fully_connected,
            scenarios.softmax,
            scenarios.network,
            scenarios.walk,
            scenarios.backward,
            scenarios.relu_backward,
            scenarios.loss,
        )
    },
    cases=cases.cases,
    files=course.files,
    reference=Path(__file__).parent / "reference" / "stu_upload",
    mistakes=MISTAKES,
    job=Classification(
        scenario="walk",
        steps=(Step("input_image", 0.0), *(Step(layer.name, work(layer)) for layer in LAYERS)),
        case=cases.walk,
        answer="softmax",
        table=tables.of_run,
    ),
    tables=tables.of_score,
    timed=("network", "walk"),
    groups={layer.name: layer.group for layer in LAYERS},
)
