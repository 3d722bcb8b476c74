"""CrysText: a language model writes a crystal from its composition and space group."""
