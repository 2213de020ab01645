"""A model in portable forms: joblib, skops, ONNX and readable Python, compared on real rows."""
