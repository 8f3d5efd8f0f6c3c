"""People hear of facts: which of them, in which words, when, and through what."""
