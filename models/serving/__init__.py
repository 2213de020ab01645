"""A REST service for the champion of a name: validated rows in, the person's own labels out."""
