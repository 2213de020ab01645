"""The model card: what a person should know before trusting a model, as Markdown, as one HTML file and as figures."""
