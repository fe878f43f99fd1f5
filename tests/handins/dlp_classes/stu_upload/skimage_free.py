import numpy as np
import matplotlib.pyplot as plt
from PIL import Image


def read(path, size, mean):
    img = plt.imread(path)
    if img.dtype != np.uint8:
        img = (img * 255).round().astype(np.uint8)
    img = Image.fromarray(img[..., :3]).resize((size, size), Image.BILINEAR)
    return (np.asarray(img).astype(np.float64) - mean).flatten()
