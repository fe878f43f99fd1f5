"""The libraries that a hand-in imports, `pycnml` and `pycnnl`, as thin clients of the grader's `Device`.

The modules run inside a session, under their own names, and import the standard library, numpy and the session's
`service` alone.

As the vendor has it, each with a test in `tests/test_lab3_2_device.py`:
- ids count from 0 in the order of creation; pycnml's `size()` is one less than the number of layers until the first
  loadParams (a hidden cast layer), pycnnl's never;
- pycnml: create* before setInputShape; both: loadParams on a layer without parameters, and forward with a layer not
  loaded: a line that starts with ERROR is printed and the process ends, here by SystemExit(1);
- arguments are converted as SWIG does it, with its TypeErrors; names of arguments are those of the course's material;
- pycnml: NCHW, filters [out, in, h, w] and [out, in], flatten gives H, W, C order;
- pycnnl: NHWC, filters [out, h, w, in] and [in, out], shapes written as NCHW;
- pooling is by maximum and leaves out what fills no window; getOutputData is a tuple of floats.

Ours, where the vendor checks nothing or nothing is documented:
- ValueError, naming layer, expected and given, for lengths and shapes that do not fit, ids that do not exist, numbers
  out of range, setInputData and forward without what they need, and more than the device has room for;
- a list of Python ints is no vector of floats;
- pycnml's createConvLayer and createFlattenLayer take the handout's lists of arguments, too: `libraries.read_conv`;
- pycnnl's softmax is over the values whatever its axis: all code in use gives (1, 1, 1000) and axis 1;
- dilation is 1.
"""

from __future__ import annotations

from pathlib import Path

#: What a workspace puts beside a hand-in.
MODULES = tuple(Path(__file__).parent / f"{name}.py" for name in ("_dlp", "_swig", "pycnml", "pycnnl"))
