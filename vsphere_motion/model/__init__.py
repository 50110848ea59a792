"""Frozen nouns that cross rooms; standard library only, no behaviour beyond reading themselves."""
