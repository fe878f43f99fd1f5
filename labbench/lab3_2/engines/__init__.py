"""The arithmetic of the emulated DLP: arrays in, arrays out; no state, no files, no clock.

`int8` and `quantisation` are what `pycnml` computes with on the MLU270, `float32` is what `pycnnl` computes with on the
MLU370. Feature maps are (N, C, H, W) in the one and (N, H, W, C) in the other, as the two libraries have them.
"""
