"""The pages: what a person sees of the server in a browser. Each has a JSON twin at its address and ``.json``."""
