"""Neural networks as plain torch modules; no chemistry, no files."""
