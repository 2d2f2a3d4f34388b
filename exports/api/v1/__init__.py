"""The JSON API: one operation a verb, thin over the models and over `snapshot`."""
