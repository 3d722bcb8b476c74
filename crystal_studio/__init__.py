"""Crystal Studio: design crystals by talking."""
