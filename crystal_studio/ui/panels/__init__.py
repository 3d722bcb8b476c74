"""Panels about the crystal that is shown: validity, gap, stability, symmetry, sites and details."""
