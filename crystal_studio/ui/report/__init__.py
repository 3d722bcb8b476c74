"""Documents on paper, set by Qt."""
