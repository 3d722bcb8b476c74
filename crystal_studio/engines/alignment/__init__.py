"""How well a crystal fits a text."""
