"""Choosing a model: validation, searches, races at a counted budget, and the evidence."""
