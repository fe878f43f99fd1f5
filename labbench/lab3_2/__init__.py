"""Lab 3-2: VGG19 on a deep-learning processor (DLP), emulated bit by bit."""
