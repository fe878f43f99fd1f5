"""VGG19: what the three labs share. The table of layers, weights, pictures and class names."""
