"""The seed's surrogate of windows, a baseline that reads tokens: two bidirectional LSTM layers."""

from surrogate.configs import window_transformer


def get_config():
    c = window_transformer.get_config()
    c.part = "bilstm"
    c.model.update(body="bilstm", width=128, layers=2)
    c.objective.update(likelihood=0.0)
    return c
