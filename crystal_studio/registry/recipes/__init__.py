"""One module a kind of thing that can be imported: how it is recognised, and what is taken of it."""
