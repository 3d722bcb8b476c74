"""Noise, losses and reverse processes of crystals as tensor maths; no chemistry, no files."""
