"""Who gets in: users, key pairs, tokens, and how often they may fail."""
