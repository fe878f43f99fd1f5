"""Small stand-ins for packages that hand-ins import, on NumPy and Pillow.

Each module names in `__all__` what it offers; everything else is missing with the usual AttributeError.
"""
