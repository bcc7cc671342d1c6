"""Recurrence: tanh layers, LSTM, GRU and attention, and what is left of a gradient over time."""
