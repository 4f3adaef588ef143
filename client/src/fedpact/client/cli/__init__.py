"""The `fedpact` command: nouns, then verbs, over the SDK."""
